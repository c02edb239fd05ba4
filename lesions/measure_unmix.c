/* Rim and core of a lesion whose voxels hold both: the signals that explain what is seen best. */
#include "lesions/measure.h"

#include <math.h>
#include <stdlib.h>

#define SHARE_MIN 0.3     /* least lesion share of a voxel that is used */
#define VOXELS_MIN 4.0    /* independent ones */
#define CONDITION_MIN 0.1 /* 1 - correlation^2 of the two shares: less cannot be told apart */

/** Normal equations of S - L (1 - p) = R r + C c over the lesion's voxels, for two images that
 * share them. */
struct fit {
    double rr, rc, cc, n;
    double ry[2], cy[2]; /* right hand sides */
    double yy[2], y0y1;  /* squares of the left side, and their product */
    double rim[2], core[2];
};

static void add_voxel(struct fit *f, double r, double c, const double y[2])
{
    f->rr += r * r;
    f->rc += r * c;
    f->cc += c * c;
    f->n += 1.0;
    for (int k = 0; k < 2; k++) {
        f->ry[k] += r * y[k];
        f->cy[k] += c * y[k];
        f->yy[k] += y[k] * y[k];
    }
    f->y0y1 += y[0] * y[1];
}

static void solve(struct fit *f)
{
    const double det = f->rr * f->cc - f->rc * f->rc;

    for (int k = 0; k < 2; k++) {
        f->rim[k] = (f->cc * f->ry[k] - f->rc * f->cy[k]) / det;
        f->core[k] = (f->rr * f->cy[k] - f->rc * f->ry[k]) / det;
    }
}

/** Sum of products of the residuals of images j and k: y'y less the part that is explained. */
static double residual(const struct fit *f, int j, int k)
{
    const double y = j == k ? f->yy[j] : f->y0y1;

    return y - f->rim[j] * f->ry[k] - f->core[j] * f->cy[k];
}

/** ADC of one part from its signals at the two b-values, with its standard error. */
static void part(double *adc, double *se, const struct fit *f, const double s[2], double inverse,
                 double per_sample, double b_step)
{
    const double degrees = fmax(f->n / per_sample - 2.0, 1.0) * per_sample;
    double variance = 0.0;

    for (int j = 0; j < 2; j++)
        for (int k = 0; k < 2; k++)
            variance += (j == k ? 1.0 : -1.0) * residual(f, j, k) / (degrees * s[j] * s[k]);
    *adc = log(s[0] / s[1]) / b_step;
    *se = sqrt(fmax(variance, 0.0) * inverse * per_sample) / b_step;
}

static void gather(struct fit *f, const struct hep_lesion_measures *m,
                   const struct hep_shells *shells, const float *share, const float *inner)
{
    static const enum hep_image images[2] = { HEP_IMAGE_B_LOW, HEP_IMAGE_B_HIGH };
    const size_t n = hep_grid_voxels(&shells->grid);

    for (size_t i = 0; i < n; i++) {
        const double p = (double)share[i], c = fmin((double)inner[i], p);
        double y[2];

        if ((shells->zone[i] & 1U << HEP_SHELL_WHOLE) == 0 || p < SHARE_MIN)
            continue;
        for (int k = 0; k < 2; k++)
            y[k] = hep_measure_signal(m->study, shells, images[k], i) -
                   (1.0 - p) * m->image[images[k]].zone[HEP_SHELL_RING].median;
        if (isfinite(y[0]) && isfinite(y[1]))
            add_voxel(f, p - c, c, y);
    }
}

static void finish(struct hep_unmixed *out, struct fit *f, const struct hep_lesion_measures *m,
                   double per_sample)
{
    const double det = f->rr * f->cc - f->rc * f->rc;
    const double b_step = m->study->b_high_s_per_mm2 - m->study->b_low_s_per_mm2;

    if (f->n < VOXELS_MIN * per_sample || !(det > CONDITION_MIN * f->rr * f->cc) || !(b_step > 0.0))
        return;
    solve(f);
    for (int k = 0; k < 2; k++)
        if (!(f->rim[k] > 0.0 && f->core[k] > 0.0))
            return;
    part(&out->adc_rim, &out->adc_rim_se, f, f->rim, f->cc / det, per_sample, b_step);
    part(&out->adc_core, &out->adc_core_se, f, f->core, f->rr / det, per_sample, b_step);
    out->b_high_rim = f->rim[1];
    out->b_high_core = f->core[1];
}

int hep_measure_unmix(struct hep_unmixed *out, const struct hep_lesion_measures *m,
                      const struct hep_shells *shells, struct hep_error *err)
{
    const struct hep_lesion_image *b = &m->study->image[HEP_IMAGE_B_HIGH];
    const double none = (double)NAN;
    float *share = NULL, *inner = NULL;
    struct fit f = { 0 };
    int rc;

    *out = (struct hep_unmixed){ none, none, none, none, none, none };
    if (b->volume == NULL || m->study->image[HEP_IMAGE_B_LOW].volume == NULL)
        return HEP_OK;
    rc = hep_shells_share(&share, shells, b, err);
    if (rc == HEP_OK)
        rc = hep_shells_inner_share(&inner, shells, b, err);
    if (rc == HEP_OK) {
        gather(&f, m, shells, share, inner);
        finish(out, &f, m, hep_measure_voxels_per_sample(m->study, HEP_IMAGE_B_HIGH));
    }
    free(share);
    free(inner);
    return rc;
}
