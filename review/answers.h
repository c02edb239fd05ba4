/**
 * @file  review/answers.h
 * @brief What a reader answered, as the page saves it (report/assets/review_answers.js), read and checked.
 *
 * Nothing is believed: a file of another study, version or result, an unknown lesion, class or flag, a drawing that is
 * damaged, on another grid, or that holds a lesion nobody listed, is refused in one line that names the file.
 */
#ifndef HEP_REVIEW_ANSWERS_H
#define HEP_REVIEW_ANSWERS_H

#include "base/json.h"
#include "image/volume.h"
#include "terms/finding.h"

enum hep_decision { HEP_NOT_DECIDED, HEP_ACCEPTED, HEP_REJECTED };
/** "accept", "reject"; NULL. */
const char *hep_decision_name(enum hep_decision decision);

enum hep_reply { HEP_NO_REPLY, HEP_REPLY_PRESENT, HEP_REPLY_ABSENT, HEP_REPLY_CANNOT_SAY };
/** "present", "absent", "cannot_say"; NULL. */
const char *hep_reply_name(enum hep_reply reply);

#define HEP_COMMENT_MAX 4000 /* letters */

struct hep_answer {
    int32_t id;
    bool added; /* by the reader */
    enum hep_decision decision;
    enum hep_lesion_class lesion_class; /* HEP_CLASS_COUNT: not answered */
    enum hep_reply flag[HEP_FLAG_COUNT];
    int confidence;      /* 1 (very unsure) to 5; 0 not answered */
    double seconds;      /* NaN: not recorded */
    const char *comment; /* NULL: none; borrowed from `root` */
};

struct hep_answers {
    struct hep_json *root;
    const char *reader, *comment, *liver; /* liver: "right", "wrong", NULL */
    bool blind;
    struct hep_answer *list;
    size_t n;
    struct hep_labels *lesions, *liver_mask; /* as drawn; NULL: as they were */
};

/** The result that answers must belong to. */
struct hep_answers_of {
    const char *study, *version, *labels_sha256;
    const struct hep_grid *grid;         /* of the lesion label map */
    const struct hep_findings *findings; /* of the result */
    const char *scratch;                 /* a folder for files that are removed again */
};

/** @return HEP_EFORMAT (damaged), HEP_EDATA (does not belong to this result), HEP_EGEOM, HEP_ENOENT, HEP_ENOMEM.
 * Release in any case. */
int hep_answers_read(struct hep_answers *out, const char *path, const struct hep_answers_of *of,
                     struct hep_error *err) HEP_MUST_CHECK;
void hep_answers_release(struct hep_answers *a);
/** NULL when the reader's file does not list it. */
const struct hep_answer *hep_answer_of(const struct hep_answers *a, int32_t id);

#endif
