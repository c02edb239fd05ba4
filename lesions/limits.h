/**
 * @file  lesions/limits.h
 * @brief Every limit of lesion detection, measurement and flags, with its unit. The defaults and
 * their sources are rows of the settings table; nothing here is compiled in anywhere else.
 *
 * Ratios are pure numbers, relative enhancement and fat fractions are fractions (+20 % is 0.20),
 * diffusivities in mm2/s, lengths in mm.
 */
#ifndef HEP_LESIONS_LIMITS_H
#define HEP_LESIONS_LIMITS_H

#include <stdbool.h>

/** What is known of the patient; chooses the prior probability of a metastasis. */
enum hep_lesion_context { HEP_CONTEXT_UNKNOWN, HEP_CONTEXT_OTHER_CANCER, HEP_CONTEXT_COLORECTAL };

struct hep_lesion_limits {
    /* Restriction against T2 shine-through. */
    double restriction_z_min;               /* robust z of the highest b against the liver ring */
    double restriction_adc_max_mm2_per_s;   /* restricted at or below this ... */
    double restriction_adc_liver_ratio_max; /* ... and at or below this share of the liver's ADC */
    double shine_adc_min_mm2_per_s;
    double shine_adc_liver_ratio_min;

    /* Candidates. */
    double grid_mm;           /* isotropic detection grid */
    double z_window_mm;       /* window of the local robust z */
    long z_passes;            /* later passes leave the candidates of earlier ones out */
    double scale_min_mm;      /* sigma of the smallest Laplacian of Gaussian */
    double scale_max_mm;      /* sigma of the largest */
    long scale_steps;         /* logarithmic */
    double suppression;       /* of r_i + r_j: closer maxima are one */
    double large_diameter_mm; /* beyond this the stable-component search takes over */
    double large_z_min;
    double large_stability_max; /* |dV / V| per level */
    double leak_volume_ratio;   /* region over its seed sphere */
    double leak_border_frac;    /* share of the region on the liver's border */
    double vessel_scale_min_mm, vessel_scale_max_mm;
    double vesselness_max;  /* mean Frangi vesselness of a kept candidate */
    double elongation_max;  /* longest over shortest principal axis, as eigenvalues */
    double vessel_gap_mm;   /* dark spots nearer to a vessel need a second series */
    double diameter_min_mm; /* size floor */
    double score_min;       /* detection strength of a kept candidate */
    double diffuse_z_min;   /* segment-wise alarm for infiltrative disease */

    /* Shells and rings. */
    double rim_depth_frac;               /* rim: relative depth below this */
    double core_depth_frac;              /* core: relative depth above this */
    double shell_mm;                     /* margin of the liver that is not compared with */
    double ring_inner_mm, ring_outer_mm; /* background ring of liver around the lesion */
    double depth_min_voxels; /* on the native grid of the series; less is not assessable */
    long sectors_azimuth, sectors_polar;

    /* Enhancement patterns. */
    double ring_index_min;
    double ring_liver_re_floor; /* lower bound of the divisor of the ring index */
    double ring_cover_min;      /* share of sectors: continuous ring */
    double ring_cover_partial;  /* between this and ring_cover_min: nodular */
    double ring_gap_max;        /* weakest tenth of a rim over its strongest: less is a gap */
    double ring_core_max;       /* enhancement of the core over the rim's: more is no ring */
    double ring_asymmetry_max;  /* beyond it one side gains what the other loses: a shift */
    double nodule_aorta_min;    /* enhancement of peripheral nodules over the aorta's */
    double arterial_ratio_min;  /* lesion over liver, arterial hyperenhancement */
    double hbp_ratio_max;       /* lesion over liver, hepatobiliary hypointensity */
    double t1_bright_ratio_min; /* lesion over liver before contrast */
    double washout_ratio_max;   /* lesion over liver */
    double washout_drop_min;    /* of that ratio since the arterial phase */
    double rim_washout_liver_ratio_max, rim_washout_core_ratio_max, rim_washout_drop_min;
    double washout_re_min;         /* what has not enhanced by this cannot wash out */
    double targetoid_index_min;    /* |TI| */
    double targetoid_contrast_min; /* |rim / core - 1| */
    double blood_pool_tolerance;   /* |lesion / portal vein - 1| */

    /* Fat. */
    double focal_fat_min_frac;    /* lesion minus liver ring */
    double fat_diameter_min_mm;   /* smaller spots of fat or sparing are noise */
    double sparing_min_frac;      /* liver ring minus lesion */
    double sparing_liver_ff_frac; /* sparing is looked for in a liver above this */

    /* Evidence. */
    int context; /* enum hep_lesion_context */
    double prior_colorectal, prior_other_cancer, prior_unknown;
    double
        correlated_weight; /* share of the second largest log-likelihood ratio of one mechanism */
};

#endif
