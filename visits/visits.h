/**
 * @file  visits/visits.h
 * @brief The follow-up of one person: finished studies in order of time, aligned, their lesions matched, response, changes
 *        and patterns; and the files that say so.
 */
#ifndef HEP_VISITS_VISITS_H
#define HEP_VISITS_VISITS_H

#include "base/json.h"
#include "base/log.h"
#include "followup/change.h"
#include "followup/pattern.h"
#include "followup/response.h"
#include "visits/find.h"
#include "visits/session.h"

/** All borrowed. */
struct hep_followup_request {
    struct hep_session_query query;
    const char *out_dir;             /* where the results go; NULL: OUT/sub-XX */
    const struct hep_config *config; /* sections align and followup */
    bool rematch;
    const char *reader; /* whose lesions are followed; NULL: Hepar's */
    const char *const
        *derivatives; /* [NAME=]DIR, where masks of zones are looked for; n_derivatives */
    size_t n_derivatives;
    int nthreads;
    struct hep_log *log;
};

struct hep_zone;    /* visits/zones.h */
struct hep_markers; /* visits/markers.h */

struct hep_followed {
    struct hep_session_places places;
    struct hep_session *sessions; /* as places; owned */
    struct hep_visit *visits;     /* theirs; owned */
    size_t n;
    const struct hep_config *config; /* borrowed */
    struct hep_tracks tracks;
    struct hep_targets targets;
    double *values; /* [tracks.n][n][HEP_CHANGE_N]; owned */
    struct hep_visit_acquisition *acquisitions;
    struct hep_response_visit *response[3]; /* by enum hep_response_of; owned */
    struct hep_changes changes;
    struct hep_trace *traces; /* owned */
    size_t n_traces;
    struct hep_markers *markers; /* published means; owned */
    struct hep_zone *zones;      /* owned */
    size_t n_zones;
    struct hep_pattern *patterns; /* [n - 1][HEP_PATTERN_N]; owned */
    char *out_dir;                /* owned */
    bool is_partial;              /* some session was left out or could not be judged */
};

/**
 * @return what hep_sessions_find() and hep_session_align() return; HEP_EDATA for a baseline without a liver, or studies of
 *         two people. Release in any case.
 */
int hep_followup(struct hep_followed *out, const struct hep_followup_request *request,
                 struct hep_error *err) HEP_MUST_CHECK;
void hep_followed_release(struct hep_followed *f);

/** sub-XX_followup.json as a document. */
int hep_followed_json(struct hep_json **out, const struct hep_followed *f,
                      struct hep_error *err) HEP_MUST_CHECK;
/** A page for a terminal. */
int hep_followed_text(struct hep_str *out, const struct hep_followed *f,
                      struct hep_error *err) HEP_MUST_CHECK;
/** sub-XX_followup.json, .tsv with its data dictionary, .html; makes the folder. */
int hep_followed_write(const struct hep_followed *f, struct hep_error *err) HEP_MUST_CHECK;

#endif
