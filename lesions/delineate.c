#include "lesions/delineate.h"

#include "base/alloc.h"
#include "image/eigen3.h"
#include "image/mask.h"
#include "image/stats.h"

#include <math.h>
#include <stdlib.h>

#define HALF_CONTRAST 0.5 /* a blurred edge is at half contrast where the edge is */
/* A region that leaked is tried at 0.6, 0.7 and 0.8 of its contrast; above, noise makes holes. */
#define LEVEL_STEP 0.1
#define LEVEL_STEPS 3
#define PLATEAU_QUANTILE 0.75 /* half of the voxels of a small ball are mixed */
#define CORE_MIN_VOXELS 0.9   /* growing starts at the voxel next to a seed between voxels */

/* A box of the frame around the seed. */
struct box {
    size_t lo[3], n[3];
    const struct hep_candidate_frame *f;
    const struct hep_volume *z;
    int sign;
    const struct hep_seed *seed;
    double reach; /* in radii */
};

static size_t box_voxels(const struct box *b)
{
    return b->n[0] * b->n[1] * b->n[2];
}

static void box_at(size_t at[3], const struct box *b, size_t i)
{
    at[0] = b->lo[0] + i % b->n[0];
    at[1] = b->lo[1] + i / b->n[0] % b->n[1];
    at[2] = b->lo[2] + i / (b->n[0] * b->n[1]);
}

static size_t frame_index(const struct box *b, size_t i)
{
    const size_t *n = b->f->grid.n;
    size_t at[3];

    box_at(at, b, i);
    return at[0] + n[0] * (at[1] + n[1] * at[2]);
}

static double distance_mm(const struct box *b, size_t i, const double to[3])
{
    size_t at[3];
    double d2 = 0.0;

    box_at(at, b, i);
    for (int k = 0; k < 3; k++)
        d2 += ((double)at[k] - to[k]) * ((double)at[k] - to[k]);
    return sqrt(d2) * b->f->mm;
}

static double value(const struct box *b, size_t i)
{
    return (double)b->sign * (double)b->z->data[frame_index(b, i)];
}

static double reach_mm(const struct box *b, const struct hep_seed *s)
{
    return b->reach * s->radius_mm + 0.5 * b->f->mm;
}

/* Grow the box to hold what is in reach of a seed. */
static void box_hold(struct box *b, const struct hep_seed *s)
{
    for (int k = 0; k < 3; k++) {
        const double last = (double)(b->f->grid.n[k] - 1);
        const double reach = reach_mm(b, s) / b->f->mm + 2.0;
        const double lo = fmin(fmax(floor(s->voxel[k] - reach), 0.0), last);
        const double hi = fmax(fmin(ceil(s->voxel[k] + reach), last), lo);
        const size_t first = b->n[k] == 0 || lo < (double)b->lo[k] ? (size_t)lo : b->lo[k];
        const double end = b->n[k] == 0 ? hi : fmax(hi, (double)(b->lo[k] + b->n[k] - 1));

        b->lo[k] = first;
        b->n[k] = (size_t)end - first + 1;
    }
}

/* Upper quartile of the image in the seed's ball. */
static double plateau_of(const struct box *b, float *work)
{
    const double radius = fmax(b->seed->radius_mm, b->f->mm);
    size_t n = 0;

    for (size_t i = 0; i < box_voxels(b); i++) {
        const double x = value(b, i);

        if (!isnan(x) && distance_mm(b, i, b->seed->voxel) <= radius)
            work[n++] = (float)x;
    }
    return hep_quantile(work, n, PLATEAU_QUANTILE);
}

/* Within reach of the seed or a partner, and no rival nearer than either in units of radii. */
static bool claimed(const struct box *b, size_t i, const struct hep_seed *others, size_t n_others)
{
    double d = distance_mm(b, i, b->seed->voxel);
    double own = d / b->seed->radius_mm;
    bool within = d <= reach_mm(b, b->seed);

    for (size_t o = 0; o < n_others; o++) {
        if (!others[o].partner)
            continue;
        d = distance_mm(b, i, others[o].voxel);
        within = within || d <= reach_mm(b, &others[o]);
        own = fmin(own, d / others[o].radius_mm);
    }
    for (size_t o = 0; o < n_others && within; o++)
        within =
            others[o].partner || distance_mm(b, i, others[o].voxel) / others[o].radius_mm >= own;
    return within;
}

/* 1: may belong to the region; 0: another's, outside, or out of reach. */
static void allow(unsigned char *may, const struct box *b, const struct hep_labels *labels,
                  const struct hep_seed *others, size_t n_others)
{
    for (size_t i = 0; i < box_voxels(b); i++) {
        const size_t at = frame_index(b, i);

        may[i] =
            b->f->domain->data[at] != 0 && labels->data[at] == 0 && claimed(b, i, others, n_others);
    }
}

/* Voxels above the level that hang together with the seed's core over faces. */
static size_t grow(unsigned char *in, size_t *stack, const struct box *b, const unsigned char *may,
                   double level)
{
    const double core =
        fmax(b->f->limits->inner_frac * b->seed->radius_mm, CORE_MIN_VOXELS * b->f->mm);
    size_t top = 0, count = 0;

    for (size_t i = 0; i < box_voxels(b); i++) {
        in[i] = may[i] && distance_mm(b, i, b->seed->voxel) <= core && value(b, i) >= level;
        if (in[i])
            stack[top++] = i;
    }
    while (top > 0) {
        const size_t i = stack[--top];
        const size_t at[3] = { i % b->n[0], i / b->n[0] % b->n[1], i / (b->n[0] * b->n[1]) };
        const size_t stride[3] = { 1, b->n[0], b->n[0] * b->n[1] };

        count++;
        for (int k = 0; k < 3; k++) {
            for (int side = 0; side < 2; side++) {
                const size_t next = side == 0 ? i - stride[k] : i + stride[k];

                if (side == 0 ? at[k] == 0 : at[k] + 1 == b->n[k])
                    continue;
                if (!in[next] && may[next] && value(b, next) >= level) {
                    in[next] = 1;
                    stack[top++] = next;
                }
            }
        }
    }
    return count;
}

/* Holes of the region that nobody else owns become part of it. */
static int fill(unsigned char *in, const struct box *b, const unsigned char *may,
                struct hep_error *err)
{
    struct hep_grid g = b->f->grid;
    struct hep_labels *m = NULL;
    int rc;

    for (int k = 0; k < 3; k++)
        g.n[k] = b->n[k];
    rc = hep_labels_new(&m, &g, err);
    for (size_t i = 0; rc == HEP_OK && i < box_voxels(b); i++)
        m->data[i] = in[i];
    if (rc == HEP_OK)
        rc = hep_mask_fill_holes(m, err);
    for (size_t i = 0; rc == HEP_OK && i < box_voxels(b); i++)
        in[i] = in[i] || (m->data[i] != 0 && may[i]);
    hep_labels_free(m);
    return rc;
}

/* Share of the region's surface voxels that lie on the surface of the liver. */
static double border_share(const unsigned char *in, const struct box *b)
{
    const size_t stride[3] = { 1, b->n[0], b->n[0] * b->n[1] };
    size_t surface = 0, border = 0;

    for (size_t i = 0; i < box_voxels(b); i++) {
        const size_t at[3] = { i % b->n[0], i / b->n[0] % b->n[1], i / stride[2] };
        bool edge = false;

        for (int k = 0; k < 3 && in[i]; k++)
            edge = edge || at[k] == 0 || at[k] + 1 == b->n[k] || !in[i - stride[k]] ||
                   !in[i + stride[k]];
        surface += edge;
        border += edge && (double)b->f->depth->data[frame_index(b, i)] < b->f->mm;
    }
    return surface == 0 ? 0.0 : (double)border / (double)surface;
}

/* Weighted moments of the region and the voxels that touch it: partial volume counts as its share.
 */
static void weigh(struct hep_delineation *out, const unsigned char *in, const unsigned char *may,
                  const struct box *b)
{
    const size_t stride[3] = { 1, b->n[0], b->n[0] * b->n[1] };
    double sum = 0.0, first[3] = { 0 }, second[6] = { 0 };
    double l[3];

    for (size_t i = 0; i < box_voxels(b); i++) {
        const size_t at[3] = { i % b->n[0], i / b->n[0] % b->n[1], i / stride[2] };
        bool near = in[i];
        double w;

        for (int k = 0; k < 3 && !near; k++)
            near = (at[k] > 0 && in[i - stride[k]]) || (at[k] + 1 < b->n[k] && in[i + stride[k]]);
        if (!near || !(in[i] || may[i]))
            continue;
        w = fmin(fmax(value(b, i) / out->plateau, 0.0), 1.0);
        if (isnan(w))
            continue;
        sum += w;
        for (int k = 0; k < 3; k++)
            first[k] += w * (double)at[k];
        for (int k = 0; k < 3; k++) {
            static const int other[3] = { 1, 2, 2 }, base[3] = { 0, 0, 1 };

            second[k] += w * (double)at[k] * (double)at[k];
            second[k + 3] += w * (double)at[base[k]] * (double)at[other[k]];
        }
    }
    for (int k = 0; k < 3; k++) {
        first[k] /= sum;
        out->centroid_voxel[k] = (double)b->lo[k] + first[k];
    }
    for (int k = 0; k < 3; k++)
        second[k] = second[k] / sum - first[k] * first[k] + 1.0 / 12.0;
    second[3] = second[3] / sum - first[0] * first[1];
    second[4] = second[4] / sum - first[0] * first[2];
    second[5] = second[5] / sum - first[1] * first[2];
    hep_eigen3(l, second);
    out->volume_mm3 = sum * b->f->mm * b->f->mm * b->f->mm;
    out->elongation = l[2] / fmax(l[0], 1e-6);
}

/* Scratch of one delineation. */
struct work {
    float *values;
    unsigned char *may, *in;
    size_t *stack;
};

static int follow(struct hep_delineation *out, const struct box *b, struct work *w,
                  struct hep_error *err)
{
    int rc = HEP_OK;

    for (int step = 0; step <= LEVEL_STEPS; step++) {
        const double share = HALF_CONTRAST + LEVEL_STEP * step;

        out->voxels = grow(w->in, w->stack, b, w->may, share * out->plateau);
        if (out->voxels == 0)
            return HEP_OK;
        rc = fill(w->in, b, w->may, err);
        if (rc != HEP_OK || border_share(w->in, b) <= b->f->limits->leak_border_frac)
            return rc;
    }
    return rc;
}

int hep_delineate(struct hep_delineation *out, struct hep_labels *labels, int32_t id,
                  const struct hep_seed *seed, const struct hep_candidate_frame *f,
                  const struct hep_volume *z, int sign, const struct hep_seed *others,
                  size_t n_others, struct hep_error *err)
{
    struct hep_delineation d = { 0 };
    struct work w = { 0 };
    struct box b = { .f = f, .z = z, .sign = sign, .seed = seed };
    size_t n;
    int rc = HEP_OK;

    b.reach = cbrt(f->limits->leak_volume_ratio);
    box_hold(&b, seed);
    for (size_t i = 0; i < n_others; i++) {
        if (others[i].partner)
            box_hold(&b, &others[i]);
    }

    n = box_voxels(&b);
    w.values = hep_calloc(n, sizeof *w.values, err);
    w.may = hep_calloc(n, 1, err);
    w.in = hep_calloc(n, 1, err);
    w.stack = hep_calloc(n, sizeof *w.stack, err);
    if (w.values == NULL || w.may == NULL || w.in == NULL || w.stack == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    d.plateau = plateau_of(&b, w.values);
    allow(w.may, &b, labels, others, n_others);
    if (d.plateau > 0.0)
        rc = follow(&d, &b, &w, err);
    if (rc != HEP_OK || d.voxels == 0)
        goto out;
    weigh(&d, w.in, w.may, &b);
    d.voxels = 0;
    for (size_t i = 0; i < n; i++) {
        if (w.in[i]) {
            labels->data[frame_index(&b, i)] = id;
            d.reach_mm = fmax(d.reach_mm, distance_mm(&b, i, seed->voxel));
            d.voxels++;
        }
    }
out:
    if (rc == HEP_OK)
        *out = d;
    free(w.values);
    free(w.may);
    free(w.in);
    free(w.stack);
    return rc;
}

bool hep_delineate_joined(const struct hep_volume *z, int sign, const double a[3],
                          const double b[3], double share)
{
    const double ends =
        fmin((double)sign * hep_frame_value(z, a), (double)sign * hep_frame_value(z, b));
    const int steps = (int)ceil(2.0 * sqrt(hep_distance2(a, b)));

    for (int i = 1; i < steps; i++) {
        double at[3];

        for (int k = 0; k < 3; k++)
            at[k] = a[k] + (b[k] - a[k]) * (double)i / steps;
        if (!((double)sign * hep_frame_value(z, at) >= share * ends))
            return false;
    }
    return true;
}
