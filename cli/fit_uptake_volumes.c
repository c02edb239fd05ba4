/* `hepar fit uptake` on a series: voxel maps, and a table of regions. */
#include "cli/uptake.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/number.h"
#include "base/tsv.h"
#include "cli/fit_io.h"
#include "contrast/uptake_inlets.h"
#include "contrast/uptake_map.h"
#include "image/nifti.h"
#include "pipeline/study.h"

#include <math.h>
#include <stdlib.h>

enum { ARTERY = 1, PORTAL_VEIN = 2 };

struct series {
    struct hep_volume *data, *t1;
    struct hep_labels *mask, *spleen, *vessels;
    double *time_s, *region; /* owned, [nt] */
    double *inlet[2];        /* owned, [nt]: signals of artery and portal vein; NULL: none */
    const float **signal;    /* owned, [nt] */
    double tr_s, flip_rad, field_t, t1_liver_s, t1_blood_s;
    size_t n, nt, n_baseline;
    struct hep_relaxivity relaxivity;
    struct hep_inputs *inputs;
    struct hep_uptake_plans plans;
    const char *input;
};

static void release(struct series *s)
{
    hep_volume_free(s->data);
    hep_volume_free(s->t1);
    hep_labels_free(s->mask);
    hep_labels_free(s->spleen);
    hep_labels_free(s->vessels);
    free(s->time_s);
    free(s->region);
    free(s->inlet[0]);
    free(s->inlet[1]);
    free(s->signal);
    hep_uptake_plans_free(&s->plans);
    hep_inputs_free(s->inputs);
}

static int take_times(struct series *s, const struct hep_acquisition *a,
                      const struct hep_uptake_options *o, struct hep_error *err)
{
    const char *from = o->times != NULL ? o->times : o->dynamic;
    int rc = HEP_OK;

    if (o->times != NULL)
        rc = hep_uptake_read_times(s->time_s, s->nt, o->times, err);
    else if (a->n_frame_times != s->nt)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "%s: no times of its %zu volumes: give --times, or FrameTimesStart in the "
                      "sidecar",
                      o->dynamic, s->nt);
    else
        (void)memcpy(s->time_s, a->frame_times_s, s->nt * sizeof *s->time_s);
    for (size_t i = 0; rc == HEP_OK && i < s->nt; i++) {
        if (!isfinite(s->time_s[i]) || s->time_s[i] < 0.0 ||
            (i > 0 && s->time_s[i] <= s->time_s[i - 1]))
            rc = HEP_FAIL(err, HEP_EDATA, "%s: time %g s of volume %zu does not follow %g s", from,
                          s->time_s[i], i + 1, i > 0 ? s->time_s[i - 1] : 0.0);
    }
    return rc;
}

static int take_settings(struct series *s, const struct hep_acquisition *a,
                         const struct hep_uptake_options *o, const struct hep_agent *agent,
                         struct hep_error *err)
{
    s->tr_s = isfinite(o->tr) ? o->tr : a->tr_s;
    s->flip_rad = isfinite(o->flip) ? o->flip * HEP_PI / 180.0 : a->flip_rad;
    s->field_t = isfinite(o->field) ? o->field : isfinite(a->field_t) ? a->field_t : 3.0;
    s->t1_liver_s = isfinite(o->t1_liver) ? o->t1_liver : HEP_T1_LIVER_S(s->field_t);
    s->t1_blood_s = isfinite(o->t1_blood) ? o->t1_blood : HEP_T1_BLOOD_S(s->field_t);
    if (!isfinite(s->tr_s))
        return HEP_FAIL(err, HEP_EDATA, "%s: no repetition time in its sidecar: give --tr",
                        o->dynamic);
    if (!isfinite(s->flip_rad))
        return HEP_FAIL(err, HEP_EDATA, "%s: no flip angle in its sidecar: give --flip",
                        o->dynamic);
    return hep_agent_relaxivity(&s->relaxivity, agent, s->field_t, err);
}

static int read_series(struct series *s, const struct hep_uptake_options *o,
                       const struct hep_agent *agent, struct hep_cli *cli, struct hep_error *err)
{
    struct hep_acquisition a;
    int rc;

    hep_acquisition_init(&a);
    rc = hep_fit_sidecar(&a, o->dynamic, cli, err);
    if (rc == HEP_OK)
        rc = hep_nifti_read(&s->data, o->dynamic, err);
    if (rc != HEP_OK)
        goto out;
    s->nt = s->data->nt;
    s->n = hep_grid_voxels(&s->data->grid);
    if (s->nt < HEP_UPTAKE_N + 3) {
        rc = HEP_FAIL(err, HEP_EDATA,
                      "%s: %zu volumes, a fit of %d parameters needs %d and a baseline", o->dynamic,
                      s->nt, HEP_UPTAKE_N, HEP_UPTAKE_N + 2);
        goto out;
    }
    if (HEP_NEW(s->time_s, s->nt, err) != HEP_OK || HEP_NEW(s->region, s->nt, err) != HEP_OK ||
        HEP_NEW(s->signal, s->nt, err) != HEP_OK) {
        rc = HEP_ENOMEM;
        goto out;
    }
    for (size_t t = 0; t < s->nt; t++)
        s->signal[t] = hep_volume_at(s->data, t);
    rc = take_settings(s, &a, o, agent, err);
    if (rc == HEP_OK)
        rc = take_times(s, &a, o, err);
out:
    hep_acquisition_release(&a);
    return rc;
}

static int read_t1(struct series *s, const char *path, const char *data_path, struct hep_error *err)
{
    int rc = path == NULL ? HEP_OK : hep_nifti_read(&s->t1, path, err);

    if (rc == HEP_OK && s->t1 != NULL &&
        !hep_grid_same(&s->t1->grid, &s->data->grid, HEP_GRID_TOL_MM))
        rc = HEP_FAIL(err, HEP_EGEOM, "%s: the map's grid is not that of %s", path, data_path);
    return rc;
}

/* Mean over the voxels of a label that are finite; label 0: of any label. @return their number */
static size_t mean_curve(double *out, const struct series *s, const struct hep_labels *map,
                         int32_t label)
{
    size_t n = 0;

    for (size_t t = 0; t < s->nt; t++) {
        double sum = 0.0;

        n = 0;
        for (size_t v = 0; v < s->n; v++) {
            if ((label == 0 ? map->data[v] != 0 : map->data[v] == label) &&
                isfinite(s->signal[t][v])) {
                sum += (double)s->signal[t][v];
                n++;
            }
        }
        out[t] = n > 0 ? sum / (double)n : (double)NAN;
    }
    return n;
}

static int mean_t1(double *out, const struct series *s, int32_t label, struct hep_error *err)
{
    double sum = 0.0;
    double n = 0.0;

    for (size_t v = 0; s->t1 != NULL && v < s->n; v++) {
        if (s->mask->data[v] == label && s->t1->data[v] > 0.0F && isfinite(s->t1->data[v])) {
            sum += (double)s->t1->data[v];
            n += 1.0;
        }
    }
    if (s->t1 != NULL && n == 0.0)
        return HEP_FAIL(err, HEP_EDATA, "--t1-map has no T1 in region %d of the mask", (int)label);
    *out = s->t1 != NULL ? sum / n : s->t1_liver_s;
    return HEP_OK;
}

/* As found, or where --baseline says. */
static int set_baseline(struct series *s, size_t found, const char *what,
                        const struct hep_uptake_options *o, struct hep_error *err)
{
    size_t n = isfinite(o->baseline) ? 0 : found;

    while (isfinite(o->baseline) && n < s->nt && s->time_s[n] < o->baseline)
        n++;
    s->n_baseline = n;
    if (n == 0 || n + HEP_UPTAKE_N + 2 > s->nt)
        return HEP_FAIL(err, HEP_EDATA,
                        "%s: %zu of %zu volumes are before the rise of %s: a baseline and %d "
                        "volumes after it are needed (--baseline)",
                        o->dynamic, n, s->nt, what, HEP_UPTAKE_N + 2);
    return HEP_OK;
}

static int vessel_inputs(struct series *s, const char *name, const struct hep_uptake_options *o,
                         struct hep_error *err)
{
    int rc = set_baseline(s, hep_baseline_of(s->inlet[0], s->nt), "the artery", o, err);

    s->input = name;
    if (rc == HEP_OK)
        rc = hep_inlets_of_vessels(&s->inputs, s->inlet[0], s->inlet[1], s->time_s, s->nt,
                                   s->n_baseline, s->t1_blood_s, s->tr_s, s->flip_rad, o->hct,
                                   &s->relaxivity, err);
    return rc == HEP_OK ? rc : hep_error_prefix(err, "%s", o->aif);
}

static int inputs_of_mask(struct series *s, const struct hep_uptake_options *o,
                          struct hep_error *err)
{
    int rc = hep_fit_mask(&s->vessels, o->aif, &s->data->grid, o->dynamic, err);

    if (rc == HEP_OK && hep_labels_count(s->vessels, ARTERY) == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: no voxel of 1, the artery", o->aif);
    if (rc == HEP_OK)
        rc = HEP_NEW(s->inlet[0], s->nt, err);
    if (rc == HEP_OK && hep_labels_count(s->vessels, PORTAL_VEIN) > 0)
        rc = HEP_NEW(s->inlet[1], s->nt, err);
    if (rc != HEP_OK)
        return rc;
    (void)mean_curve(s->inlet[0], s, s->vessels, ARTERY);
    if (s->inlet[1] != NULL)
        (void)mean_curve(s->inlet[1], s, s->vessels, PORTAL_VEIN);
    return vessel_inputs(s, s->inlet[1] != NULL ? "artery and portal vein" : "artery", o, err);
}

static int column(double **out, const struct hep_tsv *t, const char *name, const char *path,
                  struct hep_error *err)
{
    const size_t at = hep_tsv_column(t, name);
    int rc = at == HEP_TSV_NONE ? HEP_OK : HEP_NEW(*out, t->n_rows + 1, err);

    for (size_t i = 0; rc == HEP_OK && at != HEP_TSV_NONE && i < t->n_rows; i++) {
        rc = hep_parse_double(&(*out)[i], hep_tsv_cell(t, i, at), err);
        if (rc != HEP_OK)
            rc = hep_error_prefix(err, "%s: row %zu, %s", path, i + 1, name);
    }
    return rc;
}

#define ARRIVED 0.01 /* of the arterial peak */

/* The baseline ends where contrast agent reaches the artery. A liver rises so slowly that its own curve would say it too
 * late, and a baseline with contrast agent in it makes every rate too low. */
static int baseline_of_inputs(struct series *s, const struct hep_uptake_options *o,
                              struct hep_error *err)
{
    const struct hep_inputs *in = s->inputs;
    double peak = 0.0;
    size_t n = 0;

    for (size_t i = 0; i < in->n; i++)
        peak = fmax(peak, in->arterial_mM[i]);
    while (n < s->nt &&
           hep_curve_at(in->arterial_mM, in->n, in->dt_s, s->time_s[n]) <= ARRIVED * peak)
        n++;
    return set_baseline(s, n, "the artery", o, err);
}

/* Concentrations on a regular grid. */
static int concentration_inputs(struct series *s, const double *time_s, double *const curve[2],
                                size_t n, const struct hep_uptake_options *o, struct hep_error *err)
{
    const double dt = HEP_INPUTS_DT_S;
    const size_t n_grid = (size_t)(s->time_s[s->nt - 1] / dt) + 2;
    double *grid[2] = { NULL, NULL };
    int rc = HEP_OK;

    for (int k = 0; rc == HEP_OK && k < 2 && curve[k] != NULL; k++) {
        rc = HEP_NEW(grid[k], n_grid, err);
        if (rc == HEP_OK)
            rc = hep_curve_resample(grid[k], n_grid, dt, time_s, curve[k], n, err);
    }
    if (rc == HEP_OK)
        rc = hep_inputs_from_curves(&s->inputs, grid[0], grid[1], n_grid, dt, o->hct, err);
    free(grid[0]);
    free(grid[1]);
    s->input = "given concentrations";
    return rc == HEP_OK ? baseline_of_inputs(s, o, err) : rc;
}

static int inputs_of_table(struct series *s, const struct hep_uptake_options *o,
                           struct hep_error *err)
{
    static const char *const names[2][2] = { { "arterial_mM", "portal_mM" },
                                             { "aorta", "portal" } };
    struct hep_tsv t = { 0 };
    double *time_s = NULL;
    double *curve[2] = { NULL, NULL };
    int rc = hep_tsv_read(&t, o->aif, err);
    const int kind = rc == HEP_OK && hep_tsv_column(&t, names[0][0]) != HEP_TSV_NONE ? 0 : 1;

    if (rc == HEP_OK)
        rc = column(&time_s, &t, "time_s", o->aif, err);
    for (int k = 0; rc == HEP_OK && k < 2; k++)
        rc = column(&curve[k], &t, names[kind][k], o->aif, err);
    if (rc == HEP_OK && (time_s == NULL || curve[0] == NULL || t.n_rows < 2))
        rc = HEP_FAIL(err, HEP_EDATA,
                      "%s: needs columns time_s and aorta or arterial_mM, and two rows", o->aif);
    for (int k = 0; rc == HEP_OK && k < 2 && curve[k] != NULL; k++) {
        if (kind == 1)
            rc = HEP_NEW(s->inlet[k], s->nt, err);
        for (size_t i = 0; rc == HEP_OK && kind == 1 && i < s->nt; i++) {
            size_t j = 1;

            while (j + 1 < t.n_rows && time_s[j] < s->time_s[i])
                j++;
            s->inlet[k][i] =
                curve[k][j - 1] +
                (curve[k][j] - curve[k][j - 1]) *
                    fmin(fmax((s->time_s[i] - time_s[j - 1]) / (time_s[j] - time_s[j - 1]), 0.0),
                         1.0);
        }
    }
    if (rc == HEP_OK && kind == 1)
        rc = vessel_inputs(s, "given signals", o, err);
    else if (rc == HEP_OK)
        rc = concentration_inputs(s, time_s, curve, t.n_rows, o, err);
    free(time_s);
    free(curve[0]);
    free(curve[1]);
    hep_tsv_release(&t);
    return rc;
}

static int32_t next_label(const struct hep_labels *map, int32_t after)
{
    int32_t next = 0;

    for (size_t v = 0; v < hep_grid_voxels(&map->grid); v++) {
        if (map->data[v] > after && (next == 0 || map->data[v] < next))
            next = map->data[v];
    }
    return next;
}

/* Step and reach of the search for the arrival around the first rise of the region. */
#define ARRIVAL_STEP_S 2.0
enum { ARRIVAL_STEPS = 10 };

/* The population's curve, shifted to where the first region fits best. */
static int find_arrival(struct series *s, double around_s, const struct hep_uptake_options *o,
                        const struct hep_agent *agent, struct hep_error *err)
{
    const double end = s->time_s[s->nt - 1];
    double best_peak = around_s;
    double best = (double)INFINITY;
    int rc;

    (void)mean_curve(s->region, s, s->mask, next_label(s->mask, 0));
    rc = hep_delta_r1_from_signal(s->region, NULL, s->region, s->nt, s->n_baseline, s->t1_liver_s,
                                  s->tr_s, s->flip_rad, err);
    for (int step = -ARRIVAL_STEPS; rc == HEP_OK && step <= ARRIVAL_STEPS; step++) {
        const double peak = fmax(around_s + step * ARRIVAL_STEP_S, 0.0);
        struct hep_inputs *in = NULL;
        struct hep_uptake_fit f = { .n = 0 };

        rc = hep_inlets_of_population(&in, agent, peak, end, o->dose, o->hct, err);
        if (rc == HEP_OK)
            rc = hep_uptake_fit(&f, in, s->time_s, s->region, s->nt, &s->relaxivity, NULL, err);
        if (rc == HEP_OK && f.rmse_per_s < best) {
            best = f.rmse_per_s;
            best_peak = peak;
        }
        hep_inputs_free(in);
    }
    hep_inputs_free(s->inputs);
    s->inputs = NULL;
    return rc == HEP_OK
               ? hep_inlets_of_population(&s->inputs, agent, best_peak, end, o->dose, o->hct, err)
               : rc;
}

/* Twice: the second time with the baseline that the first arrival gives. */
static int population_inputs(struct series *s, const struct hep_uptake_options *o,
                             const struct hep_agent *agent, struct hep_error *err)
{
    int rc;

    s->input = "population";
    (void)mean_curve(s->region, s, s->mask, next_label(s->mask, 0));
    rc = set_baseline(s, hep_baseline_of(s->region, s->nt), "the first region", o, err);
    for (int round = 0; rc == HEP_OK && round < 2; round++) {
        rc = find_arrival(s, s->time_s[s->n_baseline], o, agent, err);
        if (rc == HEP_OK)
            rc = baseline_of_inputs(s, o, err);
    }
    return rc;
}

/* Without a mask: the body, so that there is a region. */
static int read_masks(struct series *s, const struct hep_uptake_options *o, struct hep_error *err)
{
    int rc = hep_fit_mask(&s->mask, o->mask, &s->data->grid, o->dynamic, err);

    if (rc == HEP_OK && s->mask == NULL) {
        rc = hep_labels_new(&s->mask, &s->data->grid, err);
        for (size_t v = 0; rc == HEP_OK && v < s->n; v++)
            s->mask->data[v] = s->signal[0][v] > 0.0F;
        if (rc == HEP_OK && hep_labels_count(s->mask, -1) == 0)
            rc = HEP_FAIL(err, HEP_EDATA, "%s: no positive signal in the first volume", o->dynamic);
    }
    if (rc == HEP_OK)
        rc = hep_fit_mask(&s->spleen, o->spleen, &s->data->grid, o->dynamic, err);
    return rc;
}

static int make_inputs(struct series *s, const struct hep_uptake_options *o,
                       const struct hep_agent *agent, struct hep_error *err)
{
    const size_t length = o->aif != NULL ? strlen(o->aif) : 0;
    int rc = HEP_OK;

    if (length > 4 && strcmp(o->aif + length - 4, ".tsv") == 0)
        rc = inputs_of_table(s, o, err);
    else if (o->aif != NULL)
        rc = inputs_of_mask(s, o, err);
    if (rc == HEP_OK && s->inputs == NULL)
        rc = population_inputs(s, o, agent, err);
    if (rc == HEP_OK)
        rc = hep_uptake_plans_new(&s->plans, s->inputs, s->time_s, s->nt, &s->relaxivity, o->model,
                                  err);
    return rc;
}

/* Mean of the last tenth of the volumes. */
static double last_signal(const double *signal, size_t n)
{
    const size_t first = n - n / 10 - 1;
    double sum = 0.0;

    for (size_t i = first; i < n; i++)
        sum += signal[i];
    return sum / (double)(n - first);
}

static int add_region(struct hep_uptake_row *row, struct series *s, int32_t label,
                      const struct hep_uptake_options *o, double spleen, struct hep_error *err)
{
    int rc = mean_t1(&row->t1_s, s, label, err);

    row->region = label;
    row->n_voxels = hep_labels_count(s->mask, label);
    row->t1_source = s->t1 != NULL ? "map" : isfinite(o->t1_liver) ? "given" : "assumed";
    row->input = s->input;
    (void)mean_curve(s->region, s, s->mask, label);
    row->enhancement = hep_last_enhancement(s->region, s->nt, s->n_baseline);
    row->hui_ml = (double)row->n_voxels * hep_grid_voxel_mm3(&s->mask->grid) / 1000.0 *
                  (last_signal(s->region, s->nt) / spleen - 1.0);
    if (rc == HEP_OK)
        rc = hep_delta_r1_from_signal(s->region, &row->n_bad, s->region, s->nt, s->n_baseline,
                                      row->t1_s, s->tr_s, s->flip_rad, err);
    if (rc == HEP_OK)
        rc = hep_uptake_row_fit(row, &s->plans, s->inputs, s->time_s, s->region, s->nt,
                                &s->relaxivity, err);
    return rc == HEP_OK ? rc : hep_error_prefix(err, "region %d", (int)label);
}

static int make_rows(struct hep_uptake_row **rows, size_t *n, struct series *s,
                     const struct hep_uptake_options *o, struct hep_error *err)
{
    double spleen = (double)NAN;
    int rc = HEP_OK;

    if (s->spleen != NULL && mean_curve(s->region, s, s->spleen, 0) > 0)
        spleen = last_signal(s->region, s->nt);
    for (int32_t label = next_label(s->mask, 0); rc == HEP_OK && label != 0;
         label = next_label(s->mask, label)) {
        rc = HEP_GROW(*rows, *n, err);
        if (rc == HEP_OK)
            rc = add_region(&(*rows)[(*n)++], s, label, o, spleen, err);
    }
    return rc;
}

static struct hep_json *sidecar_of(struct hep_put *put, const struct series *s,
                                   const struct hep_uptake_options *o)
{
    struct hep_json *json = hep_json_new_object();
    struct hep_json *models = hep_json_new_array();

    for (size_t p = 0; p < s->plans.n; p++)
        hep_put_item(put, models, hep_json_new_string(hep_uptake_model_names[s->plans.model[p]]));
    hep_put(put, json, "Models", models);
    hep_put_text(put, json, "ModelChoice",
                 s->plans.n > 1 ? "lowest AICc in each voxel; model is the index in Models"
                                : "given");
    hep_put_text(put, json, "Inlets", s->input);
    hep_put_number(put, json, "BaselineVolumes", (double)s->n_baseline);
    hep_put_number(put, json, "RepetitionTime", s->tr_s);
    hep_put_number(put, json, "FlipAngle", s->flip_rad * 180.0 / HEP_PI);
    hep_put_number(put, json, "MagneticFieldStrength", s->field_t);
    hep_put_text(put, json, "T1BeforeContrast",
                 s->t1 != NULL           ? "map"
                 : isfinite(o->t1_liver) ? "one value, given"
                                         : "one value, assumed: that of a healthy liver");
    if (s->t1 == NULL)
        hep_put_number(put, json, "T1", s->t1_liver_s);
    hep_put_text(put, json, "StatusCodes",
                 "0 ok, 1 at a bound, 2 not converged, 3 bad input, 255 outside the mask");
    return json;
}

static enum hep_map_group group_of(enum hep_uptake_map map)
{
    if (map >= HEP_UPTAKE_MAP_RMSE)
        return HEP_MAP_QUALITY;
    return hep_ends_with(hep_uptake_map_rows[map].name, "_stderr") ? HEP_MAP_ERROR
                                                                   : HEP_MAP_PARAMETER;
}

static int fit_maps(struct hep_fit_file *files, size_t counts[4], const struct series *s,
                    const struct hep_fit_output *output, int nthreads, struct hep_error *err)
{
    const struct hep_dynamic d = { s->signal,     s->time_s, s->nt,
                                   s->n_baseline, s->n,      s->t1 != NULL ? s->t1->data : NULL,
                                   s->t1_liver_s, s->tr_s,   s->flip_rad,
                                   s->mask->data };
    float *map[HEP_UPTAKE_MAP_COUNT];
    int rc;

    for (int m = 0; m < HEP_UPTAKE_MAP_COUNT; m++)
        files[m] = (struct hep_fit_file){ .name = hep_uptake_map_rows[m].name,
                                          .unit = hep_uptake_map_rows[m].unit,
                                          .group = group_of((enum hep_uptake_map)m) };
    rc = hep_fit_files_choose(files, output, err);
    if (rc == HEP_OK)
        rc = hep_fit_files_new(files, &s->data->grid, err);
    for (int m = 0; rc == HEP_OK && m < HEP_UPTAKE_MAP_COUNT; m++)
        map[m] = hep_fit_files_data(files, files[m].name);
    if (rc == HEP_OK)
        rc = hep_uptake_volumes(map, counts, &d,
                                (const struct hep_uptake_plan *const *)s->plans.plan, s->plans.n,
                                s->inputs, &s->relaxivity, nthreads, err);
    return rc;
}

int hep_fit_uptake_volumes(const struct hep_uptake_options *o, const struct hep_agent *agent,
                           struct hep_cli *cli, struct hep_error *err)
{
    struct series s = { .n = 0 };
    struct hep_fit_file files[HEP_UPTAKE_MAP_COUNT + 1] = { 0 };
    struct hep_uptake_row *rows = NULL;
    struct hep_put put = { HEP_OK, err };
    struct hep_json *sidecar = NULL;
    size_t counts[4] = { 0 };
    size_t n_rows = 0;
    const int nthreads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads();
    int rc = read_series(&s, o, agent, cli, err);

    if (rc == HEP_OK)
        rc = read_masks(&s, o, err);
    if (rc == HEP_OK)
        rc = read_t1(&s, o->t1_map, o->dynamic, err);
    if (rc == HEP_OK)
        rc = make_inputs(&s, o, agent, err);
    if (rc == HEP_OK)
        rc = make_rows(&rows, &n_rows, &s, o, err);
    if (rc == HEP_OK)
        rc = fit_maps(files, counts, &s, &o->output, nthreads, err);
    if (rc == HEP_OK)
        rc = hep_fit_keep_inputs(&o->output, files, &o->dynamic, 1, err);
    if (rc == HEP_OK) {
        const struct hep_table table = HEP_TABLE(NULL, hep_uptake_columns, rows, n_rows);

        sidecar = sidecar_of(&put, &s, o);
        rc = put.rc == HEP_OK ? hep_fit_write(&o->output, files, sidecar, nthreads, err) : put.rc;
        if (rc == HEP_OK && hep_is_dir(o->output.out))
            rc = hep_table_write(o->output.out, "regions", &table, err);
        if (rc == HEP_OK)
            rc = hep_uptake_print(cli->out, &table, o->json, err);
        if (rc == HEP_OK && !o->json)
            (void)fprintf(cli->out,
                          "%s: %zu voxels ok, %zu at a bound, %zu not converged, %zu bad input\n",
                          o->output.out, counts[0], counts[1], counts[2], counts[3]);
    }
    hep_json_free(sidecar);
    hep_fit_files_free(files);
    free(rows);
    release(&s);
    return rc;
}
