#include "pipeline/stages/stages.h"

#include "contrast/phase.h"
#include "pipeline/config/config.h"
#include "base/json_put.h"
#include "pipeline/run.h"
#include "sequences/inventory.h"

#include <math.h>

static const struct hep_slot inputs[] = { { 0 } };

static const struct hep_slot outputs[] = {
    HEP_READS_SERIES("opposed"),
    HEP_READS_SERIES("in_phase"),
    HEP_READS_SERIES_4D("echoes", "xyze"),
    HEP_READS_SERIES("t2"),
    HEP_READS_SERIES_4D("dwi", "xyzb"),
    HEP_READS_SERIES("precontrast"),
    HEP_READS_SERIES("arterial"),
    HEP_READS_SERIES("portal_venous"),
    HEP_READS_SERIES("delayed"),
    HEP_READS_SERIES("transitional"),
    HEP_READS_SERIES("hepatobiliary"),
    HEP_READS_SERIES("liver_mask"),
    HEP_READS_SERIES("resection_mask"),
    HEP_READS_SERIES("labels"),
    HEP_MAKES_JSON("roles", "series, times and grades of the phases, completeness of the protocol"),
    { 0 }
};

static void put_phase(struct hep_put *put, struct hep_json *o, const struct hep_run *run,
                      const struct hep_series *series, struct hep_log *log)
{
    const struct hep_agent *agent = hep_run_agent(run);
    enum hep_phase phase = hep_phase_of_role(series->role);
    struct hep_phase_timing timing;

    if (phase == HEP_PHASE_COUNT || agent == NULL)
        return;
    hep_phase_judge(&timing, agent, phase, series->time_since_injection_s);
    hep_put_text(put, o, "phase", hep_phase_name(timing.phase));
    hep_put_text(put, o, "grade", hep_phase_grade_name(timing.grade));
    hep_put_text(put, o, "reason", timing.reason);
    if (timing.phase < HEP_PHASE_COUNT && agent->windows[timing.phase].defined) {
        hep_put_numbers(put, o, "window_s", agent->windows[timing.phase].window_s, 2);
        hep_put_numbers(put, o, "nominal_s", agent->windows[timing.phase].nominal_s, 2);
    }
    if (timing.grade != HEP_GRADE_NOMINAL && phase != HEP_PHASE_PRECONTRAST)
        hep_log_write(log, HEP_LOG_WARNING, "phase-time", "%s: %s", hep_role_name(series->role),
                      timing.reason);
}

static struct hep_json *series_json(const struct hep_run *run, const struct hep_series *series,
                                    struct hep_put *put)
{
    struct hep_json *o = hep_json_new_object();

    hep_put_text(put, o, "role", hep_role_name(series->role));
    hep_put_text(put, o, "file", series->name);
    hep_put_count(put, o, "volumes", series->nt);
    hep_put_number(put, o, "time_since_injection_s", series->time_since_injection_s);
    hep_put_text(put, o, "time_source", hep_time_source_name(series->time_source));
    put_phase(put, o, run, series, hep_run_log(run));
    for (size_t i = 0; i < series->warnings.n; i++)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "series", "%s: %s", series->name,
                      series->warnings.line[i]);
    return o;
}

static bool has(const struct hep_run *run, const char *name)
{
    return hep_run_series(run, name) != NULL;
}

static bool planned_is_there(const struct hep_run *run, enum hep_planned planned)
{
    if (planned == HEP_SERIES_IN_OPPOSED)
        return has(run, "echoes") || (has(run, "in_phase") && has(run, "opposed"));
    return has(run, hep_planned_name(planned));
}

static bool is_left_out(const struct hep_run *run, enum hep_planned planned)
{
    enum hep_role role = HEP_ROLE_UNKNOWN;

    return hep_role_from_name(&role, hep_planned_name(planned), NULL) == HEP_OK &&
           hep_inventory_left_out(hep_run_inventory(run), role) != NULL;
}

/* Series that cannot be used, with their reasons. */
static struct hep_json *left_out_json(const struct hep_run *run, struct hep_put *put)
{
    const struct hep_inventory *inventory = hep_run_inventory(run);
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < inventory->n_series; i++) {
        const struct hep_series *s = &inventory->series[i];
        struct hep_json *o;

        if (s->left_out == NULL)
            continue;
        o = hep_json_new_object();
        hep_put_text(put, o, "role", hep_role_name(s->role));
        hep_put_text(put, o, "file", s->name);
        hep_put_text(put, o, "reason", s->left_out);
        hep_put_item(put, list, o);
    }
    return list;
}

/* Which series of the protocol the study lacks. */
static struct hep_json *protocol_json(const struct hep_run *run, struct hep_put *put)
{
    const struct hep_config *cfg = hep_run_config(run);
    struct hep_json *o = hep_json_new_object(), *missing = hep_json_new_array();
    size_t n_required = 0;

    for (int i = 0; i < HEP_SERIES_COUNT; i++) {
        const struct hep_plan *plan = &cfg->series[i];

        if (!plan->expected || planned_is_there(run, (enum hep_planned)i))
            continue;
        hep_put_item(put, missing, hep_json_new_string(hep_planned_name((enum hep_planned)i)));
        if (plan->required) {
            n_required++;
            hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "series-missing",
                          "protocol %s requires the series %s, which %s: what depends on it is not "
                          "assessable",
                          cfg->name.s, hep_planned_name((enum hep_planned)i),
                          is_left_out(run, (enum hep_planned)i) ? "is left out"
                                                                : "the study does not have");
        }
    }
    hep_put_text(put, o, "name", cfg->name.s);
    hep_put(put, o, "missing", missing);
    hep_put_bool(put, o, "complete", n_required == 0);
    return o;
}

static int run_inventory(struct hep_run *run, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object(), *series = hep_json_new_array();

    for (const struct hep_slot *s = outputs; s->name != NULL; s++) {
        const struct hep_series *found = hep_run_series(run, s->name);

        if (s->kind == HEP_SLOT_SERIES && found != NULL)
            hep_put_item(&put, series, series_json(run, found, &put));
    }
    hep_put(&put, o, "series", series);
    hep_put(&put, o, "left_out", left_out_json(run, &put));
    hep_put(&put, o, "protocol", protocol_json(run, &put));
    if (put.rc != HEP_OK) {
        hep_json_free(o);
        return put.rc;
    }
    return hep_run_put_json(run, "roles", o, err);
}

static const char *const settings[] = { "name", "agent", "series.", NULL };

static const char *const files[] = { "agents.yml", NULL };

const struct hep_stage hep_stage_inventory = {
    .name = "inventory",
    .summary = "Finds out what each series is for, when it was acquired, and what is missing.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .run = run_inventory,
    .files = files,
};
