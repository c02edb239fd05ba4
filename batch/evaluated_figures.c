#include "batch/evaluated_figures.h"

#include "batch/evaluated_tables.h"

#include <math.h>

#define RESULT struct hep_eval_result

bool hep_evaluated_judges_metastasis(const struct hep_evaluated *e)
{
    return e->result.has_calls || e->n_findings == 0;
}

static const char *size_name(size_t i)
{
    return hep_size_class_name((enum hep_size_class)i);
}

static const char *class_name(size_t i)
{
    return hep_class_name((enum hep_lesion_class)i);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static const struct hep_column size_columns[] = {
    { "size_mm", HEP_NAME, "Long axis", "mm" },
    { "", .cell = HEP_CELL_SHARE, .words = "Sensitivity", HEP_PERCENT(1) },
    { 0 },
};
static const struct hep_column class_columns[] = { { "", .cell = HEP_CELL_PROPORTION }, { 0 } };
static const struct hep_column rate_columns[] = {
    { "false_positives_per_study", HEP_NUMBER(struct hep_eval_rate, false_per_study) },
    { "sensitivity", HEP_NUMBER(struct hep_eval_rate, sensitivity.value) },
    { "bootstrap_95", HEP_PAIR(struct hep_eval_rate, sensitivity.lo) },
    { 0 },
};
static const struct hep_column curve_columns[] = {
    { "threshold", HEP_NUMBER(struct hep_froc_point, threshold) },
    { "false_positives_per_study", HEP_NUMBER(struct hep_froc_point, false_per_study) },
    { "sensitivity", HEP_NUMBER(struct hep_froc_point, sensitivity) },
    { 0 },
};

HEP_GETTER(detection_is_ranked_by, RESULT, hep_value_of_text(hep_eval_score_name(r->score)));

HEP_GETTER(metastasis_is_ranked_by, RESULT,
           hep_value_of_text(r != NULL ? "probability_metastasis" : NULL));

#define NUMBER(task, which) number[(task)*HEP_NUMBERS_PER_TASK + (which)]
/* Names of members and initialisers cannot stand in parentheses.
 * NOLINTBEGIN(bugprone-macro-parentheses) */
#define TASK(task, ranked_by)                                                                      \
    { "sensitivity", HEP_SHARE(RESULT, sensitivity[task]), "Sensitivity", HEP_PERCENT(1) },        \
        { "by_size_mm", HEP_KEYED(RESULT, by_size[task], size_columns, size_name) },               \
        { "false_positives_per_study",                                                             \
          HEP_BOOTSTRAP(RESULT, NUMBER(task, HEP_NUMBER_FALSE_PER_STUDY)),                         \
          "False positives per study", HEP_SIGNIFICANT(3) },                                       \
        { "froc.at", HEP_EACH(RESULT, at[task], rate_columns) },                                   \
        { "froc.curve", HEP_LIST(RESULT, curve[task], n_curve[task], curve_columns) },             \
        { "froc.mean", HEP_BOOTSTRAP(RESULT, NUMBER(task, HEP_NUMBER_CPM)),                        \
          "Mean sensitivity at 0.125, 0.25, ... 8 per study", HEP_SIGNIFICANT(3) },                \
    {                                                                                              \
        "froc.ranked_by", .cell = HEP_CELL_TEXT, .get = ranked_by                                  \
    }
static const struct hep_column detection_columns[] = {
    TASK(HEP_TASK_DETECTION, detection_is_ranked_by),
    { "false_positives", HEP_COUNT(RESULT, n_false), "False positives" },
    { "split_detections", HEP_COUNT(RESULT, n_extra), "Split detections" },
    { "by_class", HEP_KEYED(RESULT, found, class_columns, class_name) },
    { 0 },
};

#define AUC(id, words, area, whole)                                                                \
    { id ".n_positive", HEP_COUNT(RESULT, area.n_positive) },                                      \
        { id ".n_negative", HEP_COUNT(RESULT, area.n_negative) },                                  \
        { id ".value", HEP_NUMBER(RESULT, area.value) },                                           \
        { id ".delong_95", HEP_PAIR(RESULT, area.lo) },                                            \
        { id ".bootstrap_95", HEP_PAIR(RESULT, number[whole].lo) },                                \
    {                                                                                              \
        NULL, HEP_BOOTSTRAP(RESULT, number[whole]), words, HEP_SIGNIFICANT(3)                      \
    }
/* NOLINTEND(bugprone-macro-parentheses) */
static const struct hep_column metastasis_columns[] = {
    TASK(HEP_TASK_METASTASIS, metastasis_is_ranked_by),
    { "false_positives_without_lesion", HEP_COUNT(RESULT, n_false_called), "Of these on nothing" },
    { "mimics_called_metastasis", HEP_COUNT(RESULT, n_mimics_called), "Mimics among them" },
    { "called_metastasis", HEP_KEYED(RESULT, called, class_columns, class_name) },
    AUC("auc_detected_lesions", "AUC, lesions found", auc_lesions, HEP_WHOLE_AUC_LESIONS),
    AUC("auc_findings", "AUC, all findings", auc_findings, HEP_WHOLE_AUC_FINDINGS),
    { 0 },
};

static void text_task(struct hep_str *out, const RESULT *r, int task, const char *heading,
                      const struct hep_column *columns)
{
    const struct hep_table sizes =
        HEP_TABLE_NAMED("", size_columns, r->by_size[task], HEP_SIZE_COUNT, size_name);

    hep_str_addf(out, "\n%s\n", heading);
    hep_row_text(out, columns, r);
    hep_table_text(out, &sizes);
}

/* ---- whole ----------------------------------------------------------------------------------- */

static const struct hep_column patient_columns[] = {
    { "sensitivity", HEP_SHARE(RESULT, patient_sensitivity), "Sensitivity", HEP_PERCENT(1) },
    { "specificity", HEP_SHARE(RESULT, patient_specificity), "Specificity", HEP_PERCENT(1) },
    { 0 },
};

static const struct hep_column bin_columns[] = {
    { "from", HEP_NUMBER(struct hep_calibration_bin, from) },
    { "n", HEP_NUMBER(struct hep_calibration_bin, n) },
    { "mean_probability", HEP_NUMBER(struct hep_calibration_bin, mean_probability) },
    { "fraction", HEP_NUMBER(struct hep_calibration_bin, fraction) },
    { 0 },
};
#define S struct hep_calibration
static const struct hep_column prevalence_columns[] = {
    { "prior", HEP_NUMBER(S, prior), "With the prior that this set has", HEP_DECIMALS(2) },
    { "n", HEP_NUMBER(S, n) },
    { "brier", HEP_NUMBER(S, brier), "  Brier score", HEP_DECIMALS(3) },
    { "ece", HEP_NUMBER(S, ece), "  calibration error", HEP_DECIMALS(3) },
    { "ece_chance", HEP_NUMBER(S, ece_chance), "  that of exact probabilities, by chance",
      HEP_DECIMALS(3) },
    { "reliability", HEP_EACH(S, bin, bin_columns) },
    { 0 },
};
#undef S
#define WHOLE(which) HEP_BOOTSTRAP(RESULT, number[HEP_WHOLE_##which])
static const struct hep_column calibration_columns[] = {
    { "n", HEP_NUMBER(RESULT, calibration.n) },
    { "brier", WHOLE(BRIER), "Brier score", HEP_SIGNIFICANT(3) },
    { "ece", WHOLE(ECE), "Calibration error", HEP_SIGNIFICANT(3) },
    { "ece_chance", HEP_NUMBER(RESULT, calibration.ece_chance) },
    { "reliability", HEP_EACH(RESULT, calibration.bin, bin_columns) },
    { "at_prevalence", HEP_OBJECT(RESULT, at_prevalence, prevalence_columns) },
    { 0 },
};
static const struct hep_column liver_columns[] = {
    { "dice", WHOLE(LIVER_DICE), "Dice", HEP_SIGNIFICANT(3) },
    { "mean_surface_mm", WHOLE(LIVER_MEAN_SURFACE), "Mean surface distance", "mm",
      HEP_SIGNIFICANT(3) },
    { "hd95_mm", WHOLE(LIVER_HD95), "95 % surface distance", "mm", HEP_SIGNIFICANT(3) },
    { "volume_error", WHOLE(LIVER_VOLUME_ERROR), "Volume error", HEP_SIGNIFICANT(3) },
    { 0 },
};

#define RATERS(which, key, text)                                                                   \
    { key ".dice", HEP_BOOTSTRAP(struct hep_evaluated, rater[which].dice), "Dice, " text,          \
      HEP_SIGNIFICANT(3) },                                                                        \
    {                                                                                              \
        key ".mean_surface_mm", HEP_BOOTSTRAP(struct hep_evaluated, rater[which].surface_mm),      \
            "Mean surface distance, " text, "mm", HEP_SIGNIFICANT(3)                               \
    }
/* NOLINTBEGIN(bugprone-macro-parentheses) */
static const struct hep_column rater_columns[] = {
    RATERS(HEP_RATER_FIRST, "rater1", "beside rater 1"),
    RATERS(HEP_RATER_SECOND, "rater2", "beside rater 2"),
    RATERS(HEP_RATER_BOTH, "between_raters", "between the raters"),
    { 0 },
};
/* NOLINTEND(bugprone-macro-parentheses) */

static bool has_raters(const struct hep_evaluated *e)
{
    return isfinite(e->rater[HEP_RATER_FIRST].dice.value) ||
           isfinite(e->rater[HEP_RATER_BOTH].dice.value);
}

static void put_raters(struct hep_put *p, struct hep_json *liver, const struct hep_evaluated *e)
{
    if (has_raters(e))
        hep_row_put(p, liver, rater_columns, e);
}

static void text_raters(struct hep_str *out, const struct hep_evaluated *e)
{
    if (has_raters(e))
        hep_row_text(out, rater_columns, e);
}

const struct hep_column *hep_evaluated_rater_columns(void)
{
    return rater_columns;
}

const struct hep_column *hep_evaluated_liver_columns(void)
{
    return liver_columns;
}

/* Rows: true classes, then no lesion, which cannot be missed. */
static struct hep_json *confusion_json(struct hep_put *p, const RESULT *r)
{
    struct hep_json *o = hep_json_new_object();

    for (size_t row = 0; row <= HEP_CLASS_COUNT; row++) {
        struct hep_json *line = hep_json_new_object();

        for (size_t c = 0; c < HEP_CLASS_COUNT; c++)
            hep_put_count(p, line, class_name(c), r->confusion[row][c]);
        hep_put_count(p, line, "not_given", r->confusion[row][HEP_CLASS_COUNT]);
        if (row < HEP_CLASS_COUNT)
            hep_put_count(p, line, "missed", r->confusion[row][HEP_CLASS_COUNT + 1]);
        hep_put(p, o, row < HEP_CLASS_COUNT ? class_name(row) : "no_lesion", line);
    }
    return o;
}

/* ---- classes by the words of a set ----------------------------------------------------------- */

HEP_GETTER(class_of_word, struct hep_named_row, hep_value_of_text(hep_class_name(r->class)));

static const struct hep_column named_columns[] = {
    { "word", HEP_CHARS(struct hep_named_row, word), "Class of the set" },
    { "class", .cell = HEP_CELL_TEXT, .get = class_of_word, .words = "is here" },
    { "n", HEP_COUNT(struct hep_named_row, n), "n" },
    { "found", HEP_COUNT(struct hep_named_row, found), "Found" },
#define CALLED(which, text)                                                                        \
    {                                                                                              \
        "called." text, HEP_COUNT(struct hep_named_row, called[which]), text                       \
    }
    CALLED(HEP_CLASS_METASTASIS, "metastasis"),
    CALLED(HEP_CLASS_CYST, "cyst"),
    CALLED(HEP_CLASS_HAEMANGIOMA, "haemangioma"),
    CALLED(HEP_CLASS_FNH_LIKE, "fnh_like"),
    CALLED(HEP_CLASS_FOCAL_FAT, "focal_fat"),
    CALLED(HEP_CLASS_FAT_SPARING, "fat_sparing"),
    CALLED(HEP_CLASS_OTHER, "other"),
    CALLED(HEP_CLASS_COUNT, "not_given"),
#undef CALLED
    { 0 },
};
#define S struct hep_named_classes
static const struct hep_column agreement_columns[] = {
    { "n", HEP_COUNT(S, n), "Of known class" },
    { "found", HEP_COUNT(S, n_found), "Found, which the following are of" },
    { "accuracy", HEP_BOOTSTRAP(S, accuracy), "Class right", HEP_PERCENT(1) },
    { "merged.macro_f1", HEP_BOOTSTRAP(S, merged_f1), "Mean F1, classes merged",
      HEP_SIGNIFICANT(3) },
    { "merged.kappa", HEP_BOOTSTRAP(S, merged_kappa), "Kappa, classes merged", HEP_SIGNIFICANT(3) },
    { "apart.macro_f1", HEP_BOOTSTRAP(S, apart_f1), "Mean F1, classes of the set",
      HEP_SIGNIFICANT(3) },
    { "apart.kappa", HEP_BOOTSTRAP(S, apart_kappa), "Kappa, classes of the set",
      HEP_SIGNIFICANT(3) },
    { 0 },
};
#undef S

struct hep_table hep_evaluated_named(const struct hep_named_classes *named)
{
    return (struct hep_table)HEP_TABLE(NULL, named_columns, named->row, named->n_rows);
}

const struct hep_column *hep_evaluated_agreement_columns(void)
{
    return agreement_columns;
}

static void put_named(struct hep_put *p, struct hep_json *root, const char *key,
                      const struct hep_named_classes *named)
{
    const struct hep_table rows = hep_evaluated_named(named);
    struct hep_json *o;

    if (named->n_rows == 0)
        return;
    o = hep_row_json(p, agreement_columns, named);
    hep_put(p, o, "classes", hep_table_json(p, &rows));
    hep_put(p, root, key, o);
}

static void text_named(struct hep_str *out, const char *heading,
                       const struct hep_named_classes *named)
{
    const struct hep_table rows = hep_evaluated_named(named);

    if (named->n_rows == 0)
        return;
    hep_str_addf(out, "\n%s\n", heading);
    hep_row_text(out, agreement_columns, named);
    hep_table_text(out, &rows);
}

/* ---- flags and maps -------------------------------------------------------------------------- */

#define S struct hep_map_agreement
static const struct hep_column map_columns[] = {
    { NULL, HEP_TEXT(S, map), "Map" },
    { NULL, HEP_TEXT(S, group), "Region" },
    { "n", HEP_COUNT(S, agreement.n), "n" },
    { "mean_truth", HEP_NUMBER(S, agreement.mean_reference), "Truth", HEP_SIGNIFICANT(4) },
    { "bias", HEP_NUMBER(S, agreement.bias), "Bias", HEP_SIGNIFICANT(3) },
    { "bias_95", HEP_PAIR(S, agreement.bias_lo) },
    { "bias_bootstrap_95", HEP_PAIR(S, bias.lo) },
    { "relative_bias", HEP_NUMBER(S, agreement.relative_bias) },
    { "sd", HEP_NUMBER(S, agreement.sd) },
    { "limits_of_agreement", HEP_PAIR(S, agreement.lower), "Limits of agreement",
      HEP_SIGNIFICANT(3) },
    { "wcv", HEP_NUMBER(S, agreement.wcv) },
    { "rc", HEP_NUMBER(S, agreement.rc) },
    { NULL, HEP_TEXT(S, unit), "Unit" },
    { 0 },
};
#undef S

/* Of each map its groups of regions, and its unit. */
static struct hep_json *maps_json(struct hep_put *p, const struct hep_evaluated *e)
{
    struct hep_json *o = hep_json_new_object();

    for (size_t map = 0; map < HEP_EVAL_N_MAPS; map++) {
        struct hep_json *one = NULL;

        for (size_t g = 0; g < HEP_GROUP_COUNT; g++) {
            const struct hep_map_agreement *m = &e->map[map][g];

            if (m->map == NULL)
                continue;
            one = one == NULL ? hep_json_new_object() : one;
            hep_put(p, one, m->group, hep_row_json(p, map_columns, m));
            if (hep_json_get(one, "unit") == NULL)
                hep_put_text(p, one, "unit", m->unit);
        }
        if (one != NULL)
            hep_put(p, o, hep_eval_map_name((enum hep_eval_map)map), one);
    }
    return o;
}

/* ---- all ------------------------------------------------------------------------------------- */

void hep_evaluated_put_figures(struct hep_put *p, struct hep_json *root,
                               const struct hep_evaluated *e)
{
    const RESULT *r = &e->result;
    const struct hep_table flags = hep_evaluated_flags(e);
    struct hep_json *liver = hep_row_json(p, liver_columns, r);
    size_t n_livers = 0;

    hep_put(p, root, "detection", hep_row_json(p, detection_columns, r));
    if (hep_evaluated_judges_metastasis(e)) {
        hep_put(p, root, "metastasis", hep_row_json(p, metastasis_columns, r));
        hep_put(p, root, "patients", hep_row_json(p, patient_columns, r));
    } else {
        hep_put(p, root, "metastasis", hep_json_new_null());
    }
    hep_put(p, root, "confusion", confusion_json(p, r));
    put_named(p, root, "classes_of_the_set", &e->named);
    put_named(p, root, "classes_of_persons", &e->persons);
    hep_put(p, root, "flags", hep_table_json(p, &flags));
    hep_put(p, root, "calibration", hep_row_json(p, calibration_columns, r));
    for (size_t s = 0; s < e->n_studies; s++)
        n_livers += e->study[s].has_liver;
    hep_put_count(p, liver, "studies", n_livers);
    put_raters(p, liver, e);
    hep_put(p, root, "liver", liver);
    hep_put(p, root, "maps", maps_json(p, e));
}

/* Of large lesions; the file has the other sizes. */
static void text_flags(struct hep_str *out, const struct hep_evaluated *e)
{
    struct hep_flag_figures large[HEP_FLAG_FIGURES / HEP_FLAG_SIZES];
    struct hep_table table = hep_evaluated_flags(e);
    size_t n = 0;

    for (size_t i = 0; i < HEP_FLAG_FIGURES; i++)
        if (e->result.flag[i].size_class == HEP_FLAG_SIZE_FROM_8)
            large[n++] = e->result.flag[i];
    table.caption = "\nFlags of lesions that were found (other sizes: flags_evaluated.tsv)";
    table.rows = large;
    table.n = n;
    hep_table_text(out, &table);
}

void hep_evaluated_text_figures(struct hep_str *out, const struct hep_evaluated *e)
{
    const RESULT *r = &e->result;
    const struct hep_table maps = HEP_TABLE_GAPS("\nMaps against the truth", map_columns, e->map[0],
                                                 (size_t)HEP_EVAL_N_MAPS * HEP_GROUP_COUNT);

    text_task(out, r, HEP_TASK_DETECTION, "Lesions of any kind", detection_columns);
    if (hep_evaluated_judges_metastasis(e)) {
        text_task(out, r, HEP_TASK_METASTASIS, "Metastases, found and called so",
                  metastasis_columns);
        hep_str_add(out, "\nPatients\n");
        hep_row_text(out, patient_columns, r);
        hep_str_add(out, "\nProbability of metastasis\n");
        hep_row_text(out, calibration_columns, r);
        hep_row_text(out, prevalence_columns, &r->at_prevalence);
    } else {
        hep_str_add(out, "\nNo finding has a class or a probability: nothing is said of "
                         "metastases\n");
    }
    if (isfinite(r->number[HEP_WHOLE_LIVER_DICE].value)) {
        hep_str_add(out, "\nLiver\n");
        hep_row_text(out, liver_columns, r);
        text_raters(out, e);
    }
    text_named(out, "Classes by the words of the set", &e->named);
    text_named(out, "Persons by their largest finding", &e->persons);
    text_flags(out, e);
    hep_table_text(out, &maps);
}
