/**
 * @file  image/register_compose.h
 * @brief Transforms inverted and chained, so that values are interpolated once however many steps
 *        lie between two series.
 *
 * A transform maps world points of a target to world points of a source: x -> A x + d(x).
 */
#ifndef HEP_IMAGE_REGISTER_COMPOSE_H
#define HEP_IMAGE_REGISTER_COMPOSE_H

#include "image/resample.h"

/** A point through a transform; the displacement beyond its grid is that at the border. */
int hep_transform_apply(double out[3], const struct hep_transform *t, const double in[3],
                        struct hep_error *err) HEP_MUST_CHECK;

/** The lattice over a grid on which hep_transform_chain() gives displacements. */
void hep_transform_lattice(struct hep_grid *lattice, const struct hep_grid *target);

/**
 * From B to A by way of a reference: x -> a(b^-1(x)), where a and b map the reference to A and to
 * B. The inverse of a deformation is a fixed point, found to HEP_INVERSE_TOL_MM.
 * @param[out] out   its displacement, when there is one, is the caller's to free and lies on a
 *                   lattice over `target`
 * @param[in]  a, b  NULL: identity
 * @param[in]  target grid in B's space on which the result will be used
 * @return HEP_EGEOM (singular affine, a deformation that folds so that the search does not settle),
 * HEP_ENOMEM
 */
#define HEP_INVERSE_TOL_MM 0.01
int hep_transform_chain(struct hep_transform *out, struct hep_volume **displacement,
                        const struct hep_transform *a, const struct hep_transform *b,
                        const struct hep_grid *target, struct hep_error *err) HEP_MUST_CHECK;

#endif
