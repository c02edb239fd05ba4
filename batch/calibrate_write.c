/* The figures and the files of a calibration. */
#include "batch/calibrate.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/table.h"

#include <math.h>

void hep_calibrate_add(struct hep_calibrated *c, const char *part, const char *what,
                       struct hep_interval before, struct hep_interval after)
{
    if (c->n_figures < HEP_CALIBRATE_FIGURES)
        c->figure[c->n_figures++] = (struct hep_calibrate_figure){ part, what, before, after };
}

#define S struct hep_calibrate_figure
static const struct hep_column figure_columns[] = {
    { "part", HEP_TEXT(S, part), "Part" },
    { "figure", HEP_TEXT(S, what), "Figure" },
    { "before", HEP_BOOTSTRAP(S, before), "Before", HEP_SIGNIFICANT(3) },
    { "after", HEP_BOOTSTRAP(S, after), "After", HEP_SIGNIFICANT(3) },
    { 0 },
};
#undef S

struct confusion_row {
    const char *truth;
    size_t called[2][HEP_CLASS_COUNT]; /* before, after */
};
#define S struct confusion_row
#define PAIR(class, word)                                                                          \
    { word ".before", HEP_COUNT(S, called[0][class]) },                                            \
    {                                                                                              \
        word ".after", HEP_COUNT(S, called[1][class])                                              \
    }
static const struct hep_column confusion_columns[] = {
    { "truth", HEP_TEXT(S, truth) },
    PAIR(HEP_CLASS_METASTASIS, "metastasis"),
    PAIR(HEP_CLASS_CYST, "cyst"),
    PAIR(HEP_CLASS_HAEMANGIOMA, "haemangioma"),
    PAIR(HEP_CLASS_FNH_LIKE, "fnh_like"),
    PAIR(HEP_CLASS_FOCAL_FAT, "focal_fat"),
    PAIR(HEP_CLASS_FAT_SPARING, "fat_sparing"),
    PAIR(HEP_CLASS_OTHER, "other"),
    { 0 },
};
#undef PAIR
#undef S

struct ratio_row {
    const char *rule, *outcome;
    double published, before, after;
};
#define S struct ratio_row
static const struct hep_column ratio_columns[] = {
    { "rule", HEP_TEXT(S, rule) },
    { "outcome", HEP_TEXT(S, outcome) },
    { "published", HEP_NUMBER(S, published) },
    { "before", HEP_NUMBER(S, before) },
    { "after", HEP_NUMBER(S, after) },
    { 0 },
};
#undef S

/* Likelihood ratios of metastasis against the rest that a source has published, beside those before
 * and after. */
static int ratios_of(struct hep_table *out, const struct hep_calibrated *c, struct hep_error *err)
{
    struct ratio_row *rows = NULL;
    size_t n = 0;

    if (HEP_NEW(rows, c->evidence->n * HEP_EVIDENCE_MAX_OUTCOMES + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t r = 0; r < c->evidence->n; r++)
        for (size_t k = 0; k < c->evidence->rule[r].n_outcomes; k++) {
            const struct hep_evidence_outcome *o = &c->evidence->rule[r].outcome[k];

            if (isfinite(o->published_lr))
                rows[n++] = (struct ratio_row){ c->evidence->rule[r].name, o->name, o->published_lr,
                                                c->evidence_before->rule[r].outcome[k].lr, o->lr };
        }
    *out = (struct hep_table)HEP_TABLE_OWNED(NULL, ratio_columns, rows, n);
    return HEP_OK;
}

static void confusion_of(struct confusion_row rows[HEP_CLASS_COUNT + 1],
                         const struct hep_calibrated *c)
{
    for (int r = 0; r <= HEP_CLASS_COUNT; r++) {
        rows[r].truth =
            r < HEP_CLASS_COUNT ? hep_class_name((enum hep_lesion_class)r) : "no lesion";
        for (int side = 0; side < 2; side++)
            for (int k = 0; k < HEP_CLASS_COUNT; k++)
                rows[r].called[side][k] = c->confusion[side][r][k];
    }
}

void hep_calibrated_text(struct hep_str *out, const struct hep_calibrated *c)
{
    const struct hep_table figures = HEP_TABLE("\nBefore and after (cross-validated, or unseen)",
                                               figure_columns, c->figure, c->n_figures);
    struct confusion_row rows[HEP_CLASS_COUNT + 1];

    confusion_of(rows, c);
    hep_str_addf(out, "%s\n%zu findings on no lesion\n", c->trained_on, c->n_false);
    hep_table_text(out, &figures);
    hep_str_add(out, "\nWhat lesions are called, before > after (rows: truth)\n             ");
    for (int k = 0; k < HEP_CLASS_COUNT; k++)
        hep_str_addf(out, " %12s", hep_class_name((enum hep_lesion_class)k));
    for (int r = 0; r <= HEP_CLASS_COUNT; r++) {
        hep_str_addf(out, "\n  %-11s", rows[r].truth);
        for (int k = 0; k < HEP_CLASS_COUNT; k++)
            hep_str_addf(out, " %6zu > %-3zu", rows[r].called[0][k], rows[r].called[1][k]);
    }
    hep_str_addf(out, "\n\nslope %.3g, intercept %.3g\n", c->evidence->calibration.slope,
                 c->evidence->calibration.intercept);
    if (c->detection != NULL)
        hep_str_addf(out,
                     "detection: %zu candidates on lesions, %zu on none; penalty %.3g, kept from "
                     "probability %.2f\n",
                     c->n_lesions, c->n_others, c->detection->penalty,
                     c->detection->probability_min);
}

int hep_calibrated_json(struct hep_json **out, const struct hep_calibrated *c,
                        struct hep_error *err)
{
    const struct hep_table figures = HEP_TABLE(NULL, figure_columns, c->figure, c->n_figures);
    struct confusion_row rows[HEP_CLASS_COUNT + 1];
    const struct hep_table confusion =
        HEP_TABLE(NULL, confusion_columns, rows, (size_t)HEP_CLASS_COUNT + 1);
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object();
    struct hep_table ratios = { 0 };

    put.rc = ratios_of(&ratios, c, err);
    confusion_of(rows, c);
    hep_put_text(&put, o, "trained_on", c->trained_on);
    hep_put_count(&put, o, "patients", c->cases.n_patients);
    hep_put_count(&put, o, "findings_on_no_lesion", c->n_false);
    hep_put_number(&put, o, "slope", c->evidence->calibration.slope);
    hep_put_number(&put, o, "intercept", c->evidence->calibration.intercept);
    if (c->detection != NULL) {
        hep_put_count(&put, o, "candidates_on_lesions", c->n_lesions);
        hep_put_count(&put, o, "candidates_on_none", c->n_others);
        hep_put_number(&put, o, "penalty", c->detection->penalty);
        hep_put_number(&put, o, "probability_min", c->detection->probability_min);
    }
    hep_put(&put, o, "figures", hep_table_json(&put, &figures));
    hep_put(&put, o, "confusion", hep_table_json(&put, &confusion));
    hep_put(&put, o, "ratios", hep_table_json(&put, &ratios));
    hep_table_release(&ratios);
    return hep_put_done(&put, out, o);
}

/* ---- files ----------------------------------------------------------------------------------- */

static const char evidence_comment[] =
    "# Evidence for and against metastasis, and for the other classes (lesions/evidence.h).\n"
    "#\n"
    "# A rule reads one flag or one measure of a finding. Each outcome has a likelihood in every "
    "class,\n"
    "# P(outcome | class); over the outcomes of a rule they sum to 1 in each class. Rules of one "
    "group\n"
    "# share a physical mechanism: of them the strongest counts whole, the next by a setting's "
    "share,\n"
    "# the others nothing. A rule that cannot be assessed is left out.\n"
    "#\n"
    "# Made by `hepar calibrate`: (cases with the outcome + weight * likelihood before) / (cases "
    "+\n"
    "# weight), P(metastasis) = sigmoid(logit(prior) + slope * evidence + intercept). brier and "
    "ece are\n"
    "# cross-validated by patient, with the share of metastases as prior. published_lr is the "
    "ratio of\n"
    "# metastasis (or malignancy) against the rest as published; docs/model-cards.md compares.\n";

static const char flags_comment[] =
    "# From the margin of a flag to the probability that it is present (lesions/flag_table.h):\n"
    "#\n"
    "#   P(present) = missed + (1 - missed - mistaken) q\n"
    "#   q = Phi((margin + bias + bias_small / d) / sqrt(se^2 + (error + error_small / d)^2))\n"
    "#\n"
    "# margin is ln(value / limit) or a difference of fractions, positive on the side of present, "
    "se "
    "its\n"
    "# standard error, d the lesion's diameter in voxels of the series as acquired. bias and error "
    "are in\n"
    "# units of the margin: 0.05 is five per cent. missed and mistaken are shares of lesions whose "
    "sign no\n"
    "# margin tells, as where rim and core were not told apart. `sizes` tells how well the flag "
    "ranked lesions of a\n"
    "# diameter (below so many voxels) by models of the other patients; where the area under the "
    "curve is below 0.7\n"
    "# the flag is not assessable. The other figures are of lesions that were found, in "
    "`tested_on`. "
    "Made by\n"
    "# `hepar calibrate`.\n";

static const char detection_comment[] =
    "# What makes a candidate a lesion (lesions/detection.h):\n"
    "#\n"
    "#   log-odds = intercept + sum of coefficient * (feature - mean) / sd\n"
    "#\n"
    "# over the features of terms/features.def; one that was not measured counts as its mean. A "
    "candidate\n"
    "# is kept from probability_min on. Made by `hepar calibrate`.\n";

/* What is written can be read: texts from outside stand in it. */
static int check_texts(const struct hep_str text[3], const struct hep_calibrated_files *to,
                       struct hep_error *err)
{
    struct hep_evidence_table *evidence = NULL;
    struct hep_flag_table *flags = NULL;
    struct hep_detection_table *detection = NULL;
    int rc = HEP_OK;

    for (int i = 0; rc == HEP_OK && i < 3; i++)
        rc = hep_str_check(&text[i], err);
    if (rc == HEP_OK && to->evidence != NULL)
        rc = hep_evidence_parse(&evidence, text[0].s, text[0].len, to->evidence, err);
    if (rc == HEP_OK && to->flags != NULL)
        rc = hep_flag_table_parse(&flags, text[1].s, text[1].len, to->flags, err);
    if (rc == HEP_OK && to->detection != NULL)
        rc = hep_detection_parse(&detection, text[2].s, text[2].len, to->detection, err);
    hep_evidence_free(evidence);
    hep_flag_table_free(flags);
    hep_detection_free(detection);
    return rc;
}

int hep_calibrated_write(const struct hep_calibrated *c, const struct hep_calibrated_files *to,
                         struct hep_error *err)
{
    const char *const path[3] = { to->evidence, to->flags, to->detection };
    struct hep_str text[3] = { { 0 }, { 0 }, { 0 } };
    int rc;

    hep_evidence_print(&text[0], c->evidence, evidence_comment);
    if (to->flags != NULL)
        hep_flag_table_print(&text[1], c->flags, flags_comment);
    if (to->detection != NULL)
        hep_detection_print(&text[2], c->detection, detection_comment);
    rc = check_texts(text, to, err);
    for (int i = 0; rc == HEP_OK && i < 3; i++)
        if (path[i] != NULL)
            rc = hep_file_write(path[i], text[i].s, text[i].len, err);
    for (int i = 0; i < 3; i++)
        hep_str_release(&text[i]);
    return rc;
}
