#include "lesions/detection.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>

double hep_detection_share(const struct hep_detection_table *table, enum hep_feature f,
                           double value)
{
    const struct hep_detection_feature *of = &table->of[f];

    return isfinite(value) ? of->coefficient * (value - of->mean) / of->sd : 0.0;
}

double hep_detection_strength(const struct hep_detection_table *table,
                              const double feature[HEP_FEATURE_COUNT])
{
    double sum = table->intercept;

    for (int f = 0; f < HEP_FEATURE_COUNT; f++)
        sum += hep_detection_share(table, (enum hep_feature)f, feature[f]);
    return sum;
}

double hep_detection_limit(const struct hep_detection_table *table)
{
    return log(table->probability_min / (1.0 - table->probability_min));
}

/* ---- reading --------------------------------------------------------------------------------- */

#define NUMBER(strct, member, lo, hi)                                                              \
    HEP_KEY(strct, member, #member, hep_read_number, .required = true, .min = (lo), .max = (hi))

static int read_feature(const struct hep_reader *r, const struct hep_yaml *map,
                        const struct hep_key *key, void *to)
{
    static const struct hep_key keys[] = {
        NUMBER(struct hep_detection_feature, mean, -1e3, 1e3),
        NUMBER(struct hep_detection_feature, sd, 1e-6, 1e3),
        NUMBER(struct hep_detection_feature, coefficient, -100.0, 100.0),
        { 0 },
    };

    return hep_read_mapping(r, map, key->name, keys, to);
}

static int read_features(const struct hep_reader *r, const struct hep_yaml *map,
                         const struct hep_key *key, void *to)
{
    static const struct hep_key keys[] = {
#define FEATURE(id, word, ...)                                                                     \
    { .name = #word,                                                                               \
      .read = read_feature,                                                                        \
      .offset = HEP_FEATURE_##id * sizeof(struct hep_detection_feature),                           \
      .required = true },
#include "terms/features.def"
#undef FEATURE
        { 0 },
    };

    return hep_read_mapping(r, map, key->name, keys, to);
}

/** Takes the document over, also on failure. */
static int from_document(struct hep_detection_table **out, struct hep_yaml_doc *doc,
                         struct hep_error *err)
{
#define T struct hep_detection_table
    static const struct hep_key keys[] = {
        HEP_KEY(T, date, "date", hep_read_text, .required = true),
        HEP_KEY(T, trained_on, "trained_on", hep_read_text, .required = true),
        HEP_KEY(T, tested_on, "tested_on", hep_read_text, .required = true),
        NUMBER(T, n_lesions, 0.0, 1e9),
        NUMBER(T, n_others, 0.0, 1e9),
        NUMBER(T, penalty, 0.0, 1e6),
        NUMBER(T, probability_min, 1e-4, 0.9999),
        NUMBER(T, intercept, -100.0, 100.0),
        HEP_KEY(T, of, "features", read_features, .required = true),
        { 0 },
    };
#undef T
    struct hep_detection_table *t = hep_calloc(1, sizeof *t, err);
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
        hep_detection_free(t);
    return rc;
}

int hep_detection_parse(struct hep_detection_table **out, const char *text, size_t n,
                        const char *name, struct hep_error *err)
{
    struct hep_yaml_doc *doc = NULL;
    int rc = hep_yaml_parse(&doc, text, n, name, err);

    return rc == HEP_OK ? from_document(out, doc, err) : rc;
}

int hep_detection_read(struct hep_detection_table **out, const char *path, struct hep_error *err)
{
    struct hep_yaml_doc *doc = NULL;
    int rc = hep_yaml_read(&doc, path, err);

    return rc == HEP_OK ? from_document(out, doc, err) : rc;
}

void hep_detection_free(struct hep_detection_table *table)
{
    if (table == NULL)
        return;
    hep_yaml_free(table->doc);
    free(table);
}
