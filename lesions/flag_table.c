#include "lesions/flag_table.h"

#include "base/alloc.h"
#include "base/schema.h"

#include <math.h>
#include <stdlib.h>

/* A lesion smaller than half a voxel across is treated as one of half a voxel. */
#define SIZE_MIN_VOXELS 0.5
#define SIZE_MAX_VOXELS 1000.0
#define MARGIN_MAX 10.0 /* a ratio of 20,000 */

/* ---- probability ----------------------------------------------------------------------------- */

double hep_flag_z(const struct hep_flag_model *model, double margin, double se, double size_voxels)
{
    const double small = 1.0 / fmax(size_voxels, SIZE_MIN_VOXELS);

    return (margin + model->bias + model->bias_small * small) /
           hypot(se, model->error + model->error_small * small);
}

double hep_flag_probability(const struct hep_flag_model *model, double margin, double se,
                            double size_voxels)
{
    const double shown = 0.5 * erfc(-hep_flag_z(model, margin, se, size_voxels) / sqrt(2.0));

    return model->missed + (1.0 - model->missed - model->mistaken) * shown;
}

const struct hep_flag_ranking *hep_flag_size_of(const struct hep_flag_model *model,
                                                double size_voxels)
{
    size_t i = 0;

    while (i + 1 < model->n_sizes && size_voxels >= model->size[i].below)
        i++;
    return model->n_sizes > 0 ? &model->size[i] : NULL;
}

bool hep_flag_says_nothing(const struct hep_flag_model *model, double size_voxels)
{
    const struct hep_flag_ranking *size = hep_flag_size_of(model, size_voxels);

    return size != NULL && size->area < HEP_FLAG_AREA_MIN;
}

/* ---- reading --------------------------------------------------------------------------------- */

#define NUMBER(strct, member, lo, hi, ...)                                                         \
    HEP_KEY(strct, member, #member, hep_read_number, .min = (lo), .max = (hi), __VA_ARGS__)

static int read_size(struct hep_flag_ranking *size, const struct hep_reader *r,
                     const struct hep_yaml *map, bool is_last)
{
    static const struct hep_key keys[] = {
        NUMBER(struct hep_flag_ranking, below, 0.0, SIZE_MAX_VOXELS, .required = false),
        NUMBER(struct hep_flag_ranking, lesions, 0.0, 1e9, .required = true),
        NUMBER(struct hep_flag_ranking, area, 0.0, 1.0, .required = false),
        { 0 },
    };
    int rc;

    *size = (struct hep_flag_ranking){ (double)INFINITY, 0.0, (double)NAN };
    rc = hep_read_mapping(r, map, "a size", keys, size);
    return rc == HEP_OK && isfinite(size->below) == is_last
               ? hep_yaml_fail(r->doc, map, r->err,
                               "every size but the last, and only these, needs 'below'")
               : rc;
}

static int read_sizes(const struct hep_reader *r, const struct hep_yaml *list,
                      const struct hep_key *key, void *to)
{
    struct hep_flag_model *model = to;
    const size_t n = hep_yaml_size(list);
    int rc = hep_want_list(r, list, key->name, 1, HEP_FLAG_MAX_SIZES);

    for (model->n_sizes = 0; rc == HEP_OK && model->n_sizes < n; model->n_sizes++) {
        struct hep_flag_ranking *size = &model->size[model->n_sizes];
        const struct hep_yaml *map = hep_yaml_at(list, model->n_sizes);

        rc = read_size(size, r, map, model->n_sizes + 1 == n);
        if (rc == HEP_OK && model->n_sizes > 0 && !(size->below > size[-1].below))
            rc = hep_yaml_fail(r->doc, map, r->err, "'below' must rise from size to size");
    }
    return rc;
}

static int read_model(const struct hep_reader *r, const struct hep_yaml *map,
                      const struct hep_key *key, void *to)
{
#define M struct hep_flag_model
    static const struct hep_key keys[] = {
        NUMBER(M, bias, -MARGIN_MAX, MARGIN_MAX, .required = true),
        NUMBER(M, bias_small, -MARGIN_MAX, MARGIN_MAX, .required = true),
        NUMBER(M, error, HEP_FLAG_ERROR_MIN, MARGIN_MAX, .required = true),
        NUMBER(M, error_small, 0.0, MARGIN_MAX, .required = true),
        NUMBER(M, missed, 0.0, HEP_FLAG_RATE_MAX, .required = false),
        NUMBER(M, mistaken, 0.0, HEP_FLAG_RATE_MAX, .required = false),
        { .name = "sizes", .read = read_sizes, .required = true },
        NUMBER(M, lesions, 0.0, 1e9, .required = false),
        NUMBER(M, area, 0.0, 1.0, .required = false),
        NUMBER(M, sensitivity, 0.0, 1.0, .required = false),
        NUMBER(M, specificity, 0.0, 1.0, .required = false),
        NUMBER(M, not_assessable, 0.0, 1.0, .required = false),
        NUMBER(M, calibration_error, 0.0, 1.0, .required = false),
        { 0 },
    };
#undef M
    struct hep_flag_model *model = to;

    model->lesions = model->area = model->sensitivity = model->specificity = (double)NAN;
    model->not_assessable = model->calibration_error = (double)NAN;
    return hep_read_mapping(r, map, key->name, keys, model);
}

static int read_models(const struct hep_reader *r, const struct hep_yaml *map,
                       const struct hep_key *key, void *to)
{
    static const struct hep_key keys[] = {
#define FLAG(id, name, ...)                                                                        \
    HEP_KEY(struct hep_flag_table, model[HEP_FLAG_##id], #name, read_model, .required = true),
#include "terms/flags.def"
#undef FLAG
        { 0 },
    };

    return hep_read_mapping(r, map, key->name, keys, to);
}

/** Takes the document over, also on failure. */
static int from_document(struct hep_flag_table **out, struct hep_yaml_doc *doc,
                         struct hep_error *err)
{
#define T struct hep_flag_table
    static const struct hep_key keys[] = {
        HEP_KEY(T, date, "date", hep_read_text, .required = true),
        HEP_KEY(T, fitted_on, "fitted_on", hep_read_text, .required = true),
        HEP_KEY(T, tested_on, "tested_on", hep_read_text, .required = true),
        { .name = "flags", .read = read_models, .required = true },
        { 0 },
    };
#undef T
    struct hep_flag_table *t = hep_calloc(1, sizeof *t, err);
    int rc;

    if (t == NULL) {
        hep_yaml_free(doc);
        return HEP_ENOMEM;
    }
    t->doc = doc;
    rc =
        hep_read_mapping(&(struct hep_reader){ doc, err }, hep_yaml_root(doc), "the file", keys, t);
    if (rc == HEP_OK)
        *out = t;
    else
        hep_flag_table_free(t);
    return rc;
}

int hep_flag_table_parse(struct hep_flag_table **out, const char *text, size_t n, const char *name,
                         struct hep_error *err)
{
    struct hep_yaml_doc *doc = NULL;
    int rc = hep_yaml_parse(&doc, text, n, name, err);

    return rc == HEP_OK ? from_document(out, doc, err) : rc;
}

int hep_flag_table_read(struct hep_flag_table **out, const char *path, struct hep_error *err)
{
    struct hep_yaml_doc *doc = NULL;
    int rc = hep_yaml_read(&doc, path, err);

    return rc == HEP_OK ? from_document(out, doc, err) : rc;
}

void hep_flag_table_free(struct hep_flag_table *table)
{
    if (table == NULL)
        return;
    hep_yaml_free(table->doc);
    free(table);
}
