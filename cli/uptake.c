#include "cli/uptake.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/print.h"
#include "contrast/uptake_map.h"

#include <math.h>
#include <stdlib.h>

#define S struct hep_uptake_row
const struct hep_column hep_uptake_columns[] = {
    { "region", HEP_INTEGER(S, region), "region", .meaning = "Label of the region in the mask",
      .flags = HEP_OPTIONAL },
    { "n_voxels", HEP_COUNT(S, n_voxels), "voxels", .meaning = "Voxels of the region",
      .flags = HEP_OPTIONAL },
    { "khe_per_min", HEP_NUMBER(S, khe), "uptake rate khe", "1/min", HEP_SIGNIFICANT(3),
      "Rate from the extracellular space into hepatocytes, per volume of tissue" },
    { "khe_se", HEP_NUMBER(S, khe_se), "  standard error", "1/min", HEP_SIGNIFICANT(2),
      "Its standard error" },
    { "kbh_per_min", HEP_NUMBER(S, kbh), "excretion rate kbh", "1/min", HEP_SIGNIFICANT(3),
      "Rate out of hepatocytes into bile; 0 in a model without efflux" },
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
      "Arterial share of the flow; 1 in a model with one inlet" },
    { "arterial_fraction_se", HEP_NUMBER(S, arterial_se), "  standard error", "1",
      HEP_SIGNIFICANT(2), "Its standard error" },
    { "khe_patlak_per_min", HEP_NUMBER(S, patlak), "uptake rate by Patlak's line", "1/min",
      HEP_SIGNIFICANT(3),
      "Slope of Patlak's line from one minute after the arterial peak, no efflux" },
    { "khe_patlak_se", HEP_NUMBER(S, patlak_se), "  standard error", "1/min", HEP_SIGNIFICANT(2),
      "Its standard error" },
    { "relative_enhancement", HEP_NUMBER(S, enhancement), "relative enhancement at the end", "1",
      HEP_PERCENT(0),
      "Mean signal of the last tenth of the samples over the baseline, minus 1; of a tumour its "
      "RTE" },
    { "hui_ml", HEP_NUMBER(S, hui_ml), "hepatocellular uptake index", "mL", HEP_SIGNIFICANT(3),
      "Volume of the region times (its signal over that of the spleen - 1), last tenth of the "
      "samples",
      .flags = HEP_OPTIONAL },
    { "t1_s", HEP_NUMBER(S, t1_s), "T1 before contrast", "s", HEP_SIGNIFICANT(3),
      "T1 before contrast that the change of R1 stands on" },
    { "t1_source", HEP_TEXT(S, t1_source), "  where from",
      .meaning = "Map, given value, or assumed" },
    { "rmse_per_s", HEP_NUMBER(S, rmse), "residual", "1/s", HEP_SIGNIFICANT(2),
      "Root mean square residual of the change of R1" },
    { "r2", HEP_NUMBER(S, r2), "R2", "1", HEP_DECIMALS(3),
      "Share of the variance that the fit explains" },
    { "aicc", HEP_NUMBER(S, aicc), "AICc", "1", HEP_DECIMALS(1),
      "Akaike's criterion with the correction for few samples, of the model chosen" },
    { "model", HEP_TEXT(S, model), "model",
      .meaning = "Name of the model; the lowest AICc chose it where several were fitted" },
    { "n", HEP_COUNT(S, n), "samples", .meaning = "Samples used" },
    { "n_bad", HEP_COUNT(S, n_bad), "samples left out", .meaning = "Samples that no T1 can give" },
    { "status", HEP_TEXT(S, status), "status", .meaning = "ok, at a bound, or not converged" },
    { "input", HEP_TEXT(S, input), "arterial input",
      .meaning = "Population, or measured in the vessels" },
    { 0 },
};
#undef S

int hep_uptake_plans_new(struct hep_uptake_plans *out, const struct hep_inputs *inputs,
                         const double *time_s, size_t n, const struct hep_relaxivity *relaxivity,
                         int model, struct hep_error *err)
{
    int rc = HEP_OK;

    out->n = 0;
    for (int m = 0; rc == HEP_OK && m < HEP_UPTAKE_MODELS; m++) {
        const struct hep_uptake_bounds bounds = hep_uptake_model_bounds((enum hep_uptake_model)m);

        if (model != m && model != HEP_UPTAKE_MODEL_AUTO)
            continue;
        rc = hep_uptake_plan_new(&out->plan[out->n], inputs, time_s, n, relaxivity, &bounds, err);
        if (rc == HEP_OK)
            out->model[out->n++] = (enum hep_uptake_model)m;
    }
    return rc;
}

void hep_uptake_plans_free(struct hep_uptake_plans *plans)
{
    for (size_t p = 0; p < plans->n; p++)
        hep_uptake_plan_free(plans->plan[p]);
    plans->n = 0;
}

int hep_uptake_row_fit(struct hep_uptake_row *row, const struct hep_uptake_plans *plans,
                       const struct hep_inputs *inputs, const double *time_s,
                       const double *delta_r1, size_t n, const struct hep_relaxivity *relaxivity,
                       struct hep_error *err)
{
    static const char *const status[] = { "ok", "at a bound", "not converged" };
    struct hep_uptake_fit f = { .n = 0 };
    struct hep_patlak line;
    const size_t best = hep_uptake_choose(&f, (const struct hep_uptake_plan *const *)plans->plan,
                                          plans->n, delta_r1);

    if (best == plans->n)
        return HEP_FAIL(err, HEP_EDATA,
                        "too few usable samples: a fit needs its parameters and 2, at most %d",
                        HEP_UPTAKE_N + 2);
    hep_patlak(&line, inputs, time_s, delta_r1, n, relaxivity);
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
    row->patlak = line.uptake_per_s * 60.0;
    row->patlak_se = line.uptake_se_per_s * 60.0;
    row->rmse = f.rmse_per_s;
    row->r2 = f.r2;
    row->aicc = f.aicc;
    row->n = f.n;
    row->model = hep_uptake_model_names[plans->model[best]];
    row->status = status[f.status];
    return HEP_OK;
}

enum { LARGEST_FILE = 1 << 20 };

/* Numbers apart by white space or commas; a column of a table has its name as first word. */
int hep_uptake_read_times(double *time_s, size_t n_volumes, const char *path, struct hep_error *err)
{
    char *text = NULL;
    size_t n = 0;
    size_t found = 0;
    int rc = hep_file_read(&text, &n, path, LARGEST_FILE, err);
    char *state = NULL;
    char *word = rc == HEP_OK ? strtok_r(text, " \t\r\n,;", &state) : NULL;

    if (word != NULL && (strcmp(word, "time_s") == 0 || strcmp(word, "time") == 0))
        word = strtok_r(NULL, " \t\r\n,;", &state);
    for (; rc == HEP_OK && word != NULL; word = strtok_r(NULL, " \t\r\n,;", &state), found++) {
        if (found < n_volumes)
            rc = hep_parse_double(&time_s[found], word, err);
        if (rc != HEP_OK)
            rc = hep_error_prefix(err, "%s: time %zu", path, found + 1);
    }
    free(text);
    if (rc == HEP_OK && found != n_volumes)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: %zu times for %zu volumes", path, found, n_volumes);
    return rc;
}

int hep_uptake_print(FILE *out, const struct hep_table *table, bool as_json, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    int rc = HEP_OK;

    if (as_json) {
        rc = hep_put_done(&put, &json, hep_table_json(&put, table));
        return rc == HEP_OK ? hep_print_json(out, json, err) : rc;
    }
    for (size_t i = 0; i < table->n; i++)
        hep_row_text(&text, table->columns, hep_table_row(table, i));
    return hep_print_text(out, &text, err);
}
