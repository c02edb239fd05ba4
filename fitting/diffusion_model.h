/**
 * @file  fitting/diffusion_model.h
 * @brief Diffusion models with their derivatives, generic over hep_real; both solvers use these.
 *
 * Equations and sources: diffusion.h. Inside the fits b is in ms/um2 (s/mm2 x 1e-3), rates are in
 * um2/ms (mm2/s x 1e3) and signals are relative to the largest of the voxel, so that parameters are
 * of order one. x[0] = b; x[1] = 1 where b = 0, else 0; x[2] = 1 for the sample that is ln D*
 * itself.
 */
#ifndef HEP_FITTING_DIFFUSION_MODEL_H
#define HEP_FITTING_DIFFUSION_MODEL_H

#include "fitting/real.h"

/** p = S0, D */
HEP_LANE hep_real model_mono(hep_real *grad, const hep_real *p, const hep_scalar *x)
{
    hep_real e = real_exp(-x[0] * p[1]);

    grad[0] = e;
    grad[1] = -x[0] * (p[0] * e);
    return p[0] * e;
}

HEP_LANE void curvature_mono(hep_real *curv, const hep_real *grad, const hep_scalar *x)
{
    curv[0] = real_splat(0);
    curv[1] = grad[1] * -x[0];
}

/** Decays of the two compartments at one b. */
struct ivim_decays {
    hep_real slow, fast;
};

HEP_LANE struct ivim_decays ivim_decays_at(const hep_real *p, const hep_scalar *x)
{
    return (struct ivim_decays){ real_exp(-x[0] * p[2]), real_exp(-x[0] * p[3]) };
}

/** exp(-(a + b) D) = exp(-a D) exp(-b D); at least epsilon^2, nothing beside 1 and normal still. */
HEP_LANE struct ivim_decays ivim_decays_of_sum(const struct ivim_decays *a,
                                               const struct ivim_decays *b)
{
    const hep_real least = real_splat(HEP_REAL_EPSILON * HEP_REAL_EPSILON);

    return (struct ivim_decays){ real_max(a->slow * b->slow, least),
                                 real_max(a->fast * b->fast, least) };
}

/** p = S0, f, D, D* */
HEP_LANE hep_real model_ivim_from(hep_real *grad, const hep_real *p, const hep_scalar *x,
                                  const struct ivim_decays *e)
{
    hep_real slow = e->slow, fast = e->fast, blood = p[0] * p[1];

    if (x[2] > 0) {
        grad[0] = grad[1] = grad[2] = real_splat(0);
        grad[3] = 1 / p[3];
        return real_log(p[3]);
    }
    grad[0] = slow + p[1] * (fast - slow);
    grad[1] = p[0] * (fast - slow);
    grad[2] = -x[0] * ((p[0] - blood) * slow);
    grad[3] = -x[0] * (blood * fast);
    return p[0] * grad[0];
}

HEP_LANE hep_real model_ivim(hep_real *grad, const hep_real *p, const hep_scalar *x)
{
    const struct ivim_decays e = ivim_decays_at(p, x);

    return model_ivim_from(grad, p, x, &e);
}

HEP_LANE void curvature_ivim(hep_real *curv, const hep_real *grad, const hep_scalar *x)
{
    curv[0] = curv[1] = real_splat(0);
    curv[2] = grad[2] * -x[0];
    curv[3] = grad[3] * (x[2] > 0 ? -grad[3] : real_splat(-x[0]));
}

/** p = S0, f, D */
HEP_LANE hep_real model_sivim(hep_real *grad, const hep_real *p, const hep_scalar *x)
{
    hep_real slow = real_exp(-x[0] * p[2]);

    grad[0] = slow + p[1] * (x[1] - slow);
    grad[1] = p[0] * (x[1] - slow);
    grad[2] = -x[0] * ((p[0] - p[0] * p[1]) * slow);
    return p[0] * grad[0];
}

/** p = S0, D, K */
HEP_LANE hep_real model_kurtosis(hep_real *grad, const hep_real *p, const hep_scalar *x)
{
    hep_real decay = x[0] * p[1];
    const hep_scalar third = (hep_scalar)(1.0 / 3.0), sixth = (hep_scalar)(1.0 / 6.0);
    hep_real e = real_exp(decay * (decay * p[2] * sixth - 1));
    hep_real s = p[0] * e;

    grad[0] = e;
    grad[1] = s * (x[0] * (decay * p[2] * third - 1));
    grad[2] = s * (decay * decay * sixth);
    return s;
}

#endif
