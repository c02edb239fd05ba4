#include "lesions/zscore.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/stats.h"
#include "image/threads.h"

#include <math.h>
#include <omp.h>
#include <stdlib.h>

/* The robust SD of so many voxels (of every second one per axis) has a standard error of 18 %. */
#define MIN_SAMPLES 40
/* A window with less than half of the spread of the whole liver is a chance of few values. */
#define LOCAL_MAD_FLOOR 0.5
/* Of the range of all voxels, between their percentiles 1 and 99: where liver has no spread at all,
 * less than this is no difference. */
#define RANGE_FLOOR 0.01
#define RANGE_TAIL 0.01

struct lattice {
    size_t n[3];
    double step[3];   /* voxels between nodes */
    double origin[3]; /* voxel coordinate of node 0 */
    float *median, *sd;
};

/* Nodes lie symmetrically about the centre of the grid, so that a flipped grid has the same ones.
 */
static int lattice_new(struct lattice *l, const struct hep_grid *g, double step_mm,
                       struct hep_error *err)
{
    double mm[3];
    size_t count = 1;

    hep_grid_spacing(mm, g);
    for (int k = 0; k < 3; k++) {
        const double extent = (double)(g->n[k] - 1) * mm[k];

        l->n[k] = isfinite(step_mm) ? (size_t)ceil(extent / step_mm) + 1 : 1;
        l->step[k] = isfinite(step_mm) ? step_mm / mm[k] : 1.0;
        l->origin[k] = 0.5 * (double)(g->n[k] - 1) - 0.5 * (double)(l->n[k] - 1) * l->step[k];
        count *= l->n[k];
    }
    l->median = hep_calloc(count, sizeof *l->median, err);
    l->sd = hep_calloc(count, sizeof *l->sd, err);
    return l->median != NULL && l->sd != NULL ? HEP_OK : HEP_ENOMEM;
}

static void lattice_release(struct lattice *l)
{
    free(l->median);
    free(l->sd);
}

/* First and one past the last voxel of a window along one axis. */
static void window_bounds(size_t b[2], double centre, double half, size_t n)
{
    const double first = ceil(centre - half);
    const double last = floor(centre + half);

    b[0] = first < 0.0 ? 0 : (size_t)first;
    b[1] = last < 0.0 ? 0 : (size_t)last + 1;
    b[1] = b[1] > n ? n : b[1];
    b[0] = b[0] > b[1] ? b[1] : b[0];
}

/* Every second voxel, counted from the centre of the axis outwards. */
static bool sampled(size_t i, size_t n)
{
    const size_t twice = 2 * i;
    const size_t away = twice > n - 1 ? twice - (n - 1) : n - 1 - twice;

    return (away / 2) % 2 == 0;
}

/* Finite values in a window; of the reference voxels only unless reference is NULL. */
static size_t gather(float *x, const struct hep_volume *v, const struct hep_labels *reference,
                     size_t b[3][2], bool all)
{
    const size_t *n = v->grid.n;
    size_t count = 0;

    for (size_t k = b[2][0]; k < b[2][1]; k++) {
        for (size_t j = b[1][0]; j < b[1][1]; j++) {
            if (!all && !(sampled(k, n[2]) && sampled(j, n[1])))
                continue;
            for (size_t i = b[0][0]; i < b[0][1]; i++) {
                const size_t at = i + n[0] * (j + n[1] * k);

                if ((reference == NULL || reference->data[at] != 0) && isfinite(v->data[at]) &&
                    (all || sampled(i, n[0])))
                    x[count++] = v->data[at];
            }
        }
    }
    return count;
}

static void median_sd(float *median, float *sd, float *x, size_t n)
{
    const double m = hep_quantile(x, n, 0.5);

    for (size_t i = 0; i < n; i++)
        x[i] = fabsf(x[i] - (float)m);
    *median = (float)m;
    *sd = (float)(HEP_MAD_TO_SD * hep_quantile(x, n, 0.5));
}

/* Median and robust SD of all reference voxels, and the smallest SD worth believing. */
static int whole(float *median, float *sd, float *floor_sd, const struct hep_volume *v,
                 const struct hep_labels *reference, struct hep_error *err)
{
    const size_t voxels = hep_grid_voxels(&v->grid);
    size_t b[3][2] = { { 0, v->grid.n[0] }, { 0, v->grid.n[1] }, { 0, v->grid.n[2] } };
    float *x = hep_alloc_aligned(voxels, sizeof *x, err);
    size_t n;
    double range;

    if (x == NULL)
        return HEP_ENOMEM;
    n = gather(x, v, NULL, b, false);
    range = hep_quantile(x, n, 1.0 - RANGE_TAIL) - hep_quantile(x, n, RANGE_TAIL);
    n = gather(x, v, reference, b, true);
    median_sd(median, sd, x, n);
    *floor_sd = (float)fmax(LOCAL_MAD_FLOOR * (double)*sd, n > 0 ? RANGE_FLOOR * range : 0.0);
    free(x);
    return HEP_OK;
}

static void measure_nodes(struct lattice *l, const struct hep_volume *v,
                          const struct hep_labels *reference, double half_voxels, float *samples,
                          size_t capacity, int nthreads)
{
    const size_t nodes = l->n[0] * l->n[1] * l->n[2];

#pragma omp parallel for schedule(dynamic, 16) num_threads(nthreads)
    for (size_t node = 0; node < nodes; node++) {
        float *x = samples + capacity * (size_t)omp_get_thread_num();
        const size_t at[3] = { node % l->n[0], node / l->n[0] % l->n[1],
                               node / (l->n[0] * l->n[1]) };
        size_t b[3][2];
        size_t n;

        for (int k = 0; k < 3; k++)
            window_bounds(b[k], l->origin[k] + (double)at[k] * l->step[k], half_voxels,
                          v->grid.n[k]);
        n = gather(x, v, reference, b, false);
        if (n >= MIN_SAMPLES)
            median_sd(&l->median[node], &l->sd[node], x, n);
        else
            l->median[node] = NAN;
    }
}

/* One step of filling: nodes without a value take the mean of their face neighbours that have one.
 */
static bool spread_once(struct lattice *to, const struct lattice *from)
{
    const size_t stride[3] = { 1, from->n[0], from->n[0] * from->n[1] };
    const size_t nodes = stride[2] * from->n[2];
    bool changed = false;

    for (size_t node = 0; node < nodes; node++) {
        const size_t at[3] = { node % from->n[0], node / from->n[0] % from->n[1],
                               node / stride[2] };
        double median = 0.0, sd = 0.0;
        int count = 0;

        to->median[node] = from->median[node];
        to->sd[node] = from->sd[node];
        if (!isnan(from->median[node]))
            continue;
        for (int k = 0; k < 3; k++) {
            for (int side = 0; side < 2; side++) {
                const size_t next = side == 0 ? node - stride[k] : node + stride[k];

                if ((side == 0 ? at[k] == 0 : at[k] + 1 == from->n[k]) || isnan(from->median[next]))
                    continue;
                median += (double)from->median[next];
                sd += (double)from->sd[next];
                count++;
            }
        }
        if (count > 0) {
            to->median[node] = (float)(median / count);
            to->sd[node] = (float)(sd / count);
            changed = true;
        }
    }
    return changed;
}

static int fill_nodes(struct lattice *l, float median, float sd, struct hep_error *err)
{
    const size_t nodes = l->n[0] * l->n[1] * l->n[2];
    struct lattice other = *l;
    bool changed = true;
    int rc;

    other.median = other.sd = NULL;
    rc = HEP_NEW(other.median, nodes, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(other.sd, nodes, err);
    if (rc != HEP_OK)
        goto out;
    while (changed) {
        const struct lattice swap = *l;

        changed = spread_once(&other, l);
        *l = other;
        other = swap;
    }
    for (size_t i = 0; i < nodes; i++) {
        if (isnan(l->median[i])) {
            l->median[i] = median;
            l->sd[i] = sd;
        }
    }
out:
    lattice_release(&other);
    return rc;
}

/* Position among the nodes along one axis: lower node and weight of the upper one. */
static size_t between(double *weight, double voxel, const struct lattice *l, int k)
{
    double x = (voxel - l->origin[k]) / l->step[k];

    x = fmin(fmax(x, 0.0), (double)(l->n[k] - 1));
    if (l->n[k] == 1) {
        *weight = 0.0;
        return 0;
    }
    x = fmin(x, (double)(l->n[k] - 1));
    const size_t low = (size_t)fmin(floor(x), (double)(l->n[k] - 2));

    *weight = x - (double)low;
    return low;
}

/* Where the voxels of a row lie among the nodes; the same for every row. */
struct across {
    size_t *low;
    double *weight;
};

/* `node` holds median and SD of the row's nodes in turn: space for twice as many as there are. */
static void apply_row(float *row, size_t j, size_t k, size_t nx, const struct lattice *l,
                      const struct across *across, double *node, float floor_sd)
{
    double wy, wz;
    const size_t y = between(&wy, (double)j, l, 1);
    const size_t z = between(&wz, (double)k, l, 2);
    const size_t dy = l->n[1] > 1 ? l->n[0] : 0;
    const size_t dz = l->n[2] > 1 ? l->n[0] * l->n[1] : 0;
    const size_t base = l->n[0] * (y + l->n[1] * z);
    const double w[4] = { (1 - wy) * (1 - wz), wy * (1 - wz), (1 - wy) * wz, wy * wz };
    const size_t offset[4] = { base, base + dy, base + dz, base + dy + dz };
    const size_t step = l->n[0] > 1 ? 2 : 0;

    for (size_t x = 0; x < l->n[0]; x++) {
        node[2 * x] = node[2 * x + 1] = 0.0;
        for (int c = 0; c < 4; c++) {
            node[2 * x] += w[c] * (double)l->median[offset[c] + x];
            node[2 * x + 1] += w[c] * (double)l->sd[offset[c] + x];
        }
    }
    for (size_t i = 0; i < nx; i++) {
        const double wx = across->weight[i];
        const double *at = &node[2 * across->low[i]];
        const double m = (1 - wx) * at[0] + wx * at[step];
        const double s = fmax((1 - wx) * at[1] + wx * at[step + 1], (double)floor_sd);

        row[i] = s > 0.0 ? (float)(((double)row[i] - m) / s) : row[i] * 0.0F;
    }
}

static int apply(struct hep_volume *v, const struct lattice *l, float floor_sd, int threads,
                 struct hep_error *err)
{
    const size_t *n = v->grid.n;
    struct across across = { hep_calloc(n[0], sizeof *across.low, err),
                             hep_calloc(n[0], sizeof *across.weight, err) };
    double *nodes = hep_calloc(2 * l->n[0] * (size_t)threads, sizeof *nodes, err);
    int rc = HEP_OK;

    if (across.low == NULL || across.weight == NULL || nodes == NULL) {
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for local statistics");
        goto out;
    }
    for (size_t i = 0; i < n[0]; i++)
        across.low[i] = between(&across.weight[i], (double)i, l, 0);
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads)
    for (size_t k = 0; k < n[2]; k++) {
        for (size_t j = 0; j < n[1]; j++)
            apply_row(v->data + n[0] * (j + n[1] * k), j, k, n[0], l, &across,
                      nodes + 2 * l->n[0] * (size_t)omp_get_thread_num(), floor_sd);
    }
out:
    free(across.low);
    free(across.weight);
    free(nodes);
    return rc;
}

int hep_zscore_local(struct hep_volume *v, const struct hep_labels *reference, double window_mm,
                     int nthreads, struct hep_error *err)
{
    const int threads = hep_threads(nthreads);
    const size_t *n = v->grid.n;
    struct lattice l = { 0 };
    double mm[3];
    double half_voxels;
    size_t capacity = 1;
    float *samples = NULL;
    float median, sd, floor_sd;
    int rc;

    if (!hep_grid_same(&v->grid, &reference->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "image and reference tissue lie on different grids");
    hep_grid_spacing(mm, &v->grid);
    half_voxels = 0.5 * window_mm / mm[0];
    rc = whole(&median, &sd, &floor_sd, v, reference, err);
    if (rc != HEP_OK)
        return rc;
    rc = lattice_new(&l, &v->grid, 0.5 * window_mm, err);
    if (rc != HEP_OK)
        goto out;
    if (isfinite(window_mm)) {
        for (int k = 0; k < 3; k++)
            capacity *= (size_t)fmin((double)n[k], half_voxels + 3.0);
        samples = hep_alloc_aligned(capacity * (size_t)threads, sizeof *samples, err);
        if (samples == NULL) {
            rc = HEP_ENOMEM;
            goto out;
        }
        measure_nodes(&l, v, reference, half_voxels, samples, capacity, threads);
    } else {
        l.median[0] = NAN;
    }
    rc = fill_nodes(&l, median, sd, err);
    if (rc != HEP_OK)
        goto out;
    rc = apply(v, &l, floor_sd, threads, err);
out:
    free(samples);
    lattice_release(&l);
    return rc;
}
