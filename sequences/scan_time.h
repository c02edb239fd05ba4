/**
 * @file  sequences/scan_time.h
 * @brief How long a series takes, and how many breath-holds.
 * Model:   3-D spoiled gradient echo: TR x lines x partitions x partial Fourier / acceleration; fast
 *          spin echo: TR, or the respiratory period when triggered, x shots x averages; single shot:
 *          1 s per slice; diffusion: TR x volumes / efficiency of the gating
 * Source:  Bernstein, King, Zhou: Handbook of MRI Pulse Sequences, 2004, ch. 11 and 16, for the
 *          products; 1 s per slice, and 0.5 (triggered) and 0.4 (navigator) of the time used, are
 *          expert values
 * Differs: preparation and calibration scans are not counted
 * Valid:   breath-holds by the time alone; a 3-D gradient echo is held in one
 */
#ifndef HEP_SEQUENCES_SCAN_TIME_H
#define HEP_SEQUENCES_SCAN_TIME_H

#include <stddef.h>

/** How a series is acquired, for the scan time. */
enum hep_technique {
    HEP_TECHNIQUE_SPGR,            /* 3-D spoiled gradient echo in one breath-hold */
    HEP_TECHNIQUE_DUAL_ECHO,       /* the same, in phase and opposed phase */
    HEP_TECHNIQUE_MULTI_ECHO,      /* the same, 3 or more echoes */
    HEP_TECHNIQUE_FSE,             /* fast spin echo in breath-holds */
    HEP_TECHNIQUE_FSE_TRIGGERED,   /* fast spin echo, one shot group per breath */
    HEP_TECHNIQUE_SSFSE,           /* one shot per slice */
    HEP_TECHNIQUE_EPI_BREATH_HOLD, /* diffusion */
    HEP_TECHNIQUE_EPI_FREE,
    HEP_TECHNIQUE_EPI_TRIGGERED,
    HEP_TECHNIQUE_EPI_NAVIGATOR
};

/** Lists are borrowed. */
struct hep_scan {
    enum hep_technique technique;
    double tr_s, respiratory_period_s;
    double matrix_phase, slices, echo_train; /* lines; slices or partitions; echoes per shot */
    double partial_fourier, acceleration;
    double efficiency; /* share of the time in which gated data are taken; NaN: by technique */
    double directions; /* of each b > 0 */
    const double *b_s_per_mm2, *averages; /* averages: of each b-value, the last for the rest */
    size_t n_b, n_averages;               /* 0 averages: 1 */
};

/** Seconds of the whole series. */
double hep_scan_time_s(const struct hep_scan *scan);
/** Breath-holds of at most `longest_s`; 0 when the patient breathes freely. */
long hep_scan_breath_holds(enum hep_technique technique, double scan_s, double longest_s);

#endif
