/* The stage of `hepar measure`: statistics of every map over the regions that the user gave, and nothing else. */
#include "report/stage_table.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_put.h"
#include "base/text.h"
#include "image/stats.h"
#include "lesions/detection.h"
#include "lesions/size.h"
#include "pipeline/config/config.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/given_lesions.h"
#include "pipeline/stages/lesion_study.h"
#include "pipeline/stages/stages.h"
#include "report/measure.h"
#include "report/put_files.h"
#include "sequences/inventory.h"

#include <math.h>
#include <stdlib.h>

#define FRACTION HEP_UNIT_FRACTION
#define MM2S HEP_UNIT_MM2_PER_S
static const struct hep_slot inputs[] = {
    HEP_LESION_STUDY_INPUTS,           HEP_READS_SERIES("lesion_mask"),
    HEP_READS_LABELS("drawn_lesions"), HEP_READS_MAP("adc_all", MM2S),
    HEP_READS_MAP("ivim_dstar", MM2S), HEP_READS_MAP("dki_d", MM2S),
    HEP_READS_MAP("re_art", FRACTION), HEP_READS_MAP("re_pv", FRACTION),
    HEP_READS_MAP("re_del", FRACTION), HEP_READS_MAP("re_trans", FRACTION),
    HEP_READS_MAP("re_hbp", FRACTION), { 0 }
};

static const struct hep_slot outputs[] = {
    HEP_MAKES_LABELS("given", "anat/%s_label-given_dseg",
                     "given lesions on the reference grid, points as they were outlined; only "
                     "where one is a point"),
    HEP_MAKES_STRUCT(label_measures, "statistics of every map over the regions that were given"),
    { 0 }
};

struct measuring {
    struct hep_run *run;
    struct hep_given_map *map; /* one for each file */
    size_t n;
    struct hep_label_measures *out;
};

static int read_files(struct measuring *m, struct hep_error *err)
{
    int rc = hep_given_maps_read(&m->map, &m->n, m->run, inputs, err);

    if (rc == HEP_OK && m->n == 0)
        return HEP_FAIL(err, HEP_EDATA,
                        "nothing to measure: no lesions and no organs are given (--lesions, "
                        "--organs, -d, study.yml)");
    return rc;
}

/* ---- points ------------------------------------------------------------------------------------ */

/* A table of points becomes a map of the reference by the outlines that were found; `first` is the number of its first
 * lesion in `g`. */
static int take_outlines(struct hep_given_map *map, const struct hep_given *g, int32_t first,
                         const char *reference, struct hep_error *err)
{
    int rc = hep_labels_new(&map->labels, &g->labels->grid, err);

    for (size_t j = 0; rc == HEP_OK && j < hep_grid_voxels(&g->labels->grid); j++) {
        const int32_t id = g->labels->data[j] - first;

        if (id >= 1 && (size_t)id <= map->n)
            map->labels->data[j] = id;
    }
    for (size_t i = 0; rc == HEP_OK && i < map->n; i++)
        map->list[i] = g->list[(size_t)first + i];
    map->space = reference;
    return rc;
}

/* Points are outlined by the detector's border finder, beside the other lesions that are given. */
static int outline_points(struct measuring *m, struct hep_error *err)
{
    struct hep_lesion_images images = { 0 };
    struct hep_given g = { 0 };
    struct hep_candidates found = { 0 };
    struct hep_detection_table *table = NULL;
    char *path = NULL;
    int32_t first = 0;
    int rc = hep_lesion_study_open(&images, m->run, err);

    if (rc == HEP_OK && images.study.liver == NULL)
        rc = HEP_FAIL(err, HEP_EDATA, "points cannot be outlined without a liver: %s",
                      hep_run_reason(m->run, "liver"));
    if (rc == HEP_OK)
        rc = hep_given_join(&g, m->run, m->map, m->n, &images.study.grid, err);
    if (rc == HEP_OK)
        rc = hep_config_find_file(&path, hep_run_config(m->run)->lesions.detection_table.s, err);
    if (rc == HEP_OK)
        rc = hep_detection_read(&table, path, err);
    if (rc == HEP_OK)
        rc = hep_candidates_find(&found, &images.study, table, err);
    if (rc == HEP_OK)
        rc = hep_given_outline(&g, &images.study, &found, err);
    if (rc == HEP_OK)
        rc = hep_given_describe(&g, &images.study, err);
    for (size_t i = 0; rc == HEP_OK && i < m->n; i++) {
        if (m->map[i].labels == NULL)
            rc = take_outlines(&m->map[i], &g, first, hep_reference_name(m->run), err);
        if (m->map[i].file->role == HEP_ROLE_LESION_MASK)
            first += (int32_t)m->map[i].n;
    }
    if (rc == HEP_OK) {
        rc = hep_run_put_labels(m->run, "given", g.labels, NULL, err);
        g.labels = NULL;
    }
    free(path);
    hep_detection_free(table);
    hep_candidates_release(&found);
    hep_given_release(&g);
    hep_lesion_images_release(&images);
    return rc;
}

static int settle_points(struct measuring *m, struct hep_error *err)
{
    bool any = false;

    for (size_t i = 0; i < m->n; i++)
        any = any || m->map[i].labels == NULL;
    if (any)
        return outline_points(m, err);
    hep_run_put_absent(m->run, "given", "no point is given: the files hold the regions");
    return HEP_OK;
}

/* ---- numbers ----------------------------------------------------------------------------------- */

static int describe(struct hep_label *out, const struct hep_given_map *map, size_t i,
                    struct hep_error *err)
{
    const struct hep_given_lesion *l = &map->list[i];
    struct hep_lesion_size size;
    int rc;

    out->kind = map->file->role == HEP_ROLE_LABELS ? HEP_LABEL_ORGAN : HEP_LABEL_LESION;
    out->given_label = l->label;
    out->outlined_by_hepar = l->is_point;
    out->voxels = l->voxels;
    (void)snprintf(out->name, sizeof out->name, "%s", l->name);
    (void)snprintf(out->file, sizeof out->file, "%s", hep_path_base(map->file->path));
    (void)snprintf(out->drawn_on, sizeof out->drawn_on, "%s", map->space);
    (void)snprintf(out->note, sizeof out->note, "%s", l->note);
    memcpy(out->centre_mm, l->centre_mm, sizeof out->centre_mm);
    if (l->voxels == 0)
        return HEP_OK;
    rc = hep_label_size(&size, map->labels, (int32_t)i + 1, err);
    if (rc == HEP_OK) {
        out->volume_ml = size.volume_ml;
        out->long_axis_mm = size.long_axis_mm;
        out->short_axis_mm = size.short_axis_mm;
    }
    return rc;
}

static int describe_all(struct measuring *m, struct hep_error *err)
{
    size_t all = 0, id = 0;
    int rc;

    for (size_t i = 0; i < m->n; i++)
        all += m->map[i].n;
    rc = HEP_NEW(m->out->label, all + 1, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; rc == HEP_OK && i < m->n; i++) {
        for (size_t k = 0; rc == HEP_OK && k < m->map[i].n; k++) {
            struct hep_label *l = &m->out->label[id++];

            hep_struct_init(l, &hep_label_type);
            m->out->n = id;
            l->id = (int)id;
            rc = describe(l, &m->map[i], k, err);
        }
    }
    return rc;
}

/* One map over the regions of one file, in the space of the map. */
static int measure_file(struct hep_label *label, const struct hep_given_map *file,
                        struct hep_run *run, int k, const struct hep_volume *map,
                        struct hep_error *err)
{
    const char *space = hep_measure_space(run, hep_measure_map(k));
    struct hep_stats *stats = NULL;
    struct hep_labels *here = NULL;
    int rc = HEP_NEW(stats, file->n + 1, err);

    if (rc == HEP_OK)
        rc = hep_given_map_to(&here, file, run, space, &map->grid, err);
    if (rc == HEP_OK)
        rc = hep_stats_by_label(stats, (int32_t)file->n + 1, map, here, hep_run_nthreads(run), err);
    for (size_t i = 0; rc == HEP_OK && i < file->n; i++) {
        struct hep_measured *out = &label[i].map[k];
        const struct hep_stats *s = &stats[i + 1];
        const char *why = NULL;

        hep_measured_fill(out, s);
        if (label[i].voxels == 0)
            why = label[i].note;
        else if (s->n == 0 && s->n_nonfinite == 0)
            why = "it lies outside of the images of this map, or another region has its only voxel";
        else if (s->n == 0)
            why = "the map has no value there";
        else if (s->n == 1 && label[i].voxels > 1)
            why = "a single voxel of this map: the region is smaller than its voxels";
        if (why != NULL && (out->reason = hep_strdup(why, err)) == NULL)
            rc = HEP_ENOMEM;
    }
    hep_labels_free(here);
    free(stats);
    return rc;
}

static int measure_map(struct measuring *m, int k, struct hep_error *err)
{
    const char *product = hep_measure_product(hep_measure_map(k));
    const struct hep_volume *map = NULL;
    size_t first = 0;
    int rc = hep_run_volume(m->run, product, &map, err);

    for (size_t i = 0; rc == HEP_OK && map == NULL && i < m->out->n; i++)
        rc = hep_measured_cannot(&m->out->label[i].map[k],
                                 hep_run_withheld(m->run, product) != NULL ? HEP_MEASURED_WITHHELD
                                                                           : HEP_MEASURED,
                                 hep_run_reason(m->run, product), err);
    for (size_t i = 0; rc == HEP_OK && map != NULL && i < m->n; i++) {
        if (m->map[i].n > 0)
            rc = measure_file(m->out->label + first, &m->map[i], m->run, k, map, err);
        first += m->map[i].n;
    }
    return rc;
}

/* labels.tsv, and labels.json with the same numbers by label and what the columns mean. */
static int put_tables(const struct measuring *m, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_table table = { 0 };
    struct hep_json *doc = NULL;
    int rc = hep_labels_table(&table, m->out, err);

    if (rc == HEP_OK)
        rc = hep_struct_json(&doc, m->out, &hep_label_measures_type, false, err);
    if (rc == HEP_OK) {
        hep_put_text(&put, doc, "study", hep_run_label(m->run));
        hep_put_text(&put, doc, "reference", hep_reference_name(m->run));
        hep_table_describe(&put, doc, &table);
        rc = put.rc;
    }
    if (rc == HEP_OK)
        rc = hep_put_tsv_file(m->run, "labels.tsv", &table, err);
    if (rc == HEP_OK)
        rc = hep_put_json_file(m->run, "labels.json", doc, err);
    hep_json_free(doc);
    hep_table_release(&table);
    return rc;
}

static int run_labels(struct hep_run *run, struct hep_error *err)
{
    struct measuring m = { .run = run, .out = hep_label_measures_new(err) };
    int rc = m.out == NULL ? HEP_ENOMEM : read_files(&m, err);

    if (rc == HEP_OK)
        rc = settle_points(&m, err);
    if (rc == HEP_OK)
        rc = describe_all(&m, err);
    for (int k = 0; rc == HEP_OK && k < HEP_MEASURE_MAPS; k++)
        rc = measure_map(&m, k, err);
    if (rc == HEP_OK) {
        hep_struct_settle(m.out, &hep_label_measures_type);
        rc = put_tables(&m, err);
    }
    if (rc == HEP_OK) {
        rc = hep_run_put_label_measures(run, m.out, err);
    } else if (m.out != NULL) {
        hep_struct_release(m.out, &hep_label_measures_type);
        free(m.out);
    }
    hep_given_maps_release(m.map, m.n);
    return rc;
}

static const char *const settings[] = { "lesions.", "enhancement.", "series.", "agent", NULL };
static const char *const files[] = { "agents.yml", "lesions.detection.table", NULL };

const struct hep_stage hep_stage_labels = {
    .name = "labels",
    .summary = "Statistics of every map over the regions that the user gave.",
    .inputs = inputs,
    .outputs = outputs,
    .settings = settings,
    .files = files,
    .run = run_labels,
};
