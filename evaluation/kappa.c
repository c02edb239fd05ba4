#include "evaluation/kappa.h"

#include <math.h>

#define NORMAL_975 1.959963984540054 /* 97.5th percentile of the normal distribution */

double hep_kappa(const double *table, size_t n)
{
    double total = 0.0, observed = 0.0, expected = 0.0;

    for (size_t i = 0; i < n * n; i++)
        total += table[i];
    for (size_t i = 0; i < n; i++) {
        double row = 0.0, column = 0.0;

        for (size_t k = 0; k < n; k++) {
            row += table[i * n + k];
            column += table[k * n + i];
        }
        observed += table[i * n + i];
        expected += row * column;
    }
    if (!(total > 0.0) || !(expected < total * total))
        return (double)NAN;
    observed /= total;
    expected /= total * total;
    return (observed - expected) / (1.0 - expected);
}

/* Share of one category by the first (by_row) or the second reader. */
static double margin(const double *count, size_t k, size_t i, int by_row, double n)
{
    double sum = 0.0;

    for (size_t j = 0; j < k; j++)
        sum += count[by_row ? i * k + j : j * k + i];
    return sum / n;
}

/* The variance of kappa times n (1 - pe)^2: A + B - C of eq. 13. */
static double spread(const double *count, size_t k, double n, double kappa, double pe)
{
    const double left = kappa - pe * (1.0 - kappa);
    double a = 0.0, b = 0.0;

    for (size_t i = 0; i < k; i++) {
        for (size_t j = 0; j < k; j++) {
            const double p = count[i * k + j] / n;

            if (i == j) {
                const double m = margin(count, k, i, 1, n) + margin(count, k, i, 0, n);

                a += p * (1.0 - m * (1.0 - kappa)) * (1.0 - m * (1.0 - kappa));
            } else {
                const double m = margin(count, k, i, 0, n) + margin(count, k, j, 1, n);

                b += p * m * m;
            }
        }
    }
    return a + (1.0 - kappa) * (1.0 - kappa) * b - left * left;
}

void hep_rated_of(struct hep_rated *out, const double *table, size_t n)
{
    const double nan = (double)NAN, kappa = hep_kappa(table, n);
    double pe = 0.0, total = 0.0, same = 0.0;

    *out = (struct hep_rated){ .share = nan, .se = nan, .kappa = { nan, nan, nan } };
    for (size_t i = 0; i < n * n; i++) {
        total += table[i];
        same += i % (n + 1) == 0 ? table[i] : 0.0;
    }
    if (!(total > 0.0))
        return;
    out->n = (size_t)(total + 0.5);
    out->same = (size_t)(same + 0.5);
    out->share = same / total;
    for (size_t i = 0; i < n; i++)
        pe += margin(table, n, i, 1, total) * margin(table, n, i, 0, total);
    if (!isfinite(kappa))
        return;
    out->se = sqrt(fmax(spread(table, n, total, kappa, pe), 0.0) / total) / (1.0 - pe);
    out->kappa.value = kappa;
    if (out->se > 0.0) {
        out->kappa.lo = fmax(kappa - NORMAL_975 * out->se, -1.0);
        out->kappa.hi = fmin(kappa + NORMAL_975 * out->se, 1.0);
    }
}
