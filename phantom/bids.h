/**
 * @file  phantom/bids.h
 * @brief Files of a simulated dataset: series with sidecars, b-tables, and the dataset's own files.
 * Source:  Brain Imaging Data Structure 1.10; the body is not covered, so suffixes and names are
 * those that exist, with BodyPart in the sidecar
 */
#ifndef HEP_PHANTOM_BIDS_H
#define HEP_PHANTOM_BIDS_H

#include "phantom/event.h"

/** "sub-01". */
#define HEP_SUBJECT_LABEL 16
void hep_bids_subject(char out[HEP_SUBJECT_LABEL], unsigned subject);
/** Of one study: "sub-01" or "sub-01_ses-2"; its folder: "sub-01" or "sub-01/ses-2". */
#define HEP_STUDY_LABEL 32
void hep_bids_label(char out[HEP_STUDY_LABEL], const struct hep_sim_settings *s);
void hep_bids_folder(char out[HEP_STUDY_LABEL], const struct hep_sim_settings *s);

/** Write one rendered series under the study's folder in BIDS_DIR: image, sidecar, and .bval and .bvec for DWI;
 * one 3-D file per echo. HEP_ECREAT, HEP_EIO, HEP_ENOMEM. */
int hep_bids_write_series(const char *bids_dir, const struct hep_volume *v,
                          const struct hep_sim_settings *s, const struct hep_event *e,
                          size_t series, struct hep_error *err) HEP_MUST_CHECK;

/** Options for images of this study. */
struct hep_nifti_write_opts;
void hep_bids_store(struct hep_nifti_write_opts *out, const struct hep_event *e, int nthreads);

/** HEP_ECREAT where BIDS_DIR holds a dataset or participants that hepar simulate did not make: their
 * folders would be replaced. HEP_EFORMAT for a description that cannot be read, HEP_EIO, HEP_ENOMEM. */
int hep_bids_may_write(const char *bids_dir, struct hep_error *err) HEP_MUST_CHECK;

/** dataset_description.json, README, participants.tsv and .json, .bidsignore of the dataset and of
 * the truth, for n subjects from the first on. */
int hep_bids_write_dataset(const char *bids_dir, const struct hep_sim_settings *s, unsigned n,
                           struct hep_error *err) HEP_MUST_CHECK;

/** BIDS_DIR/derivatives/truth/sub-NN[/ses-K][/folder], made if need be. The caller's. */
int hep_bids_truth_dir(char **out, const char *bids_dir, const struct hep_sim_settings *s,
                       const char *folder, struct hep_error *err) HEP_MUST_CHECK;

#endif
