/**
 * @file  sequences/study_yml.h
 * @brief `study.yml`: what the user knows better than the file names.
 *
 * All keys are optional; paths are relative to the folder of the file and stay inside it.
 * @code
 * agent: gadoxetate            # free text, resolved by the contrast rules; unknown: nobody knows
 * injection_time: "10:01:30"   # time of day on the scanner's clock, start of injection
 * field_t: 2.89
 * others: auto                 # files not listed: auto (scored) or ignore
 * series:
 *   - path: dixon_op.nii.gz    # one path, or a list: echoes in any order, single-b files of one
 * dwi role: opposed            # a role; unknown: never use this file te_s: 0.00115            #
 * one number, or one per volume (or per file) tr_s: 0.004 flip_deg: 12 field_t: 2.89
 *   - path: dwi.nii.gz
 *     role: dwi
 *     b_values: [0, 50, 400, 800]   # one per volume, or the path of a .bval file
 *   - path: dynamic.nii.gz
 *     role: arterial
 *     volumes: 13-15           # first volume is 0; a range, a number, or a list of these
 *     frame_times_s: times.txt # one per volume of the file: a list or a text file of numbers
 *     injection_s: 34.6        # start of injection on the clock of frame_times_s (default 0)
 *     time_since_injection_s: 35    # instead of frame times
 *     spacing_mm: [0.8, 0.8, 5]     # true size of a voxel along the axes of the file, where its header is wrong
 * liver_mask: {path: seg.nii.gz, label: 5}   # or only a path: every value but 0 is liver
 * resection_mask: cut.nii.gz                 # what an operation would remove; label as above
 * lesions: [tumours.nii.gz, points.tsv]       # label maps, masks, probabilities, points, boxes
 * treated: [2, 5]            # labels of lesions that were ablated, embolised or irradiated
 * labels: {path: rois.nii.gz, names: {liver: 2, spleen: 4}}
 * @endcode
 * A file may be listed several times with different volumes. A mistake is HEP_ECONFIG
 * "FILE:line:column: ...", a path that is not there HEP_ENOENT.
 */
#ifndef HEP_SEQUENCES_STUDY_YML_H
#define HEP_SEQUENCES_STUDY_YML_H

#include "terms/role.h"

#include <stddef.h>
#include <stdint.h>

/** Owned numbers. */
struct hep_numbers {
    double *value;
    size_t n;
};

struct hep_study_entry {
    char **path; /* as written, relative; owned */
    size_t n_paths;
    enum hep_role role;
    struct hep_numbers te_s, b_s_per_mm2, frame_times_s;
    char *bval_path, *times_path; /* instead of the numbers; owned, NULL when not given */
    size_t *volume;               /* chosen volumes, NULL for all; owned */
    size_t n_volumes;
    double tr_s, flip_rad, field_t; /* NaN when not given */
    double injection_s, time_since_injection_s;
    struct hep_numbers spacing_mm; /* three, or none */
    int32_t label;                 /* liver_mask, resection_mask; < 0: every value but 0 */
    char **label_name;             /* labels; owned */
    int32_t *label_value;
    size_t n_labels;
    size_t line; /* where the entry begins, for messages */
};

struct hep_study_yml {
    char *agent;                      /* owned, NULL when not given */
    double injection_time_s, field_t; /* NaN when not given */
    bool ignore_others;
    struct hep_study_entry *entry; /* owned; masks and labels are entries too */
    size_t n_entries;
    char **points; /* lesions given as points or boxes, sequences/lesion_points.h; owned */
    size_t n_points;
    struct hep_numbers treated; /* labels of the user's lesions */
};

/**
 * Parse n bytes. `name` is used in messages. Files that are named are not looked at.
 * @param[out] out the caller's; hep_study_yml_free()
 */
int hep_study_yml_parse(struct hep_study_yml **out, const char *text, size_t n, const char *name,
                        struct hep_error *err) HEP_MUST_CHECK;
void hep_study_yml_free(struct hep_study_yml *s);

#endif
