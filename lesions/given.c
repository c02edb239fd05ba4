#include "lesions/given.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/grid.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void hep_given_release(struct hep_given *g)
{
    hep_labels_free(g->labels);
    free(g->list);
    *g = (struct hep_given){ 0 };
}

int hep_given_describe(struct hep_given *g, const struct hep_lesion_study *study,
                       struct hep_error *err)
{
    const size_t *n = study->grid.n;
    double(*sum)[3] = hep_calloc(g->n + 1, sizeof *sum, err);

    if (sum == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < g->n; i++)
        g->list[i].voxels = g->list[i].voxels_in_liver = 0;
    for (size_t j = 0; j < hep_grid_voxels(&study->grid); j++) {
        const int32_t id = g->labels->data[j];
        struct hep_given_lesion *l = id > 0 ? &g->list[id - 1] : NULL;
        const size_t at[3] = { j % n[0], j / n[0] % n[1], j / (n[0] * n[1]) };

        if (l == NULL)
            continue;
        l->voxels++;
        l->voxels_in_liver += study->liver->data[j] != 0;
        for (int k = 0; k < 3; k++)
            sum[id - 1][k] += (double)at[k];
    }
    for (size_t i = 0; i < g->n; i++) {
        struct hep_given_lesion *l = &g->list[i];
        const double count = (double)l->voxels;
        double voxel[3];

        for (int k = 0; k < 3 && l->voxels > 0; k++)
            voxel[k] = sum[i][k] / count;
        if (l->voxels > 0)
            hep_grid_to_world(l->centre_mm, &study->grid, voxel);
        if (l->note[0] != '\0')
            continue;
        if (l->voxels == 0)
            (void)snprintf(l->note, sizeof l->note, "it lies outside of the reference series");
        else if (l->voxels_in_liver < l->voxels)
            (void)snprintf(l->note, sizeof l->note, "%.0f %% of it lies outside of the liver mask",
                           100.0 * (1.0 - (double)l->voxels_in_liver / count));
        else if (l->voxels == 1)
            (void)snprintf(l->note, sizeof l->note,
                           "it has a single voxel of the reference series");
    }
    free(sum);
    return HEP_OK;
}

static void add_given(struct hep_candidates *out, const struct hep_given *g,
                      const struct hep_grid *grid)
{
    for (size_t i = 0; i < g->n; i++) {
        const struct hep_given_lesion *l = &g->list[i];
        struct hep_candidate *c = &out->list[out->n];

        if (l->voxels == 0)
            continue;
        c->id = (int32_t)i + 1;
        memcpy(c->centre_mm, l->centre_mm, sizeof c->centre_mm);
        c->diameter_mm = 2.0 * cbrt(0.75 / HEP_PI * (double)l->voxels * hep_grid_voxel_mm3(grid));
        c->strength = (double)NAN;
        for (int k = 0; k < HEP_FEATURE_COUNT; k++)
            c->feature[k] = (double)NAN;
        for (int k = 0; k < HEP_IMAGE_COUNT; k++)
            c->image_z[k] = (double)NAN;
        out->n++;
    }
}

/* The found ones that no given lesion explains, renumbered after those. */
static int add_found(struct hep_candidates *out, const struct hep_given *g,
                     const struct hep_candidates *found, double overlap, struct hep_error *err)
{
    const size_t voxels = hep_grid_voxels(&out->labels->grid);
    size_t *count = NULL, *covered = NULL;
    int32_t *number = NULL, next = (int32_t)g->n;
    int rc = HEP_NEW(count, found->n + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(covered, found->n + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(number, found->n + 1, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t j = 0; j < voxels; j++) {
        count[found->labels->data[j]]++;
        covered[found->labels->data[j]] += g->labels->data[j] != 0;
    }
    for (size_t i = 0; i < found->n; i++) {
        const struct hep_candidate *c = &found->list[i];
        size_t at = 0;
        const bool centre =
            hep_grid_voxel_at(&at, &out->labels->grid, c->centre_mm) && g->labels->data[at] != 0;

        if (centre || (double)covered[c->id] > overlap * (double)count[c->id])
            continue;
        number[c->id] = ++next;
        out->list[out->n] = *c;
        out->list[out->n++].id = next;
    }
    for (size_t j = 0; j < voxels; j++)
        if (out->labels->data[j] == 0)
            out->labels->data[j] = number[found->labels->data[j]];
out:
    free(count);
    free(covered);
    free(number);
    return rc;
}

int hep_given_candidates(struct hep_candidates *out, const struct hep_given *g,
                         const struct hep_lesion_study *study, const struct hep_candidates *found,
                         struct hep_error *err)
{
    struct hep_candidates made = { 0 };
    int rc;

    if (!hep_grid_same(&g->labels->grid, &study->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the given lesions are not on the reference grid");
    rc = HEP_NEW(made.list, g->n + (found != NULL ? found->n : 0) + 1, err);
    if (rc == HEP_OK)
        rc = hep_labels_copy(&made.labels, g->labels, err);
    if (rc == HEP_OK)
        add_given(&made, g, &study->grid);
    if (rc == HEP_OK && found != NULL) {
        made.diffuse_alarm = found->diffuse_alarm;
        memcpy(made.diffuse_reason, found->diffuse_reason, sizeof made.diffuse_reason);
        rc = add_found(&made, g, found, study->limits->given_overlap, err);
    }
    if (rc == HEP_OK)
        *out = made;
    else
        hep_candidates_release(&made);
    return rc;
}
