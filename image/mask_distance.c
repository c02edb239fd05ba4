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

            cut = (w->f[q] + x * x - w->f[p] - y * y) / (2.0 * (x - y));
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

static void transform_line(float *data, size_t n, size_t stride, double mm, struct line *w)
{
    size_t k;
    size_t j = 0;

    for (size_t i = 0; i < n; i++)
        w->f[i] = (double)data[i * stride];
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

static void transform_axis(struct hep_volume *v, int axis, double mm, struct line *work,
                           int nthreads)
{
    const size_t *n = v->grid.n;
    const size_t stride = axis == 0 ? 1 : axis == 1 ? n[0] : n[0] * n[1];
    const size_t lines = hep_grid_voxels(&v->grid) / n[axis];

#pragma omp parallel for schedule(static) num_threads(nthreads)
    for (size_t i = 0; i < lines; i++) {
        float *first = v->data + i / stride * stride * n[axis] + i % stride;

        transform_line(first, n[axis], stride, mm, &work[omp_get_thread_num()]);
    }
}

static int line_new(struct line *w, size_t n)
{
    w->f = hep_calloc(n, sizeof *w->f);
    w->from = hep_calloc(n, sizeof *w->from);
    w->at = hep_calloc(n, sizeof *w->at);
    return w->f != NULL && w->from != NULL && w->at != NULL;
}

static void lines_free(struct line *work, int count)
{
    for (int i = 0; work != NULL && i < count; i++) {
        free(work[i].f);
        free(work[i].from);
        free(work[i].at);
    }
    free(work);
}

static struct line *lines_new(const struct hep_grid *g, int count)
{
    struct line *work = hep_calloc((size_t)count, sizeof *work);
    size_t longest = 0;

    for (int k = 0; k < 3; k++)
        longest = g->n[k] > longest ? g->n[k] : longest;
    for (int i = 0; work != NULL && i < count; i++) {
        if (!line_new(&work[i], longest)) {
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
    struct hep_volume *v = NULL;
    struct line *work = NULL;
    double mm[3];
    int rc = hep_volume_new_unset(&v, &m->grid, 1, err);

    if (rc != HEP_OK)
        goto out;
    work = lines_new(&m->grid, threads);
    if (work == NULL) {
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for a distance map");
        goto out;
    }
    for (size_t i = 0; i < n; i++)
        v->data[i] = (m->data[i] != 0) == inside ? INFINITY : 0.0F;
    hep_grid_spacing(mm, &m->grid);
    for (int axis = 0; axis < 3; axis++)
        transform_axis(v, axis, mm[axis], work, threads);
    for (size_t i = 0; i < n; i++)
        v->data[i] = sqrtf(v->data[i]);
    *out = v;
    v = NULL;
out:
    lines_free(work, threads);
    hep_volume_free(v);
    return rc;
}
