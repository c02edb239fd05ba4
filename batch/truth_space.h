/**
 * @file  batch/truth_space.h
 * @brief From the space of a series to that of the truth: by the true displacement where the truth
 *        holds one, else by scanner coordinates.
 *
 * Truth: "sub-01_desc-ROLE_displacement.nii.gz": a point of the truth's reference plus the
 * displacement [mm RAS] lies where that tissue was in the series.
 */
#ifndef HEP_BATCH_TRUTH_SPACE_H
#define HEP_BATCH_TRUTH_SPACE_H

#include "image/resample.h"

/** One study's folder of truth or of output. */
struct hep_eval_folder {
    const char *path, *label; /* "OUT/sub-01/ses-1", "sub-01_ses-1"; borrowed */
    const char *desc; /* a reader whose answers are the truth; NULL: the files without desc- */
};
/** "PATH/FOLDER/LABEL_REST"; folder may be "". Heap; NULL with err set. */
char *hep_eval_path(const struct hep_eval_folder *f, const char *folder, const char *rest,
                    struct hep_error *err);

/** Its lesions.json, or that of its reader. Heap; NULL with err set. */
char *hep_truth_file(const struct hep_eval_folder *f, struct hep_error *err);

/**
 * @param[out] displacement the caller's; NULL when the truth has none for this role
 * @param[in]  role NULL: none
 */
int hep_truth_space(struct hep_volume **displacement, const struct hep_eval_folder *truth,
                    const char *role, struct hep_error *err) HEP_MUST_CHECK;
/** In place: a point of the series to the truth, by fixed-point iteration; the displacement must
 * change by less than a mm per mm. NULL leaves it alone. */
void hep_truth_point(double world[3], const struct hep_volume *displacement);

/** Read a label map and bring it onto the truth's grid; *out stays NULL when there is no file.
 * @param[in] grid NULL: keep its own */
int hep_truth_labels(struct hep_labels **out, const struct hep_eval_folder *folder,
                     const char *rest, const struct hep_grid *grid,
                     const struct hep_volume *displacement, struct hep_error *err) HEP_MUST_CHECK;
/** The same for a 3-D map, linear interpolation, NaN outside. A map whose sidecar has a "Status" is
 * no result and counts as absent. */
int hep_truth_map_on(struct hep_volume **out, const struct hep_eval_folder *folder,
                     const char *modality, const char *rest, const struct hep_grid *grid,
                     const struct hep_volume *displacement, int nthreads,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
