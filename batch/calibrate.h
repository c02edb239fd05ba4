/**
 * @file  batch/calibrate.h
 * @brief The tables of evidence, flags and detection fitted to results with truth.
 *
 * Cases:     findings on a true lesion of known class; for slope and intercept also findings on no
 *            lesion. Truth is a folder as for an evaluation, or a table (batch/truth_table.h).
 * Evidence:  the likelihood of an outcome in a class is (count + weight * before) / (cases + weight),
 *            the count being the sum of the probabilities that the outcome has (of a flag P and
 *            1 - P), `before` the likelihood of the table that is fitted (evaluation/logistic.h).
 *            Slope and intercept by a logistic fit to the evidence that each patient has by the
 *            likelihoods of the others, with the share of metastases as prior.
 * Flags:     the model of every flag by its margins and the truth of the tissue (lesions/flag_fit.h); sizes at which it
 *            ranks lesions no better than HEP_FLAG_AREA_MIN say so, by probabilities that the other patients made. The
 *            fit of the evidence then counts flags by these probabilities.
 * Detection: a logistic fit to the features of every candidate, kept or not, pulled towards the
 *            table before; a feature whose coefficient would contradict physics (terms/features.def) keeps that
 *            of the table before; every patient's candidates weigh alike. The penalty is that of a few with
 *            the least cross-validated loss among those whose mean sensitivity over the rates of
 *            false candidates is no lower than by the table before, and at no rate by more than one
 *            lesion; when there is none, that table stays. The limit is the weakest lesion with no
 *            more false candidates a study than allowed, or until as many are kept as before.
 * Figures:   "after" is cross-validated by patient: nobody is judged by a table that was fitted on
 *            him; of unseen studies it is what the tables say that are written.
 */
#ifndef HEP_BATCH_CALIBRATE_H
#define HEP_BATCH_CALIBRATE_H

#include "base/json.h"
#include "batch/evaluate.h"
#include "lesions/detection.h"
#include "lesions/evidence.h"
#include "lesions/flag_table.h"

/** Fewer of either kind, or patients, are refused. */
#define HEP_CALIBRATE_CASES_MIN 10
#define HEP_CALIBRATE_PATIENTS_MIN 5

struct hep_calibrate_request {
    const char *out_dir, *truth;       /* truth: folder or table */
    const char *truth_desc;            /* a reader's answers in the folders of truth; NULL */
    const char *test_out, *test_truth; /* studies that nothing is fitted on; NULL: none */
    double
        hold_out; /* share of the persons of `truth`, a folder, that are the tests instead; 0: none */
    const char *evidence, *flags, *detection; /* tables that are fitted: files */
    double weight;                            /* of their likelihoods, in lesions */
    double false_per_study;                   /* that the limit of detection allows */
    size_t n_folds, replicates;
    uint64_t seed;                             /* of the bootstrap */
    const char *date, *trained_on, *tested_on; /* for the files */
    bool wants_flags, wants_detection;
    int nthreads;
    struct hep_log *log; /* may be NULL */
};

/** A figure before and after, with intervals by patient where there are any. */
struct hep_calibrate_figure {
    const char *part, *what;
    struct hep_interval before, after;
};
#define HEP_CALIBRATE_FIGURES 200

struct hep_calibrated {
    struct hep_evaluated cases; /* findings and rejected candidates with their truth */
    struct hep_evaluated tests; /* likewise, of studies that nothing was fitted on */
    struct hep_evidence_table *evidence_before, *evidence;
    struct hep_flag_table *flags_before, *flags;              /* flags NULL: not asked for */
    struct hep_detection_table *detection_before, *detection; /* detection NULL: not asked for */
    size_t n_of_class[HEP_CLASS_COUNT], n_false;              /* findings */
    size_t n_lesions, n_others;                               /* candidates */
    struct hep_calibrate_figure figure[HEP_CALIBRATE_FIGURES];
    size_t n_figures;
    size_t confusion[2][HEP_CLASS_COUNT + 1][HEP_CLASS_COUNT + 2]; /* before, after; of unseen
                                                                      studies where there are any */
    char trained_on[768];                                          /* with the counts */
};

/**
 * @return HEP_EDATA for too few cases or one class only; what the readers of results, truth and
 *         tables return. Release in any case.
 */
int hep_calibrate(struct hep_calibrated *out, const struct hep_calibrate_request *request,
                  struct hep_error *err) HEP_MUST_CHECK;
void hep_calibrated_release(struct hep_calibrated *c);

/** For a terminal, and the same as JSON. */
void hep_calibrated_text(struct hep_str *out, const struct hep_calibrated *c);
int hep_calibrated_json(struct hep_json **out, const struct hep_calibrated *c,
                        struct hep_error *err) HEP_MUST_CHECK;
/** Files that the tables go to; NULL: not written. */
struct hep_calibrated_files {
    const char *evidence, *flags, *detection;
};
/** All files, or none when a text cannot be made. */
int hep_calibrated_write(const struct hep_calibrated *c, const struct hep_calibrated_files *to,
                         struct hep_error *err) HEP_MUST_CHECK;

/** A model card: what, fitted on whom, tested on whom, every figure. Markdown; atomic. */
int hep_calibrated_card(const struct hep_calibrated *c, const struct hep_calibrate_request *q,
                        const char *path, struct hep_error *err) HEP_MUST_CHECK;

/* Within the room. */
void hep_calibrate_add(struct hep_calibrated *c, const char *part, const char *what,
                       struct hep_interval before, struct hep_interval after);
/** Figures of the fitted tables on c->tests. */
int hep_calibrate_test_evidence(struct hep_calibrated *c, const struct hep_calibrate_request *q,
                                struct hep_error *err) HEP_MUST_CHECK;
int hep_calibrate_test_detection(struct hep_calibrated *c, const struct hep_calibrate_request *q,
                                 struct hep_error *err) HEP_MUST_CHECK;
/** Also sets the flags of c->cases (of c->tests) by the new table, for the fit of the evidence. */
int hep_calibrate_flags(struct hep_calibrated *c, const struct hep_calibrate_request *request,
                        struct hep_error *err) HEP_MUST_CHECK;
int hep_calibrate_test_flags(struct hep_calibrated *c, const struct hep_calibrate_request *q,
                             struct hep_error *err) HEP_MUST_CHECK;
int hep_calibrate_evidence(struct hep_calibrated *c, const struct hep_calibrate_request *request,
                           struct hep_error *err) HEP_MUST_CHECK;
int hep_calibrate_detection(struct hep_calibrated *c, const struct hep_calibrate_request *request,
                            struct hep_error *err) HEP_MUST_CHECK;

#endif
