#include "cli/commands.h"

#include "base/alloc.h"
#include "protocols/allocate.h"
#include "contrast/delay.h"
#include "protocols/show.h"
#include "base/json_put.h"
#include "pipeline/study.h"

#include <math.h>

struct optimise_options {
    struct hep_common_options common;
    const char *protocol;
    struct hep_args set, tissues, parameters, b_values, delays;
    double budget, snr, field, ki_median, ki_log_sd, impaired;
    int model;
    long voxels, seed, nthreads;
    bool json, unchecked;
};

/* In the order of enum hep_precision_model. */
static const char *const models[] = { "mono", "ivim", "ivim-df", "kurtosis", NULL };

#define S struct optimise_options
/* A default as text, from the number that the model has. */
#define TEXT_OF(number) AS_TEXT(number)
#define AS_TEXT(number) #number

static const struct hep_option options[] = {
    HEP_OPT_NUMBER(S, budget, "budget", 't', "S", 1, 7200, NULL,
                   "scan time of the diffusion series; without it that of the protocol"),
    HEP_OPT_CHOICE(
        S, model, "model", 'm', "MODEL", models, "ivim-df",
        "what is fitted: mono (S0, D), ivim (S0, D, f, D*), ivim-df (S0, D, f from b = 0 "
        "and b >= 200), kurtosis (S0, D, K)"),
    HEP_OPT_LIST(S, tissues, "tissue", 0, "TISSUE",
                 "names of tissues.yml; without it liver and met_rim"),
    HEP_OPT_LIST(S, parameters, "parameter", 0, "NAME[=WEIGHT]",
                 "what shall be precise, of D, f, Dstar, K; without it all but S0, alike"),
    HEP_OPT_LIST(S, b_values, "b-values", 'b', "B",
                 "b-values that may be used [s/mm2]; without it 0 and steps up to 800, with "
                 "kurtosis up to 2000"),
    HEP_OPT_NUMBER(S, snr, "snr", 0, "R", 0.5, 10000, "20",
                   "signal over noise of one acquisition at b = 0"),
    HEP_OPT_LIST(S, delays, "delay", 0, "S",
                 "delays of the hepatobiliary phase [s]; without it 600, 900, 1200"),
    HEP_OPT_NUMBER(S, ki_median, "ki-median", 0, "RATE", 0.001, 1, TEXT_OF(HEP_KI_MEDIAN_PER_MIN),
                   "median uptake of the liver [1/min]"),
    HEP_OPT_NUMBER(S, ki_log_sd, "ki-log-sd", 0, "SD", 0.01, 2, TEXT_OF(HEP_KI_LOG_SD),
                   "SD of its logarithm between patients"),
    HEP_OPT_NUMBER(S, impaired, "impaired", 0, "SHARE", 0, 1, "0.07",
                   "share of patients whose liver takes up 0.01 per minute only"),
    HEP_OPT_NUMBER(S, field, "field", 0, "T", 1, 3.5, NULL,
                   "field strength; without it that of the protocol"),
    HEP_OPT_INTEGER(S, voxels, "voxels", 0, "N", 0, 1000000, "5000",
                    "simulated voxels per tissue that check the bounds; 0: no check"),
    HEP_OPT_REPEAT(S, set, "set", 0, "KEY=VALUE", "change a setting of the protocol"),
    HEP_OPT_INTEGER(S, seed, "seed", 's', "SEED", 0, 2147483647, "1", "of the simulation"),
    HEP_OPT_NTHREADS(S),
    HEP_OPT_FLAG(S, unchecked, "unchecked", 0,
                 "also b-values that hepar protocol check calls an error"),
    HEP_OPT_FLAG(S, json, "json", 0, "print JSON"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(TEXT, S, protocol, "protocol",
            "path or name of a shipped protocol: times, directions, agent"),
    { 0 },
};

/* One delay of the hepatobiliary phase. */
struct delay_row {
    double delay_s, frac, median_sir;
};
#define DELAYS_MAX 32
struct optimised {
    struct hep_allocated allocated;
    struct hep_allocate_price price; /* of what hepar protocol check demands */
    bool has_dwi;
    struct delay_row delay[DELAYS_MAX];
    size_t n_delays;
    double sir_limit;
};

/* ---- diffusion ------------------------------------------------------------------------------- */

static int read_tissues(struct hep_allocate_request *q, const S *o,
                        const struct hep_study_tissues *t, struct hep_error *err)
{
    static const char *const usual[] = { "liver", "met_rim" };
    const char *const *names = o->tissues.n > 0 ? o->tissues.items : usual;
    size_t n = o->tissues.n > 0 ? o->tissues.n : 2;
    const char *all[HEP_TISSUE_COUNT];

    if (n > HEP_ALLOCATE_TISSUES_MAX)
        return HEP_FAIL(err, HEP_EUSAGE, "at most %d tissues", HEP_ALLOCATE_TISSUES_MAX);
    for (int k = 0; k < (int)HEP_TISSUE_COUNT; k++)
        all[k] = hep_tissue_name((enum hep_tissue)k);
    for (size_t i = 0; i < n; i++) {
        size_t found = 0;
        int rc = hep_find_name(&found, names[i], all, HEP_TISSUE_COUNT, "tissue of --tissue",
                               HEP_EUSAGE, err);

        if (rc != HEP_OK)
            return rc;
        q->tissues[i] = (enum hep_tissue)found;
        q->values[i] = t->row[found];
    }
    q->n_tissues = n;
    return HEP_OK;
}

static int read_importance(struct hep_allocate_request *q, const S *o, struct hep_error *err)
{
    size_t np = hep_precision_param_count(q->model);

    for (size_t p = 1; p < np; p++)
        q->importance[p] = o->parameters.n > 0 ? 0.0 : 1.0;
    for (size_t i = 0; i < o->parameters.n; i++) {
        const char *word = o->parameters.items[i], *equals = strchr(word, '=');
        size_t n = equals != NULL ? (size_t)(equals - word) : strlen(word);
        double weight = 1.0;
        bool found = false;

        if (equals != NULL &&
            (hep_parse_double(&weight, equals + 1, NULL) != HEP_OK || !(weight >= 0.0)))
            return HEP_FAIL(err, HEP_EUSAGE, "--parameter %s: a weight of 0 or more is needed",
                            word);
        for (size_t p = 0; p < np; p++) {
            const char *name = hep_precision_param_name(q->model, p);

            if (strlen(name) == n && strncmp(name, word, n) == 0) {
                q->importance[p] = weight;
                found = true;
            }
        }
        if (!found)
            return HEP_FAIL(err, HEP_EUSAGE, "--parameter %s: no parameter of the model %s", word,
                            hep_precision_model_name(q->model));
    }
    return HEP_OK;
}

/* In increasing order. */
static int read_b_values(double *b, size_t *n, const S *o, struct hep_error *err)
{
    int top = o->model == (int)HEP_PRECISION_KURTOSIS ? 2000 : 800;
    int low = o->model == (int)HEP_PRECISION_IVIM ? 10 : 200;

    *n = 0;
    if (o->b_values.n == 0) {
        b[(*n)++] = 0.0;
        for (int v = low; v <= 200; v += 10)
            b[(*n)++] = (double)v;
        for (int v = 250; v <= top; v += 50)
            b[(*n)++] = (double)v;
        return HEP_OK;
    }
    for (size_t i = 0; i < o->b_values.n; i++) {
        double v = 0.0;

        if (*n == HEP_LIST_MAX || hep_parse_double(&v, o->b_values.items[i], NULL) != HEP_OK ||
            v < 0.0 || (*n > 0 && v <= b[*n - 1]))
            return HEP_FAIL(err, HEP_EUSAGE,
                            "--b-values: up to %d numbers from 0, each larger than the one before",
                            HEP_LIST_MAX);
        b[(*n)++] = v;
    }
    return HEP_OK;
}

static int optimise_dwi(struct optimised *out, const S *o, const struct hep_config_bundle *bundle,
                        const struct hep_study_tissues *t, struct hep_error *err)
{
    const struct hep_config *cfg = &bundle->config;
    const struct hep_plan *plan = &cfg->series[HEP_SERIES_DWI];
    double b[HEP_LIST_MAX];
    struct hep_allocate_request q = { .cfg = cfg,
                                      .agents = o->unchecked ? NULL : bundle->agents,
                                      .model = (enum hep_precision_model)o->model,
                                      .b_s_per_mm2 = b,
                                      .snr = o->snr,
                                      .budget_s = o->budget,
                                      .n_simulated = (size_t)o->voxels,
                                      .seed = (uint64_t)o->seed,
                                      .nthreads = o->nthreads > 0 ? (int)o->nthreads
                                                                  : hep_default_nthreads() };
    int rc = read_tissues(&q, o, t, err);

    out->has_dwi = plan->expected;
    if (rc != HEP_OK || !plan->expected)
        return rc;
    if (!isfinite(q.budget_s))
        q.budget_s = hep_planned_scan_time(cfg, HEP_SERIES_DWI, NULL);
    rc = read_importance(&q, o, err);
    if (rc == HEP_OK)
        rc = read_b_values(b, &q.n_b, o, err);
    return rc == HEP_OK ? hep_allocate(&out->allocated, &out->price, &q, err) : rc;
}

/* ---- hepatobiliary delay --------------------------------------------------------------------- */

static int optimise_delay(struct optimised *out, const S *o, const struct hep_config_bundle *b,
                          const struct hep_study_tissues *t, double field_t, struct hep_error *err)
{
    static const double usual[] = { 600.0, 900.0, 1200.0 };
    const struct hep_plan *plan = &b->config.series[HEP_SERIES_HEPATOBILIARY];
    const struct hep_tissue_values *liver = &t->row[HEP_TISSUE_LIVER];
    struct hep_delay_settings s = { .agent = &b->agent,
                                    .liver_t1_s = liver->t1_s,
                                    .portal_t1_s = t->row[HEP_TISSUE_PORTAL_BLOOD].t1_s,
                                    .flow_per_min = liver->flow_per_min,
                                    .arterial_frac = liver->arterial,
                                    .ve = liver->ve,
                                    .efflux_per_min = liver->kb_per_min,
                                    .field_t = field_t,
                                    .tr_s = plan->tr_s,
                                    .flip_deg = plan->flip_deg,
                                    .ki_median_per_min = o->ki_median,
                                    .ki_log_sd = o->ki_log_sd,
                                    .impaired_frac = o->impaired };
    size_t n = o->delays.n > 0 ? o->delays.n : 3;

    s.sir_limit = out->sir_limit = b->agent.hbp_adequate_above.value;
    if (!plan->expected || strcmp(b->agent.name, "none") == 0 || !isfinite(s.sir_limit))
        return HEP_OK;
    if (n > DELAYS_MAX)
        return HEP_FAIL(err, HEP_EUSAGE, "at most %d delays", DELAYS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct delay_row *r = &out->delay[i];
        int rc;

        r->delay_s = o->delays.n > 0 ? 0.0 : usual[i];
        if (o->delays.n > 0 && (hep_parse_double(&r->delay_s, o->delays.items[i], NULL) != HEP_OK ||
                                !(r->delay_s >= 60.0 && r->delay_s <= 21600.0)))
            return HEP_FAIL(err, HEP_EUSAGE, "--delay %s: seconds from 60 to 21600",
                            o->delays.items[i]);
        rc = hep_delay_adequate(&r->frac, &r->median_sir, &s, r->delay_s, err);
        if (rc != HEP_OK)
            return rc;
        out->n_delays++;
    }
    return HEP_OK;
}

/* ---- printing -------------------------------------------------------------------------------- */

/* What the rules of the check cost. For the ADC alone the two sums are of different fits: with b = 0
 * and its perfusion, and without. */
static void print_price(struct hep_str *out, const struct hep_allocate_price *p,
                        const struct hep_allocated *a)
{
    if (!p->paid)
        return;
    hep_str_add(out, "# Without the rules of hepar protocol check b = [");
    for (size_t i = 0; i < p->b_free_s_per_mm2.n; i++)
        hep_str_addf(out, "%s%g", i > 0 ? ", " : "", p->b_free_s_per_mm2.v[i]);
    hep_str_addf(out,
                 "] would give %.3f, but\n# %s.\n# Keeping the rule costs %.0f %% of precision; "
                 "--unchecked does without.\n",
                 p->objective_free, p->demand, 100.0 * (a->objective / p->objective_free - 1.0));
}

static void print_dwi(struct hep_str *out, const struct hep_allocated *a,
                      const struct hep_allocate_price *price, const struct hep_config *cfg)
{
    hep_str_addf(out, "# %.0f s; the plan of %s takes %.0f s.\n", a->seconds, cfg->name.s,
                 a->plan_seconds);
    if (isfinite(a->objective_plan))
        hep_str_addf(out, "# sum of relative errors %.3f, %.3f with the plan's b-values.\n",
                     a->objective, a->objective_plan);
    else
        hep_str_addf(out,
                     "# sum of relative errors %.3f; the plan's b-values do not determine all of "
                     "it.\n",
                     a->objective);
    print_price(out, price, a);
    hep_str_addf(out, "#\n# %-18s %-6s %10s %10s %10s %10s %10s\n", "tissue", "", "value", "bound",
                 "simulated", "bias", "plan");
    for (size_t i = 0; i < a->n_parameters; i++) {
        const struct hep_allocated_parameter *p = &a->parameter[i];
        const double v[] = { p->value, p->bound, p->simulated_sd, p->simulated_bias,
                             p->bound_plan };

        hep_str_addf(out, "# %-18s %-6s", p->tissue, p->parameter);
        for (size_t k = 0; k < 5; k++) {
            if (isfinite(v[k]))
                hep_str_addf(out, " %10.3g", v[k]);
            else
                hep_str_addf(out, " %10s", "n/a");
        }
        hep_str_add(out, "\n");
    }
    hep_allocated_fragment(out, a, &cfg->series[HEP_SERIES_DWI]);
}

static void print_delays(struct hep_str *out, const struct optimised *r, const char *agent)
{
    hep_str_addf(out, "#\n# %s: liver over portal vein above %.2g\n# %-10s %-14s %s\n", agent,
                 r->sir_limit, "delay s", "median ratio", "adequate in");
    for (size_t i = 0; i < r->n_delays; i++)
        hep_str_addf(out, "# %-10.0f %-14.2f %.0f %%\n", r->delay[i].delay_s,
                     r->delay[i].median_sir, 100.0 * r->delay[i].frac);
}

static struct hep_json *list_json(struct hep_put *put, const struct hep_allocated *a)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < a->n_parameters; i++) {
        const struct hep_allocated_parameter *p = &a->parameter[i];
        struct hep_json *o = hep_json_new_object();

        hep_put_text(put, o, "tissue", p->tissue);
        hep_put_text(put, o, "parameter", p->parameter);
        hep_put_number(put, o, "value", p->value);
        hep_put_number(put, o, "bound_sd", p->bound);
        hep_put_number(put, o, "bound_sd_plan", p->bound_plan);
        hep_put_number(put, o, "simulated_sd", p->simulated_sd);
        hep_put_number(put, o, "simulated_bias", p->simulated_bias);
        hep_put_count(put, o, "fits", p->n);
        hep_put_item(put, list, o);
    }
    return list;
}

static int to_json(struct hep_json **out, const struct optimised *r, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object(), *delays = hep_json_new_array();
    const struct hep_allocated *a = &r->allocated;

    if (r->has_dwi) {
        hep_put_numbers(&put, o, "b_values_s_per_mm2", a->b_s_per_mm2.v, a->b_s_per_mm2.n);
        hep_put_numbers(&put, o, "averages", a->averages.v, a->averages.n);
        hep_put_number(&put, o, "seconds", a->seconds);
        hep_put_number(&put, o, "seconds_plan", a->plan_seconds);
        hep_put_number(&put, o, "objective", a->objective);
        hep_put_number(&put, o, "objective_plan", a->objective_plan);
        hep_put(&put, o, "precision", list_json(&put, a));
        if (r->price.paid) {
            hep_put_text(&put, o, "check_demands", r->price.demand);
            hep_put_number(&put, o, "objective_unchecked", r->price.objective_free);
            hep_put_numbers(&put, o, "b_values_unchecked_s_per_mm2", r->price.b_free_s_per_mm2.v,
                            r->price.b_free_s_per_mm2.n);
        }
    }
    for (size_t i = 0; i < r->n_delays; i++) {
        struct hep_json *e = hep_json_new_object();

        hep_put_number(&put, e, "delay_s", r->delay[i].delay_s);
        hep_put_number(&put, e, "adequate_frac", r->delay[i].frac);
        hep_put_number(&put, e, "median_sir", r->delay[i].median_sir);
        hep_put_item(&put, delays, e);
    }
    hep_put(&put, o, "hepatobiliary", delays);
    if (put.rc == HEP_OK)
        *out = o;
    else
        hep_json_free(o);
    return put.rc;
}

static int print(FILE *out, const struct optimised *r, const S *o,
                 const struct hep_config_bundle *b, struct hep_error *err)
{
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    char *dump = NULL;
    int rc = HEP_OK;

    if (o->json) {
        rc = to_json(&json, r, err);
        if (rc == HEP_OK)
            rc = hep_json_dump(&dump, json, err);
    } else {
        if (r->has_dwi)
            print_dwi(&text, &r->allocated, &r->price, &b->config);
        if (r->n_delays > 0)
            print_delays(&text, r, b->agent.name);
        rc = hep_str_check(&text, err);
    }
    if (rc == HEP_OK)
        (void)fputs(o->json ? dump : text.s != NULL ? text.s : "", out);
    hep_json_free(json);
    free(dump);
    hep_str_release(&text);
    return rc;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const S *o = given;
    struct hep_config_bundle b = { 0 };
    struct hep_tissue_table *table = hep_calloc(1, sizeof *table, err);
    struct hep_study_tissues tissues;
    struct optimised r = { 0 };
    struct hep_str caret = { 0 };
    char *path = NULL;
    double field_t;
    int rc = table == NULL ? HEP_ENOMEM
                           : hep_config_open(&b, o->protocol, o->set.items, o->set.n, &caret, err);

    if (caret.len > 0)
        (void)fprintf(stderr, "%s", caret.s);
    field_t = isfinite(o->field) ? o->field : b.config.acquisition.field_t;
    if (rc == HEP_OK)
        rc = hep_config_find(&path, "tissues.yml", err);
    if (rc == HEP_OK)
        rc = hep_tissue_table_read(table, path, err);
    if (rc == HEP_OK) {
        hep_study_tissues_draw(&tissues, table, field_t, 0.0, 1.0, 0.0, 0);
        rc = optimise_dwi(&r, o, &b, &tissues, err);
    }
    if (rc == HEP_OK)
        rc = optimise_delay(&r, o, &b, &tissues, field_t, err);
    if (rc == HEP_OK && !r.has_dwi && r.n_delays == 0)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "%s plans neither a diffusion series nor a hepatobiliary phase",
                      b.config.name.s);
    if (rc == HEP_OK)
        rc = print(cli->out, &r, o, &b, err);
    hep_str_release(&caret);
    hep_config_close(&b);
    free(table);
    free(path);
    return rc;
}

static const char *const examples[] = {
    "hepar protocol optimise amri-hbp --budget 180 --tissue liver met_rim --parameter D f",
    "hepar protocol optimise eob-full --model mono --parameter D -b 0 50 400 800", NULL
};

const struct hep_command hep_cmd_protocol_optimise = {
    "protocol optimise",
    "b-values, averages and delay for a scan time",
    "Finds the b-values and averages that make the chosen parameters of the chosen tissues most "
    "precise in the time, by Cramer-Rao bounds, and checks the bounds with simulated fits. Then "
    "the share of patients whose hepatobiliary phase is adequate after each "
    "delay. The output without its comments is a fragment of a protocol.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};
