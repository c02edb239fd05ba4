/**
 * @file  datasets/public_set.h
 * @brief A public set of patients as a BIDS dataset with its truth, without copies of the images.
 *
 * BIDS/sub-01/{anat,dwi}   links to the images (datasets/carry.h); DICOM is converted
 * BIDS/sub-01/study.yml    the role of every series; agent and times as far as the set states them
 * BIDS/participants.tsv    which case of the set each person is, and what is missing
 * BIDS/derivatives/truth   LABEL_lesions.json with boxes or places, masks of lesions and livers, in the form that
 *                          `hepar evaluate` reads; truth.json says what the set is and what of it may be judged
 * BIDS/derivatives/given   the same lesions as boxes or masks, for `-d`
 */
#ifndef HEP_DATASETS_PUBLIC_SET_H
#define HEP_DATASETS_PUBLIC_SET_H

#include "base/log.h"
#include "datasets/carry.h"
#include "datasets/description.h"

/** When the size of voxels that a file of boxes states contradicts the image's header. */
enum hep_spacing_trust {
    HEP_SPACING_CHECK,      /* the set is refused with what differs */
    HEP_SPACING_HEADER,     /* the header counts */
    HEP_SPACING_ANNOTATION, /* the file of boxes counts: study.yml says so (spacing_mm) */
    HEP_SPACING_CHOICES
};

struct hep_public_request {
    const struct hep_set *set;
    const char *source, *bids_dir;
    enum hep_carry way;
    enum hep_spacing_trust spacing;
    struct hep_log *log; /* may be NULL */
};

struct hep_public_made {
    size_t n_cases, n_studies, n_excluded, n_series, n_missing, n_lesions;
    enum hep_carry way; /* how most images were carried: the weakest way that was used */
};

/**
 * Everything that can be seen without reading voxels is checked before the first file is written. The same command again
 * makes the same files.
 * @return HEP_EDATASET for a source that is not what it should be; HEP_ECREAT for a folder that holds something else;
 *         what reading and writing return
 */
int hep_public_set_make(struct hep_public_made *out, const struct hep_public_request *request,
                        struct hep_error *err) HEP_MUST_CHECK;

#endif
