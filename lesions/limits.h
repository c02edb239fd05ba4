/**
 * @file  lesions/limits.h
 * @brief Every limit of lesion detection and measurement, with its unit, and those of flags. The
 * defaults and their sources are rows of the settings table, of flags in terms/flag_limits.def.
 *
 * Ratios are pure numbers, relative enhancement and fat fractions are fractions (+20 % is 0.20),
 * diffusivities in mm2/s, lengths in mm.
 */
#ifndef HEP_LESIONS_LIMITS_H
#define HEP_LESIONS_LIMITS_H

#include "terms/flag_limits.h"

#include <stdbool.h>

/** What is known of the patient; chooses the prior probability of a metastasis. */
enum hep_lesion_context { HEP_CONTEXT_UNKNOWN, HEP_CONTEXT_OTHER_CANCER, HEP_CONTEXT_COLORECTAL };

struct hep_lesion_limits {
    struct hep_flag_limits flag;

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

    /* Fat. */
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
