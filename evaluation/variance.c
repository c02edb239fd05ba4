#include "evaluation/variance.h"

#include "base/alloc.h"
#include "base/number.h"

#include <gsl/gsl_cdf.h>

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void hep_group_moments(double *mean, double *sd, const struct hep_group *g)
{
    double sum = 0.0;
    double squares = 0.0;

    for (size_t i = 0; i < g->n; i++)
        sum += g->value[i];
    *mean = sum / (double)g->n;
    for (size_t i = 0; i < g->n; i++)
        squares += (g->value[i] - *mean) * (g->value[i] - *mean);
    *sd = g->n > 1 ? sqrt(squares / (double)(g->n - 1)) : (double)NAN;
}

static struct hep_f_test f_test(double between, double df_between, double within, double df_within)
{
    struct hep_f_test t = { NAN, df_between, df_within, NAN };

    if (within > 0.0) {
        t.f = between / df_between / (within / df_within);
        t.p = gsl_cdf_fdist_Q(t.f, df_between, df_within);
    }
    return t;
}

/* Sums of squares between and within groups; each value may be replaced by its distance from the group's centre. */
static struct hep_f_test one_way(double *pooled, const struct hep_group *groups, size_t n_groups,
                                 const double *centre)
{
    double total = 0.0;
    double between = 0.0;
    double within = 0.0;
    size_t n = 0;

    for (int pass = 0; pass < 2; pass++) {
        double grand = n > 0 ? total / (double)n : 0.0;

        for (size_t g = 0; g < n_groups; g++) {
            double mean = 0.0;

            for (size_t i = 0; i < groups[g].n; i++) {
                double x = groups[g].value[i];

                mean += (centre != NULL ? fabs(x - centre[g]) : x) / (double)groups[g].n;
            }
            if (pass == 0) {
                total += mean * (double)groups[g].n;
                n += groups[g].n;
                continue;
            }
            between += (double)groups[g].n * (mean - grand) * (mean - grand);
            for (size_t i = 0; i < groups[g].n; i++) {
                double x = groups[g].value[i];
                double d = (centre != NULL ? fabs(x - centre[g]) : x) - mean;

                within += d * d;
            }
        }
    }
    *pooled = within / (double)(n - n_groups);
    return f_test(between, (double)n_groups - 1.0, within, (double)(n - n_groups));
}

/* Welch 1951, equation 10: means weighted by n / variance. */
static struct hep_f_test welch(const struct hep_group *groups, size_t n_groups)
{
    struct hep_f_test t = { NAN, (double)n_groups - 1.0, NAN, NAN };
    double weights = 0.0;
    double grand = 0.0;
    double between = 0.0;
    double lambda = 0.0;
    double k = (double)n_groups;

    for (size_t g = 0; g < n_groups; g++) {
        double mean = 0.0;
        double sd = 0.0;

        hep_group_moments(&mean, &sd, &groups[g]);
        if (!(sd > 0.0))
            return t;
        weights += (double)groups[g].n / (sd * sd);
        grand += (double)groups[g].n / (sd * sd) * mean;
    }
    grand /= weights;
    for (size_t g = 0; g < n_groups; g++) {
        double mean = 0.0;
        double sd = 0.0;
        double w = 0.0;

        hep_group_moments(&mean, &sd, &groups[g]);
        w = (double)groups[g].n / (sd * sd);
        between += w * (mean - grand) * (mean - grand) / (k - 1.0);
        lambda += (1.0 - w / weights) * (1.0 - w / weights) / ((double)groups[g].n - 1.0);
    }
    t.f = between / (1.0 + 2.0 * (k - 2.0) / (k * k - 1.0) * lambda);
    t.df_within = (k * k - 1.0) / (3.0 * lambda);
    t.p = gsl_cdf_fdist_Q(t.f, t.df_between, t.df_within);
    return t;
}

static int median_of(double *out, const struct hep_group *g, struct hep_error *err)
{
    double *sorted = NULL;

    if (HEP_NEW(sorted, g->n, err) != HEP_OK)
        return HEP_ENOMEM;
    memcpy(sorted, g->value, g->n * sizeof *sorted);
    qsort(sorted, g->n, sizeof *sorted, hep_compare_doubles);
    *out = hep_quantile_sorted(sorted, g->n, 0.5);
    free(sorted);
    return HEP_OK;
}

int hep_variance_of(struct hep_variance *out, const struct hep_group *groups, size_t n_groups,
                    struct hep_error *err)
{
    double *centre = NULL;
    double unused = 0.0;
    int rc = HEP_OK;

    if (n_groups < 2)
        return HEP_FAIL(err, HEP_EDATA, "%zu group: at least two are compared", n_groups);
    for (size_t g = 0; g < n_groups; g++) {
        if (groups[g].n < 2)
            return HEP_FAIL(err, HEP_EDATA,
                            "group %zu of %zu has %zu value: two are needed for its spread", g + 1,
                            n_groups, groups[g].n);
    }
    if (HEP_NEW(centre, n_groups, err) != HEP_OK)
        return HEP_ENOMEM;
    out->anova = one_way(&out->pooled_variance, groups, n_groups, NULL);
    out->welch = welch(groups, n_groups);
    for (size_t g = 0; g < n_groups; g++)
        hep_group_moments(&centre[g], &unused, &groups[g]);
    out->levene_mean = one_way(&unused, groups, n_groups, centre);
    for (size_t g = 0; rc == HEP_OK && g < n_groups; g++)
        rc = median_of(&centre[g], &groups[g], err);
    out->levene_median = one_way(&unused, groups, n_groups, centre);
    free(centre);
    return rc;
}

void hep_variance_pair(struct hep_pair_test *out, const struct hep_variance *v,
                       const struct hep_group *a, const struct hep_group *b, size_t n_groups)
{
    double df = v->anova.df_within;
    double pairs = (double)n_groups * ((double)n_groups - 1.0) / 2.0;
    double mean_a = 0.0;
    double mean_b = 0.0;
    double sd = 0.0;
    double se = sqrt(v->pooled_variance * (1.0 / (double)a->n + 1.0 / (double)b->n));
    double half = gsl_cdf_tdist_Pinv(0.975, df) * se;

    hep_group_moments(&mean_a, &sd, a);
    hep_group_moments(&mean_b, &sd, b);
    out->difference = mean_a - mean_b;
    out->lo = out->difference - half;
    out->hi = out->difference + half;
    out->p_lsd = se > 0.0 ? 2.0 * gsl_cdf_tdist_Q(fabs(out->difference) / se, df) : (double)NAN;
    out->p_bonferroni = fmin(1.0, out->p_lsd * pairs);
    if (isnan(out->p_lsd))
        out->p_bonferroni = NAN;
}

struct labelled {
    double value;
    bool is_positive;
};

static int by_value(const void *a, const void *b)
{
    const struct labelled *x = a;
    const struct labelled *y = b;

    return (x->value > y->value) - (x->value < y->value);
}

/* Walks the sorted values from the positive end; a cut-off lies at a value, ties go together. */
static void walk(struct hep_cut_off *out, const struct labelled *all, size_t n, double n_positive,
                 double n_negative)
{
    double best = -1.0;
    double found = 0.0;
    double wrong = 0.0;

    for (size_t k = 0; k < n; k++) {
        size_t i = out->below ? k : n - 1 - k;
        size_t next = out->below ? i + 1 : i - 1;

        found += all[i].is_positive;
        wrong += !all[i].is_positive;
        if (k + 1 < n && !(all[next].value > all[i].value) && !(all[next].value < all[i].value))
            continue;
        if (found / n_positive - wrong / n_negative > best) {
            best = found / n_positive - wrong / n_negative;
            out->value = all[i].value;
            out->sensitivity = found / n_positive;
            out->specificity = 1.0 - wrong / n_negative;
        }
    }
}

int hep_best_cut_off(struct hep_cut_off *out, const struct hep_group *positive,
                     const struct hep_group *negative, int below, struct hep_error *err)
{
    size_t n = positive->n + negative->n;
    struct labelled *all = NULL;

    *out = (struct hep_cut_off){ NAN, below, NAN, NAN };
    if (positive->n == 0 || negative->n == 0)
        return HEP_FAIL(err, HEP_EDATA, "a cut-off needs values of both kinds");
    if (HEP_NEW(all, n, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        all[i].is_positive = i < positive->n;
        all[i].value = i < positive->n ? positive->value[i] : negative->value[i - positive->n];
    }
    qsort(all, n, sizeof *all, by_value);
    walk(out, all, n, (double)positive->n, (double)negative->n);
    free(all);
    return HEP_OK;
}
