/**
 * @file  lesions/parts.h
 * @brief The parts of a lesion by what all series show together.
 *
 * Model:   a Gaussian mixture over the lesion's voxels. A voxel of part k reads, in series c,
 *          liver + p (mean_kc - liver), p the share of lesion that the series' own voxels hold
 *          there; covariance: that of the liver's residuals in all series (robust, a tenth drawn to
 *          its diagonal), each series times the voxels that one of its samples fills, so that an
 *          interpolated sample counts once; widened where the border's place is uncertain, |grad p|
 *          times a voxel's width and the shift's error, and in a series that takes part of a voxel
 *          from its neighbours, by half of that part of the difference between parts. Neighbours
 *          are alike: log prior series.neighbour_weight times the sum of the six neighbours' probabilities, weakly
 *          ordered by depth. SWEEPS rounds of mean field and means. Starts: layers by depth, and the
 *          principal axis of the widest part; the likelier result stays. Of two and three parts the
 *          number with the lower BIC = -2 log L + (parameters) log(independent voxels), L being that
 *          of the mean-field prior; the spread within the richest model, when it exceeds the
 *          liver's, widens all. They stay where hep_parts_differ() says that rim and core differ.
 *          A part whose means lie between a deeper part's and liver's, at the same share in every
 *          series, is no tissue but the lesion's border: its voxels count as that mixture where more
 *          of them is liver than lesion. Rim: the part that takes most of the surface; core: of the
 *          others the one that differs most from the rim, wherever it lies. A third is the border of
 *          rim and core where no series shows it outside what lies between them (the share may
 *          differ, since series are shifted), else a tissue that is neither. One part only: rim is
 *          u < rim_depth_frac, core the rest, and what their signals change by when the core has half
 *          or an eighth of the volume adds to their covariance.
 * Source:  Forbes and Peyrard, IEEE PAMI 2003;25:1089 (BIC of hidden Markov fields by mean field)
 */
#ifndef HEP_LESIONS_PARTS_H
#define HEP_LESIONS_PARTS_H

#include "lesions/series.h"

/** Rim and core by depth. Release with hep_parts_release(). HEP_ENOMEM. */
int hep_parts_by_depth(struct hep_parts *out, const struct hep_shells *box, double rim_depth_frac,
                       struct hep_error *err) HEP_MUST_CHECK;
/** By the signals, with the shifts that hep_series_explain() found; `parts` holds those by depth
 * and keeps them where the voxels suggest no more than one. HEP_ENOMEM. */
int hep_parts_find(struct hep_parts *parts, const struct hep_series_set *set,
                   const struct hep_lesion_study *study, const struct hep_shells *box,
                   struct hep_error *err) HEP_MUST_CHECK;
/**
 * The whole way: shifts with parts by depth, the parts by all series, their signals, and by depth
 * again where these do not differ.
 * @param[out] series, parts release both, also after a failure
 */
int hep_parts_and_series(struct hep_parts *parts, struct hep_series_set *series,
                         const struct hep_lesion_study *study, const struct hep_shells *box,
                         struct hep_error *err) HEP_MUST_CHECK;
void hep_parts_release(struct hep_parts *p);

#endif
