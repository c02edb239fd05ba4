#include "phantom/tree.h"

#include "base/alloc.h"
#include "base/rng.h"

#include <math.h>

struct point {
    double p[3], key;
};

struct task { /* a set of end points still to be connected */
    size_t first, count;
    long parent;
    double from[3];
    int generation;
};

struct grower {
    struct hep_tree *tree;
    const struct hep_shape *shape;
    const struct hep_tree_wish *wish;
    struct point *points;
    size_t n_points;
    struct task *stack;
    size_t n_stack;
    struct hep_rng rng;
};

static int by_key(const void *a, const void *b)
{
    const struct point *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

/* End points spread over the liver, at least 4 mm below its surface. */
static void scatter(struct grower *g)
{
    const struct hep_box box = hep_shape_box();
    size_t n = 0;

    for (long tries = 0; n < g->n_points && tries < 400000; tries++) {
        double p[3];

        for (int k = 0; k < 3; k++)
            p[k] = hep_rng_next_range(&g->rng, box.lo[k], box.hi[k]);
        if (hep_shape_liver(g->shape, p) > -4.0)
            continue;
        memcpy(g->points[n++].p, p, sizeof p);
    }
    g->n_points = n;
}

static void centroid(double c[3], const struct point *pt, size_t n)
{
    for (int k = 0; k < 3; k++) {
        c[k] = 0.0;
        for (size_t i = 0; i < n; i++)
            c[k] += pt[i].p[k] / (double)n;
    }
}

/* Longest axis by power iteration on the covariance. */
static void longest_axis(double axis[3], const struct point *pt, size_t n, const double c[3])
{
    double cov[3][3] = { { 0.0 } };

    for (size_t i = 0; i < n; i++)
        for (int r = 0; r < 3; r++)
            for (int k = 0; k < 3; k++)
                cov[r][k] += (pt[i].p[r] - c[r]) * (pt[i].p[k] - c[k]);
    axis[0] = 0.8;
    axis[1] = 0.5;
    axis[2] = 0.33;
    for (int it = 0; it < 24; it++) {
        double next[3], norm = 0.0;

        for (int r = 0; r < 3; r++) {
            next[r] = cov[r][0] * axis[0] + cov[r][1] * axis[1] + cov[r][2] * axis[2];
            norm += next[r] * next[r];
        }
        norm = sqrt(norm);
        if (!(norm > 0.0))
            return;
        for (int r = 0; r < 3; r++)
            axis[r] = next[r] / norm;
    }
}

static bool leaves_liver(const struct grower *g, const double a[3], const double b[3])
{
    const double *root = g->wish->root;

    for (int i = 0; i <= 8; i++) {
        const double t = i / 8.0;
        double p[3], from_root = 0.0;

        for (int k = 0; k < 3; k++) {
            p[k] = a[k] + t * (b[k] - a[k]);
            from_root += (p[k] - root[k]) * (p[k] - root[k]);
        }
        if (from_root > g->wish->free_mm * g->wish->free_mm && hep_shape_liver(g->shape, p) > -1.0)
            return true;
    }
    return false;
}

/* One branch as two slightly bent pieces; returns the index of the second. */
static long add_branch(struct grower *g, long parent, const double a[3], const double b[3],
                       double radius)
{
    struct hep_tree *t = g->tree;
    double middle[3], length = 0.0;
    const double *from = a;

    for (int k = 0; k < 3; k++)
        length += (b[k] - a[k]) * (b[k] - a[k]);
    length = sqrt(length);
    for (int k = 0; k < 3; k++)
        middle[k] = 0.5 * (a[k] + b[k]) + 0.06 * length * hep_rng_next_normal(&g->rng);
    for (int half = 0; half < 2; half++) {
        struct hep_branch *br = &t->branch[t->n];

        memcpy(br->a, from, sizeof br->a);
        memcpy(br->b, half == 0 ? middle : b, sizeof br->b);
        br->radius_mm = radius;
        br->parent = parent;
        br->cut = (parent >= 0 && t->branch[parent].cut) || leaves_liver(g, br->a, br->b);
        parent = (long)t->n++;
        from = middle;
    }
    return parent;
}

static void push(struct grower *g, size_t first, size_t count, long parent, const double from[3],
                 int generation)
{
    struct task *task = &g->stack[g->n_stack++];

    task->first = first;
    task->count = count;
    task->parent = parent;
    task->generation = generation;
    memcpy(task->from, from, sizeof task->from);
}

static void connect(struct grower *g, const struct task *task)
{
    struct point *pt = g->points + task->first;
    const double share = (double)task->count / (double)g->n_points;
    const double radius = fmax(g->wish->root_radius_mm * cbrt(share), g->wish->end_radius_mm);
    const double reach =
        task->generation < 2 ? g->wish->first_reach : hep_rng_next_range(&g->rng, 0.38, 0.58);
    double c[3], axis[3], at[3];
    size_t half;
    long here;

    if (task->count == 1) {
        (void)add_branch(g, task->parent, task->from, pt->p, radius);
        return;
    }
    centroid(c, pt, task->count);
    for (int k = 0; k < 3; k++)
        at[k] = task->from[k] + reach * (c[k] - task->from[k]);
    here = add_branch(g, task->parent, task->from, at, radius);
    longest_axis(axis, pt, task->count, c);
    for (size_t i = 0; i < task->count; i++)
        pt[i].key = axis[0] * pt[i].p[0] + axis[1] * pt[i].p[1] + axis[2] * pt[i].p[2];
    qsort(pt, task->count, sizeof *pt, by_key);
    half = (size_t)((double)task->count * hep_rng_next_range(&g->rng, 0.36, 0.64));
    half = half < 1 ? 1 : (half > task->count - 1 ? task->count - 1 : half);
    push(g, task->first + half, task->count - half, here, at, task->generation + 1);
    push(g, task->first, half, here, at, task->generation + 1);
}

int hep_tree_grow(struct hep_tree *out, const struct hep_shape *s, const struct hep_tree_wish *wish,
                  uint64_t seed, struct hep_error *err)
{
    const double ratio = wish->root_radius_mm / wish->end_radius_mm;
    struct grower g = { .tree = out, .shape = s, .wish = wish };
    int rc = HEP_OK;

    out->branch = NULL;
    out->n = 0;
    if (!(wish->end_radius_mm > 0.0) || !(ratio >= 1.0) || ratio > 12.0)
        return HEP_FAIL(err, HEP_EINVAL, "vessel radii %g to %g mm, want end <= root <= 12 end",
                        wish->end_radius_mm, wish->root_radius_mm);
    g.n_points = (size_t)ceil(ratio * ratio * ratio);
    g.rng = (struct hep_rng){ seed, hep_rng_stream(wish->stream), 0 };
    g.points = hep_calloc(g.n_points, sizeof *g.points, err);
    g.stack = hep_calloc(g.n_points + 2, sizeof *g.stack, err);
    out->branch = hep_calloc(4 * g.n_points + 4, sizeof *out->branch, err);
    if (g.points == NULL || g.stack == NULL || out->branch == NULL) {
        rc = HEP_ENOMEM;
        hep_tree_release(out);
        goto out;
    }
    scatter(&g);
    if (g.n_points > 0)
        push(&g, 0, g.n_points, -1, wish->root, 0);
    while (g.n_stack > 0) {
        const struct task task = g.stack[--g.n_stack];

        connect(&g, &task);
    }
out:
    free(g.points);
    free(g.stack);
    return rc;
}

void hep_tree_release(struct hep_tree *t)
{
    free(t->branch);
    t->branch = NULL;
    t->n = 0;
}

void hep_tree_cut_near(struct hep_tree *t, const double centre[3], double radius_mm)
{
    for (size_t i = 0; i < t->n; i++) {
        struct hep_branch *b = &t->branch[i];

        if ((b->parent >= 0 && t->branch[b->parent].cut) ||
            hep_capsule(centre, b->a, b->b, b->radius_mm, b->radius_mm) < radius_mm)
            b->cut = true;
    }
}

double hep_tree_clearance(const struct hep_tree *t, const double p[3], double min_radius_mm)
{
    double best = (double)INFINITY;

    for (size_t i = 0; i < t->n; i++) {
        const struct hep_branch *b = &t->branch[i];

        if (!b->cut && b->radius_mm >= min_radius_mm)
            best = fmin(best, hep_capsule(p, b->a, b->b, b->radius_mm, b->radius_mm));
    }
    return best;
}
