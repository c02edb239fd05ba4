/**
 * @file  batch/lesion_file.h
 * @brief A lesions.json of the documented form, whoever wrote it.
 *
 * Only "lesions" is required, and of each lesion only a place: "centre_mm", or an "id" whose voxels
 * a mask holds. Everything else may be left out or null; unknown keys and flags are passed over. A
 * key that is there must be right: the message names file, lesion and key.
 */
#ifndef HEP_BATCH_LESION_FILE_H
#define HEP_BATCH_LESION_FILE_H

#include "base/json.h"
#include "image/volume.h"
#include "terms/finding.h"

struct hep_lesion_file {
    struct hep_findings findings;
    struct hep_findings rejected; /* candidates that the detector did not keep; often none */
    double arterial_weight;       /* of the arterial phase in the evidence; NaN: not given */
    struct hep_measures liver;    /* of maps the median */
    /* Texts of `root`; NULL where they are not given. */
    const char *protocol, *agent;
    const char *reference;     /* role of the reference series */
    const char *absent_reason; /* why no lesion was looked for ("lesions_absent_reason") */
    const char *withheld[HEP_MEASURE_COUNT]; /* why a measure of the liver is no result */
    struct hep_json *root;                   /* the document; owned */
};

/** @return HEP_ENOENT, HEP_EIO, HEP_EFORMAT, HEP_ENOMEM. Release after success. */
int hep_lesion_file_read(struct hep_lesion_file *out, const char *path,
                         struct hep_error *err) HEP_MUST_CHECK;
void hep_lesion_file_release(struct hep_lesion_file *f);

/**
 * Take what is missing of place and size from a label map: the centroid, and the volume of as
 * many voxels.
 * @param[in] mask may be NULL
 * @return HEP_EFORMAT when a lesion has no place at all; the message names `path` and the lesion
 */
int hep_lesion_file_place(struct hep_lesion_file *f, const struct hep_labels *mask,
                          const char *path, struct hep_error *err) HEP_MUST_CHECK;

#endif
