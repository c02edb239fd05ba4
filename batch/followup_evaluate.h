/**
 * @file  batch/followup_evaluate.h
 * @brief The follow-ups of an output folder against the truth of simulated courses.
 *
 * Truth:   TRUTH/sub-01/sub-01_course.json (sessions with sum_mm, change_percent, category; lesions
 *          with their identity and of each session id, event, long_axis_mm, adc_change_percent)
 *          beside the truth of each session, TRUTH/sub-01/ses-1/...
 * Output:  OUT/sub-01/sub-01_followup.json of `hepar followup`, beside the results of each session
 * Model:   findings are matched with true lesions in each session (evaluation/match.h); a lesion of
 *          the follow-up is a true lesion where it holds a finding on it. Lesions that the first
 *          session has, or a later one has newly, are compared between the first and each later
 *          session. A person without a follow-up has no lesion recognised and no category, and
 *          counts so
 */
#ifndef HEP_BATCH_FOLLOWUP_EVALUATE_H
#define HEP_BATCH_FOLLOWUP_EVALUATE_H

#include "batch/evaluate.h"
#include "evaluation/followup_score.h"

/** Beside struct hep_followed_lesion. A lesion of the follow-up that is called new and is none has
 * the identity "". */
struct hep_followed_lesion_row {
    char participant[64], session[32];
    char identity[16], called_as[16];
    struct hep_followed_lesion lesion;
};
struct hep_followed_visit_row {
    char participant[64], session[32], course[32];
    char reason[256]; /* of the follow-up's category, or why there is no follow-up */
    struct hep_followed_visit visit;
};

struct hep_followup_evaluated {
    struct hep_followed_lesion_row *lesion; /* owned */
    size_t n_lesions;
    struct hep_followed_visit_row *visit; /* owned */
    size_t n_visits;
    size_t n_patients, n_missing;
    struct hep_followup_score score;
    uint64_t seed;
};

/**
 * @return HEP_ENOENT without a course in the truth or without any follow-up in the output;
 * HEP_EFORMAT of a file, with its name; what hep_evaluate_folders() returns. Release in any case.
 */
int hep_followup_evaluate(struct hep_followup_evaluated *out, const char *out_dir,
                          const char *truth_dir, const struct hep_evaluate_opts *opts,
                          struct hep_error *err) HEP_MUST_CHECK;
void hep_followup_evaluated_release(struct hep_followup_evaluated *e);

/** All figures, for followup_evaluation.json. */
int hep_followup_evaluated_json(struct hep_json **out, const struct hep_followup_evaluated *e,
                                struct hep_error *err) HEP_MUST_CHECK;
/** A page for people. */
void hep_followup_evaluated_text(struct hep_str *out, const struct hep_followup_evaluated *e);
/** followup_evaluation.json, followup_lesions.tsv and followup_responses.tsv with their data
 * dictionaries; makes the folder. */
int hep_followup_evaluated_write(const struct hep_followup_evaluated *e, const char *dir,
                                 struct hep_error *err) HEP_MUST_CHECK;

#endif
