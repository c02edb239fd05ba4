#include "fitting/diffusion_noise.h"

#include "base/alloc.h"
#include "fitting/diffusion_sample.h"
#include "image/air.h"
#include "sequences/gradients.h"

#include <math.h>

enum { MOST_AIR = 20000 };
static const double mad_of_normal = 0.6744897501960817, same_b_s_per_mm2 = 0.5;

const char *hep_noise_source_name(enum hep_noise_source source)
{
    static const char *const names[] = { "given", "air", "repeats", "residuals" };

    return names[source];
}

/* Sigma of each volume; one whose air tells nothing takes the median of the others. */
static int from_air(struct hep_diffusion_noise *out, double *each,
                    const struct hep_diffusion_input *in, struct hep_error *err)
{
    float *work = NULL, *known = NULL;
    size_t n_air = 0, n = 0;
    int rc = HEP_NEW(work, in->nvox, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(known, in->nb, err);
    for (size_t v = 0; rc == HEP_OK && v < in->nvox; v++)
        n_air += in->mask[v] <= 0;
    for (size_t i = 0; rc == HEP_OK && i < in->nb; i++) {
        each[i] = hep_air_sigma(in->signal + i * in->nvox, in->mask, work, in->nvox,
                                n_air / MOST_AIR + 1);
        if (isfinite(each[i]))
            known[n++] = (float)each[i];
    }
    out->background_cut = rc == HEP_OK && 2 * n <= in->nb;
    if (rc == HEP_OK && !out->background_cut) {
        out->sigma = hep_quantile(known, n, 0.5);
        out->source = HEP_NOISE_AIR;
        for (size_t i = 0; i < in->nb; i++)
            each[i] = isfinite(each[i]) ? each[i] : out->sigma;
    }
    free(work);
    free(known);
    return rc;
}

static void from_repeats(struct hep_diffusion_noise *out, struct hep_diffusion_sample *s,
                         const struct hep_diffusion_input *in)
{
    for (size_t i = 0; i < in->nb; i++) {
        size_t k = i + 1;
        double sigma;

        while (k < in->nb && fabs(in->b_s_per_mm2[k] - in->b_s_per_mm2[i]) > same_b_s_per_mm2)
            k++;
        if (k == in->nb)
            continue;
        for (size_t v = 0; v < s->n; v++)
            s->work[v] =
                in->signal[i * in->nvox + s->voxel[v]] - in->signal[k * in->nvox + s->voxel[v]];
        sigma = hep_sample_mad(s, s->work) / mad_of_normal / sqrt(2.0);
        if (sigma > 0.0 && (out->source != HEP_NOISE_REPEATS || sigma < out->sigma)) {
            out->sigma = sigma;
            out->source = HEP_NOISE_REPEATS;
        }
    }
}

/* Median of the root mean square of `dof` standard normal values: that of chi squared is about
 * dof (1 - 2 / (9 dof))^3 (Wilson and Hilferty, PNAS 1931;17:684). */
static double median_of_root(double dof)
{
    return dof >= 1.0 ? pow(1.0 - 2.0 / (9.0 * dof), 1.5) : 1.0;
}

static int from_residuals(struct hep_diffusion_noise *out, const struct hep_diffusion_input *in,
                          const struct hep_diffusion_settings *settings)
{
    struct hep_diffusion_settings s = *settings;
    struct hep_diffusion_report report = { 0 };
    struct hep_diffusion_maps none = { 0 };
    struct hep_error unfit = { 0 };
    int rc;

    hep_diffusion_settings_init(&s, HEP_DIFFUSION_ADC);
    s.fit = settings->fit;
    s.fit.verify = false;
    s.b_min_s_per_mm2 = 0.0;
    rc = hep_diffusion_fit(&none, &report, in, &s, &unfit);
    if (rc == HEP_ENOMEM)
        return rc;
    if (rc == HEP_OK && report.sigma > 0.0) {
        out->sigma = report.sigma / median_of_root((double)report.n_b - 2.0);
        out->source = HEP_NOISE_RESIDUALS;
    }
    return HEP_OK;
}

static void fill_volumes(struct hep_diffusion_noise *out, double *each, size_t nb)
{
    for (size_t i = 0; out->source != HEP_NOISE_AIR && i < nb; i++)
        each[i] = out->sigma;
    out->least = out->most = out->sigma;
    for (size_t i = 0; i < nb; i++) {
        out->least = fmin(out->least, each[i]);
        out->most = fmax(out->most, each[i]);
    }
}

int hep_diffusion_noise(struct hep_diffusion_noise *out, double *each,
                        const struct hep_diffusion_input *in, const size_t n[3],
                        const struct hep_diffusion_settings *settings, struct hep_error *err)
{
    struct hep_diffusion_sample s = { 0 };
    int rc = HEP_OK;

    *out = (struct hep_diffusion_noise){ .sigma = settings->sigma, .source = HEP_NOISE_GIVEN };
    if (!(out->sigma > 0.0) && in->mask != NULL)
        rc = from_air(out, each, in, err);
    if (rc == HEP_OK && !(out->sigma > 0.0)) {
        rc = hep_sample_take(&s, in, n, err);
        if (rc == HEP_OK)
            from_repeats(out, &s, in);
        hep_sample_release(&s);
    }
    if (rc == HEP_OK && !(out->sigma > 0.0))
        rc = from_residuals(out, in, settings);
    if (rc == HEP_OK)
        fill_volumes(out, each, in->nb);
    return rc == HEP_ENOMEM ? HEP_FAIL(err, HEP_ENOMEM, "no memory for the noise") : rc;
}

int hep_diffusion_signal_at(double *out, const struct hep_diffusion_input *in, const size_t n[3],
                            double b_s_per_mm2, struct hep_error *err)
{
    struct hep_diffusion_sample s = { 0 };
    int rc = hep_sample_take(&s, in, n, err);

    *out = (double)NAN;
    for (size_t v = 0; rc == HEP_OK && v < s.n; v++) {
        double sum = 0.0;
        size_t count = 0;

        for (size_t i = 0; i < in->nb; i++) {
            const float x = in->signal[i * in->nvox + s.voxel[v]];

            if (fabs(in->b_s_per_mm2[i] - b_s_per_mm2) <= same_b_s_per_mm2 && isfinite(x)) {
                sum += (double)x;
                count++;
            }
        }
        s.work[v] = count > 0 ? (float)(sum / (double)count) : NAN;
    }
    if (rc == HEP_OK && s.n > 0)
        *out = hep_sample_median(&s, s.work);
    hep_sample_release(&s);
    return rc;
}
