#include "fitting/multiecho.h"

#include "fitting/dualecho.h"
#include "fitting/fatwater_work.h"
#include "fitting/precision.h"
#include "fitting/r2star.h"
#include "sequences/echo.h"

#include <math.h>

struct hep_multiecho_options hep_multiecho_defaults(void)
{
    return (struct hep_multiecho_options){ .noise = HEP_MULTIECHO_NOISE_AUTO,
                                           .snr_min = 3.0,
                                           .r2star_max_per_s = 1500.0,
                                           .se_max_frac = 0.1 };
}

static int check_options(const struct hep_multiecho_options *opt, struct hep_error *err)
{
    enum hep_fit_isa isa;

    if (!(opt->sigma >= 0.0 && isfinite(opt->sigma)) ||
        !(opt->snr_min >= 0.0 && isfinite(opt->snr_min)))
        return HEP_FAIL(err, HEP_EINVAL, "noise %g and least SNR %g must not be negative",
                        opt->sigma, opt->snr_min);
    if ((opt->noise == HEP_MULTIECHO_NOISE_DROP || opt->noise == HEP_MULTIECHO_NOISE_FLOOR) &&
        !(opt->sigma > 0.0))
        return HEP_FAIL(err, HEP_EINVAL, "treating the noise floor needs the noise, it is %g",
                        opt->sigma);
    if (!(opt->r2star_max_per_s >= 10.0 && opt->r2star_max_per_s <= 1e4))
        return HEP_FAIL(err, HEP_EINVAL, "largest R2* is %g /s, allowed 10 to 10000",
                        opt->r2star_max_per_s);
    return hep_fit_isa_resolve(&isa, opt->fit.isa, err);
}

static int check_echoes(const struct hep_multiecho_data *data, size_t n_least,
                        struct hep_error *err)
{
    if (data->echo == NULL || data->te_s == NULL || data->spectrum == NULL)
        return HEP_FAIL(err, HEP_EINVAL, "echoes, echo times or fat spectrum are missing");
    if (data->n_echoes < n_least || data->n_echoes > HEP_MULTIECHO_MAX_ECHOES)
        return HEP_FAIL(err, HEP_EINVAL, "%zu echoes, allowed %zu to %d", data->n_echoes, n_least,
                        HEP_MULTIECHO_MAX_ECHOES);
    if (!(data->b0_t >= 0.2 && data->b0_t <= 12.0))
        return HEP_FAIL(err, HEP_EINVAL, "field strength is %g T, allowed 0.2 to 12 T", data->b0_t);
    return hep_echoes_check(data->echo, data->te_s, data->n_echoes, err);
}

/* The small peaks of fat would tell a fraction of echoes that are all in phase, and as badly as the
 * spectrum and the decay are known. */
static bool all_in_phase(const struct hep_multiecho_data *data)
{
    for (size_t k = 0; k < data->n_echoes; k++) {
        if (data->te_s[k] <= HEP_ECHO_POSITION_TE_MAX_S &&
            hep_dualecho_phase(data->te_s[k], data->b0_t) != HEP_ECHO_IN_PHASE)
            return false;
    }
    return true;
}

bool hep_multiecho_separable(const struct hep_multiecho_data *data)
{
    const double widest = 0.05, r2star_per_s = 28.7 * data->b0_t / 1.5;
    const struct hep_precision_protocol protocol = { .model = HEP_PRECISION_MULTIECHO,
                                                     .x = data->te_s,
                                                     .n = data->n_echoes,
                                                     .sigma = 1.0,
                                                     .b0_t = data->b0_t,
                                                     .spectrum = data->spectrum };
    struct hep_error unused = { 0 };
    double sd = (double)INFINITY;
    int rc = hep_precision_pdff_bound(&sd, 80.0, 20.0, r2star_per_s, &protocol, &unused);

    return rc == HEP_OK && sd <= widest && !all_in_phase(data);
}

int hep_multiecho_check(const struct hep_multiecho_data *data,
                        const struct hep_multiecho_options *opt, struct hep_error *err)
{
    int rc = check_options(opt, err);

    if (rc == HEP_OK)
        rc = check_echoes(data, hep_fatwater_unknowns(opt), err);
    if (rc == HEP_OK && !opt->no_fat && !hep_multiecho_separable(data))
        rc = HEP_FAIL(
            err, HEP_EDATA, "%zu echoes from %.3f to %.3f ms cannot tell water from fat at %g T",
            data->n_echoes, 1e3 * data->te_s[0], 1e3 * data->te_s[data->n_echoes - 1], data->b0_t);
    return rc;
}

int hep_multiecho_map(const struct hep_multiecho_maps *maps, struct hep_multiecho_summary *summary,
                      const struct hep_multiecho_data *data, const uint8_t *mask,
                      const struct hep_multiecho_options *opt, struct hep_error *err)
{
    struct hep_multiecho_options settled = *opt;
    int rc = hep_multiecho_check(data, opt, err);

    if (rc == HEP_OK && opt->noise == HEP_MULTIECHO_NOISE_AUTO) {
        if (!(opt->sigma > 0.0)) {
            rc = hep_multiecho_sigma(&settled.sigma, data, mask, opt, err);
            settled.sigma_is_measured = true;
        }
        settled.noise =
            settled.sigma > 0.0 ? HEP_MULTIECHO_NOISE_FLOOR : HEP_MULTIECHO_NOISE_IGNORE;
    }
    if (rc == HEP_OK)
        rc = hep_multiecho_fit_all(maps, summary, data, mask, &settled, err);
    if (rc == HEP_OK && summary != NULL) {
        summary->sigma = settled.sigma;
        summary->misfit = (struct hep_echo_misfit){ (double)NAN, (double)NAN };
        /* Fat that beats and is not in the model is no contradiction. */
        if (!opt->no_fat || all_in_phase(data))
            rc = hep_multiecho_misfit(&summary->misfit, data, mask, &settled, err);
    }
    return rc;
}
