#include "image/register_bspline.h"

#include <math.h>
#include <stdlib.h>

void hep_bspline_release(struct hep_bspline *b)
{
    free(b->coefficient);
    *b = (struct hep_bspline){ 0 };
}

/* Weights of the control points first, first + 1, ... that reach x, which counts control points. */
static long weights_at(double w[4], int order, double x)
{
    const double nearest = floor(x + 0.5), t = x - nearest, f = x - floor(x), g = 1.0 - f;

    if (order == 2) {
        w[0] = 0.5 * (0.5 - t) * (0.5 - t);
        w[1] = 0.75 - t * t;
        w[2] = 0.5 * (0.5 + t) * (0.5 + t);
        w[3] = 0.0;
        return (long)nearest - 1;
    }
    w[0] = g * g * g / 6.0;
    w[1] = 2.0 / 3.0 - f * f * (1.0 - 0.5 * f);
    w[2] = 2.0 / 3.0 - g * g * (1.0 - 0.5 * g);
    w[3] = f * f * f / 6.0;
    return (long)floor(x) - 1;
}

void hep_bspline_at(double u[3], const struct hep_bspline *b, const double world[3])
{
    const size_t *n = b->n, points = n[0] * n[1] * n[2];
    double at[3], w[3][4];
    long first[3], from[3], to[3];

    u[0] = u[1] = u[2] = 0.0;
    hep_affine_apply(at, b->to_index, world);
    for (int k = 0; k < 3; k++) {
        if (!(at[k] > -2.0 && at[k] < (double)n[k] + 1.0))
            return;
        first[k] = weights_at(w[k], b->order, at[k]);
        from[k] = first[k] < 0 ? -first[k] : 0;
        to[k] = first[k] + b->order < (long)n[k] ? b->order : (long)n[k] - 1 - first[k];
    }
    for (long z = from[2]; z <= to[2]; z++) {
        for (long y = from[1]; y <= to[1]; y++) {
            const double wzy = w[2][z] * w[1][y];
            const double *row =
                b->coefficient + n[0] * ((size_t)(first[1] + y) + n[1] * (size_t)(first[2] + z));

            for (long x = from[0]; x <= to[0]; x++) {
                const double weight = wzy * w[0][x];
                const double *c = row + (first[0] + x);

                u[0] += weight * c[0];
                u[1] += weight * c[points];
                u[2] += weight * c[2 * points];
            }
        }
    }
}
