/* What the parts of a lesion are told apart by: its voxels in every series. */
#include "lesions/part_field.h"

#include "base/alloc.h"
#include "lesions/series_share.h"

#include <math.h>
#include <stdlib.h>

#define SHARE_MIN 0.3 /* least lesion share of a voxel in a series that counts there */

/* Series that show tissue by themselves; maps follow from them. */
static const enum hep_image channels[] = {
    HEP_IMAGE_T2,          HEP_IMAGE_B_LOW,         HEP_IMAGE_B_ZERO,        HEP_IMAGE_B_HIGH,
    HEP_IMAGE_PRECONTRAST, HEP_IMAGE_ARTERIAL,      HEP_IMAGE_PORTAL_VENOUS, HEP_IMAGE_TRANSITIONAL,
    HEP_IMAGE_DELAYED,     HEP_IMAGE_HEPATOBILIARY, HEP_IMAGE_IN_PHASE,      HEP_IMAGE_OPPOSED,
};

void hep_part_field_release(struct hep_part_field *f)
{
    free(f->voxel);
    free(f->near);
    free(f->z);
    free(f->share);
    free(f->trust);
    free(f->next);
}

/** Series in which the lesion is seen and that show tissue by themselves. */
static size_t channels_of(enum hep_image used[HEP_PART_CHANNELS], const struct hep_series_set *set)
{
    size_t n = 0;

    for (size_t k = 0; k < sizeof channels / sizeof channels[0]; k++)
        if (isfinite(set->of[channels[k]].value[HEP_PART_LIVER]) &&
            set->of[channels[k]].share_max >= SHARE_MIN)
            used[n++] = channels[k];
    return n;
}

/** Covariance of the channels from the liver's residuals; its inverse and determinant. */
static bool set_precision(struct hep_part_field *f, const struct hep_series_set *set, double shrink)
{
    double m[HEP_SPD_MAX][HEP_SPD_MAX] = { { 0 } }, scale[HEP_PART_CHANNELS], unused;

    for (size_t c = 0; c < f->n_channels; c++) {
        scale[c] =
            sqrt(hep_voxels_per_sample(set->of[f->used[c]].rho, set->of[f->used[c]].noise_share));
        f->per_voxel[c] = 1.0 / (scale[c] * scale[c]);
    }
    for (size_t c = 0; c < f->n_channels; c++)
        for (size_t d = 0; d < f->n_channels; d++)
            m[c][d] = c == d ? scale[c] * scale[c]
                             : (1.0 - shrink) * scale[c] * scale[d] *
                                   hep_series_correlation(&set->of[f->used[c]],
                                                          &set->of[f->used[d]], f->box);
    return hep_spd_inverse(f->precision, &unused, m, f->n_channels);
}

/** The signal where the lesion's voxel i lies in the series, linear between its voxels. */
static double moved_signal(const struct hep_series *s, const struct hep_grid *g, size_t i,
                           const double shift[3])
{
    const size_t at[3] = { i % g->n[0], i / g->n[0] % g->n[1], i / (g->n[0] * g->n[1]) };
    size_t lo[3], step[3] = { 1, g->n[0], g->n[0] * g->n[1] };
    double f[3], sum = 0.0;

    for (int k = 0; k < 3; k++) {
        const double x = fmax(0.0, fmin((double)at[k] + shift[k], (double)g->n[k] - 1.0));

        lo[k] = (size_t)x < g->n[k] - 1 ? (size_t)x : (g->n[k] > 1 ? g->n[k] - 2 : 0);
        f[k] = x - (double)lo[k];
    }
    for (int corner = 0; corner < 8; corner++) {
        size_t j = 0;
        double w = 1.0;

        for (int k = 0; k < 3; k++) {
            const size_t up = (size_t)(corner >> k & 1);

            w *= up != 0 ? f[k] : 1.0 - f[k];
            j += (lo[k] + (f[k] > 0.0 ? up : 0)) * step[k];
        }
        if (w > 0.0)
            sum += w * (double)s->signal[j];
    }
    return sum;
}

/** One channel: signals, shares, and how far a voxel is trusted where the border is uncertain. */
static void add_channel(struct hep_part_field *f, size_t c, const struct hep_series *s,
                        const struct hep_lesion_image *image, const float *whole, float *work)
{
    static const double still[3] = { 0 };
    const struct hep_grid *g = &f->box->grid;
    const size_t n = hep_grid_voxels(g);
    float *share = work, *slope = work + n, *doubt = work + 2 * n;
    double h[3], shift[3], peak = 0.0, weight = 0.0;

    hep_grid_spacing(h, g);
    hep_series_share(share, whole, g, image, still, s->blur, slope);
    memset(doubt, 0, n * sizeof *doubt);
    for (int k = 0; k < 3; k++) {
        /* The border is known to a voxel's width, and the shift to its error. */
        const float sd = (float)hypot(s->shift_sd_mm[k], h[k] / sqrt(12.0));

        shift[k] = s->shift_mm[k] / h[k];
        hep_series_slope(slope, share, g, k);
        for (size_t i = 0; i < n; i++)
            doubt[i] += slope[i] * slope[i] * sd * sd;
    }
    for (size_t v = 0; v < f->n; v++) {
        const size_t i = f->voxel[v], at = v * f->n_channels + c;

        f->share[at] = share[i];
        f->z[at] = (float)((moved_signal(s, g, i, shift) - s->liver) / s->sd);
        if (!isfinite(f->z[at]) || (double)share[i] < SHARE_MIN)
            continue;
        f->trust[at] = 1.0F;
        peak += (double)(share[i] * f->z[at]);
        weight += (double)(share[i] * share[i]);
    }
    peak = weight > 0.0 ? peak / weight : 0.0; /* contrast of the lesion, in SD */
    for (size_t v = 0; v < f->n; v++) {
        const size_t at = v * f->n_channels + c;
        const double wide = peak * peak * (double)doubt[f->voxel[v]];

        f->trust[at] = (float)((double)f->trust[at] / sqrt(1.0 + wide));
        if (f->trust[at] == 0.0F)
            f->z[at] = 0.0F;
    }
}

/** Lists of the lesion's voxels and of their neighbours. */
static void set_neighbours(struct hep_part_field *f, size_t *index, double weight)
{
    const struct hep_grid *g = &f->box->grid;
    const size_t step[3] = { 1, g->n[0], g->n[0] * g->n[1] };
    double h[3], least;

    hep_grid_spacing(h, g);
    least = fmin(h[0], fmin(h[1], h[2]));
    for (int k = 0; k < 3; k++)
        f->near_weight[k] = weight * least / h[k];
    for (size_t v = 0; v < f->n; v++) {
        const size_t i = f->voxel[v];

        for (size_t k = 0; k < 3; k++) {
            const size_t at = i / step[k] % g->n[k];

            f->near[v][2 * k] = at > 0 ? index[i - step[k]] : f->n;
            f->near[v][2 * k + 1] = at + 1 < g->n[k] ? index[i + step[k]] : f->n;
        }
    }
}

static int field_alloc(struct hep_part_field *f, const struct hep_shells *box,
                       double neighbour_weight, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&box->grid), all = box->n[HEP_SHELL_WHOLE] * f->n_channels;
    size_t *index = hep_calloc(n, sizeof *index, err);
    int rc = index == NULL ? HEP_ENOMEM : HEP_OK;

    f->box = box;
    f->n = box->n[HEP_SHELL_WHOLE];
    if (rc == HEP_OK &&
        (HEP_NEW(f->voxel, f->n, err) != HEP_OK || HEP_NEW(f->near, f->n, err) != HEP_OK ||
         HEP_NEW(f->z, all, err) != HEP_OK || HEP_NEW(f->share, all, err) != HEP_OK ||
         HEP_NEW(f->trust, all, err) != HEP_OK ||
         HEP_NEW(f->next, f->n * HEP_PARTS_MAX, err) != HEP_OK))
        rc = HEP_ENOMEM;
    for (size_t i = 0, v = 0; rc == HEP_OK && i < n; i++) {
        index[i] = f->n;
        if (hep_shells_has(box, i, HEP_SHELL_WHOLE)) {
            f->voxel[v] = i;
            index[i] = v++;
        }
    }
    if (rc == HEP_OK)
        set_neighbours(f, index, neighbour_weight);
    free(index);
    return rc;
}

int hep_part_field_init(struct hep_part_field *f, const struct hep_series_set *set,
                        const struct hep_lesion_study *study, const struct hep_shells *box,
                        struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&box->grid);
    enum hep_image *used = f->used;
    float *whole = set->work, *work = set->work + n;
    double fewest = (double)INFINITY;
    int rc;

    *f = (struct hep_part_field){ .widen = 1.0 };
    f->n_channels = channels_of(used, set);
    rc = field_alloc(f, box, study->limits->neighbour_weight, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        whole[i] = hep_shells_has(box, i, HEP_SHELL_WHOLE) ? 1.0F : 0.0F;
    for (size_t c = 0; rc == HEP_OK && c < f->n_channels; c++) {
        f->blur[c] =
            1.0 - hep_series_sharpness(&box->grid, &study->image[used[c]], set->of[used[c]].blur);
        f->sharp_trust[c] = 1.0;
        add_channel(f, c, &set->of[used[c]], &study->image[used[c]], whole, work);
        fewest =
            fmin(fewest, hep_voxels_per_sample(set->of[used[c]].rho, set->of[used[c]].noise_share));
    }
    f->samples = f->n_channels > 0 ? (double)f->n / fewest : 0.0;
    if (rc == HEP_OK && f->n_channels > 0 &&
        !set_precision(f, set, study->limits->correlation_shrink))
        f->n_channels = 0;
    return rc;
}

double hep_part_distance(const struct hep_part_field *f, size_t v,
                         const double mean[HEP_PART_CHANNELS])
{
    const float *z = f->z + v * f->n_channels, *share = f->share + v * f->n_channels,
                *trust = f->trust + v * f->n_channels;
    double r[HEP_PART_CHANNELS], sum = 0.0;

    for (size_t c = 0; c < f->n_channels; c++)
        r[c] = f->sharp_trust[c] * (double)trust[c] * ((double)z[c] - (double)share[c] * mean[c]);
    for (size_t c = 0; c < f->n_channels; c++) {
        double row = 0.0;

        for (size_t d = 0; d < f->n_channels; d++)
            row += f->precision[c][d] * r[d];
        sum += row * r[c];
    }
    return sum / f->widen;
}

bool hep_parts_differ(const struct hep_parts *parts, const struct hep_series_set *set,
                      const struct hep_shells *box, const struct hep_lesion_limits *limits)
{
    enum hep_image used[HEP_PART_CHANNELS];
    const size_t n = channels_of(used, set);
    double m[HEP_SPD_MAX][HEP_SPD_MAX] = { { 0 } }, inverse[HEP_SPD_MAX][HEP_SPD_MAX], unused,
           z[HEP_PART_CHANNELS], common[HEP_PART_CHANNELS], wald = 0.0;

    for (size_t c = 0; c < n; c++) {
        const struct hep_series *s = &set->of[used[c]];
        const double difference = s->value[HEP_PART_CORE] - s->value[HEP_PART_RIM],
                     variance = s->cov[HEP_PART_CORE][HEP_PART_CORE] +
                                s->cov[HEP_PART_RIM][HEP_PART_RIM] -
                                2.0 * s->cov[HEP_PART_CORE][HEP_PART_RIM];

        const double core = s->value[HEP_PART_CORE] - s->value[HEP_PART_LIVER],
                     rim = s->value[HEP_PART_RIM] - s->value[HEP_PART_LIVER],
                     contrast = fabs(core) > fabs(rim) ? core : rim,
                     sd = hypot(sqrt(variance), fmax(limits->share_error * fabs(contrast), 1e-30));

        z[c] = difference / sd;
        /* One outline for all series: a part that is more liver than its map says differs in every one. */
        common[c] = limits->outline_error * contrast / sd;
        for (size_t d = 0; d < n; d++)
            m[c][d] = c == d ? 1.0
                             : (1.0 - limits->correlation_shrink) *
                                   hep_series_correlation(s, &set->of[used[d]], box);
    }
    for (size_t c = 0; c < n; c++)
        for (size_t d = 0; d < n; d++)
            m[c][d] += common[c] * common[d];
    if (n == 0 || !hep_spd_inverse(inverse, &unused, m, n))
        return false;
    for (size_t c = 0; c < n; c++)
        for (size_t d = 0; d < n; d++)
            wald += z[c] * inverse[c][d] * z[d];
    return wald > (double)n * fmax(2.0, log(parts->samples));
}
