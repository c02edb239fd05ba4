#include "image/eigen3.h"

#include "base/banned.h"

#include <math.h>

static double clamp1(double x)
{
    return x < -1.0 ? -1.0 : x > 1.0 ? 1.0 : x;
}

void hep_eigen3(double out[3], const double m[6])
{
    const double third_turn = 2.0943951023931953; /* 2 pi / 3 */
    const double mean = (m[0] + m[1] + m[2]) / 3.0;
    const double a = m[0] - mean;
    const double b = m[1] - mean;
    const double c = m[2] - mean;
    const double off = m[3] * m[3] + m[4] * m[4] + m[5] * m[5];
    const double p = sqrt((a * a + b * b + c * c + 2.0 * off) / 6.0);
    double half_det;
    double phi;

    if (!(p > 0.0)) {
        out[0] = out[1] = out[2] = mean;
        return;
    }
    half_det = (a * (b * c - m[5] * m[5]) - m[3] * (m[3] * c - m[5] * m[4]) +
                m[4] * (m[3] * m[5] - b * m[4])) /
               (2.0 * p * p * p);
    phi = acos(clamp1(half_det)) / 3.0;
    out[2] = mean + 2.0 * p * cos(phi);
    out[0] = mean + 2.0 * p * cos(phi + third_turn);
    out[1] = fmin(fmax(3.0 * mean - out[0] - out[2], out[0]), out[2]);
}
