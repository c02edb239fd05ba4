/**
 * @file  lesions/evidence.h
 * @brief From flags and measures to class probabilities, by a table of likelihoods that is data.
 *
 * Model:   Bayes' rule. A rule maps a flag or a measure to one of its outcomes; an outcome has a
 *          likelihood in each class. Against each rival class c the log-odds of metastasis are
 *          ln(prior_met / prior_c) + sum over mechanisms of the capped ln(L_met / L_c).
 *          Cap: rules of one mechanism (`group`) are correlated, so their total is the largest
 *          member plus a share (limits.correlated_weight) of the next, nothing for the others.
 *          A flag's likelihood in a class is P L(present) + (1 - P) L(absent), P its probability.
 *          P(metastasis) = sigmoid(logit(prior) + slope * evidence + intercept), the evidence
 *          being the log-odds against all rivals together without the prior; the other classes
 *          share the rest in proportion to their odds.
 * Source:  calibration after Platt, Adv Large Margin Classifiers 1999:61-74; each outcome names its
 *          own
 * Differs: likelihoods per class instead of one likelihood ratio, since a finding that speaks for
 *          metastasis against a cyst may speak for neither against a haemangioma; published ratios
 *          stand beside them and are compared with them by a test
 * Valid:   a rule that is not assessable is left out, which equals a ratio of 1. Results do not
 *          depend on the order of rules.
 */
#ifndef HEP_LESIONS_EVIDENCE_H
#define HEP_LESIONS_EVIDENCE_H

#include "base/text.h"
#include "lesions/limits.h"
#include "liver/study.h"
#include "terms/finding.h"

#define HEP_EVIDENCE_MAX_OUTCOMES 8

struct hep_evidence_outcome {
    const char *name; /* "present", "absent", or the name of an interval */
    double below;     /* of a measure: this outcome holds for values below, from the outcome
                         before it upwards; infinite for the last one */
    double likelihood[HEP_CLASS_COUNT]; /* P(outcome | class), in (0, 1]; over the outcomes of a
                                           rule they sum to 1 in each class */
    double lr;           /* of metastasis against the other classes in their shares */
    double published_lr; /* as printed in `source`; NaN without one */
    const char *source;
    enum hep_mark mark;
};

struct hep_evidence_rule {
    const char *name, *group;
    bool is_flag;
    enum hep_flag flag;       /* when is_flag: outcome 0 is present, 1 is absent */
    enum hep_measure measure; /* otherwise: of a lesion */
    bool arterial;            /* weighted with the quality of the arterial phase */
    struct hep_evidence_outcome outcome[HEP_EVIDENCE_MAX_OUTCOMES];
    size_t n_outcomes;
};

/** How the probability was calibrated, and how good it was where it had not been. */
struct hep_evidence_calibration {
    double slope, intercept;
    const char *date, *trained_on, *tested_on;
    double brier, ece; /* on `tested_on`; expected calibration error over 10 bins; NaN unknown */
    double n_trained, n_tested; /* lesions */
};

/** Texts are borrowed from the document that the table owns. */
struct hep_evidence_table {
    struct hep_yaml_doc *doc;
    struct hep_evidence_rule *rule; /* owned, shape [n] */
    size_t n;
    double share[HEP_CLASS_COUNT]; /* of the classes among lesions that are no metastasis; sums to
                                      1; 0 for metastasis */
    struct hep_evidence_calibration calibration;
};

/**
 * Read evidence.yml.
 * @param[out] out untouched on failure; release with hep_evidence_free()
 * @return HEP_ENOENT, HEP_EIO, HEP_ENOMEM; HEP_ECONFIG "file:line:column: ..." for unknown,
 * missing or misplaced keys, unknown flags, measures or classes, likelihoods outside (0, 1] or that
 * do not sum to 1 over the outcomes, intervals that do not rise, two rules of one name
 */
int hep_evidence_read(struct hep_evidence_table **out, const char *path,
                      struct hep_error *err) HEP_MUST_CHECK;
/** The same from memory; `name` stands in messages. */
int hep_evidence_parse(struct hep_evidence_table **out, const char *text, size_t n,
                       const char *name, struct hep_error *err) HEP_MUST_CHECK;
/** NULL is allowed. */
void hep_evidence_free(struct hep_evidence_table *table);

/** A table of which likelihoods, slope and intercept may be changed; its texts are those of `table`,
 * which must outlive it. Free with hep_evidence_free(). HEP_ENOMEM. */
int hep_evidence_copy(struct hep_evidence_table **out, const struct hep_evidence_table *table,
                      struct hep_error *err) HEP_MUST_CHECK;
/** Set `lr` of every outcome from its likelihoods and the shares. */
void hep_evidence_set_ratios(struct hep_evidence_table *table);
/** The table as a file that hep_evidence_parse() reads, after these lines of comment. */
void hep_evidence_print(struct hep_str *out, const struct hep_evidence_table *table,
                        const char *comment);

/** How probable each outcome of a rule is in a finding: of a flag P and 1 - P, of a measure 1 for the
 * interval that holds it. False, and zeros, when the rule cannot be assessed. */
bool hep_evidence_shares(double share[HEP_EVIDENCE_MAX_OUTCOMES], const struct hep_finding *f,
                         const struct hep_evidence_rule *rule);

/** The prior probability of a metastasis that the limits' context chooses. */
double hep_evidence_prior(const struct hep_lesion_limits *limits);

/**
 * Weigh the flags and measures of a finding: sets its class, its probabilities and its evidence.
 * Evidence is listed in the order of the table. Its log_lr is against the strongest rival class,
 * after weights and caps; the first item is the prior, the last one what the other classes take.
 * They add up to the uncalibrated log-odds of metastasis. Classes with a class_reason are no
 * rivals; the others keep their proportions.
 * @param[in] arterial_weight factor for rules of the arterial phase, 0..1; 0 leaves them out
 */
void hep_evidence_weigh(struct hep_finding *f, const struct hep_evidence_table *table,
                        const struct hep_lesion_limits *limits, double arterial_weight);

#endif
