/**
 * @file  visits/session.h
 * @brief A finished study as one visit of a follow-up: opened again, brought to the baseline, and its findings as the
 *        follow-up sees them.
 *
 * Images:  the reference series where the study is found and is still what the run read; without it the outline of the
 *          liver stands in, and that is said
 * Start:   the scanner's geometry where the livers of both visits overlap there as far as both are shown, else the shift
 *          of their centres, for the origin of coordinates differs between sessions. The centre of a liver that its images
 *          cut off is that of a part: then the scanner's geometry is all that is known.
 * Fit:     by the part of the baseline's liver that the session shows
 */
#ifndef HEP_VISITS_SESSION_H
#define HEP_VISITS_SESSION_H

#include "batch/lesion_file.h"
#include "followup/visit.h"
#include "image/align_pair.h"
#include "pipeline/config/config.h"
#include "report/reopen.h"
#include "visits/find.h"

/** What the alignment was made with. */
enum hep_session_images { HEP_IMAGES_NONE, HEP_IMAGES_OUTLINE, HEP_IMAGES_SERIES };

struct hep_session {
    const struct hep_session_place *place; /* borrowed */
    struct hep_reopened opened;
    struct hep_lesion_file file;
    const char *reference;          /* name of the reference series; NULL: none. Borrowed */
    const struct hep_volume *image; /* the series; NULL: not found. Borrowed from the run */
    const struct hep_labels *labels, *liver; /* on its own reference grid; NULL. Borrowed */
    /* To the baseline. */
    struct hep_transform from_baseline; /* baseline world to this session's world */
    struct hep_volume *displacement;    /* of it; owned, NULL */
    enum hep_session_images images;
    enum hep_align_method method;
    bool failed; /* nothing fitted, or nothing was registered */
    double residual_mm, liver_dice, surface_mm, motion_mm; /* NaN: not known */
    char quality[200];
    struct hep_labels *on_baseline[3]; /* lesions, liver, what is seen; owned, NULL */
    struct hep_labels *zone;           /* of ablation, on the baseline's grid; owned, NULL */
    struct hep_visit_lesion *lesions;  /* owned */
    char cannot[320];                  /* why nothing can be judged; "" */
    struct hep_visit visit;            /* as the follow-up sees it */
};

/** Open. `session` is { 0 } before. Without a liver it is opened with `cannot` said.
 * @param[in] reader whose lesions are followed (hep_reopened_as_read()); NULL: Hepar's */
int hep_session_open(struct hep_session *session, const struct hep_session_place *place,
                     const char *reader, int nthreads, struct hep_log *log,
                     struct hep_error *err) HEP_MUST_CHECK;
void hep_session_release(struct hep_session *session);

/**
 * Bring a session to the baseline, and fill what the follow-up sees of it.
 * @param[in] baseline the first session itself, or another one
 * @param[in] folder where registration may write; made and removed
 * Livers that do not overlap afterwards make the session one that cannot be judged (`cannot`).
 * @return HEP_EGEOM when the images of both show no common place
 */
int hep_session_align(struct hep_session *session, const struct hep_session *baseline,
                      const struct hep_config *config, const char *folder,
                      struct hep_error *err) HEP_MUST_CHECK;

/** Grid of the reference; NULL when the session has none. */
const struct hep_grid *hep_session_grid(const struct hep_session *session);

#endif
