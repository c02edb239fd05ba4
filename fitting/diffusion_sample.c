#include "fitting/diffusion_sample.h"

#include "base/alloc.h"

#include <float.h>
#include <math.h>

/* Voxels: the median of their values has an error of 3 % of the SD. Values that all volumes may
 * take together. */
enum { MOST_VOXELS = 2048, MOST_VALUES = 1 << 23 };
/* Voxels of a slice that are looked at: its brighter half gives a median with an error of 2 % of the SD. */
enum { MOST_IN_SLICE = 8192 };

void hep_sample_release(struct hep_diffusion_sample *s)
{
    free(s->voxel);
    free(s->ln);
    free(s->next);
    free(s->kept);
    free(s->members);
    free(s->work);
    free(s->line);
    free(s->sorted);
    free(s->mean);
    *s = (struct hep_diffusion_sample){ 0 };
}

static float ln_of(float signal)
{
    return signal > 0.0F && isfinite(signal) ? logf(signal) : NAN;
}

/* Adds n voxels, a signal that is not positive counting as 0: where volumes do not reach, because they were moved, is not
 * bright. */
static void add_signals(double *sum, const float *x, size_t n)
{
    for (size_t v = 0; v < n; v++)
        sum[v] += x[v] > 0.0F && x[v] <= FLT_MAX ? (double)x[v] : 0.0;
}

/* Mean over all volumes of every step-th row of a slice, which begins at `first`; NaN in the other rows, outside the mask
 * and where no volume has a signal. sum: room for the rows that are looked at. Volume after volume, for rows of many
 * volumes side by side are more places in memory than a processor reads ahead. */
static void mean_of_slice(float *mean, double *sum, const struct hep_diffusion_input *in,
                          size_t first, const size_t n[3], size_t step)
{
    const size_t rows = (n[1] - 1) / step + 1;

    (void)memset(sum, 0, rows * n[0] * sizeof *sum);
    for (size_t i = 0; i < in->nb; i++)
        for (size_t r = 0; r < rows; r++)
            add_signals(sum + r * n[0], in->signal + i * in->nvox + first + r * step * n[0], n[0]);
    for (size_t v = 0; v < n[0] * n[1]; v++)
        mean[first + v] = NAN;
    for (size_t r = 0; r < rows; r++) {
        const size_t row = first + r * step * n[0];

        for (size_t v = 0; v < n[0]; v++)
            if (sum[r * n[0] + v] > 0.0 && (in->mask == NULL || in->mask[row + v] > 0))
                mean[row + v] = (float)(sum[r * n[0] + v] / (double)in->nb);
    }
}

/* Of the rows of each slice as many as hold MOST_IN_SLICE voxels, and NaN in the others. */
static int mean_signal(float *mean, const struct hep_diffusion_input *in, const size_t n[3],
                       struct hep_error *err)
{
    const size_t step = (n[0] * n[1] - 1) / MOST_IN_SLICE + 1;
    double *work = NULL;
    int rc = HEP_NEW(work, ((n[1] - 1) / step + 1) * n[0], err);

    for (size_t z = 0; rc == HEP_OK && z < n[2]; z++)
        mean_of_slice(mean, work, in, z * n[0] * n[1], n, step);
    free(work);
    return rc;
}

static size_t keep_finite(float *to, const float *from, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (isfinite(from[i]))
            to[kept++] = from[i];
    return kept;
}

static int allocate(struct hep_diffusion_sample *s, struct hep_error *err)
{
    if (HEP_NEW(s->voxel, s->n, err) != HEP_OK || HEP_NEW(s->ln, s->n * s->nb, err) != HEP_OK ||
        HEP_NEW(s->next, s->n * s->nb, err) != HEP_OK || HEP_NEW(s->kept, s->nb, err) != HEP_OK ||
        HEP_NEW(s->members, s->nb, err) != HEP_OK || HEP_NEW(s->work, s->n, err) != HEP_OK ||
        HEP_NEW(s->line, s->n, err) != HEP_OK || HEP_NEW(s->sorted, s->n, err) != HEP_OK)
        return HEP_ENOMEM;
    return HEP_OK;
}

static void fill(struct hep_diffusion_sample *s, const struct hep_diffusion_input *in,
                 size_t n_bright, const size_t n[3])
{
    const float *mean = s->mean;
    const size_t step = n_bright / s->n;
    size_t seen = 0, at = 0;

    for (size_t v = 0; v < in->nvox && at < s->n; v++) {
        if (!(mean[v] >= s->bright) || seen++ % step != 0)
            continue;
        s->voxel[at] = v;
        for (size_t i = 0; i < in->nb; i++) {
            const float *volume = in->signal + i * in->nvox;

            s->ln[i * s->n + at] = ln_of(volume[v]);
            s->next[i * s->n + at] =
                (v + 1) % n[0] != 0 && mean[v + 1] >= s->bright ? ln_of(volume[v + 1]) : NAN;
        }
        at++;
    }
}

int hep_sample_take(struct hep_diffusion_sample *s, const struct hep_diffusion_input *in,
                    const size_t n[3], struct hep_error *err)
{
    size_t n_bright = 0, most = MOST_VALUES / in->nb;
    float *sorted = hep_alloc_aligned(in->nvox, sizeof *sorted, err);
    int rc;

    s->mean = hep_alloc_aligned(in->nvox, sizeof *s->mean, err);
    rc = sorted == NULL || s->mean == NULL ? HEP_ENOMEM : mean_signal(s->mean, in, n, err);
    if (rc != HEP_OK)
        goto out;
    s->bright = (float)hep_quantile(sorted, keep_finite(sorted, s->mean, in->nvox), 0.5);
    for (size_t v = 0; v < in->nvox; v++)
        n_bright += s->mean[v] >= s->bright;
    most = most < MOST_VOXELS ? most : MOST_VOXELS;
    s->nb = s->n_kept = in->nb;
    s->b = in->b_s_per_mm2;
    s->n = n_bright < most ? n_bright : most;
    s->noise = s->roughness = (double)NAN;
    if (s->n == 0)
        goto out;
    rc = allocate(s, err);
    if (rc == HEP_OK)
        fill(s, in, n_bright, n);
    for (size_t v = 0; rc == HEP_OK && v < in->nb; v++)
        s->kept[v] = v;
out:
    free(sorted);
    return rc;
}

void hep_sample_drop(struct hep_diffusion_sample *s, size_t volume)
{
    size_t kept = 0;

    for (size_t k = 0; k < s->n_kept; k++)
        if (s->kept[k] != volume)
            s->kept[kept++] = s->kept[k];
    s->n_kept = kept;
}

double hep_sample_median(const struct hep_diffusion_sample *s, const float *x)
{
    return hep_quantile(s->sorted, keep_finite(s->sorted, x, s->n), 0.5);
}

double hep_sample_mad(const struct hep_diffusion_sample *s, const float *x)
{
    const float middle = (float)hep_sample_median(s, x);
    size_t kept = 0;

    for (size_t i = 0; i < s->n; i++)
        if (isfinite(x[i]))
            s->sorted[kept++] = fabsf(x[i] - middle);
    return hep_quantile(s->sorted, kept, 0.5);
}

double hep_sample_over(struct hep_diffusion_sample *s, size_t volume, size_t other)
{
    const float *x = hep_sample_at(s, volume), *y = hep_sample_at(s, other);

    for (size_t i = 0; i < s->n; i++)
        s->work[i] = x[i] - y[i];
    return hep_sample_median(s, s->work);
}

double hep_sample_roughness(const struct hep_diffusion_sample *s, size_t volume)
{
    const float *x = hep_sample_at(s, volume), *next = s->next + volume * s->n;
    size_t kept = 0;

    for (size_t i = 0; i < s->n; i++)
        if (isfinite(x[i]) && isfinite(next[i]))
            s->sorted[kept++] = fabsf(x[i] - next[i]);
    return hep_quantile(s->sorted, kept, 0.5);
}

void hep_sample_noise(struct hep_diffusion_sample *s, const size_t *first, const size_t *count,
                      size_t n)
{
    float spread[HEP_SAMPLE_COMPARED], rough[HEP_SAMPLE_COMPARED];
    size_t n_spread = 0, n_rough = 0;

    for (size_t k = 0; k < s->n_kept && n_rough < HEP_SAMPLE_COMPARED; k++)
        rough[n_rough++] = (float)hep_sample_roughness(s, s->kept[k]);
    for (size_t i = 0; i < n && n_spread < HEP_SAMPLE_COMPARED; i++) {
        const size_t *list = s->members + first[i];

        if (count[i] < 2)
            continue;
        (void)hep_sample_over(s, list[0], list[1]);
        spread[n_spread++] = (float)(hep_sample_mad(s, s->work) / sqrt(2.0));
    }
    s->roughness = hep_quantile(rough, n_rough, 0.5);
    /* Without repeats by neighbours, which differ by anatomy too. */
    s->noise = n_spread > 0 ? hep_quantile(spread, n_spread, 0.5) : s->roughness / sqrt(2.0);
}
