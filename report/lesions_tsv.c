#include "report/lesions_tsv.h"

#include "base/alloc.h"
#include "lesions/finding.h"

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

static bool collect(struct names *names, const struct hep_json *document)
{
    const struct hep_json *lesions = hep_json_get(document, "lesions");
    bool complete = true;

    for (size_t i = 0; complete && i < hep_json_size(lesions); i++) {
        const char **keys = NULL;
        size_t n = 0;

        complete = hep_json_keys(&keys, &n, hep_json_get(hep_json_at(lesions, i), "measurements"),
                                 NULL) == HEP_OK;
        for (size_t k = 0; k < n; k++)
            add_name(names, keys[k]);
        free((void *)keys);
    }
    return complete;
}

static void header(struct hep_str *out, const struct names *names, bool with_study)
{
    hep_str_add(out, with_study ? "study\tid" : "id");
    hep_str_add(out, "\tx_mm\ty_mm\tz_mm\tvolume_ml\tlong_axis_mm\tshort_axis_mm\tclass\t"
                     "probability_metastasis");
    for (int f = 0; f < HEP_FLAG_COUNT; f++)
        hep_str_addf(out, "\t%s", hep_flag_name((enum hep_flag)f));
    for (size_t i = 0; i < names->n; i++) {
        hep_str_add(out, "\t");
        hep_str_add_tsv(out, names->list[i]);
    }
    hep_str_add(out, "\n");
}

static void number_cell(struct hep_str *out, const struct hep_json *node)
{
    hep_str_add(out, "\t");
    hep_str_add_number(out, hep_json_number(node));
}

/* A measurement is a number, or an object with a value. */
static const struct hep_json *measured(const struct hep_json *node)
{
    return hep_json_type(node) == HEP_JSON_OBJECT ? hep_json_get(node, "value") : node;
}

static void text_cell(struct hep_str *out, const struct hep_json *node)
{
    const char *text = hep_json_string(node);

    hep_str_add(out, "\t");
    hep_str_add_tsv(out, text != NULL ? text : "");
}

static void row(struct hep_str *out, const struct hep_json *document, const struct hep_json *lesion,
                const struct names *names, bool with_study)
{
    static const char *const sizes[] = { "volume_ml", "long_axis_mm", "short_axis_mm" };
    const struct hep_json *flags = hep_json_get(lesion, "flags"),
                          *centre = hep_json_get(lesion, "centre_mm");
    const char *study = hep_json_string(hep_json_get(document, "study"));

    if (with_study) {
        hep_str_add_tsv(out, study != NULL ? study : "");
        hep_str_add(out, "\t");
    }
    hep_str_add_number(out, hep_json_number(hep_json_get(lesion, "id")));
    for (size_t i = 0; i < 3; i++)
        number_cell(out, hep_json_at(centre, i));
    for (size_t i = 0; i < 3; i++)
        number_cell(out, hep_json_get(lesion, sizes[i]));
    text_cell(out, hep_json_get(lesion, "class"));
    number_cell(out, hep_json_get(lesion, "probability_metastasis"));
    for (int f = 0; f < HEP_FLAG_COUNT; f++)
        text_cell(out, hep_json_get(hep_json_get(flags, hep_flag_name((enum hep_flag)f)), "state"));
    for (size_t i = 0; i < names->n; i++)
        number_cell(out,
                    measured(hep_json_get(hep_json_get(lesion, "measurements"), names->list[i])));
    hep_str_add(out, "\n");
}

void hep_lesions_tsv(struct hep_str *out, const struct hep_json *const *documents, size_t n,
                     bool with_study)
{
    struct names *names = hep_calloc(1, sizeof *names, NULL);

    if (names == NULL) {
        out->failed = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        out->failed = !collect(names, documents[i]) || out->failed;
    if (names->n > 0)
        qsort((void *)names->list, names->n, sizeof names->list[0], by_text);
    header(out, names, with_study);
    for (size_t i = 0; i < n; i++) {
        const struct hep_json *lesions = hep_json_get(documents[i], "lesions");

        for (size_t k = 0; k < hep_json_size(lesions); k++)
            row(out, documents[i], hep_json_at(lesions, k), names, with_study);
    }
    free(names);
}
