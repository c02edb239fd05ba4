/**
 * @file  lesions/measure.h
 * @brief What is measured of a lesion, each with its standard error: every image in whole, rim,
 * core and the liver beside it, and the patterns that flags are judged by.
 *
 * Model:   one way: the box (lesions/shells.h), the parts by all series (lesions/parts.h), the
 *          signal of each part in each series (lesions/series.h), and from those what follows here.
 *          Whole: mean of the parts by volume. Ratios, enhancements and ADCs follow from signals,
 *          their errors by the delta method; where two series are compared the noise that both
 *          share, as texture, counts with the correlation of the liver's residuals.
 *          ADC of a part: ln(S_low / S_high) / (b_high - b_low) of its signals, since signals mix
 *          linearly and an ADC does not. Receive fields cancel in lesion over ring; lesion over
 *          portal vein is compared as (lesion / ring) / (portal vein / liver beside it).
 *          Ring of a phase: with RE = (S - S_pre) / S_pre, after the gain that makes muscle enhance
 *          as it should, index = (RE_rim - RE_core) / max(RE_liver, floor). Sectors are those of
 *          the outer layer of the lesion, freed of liver and of what lies deeper; the index of one
 *          is drawn to the rim's own as far as its noise leaves it unknown, and it counts as
 *          covered with the probability that it exceeds the limit and half the whole rim's.
 *          Asymmetry is three times the length of the sectors' mean of index times direction, over
 *          their mean index: 0 for a closed ring, 1.5 for half of one, larger where one side gains
 *          what the other loses, as after a shift. Local reliability of a difference: exp(-|grad S|
 *          sigma_shift / sigma_n). Signal loss at high b by heart motion multiplies lesion and ring
 *          alike and so adds the same to both ADCs: what the ring exceeds the whole liver by
 *          (beyond 5 %) is taken off.
 * Source:  Rousset, Ma and Evans, J Nucl Med 1998;39:904 (partial volume); Jha et al., Magn Reson
 *          Med 2016;76:1 (ADC of a lesion by maximum likelihood); Huang et al., Magn Reson Med
 *          2015;73:1891 (fractions of a lesion in relaxometry); Kwee et al., JMRI 2009;30:1027
 *          (left-lobe signal loss)
 */
#ifndef HEP_LESIONS_MEASURE_H
#define HEP_LESIONS_MEASURE_H

#include "lesions/shells.h"
#include "terms/finding.h"

struct hep_parts;      /* lesions/series.h */
struct hep_series_set; /* the same */

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
    double median, mad; /* whole: of its voxels. Rim, core: signal of the part, spread of its
                           residuals. Ring: the liver beside it; noise and texture */
    size_t n;
    double se; /* of `median`; of the whole: of `lesion` below */
};

struct hep_image_stats {
    struct hep_zone_stats zone[HEP_SHELL_COUNT];
    double cov[HEP_SHELL_COUNT][HEP_SHELL_COUNT]; /* of lesion, rim, core, ring */
    double lesion, lesion_se; /* mean of the parts by volume, and its standard error */
    double share_max;         /* largest lesion share of one voxel */
    bool resolved;            /* rim and core have values */
};

struct hep_ring_pattern {
    double re_rim, re_core, re_liver;
    double index, cover, asymmetry, reliability;
    double gap; /* index of the weakest tenth of the sectors over that of the strongest */
    double rim_over_aorta; /* the same against the aorta, of covered sectors */
    double re_rim_se, re_core_se, index_se, cover_se;
};

/** A measured number and its standard error. */
struct hep_estimate_se {
    double value, se;
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
    double pool_bright[HEP_PHASE_COUNT];  /* its brightest part over portal vein */
    double adc, adc_se, adc_liver, adc_rim, adc_core, /* mm2/s; after local correction */
        adc_rim_se, adc_core_se;
    double adc_local_excess;
    double b_high_z, b_high_z_rim, b_high_z_core;
    double targetoid[HEP_IMAGE_COUNT]; /* (rim - core) / pooled SD */

    size_t n_parts; /* that the images tell apart; with 1, rim and core are layers by depth */
    double ratio_se[HEP_PHASE_COUNT], re_se[HEP_PHASE_COUNT], pool_se[HEP_PHASE_COUNT],
        pool_bright_se[HEP_PHASE_COUNT];
    struct hep_estimate_se rim_over_liver[HEP_IMAGE_COUNT], rim_over_core[HEP_IMAGE_COUNT];
    double adc_liver_se;
    double adc_lowest, adc_lowest_se, b_high_z_lowest; /* of the part, or the whole, that is most
                                                          surely restricted: least ADC + SE */
};

/** Signal of one zone over another's in an image, by the delta method; NaN without either. */
struct hep_estimate_se hep_zone_ratio(const struct hep_image_stats *s, enum hep_shell a,
                                      enum hep_shell b);

/** Standard error of ln(x / y) of two series whose noise correlates. */
double hep_log_ratio_se(double x, double x_se, double y, double y_se, double correlation);

/** HEP_ENOMEM. `out` borrows the study and the references. */
int hep_measure_lesion(struct hep_lesion_measures *out, const struct hep_lesion_study *study,
                       const struct hep_references *references, const struct hep_shells *shells,
                       const struct hep_series_set *series, const struct hep_parts *parts,
                       struct hep_error *err) HEP_MUST_CHECK;

/** Factor that normalises a phase to muscle, hep_gain_by_muscle(), of this study; NaN without
 * muscle or agent. */
double hep_measure_muscle_gain(const struct hep_lesion_measures *m, enum hep_phase phase);

/** Ring pattern of one phase; NaN where a series is missing or not comparable. HEP_ENOMEM. */
int hep_ring_pattern_of(struct hep_ring_pattern *out, const struct hep_lesion_measures *m,
                        const struct hep_shells *shells, const struct hep_series_set *series,
                        enum hep_phase phase, struct hep_error *err) HEP_MUST_CHECK;

/** Set the measures of the dictionary that follow from it. SDR needs the voxels. */
int hep_measures_store(struct hep_measures *f, const struct hep_lesion_measures *m,
                       const struct hep_shells *shells, const struct hep_series_set *series,
                       struct hep_error *err) HEP_MUST_CHECK;

#endif
