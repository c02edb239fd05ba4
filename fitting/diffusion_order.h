/**
 * @file  fitting/diffusion_order.h
 * @brief Do the volumes of a diffusion series lie in the order of its b-values?
 *
 * Model:   Diffusion lowers the signal of every tissue, S = S0 exp(-b D) with D > 0 (Stejskal and
 *          Tanner, J Chem Phys 1965;42:288). The median over a region of the mean of the volumes of
 *          one b-value may therefore rise towards a higher b-value by noise and motion only. A
 *          larger rise contradicts the b-values, whatever is fitted to them. Of the region the half
 *          counts that is brightest over all b-values: air and suppressed fat have no signal to lose
 *          The logarithm of a sum of decaying exponentials is convex in b, and the noise floor of
 *          magnitudes bends it further up: no b-value's ln S may lie above the line between two
 *          others by more than noise and motion. Such a bump contradicts the scale of a volume or
 *          its b-value, also where the signal falls throughout
 * Valid:   two b-values whose volumes are exchanged are told only when the tissue loses enough
 *          between them: with D = 1e-3 mm2/s and a limit of 1.25 from a difference of 220 s/mm2 on
 *          A volume of another scale is told where b-values lie on both sides of it or of its
 *          neighbour, three in all
 * Threads: pure function
 */
#ifndef HEP_FITTING_DIFFUSION_ORDER_H
#define HEP_FITTING_DIFFUSION_ORDER_H

#include "fitting/diffusion.h"

/** The largest rise of the median signal from one b-value to any higher one, and the largest bump. */
struct hep_diffusion_rise {
    double ratio; /* NaN when no pair can be compared; below 1 when the signal falls throughout */
    double from_b_s_per_mm2, to_b_s_per_mm2;
    size_t from_volume, to_volume; /* the first of each b-value, counted from 0 */
    /* Signal over the line of ln S between the two b-values that lie lowest around it; 1 where all
     * lie on a convex curve, and where fewer than three can be compared. */
    double bump;
    double bump_b_s_per_mm2, bump_low_s_per_mm2, bump_high_s_per_mm2;
};

/**
 * @param[in] in  the mask is the region; without one, every voxel
 * @return HEP_EINVAL for no voxel or b-values that cannot be grouped; HEP_ENOMEM
 */
int hep_diffusion_rise_of(struct hep_diffusion_rise *out, const struct hep_diffusion_input *in,
                          struct hep_error *err) HEP_MUST_CHECK;

/** Does the rise or the bump contradict the b-values? */
bool hep_diffusion_rise_contradicts(const struct hep_diffusion_rise *rise, double ratio_max);
/** "signal rises 1.92-fold from b = 0 (volume 0) to b = 50 s/mm2 (volume 3), limit 1.25"; volumes
 * are counted from 0. "signal at b = 400 s/mm2 is 1.94-fold what lies between b = 50 and 800, limit
 * 1.25 (a mixture of tissues decays ever more slowly)" where only the bump exceeds the limit. */
void hep_diffusion_rise_text(char *text, size_t size, const struct hep_diffusion_rise *rise,
                             double ratio_max);
/** What likely lies behind signals or an ADC that contradict the b-values. */
#define HEP_DIFFUSION_LIKELY_CAUSES                                                                \
    "volumes not in the order of the b-values, scaled differently, or a derived map among them"

#endif
