#include "lesions/shells.h"

#include "base/alloc.h"
#include "image/mask.h"

#include <math.h>
#include <stdlib.h>

#define RING_MIN_VOXELS 30

/* ---- what all lesions share ------------------------------------------------------------------ */

static bool is_vessel(int32_t organ)
{
    return organ == HEP_ANATOMY_PORTAL_VEIN || organ == HEP_ANATOMY_IVC ||
           organ == HEP_ANATOMY_HEPATIC_VEINS || organ == HEP_ANATOMY_VESSELS;
}

static int vessel_distance(struct hep_volume **out, const struct hep_lesion_study *study,
                           struct hep_error *err)
{
    struct hep_labels *vessels = NULL;
    const size_t n = hep_grid_voxels(&study->grid);
    bool any = false;
    int rc;

    if (study->anatomy == NULL)
        return HEP_OK;
    rc = hep_labels_new(&vessels, &study->grid, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        vessels->data[i] = is_vessel(study->anatomy->data[i]);
        any = any || vessels->data[i] != 0;
    }
    if (any)
        rc = hep_mask_distance(out, vessels, false, study->nthreads, err);
    hep_labels_free(vessels);
    return rc;
}

int hep_surroundings_init(struct hep_surroundings *out, const struct hep_lesion_study *study,
                          const struct hep_labels *candidates, struct hep_error *err)
{
    int rc;

    *out = (struct hep_surroundings){ 0 };
    rc = hep_mask_distance(&out->liver_mm, study->liver, true, study->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_mask_distance(&out->lesion_mm, candidates, false, study->nthreads, err);
    if (rc == HEP_OK)
        rc = vessel_distance(&out->vessel_mm, study, err);
    if (rc != HEP_OK)
        hep_surroundings_release(out);
    return rc;
}

void hep_surroundings_release(struct hep_surroundings *s)
{
    hep_volume_free(s->liver_mm);
    hep_volume_free(s->lesion_mm);
    hep_volume_free(s->vessel_mm);
    *s = (struct hep_surroundings){ 0 };
}

/* ---- one lesion ------------------------------------------------------------------------------ */

size_t hep_shells_index(const struct hep_shells *s, const struct hep_grid *reference, size_t i)
{
    const size_t x = i % s->grid.n[0], y = i / s->grid.n[0] % s->grid.n[1],
                 z = i / (s->grid.n[0] * s->grid.n[1]);

    return s->lo[0] + x + reference->n[0] * (s->lo[1] + y + reference->n[1] * (s->lo[2] + z));
}

void hep_shells_world(double world[3], const struct hep_shells *s, size_t i)
{
    const size_t x = i % s->grid.n[0], y = i / s->grid.n[0] % s->grid.n[1],
                 z = i / (s->grid.n[0] * s->grid.n[1]);
    const double voxel[3] = { (double)x, (double)y, (double)z };

    hep_grid_to_world(world, &s->grid, voxel);
}

/** Box of the label, `margin_mm` larger on every side as far as the grid goes. */
static bool find_box(size_t lo[3], size_t hi[3], const struct hep_labels *l, int32_t id,
                     double margin_mm)
{
    const size_t *n = l->grid.n;
    double spacing[3];
    size_t found = 0;

    for (int k = 0; k < 3; k++) {
        lo[k] = SIZE_MAX;
        hi[k] = 0;
    }
    for (size_t i = 0; i < n[0] * n[1] * n[2]; i++) {
        const size_t p[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };

        if (l->data[i] != id)
            continue;
        found++;
        for (int k = 0; k < 3; k++) {
            lo[k] = p[k] < lo[k] ? p[k] : lo[k];
            hi[k] = p[k] > hi[k] ? p[k] : hi[k];
        }
    }
    if (found == 0)
        return false;
    hep_grid_spacing(spacing, &l->grid);
    for (int k = 0; k < 3; k++) {
        const size_t margin = (size_t)ceil(margin_mm / spacing[k]) + 1;

        lo[k] = lo[k] > margin ? lo[k] - margin : 0;
        hi[k] = hi[k] + margin < n[k] ? hi[k] + margin : n[k] - 1;
    }
    return true;
}

static void set_box(struct hep_shells *s, const struct hep_grid *reference, const size_t lo[3],
                    const size_t hi[3])
{
    const double first[3] = { (double)lo[0], (double)lo[1], (double)lo[2] };
    double origin[3];

    s->grid = *reference;
    hep_grid_to_world(origin, reference, first);
    for (int k = 0; k < 3; k++) {
        s->lo[k] = lo[k];
        s->grid.n[k] = hi[k] - lo[k] + 1;
        s->grid.to_world[k][3] = origin[k];
    }
}

static void add_voxel(struct hep_shells *s, size_t i, enum hep_shell shell)
{
    s->zone[i] = (uint8_t)(s->zone[i] | 1U << shell);
    s->n[shell]++;
}

bool hep_is_plain_liver(const struct hep_lesion_study *study, const struct hep_surroundings *sur,
                        size_t j)
{
    const struct hep_lesion_limits *limits = study->limits;
    const int32_t organ = study->anatomy ? study->anatomy->data[j] : (int32_t)HEP_ANATOMY_LIVER;

    return study->liver->data[j] != 0 &&
           (organ == HEP_ANATOMY_LIVER || organ == HEP_ANATOMY_NONE) &&
           (double)sur->liver_mm->data[j] > limits->shell_mm &&
           (double)sur->lesion_mm->data[j] >= limits->ring_inner_mm;
}

static void add_ring(struct hep_shells *s, const struct hep_lesion_study *study,
                     const struct hep_surroundings *sur, const struct hep_volume *outside_mm,
                     double outer_mm)
{
    const size_t n = hep_grid_voxels(&s->grid);

    for (size_t i = 0; i < n; i++) {
        const double d = (double)outside_mm->data[i];

        if ((s->zone[i] & 1U << HEP_SHELL_RING) == 0 && d >= study->limits->ring_inner_mm &&
            d <= outer_mm && hep_is_plain_liver(study, sur, hep_shells_index(s, &study->grid, i)))
            add_voxel(s, i, HEP_SHELL_RING);
    }
}

/** Liver between the lesion and its ring, and what is neither. */
static void add_outside(struct hep_shells *s, const struct hep_lesion_study *study,
                        const struct hep_labels *candidates, const struct hep_surroundings *sur,
                        const struct hep_volume *outside_mm)
{
    for (size_t i = 0; i < hep_grid_voxels(&s->grid); i++) {
        const size_t j = hep_shells_index(s, &study->grid, i);
        const int32_t organ = study->anatomy ? study->anatomy->data[j] : (int32_t)HEP_ANATOMY_LIVER;
        const double d = (double)outside_mm->data[i];

        if (candidates->data[j] == s->id)
            continue;
        if (study->liver->data[j] == 0 || candidates->data[j] != 0 ||
            !(organ == HEP_ANATOMY_LIVER || organ == HEP_ANATOMY_NONE))
            s->zone[i] |= (uint8_t)(1U << HEP_SHELL_FOREIGN);
        else if (d < study->limits->ring_inner_mm && (double)sur->lesion_mm->data[j] > d - 1e-3)
            s->zone[i] |= (uint8_t)(1U << HEP_SHELL_NEAR);
    }
}

/** The lesion's voxels, their depths less half a voxel, the maximum, and the centroid. */
static void set_depths(struct hep_shells *s, const struct hep_labels *mask,
                       const struct hep_volume *inside_mm)
{
    const size_t *n = s->grid.n;
    double spacing[3], half, sum[3] = { 0 }, count = 0.0;

    hep_grid_spacing(spacing, &s->grid);
    half = 0.5 * fmin(spacing[0], fmin(spacing[1], spacing[2]));
    for (size_t i = 0; i < hep_grid_voxels(&s->grid); i++) {
        const size_t at[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };

        if (mask->data[i] == 0)
            continue;
        add_voxel(s, i, HEP_SHELL_WHOLE);
        s->depth_mm[i] = (float)((double)inside_mm->data[i] - half);
        s->depth_max_mm = fmax(s->depth_max_mm, (double)s->depth_mm[i]);
        for (int k = 0; k < 3; k++)
            sum[k] += (double)at[k];
        count += 1.0;
    }
    for (int k = 0; k < 3; k++)
        s->centre_voxel[k] = sum[k] / count;
    hep_grid_to_world(s->centre_mm, &s->grid, s->centre_voxel);
}

static int fill(struct hep_shells *s, const struct hep_lesion_study *study,
                const struct hep_labels *candidates, const struct hep_labels *mask,
                const struct hep_surroundings *sur, double outer_mm, struct hep_error *err)
{
    struct hep_volume *inside = NULL, *outside = NULL;
    int rc = hep_mask_distance(&inside, mask, true, 1, err);

    if (rc == HEP_OK)
        rc = hep_mask_distance(&outside, mask, false, 1, err);
    if (rc != HEP_OK)
        goto out;
    set_depths(s, mask, inside);
    add_outside(s, study, candidates, sur, outside);
    add_ring(s, study, sur, outside, outer_mm);
out:
    hep_volume_free(inside);
    hep_volume_free(outside);
    return rc;
}

static int init(struct hep_shells *out, const struct hep_lesion_study *study,
                const struct hep_labels *candidates, int32_t id,
                const struct hep_surroundings *surroundings, double outer_mm, struct hep_error *err)
{
    struct hep_labels *mask = NULL;
    size_t lo[3], hi[3], n;
    int rc;

    *out = (struct hep_shells){ .id = id };
    if (!find_box(lo, hi, candidates, id, outer_mm))
        return HEP_FAIL(err, HEP_EDATA, "label %d has no voxel", (int)id);
    set_box(out, &study->grid, lo, hi);
    n = hep_grid_voxels(&out->grid);
    rc = hep_labels_new(&mask, &out->grid, err);
    if (rc != HEP_OK)
        return rc;
    out->zone = hep_calloc(n, sizeof *out->zone, err);
    out->depth_mm = hep_calloc(n, sizeof *out->depth_mm, err);
    if (out->zone == NULL || out->depth_mm == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        mask->data[i] = candidates->data[hep_shells_index(out, &study->grid, i)] == id;
    rc = fill(out, study, candidates, mask, surroundings, outer_mm, err);
out:
    hep_labels_free(mask);
    if (rc != HEP_OK)
        hep_shells_release(out);
    return rc;
}

int hep_shells_init(struct hep_shells *out, const struct hep_lesion_study *study,
                    const struct hep_labels *candidates, int32_t id,
                    const struct hep_surroundings *surroundings, struct hep_error *err)
{
    const double outer_mm = study->limits->ring_outer_mm;
    int rc = init(out, study, candidates, id, surroundings, outer_mm, err);

    if (rc != HEP_OK || out->n[HEP_SHELL_RING] >= RING_MIN_VOXELS)
        return rc;
    hep_shells_release(out);
    return init(out, study, candidates, id, surroundings, 2.0 * outer_mm, err);
}

void hep_shells_release(struct hep_shells *s)
{
    free(s->zone);
    free(s->depth_mm);
    s->zone = NULL;
    s->depth_mm = NULL;
}
