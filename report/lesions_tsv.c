#include "report/lesions_tsv.h"

#include "base/alloc.h"
#include "report/measure.h"

#include <math.h>
#include <stdlib.h>

struct lesion_row {
    const char *study;
    const struct hep_finding *f;
};
#define S struct lesion_row

HEP_GETTER(id_of, S, hep_value_of_whole(r->f->id, false));
HEP_GETTER(key_of, S, hep_value_of_text(r->f->key));
HEP_GETTER(place_of, S, hep_value_of_number(r->f->centre_mm[column->offset]));
HEP_GETTER(class_of, S, hep_value_of_text(hep_class_name(r->f->lesion_class)));
HEP_GETTER(measure_of, S,
           hep_value_of_number(hep_finding_get(r->f, (enum hep_measure)column->offset)));
HEP_GETTER(state_of, S,
           hep_value_of_text(r->f->flag[column->offset].given
                                 ? hep_flag_state_name(r->f->flag[column->offset].state)
                                 : NULL));

HEP_GETTER(origin_of, S, hep_value_of_text(r->f->origin == HEP_ORIGIN_GIVEN ? "given" : "found"));
HEP_GETTER(given_label_of, S, hep_value_of_whole(r->f->given_label, r->f->given_label <= 0));
HEP_GETTER(given_name_of, S, hep_value_of_text(r->f->given_name));

static const struct hep_level origins[] = { { "found", "By Hepar" },
                                            { "given", "By the user" },
                                            { NULL, NULL } };

static const struct hep_column first_columns[] = {
    { "study", HEP_TEXT(S, study), .meaning = "Label of the study" },
    { "lesion_id", HEP_CELL(INTEGER, 0),
      .meaning = "Number of the lesion: its value in the label map", .get = id_of },
    { "lesion_key", HEP_CELL(TEXT, 0),
      .meaning =
          "Place of the lesion rounded to 10 mm: stays between runs of the same images, also "
          "when other lesions come or go",
      .get = key_of },
    { "origin", HEP_CELL(TEXT, 0), .meaning = "Who found the lesion", .levels = origins,
      .get = origin_of },
    { "given_label", HEP_CELL(INTEGER, 0), .meaning = "Value in the user's label map",
      .get = given_label_of },
    { "given_name", HEP_CELL(TEXT, 0), .meaning = "Name that the user gave", .get = given_name_of },
    HEP_PLACE_COLUMN("x", 0, place_of),
    HEP_PLACE_COLUMN("y", 1, place_of),
    HEP_PLACE_COLUMN("z", 2, place_of),
};
#define N_FIRST (sizeof first_columns / sizeof first_columns[0])
static const struct hep_column class_column = { "class", HEP_CELL(TEXT, 0),
                                                .meaning = "Class that the evidence favours",
                                                .get = class_of };

static const struct hep_level states[] = {
    { "present", "Its numbers say so" },
    { "absent", "Its numbers say the contrary" },
    { "not_assessable", "It cannot be judged; the reason stands in flags.tsv" },
    { NULL, NULL },
};

/* Add the columns of the main measures of one form; the class comes before its probability. */
static struct hep_column *add_measures(struct hep_column *c, enum hep_measure_form form,
                                       const struct hep_level *classes)
{
    for (int i = 0; i < HEP_MEASURE_COUNT; i++) {
        const enum hep_measure m = (enum hep_measure)i;

        if (!hep_measure_row(m)->is_main || hep_measure_row(m)->form != form)
            continue;
        if (m == HEP_M_P_METASTASIS) {
            *c = class_column;
            c++->levels = classes;
        }
        *c = hep_measure_as_column(m);
        c->offset = (size_t)m;
        c++->get = measure_of;
    }
    return c;
}

static void add_classes(struct hep_level *levels)
{
    for (int k = 0; k < HEP_CLASS_COUNT; k++)
        levels[k] = (struct hep_level){ hep_class_name((enum hep_lesion_class)k),
                                        hep_class_row((enum hep_lesion_class)k)->meaning };
}

static size_t count_lesions(const struct hep_study_findings *studies, size_t n)
{
    size_t lesions = 0;

    for (size_t i = 0; i < n; i++)
        lesions += studies[i].findings != NULL ? studies[i].findings->n : 0;
    return lesions;
}

/* Columns and rows in one block, which the table owns. */
int hep_lesions_table(struct hep_table *out, const struct hep_study_findings *studies, size_t n,
                      bool with_study, struct hep_error *err)
{
    struct {
        struct hep_level classes[HEP_CLASS_COUNT + 1];
        struct hep_column columns[N_FIRST + HEP_FLAG_COUNT + HEP_MEASURE_COUNT + 2];
        S rows[];
    } *block = hep_calloc(1, sizeof *block + count_lesions(studies, n) * sizeof(S), err);
    struct hep_column *c;
    size_t rows = 0;

    if (block == NULL)
        return HEP_ENOMEM;
    add_classes(block->classes);
    c = block->columns;
    for (size_t k = with_study ? 0 : 1; k < N_FIRST; k++)
        *c++ = first_columns[k];
    c = add_measures(c, HEP_FORM_MEMBER, block->classes);
    for (size_t f = 0; f < HEP_FLAG_COUNT; f++)
        *c++ = (struct hep_column){ .id = hep_flag_name((enum hep_flag)f),
                                    .cell = HEP_CELL_TEXT,
                                    .offset = f,
                                    .meaning = hep_flag_row((enum hep_flag)f)->meaning,
                                    .levels = states,
                                    .get = state_of };
    (void)add_measures(c, HEP_FORM_VALUE, block->classes);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; studies[i].findings != NULL && k < studies[i].findings->n; k++)
            block->rows[rows++] = (S){ studies[i].study, &studies[i].findings->list[k] };
    *out = (struct hep_table)HEP_TABLE_OF(NULL, block->columns, block->rows, rows, .owned = block);
    return HEP_OK;
}
#undef S

/* ---- every flag, one a row ------------------------------------------------------------------- */

struct flag_row {
    int lesion_id;
    const char *flag, *unit;
    const struct hep_flag_result *r;
};
#define S struct flag_row

HEP_GETTER(flag_state, S, hep_value_of_text(hep_flag_state_name(r->r->state)));
HEP_GETTER(flag_probability, S, hep_value_of_number(r->r->probability));
HEP_GETTER(flag_certain, S, hep_value_of_whole(r->r->certain, false));
HEP_GETTER(flag_value, S, hep_value_of_number(r->r->value));
HEP_GETTER(flag_se, S, hep_value_of_number(r->r->se));
HEP_GETTER(flag_limit, S, hep_value_of_number(r->r->limit));
HEP_GETTER(flag_reason, S, hep_value_of_text(r->r->reason));
static const struct hep_column flag_columns[] = {
    { "lesion_id", HEP_INTEGER(S, lesion_id),
      .meaning = "Number of the lesion: its value in the label map" },
    { "flag", HEP_TEXT(S, flag), .meaning = "Name of the flag, as in docs/reference-measures.md" },
    { "state", HEP_CELL(TEXT, 0), .meaning = "Present from a probability of 0.5 on",
      .levels = states, .get = flag_state },
    { "probability", HEP_CELL(NUMBER, 0),
      .meaning = "Probability that the tissue satisfies the definition of the flag",
      .get = flag_probability },
    { "certain", HEP_CELL(BOOL, 0), .meaning = "The probability is at least 0.9 or at most 0.1",
      .get = flag_certain },
    { "value", HEP_CELL(NUMBER, 0), .meaning = "Number that the flag is judged by",
      .get = flag_value },
    { "se", HEP_CELL(NUMBER, 0), .meaning = "Standard error of the value", .get = flag_se },
    { "limit", HEP_CELL(NUMBER, 0), .meaning = "Limit that the value is compared with",
      .get = flag_limit },
    { "unit", HEP_TEXT(S, unit),
      .meaning = "Unit of value, standard error and limit; 1 for pure numbers" },
    { "reason", HEP_CELL(TEXT, 0), .meaning = "What was seen, with its numbers, and how sure it is",
      .get = flag_reason },
    { 0 },
};

int hep_flags_table(struct hep_table *out, const struct hep_findings *findings,
                    struct hep_error *err)
{
    const size_t lesions = findings != NULL ? findings->n : 0;
    S *rows = hep_calloc(lesions * HEP_FLAG_COUNT + 1, sizeof *rows, err);
    size_t n = 0;

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < lesions; i++)
        for (int k = 0; k < HEP_FLAG_COUNT; k++)
            if (findings->list[i].flag[k].given)
                rows[n++] = (S){ findings->list[i].id, hep_flag_name((enum hep_flag)k),
                                 hep_unit_text(hep_flag_row((enum hep_flag)k)->unit),
                                 &findings->list[i].flag[k] };
    *out = (struct hep_table)HEP_TABLE_OWNED(NULL, flag_columns, rows, n);
    return HEP_OK;
}
#undef S

/* ---- every measure, one a row ---------------------------------------------------------------- */

struct measure_row {
    int lesion_id;
    struct hep_measure_place place;
    const char *unit, *status;
    double value, se;
    size_t n;
};
#define S struct measure_row

static const struct hep_level regions[] = { { "whole", "The whole lesion" },
                                            { "rim", "Its outer part" },
                                            { "core", "Its inner part" },
                                            { "ring", "The liver around it" },
                                            { NULL, NULL } };
static const struct hep_level statuses[] = {
    { "ok", "Measured" },
    { "not_assessable", "It could not be measured or was not judged" },
    { NULL, NULL },
};
static const struct hep_column measure_columns[] = {
    { "lesion_id", HEP_INTEGER(S, lesion_id),
      .meaning = "Number of the lesion: its value in the label map" },
    { "region", HEP_TEXT(S, place.region), .meaning = "Part of the lesion, or the liver beside it",
      .levels = regions },
    { "map", HEP_TEXT(S, place.map),
      .meaning =
          "Image or contrast phase that is measured; n/a for what is of none or of several" },
    { "statistic", HEP_TEXT(S, place.statistic),
      .meaning = "What is said of it; docs/reference-measures.md has the definitions" },
    { "value", HEP_NUMBER(S, value), .meaning = "The number, in the unit of its row" },
    { "unit", HEP_TEXT(S, unit),
      .meaning = "Unit of value and standard error; 1 for pure numbers" },
    { "n", HEP_COUNT(S, n),
      .meaning = "Voxels of the reference grid with a value of the map in the region" },
    { "se", HEP_NUMBER(S, se), .meaning = "Standard error of the value, where it is known" },
    { "status", HEP_TEXT(S, status), .meaning = "Whether there is a value", .levels = statuses },
    { 0 },
};

/* True for the count and the standard error: they are columns of the row of their region and map, no rows. */
static bool is_own_column(const char *statistic)
{
    return strcmp(statistic, "n") == 0 || strcmp(statistic, "se") == 0;
}

static S measure_row(const struct hep_finding *f, enum hep_measure m)
{
    const struct hep_measure_place place = hep_measure_place(m);
    const double value = hep_finding_get(f, m),
                 n = hep_finding_get(f, hep_measure_at(place.region, place.map, "n"));
    const bool has_error = strcmp(place.statistic, "estimate") == 0 && isfinite(value);

    return (S){ .lesion_id = f->id,
                .place = place,
                .value = value,
                .unit = hep_unit_text(hep_measure_unit(m)),
                .n = isfinite(n) ? (size_t)n : HEP_NO_COUNT,
                .se = has_error ? hep_finding_get(f, hep_measure_at(place.region, place.map, "se"))
                                : (double)NAN,
                .status = statuses[isfinite(value) ? 0 : 1].word };
}

int hep_measures_table(struct hep_table *out, const struct hep_findings *findings,
                       struct hep_error *err)
{
    const size_t lesions = findings != NULL ? findings->n : 0;
    S *rows = hep_calloc(lesions * HEP_MEASURE_COUNT + 1, sizeof *rows, err);
    size_t n = 0;

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < lesions; i++)
        for (int k = 0; k < HEP_MEASURE_COUNT; k++) {
            const enum hep_measure m = (enum hep_measure)k;

            if (findings->list[i].measures.has[m] && !is_own_column(hep_measure_place(m).statistic))
                rows[n++] = measure_row(&findings->list[i], m);
        }
    *out = (struct hep_table)HEP_TABLE_OWNED(NULL, measure_columns, rows, n);
    return HEP_OK;
}
