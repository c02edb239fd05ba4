#include "phantom/shape.h"

#include <math.h>

static double sq(double x)
{
    return x * x;
}

double hep_body_surface(const double q[3])
{
    const double half_depth = q[1] > 0.0 ? 104.0 : 116.0;
    const double half_width = 164.0 - 0.0006 * sq(q[2] - 10.0);
    const double x = fabs(q[0]) / half_width, y = fabs(q[1]) / half_depth;
    /* superellipse of exponent 2.5 */
    const double r = pow(x * x * sqrt(x) + y * y * sqrt(y), 0.4);
    const double groove = q[1] < 0.0 ? 6.0 * exp(-sq(q[0] / 13.0)) : 0.0;
    const double reach = sqrt(q[0] * q[0] + q[1] * q[1]);

    return (r > 1e-6 ? (r - 1.0) * reach / r : -half_depth) + groove;
}

/* Thickness of the subcutaneous fat [mm], more at the flanks and the back than in front. */
static double fat_mm(const struct hep_shape *s, const double q[3])
{
    const double angle = atan2(q[1], fabs(q[0]) + 1e-9); /* pi/2 in front */
    const double below = q[2] < 0.0 ? -0.004 * q[2] : 0.0;

    return s->fat_mm * (0.95 - 0.35 * sin(angle) + below);
}

static double wall_mm(const struct hep_shape *s, const double q[3])
{
    const double side = fabs(q[0]) / (fabs(q[0]) + fabs(q[1]) + 1.0);

    return s->wall_mm * (0.85 + 0.4 * side);
}

double hep_body_cavity(const struct hep_shape *s, const double q[3])
{
    return hep_body_surface(q) + fat_mm(s, q) + wall_mm(s, q);
}

double hep_body_diaphragm_mm(const struct hep_shape *s, double x, double y)
{
    const double right = s->dome_mm - 34.0 * (sq((x - 72.0) / 70.0) + sq((y - 4.0) / 72.0));
    const double left = s->dome_mm - 14.0 - 34.0 * (sq((x + 74.0) / 62.0) + sq((y - 2.0) / 70.0));

    const double tendon = s->dome_mm - 24.0 - 26.0 * (sq(x / 70.0) + sq((y - 14.0) / 80.0));

    return hep_smooth_max(hep_smooth_max(right, left, 30.0), tendon, 16.0);
}

/* Ribs: oblique bars in the side wall. */
static bool in_rib(const struct hep_shape *s, const double q[3], double depth_in_wall, double wall)
{
    const double run = 60.0 * atan2(q[1] + 20.0, fabs(q[0]) + 1.0); /* mm along the wall */
    const double phase = (q[2] + 0.55 * run + s->rib_phase_mm) / 28.0;
    const double across = (phase - floor(phase) - 0.5) * 28.0;

    if (q[2] < -75.0 || (q[1] > 60.0 && fabs(q[0]) < 55.0) || fabs(q[0]) < 40.0)
        return false;
    return sq(across / 6.0) + sq((depth_in_wall - 0.5 * wall) / (0.42 * wall)) < 1.0;
}

static bool in_rib_cortex(const struct hep_shape *s, const double q[3], double depth_in_wall,
                          double wall)
{
    const double run = 60.0 * atan2(q[1] + 20.0, fabs(q[0]) + 1.0);
    const double phase = (q[2] + 0.55 * run + s->rib_phase_mm) / 28.0;
    const double across = (phase - floor(phase) - 0.5) * 28.0;

    return sq(across / 4.8) + sq((depth_in_wall - 0.5 * wall) / (0.28 * wall)) >= 1.0;
}

/* Vertebrae with discs, canal, arch and spinous process. */
static enum hep_label spine_label(const double q[3])
{
    const double period = 33.0;
    const double along = q[2] / period - floor(q[2] / period); /* 0..1 within a level */
    const bool disc = along < 0.26;
    const double body =
        (sqrt(sq(q[0] / 22.0) + sq((q[1] + 66.0) / 16.5)) - 1.0) * 18.0 + (disc ? -0.5 : 0.8);
    const double canal = (sqrt(sq(q[0] / 10.0) + sq((q[1] + 90.0) / 8.0)) - 1.0) * 8.5;
    const double arch = (sqrt(sq(q[0] / 16.0) + sq((q[1] + 92.0) / 14.0)) - 1.0) * 15.0;
    const double process = (sqrt(sq(q[0] / 4.5) + sq((q[1] + 104.0) / 9.0)) - 1.0) * 5.0;
    const double transverse =
        (sqrt(sq((fabs(q[0]) - 22.0) / 17.0) + sq((q[1] + 84.0) / 5.0)) - 1.0) * 6.0;

    if (canal < 0.0) {
        const double cord = hypot(q[0] / 1.25, q[1] + 90.0) - 4.3;

        return cord < 0.0 && q[2] > -70.0 ? HEP_LABEL_CORD : HEP_LABEL_CSF;
    }
    if (body < 0.0) {
        if (disc)
            return HEP_LABEL_DISC;
        return body > -1.3 ? HEP_LABEL_BONE : HEP_LABEL_MARROW;
    }
    if (!disc && arch < 0.0 && q[1] < -80.0)
        return arch > -1.5 || canal < 1.5 ? HEP_LABEL_BONE : HEP_LABEL_MARROW;
    if (along > 0.35 && along < 0.75 && process < 0.0)
        return process > -1.5 ? HEP_LABEL_BONE : HEP_LABEL_MARROW;
    if (along > 0.45 && along < 0.75 && transverse < 0.0)
        return transverse > -1.5 ? HEP_LABEL_BONE : HEP_LABEL_MARROW;
    return HEP_LABEL_AIR;
}

/* Erector spinae, psoas, crura. */
static bool in_deep_muscle(const double q[3])
{
    const double back =
        (sqrt(sq((fabs(q[0]) - 31.0) / 25.0) + sq((q[1] + 92.0) / 15.0)) - 1.0) * 17.0;
    const double psoas_r = q[2] < 0.0 ? fmin(17.0, 4.0 - 0.16 * q[2]) : 0.0;
    const double psoas = hypot(fabs(q[0]) - 34.0, q[1] + 64.0) - psoas_r;
    const double crus_r = q[2] > -60.0 && q[2] < 45.0 ? 4.0 : 0.0;
    const double crus = hypot((fabs(q[0]) - 19.0) * 1.0, (q[1] + 47.0) * 0.45) - crus_r;

    return back < 0.0 || (psoas_r > 0.0 && psoas < 0.0) || (crus_r > 0.0 && crus < 0.0);
}

enum hep_label hep_body_label(const struct hep_shape *s, const double q[3])
{
    const double depth = -hep_body_surface(q);
    const double fat = fat_mm(s, q), wall = wall_mm(s, q);
    enum hep_label bone;

    if (depth < 2.0)
        return HEP_LABEL_SKIN;
    if (fabs(q[0]) < 62.0 && q[1] < -46.0) {
        bone = spine_label(q);
        if (bone != HEP_LABEL_AIR)
            return bone;
        if (depth > 0.6 * fat && in_deep_muscle(q))
            return HEP_LABEL_MUSCLE;
    }
    if (depth < fat)
        return HEP_LABEL_FAT_SUBCUTANEOUS;
    if (depth < fat + wall) {
        if (in_rib(s, q, depth - fat, wall))
            return in_rib_cortex(s, q, depth - fat, wall) ? HEP_LABEL_BONE : HEP_LABEL_MARROW;
        /* a film of fat between the muscle layers */
        if (fabs(depth - fat - 0.55 * wall) < 0.7 && q[2] < -20.0)
            return HEP_LABEL_FAT_VISCERAL;
        return HEP_LABEL_MUSCLE;
    }
    return HEP_LABEL_AIR;
}
