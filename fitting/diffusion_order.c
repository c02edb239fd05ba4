#include "fitting/diffusion_order.h"

#include "base/alloc.h"
#include "image/stats.h"
#include "sequences/gradients.h"

#include <math.h>
#include <stdio.h>

/* Voxels spread evenly over the region: the median over this many has an error of 1 % of the SD. */
enum { MOST_VOXELS = 1 << 14 };

struct spread_voxels {
    size_t *voxel; /* [n] */
    float *mean;   /* [n], over all volumes; NaN where a volume has no finite signal */
    float *work;   /* [n] */
    size_t n;
    double bright; /* what half of the region exceeds */
};

static void release(struct spread_voxels *r)
{
    free(r->voxel);
    free(r->mean);
    free(r->work);
}

static int spread(struct spread_voxels *r, const struct hep_diffusion_input *in,
                  struct hep_error *err)
{
    size_t inside = in->mask == NULL ? in->nvox : 0, seen = 0, step;
    int rc;

    for (size_t v = 0; in->mask != NULL && v < in->nvox; v++)
        inside += in->mask[v] > 0;
    step = inside / MOST_VOXELS + 1;
    rc = HEP_NEW(r->voxel, inside / step + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(r->mean, inside / step + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(r->work, inside / step + 1, err);
    for (size_t v = 0; rc == HEP_OK && v < in->nvox; v++) {
        double sum = 0.0;
        float mean;

        if ((in->mask != NULL && in->mask[v] <= 0) || seen++ % step != 0)
            continue;
        for (size_t i = 0; i < in->nb; i++)
            sum += (double)in->signal[i * in->nvox + v];
        mean = (float)(sum / (double)in->nb);
        r->voxel[r->n] = v;
        r->mean[r->n] = r->work[r->n] = isfinite(mean) ? mean : NAN;
        r->n++;
    }
    if (rc == HEP_OK)
        r->bright = hep_quantile(r->work, r->n, 0.5);
    return rc;
}

/* Median over the bright voxels of the mean of a b-value's volumes. */
static double shell_median(const struct spread_voxels *r, const struct hep_diffusion_input *in,
                           const size_t *volume, size_t n_volumes)
{
    size_t kept = 0;

    for (size_t k = 0; k < r->n; k++) {
        double sum = 0.0;

        if (!((double)r->mean[k] >= r->bright))
            continue;
        for (size_t i = 0; i < n_volumes; i++)
            sum += (double)in->signal[volume[i] * in->nvox + r->voxel[k]];
        r->work[kept++] = (float)(sum / (double)n_volumes);
    }
    return hep_quantile(r->work, kept, 0.5);
}

/* How far ln S of b-value j lies above the line between b-values i and k. */
static double above_line(const double *b, const double *median, size_t i, size_t j, size_t k)
{
    const double share = (b[j] - b[i]) / (b[k] - b[i]);

    return log(median[j]) - (1.0 - share) * log(median[i]) - share * log(median[k]);
}

/* The lower convex hull of ln S over b, and what lies farthest above it.
 * corner: [n] */
static void find_bump(struct hep_diffusion_rise *out, const struct hep_b_shells *shells,
                      const double *median, size_t *corner)
{
    const double *b = shells->b_s_per_mm2;
    size_t n = 0, at = 0;
    double most = 0.0;

    for (size_t k = 0; k < shells->n; k++) {
        if (!(median[k] > 0.0) || !isfinite(median[k]))
            continue;
        while (n > 1 && above_line(b, median, corner[n - 2], corner[n - 1], k) >= 0.0)
            n--;
        corner[n++] = k;
    }
    for (size_t k = 0; k < shells->n; k++) {
        double above;

        while (at + 1 < n && corner[at + 1] <= k)
            at++;
        if (at + 1 >= n || k <= corner[at] || !(median[k] > 0.0) || !isfinite(median[k]))
            continue;
        above = above_line(b, median, corner[at], k, corner[at + 1]);
        if (above > most) {
            most = above;
            out->bump_b_s_per_mm2 = b[k];
            out->bump_low_s_per_mm2 = b[corner[at]];
            out->bump_high_s_per_mm2 = b[corner[at + 1]];
        }
    }
    out->bump = exp(most);
}

static void compare(struct hep_diffusion_rise *out, const struct hep_b_shells *shells,
                    const double *median)
{
    *out = (struct hep_diffusion_rise){ .ratio = (double)NAN };
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
    struct spread_voxels region = { .n = 0 };
    double *median = NULL;
    size_t *corner = NULL;
    int rc;

    if (in->nvox == 0)
        return HEP_FAIL(err, HEP_EINVAL, "no voxel to look at");
    rc = hep_b_shells_group(&shells, in->b_s_per_mm2, in->nb, err);
    if (rc != HEP_OK)
        return rc;
    rc = HEP_NEW(median, shells.n, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(corner, shells.n, err);
    if (rc == HEP_OK)
        rc = spread(&region, in, err);
    for (size_t i = 0; rc == HEP_OK && i < shells.n; i++)
        median[i] = shell_median(&region, in, &shells.order[shells.first[i]], shells.count[i]);
    if (rc == HEP_OK) {
        compare(out, &shells, median);
        find_bump(out, &shells, median, corner);
    }
    free(corner);
    free(median);
    release(&region);
    hep_b_shells_release(&shells);
    return rc;
}

bool hep_diffusion_rise_contradicts(const struct hep_diffusion_rise *rise, double ratio_max)
{
    return rise->ratio > ratio_max || rise->bump > ratio_max;
}

void hep_diffusion_rise_text(char *text, size_t size, const struct hep_diffusion_rise *rise,
                             double ratio_max)
{
    if (rise->bump > ratio_max && !(rise->ratio > ratio_max))
        (void)snprintf(text, size,
                       "signal at b = %g s/mm2 is %.2f-fold what lies between b = %g and %g, limit "
                       "%g (a mixture of tissues decays ever more slowly)",
                       rise->bump_b_s_per_mm2, rise->bump, rise->bump_low_s_per_mm2,
                       rise->bump_high_s_per_mm2, ratio_max);
    else
        (void)snprintf(text, size,
                       "signal rises %.2f-fold from b = %g (volume %zu) to b = %g s/mm2 (volume "
                       "%zu), limit %g",
                       rise->ratio, rise->from_b_s_per_mm2, rise->from_volume, rise->to_b_s_per_mm2,
                       rise->to_volume, ratio_max);
}
