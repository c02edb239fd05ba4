#include "protocols/published.h"

#include "base/alloc.h"
#include "base/yaml.h"

#include <math.h>

#define NO_LOSS "no loss"
#define LOSS "loss"

void hep_published_release(struct hep_published *p)
{
    free(p->list);
    hep_yaml_free(p->doc);
    *p = (struct hep_published){ 0 };
}

static int read_text(const char **out, const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                     const char *key, struct hep_error *err)
{
    const struct hep_yaml *value = hep_yaml_get(node, key);
    const char *text = value != NULL ? hep_yaml_text(value) : NULL;

    if (text == NULL) {
        (void)hep_yaml_fail(doc, node, err, "a published study needs a text '%s'", key);
        return HEP_ECONFIG;
    }
    *out = text;
    return HEP_OK;
}

static int read_number(double *out, const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                       const char *key, struct hep_error *err)
{
    const struct hep_yaml *value = hep_yaml_get(node, key);

    *out = (double)NAN;
    return value != NULL ? hep_yaml_number(out, doc, value, err) : HEP_OK;
}

/* 0.95, or [0.95, 0.97]. */
static int read_span(struct hep_span *out, const struct hep_yaml_doc *doc,
                     const struct hep_yaml *node, const char *key, struct hep_error *err)
{
    const struct hep_yaml *value = hep_yaml_get(node, key);
    bool two = value != NULL && hep_yaml_type(value) == HEP_YAML_SEQUENCE;
    int rc;

    *out = (struct hep_span){ (double)NAN, (double)NAN };
    if (value == NULL)
        return HEP_OK;
    if (two && hep_yaml_size(value) != 2)
        return hep_yaml_fail(doc, value, err, "%s: a fraction, or the lowest and the highest", key);
    rc = hep_yaml_number(&out->lo, doc, two ? hep_yaml_at(value, 0) : value, err);
    if (rc == HEP_OK)
        rc = hep_yaml_number(&out->hi, doc, two ? hep_yaml_at(value, 1) : value, err);
    if (rc == HEP_OK && !(out->lo >= 0.0 && out->lo <= out->hi && out->hi <= 1.0))
        return hep_yaml_fail(doc, value, err, "%s: fractions from 0 to 1, the lower one first",
                             key);
    return rc;
}

static int read_protocols(struct hep_published_study *s, const struct hep_yaml_doc *doc,
                          const struct hep_yaml *node, struct hep_error *err)
{
    const struct hep_yaml *list = hep_yaml_get(node, "protocols");

    if (list == NULL || hep_yaml_type(list) != HEP_YAML_SEQUENCE)
        return hep_yaml_fail(doc, node, err, "a published study needs a list 'protocols'");
    for (size_t i = 0; i < hep_yaml_size(list) && i < 16; i++) {
        s->protocols[i] = hep_yaml_text(hep_yaml_at(list, i));
        if (s->protocols[i] == NULL)
            return hep_yaml_fail(doc, list, err, "protocols: a list of names");
        s->n_protocols++;
    }
    return HEP_OK;
}

static int read_study(struct hep_published_study *s, const struct hep_yaml_doc *doc,
                      const struct hep_yaml *node, struct hep_error *err)
{
    int rc = read_text(&s->variant, doc, node, "variant", err);

    if (rc == HEP_OK)
        rc = read_text(&s->reference, doc, node, "reference", err);
    if (rc == HEP_OK)
        rc = read_text(&s->source, doc, node, "source", err);
    if (rc == HEP_OK)
        rc = read_text(&s->mark, doc, node, "mark", err);
    if (rc == HEP_OK)
        rc = read_text(&s->finding, doc, node, "finding", err);
    if (rc == HEP_OK && strcmp(s->finding, LOSS) != 0 && strcmp(s->finding, NO_LOSS) != 0)
        rc = hep_yaml_fail(doc, hep_yaml_get(node, "finding"), err,
                           "finding: '" LOSS "' or '" NO_LOSS "'");
    if (rc == HEP_OK)
        rc = read_number(&s->patients, doc, node, "patients", err);
    if (rc == HEP_OK)
        rc = read_number(&s->lesions, doc, node, "lesions", err);
    if (rc == HEP_OK)
        rc = read_span(&s->variant_sensitivity, doc, node, "variant_sensitivity", err);
    if (rc == HEP_OK)
        rc = read_span(&s->reference_sensitivity, doc, node, "reference_sensitivity", err);
    if (rc == HEP_OK)
        rc = read_span(&s->variant_small, doc, node, "variant_below_10_mm", err);
    if (rc == HEP_OK)
        rc = read_span(&s->reference_small, doc, node, "reference_below_10_mm", err);
    return rc == HEP_OK ? read_protocols(s, doc, node, err) : rc;
}

int hep_published_read(struct hep_published *out, const char *path, struct hep_error *err)
{
    const struct hep_yaml *list;
    int rc = hep_yaml_read(&out->doc, path, err);

    if (rc != HEP_OK)
        return rc;
    list = hep_yaml_get(hep_yaml_root(out->doc), "studies");
    if (list == NULL || hep_yaml_type(list) != HEP_YAML_SEQUENCE)
        return hep_yaml_fail(out->doc, hep_yaml_root(out->doc), err, "a list 'studies' is needed");
    if (HEP_NEW(out->list, hep_yaml_size(list) + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(list); i++) {
        rc = read_study(&out->list[i], out->doc, hep_yaml_at(list, i), err);
        out->n += rc == HEP_OK;
    }
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

static void add_span(struct hep_str *out, struct hep_span s)
{
    if (s.hi > s.lo)
        hep_str_addf(out, "%.3g-%.3g %%", 100.0 * s.lo, 100.0 * s.hi);
    else
        hep_str_addf(out, "%.3g %%", 100.0 * s.lo);
}

void hep_published_figures(struct hep_str *out, const struct hep_published_study *s)
{
    if (isfinite(s->variant_sensitivity.lo)) {
        hep_str_add(out, "sensitivity ");
        add_span(out, s->variant_sensitivity);
        if (isfinite(s->reference_sensitivity.lo)) {
            hep_str_add(out, " against ");
            add_span(out, s->reference_sensitivity);
        }
    } else {
        hep_str_addf(out, "%s, no figures quoted", s->finding);
    }
    if (isfinite(s->variant_small.lo) && isfinite(s->reference_small.lo)) {
        hep_str_add(out, ", below 10 mm ");
        add_span(out, s->variant_small);
        hep_str_add(out, " against ");
        add_span(out, s->reference_small);
    }
    if (isfinite(s->patients))
        hep_str_addf(out, " (%.0f patients", s->patients);
    if (isfinite(s->patients) && isfinite(s->lesions))
        hep_str_addf(out, ", %.0f lesions", s->lesions);
    hep_str_add(out, isfinite(s->patients) ? ")" : "");
}
