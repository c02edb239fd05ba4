#include "cli/commands.h"

#include "base/alloc.h"
#include "base/json.h"
#include "fitting/diffusion_screen.h"
#include "image/mask.h"
#include "image/nifti.h"
#include "cli/fit_io.h"
#include "pipeline/results/fits.h"
#include "pipeline/study.h"
#include "sequences/gradients.h"

#include <math.h>

struct fit_options {
    struct hep_common_options common;
    struct hep_fit_output output;
    const char *dwi, *bvals, *mask, *method, *solver, *rician, *isa;
    double b_min, b_max, b_split, sigma, rise_max, lowest_error_max;
    long nthreads;
    bool robust, fixed_s0, verify;
};

#define S struct fit_options
static const struct hep_option options[] = {
    HEP_OPT(FILE_IN, S, bvals, "bvals", 'b', "FILE", NULL,
            "b-values, one per volume [s/mm2] (required)"),
    HEP_FIT_OUTPUT_OPTIONS(S),
    HEP_OPT(FILE_IN, S, mask, "mask", 'm', "FILE", NULL,
            "fit where it is not 0; on the grid of the data"),
    HEP_OPT(
        TEXT, S, method, "method", 0, "M", NULL,
        "adc: ols, wls, iwls; ivim: nlls, segmented, segmented-fixed-d, sivim, bayes (D* with a "
        "prior learnt from the mask); kurtosis: wls, nlls. Without it iwls and nlls"),
    HEP_OPT(TEXT, S, solver, "solver", 0, "S", "batched",
            "batched (several voxels at a time) or gsl (the reference)"),
    HEP_OPT_NUMBER(
        S, b_min, "b-min", 0, "B", 0, 100000, NULL,
        "lowest b-value that is used; 0 without it. In the body an ADC from 50 on leaves "
        "perfusion out, as hepar run does"),
    HEP_OPT_NUMBER(S, b_max, "b-max", 0, "B", 0, 100000, NULL, "highest b-value that is used"),
    HEP_OPT_NUMBER(S, b_split, "b-split", 0, "B", 0, 100000, NULL,
                   "segmented methods: lowest b-value of the D fit; 200 without it"),
    HEP_OPT_NUMBER(S, sigma, "sigma", 0, "SD", 0, 1e12, NULL,
                   "noise SD of one acquisition; without it estimated from the residuals"),
    HEP_OPT_NUMBER(S, rise_max, "rise-max", 0, "R", 1, 1000, "1.25",
                   "refuse a file whose median signal, in the mask or the body, at one b-value is "
                   "more than this many times that at a lower one"),
    HEP_OPT_NUMBER(
        S, lowest_error_max, "lowest-error-max", 0, "E", 0, 1000, "0.02",
        "ivim: refuse a file whose volumes of the lowest b-value differ so much that the "
        "relative standard error of their mean is larger"),
    HEP_OPT(TEXT, S, rician, "rician", 0, "MODE", "none",
            "noise floor: none, corrected (power subtraction), mean (fit of the Rician mean)"),
    HEP_OPT_FLAG(S, robust, "robust", 0, "reweight against single corrupted volumes"),
    HEP_OPT_FLAG(S, fixed_s0, "fixed-s0", 0, "S0 is the b = 0 signal instead of a free parameter"),
    HEP_OPT_FLAG(S, verify, "verify", 0, "fit with both solvers and print the disagreement"),
    HEP_OPT(
        TEXT, S, isa, "isa", 0, "SET", "auto",
        "instructions of the batched solver: auto, baseline, avx2, avx512; the maps are the same"),
    HEP_OPT_NTHREADS(S),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(FILE_IN, S, dwi, "dwi", "diffusion-weighted NIfTI, 4-D"),
    { 0 },
};

static const struct hep_fit_file adc_files[] = {
    HEP_FIT_FILE("ADC", MM2_PER_S, PARAMETER),
    HEP_FIT_FILE("S0", ARBITRARY, PARAMETER),
    HEP_FIT_FILE("ADC_stderr", MM2_PER_S, ERROR),
    HEP_FIT_FILE("rmse", ARBITRARY, QUALITY),
    HEP_FIT_FILE("R2", FRACTION, QUALITY),
    HEP_FIT_FILE("status", DIMENSIONLESS, QUALITY),
    { 0 },
};
static const struct hep_fit_file ivim_files[] = {
    HEP_FIT_FILE("D", MM2_PER_S, PARAMETER),        HEP_FIT_FILE("f", FRACTION, PARAMETER),
    HEP_FIT_FILE("Dstar", MM2_PER_S, PARAMETER),    HEP_FIT_FILE("S0", ARBITRARY, PARAMETER),
    HEP_FIT_FILE("D_stderr", MM2_PER_S, ERROR),     HEP_FIT_FILE("f_stderr", FRACTION, ERROR),
    HEP_FIT_FILE("Dstar_stderr", MM2_PER_S, ERROR), HEP_FIT_FILE("rmse", ARBITRARY, QUALITY),
    HEP_FIT_FILE("R2", FRACTION, QUALITY),          HEP_FIT_FILE("status", DIMENSIONLESS, QUALITY),
    HEP_FIT_FILE("choice", DIMENSIONLESS, QUALITY), { 0 },
};
static const struct hep_fit_file kurtosis_files[] = {
    HEP_FIT_FILE("D", MM2_PER_S, PARAMETER),
    HEP_FIT_FILE("K", DIMENSIONLESS, PARAMETER),
    HEP_FIT_FILE("S0", ARBITRARY, PARAMETER),
    HEP_FIT_FILE("D_stderr", MM2_PER_S, ERROR),
    HEP_FIT_FILE("K_stderr", DIMENSIONLESS, ERROR),
    HEP_FIT_FILE("rmse", ARBITRARY, QUALITY),
    HEP_FIT_FILE("R2", FRACTION, QUALITY),
    HEP_FIT_FILE("status", DIMENSIONLESS, QUALITY),
    { 0 },
};
#define MAX_FILES 12

static void link_maps(struct hep_diffusion_maps *m, const struct hep_fit_file *files,
                      enum hep_diffusion_model model)
{
    bool adc = model == HEP_DIFFUSION_ADC;

    m->s0 = hep_fit_files_data(files, "S0");
    m->d = hep_fit_files_data(files, adc ? "ADC" : "D");
    m->d_se = hep_fit_files_data(files, adc ? "ADC_stderr" : "D_stderr");
    m->f = hep_fit_files_data(files, "f");
    m->f_se = hep_fit_files_data(files, "f_stderr");
    m->dstar = hep_fit_files_data(files, "Dstar");
    m->dstar_se = hep_fit_files_data(files, "Dstar_stderr");
    m->k = hep_fit_files_data(files, "K");
    m->k_se = hep_fit_files_data(files, "K_stderr");
    m->rmse = hep_fit_files_data(files, "rmse");
    m->r2 = hep_fit_files_data(files, "R2");
    m->status = hep_fit_files_data(files, "status");
    m->choice = hep_fit_files_data(files, "choice");
}

static int usage(const struct fit_options *o, struct hep_error *err)
{
    if (o->bvals == NULL)
        return HEP_FAIL(err, HEP_EUSAGE, "--bvals FILE is needed: one b-value per volume of %s",
                        o->dwi);
    if (o->method != NULL && strcmp(o->method, "bayes") == 0 && o->mask == NULL)
        return HEP_FAIL(err, HEP_EUSAGE,
                        "--method bayes needs --mask: its prior is the distribution of D* in it");
    return HEP_OK;
}

static int settings_from(struct hep_diffusion_settings *s, const struct fit_options *o,
                         enum hep_diffusion_model model, struct hep_error *err)
{
    int rc = HEP_OK;

    hep_diffusion_settings_init(s, model);
    s->fit.nthreads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads();
    s->fit.verify = o->verify;
    s->robust = o->robust;
    s->fixed_s0 = o->fixed_s0;
    s->b_min_s_per_mm2 = isnan(o->b_min) ? 0.0 : o->b_min;
    if (!isnan(o->b_max))
        s->b_max_s_per_mm2 = o->b_max;
    if (!isnan(o->b_split))
        s->b_split_s_per_mm2 = o->b_split;
    if (!isnan(o->sigma))
        s->sigma = o->sigma;
    if (o->method != NULL)
        rc = hep_diffusion_method_parse(&s->method, o->method, err);
    if (rc == HEP_OK)
        rc = hep_fit_solver_parse(&s->fit.solver, o->solver, err);
    if (rc == HEP_OK)
        rc = hep_diffusion_rician_parse(&s->rician, o->rician, err);
    if (rc == HEP_OK)
        rc = hep_fit_isa_parse(&s->fit.isa, o->isa, err);
    if (rc == HEP_EINVAL && err != NULL)
        err->code = HEP_EUSAGE;
    return rc == HEP_EINVAL ? HEP_EUSAGE : rc;
}

static int settle_subset(struct hep_diffusion_settings *s, const struct hep_gradients *g,
                         struct hep_error *err)
{
    struct hep_diffusion_scheme *scheme = hep_calloc(1, sizeof *scheme, err);
    int rc;

    if (scheme == NULL)
        return HEP_ENOMEM;
    rc = hep_diffusion_prepare(scheme, g->b_s_per_mm2, g->n, s, err);
    free(scheme);
    if (rc == HEP_EINVAL && g->n <= HEP_DIFFUSION_MAX_VOLUMES) {
        rc = HEP_EUSAGE; /* options that do not go together */
        if (err != NULL)
            err->code = rc;
    }
    return rc;
}

static void print_report(FILE *out, const struct fit_options *o,
                         const struct hep_diffusion_report *r)
{
    (void)fprintf(out, "%s: %s, %zu b-values: ", o->output.out,
                  hep_diffusion_method_name(r->method), r->n_b);
    hep_fit_print_counts(out, &r->counts);
    if (r->note[0] != '\0')
        (void)fprintf(out, "%s\n", r->note);
    if (r->method == HEP_METHOD_BAYES)
        (void)fprintf(out, "prior of D*: median %.3g mm2/s, SD of ln D* %.2g\n",
                      r->prior_dstar_mm2_per_s, r->prior_log_sd);
    if (o->verify)
        (void)fprintf(out,
                      "verified: %zu of %zu voxels agree within 1/100 of the standard error; worst "
                      "%.3g standard errors\n",
                      r->n_agree, r->n_verified, r->worst_disagreement_se);
}

/* What the volumes say of their b-values, before anything is fitted. Where no mask is given and no
 * body stands out, every voxel counts. */
static int screen_volumes(struct hep_screened *used, struct hep_diffusion_screen *screen,
                          const struct fit_options *o, enum hep_diffusion_model model,
                          const struct hep_diffusion_input *in, const struct hep_volume *dwi,
                          struct hep_cli *cli, struct hep_error *err)
{
    struct hep_diffusion_input region = *in;
    struct hep_labels *body = NULL;
    struct hep_error none = { 0 };
    char text[HEP_SCREEN_TEXT];
    size_t lowest = 0;
    int rc = HEP_OK;

    for (size_t i = 1; i < in->nb; i++)
        lowest = in->b_s_per_mm2[i] < in->b_s_per_mm2[lowest] ? i : lowest;
    if (in->mask == NULL)
        rc = hep_body_mask(&body, dwi, lowest, &none);
    if (rc != HEP_OK && rc != HEP_EDATA)
        return HEP_FAIL(err, none.code, "%s", none.msg);
    if (body != NULL)
        region.mask = body->data;
    rc = hep_diffusion_screen(screen, &region, dwi->grid.n, o->rise_max, err);
    hep_labels_free(body);
    if (rc == HEP_OK && hep_screen_contradicts(text, screen, o->rise_max))
        rc = HEP_FAIL(err, HEP_EDATA, "%s: %s", text, HEP_DIFFUSION_LIKELY_CAUSES);
    if (rc == HEP_OK && model == HEP_DIFFUSION_IVIM && screen->lowest_error > o->lowest_error_max)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "the volumes of the lowest b-value differ: their mean is known to %.1f %%, "
                      "limit %g %%: b-values above 0 stored as 0, or motion",
                      100.0 * screen->lowest_error, 100.0 * o->lowest_error_max);
    if (rc == HEP_OK)
        rc = hep_screen_apply(used, screen, in, err);
    for (size_t i = 0; rc == HEP_OK && i < screen->n_left_out; i++) {
        hep_screen_volume_text(text, &screen->left_out[i]);
        (void)fprintf(cli->out, "%s\n", text);
    }
    if (rc == HEP_OK && screen->n_lost > 0)
        (void)fprintf(cli->out, "%zu of %zu slices of its volumes have lost signal: no weight\n",
                      screen->n_lost, screen->n_slices);
    return rc;
}

static int fit(const struct fit_options *o, const struct hep_volume *dwi,
               const struct hep_gradients *g, enum hep_diffusion_model model,
               const struct hep_fit_file *table, struct hep_cli *cli, struct hep_error *err)
{
    struct hep_fit_file files[MAX_FILES] = { 0 };
    struct hep_diffusion_settings settings;
    struct hep_diffusion_report report = { 0 };
    struct hep_diffusion_maps maps = { 0 };
    struct hep_labels *mask = NULL;
    struct hep_diffusion_facts facts;
    struct hep_diffusion_screen screen = { 0 };
    struct hep_screened used = { 0 };
    struct hep_json *sidecar = NULL;
    struct hep_diffusion_input input = { .signal = dwi->data,
                                         .nvox = hep_grid_voxels(&dwi->grid),
                                         .nb = dwi->nt,
                                         .b_s_per_mm2 = g->b_s_per_mm2 };
    int rc = settings_from(&settings, o, model, err);

    for (size_t i = 0; table[i].name != NULL; i++)
        files[i] = table[i];
    if (rc == HEP_OK)
        rc = hep_fit_files_choose(files, &o->output, err);
    if (rc == HEP_OK)
        rc = hep_fit_keep_inputs(&o->output, files, &o->dwi, 1, err);
    if (rc == HEP_OK)
        rc = settle_subset(&settings, g, err);
    if (rc == HEP_OK)
        rc = hep_fit_mask(&mask, o->mask, &dwi->grid, o->dwi, err);
    if (rc == HEP_OK)
        rc = hep_fit_files_new(files, &dwi->grid, err);
    if (rc != HEP_OK)
        goto out;
    link_maps(&maps, files, model);
    input.mask = mask != NULL ? mask->data : NULL;
    rc = screen_volumes(&used, &screen, o, model, &input, dwi, cli, err);
    if (rc == HEP_OK)
        rc = hep_diffusion_fit(&maps, &report, &used.in, &settings, err);
    if (rc != HEP_OK)
        goto out;
    hep_diffusion_facts_fill(&facts, &report, &settings);
    hep_screen_left_out_text(facts.left_out, sizeof facts.left_out, &screen);
    facts.n_lost = screen.n_lost;
    rc = hep_struct_json(&sidecar, &facts, &hep_diffusion_facts_type, false, err);
    if (rc == HEP_OK)
        rc = hep_fit_write(&o->output, files, sidecar, settings.fit.nthreads, err);
    if (rc == HEP_OK)
        print_report(cli->out, o, &report);
out:
    hep_json_free(sidecar);
    hep_diffusion_screen_release(&screen);
    hep_screened_release(&used);
    hep_fit_files_free(files);
    hep_labels_free(mask);
    return rc;
}

static int run_model(const void *given, enum hep_diffusion_model model,
                     const struct hep_fit_file *table, struct hep_cli *cli, struct hep_error *err)
{
    const struct fit_options *o = given;
    struct hep_volume *dwi = NULL;
    struct hep_gradients g = { 0 };
    int rc = usage(o, err);

    if (rc == HEP_OK)
        rc = hep_fit_read(&dwi, o->dwi, false, cli, err);
    if (rc == HEP_OK)
        rc = hep_gradients_read(&g, o->bvals, NULL, dwi->nt, err);
    if (rc == HEP_OK) {
        rc = fit(o, dwi, &g, model, table, cli, err);
        if (rc == HEP_EDATA)
            (void)hep_error_prefix(err, "%s", o->dwi);
    }
    hep_gradients_release(&g);
    hep_volume_free(dwi);
    return rc;
}

static int run_adc(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    return run_model(given, HEP_DIFFUSION_ADC, adc_files, cli, err);
}

static int run_ivim(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    return run_model(given, HEP_DIFFUSION_IVIM, ivim_files, cli, err);
}

static int run_kurtosis(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    return run_model(given, HEP_DIFFUSION_KURTOSIS, kurtosis_files, cli, err);
}

static const char *const adc_examples[] = {
    "hepar fit adc dwi.nii.gz --bvals dwi.bval -o maps",
    "hepar fit adc dwi.nii.gz --bvals dwi.bval -o adc.nii.gz", NULL
};
const struct hep_command hep_cmd_fit_adc = { "fit adc",
                                             "apparent diffusion coefficient of one file",
                                             "Maps ADC, S0, ADC_stderr, rmse, R2 and status, "
                                             "each with a sidecar that states the "
                                             "b-values used. S = S0 exp(-b ADC).",
                                             options,
                                             positionals,
                                             sizeof(S),
                                             run_adc,
                                             adc_examples };

static const char *const ivim_examples[] = {
    "hepar fit ivim dwi.nii.gz --bvals dwi.bval --mask liver.nii.gz -o maps", NULL
};
const struct hep_command hep_cmd_fit_ivim = {
    "fit ivim",
    "intravoxel incoherent motion: D, f, D*",
    "Maps D, f, Dstar, S0, D_stderr, f_stderr, Dstar_stderr, rmse, R2, status and choice (by "
    "AICc: 1 mono-, 2 "
    "bi-exponential). D* is NaN where f is negligible. S = S0 ((1-f) exp(-b D) + f exp(-b D*)).",
    options,
    positionals,
    sizeof(S),
    run_ivim,
    ivim_examples
};

static const char *const kurtosis_examples[] = {
    "hepar fit kurtosis dwi.nii.gz --bvals dwi.bval -o maps", NULL
};
const struct hep_command hep_cmd_fit_kurtosis = {
    "fit kurtosis",
    "diffusion kurtosis: D and K",
    "Refused below b = 1500 s/mm2, where K cannot be told from noise. Maps D, K, S0, D_stderr, "
    "K_stderr, rmse, R2 and status. ln S = ln S0 - b D + (b D)^2 K / 6.",
    options,
    positionals,
    sizeof(S),
    run_kurtosis,
    kurtosis_examples
};
