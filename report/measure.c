#include "report/measure.h"

#include "base/alloc.h"
#include "fitting/iron.h"
#include "image/stats.h"
#include "pipeline/config/config.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/regions.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

/* One region: a name, and the value that means it in a label map that lies in the space of a
 * series. */
struct region {
    char name[64];
    int32_t value; /* < 0: every value but 0 */
    const struct hep_labels *labels;
    const char *space;
};
#define MAX_REGIONS 64
struct regions {
    struct region list[MAX_REGIONS];
    size_t n;
};

static void add_region(struct regions *r, const char *name, int32_t value,
                       const struct hep_labels *labels, const char *space)
{
    struct region *one;

    if (r->n == MAX_REGIONS)
        return;
    one = &r->list[r->n++];
    (void)snprintf(one->name, sizeof one->name, "%s", name);
    one->value = value;
    one->labels = labels;
    one->space = space;
}

/* A label map that came without names still has values. */
static void add_unnamed(struct regions *r, const struct hep_labels *labels, const char *space)
{
    for (int32_t value = 1; value < MAX_REGIONS; value++) {
        char name[32];

        (void)snprintf(name, sizeof name, "label-%d", (int)value);
        if (hep_labels_count(labels, value) > 0)
            add_region(r, name, value, labels, space);
    }
}

static const char *space_of_grid(const struct hep_run *run, const struct hep_grid *grid)
{
    static const char *const series[] = {
        "dwi",      "in_phase",      "opposed", "echoes",       "t2",           "precontrast",
        "arterial", "portal_venous", "delayed", "transitional", "hepatobiliary"
    };

    for (size_t i = 0; i < sizeof series / sizeof series[0]; i++) {
        const struct hep_series *s = hep_run_series(run, series[i]);

        if (s != NULL && hep_grid_same(&s->grid, grid, HEP_GRID_TOL_MM))
            return series[i];
    }
    return NULL;
}

static int collect(struct regions *r, struct hep_run *run, struct hep_error *err)
{
    const struct hep_series *named = hep_run_series(run, "labels");
    const struct hep_labels *liver = NULL, *labels = NULL;
    const char *reference = hep_reference_name(run), *space;
    int rc = hep_run_labels(run, "liver", &liver, err);

    if (rc == HEP_OK)
        rc = hep_run_labels(run, "labels", &labels, err);
    if (rc != HEP_OK)
        return rc;
    if (liver != NULL)
        add_region(r, "liver", -1, liver, reference);
    if (labels == NULL)
        return HEP_OK;
    space = space_of_grid(run, &labels->grid);
    if (space == NULL)
        return HEP_FAIL(err, HEP_EGEOM,
                        "%s: the grid of the label map is that of no series of the study",
                        named->name);
    for (size_t i = 0; i < named->n_labels; i++) {
        if (liver == NULL || strcmp(named->labels[i].name, "liver") != 0)
            add_region(r, named->labels[i].name, named->labels[i].value, labels, space);
    }
    if (named->n_labels == 0)
        add_unnamed(r, labels, space);
    return HEP_OK;
}

const char *hep_measure_space(const struct hep_run *run, enum hep_measure m)
{
    const char *series = hep_measure_series(m);

    return strcmp(series, "fat") == 0 ? hep_fat_series(run) : series;
}

/* Liver iron from the median R2*, by the calibration that is set or that fits the field. */
static int measure_iron(struct hep_measures_iron *out, const struct hep_run *run, double r2star,
                        struct hep_error *err)
{
    const struct hep_cfg_fat *cfg = &hep_run_config(run)->fat;
    const struct hep_series *s = hep_run_series(run, "echoes");
    const struct hep_iron_calibration *c = NULL;
    struct hep_error e = { 0 };
    double field = hep_run_inventory(run)->field_t;
    int rc;

    if (s == NULL || !isfinite(r2star))
        return HEP_OK;
    if (isfinite(s->acquisition.field_t))
        field = s->acquisition.field_t;
    rc = strcmp(cfg->iron_calibration.s, "auto") == 0
             ? hep_iron_for_field(&c, field, &e)
             : hep_iron_find(&c, cfg->iron_calibration.s, &e);
    if (rc == HEP_OK)
        rc = hep_iron_lic(&out->value_mg_per_g_dry, c, r2star > 0.0 ? r2star : 0.0, field,
                          s->frame[0].te_s, &e);
    out->present = true;
    if (c != NULL && (out->calibration = hep_strdup(c->name, err)) == NULL)
        return HEP_ENOMEM;
    out->reason = hep_strdup(rc == HEP_OK && c != NULL ? c->citation : e.msg, err);
    return out->reason != NULL ? HEP_OK : HEP_ENOMEM;
}

static double volume_ml(const struct hep_labels *liver)
{
    return (double)hep_labels_count(liver, -1) * hep_grid_voxel_mm3(&liver->grid) / 1000.0;
}

static struct hep_measures_region *add_row(struct hep_map_measures *out, const struct region *r,
                                           int k)
{
    struct hep_measures_region *row = &out->region[out->n_regions++];

    (void)memcpy(row->region, r->name, sizeof row->region);
    row->map = k;
    row->unit = hep_unit_text(hep_measure_unit(hep_measure_map(k)));
    return row;
}

int hep_measured_cannot(struct hep_measured *out, enum hep_measured_state state, const char *reason,
                        struct hep_error *err)
{
    static const struct hep_stats nothing = { .median = (double)NAN,
                                              .q25 = (double)NAN,
                                              .q75 = (double)NAN,
                                              .q05 = (double)NAN,
                                              .q95 = (double)NAN,
                                              .skewness = (double)NAN,
                                              .kurtosis = (double)NAN,
                                              .mean = (double)NAN,
                                              .sd = (double)NAN };

    hep_measured_fill(out, &nothing);
    out->state = state;
    out->reason = hep_strdup(reason, err);
    return out->reason != NULL ? HEP_OK : HEP_ENOMEM;
}

/* A map that is withheld keeps its rows, which say so. */
static int withhold_map(struct hep_map_measures *out, int k, const struct regions *r,
                        const char *reason, struct hep_error *err)
{
    struct hep_measures_iron *iron = &out->liver.iron;
    int rc = hep_measured_cannot(&out->liver.map[k], HEP_MEASURED_WITHHELD, reason, err);

    for (size_t i = 0; rc == HEP_OK && i < r->n; i++)
        rc = hep_measured_cannot(&add_row(out, &r->list[i], k)->measured, HEP_MEASURED_WITHHELD,
                                 reason, err);
    if (rc == HEP_OK && hep_measure_map(k) == HEP_M_LIVER_R2STAR) {
        iron->present = true;
        iron->state = HEP_MEASURED_WITHHELD;
        iron->reason = hep_strdup(reason, err);
        rc = iron->reason != NULL ? HEP_OK : HEP_ENOMEM;
    }
    return rc;
}

/* Map k over every region. */
static int measure_map(struct hep_map_measures *out, struct hep_run *run, int k,
                       const struct regions *r, struct hep_error *err)
{
    const enum hep_measure m = hep_measure_map(k);
    struct hep_measured *of_liver = &out->liver.map[k];
    const struct hep_volume *map = NULL;
    const char *withheld = hep_run_withheld(run, hep_measure_product(m));
    bool have_liver = false;
    int rc = hep_run_volume(run, hep_measure_product(m), &map, err);

    if (rc == HEP_OK && withheld != NULL)
        return withhold_map(out, k, r, withheld, err);
    for (size_t i = 0; rc == HEP_OK && map != NULL && i < r->n; i++) {
        const struct region *one = &r->list[i];
        struct hep_stats s;

        rc = hep_map_stats(&s, run, map, hep_measure_space(run, m), one->labels, one->space,
                           one->value, err);
        if (rc != HEP_OK)
            break;
        hep_measured_fill(&add_row(out, one, k)->measured, &s);
        if (strcmp(r->list[i].name, "liver") != 0)
            continue;
        have_liver = true;
        hep_measured_fill(of_liver, &s);
        if (m == HEP_M_LIVER_R2STAR)
            rc = measure_iron(&out->liver.iron, run, s.median, err);
    }
    if (rc == HEP_OK && !have_liver) {
        of_liver->reason =
            hep_strdup(hep_run_reason(run, map != NULL ? "liver" : hep_measure_product(m)), err);
        rc = of_liver->reason != NULL ? HEP_OK : HEP_ENOMEM;
    }
    return rc;
}

static int measure_all(struct hep_map_measures *out, struct hep_run *run, struct regions *r,
                       struct hep_error *err)
{
    const struct hep_labels *mask = NULL;
    int rc = collect(r, run, err);

    if (rc == HEP_OK)
        rc = hep_run_labels(run, "liver", &mask, err);
    if (rc == HEP_OK && mask != NULL)
        out->liver.volume_ml = volume_ml(mask);
    if (rc == HEP_OK)
        rc = HEP_NEW(out->region, r->n * HEP_MEASURE_MAPS + 1, err);
    for (int k = 0; rc == HEP_OK && k < HEP_MEASURE_MAPS; k++)
        rc = measure_map(out, run, k, r, err);
    return rc;
}

int hep_measure(struct hep_map_measures **out, struct hep_run *run, struct hep_error *err)
{
    struct hep_map_measures *all = hep_measures_new(err);
    struct regions *r = NULL;
    int rc = all == NULL ? HEP_ENOMEM : HEP_NEW(r, 1, err);

    if (rc == HEP_OK)
        rc = measure_all(all, run, r, err);
    free(r);
    if (rc == HEP_OK) {
        *out = all;
        return HEP_OK;
    }
    hep_struct_release(all, &hep_measures_type);
    free(all);
    return rc;
}

static struct hep_liver_value value_of_map(const struct hep_measured *measured, enum hep_measure m)
{
    return (struct hep_liver_value){ m, measured->median, measured->iqr,
                                     measured->state == HEP_MEASURED_WITHHELD ? measured->reason
                                                                              : NULL };
}

struct hep_liver_value hep_liver_value_of(const struct hep_map_measures *measures,
                                          const struct hep_found *found, enum hep_measure m)
{
    struct hep_liver_value v = { m, (double)NAN, (double)NAN, NULL };
    const struct hep_measures_liver *liver = measures != NULL ? &measures->liver : NULL;

    for (int k = 0; liver != NULL && k < HEP_MEASURE_MAPS; k++)
        if (hep_measure_map(k) == m)
            return value_of_map(&liver->map[k], m);
    if (liver != NULL && m == HEP_M_LIVER_VOLUME) {
        v.value = liver->volume_ml;
    } else if (liver != NULL && m == HEP_M_IRON && liver->iron.present) {
        v.value = liver->iron.value_mg_per_g_dry;
        if (liver->iron.state == HEP_MEASURED_WITHHELD)
            v.withheld = liver->iron.reason;
    } else if (found != NULL) {
        v.value = hep_measures_get(&found->liver.measures, m);
    }
    return v;
}

struct hep_column hep_measure_as_column(enum hep_measure m)
{
    const struct hep_unit_row *unit = hep_unit_row(hep_measure_unit(m));

    return (
        struct hep_column){ .id = hep_measure_column(m),
                            .cell = HEP_CELL_NUMBER,
                            .words = hep_measure_words(m),
                            .unit = unit->text,
                            .look = { unit->shown_scale, unit->shown, hep_measure_row(m)->digits },
                            .meaning = hep_measure_meaning(m) };
}
