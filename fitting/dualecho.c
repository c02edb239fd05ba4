#include "fitting/dualecho.h"

#include "fitting/settings.h"
#include "sequences/echo.h"
#include "sequences/signal.h"

#include <math.h>
#include <stdint.h>

/* Two echoes nearer than this are the same echo written with different rounding. */
static const double te_resolution_s = 1e-5;
static const double snr_usable = 3.0;

struct hep_dualecho_options hep_dualecho_defaults(void)
{
    return (struct hep_dualecho_options){ .r2star_per_s = (double)NAN };
}

enum hep_echo_phase hep_dualecho_phase(double te_s, double b0_t)
{
    double turns = te_s / hep_fat_water_period_s(b0_t);
    double from_in_phase = fabs(turns - round(turns)); /* 0 in phase, 0.5 opposed */

    if (te_s > HEP_ECHO_POSITION_TE_MAX_S)
        return HEP_ECHO_BETWEEN;
    if (from_in_phase < 1.0 / 6.0)
        return HEP_ECHO_IN_PHASE;
    return from_in_phase > 1.0 / 3.0 ? HEP_ECHO_OPPOSED : HEP_ECHO_BETWEEN;
}

static int check_ranges(const struct hep_dualecho_options *opt, struct hep_error *err)
{
    if (!(opt->b0_t >= 0.2 && opt->b0_t <= 12.0))
        return HEP_FAIL(err, HEP_EINVAL, "field strength is %g T, allowed 0.2 to 12 T", opt->b0_t);
    if (!(opt->te_opposed_s > 0.0 && opt->te_opposed_s < 1.0) ||
        !(opt->te_in_phase_s > 0.0 && opt->te_in_phase_s < 1.0))
        return HEP_FAIL(err, HEP_EINVAL,
                        "echo times are %g s (opposed) and %g s (in phase), allowed 0 to 1 s",
                        opt->te_opposed_s, opt->te_in_phase_s);
    if (!(opt->te_third_s >= 0.0 && opt->te_third_s < 1.0))
        return HEP_FAIL(err, HEP_EINVAL, "third echo time is %g s, allowed 0 to 1 s",
                        opt->te_third_s);
    if (!isnan(opt->r2star_per_s) && !(opt->r2star_per_s >= 0.0 && isfinite(opt->r2star_per_s)))
        return HEP_FAIL(err, HEP_EINVAL, "R2* is %g /s, allowed 0 and above", opt->r2star_per_s);
    if (!(opt->sigma >= 0.0 && isfinite(opt->sigma)))
        return HEP_FAIL(err, HEP_EINVAL, "noise is %g, allowed 0 and above", opt->sigma);
    return HEP_OK;
}

static bool same_time(double a_s, double b_s)
{
    return fabs(a_s - b_s) < te_resolution_s;
}

/* The echo of the pair that the third one shares its phase with. */
static int partner_te(double *te_s, const struct hep_dualecho_options *opt, struct hep_error *err)
{
    enum hep_echo_phase phase = hep_dualecho_phase(opt->te_third_s, opt->b0_t);
    double partner_s = phase == HEP_ECHO_OPPOSED ? opt->te_opposed_s : opt->te_in_phase_s;

    if (phase == HEP_ECHO_BETWEEN)
        return HEP_FAIL(err, HEP_EDATA,
                        "third echo at %.3f ms is neither in phase nor opposed at %g T",
                        1e3 * opt->te_third_s, opt->b0_t);
    if (same_time(partner_s, opt->te_third_s))
        return HEP_FAIL(err, HEP_EDATA, "third echo has the echo time %.3f ms of another one",
                        1e3 * opt->te_third_s);
    *te_s = partner_s;
    return HEP_OK;
}

int hep_dualecho_check(const struct hep_dualecho_options *opt, struct hep_error *err)
{
    double partner_s;
    int rc = check_ranges(opt, err);

    if (rc != HEP_OK)
        return rc;
    if (same_time(opt->te_opposed_s, opt->te_in_phase_s))
        return HEP_FAIL(err, HEP_EDATA, "opposed and in-phase echo have one echo time, %.3f ms",
                        1e3 * opt->te_opposed_s);

    enum hep_echo_phase op = hep_dualecho_phase(opt->te_opposed_s, opt->b0_t);
    enum hep_echo_phase ip = hep_dualecho_phase(opt->te_in_phase_s, opt->b0_t);
    if (op == HEP_ECHO_IN_PHASE && ip == HEP_ECHO_OPPOSED)
        return HEP_FAIL(
            err, HEP_EDATA,
            "the echoes are swapped: at %g T, %.3f ms is in phase and %.3f ms is opposed",
            opt->b0_t, 1e3 * opt->te_opposed_s, 1e3 * opt->te_in_phase_s);
    if (op != HEP_ECHO_OPPOSED)
        return HEP_FAIL(err, HEP_EDATA, "opposed echo at %.3f ms is not opposed at %g T",
                        1e3 * opt->te_opposed_s, opt->b0_t);
    if (ip != HEP_ECHO_IN_PHASE)
        return HEP_FAIL(err, HEP_EDATA, "in-phase echo at %.3f ms is not in phase at %g T",
                        1e3 * opt->te_in_phase_s, opt->b0_t);
    return opt->te_third_s > 0.0 ? partner_te(&partner_s, opt, err) : HEP_OK;
}

double hep_dualecho_r2star(double signal_a, double te_a_s, double signal_c, double te_c_s)
{
    if (!(signal_a > 0.0 && signal_c > 0.0))
        return (double)NAN;
    return log(signal_a / signal_c) / (te_c_s - te_a_s);
}

/* Noise alone has a mean of 1.25 sigma: a magnitude of 0 was not measured. */
static bool usable(double signal)
{
    return isfinite(signal) && signal > 0.0;
}

struct voxel {
    double ff_raw, ff, r2star;
    enum hep_fit_status status;
};

static struct voxel fit_voxel(const struct hep_dualecho_options *opt, double opposed,
                              double in_phase, double third)
{
    struct voxel v = { (double)NAN, (double)NAN, (double)NAN, HEP_FIT_OK };

    if (!usable(opposed) || !usable(in_phase)) {
        v.status = HEP_FIT_BAD_INPUT;
        return v;
    }
    if (in_phase < snr_usable * opt->sigma) {
        v.status = HEP_FIT_NOT_IDENTIFIABLE;
        return v;
    }
    v.ff_raw = hep_dual_echo_raw_ff(in_phase, opposed);
    v.r2star = opt->r2star_per_s;
    if (opt->te_third_s > 0.0) {
        bool opposed_pair = hep_dualecho_phase(opt->te_third_s, opt->b0_t) == HEP_ECHO_OPPOSED;
        v.r2star = hep_dualecho_r2star(opposed_pair ? opposed : in_phase,
                                       opposed_pair ? opt->te_opposed_s : opt->te_in_phase_s, third,
                                       opt->te_third_s);
        if (!isfinite(v.r2star))
            v.status = HEP_FIT_NOT_IDENTIFIABLE;
    }
    v.ff = hep_dual_echo_corrected_ff(in_phase, opposed, opt->te_in_phase_s, opt->te_opposed_s,
                                      v.r2star);
    return v;
}

/* R2* that is there for certain; NaN when the echoes do not tell. */
static double least_r2star(const struct hep_dualecho_options *opt, const struct voxel *v,
                           double opposed, double in_phase)
{
    if (opt->te_third_s > 0.0)
        return v->r2star;
    if (opt->te_opposed_s > opt->te_in_phase_s)
        return (double)NAN;
    return hep_dualecho_r2star(opposed, opt->te_opposed_s, in_phase, opt->te_in_phase_s);
}

static void store(float *map, size_t i, double value)
{
    if (map != NULL)
        map[i] = (float)value;
}

int hep_dualecho_map(const struct hep_dualecho_maps *maps, struct hep_dualecho_summary *summary,
                     const struct hep_dualecho_signals *signals, const uint8_t *mask,
                     const struct hep_dualecho_options *opt, struct hep_error *err)
{
    size_t n_by_status[HEP_FIT_STATUS_COUNT] = { 0 }, n_ambiguous = 0, n_iron = 0;
    int rc = hep_dualecho_check(opt, err);

    if (rc != HEP_OK)
        return rc;
    if (signals->opposed == NULL || signals->in_phase == NULL)
        return HEP_FAIL(err, HEP_EINVAL, "opposed or in-phase signal is missing");
    if ((signals->third != NULL) != (opt->te_third_s > 0.0))
        return HEP_FAIL(err, HEP_EINVAL, "a third echo needs both its signal and its echo time");

#pragma omp parallel for schedule(static) num_threads(hep_fit_threads(opt->nthreads)) \
    reduction(+ : n_by_status[:HEP_FIT_STATUS_COUNT], n_ambiguous, n_iron)
    for (size_t i = 0; i < signals->n; i++) {
        struct voxel v = { .status = HEP_FIT_OUTSIDE };
        if (mask == NULL || mask[i] != 0)
            v = fit_voxel(opt, (double)signals->opposed[i], (double)signals->in_phase[i],
                          signals->third != NULL ? (double)signals->third[i] : 0.0);
        store(maps->ff_raw_frac, i, v.ff_raw);
        store(maps->ff_frac, i, v.ff);
        store(maps->r2star_per_s, i, v.r2star);
        if (maps->status != NULL)
            maps->status[i] = (uint8_t)v.status;
        n_by_status[v.status]++;
        if (v.status == HEP_FIT_OK) {
            n_ambiguous += (isnan(v.ff) ? v.ff_raw : v.ff) > HEP_DUALECHO_AMBIGUOUS_FRAC;
            n_iron +=
                least_r2star(opt, &v, (double)signals->opposed[i], (double)signals->in_phase[i]) >
                HEP_DUALECHO_IRON_PER_S_T * opt->b0_t;
        }
    }
    if (summary != NULL) {
        *summary = (struct hep_dualecho_summary){ .n_ambiguous = n_ambiguous, .n_iron = n_iron };
        memcpy(summary->counts.n, n_by_status, sizeof n_by_status);
        summary->opposed_is_later = opt->te_opposed_s > opt->te_in_phase_s;
    }
    return HEP_OK;
}
