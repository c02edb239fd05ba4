/**
 * @file  followup/tracks.h
 * @brief Which lesions of several visits are one lesion, and what became of it.
 * Model:   visits in order of time; at each, the lesions that earlier visits know are assigned one to one to those of the
 *          visit with the least total cost, also when a visit between has missed them. A pair costs
 *              d^2 / (2 s^2) + ln(V2 / V1)^2 / (2 w^2),   s = half the reach,
 *          d being the distance from the place where the lesion was last seen. The reach is what outlines differ by,
 *          plus twice the residual of the alignment, plus the difference of the radii, for a lesion may grow to one side;
 *          and the two balls must touch within that residual. A volume that grows faster than the fastest doubling is
 *          another lesion. What lies inside a former lesion's outline, or holds it, is that lesion, wherever its centre
 *          is. Lesions that the user has given as label maps are one where their labels are, unless that is not wanted.
 *          A candidate that the detector did not keep counts where another visit has a lesion.
 * Events:  two former lesions inside one are merged, one former lesion that covers several is split; a lesion without
 *          predecessor is new where earlier images show its place and it is unequivocal.
 * Source:  assignment: evaluation/assign.h; RECIST 1.1 for lesions that split and merge, and for new ones
 */
#ifndef HEP_FOLLOWUP_TRACKS_H
#define HEP_FOLLOWUP_TRACKS_H

#include "followup/settings.h"
#include "followup/visit.h"

enum hep_event {
    HEP_EVENT_STABLE,
    HEP_EVENT_GROWN,
    HEP_EVENT_SHRUNK,
    HEP_EVENT_VANISHED,
    HEP_EVENT_NEW,
    HEP_EVENT_MERGED,
    HEP_EVENT_SPLIT,
    HEP_EVENT_NOT_COVERED,
    HEP_EVENT_NOT_ASSESSABLE,
    HEP_EVENT_N, /* number of events of a lesion; the rest are states of a visit alone */
    HEP_EVENT_BASELINE = HEP_EVENT_N,
    HEP_EVENT_ABSENT, /* before a new lesion came */
    HEP_EVENT_STATES
};
/** "stable", "grown", ..., "baseline", "absent"; static. */
const char *hep_event_name(enum hep_event event);

#define HEP_TRACK_PARTS 8
struct hep_track_visit {
    size_t lesion[HEP_TRACK_PARTS]; /* of the visit: one, or the parts of a split one */
    size_t n;                       /* 0: none */
    enum hep_event state;
    bool shared;     /* the same lesion counts for an earlier track: merged */
    bool overlooked; /* not found, but the images still show it */
    double long_axis_mm,
        volume_ml; /* of all parts; 0 where vanished, NaN where it cannot be told */
    char reason[256];
};
struct hep_track {
    char identity[16];  /* "F01" */
    size_t first;       /* visit where it is seen first */
    bool certain;       /* of a lesion without predecessor: unequivocal */
    bool benign;        /* most like a class that is no tumour wherever it was found */
    bool surely_benign; /* and each of these visits is certain of it */
    bool treated;       /* at any visit */
    enum hep_event event;
    char reason[256];
    struct hep_track_visit *visit; /* [n_visits], owned */
};
struct hep_tracks {
    struct hep_track *list; /* owned; by the visit where they are seen first, there by size */
    size_t n, n_visits;
};

/**
 * @param[in] visits n_visits >= 1 in order of time, the first is the baseline
 * @param[in] rematch labels of the user do not tell which lesion is which
 * @return HEP_ENOMEM; HEP_EINVAL for no visit
 */
int hep_tracks_make(struct hep_tracks *out, const struct hep_visit *visits, size_t n_visits,
                    const struct hep_followup_settings *settings, bool rematch,
                    struct hep_error *err) HEP_MUST_CHECK;
void hep_tracks_release(struct hep_tracks *t);

/** What an image shows at the place of a lesion, in a visit where the lesion was not found: after it was found, or before it
 * was called new. */
struct hep_trace {
    size_t track, visit;
    const char *image;       /* static: what shows it */
    double contrast, before; /* of the place with the liver around it, in SDs of that, positive
                                where brighter: at this visit, and where it was found */
    double limit;            /* absolute contrast from which the image shows it */
};

/**
 * A lesion is not called vanished when at least half of the images that showed it at the last visit
 * where it was found still show it, brighter or darker than the liver as then: it was overlooked.
 * Its size is then not known, its state not assessable. Nor is one called new when at least half of the images that show
 * it showed it at an earlier visit, brighter or darker as now and by half of the contrast: over its present outline the
 * median is that of the liver unless it filled half of it.
 * Source: RECIST 1.1 (Eisenhauer et al., Eur J Cancer 2009;45:228): a lesion that is present but
 *         cannot be measured is not absent
 */
void hep_tracks_reconsider(struct hep_tracks *t, const struct hep_trace *traces, size_t n_traces);

/** The last visit before `before` at which a track has a lesion; SIZE_MAX: none. */
size_t hep_track_last_seen(const struct hep_track *track, size_t before);

/** Is a class no tumour: cyst, haemangioma, FNH-like, fat, spared of fat? */
bool hep_class_is_benign(enum hep_lesion_class lesion_class);

/* Within the room. */
/** States and sizes of every visit, and the event of every track. */
void hep_tracks_judge(struct hep_tracks *t, const struct hep_visit *visits,
                      const struct hep_followup_settings *settings);
/** Does a candidate count at the place of a known lesion? */
bool hep_candidate_counts(const struct hep_visit_lesion *lesion,
                          const struct hep_followup_settings *settings);

#endif
