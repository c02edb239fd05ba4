#include "protocols/against.h"

#include "base/alloc.h"
#include "base/file.h"
#include "pipeline/replay.h"

#include <math.h>

#define FIELD_TOL 0.25

const char *hep_against_state_name(enum hep_against_state state)
{
    static const char *const names[HEP_AGAINST_STATE_COUNT] = {
        "good", "not nominal", "time unknown", "outside the window", "b-values missing", "missing"
    };

    return (unsigned)state < HEP_AGAINST_STATE_COUNT ? names[state] : "?";
}

void hep_against_release(struct hep_against *a)
{
    for (size_t i = 0; i < a->n; i++)
        free(a->list[i].label);
    free(a->list);
    *a = (struct hep_against){ 0 };
}

/* ---- one series ------------------------------------------------------------------------------ */

static const struct hep_series *phase_series(const struct hep_inventory *inventory,
                                             const struct hep_agent *agent, enum hep_phase phase)
{
    const struct hep_series *s = hep_inventory_find(inventory, hep_role_of_phase(phase));

    for (int p = 0; s == NULL && p < HEP_PHASE_COUNT; p++)
        if (hep_agent_phase(agent, (enum hep_phase)p) == phase)
            s = hep_inventory_find(inventory, hep_role_of_phase((enum hep_phase)p));
    return s;
}

static double distance_outside(double t, double lo, double hi)
{
    return t < lo ? t - lo : t > hi ? t - hi : 0.0;
}

static void judge_time(struct hep_against_series *out, const struct hep_window *w, double t)
{
    out->time_s = t;
    if (!w->defined || out->planned == HEP_SERIES_PRECONTRAST)
        return;
    if (!isfinite(t)) {
        out->state = HEP_AGAINST_TIME_UNKNOWN;
        return;
    }
    out->off_s = distance_outside(t, w->window_s[0], w->window_s[1]);
    out->off_nominal_s = distance_outside(t, w->nominal_s[0], w->nominal_s[1]);
    if (out->off_s < 0.0 || out->off_s > 0.0)
        out->state = HEP_AGAINST_OFF;
    else if (out->off_nominal_s < 0.0 || out->off_nominal_s > 0.0)
        out->state = HEP_AGAINST_NOT_NOMINAL;
}

/* Time of the volume of a 4-D dynamic series that is nearest to the window. */
static double frame_time(const struct hep_series *dynamic, const struct hep_window *w)
{
    double best = (double)NAN;

    for (size_t i = 0; i < dynamic->nt; i++) {
        double t = dynamic->frame[i].time_s;

        if (isfinite(t) &&
            (!isfinite(best) || fabs(distance_outside(t, w->nominal_s[0], w->nominal_s[1])) <
                                    fabs(distance_outside(best, w->nominal_s[0], w->nominal_s[1]))))
            best = t;
    }
    return best;
}

static void judge_phase(struct hep_against_series *out, const struct hep_agent *agent,
                        const struct hep_inventory *inventory)
{
    enum hep_phase phase = hep_planned_phase(out->planned);
    const struct hep_series *s = phase_series(inventory, agent, phase);
    const struct hep_series *dynamic = hep_inventory_find(inventory, HEP_ROLE_DYNAMIC);

    if (s == NULL && dynamic == NULL)
        out->state = HEP_AGAINST_MISSING;
    else if (s != NULL)
        judge_time(out, &agent->windows[phase], s->time_since_injection_s);
    else
        judge_time(out, &agent->windows[phase], frame_time(dynamic, &agent->windows[phase]));
}

static void judge_dwi(struct hep_against_series *out, const struct hep_plan *plan,
                      const struct hep_series *dwi)
{
    for (size_t i = 0; i < plan->b_values_s_per_mm2.n; i++) {
        double b = plan->b_values_s_per_mm2.v[i];

        if (!hep_replay_has_b(dwi, b))
            out->b_missing_s_per_mm2.v[out->b_missing_s_per_mm2.n++] = b;
    }
    if (out->b_missing_s_per_mm2.n > 0)
        out->state = HEP_AGAINST_B_VALUES;
}

static void judge_series(struct hep_against_series *out, const struct hep_config *cfg,
                         const struct hep_agent *agent, const struct hep_inventory *inventory)
{
    enum hep_role role = HEP_ROLE_UNKNOWN;
    const struct hep_series *s;

    if (hep_planned_phase(out->planned) != HEP_PHASE_COUNT) {
        judge_phase(out, agent, inventory);
        return;
    }
    if (out->planned == HEP_SERIES_IN_OPPOSED) {
        bool pair = hep_inventory_find(inventory, HEP_ROLE_IN_PHASE) != NULL &&
                    hep_inventory_find(inventory, HEP_ROLE_OPPOSED) != NULL;

        if (!pair && hep_inventory_find(inventory, HEP_ROLE_ECHOES) == NULL)
            out->state = HEP_AGAINST_MISSING;
        return;
    }
    if (hep_role_from_name(&role, hep_planned_name(out->planned), NULL) != HEP_OK)
        return;
    s = hep_inventory_find(inventory, role);
    if (s == NULL)
        out->state = HEP_AGAINST_MISSING;
    else if (role == HEP_ROLE_DWI)
        judge_dwi(out, &cfg->series[out->planned], s);
}

/* ---- one study ------------------------------------------------------------------------------- */

static void judge_agent(struct hep_against_study *out, const struct hep_agents *agents,
                        const struct hep_agent *agent, const char *text)
{
    struct hep_agent_match match = { 0 };

    if (text == NULL || strcmp(agent->name, "none") == 0 || strcmp(agent->name, "auto") == 0)
        return;
    hep_agents_resolve(&match, agents, text);
    if (match.agent != NULL && strcmp(match.agent->name, agent->name) != 0)
        (void)snprintf(out->reason, sizeof out->reason,
                       "made with %s, and the protocol is for %s: its windows do not hold",
                       match.agent->name, agent->name);
}

void hep_against_inventory(struct hep_against_study *out, const struct hep_config *cfg,
                           const struct hep_agents *agents, const struct hep_agent *agent,
                           const struct hep_inventory *inventory)
{
    double field = cfg->acquisition.field_t;

    judge_agent(out, agents, agent, inventory->agent_text);
    if (fabs(inventory->field_t - field) > FIELD_TOL * field)
        (void)snprintf(out->note, sizeof out->note,
                       "acquired at %.3g T, and the protocol is written for %.3g T",
                       inventory->field_t, field);
    out->satisfied = out->reason[0] == '\0';
    out->n = 0;
    for (int i = 0; i < HEP_SERIES_COUNT; i++) {
        struct hep_against_series *s = &out->series[out->n];

        if (!cfg->series[i].expected)
            continue;
        *s = (struct hep_against_series){ .planned = (enum hep_planned)i,
                                          .required = cfg->series[i].required,
                                          .time_s = (double)NAN,
                                          .off_s = (double)NAN,
                                          .off_nominal_s = (double)NAN };
        judge_series(s, cfg, agent, inventory);
        out->n++;
        if (s->required && s->state >= HEP_AGAINST_OFF)
            out->satisfied = false;
    }
}

static int add_study(struct hep_against *out, const struct hep_config *cfg,
                     const struct hep_agents *agents, const struct hep_agent *agent,
                     const char *path, const char *label, struct hep_error *err)
{
    struct hep_against_study *s = &out->list[out->n];
    struct hep_inventory *inventory = NULL;
    struct hep_error e = { 0 };

    *s = (struct hep_against_study){ .label = hep_strdup(label, err) };
    if (s->label == NULL)
        return HEP_ENOMEM;
    out->n++;
    if (hep_inventory_scan(&inventory, path, &e) == HEP_OK)
        hep_against_inventory(s, cfg, agents, agent, inventory);
    else
        (void)snprintf(s->reason, sizeof s->reason, "%.190s", e.msg);
    out->n_satisfied += s->satisfied;
    hep_inventory_free(inventory);
    return HEP_OK;
}

int hep_against_folder(struct hep_against *out, const struct hep_config *cfg,
                       const struct hep_agents *agents, const struct hep_agent *agent,
                       const char *folder, struct hep_error *err)
{
    const struct hep_dataset_filter all = { .skip_validation = true };
    struct hep_dataset d = { 0 };
    struct hep_error none = { 0 };
    bool dataset = hep_dataset_list(&d, folder, &all, &none) == HEP_OK && d.n > 0;
    int rc = HEP_OK;

    if (!hep_is_dir(folder))
        rc = HEP_FAIL(err, HEP_ENOENT, "%s: no such folder", folder);
    out->list = rc == HEP_OK ? hep_calloc(dataset ? d.n : 1, sizeof *out->list, err) : NULL;
    if (rc == HEP_OK && out->list == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK && !dataset)
        rc = add_study(out, cfg, agents, agent, folder, hep_path_base(folder), err);
    for (size_t i = 0; rc == HEP_OK && dataset && i < d.n; i++)
        rc = add_study(out, cfg, agents, agent, d.list[i].path, d.list[i].label, err);
    hep_dataset_release(&d);
    return rc;
}

/* ---- printing -------------------------------------------------------------------------------- */

static void seconds_off(struct hep_str *out, double s, const char *of)
{
    hep_str_addf(out, "%.0f s %s %s", fabs(s), s < 0.0 ? "before" : "after", of);
}

static void series_text(struct hep_str *out, const struct hep_against_series *s)
{
    hep_str_addf(out, "  %-14s %s", hep_planned_name(s->planned), hep_against_state_name(s->state));
    if (s->state == HEP_AGAINST_OFF) {
        hep_str_addf(out, ": at %.0f s, ", s->time_s);
        seconds_off(out, s->off_s, "it");
    } else if (s->state == HEP_AGAINST_NOT_NOMINAL) {
        hep_str_addf(out, ": at %.0f s, ", s->time_s);
        seconds_off(out, s->off_nominal_s, "the nominal times, inside the window");
    }
    for (size_t i = 0; i < s->b_missing_s_per_mm2.n; i++)
        hep_str_addf(out, "%s%g", i > 0 ? ", " : ": b = ", s->b_missing_s_per_mm2.v[i]);
    hep_str_add(out, s->b_missing_s_per_mm2.n > 0 ? " s/mm2" : "");
    hep_str_add(out, s->required ? "\n" : " (not required)\n");
}

void hep_against_text(struct hep_str *out, const struct hep_config *cfg,
                      const struct hep_against *a)
{
    for (size_t i = 0; i < a->n; i++) {
        const struct hep_against_study *s = &a->list[i];

        hep_str_addf(out, "%s: %s%s%s\n", s->label,
                     s->satisfied ? "satisfies the protocol" : "does not satisfy the protocol",
                     s->reason[0] != '\0' ? ": " : "", s->reason);
        if (s->note[0] != '\0')
            hep_str_addf(out, "  %s\n", s->note);
        for (size_t k = 0; k < s->n; k++)
            if (s->series[k].state != HEP_AGAINST_GOOD)
                series_text(out, &s->series[k]);
    }
    hep_str_addf(out, "%zu of %zu studies satisfy %s\n", a->n_satisfied, a->n, cfg->name.s);
}

#define S struct hep_against_series
HEP_GETTER(series_name, S, hep_value_of_text(hep_planned_name(r->planned)));

HEP_GETTER(state_name, S, hep_value_of_text(hep_against_state_name(r->state)));

HEP_GETTER(missing_b, S,
           hep_value_of_numbers(r->b_missing_s_per_mm2.v, r->b_missing_s_per_mm2.n, 0));

static const struct hep_column series_columns[] = {
    { "series", .cell = HEP_CELL_TEXT, .get = series_name },
    { "required", HEP_BOOL(S, required) },
    { "state", .cell = HEP_CELL_TEXT, .get = state_name },
    { "time_s", HEP_NUMBER(S, time_s) },
    { "off_s", HEP_NUMBER(S, off_s) },
    { "off_nominal_s", HEP_NUMBER(S, off_nominal_s) },
    { "b_missing_s_per_mm2", .cell = HEP_CELL_NUMBERS, .get = missing_b },
    { 0 },
};
#undef S
#define S struct hep_against_study
const struct hep_column hep_against_study_columns[] = {
    { "study", HEP_TEXT(S, label) },
    { "satisfied", HEP_BOOL(S, satisfied) },
    { "reason", HEP_CHARS(S, reason) },
    { "note", HEP_CHARS(S, note) },
    { "series", HEP_SOME(S, series, n, series_columns) },
    { 0 },
};
#undef S

static const struct hep_column all_columns[] = {
    { "satisfied", HEP_COUNT(struct hep_against, n_satisfied) },
    { "studies", HEP_LIST(struct hep_against, list, n, hep_against_study_columns) },
    { 0 },
};

int hep_against_json(struct hep_json **out, const struct hep_config *cfg,
                     const struct hep_against *a, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_row_json(&put, all_columns, a);

    hep_put_text(&put, o, "protocol", cfg->name.s);
    return hep_put_done(&put, out, o);
}
