/**
 * @file  lesions/detection.h
 * @brief From the features of a candidate to the probability that it is a lesion, by a table that is
 *        data: configs/detection.yml.
 *
 * Model:   log-odds = intercept + sum over features of coefficient * (feature - mean) / sd. A
 *          feature that was not measured counts as its mean: it says nothing.
 * Source:  logistic regression with a penalty on the coefficients: Hastie, Tibshirani and Friedman,
 *          The Elements of Statistical Learning, 2009, sec. 4.4
 * Valid:   for candidates that the rules of lesions/suppress.h propose. Fitted by `hepar calibrate`.
 */
#ifndef HEP_LESIONS_DETECTION_H
#define HEP_LESIONS_DETECTION_H

#include "base/error.h"
#include "base/schema.h"
#include "base/text.h"
#include "terms/feature.h"

struct hep_detection_feature {
    double mean, sd, coefficient;
};

struct hep_detection_table {
    struct hep_yaml_doc *doc;                  /* NULL: made in memory */
    const char *date, *trained_on, *tested_on; /* borrowed from the document */
    double n_lesions, n_others;                /* candidates that it was fitted on */
    double penalty;
    double probability_min; /* a candidate is kept from here on */
    double intercept;
    struct hep_detection_feature of[HEP_FEATURE_COUNT];
};

/**
 * Read detection.yml.
 * @param[out] out untouched on failure; release with hep_detection_free()
 * @return HEP_ENOENT, HEP_EIO, HEP_ENOMEM; HEP_ECONFIG "file:line:column: ..." for a feature that
 * is missing, unknown ones, numbers outside their range
 */
int hep_detection_read(struct hep_detection_table **out, const char *path,
                       struct hep_error *err) HEP_MUST_CHECK;
/** The same from memory; `name` stands in messages. */
int hep_detection_parse(struct hep_detection_table **out, const char *text, size_t n,
                        const char *name, struct hep_error *err) HEP_MUST_CHECK;
/** NULL is allowed. */
void hep_detection_free(struct hep_detection_table *table);

/** The table as a file that hep_detection_parse() reads, after these lines of comment. */
void hep_detection_print(struct hep_str *out, const struct hep_detection_table *table,
                         const char *comment);

/** What one feature adds to the log-odds; 0 for NaN. */
double hep_detection_share(const struct hep_detection_table *table, enum hep_feature f,
                           double value);
/** The log-odds that a candidate is a lesion. */
double hep_detection_strength(const struct hep_detection_table *table,
                              const double feature[HEP_FEATURE_COUNT]);
/** The log-odds from which a candidate is kept. */
double hep_detection_limit(const struct hep_detection_table *table);

#endif
