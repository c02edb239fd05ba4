/**
 * @file  fitting/diffusion_screen.h
 * @brief What a diffusion series holds that is no diffusion-weighted image, and what contradicts its
 *        b-values, before anything is fitted.
 *
 * The region is the half of the mask that is brightest over all volumes; L is the logarithm of the
 * signal, m the median over the region, MAD the median absolute deviation from it.
 *
 * - A volume computed from others. Independent images differ by their noise: the MAD of L minus the
 *   mean L of the other volumes of one b-value is that of any of them, and not below the
 *   difference of neighbours. Below HEP_SCREEN_DERIVED of both the volume is their mean (a trace)
 *   or a copy.
 *   Where copies of the lowest b-value leave no other b-value an image of its own, the series is not
 *   diffusion-weighted.
 * - An ADC map. With the line ln S = ln S0 - b A through all other volumes, the volume lies off the
 *   line, or off the others of its b-value, by more than the rise that is allowed; the ratio of volume to A is a power of ten (mm2/s, um2/s ...) within
 *   HEP_SCREEN_UNIT, and either A explains the contrast of the volume, or the volume has no noise.
 * - Slices lost to motion: m of a slice in one volume, less that of the same slice over the volumes
 *   of its b-value (with fewer than three: over all volumes), less the same difference in the
 *   volume's other slices, is smaller than five robust SDs of such values and than
 *   HEP_SCREEN_LOSS_MIN. Anatomy and the direction of the gradient leave a volume's slices together;
 *   where volumes of different b-values are compared, the ADC of another organ is a step along the
 *   slices and no dip, so a slice counts as lost only when it lies below both sides.
 * - Volumes of one b-value that belong to different ones: m of the L differs by more than the rise
 *   that is allowed for the body and a difference of its median ADC of 0.5e-3 mm2/s between
 *   directions. Motion takes signal from single volumes: the lowest of every five does not count.
 * - b-values that are too large: nine tenths of the voxels lose less between the lowest and the
 *   highest than an ADC of 0.4e-3 mm2/s would, half of what the spleen shows, by more than the rise
 *   that is allowed.
 * - Volumes in another place: the MAD of L less that of the lowest b-value falls to 0.8 of what it is when the
 *   volume is moved by two slices or more, or one of its axes is reversed. Where that holds for most volumes, it is
 *   the one of the lowest b-value that lies elsewhere.
 * - Empty volumes: fewer than one in twenty of the voxels have a signal above 0.
 * - Low b-values rounded to the lowest: the standard error of the mean L of its volumes, each by its
 *   m over the region. The perfusion fraction is the intercept against that mean and shares its
 *   error.
 *
 * Source: slices: Jiang et al., Magn Reson Imaging 2009;27:1087 (signal loss found by the mean of a
 *         slice). Differs: logarithms, and the other slices of the volume as reference
 * Valid:  lost slices: three slices or more; a part of a slice is left to the robust weights, as is a
 *         slice at an end of the stack without three volumes of its b-value
 * Threads: pure functions
 */
#ifndef HEP_FITTING_DIFFUSION_SCREEN_H
#define HEP_FITTING_DIFFUSION_SCREEN_H

#include "fitting/diffusion_order.h"

#define HEP_SCREEN_DERIVED 0.3
#define HEP_SCREEN_UNIT 0.2 /* decades */
#define HEP_SCREEN_LOSS_MIN 0.15
#define HEP_SCREEN_MAX_LEFT_OUT 8
#define HEP_SCREEN_TEXT 240

enum hep_screen_cause {
    HEP_SCREEN_MEAN,
    HEP_SCREEN_COPY,
    HEP_SCREEN_ADC_MAP,
    HEP_SCREEN_EMPTY,
    HEP_SCREEN_MOVED
};

struct hep_screen_volume {
    size_t volume;
    enum hep_screen_cause cause;
    double b_s_per_mm2;   /* as listed */
    double of_s_per_mm2;  /* b-value of the volumes that it is made of; NaN: of all */
    int slices, reversed; /* HEP_SCREEN_MOVED: where it fits the others; axis, -1: none */
};

/** Start with `{ 0 }`. */
struct hep_diffusion_screen {
    size_t nb, nz;
    struct hep_screen_volume left_out[HEP_SCREEN_MAX_LEFT_OUT];
    size_t n_left_out;
    uint8_t *lost; /* [nb][nz], 1: this slice of this volume; NULL: none; owned */
    size_t n_lost, n_slices;
    struct hep_diffusion_rise rise; /* without what is left out */
    /* The largest disagreement of volumes of one b-value, in units of what is allowed. */
    double apart, apart_ratio, apart_b_s_per_mm2;
    size_t apart_from, apart_to;
    /* Volumes that repeat the first volume of the lowest b-value, where they leave no second b-value
     * or are more than can be left out; else 0. */
    size_t n_copies, copies_of;
    double copies_b_s_per_mm2;
    /* What a tenth of the voxels exceed, between the lowest and the highest b-value; NaN for one. */
    double decay_mm2_per_s, decay_b_s_per_mm2, decay_range_s_per_mm2;
    double lowest_error; /* of the mean ln S of the lowest b-value; NaN for one volume */
    size_t n_lowest;
};
void hep_diffusion_screen_release(struct hep_diffusion_screen *s);

/**
 * @param[in] in       the mask is the region; without one, every voxel
 * @param[in] n        voxels along each axis of the volume, slices along the third
 * @param[in] rise_max as hep_diffusion_rise_contradicts()
 * @return HEP_EDATA when no voxel has a positive signal; HEP_EINVAL, HEP_ENOMEM
 */
int hep_diffusion_screen(struct hep_diffusion_screen *out, const struct hep_diffusion_input *in,
                         const size_t n[3], double rise_max, struct hep_error *err) HEP_MUST_CHECK;

/** "volume 10 (b = 800 s/mm2) is left out: an ADC map"; volumes are counted from 0. */
void hep_screen_volume_text(char text[HEP_SCREEN_TEXT], const struct hep_screen_volume *v);
/** The same of all that are left out, between semicolons; empty without any. As many as fit `size`. */
void hep_screen_left_out_text(char *text, size_t size, const struct hep_diffusion_screen *s);
/** Why the b-values cannot be those of the volumes; false, with an empty text, when they can. */
bool hep_screen_contradicts(char text[HEP_SCREEN_TEXT], const struct hep_diffusion_screen *s,
                            double rise_max);

/** The series without what is left out and lost: signals of lost slices are NaN. */
struct hep_screened {
    struct hep_diffusion_input in;
    float *signal;       /* owned; NULL when the signals are those of the series */
    double *b_s_per_mm2; /* owned */
};
int hep_screen_apply(struct hep_screened *out, const struct hep_diffusion_screen *s,
                     const struct hep_diffusion_input *in, struct hep_error *err) HEP_MUST_CHECK;
void hep_screened_release(struct hep_screened *s);

#endif
