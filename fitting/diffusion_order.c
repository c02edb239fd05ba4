#include "fitting/diffusion_order.h"

#include "base/alloc.h"
#include "image/stats.h"
#include "sequences/gradients.h"

#include <math.h>
#include <stdio.h>

/* The mean over all volumes of each voxel of the region, NaN elsewhere and where a volume has no
 * finite signal. */
static void mean_signal(float *mean, const struct hep_diffusion_input *in)
{
    for (size_t v = 0; v < in->nvox; v++) {
        double sum = 0.0;

        for (size_t i = 0; i < in->nb; i++)
            sum += (double)in->signal[i * in->nvox + v];
        mean[v] = in->mask == NULL || in->mask[v] > 0 ? (float)(sum / (double)in->nb) : NAN;
    }
}

/* What half of the region exceeds. */
static double middle_of(float *work, const float *mean, size_t nvox)
{
    size_t kept = 0;

    for (size_t v = 0; v < nvox; v++) {
        if (isfinite(mean[v]))
            work[kept++] = mean[v];
    }
    return hep_quantile(work, kept, 0.5);
}

/* Median over the bright voxels of the mean of a b-value's volumes. */
static double shell_median(float *work, const struct hep_diffusion_input *in, const float *mean,
                           double bright, const size_t *volume, size_t n_volumes)
{
    size_t kept = 0;

    for (size_t v = 0; v < in->nvox; v++) {
        double sum = 0.0;

        if (!((double)mean[v] >= bright))
            continue;
        for (size_t i = 0; i < n_volumes; i++)
            sum += (double)in->signal[volume[i] * in->nvox + v];
        work[kept++] = (float)(sum / (double)n_volumes);
    }
    return hep_quantile(work, kept, 0.5);
}

static void compare(struct hep_diffusion_rise *out, const struct hep_b_shells *shells,
                    const double *median)
{
    out->ratio = (double)NAN;
    for (size_t i = 0; i < shells->n; i++) {
        for (size_t k = i + 1; median[i] > 0.0 && k < shells->n; k++) {
            const double ratio = median[k] / median[i];

            if (!isfinite(ratio) || ratio <= out->ratio)
                continue;
            *out = (struct hep_diffusion_rise){ .ratio = ratio,
                                                .from_b_s_per_mm2 = shells->b_s_per_mm2[i],
                                                .to_b_s_per_mm2 = shells->b_s_per_mm2[k],
                                                .from_volume = shells->order[shells->first[i]],
                                                .to_volume = shells->order[shells->first[k]] };
        }
    }
}

int hep_diffusion_rise_of(struct hep_diffusion_rise *out, const struct hep_diffusion_input *in,
                          struct hep_error *err)
{
    struct hep_b_shells shells = { 0 };
    double *median = NULL, bright = 0.0;
    float *work = NULL, *mean = NULL;
    int rc = HEP_OK;

    if (in->nvox == 0)
        return HEP_FAIL(err, HEP_EINVAL, "no voxel to look at");
    rc = hep_b_shells_group(&shells, in->b_s_per_mm2, in->nb, err);
    if (rc != HEP_OK)
        return rc;
    rc = HEP_NEW(median, shells.n, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(work, in->nvox, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(mean, in->nvox, err);
    if (rc == HEP_OK) {
        mean_signal(mean, in);
        bright = middle_of(work, mean, in->nvox);
    }
    for (size_t i = 0; rc == HEP_OK && i < shells.n; i++)
        median[i] =
            shell_median(work, in, mean, bright, &shells.order[shells.first[i]], shells.count[i]);
    if (rc == HEP_OK)
        compare(out, &shells, median);
    free(median);
    free(work);
    free(mean);
    hep_b_shells_release(&shells);
    return rc;
}

bool hep_diffusion_rise_contradicts(const struct hep_diffusion_rise *rise, double ratio_max)
{
    return rise->ratio > ratio_max;
}

void hep_diffusion_rise_text(char *text, size_t size, const struct hep_diffusion_rise *rise,
                             double ratio_max)
{
    (void)snprintf(text, size,
                   "signal rises %.2f-fold from b = %g (volume %zu) to b = %g s/mm2 (volume %zu), "
                   "limit %g",
                   rise->ratio, rise->from_b_s_per_mm2, rise->from_volume, rise->to_b_s_per_mm2,
                   rise->to_volume, ratio_max);
}
