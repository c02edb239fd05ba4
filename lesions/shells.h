/**
 * @file  lesions/shells.h
 * @brief Where a lesion is measured: rim, core, whole, and the ring of liver around it, by
 * distance.
 *
 * Model:   depth d = Euclidean distance to the nearest voxel outside, less half a voxel; relative
 *          depth u = d / d_max. Rim u < rim_depth_frac, core u > core_depth_frac. Ring:
 *          liver at ring_inner_mm .. ring_outer_mm outside, without vessels, the margin of the
 *          liver, and the surroundings of other lesions; if that leaves too few voxels the outer
 *          distance is doubled.
 *          What a series really sees at a voxel is a mix: its lesion share p is the lesion's
 *          indicator smoothed as the series' own voxels and one interpolation smooth it.
 * Source:  region-based correction of partial volume: Rousset, Ma and Evans, J Nucl Med
 *          1998;39:904-911
 * Differs: two regions; the mask's own border by its neighbours, and for a coarser series a
 *          Gaussian of the variance of its box beyond the grid's ((h^2 - g^2) / 12) and of linear
 *          interpolation (h^2 / 6 on average)
 * Valid:   lesions larger than about one native voxel; the native axes are taken as parallel to
 *          those of the reference grid, in its order
 */
#ifndef HEP_LESIONS_SHELLS_H
#define HEP_LESIONS_SHELLS_H

#include "lesions/limits.h"
#include "liver/study.h"
#include "terms/shell.h"

/** Distances over the whole reference grid that all lesions share. */
struct hep_surroundings {
    struct hep_volume *liver_mm;  /* inside the liver, to its surface */
    struct hep_volume *lesion_mm; /* from every voxel to the nearest candidate of any label */
    struct hep_volume *vessel_mm; /* to the nearest vessel; NULL when none is known */
};
int hep_surroundings_init(struct hep_surroundings *out, const struct hep_lesion_study *study,
                          const struct hep_labels *candidates,
                          struct hep_error *err) HEP_MUST_CHECK;
void hep_surroundings_release(struct hep_surroundings *s);
/** Voxel j of the reference grid is liver that lesions may be compared with: no vessel, not near a
 * lesion (ring_inner_mm) nor the liver's surface (shell_mm). */
bool hep_is_plain_liver(const struct hep_lesion_study *study, const struct hep_surroundings *s,
                        size_t j);

/** A lesion in a box of the reference grid. */
struct hep_shells {
    int32_t id;
    struct hep_grid grid; /* of the box */
    size_t lo[3];         /* its first voxel on the reference grid */
    uint8_t *zone;        /* bits 1 << enum hep_shell, shape xyz of the box; owned */
    float *depth_mm;      /* 0 outside; owned */
    double depth_max_mm;
    double centre_mm[3]; /* centroid, world */
    size_t n[HEP_SHELL_COUNT];
    bool ring_widened;
    long shift[HEP_IMAGE_COUNT][3]; /* voxels by which the lesion lies elsewhere in a series, see
                                       hep_measure_shifts(); 0 after hep_shells_init() */
};
/** @return HEP_EDATA when the label has no voxel */
int hep_shells_init(struct hep_shells *out, const struct hep_lesion_study *study,
                    const struct hep_labels *candidates, int32_t id,
                    const struct hep_surroundings *surroundings,
                    struct hep_error *err) HEP_MUST_CHECK;
void hep_shells_release(struct hep_shells *s);

/** Index on the reference grid of voxel i of the box. */
size_t hep_shells_index(const struct hep_shells *s, const struct hep_grid *reference, size_t i);

/** World position of voxel i of the box. */
void hep_shells_world(double world[3], const struct hep_shells *s, size_t i);

/**
 * Does a series resolve rim and core? Its in-plane voxel (mean of the two smaller sides) must fit
 * depth_min_voxels times into the depth, its longest side once.
 * @param[out] voxels depth in in-plane voxels; may be NULL
 */
bool hep_shells_resolved(double *voxels, const struct hep_shells *s,
                         const struct hep_lesion_image *image,
                         const struct hep_lesion_limits *limits);

/** Lesion share p of what the series shows at each voxel of the box, shape [voxels of the box];
 * the caller's to free. Its voxels and, where it was moved, the interpolation mix. HEP_ENOMEM. */
int hep_shells_share(float **out, const struct hep_shells *s, const struct hep_lesion_image *image,
                     struct hep_error *err) HEP_MUST_CHECK;

/** The same of the lesion's inside: what is not rim. */
int hep_shells_inner_share(float **out, const struct hep_shells *s,
                           const struct hep_lesion_image *image,
                           struct hep_error *err) HEP_MUST_CHECK;

#endif
