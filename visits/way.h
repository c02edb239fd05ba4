/**
 * @file  visits/way.h
 * @brief From a place in the baseline's space to a value of a series or map of a session: every transform, and one
 *        interpolation.
 */
#ifndef HEP_VISITS_WAY_H
#define HEP_VISITS_WAY_H

#include "visits/session.h"

struct hep_way {
    const struct hep_session *session;
    struct hep_transform to_series; /* from the session's reference */
    struct hep_volume *bend;        /* of it; owned */
    const struct hep_volume *v;     /* borrowed; NULL: the session has not this image */
    size_t t;                       /* volume of it */
};

/** Of a diffusion series the volume of the highest b. Release in any case. */
int hep_way_open(struct hep_way *out, struct hep_session *session, const char *product,
                 const char *series, bool is_map, struct hep_error *err) HEP_MUST_CHECK;
void hep_way_release(struct hep_way *w);

/** @param[in] from_baseline the place is in the baseline's space, else in that of the session's reference. NaN outside. */
double hep_way_value(const struct hep_way *w, const double place[3], bool from_baseline,
                     enum hep_interp how);
/** The image on a grid in the baseline's space; NaN outside. HEP_ENOMEM. */
int hep_way_sample(struct hep_volume **out, const struct hep_way *w, const struct hep_grid *g,
                   struct hep_error *err) HEP_MUST_CHECK;
/** Median signal of the session's liver. */
int hep_way_liver(double *out, const struct hep_way *w, struct hep_error *err) HEP_MUST_CHECK;

#endif
