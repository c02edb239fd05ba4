/* Plasma curves of an injection: population arterial input, bolus, and portal vein. */
#include "contrast/kinetics.h"

#include "base/alloc.h"

#include <math.h>

#define TWO_PI 6.283185307179586
#define AIF_DOSE 0.1      /* mmol/kg of both population curves */
#define TAIL_FROM_MIN 3.0 /* Weinmann's tail replaces a lower Parker curve from here on */
#define MAX_POINTS 1e6

double hep_aif_parker_mM(double t_s)
{
    /* Parker 2006, table 1: A [mmol/L min], T [min], sigma [min], then alpha [mmol/L], beta and s
     * [1/min], tau [min]. */
    static const double area[2] = { 0.809, 0.330 };
    static const double centre[2] = { 0.17046, 0.365 };
    static const double sigma[2] = { 0.0563, 0.132 };
    const double alpha = 1.050, beta = 0.1685, s = 38.078, tau = 0.483;
    double t = t_s / 60;
    double c = alpha * exp(-beta * t) / (1 + exp(-s * (t - tau)));

    if (!(t >= 0))
        return 0;
    for (size_t i = 0; i < 2; i++) {
        double z = (t - centre[i]) / sigma[i];
        c += area[i] / (sigma[i] * sqrt(TWO_PI)) * exp(-0.5 * z * z);
    }
    return c;
}

/** Weinmann et al., Physiol Chem Phys Med NMR 1984;16:167-172, plasma, 0.1 mmol/kg. */
static double weinmann_mM(double t_s)
{
    double t = t_s / 60;

    return 0.399 * exp(-0.144 * t) + 0.478 * exp(-0.0111 * t);
}

double hep_aif_plasma_mM(double t_s, double hct)
{
    double c = hep_aif_parker_mM(t_s) / (1 - hct);

    return t_s > TAIL_FROM_MIN * 60 ? fmax(c, weinmann_mM(t_s)) : c;
}

struct hep_injection hep_injection_default(const struct hep_agent *agent)
{
    return (struct hep_injection){ .dose_mmol_per_kg = agent->dose_mmol_per_kg.value,
                                   .arrival_s = 12,
                                   .bolus_s = 0,
                                   .decay_per_s = agent->plasma_decay_per_s.value,
                                   .hct = HEP_HCT_DEFAULT,
                                   .portal_delay_s = 10,
                                   .portal_mean_s = 20 };
}

static int check_injection(const struct hep_injection *j, double end_s, double dt_s,
                           struct hep_error *err)
{
    const struct {
        const char *name;
        double value, min, max;
    } all[] = {
        { "dose [mmol/kg]", j->dose_mmol_per_kg, 0, 1 },
        { "arrival [s]", j->arrival_s, 0, 600 },
        { "bolus [s]", j->bolus_s, 0, 600 },
        { "plasma decay [1/s]", j->decay_per_s, 0, 1 },
        { "haematocrit", j->hct, 0, 0.9 },
        { "portal delay [s]", j->portal_delay_s, 0, 600 },
        { "portal mean time [s]", j->portal_mean_s, 0.1, 600 },
        { "end time [s]", end_s, 0, 1e6 },
        { "time step [s]", dt_s, 1e-3, 60 },
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!(all[i].value >= all[i].min && all[i].value <= all[i].max))
            return HEP_FAIL(err, HEP_EINVAL, "%s is %g, allowed are %g to %g", all[i].name,
                            all[i].value, all[i].min, all[i].max);
    if (end_s / dt_s > MAX_POINTS)
        return HEP_FAIL(err, HEP_EINVAL, "%g s in steps of %g s are more than %g points", end_s,
                        dt_s, MAX_POINTS);
    return HEP_OK;
}

static int inputs_alloc(struct hep_inputs **out, size_t n, double dt_s, double hct,
                        struct hep_error *err)
{
    struct hep_inputs *in = hep_calloc(1, sizeof *in, err);

    if (in) {
        *in = (struct hep_inputs){ n, dt_s, hct, hep_calloc(n, sizeof *in->arterial_mM, err),
                                   hep_calloc(n, sizeof *in->portal_mM, err) };
        if (in->arterial_mM && in->portal_mM) {
            *out = in;
            return HEP_OK;
        }
    }
    hep_inputs_free(in);
    return HEP_ENOMEM;
}

void hep_inputs_free(struct hep_inputs *inputs)
{
    if (!inputs)
        return;
    free(inputs->arterial_mM);
    free(inputs->portal_mM);
    free(inputs);
}

/** Integral of a piecewise linear curve from 0 to t; `sum` holds it at the grid points. */
static double integral_at(const double *sum, const double *curve, size_t n, double dt, double t)
{
    double x = t / dt;
    size_t i;

    if (x <= 0)
        return 0;
    i = (size_t)x;
    if (i + 1 >= n)
        return sum[n - 1];
    x -= (double)i;
    return sum[i] + dt * (x * curve[i] + 0.5 * x * x * (curve[i + 1] - curve[i]));
}

/** Mean of the curve over the last `bolus_s`; `sum` is scratch of shape [n]. */
static void convolve_bolus(double *curve, double *sum, size_t n, double dt, double bolus_s)
{
    sum[0] = 0;
    for (size_t i = 1; i < n; i++)
        sum[i] = sum[i - 1] + 0.5 * dt * (curve[i - 1] + curve[i]);
    for (size_t i = n; i-- > 0;) { /* backwards: earlier values are still needed */
        double t = (double)i * dt;
        curve[i] = (sum[i] - integral_at(sum, curve, n, dt, t - bolus_s)) / bolus_s;
    }
}

/** A venous compartment is a tissue of volume 1 with flow 1/mean that is fed by the delayed artery.
 *  `scratch` has shape [n]; the portal curve itself holds the delayed artery on the way. */
static int fill_portal(struct hep_inputs *in, double *scratch, double delay_s, double mean_s,
                       struct hep_error *err)
{
    const struct hep_tissue_kinetics vein = { 1 / mean_s, 1, 1, 0, 0 };
    struct hep_inputs fed = { in->n, in->dt_s, in->hct, in->portal_mM, in->portal_mM };
    int rc;

    for (size_t i = 0; i < in->n; i++)
        in->portal_mM[i] =
            hep_curve_at(in->arterial_mM, in->n, in->dt_s, (double)i * in->dt_s - delay_s);
    rc = hep_tissue_solve(scratch, NULL, &fed, &vein, err);
    if (rc == HEP_OK)
        memcpy(in->portal_mM, scratch, in->n * sizeof *scratch);
    return rc;
}

int hep_inputs_new(struct hep_inputs **out, const struct hep_injection *injection, double end_s,
                   double dt_s, struct hep_error *err)
{
    const struct hep_injection *j = injection;
    struct hep_inputs *in = NULL;
    double *scratch = NULL;
    size_t n;
    int rc = check_injection(j, end_s, dt_s, err);

    if (rc != HEP_OK)
        return rc;
    n = (size_t)ceil(end_s / dt_s) + 2;
    rc = inputs_alloc(&in, n, dt_s, j->hct, err);
    if (rc != HEP_OK)
        return rc;
    rc = HEP_NEW(scratch, n, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < n; i++) {
        double t = (double)i * dt_s - j->arrival_s;
        if (t >= 0)
            in->arterial_mM[i] = j->dose_mmol_per_kg / AIF_DOSE * hep_aif_plasma_mM(t, j->hct) *
                                 exp(-j->decay_per_s * t);
    }
    if (j->bolus_s > 0)
        convolve_bolus(in->arterial_mM, scratch, n, dt_s, j->bolus_s);
    rc = fill_portal(in, scratch, j->portal_delay_s, j->portal_mean_s, err);
    if (rc != HEP_OK)
        goto out;
    *out = in;
    in = NULL;
out:
    free(scratch);
    hep_inputs_free(in);
    return rc;
}

int hep_inputs_from_curves(struct hep_inputs **out, const double *arterial_mM,
                           const double *portal_mM, size_t n, double dt_s, double hct,
                           struct hep_error *err)
{
    struct hep_inputs *in = NULL;
    double *scratch = NULL;
    int rc;

    if (n < 2 || !(dt_s > 0) || !isfinite(dt_s) || !(hct >= 0 && hct < 1))
        return HEP_FAIL(err, HEP_EINVAL,
                        "curves need two points, a step > 0 s and a haematocrit in [0, 1), got "
                        "%zu, %g s, %g",
                        n, dt_s, hct);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(arterial_mM[i]) || (portal_mM && !isfinite(portal_mM[i])))
            return HEP_FAIL(err, HEP_EINVAL, "plasma curve is not finite at point %zu", i);
    rc = inputs_alloc(&in, n, dt_s, hct, err);
    if (rc != HEP_OK)
        return rc;
    memcpy(in->arterial_mM, arterial_mM, n * sizeof *arterial_mM);
    if (portal_mM) {
        memcpy(in->portal_mM, portal_mM, n * sizeof *portal_mM);
        *out = in;
        return HEP_OK;
    }
    scratch = hep_calloc(n, sizeof *scratch, err);
    rc = scratch ? fill_portal(in, scratch, 10, 20, err) : HEP_ENOMEM;
    free(scratch);
    if (rc == HEP_OK)
        *out = in;
    else
        hep_inputs_free(in);
    return rc;
}
