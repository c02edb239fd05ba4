#include "cli/commands.h"

#include "base/alloc.h"
#include "base/number.h"
#include "base/table.h"
#include "base/tsv.h"
#include "cli/print.h"
#include "contrast/uptake_fit.h"
#include "pipeline/config/config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct uptake_options {
    struct hep_common_options common;
    const char *curves, *parameters, *agent;
    double tr, flip, t1_liver, t1_blood, baseline, dose, hct, field;
    int input;
    bool json;
};
enum { INPUT_POPULATION, INPUT_AORTA };

#define S struct uptake_options
static const char *const inputs[] = { "population", "aorta", NULL };
static const struct hep_option options[] = {
    HEP_OPT(FILE_IN, S, parameters, "parameters", 'p', "FILE", NULL,
            "table with columns parameter and value: TR [s], FA_1 [degrees], T1_liver_1 and "
            "T1_aorta_1 [s], t0 (end of the "
            "baseline, s), dose_1 [mmol/kg]; options below win"),
    HEP_OPT(TEXT, S, agent, "agent", 0, "NAME", "gadoxetate",
            "contrast agent, for its relaxivities and loss from plasma"),
    HEP_OPT_NUMBER(S, field, "field", 0, "T", 0.5, 7, "3", "field strength"),
    HEP_OPT_CHOICE(S, input, "input", 0, "WHICH", inputs, "population",
                   "arterial curve: the population's at this dose, its arrival by the aorta's "
                   "peak; or that of the aorta "
                   "in the table, which inflow and saturation lower"),
    HEP_OPT_NUMBER(S, tr, "tr", 0, "S", 1e-4, 1, NULL, "repetition time"),
    HEP_OPT_NUMBER(S, flip, "flip", 0, "DEG", 0.1, 90, NULL, "flip angle"),
    HEP_OPT_NUMBER(S, t1_liver, "t1-liver", 0, "S", 0.05, 5, NULL,
                   "T1 of the liver before contrast"),
    HEP_OPT_NUMBER(S, t1_blood, "t1-blood", 0, "S", 0.05, 5, NULL,
                   "T1 of blood before contrast, for --input aorta"),
    HEP_OPT_NUMBER(S, baseline, "baseline", 0, "S", 0, 10000, NULL,
                   "samples before this time are the baseline"),
    HEP_OPT_NUMBER(S, dose, "dose", 0, "MMOL/KG", 1e-4, 1, NULL,
                   "dose; without it that of the agent"),
    HEP_OPT_NUMBER(S, hct, "hct", 0, "X", 0.1, 0.7, "0.42", "haematocrit"),
    HEP_OPT_FLAG(S, json, "json", 0, "print JSON"),
    { 0 },
};
static const struct hep_positional positionals[] = {
    HEP_POS(FILE_IN, S, curves, "curves",
            "table with columns time_s, aorta, liver: mean signals of regions over time"),
    { 0 },
};
static const char *const examples[] = {
    "hepar fit uptake scan1.tsv --parameters parameters.tsv",
    "hepar fit uptake curves.tsv --tr 0.004 --flip 12 --t1-liver 0.81 --baseline 50", NULL
};
#undef S

struct curves {
    double *time_s, *aorta, *liver;
    size_t n, n_baseline;
    double tr_s, flip_rad, t1_liver_s, t1_blood_s, baseline_s, dose;
};

static void release(struct curves *c)
{
    free(c->time_s);
    free(c->aorta);
    free(c->liver);
}

/* A parameter of the file, unless an option says it; NaN where neither does. */
static double settled(double option, const struct hep_tsv *t, const char *name)
{
    size_t key = hep_tsv_column(t, "parameter");
    size_t value = hep_tsv_column(t, "value");
    double found = NAN;

    for (size_t i = 0; !isfinite(option) && i < t->n_rows; i++) {
        if (strcmp(hep_tsv_cell(t, i, key), name) == 0 &&
            hep_parse_double(&found, hep_tsv_cell(t, i, value), NULL) == HEP_OK)
            return found;
    }
    return option;
}

/* What may be missing says so with the option that gives it. */
static int need(double value, const char *what, const char *option, struct hep_error *err)
{
    return isfinite(value)
               ? HEP_OK
               : HEP_FAIL(err, HEP_EDATA, "no %s: give --parameters, or %s", what, option);
}

static int read_parameters(struct curves *c, const struct uptake_options *o, struct hep_error *err)
{
    struct hep_tsv t = { 0 };
    int rc = o->parameters != NULL ? hep_tsv_read(&t, o->parameters, err) : HEP_OK;

    if (rc == HEP_OK && o->parameters != NULL &&
        (hep_tsv_column(&t, "parameter") == HEP_TSV_NONE ||
         hep_tsv_column(&t, "value") == HEP_TSV_NONE))
        rc = HEP_FAIL(err, HEP_EDATA, "%s: no columns parameter and value", o->parameters);
    if (rc == HEP_OK) {
        c->tr_s = settled(o->tr, &t, "TR");
        c->flip_rad = settled(o->flip, &t, "FA_1") * HEP_PI / 180.0;
        c->t1_liver_s = settled(o->t1_liver, &t, "T1_liver_1");
        c->t1_blood_s = settled(o->t1_blood, &t, "T1_aorta_1");
        c->baseline_s = settled(o->baseline, &t, "t0");
        c->dose = settled(o->dose, &t, "dose_1");
        rc = need(c->tr_s, "repetition time", "--tr", err);
    }
    if (rc == HEP_OK)
        rc = need(c->flip_rad, "flip angle", "--flip", err);
    if (rc == HEP_OK)
        rc = need(c->t1_liver_s, "T1 of the liver", "--t1-liver", err);
    if (rc == HEP_OK)
        rc = need(c->baseline_s, "end of the baseline", "--baseline", err);
    if (rc == HEP_OK && o->input == INPUT_AORTA)
        rc = need(c->t1_blood_s, "T1 of blood", "--t1-blood", err);
    hep_tsv_release(&t);
    return rc;
}

static int read_column(double **out, const struct hep_tsv *t, const char *name, const char *path,
                       struct hep_error *err)
{
    size_t column = hep_tsv_column(t, name);

    if (column == HEP_TSV_NONE)
        return HEP_FAIL(err, HEP_EDATA, "%s: no column \"%s\"", path, name);
    if (HEP_NEW(*out, t->n_rows + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < t->n_rows; i++) {
        const char *cell = hep_tsv_cell(t, i, column);

        (*out)[i] = NAN;
        if (cell[0] != '\0' && hep_parse_double(&(*out)[i], cell, err) != HEP_OK)
            return hep_error_prefix(err, "%s: row %zu, %s: ", path, i + 1, name);
    }
    return HEP_OK;
}

static int check_times(const struct curves *c, const char *path, struct hep_error *err)
{
    for (size_t i = 0; i < c->n; i++) {
        if (!isfinite(c->time_s[i]) || c->time_s[i] < 0.0 ||
            (i > 0 && c->time_s[i] <= c->time_s[i - 1]))
            return HEP_FAIL(err, HEP_EDATA, "%s: row %zu: time %g s does not follow %g s", path,
                            i + 1, c->time_s[i], i > 0 ? c->time_s[i - 1] : 0.0);
    }
    if (c->n_baseline == 0 || c->n_baseline + HEP_UPTAKE_N + 2 > c->n)
        return HEP_FAIL(
            err, HEP_EDATA,
            "%s: %zu samples, %zu of them before %g s: a baseline and %d samples after it are "
            "needed",
            path, c->n, c->n_baseline, c->baseline_s, HEP_UPTAKE_N + 2);
    return HEP_OK;
}

static int read_curves(struct curves *c, const struct uptake_options *o, struct hep_error *err)
{
    struct hep_tsv t = { 0 };
    int rc = hep_tsv_read(&t, o->curves, err);

    if (rc == HEP_OK)
        rc = read_column(&c->time_s, &t, "time_s", o->curves, err);
    if (rc == HEP_OK)
        rc = read_column(&c->liver, &t, "liver", o->curves, err);
    if (rc == HEP_OK)
        rc = read_column(&c->aorta, &t, "aorta", o->curves, err);
    c->n = rc == HEP_OK ? t.n_rows : 0;
    /* Some exports end with rows that repeat earlier times: the curve ends before them. */
    for (size_t i = 1; i < c->n; i++) {
        if (c->time_s[i] <= c->time_s[i - 1] && c->time_s[i] <= c->time_s[0])
            c->n = i;
    }
    while (rc == HEP_OK && c->n_baseline < c->n && c->time_s[c->n_baseline] < c->baseline_s)
        c->n_baseline++;
    if (rc == HEP_OK)
        rc = check_times(c, o->curves, err);
    hep_tsv_release(&t);
    return rc;
}

/* The population's peak lies 10.2 s after arrival (Parker 2006), and later by half of an injection of 8 s. */
#define BOLUS_S 8.0
#define PEAK_AFTER_ARRIVAL_S 10.2
#define SEARCH_S 200.0

static int population_input(struct hep_inputs **out, const struct curves *c,
                            const struct hep_agent *agent, double hct, struct hep_error *err)
{
    struct hep_injection j = hep_injection_default(agent);
    size_t best = 0;

    for (size_t i = 0; i < c->n && c->time_s[i] < c->baseline_s + SEARCH_S; i++)
        best = c->aorta[i] > c->aorta[best] || !isfinite(c->aorta[best]) ? i : best;
    j.arrival_s = fmax(c->time_s[best] - PEAK_AFTER_ARRIVAL_S - BOLUS_S / 2.0, 0.0);
    j.bolus_s = BOLUS_S;
    j.hct = hct;
    j.dose_mmol_per_kg = isfinite(c->dose) ? c->dose : j.dose_mmol_per_kg;
    return hep_inputs_new(out, &j, c->time_s[c->n - 1], HEP_INPUTS_DT_S, err);
}

static int aorta_input(struct hep_inputs **out, const struct curves *c,
                       const struct hep_relaxivity *r, double hct, struct hep_error *err)
{
    const double dt = 0.5;
    size_t n = (size_t)(c->time_s[c->n - 1] / dt) + 2;
    double *plasma = NULL;
    int rc = HEP_NEW(plasma, n, err);

    if (rc == HEP_OK)
        rc = hep_delta_r1_from_signal(c->aorta, NULL, c->aorta, c->n, c->n_baseline, c->t1_blood_s,
                                      c->tr_s, c->flip_rad, err);
    if (rc == HEP_OK)
        rc = hep_curve_resample(plasma, n, dt, c->time_s, c->aorta, c->n, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        plasma[i] /= r->r1_blood * (1.0 - hct);
    if (rc == HEP_OK)
        rc = hep_inputs_from_curves(out, plasma, NULL, n, dt, hct, err);
    free(plasma);
    return rc;
}

/* Rates per minute, as papers give them. */
struct uptake_row {
    double khe, khe_se, kbh, kbh_se, ve, ve_se, flow, flow_se, arterial, arterial_se, rmse, r2,
        enhancement;
    size_t n, n_bad;
    const char *status, *input;
};
#define S struct uptake_row
static const struct hep_column columns[] = {
    { "khe_per_min", HEP_NUMBER(S, khe), "uptake rate khe", "1/min", HEP_SIGNIFICANT(3),
      "Rate from the extracellular space into hepatocytes, per volume of tissue" },
    { "khe_se", HEP_NUMBER(S, khe_se), "  standard error", "1/min", HEP_SIGNIFICANT(2),
      "Its standard error" },
    { "kbh_per_min", HEP_NUMBER(S, kbh), "excretion rate kbh", "1/min", HEP_SIGNIFICANT(3),
      "Rate out of hepatocytes into bile" },
    { "kbh_se", HEP_NUMBER(S, kbh_se), "  standard error", "1/min", HEP_SIGNIFICANT(2),
      "Its standard error" },
    { "ve", HEP_NUMBER(S, ve), "extracellular volume", "1", HEP_SIGNIFICANT(3),
      "Extracellular volume fraction" },
    { "ve_se", HEP_NUMBER(S, ve_se), "  standard error", "1", HEP_SIGNIFICANT(2),
      "Its standard error" },
    { "flow_per_min", HEP_NUMBER(S, flow), "plasma flow", "1/min", HEP_SIGNIFICANT(3),
      "Plasma flow per volume of tissue" },
    { "flow_se", HEP_NUMBER(S, flow_se), "  standard error", "1/min", HEP_SIGNIFICANT(2),
      "Its standard error" },
    { "arterial_fraction", HEP_NUMBER(S, arterial), "arterial fraction", "1", HEP_SIGNIFICANT(3),
      "Arterial share of the flow" },
    { "arterial_fraction_se", HEP_NUMBER(S, arterial_se), "  standard error", "1",
      HEP_SIGNIFICANT(2), "Its standard error" },
    { "relative_enhancement", HEP_NUMBER(S, enhancement), "relative enhancement at the end", "1",
      HEP_PERCENT(0), "Mean signal of the last tenth of the samples over the baseline, minus 1" },
    { "rmse_per_s", HEP_NUMBER(S, rmse), "residual", "1/s", HEP_SIGNIFICANT(2),
      "Root mean square residual of the change of R1" },
    { "r2", HEP_NUMBER(S, r2), "R2", "1", HEP_DECIMALS(3),
      "Share of the variance that the fit explains" },
    { "n", HEP_COUNT(S, n), "samples", .meaning = "Samples used" },
    { "n_bad", HEP_COUNT(S, n_bad), "samples left out", .meaning = "Samples that no T1 can give" },
    { "status", HEP_TEXT(S, status), "status", .meaning = "ok, at a bound, or not converged" },
    { "input", HEP_TEXT(S, input), "arterial input", .meaning = "population or aorta" },
    { 0 },
};
#undef S

static double enhancement(const struct curves *c)
{
    double before = 0.0;
    double after = 0.0;
    double n_after = 0.0;

    for (size_t i = 0; i < c->n_baseline; i++)
        before += c->liver[i] / (double)c->n_baseline;
    for (size_t i = c->n - c->n / 10 - 1; i < c->n; i++) {
        if (isfinite(c->liver[i])) {
            after += c->liver[i];
            n_after += 1.0;
        }
    }
    return after / n_after / before - 1.0;
}

static int fit(struct uptake_row *row, struct curves *c, const struct hep_agent *agent,
               const struct uptake_options *o, struct hep_error *err)
{
    static const char *const status[] = { "ok", "at a bound", "not converged" };
    struct hep_relaxivity relaxivity;
    struct hep_inputs *in = NULL;
    struct hep_uptake_fit f;
    int rc = hep_agent_relaxivity(&relaxivity, agent, o->field, err);

    if (rc == HEP_OK)
        rc = o->input == INPUT_AORTA ? aorta_input(&in, c, &relaxivity, o->hct, err)
                                     : population_input(&in, c, agent, o->hct, err);
    row->enhancement = enhancement(c);
    if (rc == HEP_OK)
        rc = hep_delta_r1_from_signal(c->liver, &row->n_bad, c->liver, c->n, c->n_baseline,
                                      c->t1_liver_s, c->tr_s, c->flip_rad, err);
    if (rc == HEP_OK)
        rc = hep_uptake_fit(&f, in, c->time_s, c->liver, c->n, &relaxivity, NULL, err);
    hep_inputs_free(in);
    if (rc != HEP_OK)
        return hep_error_prefix(err, "%s: ", o->curves);
    row->khe = f.tissue.uptake_per_s * 60.0;
    row->khe_se = f.se[HEP_UPTAKE_KI] * 60.0;
    row->kbh = f.tissue.efflux_per_s * 60.0;
    row->kbh_se = f.se[HEP_UPTAKE_KB] * 60.0;
    row->ve = f.tissue.ve;
    row->ve_se = f.se[HEP_UPTAKE_VE];
    row->flow = f.tissue.flow_per_s * 60.0;
    row->flow_se = f.se[HEP_UPTAKE_FLOW] * 60.0;
    row->arterial = f.tissue.arterial_frac;
    row->arterial_se = f.se[HEP_UPTAKE_ARTERIAL_FRAC];
    row->rmse = f.rmse_per_s;
    row->r2 = f.r2;
    row->n = f.n;
    row->status = status[f.status];
    row->input = inputs[o->input];
    return HEP_OK;
}

static int find_agent(struct hep_agents **set, const struct hep_agent **agent, const char *name,
                      struct hep_error *err)
{
    struct hep_agent_match match = { 0 };
    char *path = NULL;
    int rc = hep_config_find(&path, "agents.yml", err);

    if (rc == HEP_OK)
        rc = hep_agents_read(set, path, err);
    free(path);
    if (rc != HEP_OK)
        return rc;
    hep_agents_resolve(&match, *set, name);
    if (match.agent == NULL)
        return HEP_FAIL(err, HEP_EUSAGE, "--agent %s: %s", name, match.warning);
    *agent = match.agent;
    return HEP_OK;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct uptake_options *o = given;
    struct curves c = { 0 };
    struct uptake_row row = { 0 };
    struct hep_agents *set = NULL;
    const struct hep_agent *agent = NULL;
    struct hep_put put = { HEP_OK, err };
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    int rc = read_parameters(&c, o, err);

    if (rc == HEP_OK)
        rc = read_curves(&c, o, err);
    if (rc == HEP_OK)
        rc = find_agent(&set, &agent, o->agent, err);
    if (rc == HEP_OK)
        rc = fit(&row, &c, agent, o, err);
    if (rc == HEP_OK && o->json) {
        rc = hep_put_done(&put, &json, hep_row_json(&put, columns, &row));
        if (rc == HEP_OK)
            rc = hep_print_json(cli->out, json, err);
    } else if (rc == HEP_OK) {
        hep_row_text(&text, columns, &row);
        rc = hep_print_text(cli->out, &text, err);
    }
    hep_agents_free(set);
    release(&c);
    return rc;
}

const struct hep_command hep_cmd_fit_uptake = {
    "fit uptake",
    "how well the liver takes up contrast agent: uptake and excretion rates from curves",
    "Fits a dual-inlet model with uptake and efflux (Georgiou et al., Invest Radiol "
    "2017;52:111-119) to the change of R1 "
    "of the liver.",
    options,
    positionals,
    sizeof(struct uptake_options),
    run,
    examples
};
