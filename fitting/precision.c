#include "fitting/precision.h"

#include "fitting/precision_information.h"
#include "sequences/signal.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_sf_bessel.h>
#include <math.h>

static const struct {
    const char *name;
    size_t n;
    const char *params[HEP_PRECISION_PARAMS_MAX];
} models[HEP_PRECISION_MODEL_COUNT] = {
    [HEP_PRECISION_MONO] = { "mono", 2, { "S0", "D" } },
    [HEP_PRECISION_IVIM] = { "ivim", 4, { "S0", "D", "f", "Dstar" } },
    [HEP_PRECISION_IVIM_DF] = { "ivim-df", 3, { "S0", "D", "f" } },
    [HEP_PRECISION_KURTOSIS] = { "kurtosis", 3, { "S0", "D", "K" } },
    [HEP_PRECISION_MULTIECHO] = { "multiecho", 3, { "W", "F", "R2star" } },
};

const char *hep_precision_model_name(enum hep_precision_model model)
{
    return (unsigned)model < HEP_PRECISION_MODEL_COUNT ? models[model].name : NULL;
}

size_t hep_precision_param_count(enum hep_precision_model model)
{
    return (unsigned)model < HEP_PRECISION_MODEL_COUNT ? models[model].n : 0;
}

const char *hep_precision_param_name(enum hep_precision_model model, size_t i)
{
    return i < hep_precision_param_count(model) ? models[model].params[i] : NULL;
}

/* Signal of the model at x, and its gradient by the parameters. */
static double signal_at(double grad[HEP_PRECISION_PARAMS_MAX], enum hep_precision_model model,
                        const double *theta, double x, double b0_t,
                        const struct hep_fat_spectrum *spectrum)
{
    double phasor[2], fraction, signal;

    switch (model) {
    case HEP_PRECISION_IVIM:
        return hep_signal_ivim(grad, theta[0], theta[1], theta[2], theta[3], x);
    case HEP_PRECISION_IVIM_DF:
        if (x > 0.0) {
            fraction = 1.0 - theta[2];
            signal = hep_signal_mono(grad, theta[0], theta[1], x);
            grad[0] *= fraction;
            grad[1] *= fraction;
            grad[2] = -signal;
            return fraction * signal;
        }
        grad[0] = 1.0;
        grad[1] = grad[2] = 0.0;
        return theta[0];
    case HEP_PRECISION_KURTOSIS:
        return hep_signal_kurtosis(grad, theta[0], theta[1], theta[2], x);
    case HEP_PRECISION_MULTIECHO:
        hep_fat_phasor(phasor, spectrum, b0_t, x);
        return hep_signal_fat_water_magnitude(grad, theta[0], theta[1], theta[2], phasor, x);
    case HEP_PRECISION_MONO:
    case HEP_PRECISION_MODEL_COUNT:
    default:
        return hep_signal_mono(grad, theta[0], theta[1], x);
    }
}

double hep_precision_rician_factor(double z)
{
    /* The integrand rises as m^5 at 0 and falls as a Gaussian, so the trapezium rule with this step
     * is exact to about 1e-9; beyond z = 100 the series 1 - 1/(2 z^2) is closer than that. */
    const double step = 0.05, reach = 10.0, far = 100.0;
    double sum = 0.0, from = fmax(0.0, z - reach);
    int n = (int)ceil((z + reach - from) / step);

    if (!(z > 0.0))
        return 0.0;
    if (z > far)
        return 1.0 - 0.5 / (z * z);
    for (int i = 0; i <= n; i++) {
        double m = from + (double)i * step, i0 = gsl_sf_bessel_I0_scaled(m * z);
        double drift = m * gsl_sf_bessel_I1_scaled(m * z) / i0; /* d ln p / dz + z */

        sum += drift * drift * m * exp(-0.5 * (m - z) * (m - z)) * i0;
    }
    return fmin(1.0, sum * step - z * z);
}

double hep_precision_root_information(double root[HEP_PRECISION_PARAMS_MAX],
                                      enum hep_precision_model model, const double *theta, double x,
                                      const struct hep_precision_protocol *p)
{
    double signal = signal_at(root, model, theta, x, p->b0_t, p->spectrum);
    double factor = p->noise == HEP_PRECISION_RICIAN
                        ? sqrt(hep_precision_rician_factor(signal / p->sigma))
                        : 1.0;

    for (size_t i = 0; i < hep_precision_param_count(model); i++)
        root[i] *= factor / p->sigma;
    return signal;
}

bool hep_precision_invert(double *inverse, const double *information, size_t n)
{
    const double least_pivot = 1e-7; /* of the correlation form: 1e-14 of its determinant factor */
    double scale[HEP_PRECISION_PARAMS_MAX];
    gsl_matrix_view m = gsl_matrix_view_array(inverse, n, n);

    for (size_t i = 0; i < n; i++) {
        if (!(information[i * n + i] > 0.0 && isfinite(information[i * n + i])))
            return false;
        scale[i] = 1.0 / sqrt(information[i * n + i]);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            inverse[i * n + j] = information[i * n + j] * scale[i] * scale[j];
    }
    gsl_set_error_handler_off();
    if (gsl_linalg_cholesky_decomp1(&m.matrix) != GSL_SUCCESS)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!(inverse[i * n + i] > least_pivot))
            return false;
    }
    if (gsl_linalg_cholesky_invert(&m.matrix) != GSL_SUCCESS)
        return false;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            inverse[i * n + j] *= scale[i] * scale[j];
    }
    return true;
}

static int check_protocol(const struct hep_precision_protocol *p, struct hep_error *err)
{
    bool multiecho = p->model == HEP_PRECISION_MULTIECHO;

    if (hep_precision_param_count(p->model) == 0)
        return HEP_FAIL(err, HEP_EINVAL, "unknown model %d", (int)p->model);
    if (p->x == NULL || p->n == 0 || p->n > HEP_PRECISION_POINTS_MAX)
        return HEP_FAIL(err, HEP_EINVAL, "%zu acquisitions, allowed 1 to %d", p->n,
                        HEP_PRECISION_POINTS_MAX);
    if (!(p->sigma > 0.0 && isfinite(p->sigma)))
        return HEP_FAIL(err, HEP_EINVAL, "noise is %g, it must be positive", p->sigma);
    if (multiecho && (p->spectrum == NULL || !(p->b0_t > 0.0 && isfinite(p->b0_t))))
        return HEP_FAIL(err, HEP_EINVAL, "multi-echo needs a fat spectrum and a field, met %g T",
                        p->b0_t);
    for (size_t k = 0; k < p->n; k++) {
        if (!(p->x[k] >= 0.0 && isfinite(p->x[k])) || (multiecho && p->x[k] == 0.0))
            return HEP_FAIL(err, HEP_EINVAL, "acquisition %zu is at %g, allowed %s", k + 1, p->x[k],
                            multiecho ? "echo times above 0 s" : "b of 0 s/mm2 and above");
        if (p->averages != NULL && !(p->averages[k] >= 0.0 && isfinite(p->averages[k])))
            return HEP_FAIL(err, HEP_EINVAL, "acquisition %zu has %g averages, allowed 0 and above",
                            k + 1, p->averages[k]);
    }
    return HEP_OK;
}

int hep_precision_bounds(double *sd, double *cov, const double *theta,
                         const struct hep_precision_protocol *protocol, struct hep_error *err)
{
    enum { most = HEP_PRECISION_PARAMS_MAX };
    double information[most * most] = { 0 }, inverse[most * most], root[most];
    size_t n = hep_precision_param_count(protocol->model);
    int rc = check_protocol(protocol, err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (!(theta[i] >= 0.0 && isfinite(theta[i])))
            return HEP_FAIL(err, HEP_EINVAL, "%s is %g, allowed 0 and above",
                            hep_precision_param_name(protocol->model, i), theta[i]);
    }
    for (size_t k = 0; k < protocol->n; k++) {
        double averages = protocol->averages != NULL ? protocol->averages[k] : 1.0;

        hep_precision_root_information(root, protocol->model, theta, protocol->x[k], protocol);
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++)
                information[i * n + j] += averages * root[i] * root[j];
        }
    }
    if (!hep_precision_invert(inverse, information, n))
        return HEP_FAIL(err, HEP_EDATA,
                        "%zu acquisitions do not determine the %zu parameters of the %s model",
                        protocol->n, n, hep_precision_model_name(protocol->model));
    for (size_t i = 0; i < n; i++)
        sd[i] = sqrt(inverse[i * n + i]);
    if (cov != NULL)
        memcpy(cov, inverse, n * n * sizeof *cov);
    return HEP_OK;
}

int hep_precision_pdff_bound(double *sd_frac, double water, double fat, double r2star_per_s,
                             const struct hep_precision_protocol *protocol, struct hep_error *err)
{
    const double theta[HEP_PRECISION_PARAMS_MAX] = { water, fat, r2star_per_s };
    double sd[HEP_PRECISION_PARAMS_MAX];
    double cov[HEP_PRECISION_PARAMS_MAX * HEP_PRECISION_PARAMS_MAX] = { 0.0 }; /* 3 x 3 of it */
    double total = water + fat, by_w, by_f;
    int rc;

    if (protocol->model != HEP_PRECISION_MULTIECHO)
        return HEP_FAIL(err, HEP_EINVAL, "the fat fraction needs the multiecho model, not %s",
                        hep_precision_model_name(protocol->model));
    rc = hep_precision_bounds(sd, cov, theta, protocol, err);
    if (rc != HEP_OK)
        return rc;
    by_w = -fat / (total * total);
    by_f = water / (total * total);
    *sd_frac = sqrt(by_w * by_w * cov[0] + 2.0 * by_w * by_f * cov[1] + by_f * by_f * cov[4]);
    return HEP_OK;
}
