#include "evaluation/kappa.h"

#include <math.h>

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
