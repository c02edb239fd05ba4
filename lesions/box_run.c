#include "lesions/box_run.h"

#include <string.h>

static bool start(struct hep_box_run *r)
{
    const size_t left = r->n[0] - r->first;

    r->count = left < HEP_BOX_RUN_MAX ? left : HEP_BOX_RUN_MAX;
    memset(r->sum, 0, r->count * sizeof *r->sum);
    return true;
}

bool hep_box_run_begin(struct hep_box_run *r, const size_t n[3])
{
    r->n = n;
    r->row = r->first = r->count = 0;
    return n[0] * n[1] * n[2] > 0 && start(r);
}

bool hep_box_run_next(struct hep_box_run *r)
{
    r->first += r->count;
    if (r->first >= r->n[0]) {
        r->first = 0;
        r->row++;
    }
    return r->row < r->n[1] * r->n[2] && start(r);
}

void hep_box_run_add(struct hep_box_run *r, const float *from, int axis, long offset, double weight)
{
    const size_t *n = r->n;
    const long length = (long)n[axis];
    const long stride = axis == 0 ? 1 : (axis == 1 ? (long)n[0] : (long)(n[0] * n[1]));
    const long base = (long)(r->row * n[0]) + offset * stride, first = (long)r->first;
    const long at = (long)(axis == 1 ? r->row % n[1] : r->row / n[1]) + offset;
    long lo = first, hi = first + (long)r->count;

    if (axis != 0 && (at < 0 || at >= length))
        return;
    if (axis == 0) {
        lo = lo + offset < 0 ? -offset : lo;
        hi = hi + offset > length ? length - offset : hi;
    }
    for (long x = lo; x < hi; x++)
        r->sum[x - first] += weight * (double)from[base + x];
}

void hep_box_run_store(float *to, const struct hep_box_run *r)
{
    float *row = to + r->row * r->n[0] + r->first;

    for (size_t i = 0; i < r->count; i++)
        row[i] = (float)r->sum[i];
}
