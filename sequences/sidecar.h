/**
 * @file  sequences/sidecar.h
 * @brief The files beside an image that describe it: sidecars, b-values and directions.
 *
 * BIDS lets them stand at every level from the dataset's root down to the image (BIDS 1.10, "The
 * Inheritance Principle"): a file applies whose suffix is the image's and whose entities are all
 * among the image's. Of sidecars the most specific wins key by key, of .bval and .bvec as a whole.
 * More specific is the deeper level, then the larger number of entities. Images whose names are not
 * BIDS have only the files of their own name.
 */
#ifndef HEP_SEQUENCES_SIDECAR_H
#define HEP_SEQUENCES_SIDECAR_H

#include "sequences/acquisition.h"

/**
 * Files that apply to an image.
 * @param[out] out       paths, the least specific first; hep_lines_release() also after a failure
 * @param[in]  image     path of the image
 * @param[in]  extension ".json", ".bval", ".bvec"
 * @return HEP_EFORMAT for a file of the image's own name that is no regular file, or a link to
 *         nothing; HEP_ENOMEM. A folder that cannot be listed has none.
 */
int hep_sidecar_list(struct hep_lines *out, const char *image, const char *extension,
                     struct hep_error *err) HEP_MUST_CHECK;
/** The most specific: heap path, NULL when there is none. */
int hep_sidecar_best(char **out, const char *image, const char *extension,
                     struct hep_error *err) HEP_MUST_CHECK;
/**
 * All sidecars of an image into an initialised `a`.
 * @param[out] found whether there is one; may be NULL
 */
int hep_sidecar_read(struct hep_acquisition *a, bool *found, const char *image,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
