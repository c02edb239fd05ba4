/**
 * @file  visits/everyone.h
 * @brief Follow-ups of every person of an output folder who has two or more finished sessions.
 */
#ifndef HEP_VISITS_EVERYONE_H
#define HEP_VISITS_EVERYONE_H

#include "visits/visits.h"

struct hep_everyone {
    size_t n_done, n_failed, n_partial,
        n_single; /* partial: done with a session left out; single: fewer than two */
};

/**
 * One after the other; what goes wrong with one person is a line of the log and costs that person only.
 * @param[in] request query.out_dir and query.bids_dir; its other members of query are not used
 * @param[in] subjects labels with or without "sub-"; n_subjects 0: all
 * @return HEP_EPARTIAL when a follow-up failed or left a session out
 */
int hep_followup_everyone(struct hep_everyone *out, const struct hep_followup_request *request,
                          const char *const *subjects, size_t n_subjects,
                          struct hep_error *err) HEP_MUST_CHECK;

#endif
