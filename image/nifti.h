/**
 * @file  image/nifti.h
 * @brief NIfTI-1 and NIfTI-2, plain or gzip, read and written through nifticlib's header code.
 *
 * Reading: sizes are checked against the bytes there are before anything is allocated; sform when
 * its code > 0, else qform, else HEP_EGEOM; scl_slope 0 means 1; all integer and float types; units
 * of mm, or unknown (taken as mm, with `unit_assumed` set); 3-D to 5-D, axes 4 and 5 joined to t.
 * NaN and infinite values are kept; float64 values beyond the range of float become infinite.
 * Complex data only through hep_nifti_read_complex() and hep_nifti_read_magnitude(). Refused with a
 * reason: .hdr/.img pairs, ANALYZE, RGB and 128-bit types, lengths in metres or micrometres, steps
 * along axes 6 and 7. Writing: float32, int16 with scaling or uint8/int32 labels; identical
 * geometry (qform and sform, both with code 1, scanner); an affine of float32 numbers comes back
 * bit by bit through the sform; unit in `descrip`; atomic; the same bytes for any number of
 * threads.
 * Source:  NIfTI-1 and NIfTI-2 standards, nifti1.h and nifti2.h of nifticlib.
 * Differs: no orientation from pixdim alone (method 1, ANALYZE), since it does not say which side
 *          is left; but see hep_nifti_read_unplaced().
 * Threads: reading uses as many as OpenMP gives; the values do not depend on it.
 */
#ifndef HEP_IMAGE_NIFTI_H
#define HEP_IMAGE_NIFTI_H

#include "image/volume.h"

/** What the header says, without the voxels: for the inventory. */
struct hep_nifti_info {
    struct hep_grid grid;
    size_t nt;
    int datatype; /* NIfTI code */
    bool is_complex, unit_assumed, gzip, nifti2;
    int qform_code, sform_code;
    double forms_apart_mm; /* largest distance of a corner voxel between sform and qform; 0 unless
                              both are set */
    double tr_s;           /* pixdim[4] in s (unknown time unit: taken as s), 0 when absent */
    char descrip[81];
};

/** HEP_ENOENT, HEP_EIO, HEP_EFORMAT, HEP_EGEOM; the message names the path. Reads the header only.
 */
int hep_nifti_info(struct hep_nifti_info *out, const char *path,
                   struct hep_error *err) HEP_MUST_CHECK;
/** A file without orientation is described too: its grid is `unplaced`. */
int hep_nifti_info_unplaced(struct hep_nifti_info *out, const char *path,
                            struct hep_error *err) HEP_MUST_CHECK;

/**
 * Are all the data there that the header asks for? Plain files tell by their size, gzip by the size
 * that its last four bytes give (RFC 1952, ISIZE); only where that is another is the whole inflated.
 * Damage inside shows when the file is read.
 * @return as hep_nifti_info(); HEP_EFORMAT for a truncated file
 */
int hep_nifti_check_whole(const char *path, struct hep_error *err) HEP_MUST_CHECK;

/** HEP_ENOENT, HEP_EIO, HEP_EFORMAT, HEP_EGEOM, HEP_ENOMEM; the message names the path. */
int hep_nifti_read(struct hep_volume **out, const char *path, struct hep_error *err) HEP_MUST_CHECK;
/** Real and imaginary part as two volumes. HEP_EFORMAT for real data. */
int hep_nifti_read_complex(struct hep_volume **re, struct hep_volume **im, const char *path,
                           struct hep_error *err) HEP_MUST_CHECK;
/** As hep_nifti_read(), but complex data give their magnitude: echoes. */
int hep_nifti_read_magnitude(struct hep_volume **out, const char *path,
                             struct hep_error *err) HEP_MUST_CHECK;
/** Three components of a displacement that was written with `vectors`: RAS again. HEP_EFORMAT for
 * another number of components. */
int hep_nifti_read_vectors(struct hep_volume **out, const char *path,
                           struct hep_error *err) HEP_MUST_CHECK;
/** As hep_nifti_read() or, for echoes, hep_nifti_read_magnitude(), but a file without orientation is
 * read too: its grid is `unplaced`. For work on the voxels of one grid. */
int hep_nifti_read_unplaced(struct hep_volume **out, const char *path, bool magnitude,
                            struct hep_error *err) HEP_MUST_CHECK;
/** As hep_nifti_read_labels(), likewise. */
int hep_nifti_read_labels_unplaced(struct hep_labels **out, const char *path,
                                   struct hep_error *err) HEP_MUST_CHECK;
/** As hep_label_from(): exact for all integer types; HEP_EFORMAT for more than one volume. */
int hep_nifti_read_labels(struct hep_labels **out, const char *path,
                          struct hep_error *err) HEP_MUST_CHECK;

#define HEP_MASK_VALUES 8
/** What a mask made elsewhere holds. */
struct hep_mask_reading {
    size_t n_nan;                   /* voxels without a value, taken as outside */
    bool probabilities;             /* values between 0 and 1: inside from the threshold on */
    int32_t value[HEP_MASK_VALUES]; /* the lowest ones but 0, rising */
    size_t n_values;                /* HEP_MASK_VALUES + 1: more than that */
};
#define HEP_PROBABLE 0.5 /* share or probability from which a voxel belongs to an organ */
/** As hep_nifti_read_labels(), but NaN is outside, and a map of probabilities is a mask of what has `threshold` or
 * more. */
int hep_nifti_read_mask(struct hep_labels **out, struct hep_mask_reading *reading, const char *path,
                        double threshold, struct hep_error *err) HEP_MUST_CHECK;
/** As hep_nifti_read_mask(), but a file without orientation is read too: its grid is `unplaced`. */
int hep_nifti_read_mask_unplaced(struct hep_labels **out, struct hep_mask_reading *reading,
                                 const char *path, double threshold,
                                 struct hep_error *err) HEP_MUST_CHECK;
/** 1 where the mask holds `label`, or anything but 0 when that is NaN; HEP_EDATA when it is NaN and
 * there are several. `name` is that of the mask, for the message. */
int hep_mask_one_label(struct hep_labels *mask, const struct hep_mask_reading *reading,
                       double label, const char *name, struct hep_error *err) HEP_MUST_CHECK;

enum hep_nifti_store { HEP_STORE_FLOAT32, HEP_STORE_INT16_SCALED };
enum hep_nifti_form { HEP_FORM_BOTH, HEP_FORM_QFORM_ONLY, HEP_FORM_SFORM_ONLY };
struct hep_nifti_write_opts {
    enum hep_nifti_store store;
    enum hep_nifti_form form; /* the qform of a sheared affine is omitted whatever this says */
    enum hep_unit unit;
    int gzip_level; /* 0: take 1 */
    int nthreads;   /* 0: 1 */
    bool nifti2;
    bool
        vectors; /* nt = 3 components in RAS: written along axis 5, in LPS, with the intent of vectors, as ITK reads it */
    double tr_s;
};
/**
 * `path` ends in .nii or .nii.gz. opts may be NULL. HEP_ECREAT, HEP_EIO, HEP_ENOMEM; HEP_EINVAL for
 * another ending, for an axis longer than the format holds (32767 steps in NIfTI-1), and for int16
 * of values that are not finite.
 */
int hep_nifti_write(const char *path, const struct hep_volume *v,
                    const struct hep_nifti_write_opts *opts, struct hep_error *err) HEP_MUST_CHECK;
/** uint8 when all labels are < 256, else int32. */
int hep_nifti_write_labels(const char *path, const struct hep_labels *l,
                           const struct hep_nifti_write_opts *opts,
                           struct hep_error *err) HEP_MUST_CHECK;

#endif
