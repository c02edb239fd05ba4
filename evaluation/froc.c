#include "evaluation/froc.h"

#include <math.h>
#include <stdlib.h>

const double hep_froc_rates[HEP_FROC_N] = { 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0 };

static int by_score(const void *a, const void *b)
{
    const struct hep_froc_mark *x = a, *y = b;

    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    if (x->patient != y->patient)
        return x->patient < y->patient ? -1 : 1;
    return (int)y->is_true - (int)x->is_true;
}

void hep_froc_sort(struct hep_froc_mark *marks, size_t n)
{
    if (n > 0)
        qsort(marks, n, sizeof marks[0], by_score);
}

void hep_froc_at(double sensitivity[HEP_FROC_N], double *mean, const struct hep_froc_mark *marks,
                 size_t n, const double *weight, double lesions, double studies)
{
    const bool defined = lesions > 0.0 && studies > 0.0;
    double hits = 0.0, wrong = 0.0, total = 0.0;

    for (size_t r = 0; r < HEP_FROC_N; r++)
        sensitivity[r] = defined ? 0.0 : (double)NAN;
    for (size_t i = 0; defined && i < n; i++) {
        const double w = weight != NULL ? weight[marks[i].patient] : 1.0;

        *(marks[i].is_true ? &hits : &wrong) += w;
        if (i + 1 < n && marks[i + 1].score == marks[i].score)
            continue;
        for (size_t r = 0; r < HEP_FROC_N; r++)
            if (wrong / studies <= hep_froc_rates[r])
                sensitivity[r] = hits / lesions;
    }
    for (size_t r = 0; r < HEP_FROC_N; r++)
        total += sensitivity[r];
    *mean = total / HEP_FROC_N;
}

size_t hep_froc_curve(struct hep_froc_point *out, const struct hep_froc_mark *marks, size_t n,
                      double lesions, double studies)
{
    double hits = 0.0, wrong = 0.0;
    size_t m = 0;

    if (!(lesions > 0.0) || !(studies > 0.0))
        return 0;
    for (size_t i = 0; i < n; i++) {
        *(marks[i].is_true ? &hits : &wrong) += 1.0;
        if (i + 1 < n && marks[i + 1].score == marks[i].score)
            continue;
        out[m++] = (struct hep_froc_point){ marks[i].score, wrong / studies, hits / lesions };
    }
    return m;
}
