/* Uptake of the liver from a dynamic series or several phases, and T1 before and after contrast. */
#include "pipeline/stages/stages.h"

#include "base/alloc.h"
#include "contrast/uptake_inlets.h"
#include "contrast/uptake_map.h"
#include "image/stats.h"
#include "pipeline/config/config.h"
#include "pipeline/results/enhancement.h"
#include "pipeline/results/kinetics.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/kinetics_t1.h"
#include "pipeline/stages/map_io.h"
#include "pipeline/stages/regions.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

static const struct hep_slot inputs[] = { HEP_READS_SERIES_4D("dynamic", "xyzt"),
                                          HEP_READS_SERIES("t1_map"),
                                          HEP_READS_SERIES("t1_map_after"),
                                          HEP_READS_SERIES("precontrast"),
                                          HEP_READS_SERIES("arterial"),
                                          HEP_READS_SERIES("portal_venous"),
                                          HEP_READS_SERIES("delayed"),
                                          HEP_READS_SERIES("transitional"),
                                          HEP_READS_SERIES("hepatobiliary"),
                                          HEP_READS_LABELS("liver"),
                                          HEP_READS_LABELS("anatomy"),
                                          HEP_READS_STRUCT("enhancement"),
                                          HEP_READS_ALIGNMENT,
                                          { 0 } };

static const struct hep_slot outputs[] = {
    HEP_MAKES_MAP("khe", HEP_UNIT_PER_S, "anat/%s_desc-uptake_khemap",
                  "uptake rate into hepatocytes, of the model with the lowest AICc in each voxel"),
    HEP_MAKES_ERROR("khe_se", HEP_UNIT_PER_S, "anat/%s_desc-uptake_khestderrmap",
                    "standard error of the uptake rate"),
    HEP_MAKES_MAP("kbh", HEP_UNIT_PER_S, "anat/%s_desc-uptake_kbhmap", "excretion rate into bile"),
    HEP_MAKES_MAP("uptake_ve", HEP_UNIT_FRACTION, "anat/%s_desc-uptake_vemap",
                  "extracellular volume fraction"),
    HEP_MAKES_CODES("uptake_status", "anat/%s_desc-uptake_statusmap",
                    "0 ok, 1 at a bound, 2 not converged, 3 bad input, 255 outside the liver"),
    HEP_MAKES_STRUCT(kinetics, "uptake of the liver, T1 before and after contrast"),
    { 0 }
};
static const char *const map_products[] = { "khe",       "khe_se",        "kbh",
                                            "uptake_ve", "uptake_status", NULL };
static const enum hep_uptake_map map_of[] = { HEP_UPTAKE_MAP_KHE, HEP_UPTAKE_MAP_KHE_SE,
                                              HEP_UPTAKE_MAP_KBH, HEP_UPTAKE_MAP_VE };
enum { N_MAPS = 4 };

#define SET(text, ...) (void)snprintf((text), sizeof(text), __VA_ARGS__)

static void fill_uptake(struct hep_uptake_result *u, const struct hep_uptake_fit *f,
                        const char *model)
{
    static const char *const status[] = { "ok", "at a bound", "not converged" };

    u->present = true;
    SET(u->model, "%s", model);
    SET(u->status, "%s", status[f->status]);
    u->khe_per_s = f->tissue.uptake_per_s;
    u->khe_se_per_s = f->se[HEP_UPTAKE_KI];
    u->kbh_per_s = f->tissue.efflux_per_s;
    u->kbh_se_per_s = f->se[HEP_UPTAKE_KB];
    u->ve = f->tissue.ve;
    u->ve_se = f->se[HEP_UPTAKE_VE];
    u->flow_per_s = f->tissue.flow_per_s;
    u->flow_se_per_s = f->se[HEP_UPTAKE_FLOW];
    u->arterial_frac = f->tissue.arterial_frac;
    u->arterial_frac_se = f->se[HEP_UPTAKE_ARTERIAL_FRAC];
    u->rmse_per_s = f->rmse_per_s;
    u->r2 = f->r2;
    u->aicc = f->aicc;
    u->n = f->n;
}

/* What both ways of measuring uptake need. */
struct uptake_job {
    struct hep_run *run;
    const struct hep_t1_result *t1;
    double blood_before_s, hct;
    struct hep_relaxivity relaxivity;
};

static int relaxivity_of(struct uptake_job *job, const struct hep_series *s, struct hep_error *err)
{
    return hep_agent_relaxivity(&job->relaxivity, hep_run_agent(job->run),
                                hep_kinetics_field(job->run, s), err);
}

/* The phases, each at its time: signals over precontrast become changes of R1. */
static int fit_phases(struct hep_uptake_result *u, char why[192], struct uptake_job *job,
                      const struct hep_enhancement *e, struct hep_error *err)
{
    const struct hep_series *pre = hep_run_series(job->run, "precontrast");
    const struct hep_uptake_bounds bounds = hep_uptake_phase_bounds();
    struct hep_injection injection = hep_injection_default(hep_run_agent(job->run));
    struct hep_inputs *in = NULL;
    struct hep_uptake_fit f;
    double time_s[HEP_PHASE_COUNT + 1] = { 0.0 };
    double y[HEP_PHASE_COUNT + 1] = { 1.0 };
    size_t n = 1;
    int rc;

    for (int p = HEP_PHASE_ARTERIAL; p < HEP_PHASE_COUNT; p++) {
        const double t = e->phase[p].time_s;
        const double re = e->phase[p].relative_enhancement[HEP_ANATOMY_LIVER];

        if (!e->phase[p].present || !isfinite(re) || !(t > time_s[n - 1]))
            continue;
        time_s[n] = t;
        y[n++] = 1.0 + re;
    }
    if (n < 4 || !isfinite(pre->acquisition.tr_s) || !isfinite(pre->acquisition.flip_rad)) {
        (void)snprintf(why, 192,
                       "%zu phases of known time can be compared with precontrast, 3 are needed%s",
                       n - 1, n < 4 ? "" : ", and flip angle and repetition time");
        return HEP_OK;
    }
    injection.hct = job->hct;
    u->relative_enhancement = y[n - 1] - 1.0;
    rc = relaxivity_of(job, pre, err);
    if (rc == HEP_OK)
        rc = hep_inputs_new(&in, &injection, time_s[n - 1], HEP_INPUTS_DT_S, err);
    if (rc == HEP_OK)
        rc = hep_delta_r1_from_signal(y, NULL, y, n, 1, job->t1->before_s, pre->acquisition.tr_s,
                                      pre->acquisition.flip_rad, err);
    if (rc == HEP_OK)
        rc = hep_uptake_fit(&f, in, time_s, y, n, &job->relaxivity, &bounds, err);
    if (rc == HEP_OK) {
        fill_uptake(u, &f, "dual-inlet");
        SET(u->data, "%zu phases", n - 1);
        SET(u->inlets, "population");
        SET(u->caution,
            "two parameters from %zu phases: flow 0.9 /min and arterial fraction 0.2 "
            "are those of a healthy liver, the inlets those of the population at the "
            "agent's dose",
            n - 1);
    } else if (rc == HEP_EDATA) {
        (void)snprintf(why, 192, "%.190s", err->msg);
        *err = (struct hep_error){ 0 };
        rc = HEP_OK;
    }
    hep_inputs_free(in);
    return rc;
}

/* A dynamic series: times from its first volume on, curves of the liver and its inlets. */
struct dynamic {
    const struct hep_series *series;
    const struct hep_volume *data;
    struct hep_labels *anatomy, *liver; /* on its grid; owned */
    double *time_s, *curve[3];          /* liver, aorta, portal vein; owned */
    const float **signal;               /* owned */
    size_t nt, n, n_baseline;
    struct hep_inputs *inputs;
    struct hep_uptake_plan *plan[HEP_UPTAKE_MODELS];
    int model[HEP_UPTAKE_MODELS];
    size_t n_plans;
};

static void release(struct dynamic *d)
{
    hep_labels_free(d->anatomy);
    hep_labels_free(d->liver);
    free(d->time_s);
    for (int i = 0; i < 3; i++)
        free(d->curve[i]);
    free(d->signal);
    hep_inputs_free(d->inputs);
    for (size_t p = 0; p < d->n_plans; p++)
        hep_uptake_plan_free(d->plan[p]);
}

static size_t mean_curve(double *out, const struct dynamic *d, int32_t organ)
{
    size_t n = 0;

    for (size_t t = 0; t < d->nt; t++) {
        double sum = 0.0;

        n = 0;
        for (size_t v = 0; v < d->n; v++) {
            if (d->anatomy->data[v] == organ && isfinite(d->signal[t][v])) {
                sum += (double)d->signal[t][v];
                n++;
            }
        }
        out[t] = n > 0 ? sum / (double)n : (double)NAN;
    }
    return n;
}

/* The phases that were cut out of the series carry its alignment. */
static const char *space_of(const struct hep_run *run, const struct hep_grid *grid)
{
    static const char *const phases[] = { "hepatobiliary", "portal_venous", "delayed",
                                          "transitional",  "arterial",      "precontrast" };

    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        const struct hep_series *s = hep_run_series(run, phases[i]);

        if (s != NULL && s->role == HEP_ROLE_DYNAMIC &&
            hep_grid_same(&s->grid, grid, HEP_GRID_TOL_MM))
            return phases[i];
    }
    return "dynamic";
}

static int open_dynamic(struct dynamic *d, struct hep_run *run, struct hep_error *err)
{
    const struct hep_labels *anatomy = NULL, *liver = NULL;
    int rc = hep_run_volume(run, "dynamic", &d->data, err);

    if (rc == HEP_OK)
        rc = hep_run_labels(run, "anatomy", &anatomy, err);
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "liver", &liver, err);
    if (rc != HEP_OK || d->data == NULL || anatomy == NULL || liver == NULL)
        return rc;
    d->nt = d->data->nt;
    d->n = hep_grid_voxels(&d->data->grid);
    if (HEP_NEW(d->time_s, d->nt, err) != HEP_OK || HEP_NEW(d->signal, d->nt, err) != HEP_OK)
        return HEP_ENOMEM;
    for (int i = 0; rc == HEP_OK && i < 3; i++)
        rc = HEP_NEW(d->curve[i], d->nt, err);
    for (size_t t = 0; rc == HEP_OK && t < d->nt; t++) {
        d->time_s[t] = d->series->frame[t].time_s - d->series->frame[0].time_s;
        d->signal[t] = hep_volume_at(d->data, t);
    }
    if (rc == HEP_OK)
        rc = hep_aligned_labels(&d->anatomy, run, anatomy, hep_reference_name(run),
                                space_of(run, &d->data->grid), &d->data->grid, err);
    if (rc == HEP_OK)
        rc = hep_aligned_labels(&d->liver, run, liver, hep_reference_name(run),
                                space_of(run, &d->data->grid), &d->data->grid, err);
    return rc;
}

/* Why the series cannot be fitted; empty when it can. */
static void check_dynamic(char why[192], struct dynamic *d, const struct hep_run *run)
{
    const long least = hep_run_config(run)->kinetics.min_volumes;
    const struct hep_acquisition *a = &d->series->acquisition;

    why[0] = '\0';
    for (size_t t = 0; t < d->series->nt && why[0] == '\0'; t++) {
        if (!isfinite(d->series->frame[t].time_s) ||
            (t > 0 && d->series->frame[t].time_s <= d->series->frame[t - 1].time_s))
            (void)snprintf(why, 192,
                           "the times of the dynamic series are not known or do not rise");
    }
    if (why[0] == '\0' && d->series->nt < (size_t)least)
        (void)snprintf(why, 192, "the dynamic series has %zu volumes, kinetics.min_volumes is %ld",
                       d->series->nt, least);
    if (why[0] == '\0' && (!isfinite(a->tr_s) || !isfinite(a->flip_rad)))
        (void)snprintf(why, 192, "the dynamic series has no %s",
                       isfinite(a->tr_s) ? "flip angle" : "repetition time");
}

static int make_inlets(struct dynamic *d, struct uptake_job *job, struct hep_error *err)
{
    const struct hep_acquisition *a = &d->series->acquisition;
    const size_t n_aorta = mean_curve(d->curve[1], d, HEP_ANATOMY_AORTA);
    const size_t n_portal = mean_curve(d->curve[2], d, HEP_ANATOMY_PORTAL_VEIN);

    (void)mean_curve(d->curve[0], d, HEP_ANATOMY_LIVER);
    if (n_aorta < HEP_REGION_MIN_VOXELS)
        return HEP_FAIL(err, HEP_EDATA,
                        "the aorta has %zu voxels in the dynamic series, %d are "
                        "needed for the inlet",
                        n_aorta, HEP_REGION_MIN_VOXELS);
    d->n_baseline = hep_baseline_of(d->curve[1], d->nt);
    if (d->n_baseline == 0 || d->n_baseline + HEP_UPTAKE_N + 2 > d->nt)
        return HEP_FAIL(err, HEP_EDATA,
                        "%zu of %zu volumes are before the rise of the aorta: a baseline and %d "
                        "after it are needed",
                        d->n_baseline, d->nt, HEP_UPTAKE_N + 2);
    return hep_inlets_of_vessels(&d->inputs, d->curve[1],
                                 n_portal >= HEP_REGION_MIN_VOXELS ? d->curve[2] : NULL, d->time_s,
                                 d->nt, d->n_baseline, job->blood_before_s, a->tr_s, a->flip_rad,
                                 job->hct, &job->relaxivity, err);
}

static int make_plans(struct dynamic *d, const struct uptake_job *job, struct hep_error *err)
{
    const char *wish = hep_run_config(job->run)->kinetics.model.s;
    int rc = HEP_OK;

    for (int m = 0; rc == HEP_OK && m < HEP_UPTAKE_MODELS; m++) {
        const struct hep_uptake_bounds b = hep_uptake_model_bounds((enum hep_uptake_model)m);

        if (strcmp(wish, hep_uptake_model_names[HEP_UPTAKE_MODELS]) != 0 &&
            strcmp(wish, hep_uptake_model_names[m]) != 0)
            continue;
        rc = hep_uptake_plan_new(&d->plan[d->n_plans], d->inputs, d->time_s, d->nt,
                                 &job->relaxivity, &b, err);
        if (rc == HEP_OK)
            d->model[d->n_plans++] = m;
    }
    return rc;
}

static int fit_curve(struct hep_uptake_result *u, struct dynamic *d, const struct uptake_job *job,
                     struct hep_error *err)
{
    const struct hep_acquisition *a = &d->series->acquisition;
    struct hep_uptake_fit f = { .n = 0 };
    struct hep_patlak line;
    size_t best;
    int rc;

    u->relative_enhancement = hep_last_enhancement(d->curve[0], d->nt, d->n_baseline);
    rc = hep_delta_r1_from_signal(d->curve[0], NULL, d->curve[0], d->nt, d->n_baseline,
                                  job->t1->before_s, a->tr_s, a->flip_rad, err);
    if (rc != HEP_OK)
        return rc;
    best = hep_uptake_choose(&f, (const struct hep_uptake_plan *const *)d->plan, d->n_plans,
                             d->curve[0]);
    if (best == d->n_plans)
        return HEP_FAIL(err, HEP_EDATA, "the liver's curve has too few usable samples");
    hep_patlak(&line, d->inputs, d->time_s, d->curve[0], d->nt, &job->relaxivity);
    fill_uptake(u, &f, hep_uptake_model_names[d->model[best]]);
    u->patlak_per_s = line.uptake_per_s;
    u->patlak_se_per_s = line.uptake_se_per_s;
    SET(u->data, "dynamic series of %zu volumes", d->nt);
    SET(u->inlets, "vessels of the study");
    SET(u->caution, "the volumes of the series are not registered to each other; inflow and "
                    "saturation lower the inlets and raise every rate");
    return HEP_OK;
}

static int put_maps(struct dynamic *d, const struct hep_uptake_result *u,
                    const struct uptake_job *job, struct hep_error *err)
{
    const struct hep_acquisition *a = &d->series->acquisition;
    const struct hep_dynamic data = { d->signal,         d->time_s, d->nt,
                                      d->n_baseline,     d->n,      NULL,
                                      job->t1->before_s, a->tr_s,   a->flip_rad,
                                      d->liver->data };
    struct hep_map maps[N_MAPS + 2] = { { 0 } };
    float *map[HEP_UPTAKE_MAP_COUNT] = { NULL };
    struct hep_volume *status = NULL;
    struct hep_json *sidecar = NULL;
    int rc;

    for (int i = 0; i < N_MAPS; i++)
        maps[i].product = map_products[i];
    rc = hep_maps_new(maps, &d->data->grid, err);
    if (rc == HEP_OK)
        rc = hep_volume_new(&status, &d->data->grid, 1, err);
    for (int i = 0; rc == HEP_OK && i < N_MAPS; i++)
        map[map_of[i]] = maps[i].volume->data;
    if (rc == HEP_OK) {
        map[HEP_UPTAKE_MAP_STATUS] = status->data;
        rc = hep_uptake_volumes(map, NULL, &data, (const struct hep_uptake_plan *const *)d->plan,
                                d->n_plans, d->inputs, &job->relaxivity, hep_run_nthreads(job->run),
                                err);
    }
    if (rc == HEP_OK)
        rc = hep_struct_json(&sidecar, u, &hep_uptake_result_type, false, err);
    if (rc == HEP_OK)
        rc = hep_maps_put(job->run, maps, sidecar, err);
    if (rc == HEP_OK)
        rc = hep_maps_put_status(job->run, "uptake_status", status, sidecar, err);
    hep_json_free(sidecar);
    hep_volume_free(status);
    hep_maps_free(maps);
    return rc;
}

/* @param[out] done whether there are maps */
static int fit_dynamic(bool *done, struct hep_uptake_result *u, char why[192],
                       struct uptake_job *job, struct hep_error *err)
{
    struct dynamic d = { .series = hep_run_series(job->run, "dynamic") };
    int rc = HEP_OK;

    *done = false;
    check_dynamic(why, &d, job->run);
    if (why[0] != '\0')
        return HEP_OK;
    rc = open_dynamic(&d, job->run, err);
    if (rc == HEP_OK && d.liver == NULL)
        (void)snprintf(why, 192, "there is no liver mask");
    if (rc == HEP_OK && d.liver != NULL)
        rc = relaxivity_of(job, d.series, err);
    if (rc == HEP_OK && d.liver != NULL) {
        rc = make_inlets(&d, job, err);
        if (rc == HEP_OK)
            rc = make_plans(&d, job, err);
        if (rc == HEP_OK)
            rc = fit_curve(u, &d, job, err);
        *done = rc == HEP_OK;
        if (rc == HEP_OK)
            rc = put_maps(&d, u, job, err);
        if (rc == HEP_EDATA) { /* what the series cannot give is no failure of the study */
            (void)snprintf(why, 192, "%.190s", err->msg);
            *err = (struct hep_error){ 0 };
            rc = HEP_OK;
        }
    }
    release(&d);
    return rc;
}

static int fit_uptake(bool *maps, struct hep_kinetics *k, struct uptake_job *job,
                      const struct hep_enhancement *e, struct hep_error *err)
{
    char why[192] = "";
    int rc = HEP_OK;

    *maps = false;
    if (hep_run_config(job->run)->kinetics.fit == HEP_FIT_OFF) {
        SET(k->uptake_reason, "kinetics.fit is off");
        return HEP_OK;
    }
    if (hep_run_agent(job->run) == NULL) {
        SET(k->uptake_reason, "no contrast agent is known");
        return HEP_OK;
    }
    if (!(hep_run_agent(job->run)->hepatic_frac.value > 0.0)) {
        SET(k->uptake_reason, "hepatocytes do not take up %s", hep_run_agent(job->run)->name);
        return HEP_OK;
    }
    if (hep_run_series(job->run, "dynamic") != NULL)
        rc = fit_dynamic(maps, &k->uptake, why, job, err);
    if (rc == HEP_OK && !*maps && e != NULL && hep_run_series(job->run, "precontrast") != NULL)
        rc = fit_phases(&k->uptake, k->uptake_reason, job, e, err);
    if (rc == HEP_OK && !k->uptake.present && why[0] != '\0')
        SET(k->uptake_reason, "%s", why);
    else if (rc == HEP_OK && !k->uptake.present && k->uptake_reason[0] == '\0')
        SET(k->uptake_reason, "neither a dynamic series nor phases to compare with precontrast");
    return rc;
}

static int run_kinetics(struct hep_run *run, struct hep_error *err)
{
    const struct hep_cfg_kinetics *cfg = &hep_run_config(run)->kinetics;
    const struct hep_enhancement *e = NULL;
    const struct hep_labels *liver = NULL;
    struct hep_kinetics *k = NULL;
    struct uptake_job job = { .run = run };
    double blood[2];
    bool maps = false;
    int rc = hep_run_enhancement(run, &e, err);

    if (rc == HEP_OK)
        rc = hep_run_labels(run, "liver", &liver, err);
    if (rc != HEP_OK)
        return rc;
    if (liver == NULL || (hep_run_series(run, "t1_map") == NULL && e == NULL &&
                          hep_run_series(run, "dynamic") == NULL)) {
        const char *why =
            liver == NULL ? "there is no liver mask" : "no T1 map and no series after contrast";

        hep_maps_absent(run, map_products, why);
        hep_run_put_absent(run, "kinetics", "%s", why);
        return HEP_OK;
    }
    k = hep_kinetics_new(err);
    if (k == NULL)
        return HEP_ENOMEM;
    rc = hep_kinetics_t1(&k->t1, blood, run, e, err);
    job.t1 = &k->t1;
    job.hct = isfinite(cfg->haematocrit) ? cfg->haematocrit : HEP_HCT_DEFAULT;
    job.blood_before_s =
        isfinite(blood[0])
            ? blood[0]
            : HEP_T1_BLOOD_S(hep_kinetics_field(run, hep_run_series(run, "dynamic")));
    if (rc == HEP_OK)
        rc = fit_uptake(&maps, k, &job, e, err);
    if (rc == HEP_OK && !maps)
        hep_maps_absent(run, map_products,
                        "no dynamic series of enough volumes: maps need one (kinetics)");
    if (rc == HEP_OK)
        return hep_run_put_kinetics(run, k, err);
    hep_struct_release(k, &hep_kinetics_type);
    free(k);
    return rc;
}

static const char *const settings[] = { "outputs.maps", "kinetics.", "agent", "series.", NULL };
static const char *const files[] = { "agents.yml", NULL };

const struct hep_stage hep_stage_kinetics = {
    .name = "kinetics",
    .summary = "Uptake of contrast agent by the liver, and T1 before and after it.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_kinetics,
    .files = files,
};
