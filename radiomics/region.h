/**
 * @file  radiomics/region.h
 * @brief The box around a region, ready for features: axes ordered so that slices lie across the third.
 */
#ifndef HEP_RADIOMICS_REGION_H
#define HEP_RADIOMICS_REGION_H

#include "radiomics/radiomics.h"

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
};
void hep_region_release(struct hep_region *r);
/** Fills also what hep_texture says of levels and voxels. As hep_texture_compute(). */
int hep_region_make(struct hep_region *r, struct hep_texture *said, const struct hep_volume *image,
                    const struct hep_labels *mask, int32_t label,
                    const struct hep_texture_settings *settings,
                    struct hep_error *err) HEP_MUST_CHECK;
/** Index of a place that may lie outside the box: SIZE_MAX there. */
static inline size_t hep_region_at(const struct hep_region *r, long x, long y, long z)
{
    if (x < 0 || y < 0 || z < 0 || x >= (long)r->n[0] || y >= (long)r->n[1] || z >= (long)r->n[2])
        return SIZE_MAX;
    return (size_t)x + r->n[0] * ((size_t)y + r->n[1] * (size_t)z);
}

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
/** Neighbour k of the voxel at a place: of 8 in its slice, or of 26. SIZE_MAX outside the box. */
static inline size_t hep_region_neighbour(const struct hep_region *r, const long at[3], int k)
{
    const int *d = hep_direction[k / 2];
    long sign = k % 2 == 0 ? 1 : -1;

    return hep_region_at(r, at[0] + sign * d[0], at[1] + sign * d[1], at[2] + sign * d[2]);
}
static inline int hep_region_n_neighbours(bool in_slice)
{
    return 2 * (in_slice ? HEP_DIRECTIONS_2D : HEP_DIRECTIONS_3D);
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
int hep_size_zone(double (*value)[HEP_AGG_N], const struct hep_region *r,
                  struct hep_error *err) HEP_MUST_CHECK;
int hep_distance_zone(double (*value)[HEP_AGG_N], const struct hep_region *r,
                      struct hep_error *err) HEP_MUST_CHECK;
int hep_neighbourhood(double (*value)[HEP_AGG_N], const struct hep_region *r,
                      struct hep_error *err) HEP_MUST_CHECK;
int hep_dependence(double (*value)[HEP_AGG_N], const struct hep_region *r,
                   struct hep_error *err) HEP_MUST_CHECK;

#endif
