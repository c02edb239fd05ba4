/**
 * @file  sequences/candidate.h
 * @brief One NIfTI file of a study with all that is known about it before roles are given.
 */
#ifndef HEP_SEQUENCES_CANDIDATE_H
#define HEP_SEQUENCES_CANDIDATE_H

#include "image/nifti.h"
#include "sequences/bids_name.h"
#include "sequences/inventory.h"

/** What a Dixon image shows, by its ImageType and texts. */
enum hep_contrast_kind {
    HEP_KIND_PLAIN,
    HEP_KIND_WATER,
    HEP_KIND_FAT,
    HEP_KIND_PHASE,   /* phase, real or imaginary part */
    HEP_KIND_DERIVED, /* ADC map, subtraction, projection, localiser */
    HEP_KIND_MRCP     /* bile ducts: at its echo time nothing is left of the liver */
};

struct hep_study_file {
    char *path, *rel,
        *stem; /* openable, relative to the study, name without folder and extensions */
    struct hep_nifti_info info;
    struct hep_acquisition acquisition;
    bool has_sidecar, derivative;
    char *fault; /* why it cannot be used, by its name in the study; NULL when it can; owned */
    char *bval, *bvec;         /* paths, NULL when absent; owned */
    struct hep_bids_name bids; /* suffix empty when the name is not BIDS */
    bool echo_train;           /* another file of the same acquisition has another TE */
    bool echo_pair;            /* the same, and both are short enough for opposed and in phase */
    bool hidden_part;          /* not named so, but a phase or a part by its values */
    bool parts_follow; /* its first volume is the magnitude of the others, which are left out */
    bool used;         /* is part of a series */
    enum hep_contrast_kind kind;
    double score[HEP_ROLE_COUNT];
    struct hep_lines reasons[HEP_ROLE_COUNT], warnings;
};

struct hep_study_files {
    struct hep_study_file *item;
    size_t n;
    const char
        *bounds; /* canonical path that no symbolic link may lead out of; NULL: none. Borrowed */
    bool places_assumed;       /* no file has an orientation; those of one grid are used */
    struct hep_lines left_out; /* files that cannot be read by their kind, one line each */
};

/**
 * Collect the NIfTI files of a folder and its subfolders in natural order of their paths.
 * @param[out] out start with { 0 }; hep_study_files_release() also after a failure
 * @param[in]  study folder; hidden folders, `derivatives`, `sourcedata` and datasets made by Hepar
 * are left out
 */
int hep_study_files_collect(struct hep_study_files *out, const char *study,
                            struct hep_error *err) HEP_MUST_CHECK;
/** Append the liver masks and label maps of ROOT/derivatives/NAME/sub-SUBJECT[/ses-SESSION]. */
int hep_study_files_collect_derivatives(struct hep_study_files *out, const char *root,
                                        const char *subject, const char *session,
                                        struct hep_error *err) HEP_MUST_CHECK;
/** Name, as left out, the images of a subject that lie beside the folder of its session. */
int hep_study_files_note_beside(struct hep_study_files *c, const char *session,
                                struct hep_error *err) HEP_MUST_CHECK;
/** Append one file by its path and its name in the study. */
int hep_study_files_add(struct hep_study_files *out, const char *path, const char *rel,
                        bool derivative, struct hep_error *err) HEP_MUST_CHECK;
/** Remove the files whose name in the study is `rel`. */
void hep_study_files_drop(struct hep_study_files *c, const char *rel);
/** Read header and sidecars of every file. One that cannot be used has a fault: an image that is no
 * NIfTI, has no orientation, or lacks data; a companion (.json, .bval, .bvec) that is a pipe, a
 * socket, a device or a link to nothing; a sidecar that cannot be read or says what cannot be. */
int hep_study_files_inspect(struct hep_study_files *c, struct hep_error *err) HEP_MUST_CHECK;
void hep_study_files_release(struct hep_study_files *c);

/** Put the contrast kind, scores and reasons in place from the table of rules. */
int hep_study_file_score(struct hep_study_file *c, struct hep_error *err) HEP_MUST_CHECK;
/** Add to the score of a role, with a reason. */
int hep_study_file_add(struct hep_study_file *c, enum hep_role role, double points,
                       struct hep_error *err, const char *fmt, ...) HEP_PRINTF(5, 6);
/** Role with the highest score; HEP_ROLE_UNKNOWN below HEP_SCORE_MIN. */
enum hep_role hep_study_file_best(const struct hep_study_file *c);
#define HEP_SCORE_MIN 30.0
/** True when texts, ImageType or BIDS suffix say that this is a chemical-shift (Dixon) image. */
bool hep_study_file_is_dixon(const struct hep_study_file *c);
/** True for a T1-weighted gradient echo: BIDS suffix, texts, or short TR and TE. */
bool hep_study_file_is_t1(const struct hep_study_file *c);
#endif
