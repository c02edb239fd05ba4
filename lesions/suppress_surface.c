#include "lesions/suppress.h"

#include "image/stats.h"

#include <math.h>

/* Liver of the same depth is looked for at two and three radii beyond a voxel, since the blob itself
 * ends at one, and not more than 37 degrees out of the surface, so that it is met within a radius. */
#define NEAR_RADII 2.0
#define FAR_RADII 3.0
#define RINGS 2
#define ALONG_MAX 0.6 /* cosine with the normal */
#define APART_MIN 0.7 /* of its distance: a place that slid back towards the spot is left out */
#define DEPTH_TOLERANCE_MM 0.5 /* a third of a voxel of the frame */
#define FAR_VOXELS 4.0         /* a slope is followed no further than it is straight */
/* A fifth of the neighbours may be lesions or vessels themselves; of a dozen that is two. */
#define NEIGHBOURS_MIN 12
#define NEIGHBOUR_QUANTILE 0.8

/* Unit vector towards less depth; false where the depth has no slope. */
static bool outwards(double out[3], const struct hep_volume *depth, const double at[3])
{
    double length = 0.0;

    for (int k = 0; k < 3; k++) {
        double a[3] = { at[0], at[1], at[2] };
        double b[3] = { at[0], at[1], at[2] };

        a[k] -= 2.0;
        b[k] += 2.0;
        out[k] = hep_frame_value(depth, a) - hep_frame_value(depth, b);
        length += out[k] * out[k];
    }
    if (!(length > 0.0))
        return false;
    for (int k = 0; k < 3; k++)
        out[k] /= sqrt(length);
    return true;
}

static double largest_outside(const struct hep_spot *s, const struct hep_candidate_frame *f,
                              const struct hep_volume *z, int sign, const double out[3],
                              double reach)
{
    double largest = -HUGE_VAL;

    for (int step = 1; 0.5 * f->mm * step <= reach + f->mm; step++) {
        const double t = fmax(s->depth_mm, 0.0) + 0.5 * f->mm * step;
        double at[3];

        for (int k = 0; k < 3; k++)
            at[k] = s->voxel[k] + out[k] * t / f->mm;
        largest = fmax(largest, (double)sign * hep_frame_value(z, at));
    }
    return largest;
}

/* Moves a point along the slope of the depth to the depth wanted; false when it does not get there.
 */
static bool to_depth(double at[3], const struct hep_candidate_frame *f, double depth_mm)
{
    for (int i = 0; i < 2; i++) {
        const double gap = hep_frame_value(f->depth, at) - depth_mm;
        double out[3];

        if (!(fabs(gap) < FAR_VOXELS * f->mm) || !outwards(out, f->depth, at))
            return false;
        for (int k = 0; k < 3; k++)
            at[k] += out[k] * gap / f->mm;
    }
    return fabs(hep_frame_value(f->depth, at) - depth_mm) <= DEPTH_TOLERANCE_MM;
}

/* Signed z that only a fifth of the liver around the spot and as deep as it exceeds: what partial
 * volume, or a mask that is too wide, does to all of the surface there. NaN with too few places. */
static double at_same_depth(const struct hep_spot *s, const struct hep_candidate_frame *f,
                            const struct hep_volume *z, int sign, const double out[3])
{
    float value[RINGS * HEP_DIRECTIONS];
    size_t n = 0;

    for (int i = 0; i < RINGS * HEP_DIRECTIONS; i++) {
        const double radii = i < HEP_DIRECTIONS ? NEAR_RADII : FAR_RADII;
        const double distance = (radii * s->radius_mm + f->mm) / f->mm;
        double direction[3], at[3];
        double x;

        hep_frame_direction(direction, i % HEP_DIRECTIONS);
        x = direction[0] * out[0] + direction[1] * out[1] + direction[2] * out[2];
        if (fabs(x) > ALONG_MAX)
            continue;
        for (int k = 0; k < 3; k++)
            at[k] = s->voxel[k] + distance * direction[k];
        if (!to_depth(at, f, s->depth_mm))
            continue;
        x = (double)sign * hep_frame_value(z, at);
        if (sqrt(hep_distance2(at, s->voxel)) >= APART_MIN * distance && isfinite(x))
            value[n++] = (float)x;
    }
    return n < NEIGHBOURS_MIN ? (double)NAN : hep_quantile(value, n, NEIGHBOUR_QUANTILE);
}

/* Share of what lies beyond a plane that a voxel at this depth holds, when the border may lie
 * `slack_mm` further in: the integral of a Gaussian of the voxel's half width. */
static double leak(double depth_mm, double slack_mm, double half_voxel_mm)
{
    return 0.5 * erfc((depth_mm - slack_mm) / (sqrt(2.0) * half_voxel_mm));
}

double hep_suppress_surface(const struct hep_spot *s, const struct hep_candidate_frame *f,
                            const struct hep_lesion_image *image, const struct hep_volume *z,
                            int sign, bool alone)
{
    const struct hep_lesion_limits *l = f->limits;
    const double half = 0.5 * hep_candidate_native_mm(image, f->mm);
    const double slack = hep_candidate_slack_mm(f, image);
    const double reach = half + slack + f->mm;
    const double here = (double)sign * hep_frame_value(z, s->voxel);
    double out[3];
    double outside, level, more;

    /* The centre of a large region tells nothing of its surface. */
    if (s->large || !(s->depth_mm < s->radius_mm + reach) || !outwards(out, f->depth, s->voxel))
        return 1.0;
    outside = largest_outside(s, f, z, sign, out, reach);
    if (outside < l->outside_share * here)
        return 1.0;
    level = alone ? (double)NAN : at_same_depth(s, f, z, sign, out);
    if (isnan(level) || !(here > 0.0))
        return l->explained_factor;
    level = fmax(level, outside * leak(s->depth_mm, hypot(slack, l->border_error_mm), half));
    more = hep_suppress_ramp(1.0 - level / here, l->surface_more) *
           (1.0 - hep_suppress_ramp(s->ties, l->ties_entering));
    return l->explained_factor + (1.0 - l->explained_factor) * more;
}
