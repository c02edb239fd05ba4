#include "contrast/phase.h"

#include <math.h>
#include <stdint.h>

const char *hep_phase_grade_name(enum hep_phase_grade grade)
{
    switch (grade) {
    case HEP_GRADE_NOMINAL:
        return "nominal";
    case HEP_GRADE_INSIDE:
        return "inside";
    case HEP_GRADE_OUTSIDE:
        return "outside";
    case HEP_GRADE_UNKNOWN:
        return "unknown";
    case HEP_GRADE_ASSUMED:
        return "assumed";
    }
    return "?";
}

bool hep_phase_grade_usable(enum hep_phase_grade grade)
{
    return grade == HEP_GRADE_NOMINAL || grade == HEP_GRADE_INSIDE || grade == HEP_GRADE_ASSUMED;
}

static bool within(const double range[2], double t)
{
    return t >= range[0] && t <= range[1];
}

static double distance(const double range[2], double t)
{
    return fmax(fmax(range[0] - t, t - range[1]), 0);
}

/** The phase whose window holds t, else the one whose window is nearest. */
static enum hep_phase phase_at(const struct hep_agent *agent, double time_s)
{
    enum hep_phase best = HEP_PHASE_COUNT;
    double least = (double)INFINITY;

    if (time_s <= 0)
        return HEP_PHASE_PRECONTRAST;
    for (size_t p = HEP_PHASE_ARTERIAL; p < HEP_PHASE_COUNT; p++) {
        const struct hep_window *w = &agent->windows[p];
        if (w->defined && distance(w->window_s, time_s) < least) {
            least = distance(w->window_s, time_s);
            best = (enum hep_phase)p;
        }
    }
    return best;
}

static void judge_window(struct hep_phase_timing *out, const struct hep_agent *agent)
{
    const struct hep_window *w = &agent->windows[out->phase];
    const char *name = hep_phase_words(out->phase);
    double t = out->time_s;

    if (within(w->nominal_s, t)) {
        out->grade = HEP_GRADE_NOMINAL;
        (void)snprintf(out->reason, sizeof out->reason,
                       "%.6g s after injection, nominal for the %s phase of %s (%.6g-%.6g s)", t,
                       name, agent->name, w->nominal_s[0], w->nominal_s[1]);
    } else if (within(w->window_s, t)) {
        out->grade = HEP_GRADE_INSIDE;
        (void)snprintf(out->reason, sizeof out->reason,
                       "%.6g s after injection, inside the window of the %s phase of %s "
                       "(%.6g-%.6g s) but not nominal (%.6g-%.6g s)",
                       t, name, agent->name, w->window_s[0], w->window_s[1], w->nominal_s[0],
                       w->nominal_s[1]);
    } else {
        out->grade = HEP_GRADE_OUTSIDE;
        (void)snprintf(out->reason, sizeof out->reason,
                       "%.6g s after injection, outside the window of the %s phase of %s "
                       "(%.6g-%.6g s)",
                       t, name, agent->name, w->window_s[0], w->window_s[1]);
    }
}

static void judge_precontrast(struct hep_phase_timing *out)
{
    bool before = out->time_s <= 0;

    out->grade = before ? HEP_GRADE_NOMINAL : HEP_GRADE_OUTSIDE;
    (void)snprintf(out->reason, sizeof out->reason,
                   before ? "%.6g s, not after the start of the injection"
                          : "named precontrast but %.6g s after the start of the injection",
                   out->time_s);
}

void hep_phase_judge(struct hep_phase_timing *out, const struct hep_agent *agent,
                     enum hep_phase phase, double time_s)
{
    bool named = (unsigned)phase < HEP_PHASE_COUNT;

    *out = (struct hep_phase_timing){ .phase = HEP_PHASE_COUNT,
                                      .grade = HEP_GRADE_UNKNOWN,
                                      .time_s = isfinite(time_s) ? time_s : (double)NAN };
    if (named)
        out->phase = hep_agent_phase(agent, phase);
    else if (isfinite(time_s))
        out->phase = phase_at(agent, time_s);
    if (out->phase == HEP_PHASE_COUNT)
        (void)snprintf(out->reason, sizeof out->reason, "neither time nor phase is known");
    else if (out->phase != HEP_PHASE_PRECONTRAST && !agent->windows[out->phase].defined) {
        out->grade = HEP_GRADE_OUTSIDE;
        (void)snprintf(out->reason, sizeof out->reason, "%s has no %s phase", agent->name,
                       hep_phase_words(out->phase));
    } else if (!isfinite(time_s)) {
        out->grade = HEP_GRADE_ASSUMED;
        (void)snprintf(out->reason, sizeof out->reason,
                       "timing assumed: named %s, time after injection unknown",
                       hep_phase_words(out->phase));
    } else if (out->phase == HEP_PHASE_PRECONTRAST)
        judge_precontrast(out);
    else
        judge_window(out, agent);
}

/** Order of merit of a volume for a window: nominal first, then nearness to the nominal middle. */
static double merit(const struct hep_window *w, double t)
{
    double middle = 0.5 * (w->nominal_s[0] + w->nominal_s[1]);

    return (within(w->nominal_s, t) ? 0.0 : 1e6) + (within(w->window_s, t) ? 0.0 : 1e9) +
           fabs(t - middle);
}

static void choose(struct hep_phase_choice *c, const struct hep_agent *agent, enum hep_phase phase,
                   const double *times_s, size_t n, double injection_s)
{
    const struct hep_window *w = &agent->windows[phase];
    double best = (double)INFINITY;

    for (size_t i = 0; i < n; i++) {
        double t = times_s[i] - injection_s;
        if (t <= 0)
            continue;
        if (within(w->window_s, t)) {
            c->first = c->found ? c->first : i;
            c->last = i;
            c->found = true;
        }
        if (merit(w, t) < best) {
            best = merit(w, t);
            c->index = i;
        }
    }
    if (c->index != SIZE_MAX)
        hep_phase_judge(&c->timing, agent, phase, times_s[c->index] - injection_s);
    else
        (void)snprintf(c->timing.reason, sizeof c->timing.reason,
                       "no volume after the injection for the %s phase", hep_phase_words(phase));
}

static void choose_precontrast(struct hep_phase_choice *c, const struct hep_agent *agent,
                               const double *times_s, size_t n, double injection_s)
{
    for (size_t i = 0; i < n && times_s[i] <= injection_s; i++) {
        c->found = true;
        c->first = 0;
        c->last = c->index = i;
    }
    if (c->found)
        hep_phase_judge(&c->timing, agent, HEP_PHASE_PRECONTRAST, times_s[c->index] - injection_s);
    else
        (void)snprintf(c->timing.reason, sizeof c->timing.reason,
                       "no volume before the injection at %.4g s", injection_s);
}

int hep_phase_assign(struct hep_phase_timing *volumes, struct hep_phase_choice *choices,
                     const struct hep_agent *agent, const double *times_s, size_t n,
                     double injection_s, struct hep_error *err)
{
    if (n == 0)
        return HEP_FAIL(err, HEP_EINVAL, "no volumes to sort into phases");
    if (!isfinite(injection_s))
        return HEP_FAIL(err, HEP_EDATA, "time of the injection is not a finite number");
    for (size_t i = 0; i < n; i++)
        if (!isfinite(times_s[i]) || (i > 0 && times_s[i] < times_s[i - 1]))
            return HEP_FAIL(err, HEP_EDATA, "volume times must not fall: volume %zu is at %g s", i,
                            times_s[i]);
    for (size_t p = 0; p < HEP_PHASE_COUNT; p++) {
        struct hep_phase_choice *c = &choices[p];
        *c = (struct hep_phase_choice){ .index = SIZE_MAX,
                                        .timing = { .phase = (enum hep_phase)p,
                                                    .grade = HEP_GRADE_OUTSIDE,
                                                    .time_s = (double)NAN } };
        if (p == HEP_PHASE_PRECONTRAST)
            choose_precontrast(c, agent, times_s, n, injection_s);
        else if (agent->windows[p].defined)
            choose(c, agent, (enum hep_phase)p, times_s, n, injection_s);
        else
            (void)snprintf(c->timing.reason, sizeof c->timing.reason, "%s has no %s phase",
                           agent->name, hep_phase_words((enum hep_phase)p));
    }
    for (size_t i = 0; volumes && i < n; i++)
        hep_phase_judge(&volumes[i], agent, HEP_PHASE_COUNT, times_s[i] - injection_s);
    return HEP_OK;
}
