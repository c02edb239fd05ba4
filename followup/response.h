/**
 * @file  followup/response.h
 * @brief Response to treatment by sums over target lesions: diameters after RECIST 1.1, volumes, and enhancing diameters
 *        after mRECIST, each visit with every number that its category follows from.
 * Source:  Eisenhauer et al., Eur J Cancer 2009;45:228-247 (RECIST 1.1), sections 3.1, 4.1 to 4.3 and appendix II (lesions
 *          that split or merge); Lencioni and Llovet, Semin Liver Dis 2010;30:52-60 (mRECIST)
 * Differs: of the liver alone; progression of lesions that are no targets is shown and never decides, for RECIST leaves
 *          that to a reader; lesions most like a cyst, haemangioma, FNH-like nodule or fat are not new, and no targets where every
 *          visit that found them is certain of it
 */
#ifndef HEP_FOLLOWUP_RESPONSE_H
#define HEP_FOLLOWUP_RESPONSE_H

#include "terms/response.h"
#include "followup/tracks.h"

/** Why a lesion of the baseline is a target or is none. */
struct hep_target {
    size_t track;
    bool chosen;
    double long_axis_mm;
    char reason[160];
};
struct hep_targets {
    struct hep_target *list; /* of every track that the baseline has, as they are ranked; owned */
    size_t n, n_chosen;      /* those that are chosen come first */
};
/** HEP_ENOMEM. Release. */
int hep_targets_choose(struct hep_targets *out, const struct hep_tracks *tracks,
                       const struct hep_visit *visits, const struct hep_followup_settings *settings,
                       struct hep_error *err) HEP_MUST_CHECK;
void hep_targets_release(struct hep_targets *t);

struct hep_response_visit {
    double sum;                  /* NaN: a target cannot be measured */
    double change, nadir_change; /* shares; NaN at the baseline */
    double nadir;                /* lowest sum of earlier visits */
    enum hep_response category;
    size_t n_new, n_nontarget, n_nontarget_left, n_nontarget_grown;
    char reason[448];
};

/** What a response is a sum of. */
enum hep_response_of {
    HEP_RESPONSE_OF_DIAMETER,
    HEP_RESPONSE_OF_VOLUME,
    HEP_RESPONSE_OF_ENHANCING
};

/**
 * @param[out] out shape [tracks->n_visits]
 * @param[in] enhancing_mm of HEP_RESPONSE_OF_ENHANCING: enhancing diameters, shape [tracks->n][n_visits], NaN where
 *            they could not be measured; else NULL
 */
void hep_response_judge(struct hep_response_visit *out, const struct hep_targets *targets,
                        const struct hep_tracks *tracks, const struct hep_visit *visits,
                        enum hep_response_of of, const double *enhancing_mm,
                        const struct hep_followup_settings *settings);

#endif
