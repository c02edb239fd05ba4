#include "evaluation/groups.h"

#include "base/alloc.h"
#include "base/number.h"
#include "evaluation/roc.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void hep_group_comparison_release(struct hep_group_comparison *c)
{
    free(c->groups);
    free(c->tests);
    free(c->pairs);
    free(c->rocs);
    *c = (struct hep_group_comparison){ 0 };
}

static int add_group(struct hep_group_comparison *c, const char *measure,
                     const struct hep_named_group *g, struct hep_error *err)
{
    struct hep_group_row row = { .measure = measure, .group = g->name, .n = g->values.n };
    double *sorted = NULL;

    if (HEP_NEW(sorted, row.n, err) != HEP_OK || HEP_GROW(c->groups, c->n_groups, err) != HEP_OK) {
        free(sorted);
        return HEP_ENOMEM;
    }
    memcpy(sorted, g->values.value, row.n * sizeof *sorted);
    qsort(sorted, row.n, sizeof *sorted, hep_compare_doubles);
    row.median = hep_quantile_sorted(sorted, row.n, 0.5);
    free(sorted);
    hep_group_moments(&row.mean, &row.sd, &g->values);
    c->groups[c->n_groups++] = row;
    return HEP_OK;
}

static int add_tests(struct hep_group_comparison *c, const char *measure,
                     const struct hep_variance *v, struct hep_error *err)
{
    const struct hep_group_test_row rows[] = {
        { measure, "analysis of variance", v->anova },
        { measure, "Welch", v->welch },
        { measure, "Levene (mean)", v->levene_mean },
        { measure, "Levene (median)", v->levene_median },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (HEP_GROW(c->tests, c->n_tests, err) != HEP_OK)
            return HEP_ENOMEM;
        c->tests[c->n_tests++] = rows[i];
    }
    return HEP_OK;
}

static int add_pairs(struct hep_group_comparison *c, const char *measure,
                     const struct hep_variance *v, const struct hep_named_group *groups, size_t n,
                     struct hep_error *err)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            struct hep_group_pair_row row = { .measure = measure,
                                              .a = groups[i].name,
                                              .b = groups[j].name };

            if (HEP_GROW(c->pairs, c->n_pairs, err) != HEP_OK)
                return HEP_ENOMEM;
            hep_variance_pair(&row.pair, v, &groups[i].values, &groups[j].values, n);
            c->pairs[c->n_pairs++] = row;
        }
    }
    return HEP_OK;
}

static int add_roc(struct hep_group_comparison *c, const char *measure,
                   const struct hep_named_group *groups, size_t n, size_t k, struct hep_error *err)
{
    struct hep_group_roc_row row = { .measure = measure,
                                     .group = groups[k].name,
                                     .n = groups[k].values.n };
    struct hep_group others = { NULL, 0 };
    struct hep_auc auc;
    double *values = NULL;
    int rc = HEP_OK;

    for (size_t g = 0; g < n; g++)
        row.n_others += g == k ? 0 : groups[g].values.n;
    if (HEP_NEW(values, row.n_others, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t g = 0; g < n; g++) {
        if (g == k)
            continue;
        memcpy(values + others.n, groups[g].values.value, groups[g].values.n * sizeof *values);
        others.n += groups[g].values.n;
    }
    others.value = values;
    rc = hep_auc_delong(&auc, groups[k].values.value, row.n, values, others.n, err);
    if (rc == HEP_OK)
        rc = hep_best_cut_off(&row.cut, &groups[k].values, &others, auc.value < 0.5, err);
    if (rc == HEP_OK)
        rc = HEP_GROW(c->rocs, c->n_rocs, err);
    if (rc == HEP_OK) {
        bool below = auc.value < 0.5;

        row.area = below ? 1.0 - auc.value : auc.value;
        row.lo = below ? 1.0 - auc.hi : auc.lo;
        row.hi = below ? 1.0 - auc.lo : auc.hi;
        row.side = below ? "below" : "above";
        c->rocs[c->n_rocs++] = row;
    }
    free(values);
    return rc;
}

/* Does any group hold two values? */
static bool any_spread(const struct hep_named_group *groups, size_t n)
{
    for (size_t g = 0; g < n; g++) {
        const struct hep_group *v = &groups[g].values;

        for (size_t i = 1; i < v->n; i++) {
            if (v->value[i] > v->value[0] || v->value[i] < v->value[0])
                return true;
        }
    }
    return false;
}

int hep_group_compare(struct hep_group_comparison *c, const char *measure,
                      const struct hep_named_group *groups, size_t n, struct hep_error *err)
{
    struct hep_variance v;
    struct hep_group *plain = NULL;
    int rc = HEP_OK;

    for (size_t g = 0; g < n; g++) {
        if (groups[g].values.n < 2)
            return HEP_FAIL(err, HEP_EDATA,
                            "%s: group \"%s\" has %zu value: two are needed for its spread",
                            measure, groups[g].name, groups[g].values.n);
    }
    if (n > 0 && !any_spread(groups, n))
        return HEP_FAIL(err, HEP_EDATA,
                        "%s: no group has any variance: every value equals the others of its group",
                        measure);
    if (HEP_NEW(plain, n + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t g = 0; g < n; g++)
        plain[g] = groups[g].values;
    if (hep_variance_of(&v, plain, n, err) != HEP_OK)
        rc = hep_error_prefix(err, "%s", measure);
    free(plain);
    for (size_t g = 0; rc == HEP_OK && g < n; g++)
        rc = add_group(c, measure, &groups[g], err);
    if (rc == HEP_OK)
        rc = add_tests(c, measure, &v, err);
    if (rc == HEP_OK)
        rc = add_pairs(c, measure, &v, groups, n, err);
    for (size_t g = 0; rc == HEP_OK && g < n; g++)
        rc = add_roc(c, measure, groups, n, g, err);
    return rc;
}
