#include "pipeline/split.h"

#include "base/alloc.h"
#include "contrast/phase.h"

#include <math.h>

/* A window that no frame reaches by more than this is a phase that was not acquired at all. */
#define NEAREST_MAX_S 60.0

/* The image at three minutes is delayed with one agent and transitional with another, whatever it
 * was named. */
static const struct hep_series *renamed(const struct hep_run *run, enum hep_role role)
{
    enum hep_role other = role == HEP_ROLE_DELAYED        ? HEP_ROLE_TRANSITIONAL
                          : role == HEP_ROLE_TRANSITIONAL ? HEP_ROLE_DELAYED
                                                          : HEP_ROLE_UNKNOWN;

    if (other == HEP_ROLE_UNKNOWN || run->agent == NULL ||
        hep_agent_phase(run->agent, hep_phase_of_role(other)) != hep_phase_of_role(role))
        return NULL;
    return hep_inventory_find(run->inventory, other);
}

const struct hep_series *hep_split_find(const struct hep_run *run, enum hep_role role)
{
    enum hep_phase phase = hep_phase_of_role(role);
    const struct hep_series *own = hep_inventory_find(run->inventory, role);

    if (run->agent != NULL && phase != HEP_PHASE_COUNT &&
        hep_agent_phase(run->agent, phase) != phase)
        return NULL;
    if (own == NULL)
        own = renamed(run, role);
    for (size_t i = 0; own == NULL && i < run->n_split; i++) {
        if (run->split[i].role == role)
            own = &run->split[i];
    }
    return own;
}

/* A copy that shares everything but its frames. */
static int cut(struct hep_run *run, const struct hep_series *dynamic, enum hep_role role,
               size_t first, size_t last, struct hep_error *err)
{
    struct hep_series *s = &run->split[run->n_split];
    double sum = 0.0;

    *s = *dynamic;
    s->nt = last - first + 1;
    if (HEP_NEW(s->frame, s->nt, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < s->nt; i++) {
        s->frame[i] = dynamic->frame[first + i];
        sum += s->frame[i].time_s;
    }
    s->role = role;
    s->time_since_injection_s = sum / (double)s->nt;
    s->time_source = HEP_TIME_FRAMES;
    run->n_split++;
    return HEP_OK;
}

static bool times_known(const struct hep_series *s)
{
    for (size_t i = 0; i < s->nt; i++) {
        if (!isfinite(s->frame[i].time_s))
            return false;
    }
    return s->nt > 0;
}

static double gap_s(const struct hep_window *w, double t)
{
    return t < w->window_s[0] ? w->window_s[0] - t : t > w->window_s[1] ? t - w->window_s[1] : 0.0;
}

static int cut_phases(struct hep_run *run, const struct hep_series *dynamic,
                      const struct hep_phase_choice *choices, struct hep_error *err)
{
    int rc = HEP_OK;

    for (int k = 0; rc == HEP_OK && k < HEP_PHASE_COUNT; k++) {
        const struct hep_phase_choice *c = &choices[k];
        enum hep_role role = HEP_ROLE_UNKNOWN;

        if (c->index == SIZE_MAX ||
            hep_role_from_name(&role, hep_phase_name((enum hep_phase)k), NULL) != HEP_OK ||
            hep_inventory_find(run->inventory, role) != NULL)
            continue;
        if (!c->found &&
            (k == HEP_PHASE_PRECONTRAST || !run->agent->windows[k].defined ||
             gap_s(&run->agent->windows[k], dynamic->frame[c->index].time_s) > NEAREST_MAX_S))
            continue;
        rc = cut(run, dynamic, role, c->found ? c->first : c->index, c->found ? c->last : c->index,
                 err);
        if (rc == HEP_OK)
            hep_log_write(run->log, HEP_LOG_INFO, "dynamic-split",
                          "%s: volumes %zu-%zu of %s, mean time %.1f s after injection",
                          hep_role_name(role), c->found ? c->first : c->index,
                          c->found ? c->last : c->index, dynamic->name,
                          run->split[run->n_split - 1].time_since_injection_s);
    }
    return rc;
}

int hep_split_dynamic(struct hep_run *run, struct hep_error *err)
{
    const struct hep_series *dynamic = hep_inventory_find(run->inventory, HEP_ROLE_DYNAMIC);
    struct hep_phase_choice choices[HEP_PHASE_COUNT];
    double *times;
    int rc;

    if (dynamic == NULL)
        return HEP_OK;
    if (run->agent == NULL || !times_known(dynamic)) {
        hep_log_write(run->log, HEP_LOG_WARNING, "dynamic-times",
                      "%s: the dynamic series is not split into phases: %s", dynamic->name,
                      run->agent == NULL ? "no contrast agent is known"
                                         : "its times after injection are unknown");
        return HEP_OK;
    }
    times = hep_calloc(dynamic->nt, sizeof *times, err);
    run->split = hep_calloc(HEP_PHASE_COUNT, sizeof *run->split, err);
    if (times == NULL || run->split == NULL) {
        free(times);
        return HEP_ENOMEM;
    }
    for (size_t i = 0; i < dynamic->nt; i++)
        times[i] = dynamic->frame[i].time_s;
    rc = hep_phase_assign(NULL, choices, run->agent, times, dynamic->nt, 0.0, err);
    if (rc == HEP_OK)
        rc = cut_phases(run, dynamic, choices, err);
    free(times);
    return rc;
}
