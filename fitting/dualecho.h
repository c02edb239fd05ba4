/**
 * @file  fitting/dualecho.h
 * @brief Fat fraction from an opposed-phase and an in-phase magnitude, corrected for R2* where it
 *        is known or a third echo tells it.
 * Model:   FF_raw = (IP - OP) / (2 IP);
 *          IP' = IP exp(R2* (TE_ip - TE_op)), FF = (IP' - OP) / (2 IP');
 *          R2* = ln(S_a / S_c) / (TE_c - TE_a) of the two echoes that share a phase position
 * Source:  Dixon, Radiology 1984;153:189-194 (two-point method); Guiu et al., Radiology
 *          2009;250:95-102 (triple echo)
 * Differs: negative fractions are kept, because they are the sign of iron and because clamping
 *          biases a regional median; the opposed echo may come before or after the in-phase one,
 *          the sign of TE_ip - TE_op carries the difference
 * Valid:   magnitudes of one gradient-echo series, fat below 50 % (f and 1 - f look alike); T1
 *          weighting is not corrected (about +1 to +5 points at a flip angle of 12 degrees)
 * Threads: maps do not depend on the number of threads
 */
#ifndef HEP_FITTING_DUALECHO_H
#define HEP_FITTING_DUALECHO_H

#include "base/error.h"
#include "fitting/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Fraction above which f and 1 - f can no longer be told apart with confidence. */
#define HEP_DUALECHO_AMBIGUOUS_FRAC 0.40
/**
 * R2* per tesla above which iron is suspected [1/s/T]: 75 /s at 1.5 T is 1.8 mg/g of dry liver, the
 * upper limit of normal, by the calibration hernando-1.5t of fitting/iron.h; R2* goes with the
 * field. A negative fraction alone is no sign: lean liver of normal iron reads -3 %.
 */
#define HEP_DUALECHO_IRON_PER_S_T 50.0

enum hep_echo_phase { HEP_ECHO_IN_PHASE, HEP_ECHO_OPPOSED, HEP_ECHO_BETWEEN };

/**
 * Phase position of an echo for the main fat peak at -3.40 ppm.
 * @return in phase or opposed when the angle is within 60 degrees of it, else between, as is every
 * echo after HEP_ECHO_POSITION_TE_MAX_S
 */
enum hep_echo_phase hep_dualecho_phase(double te_s, double b0_t);

/** Echo times and how R2* is had. */
struct hep_dualecho_options {
    double b0_t; /* field strength, 0.2 to 12 T */
    double te_opposed_s, te_in_phase_s;
    double te_third_s;   /* 0 when there is no third echo */
    double r2star_per_s; /* used when there is no third echo; NaN: no corrected fraction */
    double sigma;        /* noise SD of one channel, units of the signal; 0: unknown */
    int nthreads;        /* 0: as many as OpenMP offers */
};
/** R2* unknown, noise unknown, all threads; times and field are the caller's to fill in. */
struct hep_dualecho_options hep_dualecho_defaults(void);

/** Magnitudes, each [n], borrowed. `third` NULL without a third echo. */
struct hep_dualecho_signals {
    const float *opposed, *in_phase, *third;
    size_t n;
};

/**
 * Maps to fill, each [n], borrowed; NULL where not wanted. Fractions are 0..1, negative values
 * kept. A voxel in the mask that is not HEP_FIT_OK holds NaN. R2* may be slightly negative from
 * noise, for the same reason as the fraction.
 */
struct hep_dualecho_maps {
    float *ff_raw_frac, *ff_frac, *r2star_per_s;
    uint8_t *status; /* enum hep_fit_status */
};

/** Counts over voxels that are HEP_FIT_OK; the fraction counted is the corrected one where there is
 * one. */
struct hep_dualecho_summary {
    struct hep_fit_counts counts;
    size_t n_ambiguous; /* above HEP_DUALECHO_AMBIGUOUS_FRAC */
    /* R2* above the limit: that of the third echo, otherwise ln(OP/IP) / (TE_ip - TE_op), which fat
     * can only lower when the opposed echo is the earlier one; not counted when it is the later */
    size_t n_iron;
    bool opposed_is_later;
};

/**
 * Check echo times against field and each other.
 * @return HEP_EINVAL: field, a time, sigma or R2* outside its range;
 *         HEP_EDATA: equal echo times, the two echoes swapped, an echo at neither position, a third
 *         echo that shares its phase position with neither of the others. The message gives the
 * times.
 */
int hep_dualecho_check(const struct hep_dualecho_options *opt,
                       struct hep_error *err) HEP_MUST_CHECK;

/** R2* [1/s] of two echoes of one phase position; NaN unless both signals are positive. */
double hep_dualecho_r2star(double signal_a, double te_a_s, double signal_c, double te_c_s);

/**
 * Fill the maps for every voxel with mask != 0 (NULL: all). Fractions come from
 * hep_dual_echo_raw_ff() and hep_dual_echo_corrected_ff() of sequences/signal.h. Without R2* the
 * corrected map is NaN. Voxels: a magnitude that is 0, negative or not finite is HEP_FIT_BAD_INPUT; with sigma > 0 an in-phase magnitude below 3 sigma is
 * HEP_FIT_NOT_IDENTIFIABLE.
 * @param[out] summary may be NULL
 * @return HEP_OK; the codes of hep_dualecho_check(); HEP_EINVAL when a signal is missing, or there
 * is a third signal without its echo time or the reverse. Maps are untouched on failure.
 */
int hep_dualecho_map(const struct hep_dualecho_maps *maps, struct hep_dualecho_summary *summary,
                     const struct hep_dualecho_signals *signals, const uint8_t *mask,
                     const struct hep_dualecho_options *opt, struct hep_error *err) HEP_MUST_CHECK;

#endif
