/**
 * @file  lesions/measure.h
 * @brief What is measured of a lesion: every image in rim, core, whole and ring, and the patterns
 * that flags are judged by.
 *
 * Model:   B is the median of the ring of liver, p the lesion share of a voxel (lesions/shells.h).
 *          Lesion value: B + sum p (S - B) / sum p^2 over the lesion, the least-squares value of a
 *          uniform lesion. Rim and core: median of B + (S - B) / p over voxels with p >= 0.75.
 *          Receive fields cancel in lesion over ring; lesion over portal vein is compared as
 *          (lesion / ring) / (portal vein / liver beside it).
 *          Ring of a phase: with RE = (S -
 *          S_pre) / S_pre, after the gain that makes muscle enhance as it should, index = (RE_rim -
 *          RE_core) / max(RE_liver, floor); a sector of the rim counts as covered when its own
 *          index exceeds the limit and half the whole rim's. Asymmetry is three times the length of
 *          the sectors' mean of index times direction, over their mean index: 0 for a closed ring,
 *          1.5 for half of one, larger where one side gains what the other loses, as after a shift.
 *          Local reliability of a difference: exp(-|grad S| sigma_reg / sigma_n). Signal loss at
 *          high b by heart motion multiplies lesion and ring alike and so adds the same to both
 *          ADCs: what the ring exceeds the whole liver by (beyond 5 %) is taken off.
 * Source:  Rousset, Ma and Evans, J Nucl Med 1998;39:904 (partial volume); Jansen et al., PLoS ONE
 *          2019 (shell features); Kwee et al., JMRI 2009;30:1027 (left-lobe signal loss)
 * Differs: a linear correction of partial volume for ADC too, which mixes by signal: where the
 *          lesion is the brighter part it is overcorrected
 * Valid:   rim and core only where the series resolves them, see hep_shells_resolved()
 */
#ifndef HEP_LESIONS_MEASURE_H
#define HEP_LESIONS_MEASURE_H

#include "lesions/shells.h"
#include "terms/finding.h"

/** Medians of a study's organs in every image; NaN where organ or image is missing. */
struct hep_references {
    double organ[HEP_IMAGE_COUNT][HEP_ANATOMY_COUNT]; /* [liver]: without lesions and its margin */
    double portal_liver[HEP_IMAGE_COUNT];             /* liver within 10 mm of the portal vein */
};

/** What every lesion of a study, and its liver, are measured against. */
struct hep_baseline {
    struct hep_surroundings around; /* owned */
    struct hep_references references;
};
/**
 * @param[in] lesions label map that is left out of the liver; NULL when none was looked for
 * @return HEP_EGEOM when it is not on the reference grid; HEP_ENOMEM
 */
int hep_baseline_init(struct hep_baseline *out, const struct hep_lesion_study *study,
                      const struct hep_labels *lesions, struct hep_error *err) HEP_MUST_CHECK;
void hep_baseline_release(struct hep_baseline *b);

struct hep_zone_stats {
    double median, mad; /* mad: 1.4826 * median |x - median| */
    size_t n;
};

struct hep_image_stats {
    struct hep_zone_stats zone[HEP_SHELL_COUNT];
    double lesion, lesion_se; /* corrected value of the whole, and its standard error */
    double share_max;         /* largest lesion share of one voxel */
    double depth_voxels;
    bool resolved; /* rim and core may be told apart */
};

struct hep_ring_pattern {
    double re_rim, re_core, re_liver;
    double index, cover, asymmetry, reliability;
    double gap; /* index of the weakest tenth of the sectors over that of the strongest */
    double rim_over_aorta; /* the same against the aorta, of covered sectors */
};

/** Rim and core of diffusion, freed of each other and of liver; NaN where they cannot be. */
struct hep_unmixed {
    double adc_rim, adc_core, adc_rim_se, adc_core_se; /* mm2/s */
    double b_high_rim, b_high_core;                    /* signal */
};

struct hep_lesion_measures {
    const struct hep_lesion_study *study;
    const struct hep_references *references;
    struct hep_image_stats image[HEP_IMAGE_COUNT];
    struct hep_ring_pattern ring[HEP_PHASE_COUNT]; /* arterial to delayed; NaN elsewhere */
    double ratio[HEP_PHASE_COUNT];                 /* lesion over ring */
    double re[HEP_PHASE_COUNT];                    /* of the lesion */
    double re_gain_free[HEP_PHASE_COUNT]; /* with the gain that makes muscle enhance as expected */
    double pool[HEP_PHASE_COUNT];         /* lesion over portal vein */
    double pool_bright[HEP_PHASE_COUNT];  /* its brightest fifth over portal vein */
    double adc, adc_se, adc_liver, adc_rim, adc_core, /* mm2/s; after local correction */
        adc_rim_se, adc_core_se;
    bool adc_unmixed; /* rim and core by hep_measure_unmix(), else medians where resolved */
    double adc_local_excess;
    double b_high_z, b_high_z_rim, b_high_z_core;
    double targetoid[HEP_IMAGE_COUNT]; /* (rim - core) / pooled SD */
};

/**
 * What registration left over, at this lesion: the shift within the series' registration_mm (at
 * most 5 mm, whole voxels) with which depth explains most of the variance among near liver, rim,
 * middle and core, if it explains at least 30 % of what is left without. Series acquired together
 * move together; the reference stays. Sets shells->shift. HEP_ENOMEM.
 */
int hep_measure_shifts(struct hep_shells *shells, const struct hep_lesion_study *study,
                       struct hep_error *err) HEP_MUST_CHECK;

/** HEP_ENOMEM. `out` borrows the study and the references. */
int hep_measure_lesion(struct hep_lesion_measures *out, const struct hep_lesion_study *study,
                       const struct hep_references *references, const struct hep_shells *shells,
                       struct hep_error *err) HEP_MUST_CHECK;

/**
 * ADC of rim and core from the signals R, C at the lowest and highest b with which
 * S = L (1 - r - c) + R r + C c explains the lesion's voxels best; r, c are the shares that the
 * series' own voxels hold of rim and of what lies inside it, L is the ring's median. The standard
 * error is that of the residuals, whose correlation between the two b-values counts.
 * Source:  region-based correction of partial volume, Rousset et al., J Nucl Med 1998;39:904; done
 *          on signals, which mix linearly, where an ADC does not.
 * NaN without a low and a high b, with fewer than four independent voxels, or where the shares are
 * too alike to be told apart. HEP_ENOMEM.
 */
int hep_measure_unmix(struct hep_unmixed *out, const struct hep_lesion_measures *m,
                      const struct hep_shells *shells, struct hep_error *err) HEP_MUST_CHECK;

/** How many voxels of the reference grid one independent voxel of the series fills. */
double hep_measure_voxels_per_sample(const struct hep_lesion_study *study, enum hep_image image);

/** Factor that normalises a phase to muscle, hep_gain_by_muscle(), of this study; NaN without
 * muscle or agent. */
double hep_measure_muscle_gain(const struct hep_lesion_measures *m, enum hep_phase phase);

/** Ring pattern of one phase; all NaN where a series is missing, not comparable or unresolved.
 * HEP_ENOMEM. @param[in] share of the phase's image */
int hep_ring_pattern_of(struct hep_ring_pattern *out, const struct hep_lesion_measures *m,
                        const struct hep_shells *shells, const float *share, enum hep_phase phase,
                        struct hep_error *err) HEP_MUST_CHECK;

/** Set the measures of the dictionary that follow from it. SDR needs the voxels. */
int hep_measures_store(struct hep_measures *f, const struct hep_lesion_measures *m,
                       const struct hep_shells *shells, struct hep_error *err) HEP_MUST_CHECK;

/** Signal of the series at voxel i of the box, moved by the lesion's shift; NaN outside the field
 * of view. */
double hep_measure_signal(const struct hep_lesion_study *study, const struct hep_shells *shells,
                          enum hep_image image, size_t i);

#endif
