/**
 * @file  pipeline/results/fits.h
 * @brief Products "diffusion" and "fat": what a reader of their maps must know to read them, which
 *        is the sidecar of each map too.
 */
#ifndef HEP_PIPELINE_RESULTS_FITS_H
#define HEP_PIPELINE_RESULTS_FITS_H

#include "base/json_put.h"
#include "fitting/diffusion.h"
#include "fitting/dualecho.h"
#include "fitting/echo_pair.h"
#include "fitting/fat_swap.h"
#include "fitting/multiecho.h"
#include "pipeline/config/config.h"
#include "pipeline/run.h"

/* ---- diffusion ------------------------------------------------------------------------------- */

/** Not present unless D* has a prior, or the fit was verified. */
struct hep_diffusion_prior {
    bool present;
    double dstar_mm2_per_s, log_sd;
};
struct hep_diffusion_check {
    bool present;
    size_t n_verified, n_agree;
    double worst_disagreement_se;
};

struct hep_diffusion_facts {
    bool present;
    enum hep_diffusion_model model;
    enum hep_diffusion_method method;
    enum hep_fit_solver solver;
    double b_s_per_mm2[HEP_DIFFUSION_MAX_B];
    size_t n_averages[HEP_DIFFUSION_MAX_B], n_b;
    enum hep_diffusion_rician rician;
    bool robust;
    double sigma;
    struct hep_diffusion_prior prior;
    double bounds_d[2], bounds_f[2], bounds_dstar[2], bounds_k[2]; /* NaN: not of this model */
    struct hep_fit_counts voxels;
    char note[256];
    char left_out[512];    /* volumes that are no diffusion-weighted images */
    size_t n_lost;         /* slices of single volumes without weight */
    char sigma_source[16]; /* empty: from the residuals of this fit */
    struct hep_diffusion_check check;
};
extern const struct hep_struct_type hep_diffusion_facts_type;

enum hep_diffusion_fitted {
    HEP_FITTED_MONO,     /* the preferred b-values */
    HEP_FITTED_MONO_ALL, /* every b-value */
    HEP_FITTED_IVIM,
    HEP_FITTED_DKI,
    HEP_FITTED_COUNT
};
/** "mono", "mono_all", "ivim", "dki". */
const char *hep_diffusion_fitted_name(enum hep_diffusion_fitted fitted);

struct hep_diffusion_results {
    struct hep_diffusion_facts fit[HEP_FITTED_COUNT];
};
HEP_PRODUCT(diffusion, hep_diffusion_results);

void hep_diffusion_facts_fill(struct hep_diffusion_facts *out,
                              const struct hep_diffusion_report *report,
                              const struct hep_diffusion_settings *settings);
struct hep_dwi_order;
/** What was left out before the fit, and where its sigma is from. */
void hep_diffusion_facts_order(struct hep_diffusion_facts *out, const struct hep_dwi_order *order,
                               const struct hep_diffusion_settings *settings);

/* ---- fat ------------------------------------------------------------------------------------- */

enum hep_dualecho_correction {
    HEP_DUALECHO_UNCORRECTED,
    HEP_DUALECHO_GIVEN,     /* R2* of the settings */
    HEP_DUALECHO_THIRD,     /* R2* of a third echo */
    HEP_DUALECHO_WATER_FAT, /* no echoes: the scanner's water and fat images */
    HEP_DUALECHO_CORRECTIONS
};
const char *hep_dualecho_correction_name(enum hep_dualecho_correction correction);

struct hep_dualecho_facts {
    bool present;
    enum hep_dualecho_correction correction;
    double te_opposed_s, te_in_phase_s, te_third_s, r2star_given_per_s; /* NaN: none */
    double field_t;
    bool opposed_is_later;
    struct hep_fit_counts voxels;
    size_t n_ambiguous, n_iron;
    struct hep_swap swap;
    struct hep_echo_pair pair; /* the two images as such */
};
extern const struct hep_struct_type hep_dualecho_facts_type;

struct hep_multiecho_facts {
    bool present;
    char spectrum[HEP_TEXT_MAX];
    enum hep_fit_solver solver;
    double te_s[HEP_MULTIECHO_MAX_ECHOES];
    size_t n_echoes;
    double field_t, r2star_max_per_s, sigma; /* sigma NaN: neither given nor measured */
    struct hep_swap swap;
    bool r2star_alone;
    struct hep_fit_counts voxels;
    size_t n_ambiguous, n_to_gsl;
    struct hep_echo_misfit misfit; /* of the echo that follows the others least */
};
extern const struct hep_struct_type hep_multiecho_facts_type;

struct hep_fat_results {
    struct hep_dualecho_facts dualecho;
    struct hep_multiecho_facts multiecho;
};
HEP_PRODUCT(fat, hep_fat_results);

/** How the voxels of a fit ended. {"ok": n, "at bound": n, ...} */
struct hep_json *hep_counts_json(struct hep_put *put, const struct hep_fit_counts *counts);
/** The method of the multi-echo fit. */
const char *hep_multiecho_method(void);

#endif
