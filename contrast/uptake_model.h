/**
 * @file  contrast/uptake_model.h
 * @brief The curve of the dual-input tissue with its derivatives, fast enough for every voxel.
 * Model:   with alpha = (F + Ki)/ve and u = fa Ca + (1 - fa) Cv,
 *          a = exp(-alpha t) * u, b = exp(-kb t) * u, h = (b - a)/(alpha - kb),
 *          dR1 = F [r1 a + rh (Ki/ve) h]: the equations of contrast/kinetics.h solved by partial fractions.
 * Solved exactly for inputs that are linear between knots. The knots are a subset of the grid of the inputs, steps of 1 to
 *   16 grid steps, as long as a straight line leaves neither input by more than 0.02 % of the arterial peak.
 * Threads: pure functions of a plan that does not change.
 */
#ifndef HEP_CONTRAST_UPTAKE_MODEL_H
#define HEP_CONTRAST_UPTAKE_MODEL_H

#include "contrast/uptake_fit.h"

#include <stdint.h>

/** Packed lower triangle of the normal equations. */
#define HEP_UPTAKE_AT(i, j) ((i) * ((i) + 1) / 2 + (j))
#define HEP_UPTAKE_PACKED (HEP_UPTAKE_N * (HEP_UPTAKE_N + 1) / 2)
#define HEP_UPTAKE_STEPS 5 /* 1, 2, 4, 8 and 16 steps of the grid */

struct hep_uptake_curves {
    size_t n_knots, n;
    double dt_s;
    double *arterial, *portal; /* owned, [n_knots] */
    uint8_t *step;             /* owned, [n_knots]: log2 of the steps to the next knot */
    size_t *knot;              /* owned, [n]: the knot before each sample, rising */
    double *part;              /* owned, [n]: share of the way to the next knot, 0 to 1 */
    double r1, rh;
};
/** HEP_ENOMEM; HEP_EINVAL for samples that do not rise or lie outside the inputs. */
int hep_uptake_curves_init(struct hep_uptake_curves *out, const struct hep_inputs *inputs,
                           const double *time_s, size_t n, const struct hep_relaxivity *relaxivity,
                           struct hep_error *err) HEP_MUST_CHECK;
void hep_uptake_curves_release(struct hep_uptake_curves *c);

/** Half the gradient and Gauss-Newton matrix of the residual sum of squares. */
struct hep_uptake_normal {
    double rss, gradient[HEP_UPTAKE_N], matrix[HEP_UPTAKE_PACKED];
};
/** At the parameters p against samples y, shape [n]; those that are not finite are left out. */
void hep_uptake_normal(struct hep_uptake_normal *out, const struct hep_uptake_curves *c,
                       const double p[HEP_UPTAKE_N], const double *y);
/** The two parts of the curve at unit weight, r1 a and rh h, each shape [n]: dR1 = F (first) + F (Ki/ve) (second). */
void hep_uptake_parts(double *first, double *second, const struct hep_uptake_curves *c,
                      double alpha, double kb, double fa);

#endif
