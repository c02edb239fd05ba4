#include "sequences/gradients.h"

#include "base/alloc.h"

#include <math.h>

struct volume_b {
    double b;
    size_t volume;
};

static int by_b_then_volume(const void *pa, const void *pb)
{
    const struct volume_b *a = pa, *b = pb;

    if (a->b != b->b)
        return a->b < b->b ? -1 : 1;
    return (a->volume > b->volume) - (a->volume < b->volume);
}

static int by_volume(const void *pa, const void *pb)
{
    const struct volume_b *a = pa, *b = pb;

    return (a->volume > b->volume) - (a->volume < b->volume);
}

static bool joins(double b, double lowest)
{
    return b - lowest <= fmax(HEP_SHELL_TOL_S_PER_MM2, HEP_SHELL_TOL_RELATIVE * lowest);
}

static int shells_alloc(struct hep_b_shells *s, size_t n, struct hep_error *err)
{
    if (HEP_NEW(s->b_s_per_mm2, n, err) != HEP_OK || HEP_NEW(s->first, n, err) != HEP_OK ||
        HEP_NEW(s->count, n, err) != HEP_OK || HEP_NEW(s->order, n, err) != HEP_OK ||
        HEP_NEW(s->shell_of, n, err) != HEP_OK)
        return HEP_ENOMEM;
    return HEP_OK;
}

/** `sorted` has b ascending; each run of near values becomes a shell in file order. */
static void fill(struct hep_b_shells *s, struct volume_b *sorted, size_t n)
{
    for (size_t i = 0; i < n; s->n++) {
        double lowest = sorted[i].b, sum = 0.0;
        size_t first = i;

        for (; i < n && joins(sorted[i].b, lowest); i++)
            sum += sorted[i].b;
        qsort(sorted + first, i - first, sizeof *sorted, by_volume);
        for (size_t k = first; k < i; k++) {
            s->order[k] = sorted[k].volume;
            s->shell_of[sorted[k].volume] = s->n;
        }
        s->first[s->n] = first;
        s->count[s->n] = i - first;
        s->b_s_per_mm2[s->n] = sum / (double)(i - first);
    }
}

int hep_b_shells_group(struct hep_b_shells *out, const double *b_s_per_mm2, size_t n,
                       struct hep_error *err)
{
    struct hep_b_shells s = { 0 };
    struct volume_b *sorted = NULL;
    int rc;

    if (n == 0)
        return HEP_FAIL(err, HEP_EINVAL, "no b-values");
    for (size_t i = 0; i < n; i++)
        if (!(b_s_per_mm2[i] >= 0.0) || isinf(b_s_per_mm2[i]))
            return HEP_FAIL(err, HEP_EINVAL, "b-value %zu is %g, must be finite and >= 0", i + 1,
                            b_s_per_mm2[i]);
    sorted = hep_calloc(n, sizeof *sorted, err);
    rc = sorted ? shells_alloc(&s, n, err) : HEP_ENOMEM;
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < n; i++)
        sorted[i] = (struct volume_b){ b_s_per_mm2[i], i };
    qsort(sorted, n, sizeof *sorted, by_b_then_volume);
    fill(&s, sorted, n);
    *out = s;
    s = (struct hep_b_shells){ 0 };
out:
    hep_b_shells_release(&s);
    free(sorted);
    return rc;
}

void hep_b_shells_release(struct hep_b_shells *s)
{
    if (s == NULL)
        return;
    free(s->b_s_per_mm2);
    free(s->first);
    free(s->count);
    free(s->order);
    free(s->shell_of);
    *s = (struct hep_b_shells){ 0 };
}
