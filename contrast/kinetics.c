/* The tissue model, solved exactly for inputs that are linear between grid points. */
#include "contrast/kinetics.h"

#include "base/alloc.h"

#include <math.h>

#define DIM 4

/** c = a b for 4 x 4; c must not be an operand. */
static void multiply(double c[DIM][DIM], double a[DIM][DIM], double b[DIM][DIM])
{
    for (size_t i = 0; i < DIM; i++)
        for (size_t j = 0; j < DIM; j++) {
            c[i][j] = 0;
            for (size_t k = 0; k < DIM; k++)
                c[i][j] += a[i][k] * b[k][j];
        }
}

/** m = exp(m): scaled below norm 1/2, Taylor to order 16 (remainder < 1e-19), squared back. */
static void exponential(double m[DIM][DIM])
{
    double norm = 0;
    int squarings = 0;
    double scale;
    double sum[DIM][DIM] = { { 0 } };
    double term[DIM][DIM] = { { 0 } };
    double next[DIM][DIM];

    for (size_t i = 0; i < DIM; i++)
        for (size_t j = 0; j < DIM; j++)
            norm = fmax(norm, DIM * fabs(m[i][j]));
    (void)frexp(norm, &squarings);
    squarings = squarings + 1 > 0 ? squarings + 1 : 0;
    scale = ldexp(1, -squarings);
    for (size_t i = 0; i < DIM; i++) {
        for (size_t j = 0; j < DIM; j++)
            m[i][j] *= scale;
        sum[i][i] = term[i][i] = 1;
    }
    for (int order = 1; order <= 16; order++) {
        multiply(next, term, m);
        for (size_t i = 0; i < DIM; i++)
            for (size_t j = 0; j < DIM; j++) {
                term[i][j] = next[i][j] / order;
                sum[i][j] += term[i][j];
            }
    }
    for (int s = 0; s < squarings; s++) {
        multiply(next, sum, sum);
        memcpy(sum, next, sizeof sum);
    }
    memcpy(m, sum, sizeof sum);
}

static int check_tissue(const struct hep_tissue_kinetics *k, struct hep_error *err)
{
    const struct {
        const char *name;
        double value, max;
    } all[] = {
        { "flow [1/s]", k->flow_per_s, 10 },
        { "arterial fraction", k->arterial_frac, 1 },
        { "ve", k->ve, 1 },
        { "uptake rate [1/s]", k->uptake_per_s, 10 },
        { "efflux rate [1/s]", k->efflux_per_s, 10 },
    };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (!(all[i].value >= 0 && all[i].value <= all[i].max))
            return HEP_FAIL(err, HEP_EINVAL, "%s is %g, allowed are 0 to %g", all[i].name,
                            all[i].value, all[i].max);
    if (k->flow_per_s > 0 && !(k->ve >= 1e-4))
        return HEP_FAIL(err, HEP_EINVAL, "ve is %g with flow, at least 1e-4 is needed", k->ve);
    return HEP_OK;
}

int hep_tissue_solve(double *ce_mM, double *ch_mM, const struct hep_inputs *inputs,
                     const struct hep_tissue_kinetics *tissue, struct hep_error *err)
{
    const struct hep_tissue_kinetics *k = tissue;
    double h = inputs->dt_s;
    double fa = k->arterial_frac;
    double m[DIM][DIM] = { { 0 } };
    double ce = 0, ch = 0, u0;
    int rc = check_tissue(k, err);

    if (rc != HEP_OK)
        return rc;
    /* State (Ce, Ch, u, du over one step); the first two rows of exp(m) advance one step. */
    if (k->flow_per_s > 0) {
        m[0][0] = -h * (k->flow_per_s + k->uptake_per_s) / k->ve;
        m[0][2] = h * k->flow_per_s / k->ve;
    }
    m[1][0] = h * k->uptake_per_s;
    m[1][1] = -h * k->efflux_per_s;
    m[2][3] = 1;
    exponential(m);
    u0 = fa * inputs->arterial_mM[0] + (1 - fa) * inputs->portal_mM[0];
    for (size_t i = 0; i < inputs->n; i++) {
        double u1 = u0;
        ce_mM[i] = ce;
        if (ch_mM)
            ch_mM[i] = ch;
        if (i + 1 < inputs->n)
            u1 = fa * inputs->arterial_mM[i + 1] + (1 - fa) * inputs->portal_mM[i + 1];
        ch = m[1][0] * ce + m[1][1] * ch + m[1][2] * u0 + m[1][3] * (u1 - u0);
        ce = m[0][0] * ce + m[0][2] * u0 + m[0][3] * (u1 - u0);
        u0 = u1;
    }
    return HEP_OK;
}

int hep_tissue_curve_new(struct hep_tissue_curve **out, const struct hep_inputs *inputs,
                         const struct hep_tissue_kinetics *tissue, struct hep_error *err)
{
    struct hep_tissue_curve *c = hep_calloc(1, sizeof *c, err);
    int rc = HEP_OK;

    if (c)
        *c = (struct hep_tissue_curve){ inputs->n, inputs->dt_s,
                                        hep_calloc(inputs->n, sizeof *c->ce_mM, err),
                                        hep_calloc(inputs->n, sizeof *c->ch_mM, err) };
    if (!c || !c->ce_mM || !c->ch_mM)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_tissue_solve(c->ce_mM, c->ch_mM, inputs, tissue, err);
    if (rc == HEP_OK)
        *out = c;
    else
        hep_tissue_curve_free(c);
    return rc;
}

void hep_tissue_curve_free(struct hep_tissue_curve *curve)
{
    if (!curve)
        return;
    free(curve->ce_mM);
    free(curve->ch_mM);
    free(curve);
}

double hep_curve_at(const double *curve, size_t n, double dt_s, double t_s)
{
    double x = t_s / dt_s;
    size_t i;

    if (!(x >= 0))
        return 0;
    if (x >= (double)(n - 1))
        return curve[n - 1];
    i = (size_t)x;
    x -= (double)i;
    return curve[i] + x * (curve[i + 1] - curve[i]);
}

double hep_tissue_delta_r1_per_s(const struct hep_tissue_curve *curve,
                                 const struct hep_tissue_kinetics *tissue,
                                 const struct hep_relaxivity *relaxivity, double t_s)
{
    double ce = hep_curve_at(curve->ce_mM, curve->n, curve->dt_s, t_s);
    double ch = hep_curve_at(curve->ch_mM, curve->n, curve->dt_s, t_s);

    return relaxivity->r1_blood * tissue->ve * ce + relaxivity->r1_hepatocyte * ch;
}

double hep_vessel_delta_r1_per_s(const struct hep_inputs *inputs, enum hep_vessel vessel,
                                 const struct hep_relaxivity *relaxivity, double t_s)
{
    const double *c = vessel == HEP_VESSEL_ARTERY ? inputs->arterial_mM : inputs->portal_mM;

    return relaxivity->r1_blood * (1 - inputs->hct) * hep_curve_at(c, inputs->n, inputs->dt_s, t_s);
}

double hep_t1_with_contrast_s(double t10_s, double delta_r1_per_s)
{
    return 1 / (1 / t10_s + delta_r1_per_s);
}
