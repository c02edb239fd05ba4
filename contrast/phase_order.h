/**
 * @file  contrast/phase_order.h
 * @brief Do the signals follow each other as an agent makes them, or are phases exchanged?
 *
 * Model:   three things that no agent does, whatever the person and the gain of a series:
 *          - it darkens nothing at the short echo times of T1-weighted series: liver and aorta are at
 *            least as bright as before contrast. Two phases that are darker speak against the series
 *            before contrast, not against themselves;
 *          - the liver gets three quarters of its blood from the portal vein and is brighter in the portal
 *            venous phase than in the arterial one;
 *          - after the first pass blood only loses agent: from the portal venous phase on the aorta
 *            does not get brighter.
 *          Signals are compared over that of muscle, which cancels the gain, where both phases have it.
 * Source:  Maino et al., World J Gastroenterol 2023;29:5180
 *          (courses of the phases)
 * Valid:   an arterial phase that is too early or too late is no contradiction
 */
#ifndef HEP_CONTRAST_PHASE_ORDER_H
#define HEP_CONTRAST_PHASE_ORDER_H

#include "terms/phase.h"

/** Medians of one phase at the gain of the series before contrast; NaN: not measured. */
struct hep_order_signals {
    double liver, aorta, muscle;
};
#define HEP_ORDER_REASON 240

/**
 * @param[out] reason with the numbers, for each phase that cannot be compared; empty for the others
 * @param[in]  margin what a gain that is not known better may hide, as a fraction
 * @param[in]  aorta_margin how much an aorta may brighten after the first pass, as a fraction
 */
void hep_phase_order_judge(char reason[HEP_PHASE_COUNT][HEP_ORDER_REASON],
                           const struct hep_order_signals signals[HEP_PHASE_COUNT], double margin,
                           double aorta_margin);

#endif
