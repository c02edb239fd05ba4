#include "protocols/published.h"

#include "base/alloc.h"
#include "base/schema.h"

#include <math.h>

#define NO_LOSS "no loss"
#define LOSS "loss"

void hep_published_release(struct hep_published *p)
{
    free(p->list);
    hep_yaml_free(p->doc);
    *p = (struct hep_published){ 0 };
}

/* 0.95, or [0.95, 0.97]. */
static int read_span(const struct hep_reader *r, const struct hep_yaml *node,
                     const struct hep_key *key, void *to)
{
    const bool two = hep_yaml_type(node) == HEP_YAML_SEQUENCE;
    struct hep_span *out = to;
    int rc;

    if (two && hep_yaml_size(node) != 2)
        return hep_yaml_fail(r->doc, node, r->err, "%s: a fraction, or the lowest and the highest",
                             key->name);
    rc = hep_yaml_number(&out->lo, r->doc, two ? hep_yaml_at(node, 0) : node, r->err);
    if (rc == HEP_OK)
        rc = hep_yaml_number(&out->hi, r->doc, two ? hep_yaml_at(node, 1) : node, r->err);
    if (rc == HEP_OK && !(out->lo >= 0.0 && out->lo <= out->hi && out->hi <= 1.0))
        rc = hep_yaml_fail(r->doc, node, r->err, "%s: fractions from 0 to 1, the lower one first",
                           key->name);
    return rc;
}

static int read_finding(const struct hep_reader *r, const struct hep_yaml *node,
                        const struct hep_key *key, void *to)
{
    static const char *const words[] = { LOSS, NO_LOSS };
    size_t index = 0;
    int rc = hep_find_word(&index, r, node, key->name, words, 2);

    *(const char **)to = words[index];
    return rc;
}

static int read_protocols(const struct hep_reader *r, const struct hep_yaml *list,
                          const struct hep_key *key, void *to)
{
    struct hep_published_study *s = to;
    int rc = hep_want_list(r, list, key->name, 1, HEP_PUBLISHED_PROTOCOLS);

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(list); i++)
        rc = hep_read_text(r, hep_yaml_at(list, i), key, &s->protocols[s->n_protocols++]);
    return rc;
}

#define ROW(member, reader, ...)                                                                   \
    HEP_KEY(struct hep_published_study, member, #member, reader, __VA_ARGS__)
static const struct hep_key study_keys[] = {
    ROW(variant, hep_read_text, .required = true),
    ROW(reference, hep_read_text, .required = true),
    ROW(source, hep_read_text, .required = true),
    ROW(mark, hep_read_text, .required = true),
    ROW(finding, read_finding, .required = true),
    ROW(patients, hep_read_number, .max = 1e9),
    ROW(lesions, hep_read_number, .max = 1e9),
    ROW(variant_sensitivity, read_span, .required = false),
    ROW(reference_sensitivity, read_span, .required = false),
    HEP_KEY(struct hep_published_study, variant_small, "variant_below_10_mm", read_span, .min = 0),
    HEP_KEY(struct hep_published_study, reference_small, "reference_below_10_mm", read_span,
            .min = 0),
    { .name = "protocols", .read = read_protocols, .required = true },
    { 0 },
};
#undef ROW

static int read_studies(const struct hep_reader *r, const struct hep_yaml *list,
                        const struct hep_key *key, void *to)
{
    static const struct hep_span unknown = { (double)NAN, (double)NAN };
    struct hep_published *out = to;
    int rc = hep_want_type(r, list, HEP_YAML_SEQUENCE, key->name);

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(list); i++) {
        rc = HEP_GROW(out->list, out->n, r->err);
        if (rc != HEP_OK)
            break;
        out->list[out->n] = (struct hep_published_study){ .patients = (double)NAN,
                                                          .lesions = (double)NAN,
                                                          .variant_sensitivity = unknown,
                                                          .reference_sensitivity = unknown,
                                                          .variant_small = unknown,
                                                          .reference_small = unknown };
        rc = hep_read_mapping(r, hep_yaml_at(list, i), "a published study", study_keys,
                              &out->list[out->n++]);
    }
    return rc;
}

int hep_published_read(struct hep_published *out, const char *path, struct hep_error *err)
{
    static const struct hep_key keys[] = {
        { .name = "studies", .read = read_studies, .required = true },
        { 0 },
    };
    int rc = hep_yaml_read(&out->doc, path, err);

    if (rc == HEP_OK)
        rc = hep_read_mapping(&(struct hep_reader){ out->doc, err }, hep_yaml_root(out->doc),
                              "the file", keys, out);
    return rc;
}

bool hep_published_is_about(const struct hep_published_study *s, const char *protocol)
{
    for (size_t i = 0; i < s->n_protocols; i++)
        if (strcmp(s->protocols[i], protocol) == 0)
            return true;
    return false;
}

void hep_published_verdict(struct hep_str *out, const struct hep_published *p, const char *protocol)
{
    size_t none = 0, loss = 0;

    for (size_t i = 0; i < p->n; i++) {
        if (!hep_published_is_about(&p->list[i], protocol))
            continue;
        none += strcmp(p->list[i].finding, NO_LOSS) == 0;
        loss += strcmp(p->list[i].finding, LOSS) == 0;
    }
    if (none + loss == 0)
        hep_str_addf(out, "No published comparison of %s is known.", protocol);
    else if (none > 0 && loss > 0)
        hep_str_addf(
            out,
            "Published results conflict: %zu report%s no loss, %zu a loss. No single value "
            "is to be expected.",
            none, none == 1 ? "s" : "", loss);
    else
        hep_str_addf(out, "%zu published comparison%s: %s.", none + loss,
                     none + loss == 1 ? "" : "s", none > 0 ? NO_LOSS : LOSS);
}
