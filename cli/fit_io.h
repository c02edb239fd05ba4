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
#include "sequences/acquisition.h"
#include "terms/map_group.h"

/** A series whose voxels alone matter; one without orientation is read with a warning, and its maps
 * have none either. `magnitude`: of complex data. */
int hep_fit_read(struct hep_volume **out, const char *path, bool magnitude, struct hep_cli *cli,
                 struct hep_error *err) HEP_MUST_CHECK;

/** The sidecar of an image; what in it was understood in another way than it is written (an EchoTime
 * in ms) is a warning. `a` is initialised and to be released by the caller. */
int hep_fit_sidecar(struct hep_acquisition *a, const char *path, struct hep_cli *cli,
                    struct hep_error *err) HEP_MUST_CHECK;

/** One map to write: file name without extension, unit and group. NULL name ends a list. */
struct hep_fit_file {
    const char *name;
    enum hep_unit unit;
    enum hep_map_group group;
    bool left_out;             /* nobody asked for it: neither allocated nor written */
    struct hep_volume *volume; /* owned by the list; NULL before hep_fit_files_new() or left out */
};
#define HEP_FIT_FILE(name, unit, group)                                                            \
    {                                                                                              \
        name, HEP_UNIT_##unit, HEP_MAP_##group, false, NULL                                        \
    }

/** Where the maps go and which: member `output` of the options of each `hep fit` command. */
struct hep_fit_output {
    const char *out;  /* a folder; or one file, .nii or .nii.gz, for one map */
    const char *maps; /* names and groups between commas; NULL: see HEP_FIT_OUTPUT_OPTIONS */
    int format;       /* index of hep_fit_formats; -1: not given */
};
extern const char *const hep_fit_formats[];
/* The text of --maps is its documentation, also of the default. */
#define HEP_FIT_OUTPUT_OPTIONS(S)                                                                  \
    HEP_OPT(DIR_OUT, S, output.out, "out", 'o', "DIR|FILE", NULL,                                  \
            "folder of the maps, or a name that ends in .nii or .nii.gz for one map (required)"),  \
        HEP_OPT(TEXT, S, output.maps, "maps", 0, "LIST", NULL,                                     \
                "maps to write, by name or by group, between commas: parameters, errors, quality " \
                "or all; without it the parameters and status, or with -o FILE the first map"),    \
        HEP_OPT_CHOICE(S, output.format, "format", 0, "TYPE", hep_fit_formats, NULL,               \
                       "nii.gz or nii; without it by the name after -o, else nii.gz")

/**
 * Leaves out the maps of the list that nobody asked for.
 * @return HEP_EUSAGE without -o, for an unknown name, for a format that is not that of the file's
 *         name, and for a file with another number of maps than one
 */
int hep_fit_files_choose(struct hep_fit_file *files, const struct hep_fit_output *output,
                         struct hep_error *err) HEP_MUST_CHECK;
/** HEP_EUSAGE when a chosen map, or its sidecar, would replace one of the n images that are read. */
int hep_fit_keep_inputs(const struct hep_fit_output *output, const struct hep_fit_file *files,
                        const char *const *inputs, size_t n, struct hep_error *err) HEP_MUST_CHECK;
int hep_fit_files_new(struct hep_fit_file *files, const struct hep_grid *grid,
                      struct hep_error *err) HEP_MUST_CHECK;
void hep_fit_files_free(struct hep_fit_file *files);
/** Data of a file of the list; NULL when the list has none of that name or leaves it out. */
float *hep_fit_files_data(const struct hep_fit_file *files, const char *name);

/** Mask on the same grid as the data: HEP_EGEOM names both files otherwise, HEP_EDATA an empty one.
 * NULL path: NULL mask. */
int hep_fit_mask(struct hep_labels **mask, const char *path, const struct hep_grid *grid,
                 const char *data_path, struct hep_error *err) HEP_MUST_CHECK;

/** Write each map that is not left out, with its sidecar: DIR/NAME.nii.gz and DIR/NAME.json, or the
 * one file. Each is atomic. */
int hep_fit_write(const struct hep_fit_output *output, const struct hep_fit_file *files,
                  const struct hep_json *sidecar, int nthreads,
                  struct hep_error *err) HEP_MUST_CHECK;

/** "612 ok, 3 at bound, 1 bad input" */
void hep_fit_print_counts(FILE *out, const struct hep_fit_counts *counts);

#endif
