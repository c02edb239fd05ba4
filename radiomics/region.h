/**
 * @file  radiomics/region.h
 * @brief The box around a region, ready for features: axes ordered so that slices lie across the third.
 */
#ifndef HEP_RADIOMICS_REGION_H
#define HEP_RADIOMICS_REGION_H

#include "radiomics/radiomics.h"

#include <stddef.h>

/* Radius of a sphere of 1 cm3, within which peaks are averaged: (3 / (4 pi))^(1/3) cm (manual, 3.2). */
#define HEP_PEAK_RADIUS_MM 6.2035

struct hep_region {
    size_t n[3];
    double mm[3];
    size_t total; /* n[0] n[1] n[2] */
    float *
        value; /* intensities, also around the region, as far as there is an image; NaN beyond it */
    uint8_t *shape;  /* morphological mask */
    uint8_t *inside; /* intensity mask: the shape without what re-segmentation leaves out */
    int32_t *level;  /* 1..n_levels inside, else 0 */
    size_t n_levels;
    size_t n_voxels; /* inside */
    float *sorted;   /* intensities inside, rising */
    size_t *voxel;   /* places in the box of the voxels inside, rising */
    size_t *slice;   /* [n[2] + 1]: voxel[slice[z]] is the first of slice z */
};
void hep_region_release(struct hep_region *r);
/** Fills also what hep_texture says of levels and voxels. As hep_texture_compute(). */
int hep_region_make(struct hep_region *r, struct hep_texture *said, const struct hep_volume *image,
                    const struct hep_labels *mask, int32_t label,
                    const struct hep_texture_settings *settings,
                    struct hep_error *err) HEP_MUST_CHECK;
/** The 13 directions of which the other 13 are the opposite; the first four lie in a slice. */
#define HEP_DIRECTIONS_3D 13
#define HEP_DIRECTIONS_2D 4
extern const int hep_direction[HEP_DIRECTIONS_3D][3];

/** Place of voxel i in the box. */
static inline void hep_region_place(long at[3], const struct hep_region *r, size_t i)
{
    at[0] = (long)(i % r->n[0]);
    at[1] = (long)(i / r->n[0] % r->n[1]);
    at[2] = (long)(i / (r->n[0] * r->n[1]));
}
/** From a voxel of the region to the next along direction k: the box has a margin, so that both neighbours lie in it. */
static inline ptrdiff_t hep_region_step(const struct hep_region *r, int k)
{
    const int *d = hep_direction[k];
    const ptrdiff_t row = (ptrdiff_t)r->n[0];

    return d[0] + row * (d[1] + (ptrdiff_t)r->n[1] * d[2]);
}
static inline size_t hep_region_move(size_t i, ptrdiff_t step)
{
    return (size_t)((ptrdiff_t)i + step);
}
/** Directions of which, with their opposites, the neighbours lie: 8 in a slice, or 26. */
static inline int hep_region_n_directions(bool in_slice)
{
    return in_slice ? HEP_DIRECTIONS_2D : HEP_DIRECTIONS_3D;
}

/* Aggregations of zones, neighbourhoods and dependences. */
enum { AGG_2D, AGG_2_5D, AGG_3D };

/* Every family fills its rows: value[0] is its first row of features.def. */
int hep_morphology(double (*value)[HEP_AGG_N], const struct hep_region *r,
                   struct hep_error *err) HEP_MUST_CHECK;
int hep_local(double (*value)[HEP_AGG_N], const struct hep_region *r,
              struct hep_error *err) HEP_MUST_CHECK;
int hep_statistics(double (*value)[HEP_AGG_N], const struct hep_region *r,
                   struct hep_error *err) HEP_MUST_CHECK;
int hep_level_histogram(double (*value)[HEP_AGG_N], const struct hep_region *r,
                        struct hep_error *err) HEP_MUST_CHECK;
int hep_volume_histogram(double (*value)[HEP_AGG_N], const struct hep_region *r,
                         struct hep_error *err) HEP_MUST_CHECK;
int hep_cooccurrence(double (*value)[HEP_AGG_N], const struct hep_region *r,
                     struct hep_error *err) HEP_MUST_CHECK;
int hep_run_length(double (*value)[HEP_AGG_N], const struct hep_region *r,
                   struct hep_error *err) HEP_MUST_CHECK;
/** Size zones and distance zones, whose zones are the same; NULL for what is not wanted. */
int hep_zones(double (*by_size)[HEP_AGG_N], double (*by_distance)[HEP_AGG_N],
              const struct hep_region *r, struct hep_error *err) HEP_MUST_CHECK;
int hep_neighbourhood(double (*value)[HEP_AGG_N], const struct hep_region *r,
                      struct hep_error *err) HEP_MUST_CHECK;
int hep_dependence(double (*value)[HEP_AGG_N], const struct hep_region *r,
                   struct hep_error *err) HEP_MUST_CHECK;

#endif
