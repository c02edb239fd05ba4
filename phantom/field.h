/**
 * @file  phantom/field.h
 * @brief Smooth random fields in world space: cubic B-splines over random control values, sampled
 *        on a lattice, and a tile of fine noise for tissue texture.
 * Source:  Rueckert et al., IEEE TMI 1999;18:712-721 (B-spline free-form deformation)
 * Valid:   points outside the lattice take the value at its border
 * Threads: a field is constant after it was made
 */
#ifndef HEP_PHANTOM_FIELD_H
#define HEP_PHANTOM_FIELD_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct hep_box {
    double lo[3], hi[3]; /* mm */
};

/** Values at lattice nodes, `cxyz`, component fastest. */
struct hep_field {
    size_t n[3];
    int n_components;
    double origin[3], step_mm;
    float *data; /* owned */
};

/**
 * A random field of mean 0 and SD 1 per component.
 * @param[out] out       the caller's; hep_field_free()
 * @param[in]  control_mm distance of the control points; features are about twice as long
 * @return HEP_EINVAL for an empty box or a distance <= 0, HEP_ENOMEM
 */
int hep_field_new(struct hep_field **out, const struct hep_box *box, double control_mm,
                  int n_components, uint64_t seed, const char *stream,
                  struct hep_error *err) HEP_MUST_CHECK;
/** All zero, with the lattice of hep_field_new(). */
int hep_field_new_zero(struct hep_field **out, const struct hep_box *box, double step_mm,
                       int n_components, struct hep_error *err) HEP_MUST_CHECK;
void hep_field_free(struct hep_field *f);

/** Trilinear; out has n_components values. */
void hep_field_at(double *out, const struct hep_field *f, const double p[3]);
/** One component. */
double hep_field_value(const struct hep_field *f, const double p[3]);

/** Periodic cube of fine noise, mean 0 and SD 1. */
#define HEP_TILE_N 64
/**
 * @param[out] tile heap, HEP_TILE_N^3 values, the caller's
 * @param[in]  sigma_voxels SD of the Gaussian that makes neighbours alike
 */
int hep_tile_new(float **tile, double sigma_voxels, uint64_t seed, const char *stream,
                 struct hep_error *err) HEP_MUST_CHECK;

#endif
