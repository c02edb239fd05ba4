#include "lesions/candidates.h"

#include "base/alloc.h"
#include "image/threads.h"
#include "lesions/candidate_pick.h"
#include "lesions/diffuse.h"

#include <math.h>
#include <stdlib.h>

void hep_candidates_release(struct hep_candidates *c)
{
    hep_labels_free(c->labels);
    free(c->list);
    free(c->rejected);
    *c = (struct hep_candidates){ 0 };
}

static bool any_channel(const struct hep_channel channels[HEP_MECHANISM_COUNT])
{
    for (int m = 0; m < HEP_MECHANISM_COUNT; m++) {
        if (channels[m].image != HEP_IMAGE_COUNT)
            return true;
    }
    return false;
}

/* The label that fills most of the eight frame voxels around a point, weighted linearly, when it
 * fills at least half. */
static int32_t label_at(const struct hep_labels *l, const double voxel[3])
{
    const size_t *n = l->grid.n;
    int32_t label[8];
    double share[8];
    double best = 0.0;
    int32_t winner = 0;

    for (size_t c = 0; c < 8; c++) {
        size_t at[3];

        share[c] = 1.0;
        label[c] = 0;
        for (int k = 0; k < 3; k++) {
            const double low = floor(voxel[k]);
            const double x = low + (double)(c >> k & 1);

            share[c] *= (c >> k & 1) != 0 ? voxel[k] - low : 1.0 - (voxel[k] - low);
            if (!(x >= 0.0 && x < (double)n[k]))
                share[c] = 0.0;
            at[k] = share[c] > 0.0 ? (size_t)x : 0;
        }
        if (share[c] > 0.0)
            label[c] = l->data[at[0] + n[0] * (at[1] + n[1] * at[2])];
    }
    for (size_t c = 0; c < 8; c++) {
        double sum = 0.0;

        for (size_t d = 0; d < 8; d++)
            sum += label[d] == label[c] ? share[d] : 0.0;
        if (label[c] != 0 && sum > best) {
            best = sum;
            winner = label[c];
        }
    }
    return best >= 0.5 ? winner : 0;
}

static bool near_grid(const struct hep_grid *g, const double voxel[3])
{
    bool near = true;

    for (int k = 0; k < 3; k++)
        near = near && voxel[k] > -1.0 && voxel[k] < (double)g->n[k];
    return near;
}

int hep_candidate_labels_to(struct hep_labels **out, const struct hep_labels *from,
                            const struct hep_grid *grid, const int32_t *number, int nthreads,
                            struct hep_error *err)
{
    double inverse[4][4], to_frame[4][4];
    const size_t voxels = hep_grid_voxels(grid);
    int rc = hep_grid_inverse(inverse, &from->grid, err);

    if (rc == HEP_OK)
        rc = hep_labels_new(out, grid, err);
    if (rc != HEP_OK)
        return rc;
    hep_affine_mul(to_frame, HEP_AFFINE(inverse), grid->to_world);
#pragma omp parallel for schedule(static) num_threads(hep_threads(nthreads))
    for (size_t i = 0; i < voxels; i++) {
        size_t at[3];
        double voxel[3];
        int32_t label;

        hep_grid_place(at, grid, i);
        hep_affine_apply(voxel, HEP_AFFINE(to_frame),
                         (const double[3]){ (double)at[0], (double)at[1], (double)at[2] });
        label = near_grid(&from->grid, voxel) ? label_at(from, voxel) : 0;
        (*out)->data[i] = label == 0 || number == NULL ? label : number[label];
    }
    return HEP_OK;
}

struct order {
    const struct hep_pick *pick;
    int32_t label;
};

static int larger(const void *pa, const void *pb)
{
    const struct order *a = pa;
    const struct order *b = pb;

    if (a->pick->volume_mm3 != b->pick->volume_mm3)
        return a->pick->volume_mm3 < b->pick->volume_mm3 ? 1 : -1;
    return a->label < b->label ? -1 : 1;
}

static struct hep_candidate candidate_of(const struct hep_pick *pick, int32_t id,
                                         const struct hep_candidate_frame *f)
{
    struct hep_candidate c = { .id = id,
                               .diameter_mm = 2.0 * pick->spot.radius_mm,
                               .strength = pick->strength };

    hep_grid_to_world(c.centre_mm, &f->grid, pick->spot.voxel);
    for (int k = 0; k < HEP_IMAGE_COUNT; k++)
        c.image_z[k] = pick->spot.z[k];
    for (int k = 0; k < HEP_FEATURE_COUNT; k++)
        c.feature[k] = pick->feature[k];
    return c;
}

static int list_up(struct hep_candidates *out, int32_t *number, const struct hep_pick_list *picks,
                   const struct hep_candidate_frame *f, struct hep_error *err)
{
    struct order *order = NULL;
    int rc = HEP_NEW(order, picks->n + 1, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(out->list, picks->n + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(out->rejected, picks->n_rejected + 1, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < picks->n; i++)
        order[i] = (struct order){ &picks->item[i], (int32_t)i + 1 };
    qsort(order, picks->n, sizeof *order, larger);
    for (size_t i = 0; i < picks->n; i++) {
        out->list[i] = candidate_of(order[i].pick, (int32_t)i + 1, f);
        number[order[i].label] = (int32_t)i + 1;
    }
    out->n = picks->n;
    for (size_t i = 0; i < picks->n_rejected; i++)
        out->rejected[i] = candidate_of(&picks->rejected[i], 0, f);
    out->n_rejected = picks->n_rejected;
out:
    free(order);
    return rc;
}

static int hand_over(struct hep_candidates *out, const struct hep_pick_list *picks,
                     const struct hep_candidate_frame *f, const struct hep_lesion_study *study,
                     struct hep_error *err)
{
    int32_t *number = hep_calloc(picks->n + 1, sizeof *number, err);
    int rc = number != NULL ? list_up(out, number, picks, f, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = hep_candidate_labels_to(&out->labels, picks->labels, &study->grid, number,
                                     study->nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < out->n; i++)
        hep_labels_keep_small(out->labels, out->list[i].id, out->list[i].centre_mm);
    if (rc == HEP_OK)
        rc = hep_diffuse_judge(out, study, err);
    free(number);
    return rc;
}

int hep_candidates_find(struct hep_candidates *out, const struct hep_lesion_study *study,
                        const struct hep_detection_table *table, struct hep_error *err)
{
    struct hep_channel channels[HEP_MECHANISM_COUNT];
    struct hep_candidate_frame frame = { 0 };
    struct hep_spot_list spots = { 0 };
    struct hep_pick_list picks = { 0 };
    struct hep_candidates found = { 0 };
    int rc;

    hep_channels_of(channels, study);
    if (!any_channel(channels))
        return HEP_FAIL(err, HEP_EDATA, "no series of this study can show a lesion");
    rc = hep_candidate_frame_init(&frame, study, err);
    if (rc == HEP_OK)
        rc = hep_spots_find(&spots, &frame, study, channels, err);
    if (rc == HEP_OK)
        rc = hep_candidates_pick(&picks, &spots, &frame, study, channels, table, err);
    if (rc == HEP_OK)
        rc = hand_over(&found, &picks, &frame, study, err);
    hep_pick_list_release(&picks);
    hep_spot_list_release(&spots);
    hep_candidate_frame_release(&frame);
    if (rc != HEP_OK) {
        hep_candidates_release(&found);
        return rc;
    }
    *out = found;
    return HEP_OK;
}
