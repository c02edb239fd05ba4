/**
 * @file  sequences/gradients.h
 * @brief b-values and directions of a diffusion series, and their grouping into shells.
 *
 * .bval: one row or one column of numbers [s/mm2], blanks, tabs, commas or newlines between them.
 * .bvec: three rows of n, or n rows of three. A vector of zeros has no direction; a table of zeros
 * for b > 0 means trace-weighted images (dcm2niix). Nothing is rounded: b = 1 and b = 5 are
 * weightings.
 */
#ifndef HEP_SEQUENCES_GRADIENTS_H
#define HEP_SEQUENCES_GRADIENTS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct hep_gradients {
    size_t n;               /* volumes */
    double *b_s_per_mm2;    /* shape t; owned */
    double (*direction)[3]; /* shape t, unit vectors or 0 0 0; NULL without .bvec; owned */
    bool trace_weighted;    /* no direction at any b > 0 although there is a table */
};
void hep_gradients_release(struct hep_gradients *g);

/**
 * @param[out] b    heap, n values; the caller's
 * @param[in]  name for messages
 * @return HEP_EFORMAT for an empty table, text that is no number, several rows and columns;
 *         HEP_EDATA for a negative b or one above HEP_B_MAX_S_PER_MM2
 */
int hep_bval_parse(double **b, size_t *n, const char *text, size_t len, const char *name,
                   struct hep_error *err) HEP_MUST_CHECK;
/**
 * The unit of the b-values of one series, by their largest: clinical diffusion reaches 50 s/mm2 or
 * more, research up to some 10000, and the units that are met instead lie a factor of 1000 (ms/um2)
 * or 1e-6 (s/m2) away. Series of b = 0 alone pass.
 * @param[in] name of the file, for the message
 * @return HEP_EDATA with the file, the values, the likely unit and its factor
 */
int hep_b_unit_check(const double *b_s_per_mm2, size_t n, const char *name,
                     struct hep_error *err) HEP_MUST_CHECK;
#define HEP_B_LARGEST_MIN_S_PER_MM2 10.0
#define HEP_B_MAX_S_PER_MM2 100000.0
/** Vectors are normalised. HEP_EFORMAT when the shape is neither 3 x n nor n x 3 with n =
 * n_expected. */
int hep_bvec_parse(double (**direction)[3], const char *text, size_t len, size_t n_expected,
                   const char *name, struct hep_error *err) HEP_MUST_CHECK;
/**
 * Read files. Where the b-values of a file differ, their unit is checked; files of one b-value each
 * make a series only together, which is checked as such.
 * @param[in] bvec_path NULL when there is none
 * @param[in] n_volumes number of volumes of the image, 0 for any; another count is HEP_EDATA
 */
int hep_gradients_read(struct hep_gradients *out, const char *bval_path, const char *bvec_path,
                       size_t n_volumes, struct hep_error *err) HEP_MUST_CHECK;

/**
 * The b-value named in a text such as SequenceName "ep_b50t" or SeriesDescription "DWI b=800 tra".
 * @return true when there is exactly one; several, as in "b50_400_800" or "b0 b800", are none
 */
bool hep_b_from_text(double *b_s_per_mm2, const char *text);

/** Volumes of nearly equal b. */
struct hep_b_shells {
    size_t n;            /* shells, b ascending */
    double *b_s_per_mm2; /* mean of the members, shape [n]; owned */
    size_t *first,
        *count;       /* shape [n]: members of shell i are order[first[i] .. first[i]+count[i]-1] */
    size_t *order;    /* shape t: volume indices, by shell, in file order within a shell; owned */
    size_t *shell_of; /* shape t; owned */
};
/** A volume joins the shell when its b exceeds the shell's lowest by at most the larger of these.
 */
#define HEP_SHELL_TOL_S_PER_MM2 0.5
#define HEP_SHELL_TOL_RELATIVE 0.02
/** @param[in] b_s_per_mm2 shape [n], n >= 1, finite, >= 0. HEP_EINVAL, HEP_ENOMEM */
int hep_b_shells_group(struct hep_b_shells *out, const double *b_s_per_mm2, size_t n,
                       struct hep_error *err) HEP_MUST_CHECK;
void hep_b_shells_release(struct hep_b_shells *s);

#endif
