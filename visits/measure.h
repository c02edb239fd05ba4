/**
 * @file  visits/measure.h
 * @brief What the follow-up compares of each lesion: measures of the dictionary, and statistics of the maps over its
 *        outline on the reference grid; and how the visit was acquired.
 */
#ifndef HEP_VISITS_MEASURE_H
#define HEP_VISITS_MEASURE_H

#include "followup/change.h"
#include "visits/session.h"

/** @param[out] values shape [session->visit.n][HEP_CHANGE_N], NaN where there is none */
int hep_session_measure(double *values, struct hep_session *session,
                        const struct hep_followup_settings *settings,
                        struct hep_error *err) HEP_MUST_CHECK;

/** From the record of the run. */
int hep_session_acquisition(struct hep_visit_acquisition *out, struct hep_session *session,
                            struct hep_error *err) HEP_MUST_CHECK;

#endif
