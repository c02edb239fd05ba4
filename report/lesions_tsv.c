#include "report/lesions_tsv.h"

#include "base/alloc.h"
#include "report/measure.h"
#include "terms/flag.h"

#include <stdlib.h>

#define NAMES_MAX 512

/* Every measurement name that occurs, sorted. */
struct names {
    const char *list[NAMES_MAX]; /* borrowed from the documents */
    size_t n;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_name(struct names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++) {
        if (strcmp(names->list[i], name) == 0)
            return;
    }
    if (names->n < NAMES_MAX)
        names->list[names->n++] = name;
}

static int collect(struct names *names, const struct hep_json *document, struct hep_error *err)
{
    const struct hep_json *lesions = hep_json_get(document, "lesions");
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(lesions); i++) {
        const char **keys = NULL;
        size_t n = 0;

        rc = hep_json_keys(&keys, &n, hep_json_get(hep_json_at(lesions, i), "measurements"), err);
        for (size_t k = 0; k < n; k++)
            add_name(names, keys[k]);
        free((void *)keys);
    }
    return rc;
}

/* A lesion and the document that it is in. */
struct lesion_row {
    const struct hep_json *document, *lesion;
};
#define S struct lesion_row

HEP_GETTER(study, S, hep_value_of_text(hep_json_string(hep_json_get(r->document, column->id))));

HEP_GETTER(text_member, S, hep_value_of_text(hep_json_string(hep_json_get(r->lesion, column->id))));

HEP_GETTER(number_member, S,
           hep_value_of_number(hep_json_number(hep_json_get(r->lesion, column->id))));

static struct hep_value centre(const struct hep_column *column, const void *row)
{
    const struct hep_json *place = hep_json_get(((const S *)row)->lesion, "centre_mm");

    return hep_value_of_number(hep_json_number(hep_json_at(place, column->offset)));
}

static struct hep_value flag_state(const struct hep_column *column, const void *row)
{
    const struct hep_json *flags = hep_json_get(((const S *)row)->lesion, "flags");

    return hep_value_of_text(
        hep_json_string(hep_json_get(hep_json_get(flags, column->id), "state")));
}

/* A measurement is a number, or an object with a value. */
static struct hep_value measurement(const struct hep_column *column, const void *row)
{
    const struct hep_json *all = hep_json_get(((const S *)row)->lesion, "measurements"),
                          *node = hep_json_get(all, column->id);

    return hep_value_of_number(hep_json_number(
        hep_json_type(node) == HEP_JSON_OBJECT ? hep_json_get(node, "value") : node));
}

#define MEMBER(name, unit_text, said)                                                              \
    {                                                                                              \
        name, HEP_CELL(NUMBER, 0), .unit = (unit_text), .meaning = (said), .get = number_member    \
    }
#define PLACE(name, k)                                                                             \
    {                                                                                              \
        name "_mm", HEP_CELL(NUMBER, k),                                                           \
            .unit = "mm",                                                                          \
            .meaning = "Centre in world space (RAS+) of the reference series: " name,              \
            .get = centre                                                                          \
    }
static const struct hep_column first_columns[] = {
    { "study", HEP_CELL(TEXT, 0), .meaning = "Label of the study", .get = study },
    { "id", HEP_CELL(NUMBER, 0), .meaning = "Number of the lesion: its value in the label map",
      .get = number_member },
    PLACE("x", 0),
    PLACE("y", 1),
    PLACE("z", 2),
    MEMBER("volume_ml", "mL", "Volume on the reference grid"),
    MEMBER("long_axis_mm", "mm", "Longest diameter on any axial slice"),
    MEMBER("short_axis_mm", "mm", "Largest extent at right angles to the long axis, on its slice"),
    { "class", HEP_CELL(TEXT, 0), .meaning = "Class that the evidence favours",
      .get = text_member },
    MEMBER("probability_metastasis", "1", "Probability of metastasis by the evidence"),
};
#define N_FIRST (sizeof first_columns / sizeof first_columns[0])

static const struct hep_level states[] = {
    { "present", "Its numbers say so" },
    { "absent", "Its numbers say the contrary" },
    { "not_assessable", "It cannot be judged; the reason stands in lesions.json" },
    { NULL, NULL },
};

/* Columns of the dictionary of measures where it has the name. */
static struct hep_column measure_column(const char *name)
{
    const enum hep_measure m = hep_measure_find(HEP_SUBJECT_LESION, name);
    struct hep_column c = { .cell = HEP_CELL_NUMBER };

    if (m != HEP_MEASURE_COUNT)
        c = hep_measure_as_column(m);
    c.id = name;
    c.get = measurement;
    return c;
}

static size_t count_lesions(const struct hep_json *const *documents, size_t n)
{
    size_t lesions = 0;

    for (size_t i = 0; i < n; i++)
        lesions += hep_json_size(hep_json_get(documents[i], "lesions"));
    return lesions;
}

/* Columns and rows in one block, which the table owns. */
static int make_table(struct hep_table *out, const struct hep_json *const *documents, size_t n,
                      bool with_study, const struct names *names, struct hep_error *err)
{
    const size_t n_columns = N_FIRST + HEP_FLAG_COUNT + names->n + 1;
    const size_t lesions = count_lesions(documents, n);
    struct hep_column *columns = hep_calloc(n_columns + lesions * sizeof(S) / sizeof *columns + 1,
                                            sizeof *columns, err),
                      *c = columns;
    S *rows;

    if (columns == NULL)
        return HEP_ENOMEM;
    rows = (void *)(columns + n_columns);
    *out = (struct hep_table)HEP_TABLE_OF(NULL, columns, rows, 0, .owned = columns);
    for (size_t k = with_study ? 0 : 1; k < N_FIRST; k++)
        *c++ = first_columns[k];
    for (int f = 0; f < HEP_FLAG_COUNT; f++)
        *c++ = (struct hep_column){ .id = hep_flag_name((enum hep_flag)f),
                                    .cell = HEP_CELL_TEXT,
                                    .meaning = "State of the flag of this name",
                                    .levels = states,
                                    .get = flag_state };
    for (size_t i = 0; i < names->n; i++)
        *c++ = measure_column(names->list[i]);
    for (size_t i = 0; i < n; i++) {
        const struct hep_json *list = hep_json_get(documents[i], "lesions");

        for (size_t k = 0; k < hep_json_size(list); k++)
            rows[out->n++] = (S){ documents[i], hep_json_at(list, k) };
    }
    return HEP_OK;
}

int hep_lesions_table(struct hep_table *out, const struct hep_json *const *documents, size_t n,
                      bool with_study, struct hep_error *err)
{
    struct names *names;
    int rc = HEP_NEW(names, 1, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        rc = collect(names, documents[i], err);
    if (rc == HEP_OK && names->n > 0)
        qsort((void *)names->list, names->n, sizeof names->list[0], by_text);
    if (rc == HEP_OK)
        rc = make_table(out, documents, n, with_study, names, err);
    free(names);
    return rc;
}
