/**
 * @file  cli/uptake.h
 * @brief What the two forms of `hepar fit uptake`, curves and volumes, share.
 */
#ifndef HEP_CLI_UPTAKE_H
#define HEP_CLI_UPTAKE_H

#include "base/table.h"
#include "cli/fit_io.h"
#include "cli/options.h"
#include "contrast/uptake_fit.h"

struct hep_uptake_options {
    struct hep_common_options common;
    const char *dynamic, *curves, *parameters, *agent;
    struct hep_fit_output output; /* a folder also holds regions.tsv */
    const char *times, *aif, *mask, *spleen, *t1_map;
    double tr, flip, t1_liver, t1_blood, baseline, dose, hct, field;
    long nthreads;
    int input, model;
    bool json;
};
enum { HEP_UPTAKE_MODEL_AUTO = HEP_UPTAKE_MODELS };

/** Rates per minute, as papers give them; NaN: not given. */
struct hep_uptake_row {
    int region; /* HEP_NO_INTEGER: a curve */
    size_t n_voxels;
    double khe, khe_se, kbh, kbh_se, ve, ve_se, flow, flow_se, arterial, arterial_se, patlak,
        patlak_se, enhancement, hui_ml, t1_s, rmse, r2, aicc;
    size_t n, n_bad;
    const char *model, *status, *input, *t1_source;
};
extern const struct hep_column hep_uptake_columns[];

/** The models that --model names: one, or all. */
struct hep_uptake_plans {
    struct hep_uptake_plan *plan[HEP_UPTAKE_MODELS];
    enum hep_uptake_model model[HEP_UPTAKE_MODELS];
    size_t n;
};
int hep_uptake_plans_new(struct hep_uptake_plans *out, const struct hep_inputs *inputs,
                         const double *time_s, size_t n, const struct hep_relaxivity *relaxivity,
                         int model, struct hep_error *err) HEP_MUST_CHECK;
void hep_uptake_plans_free(struct hep_uptake_plans *plans);
/** The best plan's fit, and Patlak's line, into a row. HEP_EDATA for too few usable samples. */
int hep_uptake_row_fit(struct hep_uptake_row *row, const struct hep_uptake_plans *plans,
                       const struct hep_inputs *inputs, const double *time_s,
                       const double *delta_r1, size_t n, const struct hep_relaxivity *relaxivity,
                       struct hep_error *err) HEP_MUST_CHECK;
/** Plasma curves from the signal of an artery, and of a portal vein or NULL; signals become dR1.
 * HEP_EDATA when more than a tenth of the samples after the baseline have no T1: saturated. */
int hep_uptake_vessel_inputs(struct hep_inputs **out, double *artery, double *portal,
                             const double *time_s, size_t n, size_t n_baseline, double t1_blood_s,
                             double tr_s, double flip_rad, double hct,
                             const struct hep_relaxivity *relaxivity,
                             struct hep_error *err) HEP_MUST_CHECK;
/** Population curves whose aorta peaks here. */
int hep_uptake_population(struct hep_inputs **out, const struct hep_agent *agent, double peak_s,
                          double end_s, double dose, double hct,
                          struct hep_error *err) HEP_MUST_CHECK;

/** One time per volume from a file of numbers. HEP_EDATA when their number is another. */
int hep_uptake_read_times(double *time_s, size_t n_volumes, const char *path,
                          struct hep_error *err) HEP_MUST_CHECK;
/** Rows for people, or as JSON. */
int hep_uptake_print(FILE *out, const struct hep_table *table, bool as_json,
                     struct hep_error *err) HEP_MUST_CHECK;

int hep_fit_uptake_volumes(const struct hep_uptake_options *o, const struct hep_agent *agent,
                           struct hep_cli *cli, struct hep_error *err) HEP_MUST_CHECK;

#endif
