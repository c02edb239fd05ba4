#include "image/mask.h"

#include "base/alloc.h"
#include "image/stats.h"

#include <math.h>

struct box {
    size_t lo[3], hi[3]; /* inclusive */
};

/* Voxels that are set in either mask. */
static struct box bounds(const struct hep_labels *a, const struct hep_labels *b)
{
    const size_t *n = a->grid.n;
    struct box box = { { n[0], n[1], n[2] }, { 0, 0, 0 } };
    size_t i = 0;

    for (size_t z = 0; z < n[2]; z++) {
        for (size_t y = 0; y < n[1]; y++) {
            for (size_t x = 0; x < n[0]; x++, i++) {
                const size_t p[3] = { x, y, z };

                for (int k = 0; k < 3 && (a->data[i] != 0 || b->data[i] != 0); k++) {
                    box.lo[k] = p[k] < box.lo[k] ? p[k] : box.lo[k];
                    box.hi[k] = p[k] > box.hi[k] ? p[k] : box.hi[k];
                }
            }
        }
    }
    return box;
}

/* True for a set voxel of which a face neighbour is not set or lies outside the volume. */
static bool on_surface(const struct hep_labels *m, const size_t p[3])
{
    const size_t *n = m->grid.n;
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };
    const size_t i = p[0] + stride[1] * p[1] + stride[2] * p[2];

    if (m->data[i] == 0)
        return false;
    for (int k = 0; k < 3; k++) {
        if (p[k] == 0 || p[k] + 1 == n[k] || m->data[i - stride[k]] == 0 ||
            m->data[i + stride[k]] == 0)
            return true;
    }
    return false;
}

/* Surface voxels of m inside the box, on a grid of the size of the box: all that distances need. */
static int surface_new(struct hep_labels **out, const struct hep_labels *m, const struct box *box,
                       struct hep_error *err)
{
    struct hep_grid g = m->grid;
    struct hep_labels *s = NULL;
    size_t i = 0;
    int rc;

    for (int k = 0; k < 3; k++)
        g.n[k] = box->hi[k] - box->lo[k] + 1;
    rc = hep_labels_new(&s, &g, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t z = box->lo[2]; z <= box->hi[2]; z++) {
        for (size_t y = box->lo[1]; y <= box->hi[1]; y++) {
            for (size_t x = box->lo[0]; x <= box->hi[0]; x++)
                s->data[i++] = on_surface(m, (const size_t[3]){ x, y, z });
        }
    }
    *out = s;
    return HEP_OK;
}

/* Sum, number and 95th percentile of the distances from surface `from` to surface `to`. */
static int measure_directed(double *sum, size_t *count, double *q95, const struct hep_labels *from,
                            const struct hep_labels *to, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&from->grid);
    struct hep_volume *distance = NULL;
    size_t kept = 0;
    int rc = hep_mask_distance(&distance, to, false, 1, err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (from->data[i] != 0) {
            *sum += (double)distance->data[i];
            distance->data[kept++] = distance->data[i];
        }
    }
    *count += kept;
    *q95 = hep_quantile(distance->data, kept, 0.95);
    hep_volume_free(distance);
    return HEP_OK;
}

static int surface_distances(struct hep_overlap *out, const struct hep_labels *a,
                             const struct hep_labels *b, struct hep_error *err)
{
    const struct box box = bounds(a, b);
    struct hep_labels *sa = NULL;
    struct hep_labels *sb = NULL;
    double sum = 0.0;
    double ab = 0.0;
    double ba = 0.0;
    size_t count = 0;
    int rc = surface_new(&sa, a, &box, err);

    if (rc == HEP_OK)
        rc = surface_new(&sb, b, &box, err);
    if (rc == HEP_OK)
        rc = measure_directed(&sum, &count, &ab, sa, sb, err);
    if (rc == HEP_OK)
        rc = measure_directed(&sum, &count, &ba, sb, sa, err);
    if (rc == HEP_OK) {
        out->mean_surface_mm = sum / (double)count;
        out->hd95_mm = fmax(ab, ba);
    }
    hep_labels_free(sa);
    hep_labels_free(sb);
    return rc;
}

double hep_mask_dice(const struct hep_labels *a, const struct hep_labels *b)
{
    size_t both = 0, sum = 0;

    for (size_t i = 0; i < hep_grid_voxels(&a->grid); i++) {
        both += a->data[i] != 0 && b->data[i] != 0;
        sum += (size_t)(a->data[i] != 0) + (size_t)(b->data[i] != 0);
    }
    return sum > 0 ? 2.0 * (double)both / (double)sum : (double)NAN;
}

int hep_mask_overlap(struct hep_overlap *out, const struct hep_labels *a,
                     const struct hep_labels *b, struct hep_error *err)
{
    const double na = (double)hep_labels_count(a, -1);
    const double nb = (double)hep_labels_count(b, -1);
    struct hep_overlap o = { (double)NAN, (double)NAN, (double)NAN, (double)NAN };
    int rc = HEP_OK;

    if (!hep_grid_same(&a->grid, &b->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the masks lie on different grids");
    o.dice = hep_mask_dice(a, b);
    if (na > 0.0)
        o.volume_error_frac = (nb - na) / na;
    if (na > 0.0 && nb > 0.0)
        rc = surface_distances(&o, a, b, err);
    if (rc == HEP_OK)
        *out = o;
    return rc;
}

void hep_mask_centre(double centre[3], const struct hep_labels *mask)
{
    double n = 0.0;

    centre[0] = centre[1] = centre[2] = 0.0;
    for (size_t i = 0; i < hep_grid_voxels(&mask->grid); i++) {
        double at[3];

        if (mask->data[i] == 0)
            continue;
        hep_grid_world_of(at, &mask->grid, i);
        n += 1.0;
        for (int k = 0; k < 3; k++)
            centre[k] += (at[k] - centre[k]) / n;
    }
}
