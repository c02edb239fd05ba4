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
    HEP_MAKES_MAP("adc_se", MM2S, "dwi/%s_desc-mono_ADCstderrmap", "standard error of the ADC"),
    HEP_MAKES_MAP("adc_rmse", SIGNAL, "dwi/%s_desc-mono_rmsemap", "root mean square residual"),
    HEP_MAKES_LABELS("adc_status", "dwi/%s_desc-mono_statusmap", "status of each voxel's fit"),
    HEP_MAKES_MAP("adc_all", MM2S, "dwi/%s_desc-monoall_ADC",
                  "ADC over every b-value, perfusion included"),
    HEP_MAKES_MAP("ivim_d", MM2S, "dwi/%s_desc-ivim_Dmap", "IVIM diffusion coefficient"),
    HEP_MAKES_MAP("ivim_f", ONE, "dwi/%s_desc-ivim_fmap", "IVIM perfusion fraction"),
    HEP_MAKES_MAP("ivim_dstar", MM2S, "dwi/%s_desc-ivim_Dstarmap",
                  "IVIM pseudo-diffusion coefficient; NaN where f is negligible"),
    HEP_MAKES_MAP("ivim_d_se", MM2S, "dwi/%s_desc-ivim_Dstderrmap", "standard error of D"),
    HEP_MAKES_MAP("ivim_f_se", ONE, "dwi/%s_desc-ivim_fstderrmap", "standard error of f"),
    HEP_MAKES_MAP("ivim_dstar_se", MM2S, "dwi/%s_desc-ivim_Dstarstderrmap", "standard error of D*"),
    HEP_MAKES_MAP("ivim_rmse", SIGNAL, "dwi/%s_desc-ivim_rmsemap", "root mean square residual"),
    HEP_MAKES_MAP("ivim_r2", ONE, "dwi/%s_desc-ivim_R2map",
                  "share of the signal's variance that the fit explains"),
    HEP_MAKES_LABELS("ivim_status", "dwi/%s_desc-ivim_statusmap", "status of each voxel's fit"),
    HEP_MAKES_LABELS("ivim_choice", "dwi/%s_desc-ivim_choicemap",
                     "model with the smaller AICc: 1 mono-, 2 bi-exponential"),
    HEP_MAKES_MAP("dki_d", MM2S, "dwi/%s_desc-dki_Dmap",
                  "diffusion coefficient of the kurtosis model"),
    HEP_MAKES_MAP("dki_k", ONE, "dwi/%s_desc-dki_Kmap", "kurtosis"),
    HEP_MAKES_MAP("dki_d_se", MM2S, "dwi/%s_desc-dki_Dstderrmap", "standard error of D"),
    HEP_MAKES_MAP("dki_k_se", ONE, "dwi/%s_desc-dki_Kstderrmap", "standard error of K"),
    HEP_MAKES_MAP("dki_rmse", SIGNAL, "dwi/%s_desc-dki_rmsemap", "root mean square residual"),
    HEP_MAKES_LABELS("dki_status", "dwi/%s_desc-dki_statusmap", "status of each voxel's fit"),
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
};

static void add_map(struct hep_map *maps, size_t *n, const char *product)
{
    if (product != NULL)
        maps[(*n)++].product = product;
}

static void list_maps(struct hep_map *maps, const struct model_row *row)
{
    size_t n = 0;

    add_map(maps, &n, row->d);
    add_map(maps, &n, row->f);
    add_map(maps, &n, row->dstar);
    add_map(maps, &n, row->k);
    add_map(maps, &n, row->d_se);
    add_map(maps, &n, row->f_se);
    add_map(maps, &n, row->dstar_se);
    add_map(maps, &n, row->k_se);
    add_map(maps, &n, row->rmse);
    add_map(maps, &n, row->r2);
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

        rc = hep_labels_from_volume(&codes, choice, err);
        if (rc == HEP_OK)
            rc = hep_run_put_labels(j->run, row->choice, codes, hep_json_copy(sidecar), err);
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
    struct hep_diffusion_input input = { .signal = j->dwi->data,
                                         .nvox = hep_grid_voxels(&j->dwi->grid),
                                         .nb = j->dwi->nt,
                                         .b_s_per_mm2 = j->series->gradients.b_s_per_mm2,
                                         .mask = j->body->data };

    return hep_diffusion_fit(&out, report, &input, settings, err);
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

    list_maps(maps, row);
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

/* One model: made, not measured outside the body, or absent with the reason. Only an explicit "on"
 * turns what the b-values do not allow into a failure. */
static int run_model(struct job *j, const struct model_row *row, struct hep_error *err)
{
    const struct hep_config *cfg = hep_run_config(j->run);
    struct hep_diffusion_settings settings;
    struct hep_diffusion_scheme *scheme = hep_calloc(1, sizeof *scheme, err);
    struct hep_error refused = { 0 };
    bool widened = false;
    int rc, wish = wish_of(cfg, row->model);

    if (scheme == NULL)
        return HEP_ENOMEM;
    if (wish == HEP_FIT_OFF) {
        absent(j->run, row, "switched off in the settings");
        rc = HEP_OK;
        goto out;
    }
    rc = hep_config_diffusion(&settings, cfg, row->model, err);
    if (rc != HEP_OK)
        goto out;
    settings.fit.nthreads = hep_run_nthreads(j->run);
    if (row->name == HEP_FITTED_MONO_ALL)
        settings.b_min_s_per_mm2 = 0.0;
    rc = hep_prepare_subset(scheme, &widened, j->series->gradients.b_s_per_mm2, j->dwi->nt,
                            &settings, &refused);
    if (widened)
        hep_log_write(hep_run_log(j->run), HEP_LOG_WARNING, "adc-subset",
                      "%s: fewer than two b-values in the preferred subset: the ADC is of all "
                      "b-values and includes perfusion",
                      j->series->name);
    if (rc == HEP_OK) {
        rc = fit_and_save(j, row, &settings, err);
    } else if (rc == HEP_EDATA && wish != HEP_FIT_ON && row->model != HEP_DIFFUSION_ADC) {
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

/* Whether the signals of the body contradict the b-values; what follows from it is the liver
 * stage's to decide, which knows the liver's ADC as well. */
static int put_order(const struct job *j, struct hep_error *err)
{
    const struct hep_diffusion_input in = { .signal = j->dwi->data,
                                            .nvox = hep_grid_voxels(&j->dwi->grid),
                                            .nb = j->dwi->nt,
                                            .b_s_per_mm2 = j->series->gradients.b_s_per_mm2,
                                            .mask = j->body->data };
    struct hep_dwi_order *order = hep_dwi_order_new(err);
    int rc;

    if (order == NULL)
        return HEP_ENOMEM;
    order->limit = hep_run_config(j->run)->diffusion.rise_max;
    rc = hep_diffusion_rise_of(&order->rise, &in, err);
    if (rc != HEP_OK) {
        free(order);
        return rc;
    }
    order->contradicts = hep_diffusion_rise_contradicts(&order->rise, order->limit);
    hep_diffusion_rise_text(order->evidence, sizeof order->evidence, &order->rise, order->limit);
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
    hep_labels_free(body);
    return rc;
}

static const char *const settings[] = { "diffusion.", NULL };

const struct hep_stage hep_stage_diffusion = {
    .name = "diffusion",
    .summary = "Fits ADC, IVIM and kurtosis to the diffusion series.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_diffusion,
};
