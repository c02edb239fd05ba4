#include "image/register_metric.h"

#include "base/alloc.h"
#include "image/stats.h"

#include <math.h>
#include <stdlib.h>

#define MIN_VOXELS 100
#define MAX_BINS 256
#define TAIL 0.005 /* share of values on either side that the outer bins take */
#define SEARCH_MM 8.0
#define SEARCH_BINS 16

/* The values of both volumes where both are finite and the mask is set. */
struct pairs {
    float *a, *b, *sorted;
    size_t n;
};

static void pairs_release(struct pairs *p)
{
    free(p->a);
    free(p->b);
    free(p->sorted);
}

static int pairs_new(struct pairs *p, const struct hep_volume *a, const struct hep_volume *b,
                     const struct hep_labels *mask, struct hep_error *err)
{
    size_t voxels = hep_grid_voxels(&a->grid);

    if (HEP_NEW(p->a, voxels, err) != HEP_OK || HEP_NEW(p->b, voxels, err) != HEP_OK ||
        HEP_NEW(p->sorted, voxels, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < voxels; i++) {
        if (mask->data[i] == 0 || !isfinite(a->data[i]) || !isfinite(b->data[i]))
            continue;
        p->a[p->n] = a->data[i];
        p->b[p->n++] = b->data[i];
    }
    return HEP_OK;
}

struct range {
    double lo, per_bin;
};

static struct range range_of(const float *x, float *sorted, size_t n, int bins)
{
    double lo, hi;

    (void)memcpy(sorted, x, n * sizeof *x);
    lo = hep_quantile(sorted, n, TAIL);
    hi = hep_quantile(sorted, n, 1.0 - TAIL);
    return (struct range){ lo, hi > lo ? (double)bins / (hi - lo) : 0.0 };
}

static size_t bin_of(double x, struct range r, int bins)
{
    double at = floor((x - r.lo) * r.per_bin);

    if (!(at > 0.0))
        return 0;
    return at > (double)(bins - 1) ? (size_t)(bins - 1) : (size_t)at;
}

/* -sum p log p, with (cells in use - 1) / 2n added. */
static double entropy(const double *count, size_t cells, double n)
{
    double sum = 0.0, used = 0.0;

    for (size_t i = 0; i < cells; i++) {
        if (count[i] > 0.0) {
            sum -= count[i] / n * log(count[i] / n);
            used += 1.0;
        }
    }
    return sum + (used - 1.0) / (2.0 * n);
}

/* The joint histogram and both of one image. */
static size_t joint_cells(int bins)
{
    return (size_t)bins * (size_t)bins + 2 * (size_t)bins;
}

static int check_bins(int bins, struct hep_error *err)
{
    if (bins < 2 || bins > MAX_BINS)
        return HEP_FAIL(err, HEP_EINVAL, "%d bins, allowed: 2 to %d", bins, MAX_BINS);
    return HEP_OK;
}

static double information(const struct pairs *p, struct range ra, double *joint, int bins)
{
    size_t nb = (size_t)bins;
    double *ha = joint + nb * nb, *hb = ha + nb, n = (double)p->n;
    struct range rb = range_of(p->b, p->sorted, p->n, bins);

    (void)memset(joint, 0, joint_cells(bins) * sizeof *joint);
    for (size_t i = 0; i < p->n; i++) {
        size_t ia = bin_of((double)p->a[i], ra, bins), ib = bin_of((double)p->b[i], rb, bins);

        joint[ia * nb + ib] += 1.0;
        ha[ia] += 1.0;
        hb[ib] += 1.0;
    }
    return entropy(ha, nb, n) + entropy(hb, nb, n) - entropy(joint, nb * nb, n);
}

int hep_mutual_information(double *mi, size_t *n, const struct hep_volume *a,
                           const struct hep_volume *b, const struct hep_labels *mask, int bins,
                           struct hep_error *err)
{
    struct pairs p = { 0 };
    double *joint = NULL;
    int rc;

    rc = check_bins(bins, err);
    if (rc != HEP_OK)
        return rc;
    if (!hep_grid_same(&a->grid, &b->grid, HEP_GRID_TOL_MM) ||
        !hep_grid_same(&a->grid, &mask->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the volumes or the mask are on different grids");
    rc = pairs_new(&p, a, b, mask, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(joint, joint_cells(bins), err);
    if (rc == HEP_OK) {
        *mi = p.n >= MIN_VOXELS ? information(&p, range_of(p.a, p.sorted, p.n, bins), joint, bins)
                                : (double)NAN;
        if (n != NULL)
            *n = p.n;
    }
    free(joint);
    pairs_release(&p);
    return rc;
}

/* Values at the voxels of a mask: of the fixed volume, and of the moving one under each transform. */
struct values {
    size_t n, n_transforms;
    float *fixed, *moved, *sorted; /* `moved` one transform after the other */
};

static void values_release(struct values *v)
{
    free(v->fixed);
    free(v->moved);
    free(v->sorted);
}

/* Fills in every voxel of the mask and leaves those that all transforms keep inside the moving volume. */
static void take_values(struct values *v, double *overlap, const struct hep_volume *fixed,
                        const struct hep_labels *mask, const struct hep_moved *moved, size_t set)
{
    size_t n = 0;

    for (size_t k = 0; overlap != NULL && k < v->n_transforms; k++)
        overlap[k] = 0.0;
    for (size_t i = 0; i < hep_grid_voxels(&mask->grid); i++) {
        bool known = isfinite(fixed->data[i]);
        double world[3];

        if (mask->data[i] == 0)
            continue;
        hep_grid_world_of(world, &mask->grid, i);
        v->fixed[n] = fixed->data[i];
        for (size_t k = 0; k < v->n_transforms; k++) {
            const double value = hep_moved_at(&moved[k], world);

            v->moved[k * set + n] = (float)value;
            known = known && isfinite(value);
            if (overlap != NULL && isfinite(value))
                overlap[k] += 1.0;
        }
        n += known;
    }
    for (size_t k = 0; overlap != NULL && set > 0 && k < v->n_transforms; k++)
        overlap[k] /= (double)set;
    v->n = n;
}

int hep_register_compare(double *mi, double *overlap, const struct hep_volume *fixed,
                         const struct hep_volume *moving, const struct hep_labels *mask,
                         const struct hep_transform *const *t, size_t n, int bins,
                         struct hep_error *err)
{
    const size_t set = hep_labels_count(mask, -1);
    struct values v = { .n_transforms = n };
    struct hep_moved *moved = NULL;
    struct range range = { 0.0, 0.0 };
    double *joint = NULL;
    int rc = check_bins(bins, err);

    if (rc == HEP_OK && !hep_grid_same(&fixed->grid, &mask->grid, HEP_GRID_TOL_MM))
        rc = HEP_FAIL(err, HEP_EGEOM, "the mask is on another grid than the volume");
    if (rc == HEP_OK &&
        (HEP_NEW(moved, n, err) != HEP_OK || HEP_NEW(v.fixed, set + 1, err) != HEP_OK ||
         HEP_NEW(v.moved, n * set + 1, err) != HEP_OK ||
         HEP_NEW(v.sorted, set + 1, err) != HEP_OK ||
         HEP_NEW(joint, joint_cells(bins), err) != HEP_OK))
        rc = HEP_ENOMEM;
    for (size_t k = 0; rc == HEP_OK && k < n; k++)
        rc = hep_moved_init(&moved[k], moving, t[k], err);
    if (rc == HEP_OK)
        take_values(&v, overlap, fixed, mask, moved, set);
    if (rc == HEP_OK && v.n >= MIN_VOXELS)
        range = range_of(v.fixed, v.sorted, v.n, bins);
    for (size_t k = 0; rc == HEP_OK && k < n; k++) {
        const struct pairs p = { v.fixed, &v.moved[k * set], v.sorted, v.n };

        mi[k] = v.n >= MIN_VOXELS ? information(&p, range, joint, bins) : (double)NAN;
    }
    free(joint);
    free(moved);
    values_release(&v);
    return rc;
}

/* Mutual information after a shift, on a coarse grid. Shifts that leave more than half of the mask
 * outside do not count. */
static int shifted_information(double *mi, const struct hep_volume *fixed,
                               const struct hep_volume *moving, const struct hep_labels *mask,
                               double shift_mm, struct hep_error *err)
{
    struct hep_transform t = {
        .affine = { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, shift_mm }, { 0, 0, 0, 1 } }
    };
    struct hep_volume *moved = NULL;
    size_t n = 0, set = hep_labels_count(mask, -1);
    int rc = hep_resample(&moved, moving, &fixed->grid, &t, HEP_INTERP_LINEAR, NAN, 1, err);

    if (rc == HEP_OK)
        rc = hep_mutual_information(mi, &n, fixed, moved, mask, SEARCH_BINS, err);
    if (rc == HEP_OK && n < set / 2)
        *mi = (double)NAN;
    hep_volume_free(moved);
    return rc;
}

static int coarse(struct hep_volume **out, const struct hep_volume *v, struct hep_error *err)
{
    struct hep_grid grid;

    hep_grid_isotropic(&grid, &v->grid, SEARCH_MM);
    return hep_resample_area(out, v, &grid, 1, err);
}

int hep_register_search(double shift_mm[3], const struct hep_volume *fixed,
                        const struct hep_volume *moving, const struct hep_labels *mask,
                        double range_mm, double step_mm, double gain, struct hep_error *err)
{
    struct hep_volume *f = NULL, *m = NULL;
    struct hep_labels *region = NULL;
    double still = (double)NAN, best;
    int rc;

    if (!(step_mm > 0.0))
        return HEP_FAIL(err, HEP_EINVAL, "a step of %g mm", step_mm);
    shift_mm[0] = shift_mm[1] = shift_mm[2] = 0.0;
    rc = coarse(&f, fixed, err);
    if (rc == HEP_OK)
        rc = coarse(&m, moving, err);
    if (rc == HEP_OK)
        rc = hep_resample_labels(&region, mask, &f->grid, NULL, err);
    if (rc == HEP_OK)
        rc = shifted_information(&still, f, m, region, 0.0, err);
    best = isfinite(still) ? still * (1.0 + gain) : 0.0;
    for (int k = 1; rc == HEP_OK && k * step_mm <= range_mm; k++) {
        for (int sign = -1; rc == HEP_OK && sign <= 1; sign += 2) {
            double mi = (double)NAN;

            rc = shifted_information(&mi, f, m, region, sign * k * step_mm, err);
            if (rc == HEP_OK && mi > best) {
                best = mi;
                shift_mm[2] = sign * k * step_mm;
            }
        }
    }
    hep_volume_free(f);
    hep_volume_free(m);
    hep_labels_free(region);
    return rc;
}

/* Determinant of A + dd/dx at a voxel; central differences, one-sided at borders. */
static double determinant(const struct hep_transform *t, const double inverse[4][4],
                          const size_t p[3])
{
    const struct hep_volume *d = t->displacement;
    const size_t *n = d->grid.n, step[3] = { 1, n[0], n[0] * n[1] };
    size_t at = p[0] + step[1] * p[1] + step[2] * p[2];
    double j[3][3], by_index[3][3];

    for (int k = 0; k < 3; k++) {
        size_t up = p[k] + 1 < n[k] ? at + step[k] : at, down = p[k] > 0 ? at - step[k] : at;
        double h = (double)((p[k] + 1 < n[k]) + (p[k] > 0));

        for (size_t c = 0; c < 3; c++)
            by_index[c][k] =
                h > 0.0 ? ((double)hep_volume_at(d, c)[up] - (double)hep_volume_at(d, c)[down]) / h
                        : 0.0;
    }
    for (int c = 0; c < 3; c++) {
        for (int w = 0; w < 3; w++) {
            j[c][w] = t->affine[c][w];
            for (int k = 0; k < 3; k++)
                j[c][w] += by_index[c][k] * inverse[k][w];
        }
    }
    return j[0][0] * (j[1][1] * j[2][2] - j[1][2] * j[2][1]) -
           j[0][1] * (j[1][0] * j[2][2] - j[1][2] * j[2][0]) +
           j[0][2] * (j[1][0] * j[2][1] - j[1][1] * j[2][0]);
}

int hep_register_jacobian(struct hep_jacobian *out, const struct hep_transform *t,
                          const struct hep_labels *mask, struct hep_error *err)
{
    const size_t *size = mask->grid.n, voxels = hep_grid_voxels(&mask->grid);
    double inverse[4][4];
    size_t n = 0, folded = 0;
    float *values;
    int rc;

    if (t->displacement == NULL || t->displacement->nt != 3 ||
        !hep_grid_same(&t->displacement->grid, &mask->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "displacement and mask are on different grids");
    rc = hep_grid_inverse(inverse, &mask->grid, err);
    if (rc != HEP_OK)
        return rc;
    if (HEP_NEW(values, voxels, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < voxels; i++) {
        const size_t p[3] = { i % size[0], i / size[0] % size[1], i / (size[0] * size[1]) };

        if (mask->data[i] == 0)
            continue;
        values[n] = (float)determinant(t, HEP_AFFINE(inverse), p);
        folded += values[n++] <= 0.0F;
    }
    out->folded_frac = n > 0 ? (double)folded / (double)n : (double)NAN;
    out->min = hep_quantile(values, n, 0.0);
    out->max = hep_quantile(values, n, 1.0);
    out->q01 = hep_quantile(values, n, 0.01);
    out->q99 = hep_quantile(values, n, 0.99);
    free(values);
    return HEP_OK;
}
