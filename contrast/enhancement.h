/**
 * @file  contrast/enhancement.h
 * @brief Enhancement of voxels and of regions: arrays in, arrays out.
 *
 * Maps and results hold fractions (unit 1): +90 % is 0.90; percent is made where results are shown.
 * A measure whose denominator is not positive, or whose input is not finite, is NaN.
 * Both series of a pair must have passed contrast/same_sequence.h. Arrays are shape [n], borrowed.
 * Sources: RTE as used by Murata et al. and, muscle-normalised, Eur Radiol 2021; Q-LSC and its HUI:
 *   Takatsu et al., MRI 2025; FLIS: Bastati et al., Eur Radiol 2016 (grades here are a proxy).
 */
#ifndef HEP_CONTRAST_ENHANCEMENT_H
#define HEP_CONTRAST_ENHANCEMENT_H

#include "contrast/agent.h"

/* ---- maps ------------------------------------------------------------------------------------ */

/**
 * RE = (post - pre) / pre.
 * @param[out] re       NaN where pre <= pre_floor or an input is not finite; may be `post`
 * @param[in]  pre_floor signal that is background [a.u.], >= 0
 * @return HEP_EINVAL for a negative or non-finite floor
 */
int hep_enhancement_map(float *re, const float *pre, const float *post, size_t n, double pre_floor,
                        int nthreads, struct hep_error *err) HEP_MUST_CHECK;

/* ---- regions: signals are medians or means of one region ------------------------------------- */

/** (post - pre) / pre. With lesion signals of the hepatobiliary series this is RTE. */
double hep_relative_enhancement(double pre, double post);
/** RTE of S / S_muscle at the same phase. "Enhancing" above 0.20. */
double hep_rte_muscle(double lesion_pre, double lesion_hbp, double muscle_pre, double muscle_hbp);
/** (S_liver - S_lesion) / (S_liver + S_lesion). */
double hep_llc(double liver, double lesion);
/** S_lesion / S_liver. */
double hep_contrast_ratio(double liver, double lesion);

/** S_liver / S_spleen. */
double hep_q_lsc(double liver, double spleen);
/** S_liver / S_muscle. */
double hep_lsr(double liver, double muscle);
/** Hepatocellular uptake index (Q-LSC - 1) * V [mL], Q-LSC over whole organs. */
double hep_hui_q_lsc_ml(double q_lsc, double liver_volume_ml);
/** Classic index V (L20/S20 - 1) [mL], L20 and S20 regions of the 20-min image. */
double hep_hui_classic_ml(double liver_roi, double spleen_roi, double liver_volume_ml);

/* ---- SDR: the literature is ambiguous, so both, under their labels --------------------------- */

/** SDR_a: SD over voxels of S_HBP / S_pre (n - 1). Voxels with pre <= 0 or non-finite values are
 * left out; NaN when fewer than two remain. */
double hep_sdr_a(const float *pre, const float *hbp, size_t n);
/** SDR_b: SD(S_HBP) / SD(S_pre) over the same voxels; NaN for fewer than two or no spread before.
 */
double hep_sdr_b(const float *pre, const float *hbp, size_t n);
#define HEP_SDR_A_LABEL "SDR_a: SD over voxels of S_HBP/S_pre"
#define HEP_SDR_B_LABEL "SDR_b: SD_HBP/SD_pre"

/* ---- FLIS proxy ------------------------------------------------------------------------------ */

/** Region medians of the hepatobiliary series; NaN for a region that is not there. */
struct hep_flis_input {
    double liver, kidney, portal_vein, ducts_peripheral, ducts_central;
};
/** Each 0..2, or -1 when not assessable; total -1 unless all three are there. */
struct hep_flis_proxy {
    int enhancement, excretion, portal_sign, total;
};
/** Signals within 10 % of each other count as equal (general). A proxy: readers grade what they
 * see. */
void hep_flis_proxy(struct hep_flis_proxy *out, const struct hep_flis_input *in);

#endif
