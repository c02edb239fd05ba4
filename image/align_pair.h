/**
 * @file  image/align_pair.h
 * @brief One series brought to another: working volumes, the region that counts, registration, and
 *        the judgement whether its result is better than the scanner's geometry.
 *
 * Working volumes have isotropic voxels of HEP_ALIGN_MM, the slice distance of breath-hold series. A result is taken only when the edges of both images agree better by more
 * than the error of that (image/edge_agreement.h), and the mutual information that was raised has
 * risen indeed; else the series stays where the scanner put it.
 */
#ifndef HEP_IMAGE_ALIGN_PAIR_H
#define HEP_IMAGE_ALIGN_PAIR_H

#include "base/field.h"
#include "image/edge_agreement.h"
#include "image/register.h"
#include "image/register_metric.h"

/* On 14 pairs of two simulated training studies at 3 T voxels of 4 mm leave 1.25 mm in the median, of 3 mm 0.94 mm. */
#define HEP_ALIGN_MM 3.0

/** What others are brought to. */
struct hep_align_target {
    struct hep_volume *fixed;    /* working volume; owned */
    struct hep_labels *region;   /* where the metric looks; owned */
    const struct hep_grid *grid; /* of the series itself; borrowed */
};
/** The mean of n volumes of v, by index. HEP_EDATA when it is too thin or shows no body. */
int hep_align_target_new(struct hep_align_target *out, const struct hep_volume *v,
                         const size_t *volumes, size_t n, double margin_mm,
                         struct hep_error *err) HEP_MUST_CHECK;
/** The same with the region that is given: anything but 0 of a mask in the target's space, and `margin_mm` around it. */
int hep_align_target_within(struct hep_align_target *out, const struct hep_volume *v,
                            const struct hep_labels *region, double margin_mm,
                            struct hep_error *err) HEP_MUST_CHECK;
void hep_align_target_release(struct hep_align_target *t);

enum hep_align_method {
    HEP_ALIGN_SCANNER, /* in scanner coordinates, unregistered */
    HEP_ALIGN_RIGID,
    HEP_ALIGN_DEFORMABLE,
    HEP_ALIGN_SAME, /* the target itself, or acquired with it: nothing to be done */
    HEP_ALIGN_COUNT
};
/** "scanner", "rigid", "deformable", "same". */
const char *hep_align_method_name(enum hep_align_method method);
/** Median error over the liver on simulated studies (3 T and 1.5 T, all degradations) [mm]; NaN for
 * the scanner's geometry, whose error depends on the breath-holds. */
double hep_align_expected_residual_mm(enum hep_align_method method);

/** A registration asked for, and what came of it. */
struct hep_align_pair {
    const struct hep_align_target *target; /* borrowed */
    const struct hep_volume *source;       /* borrowed */
    const size_t *volumes;                 /* of the source, averaged; borrowed, n_volumes >= 1 */
    size_t n_volumes;
    struct hep_register_settings settings;
    struct hep_span jacobian;
    double min_motion_mm; /* less is not worth an interpolation */
    double
        predicted_share; /* of min_motion_mm: less predicted motion than that is not registered */
    double min_gain_se;  /* least gain of the agreement of edges, in its standard errors: over
                             the scanner's geometry, and of the deformed one over the rigid one */
    char folder[512];    /* for temporary files; empty: not to be registered */

    enum hep_align_method method;
    struct hep_transform transform;  /* target world to source world; where it has a displacement,
                                        that says all and the affine part is the identity */
    struct hep_volume *displacement; /* of the transform; owned, NULL unless deformable */
    double mi_nat[3], overlap[3];    /* per method; NaN where not tried */
    struct hep_edge_agreement edges[3]; /* likewise */
    struct hep_jacobian volume_change;
    double translation_mm[3], rotation_deg, motion_mm; /* over the region, of what was accepted */
    bool failed; /* stays in scanner geometry although something went wrong or nothing fits */
    char reason[320];
    char *log; /* owned, may be NULL */
};
void hep_align_pair_release(struct hep_align_pair *p);

/**
 * Register and judge. What goes wrong with the engine or with the images ends in `reason`.
 * @return HEP_OK; HEP_ENOMEM, HEP_EIO, HEP_ECREAT
 */
int hep_align_pair_run(struct hep_align_pair *p, struct hep_error *err) HEP_MUST_CHECK;

#endif
