/* Signs of diffuse disease of the liver, each with its number, limit and reason. */
#include "pipeline/stages/stages.h"

#include "fitting/iron.h"
#include "image/mask.h"
#include "image/stats.h"
#include "pipeline/config/config.h"
#include "pipeline/results/findings.h"
#include "pipeline/results/liver_quality.h"
#include "pipeline/results/parenchyma.h"
#include "pipeline/results/plausibility.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/regions.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

static const struct hep_slot inputs[] = { HEP_READS_SERIES("opposed"),
                                          HEP_READS_SERIES_4D("echoes", "xyze"),
                                          HEP_READS_SERIES("precontrast"),
                                          HEP_READS_SERIES("hepatobiliary"),
                                          HEP_READS_SERIES("labels"),
                                          HEP_READS_MAP("ff", HEP_UNIT_FRACTION),
                                          HEP_READS_MAP("pdff", HEP_UNIT_FRACTION),
                                          HEP_READS_MAP("r2star", HEP_UNIT_PER_S),
                                          HEP_READS_LABELS("liver"),
                                          HEP_READS_LABELS("anatomy"),
                                          HEP_READS_LABELS("lesions"),
                                          HEP_READS_STRUCT("findings"),
                                          HEP_READS_STRUCT("liver_quality"),
                                          HEP_READS_STRUCT("plausibility"),
                                          HEP_READS_ALIGNMENT,
                                          { 0 } };

static const struct hep_slot outputs[] = {
    HEP_MAKES_STRUCT(parenchyma, "signs of diffuse disease, three states each"), { 0 }
};

struct job {
    struct hep_run *run;
    const struct hep_liver_settings *settings;
    const struct hep_labels *liver, *anatomy, *lesions; /* borrowed; the last two may be NULL */
    struct hep_diffuse_judgement sign[HEP_DIFFUSE_COUNT];
};

/* Median of a map over the liver; NaN when the map is absent. */
static int median_of(double *median, struct job *j, const char *product, struct hep_error *err)
{
    const struct hep_volume *map = NULL;
    struct hep_stats s;
    int rc = hep_run_volume(j->run, product, &map, err);

    *median = (double)NAN;
    if (rc == HEP_OK && map != NULL) {
        rc = hep_map_stats(&s, j->run, map, hep_fat_series(j->run), j->liver,
                           hep_reference_name(j->run), -1, err);
        *median = rc == HEP_OK ? s.median : (double)NAN;
    }
    return rc;
}

static int judge_fat(struct job *j, struct hep_error *err)
{
    double pdff, ff;
    int rc = median_of(&pdff, j, "pdff", err);

    if (rc == HEP_OK)
        rc = median_of(&ff, j, "ff", err);
    if (rc == HEP_OK)
        hep_diffuse_steatosis(&j->sign[HEP_DIFFUSE_STEATOSIS], pdff, ff,
                              hep_run_reason(j->run, "ff"), j->settings);
    return rc;
}

/* Iron by R2* where it was measured, else by the signals that the liver stage compared. */
static int judge_iron(struct job *j, struct hep_error *err)
{
    const struct hep_series *echoes = hep_run_series(j->run, "echoes");
    const struct hep_iron_calibration *c = NULL;
    const struct hep_plausibility *p = NULL;
    struct hep_error none = { 0 };
    const double field = hep_run_inventory(j->run)->field_t;
    double r2star, value = (double)NAN, upper = (double)NAN;
    int rc = median_of(&r2star, j, "r2star", err);

    if (rc == HEP_OK)
        rc = hep_run_plausibility(j->run, &p, err);
    if (rc != HEP_OK)
        return rc;
    if (hep_iron_for_field(&c, field, &none) != HEP_OK) {
        hep_diffuse_unknown(&j->sign[HEP_DIFFUSE_IRON], none.msg);
    } else if (isfinite(r2star) && echoes != NULL) {
        const bool ok = hep_iron_lic(&value, c, fmax(r2star, 0.0), field, echoes->frame[0].te_s,
                                     &none) == HEP_OK;

        hep_diffuse_iron(&j->sign[HEP_DIFFUSE_IRON], value, 0.0, ok ? "by R2*" : none.msg,
                         j->settings);
    } else if (p != NULL && p->iron.present) {
        const double te = 1e-3; /* no echo is involved: only the formula is asked */

        if (hep_iron_lic(&value, c, p->iron.r2star_per_s, field, te, &none) == HEP_OK &&
            hep_iron_lic(&upper, c, p->iron.r2star_per_s + p->iron.r2star_se_per_s, field, te,
                         &none) == HEP_OK)
            hep_diffuse_iron(&j->sign[HEP_DIFFUSE_IRON], value, upper - value,
                             "by the signal of liver beside muscle and spleen", j->settings);
        else
            hep_diffuse_unknown(&j->sign[HEP_DIFFUSE_IRON], none.msg);
    } else {
        hep_diffuse_unknown(&j->sign[HEP_DIFFUSE_IRON],
                            "neither R2* nor T2 or diffusion signals of liver, muscle and spleen");
    }
    return HEP_OK;
}

static int grade_of(const struct hep_measures *m, enum hep_measure which)
{
    const double value = hep_measures_get(m, which);

    return isfinite(value) ? (int)value : -1;
}

static int judge_findings(struct job *j, struct hep_error *err)
{
    const struct hep_found *found = NULL;
    struct hep_diffuse_judgement *out = &j->sign[HEP_DIFFUSE_INFILTRATION];
    double alarm;
    int rc = hep_run_findings(j->run, &found, err);

    if (rc != HEP_OK)
        return rc;
    if (found == NULL) {
        hep_diffuse_unknown(out, hep_run_reason(j->run, "findings"));
        hep_diffuse_unknown(&j->sign[HEP_DIFFUSE_FUNCTION], hep_run_reason(j->run, "findings"));
        return HEP_OK;
    }
    hep_diffuse_function(&j->sign[HEP_DIFFUSE_FUNCTION],
                         grade_of(&found->liver.measures, HEP_M_FLIS_ENHANCEMENT),
                         grade_of(&found->liver.measures, HEP_M_FLIS_EXCRETION),
                         grade_of(&found->liver.measures, HEP_M_FLIS_PORTAL_SIGN), j->settings);
    alarm = hep_measures_get(&found->liver.measures, HEP_M_DIFFUSE_ALARM);
    hep_diffuse_unknown(out, found->liver.diffuse_reason[0] != '\0'
                                 ? found->liver.diffuse_reason
                                 : "diffusion at a high b and ADC are needed to look for it");
    if (isfinite(alarm) && hep_run_has(j->run, "adc")) {
        out->state = alarm > 0.0 ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT;
        if (found->liver.diffuse_reason[0] == '\0')
            (void)snprintf(out->reason, sizeof out->reason,
                           "no eighth of the liver differs from the rest on diffusion and ADC");
    }
    return HEP_OK;
}

#define MARGIN_MM 4.0 /* from the capsule, vessels and lesions: partial volume and motion */

/* Parenchyma without lesions, away from every border. */
static int inner_parenchyma(struct hep_labels **out, const struct job *j, struct hep_error *err)
{
    int rc = hep_labels_copy(out, j->anatomy, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&j->anatomy->grid); i++)
        (*out)->data[i] = j->anatomy->data[i] == HEP_ANATOMY_LIVER && j->liver->data[i] != 0 &&
                          (j->lesions == NULL || j->lesions->data[i] == 0);
    return rc == HEP_OK ? hep_mask_erode(*out, MARGIN_MM, hep_run_nthreads(j->run), err) : rc;
}

static int spread_of(double *spread, const struct job *j, const char *series,
                     const struct hep_labels *inside, struct hep_error *err)
{
    const struct hep_volume *v = NULL;
    struct hep_volume *here = NULL;
    int rc = hep_run_volume(j->run, series, &v, err);

    *spread = (double)NAN;
    if (rc == HEP_OK && v != NULL)
        rc = hep_aligned_volume(&here, j->run, v, series, hep_reference_name(j->run), &inside->grid,
                                err);
    if (rc == HEP_OK && here != NULL)
        rc = hep_parenchyma_spread(spread, here, inside, hep_run_nthreads(j->run), err);
    hep_volume_free(here);
    return rc;
}

static int judge_texture(struct job *j, struct hep_error *err)
{
    struct hep_labels *inside = NULL;
    double after = (double)NAN, before = (double)NAN;
    int rc = HEP_OK;

    if (j->anatomy != NULL && hep_run_series(j->run, "hepatobiliary") != NULL) {
        rc = inner_parenchyma(&inside, j, err);
        if (rc == HEP_OK)
            rc = spread_of(&after, j, "hepatobiliary", inside, err);
        if (rc == HEP_OK)
            rc = spread_of(&before, j, "precontrast", inside, err);
    }
    if (rc == HEP_OK)
        hep_diffuse_heterogeneity(&j->sign[HEP_DIFFUSE_HETEROGENEITY], after, before, j->settings);
    hep_labels_free(inside);
    return rc;
}

static int judge_shape(struct job *j, struct hep_error *err)
{
    const struct hep_liver_report *report = NULL;
    double spacing[3], mm = (double)NAN;
    int rc = hep_run_liver_quality(j->run, &report, err);

    hep_grid_spacing(spacing, &j->liver->grid);
    if (rc == HEP_OK)
        rc = hep_surface_nodularity(&mm, j->liver, hep_run_nthreads(j->run), err);
    if (rc == HEP_OK)
        hep_diffuse_nodularity(&j->sign[HEP_DIFFUSE_NODULARITY], mm,
                               fmax(spacing[0], fmax(spacing[1], spacing[2])),
                               report != NULL && report->quality.cropped, j->settings);
    hep_diffuse_unknown(&j->sign[HEP_DIFFUSE_CAUDATE],
                        "the bifurcation of the portal vein, from which caudate and right lobe are "
                        "measured, is not located");
    return rc;
}

/* A spleen of the user's labels is whole; the one that was found is its sure inside. */
static void judge_spleen(struct job *j)
{
    const struct hep_series *labels = hep_run_series(j->run, "labels");
    bool given = false;
    double ml = (double)NAN;

    for (size_t i = 0; labels != NULL && i < labels->n_labels; i++)
        given = given || hep_anatomy_from_name(labels->labels[i].name) == HEP_ANATOMY_SPLEEN;
    if (j->anatomy != NULL)
        ml = (double)hep_labels_count(j->anatomy, HEP_ANATOMY_SPLEEN) *
             hep_grid_voxel_mm3(&j->anatomy->grid) / 1000.0;
    hep_diffuse_spleen(&j->sign[HEP_DIFFUSE_SPLEEN], ml, given, j->settings);
}

static int put(const struct job *j, struct hep_error *err)
{
    struct hep_parenchyma *out = hep_parenchyma_new(err);

    if (out == NULL)
        return HEP_ENOMEM;
    for (int i = 0; i < HEP_DIFFUSE_COUNT; i++) {
        const struct hep_diffuse_judgement *s = &j->sign[i];

        out->of[i] = (struct hep_parenchyma_sign){ true,  s->state, s->grade, s->value,
                                                   s->se, s->limit, "",       "" };
        (void)memcpy(out->of[i].reason, s->reason, sizeof s->reason);
        (void)snprintf(out->of[i].source, sizeof out->of[i].source, "%s",
                       hep_diffuse_source((enum hep_diffuse_sign)i));
    }
    return hep_run_put_parenchyma(j->run, out, err);
}

static int run_parenchyma(struct hep_run *run, struct hep_error *err)
{
    struct job j = { .run = run, .settings = &hep_run_config(run)->liver };
    int rc = hep_run_labels(run, "liver", &j.liver, err);

    if (rc == HEP_OK)
        rc = hep_run_labels(run, "anatomy", &j.anatomy, err);
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "lesions", &j.lesions, err);
    if (rc != HEP_OK)
        return rc;
    if (j.liver == NULL) {
        hep_run_put_absent(run, "parenchyma", "there is no liver mask");
        return HEP_OK;
    }
    rc = judge_fat(&j, err);
    if (rc == HEP_OK)
        rc = judge_iron(&j, err);
    if (rc == HEP_OK)
        rc = judge_findings(&j, err);
    if (rc == HEP_OK)
        rc = judge_texture(&j, err);
    if (rc == HEP_OK)
        rc = judge_shape(&j, err);
    if (rc != HEP_OK)
        return rc;
    judge_spleen(&j);
    return put(&j, err);
}

static const char *const settings[] = { "liver.parenchyma.", "series.", NULL };

const struct hep_stage hep_stage_parenchyma = {
    .name = "parenchyma",
    .summary =
        "Signs of diffuse disease: fat, iron, function, texture, contour, spleen, infiltration.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_parenchyma,
};
