/* What the settings mean together with the agent, and for a fit. */
#include "pipeline/config/config.h"

#include <math.h>

static bool has_no_agent(const struct hep_config *cfg)
{
    return strcmp(cfg->agent.s, "none") == 0 || strcmp(cfg->agent.s, "auto") == 0;
}

/* The agent's own name for the time of a series: "delayed" of an uptake agent is transitional. */
static const struct hep_window *agent_window(const struct hep_agent *agent, enum hep_planned series)
{
    enum hep_phase phase = hep_planned_phase(series);

    if (phase == HEP_PHASE_COUNT || phase == HEP_PHASE_PRECONTRAST)
        return NULL;
    if (!agent->windows[phase].defined)
        phase = hep_agent_phase(agent, phase);
    return agent->windows[phase].defined ? &agent->windows[phase] : NULL;
}

/* The agent's nominal times as far as they lie in the window; the window when none do. */
static struct hep_span nominal_within(const struct hep_window *w, struct hep_span window)
{
    struct hep_span both = { fmax(w->nominal_s[0], window.lo), fmin(w->nominal_s[1], window.hi) };

    return both.lo <= both.hi ? both : window;
}

int hep_config_resolve(struct hep_config *cfg, const struct hep_agents *agents,
                       struct hep_error *err)
{
    const struct hep_agent *agent;
    int rc;

    if (has_no_agent(cfg))
        return HEP_OK;
    rc = hep_agents_find(&agent, agents, cfg->agent.s, err);
    if (rc != HEP_OK)
        return rc;
    (void)snprintf(cfg->agent.s, sizeof cfg->agent.s, "%s", agent->name); /* of a trade name */
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        const struct hep_window *w = agent_window(agent, (enum hep_planned)s);
        struct hep_plan *plan = &cfg->series[s];

        if (w == NULL)
            continue;
        if (isnan(plan->window_s.lo))
            plan->window_s = (struct hep_span){ w->window_s[0], w->window_s[1] };
        if (isnan(plan->nominal_s.lo))
            plan->nominal_s = nominal_within(w, plan->window_s);
    }
    return HEP_OK;
}

int hep_config_agent(struct hep_agent *out, const struct hep_config *cfg,
                     const struct hep_agents *agents, struct hep_error *err)
{
    struct hep_config resolved = *cfg;
    const struct hep_agent *agent;
    int rc;

    if (has_no_agent(cfg)) {
        (void)memset(out, 0, sizeof *out);
        out->name = strcmp(cfg->agent.s, "none") == 0 ? "none" : "auto";
        out->short_name = out->title = out->name;
        return HEP_OK;
    }
    rc = hep_agents_find(&agent, agents, cfg->agent.s, err);
    if (rc == HEP_OK)
        rc = hep_config_resolve(&resolved, agents, err);
    if (rc != HEP_OK)
        return rc;
    *out = *agent;
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        const struct hep_plan *plan = &resolved.series[s];
        enum hep_phase phase = hep_planned_phase((enum hep_planned)s);

        if (phase == HEP_PHASE_COUNT || phase == HEP_PHASE_PRECONTRAST || !plan->expected)
            continue;
        if (!isnan(plan->window_s.lo)) {
            struct hep_window *w = &out->windows[phase];

            *w = (struct hep_window){ .defined = true,
                                      .window_s = { plan->window_s.lo, plan->window_s.hi },
                                      .nominal_s = { plan->nominal_s.lo, plan->nominal_s.hi },
                                      .source = isnan(cfg->series[s].window_s.lo) ? w->source
                                                                                  : "protocol",
                                      .mark = w->mark };
        }
        if (plan->washout == HEP_FIT_OFF)
            out->washout[phase] = false;
    }
    return HEP_OK;
}

int hep_config_diffusion(struct hep_diffusion_settings *out, const struct hep_config *cfg,
                         enum hep_diffusion_model model, struct hep_error *err)
{
    const struct hep_cfg_diffusion *d = &cfg->diffusion;
    const char *method = model == HEP_DIFFUSION_ADC        ? d->adc_method.s
                         : model == HEP_DIFFUSION_IVIM     ? d->ivim_method.s
                         : model == HEP_DIFFUSION_KURTOSIS ? d->kurtosis_method.s
                                                           : NULL;
    int rc;

    hep_diffusion_settings_init(out, model);
    if (model == HEP_DIFFUSION_ADC || model == HEP_DIFFUSION_MONO) {
        out->b_min_s_per_mm2 = d->adc_b_min_s_per_mm2;
        out->b_max_s_per_mm2 = d->adc_b_max_s_per_mm2;
    }
    out->b_split_s_per_mm2 = d->ivim_b_split_s_per_mm2;
    out->bounds = (struct hep_diffusion_bounds){
        d->d_mm2_per_s.lo,     d->d_mm2_per_s.hi,     d->f_frac.lo, d->f_frac.hi,
        d->dstar_mm2_per_s.lo, d->dstar_mm2_per_s.hi, d->k.lo,      d->k.hi
    };
    out->robust = d->robust;
    out->fit.verify = d->verify;
    out->sigma = isnan(d->sigma) ? 0 : d->sigma;
    rc = hep_fit_solver_parse(&out->fit.solver, d->solver.s, err);
    if (rc == HEP_OK && strcmp(d->rician.s, "auto") != 0)
        rc = hep_diffusion_rician_parse(&out->rician, d->rician.s, err);
    if (rc == HEP_OK && method && strcmp(method, "default") != 0)
        rc = hep_diffusion_method_parse(&out->method, method, err);
    return rc;
}
