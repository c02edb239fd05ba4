/**
 * @file  lesions/blob.h
 * @brief Blobs of any size in an image, as maxima of the Laplacian in position and scale.
 *
 * Model:   response -t * Laplacian(G * v) with t the variance of all smoothing per axis: the
 *          Gaussian's, the finite difference's h^2 / 6 and what the caller says the acquisition and
 *          its interpolation did. A sphere of radius r and height A peaks at t = r^2 / 3 with
 *          0.925 A, so r = sqrt(3 t).
 * Source:  Lindeberg, Int J Comput Vis 1998;30:79-116, section 5 (scale selection for blobs)
 * Differs: scales of 2 voxels and more are found on a grid of twice the spacing
 * Noise:   its responses depend on the scale and on how the image was interpolated, so a blob's
 *          strength is its response over the robust SD of the responses that tissue without
 *          lesions gives at that scale.
 * Shape:   eigenvalues of the Hessian at the maximum; roundness |l1| / sqrt(l2 l3) with
 *          |l1| <= |l2| <= |l3| is 1 for a sphere and 0 for a tube or a sheet (Frangi et al.,
 *          MICCAI 1998, eq. 11, with the smallest over the geometric mean of the others)
 */
#ifndef HEP_LESIONS_BLOB_H
#define HEP_LESIONS_BLOB_H

#include "image/volume.h"

struct hep_blob {
    double voxel[3]; /* position on the grid, sub-voxel */
    double radius_mm;
    double response;  /* > 0; about the height of the blob */
    double strength;  /* response in robust SDs of the responses of its scale over the reference
                         tissue; equal to response without one */
    double roundness; /* 0..1 */
    int polarity;     /* +1 bright, -1 dark */
};

struct hep_blob_list {
    struct hep_blob *item; /* owned; by falling strength */
    size_t n;
};

struct hep_blob_search {
    double sigma_min_mm, sigma_max_mm;
    long steps;
    double blur_mm2;    /* variance per axis of acquisition and interpolation, mean of the axes */
    double suppression; /* of r_i + r_j: nearer maxima of one polarity are one */
    double strength_min;
    const struct hep_labels *tissue; /* where there is nothing to find, on the grid of v; NULL: none
                                      */
    bool bright, dark;               /* polarities wanted */
    int nthreads;
};

/**
 * @param[out] out   release with hep_blob_list_release()
 * @param[in]  v     isotropic; NaN counts as 0, which is what liver has
 * @param[in]  where maxima outside are dropped; may be NULL
 * @return HEP_OK, HEP_EINVAL (scales), HEP_ENOMEM
 */
int hep_blob_find(struct hep_blob_list *out, const struct hep_volume *v,
                  const struct hep_labels *where, const struct hep_blob_search *how,
                  struct hep_error *err) HEP_MUST_CHECK;
void hep_blob_list_release(struct hep_blob_list *l);

/** Variance per axis, mean over the axes [mm2], of box voxels of native_mm that were interpolated
 * linearly to a grid of spacing mm. */
double hep_blob_blur_mm2(const double native_mm[3], double mm);

#endif
