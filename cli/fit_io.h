/**
 * @file  cli/fit_io.h
 * @brief What the `hepar fit` commands share: series, mask, output folder, maps with sidecars.
 */
#ifndef HEP_CLI_FIT_IO_H
#define HEP_CLI_FIT_IO_H

#include "base/json.h"
#include "cli/options.h"
#include "fitting/status.h"
#include "image/volume.h"

/** A series whose voxels alone matter; one without orientation is read with a warning, and its maps
 * have none either. `magnitude`: of complex data. */
int hep_fit_read(struct hep_volume **out, const char *path, bool magnitude, struct hep_cli *cli,
                 struct hep_error *err) HEP_MUST_CHECK;

/** One map to write: file name below the folder without extension, its data, its unit. NULL name
 * ends a list. */
struct hep_fit_file {
    const char *name;
    enum hep_unit unit;
    struct hep_volume *volume; /* owned by the list */
};
int hep_fit_files_new(struct hep_fit_file *files, const struct hep_grid *grid,
                      struct hep_error *err) HEP_MUST_CHECK;
void hep_fit_files_free(struct hep_fit_file *files);
/** Data of a file of the list; NULL when the list has none of that name. */
float *hep_fit_files_data(const struct hep_fit_file *files, const char *name);

/** Mask on the same grid as the data: HEP_EGEOM names both files otherwise, HEP_EDATA an empty one.
 * NULL path: NULL mask. */
int hep_fit_mask(struct hep_labels **mask, const char *path, const struct hep_grid *grid,
                 const char *data_path, struct hep_error *err) HEP_MUST_CHECK;

/** Write DIR/NAME.nii.gz and DIR/NAME.json for each file; each is atomic. */
int hep_fit_write(const char *dir, const struct hep_fit_file *files, const struct hep_json *sidecar,
                  int nthreads, struct hep_error *err) HEP_MUST_CHECK;

/** "612 ok, 3 at bound, 1 bad input" */
void hep_fit_print_counts(FILE *out, const struct hep_fit_counts *counts);

#endif
