/**
 * @file  pipeline/results/dwi_order.h
 * @brief Product "dwi_order": whether the volumes are diffusion-weighted images in the order of their
 *        b-values, and what was left out of them.
 */
#ifndef HEP_PIPELINE_RESULTS_DWI_ORDER_H
#define HEP_PIPELINE_RESULTS_DWI_ORDER_H

#include "fitting/diffusion_noise.h"
#include "fitting/diffusion_screen.h"
#include "pipeline/run.h"

struct hep_dwi_order {
    struct hep_diffusion_rise rise;
    double decay_mm2_per_s; /* NaN for one b-value */
    double limit;
    bool contradicts;               /* the b-values are not those of the volumes */
    char evidence[HEP_SCREEN_TEXT]; /* hep_screen_contradicts(), or the rise */
    char left_out[512];             /* volumes that are no diffusion-weighted images */
    size_t left_out_volume[HEP_SCREEN_MAX_LEFT_OUT], n_left_out;
    size_t n_lost, n_slices; /* slices of single volumes without weight, and all of them */
    double lowest_error;     /* of the mean ln S of the lowest b-value; NaN: one volume */
    double sigma;            /* median noise SD of the volumes; NaN: not known */
    double sigma_least, sigma_most;
    enum hep_noise_source source;
    bool background_cut;
};
HEP_PRODUCT(dwi_order, hep_dwi_order);
/** Whether a volume has no part in anything; `order` may be NULL: none. */
bool hep_dwi_leaves_out(const struct hep_dwi_order *order, size_t volume);

#endif
