#include "lesions/shells.h"

#include "base/alloc.h"
#include "image/mask.h"

#include <math.h>
#include <stdlib.h>

#define RING_MIN_VOXELS 30
#define REACH_SD 3.0
#define MAX_REACH 100 /* voxels */
/* The voxel next to a plane border, its centre 0 to 1 voxel inside, lacks max(0, 1/2 - depth) of
 * itself, 1/8 on average: the weight of the neighbour across. Oblique borders have more than one
 * such neighbour: 1/10. */
#define BORDER_WEIGHT 0.1
#define NARROW_SD 0.6 /* voxels; a sampled Gaussian is narrower than it should be below */

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

static void add_inside(struct hep_shells *s, size_t i, const struct hep_lesion_limits *limits)
{
    const double depth = (double)s->depth_mm[i], u = depth / s->depth_max_mm;

    add_voxel(s, i, HEP_SHELL_WHOLE);
    if (u < limits->rim_depth_frac)
        add_voxel(s, i, HEP_SHELL_RIM);
    if (u > limits->core_depth_frac)
        add_voxel(s, i, HEP_SHELL_CORE);
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

/** Depths less half a voxel, their maximum, and the centroid. */
static void set_depths(struct hep_shells *s, const struct hep_labels *mask,
                       const struct hep_volume *inside_mm)
{
    const size_t n = hep_grid_voxels(&s->grid);
    double spacing[3], half, w[3], sum[3] = { 0 }, count = 0.0;

    hep_grid_spacing(spacing, &s->grid);
    half = 0.5 * fmin(spacing[0], fmin(spacing[1], spacing[2]));
    for (size_t i = 0; i < n; i++) {
        if (mask->data[i] == 0)
            continue;
        s->depth_mm[i] = (float)((double)inside_mm->data[i] - half);
        s->depth_max_mm = fmax(s->depth_max_mm, (double)s->depth_mm[i]);
        hep_shells_world(w, s, i);
        for (int k = 0; k < 3; k++)
            sum[k] += w[k];
        count += 1.0;
    }
    for (int k = 0; k < 3; k++)
        s->centre_mm[k] = sum[k] / count;
}

static int fill(struct hep_shells *s, const struct hep_lesion_study *study,
                const struct hep_labels *mask, const struct hep_surroundings *sur,
                struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&s->grid);
    struct hep_volume *inside = NULL, *outside = NULL;
    int rc = hep_mask_distance(&inside, mask, true, 1, err);

    if (rc == HEP_OK)
        rc = hep_mask_distance(&outside, mask, false, 1, err);
    if (rc != HEP_OK)
        goto out;
    set_depths(s, mask, inside);
    for (size_t i = 0; i < n; i++)
        if (mask->data[i] != 0)
            add_inside(s, i, study->limits);
    add_ring(s, study, sur, outside, study->limits->ring_outer_mm);
    s->ring_widened = s->n[HEP_SHELL_RING] < RING_MIN_VOXELS;
    if (s->ring_widened)
        add_ring(s, study, sur, outside, 2.0 * study->limits->ring_outer_mm);
out:
    hep_volume_free(inside);
    hep_volume_free(outside);
    return rc;
}

int hep_shells_init(struct hep_shells *out, const struct hep_lesion_study *study,
                    const struct hep_labels *candidates, int32_t id,
                    const struct hep_surroundings *surroundings, struct hep_error *err)
{
    struct hep_labels *mask = NULL;
    size_t lo[3], hi[3], n;
    int rc;

    *out = (struct hep_shells){ .id = id };
    if (!find_box(lo, hi, candidates, id, 2.0 * study->limits->ring_outer_mm))
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
    rc = fill(out, study, mask, surroundings, err);
out:
    hep_labels_free(mask);
    if (rc != HEP_OK)
        hep_shells_release(out);
    return rc;
}

void hep_shells_release(struct hep_shells *s)
{
    free(s->zone);
    free(s->depth_mm);
    s->zone = NULL;
    s->depth_mm = NULL;
}

bool hep_shells_resolved(double *voxels, const struct hep_shells *s,
                         const struct hep_lesion_image *image,
                         const struct hep_lesion_limits *limits)
{
    const double *h = image->native_mm;
    const double longest = fmax(h[0], fmax(h[1], h[2]));
    const double in_plane = 0.5 * (h[0] + h[1] + h[2] - longest);
    const double fit = s->depth_max_mm / in_plane;

    if (voxels != NULL)
        *voxels = fit;
    return fit >= limits->depth_min_voxels && s->depth_max_mm >= longest;
}

/* ---- lesion share ---------------------------------------------------------------------------- */

/** Gaussian along one axis of the box, or three weights of its variance where it is narrow; what
 * lies beyond its ends counts as not lesion. */
static void smooth_axis(float *to, const float *from, const size_t n[3], int axis, double sd)
{
    const size_t stride = axis == 0 ? 1 : (axis == 1 ? n[0] : n[0] * n[1]);
    const size_t length = n[axis] > 0 ? n[axis] : 1;
    const long reach = (long)fmin(ceil(REACH_SD * sd), MAX_REACH);
    double weight[MAX_REACH + 1] = { 1.0 }, total = 1.0;

    for (long k = 1; k <= reach; k++) {
        weight[k] = exp(-0.5 * (double)(k * k) / (sd * sd));
        if (sd < NARROW_SD)
            weight[k] = k == 1 ? 0.5 * sd * sd / (1.0 - sd * sd) : 0.0;
        total += 2.0 * weight[k];
    }
    for (size_t i = 0; i < n[0] * n[1] * n[2]; i++) {
        const long at = (long)(i / stride % length);
        double sum = (double)from[i];

        for (long k = 1; k <= reach; k++) {
            if (at - k >= 0)
                sum += weight[k] * (double)from[i - (size_t)k * stride];
            if (at + k < (long)n[axis])
                sum += weight[k] * (double)from[i + (size_t)k * stride];
        }
        to[i] = (float)(sum / total);
    }
}

/** Neighbours along one axis: what a voxel at the border of a mask holds on average. */
static void smooth_border(float *to, const float *from, const size_t n[3], int axis)
{
    const size_t stride = axis == 0 ? 1 : (axis == 1 ? n[0] : n[0] * n[1]);
    const size_t length = n[axis] > 0 ? n[axis] : 1;

    for (size_t i = 0; i < n[0] * n[1] * n[2]; i++) {
        const size_t at = i / stride % length;
        const double before = at > 0 ? (double)from[i - stride] : 0.0;
        const double after = at + 1 < n[axis] ? (double)from[i + stride] : 0.0;

        to[i] = (float)((1.0 - 2.0 * BORDER_WEIGHT) * (double)from[i] +
                        BORDER_WEIGHT * (before + after));
    }
}

/** Variance [mm2] that a series' voxels have beyond those of the grid: a box of its own size and
 * linear interpolation at any place between two of them (native^2 / 6 on average), less the box
 * of the grid. A series on the grid, or finer than it, was not blurred by coming to it, unless it
 * was moved. */
static double extra_variance(double native, double h, bool moved)
{
    if (!moved && native <= 1.01 * h)
        return 0.0;
    return fmax((native * native - h * h) / 12.0 + native * native / 6.0, 0.0);
}

static int share_of(float **out, const struct hep_shells *s, const struct hep_lesion_image *image,
                    bool inner, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&s->grid);
    float *a = hep_calloc(n, sizeof *a, err), *b = hep_calloc(n, sizeof *b, err);
    double spacing[3];

    if (a == NULL || b == NULL) {
        free(a);
        free(b);
        return HEP_ENOMEM;
    }
    hep_grid_spacing(spacing, &s->grid);
    for (size_t i = 0; i < n; i++) {
        const bool whole = (s->zone[i] & 1U << HEP_SHELL_WHOLE) != 0;
        const bool rim = (s->zone[i] & 1U << HEP_SHELL_RIM) != 0;

        a[i] = whole && !(inner && rim) ? 1.0F : 0.0F;
    }
    for (int k = 0; k < 3; k++) {
        const double h = spacing[k];
        const double extra = extra_variance(image->native_mm[k], h, image->moved);
        float *swap = a;

        smooth_border(b, a, s->grid.n, k);
        if (extra > 0.0) {
            smooth_axis(a, b, s->grid.n, k, sqrt(extra) / h);
        } else {
            a = b;
            b = swap;
        }
    }
    free(b);
    *out = a;
    return HEP_OK;
}

int hep_shells_share(float **out, const struct hep_shells *s, const struct hep_lesion_image *image,
                     struct hep_error *err)
{
    return share_of(out, s, image, false, err);
}

int hep_shells_inner_share(float **out, const struct hep_shells *s,
                           const struct hep_lesion_image *image, struct hep_error *err)
{
    return share_of(out, s, image, true, err);
}
