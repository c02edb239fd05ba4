#include "pipeline/stages/given_lesions.h"

#include "base/alloc.h"
#include "pipeline/stages/aligned.h"

#include <stdlib.h>

/* Lesions of one map join the list; a voxel that another already has stays with that. */
static int join(struct hep_given *g, struct hep_run *run, const struct hep_given_map *m,
                struct hep_error *err)
{
    const char *reference = hep_reference_name(run);
    const int32_t first = (int32_t)g->n;
    double(*centre)[3] = NULL;
    struct hep_labels *here = NULL;
    int rc = hep_given_map_centres(&centre, m, run, reference, err);

    if (rc == HEP_OK && m->labels != NULL)
        rc = hep_given_map_to(&here, m, run, reference, &g->labels->grid, err);
    for (size_t j = 0; here != NULL && j < hep_grid_voxels(&here->grid); j++)
        if (here->data[j] != 0 && g->labels->data[j] == 0)
            g->labels->data[j] = first + here->data[j];
    for (size_t i = 0; rc == HEP_OK && i < m->n; i++) {
        rc = HEP_GROW(g->list, g->n, err);
        if (rc != HEP_OK)
            break;
        g->list[g->n] = m->list[i];
        memcpy(g->list[g->n++].centre_mm, centre[i], sizeof centre[i]);
    }
    hep_labels_free(here);
    free(centre);
    return rc;
}

int hep_given_join(struct hep_given *out, struct hep_run *run, const struct hep_given_map *maps,
                   size_t n, const struct hep_grid *grid, struct hep_error *err)
{
    struct hep_given g = { 0 };
    int rc = hep_labels_new(&g.labels, grid, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        if (maps[i].file->role == HEP_ROLE_LESION_MASK)
            rc = join(&g, run, &maps[i], err);
    if (rc == HEP_OK)
        *out = g;
    else
        hep_given_release(&g);
    return rc;
}

/* Say in the log what is odd about each: outside of the liver, a single voxel, not outlined. */
static void say_notes(const struct hep_given *g, struct hep_run *run)
{
    for (size_t i = 0; i < g->n; i++) {
        const struct hep_given_lesion *l = &g->list[i];

        if (l->note[0] != '\0')
            hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "given-lesions", "lesion %zu%s%s: %s",
                          i + 1, l->name[0] != '\0' ? " " : "", l->name, l->note);
    }
}

/* Every file of lesions, joined. */
static int read_all(struct hep_given *out, struct hep_run *run, const struct hep_grid *grid,
                    const struct hep_slot *inputs, struct hep_error *err)
{
    struct hep_given_map *maps = NULL;
    size_t n = 0;
    int rc = hep_given_maps_read(&maps, &n, run, inputs, err);

    if (rc == HEP_OK)
        rc = hep_given_join(out, run, maps, n, grid, err);
    hep_given_maps_release(maps, n);
    return rc;
}

int hep_given_lesions(struct hep_given *out, struct hep_candidates *found, bool want_found,
                      struct hep_run *run, const struct hep_lesion_study *study,
                      const struct hep_detection_table *table, const struct hep_slot *inputs,
                      struct hep_error *err)
{
    int rc = read_all(out, run, &study->grid, inputs, err);

    if (rc == HEP_OK && (want_found || hep_given_any_point(out)))
        rc = hep_candidates_find(found, study, table, err);
    if (rc == HEP_OK)
        rc = hep_given_outline(out, study, found, err);
    if (rc == HEP_OK)
        rc = hep_given_describe(out, study, err);
    if (rc == HEP_OK)
        say_notes(out, run);
    return rc;
}
