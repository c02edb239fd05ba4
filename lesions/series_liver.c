/* The liver beside a lesion in every series: receive field, noise and texture. */
#include "lesions/series.h"

#include "base/alloc.h"
#include "image/stats.h"
#include "lesions/series_share.h"
#include "lesions/series_solve.h"

#include <math.h>
#include <stdlib.h>

#define FIELD_ROUNDS 4
#define SD_FLOOR 1e-5 /* of the liver's signal: data without noise */

/** Place along the box's axes from the lesion's centre [mm]. */
static void place(double mm[3], const struct hep_shells *box, const double h[3], size_t i)
{
    const size_t *n = box->grid.n;
    const size_t at[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };

    for (int k = 0; k < 3; k++)
        mm[k] = ((double)at[k] - box->centre_voxel[k]) * h[k];
}

/* ---- the liver beside the lesion ------------------------------------------------------------- */

/** One round of the robust fit of the field: signal = b0 + b . x. */
static void fit_field(double b[4], const struct hep_series *s, const struct hep_shells *box,
                      const double h[3], const struct hep_lesion_limits *limits, bool receive)
{
    double m[HEP_SPD_MAX][HEP_SPD_MAX] = { { 0 } }, inverse[HEP_SPD_MAX][HEP_SPD_MAX], unused;
    double right[4] = { 0 };
    const double slope_sd = limits->field_slope * fabs(b[0]) + 1e-30;

    for (size_t i = 0; i < hep_grid_voxels(&box->grid); i++) {
        double x[4] = { 1.0 }, r, w;

        if (!hep_shells_has(box, i, HEP_SHELL_RING) || !isfinite(s->signal[i]))
            continue;
        place(x + 1, box, h, i);
        r = (double)s->signal[i] - b[0] - b[1] * x[1] - b[2] * x[2] - b[3] * x[3];
        w = 1.0 / fmax(1.0, fabs(r) / (limits->liver_outlier_sd * s->sd)) / (s->sd * s->sd);
        for (int j = 0; j < 4; j++) {
            right[j] += w * x[j] * (double)s->signal[i];
            for (int k = 0; k < 4; k++)
                m[j][k] += w * x[j] * x[k];
        }
    }
    for (int k = 1; k < 4; k++)
        m[k][k] += 1.0 / (slope_sd * slope_sd);
    if (!hep_spd_inverse(inverse, &unused, m, receive ? 4 : 1))
        return;
    for (int j = 0; j < (receive ? 4 : 1); j++) {
        b[j] = 0.0;
        for (int k = 0; k < (receive ? 4 : 1); k++)
            b[j] += inverse[j][k] * right[k];
    }
}

/** Residuals of the ring's voxels into `out`, in the order of the box. */
static size_t residuals(float *out, const struct hep_series *s, const struct hep_shells *box,
                        const double h[3], const double b[4])
{
    size_t n = 0;

    for (size_t i = 0; i < hep_grid_voxels(&box->grid); i++) {
        double x[3];

        if (!hep_shells_has(box, i, HEP_SHELL_RING))
            continue;
        place(x, box, h, i);
        out[n++] = (float)((double)s->signal[i] - b[0] - b[1] * x[0] - b[2] * x[1] - b[3] * x[2]);
    }
    return n;
}

static double clipped(float r)
{
    return fmax(-3.0, fmin(3.0, (double)r));
}

/** Correlation of voxels a few apart along one axis; `map` holds the ring's residuals, NaN
 * elsewhere. */
static double correlation(const float *map, const struct hep_grid *g, int axis, size_t apart,
                          double most)
{
    const size_t stride = apart * (axis == 0 ? 1 : (axis == 1 ? g->n[0] : g->n[0] * g->n[1]));
    double product = 0.0, square = 0.0;

    for (size_t i = 0; i < hep_grid_voxels(g); i++) {
        if (i / (stride / apart) % g->n[axis] + apart >= g->n[axis] || !isfinite(map[i]) ||
            !isfinite(map[i + stride]))
            continue;
        product += clipped(map[i]) * clipped(map[i + stride]);
        square += 0.5 * (clipped(map[i]) * clipped(map[i]) +
                         clipped(map[i + stride]) * clipped(map[i + stride]));
    }
    return square > 0.0 ? fmax(0.0, fmin(most, product / square)) : 0.0;
}

/** Noise, which every voxel has for itself, and texture that correlates by rho^(d^2) over d voxels:
 * c1 = (1 - noise) rho and c2 = (1 - noise) rho^4 for one and two voxels. The noise's share is the
 * mean of the axes that show a texture. */
static void part_noise(struct hep_series *s, const float *map, const struct hep_grid *g,
                       const struct hep_lesion_limits *limits)
{
    double c1[3], c2[3], texture = 0.0;
    int seen = 0;

    for (int k = 0; k < 3; k++) {
        c1[k] = correlation(map, g, k, 1, limits->correlation_max);
        c2[k] = correlation(map, g, k, 2, limits->correlation_max);
        if (c1[k] < limits->correlation_min || c2[k] < limits->correlation_min)
            continue;
        texture += fmin(c1[k] / cbrt(c2[k] / c1[k]), 1.0);
        seen++;
    }
    texture = seen > 0 ? texture / seen : 1.0;
    s->noise_share = 1.0 - texture;
    for (int k = 0; k < 3; k++)
        s->rho[k] =
            fmin(c2[k] < limits->correlation_min ? c1[k] / texture : sqrt(sqrt(c2[k] / texture)),
                 limits->correlation_max);
}

/** Field, spread and correlation of the liver; the signal is freed of the field. */
static int measure_liver(struct hep_series *s, const struct hep_shells *box,
                         const struct hep_lesion_limits *limits, bool receive, float *work,
                         struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&box->grid), ring = box->n[HEP_SHELL_RING];
    double b[4] = { 0 }, h[3];
    struct hep_stats stats;
    size_t at = 0;
    int rc = HEP_OK;

    hep_grid_spacing(h, &box->grid);
    for (int round = 0; rc == HEP_OK && round <= FIELD_ROUNDS; round++) {
        (void)residuals(s->residual, s, box, h, b);
        rc = hep_stats_of(&stats, s->residual, ring, err);
        if (round == 0)
            b[0] = stats.median;
        s->sd = fmax(stats.mad, SD_FLOOR * fabs(b[0]) + 1e-30);
        if (round < FIELD_ROUNDS && rc == HEP_OK && stats.n > 0)
            fit_field(b, s, box, h, limits, receive);
    }
    s->liver = rc == HEP_OK && stats.n > 0 ? b[0] : (double)NAN;
    for (size_t i = 0; i < n; i++) {
        double x[3], field;

        place(x, box, h, i);
        field = 1.0 + (b[1] * x[0] + b[2] * x[1] + b[3] * x[2]) / b[0];
        if (receive)
            s->signal[i] = (float)((double)s->signal[i] / fmax(field, 0.2));
        work[i] = NAN;
        if (hep_shells_has(box, i, HEP_SHELL_RING)) {
            s->residual[at] = (float)((double)s->residual[at] / s->sd);
            work[i] = s->residual[at++];
        }
    }
    for (int k = 0; k < 3; k++) {
        s->slope_per_mm[k] = b[k + 1] / b[0];
    }
    part_noise(s, work, &box->grid, limits);
    return rc;
}

/** Maps are ratios or logarithms of signals: no receive field is left in them. */
static bool has_field(enum hep_image image)
{
    return hep_image_phase(image) != HEP_PHASE_COUNT || image <= HEP_IMAGE_B_HIGH;
}

static void absent(struct hep_series *s)
{
    free(s->signal);
    free(s->residual);
    *s = (struct hep_series){ .liver = (double)NAN, .sd = (double)NAN, .share_max = (double)NAN };
    for (int i = 0; i < HEP_PART_COUNT; i++) {
        s->value[i] = (double)NAN;
        for (int j = 0; j < HEP_PART_COUNT; j++)
            s->cov[i][j] = (double)NAN;
    }
}

int hep_series_set_init(struct hep_series_set *out, const struct hep_lesion_study *study,
                        const struct hep_shells *box, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&box->grid);
    int rc = HEP_OK;

    *out = (struct hep_series_set){ 0 };
    for (int k = 0; k < HEP_IMAGE_COUNT; k++)
        absent(&out->of[k]);
    out->work = hep_alloc_aligned(HEP_SERIES_WORK * n, sizeof *out->work, err);
    if (out->work == NULL)
        return HEP_ENOMEM;
    for (int k = 0; rc == HEP_OK && k < HEP_IMAGE_COUNT; k++) {
        struct hep_series *s = &out->of[k];
        const struct hep_volume *v = study->image[k].volume;

        if (v == NULL || box->n[HEP_SHELL_RING] == 0)
            continue;
        s->blur = HEP_BLUR_MEAN;
        s->signal = hep_alloc_aligned(n, sizeof *s->signal, err);
        s->residual = hep_calloc(box->n[HEP_SHELL_RING], sizeof *s->residual, err);
        if (s->signal == NULL || s->residual == NULL) {
            rc = HEP_ENOMEM;
            break;
        }
        for (size_t i = 0; i < n; i++)
            s->signal[i] = v->data[hep_shells_index(box, &study->grid, i)];
        rc = measure_liver(s, box, study->limits, has_field((enum hep_image)k), out->work, err);
        if (!isfinite(s->liver))
            absent(s);
    }
    if (rc != HEP_OK)
        hep_series_set_release(out);
    return rc;
}

void hep_series_set_release(struct hep_series_set *s)
{
    for (int k = 0; k < HEP_IMAGE_COUNT; k++)
        absent(&s->of[k]);
    free(s->work);
    s->work = NULL;
}

double hep_series_correlation(const struct hep_series *a, const struct hep_series *b,
                              const struct hep_shells *box)
{
    double ab = 0.0, aa = 0.0, bb = 0.0;

    for (size_t i = 0; a->residual != NULL && b->residual != NULL && i < box->n[HEP_SHELL_RING];
         i++) {
        if (!isfinite(a->residual[i]) || !isfinite(b->residual[i]))
            continue;
        ab += clipped(a->residual[i]) * clipped(b->residual[i]);
        aa += clipped(a->residual[i]) * clipped(a->residual[i]);
        bb += clipped(b->residual[i]) * clipped(b->residual[i]);
    }
    return aa > 0.0 && bb > 0.0 ? ab / sqrt(aa * bb) : 0.0;
}
