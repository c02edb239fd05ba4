/**
 * @file  phantom/true_course.h
 * @brief What truly became of every lesion of a person who was simulated at several sessions, and
 *        of the sum of diameters.
 * Model:   RECIST 1.1. Targets: the two metastases with the longest axes of at least 10 mm at the
 *          first session, without one that is to be ablated. Sum: their long axes, 0 of a vanished
 *          one. PD: a new metastasis, or a sum of at least 1.2 times its least one and 5 mm above;
 *          CR: no metastasis is left; PR: a sum of at most 0.7 times the first; else SD; NE without
 *          a target. A residue of an ablation is no new lesion
 *          Of a lesion: grown from 1.2^3 and shrunk to 0.7^3 of its first volume, where the long
 *          axis has changed by 3 mm or more
 * Source:  Eisenhauer et al., Eur J Cancer 2009;45:228-247; volumes are those of spheres; 3 mm:
 *          observers differ by up to a quarter on one lesion (Yoon et al., Eur J Cancer 2016;53:5-15), 2.5 mm of 10
 * Differs: unequivocal progress of lesions that are no targets is not judged
 */
#ifndef HEP_PHANTOM_TRUE_COURSE_H
#define HEP_PHANTOM_TRUE_COURSE_H

#include "phantom/lesion.h"

struct hep_true_state {
    unsigned identity, part_of;
    enum hep_sim_fate fate;
    enum hep_sim_lesion_type type;
    int32_t id;                               /* in the label map of its session; 0: vanished */
    double long_mm, volume_ml, adc_mm2_per_s; /* 0, 0 and NaN of a vanished one */
    double centre_mm[3];                      /* where it is or was, in the session's space */
};

struct hep_true_session {
    struct hep_true_state state[2 * HEP_SIM_MAX_LESIONS]; /* present, then vanished ones */
    size_t n;
};

/** Of this lesion in a session; NULL where it is not yet there. */
const struct hep_true_state *hep_true_state_of(const struct hep_true_session *session,
                                               unsigned identity);
/** "baseline", "new", "stable", "grown", "shrunk", "vanished", "ablated", "residue", against the
 * session where it was first there. */
const char *hep_true_event(const struct hep_true_session *sessions, size_t session,
                           unsigned identity);

struct hep_true_response {
    double sum_mm, change_percent, nadir_change_percent; /* NaN without a target; NaN at first */
    size_t new_lesions;   /* metastases that the first session did not have and this one does */
    const char *category; /* "CR", "PR", "SD", "PD", "NE"; "" at the first session */
    char reason[128];
};
#define HEP_TRUE_TARGETS 2
/** Identities of the targets, 0 where there is none. */
void hep_true_targets(unsigned target[HEP_TRUE_TARGETS], const struct hep_true_session *sessions,
                      size_t n);
/** @param[out] out shape [n] */
void hep_true_responses(struct hep_true_response *out, const struct hep_true_session *sessions,
                        size_t n);

/** derivatives/truth/sub-NN/sub-NN_course.json. HEP_ECREAT, HEP_EIO, HEP_ENOMEM. */
int hep_true_course_write(const char *bids_dir, const struct hep_sim_settings *s,
                          const struct hep_true_session *sessions, uint64_t person,
                          struct hep_error *err) HEP_MUST_CHECK;

#endif
