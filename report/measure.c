#include "report/measure.h"

#include "base/alloc.h"
#include "fitting/iron.h"
#include "image/stats.h"
#include "pipeline/config/config.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/map_io.h"
#include "sequences/inventory.h"

#include <math.h>

const struct hep_measured_map *hep_measured_maps(void)
{
    static const struct hep_measured_map maps[] = {
        { "ff", "fat_fraction", "1", "fat" },
        { "pdff", "pdff", "1", "fat" },
        { "r2star", "r2star_per_s", "1/s", "fat" },
        { "adc", "adc_mm2_per_s", "mm2/s", "dwi" },
        { "adc_all", "adc_all_mm2_per_s", "mm2/s", "dwi" },
        { "ivim_d", "ivim_d_mm2_per_s", "mm2/s", "dwi" },
        { "ivim_f", "ivim_f", "1", "dwi" },
        { "ivim_dstar", "ivim_dstar_mm2_per_s", "mm2/s", "dwi" },
        { "dki_d", "dki_d_mm2_per_s", "mm2/s", "dwi" },
        { "dki_k", "dki_k", "1", "dwi" },
        { "re_art", "re_arterial", "1", "arterial" },
        { "re_pv", "re_portal_venous", "1", "portal_venous" },
        { "re_del", "re_delayed", "1", "delayed" },
        { "re_trans", "re_transitional", "1", "transitional" },
        { "re_hbp", "re_hepatobiliary", "1", "hepatobiliary" },
        { NULL, NULL, NULL, NULL },
    };

    return maps;
}

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

static const char *map_space(const struct hep_run *run, const struct hep_measured_map *m)
{
    if (strcmp(m->series, "fat") != 0)
        return m->series;
    return hep_run_series(run, "echoes") != NULL ? "echoes" : "opposed";
}

static int measure_one(struct hep_stats *s, struct hep_run *run, const struct hep_measured_map *m,
                       const struct region *r, const struct hep_volume *map, struct hep_error *err)
{
    struct hep_labels *here = NULL;
    int rc =
        hep_aligned_labels(&here, run, r->labels, r->space, map_space(run, m), &map->grid, err);

    if (rc == HEP_OK)
        rc = hep_stats_masked(s, map, 0, here, r->value, err);
    hep_labels_free(here);
    return rc;
}

static void put_row(struct hep_put *put, struct hep_json *regions, const struct region *r,
                    const struct hep_measured_map *m, const struct hep_stats *s)
{
    struct hep_json *o = hep_stats_json(put, s);

    hep_put_text(put, o, "region", r->name);
    hep_put_text(put, o, "map", m->key);
    hep_put_text(put, o, "unit", m->unit);
    hep_put_item(put, regions, o);
}

/* Liver iron from the median R2*, by the calibration that is set or that fits the field. */
static void put_iron(struct hep_put *put, struct hep_json *liver, const struct hep_run *run,
                     double r2star)
{
    const struct hep_cfg_fat *cfg = &hep_run_config(run)->fat;
    const struct hep_series *s = hep_run_series(run, "echoes");
    const struct hep_iron_calibration *c = NULL;
    struct hep_json *o = hep_json_new_object();
    struct hep_error e = { 0 };
    double lic = (double)NAN, field = hep_run_inventory(run)->field_t;
    int rc;

    if (s == NULL || !isfinite(r2star)) {
        hep_json_free(o);
        return;
    }
    if (isfinite(s->acquisition.field_t))
        field = s->acquisition.field_t;
    rc = strcmp(cfg->iron_calibration.s, "auto") == 0
             ? hep_iron_for_field(&c, field, &e)
             : hep_iron_find(&c, cfg->iron_calibration.s, &e);
    if (rc == HEP_OK)
        rc = hep_iron_lic(&lic, c, r2star > 0.0 ? r2star : 0.0, field, s->frame[0].te_s, &e);
    hep_put_number(put, o, "value", lic);
    hep_put_text(put, o, "unit", "mg/g dry");
    hep_put_text(put, o, "calibration", c != NULL ? c->name : NULL);
    hep_put_text(put, o, "reason", rc == HEP_OK && c != NULL ? c->citation : e.msg);
    hep_put(put, liver, "iron", o);
}

static double volume_ml(const struct hep_labels *liver)
{
    return (double)hep_labels_count(liver, -1) * hep_grid_voxel_mm3(&liver->grid) / 1000.0;
}

/* The same keys as any measure, so that a reader needs no second form. */
static void put_nothing(struct hep_put *put, struct hep_json *liver, const struct hep_run *run,
                        const char *missing, const struct hep_measured_map *m)
{
    const double nan = (double)NAN;
    const struct hep_stats none = { .median = nan, .q25 = nan, .q75 = nan, .mean = nan, .sd = nan };
    const char *reason = hep_run_reason(run, missing);
    struct hep_json *o = hep_stats_json(put, &none);

    if (reason != NULL && reason[0] != '\0')
        hep_put_text(put, o, "reason", reason);
    hep_put(put, liver, m->key, o);
}

static int measure_map(struct hep_put *put, struct hep_json *liver, struct hep_json *rows,
                       struct hep_run *run, const struct hep_measured_map *m,
                       const struct regions *r)
{
    const struct hep_volume *map = NULL;
    bool have_liver = false;
    int rc = hep_run_volume(run, m->product, &map, put->err);

    for (size_t i = 0; rc == HEP_OK && map != NULL && i < r->n; i++) {
        struct hep_stats s;

        rc = measure_one(&s, run, m, &r->list[i], map, put->err);
        if (rc != HEP_OK)
            break;
        put_row(put, rows, &r->list[i], m, &s);
        if (strcmp(r->list[i].name, "liver") == 0) {
            hep_put(put, liver, m->key, hep_stats_json(put, &s));
            have_liver = true;
            if (strcmp(m->product, "r2star") == 0)
                put_iron(put, liver, run, s.median);
        }
    }
    if (!have_liver)
        put_nothing(put, liver, run, map != NULL ? "liver" : m->product, m);
    return rc;
}

int hep_measure(struct hep_json **liver, struct hep_json **regions, struct hep_run *run,
                struct hep_error *err)
{
    struct regions *r = hep_calloc(1, sizeof *r, err);
    struct hep_put put = { HEP_OK, err };
    const struct hep_labels *mask = NULL;
    int rc;

    *liver = hep_json_new_object();
    *regions = hep_json_new_array();
    if (r == NULL)
        return HEP_ENOMEM;
    rc = collect(r, run, err);
    if (rc == HEP_OK)
        rc = hep_run_labels(run, "liver", &mask, err);
    if (rc == HEP_OK)
        hep_put_number(&put, *liver, "volume_ml", mask != NULL ? volume_ml(mask) : (double)NAN);
    for (const struct hep_measured_map *m = hep_measured_maps(); rc == HEP_OK && m->product != NULL;
         m++)
        rc = measure_map(&put, *liver, *regions, run, m, r);
    free(r);
    return rc != HEP_OK ? rc : put.rc;
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

/* Rows are nodes of the list; columns read the members of their own name. */
struct region_row {
    const struct hep_json *node;
};
#define S struct region_row
HEP_GETTER(text_of, S, hep_value_of_text(hep_json_string(hep_json_get(r->node, column->id))));
HEP_GETTER(number_of, S, hep_value_of_number(hep_json_number(hep_json_get(r->node, column->id))));
#undef S
#define TEXT_COLUMN(id, said)                                                                      \
    {                                                                                              \
        id, HEP_CELL(TEXT, 0), .meaning = said, .get = text_of                                     \
    }
#define NUMBER_COLUMN(id, said)                                                                    \
    {                                                                                              \
        id, HEP_CELL(NUMBER, 0), .meaning = said, .get = number_of                                 \
    }
static const struct hep_column region_columns[] = {
    TEXT_COLUMN("region", "Name of the region: liver, or a label of the label map"),
    TEXT_COLUMN("map", "Name of the map that is measured"),
    TEXT_COLUMN("unit", "Unit of the statistics of this row"),
    NUMBER_COLUMN("median", "Median over the voxels of the region"),
    NUMBER_COLUMN("iqr", "Distance of the quartiles"),
    NUMBER_COLUMN("q25", "Lower quartile"),
    NUMBER_COLUMN("q75", "Upper quartile"),
    NUMBER_COLUMN("mean", "Mean"),
    NUMBER_COLUMN("sd", "Standard deviation"),
    NUMBER_COLUMN("n", "Voxels with a value"),
    { 0 },
};

int hep_regions_table(struct hep_table *out, const struct hep_json *regions, struct hep_error *err)
{
    const size_t n = hep_json_size(regions);
    struct region_row *rows = hep_calloc(n + 1, sizeof *rows, err);

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++)
        rows[i].node = hep_json_at(regions, i);
    *out = (struct hep_table)HEP_TABLE_OWNED(NULL, region_columns, rows, n);
    return HEP_OK;
}
