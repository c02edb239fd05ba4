#include "evaluation/roc.h"

#include "base/alloc.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>

/* Midranks from 1 of n values. */
static int midranks(double *rank, const double *x, size_t n, struct hep_error *err)
{
    size_t *order = hep_calloc(n + 1, sizeof *order, err);

    if (order == NULL)
        return HEP_ENOMEM;
    if (n > 0)
        gsl_sort_index(order, x, 1, n);
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i; j < n && x[order[j]] == x[order[i]]; j++)
            ;
        for (size_t k = i; k < j; k++)
            rank[order[k]] = 0.5 * (double)(i + 1 + j);
    }
    free(order);
    return HEP_OK;
}

/* Structural components: v10 shape [m], then v01 shape [n]. Work: 2 (m + n) values. */
static int components(double *v, double *work, const double *positive, size_t m,
                      const double *negative, size_t n, struct hep_error *err)
{
    double *joint = work, *rank = work + m + n;
    int rc;

    for (size_t i = 0; i < m; i++)
        joint[i] = positive[i];
    for (size_t j = 0; j < n; j++)
        joint[m + j] = negative[j];
    rc = midranks(rank, joint, m + n, err);
    if (rc == HEP_OK)
        rc = midranks(v, positive, m, err);
    if (rc == HEP_OK)
        rc = midranks(v + m, negative, n, err);
    for (size_t i = 0; rc == HEP_OK && i < m; i++)
        v[i] = (rank[i] - v[i]) / (double)n;
    for (size_t j = m; rc == HEP_OK && j < m + n; j++)
        v[j] = 1.0 - (rank[j] - v[j]) / (double)m;
    return rc;
}

static double mean_of(const double *x, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return n > 0 ? sum / (double)n : (double)NAN;
}

static double cross(const double *x, const double *y, size_t n)
{
    const double mx = mean_of(x, n), my = mean_of(y, n);
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mx) * (y[i] - my);
    return n > 1 ? sum / (double)(n - 1) : (double)NAN;
}

static double covariance(const double *a, const double *b, size_t m, size_t n)
{
    return cross(a, b, m) / (double)m + cross(a + m, b + m, n) / (double)n;
}

static struct hep_auc area(const double *v, size_t m, size_t n)
{
    struct hep_auc out = { m, n, (double)NAN, (double)NAN, (double)NAN, (double)NAN };
    double half;

    if (m == 0 || n == 0)
        return out;
    out.value = mean_of(v, m);
    if (m < 2 || n < 2)
        return out;
    out.variance = covariance(v, v, m, n);
    half = gsl_cdf_ugaussian_Pinv(0.975) * sqrt(out.variance);
    out.lo = fmax(out.value - half, 0.0);
    out.hi = fmin(out.value + half, 1.0);
    return out;
}

int hep_auc_delong(struct hep_auc *out, const double *positive, size_t m, const double *negative,
                   size_t n, struct hep_error *err)
{
    double *v = hep_calloc(3 * (m + n) + 1, sizeof *v, err);
    int rc = v != NULL ? components(v, v + m + n, positive, m, negative, n, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        *out = area(v, m, n);
    free(v);
    return rc;
}

static int by_score(const void *a, const void *b)
{
    const struct hep_auc_case *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    if (x->patient != y->patient)
        return x->patient < y->patient ? -1 : 1;
    return (int)x->is_positive - (int)y->is_positive;
}

void hep_auc_sort(struct hep_auc_case *cases, size_t n)
{
    if (n > 0)
        qsort(cases, n, sizeof cases[0], by_score);
}

double hep_auc_weighted(const struct hep_auc_case *cases, size_t n, const double *weight)
{
    double positives = 0.0, negatives = 0.0, won = 0.0;

    for (size_t i = 0, j; i < n; i = j) {
        double p = 0.0, q = 0.0;

        for (j = i; j < n && cases[j].score == cases[i].score; j++)
            *(cases[j].is_positive ? &p : &q) += weight != NULL ? weight[cases[j].patient] : 1.0;
        won += p * (negatives + 0.5 * q);
        positives += p;
        negatives += q;
    }
    return positives > 0.0 && negatives > 0.0 ? won / (positives * negatives) : (double)NAN;
}
