/**
 * @file  sequences/series_build.h
 * @brief From files with scores to series with roles: the steps of hep_inventory_scan().
 */
#ifndef HEP_SEQUENCES_SERIES_BUILD_H
#define HEP_SEQUENCES_SERIES_BUILD_H

#include "sequences/candidate.h"
#include "sequences/study_yml.h"

/** Append an empty series; *out is borrowed and valid until the next call. */
int hep_series_append(struct hep_series **out, struct hep_inventory *inv, struct hep_error *err);
void hep_series_release(struct hep_series *s);
/**
 * Fill files, frames, grid and parameters from parts in this order, and mark them used. b-values of
 * a dwi come from .bval, a list or a single value of the sidecar; volumes without one have b NaN.
 */
int hep_series_fill(struct hep_series *s, enum hep_role role, struct hep_study_file *const *part,
                    size_t n, struct hep_error *err);
/** Say why the series cannot be used. `reason` begins with the file's name in the study. */
int hep_series_leave_out(struct hep_series *s, const char *reason, struct hep_error *err);
/** Copy score, reasons and alternatives of the role. */
int hep_series_take_score(struct hep_series *s, const struct hep_study_file *c,
                          struct hep_error *err);
/** Make gradients of the frames' b-values when every frame has one. */
int hep_series_gradients_from_frames(struct hep_series *s, struct hep_error *err);

/** Mark files that are echoes of one acquisition, and fill in the field strength of the study.
 *  @param[in] field_t from study.yml, overrides all; NaN: files that say nothing take the first
 * one's */
void hep_group_relate(struct hep_study_files *c, double field_t);
/** Before hep_group_relate(): of files of a magnitude with its real and imaginary part or phase as
 * further volumes, only the magnitude counts, and that is said. HEP_ENOMEM. */
int hep_group_take_magnitudes(struct hep_study_files *c, struct hep_error *err);
/** After hep_group_relate(): of echoes without BIDS names, look which are no magnitudes by their
 * values. */
int hep_group_find_parts(struct hep_study_files *c, struct hep_error *err) HEP_MUST_CHECK;
/** Turn echoes, single-b files and the remaining files into series. */
int hep_group_build(struct hep_inventory *inv, struct hep_study_files *c, struct hep_error *err);
/** True when two files come from one acquisition by name or description, echo tags left out. */
bool hep_same_acquisition(const struct hep_study_file *a, const struct hep_study_file *b);

/** Seconds from injection to the start of an acquisition, NaN unknown. Over midnight is understood.
 */
double hep_clock_since_injection(const struct hep_acquisition *a, double injection_time_s);
/** Roles of unnamed T1 series from their time since injection, or their order. */
int hep_order_score(struct hep_study_files *c, double injection_time_s, struct hep_error *err);
/** How far a phase lies outside its nominal times [s], 0 inside; NaN without a time or for another
 * role. */
double hep_time_off_nominal(const struct hep_series *s);
/** Times of all frames and series; study.yml entries have set theirs already. */
int hep_times_fill(struct hep_inventory *inv, struct hep_error *err);

/** Remove from `c` what study.yml lists or ignores, so that it is not scored. */
int hep_study_remove_listed(struct hep_study_files *c, const struct hep_study_yml *study,
                            struct hep_error *err);
/** Append the series that study.yml lists. Missing files are HEP_ENOENT. */
int hep_study_apply(struct hep_inventory *inv, const struct hep_study_yml *study,
                    struct hep_error *err);
/** Name the values of label maps: study.yml, a .tsv beside the map, or TotalSegmentator's liver
 * = 5. */
int hep_label_names_fill(struct hep_inventory *inv, struct hep_error *err);
/** Add one name. HEP_ENOMEM. */
int hep_label_names_add(struct hep_series *s, const char *name, int32_t value,
                        struct hep_error *err);

/** Choose one series per role, look for contradictions, sort. */
int hep_select(struct hep_inventory *inv, struct hep_error *err);

#endif
