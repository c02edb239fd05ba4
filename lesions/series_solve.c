#include "lesions/series_solve.h"

#include "base/alloc.h"
#include "lesions/box_run.h"

#include <math.h>
#include <stdlib.h>

#define REACH 6 /* voxels over which noise is taken as correlated */

bool hep_spd_inverse(double out[HEP_SPD_MAX][HEP_SPD_MAX], double *log_det,
                     double m[HEP_SPD_MAX][HEP_SPD_MAX], size_t n)
{
    double l[HEP_SPD_MAX][HEP_SPD_MAX] = { { 0 } }, inv[HEP_SPD_MAX][HEP_SPD_MAX] = { { 0 } };

    *log_det = 0.0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = m[i][j];

            for (size_t k = 0; k < j; k++)
                sum -= l[i][k] * l[j][k];
            if (i == j && !(sum > 1e-12 * m[i][i]))
                return false;
            l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
        }
        *log_det += 2.0 * log(l[i][i]);
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t i = j; i < n; i++) {
            double sum = i == j ? 1.0 : 0.0;

            for (size_t k = j; k < i; k++)
                sum -= l[i][k] * inv[k][j];
            inv[i][j] = sum / l[i][i];
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            out[i][j] = 0.0;
            for (size_t k = i > j ? i : j; k < n; k++)
                out[i][j] += inv[k][i] * inv[k][j];
        }
    }
    return true;
}

static double correlation(double rho, long d)
{
    return d == 0 ? 1.0 : pow(rho, (double)(d * d));
}

double hep_voxels_per_sample(const double rho[3], double noise_share)
{
    double product = 1.0;

    for (int k = 0; k < 3; k++) {
        double sum = 1.0;

        for (long d = 1; d <= REACH; d++)
            sum += 2.0 * correlation(rho[k], d);
        product *= sum;
    }
    return noise_share + (1.0 - noise_share) * product;
}

/** to = from correlated along one axis of the box. */
static void correlate(float *to, const float *from, const size_t box[3], int axis, double rho)
{
    double w[REACH + 1];
    struct hep_box_run run;

    for (long d = 0; d <= REACH; d++)
        w[d] = correlation(rho, d);
    for (bool more = hep_box_run_begin(&run, box); more; more = hep_box_run_next(&run)) {
        hep_box_run_add(&run, from, axis, 0, 1.0);
        for (long d = 1; d <= REACH && w[d] > 1e-4; d++) {
            hep_box_run_add(&run, from, axis, -d, w[d]);
            hep_box_run_add(&run, from, axis, d, w[d]);
        }
        hep_box_run_store(to, &run);
    }
}

static double weight_at(const struct hep_series_problem *p, size_t i)
{
    return p->weight != NULL ? (double)p->weight[i] : 1.0;
}

/** R times one column, over the voxels that are used, as the rows are weighted. */
static void correlate_column(float *a, float *b, const struct hep_series_problem *p, size_t c)
{
    const size_t n = p->box[0] * p->box[1] * p->box[2];

    for (size_t i = 0; i < n; i++)
        b[i] = isfinite(p->signal[i]) ? (float)(weight_at(p, i) * (double)p->column[c][i]) : 0.0F;
    correlate(a, b, p->box, 0, p->rho[0]);
    correlate(b, a, p->box, 1, p->rho[1]);
    correlate(a, b, p->box, 2, p->rho[2]);
}

/* Sums over the voxels that are used. */
struct sums {
    double h[HEP_SPD_MAX][HEP_SPD_MAX], right[HEP_SOLVE_MAX];
};

/** A'A and A'y with weighted rows. */
static void add_rows(struct sums *out, const struct hep_series_problem *p)
{
    const size_t n = p->box[0] * p->box[1] * p->box[2];

    *out = (struct sums){ .right = { 0 } };
    for (size_t i = 0; i < n; i++) {
        double row[HEP_SOLVE_MAX], y;

        if (!isfinite(p->signal[i]))
            continue;
        y = weight_at(p, i) * (double)p->signal[i];
        for (size_t c = 0; c < p->n; c++) {
            row[c] = weight_at(p, i) * (double)p->column[c][i];
            out->right[c] += row[c] * y;
            for (size_t d = 0; d <= c; d++)
                out->h[c][d] += row[c] * row[d];
        }
    }
    for (size_t c = 0; c < p->n; c++)
        for (size_t d = 0; d < c; d++)
            out->h[d][c] = out->h[c][d];
}

/** A'RA with weighted rows. */
static int correlated_sums(double out[HEP_SOLVE_MAX][HEP_SOLVE_MAX],
                           const struct hep_series_problem *p, struct hep_error *err)
{
    const size_t n = p->box[0] * p->box[1] * p->box[2];
    float *a = hep_alloc_aligned(n, sizeof *a, err), *b = hep_alloc_aligned(n, sizeof *b, err);
    const int rc = a == NULL || b == NULL ? HEP_ENOMEM : HEP_OK;

    for (size_t c = 0; rc == HEP_OK && c < p->n; c++) {
        double sum[HEP_SOLVE_MAX] = { 0 };

        correlate_column(a, b, p, c);
        for (size_t i = 0; i < n; i++)
            for (size_t d = 0; isfinite(p->signal[i]) && d < p->n; d++)
                sum[d] += weight_at(p, i) * (double)p->column[d][i] *
                          ((1.0 - p->noise_share) * (double)a[i] +
                           p->noise_share * weight_at(p, i) * (double)p->column[c][i]);
        memcpy(out[c], sum, sizeof sum);
    }
    free(a);
    free(b);
    return rc;
}

/** out = inverse middle inverse. */
static void sandwich(struct hep_series_solution *out, double inverse[HEP_SPD_MAX][HEP_SPD_MAX],
                     double middle[HEP_SOLVE_MAX][HEP_SOLVE_MAX], size_t n)
{
    double half[HEP_SOLVE_MAX][HEP_SOLVE_MAX] = { { 0 } };

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < n; k++)
                half[i][j] += inverse[i][k] * middle[k][j];
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            out->cov[i][j] = 0.0;
            for (size_t k = 0; k < n; k++)
                out->cov[i][j] += half[i][k] * inverse[k][j];
        }
}

int hep_series_solve(struct hep_series_solution *out, const struct hep_series_problem *p,
                     struct hep_error *err)
{
    const double per_sample = hep_voxels_per_sample(p->rho, p->noise_share);
    const double scale = 1.0 / (p->sd * p->sd * per_sample);
    double inverse[HEP_SPD_MAX][HEP_SPD_MAX], middle[HEP_SOLVE_MAX][HEP_SOLVE_MAX], unused;
    struct sums sums;

    *out = (struct hep_series_solution){ .value = { 0 } };
    add_rows(&sums, p);
    for (size_t i = 0; i < p->n; i++) {
        sums.right[i] = scale * sums.right[i] + p->pull[i];
        for (size_t j = 0; j < p->n; j++)
            sums.h[i][j] = scale * sums.h[i][j] + p->precision[i][j];
    }
    if (!isfinite(scale) || !hep_spd_inverse(inverse, &unused, sums.h, p->n))
        return HEP_FAIL(err, HEP_EDATA, "the parts cannot be told apart");
    for (size_t i = 0; i < p->n; i++)
        for (size_t j = 0; j < p->n; j++) {
            out->value[i] += inverse[i][j] * sums.right[j];
            out->cov[i][j] = inverse[i][j];
        }
    if (p->white)
        return HEP_OK;
    if (correlated_sums(middle, p, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < p->n; i++)
        for (size_t j = 0; j < p->n; j++)
            middle[i][j] = scale / per_sample * middle[i][j] + p->precision[i][j];
    sandwich(out, inverse, middle, p->n);
    return HEP_OK;
}
