/**
 * @file  visits/look.h
 * @brief A second look at the places where lesions have vanished, and the livers of the visits as wholes.
 */
#ifndef HEP_VISITS_LOOK_H
#define HEP_VISITS_LOOK_H

#include "followup/pattern.h"
#include "visits/visits.h"

/**
 * What every image of a visit shows at the place of each lesion that has vanished there, or was not yet there when it was
 * called new: the median over the outline against the ring around it, in robust SDs of the ring, there and where it was
 * found.
 * @param[out] out heap, n of them; the caller's
 */
int hep_followed_traces(struct hep_trace **out, size_t *n, const struct hep_followed *f,
                        struct hep_error *err) HEP_MUST_CHECK;
/** @param[out] out shape [f->n] */
int hep_followed_livers(struct hep_visit_liver *out, const struct hep_followed *f,
                        struct hep_error *err) HEP_MUST_CHECK;

#endif
