/* Reading evidence.yml. */
#include "lesions/evidence.h"

#include "base/alloc.h"
#include "base/schema.h"

#include <math.h>
#include <stdlib.h>

#define SUM_TOLERANCE 0.005
#define MAX_LR 1e6

/* ---- pieces -----------------------------------------------------------------------------------
 */

/** One number per class; those that are not named stay 0. */
static int read_classes(const struct hep_reader *r, const struct hep_yaml *map,
                        const struct hep_key *key, void *to)
{
    const char *names[HEP_CLASS_COUNT];
    double *out = to;
    int rc = hep_want_type(r, map, HEP_YAML_MAPPING, key->name);

    for (int c = 0; c < HEP_CLASS_COUNT; c++)
        names[c] = hep_class_name((enum hep_lesion_class)c);
    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(map); i++) {
        size_t c = 0;

        rc = hep_find_word(&c, r, hep_yaml_key_node(map, i), "class", names, HEP_CLASS_COUNT);
        if (rc == HEP_OK)
            rc = hep_read_number(r, hep_yaml_at(map, i),
                                 &(struct hep_key){ .name = names[c], .min = 1e-6, .max = 1.0 },
                                 &out[c]);
    }
    return rc;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static int read_likelihood(const struct hep_reader *r, const struct hep_yaml *map,
                           const struct hep_key *key, void *to)
{
    const double *likelihood = to;
    int rc = read_classes(r, map, key, to);

    for (int c = 0; rc == HEP_OK && c < HEP_CLASS_COUNT; c++)
        if (likelihood[c] <= 0.0)
            rc = hep_yaml_fail(r->doc, map, r->err, "likelihood lacks the class '%s'",
                               hep_class_name((enum hep_lesion_class)c));
    return rc;
}

#define ROW(member, reader, ...)                                                                   \
    HEP_KEY(struct hep_evidence_outcome, member, #member, reader, __VA_ARGS__)
static const struct hep_key outcome_keys[] = {
    ROW(name, hep_read_text, .required = true),
    ROW(below, hep_read_number, .min = -MAX_LR, .max = MAX_LR),
    ROW(published_lr, hep_read_number, .min = 1.0 / MAX_LR, .max = MAX_LR),
    ROW(source, hep_read_text, .required = true),
    ROW(mark, hep_read_choice, .required = true, .words = hep_mark_words),
    ROW(likelihood, read_likelihood, .required = true),
    { 0 },
};
#undef ROW

static int read_outcomes(const struct hep_reader *r, const struct hep_yaml *list,
                         const struct hep_key *key, void *to)
{
    struct hep_evidence_rule *rule = to;
    int rc = hep_want_list(r, list, key->name, 2, HEP_EVIDENCE_MAX_OUTCOMES);

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(list); i++) {
        rule->outcome[i].below = (double)INFINITY;
        rule->outcome[i].published_lr = (double)NAN;
        rc = hep_read_mapping(r, hep_yaml_at(list, i), "an outcome", outcome_keys,
                              &rule->outcome[i]);
        rule->n_outcomes = i + 1;
    }
    return rc;
}

static int read_flag(const struct hep_reader *r, const struct hep_yaml *node,
                     const struct hep_key *key, void *to)
{
    const char *names[HEP_FLAG_COUNT];
    struct hep_evidence_rule *rule = to;
    size_t flag = 0;
    int rc;

    for (int i = 0; i < (int)HEP_FLAG_COUNT; i++)
        names[i] = hep_flag_name((enum hep_flag)i);
    rc = hep_find_word(&flag, r, node, key->name, names, HEP_FLAG_COUNT);
    rule->flag = (enum hep_flag)flag;
    rule->is_flag = true;
    return rc;
}

static int read_measure(const struct hep_reader *r, const struct hep_yaml *node,
                        const struct hep_key *key, void *to)
{
    struct hep_evidence_rule *rule = to;
    const char *name = hep_yaml_text(node);

    rule->measure = name != NULL ? hep_measure_find(HEP_SUBJECT_LESION, name) : HEP_MEASURE_COUNT;
    return rule->measure != HEP_MEASURE_COUNT
               ? HEP_OK
               : hep_yaml_fail(r->doc, node, r->err, "unknown %s '%s' of a lesion", key->name,
                               name != NULL ? name : "");
}

/** Outcomes of a flag are present and absent; those of a measure rise and end without a bound. */
static int check_order(const struct hep_evidence_rule *rule, const struct hep_reader *r,
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

static int check_sums(const struct hep_evidence_rule *rule, const struct hep_reader *r,
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

#define ROW(member, reader, ...)                                                                   \
    HEP_KEY(struct hep_evidence_rule, member, #member, reader, __VA_ARGS__)
static const struct hep_key rule_keys[] = {
    ROW(name, hep_read_text, .required = true),
    ROW(group, hep_read_text, .required = true),
    { .name = "flag", .read = read_flag },
    { .name = "measure", .read = read_measure },
    ROW(arterial, hep_read_bool, .required = false),
    { .name = "outcomes", .read = read_outcomes, .required = true },
    { 0 },
};
#undef ROW

static int read_rule(struct hep_evidence_rule *rule, const struct hep_reader *r,
                     const struct hep_yaml *map)
{
    const struct hep_yaml *list = hep_yaml_get(map, "outcomes");
    int rc;

    rule->measure = HEP_MEASURE_COUNT;
    rc = hep_read_mapping(r, map, "a rule", rule_keys, rule);
    if (rc == HEP_OK && rule->is_flag == (rule->measure != HEP_MEASURE_COUNT))
        rc = hep_yaml_fail(r->doc, map, r->err, "a rule needs one of 'flag' and 'measure'");
    if (rc == HEP_OK)
        rc = check_order(rule, r, list);
    if (rc == HEP_OK)
        rc = check_sums(rule, r, list);
    return rc;
}

static int read_rules(const struct hep_reader *r, const struct hep_yaml *list,
                      const struct hep_key *key, void *to)
{
    struct hep_evidence_table *t = to;
    const size_t n = hep_yaml_size(list);
    int rc = hep_want_list(r, list, key->name, 1, HEP_EVIDENCE_MAX - 2);

    if (rc == HEP_OK)
        rc = HEP_NEW(t->rule, n, r->err);
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

static int read_shares(const struct hep_reader *r, const struct hep_yaml *map,
                       const struct hep_key *key, void *to)
{
    const double *share = to;
    double sum = 0.0;
    int rc = read_classes(r, map, key, to);

    for (int c = 0; rc == HEP_OK && c < HEP_CLASS_COUNT; c++) {
        const bool met = c == HEP_CLASS_METASTASIS;

        if (met != (share[c] <= 0.0))
            rc = hep_yaml_fail(r->doc, map, r->err,
                               met ? "shares are of the other classes: take '%s' out"
                                   : "shares lack the class '%s'",
                               hep_class_name((enum hep_lesion_class)c));
        sum += share[c];
    }
    if (rc == HEP_OK && fabs(sum - 1.0) > SUM_TOLERANCE)
        rc = hep_yaml_fail(r->doc, map, r->err, "shares sum to %g, not to 1", sum);
    return rc;
}

#define ROW(member, reader, ...)                                                                   \
    HEP_KEY(struct hep_evidence_calibration, member, #member, reader, __VA_ARGS__)
static int read_calibration(const struct hep_reader *r, const struct hep_yaml *map,
                            const struct hep_key *key, void *to)
{
    static const struct hep_key keys[] = {
        ROW(slope, hep_read_number, .required = true, .min = 0.01, .max = 100.0),
        ROW(intercept, hep_read_number, .required = true, .min = -100.0, .max = 100.0),
        ROW(date, hep_read_text, .required = true),
        ROW(trained_on, hep_read_text, .required = true),
        ROW(tested_on, hep_read_text, .required = true),
        ROW(n_trained, hep_read_number, .required = true, .max = 1e9),
        ROW(n_tested, hep_read_number, .required = true, .max = 1e9),
        ROW(brier, hep_read_number, .max = 1.0),
        ROW(ece, hep_read_number, .max = 1.0),
        { 0 },
    };
    struct hep_evidence_calibration *c = to;

    c->brier = c->ece = (double)NAN;
    return hep_read_mapping(r, map, key->name, keys, to);
}
#undef ROW

void hep_evidence_set_ratios(struct hep_evidence_table *t)
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
    static const struct hep_key keys[] = {
        HEP_KEY(struct hep_evidence_table, share, "shares", read_shares, .required = true),
        HEP_KEY(struct hep_evidence_table, calibration, "calibration", read_calibration,
                .required = true),
        { .name = "rules", .read = read_rules, .required = true },
        { 0 },
    };
    struct hep_evidence_table *t = hep_calloc(1, sizeof *t, err);
    int rc;

    if (t == NULL) {
        hep_yaml_free(doc);
        return HEP_ENOMEM;
    }
    t->doc = doc;
    rc =
        hep_read_mapping(&(struct hep_reader){ doc, err }, hep_yaml_root(doc), "the file", keys, t);
    if (rc != HEP_OK) {
        hep_evidence_free(t);
        return rc;
    }
    hep_evidence_set_ratios(t);
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
