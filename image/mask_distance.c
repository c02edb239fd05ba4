#include "image/mask.h"

#include "base/alloc.h"
#include "image/threads.h"

#include <math.h>
#include <omp.h>

/* Work space of one thread for lines of up to n voxels. */
struct line {
    double *f;    /* squared distances on entry */
    double *from; /* where parabola j takes over, n + 1 */
    size_t *at;   /* its vertex */
    double
        *per; /* 1 / (2 j mm), the step of a cut per difference of heights of parabolas j apart */
};

/* Lower envelope of the parabolas (x - q)^2 + f(q) (Felzenszwalb and Huttenlocher 2012, algorithm
 * 1), with x in mm; vertices at infinite height are left out. Returns the number of parabolas. */
static size_t envelope(struct line *w, size_t n, double mm)
{
    size_t k = 0;

    for (size_t q = 0; q < n; q++) {
        const double x = (double)q * mm;
        double cut = -(double)INFINITY;

        if (isinf(w->f[q]))
            continue;
        while (k > 0) {
            const size_t p = w->at[k - 1];
            const double y = (double)p * mm;

            cut = (w->f[q] + x * x - w->f[p] - y * y) * w->per[q - p];
            if (cut > w->from[k - 1])
                break;
            k--;
            cut = -(double)INFINITY;
        }
        w->at[k] = q;
        w->from[k] = cut;
        k++;
    }
    return k;
}

/* The first axis: voxels are 0 or infinite, and the nearest 0 lies before or after. */
static void transform_first(float *data, size_t n, double mm)
{
    size_t last = SIZE_MAX;

    for (size_t i = 0; i < n; i++) {
        const double d = ((double)i - (double)last) * mm;

        if (!isinf(data[i]))
            last = i;
        else if (last != SIZE_MAX)
            data[i] = (float)(d * d);
    }
    last = SIZE_MAX;
    for (size_t i = n; i-- > 0;) {
        const double d = ((double)last - (double)i) * mm;

        if (!(data[i] > 0.0F))
            last = i;
        else if (last != SIZE_MAX && d * d < (double)data[i])
            data[i] = (float)(d * d);
    }
}

static void transform_line(float *data, size_t n, size_t stride, double mm, struct line *w)
{
    size_t k;
    size_t j = 0;
    bool same = true;

    for (size_t i = 0; i < n; i++) {
        w->f[i] = (double)data[i * stride];
        same = same && data[i * stride] == data[0];
    }
    if (same && (isinf(data[0]) || !(data[0] > 0.0F)))
        return;
    k = envelope(w, n, mm);
    if (k == 0)
        return;
    for (size_t i = 0; i < n; i++) {
        const double x = (double)i * mm;
        double d;

        while (j + 1 < k && w->from[j + 1] < x)
            j++;
        d = x - (double)w->at[j] * mm;
        data[i * stride] = (float)(d * d + w->f[w->at[j]]);
    }
}

/* The part of a grid that is worked on: first voxel and size. */
struct box {
    size_t first[3], n[3];
};

static void transform_axis(struct hep_volume *v, const struct box *box, int axis, double mm,
                           struct line *work, int nthreads)
{
    const size_t stride[3] = { 1, v->grid.n[0], v->grid.n[0] * v->grid.n[1] };
    const int a = axis == 0 ? 1 : 0, b = axis == 2 ? 1 : 2;
    const size_t lines = box->n[a] * box->n[b];

    for (int t = 0; t < nthreads; t++)
        for (size_t j = 1; j < box->n[axis]; j++)
            work[t].per[j] = 0.5 / ((double)j * mm);
#pragma omp parallel for schedule(static) num_threads(nthreads)
    for (size_t i = 0; i < lines; i++) {
        const size_t at_a = box->first[a] + i % box->n[a];
        const size_t at_b = box->first[b] + i / box->n[a];
        float *first =
            v->data + at_a * stride[a] + at_b * stride[b] + box->first[axis] * stride[axis];

        if (axis == 0)
            transform_first(first, box->n[axis], mm);
        else
            transform_line(first, box->n[axis], stride[axis], mm, &work[omp_get_thread_num()]);
    }
}

static void grow(struct box *box, const size_t at[3], const size_t n[3])
{
    for (int k = 0; k < 3; k++) {
        const size_t lo = at[k] > 0 ? at[k] - 1 : 0;
        const size_t hi = at[k] + 1 < n[k] ? at[k] + 1 : n[k] - 1;
        const size_t last = box->first[k] + box->n[k];

        if (box->n[k] == 0) {
            box->first[k] = lo;
            box->n[k] = hi - lo + 1;
            continue;
        }
        box->first[k] = lo < box->first[k] ? lo : box->first[k];
        box->n[k] = (hi + 1 > last ? hi + 1 : last) - box->first[k];
    }
}

/* All of the grid; for distances inside a mask the mask and one voxel around it hold everything
 * that counts, for the nearest voxel outside is beside one inside. */
static struct box box_of(const struct hep_labels *m, bool inside)
{
    const size_t *n = m->grid.n;
    struct box box = { .n = { n[0], n[1], n[2] } };

    if (!inside)
        return box;
    box = (struct box){ .n = { 0 } };
    for (size_t z = 0; z < n[2]; z++) {
        for (size_t y = 0; y < n[1]; y++) {
            const int32_t *data = m->data + n[0] * (y + n[1] * z);
            size_t first = 0, last = n[0];

            while (first < n[0] && data[first] == 0)
                first++;
            while (last > first && data[last - 1] == 0)
                last--;
            if (first == last)
                continue;
            grow(&box, (const size_t[3]){ first, y, z }, n);
            grow(&box, (const size_t[3]){ last - 1, y, z }, n);
        }
    }
    return box;
}

static int line_new(struct line *w, size_t n, struct hep_error *err)
{
    w->f = hep_calloc(n, sizeof *w->f, err);
    w->from = hep_calloc(n, sizeof *w->from, err);
    w->at = hep_calloc(n, sizeof *w->at, err);
    w->per = hep_calloc(n, sizeof *w->per, err);
    return w->f != NULL && w->from != NULL && w->at != NULL && w->per != NULL;
}

static void lines_free(struct line *work, int count)
{
    for (int i = 0; work != NULL && i < count; i++) {
        free(work[i].f);
        free(work[i].from);
        free(work[i].at);
        free(work[i].per);
    }
    free(work);
}

static struct line *lines_new(const struct hep_grid *g, int count, struct hep_error *err)
{
    struct line *work = hep_calloc((size_t)count, sizeof *work, err);
    size_t longest = 0;

    for (int k = 0; k < 3; k++)
        longest = g->n[k] > longest ? g->n[k] : longest;
    for (int i = 0; work != NULL && i < count; i++) {
        if (!line_new(&work[i], longest, err)) {
            lines_free(work, count);
            return NULL;
        }
    }
    return work;
}

int hep_mask_distance(struct hep_volume **out, const struct hep_labels *m, bool inside,
                      int nthreads, struct hep_error *err)
{
    const int threads = hep_threads(nthreads);
    const size_t n = hep_grid_voxels(&m->grid);
    const struct box box = box_of(m, inside);
    struct hep_volume *v = NULL;
    struct line *work = NULL;
    double mm[3];
    int rc = hep_volume_new_unset(&v, &m->grid, 1, err);

    if (rc != HEP_OK)
        goto out;
    work = lines_new(&m->grid, threads, err);
    if (work == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++)
        v->data[i] = (m->data[i] != 0) == inside ? INFINITY : 0.0F;
    hep_grid_spacing(mm, &m->grid);
    for (int axis = 0; axis < 3; axis++)
        transform_axis(v, &box, axis, mm[axis], work, threads);
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++)
        v->data[i] = sqrtf(v->data[i]);
    *out = v;
    v = NULL;
out:
    lines_free(work, threads);
    hep_volume_free(v);
    return rc;
}
