/**
 * @file  fitting/echo_pair.h
 * @brief Can an opposed and an in-phase image be what they are called?
 *
 * Model:   OP / IP = |1 - f (1 - c)| exp(-R2* (TE_op - TE_ip)), c the phasor of fat, is at most 1 but
 *          for the decay between the two echoes (1.12 with R2* of 100 /s at 3 T). Every body has
 *          tissue that is all water and reads 1 (muscle, blood, spleen), and voxels of water and
 *          fat together that read far less. So
 *          - more voxels with OP well above IP than the reverse: the echoes are exchanged, or the
 *            opposed one is scaled up, or there is iron that a two-point fraction cannot bear;
 *          - OP well above IP in many voxels, though the reverse is more frequent: the two do not show the same
 *            place, since at one place nothing but decay raises OP above IP;
 *          - no tissue near 1: the in-phase echo is scaled up, or fat and water are not what is seen;
 *          - both the same, voxel by voxel: one image twice.
 *          Voxels of less than a tenth of the brightest in-phase signal (its 99 % quantile) are left out: lung and
 *          air, where noise decides.
 * Source:  Dixon, Radiology 1984;153:189-194 (the two images)
 * Valid:   magnitudes that show more than one organ; a scaling of less than a third is not told
 */
#ifndef HEP_FITTING_ECHO_PAIR_H
#define HEP_FITTING_ECHO_PAIR_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hep_echo_pair {
    double above_frac, below_frac; /* OP above IP by a quarter, and the reverse */
    double same_frac;              /* not a bit apart */
    double water_ratio; /* OP / IP that a tenth of the body exceeds; NaN without a body */
    size_t n;
};
#define HEP_ECHO_PAIR_REASON 160

/** @param[in] body where it is not 0; NULL: everywhere. HEP_ENOMEM. */
int hep_echo_pair_of(struct hep_echo_pair *out, const float *opposed, const float *in_phase,
                     const int32_t *body, size_t n, struct hep_error *err) HEP_MUST_CHECK;

/** What decides; the sources stand with the settings below liver.plausible. */
struct hep_echo_pair_limits {
    double excess_max; /* of above_frac, where it exceeds below_frac */
    double apart_max;  /* of above_frac, in any case */
    double water_min;  /* of water_ratio */
};

/** @param[out] reason with the numbers; empty when the pair may be true */
bool hep_echo_pair_contradicts(char reason[HEP_ECHO_PAIR_REASON], const struct hep_echo_pair *pair,
                               const struct hep_echo_pair_limits *limits);

#endif
