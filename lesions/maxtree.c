#include "lesions/maxtree.h"

#include "base/alloc.h"
#include "base/number.h"

#include <math.h>
#include <stdlib.h>

#define NO_PARENT SIZE_MAX
#define MAX_LEVELS 4096.0 /* room: levels are uint16_t */

/* Additive attributes of a component. */
struct moments {
    double n, sum[3], square, value;
};

struct tree {
    const struct hep_volume *v;
    uint16_t *level; /* per voxel of the volume; valid for those in order */
    size_t *order;   /* voxels by rising level, then index */
    size_t n;        /* of them */
    size_t *parent;  /* NO_PARENT: not reached (yet) */
    size_t *root;    /* union-find, path-halved */
    struct moments *m;
};

struct pick {
    size_t voxel; /* canonical voxel of the node */
    double cost;
    struct hep_maxtree_region region;
};

static void tree_release(struct tree *t)
{
    free(t->level);
    free(t->order);
    free(t->parent);
    free(t->root);
    free(t->m);
}

static bool counts(const struct hep_volume *v, const struct hep_labels *where, size_t i,
                   double level_min)
{
    return where->data[i] != 0 && (double)v->data[i] >= level_min;
}

/* Counting sort by level. */
static int tree_sort(struct tree *t, const struct hep_labels *where,
                     const struct hep_maxtree_search *how, struct hep_error *err)
{
    const size_t voxels = hep_grid_voxels(&t->v->grid);
    const double top = floor((how->level_max - how->level_min) / how->level_step);
    size_t *first = NULL;
    int rc = HEP_NEW(first, (size_t)top + 2, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(t->level, voxels, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(t->order, voxels, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < voxels; i++) {
        if (!counts(t->v, where, i, how->level_min))
            continue;
        const double x = ((double)t->v->data[i] - how->level_min) / how->level_step;

        t->level[i] = (uint16_t)fmin(floor(x), top);
        first[(size_t)t->level[i] + 1]++;
        t->n++;
    }
    for (size_t l = 1; l <= (size_t)top + 1; l++)
        first[l] += first[l - 1];
    for (size_t i = 0; i < voxels; i++) {
        if (counts(t->v, where, i, how->level_min))
            t->order[first[t->level[i]]++] = i;
    }
out:
    free(first);
    return rc;
}

static size_t find_root(size_t *root, size_t i)
{
    while (root[i] != i) {
        root[i] = root[root[i]];
        i = root[i];
    }
    return i;
}

/* Face neighbours of voxel i. */
static int neighbours(size_t out[6], const size_t n[3], size_t i)
{
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };
    const size_t at[3] = { i % n[0], i / n[0] % n[1], i / stride[2] };
    int count = 0;

    for (int k = 0; k < 3; k++) {
        if (at[k] > 0)
            out[count++] = i - stride[k];
        if (at[k] + 1 < n[k])
            out[count++] = i + stride[k];
    }
    return count;
}

static void moments_add(struct moments *to, const struct moments *from)
{
    to->n += from->n;
    to->square += from->square;
    to->value += from->value;
    for (int k = 0; k < 3; k++)
        to->sum[k] += from->sum[k];
}

static void moments_of_voxel(struct moments *m, const struct hep_volume *v, size_t i)
{
    size_t at[3];

    hep_grid_place(at, &v->grid, i);
    m->n = 1.0;
    m->value = (double)v->data[i];
    for (int k = 0; k < 3; k++) {
        m->sum[k] = (double)at[k];
        m->square += m->sum[k] * m->sum[k];
    }
}

/* From the highest voxel down: each joins the components it touches as their new root. */
static int tree_grow(struct tree *t, struct hep_error *err)
{
    const size_t *n = t->v->grid.n;
    const size_t voxels = hep_grid_voxels(&t->v->grid);

    if (HEP_NEW(t->parent, voxels, err) != HEP_OK || HEP_NEW(t->root, voxels, err) != HEP_OK ||
        HEP_NEW(t->m, voxels, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < voxels; i++)
        t->parent[i] = NO_PARENT;
    for (size_t o = t->n; o-- > 0;) {
        const size_t p = t->order[o];
        size_t next[6];
        const int count = neighbours(next, n, p);

        t->parent[p] = p;
        t->root[p] = p;
        moments_of_voxel(&t->m[p], t->v, p);
        for (int c = 0; c < count; c++) {
            if (t->parent[next[c]] == NO_PARENT)
                continue;
            const size_t r = find_root(t->root, next[c]);

            if (r == p)
                continue;
            t->root[r] = p;
            t->parent[r] = p;
            moments_add(&t->m[p], &t->m[r]);
        }
    }
    /* From the bottom up: parents become the canonical voxel of their level. */
    for (size_t o = 0; o < t->n; o++) {
        const size_t p = t->order[o];
        const size_t q = t->parent[p];

        if (t->level[t->parent[q]] == t->level[q])
            t->parent[p] = t->parent[q];
    }
    return HEP_OK;
}

/* Canonical: the lowest of its component at its level. */
static bool canonical(const struct tree *t, size_t p)
{
    return t->parent[p] == p || t->level[t->parent[p]] < t->level[p];
}

static double compactness(const struct moments *m)
{
    const double r = 0.5 * hep_ball_diameter(m->n);
    double trace = m->square / m->n + 0.25; /* a voxel's own extent: 3 / 12 */

    for (int k = 0; k < 3; k++)
        trace -= m->sum[k] / m->n * (m->sum[k] / m->n);
    return 0.6 * r * r / trace;
}

static bool judge(struct pick *out, const struct tree *t, size_t p,
                  const struct hep_maxtree_search *how, double voxel_mm3)
{
    const struct moments *m = &t->m[p];
    const size_t q = t->parent[p];
    const bool next_level = q != p && t->level[p] - t->level[q] == 1;
    const struct hep_maxtree_region r = {
        .volume_mm3 = m->n * voxel_mm3,
        .stability = next_level ? (t->m[q].n - m->n) / m->n : 0.0,
        .compactness = compactness(m),
        .level = how->level_min + how->level_step * (double)t->level[p],
        .mean = m->value / m->n,
        .voxel = { m->sum[0] / m->n, m->sum[1] / m->n, m->sum[2] / m->n },
    };

    *out = (struct pick){ p, r.stability + fmax(1.0 - r.compactness, 0.0), r };
    return r.volume_mm3 >= how->volume_min_mm3 && r.volume_mm3 <= how->volume_max_mm3 &&
           r.stability <= how->stability_max && r.compactness >= how->compactness_min;
}

static int cheaper(const void *pa, const void *pb)
{
    const struct pick *a = pa;
    const struct pick *b = pb;

    if (a->cost != b->cost)
        return a->cost < b->cost ? -1 : 1;
    if (a->region.volume_mm3 != b->region.volume_mm3)
        return a->region.volume_mm3 > b->region.volume_mm3 ? -1 : 1;
    return a->voxel < b->voxel ? -1 : 1;
}

/* Is b an ancestor of a, or a itself? */
static bool holds(const struct tree *t, size_t a, size_t b)
{
    while (a != b && t->parent[a] != a)
        a = t->parent[a];
    return a == b;
}

static size_t drop_nested(struct pick *picks, size_t n, const struct tree *t)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        bool nested = false;

        for (size_t j = 0; j < kept && !nested; j++)
            nested = holds(t, picks[i].voxel, picks[j].voxel) ||
                     holds(t, picks[j].voxel, picks[i].voxel);
        if (!nested)
            picks[kept++] = picks[i];
    }
    return kept;
}

/* Parents stand before their children in order, so one pass hands labels down. */
static void paint(struct hep_labels *out, const struct tree *t, const struct pick *picks, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out->data[picks[i].voxel] = (int32_t)i + 1;
    for (size_t o = 0; o < t->n; o++) {
        const size_t p = t->order[o];

        if (out->data[p] == 0)
            out->data[p] = out->data[t->parent[p]];
    }
}

static int choose(struct hep_labels **labels, struct hep_maxtree_region **regions, size_t *count,
                  const struct tree *t, const struct hep_maxtree_search *how, struct hep_error *err)
{
    const double voxel_mm3 = hep_grid_voxel_mm3(&t->v->grid);
    struct pick *picks = hep_calloc(t->n + 1, sizeof *picks, err);
    struct hep_maxtree_region *list = NULL;
    size_t n = 0;
    int rc = picks != NULL ? hep_labels_new(labels, &t->v->grid, err) : HEP_ENOMEM;

    if (rc != HEP_OK)
        goto out;
    for (size_t o = 0; o < t->n; o++) {
        if (canonical(t, t->order[o]))
            n += judge(&picks[n], t, t->order[o], how, voxel_mm3);
    }
    if (n > 0)
        qsort(picks, n, sizeof *picks, cheaper);
    n = drop_nested(picks, n, t);
    if (n > 0 && (list = hep_calloc(n, sizeof *list, err)) == NULL) {
        hep_labels_free(*labels);
        *labels = NULL;
        rc = HEP_ENOMEM;
        goto out;
    }
    paint(*labels, t, picks, n);
    for (size_t i = 0; i < n; i++)
        list[i] = picks[i].region;
    *regions = list;
    *count = n;
out:
    free(picks);
    return rc;
}

int hep_maxtree_stable(struct hep_labels **labels, struct hep_maxtree_region **regions,
                       size_t *count, const struct hep_volume *v, const struct hep_labels *where,
                       const struct hep_maxtree_search *how, struct hep_error *err)
{
    struct tree t = { .v = v };
    int rc;

    if (!(how->level_step > 0.0 && how->level_max >= how->level_min) ||
        (how->level_max - how->level_min) / how->level_step > MAX_LEVELS)
        return HEP_FAIL(err, HEP_EINVAL, "levels %g to %g in steps of %g", how->level_min,
                        how->level_max, how->level_step);
    if (!hep_grid_same(&v->grid, &where->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "image and mask lie on different grids");
    rc = tree_sort(&t, where, how, err);
    if (rc == HEP_OK)
        rc = tree_grow(&t, err);
    if (rc == HEP_OK)
        rc = choose(labels, regions, count, &t, how, err);
    tree_release(&t);
    return rc;
}
