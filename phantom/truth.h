/**
 * @file  phantom/truth.h
 * @brief Files of the truth of one subject: lesions.json and .tsv, masks and maps on the reference
 *        grid, displacements of the other series, and the list of degradations.
 * Model:   a voxel belongs to the liver, or to a lesion, when at least half of it does; a lesion
 * too small for that gets the voxel nearest to its centre. Maps are means over the tissue in the
 *          voxel, fat fraction weighted by proton density; 0 where less than half is tissue
 * Differs: halos are parenchyma, not lesion
 */
#ifndef HEP_PHANTOM_TRUTH_H
#define HEP_PHANTOM_TRUTH_H

#include "phantom/event.h"
#include "phantom/true_course.h"

/**
 * Masks on a grid, with the anatomy at rest.
 * @param[out] liver, lesions the caller's; lesions hold ids 1..n
 */
int hep_truth_masks(struct hep_labels **liver, struct hep_labels **lesions,
                    const struct hep_anatomy *a, const struct hep_grid *grid, double slice_share,
                    int nthreads, struct hep_error *err) HEP_MUST_CHECK;

/** Voxels of `grid` around a lesion and a margin: a grid of their own that begins at voxel `first`.
 * @param[in] inverse world to voxel of `grid`. @return false when the lesion lies outside */
bool hep_truth_box(struct hep_grid *sub, size_t first[3], const struct hep_grid *grid,
                   const double inverse[4][4], const struct hep_lesion *l, double margin_mm);

/** Maps of the truth. */
enum hep_truth_map {
    HEP_TRUTH_FF,
    HEP_TRUTH_R2STAR,
    HEP_TRUTH_T1,
    HEP_TRUTH_T2,
    HEP_TRUTH_D,
    HEP_TRUTH_F,
    HEP_TRUTH_DSTAR,
    HEP_TRUTH_K,
    HEP_TRUTH_ADC,
    HEP_TRUTH_N_MAPS
};
/** nt = HEP_TRUTH_N_MAPS, in the order above; SI with mm2/s. The caller's. */
int hep_truth_maps(struct hep_volume **out, const struct hep_anatomy *a,
                   const struct hep_grid *grid, double slice_share, int nthreads,
                   struct hep_error *err) HEP_MUST_CHECK;

/**
 * Write everything.
 * @param[in,out] sessions of a person with sessions: those before are read, this one is filled;
 *                NULL without
 * @return HEP_ECREAT, HEP_EIO, HEP_ENOMEM
 */
int hep_truth_write(const char *bids_dir, const struct hep_sim_settings *s,
                    const struct hep_anatomy *a, const struct hep_event *e, uint64_t seed,
                    struct hep_true_session *sessions, struct hep_error *err) HEP_MUST_CHECK;

/** lesions.json and lesions.tsv of this folder and study; `sessions` as above. */
int hep_truth_write_lesions(const char *dir, const struct hep_sim_settings *s,
                            const struct hep_anatomy *a, const struct hep_event *e,
                            struct hep_true_session *sessions,
                            struct hep_error *err) HEP_MUST_CHECK;

#endif
