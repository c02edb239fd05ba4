#include "visits/measure.h"

#include "base/alloc.h"
#include "base/number.h"
#include "lesions/size.h"
#include "pipeline/results/enhancement.h"
#include "pipeline/results/fits.h"
#include "pipeline/stages/aligned.h"

#include <math.h>
#include <stdlib.h>

/* ---- statistics of a map over a lesion ------------------------------------------------------- */

/* Finite values of a map inside a label, rising. */
static int values_in(double **out, size_t *n, const struct hep_volume *map,
                     const struct hep_labels *labels, int32_t id, struct hep_error *err)
{
    const size_t voxels = hep_grid_voxels(&labels->grid);
    size_t room = hep_labels_count(labels, id);
    int rc = HEP_NEW(*out, room + 1, err);

    *n = 0;
    for (size_t i = 0; rc == HEP_OK && i < voxels; i++) {
        if (labels->data[i] == id && isfinite(map->data[i]))
            (*out)[(*n)++] = (double)map->data[i];
    }
    if (rc == HEP_OK && *n > 1)
        qsort(*out, *n, sizeof **out, hep_compare_doubles);
    return rc;
}

enum statistic { MEAN, LOWER_QUARTILE, MEDIAN };

static double statistic_of(enum statistic what, const double *sorted, size_t n)
{
    double sum = 0.0;

    if (n == 0)
        return (double)NAN;
    for (size_t i = 0; i < n; i++)
        sum += sorted[i];
    return what == MEAN ? sum / (double)n
                        : hep_quantile_sorted(sorted, n, what == MEDIAN ? 0.5 : 0.25);
}

/* A map on the reference grid; *out NULL when the run has none. */
static int bring_map(struct hep_volume **out, struct hep_session *s, const char *product,
                     const char *series, struct hep_error *err)
{
    struct hep_run *run = &s->opened.run;
    const struct hep_volume *map = NULL;
    int rc;

    *out = NULL;
    if (!hep_run_has(run, product) || s->labels == NULL)
        return HEP_OK;
    rc = hep_run_volume(run, product, &map, err);
    if (rc == HEP_OK && map != NULL)
        rc = hep_aligned_volume(out, run, map, series, s->reference, &s->labels->grid, err);
    return rc;
}

static const struct {
    const char *product;
    enum hep_change_of of;
    enum statistic what;
} of_maps[] = {
    { "adc", HEP_CHANGE_ADC_MEAN, MEAN },    { "adc", HEP_CHANGE_ADC_Q25, LOWER_QUARTILE },
    { "ivim_d", HEP_CHANGE_IVIM_D, MEDIAN }, { "ivim_f", HEP_CHANGE_IVIM_F, MEDIAN },
    { "dki_k", HEP_CHANGE_DKI_K, MEDIAN },
};

static int measure_maps(double *values, struct hep_session *s, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t m = 0; rc == HEP_OK && m < sizeof of_maps / sizeof of_maps[0]; m++) {
        struct hep_volume *map = NULL;

        rc = bring_map(&map, s, of_maps[m].product, "dwi", err);
        for (size_t i = 0; rc == HEP_OK && map != NULL && i < s->visit.n; i++) {
            double *sorted = NULL;
            size_t n = 0;

            if (!s->lesions[i].kept)
                continue;
            rc = values_in(&sorted, &n, map, s->labels, s->lesions[i].finding->id, err);
            if (rc == HEP_OK)
                values[i * HEP_CHANGE_N + of_maps[m].of] = statistic_of(of_maps[m].what, sorted, n);
            free(sorted);
        }
        hep_volume_free(map);
    }
    return rc;
}

/* ---- what enhances in the arterial phase ------------------------------------------------------ */

static int measure_viable(double *values, const struct hep_volume *enhancement,
                          struct hep_labels *viable, const struct hep_labels *labels,
                          const struct hep_visit_lesion *l, double least, struct hep_error *err)
{
    const double ml = hep_grid_voxel_mm3(&labels->grid) / 1000.0;
    struct hep_lesion_size size;
    size_t n_viable = 0, n_not = 0;
    int rc;

    for (size_t i = 0; i < hep_grid_voxels(&labels->grid); i++) {
        const bool inside = labels->data[i] == l->finding->id && isfinite(enhancement->data[i]);
        const bool enhances = inside && (double)enhancement->data[i] >= least;

        viable->data[i] = enhances ? 1 : 0;
        n_viable += enhances ? 1 : 0;
        n_not += inside && !enhances ? 1 : 0;
    }
    if (n_viable + n_not == 0)
        return HEP_OK;
    rc = hep_label_size(&size, viable, 1, err);
    values[HEP_CHANGE_VIABLE] = ml * (double)n_viable;
    values[HEP_CHANGE_UNENHANCED] = ml * (double)n_not;
    values[HEP_CHANGE_ENHANCING_AXIS] = rc == HEP_OK ? size.long_axis_mm : (double)NAN;
    return rc;
}

static int measure_arterial(double *values, struct hep_session *s,
                            const struct hep_followup_settings *settings, struct hep_error *err)
{
    struct hep_volume *enhancement = NULL;
    struct hep_labels *viable = NULL;
    int rc = HEP_OK;

    if (s->file.arterial_weight < settings->arterial_weight_min)
        return HEP_OK;
    rc = bring_map(&enhancement, s, "re_art", "arterial", err);
    if (rc == HEP_OK && enhancement != NULL)
        rc = hep_labels_new(&viable, &s->labels->grid, err);
    for (size_t i = 0; rc == HEP_OK && enhancement != NULL && i < s->visit.n; i++) {
        if (s->lesions[i].kept)
            rc = measure_viable(values + i * HEP_CHANGE_N, enhancement, viable, s->labels,
                                &s->lesions[i], settings->viable_enhancement_min, err);
    }
    hep_labels_free(viable);
    hep_volume_free(enhancement);
    return rc;
}

int hep_session_measure(double *values, struct hep_session *s,
                        const struct hep_followup_settings *settings, struct hep_error *err)
{
    int rc;

    for (size_t i = 0; i < s->visit.n; i++) {
        for (size_t k = 0; k < HEP_CHANGE_N; k++) {
            const enum hep_measure m = hep_change_measure((enum hep_change_of)k);

            values[i * HEP_CHANGE_N + k] = m == HEP_MEASURE_COUNT || !s->lesions[i].kept
                                               ? (double)NAN
                                               : hep_finding_get(s->lesions[i].finding, m);
        }
    }
    rc = measure_maps(values, s, err);
    return rc == HEP_OK ? measure_arterial(values, s, settings, err) : rc;
}

/* ---- how it was acquired ---------------------------------------------------------------------- */

static double first_number(const struct hep_json *node)
{
    return hep_json_type(node) == HEP_JSON_ARRAY ? hep_json_number(hep_json_at(node, 0))
                                                 : hep_json_number(node);
}

static void read_series(struct hep_visit_acquisition *out, const struct hep_json *series)
{
    for (size_t i = 0; i < hep_json_size(series); i++) {
        const struct hep_json *s = hep_json_at(series, i);
        const char *name = hep_json_string(hep_json_get(s, "role"));
        enum hep_role role = HEP_ROLE_UNKNOWN;

        if (name == NULL || !hep_json_bool(hep_json_get(s, "selected"), false) ||
            hep_role_from_name(&role, name, NULL) != HEP_OK)
            continue;
        out->role[role] =
            (struct hep_role_acquisition){ true, hep_json_number(hep_json_get(s, "flip_deg")),
                                           hep_json_number(hep_json_get(s, "tr_s")),
                                           first_number(hep_json_get(s, "te_s")), 0.0 };
    }
}

static void read_gains(struct hep_visit_acquisition *out, const struct hep_enhancement *e)
{
    for (int p = 0; p < HEP_PHASE_COUNT; p++) {
        const struct hep_enhancement_gain *g = &e->gain[p];

        if (g->present && g->of.state == HEP_GAIN_SUSPECT)
            out->role[hep_role_of_phase((enum hep_phase)p)].gain = g->of.ratio;
    }
}

int hep_session_acquisition(struct hep_visit_acquisition *out, struct hep_session *s,
                            struct hep_error *err)
{
    const struct hep_json *inventory = hep_json_get(s->opened.record, "inventory");
    const struct hep_diffusion_results *fits = NULL;
    const struct hep_enhancement *enhancement = NULL;
    int rc = hep_run_diffusion(&s->opened.run, &fits, err);

    *out = (struct hep_visit_acquisition){ .field_t =
                                               hep_json_number(hep_json_get(inventory, "field_t")),
                                           .arterial_weight = s->file.arterial_weight };
    (void)snprintf(out->agent, sizeof out->agent, "%s", s->file.agent != NULL ? s->file.agent : "");
    read_series(out, hep_json_get(inventory, "series"));
    if (rc == HEP_OK)
        rc = hep_run_enhancement(&s->opened.run, &enhancement, err);
    if (rc == HEP_OK && enhancement != NULL)
        read_gains(out, enhancement);
    if (rc == HEP_OK && fits != NULL && fits->fit[HEP_FITTED_MONO].present) {
        const struct hep_diffusion_facts *fit = &fits->fit[HEP_FITTED_MONO];

        for (size_t i = 0; i < fit->n_b && i < HEP_ACQUISITION_MAX_B; i++)
            out->b_s_per_mm2[out->n_b++] = fit->b_s_per_mm2[i];
    }
    return rc;
}
