#include "protocols/check_rules.h"

#include "contrast/same_sequence.h"
#include "protocols/show.h"

#include <math.h>

#define LONG_WAIT_S 1800.0 /* idle on the table that patients are not asked for */

#define RULE(name) HEP_CHECK_TEST(name)
#define UNUSED(x) (void)(x)

static bool is_planned(const struct hep_config *cfg, int s)
{
    return cfg->series[s].expected;
}

/* Phases after injection, in order of their times. */
static bool is_post(int s)
{
    return s >= HEP_SERIES_ARTERIAL && s <= HEP_SERIES_HEPATOBILIARY;
}

static bool is_dynamic(int s)
{
    return is_post(s) && s != HEP_SERIES_HEPATOBILIARY;
}

static const char *name_of(int s)
{
    return hep_planned_name((enum hep_planned)s);
}

static void add_name(struct hep_str *what, int s)
{
    hep_str_addf(what, "%s%s", what->len ? ", " : "", name_of(s));
}

RULE(no_agent)
{
    UNUSED(agent);
    if (strcmp(cfg->agent.s, "none") != 0)
        return;
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        if (is_post(s) && is_planned(cfg, s))
            add_name(what, s);
    }
    if (what->len)
        hep_str_add(what, ": expected after contrast, but the agent is none");
}

RULE(agent_auto)
{
    UNUSED(agent);
    if (strcmp(cfg->agent.s, "auto") != 0)
        return;
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        if (is_post(s) && is_planned(cfg, s)) {
            hep_str_add(what,
                        "the agent is taken from each study, so its windows cannot be checked");
            return;
        }
    }
}

RULE(no_hepatobiliary)
{
    if (agent && is_planned(cfg, HEP_SERIES_HEPATOBILIARY) &&
        !agent->windows[HEP_PHASE_HEPATOBILIARY].defined)
        hep_str_addf(what, "a hepatobiliary phase is expected with %s, which has none",
                     agent->name);
}

RULE(phase_name)
{
    for (int s = HEP_SERIES_DELAYED; agent && s <= HEP_SERIES_TRANSITIONAL; s++) {
        if (is_planned(cfg, s) && !agent->windows[hep_planned_phase((enum hep_planned)s)].defined)
            hep_str_addf(
                what, "%s: %s calls this time %s", name_of(s), agent->name,
                hep_phase_name(hep_agent_phase(agent, hep_planned_phase((enum hep_planned)s))));
    }
}

/* The agent's own window of a series; NULL when it has none. */
static const struct hep_window *own_window(const struct hep_agent *agent,
                                           const struct hep_config *cfg, int s)
{
    enum hep_phase phase = hep_planned_phase((enum hep_planned)s);
    const struct hep_window *w;

    if (agent == NULL || !is_post(s) || !is_planned(cfg, s) || isnan(cfg->series[s].window_s.lo))
        return NULL;
    w = &agent->windows[hep_agent_phase(agent, phase)];
    return w->defined ? w : NULL;
}

RULE(window_outside)
{
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        const struct hep_window *w = own_window(agent, cfg, s);
        struct hep_span span = cfg->series[s].window_s;

        if (w && (span.hi < w->window_s[0] || span.lo > w->window_s[1]))
            hep_str_addf(what, "%s%s is asked for at %.9g-%.9g s; with %s it is at %.9g-%.9g s",
                         what->len ? "; " : "", name_of(s), span.lo, span.hi, agent->name,
                         w->window_s[0], w->window_s[1]);
    }
}

RULE(window_wider)
{
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        const struct hep_window *w = own_window(agent, cfg, s);
        struct hep_span span = cfg->series[s].window_s;

        if (w == NULL || span.hi < w->window_s[0] || span.lo > w->window_s[1])
            continue;
        if (span.lo < w->window_s[0] || span.hi > w->window_s[1])
            hep_str_addf(what, "%s%s %.9g-%.9g s reaches beyond the %.9g-%.9g s of %s",
                         what->len ? "; " : "", name_of(s), span.lo, span.hi, w->window_s[0],
                         w->window_s[1], agent->name);
    }
}

RULE(nominal_outside)
{
    UNUSED(agent);
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        struct hep_span w = cfg->series[s].window_s, n = cfg->series[s].nominal_s;

        if (is_planned(cfg, s) && !isnan(w.lo) && !isnan(n.lo) && (n.lo < w.lo || n.hi > w.hi))
            hep_str_addf(what, "%snominal times %.9g-%.9g s of %s leave its window %.9g-%.9g s",
                         what->len ? "; " : "", n.lo, n.hi, name_of(s), w.lo, w.hi);
    }
}

RULE(overlap)
{
    UNUSED(agent);
    for (int a = 0; a < HEP_SERIES_COUNT; a++) {
        for (int b = a + 1; b < HEP_SERIES_COUNT; b++) {
            struct hep_span x = cfg->series[a].window_s, y = cfg->series[b].window_s;

            if (!is_post(a) || !is_post(b) || !is_planned(cfg, a) || !is_planned(cfg, b) ||
                isnan(x.lo) || isnan(y.lo))
                continue;
            if (x.lo < y.hi && y.lo < x.hi)
                hep_str_addf(what, "%s%s (%.9g-%.9g s) and %s (%.9g-%.9g s)", what->len ? "; " : "",
                             name_of(a), x.lo, x.hi, name_of(b), y.lo, y.hi);
        }
    }
}

RULE(too_close)
{
    struct hep_timeline t;
    const struct hep_timeline_item *previous = NULL;

    UNUSED(agent);
    hep_timeline_make(&t, cfg);
    for (size_t i = 0; i < t.n; i++) {
        const struct hep_timeline_item *it = &t.items[i];

        if (isnan(it->centre_s))
            continue;
        if (previous && previous->visit == it->visit && it->start_s < previous->end_s - 1)
            hep_str_addf(what, "%s%s would start at %.0f s, %s with its rest ends at %.0f s",
                         what->len ? "; " : "", it->label, it->start_s, previous->label,
                         previous->end_s);
        previous = it;
    }
}

RULE(washout)
{
    for (int s = 0; agent && s < HEP_SERIES_COUNT; s++) {
        enum hep_phase phase = hep_planned_phase((enum hep_planned)s);

        if (is_planned(cfg, s) && cfg->series[s].washout == HEP_FIT_ON &&
            (phase == HEP_PHASE_COUNT ||
             !hep_agent_washout_allowed(agent, hep_agent_phase(agent, phase), NULL, 0)))
            hep_str_addf(what, "%swashout is asked for in %s with %s", what->len ? "; " : "",
                         name_of(s), agent->name);
    }
}

RULE(early_hepatobiliary)
{
    const struct hep_window *w = own_window(agent, cfg, HEP_SERIES_HEPATOBILIARY);
    struct hep_span nominal = cfg->series[HEP_SERIES_HEPATOBILIARY].nominal_s;

    if (w && nominal.lo < w->nominal_s[0])
        hep_str_addf(what,
                     "the hepatobiliary phase is planned from %.9g s on; %s is nominal from "
                     "%.9g s",
                     nominal.lo, agent->name, w->nominal_s[0]);
}

RULE(dynamic_without_pre)
{
    UNUSED(agent);
    if (is_planned(cfg, HEP_SERIES_PRECONTRAST))
        return;
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        if (is_dynamic(s) && is_planned(cfg, s))
            add_name(what, s);
    }
    if (what->len)
        hep_str_add(what, ": expected without a precontrast series");
}

RULE(hepatobiliary_without_pre)
{
    UNUSED(agent);
    if (is_planned(cfg, HEP_SERIES_HEPATOBILIARY) && !is_planned(cfg, HEP_SERIES_PRECONTRAST))
        hep_str_add(what, "the hepatobiliary phase has no precontrast series beside it");
}

static const double rad_per_deg = 0.017453292519943295;

/* Differs the sequence of a phase from the precontrast one? */
static void compare_sequence(struct hep_str *what, const struct hep_config *cfg, int s)
{
    const struct hep_plan *pre = &cfg->series[HEP_SERIES_PRECONTRAST], *post = &cfg->series[s];
    struct hep_t1w_protocol a = { pre->flip_deg * rad_per_deg, pre->tr_s,
                                  pre->echo_times_s.n ? pre->echo_times_s.v[0] : (double)NAN,
                                  pre->fat_suppressed ? HEP_FAT_SUPPRESSED : HEP_FAT_PLAIN };
    struct hep_t1w_protocol b = { post->flip_deg * rad_per_deg, post->tr_s,
                                  post->echo_times_s.n ? post->echo_times_s.v[0] : (double)NAN,
                                  post->fat_suppressed ? HEP_FAT_SUPPRESSED : HEP_FAT_PLAIN };
    struct hep_same_sequence same;

    if (!pre->expected || !post->expected)
        return;
    hep_same_sequence(&same, &a, &b);
    if (same.state == HEP_NOT_COMPARABLE)
        hep_str_addf(what, "%s%s: %s", what->len ? "; " : "", name_of(s), same.reason);
}

RULE(dynamic_sequence)
{
    UNUSED(agent);
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        if (is_dynamic(s))
            compare_sequence(what, cfg, s);
    }
}

RULE(hepatobiliary_sequence)
{
    UNUSED(agent);
    compare_sequence(what, cfg, HEP_SERIES_HEPATOBILIARY);
}

RULE(injected_before)
{
    UNUSED(agent);
    if (cfg->acquisition.injection != HEP_INJECTION_BEFORE_ARRIVAL)
        return;
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        if (is_planned(cfg, s) && (is_dynamic(s) || s == HEP_SERIES_PRECONTRAST))
            add_name(what, s);
    }
    if (what->len)
        hep_str_add(what, ": expected, but the injection is given before arrival");
}

RULE(fat_after_contrast)
{
    UNUSED(agent);
    for (int s = HEP_SERIES_IN_OPPOSED; s <= HEP_SERIES_ECHOES; s++) {
        const struct hep_plan *plan = &cfg->series[s];
        bool injected = strcmp(cfg->agent.s, "none") != 0;

        if (plan->expected && injected &&
            (plan->placement == HEP_PLACE_WAITING || plan->visit == 2 ||
             cfg->acquisition.injection == HEP_INJECTION_BEFORE_ARRIVAL))
            add_name(what, s);
    }
    if (what->len)
        hep_str_add(what, ": taken after the injection");
}

RULE(dwi_after_contrast)
{
    struct hep_timeline t;

    if (agent == NULL || !is_planned(cfg, HEP_SERIES_DWI))
        return;
    hep_timeline_make(&t, cfg);
    for (size_t i = 0; i < t.n; i++) {
        if (t.items[i].series == HEP_SERIES_DWI && t.items[i].start_s > 0)
            hep_str_addf(what, "the diffusion series is taken %.0f s after the injection",
                         t.items[i].start_s);
    }
}

RULE(waiting_too_long)
{
    const struct hep_plan *hbp = &cfg->series[HEP_SERIES_HEPATOBILIARY];
    struct hep_timeline t;

    UNUSED(agent);
    if (!hbp->expected || isnan(hbp->nominal_s.hi))
        return;
    hep_timeline_make(&t, cfg);
    for (size_t i = 0; i < t.n; i++) {
        if (t.items[i].series == HEP_SERIES_HEPATOBILIARY &&
            t.items[i].centre_s > hbp->nominal_s.hi)
            hep_str_addf(what,
                         "what is scanned before it pushes the hepatobiliary phase to %.0f s, "
                         "nominal is up to %.9g s",
                         t.items[i].centre_s, hbp->nominal_s.hi);
    }
}

RULE(long_wait)
{
    struct hep_timeline t;

    UNUSED(agent);
    hep_timeline_make(&t, cfg);
    for (size_t i = 0; i < t.n; i++) {
        double wait_s = t.items[i].end_s - t.items[i].start_s;

        if (strcmp(t.items[i].label, "wait") == 0 && wait_s > LONG_WAIT_S)
            hep_str_addf(what, "the patient waits %.0f min on the table", wait_s / 60);
    }
}

RULE(second_visit)
{
    UNUSED(agent);
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        if (is_planned(cfg, s) && cfg->series[s].visit == 2)
            add_name(what, s);
    }
    if (what->len)
        hep_str_add(what, ": taken in a second visit");
}
