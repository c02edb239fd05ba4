#include "pipeline/stages/stages.h"

#include "base/alloc.h"
#include "image/mask.h"
#include "pipeline/adc_subset.h"
#include "pipeline/config/config.h"
#include "pipeline/results/dwi_order.h"
#include "pipeline/results/fits.h"
#include "pipeline/stages/map_io.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

static const struct hep_slot inputs[] = { HEP_READS_SERIES_4D("dwi", "xyzb"),
                                          HEP_SLOT("dwi_aligned", HEP_SLOT_VOLUME, "xyzb",
                                                   HEP_UNIT_ARBITRARY, ),
                                          { 0 } };

#define MM2S HEP_UNIT_MM2_PER_S
#define ONE HEP_UNIT_FRACTION
#define SIGNAL HEP_UNIT_ARBITRARY

static const struct hep_slot outputs[] = {
    HEP_MAKES_MAP("adc", MM2S, "dwi/%s_desc-mono_ADC",
                  "apparent diffusion coefficient of the stated b-values"),
    HEP_MAKES_ERROR("adc_se", MM2S, "dwi/%s_desc-mono_ADCstderrmap", "standard error of the ADC"),
    HEP_MAKES_QUALITY("adc_rmse", SIGNAL, "dwi/%s_desc-mono_rmsemap", "root mean square residual"),
    HEP_MAKES_CODES("adc_status", "dwi/%s_desc-mono_statusmap", "status of each voxel's fit"),
    HEP_MAKES_MAP("adc_all", MM2S, "dwi/%s_desc-monoall_ADC",
                  "ADC over every b-value, perfusion included"),
    HEP_MAKES_MAP("ivim_d", MM2S, "dwi/%s_desc-ivim_Dmap", "IVIM diffusion coefficient"),
    HEP_MAKES_MAP("ivim_f", ONE, "dwi/%s_desc-ivim_fmap", "IVIM perfusion fraction"),
    HEP_MAKES_MAP("ivim_dstar", MM2S, "dwi/%s_desc-ivim_Dstarmap",
                  "IVIM pseudo-diffusion coefficient; NaN where f is negligible"),
    HEP_MAKES_ERROR("ivim_d_se", MM2S, "dwi/%s_desc-ivim_Dstderrmap", "standard error of D"),
    HEP_MAKES_ERROR("ivim_f_se", ONE, "dwi/%s_desc-ivim_fstderrmap", "standard error of f"),
    HEP_MAKES_ERROR("ivim_dstar_se", MM2S, "dwi/%s_desc-ivim_Dstarstderrmap",
                    "standard error of D*"),
    HEP_MAKES_QUALITY("ivim_rmse", SIGNAL, "dwi/%s_desc-ivim_rmsemap", "root mean square residual"),
    HEP_MAKES_QUALITY("ivim_r2", ONE, "dwi/%s_desc-ivim_R2map",
                      "share of the signal's variance that the fit explains"),
    HEP_MAKES_CODES("ivim_status", "dwi/%s_desc-ivim_statusmap", "status of each voxel's fit"),
    HEP_MAKES_CODES("ivim_choice", "dwi/%s_desc-ivim_choicemap",
                    "model with the smaller AICc: 1 mono-, 2 bi-exponential"),
    HEP_MAKES_MAP("dki_d", MM2S, "dwi/%s_desc-dki_Dmap",
                  "diffusion coefficient of the kurtosis model"),
    HEP_MAKES_MAP("dki_k", ONE, "dwi/%s_desc-dki_Kmap", "kurtosis"),
    HEP_MAKES_ERROR("dki_d_se", MM2S, "dwi/%s_desc-dki_Dstderrmap", "standard error of D"),
    HEP_MAKES_ERROR("dki_k_se", ONE, "dwi/%s_desc-dki_Kstderrmap", "standard error of K"),
    HEP_MAKES_QUALITY("dki_rmse", SIGNAL, "dwi/%s_desc-dki_rmsemap", "root mean square residual"),
    HEP_MAKES_CODES("dki_status", "dwi/%s_desc-dki_statusmap", "status of each voxel's fit"),
    HEP_MAKES_STRUCT(diffusion, "b-values, methods and fit quality of each model"),
    HEP_MAKES_STRUCT(dwi_order, "whether the body's signal falls with b, as diffusion makes it"),
    { 0 }
};

/* Which product takes which map of one model; NULL where it is not kept. */
struct model_row {
    enum hep_diffusion_model model;
    enum hep_diffusion_fitted name; /* in the results */
    const char *d, *f, *dstar, *k, *d_se, *f_se, *dstar_se, *k_se, *rmse, *r2, *status, *choice;
};

static const struct model_row rows[] = {
    { .model = HEP_DIFFUSION_ADC,
      .name = HEP_FITTED_MONO,
      .d = "adc",
      .d_se = "adc_se",
      .rmse = "adc_rmse",
      .status = "adc_status" },
    { .model = HEP_DIFFUSION_ADC, .name = HEP_FITTED_MONO_ALL, .d = "adc_all" },
    { .model = HEP_DIFFUSION_IVIM,
      .name = HEP_FITTED_IVIM,
      .d = "ivim_d",
      .f = "ivim_f",
      .dstar = "ivim_dstar",
      .d_se = "ivim_d_se",
      .f_se = "ivim_f_se",
      .dstar_se = "ivim_dstar_se",
      .rmse = "ivim_rmse",
      .r2 = "ivim_r2",
      .status = "ivim_status",
      .choice = "ivim_choice" },
    { .model = HEP_DIFFUSION_KURTOSIS,
      .name = HEP_FITTED_DKI,
      .d = "dki_d",
      .k = "dki_k",
      .d_se = "dki_d_se",
      .k_se = "dki_k_se",
      .rmse = "dki_rmse",
      .status = "dki_status" },
};

#define MAX_MAPS 14

/* The running stage's inputs, the same for every model. */
struct job {
    struct hep_run *run;
    const struct hep_volume *dwi;
    const struct hep_series *series;
    const struct hep_labels *body;
    struct hep_diffusion_results *results;
    struct hep_screened used;          /* the series without what is left out and lost */
    double *sigma;                     /* of each of its volumes */
    const struct hep_dwi_order *order; /* what is known of it; the run's */
};

static void add_map(struct hep_map *maps, size_t *n, const struct hep_run *run, const char *product)
{
    if (product != NULL && hep_run_wants(run, product))
        maps[(*n)++].product = product;
}

static void list_maps(struct hep_map *maps, const struct hep_run *run, const struct model_row *row)
{
    size_t n = 0;

    add_map(maps, &n, run, row->d);
    add_map(maps, &n, run, row->f);
    add_map(maps, &n, run, row->dstar);
    add_map(maps, &n, run, row->k);
    add_map(maps, &n, run, row->d_se);
    add_map(maps, &n, run, row->f_se);
    add_map(maps, &n, run, row->dstar_se);
    add_map(maps, &n, run, row->k_se);
    add_map(maps, &n, run, row->rmse);
    add_map(maps, &n, run, row->r2);
}

static float *map_data(const struct hep_map *maps, const char *product)
{
    return product != NULL ? hep_maps_data(maps, product) : NULL;
}

static void absent(struct hep_run *run, const struct model_row *row, const char *reason)
{
    const char *const all[] = { row->d,    row->f,    row->dstar,    row->k,
                                row->d_se, row->f_se, row->dstar_se, row->k_se,
                                row->rmse, row->r2,   row->status,   row->choice };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i] != NULL)
            hep_run_put_absent(run, all[i], "%s", reason);
    }
}

static int save(struct job *j, const struct model_row *row, struct hep_map *maps,
                const struct hep_volume *status, const struct hep_volume *choice,
                struct hep_json *sidecar, struct hep_error *err)
{
    int rc = hep_maps_put(j->run, maps, sidecar, err);

    if (rc == HEP_OK && row->status != NULL)
        rc = hep_maps_put_status(j->run, row->status, status, sidecar, err);
    if (rc == HEP_OK && row->choice != NULL) {
        struct hep_labels *codes = NULL;
        struct hep_json *own = NULL;

        rc = hep_sidecar_copy(&own, sidecar, err);
        if (rc == HEP_OK && (rc = hep_labels_from_volume(&codes, choice, err)) != HEP_OK)
            hep_json_free(own);
        if (rc == HEP_OK)
            rc = hep_run_put_labels(j->run, row->choice, codes, own, err);
    }
    return rc;
}

static int fit(struct hep_diffusion_report *report, const struct job *j,
               const struct model_row *row, const struct hep_map *maps, struct hep_volume *status,
               struct hep_volume *choice, const struct hep_diffusion_settings *settings,
               struct hep_error *err)
{
    struct hep_diffusion_maps out = {
        .d = map_data(maps, row->d),
        .f = map_data(maps, row->f),
        .dstar = map_data(maps, row->dstar),
        .k = map_data(maps, row->k),
        .d_se = map_data(maps, row->d_se),
        .f_se = map_data(maps, row->f_se),
        .dstar_se = map_data(maps, row->dstar_se),
        .k_se = map_data(maps, row->k_se),
        .rmse = map_data(maps, row->rmse),
        .r2 = map_data(maps, row->r2),
        .status = status != NULL ? status->data : NULL,
        .choice = choice != NULL ? choice->data : NULL,
    };

    return hep_diffusion_fit(&out, report, &j->used.in, settings, err);
}

static int fit_and_save(struct job *j, const struct model_row *row,
                        const struct hep_diffusion_settings *settings, struct hep_error *err)
{
    struct hep_map maps[MAX_MAPS] = { { 0 } };
    struct hep_volume *status = NULL, *choice = NULL;
    struct hep_diffusion_report report = { 0 };
    struct hep_diffusion_facts *facts;
    struct hep_json *json = NULL;
    int rc;

    list_maps(maps, j->run, row);
    rc = hep_maps_new(maps, &j->dwi->grid, err);
    if (rc == HEP_OK && row->status != NULL)
        rc = hep_volume_new(&status, &j->dwi->grid, 1, err);
    if (rc == HEP_OK && row->choice != NULL)
        rc = hep_volume_new(&choice, &j->dwi->grid, 1, err);
    if (rc == HEP_OK)
        rc = fit(&report, j, row, maps, status, choice, settings, err);
    if (rc != HEP_OK)
        goto out;
    hep_maps_blank(maps, j->body);
    facts = &j->results->fit[row->name];
    hep_diffusion_facts_fill(facts, &report, settings);
    hep_diffusion_facts_order(facts, j->order, settings);
    rc = hep_struct_json(&json, facts, &hep_diffusion_facts_type, false, err);
    if (rc == HEP_OK)
        rc = save(j, row, maps, status, choice, json, err);
out:
    hep_json_free(json);
    hep_maps_free(maps);
    hep_volume_free(status);
    hep_volume_free(choice);
    return rc;
}

static int wish_of(const struct hep_config *cfg, enum hep_diffusion_model model)
{
    return model == HEP_DIFFUSION_IVIM       ? cfg->diffusion.ivim
           : model == HEP_DIFFUSION_KURTOSIS ? cfg->diffusion.kurtosis
                                             : (int)HEP_FIT_AUTO;
}

static bool has_steps(const struct hep_diffusion_settings *s)
{
    return s->method == HEP_METHOD_SEGMENTED || s->method == HEP_METHOD_SEGMENTED_FIXED_D ||
           s->method == HEP_METHOD_BAYES;
}

/* Where slices were lost, parts of others may be: single volumes that do not fit weigh less. */
static void settle_robust(struct hep_diffusion_settings *settings, const struct job *j)
{
    if (j->order->n_lost > 0 && j->used.in.nb <= HEP_DIFFUSION_MAX_B && !settings->fixed_s0 &&
        !has_steps(settings))
        settings->robust = true;
}

/* The largest sigma of the volumes of a b-value. */
static double sigma_at(const struct job *j, double b_s_per_mm2)
{
    double most = 0.0;

    for (size_t i = 0; i < j->used.in.nb; i++)
        if (fabs(j->used.in.b_s_per_mm2[i] - b_s_per_mm2) <= HEP_SHELL_TOL_S_PER_MM2)
            most = fmax(most, j->sigma[i]);
    return most;
}

/* The Rician mean where the noise floor lifts the signal of the highest b-value; the ADC then has
 * no closed form. */
static int settle_floor(struct hep_diffusion_settings *settings, const struct job *j,
                        const struct hep_diffusion_scheme *scheme, struct hep_error *err)
{
    const bool automatic = strcmp(hep_run_config(j->run)->diffusion.rician.s, "auto") == 0;
    double sigma, signal = (double)NAN, highest = scheme->b_s_per_mm2[scheme->n_b - 1];
    int rc;

    if (!automatic || !(j->order->sigma > 0.0) || has_steps(settings) ||
        (settings->model == HEP_DIFFUSION_KURTOSIS && settings->method == HEP_METHOD_WLS))
        return HEP_OK;
    rc = hep_diffusion_signal_at(&signal, &j->used.in, j->dwi->grid.n, highest, err);
    sigma = sigma_at(j, highest);
    if (rc != HEP_OK || !(signal < HEP_NOISE_FLOOR_SNR * sigma))
        return rc;
    settings->rician = HEP_RICIAN_MEAN;
    settings->sigma = j->order->sigma;
    settings->sigma_of_volume = j->sigma;
    if (settings->model == HEP_DIFFUSION_ADC) {
        settings->model = HEP_DIFFUSION_MONO;
        settings->method = HEP_METHOD_DEFAULT;
    }
    if (j->order->contradicts)
        return HEP_OK;
    hep_log_write(hep_run_log(j->run), HEP_LOG_INFO, "noise-floor",
                  "%s: median signal %.3g at b = %g s/mm2 is %.1f sigma (%s): the Rician mean is "
                  "fitted",
                  j->series->name, signal, highest, signal / sigma,
                  hep_noise_source_name(j->order->source));
    return HEP_OK;
}

/* Why a model is not asked for at all; NULL when it is. */
static const char *unwanted(char text[HEP_SCREEN_TEXT], const struct job *j,
                            const struct model_row *row)
{
    const double limit = hep_run_config(j->run)->diffusion.lowest_error_max;

    if (wish_of(hep_run_config(j->run), row->model) == HEP_FIT_OFF)
        return "switched off in the settings";
    if (row->model != HEP_DIFFUSION_IVIM || !(j->order->lowest_error > limit))
        return NULL;
    (void)snprintf(
        text, HEP_SCREEN_TEXT,
        "the volumes of the lowest b-value differ: their mean is known to %.1f %%, limit "
        "%g %%: b-values above 0 stored as 0, or motion",
        100.0 * j->order->lowest_error, 100.0 * limit);
    hep_log_write(hep_run_log(j->run), HEP_LOG_WARNING, "lowest-b",
                  "%s: IVIM is not assessable: %s", j->series->name, text);
    return text;
}

static int settle(struct hep_diffusion_settings *settings, struct hep_diffusion_scheme *scheme,
                  const struct job *j, const struct model_row *row, struct hep_error *err)
{
    bool widened = false;
    int rc;

    if (row->name == HEP_FITTED_MONO_ALL)
        settings->b_min_s_per_mm2 = 0.0;
    rc = hep_prepare_subset(scheme, &widened, j->used.in.b_s_per_mm2, j->used.in.nb, settings, err);
    if (widened)
        hep_log_write(hep_run_log(j->run), HEP_LOG_WARNING, "adc-subset",
                      "%s: fewer than two b-values in the preferred subset: the ADC is of all "
                      "b-values and includes perfusion",
                      j->series->name);
    if (rc == HEP_OK)
        settle_robust(settings, j);
    return rc == HEP_OK ? settle_floor(settings, j, scheme, err) : rc;
}

/* One model: made, not measured outside the body, or absent with the reason. Only an explicit "on"
 * turns what the b-values do not allow into a failure. */
static int run_model(struct job *j, const struct model_row *row, struct hep_error *err)
{
    const struct hep_config *cfg = hep_run_config(j->run);
    struct hep_diffusion_settings settings;
    struct hep_diffusion_scheme *scheme = hep_calloc(1, sizeof *scheme, err);
    struct hep_error refused = { 0 };
    char text[HEP_SCREEN_TEXT];
    const char *reason = unwanted(text, j, row);
    int rc;

    if (scheme == NULL)
        return HEP_ENOMEM;
    if (reason != NULL) {
        absent(j->run, row, reason);
        rc = HEP_OK;
        goto out;
    }
    rc = hep_config_diffusion(&settings, cfg, row->model, err);
    if (rc != HEP_OK)
        goto out;
    settings.fit.nthreads = hep_run_nthreads(j->run);
    rc = settle(&settings, scheme, j, row, &refused);
    if (rc == HEP_OK) {
        rc = fit_and_save(j, row, &settings, err);
    } else if (rc == HEP_EDATA && wish_of(cfg, row->model) != HEP_FIT_ON &&
               row->model != HEP_DIFFUSION_ADC) {
        absent(j->run, row, refused.msg);
        hep_log_write(hep_run_log(j->run), HEP_LOG_INFO, "not-assessable", "%s: %s",
                      hep_diffusion_fitted_name(row->name), refused.msg);
        rc = HEP_OK;
    } else {
        (void)HEP_FAIL(err, refused.code, "%s: %s: %s", j->series->name,
                       hep_diffusion_fitted_name(row->name), refused.msg);
    }
out:
    free(scheme);
    return rc;
}

/* Volumes that were brought to b = 0, where any of them moved. */
static int prefer_aligned(const struct hep_volume **dwi, struct hep_run *run, struct hep_error *err)
{
    const struct hep_volume *aligned = NULL;
    int rc = hep_run_volume(run, "dwi_aligned", &aligned, err);

    if (rc == HEP_OK && aligned != NULL)
        *dwi = aligned;
    return rc;
}

static void all_absent(struct hep_run *run, const char *reason)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        absent(run, &rows[i], reason);
    hep_run_put_absent(run, "diffusion", "%s", reason);
    hep_run_put_absent(run, "dwi_order", "%s", reason);
}

/* Where the lowest b shows the body. */
static int find_body(struct hep_labels **body, const struct job *j, struct hep_error *err)
{
    const double *b = j->series->gradients.b_s_per_mm2;
    size_t lowest = 0;
    int rc;

    for (size_t i = 1; i < j->dwi->nt; i++) {
        if (b[i] < b[lowest])
            lowest = i;
    }
    rc = hep_body_mask(body, j->dwi, lowest, err);
    if (rc == HEP_OK || rc == HEP_ENOMEM)
        return rc;
    (void)hep_error_prefix(err, "%s: volume %zu shows no body", j->series->name, lowest);
    return hep_run_leave_out(j->run, "dwi", err);
}

/* What is left out, in the log and in one text. */
static void tell_screen(struct hep_dwi_order *order, const struct job *j,
                        const struct hep_diffusion_screen *screen)
{
    char text[HEP_SCREEN_TEXT];

    for (size_t i = 0; i < screen->n_left_out; i++) {
        hep_screen_volume_text(text, &screen->left_out[i]);
        hep_log_write(hep_run_log(j->run), HEP_LOG_WARNING, "volume-left-out", "%s: %s",
                      j->series->name, text);
    }
    hep_screen_left_out_text(order->left_out, sizeof order->left_out, screen);
    if (screen->n_lost > 0)
        hep_log_write(hep_run_log(j->run), HEP_LOG_WARNING, "slices-lost",
                      "%s: %zu of %zu slices of its volumes have lost signal: they have no weight",
                      j->series->name, screen->n_lost, screen->n_slices);
}

/* The noise of the series; a sigma that cannot be had is NaN. */
static int measure_noise(struct hep_dwi_order *order, struct job *j, struct hep_error *err)
{
    struct hep_diffusion_settings settings;
    struct hep_diffusion_noise noise;
    int rc = hep_config_diffusion(&settings, hep_run_config(j->run), HEP_DIFFUSION_ADC, err);

    settings.fit.nthreads = hep_run_nthreads(j->run);
    if (rc == HEP_OK)
        rc = HEP_NEW(j->sigma, j->used.in.nb, err);
    if (rc == HEP_OK)
        rc = hep_diffusion_noise(&noise, j->sigma, &j->used.in, j->dwi->grid.n, &settings, err);
    if (rc == HEP_OK) {
        order->sigma_least = noise.sigma > 0.0 ? noise.least : (double)NAN;
        order->sigma_most = noise.sigma > 0.0 ? noise.most : (double)NAN;
        order->sigma = noise.sigma > 0.0 ? noise.sigma : (double)NAN;
        order->source = noise.source;
        order->background_cut = noise.background_cut;
    }
    return rc;
}

static int fill_order(struct hep_dwi_order *order, struct job *j,
                      const struct hep_diffusion_input *in, struct hep_diffusion_screen *screen,
                      struct hep_error *err)
{
    int rc;

    order->limit = hep_run_config(j->run)->diffusion.rise_max;
    rc = hep_diffusion_screen(screen, in, j->dwi->grid.n, order->limit, err);
    if (rc != HEP_OK)
        return rc;
    order->rise = screen->rise;
    order->decay_mm2_per_s = screen->decay_mm2_per_s;
    order->n_lost = screen->n_lost;
    order->n_left_out = screen->n_left_out;
    for (size_t i = 0; i < screen->n_left_out; i++)
        order->left_out_volume[i] = screen->left_out[i].volume;
    order->n_slices = screen->n_slices;
    order->lowest_error = screen->lowest_error;
    order->contradicts = hep_screen_contradicts(order->evidence, screen, order->limit);
    if (!order->contradicts)
        hep_diffusion_rise_text(order->evidence, sizeof order->evidence, &order->rise,
                                order->limit);
    tell_screen(order, j, screen);
    rc = hep_screen_apply(&j->used, screen, in, err);
    return rc == HEP_OK ? measure_noise(order, j, err) : rc;
}

/* Whether the volumes are what their b-values say; what follows from a contradiction is the liver
 * stage's to decide, which knows the liver's ADC as well. */
static int put_order(struct job *j, struct hep_error *err)
{
    const struct hep_diffusion_input in = { .signal = j->dwi->data,
                                            .nvox = hep_grid_voxels(&j->dwi->grid),
                                            .nb = j->dwi->nt,
                                            .b_s_per_mm2 = j->series->gradients.b_s_per_mm2,
                                            .mask = j->body->data };
    struct hep_diffusion_screen screen = { 0 };
    struct hep_dwi_order *order = hep_dwi_order_new(err);
    int rc = order == NULL ? HEP_ENOMEM : fill_order(order, j, &in, &screen, err);

    hep_diffusion_screen_release(&screen);
    if (rc != HEP_OK) {
        free(order);
        return rc;
    }
    j->order = order;
    return hep_run_put_dwi_order(j->run, order, err);
}

static int fit_models(struct job *j, struct hep_error *err)
{
    int rc = HEP_OK;

    if ((j->results = hep_diffusion_new(err)) == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < sizeof rows / sizeof rows[0]; i++)
        rc = run_model(j, &rows[i], err);
    if (rc == HEP_OK)
        return hep_run_put_diffusion(j->run, j->results, err);
    hep_struct_release(j->results, &hep_diffusion_type);
    free(j->results);
    return rc;
}

static int run_diffusion(struct hep_run *run, struct hep_error *err)
{
    struct job j = { .run = run, .series = hep_run_series(run, "dwi") };
    struct hep_labels *body = NULL;
    int rc = hep_run_volume(run, "dwi", &j.dwi, err);

    if (rc == HEP_OK && j.dwi != NULL)
        rc = prefer_aligned(&j.dwi, run, err);
    if (rc != HEP_OK)
        return rc;
    if (j.dwi == NULL) {
        all_absent(run, hep_run_reason(run, "dwi"));
        return HEP_OK;
    }
    if (j.series->gradients.n != j.dwi->nt)
        return HEP_FAIL(err, HEP_EDATA, "%s: %zu volumes but %zu b-values", j.series->name,
                        j.dwi->nt, j.series->gradients.n);
    rc = find_body(&body, &j, err);
    j.body = body;
    if (rc == HEP_OK)
        rc = put_order(&j, err);
    if (rc == HEP_OK)
        rc = fit_models(&j, err);
    hep_screened_release(&j.used);
    free(j.sigma);
    hep_labels_free(body);
    return rc;
}

static const char *const settings[] = { "outputs.maps", "diffusion.", NULL };

const struct hep_stage hep_stage_diffusion = {
    .name = "diffusion",
    .typical_share = 5,
    .summary = "Fits ADC, IVIM and kurtosis to the diffusion series.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_diffusion,
};
