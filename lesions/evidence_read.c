/* Reading evidence.yml. */
#include "lesions/evidence.h"

#include "base/alloc.h"
#include "base/text.h"
#include "base/yaml.h"

#include <math.h>
#include <stdlib.h>

#define SUM_TOLERANCE 0.005
#define MAX_LR 1e6

struct reader {
    struct hep_yaml_doc *doc;
    struct hep_error *err;
};

/* ---- pieces ---------------------------------------------------------------------------------- */

/** The mapping has only these keys, and all those without a leading '?'. */
static int check_keys(const struct reader *r, const struct hep_yaml *map, const char *what,
                      const char *const *keys, size_t n)
{
    const char *plain[16];

    if (hep_yaml_type(map) != HEP_YAML_MAPPING)
        return hep_yaml_fail(r->doc, map, r->err, "%s must be a mapping", what);
    for (size_t k = 0; k < n; k++)
        plain[k] = keys[k] + (keys[k][0] == '?');
    for (size_t i = 0; i < hep_yaml_size(map); i++) {
        const char *key = hep_yaml_key_at(map, i), *near;
        size_t k = 0;

        while (k < n && strcmp(plain[k], key) != 0)
            k++;
        if (k < n)
            continue;
        near = hep_did_you_mean(key, plain, n);
        return hep_yaml_fail(r->doc, hep_yaml_key_node(map, i), r->err, "unknown key '%s'%s%s%s",
                             key, near ? "; did you mean '" : "", near ? near : "",
                             near ? "'?" : "");
    }
    for (size_t k = 0; k < n; k++)
        if (keys[k][0] != '?' && hep_yaml_get(map, keys[k]) == NULL)
            return hep_yaml_fail(r->doc, map, r->err, "%s lacks the key '%s'", what, keys[k]);
    return HEP_OK;
}

static int read_text(const char **out, const struct reader *r, const struct hep_yaml *map,
                     const char *key)
{
    const struct hep_yaml *node = hep_yaml_get(map, key);
    const char *text = hep_yaml_text(node);

    if (text == NULL || text[0] == '\0')
        return hep_yaml_fail(r->doc, node ? node : map, r->err,
                             "%s must be a text that is not empty", key);
    *out = text;
    return HEP_OK;
}

/** NaN when the key is absent; that it must be there is checked elsewhere. */
static int read_number(double *out, const struct reader *r, const struct hep_yaml *map,
                       const char *key, double min, double max)
{
    const struct hep_yaml *node = hep_yaml_get(map, key);
    double x;
    int rc;

    *out = (double)NAN;
    if (node == NULL)
        return HEP_OK;
    rc = hep_yaml_number(&x, r->doc, node, r->err);
    if (rc != HEP_OK)
        return rc;
    if (!(x >= min && x <= max))
        return hep_yaml_fail(r->doc, node, r->err, "%s is %g, allowed are %g to %g", key, x, min,
                             max);
    *out = x;
    return HEP_OK;
}

static int fail_class(const struct reader *r, const struct hep_yaml *map, size_t i)
{
    const char *names[HEP_CLASS_COUNT];
    const char *key = hep_yaml_key_at(map, i), *near;

    for (int c = 0; c < HEP_CLASS_COUNT; c++)
        names[c] = hep_class_name((enum hep_lesion_class)c);
    near = hep_did_you_mean(key, names, HEP_CLASS_COUNT);
    return hep_yaml_fail(r->doc, hep_yaml_key_node(map, i), r->err, "unknown class '%s'%s%s%s", key,
                         near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

/** One number per class; those that are not named stay 0. */
static int read_classes(double out[HEP_CLASS_COUNT], const struct reader *r,
                        const struct hep_yaml *map, const char *what)
{
    if (hep_yaml_type(map) != HEP_YAML_MAPPING)
        return hep_yaml_fail(r->doc, map, r->err, "%s must be a mapping of classes", what);
    for (size_t i = 0; i < hep_yaml_size(map); i++) {
        const char *key = hep_yaml_key_at(map, i);
        const enum hep_lesion_class c = hep_class_from_name(key);
        int rc;

        if (c == HEP_CLASS_COUNT)
            return fail_class(r, map, i);
        rc = read_number(&out[c], r, map, key, 1e-6, 1.0);
        if (rc != HEP_OK)
            return rc;
    }
    return HEP_OK;
}

static int read_mark(enum hep_mark *out, const struct reader *r, const struct hep_yaml *map)
{
    const char *text = NULL;
    int rc = read_text(&text, r, map, "mark");

    if (rc != HEP_OK || text == NULL)
        return rc;
    if (strcmp(text, "verified") != 0 && strcmp(text, "general") != 0)
        return hep_yaml_fail(r->doc, hep_yaml_get(map, "mark"), r->err,
                             "mark must be verified or general, not '%s'", text);
    *out = text[0] == 'v' ? HEP_MARK_VERIFIED : HEP_MARK_GENERAL;
    return HEP_OK;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static int read_outcome(struct hep_evidence_outcome *out, const struct reader *r,
                        const struct hep_yaml *map)
{
    static const char *const keys[] = { "name",          "?below", "likelihood",
                                        "?published_lr", "source", "mark" };
    const struct hep_yaml *likelihood;
    int rc = check_keys(r, map, "an outcome", keys, sizeof keys / sizeof keys[0]);

    if (rc == HEP_OK)
        rc = read_text(&out->name, r, map, "name");
    if (rc == HEP_OK)
        rc = read_number(&out->below, r, map, "below", -MAX_LR, MAX_LR);
    if (rc == HEP_OK)
        rc = read_number(&out->published_lr, r, map, "published_lr", 1.0 / MAX_LR, MAX_LR);
    if (rc == HEP_OK)
        rc = read_text(&out->source, r, map, "source");
    if (rc == HEP_OK)
        rc = read_mark(&out->mark, r, map);
    if (rc != HEP_OK)
        return rc;
    if (isnan(out->below))
        out->below = (double)INFINITY;
    likelihood = hep_yaml_get(map, "likelihood");
    rc = read_classes(out->likelihood, r, likelihood, "likelihood");
    for (int c = 0; rc == HEP_OK && c < HEP_CLASS_COUNT; c++)
        if (out->likelihood[c] <= 0.0)
            rc = hep_yaml_fail(r->doc, likelihood, r->err, "likelihood lacks the class '%s'",
                               hep_class_name((enum hep_lesion_class)c));
    return rc;
}

static int read_subject(struct hep_evidence_rule *rule, const struct reader *r,
                        const struct hep_yaml *map)
{
    const char *flag = NULL;
    int rc;

    rule->is_flag = hep_yaml_get(map, "flag") != NULL;
    if (rule->is_flag == (hep_yaml_get(map, "measure") != NULL))
        return hep_yaml_fail(r->doc, map, r->err, "a rule needs one of 'flag' and 'measure'");
    if (!rule->is_flag)
        return read_text(&rule->measure, r, map, "measure");
    rc = read_text(&flag, r, map, "flag");
    for (int i = 0; rc == HEP_OK && i < HEP_FLAG_COUNT; i++) {
        if (strcmp(hep_flag_name((enum hep_flag)i), flag) == 0) {
            rule->flag = (enum hep_flag)i;
            return HEP_OK;
        }
    }
    return rc != HEP_OK ? rc
                        : hep_yaml_fail(r->doc, hep_yaml_get(map, "flag"), r->err,
                                        "unknown flag '%s'", flag);
}

/** Outcomes of a flag are present and absent; those of a measure rise and end without a bound. */
static int check_order(const struct hep_evidence_rule *rule, const struct reader *r,
                       const struct hep_yaml *list)
{
    const struct hep_evidence_outcome *o = rule->outcome;

    if (rule->is_flag) {
        if (rule->n_outcomes != 2 || strcmp(o[0].name, "present") != 0 ||
            strcmp(o[1].name, "absent") != 0 || isfinite(o[0].below) || isfinite(o[1].below))
            return hep_yaml_fail(r->doc, list, r->err,
                                 "outcomes of a flag must be present and absent, in this order, "
                                 "without 'below'");
        return HEP_OK;
    }
    for (size_t i = 0; i < rule->n_outcomes; i++)
        if (isfinite(o[i].below) != (i + 1 < rule->n_outcomes) ||
            (i > 0 && !(o[i].below > o[i - 1].below)))
            return hep_yaml_fail(
                r->doc, hep_yaml_at(list, i), r->err,
                "'below' must rise from outcome to outcome, and the last has none");
    return HEP_OK;
}

static int check_sums(const struct hep_evidence_rule *rule, const struct reader *r,
                      const struct hep_yaml *list)
{
    for (int c = 0; c < HEP_CLASS_COUNT; c++) {
        double sum = 0.0;

        for (size_t i = 0; i < rule->n_outcomes; i++)
            sum += rule->outcome[i].likelihood[c];
        if (fabs(sum - 1.0) > SUM_TOLERANCE)
            return hep_yaml_fail(r->doc, list, r->err,
                                 "likelihoods of %s sum to %g over the outcomes, not to 1",
                                 hep_class_name((enum hep_lesion_class)c), sum);
    }
    return HEP_OK;
}

static int read_rule(struct hep_evidence_rule *rule, const struct reader *r,
                     const struct hep_yaml *map)
{
    static const char *const keys[] = { "name",     "group",     "?flag",
                                        "?measure", "?arterial", "outcomes" };
    const struct hep_yaml *list;
    int rc = check_keys(r, map, "a rule", keys, sizeof keys / sizeof keys[0]);

    if (rc == HEP_OK)
        rc = read_text(&rule->name, r, map, "name");
    if (rc == HEP_OK)
        rc = read_text(&rule->group, r, map, "group");
    if (rc == HEP_OK)
        rc = read_subject(rule, r, map);
    if (rc == HEP_OK && hep_yaml_get(map, "arterial") != NULL)
        rc = hep_yaml_bool(&rule->arterial, r->doc, hep_yaml_get(map, "arterial"), r->err);
    if (rc != HEP_OK)
        return rc;
    list = hep_yaml_get(map, "outcomes");
    rule->n_outcomes = hep_yaml_size(list);
    if (hep_yaml_type(list) != HEP_YAML_SEQUENCE || rule->n_outcomes < 2 ||
        rule->n_outcomes > HEP_EVIDENCE_MAX_OUTCOMES)
        return hep_yaml_fail(r->doc, list, r->err, "outcomes must be a list of 2 to %d",
                             HEP_EVIDENCE_MAX_OUTCOMES);
    for (size_t i = 0; rc == HEP_OK && i < rule->n_outcomes; i++)
        rc = read_outcome(&rule->outcome[i], r, hep_yaml_at(list, i));
    if (rc == HEP_OK)
        rc = check_order(rule, r, list);
    if (rc == HEP_OK)
        rc = check_sums(rule, r, list);
    return rc;
}

static int read_rules(struct hep_evidence_table *t, const struct reader *r,
                      const struct hep_yaml *list)
{
    const size_t n = hep_yaml_size(list);
    int rc = HEP_OK;

    if (hep_yaml_type(list) != HEP_YAML_SEQUENCE || n < 1 || n > HEP_EVIDENCE_MAX - 2)
        return hep_yaml_fail(r->doc, list, r->err, "rules must be a list of 1 to %d",
                             HEP_EVIDENCE_MAX - 2);
    if (HEP_NEW(t->rule, n, r->err) != HEP_OK)
        return HEP_ENOMEM;
    for (t->n = 0; rc == HEP_OK && t->n < n; t->n += rc == HEP_OK) {
        rc = read_rule(&t->rule[t->n], r, hep_yaml_at(list, t->n));
        for (size_t i = 0; rc == HEP_OK && i < t->n; i++)
            if (strcmp(t->rule[i].name, t->rule[t->n].name) == 0)
                rc = hep_yaml_fail(r->doc, hep_yaml_at(list, t->n), r->err, "two rules named '%s'",
                                   t->rule[i].name);
    }
    return rc;
}

/* ---- the file -------------------------------------------------------------------------------- */

static int read_shares(struct hep_evidence_table *t, const struct reader *r,
                       const struct hep_yaml *map)
{
    double sum = 0.0;
    int rc = read_classes(t->share, r, map, "shares");

    for (int c = 0; rc == HEP_OK && c < HEP_CLASS_COUNT; c++) {
        const bool met = c == HEP_CLASS_METASTASIS;

        if (met != (t->share[c] <= 0.0))
            rc = hep_yaml_fail(r->doc, map, r->err,
                               met ? "shares are of the other classes: take '%s' out"
                                   : "shares lack the class '%s'",
                               hep_class_name((enum hep_lesion_class)c));
        sum += t->share[c];
    }
    if (rc == HEP_OK && fabs(sum - 1.0) > SUM_TOLERANCE)
        rc = hep_yaml_fail(r->doc, map, r->err, "shares sum to %g, not to 1", sum);
    return rc;
}

static int read_calibration(struct hep_evidence_calibration *c, const struct reader *r,
                            const struct hep_yaml *map)
{
    static const char *const keys[] = { "slope",      "intercept", "date",
                                        "trained_on", "tested_on", "n_trained",
                                        "n_tested",   "?brier",    "?ece" };
    int rc = check_keys(r, map, "calibration", keys, sizeof keys / sizeof keys[0]);

    if (rc == HEP_OK)
        rc = read_number(&c->slope, r, map, "slope", 0.01, 100.0);
    if (rc == HEP_OK)
        rc = read_number(&c->intercept, r, map, "intercept", -100.0, 100.0);
    if (rc == HEP_OK)
        rc = read_text(&c->date, r, map, "date");
    if (rc == HEP_OK)
        rc = read_text(&c->trained_on, r, map, "trained_on");
    if (rc == HEP_OK)
        rc = read_text(&c->tested_on, r, map, "tested_on");
    if (rc == HEP_OK)
        rc = read_number(&c->n_trained, r, map, "n_trained", 0.0, 1e9);
    if (rc == HEP_OK)
        rc = read_number(&c->n_tested, r, map, "n_tested", 0.0, 1e9);
    if (rc == HEP_OK)
        rc = read_number(&c->brier, r, map, "brier", 0.0, 1.0);
    if (rc == HEP_OK)
        rc = read_number(&c->ece, r, map, "ece", 0.0, 1.0);
    return rc;
}

/** Ratio of each outcome for metastasis against the others in their shares. */
static void set_ratios(struct hep_evidence_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        for (size_t k = 0; k < t->rule[i].n_outcomes; k++) {
            struct hep_evidence_outcome *o = &t->rule[i].outcome[k];
            double others = 0.0;

            for (int c = 0; c < HEP_CLASS_COUNT; c++)
                others += t->share[c] * o->likelihood[c];
            o->lr = o->likelihood[HEP_CLASS_METASTASIS] / others;
        }
}

/** Takes the document over, also on failure. */
static int from_document(struct hep_evidence_table **out, struct hep_yaml_doc *doc,
                         struct hep_error *err)
{
    static const char *const keys[] = { "shares", "calibration", "rules" };
    const struct reader r = { doc, err };
    const struct hep_yaml *root = hep_yaml_root(doc);
    struct hep_evidence_table *t = hep_calloc(1, sizeof *t, err);
    int rc;

    if (t == NULL) {
        hep_yaml_free(doc);
        return HEP_ENOMEM;
    }
    t->doc = doc;
    rc = check_keys(&r, root, "the file", keys, sizeof keys / sizeof keys[0]);
    if (rc == HEP_OK)
        rc = read_shares(t, &r, hep_yaml_get(root, "shares"));
    if (rc == HEP_OK)
        rc = read_calibration(&t->calibration, &r, hep_yaml_get(root, "calibration"));
    if (rc == HEP_OK)
        rc = read_rules(t, &r, hep_yaml_get(root, "rules"));
    if (rc != HEP_OK) {
        hep_evidence_free(t);
        return rc;
    }
    set_ratios(t);
    *out = t;
    return HEP_OK;
}

int hep_evidence_parse(struct hep_evidence_table **out, const char *text, size_t n,
                       const char *name, struct hep_error *err)
{
    struct hep_yaml_doc *doc = NULL;
    int rc = hep_yaml_parse(&doc, text, n, name, err);

    return rc == HEP_OK ? from_document(out, doc, err) : rc;
}

int hep_evidence_read(struct hep_evidence_table **out, const char *path, struct hep_error *err)
{
    struct hep_yaml_doc *doc = NULL;
    int rc = hep_yaml_read(&doc, path, err);

    return rc == HEP_OK ? from_document(out, doc, err) : rc;
}

void hep_evidence_free(struct hep_evidence_table *table)
{
    if (table == NULL)
        return;
    free(table->rule);
    hep_yaml_free(table->doc);
    free(table);
}
