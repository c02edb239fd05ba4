/**
 * @file  sequences/merit.h
 * @brief Of several series that have one role, which serves it best, and why.
 *
 * Of every role a series in the plane of the other series comes before one across it, for lesions
 * are compared between series slice by slice. T2-weighted series are of many kinds; of them also
 * count, in points: how much of the liver's region is covered, the distance and the gaps of slices,
 * the echo time, fat saturation, and whether one excitation gave the whole slice, whose long echo
 * train blurs small lesions. What a sidecar does not say neither adds nor subtracts.
 */
#ifndef HEP_SEQUENCES_MERIT_H
#define HEP_SEQUENCES_MERIT_H

#include "sequences/inventory.h"

/** Fill in `merit` of every series whose role others have as well, with the reasons. HEP_ENOMEM. */
int hep_merit_fill(struct hep_inventory *inv, struct hep_error *err) HEP_MUST_CHECK;

/** True when series a is preferred to b for the role of both: one that study.yml gives, else the
 * one of more merit, nearer to its nominal time, of the higher score, with a known time, with known
 * parameters, of the later run, with more volumes, of the earlier time, with the smaller voxels. */
bool hep_series_is_better(const struct hep_series *a, const struct hep_series *b);

/** Two T2-weighted series that differ by less than this serve equally well: that is said. */
#define HEP_MERIT_TIE 3.0
#endif
