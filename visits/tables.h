/**
 * @file  visits/tables.h
 * @brief The results of a follow-up as tables: one row per lesion and session, per visit of a response, per change.
 */
#ifndef HEP_VISITS_TABLES_H
#define HEP_VISITS_TABLES_H

#include "base/table.h"
#include "visits/visits.h"

/** sub-XX_followup.tsv: one row per lesion and session. Release. */
int hep_followed_rows(struct hep_table *out, const struct hep_followed *f,
                      struct hep_error *err) HEP_MUST_CHECK;
/** One row per lesion: event and sizes from first to last. Release. */
int hep_followed_lesions(struct hep_table *out, const struct hep_followed *f,
                         struct hep_error *err) HEP_MUST_CHECK;
/** One row per visit of one response. Release. */
int hep_followed_response(struct hep_table *out, const struct hep_followed *f,
                          enum hep_response_of of, struct hep_error *err) HEP_MUST_CHECK;
/** The lesions of the baseline as they are ranked for targets. Release. */
int hep_followed_targets(struct hep_table *out, const struct hep_followed *f,
                         struct hep_error *err) HEP_MUST_CHECK;
/** The sessions and how each was brought to the baseline. Release. */
int hep_followed_sessions(struct hep_table *out, const struct hep_followed *f,
                          struct hep_error *err) HEP_MUST_CHECK;
/** Changes of values. Release. */
int hep_followed_changes(struct hep_table *out, const struct hep_followed *f,
                         struct hep_error *err) HEP_MUST_CHECK;

/** Patterns of change. Release. */
int hep_followed_patterns(struct hep_table *out, const struct hep_followed *f,
                          struct hep_error *err) HEP_MUST_CHECK;

/** "recist", "volume", "mrecist". */
const char *hep_response_of_name(enum hep_response_of of);
/** Is the track one of the targets? */
bool hep_followed_is_target(const struct hep_followed *f, size_t track);

#endif
