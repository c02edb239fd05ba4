#include "cli/commands.h"

#include "base/alloc.h"
#include "base/number.h"
#include "base/table.h"
#include "base/tsv.h"
#include "cli/print.h"
#include "cli/uptake.h"
#include "contrast/uptake_inlets.h"
#include "contrast/uptake_map.h"
#include "pipeline/config/config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INPUT_POPULATION, INPUT_AORTA };

#define S struct hep_uptake_options
static const char *const inputs[] = { "population", "aorta", NULL };
static const struct hep_option options[] = {
    HEP_OPT(FILE_IN, S, curves, "curves", 0, "TSV", NULL,
            "a table of curves instead of a series: columns time_s, aorta, liver, the mean signals "
            "of regions over time"),
    HEP_OPT_CHOICE(S, model, "model", 0, "NAME", hep_uptake_model_names, "auto",
                   "one inlet (arterial) or two (and portal), without or with efflux into bile; "
                   "auto: that with the lowest AICc"),
    HEP_OPT(FILE_IN, S, times, "times", 't', "FILE", NULL,
            "one time [s] per volume of the series; without it FrameTimesStart of its sidecar"),
    HEP_OPT(FILE_IN, S, aif, "aif", 0, "MASK|TSV", NULL,
            "inlets: a mask on the grid of the series (1: artery, 2: portal vein), or a table with "
            "time_s and the signals aorta and portal, or the plasma concentrations arterial_mM and "
            "portal_mM [mmol/L]; portal is optional. Without it the population's curve, whose "
            "arrival is fitted"),
    HEP_OPT(
        FILE_IN, S, mask, "mask", 'm', "FILE", NULL,
        "voxels to fit, on the grid of the series; each of its labels is a region of the table, "
        "the first of them the liver"),
    HEP_OPT(
        FILE_IN, S, spleen, "spleen", 0, "FILE", NULL,
        "mask of the spleen on the same grid, for the hepatocellular uptake index of the liver"),
    HEP_OPT(FILE_IN, S, t1_map, "t1-map", 0, "FILE", NULL,
            "T1 before contrast [s] on the same grid, as of hepar fit t1"),
    HEP_FIT_OUTPUT_OPTIONS(S),
    HEP_OPT(FILE_IN, S, parameters, "parameters", 'p', "FILE", NULL,
            "table with columns parameter and value: TR [s], FA_1 [degrees], T1_liver_1 and "
            "T1_aorta_1 [s], t0 (end of the "
            "baseline, s), dose_1 [mmol/kg]; options below win"),
    HEP_OPT(TEXT, S, agent, "agent", 0, "NAME", "gadoxetate",
            "contrast agent, for its relaxivities and loss from plasma"),
    HEP_OPT_NUMBER(S, field, "field", 0, "T", 0.5, 7, NULL,
                   "field strength; without it from the sidecar, else 3"),
    HEP_OPT_CHOICE(S, input, "input", 0, "WHICH", inputs, "population",
                   "arterial curve: the population's at this dose, its arrival by the aorta's "
                   "peak; or that of the aorta "
                   "in the table, which inflow and saturation lower"),
    HEP_OPT_NUMBER(S, tr, "tr", 0, "S", 1e-4, 1, NULL, "repetition time"),
    HEP_OPT_NUMBER(S, flip, "flip", 0, "DEG", 0.1, 90, NULL, "flip angle"),
    HEP_OPT_NUMBER(
        S, t1_liver, "t1-liver", 0, "S", 0.05, 5, NULL,
        "T1 before contrast where no map gives it; without either that of a healthy liver, "
        "which the table then says"),
    HEP_OPT_NUMBER(
        S, t1_blood, "t1-blood", 0, "S", 0.05, 5, NULL,
        "T1 of blood before contrast, for inlets given as signals; of a series without it "
        "1.66 s at 3 T, 1.44 s at 1.5 T"),
    HEP_OPT_NUMBER(
        S, baseline, "baseline", 0, "S", 0, 10000, NULL,
        "samples before this time are the baseline; of a series without it those before the "
        "first above a tenth of the inlet's rise"),
    HEP_OPT_NUMBER(S, dose, "dose", 0, "MMOL/KG", 1e-4, 1, NULL,
                   "dose; without it that of the agent"),
    HEP_OPT_NUMBER(S, hct, "hct", 0, "X", 0.1, 0.7, "0.42", "haematocrit"),
    HEP_OPT_NTHREADS(S),
    HEP_OPT_FLAG(S, json, "json", 0, "print JSON"),
    { 0 },
};
static const struct hep_positional positionals[] = {
    HEP_POS_OPTIONAL(FILE_IN, S, dynamic, "dynamic",
                     "a 4-D series with one volume per time; a name that ends in .tsv is --curves"),
    { 0 },
};
static const char *const examples[] = {
    "hepar fit uptake dynamic.nii.gz --times times.txt --aif vessels.nii.gz --mask liver.nii.gz "
    "-o kinetics",
    "hepar fit uptake --curves scan1.tsv --parameters parameters.tsv",
    "hepar fit uptake --curves curves.tsv --tr 0.004 --flip 12 --t1-liver 0.81 --baseline 50", NULL
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

static int read_parameters(struct curves *c, const struct hep_uptake_options *o,
                           struct hep_error *err)
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
            return hep_error_prefix(err, "%s: row %zu, %s", path, i + 1, name);
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

static int read_curves(struct curves *c, const struct hep_uptake_options *o, struct hep_error *err)
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

#define SEARCH_S 200.0

/* Time of the aorta's largest signal. */
static double peak_time(const struct curves *c)
{
    size_t best = 0;

    for (size_t i = 0; i < c->n && c->time_s[i] < c->baseline_s + SEARCH_S; i++)
        best = c->aorta[i] > c->aorta[best] || !isfinite(c->aorta[best]) ? i : best;
    return c->time_s[best];
}

static int fit(struct hep_uptake_row *row, struct curves *c, const struct hep_agent *agent,
               const struct hep_uptake_options *o, struct hep_error *err)
{
    struct hep_relaxivity relaxivity;
    struct hep_inputs *in = NULL;
    struct hep_uptake_plans plans = { .n = 0 };
    int rc = hep_agent_relaxivity(&relaxivity, agent, isfinite(o->field) ? o->field : 3.0, err);

    if (rc == HEP_OK)
        rc = o->input == INPUT_AORTA
                 ? hep_inlets_of_vessels(&in, c->aorta, NULL, c->time_s, c->n, c->n_baseline,
                                         c->t1_blood_s, c->tr_s, c->flip_rad, o->hct, &relaxivity,
                                         err)
                 : hep_inlets_of_population(&in, agent, peak_time(c), c->time_s[c->n - 1], c->dose,
                                            o->hct, err);
    row->enhancement = hep_last_enhancement(c->liver, c->n, c->n_baseline);
    if (rc == HEP_OK)
        rc = hep_delta_r1_from_signal(c->liver, &row->n_bad, c->liver, c->n, c->n_baseline,
                                      c->t1_liver_s, c->tr_s, c->flip_rad, err);
    if (rc == HEP_OK)
        rc = hep_uptake_plans_new(&plans, in, c->time_s, c->n, &relaxivity, o->model, err);
    if (rc == HEP_OK)
        rc = hep_uptake_row_fit(row, &plans, in, c->time_s, c->liver, c->n, &relaxivity, err);
    row->input = inputs[o->input];
    row->t1_s = c->t1_liver_s;
    row->t1_source = "given";
    hep_uptake_plans_free(&plans);
    hep_inputs_free(in);
    return rc == HEP_OK ? rc : hep_error_prefix(err, "%s", o->curves);
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

static int fit_curves(const struct hep_uptake_options *o, const struct hep_agent *agent,
                      struct hep_cli *cli, struct hep_error *err)
{
    struct curves c = { 0 };
    struct hep_uptake_row row = { .region = HEP_NO_INTEGER,
                                  .n_voxels = HEP_NO_COUNT,
                                  .hui_ml = (double)NAN };
    struct hep_put put = { HEP_OK, err };
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    int rc = read_parameters(&c, o, err);

    if (rc == HEP_OK)
        rc = read_curves(&c, o, err);
    if (rc == HEP_OK)
        rc = fit(&row, &c, agent, o, err);
    if (rc == HEP_OK && o->json) {
        rc = hep_put_done(&put, &json, hep_row_json(&put, hep_uptake_columns, &row));
        if (rc == HEP_OK)
            rc = hep_print_json(cli->out, json, err);
    } else if (rc == HEP_OK) {
        hep_row_text(&text, hep_uptake_columns, &row);
        rc = hep_print_text(cli->out, &text, err);
    }
    release(&c);
    return rc;
}

static bool is_table(const char *path)
{
    const size_t n = strlen(path);

    return n > 4 && strcmp(path + n - 4, ".tsv") == 0;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    struct hep_uptake_options o = *(const struct hep_uptake_options *)given;
    struct hep_agents *set = NULL;
    const struct hep_agent *agent = NULL;
    int rc = HEP_OK;

    if (o.dynamic != NULL && o.curves == NULL && is_table(o.dynamic)) {
        o.curves = o.dynamic;
        o.dynamic = NULL;
    }
    if ((o.dynamic == NULL) == (o.curves == NULL))
        return HEP_FAIL(err, HEP_EUSAGE, "give a dynamic series, or --curves TSV%s",
                        o.curves != NULL ? ", not both" : "");
    rc = find_agent(&set, &agent, o.agent, err);
    if (rc == HEP_OK)
        rc = o.curves != NULL ? fit_curves(&o, agent, cli, err)
                              : hep_fit_uptake_volumes(&o, agent, cli, err);
    hep_agents_free(set);
    return rc;
}

const struct hep_command hep_cmd_fit_uptake = {
    "fit uptake",
    "how well the liver takes up contrast agent: uptake and excretion rates",
    "Fits models of uptake and efflux (Georgiou et al., Invest Radiol 2017;52:111-119) to the "
    "change of R1 in every voxel "
    "of a dynamic series and in each region of its mask, or to curves: maps with standard errors, "
    "the model of lowest "
    "AICc, and beside them Patlak's slope, relative enhancement and the hepatocellular uptake "
    "index.",
    options,
    positionals,
    sizeof(struct hep_uptake_options),
    run,
    examples
};
