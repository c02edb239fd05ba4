#include "pipeline/results/fits.h"

#include "pipeline/results/dwi_order.h"

#include <math.h>

HEP_NAMES(models, hep_diffusion_model, HEP_DIFFUSION_KURTOSIS + 1, hep_diffusion_model_name);
HEP_NAMES(methods, hep_diffusion_method, HEP_METHOD_BAYES + 1, hep_diffusion_method_name);
HEP_NAMES(ricians, hep_diffusion_rician, HEP_RICIAN_MEAN + 1, hep_diffusion_rician_name);
HEP_NAMES(solvers, hep_fit_solver, HEP_SOLVER_GSL + 1, hep_fit_solver_name);
HEP_NAMES(states, hep_fit_status, HEP_FIT_STATUS_COUNT, hep_fit_status_name);
HEP_NAMES(fitted, hep_diffusion_fitted, HEP_FITTED_COUNT, hep_diffusion_fitted_name);
HEP_NAMES(corrections, hep_dualecho_correction, HEP_DUALECHO_CORRECTIONS,
          hep_dualecho_correction_name);

static const char *const b_unit[] = { "s/mm2", NULL };
static const char *const multi_method[] = { "magnitude fit of water, fat and one R2*", NULL };

const char *hep_diffusion_fitted_name(enum hep_diffusion_fitted one)
{
    static const char *const names[] = { "mono", "mono_all", "ivim", "dki" };

    return names[one];
}

const char *hep_dualecho_correction_name(enum hep_dualecho_correction correction)
{
    static const char *const names[] = { "two-point, R2* not corrected",
                                         "two-point with a given R2*",
                                         "two-point with R2* from the third echo",
                                         "water and fat images of the scanner" };

    return names[correction];
}

const char *hep_multiecho_method(void)
{
    return multi_method[0];
}

/* ---- diffusion ------------------------------------------------------------------------------- */

#define PRIOR struct hep_diffusion_prior
static const struct hep_member prior_rows[] = {
    { HEP_IS_NUMBER(PRIOR, dstar_mm2_per_s, "PriorDstarMedian", "mm2/s", "of the prior of D*") },
    { HEP_IS_NUMBER(PRIOR, log_sd, "PriorLnDstarSD", "1", "of the prior of ln D*") },
    { 0 }
};
static const struct hep_struct_type prior_type = HEP_ABSENT_TYPE(PRIOR, prior_rows);

#define CHECK struct hep_diffusion_check
static const struct hep_member check_rows[] = {
    { HEP_IS_COUNT(CHECK, n_verified, "Verified", "voxels that both solvers settled") },
    { HEP_IS_COUNT(CHECK, n_agree, "VerifiedAgree", "voxels in which they agree") },
    { HEP_IS_NUMBER(CHECK, worst_disagreement_se, "WorstDisagreementSE", "1",
                    "largest difference in standard errors") },
    { 0 }
};
static const struct hep_struct_type check_type = HEP_ABSENT_TYPE(CHECK, check_rows);

#define FACTS struct hep_diffusion_facts
static const struct hep_member facts_rows[] = {
    { HEP_IS_ENUM(FACTS, enum hep_diffusion_model, model, "Model", models, "that was fitted") },
    { HEP_IS_ENUM(FACTS, enum hep_diffusion_method, method, "Method", methods, "of the fit") },
    { HEP_IS_ENUM(FACTS, enum hep_fit_solver, solver, "Solver", solvers, "of the fit") },
    { HEP_IS_NUMBER(FACTS, b_s_per_mm2[0], "BValues", "s/mm2", "that were fitted"),
      HEP_COUNTED(FACTS, b_s_per_mm2, n_b) },
    { HEP_IS_COUNT(FACTS, n_averages[0], "Averages", "volumes of each b-value"),
      HEP_COUNTED(FACTS, n_averages, n_b) },
    { HEP_IS_CONSTANT("BValueUnits", b_unit, "of BValues") },
    { HEP_IS_ENUM(FACTS, enum hep_diffusion_rician, rician, "Rician", ricians,
                  "what is done about the noise floor") },
    { HEP_IS_BOOL(FACTS, robust, "Robust", "single corrupted volumes weigh less") },
    { HEP_IS_NUMBER(FACTS, sigma, "NoiseSD", "arbitrary", "of one acquisition") },
    { HEP_IS_STRUCT(FACTS, PRIOR, prior, NULL, prior_type, NULL) },
    { HEP_IS_NUMBER(FACTS, bounds_d[0], "BoundsD", "mm2/s", "of D"), HEP_ARRAY(FACTS, bounds_d),
      .optional = true },
    { HEP_IS_NUMBER(FACTS, bounds_f[0], "BoundsF", "1", "of f"), HEP_ARRAY(FACTS, bounds_f),
      .optional = true },
    { HEP_IS_NUMBER(FACTS, bounds_dstar[0], "BoundsDstar", "mm2/s", "of D*"),
      HEP_ARRAY(FACTS, bounds_dstar), .optional = true },
    { HEP_IS_NUMBER(FACTS, bounds_k[0], "BoundsK", "1", "of K"), HEP_ARRAY(FACTS, bounds_k),
      .optional = true },
    { HEP_IS_COUNT(FACTS, voxels.n[0], "Voxels", "by how their fit ended"),
      HEP_MAP(FACTS, voxels.n, states) },
    { HEP_IS_TEXT(FACTS, note, "Note", "what was left out and why"), .optional = true },
    { HEP_IS_TEXT(FACTS, left_out, "LeftOut", "volumes that are no diffusion-weighted images"),
      .optional = true },
    { HEP_IS_COUNT(FACTS, n_lost, "LostSlices", "slices of single volumes, without weight") },
    { HEP_IS_TEXT(FACTS, sigma_source, "NoiseSource", "where NoiseSD was measured"),
      .optional = true },
    { HEP_IS_STRUCT(FACTS, CHECK, check, NULL, check_type, NULL) },
    { 0 }
};
const struct hep_struct_type hep_diffusion_facts_type = HEP_ABSENT_TYPE(FACTS, facts_rows);

static const struct hep_member diffusion_rows[] = {
    { HEP_IS_STRUCT(struct hep_diffusion_results, FACTS, fit[0], NULL, hep_diffusion_facts_type,
                    "each model"),
      HEP_MAP(struct hep_diffusion_results, fit, fitted) },
    { 0 }
};
const struct hep_struct_type hep_diffusion_type =
    HEP_STRUCT_TYPE(struct hep_diffusion_results, diffusion_rows);

static void set_bounds(double out[2], double lo, double hi)
{
    out[0] = lo;
    out[1] = hi;
}

void hep_diffusion_facts_order(struct hep_diffusion_facts *out, const struct hep_dwi_order *order,
                               const struct hep_diffusion_settings *settings)
{
    (void)memcpy(out->left_out, order->left_out, sizeof out->left_out);
    out->n_lost = order->n_lost;
    if (settings->sigma > 0.0)
        (void)snprintf(out->sigma_source, sizeof out->sigma_source, "%s",
                       hep_noise_source_name(order->source));
}

void hep_diffusion_facts_fill(struct hep_diffusion_facts *out, const struct hep_diffusion_report *r,
                              const struct hep_diffusion_settings *s)
{
    const struct hep_diffusion_bounds *b = &s->bounds;

    hep_struct_init(out, &hep_diffusion_facts_type);
    out->present = true;
    out->model = r->model;
    out->method = r->method;
    out->solver = s->fit.solver;
    out->n_b = r->n_b;
    (void)memcpy(out->b_s_per_mm2, r->b_s_per_mm2, sizeof out->b_s_per_mm2);
    (void)memcpy(out->n_averages, r->n_averages, sizeof out->n_averages);
    out->rician = s->rician;
    out->robust = s->robust;
    out->sigma = r->sigma;
    if (r->method == HEP_METHOD_BAYES)
        out->prior =
            (struct hep_diffusion_prior){ true, r->prior_dstar_mm2_per_s, r->prior_log_sd };
    if (r->model != HEP_DIFFUSION_ADC)
        set_bounds(out->bounds_d, b->d_min, b->d_max);
    if (r->model == HEP_DIFFUSION_IVIM) {
        set_bounds(out->bounds_f, b->f_min, b->f_max);
        set_bounds(out->bounds_dstar, b->dstar_min, b->dstar_max);
    }
    if (r->model == HEP_DIFFUSION_KURTOSIS)
        set_bounds(out->bounds_k, b->k_min, b->k_max);
    out->voxels = r->counts;
    (void)memcpy(out->note, r->note, sizeof out->note);
    if (s->fit.verify)
        out->check = (struct hep_diffusion_check){ true, r->n_verified, r->n_agree,
                                                   r->worst_disagreement_se };
}

/* ---- fat ------------------------------------------------------------------------------------- */

#define SWAP_ROWS(STRUCT)                                                                          \
    { HEP_IS_COUNT(STRUCT, swap.n_voxels, "VoxelsExchanged",                                       \
                   "water and fat exchanged: without a fraction") },                               \
        { HEP_IS_NUMBER(STRUCT, swap.seam_cm2, "ExchangeBorder", "cm2", "where they begin") },     \
    {                                                                                              \
        HEP_IS_NUMBER(STRUCT, swap.skin_fat_frac[0], "SkinFatFraction", "1",                       \
                      "of the tissue under the skin, in both halves"),                             \
            HEP_ARRAY(STRUCT, swap.skin_fat_frac), .optional = true                                \
    }

#define DUAL struct hep_dualecho_facts
static const struct hep_member dual_rows[] = {
    { HEP_IS_ENUM(DUAL, enum hep_dualecho_correction, correction, "Method", corrections,
                  "what is done about R2*") },
    { HEP_IS_NUMBER(DUAL, te_opposed_s, "EchoTimeOpposed", "s", "of the opposed echo"),
      .optional = true },
    { HEP_IS_NUMBER(DUAL, te_in_phase_s, "EchoTimeInPhase", "s", "of the in-phase echo"),
      .optional = true },
    { HEP_IS_NUMBER(DUAL, te_third_s, "EchoTimeThird", "s", "of the third echo"),
      .optional = true },
    { HEP_IS_NUMBER(DUAL, r2star_given_per_s, "R2starGiven", "1/s", "of the settings"),
      .optional = true },
    { HEP_IS_NUMBER(DUAL, field_t, "MagneticFieldStrength", "T", NULL) },
    { HEP_IS_BOOL(DUAL, opposed_is_later, "OpposedIsLater", "than the in-phase echo") },
    { HEP_IS_COUNT(DUAL, voxels.n[0], "Voxels", "by how their fit ended"),
      HEP_MAP(DUAL, voxels.n, states) },
    { HEP_IS_COUNT(DUAL, n_ambiguous, "VoxelsAmbiguous", "that may be of water or fat") },
    { HEP_IS_COUNT(DUAL, n_iron, "VoxelsIronSuspected", "with a high R2*") },
    SWAP_ROWS(DUAL),
    { HEP_IS_NUMBER(DUAL, pair.above_frac, "OpposedAboveFraction", "1",
                    "of the body: the opposed echo exceeds the other by a quarter") },
    { HEP_IS_NUMBER(DUAL, pair.below_frac, "OpposedBelowFraction", "1", "and the reverse") },
    { HEP_IS_NUMBER(DUAL, pair.same_frac, "OpposedSameFraction", "1", "both are the same") },
    { HEP_IS_NUMBER(DUAL, pair.water_ratio, "WaterRatio", "1",
                    "opposed over in-phase signal that a tenth of the body exceeds"),
      .optional = true },
    { HEP_IS_COUNT(DUAL, pair.n, "BodyVoxels", "that these were taken of") },
    { 0 }
};
const struct hep_struct_type hep_dualecho_facts_type = HEP_ABSENT_TYPE(DUAL, dual_rows);

#define MULTI struct hep_multiecho_facts
static const struct hep_member multi_rows[] = {
    { HEP_IS_CONSTANT("Method", multi_method, "of the fit") },
    { HEP_IS_TEXT(MULTI, spectrum, "FatSpectrum", "name of the peaks") },
    { HEP_IS_ENUM(MULTI, enum hep_fit_solver, solver, "Solver", solvers, "of the fit") },
    { HEP_IS_NUMBER(MULTI, te_s[0], "EchoTimes", "s", NULL), HEP_COUNTED(MULTI, te_s, n_echoes) },
    { HEP_IS_NUMBER(MULTI, field_t, "MagneticFieldStrength", "T", NULL) },
    { HEP_IS_NUMBER(MULTI, r2star_max_per_s, "R2starMax", "1/s", "bound of the fit") },
    { HEP_IS_NUMBER(MULTI, sigma, "NoiseSD", "signal", "of one channel, given or measured"),
      .optional = true },
    { HEP_IS_BOOL(MULTI, r2star_alone, "R2starAlone",
                  "the echo times cannot tell water from fat: there is no PDFF") },
    SWAP_ROWS(MULTI),
    { HEP_IS_COUNT(MULTI, n_ambiguous, "VoxelsAmbiguous",
                   "that another fraction fits as well within noise") },
    { HEP_IS_COUNT(MULTI, voxels.n[0], "Voxels", "by how their fit ended"),
      HEP_MAP(MULTI, voxels.n, states) },
    { HEP_IS_COUNT(MULTI, n_to_gsl, "VoxelsBySolverOfLastResort",
                   "that the batched solver did not settle") },
    { HEP_IS_NUMBER(MULTI, misfit.share, "EchoMisfit", "1",
                    "how far the echo that follows the others least lies from their fit, over the "
                    "voxel's largest signal, median of the body") },
    { HEP_IS_NUMBER(MULTI, misfit.te_s, "EchoMisfitTime", "s", "its echo time") },
    { 0 }
};
const struct hep_struct_type hep_multiecho_facts_type = HEP_ABSENT_TYPE(MULTI, multi_rows);

static const struct hep_member fat_rows[] = {
    { HEP_IS_STRUCT(struct hep_fat_results, DUAL, dualecho, "dualecho", hep_dualecho_facts_type,
                    "opposed and in phase") },
    { HEP_IS_STRUCT(struct hep_fat_results, MULTI, multiecho, "multiecho", hep_multiecho_facts_type,
                    "three or more echoes") },
    { 0 }
};
const struct hep_struct_type hep_fat_type = HEP_STRUCT_TYPE(struct hep_fat_results, fat_rows);

struct hep_json *hep_counts_json(struct hep_put *put, const struct hep_fit_counts *counts)
{
    struct hep_json *o = hep_json_new_object();

    for (int i = 0; i < HEP_FIT_STATUS_COUNT; i++)
        hep_put_count(put, o, hep_fit_status_name((enum hep_fit_status)i), counts->n[i]);
    return o;
}
