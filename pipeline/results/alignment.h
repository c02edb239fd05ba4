/**
 * @file  pipeline/results/alignment.h
 * @brief Product "alignment": the reference series, and how each other series reaches it.
 */
#ifndef HEP_PIPELINE_RESULTS_ALIGNMENT_H
#define HEP_PIPELINE_RESULTS_ALIGNMENT_H

#include "image/align_pair.h"
#include "pipeline/run.h"
#include "terms/role.h"

/** Mutual information in the scanner's geometry, after each step, and as accepted. */
struct hep_alignment_metric {
    double before_nat, rigid_nat, deformable_nat, after_nat; /* NaN: not tried */
    double overlap; /* share of the region that both images cover, as accepted */
};

/** Agreement of edges (image/edge_agreement.h), and standard errors of its gain; NaN: not tried. */
struct hep_alignment_edges {
    double before, rigid, rigid_gain_se, deformable, deformable_gain_se;
};

/** One series, or the volumes of one b-value. */
struct hep_alignment_row {
    bool present;
    enum hep_align_method method;
    bool accepted, failed;
    char reason[320];
    double reference_to_series[4][4]; /* world points [mm] */
    double translation_mm[3], rotation_deg, mean_motion_mm, expected_residual_mm;
    struct hep_alignment_metric metric;
    struct hep_alignment_edges edges;
    struct hep_alignment_jacobian {
        bool present;
        struct hep_jacobian of; /* of the displacement */
    } jacobian;
    char displacement[32]; /* product that holds it; empty: none */
    double b_s_per_mm2;    /* NaN for a series */
};

/** What brought the series together. */
enum hep_alignment_engine { HEP_ALIGNMENT_SCANNER, HEP_ALIGNMENT_ELASTIX, HEP_ALIGNMENT_COUNT };

struct hep_alignment {
    enum hep_role reference;
    char *file; /* of the reference series */
    enum hep_alignment_engine engine;
    char *warning; /* why nothing is registered; NULL when it is */
    struct hep_alignment_row series[HEP_ROLE_COUNT];
    struct hep_alignment_row *within_dwi; /* b-values to the lowest one */
    size_t n_within_dwi;
    bool dwi_corrected; /* "dwi_aligned" was made */
};
HEP_PRODUCT(alignment, hep_alignment);

#endif
