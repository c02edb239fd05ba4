/**
 * @file  evaluation/followup_score.h
 * @brief How well a follow-up recognised lesions and judged the response, beside the truth.
 *
 * A pair is the first session of a person and a later one. Every true lesion of a pair is one case,
 * whether it was found or not; every session is one case of the sum of diameters.
 *
 * Model:   identity: of the lesions that are there and found at both sessions, those that the
 *          follow-up holds for one. New: of the lesions that came after the first session, those
 *          called new. False new: lesions called new that did not come. Agreement by bias and limits
 *          bias +- 1.96 SD; category by its share and kappa. Wilson's interval of every share;
 *          every figure has an interval by patient
 * Source:  Bland and Altman, Lancet 1986;327:307-310; kappa.h; bootstrap.h
 * Differs: zones of ablation and their residues count among events alone
 */
#ifndef HEP_EVALUATION_FOLLOWUP_SCORE_H
#define HEP_EVALUATION_FOLLOWUP_SCORE_H

#include "evaluation/bootstrap.h"
#include "terms/response.h"

#include <stdbool.h>

/** What becomes of a lesion: first what the truth may say, then what a follow-up may say besides. */
enum hep_change {
    HEP_CHANGE_STABLE,
    HEP_CHANGE_GROWN,
    HEP_CHANGE_SHRUNK,
    HEP_CHANGE_VANISHED,
    HEP_CHANGE_NEW,
    HEP_CHANGE_ABLATED,
    HEP_CHANGE_RESIDUE,
    HEP_CHANGE_TRUE,
    HEP_CHANGE_MERGED = HEP_CHANGE_TRUE,
    HEP_CHANGE_SPLIT,
    HEP_CHANGE_NOT_COVERED,
    HEP_CHANGE_NOT_ASSESSABLE,
    HEP_CHANGE_OTHER, /* any other word, or none: the lesion is in no row of the follow-up */
    HEP_CHANGE_COUNT
};
/** "stable", ..., "not_assessable", "none". */
const char *hep_change_name(enum hep_change change);
/** HEP_CHANGE_OTHER for a word that is none of them, and for NULL. */
enum hep_change hep_change_of(const char *name);

#define HEP_FOLLOWED_FROM_MM 8.0 /* the size that matching is asked to be right from */

/** One true lesion of a pair. NaN: not known. */
struct hep_followed_lesion {
    size_t patient;
    enum hep_change truth, called;
    bool found_first, found_later;
    bool is_same;                                       /* found at both and held for one lesion */
    double long_first_mm, long_later_mm;                /* true; NaN where it is not there */
    double adc_change_true_percent, adc_change_percent; /* the latter only where is_same */
};

/** One session of a person. */
struct hep_followed_visit {
    size_t patient;
    bool is_first, is_stable;                   /* nothing was changed in this person */
    double sum_true_mm, sum_mm;                 /* of the target lesions of either */
    double change_true_percent, change_percent; /* NaN at the first */
    enum hep_response truth, called;            /* HEP_RESPONSE_COUNT: none */
    size_t false_new;
};

struct hep_followup_data {
    const struct hep_followed_lesion *lesions;
    size_t n_lesions;
    const struct hep_followed_visit *visits;
    size_t n_visits;
    size_t n_patients;
};

/** Bland and Altman's figures. */
struct hep_followup_agreement {
    size_t n;
    struct hep_interval bias, lower, upper;
};

struct hep_followup_score {
    size_t n_pairs;
    struct hep_proportion identity, identity_8mm;
    struct hep_proportion new_found_8mm; /* of the new ones that were found */
    struct hep_proportion new_8mm;       /* of all */
    struct hep_proportion category, stable_sd;
    struct hep_proportion event[HEP_CHANGE_TRUE]; /* called what it is, of the found ones */
    struct hep_interval false_new_per_pair, kappa;
    struct hep_followup_agreement sum_mm, change_percent, adc_change_percent;
    size_t events[HEP_CHANGE_TRUE][HEP_CHANGE_COUNT]; /* of found ones: true, called */
    size_t categories[HEP_RESPONSE_COUNT][HEP_RESPONSE_COUNT];
};

/** @return HEP_EINVAL for a patient out of range or 0 replicates; HEP_ENOMEM */
int hep_followup_score(struct hep_followup_score *out, const struct hep_followup_data *data,
                       size_t replicates, uint64_t seed, struct hep_error *err) HEP_MUST_CHECK;

#endif
