/**
 * @file  liver/segment_liver.h
 * @brief The liver, and the organs and vessels around it, from whatever images a study has.
 *
 * Model:   in steps on isotropic grids along the world axes: body; seed, the largest homogeneous
 *          region of the right upper abdomen; local Gaussian model of the liver's signal in every
 *          image, with a smooth receive field, against the histogram of everything near it; random
 *          walker with that evidence; opening; filling of what the liver encloses
 * Source:  Otsu, IEEE SMC 1979;9:62 (body); Grady, CVPR 2005 (random walker with prior models);
 *          Rusko et al., ISBI 2010 (local intensity models of the liver); Huynh et al., AJR
 *          2014;202:152 (accuracy to be expected: Dice 0.94)
 * Differs: images of other breath-holds vote with the best value within their expected shift, so
 *          that only the reference decides where the border lies
 * Valid:   axial or oblique volumes that show most of the liver; images within about 10 mm of the
 *          reference
 * Threads: the result does not depend on their number, nor on the order or direction in which the
 *          voxels are stored (up to rounding)
 */
#ifndef HEP_LIVER_SEGMENT_LIVER_H
#define HEP_LIVER_SEGMENT_LIVER_H

#include "liver/settings.h"
#include "liver/study.h"

/** Everything borrowed. */
struct hep_liver_input {
    struct hep_grid grid;                           /* reference grid */
    struct hep_lesion_image image[HEP_IMAGE_COUNT]; /* on `grid`; at least one */
    enum hep_image reference; /* the image whose position the result has; an absent one: the first
                                 present of hepatobiliary, portal venous, other T1, T2, diffusion */
    int nthreads;
};

enum hep_liver_method {
    HEP_LIVER_NONE,
    HEP_LIVER_HEPATOBILIARY, /* the reference is a hepatobiliary image */
    HEP_LIVER_T1,            /* another T1 image */
    HEP_LIVER_T2_DIFFUSION   /* no T1 image */
};
/** "none", "hepatobiliary", "t1", "t2_diffusion". */
const char *hep_liver_method_name(enum hep_liver_method m);

struct hep_liver_quality {
    enum hep_liver_method method;
    double volume_ml, seed_ml;
    double roughness;       /* surface over that of the sphere of the same volume; about 1.5 to 2 */
    double low_border_frac; /* share of the border where the reference changes by less than two SD
                               of the liver's own signal; NaN for a given mask */
    double left_right;      /* share of the volume left of the body's middle */
    double contrast;        /* separation of liver and surroundings: median of the evidence for the
                               liver's voxels [log-odds] */
    double agreement;       /* Dice with the liver grown again from its inside; NaN: given mask */
    double above_dome;      /* share of the volume above the right dome and left of it: heart */
    double height_mm;       /* along the body, without the outer 1 % of the volume at either end */
    double score;           /* 0 to 1: product of how plausible each measure is */
    bool volume_plausible;
    bool cropped;    /* touches an end of the images: its volume is a least one */
    char cut_at[48]; /* where: "top, front"; empty when it does not */
    bool mask_needed;
    char reason[400]; /* why a mask is needed or the result is doubtful; empty when neither */
};

struct hep_liver {
    struct hep_labels *liver;   /* 0 and 1; owned; NULL when mask_needed */
    struct hep_labels *anatomy; /* enum hep_anatomy; owned; NULL when mask_needed */
    struct hep_liver_quality quality;
};

/**
 * @param[out] out release with hep_liver_release(), also when a mask is needed
 * @return HEP_OK, also when the liver is not found (quality.mask_needed); HEP_EINVAL (no image,
 * settings out of range), HEP_EGEOM (an image on another grid), HEP_ENOMEM
 */
int hep_liver_find(struct hep_liver *out, const struct hep_liver_input *in,
                   const struct hep_liver_settings *settings, struct hep_error *err) HEP_MUST_CHECK;
void hep_liver_release(struct hep_liver *l);

/**
 * Organs and vessels around a liver that is already known, such as a reader's mask.
 * @param[out] anatomy enum hep_anatomy on the grid; the caller's
 */
int hep_liver_anatomy(struct hep_labels **anatomy, const struct hep_liver_input *in,
                      const struct hep_labels *liver, const struct hep_liver_settings *settings,
                      struct hep_error *err) HEP_MUST_CHECK;

/** Geometry of a mask: volume, roughness, left_right (NaN without images), cropped, plausibility
 * and score. `low_border_frac` and `contrast` are NaN. */
int hep_liver_judge_mask(struct hep_liver_quality *out, const struct hep_labels *liver,
                         const struct hep_liver_settings *settings,
                         struct hep_error *err) HEP_MUST_CHECK;

/**
 * A given mask against the images: what hep_liver_judge_mask() measures, the share left of the
 * body's middle and outside the body, and its overlap with the liver that the images show, where
 * that is found with confidence. `reason` names what does not fit, with the numbers.
 * @return HEP_EDATA when most of the mask lies outside the body (it belongs to other images), and
 *         when it agrees with the liver that the images show only if one of its axes is reversed
 */
int hep_liver_judge_given(struct hep_liver_quality *out, const struct hep_labels *liver,
                          const struct hep_liver_input *in,
                          const struct hep_liver_settings *settings,
                          struct hep_error *err) HEP_MUST_CHECK;

#endif
