#include "batch/evaluated_tables.h"

#include "base/alloc.h"

#include <math.h>

#define NONE ((double)NAN)

/* ---- studies --------------------------------------------------------------------------------- */

struct study_row {
    const char *study, *state, *reason, *geometry;
    size_t lesions, found, metastases, called, findings, false_positives, false_called, mimics,
        split;
    struct hep_overlap liver;
};

#define S struct study_row
static const struct hep_level states[] = {
    { "evaluated", "The study has output" },
    { "failed", "Its run failed: all its lesions count as missed" },
    { "missing", "There is no output: all its lesions count as missed" },
    { NULL, NULL },
};
static const struct hep_column study_columns[] = {
    { "study", HEP_TEXT(S, study), .meaning = "Label of the study" },
    { "state", HEP_TEXT(S, state), .meaning = "What became of it", .levels = states },
    { "reason", HEP_TEXT(S, reason), .meaning = "Why there is nothing to evaluate",
      .flags = HEP_OPTIONAL },
    { "lesions", HEP_COUNT(S, lesions), .meaning = "True lesions" },
    { "found", HEP_COUNT(S, found), .meaning = "True lesions that have a finding" },
    { "metastases", HEP_COUNT(S, metastases), .meaning = "True metastases" },
    { "metastases_called", HEP_COUNT(S, called),
      .meaning = "True metastases that are found and called so" },
    { "findings", HEP_COUNT(S, findings), .meaning = "Findings of the output" },
    { "false_positives", HEP_COUNT(S, false_positives), .meaning = "Findings on no lesion" },
    { "false_positives_called", HEP_COUNT(S, false_called),
      .meaning = "Of these, called metastasis" },
    { "mimics_called", HEP_COUNT(S, mimics),
      .meaning = "Lesions of another kind that are called metastasis" },
    { "split_detections", HEP_COUNT(S, split),
      .meaning = "Further findings on a lesion that has a better one" },
    { "liver.dice", HEP_NUMBER(S, liver.dice), .unit = "1",
      .meaning = "Dice coefficient of the liver's mask with the true one", .flags = HEP_OPTIONAL },
    { "liver.mean_surface_mm", HEP_NUMBER(S, liver.mean_surface_mm), .unit = "mm",
      .meaning = "Mean distance of the two surfaces of the liver", .flags = HEP_OPTIONAL },
    { "liver.hd95_mm", HEP_NUMBER(S, liver.hd95_mm), .unit = "mm",
      .meaning = "The larger of the two directed 95th percentiles of that distance",
      .flags = HEP_OPTIONAL },
    { "liver.volume_error", HEP_NUMBER(S, liver.volume_error_frac), .unit = "1",
      .meaning = "Volume of the liver minus the true one, over the true one",
      .flags = HEP_OPTIONAL },
    { "geometry", HEP_TEXT(S, geometry), .meaning = "What was matched", .flags = HEP_NOT_TSV },
    { 0 },
};
#undef S

static bool is_called_on(const struct hep_evaluated *e, const struct hep_eval_entry *entry,
                         size_t lesion)
{
    for (size_t k = 0; k < entry->n_findings; k++) {
        const struct hep_eval_finding *f = &e->finding[entry->first_finding + k];

        if (f->lesion == lesion && hep_eval_is_called(f))
            return true;
    }
    return false;
}

static void count_findings(struct study_row *r, const struct hep_evaluated *e,
                           const struct hep_eval_entry *entry)
{
    for (size_t i = 0; i < entry->n_lesions; i++) {
        const struct hep_eval_lesion *l = &e->lesion[entry->first_lesion + i];
        const bool is_metastasis = l->class == HEP_CLASS_METASTASIS;
        const bool is_called = is_called_on(e, entry, entry->first_lesion + i);

        r->found += l->finding != HEP_NO_MATCH;
        r->metastases += is_metastasis;
        r->called += is_metastasis && is_called;
        r->mimics += !is_metastasis && is_called;
    }
    for (size_t k = 0; k < entry->n_findings; k++) {
        const struct hep_eval_finding *f = &e->finding[entry->first_finding + k];

        r->false_positives += f->fate == HEP_FATE_FALSE;
        r->false_called += f->fate == HEP_FATE_FALSE && hep_eval_is_called(f);
        r->split += f->fate == HEP_FATE_EXTRA;
    }
}

int hep_evaluated_studies(struct hep_table *out, const struct hep_evaluated *e,
                          struct hep_error *err)
{
    struct study_row *rows = hep_calloc(e->n_studies + 1, sizeof *rows, err);

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t s = 0; s < e->n_studies; s++) {
        const struct hep_eval_entry *entry = &e->entry[s];

        rows[s] = (struct study_row){ .study = entry->label,
                                      .state = hep_eval_state_name(entry->state),
                                      .reason = entry->reason,
                                      .geometry = entry->truth,
                                      .lesions = entry->n_lesions,
                                      .findings = entry->n_findings,
                                      .liver = { NONE, NONE, NONE, NONE } };
        if (e->study[s].has_liver)
            rows[s].liver = e->study[s].liver;
        count_findings(&rows[s], e, entry);
    }
    *out = (struct hep_table)HEP_TABLE_OWNED(NULL, study_columns, rows, e->n_studies);
    return HEP_OK;
}

/* ---- lesions --------------------------------------------------------------------------------- */

struct match_row {
    const char *study, *kind;
    int lesion, finding;
    const char *lesion_class, *size, *finding_class;
    double long_axis_mm, lesion_mm[3], finding_mm[3];
    double probability, score, distance_mm, iou;
    char reason[384];
};

#define S struct match_row
#define PLACE_OF(letter, whose, k)                                                                 \
    {                                                                                              \
#whose "_" letter "_mm", HEP_NUMBER(S, whose##_mm[k]),                                     \
            .unit = "mm", .meaning = "Centre of the " #whose " in world space (RAS+): " letter     \
    }
static const struct hep_level kinds[] = {
    { "found", "A lesion with its finding" },
    { "missed", "A lesion without finding" },
    { "false_positive", "A finding on no lesion" },
    { "split_detection", "A further finding on a lesion that has a better one" },
    { NULL, NULL },
};
static const struct hep_column match_columns[] = {
    { "study", HEP_TEXT(S, study), .meaning = "Label of the study" },
    { "kind", HEP_TEXT(S, kind), .meaning = "What the row is", .levels = kinds },
    { "lesion", HEP_INTEGER(S, lesion), .meaning = "Id of the true lesion" },
    { "lesion_class", HEP_TEXT(S, lesion_class), .meaning = "True class" },
    { "long_axis_mm", HEP_NUMBER(S, long_axis_mm), .unit = "mm",
      .meaning = "Long axis of the true lesion" },
    { "size_mm", HEP_TEXT(S, size),
      .meaning = "Class of the long axis in mm: from the first number to below the second; 10-20 "
                 "has both" },
    PLACE_OF("x", lesion, 0),
    PLACE_OF("y", lesion, 1),
    PLACE_OF("z", lesion, 2),
    { "finding", HEP_INTEGER(S, finding), .meaning = "Id of the finding" },
    { "finding_class", HEP_TEXT(S, finding_class),
      .meaning = "Class that the output gives the finding" },
    { "probability_metastasis", HEP_NUMBER(S, probability), .unit = "1",
      .meaning = "Probability of metastasis that the output gives the finding" },
    { "detection_score", HEP_NUMBER(S, score), .unit = "1",
      .meaning = "Strength of the detection: it ranks findings" },
    PLACE_OF("x", finding, 0),
    PLACE_OF("y", finding, 1),
    PLACE_OF("z", finding, 2),
    { "distance_mm", HEP_NUMBER(S, distance_mm), .unit = "mm",
      .meaning = "Distance of the two centres" },
    { "iou", HEP_NUMBER(S, iou), .unit = "1",
      .meaning = "Intersection over union of the two masks" },
    { "reason", HEP_CHARS(S, reason),
      .meaning = "Why a lesion is missed or a finding is not counted as true" },
    { 0 },
};
#undef S

static const char *class_text(enum hep_lesion_class c)
{
    return c < HEP_CLASS_COUNT ? hep_class_name(c) : NULL;
}

static struct match_row row_of(const struct hep_evaluated *e, const struct hep_eval_entry *entry,
                               const char *kind, size_t lesion, size_t finding)
{
    struct match_row r = { .study = entry->label,
                           .kind = kind,
                           .lesion = HEP_NO_INTEGER,
                           .finding = HEP_NO_INTEGER,
                           .long_axis_mm = NONE,
                           .lesion_mm = { NONE, NONE, NONE },
                           .finding_mm = { NONE, NONE, NONE },
                           .probability = NONE,
                           .score = NONE,
                           .distance_mm = NONE,
                           .iou = NONE };

    if (lesion != HEP_NO_MATCH) {
        const struct hep_eval_note *note = &e->lesion_note[lesion];

        r.lesion = note->id;
        r.lesion_class = class_text(e->lesion[lesion].class);
        r.long_axis_mm = note->diameter_mm;
        r.size = hep_size_class_name(hep_size_class(note->diameter_mm));
        memcpy(r.lesion_mm, note->centre_mm, sizeof r.lesion_mm);
    }
    if (finding != HEP_NO_MATCH) {
        const struct hep_eval_note *note = &e->finding_note[finding];

        r.finding = note->id;
        r.finding_class = class_text(e->finding[finding].class);
        r.probability = e->finding[finding].probability;
        r.score = e->finding[finding].detection_score;
        memcpy(r.finding_mm, note->centre_mm, sizeof r.finding_mm);
        r.distance_mm = note->distance_mm;
        r.iou = note->iou;
    }
    return r;
}

#define SAY(row, ...) (void)snprintf((row)->reason, sizeof(row)->reason, __VA_ARGS__)

static void say_why_missed(struct match_row *r, const struct hep_evaluated *e,
                           const struct hep_eval_entry *entry, size_t lesion)
{
    double least;
    const size_t nearest = hep_evaluated_nearest(&least, e, entry, lesion);

    if (entry->state != HEP_EVAL_DONE)
        SAY(r, "%s: %s", hep_eval_state_name(entry->state), entry->reason);
    else if (nearest == HEP_NO_MATCH)
        SAY(r, "the study has no finding");
    else if (e->finding[nearest].fate == HEP_FATE_FALSE)
        SAY(r, "nearest finding %d is %.1f mm away", e->finding_note[nearest].id, least);
    else
        SAY(r, "nearest finding %d, %.1f mm away, belongs to lesion %d",
            e->finding_note[nearest].id, least, e->lesion_note[e->finding[nearest].lesion].id);
}

static void say_why_not_true(struct match_row *r, const struct hep_evaluated *e, size_t finding)
{
    const struct hep_eval_note *note = &e->finding_note[finding];

    if (e->finding[finding].fate == HEP_FATE_EXTRA)
        SAY(r, "lesion %d was found by a nearer or better fitting finding",
            e->lesion_note[e->finding[finding].lesion].id);
    else if (note->nearest == HEP_NO_MATCH)
        SAY(r, "the study has no lesion");
    else
        SAY(r, "nearest lesion %d is %.1f mm away", e->lesion_note[note->nearest].id,
            note->nearest_mm);
}

/* Rows of one study. @return the place after them. */
static struct match_row *add_study(struct match_row *r, const struct hep_evaluated *e,
                                   const struct hep_eval_entry *entry)
{
    for (size_t i = 0; i < entry->n_lesions; i++, r++) {
        const size_t lesion = entry->first_lesion + i, f = e->lesion[lesion].finding;

        *r = row_of(e, entry, f == HEP_NO_MATCH ? "missed" : "found", lesion, f);
        if (f == HEP_NO_MATCH)
            say_why_missed(r, e, entry, lesion);
    }
    for (size_t k = 0; k < entry->n_findings; k++) {
        const size_t finding = entry->first_finding + k;
        const struct hep_eval_finding *f = &e->finding[finding];

        if (f->fate == HEP_FATE_TRUE)
            continue;
        *r = row_of(e, entry, f->fate == HEP_FATE_EXTRA ? "split_detection" : "false_positive",
                    f->lesion, finding);
        say_why_not_true(r++, e, finding);
    }
    return r;
}

int hep_evaluated_matches(struct hep_table *out, const struct hep_evaluated *e,
                          struct hep_error *err)
{
    struct match_row *rows = hep_calloc(e->n_lesions + e->n_findings + 1, sizeof *rows, err);
    struct match_row *end = rows;

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t s = 0; s < e->n_studies; s++)
        end = add_study(end, e, &e->entry[s]);
    *out = (struct hep_table)HEP_TABLE_OWNED(NULL, match_columns, rows, (size_t)(end - rows));
    return HEP_OK;
}

/* ---- flags ----------------------------------------------------------------------------------- */

#define S struct hep_flag_figures
/* A row without lesions has no name, and is left out. */
HEP_GETTER(flag_with_lesions, S, hep_value_of_text(r != NULL && r->n > 0 ? r->flag : NULL));

static const struct hep_level truths[] = {
    { "tissue", "What the tissue is; also the truth of readers" },
    { "visible", "What noise-free images of the acquisition show, in simulated studies" },
    { NULL, NULL },
};
static const struct hep_column flag_columns[] = {
    { "flag", .cell = HEP_CELL_TEXT, .get = flag_with_lesions, .words = "Flag",
      .meaning = "Name of the flag" },
    { "truth", HEP_TEXT(S, truth), "Truth", .meaning = "Against which truth", .levels = truths },
    { "size_mm", HEP_TEXT(S, size), "Long axis", "mm",
      .meaning = "Long axis of the true lesion, from the first number to below the second" },
    { "n", HEP_COUNT(S, n), "n",
      .meaning = "Lesions that were found, with a finding and a truth that give the flag" },
    { "present", HEP_COUNT(S, n_present), "Present",
      .meaning = "Those of them that truly have it" },
    { "not_assessable", HEP_SHARE(S, not_assessable), "Not assessable", HEP_K_OF_N,
      .meaning = "Those whose finding says not assessable" },
    { "sensitivity", HEP_SHARE(S, sensitivity), "Sensitivity", HEP_K_OF_N,
      .meaning = "Present among those that have it and are assessable" },
    { "specificity", HEP_SHARE(S, specificity), "Specificity", HEP_K_OF_N,
      .meaning = "Absent among those that have it not and are assessable" },
    { "area", HEP_BOOTSTRAP(S, area), "Area", HEP_DECIMALS(3),
      .meaning = "Area under the receiver operating characteristic of the probability, or without "
                 "one of the value beyond the limit, among the assessable ones" },
    { "oracle_area", HEP_BOOTSTRAP(S, oracle_area), "Oracle's area", HEP_DECIMALS(3),
      .meaning = "The same of the value that noise-free images of the acquisition show inside the "
                 "true outline, of all these lesions: what the images allow" },
    { "probabilities", HEP_COUNT(S, n_probability),
      .meaning = "Findings with a probability of the flag" },
    { "calibration_error", HEP_BOOTSTRAP(S, calibration_error), "Calibration error",
      HEP_DECIMALS(3), .meaning = "Expected calibration error of that probability, ten bins" },
    { 0 },
};
#undef S

struct hep_table hep_evaluated_flags(const struct hep_evaluated *e)
{
    return (struct hep_table)HEP_TABLE_GAPS("\nFlags of lesions that were found", flag_columns,
                                            e->result.flag, HEP_FLAG_FIGURES);
}
