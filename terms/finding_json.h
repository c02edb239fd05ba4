/**
 * @file  terms/finding_json.h
 * @brief Findings and measures as JSON, written and read by the rows of the dictionary: the objects
 *        of lesions.json, whoever wrote it.
 *
 * Reading asks for little and believes nothing: everything may be left out or null, unknown keys
 * are passed over, and a key that is there must be right: the message names it.
 */
#ifndef HEP_TERMS_FINDING_JSON_H
#define HEP_TERMS_FINDING_JSON_H

#include "base/json_put.h"
#include "terms/finding.h"

/** Put the measures of a subject and a form that are there into `o`: those whose name has no dot,
 * or with `part` "a" those named "a.b", as member b. */
void hep_measures_put(struct hep_put *put, struct hep_json *o, enum hep_subject subject,
                      enum hep_measure_form form, const char *part, const struct hep_measures *of);
/**
 * Read the measures of a subject and a form; of statistics the median.
 * @param[in] where begins messages: "out/sub-01_lesions.json: lesions[2]"
 * @return HEP_EFORMAT for what is no number
 */
int hep_measures_read(struct hep_measures *of, enum hep_subject subject, enum hep_measure_form form,
                      const struct hep_json *o, const char *where,
                      struct hep_error *err) HEP_MUST_CHECK;

/** The object of one lesion. */
struct hep_json *hep_finding_json(struct hep_put *put, const struct hep_finding *f);
/** The array "lesions". */
/** Candidates that are no findings: place, size, strength and features. */
struct hep_json *hep_rejected_json(struct hep_put *put, const struct hep_findings *rejected);
struct hep_json *hep_findings_json(struct hep_put *put, const struct hep_findings *f);

/**
 * Read the array "lesions" of a document, of which `list` is NULL when it has none. A lesion without "id" has its place in the list, from 1.
 * @param[out] out release after success
 * @param[in] path begins messages
 * @return HEP_EFORMAT, also for two lesions of one id; HEP_ENOMEM
 */
int hep_findings_read(struct hep_findings *out, const struct hep_json *list, const char *path,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
