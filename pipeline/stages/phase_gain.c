#include "pipeline/stages/phase_gain.h"

#include "base/alloc.h"
#include "contrast/phase_order.h"
#include "image/air.h"
#include "image/magnitude.h"
#include "image/mask.h"
#include "image/stats.h"
#include "pipeline/config/config.h"
#include "pipeline/stages/aligned.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

#define LIVER_MARGIN_MM 10.0 /* around the liver: breathing that was not corrected */

static struct hep_gain_limits limits_of(const struct hep_cfg_enhancement *cfg)
{
    return (struct hep_gain_limits){ .re = { cfg->gain_muscle_re.lo, cfg->gain_muscle_re.hi },
                                     .equal = { cfg->gain_equal.lo, cfg->gain_equal.hi },
                                     .margin = cfg->gain_margin,
                                     .spread_max = cfg->gain_spread_max,
                                     .body_min_ml = cfg->gain_body_min_ml,
                                     .possible = { cfg->possible_ratio.lo, cfg->possible_ratio.hi },
                                     .impossible_max = cfg->impossible_max,
                                     .correct = cfg->gain_correction };
}

/* Volumes of one file share its scaling. */
static bool from_one_file(const struct hep_series *a, const struct hep_series *b)
{
    return a->n_paths == 1 && b->n_paths == 1 && strcmp(a->path[0], b->path[0]) == 0;
}

/* ---- tissue outside the liver, where muscle was not found ------------------------------------ */

/* On the grid of the precontrast series. */
struct body {
    struct hep_volume *before;
    struct hep_labels *map; /* NULL: not looked for yet */
};

static int take_liver_out(struct hep_labels *map, struct hep_run *run, struct hep_error *err)
{
    const struct hep_labels *liver = NULL;
    struct hep_labels *here = NULL;
    int rc = hep_run_labels(run, "liver", &liver, err);

    if (rc != HEP_OK || liver == NULL)
        return rc;
    rc = hep_aligned_labels(&here, run, liver, hep_reference_name(run), "precontrast", &map->grid,
                            err);
    if (rc == HEP_OK)
        rc = hep_mask_dilate(here, LIVER_MARGIN_MM, hep_run_nthreads(run), err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&map->grid); i++) {
        if (here->data[i] != 0)
            map->data[i] = 0;
    }
    hep_labels_free(here);
    return rc;
}

static int body_find(struct body *b, struct hep_run *run, struct hep_error *err)
{
    const struct hep_volume *pre = NULL;
    struct hep_error none = { 0 };
    double air = (double)INFINITY; /* a constant image holds no body */
    int rc = hep_run_volume(run, "precontrast", &pre, err);
    size_t n;

    if (rc == HEP_OK)
        rc =
            hep_aligned_volume(&b->before, run, pre, "precontrast", "precontrast", &pre->grid, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&b->map, &b->before->grid, err);
    if (rc != HEP_OK)
        return rc;
    n = hep_grid_voxels(&b->before->grid);
    rc = hep_otsu_tissue(&air, NULL, b->before->data, n, &none);
    if (rc != HEP_OK && rc != HEP_EDATA)
        return hep_fail(err, (enum hep_status)rc, __func__, "%s", none.msg);
    for (size_t i = 0; i < n; i++)
        b->map->data[i] = (double)b->before->data[i] > air;
    return take_liver_out(b->map, run, err);
}

/* Sigma of the air of a series as it was acquired; NaN where it tells nothing. */
static int noise_of(double *sigma, struct hep_run *run, const char *series, struct hep_error *err)
{
    const struct hep_volume *v = NULL;
    struct hep_labels *body = NULL;
    struct hep_error none = { 0 };
    float *work = NULL;
    int rc = hep_run_volume(run, series, &v, err);

    *sigma = (double)NAN;
    if (rc == HEP_OK)
        rc = HEP_NEW(work, hep_grid_voxels(&v->grid), err);
    if (rc == HEP_OK)
        rc = hep_body_mask(&body, v, 0, &none);
    if (rc == HEP_OK)
        *sigma = hep_air_sigma(v->data, body->data, work, hep_grid_voxels(&v->grid), 1);
    else if (none.code == HEP_EDATA)
        rc = HEP_OK;
    else if (none.code != HEP_OK)
        rc = HEP_FAIL(err, none.code, "%s", none.msg);
    free(work);
    hep_labels_free(body);
    return rc;
}

static int body_measure(struct hep_gain_evidence *e, const struct body *b, struct hep_run *run,
                        const char *series, struct hep_error *err)
{
    const struct hep_volume *v = NULL;
    struct hep_volume *after = NULL;
    double before = (double)NAN, noise = (double)NAN;
    int rc = hep_run_volume(run, series, &v, err);

    if (rc == HEP_OK)
        rc = hep_aligned_volume(&after, run, v, series, "precontrast", &b->before->grid, err);
    if (rc == HEP_OK)
        rc = hep_gain_body_ratio(&e->body_ratio, &e->body_voxels, b->before, after, b->map, err);
    if (rc == HEP_OK)
        rc = noise_of(&before, run, "precontrast", err);
    if (rc == HEP_OK)
        rc = noise_of(&noise, run, series, err);
    e->noise_ratio = noise / before > 0.0 ? noise / before : 0.0;
    e->body_ml = (double)e->body_voxels * hep_grid_voxel_mm3(&b->before->grid) / 1000.0;
    hep_volume_free(after);
    return rc;
}

/* ---- signal that is not the liver's ---------------------------------------------------------- */

/* The liver without what breathing may move out of it, on the grid of the precontrast series; NULL
 * without a liver. */
static int core_find(struct hep_labels **out, struct hep_run *run, const struct hep_grid *grid,
                     struct hep_error *err)
{
    const struct hep_labels *liver = NULL;
    int rc = hep_run_labels(run, "liver", &liver, err);

    if (rc != HEP_OK || liver == NULL)
        return rc;
    rc = hep_aligned_labels(out, run, liver, hep_reference_name(run), "precontrast", grid, err);
    return rc == HEP_OK ? hep_mask_erode(*out, LIVER_MARGIN_MM, hep_run_nthreads(run), err) : rc;
}

static int check_signal(struct hep_gain *gain, struct hep_run *run, const struct hep_labels *core,
                        const char *series, struct hep_error *err)
{
    const struct hep_gain_limits limits = limits_of(&hep_run_config(run)->enhancement);
    const struct hep_volume *pre = NULL, *v = NULL;
    struct hep_volume *before = NULL, *after = NULL;
    int rc = hep_run_volume(run, "precontrast", &pre, err);

    if (rc == HEP_OK)
        rc = hep_run_volume(run, series, &v, err);
    if (rc == HEP_OK)
        rc = hep_aligned_volume(&before, run, pre, "precontrast", "precontrast", &core->grid, err);
    if (rc == HEP_OK)
        rc = hep_aligned_volume(&after, run, v, series, "precontrast", &core->grid, err);
    if (rc == HEP_OK)
        hep_gain_check_signal(gain, before, after, core, &limits);
    hep_volume_free(before);
    hep_volume_free(after);
    return rc;
}

static int check_slices(struct hep_gain *gain, struct hep_run *run, const char *series,
                        struct hep_error *err)
{
    const struct hep_volume *pre = NULL, *v = NULL;
    int rc = hep_run_volume(run, "precontrast", &pre, err);

    if (rc == HEP_OK)
        rc = hep_run_volume(run, series, &v, err);
    if (rc == HEP_OK)
        hep_gain_check_slices(gain, pre, v);
    return rc;
}

/* Median fat fraction of the liver; NaN where it is not known. */
static int fat_of_liver(double *fat_frac, struct hep_run *run, struct hep_error *err)
{
    const struct hep_volume *ff = NULL;
    const struct hep_labels *liver = NULL;
    struct hep_stats stats;
    int rc = hep_run_volume(run, "ff", &ff, err);

    *fat_frac = (double)NAN;
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "liver", &liver, err);
    if (rc != HEP_OK || ff == NULL || liver == NULL)
        return rc;
    rc = hep_map_stats(&stats, run, ff, hep_fat_series(run), liver, hep_reference_name(run), -1,
                       err);
    if (rc == HEP_OK)
        *fat_frac = stats.median;
    return rc;
}

static bool has_agent_before(char reason[320], const struct hep_regions *before, double fat_frac)
{
    static const enum hep_anatomy of[HEP_GAIN_VESSELS] = { HEP_ANATOMY_AORTA,
                                                           HEP_ANATOMY_PORTAL_VEIN, HEP_ANATOMY_IVC,
                                                           HEP_ANATOMY_HEPATIC_VEINS };
    static const char *const name[HEP_GAIN_VESSELS] = { "aorta", "portal vein",
                                                        "inferior vena cava", "hepatic veins" };
    double vessel[HEP_GAIN_VESSELS];

    for (int v = 0; v < HEP_GAIN_VESSELS; v++)
        vessel[v] = before->median[of[v]];
    return hep_gain_agent_before(reason, before->median[HEP_ANATOMY_LIVER], fat_frac, vessel, name);
}

static int judge_phase(struct hep_gain *gain, struct hep_run *run, struct body *body,
                       const struct hep_regions *before, const struct hep_regions *after,
                       enum hep_phase phase, struct hep_error *err)
{
    const char *series = hep_phase_name(phase);
    const struct hep_gain_limits limits = limits_of(&hep_run_config(run)->enhancement);
    struct hep_gain_evidence e = {
        .muscle_before = before->muscle,
        .muscle_after = after->muscle,
        .one_series =
            from_one_file(hep_run_series(run, "precontrast"), hep_run_series(run, series)),
        .body_ratio = (double)NAN,
    };
    int rc = HEP_OK;

    hep_gain_judge(gain, hep_run_agent(run), phase, &e, &limits);
    if (gain->basis != HEP_GAIN_FROM_NOTHING)
        return HEP_OK;
    if (body->map == NULL)
        rc = body_find(body, run, err);
    if (rc == HEP_OK)
        rc = body_measure(&e, body, run, series, err);
    if (rc == HEP_OK)
        hep_gain_judge(gain, hep_run_agent(run), phase, &e, &limits);
    return rc;
}

struct hep_gain hep_gain_none(void)
{
    return (struct hep_gain){ .state = HEP_GAIN_NOT_ASSESSABLE,
                              .factor = 1.0,
                              .ratio = (double)NAN,
                              .ratio_se = (double)NAN,
                              .re = (double)NAN,
                              .expected = { (double)NAN, (double)NAN },
                              .spread = (double)NAN };
}

/* Normalised values have no zero, so that no ratio of them is one of signals. */
static int check_magnitude(char reason[HEP_NO_MAGNITUDE_REASON], struct hep_run *run,
                           const char *series, struct hep_error *err)
{
    const struct hep_volume *v = NULL;
    int rc = hep_run_volume(run, series, &v, err);

    reason[0] = '\0';
    if (rc == HEP_OK && v != NULL)
        (void)hep_is_no_magnitude(reason, v->data, &v->grid);
    return rc;
}

/* Phases that do not follow each other as an agent makes them. */
static void check_order(struct hep_gain *gain, const struct hep_regions *regions,
                        const struct hep_cfg_enhancement *cfg)
{
    struct hep_order_signals signals[HEP_PHASE_COUNT];
    char reason[HEP_PHASE_COUNT][HEP_ORDER_REASON];

    for (int p = 0; p < HEP_PHASE_COUNT; p++) {
        const double *median = regions[p].median;
        const double factor = p == HEP_PHASE_PRECONTRAST ? 1.0
                              : hep_gain_known(&gain[p]) ? gain[p].factor
                                                         : (double)NAN;

        signals[p] = (struct hep_order_signals){ factor * median[HEP_ANATOMY_LIVER],
                                                 factor * median[HEP_ANATOMY_AORTA],
                                                 factor * regions[p].muscle.median };
    }
    hep_phase_order_judge(reason, signals, cfg->gain_margin, cfg->aorta_margin);
    for (int p = HEP_PHASE_ARTERIAL; p < HEP_PHASE_COUNT; p++) {
        if (reason[p][0] == '\0' || !hep_gain_known(&gain[p]))
            continue;
        gain[p].state = HEP_GAIN_NOT_ASSESSABLE;
        (void)snprintf(gain[p].reason, sizeof gain[p].reason, "%s", reason[p]);
    }
}

/* One phase against the series before contrast. */
static int judge_one(struct hep_gain *gain, struct hep_run *run, struct body *body,
                     const struct hep_labels *core, const struct hep_regions *regions,
                     enum hep_phase phase, struct hep_error *err)
{
    const char *series = hep_phase_name(phase);
    char no_magnitude[HEP_NO_MAGNITUDE_REASON];
    int rc = check_magnitude(no_magnitude, run, series, err);

    if (rc == HEP_OK && no_magnitude[0] != '\0') {
        (void)snprintf(gain->reason, sizeof gain->reason, "%s", no_magnitude);
        return HEP_OK;
    }
    if (rc == HEP_OK)
        rc = judge_phase(gain, run, body, &regions[HEP_PHASE_PRECONTRAST], &regions[phase], phase,
                         err);
    if (rc == HEP_OK && core != NULL && hep_gain_known(gain))
        rc = check_signal(gain, run, core, series, err);
    if (rc == HEP_OK && hep_gain_known(gain))
        rc = check_slices(gain, run, series, err);
    return rc;
}

/* Why nothing can be compared with the series before contrast; empty when it can. */
static int judge_before(char reason[320], struct hep_run *run, const struct hep_regions *before,
                        struct hep_error *err)
{
    char no_magnitude[HEP_NO_MAGNITUDE_REASON];
    double fat_frac;
    int rc = fat_of_liver(&fat_frac, run, err);

    reason[0] = '\0';
    if (rc == HEP_OK)
        rc = check_magnitude(no_magnitude, run, "precontrast", err);
    if (rc == HEP_OK && no_magnitude[0] != '\0')
        (void)snprintf(reason, 320, "the series before contrast: %s", no_magnitude);
    else if (rc == HEP_OK && !has_agent_before(reason, before, fat_frac))
        reason[0] = '\0';
    return rc;
}

static int judge_all(struct hep_gain *gain, struct hep_run *run, const struct hep_regions *regions,
                     struct hep_error *err)
{
    const struct hep_gain_limits limits = limits_of(&hep_run_config(run)->enhancement);
    struct body body = { 0 };
    struct hep_labels *core = NULL;
    char useless[320];
    int rc = judge_before(useless, run, &regions[HEP_PHASE_PRECONTRAST], err);

    if (rc == HEP_OK)
        rc = core_find(&core, run, &hep_run_series(run, "precontrast")->grid, err);
    for (int p = HEP_PHASE_PRECONTRAST + 1; rc == HEP_OK && p < HEP_PHASE_COUNT; p++) {
        if (hep_run_series(run, hep_phase_name((enum hep_phase)p)) == NULL)
            continue;
        if (useless[0] != '\0')
            (void)memcpy(gain[p].reason, useless, sizeof gain[p].reason);
        else
            rc = judge_one(&gain[p], run, &body, core, regions, (enum hep_phase)p, err);
    }
    if (rc == HEP_OK && limits.correct)
        check_order(gain, regions, &hep_run_config(run)->enhancement);
    hep_volume_free(body.before);
    hep_labels_free(body.map);
    hep_labels_free(core);
    return rc;
}

int hep_phase_gains_find(struct hep_gain *gain, struct hep_run *run,
                         const struct hep_regions *regions, struct hep_error *err)
{
    const bool known = hep_run_series(run, "precontrast") != NULL;

    for (int p = 0; p < HEP_PHASE_COUNT; p++) {
        gain[p] = hep_gain_none();
        if (!known && p != HEP_PHASE_PRECONTRAST &&
            hep_run_series(run, hep_phase_name((enum hep_phase)p)) != NULL)
            (void)snprintf(gain[p].reason, sizeof gain[p].reason,
                           "the study has no precontrast series");
    }
    return known ? judge_all(gain, run, regions, err) : HEP_OK;
}
