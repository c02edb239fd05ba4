/**
 * @file  fitting/iron_signal.h
 * @brief R2* of a liver from its signal beside muscle and spleen in T2-weighted images, and what it
 *        does to a two-point fat fraction.
 *
 * Model:   spin echoes: S = PD exp(-TE R2). Against an organ of known R2,
 *          R2_liver = R2_organ + (ln(S_organ / S_liver) + ln(PD_liver / PD_organ)) / TE;
 *          what it has above its usual R2 is iron. Usual R2, PD of liver 0.9:
 *          1.5 T liver 1/46 ms, spleen 1/79 ms, muscle 1/27 ms; 3 T 1/34, 1/61, 1/29
 *          (de Bazelaire et al., Radiology 2004;230:652-659).
 *          R2* rises by 2.2 times the excess of R2 at 1.5 T: 38 /s per mg/g (Wood et al., Blood
 *          2005;106:1460) against 17 /s between 0.5 and 2 mg/g (St Pierre et al., Blood
 *          2005;105:855). At 3 T R2* doubles and R2 rises 1.47-fold (Storey et al., JMRI
 *          2007;25:540): 3.0 times. Normal R2* 29 /s at 1.5 T and 50 /s at 3 T.
 *          Two-point fraction: with OP / IP = 1 - 2 F_raw and T = TE_ip - TE_op,
 *          F(R2*) = (1 - (1 - 2 F_raw) exp(-R2* T)) / 2.
 * Differs: signal-intensity-ratio methods (Gandon et al., Lancet 2004;363:357) take gradient echoes
 *          of a fixed protocol; here any spin echo serves, with an error to match: 0.25 of the log
 *          signal for coils, T1 and refocusing, the SD of R2 between people (the same source: liver
 *          3.5, muscle 4.8, spleen 2.4 /s), half of the excess of R2* for what lies between R2 and
 *          R2*
 * Valid:   before contrast; echo-planar b = 0 and fast spin echoes, TE 30 to 150 ms
 * Threads: pure functions
 */
#ifndef HEP_FITTING_IRON_SIGNAL_H
#define HEP_FITTING_IRON_SIGNAL_H

#include <stdbool.h>
#include <stddef.h>

/** Medians of one series; NaN or 0 where an organ was not found. */
struct hep_iron_signals {
    double te_s, liver, muscle, spleen;
};

struct hep_iron_estimate {
    size_t n;                             /* comparisons; 0: nothing is known */
    double r2_excess_per_s, r2_se_per_s;  /* of the liver over its usual R2 */
    double r2star_per_s, r2star_se_per_s; /* of the liver; normal when there is no excess */
    double r2star_normal_per_s;           /* at this field */
};

void hep_iron_estimate(struct hep_iron_estimate *out, const struct hep_iron_signals *series,
                       size_t n, double field_t);

/** A two-point fraction of a region. */
struct hep_iron_pair {
    double raw_frac; /* not corrected */
    double te_opposed_s, te_in_phase_s;
};
/** What the fraction is at an R2* [1/s]. */
double hep_iron_fraction(const struct hep_iron_pair *pair, double r2star_per_s);

#define HEP_IRON_REASON 240
#define HEP_IRON_SAYS "iron: " /* how every reason begins */
/**
 * Is the fraction off by more than `bias_max` because of iron? Either the signals show an
 * excess of R2 at the level of two standard errors, which with that of R2* may do so, or the echoes do: where the opposed one is the earlier, even a
 * liver without any fat would need an R2* that high.
 * @param[out] reason with the numbers, and the corrected fraction with its error where R2* is
 *                    known; empty for false
 */
bool hep_iron_contradicts(char reason[HEP_IRON_REASON], const struct hep_iron_pair *pair,
                          const struct hep_iron_estimate *estimate, double bias_max);

#endif
