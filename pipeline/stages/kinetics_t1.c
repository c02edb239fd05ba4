#include "pipeline/stages/kinetics_t1.h"

#include "contrast/t1_change.h"
#include "contrast/uptake_inlets.h"
#include "pipeline/config/config.h"
#include "pipeline/stages/regions.h"
#include "sequences/inventory.h"
#include "sequences/signal.h"

#include <math.h>

double hep_kinetics_field(const struct hep_run *run, const struct hep_series *s)
{
    const double field = s != NULL && isfinite(s->acquisition.field_t)
                             ? s->acquisition.field_t
                             : hep_run_inventory(run)->field_t;

    return isfinite(field) ? field : 3.0;
}

/* T1 in seconds has no value above this; maps in ms do. */
#define LONGEST_T1_S 20.0

static double map_t1(struct hep_run *run, const char *series, enum hep_anatomy organ, int *rc,
                     struct hep_error *err)
{
    struct hep_regions r;

    if (*rc != HEP_OK || hep_run_series(run, series) == NULL)
        return (double)NAN;
    *rc = hep_regions_of(&r, run, series, err);
    if (*rc != HEP_OK)
        return (double)NAN;
    return r.median[organ] > LONGEST_T1_S ? r.median[organ] / 1000.0 : r.median[organ];
}

static double blood_t1(struct hep_run *run, const char *series, double given, int *rc,
                       struct hep_error *err)
{
    const double aorta = map_t1(run, series, HEP_ANATOMY_AORTA, rc, err);

    return isfinite(aorta) ? aorta : given;
}

/* T1 after contrast by the signals of the hepatobiliary phase, when it may be compared. */
static double signal_t1(const struct hep_run *run, const struct hep_enhancement *e, double before_s)
{
    const struct hep_series *pre = hep_run_series(run, "precontrast");
    const double re =
        e != NULL && e->phase[HEP_PHASE_HEPATOBILIARY].present
            ? e->phase[HEP_PHASE_HEPATOBILIARY].relative_enhancement[HEP_ANATOMY_LIVER]
            : (double)NAN;

    if (pre == NULL || !isfinite(re) || !isfinite(pre->acquisition.tr_s) ||
        !isfinite(pre->acquisition.flip_rad))
        return (double)NAN;
    return hep_t1_from_spgr_ratio(1.0 + re, before_s, pre->acquisition.tr_s,
                                  pre->acquisition.flip_rad, pre->acquisition.tr_s,
                                  pre->acquisition.flip_rad);
}

#define SET(text, ...) (void)snprintf((text), sizeof(text), __VA_ARGS__)

/* A reduction is judged only where both T1 were measured, and with the agent that the limit is of. */
static void judge_reduction(struct hep_t1_result *t, const struct hep_run *run, bool measured)
{
    const struct hep_cfg_kinetics *cfg = &hep_run_config(run)->kinetics;
    const struct hep_agent *agent = hep_run_agent(run);

    t->reduction = hep_t1_reduction(t->before_s, t->after_s);
    t->reduction_limit = cfg->reduction_low;
    SET(t->reduction_state, "not_assessable");
    if (!isfinite(t->reduction))
        SET(t->reduction_reason, "there is no T1 after contrast: neither a second T1 map nor a "
                                 "hepatobiliary phase that may be compared with precontrast");
    else if (agent == NULL || strcmp(agent->name, "gadoxetate") != 0)
        SET(t->reduction_reason, "T1 falls by %.0f %%; the limit is known for gadoxetate only",
            100.0 * t->reduction);
    else if (!measured)
        SET(t->reduction_reason,
            "T1 falls by %.0f %% by signal and a T1 before contrast that is %s: an estimate, not "
            "held against the %.0f %% of T1 maps",
            100.0 * t->reduction, t->before_from, 100.0 * cfg->reduction_low);
    else {
        SET(t->reduction_state, t->reduction < cfg->reduction_low ? "reduced" : "normal");
        SET(t->reduction_reason,
            "T1 falls by %.0f %%, the limit is %.0f %% (kinetics.reduction_low)",
            100.0 * t->reduction, 100.0 * cfg->reduction_low);
    }
}

static void judge_extracellular(struct hep_t1_result *t, const struct hep_run *run,
                                const double blood[2], bool measured)
{
    const struct hep_agent *agent = hep_run_agent(run);

    t->haematocrit = hep_run_config(run)->kinetics.haematocrit;
    t->extracellular_volume = (double)NAN;
    if (!isfinite(t->haematocrit))
        SET(t->extracellular_reason, "no haematocrit is given (kinetics.haematocrit)");
    else if (!measured)
        SET(t->extracellular_reason, "T1 of the liver was not measured before and after contrast");
    else if (!isfinite(blood[0]) || !isfinite(blood[1]))
        SET(t->extracellular_reason, "T1 of blood before and after contrast is not known");
    else if (agent != NULL && agent->hepatic_frac.value > 0.0)
        SET(t->extracellular_reason,
            "hepatocytes take up %s: its change of R1 is not that of the "
            "extracellular space",
            agent->name);
    else
        t->extracellular_volume =
            hep_extracellular_volume(t->before_s, t->after_s, blood[0], blood[1], t->haematocrit);
}

int hep_kinetics_t1(struct hep_t1_result *t, double blood[2], struct hep_run *run,
                    const struct hep_enhancement *e, struct hep_error *err)
{
    const struct hep_cfg_kinetics *cfg = &hep_run_config(run)->kinetics;
    const double field = hep_kinetics_field(run, hep_run_series(run, "precontrast"));
    bool measured = true;
    int rc = HEP_OK;

    t->present = true;
    t->before_s = map_t1(run, "t1_map", HEP_ANATOMY_LIVER, &rc, err);
    t->after_s = map_t1(run, "t1_map_after", HEP_ANATOMY_LIVER, &rc, err);
    blood[0] = blood_t1(run, "t1_map", cfg->t1_blood_before_s, &rc, err);
    blood[1] = blood_t1(run, "t1_map_after", cfg->t1_blood_after_s, &rc, err);
    if (isfinite(t->before_s)) {
        SET(t->before_from, "T1 map");
    } else if (isfinite(cfg->t1_before_s)) {
        t->before_s = cfg->t1_before_s;
        SET(t->before_from, "given");
    } else {
        t->before_s = HEP_T1_LIVER_S(field);
        SET(t->before_from, "assumed (healthy liver at %.1f T)", field < 2.2 ? 1.5 : 3.0);
        measured = false;
    }
    if (isfinite(t->after_s)) {
        SET(t->after_from, "T1 map");
    } else if (isfinite(cfg->t1_after_s)) {
        t->after_s = cfg->t1_after_s;
        SET(t->after_from, "given");
    } else {
        t->after_s = signal_t1(run, e, t->before_s);
        SET(t->after_from,
            isfinite(t->after_s) ? "signal of the hepatobiliary phase" : "not known");
        measured = false;
    }
    judge_reduction(t, run, measured);
    judge_extracellular(t, run, blood, measured);
    return rc;
}
