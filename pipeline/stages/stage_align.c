#include "pipeline/stages/stages.h"

#include "contrast/phase.h"
#include "pipeline/put.h"
#include "pipeline/run.h"
#include "sequences/inventory.h"

/* In the order in which a series is taken as reference. */
static const char *const candidates[] = {
    "hepatobiliary", "portal_venous", "delayed", "transitional", "arterial", "precontrast",
    "in_phase",      "opposed",       "echoes",  "t2",           "dwi"
};

static const struct hep_slot inputs[] = {
    HEP_READS_SERIES("hepatobiliary"),     HEP_READS_SERIES("portal_venous"),
    HEP_READS_SERIES("delayed"),           HEP_READS_SERIES("transitional"),
    HEP_READS_SERIES("arterial"),          HEP_READS_SERIES("precontrast"),
    HEP_READS_SERIES("in_phase"),          HEP_READS_SERIES("opposed"),
    HEP_READS_SERIES_4D("echoes", "xyze"), HEP_READS_SERIES("t2"),
    HEP_READS_SERIES_4D("dwi", "xyzb"),    { 0 }
};

static const struct hep_slot outputs[] = {
    HEP_MAKES_JSON("alignment", "the reference series, and how each other series reaches it"), { 0 }
};

/* A hepatobiliary image outside its window is a bad map of the liver: the next series serves
 * better. */
static bool usable(const struct hep_run *run, const struct hep_series *series)
{
    const struct hep_agent *agent = hep_run_agent(run);
    struct hep_phase_timing timing;

    if (series->role != HEP_ROLE_HEPATOBILIARY || agent == NULL)
        return true;
    hep_phase_judge(&timing, agent, HEP_PHASE_HEPATOBILIARY, series->time_since_injection_s);
    return hep_phase_grade_usable(timing.grade);
}

static const char *choose_reference(const struct hep_run *run)
{
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        const struct hep_series *s = hep_run_series(run, candidates[i]);

        if (s != NULL && usable(run, s))
            return candidates[i];
    }
    return NULL;
}

static int run_align(struct hep_run *run, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    const char *reference = choose_reference(run);
    struct hep_json *o;

    if (reference == NULL)
        return HEP_FAIL(err, HEP_EDATA, "the study has no series that Hepar can use");
    o = hep_json_new_object();
    hep_put_text(&put, o, "reference", reference);
    hep_put_text(&put, o, "file", hep_run_series(run, reference)->name);
    hep_put_text(&put, o, "method", "scanner");
    if (put.rc != HEP_OK) {
        hep_json_free(o);
        return put.rc;
    }
    return hep_run_put_json(run, "alignment", o, err);
}

static const char *const settings[] = { "align.", NULL };

const struct hep_stage hep_stage_align = {
    .name = "align",
    .summary = "Chooses the reference series and how every other series reaches it.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_align,
};
