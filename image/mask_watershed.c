#include "image/mask.h"

#include "base/alloc.h"

#include <math.h>

struct drop {
    float level;  /* highest point on the way from the marker */
    size_t order; /* of arrival */
    size_t voxel;
};

struct heap {
    struct drop *drops;
    size_t n, arrived;
};

static bool before(const struct drop *a, const struct drop *b)
{
    return a->level < b->level || (a->level == b->level && a->order < b->order);
}

static void push(struct heap *h, float level, size_t voxel)
{
    const struct drop drop = { level, h->arrived++, voxel };
    size_t i = h->n++;

    for (; i > 0 && before(&drop, &h->drops[(i - 1) / 2]); i = (i - 1) / 2)
        h->drops[i] = h->drops[(i - 1) / 2];
    h->drops[i] = drop;
}

static struct drop pop(struct heap *h)
{
    const struct drop top = h->drops[0];
    const struct drop last = h->drops[--h->n];
    size_t i = 0;

    for (;;) {
        size_t child = 2 * i + 1;

        if (child >= h->n)
            break;
        if (child + 1 < h->n && before(&h->drops[child + 1], &h->drops[child]))
            child++;
        if (!before(&h->drops[child], &last))
            break;
        h->drops[i] = h->drops[child];
        i = child;
    }
    h->drops[i] = last;
    return top;
}

static float height_at(const struct hep_volume *height, size_t i)
{
    return isnan(height->data[i]) ? INFINITY : height->data[i];
}

static void flood(struct hep_labels *markers, const struct hep_volume *height,
                  const struct hep_labels *domain, struct heap *h)
{
    const size_t *n = markers->grid.n;
    const size_t stride[3] = { 1, n[0], n[0] * n[1] };

    while (h->n > 0) {
        const struct drop d = pop(h);
        const size_t p[3] = { d.voxel % n[0], d.voxel / n[0] % n[1], d.voxel / (n[0] * n[1]) };

        for (int side = 0; side < 6; side++) {
            const int k = side / 2;
            size_t j;

            if (side % 2 == 0 ? p[k] == 0 : p[k] + 1 == n[k])
                continue;
            j = side % 2 == 0 ? d.voxel - stride[k] : d.voxel + stride[k];
            if (domain->data[j] == 0 || markers->data[j] != 0)
                continue;
            markers->data[j] = markers->data[d.voxel];
            push(h, fmaxf(d.level, height_at(height, j)), j);
        }
    }
}

int hep_mask_watershed(struct hep_labels *markers, const struct hep_volume *height,
                       const struct hep_labels *domain, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&markers->grid);
    struct heap h = { 0 };

    if (!hep_grid_same(&markers->grid, &height->grid, HEP_GRID_TOL_MM) ||
        !hep_grid_same(&markers->grid, &domain->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "markers, height and domain lie on different grids");
    if (HEP_NEW(h.drops, n, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (markers->data[i] < 0 || domain->data[i] == 0)
            markers->data[i] = 0;
        if (markers->data[i] > 0)
            push(&h, height_at(height, i), i);
    }
    flood(markers, height, domain, &h);
    free(h.drops);
    return HEP_OK;
}
