#include "pipeline/stages/stages.h"

#include "base/alloc.h"
#include "base/text.h"
#include "pipeline/products.h"
#include "pipeline/results/roles.h"

#include <math.h>
#include <stdlib.h>

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
    HEP_READS_SERIES_4D("dynamic", "xyzt"),
    HEP_READS_SERIES("t1_map"),
    HEP_READS_SERIES("t1_map_after"),
    HEP_READS_SERIES("liver_mask"),
    HEP_READS_SERIES("resection_mask"),
    HEP_READS_SERIES("lesion_mask"),
    HEP_READS_SERIES("labels"),
    HEP_MAKES_STRUCT(roles, "series, times and grades of the phases, completeness of the protocol"),
    { 0 }
};

static void fill_phase(struct hep_roles_phase *out, const struct hep_run *run,
                       const struct hep_series *series)
{
    const struct hep_agent *agent = hep_run_agent(run);
    enum hep_phase phase = hep_phase_of_role(series->role);
    struct hep_phase_timing timing;

    if (phase == HEP_PHASE_COUNT || agent == NULL)
        return;
    hep_phase_judge(&timing, agent, phase, series->time_since_injection_s);
    out->present = true;
    out->phase = timing.phase;
    out->grade = timing.grade;
    (void)memcpy(out->reason, timing.reason, sizeof out->reason);
    if (timing.phase < HEP_PHASE_COUNT && agent->windows[timing.phase].defined) {
        (void)memcpy(out->window_s, agent->windows[timing.phase].window_s, sizeof out->window_s);
        (void)memcpy(out->nominal_s, agent->windows[timing.phase].nominal_s, sizeof out->nominal_s);
    }
    if (timing.grade != HEP_GRADE_NOMINAL && phase != HEP_PHASE_PRECONTRAST)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "phase-time", "%s: %s",
                      hep_role_words(series->role), timing.reason);
}

static int fill_series(struct hep_roles_series *out, const struct hep_run *run,
                       const struct hep_series *series, struct hep_error *err)
{
    out->role = series->role;
    out->file = hep_strdup(series->name, err);
    out->n_volumes = series->nt;
    out->time_since_injection_s = series->time_since_injection_s;
    out->time_source = series->time_source;
    fill_phase(&out->phase, run, series);
    for (size_t i = 0; i < series->warnings.n; i++)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "series", "%s: %s", series->name,
                      series->warnings.line[i]);
    return out->file != NULL ? HEP_OK : HEP_ENOMEM;
}

static bool is_left_out(const struct hep_run *run, enum hep_planned planned)
{
    enum hep_role role = HEP_ROLE_UNKNOWN;

    return hep_role_from_name(&role, hep_planned_name(planned), NULL) == HEP_OK &&
           hep_inventory_left_out(hep_run_inventory(run), role) != NULL;
}

/* Series that cannot be used, with their reasons. */
static int fill_left_out(struct hep_roles *roles, const struct hep_run *run, struct hep_error *err)
{
    const struct hep_inventory *inventory = hep_run_inventory(run);
    int rc = HEP_NEW(roles->left_out, inventory->n_series + 1, err);

    for (size_t i = 0; rc == HEP_OK && i < inventory->n_series; i++) {
        const struct hep_series *s = &inventory->series[i];
        struct hep_roles_left_out *out = &roles->left_out[roles->n_left_out];

        if (s->left_out == NULL)
            continue;
        roles->n_left_out++;
        out->role = s->role;
        if ((out->file = hep_strdup(s->name, err)) == NULL ||
            (out->reason = hep_strdup(s->left_out, err)) == NULL)
            rc = HEP_ENOMEM;
    }
    return rc;
}

/* Which series of the protocol the study lacks. */
static void fill_protocol(struct hep_roles_protocol *out, const struct hep_run *run)
{
    const struct hep_config *cfg = hep_run_config(run);

    (void)snprintf(out->name, sizeof out->name, "%s", cfg->name.s);
    out->complete = true;
    for (int i = 0; i < HEP_SERIES_COUNT; i++) {
        const struct hep_plan *plan = &cfg->series[i];

        if (!plan->expected || hep_products_have_planned(run, (enum hep_planned)i))
            continue;
        out->missing[out->n_missing++] = (enum hep_planned)i;
        if (plan->required) {
            out->complete = false;
            hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "series-missing",
                          "protocol %s requires the series %s, which %s: what depends on it is not "
                          "assessable",
                          cfg->name.s, hep_planned_name((enum hep_planned)i),
                          is_left_out(run, (enum hep_planned)i) ? "is left out"
                                                                : "the study does not have");
        }
    }
}

static int fill_all(struct hep_roles *roles, const struct hep_run *run, struct hep_error *err)
{
    int rc = HEP_NEW(roles->series, sizeof outputs / sizeof outputs[0], err);

    for (const struct hep_slot *s = outputs; rc == HEP_OK && s->name != NULL; s++) {
        const struct hep_series *found = hep_run_series(run, s->name);

        if (s->kind != HEP_SLOT_SERIES || found == NULL)
            continue;
        roles->series[roles->n_series].phase =
            (struct hep_roles_phase){ .window_s = { (double)NAN, (double)NAN },
                                      .nominal_s = { (double)NAN, (double)NAN } };
        rc = fill_series(&roles->series[roles->n_series++], run, found, err);
    }
    if (rc == HEP_OK)
        rc = fill_left_out(roles, run, err);
    fill_protocol(&roles->protocol, run);
    return rc;
}

static int run_inventory(struct hep_run *run, struct hep_error *err)
{
    struct hep_roles *roles = hep_roles_new(err);
    int rc = roles == NULL ? HEP_ENOMEM : fill_all(roles, run, err);

    if (rc == HEP_OK)
        return hep_run_put_roles(run, roles, err);
    hep_struct_release(roles, &hep_roles_type);
    free(roles);
    return rc;
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
