/**
 * @file  image/register.h
 * @brief Registration of two volumes by elastix, the one place that knows its command line and
 * files.
 *
 * elastix (5.0 or 5.2) is found in PATH at run time and started without a shell, with one thread, so that the result does not depend on the machine; several
 * registrations may run at a time. Files go to a folder that the caller makes and removes.
 * Model:   rigid (Euler angles), then optionally a quadratic B-spline, of the volume `fixed` onto
 *          `moving`; mutual information after Mattes et al., IEEE TMI 2003;22:120-128
 * Source:  Klein et al., IEEE TMI 2010;29:196-205 (elastix); settings in configs/registration
 * Differs: the start is a shift that the caller gives, see image/register_metric.h
 * Convention: a transform maps world points of the fixed volume to world points of the moving one
 *          (mm, RAS+). elastix works in LPS with rotation about a centre; that stays in here.
 */
#ifndef HEP_IMAGE_REGISTER_H
#define HEP_IMAGE_REGISTER_H

#include "image/resample.h"

struct hep_register_settings {
    const char *rigid_path;   /* parameter file */
    const char *bspline_path; /* parameter file; NULL: rigid only */
    double bspline_mm;        /* distance of the control points at the finest level */
    long resolutions;         /* of the rigid step; >= 1. The B-spline has the finest alone */
    long bins, samples;       /* of both steps, per level; >= 1 */
    long rigid_iterations;    /* per level; >= 1 */
    long iterations;          /* of the B-spline; >= 1 */
    double timeout_s;         /* <= 0: none */
};

struct hep_registration {
    double rigid[4][4];              /* affine part, start included; last row 0 0 0 1 */
    struct hep_volume *displacement; /* B-spline only: to be added to the affine part, nt = 3, mm,
                                        on the lattice asked for; owned */
    char *log; /* what elastix wrote about its steps, without times and paths; owned, may be NULL */
};

/** Is elastix in PATH? */
bool hep_register_available(void);

/**
 * Register. Both volumes: volume t = 0 of finite values on grids with orthogonal axes.
 * @param[out] out    fresh; also holds the log of a failed attempt; hep_registration_release()
 * @param[in]  mask   on the grid of `fixed`: where the metric looks; not empty
 * @param[in]  start_mm shift of the moving volume's content to start from, RAS; added to the result
 * @param[in]  lattice where the displacement is wanted; not used without a B-spline
 * @param[in]  folder empty folder for the files of this registration
 * @return HEP_OK; HEP_ENOENT (no parameter file), HEP_EGEOM (mask on another grid, axes
 * that are not orthogonal, no overlap), HEP_EDATA (the program failed or took too long; the message
 * says how), HEP_EFORMAT (it wrote something else than a transform), HEP_EINVAL, HEP_EIO,
 * HEP_ECREAT, HEP_ENOMEM
 */
int hep_register(struct hep_registration *out, const struct hep_volume *fixed,
                 const struct hep_volume *moving, const struct hep_labels *mask,
                 const double start_mm[3], const struct hep_register_settings *settings,
                 const struct hep_grid *lattice, const char *folder,
                 struct hep_error *err) HEP_MUST_CHECK;
void hep_registration_release(struct hep_registration *r);

/**
 * The affine of an elastix file of transform parameters, in RAS.
 * @param[in] text n bytes; EulerTransform in three dimensions
 * @param[in] name for messages
 * @return HEP_EFORMAT: another transform, one after an initial transform, numbers missing or not
 * finite, a rotation or shift beyond any image
 */
int hep_register_parse_euler(double ras[4][4], const char *text, size_t n, const char *name,
                             struct hep_error *err) HEP_MUST_CHECK;

/** A copy of a parameter file in which each key of `keys` has the value of `values` (n of both);
 * keys that it lacks are added. HEP_ENOMEM. */
int hep_register_parameters(char **out, const char *text, const char *const *keys,
                            const char *const *values, size_t n,
                            struct hep_error *err) HEP_MUST_CHECK;

#endif
