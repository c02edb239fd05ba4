#include "image/mask.h"

#include "base/alloc.h"

struct component {
    size_t size;
    int32_t number; /* in order of the first voxel */
};

struct search {
    const struct hep_labels *mask;
    struct hep_labels *numbers;
    int reach; /* largest sum of |steps| to a neighbour: 1, 2 or 3 */
    size_t *queue;
};

static size_t visit_neighbours(struct search *s, size_t i, size_t end)
{
    const size_t *n = s->mask->grid.n;
    const int32_t number = s->numbers->data[i];
    const long p[3] = { (long)(i % n[0]), (long)(i / n[0] % n[1]), (long)(i / (n[0] * n[1])) };

    for (int dz = -1; dz <= 1; dz++) {
        for (int dy = -1; dy <= 1; dy++) {
            for (int dx = -1; dx <= 1; dx++) {
                const long x = p[0] + dx;
                const long y = p[1] + dy;
                const long z = p[2] + dz;
                size_t j;

                if (abs(dx) + abs(dy) + abs(dz) > s->reach || x < 0 || y < 0 || z < 0 ||
                    x >= (long)n[0] || y >= (long)n[1] || z >= (long)n[2])
                    continue;
                j = (size_t)x + n[0] * ((size_t)y + n[1] * (size_t)z);
                if (s->mask->data[j] != 0 && s->numbers->data[j] == 0) {
                    s->numbers->data[j] = number;
                    s->queue[end++] = j;
                }
            }
        }
    }
    return end;
}

static size_t grow(struct search *s, size_t seed, int32_t number)
{
    size_t end = 1;

    s->numbers->data[seed] = number;
    s->queue[0] = seed;
    for (size_t i = 0; i < end; i++)
        end = visit_neighbours(s, s->queue[i], end);
    return end;
}

static int larger_first(const void *a, const void *b)
{
    const struct component *x = a;
    const struct component *y = b;

    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return x->number < y->number ? -1 : 1;
}

/* Number the components in the order of their first voxel, and count the voxels of each. */
static int find_all(struct component **list, size_t *count, struct search *s, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&s->mask->grid);

    for (size_t i = 0; i < n; i++) {
        if (s->mask->data[i] == 0 || s->numbers->data[i] != 0)
            continue;
        if (HEP_GROW(*list, *count, err) != HEP_OK)
            return HEP_ENOMEM;
        if (*count >= INT32_MAX)
            return HEP_FAIL(err, HEP_EDATA, "more than %d components", INT32_MAX);
        (*list)[*count].number = (int32_t)(*count + 1);
        (*list)[*count].size = grow(s, i, (int32_t)(*count + 1));
        (*count)++;
    }
    return HEP_OK;
}

/* Give each component its rank as number. */
static int renumber(struct hep_labels *numbers, struct component *list, size_t count,
                    struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&numbers->grid);
    int32_t *rank = hep_calloc(count + 1, sizeof *rank, err);

    if (rank == NULL)
        return HEP_ENOMEM;
    if (count > 1)
        qsort(list, count, sizeof *list, larger_first);
    for (size_t i = 0; i < count; i++)
        rank[list[i].number] = (int32_t)(i + 1);
    for (size_t i = 0; i < n; i++)
        numbers->data[i] = rank[numbers->data[i]];
    free(rank);
    return HEP_OK;
}

int hep_mask_components(struct hep_labels **out, size_t *count, const struct hep_labels *m,
                        int connectivity, struct hep_error *err)
{
    struct search s = { .mask = m };
    struct component *list = NULL;
    size_t found = 0;
    int rc;

    if (connectivity != 6 && connectivity != 18 && connectivity != 26)
        return HEP_FAIL(err, HEP_EINVAL, "connectivity %d, need 6, 18 or 26", connectivity);
    s.reach = connectivity == 6 ? 1 : connectivity == 18 ? 2 : 3;
    rc = hep_labels_new(&s.numbers, &m->grid, err);
    if (rc != HEP_OK)
        return rc;
    s.queue = hep_calloc(hep_grid_voxels(&m->grid), sizeof *s.queue, err);
    rc = s.queue == NULL ? HEP_ENOMEM : find_all(&list, &found, &s, err);
    if (rc == HEP_OK)
        rc = renumber(s.numbers, list, found, err);
    if (rc == HEP_OK) {
        *out = s.numbers;
        *count = found;
        s.numbers = NULL;
    }
    free(list);
    free(s.queue);
    hep_labels_free(s.numbers);
    return rc;
}

int hep_mask_keep_largest(struct hep_labels *m, int connectivity, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&m->grid);
    struct hep_labels *numbers = NULL;
    size_t count = 0;
    int rc = hep_mask_components(&numbers, &count, m, connectivity, err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        m->data[i] = numbers->data[i] == 1;
    hep_labels_free(numbers);
    return HEP_OK;
}
