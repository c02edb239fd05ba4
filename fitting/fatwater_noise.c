#include "base/alloc.h"
#include "fitting/fatwater_model.h"
#include "fitting/fatwater_work.h"
#include "sequences/echo.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    n_sampled = 4096, /* voxels: the median of their variances has an error of 2 % */
    n_rounds = 3,     /* the last one changes sigma by less than 1 % */
    n_least = 16
};

/* Voxels of the object, spread over the volume: those whose first echo is above its mean. */
struct sample {
    size_t n;
    float *signal; /* [n_echoes][n_sampled] */
    float pdff[n_sampled], r2star[n_sampled], water[n_sampled], fat[n_sampled];
    double variance[n_sampled];
};

static double mean_of_first(const struct hep_multiecho_data *data, const uint8_t *mask)
{
    double sum = 0.0;
    size_t n = 0;

    for (size_t i = 0; i < data->n_voxels; i++) {
        double s = (double)data->echo[0][i];

        if ((mask == NULL || mask[i] != 0) && isfinite(s)) {
            sum += s;
            n++;
        }
    }
    return n > 0 ? sum / (double)n : 0.0;
}

static bool is_sampled(const struct hep_multiecho_data *data, const uint8_t *mask, size_t i,
                       double least)
{
    return (mask == NULL || mask[i] != 0) && (double)data->echo[0][i] >= least;
}

static void take_sample(struct sample *s, const struct hep_multiecho_data *data,
                        const uint8_t *mask)
{
    double least = mean_of_first(data, mask);
    size_t n_object = 0, seen = 0, step;

    for (size_t i = 0; i < data->n_voxels; i++)
        n_object += is_sampled(data, mask, i, least);
    step = n_object / n_sampled + 1;
    for (size_t i = 0; i < data->n_voxels && s->n < n_sampled; i++) {
        if (!is_sampled(data, mask, i, least) || seen++ % step != 0)
            continue;
        for (size_t k = 0; k < data->n_echoes; k++)
            s->signal[k * n_sampled + s->n] = data->echo[k][i];
        s->n++;
    }
}

/*
 * Squared residuals of one voxel, each over the variance that a Rician magnitude of its size has,
 * per degree of freedom. sigma = 0: as if the noise were normal. NaN without a degree of freedom.
 */
static double variance_of(const struct sample *s, size_t i, const struct hep_fatwater_job *job,
                          double sigma)
{
    double amplitude = (double)s->water[i] + (double)s->fat[i], grad[HEP_LM_MAX_P], sum = 0.0;
    double p[HEP_LM_MAX_P] = { amplitude, job->opt->no_fat ? 0.0 : (double)s->pdff[i],
                               (double)s->r2star[i] * HEP_FATWATER_TIME_UNIT_S, sigma * sigma };
    const double unknowns = (double)hep_fatwater_unknowns(job->opt);
    double n = 0.0;

    for (size_t k = 0; k < job->n; k++) {
        double y = (double)s->signal[k * n_sampled + i], m = model_fatwater(grad, p, job->x[k]);
        double share = sigma > 0.0 ? model_rice_variance(m * m / (sigma * sigma)) : 1.0;

        if (!(isfinite(y) && y > 0.0))
            continue;
        if (sigma > 0.0)
            m = model_fatwater_floor(grad, p, job->x[k]);
        sum += (y - m) * (y - m) / share;
        n += 1.0;
    }
    return n > unknowns ? sum / (n - unknowns) : (double)NAN;
}

/* Median of chi-squared over its degrees of freedom: Wilson and Hilferty, PNAS 1931;17:684-688. */
static double median_of_chi2(double dof)
{
    return pow(1.0 - 2.0 / (9.0 * dof), 3.0);
}

/* Fit the sample, the floor with `sigma` when it is above 0; `job` holds the model's constants, not the data. */
static int fit_sample(struct hep_fatwater_job *job, struct sample *s, double sigma,
                      const struct hep_multiecho_data *data,
                      const struct hep_multiecho_options *opt, struct hep_error *err)
{
    const float *echo[HEP_MULTIECHO_MAX_ECHOES];
    struct hep_multiecho_data part = *data;
    struct hep_multiecho_options o = *opt;
    struct hep_multiecho_maps maps = {
        .pdff_frac = s->pdff, .r2star_per_s = s->r2star, .water = s->water, .fat = s->fat
    };
    int rc;

    for (size_t k = 0; k < data->n_echoes; k++)
        echo[k] = s->signal + k * n_sampled;
    part.echo = echo;
    part.n_voxels = s->n;
    o.noise = sigma > 0.0 ? HEP_MULTIECHO_NOISE_FLOOR : HEP_MULTIECHO_NOISE_IGNORE;
    o.sigma = sigma;
    o.se_max_frac = 0.0;
    o.fit.verify = false;
    rc = hep_multiecho_fit_all(&maps, NULL, &part, NULL, &o, err);
    if (rc == HEP_OK)
        hep_fatwater_job_init(job, data, opt);
    return rc;
}

/* One round: fit the sample and measure sigma anew. */
static int next_sigma(double *sigma, struct sample *s, const struct hep_multiecho_data *data,
                      const struct hep_multiecho_options *opt, struct hep_error *err)
{
    struct hep_fatwater_job job;
    size_t n = 0;
    int rc = fit_sample(&job, s, *sigma, data, opt, err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < s->n; i++) {
        double v = variance_of(s, i, &job, *sigma);

        if (isfinite(v))
            s->variance[n++] = v;
    }
    *sigma = n < n_least
                 ? 0.0
                 : sqrt(gsl_stats_median(s->variance, 1, n) /
                        median_of_chi2((double)(data->n_echoes - hep_fatwater_unknowns(opt))));
    return HEP_OK;
}

static int sample_new(struct sample **out, const struct hep_multiecho_data *data,
                      const uint8_t *mask, struct hep_error *err)
{
    struct sample *s = NULL;

    if (HEP_NEW(s, 1, err) != HEP_OK)
        return HEP_ENOMEM;
    s->signal = hep_calloc(data->n_echoes * n_sampled, sizeof *s->signal, err);
    if (s->signal == NULL) {
        free(s);
        return HEP_ENOMEM;
    }
    take_sample(s, data, mask);
    *out = s;
    return HEP_OK;
}

static void sample_free(struct sample *s)
{
    if (s != NULL)
        free(s->signal);
    free(s);
}

/* Median over the sample of one echo's residual over the voxel's largest signal; NaN for too few voxels. */
static double misfit_of(struct sample *s, size_t k, const struct hep_fatwater_job *job,
                        double sigma)
{
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        const double p[HEP_LM_MAX_P] = { (double)s->water[i] + (double)s->fat[i],
                                         job->opt->no_fat ? 0.0 : (double)s->pdff[i],
                                         (double)s->r2star[i] * HEP_FATWATER_TIME_UNIT_S,
                                         sigma * sigma };
        double grad[HEP_LM_MAX_P], largest = 0.0, y = (double)s->signal[k * n_sampled + i], m;

        for (size_t e = 0; e < job->n; e++)
            largest = fmax(largest, (double)s->signal[e * n_sampled + i]);
        m = sigma > 0.0 ? model_fatwater_floor(grad, p, job->x[k])
                        : model_fatwater(grad, p, job->x[k]);
        if (isfinite(y) && y > 0.0 && isfinite(m))
            s->variance[n++] = (y - m) / largest;
    }
    return n < n_least ? (double)NAN : gsl_stats_median(s->variance, 1, n);
}

int hep_multiecho_misfit(struct hep_echo_misfit *out, const struct hep_multiecho_data *all,
                         const uint8_t *mask, const struct hep_multiecho_options *opt,
                         struct hep_error *err)
{
    const double sigma = opt->noise == HEP_MULTIECHO_NOISE_FLOOR ? opt->sigma : 0.0;
    struct hep_multiecho_data early = *all, *data = &early;
    struct sample *s = NULL;
    struct hep_fatwater_job job;
    int rc;

    *out = (struct hep_echo_misfit){ (double)NAN, (double)NAN };
    while (early.n_echoes > 0 && early.te_s[early.n_echoes - 1] > HEP_ECHO_POSITION_TE_MAX_S)
        early.n_echoes--;
    if (data->n_echoes <= hep_fatwater_unknowns(opt))
        return HEP_OK;
    rc = sample_new(&s, data, mask, err);
    if (rc == HEP_OK && s->n >= n_least)
        rc = fit_sample(&job, s, sigma, data, opt, err);
    for (size_t k = 0; rc == HEP_OK && s->n >= n_least && k < data->n_echoes; k++) {
        const double share = misfit_of(s, k, &job, sigma);

        if (isfinite(share) && !(fabs(share) <= fabs(out->share)))
            *out = (struct hep_echo_misfit){ share, data->te_s[k] };
    }
    sample_free(s);
    return rc;
}

bool hep_multiecho_contradicts(char reason[HEP_ECHO_MISFIT_REASON],
                               const struct hep_echo_misfit *misfit, double share_max)
{
    reason[0] = '\0';
    if (fabs(misfit->share) > share_max)
        (void)snprintf(reason, HEP_ECHO_MISFIT_REASON,
                       "the echo at %.2f ms lies %.1f %% %s what the others allow (median of the "
                       "body): exchanged, scaled, or of another time or field",
                       1e3 * misfit->te_s, 100.0 * fabs(misfit->share),
                       misfit->share > 0.0 ? "above" : "below");
    return reason[0] != '\0';
}

int hep_multiecho_sigma(double *sigma, const struct hep_multiecho_data *data, const uint8_t *mask,
                        const struct hep_multiecho_options *opt, struct hep_error *err)
{
    struct sample *s = NULL;
    int rc;

    *sigma = 0.0;
    if (data->n_echoes <= hep_fatwater_unknowns(opt))
        return HEP_OK;
    rc = sample_new(&s, data, mask, err);
    for (int round = 0; rc == HEP_OK && s->n >= n_least && round < n_rounds; round++)
        rc = next_sigma(sigma, s, data, opt, err);
    sample_free(s);
    return rc;
}
