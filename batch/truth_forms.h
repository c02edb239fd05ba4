/**
 * @file  batch/truth_forms.h
 * @brief What a truth of patients says beyond lesions with an outline: boxes per series, classes by the words of the set,
 *        a class of the patient alone, types of series, and whether lesions are known at all.
 *
 * In lesions.json beside the documented members:
 *   "lesions_known": false       the set says nothing of lesions: findings are neither true nor false
 *   "patient_class": "other", "patient_given_class": "hcc"    of the person, where lesions have none: what it is among
 *                                Hepar's classes, and the set's own word where that is another
 *   "lesions"[i]."given_class"   the set's own word for the class; "class" is what it is among Hepar's
 *   "lesions"[i]."boxes"         [{"series": ROLE, "centre_mm", "sides_mm": three vectors, "voxel_mm"}]
 *   "series": [{"file", "type", "role"}]     what readers called the series of the study
 * A box counts in the series that the findings were made on; where the lesion has none there, its first in scanner
 * coordinates.
 */
#ifndef HEP_BATCH_TRUTH_FORMS_H
#define HEP_BATCH_TRUTH_FORMS_H

#include "base/json.h"
#include "evaluation/match.h"
#include "terms/lesion_class.h"

#define HEP_GIVEN_CLASS 48

struct hep_truth_box {
    size_t lesion;
    char series[24];
    struct hep_match_box box;
};

struct hep_truth_forms {
    bool lesions_known;
    char patient_word
        [HEP_GIVEN_CLASS]; /* class of the person by the set's word; "" when not given */
    enum hep_lesion_class patient_class; /* that the word is; HEP_CLASS_COUNT: none of ours */
    struct hep_truth_box *box;           /* owned */
    size_t n_boxes;
};

/** @param[in] path begins messages. @return HEP_EFORMAT for a box that is none; HEP_ENOMEM. Release in any case. */
int hep_truth_forms_read(struct hep_truth_forms *out, const struct hep_json *root, const char *path,
                         struct hep_error *err) HEP_MUST_CHECK;
void hep_truth_forms_release(struct hep_truth_forms *f);

/**
 * The box of each lesion for findings that were made on a series.
 * @param[out] out heap list of n, NULL for a lesion without box; the caller's to free. NULL when there is no box at all
 * @param[in]  series role of the output's reference; NULL: not known
 */
int hep_truth_forms_boxes(const struct hep_match_box ***out, const struct hep_truth_forms *f,
                          size_t n, const char *series, struct hep_error *err) HEP_MUST_CHECK;

/** The set's word for the class of a lesion; "" when there is none. */
void hep_truth_given_class(char out[HEP_GIVEN_CLASS], const struct hep_json *root, size_t lesion);

#endif
