/**
 * @file  lesions/maxtree.h
 * @brief Large bright regions that keep their volume while the threshold moves.
 *
 * Model:   the tree of components {v >= level} over quantised levels; a node is stable when its
 *          parent one level below is larger by at most a given share, and compact when its second
 *          moments are near those of a ball of its volume. Of nested ones the most stable and most
 *          compact is taken.
 * Source:  Matas et al., Image Vis Comput 2004;22:761-767 (maximally stable extremal regions);
 *          tree by union-find, Berger et al., ICIP 2007
 * Differs: stability towards lower levels only; compactness 3/5 R^2 / trace(covariance), 1 for a
 *          ball, 0.6 for two touching balls, less for branching vessels
 */
#ifndef HEP_LESIONS_MAXTREE_H
#define HEP_LESIONS_MAXTREE_H

#include "image/volume.h"

struct hep_maxtree_search {
    double level_min, level_max, level_step;
    double volume_min_mm3, volume_max_mm3;
    double stability_max; /* (parent - node) / node */
    double compactness_min;
};

struct hep_maxtree_region {
    double volume_mm3, stability, compactness;
    double level;    /* lowest value inside, quantised */
    double mean;     /* value */
    double voxel[3]; /* centroid */
};

/**
 * @param[out] labels  on v's grid, regions numbered from 1; owned by the caller
 * @param[out] regions [*count], free(); NULL when there are none
 * @param[in]  where   voxels that count; NaN never does
 * @return HEP_OK, HEP_EINVAL (levels), HEP_EGEOM, HEP_ENOMEM
 */
int hep_maxtree_stable(struct hep_labels **labels, struct hep_maxtree_region **regions,
                       size_t *count, const struct hep_volume *v, const struct hep_labels *where,
                       const struct hep_maxtree_search *how, struct hep_error *err) HEP_MUST_CHECK;

#endif
