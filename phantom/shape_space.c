/* Space of a person, and the surfaces that organs are made of. */
#include "phantom/shape.h"

#include <math.h>

double hep_smooth_max(double a, double b, double radius_mm)
{
    const double h = fmax(radius_mm - fabs(a - b), 0.0) / radius_mm;

    return fmax(a, b) + h * h * radius_mm * 0.25;
}

double hep_ellipsoid(const double q[3], const double centre[3], const double semi_mm[3])
{
    double k0 = 0.0, k1 = 0.0;

    for (int k = 0; k < 3; k++) {
        const double u = (q[k] - centre[k]) / semi_mm[k];

        k0 += u * u;
        k1 += u * u / (semi_mm[k] * semi_mm[k]);
    }
    k0 = sqrt(k0);
    if (k1 <= 0.0)
        return -fmin(semi_mm[0], fmin(semi_mm[1], semi_mm[2]));
    return k0 * (k0 - 1.0) / sqrt(k1);
}

double hep_capsule(const double q[3], const double a[3], const double b[3], double ra, double rb)
{
    double along = 0.0, length = 0.0, d2 = 0.0, t;

    for (int k = 0; k < 3; k++) {
        along += (q[k] - a[k]) * (b[k] - a[k]);
        length += (b[k] - a[k]) * (b[k] - a[k]);
    }
    t = length > 0.0 ? fmin(fmax(along / length, 0.0), 1.0) : 0.0;
    for (int k = 0; k < 3; k++) {
        const double d = q[k] - a[k] - t * (b[k] - a[k]);

        d2 += d * d;
    }
    return sqrt(d2) - (ra + t * (rb - ra));
}

struct hep_box hep_shape_box(void)
{
    return (struct hep_box){ { -186.0, -132.0, -136.0 }, { 186.0, 124.0, 136.0 } };
}

void hep_shape_standard(double q[3], const struct hep_shape *s, const double p[3])
{
    double bend[3];

    hep_field_at(bend, s->bend, p);
    for (int k = 0; k < 3; k++)
        q[k] = (p[k] + s->bend_mm * bend[k]) / s->scale[k];
}

void hep_shape_world(double p[3], const struct hep_shape *s, const double q[3])
{
    double bend[3];

    for (int k = 0; k < 3; k++)
        p[k] = q[k] * s->scale[k];
    /* contraction: the bend changes by less than a fifth over its own size */
    for (int i = 0; i < 12; i++) {
        hep_field_at(bend, s->bend, p);
        for (int k = 0; k < 3; k++)
            p[k] = q[k] * s->scale[k] - s->bend_mm * bend[k];
    }
}
