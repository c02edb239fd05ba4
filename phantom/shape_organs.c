#include "phantom/shape.h"

#include <math.h>

const double hep_shape_hilum[3] = { 30.0, -10.0, 0.0 };
const double hep_shape_confluence[3] = { 4.0, -24.0, -34.0 };
const double hep_shape_caval_outlet[3] = { 24.0, -34.0, 50.0 };
const double hep_shape_duct_end[3] = { 26.0, -26.0, -62.0 };
const double hep_shape_celiac[3] = { -6.0, -36.0, -4.0 };

static double sq(double x)
{
    return x * x;
}

void hep_shape_ivc_centre(double xy[2], double z)
{
    xy[0] = 20.0 + (z > 0.0 ? 0.06 * z : 0.0);
    xy[1] = -45.0 + (z > 0.0 ? 0.18 * z : 0.0);
}

static double ivc(const double q[3])
{
    double c[2];

    hep_shape_ivc_centre(c, q[2]);
    return (sqrt(sq((q[0] - c[0]) / 12.5) + sq((q[1] - c[1]) / 9.0)) - 1.0) * 10.0;
}

static double aorta(const double q[3])
{
    const double x = -9.0 - (q[2] > 0.0 ? 0.08 * q[2] : 0.0);

    return hypot(q[0] - x, q[1] + 41.0 + (q[2] > 0.0 ? 0.10 * q[2] : 0.0)) - 10.0;
}

double hep_organ_heart(const double q[3])
{
    static const double centre[3] = { -28.0, 30.0, 104.0 }, semi[3] = { 66.0, 48.0, 54.0 };

    return hep_ellipsoid(q, centre, semi);
}

double hep_organ_gallbladder(const struct hep_shape *s, const double q[3])
{
    static const double neck[3] = { 34.0, 8.0, -18.0 }, fundus[3] = { 46.0, 40.0, -48.0 };
    const double g = s->gallbladder_scale;

    return hep_capsule(q, neck, fundus, 5.0 * g, 15.0 * g);
}

double hep_organ_hilum(const double q[3])
{
    static const double in[3] = { 24.0, -14.0, -6.0 }, out[3] = { 2.0, -26.0, -40.0 };

    return hep_capsule(q, in, out, 10.0, 16.0);
}

/* Cleft of the round ligament and the fissure that leads from it to the caval groove. */
static double distance_to_fissures(const double q[3])
{
    const double ligament =
        hep_smooth_max(fabs(q[0] + 8.0 + 0.1 * (q[1] - 40.0)) - 1.4 - 0.06 * fmax(0.0, -q[2]),
                       fmax(q[2] - 14.0, 22.0 - q[1]), 4.0);
    const double venous = fmax(fabs(q[1] + 8.0 - 0.9 * (q[0] + 6.0) * 0.35) - 1.6,
                               fmax(fabs(q[0] - 0.0) - 16.0, q[2] - 22.0));

    return fmin(ligament, venous);
}

/* Signed distance to a kidney; side is +1 for the right and -1 for the left one. */
static double distance_to_kidney(const double q[3], double side)
{
    const double cz = side > 0.0 ? -66.0 : -46.0;
    const double tilt = 0.16 * (q[2] - cz);
    const double p[3] = { side * q[0] + tilt, q[1] + 0.10 * (q[2] - cz), q[2] };
    const double centre[3] = { 64.0, -66.0, cz };
    static const double semi[3] = { 27.0, 25.0, 54.0 };

    return hep_ellipsoid(p, centre, semi);
}

double hep_organ_liver(const struct hep_shape *s, const double q[3])
{
    const double x = q[0], y = q[1], z = q[2];
    const double grow = s->liver_grow_mm;
    /* visceral surface: rises to the left and to the back */
    const double under = -57.0 + (x < 112.0 ? 0.56 * (112.0 - x) : 0.0) -
                         (x < 24.0 ? 0.40 * (24.0 - x) : 0.0) - 0.20 * (y - 12.0) - 1.5 * grow;
    /* posterior and left border in the axial plane */
    const double back = -0.50 * (x - 18.0) - 0.866 * (y + 26.0) + 3.0 +
                        0.0012 * sq(fmin(x - 18.0, 0.0)) + 0.0040 * sq(fmax(x - 60.0, 0.0)) -
                        0.5 * grow;
    double f = hep_smooth_max(0.8 * (under - z), back, 15.0);

    f = hep_smooth_max(f, 0.8 * (-s->left_mm - x), 18.0);
    if (f > 20.0)
        return f;
    f = hep_smooth_max(
        f,
        hep_smooth_max(hep_body_cavity(s, q) + 2.5, z - hep_body_diaphragm_mm(s, x, y) + 4.0, 9.0),
        9.0);
    if (f > 12.0)
        return f;
    f = hep_smooth_max(f, 1.0 - distance_to_fissures(q), 4.0);
    f = hep_smooth_max(f, 1.5 - hep_organ_gallbladder(s, q), 4.0);
    f = hep_smooth_max(f, 0.5 - hep_organ_hilum(q), 5.0);
    f = hep_smooth_max(f, 2.5 - distance_to_kidney(q, 1.0), 4.0);
    return fmax(f, 0.5 - ivc(q));
}

double hep_organ_stomach(const struct hep_shape *s, const double q[3])
{
    static const double fundus[3] = { -66.0, -4.0, 30.0 }, antrum[3] = { -8.0, 38.0, -30.0 };
    static const double body[3] = { -52.0, 34.0, -16.0 };
    const double upper = hep_ellipsoid(q, fundus, s->stomach_mm);
    const double lower = hep_capsule(q, body, antrum, 24.0, 15.0);
    const double bridge = hep_capsule(q, fundus, body, 27.0, 24.0);

    return fmin(upper, fmin(lower, bridge));
}

static double spleen(const struct hep_shape *s, const double q[3])
{
    static const double centre[3] = { -106.0, -44.0, 14.0 };
    const double semi[3] = { 34.0 * s->spleen_scale, 50.0 * s->spleen_scale,
                             56.0 * s->spleen_scale };
    static const double hollow[3] = { -62.0, -14.0, 16.0 }, hollow_semi[3] = { 30.0, 36.0, 60.0 };
    double f = hep_ellipsoid(q, centre, semi);

    if (f > 4.0)
        return f;
    f = hep_smooth_max(f, -hep_ellipsoid(q, hollow, hollow_semi), 6.0);

    return hep_smooth_max(f, hep_body_cavity(s, q) + 3.0, 5.0);
}

static enum hep_label kidney_label(const struct hep_shape *s, const double q[3], double side,
                                   double depth)
{
    const double cz = side > 0.0 ? -66.0 : -46.0;
    const double centre[3] = { 52.0 - 0.16 * (q[2] - cz), -62.0, cz };
    static const double semi[3] = { 17.0, 9.0, 33.0 };
    const double p[3] = { side * q[0], q[1], q[2] };
    const double sinus = hep_ellipsoid(p, centre, semi);
    const double rays = sin(0.42 * q[2] + 2.0 * atan2(q[1] + 66.0, side * q[0] - 64.0));

    (void)s;
    if (sinus < 0.0)
        return sinus < -6.0 ? HEP_LABEL_GUT_CONTENT : HEP_LABEL_FAT_VISCERAL;
    if (depth < 7.0 || rays < -0.45)
        return HEP_LABEL_KIDNEY_CORTEX;
    return HEP_LABEL_KIDNEY_MEDULLA;
}

static double pancreas(const double q[3])
{
    static const double head[3] = { 26.0, -12.0, -46.0 }, neck[3] = { 2.0, -8.0, -28.0 };
    static const double body[3] = { -34.0, -12.0, -14.0 }, tail[3] = { -76.0, -34.0, 4.0 };
    const double lobes = 1.2 * sin(0.55 * q[0]) * sin(0.6 * q[1]) * sin(0.5 * q[2]);

    return fmin(hep_capsule(q, head, neck, 13.0, 8.0),
                fmin(hep_capsule(q, neck, body, 8.0, 9.0), hep_capsule(q, body, tail, 9.0, 8.0))) +
           lobes;
}

/* Large vessels outside the liver. */
static enum hep_label vessel_label(const struct hep_shape *s, const double q[3])
{
    static const double splenic_end[3] = { -80.0, -32.0, 8.0 },
                        mesenteric[3] = { 6.0, -18.0, -136.0 };
    static const double sma[3] = { -5.0, -20.0, -120.0 }, sma_root[3] = { -8.0, -36.0, -22.0 };
    static const double bend[3] = { 6.0, -22.0, -8.0 };
    static const double renal_r[3] = { 52.0, -58.0, -62.0 }, renal_l[3] = { -46.0, -58.0, -46.0 };
    static const double cava_r[3] = { 22.0, -44.0, -52.0 }, cava_l[3] = { 16.0, -38.0, -40.0 };

    (void)s;
    if (aorta(q) < 0.0)
        return HEP_LABEL_AORTA;
    if (ivc(q) < 0.0 && q[2] < 96.0)
        return HEP_LABEL_IVC;
    if (hep_capsule(q, hep_shape_celiac, bend, 3.2, 2.8) < 0.0 ||
        hep_capsule(q, bend, hep_shape_hilum, 2.8, 2.2) < 0.0 ||
        hep_capsule(q, sma_root, sma, 3.6, 3.0) < 0.0)
        return HEP_LABEL_ARTERY;
    if (hep_capsule(q, hep_shape_confluence, hep_shape_hilum, 6.8, 6.6) < 0.0 ||
        hep_capsule(q, splenic_end, hep_shape_confluence, 3.6, 4.8) < 0.0 ||
        hep_capsule(q, mesenteric, hep_shape_confluence, 5.0, 5.6) < 0.0)
        return HEP_LABEL_PORTAL_TRUNK;
    if (hep_capsule(q, renal_r, cava_r, 4.0, 4.5) < 0.0 ||
        hep_capsule(q, renal_l, cava_l, 4.0, 4.5) < 0.0)
        return HEP_LABEL_IVC;
    return HEP_LABEL_AIR;
}

static bool in_common_duct(const struct hep_shape *s, const double q[3])
{
    const double start[3] = { hep_shape_hilum[0] + 2.0, hep_shape_hilum[1] + 9.0,
                              hep_shape_hilum[2] - 2.0 };
    const double join[3] = { 22.0, -8.0, -26.0 };
    static const double neck[3] = { 34.0, 8.0, -18.0 };

    (void)s;
    return hep_capsule(q, start, join, 2.4, 2.8) < 0.0 ||
           hep_capsule(q, join, hep_shape_duct_end, 2.9, 2.4) < 0.0 ||
           hep_capsule(q, neck, join, 2.2, 1.6) < 0.0;
}

/* Colon and small bowel in the lower front of the cavity. */
static enum hep_label gut_label(const struct hep_shape *s, const double q[3], const double p[3])
{
    static const double flexure_r[3] = { 96.0, 30.0, -104.0 }, middle[3] = { 0.0, 58.0, -86.0 };
    static const double flexure_l[3] = { -104.0, 8.0, -30.0 }, low_l[3] = { -112.0, -18.0, -136.0 };
    static const double low_r[3] = { 104.0, -4.0, -140.0 };
    const double haustra = 2.0 * sin(0.24 * (q[0] + q[2]));
    const double colon = fmin(fmin(hep_capsule(q, flexure_r, middle, 19.0, 17.0),
                                   hep_capsule(q, middle, flexure_l, 17.0, 15.0)),
                              fmin(hep_capsule(q, flexure_l, low_l, 15.0, 14.0),
                                   hep_capsule(q, flexure_r, low_r, 19.0, 21.0))) +
                         haustra;
    double loops;

    if (colon < 0.0) {
        if (colon > -2.5)
            return HEP_LABEL_GUT_WALL;
        return hep_field_value(s->gut, p) > 0.25 ? HEP_LABEL_GAS : HEP_LABEL_GUT_CONTENT;
    }
    if (q[2] > -34.0 || q[1] < -20.0 || hep_body_cavity(s, q) > -6.0)
        return HEP_LABEL_AIR;
    loops = hep_field_value(s->gut, p) - 0.15 + 0.012 * fmax(0.0, q[2] + 60.0);
    if (loops < 0.0)
        return HEP_LABEL_AIR;
    return loops < 0.3 ? HEP_LABEL_GUT_WALL : HEP_LABEL_GUT_CONTENT;
}

static enum hep_label chest_label(const struct hep_shape *s, const double q[3])
{
    const double heart = hep_organ_heart(q);

    if (aorta(q) < 0.0)
        return HEP_LABEL_AORTA;
    if (ivc(q) < 0.0 && q[2] < 96.0)
        return HEP_LABEL_IVC;
    if (hypot(q[0] + 14.0, q[1] + 26.0) < 7.0)
        return HEP_LABEL_MUSCLE; /* oesophagus */
    if (heart < 0.0)
        return HEP_LABEL_HEART;
    if (heart < 4.0 || (fabs(q[0]) < 20.0 && q[1] < -18.0 && q[1] > -60.0))
        return HEP_LABEL_FAT_VISCERAL;
    (void)s;
    return HEP_LABEL_LUNG;
}

static enum hep_label stomach_label(const double q[3], double f)
{
    if (f > -3.5)
        return HEP_LABEL_GUT_WALL;
    return q[1] > 22.0 ? HEP_LABEL_GAS : HEP_LABEL_GUT_CONTENT;
}

/* Label of a point below the diaphragm: that of the first organ of this order that holds it. */
static enum hep_label abdomen_label(const struct hep_shape *s, const double q[3], const double p[3])
{
    enum hep_label label = vessel_label(s, q);
    double f;

    if (label != HEP_LABEL_AIR)
        return label;
    if (in_common_duct(s, q))
        return HEP_LABEL_COMMON_DUCT;
    for (int side = -1; side <= 1; side += 2) {
        f = distance_to_kidney(q, side);
        if (f < 0.0)
            return kidney_label(s, q, side, -f);
        if (f < 2.5)
            return HEP_LABEL_FAT_VISCERAL;
    }
    f = hep_organ_gallbladder(s, q);
    if (f < 0.0)
        return f > -1.2 ? HEP_LABEL_GUT_WALL : HEP_LABEL_GALLBLADDER;
    if (hep_organ_liver(s, q) < 0.0)
        return HEP_LABEL_LIVER;
    if (spleen(s, q) < 0.0)
        return HEP_LABEL_SPLEEN;
    if (hep_organ_hilum(q) < 0.0)
        return HEP_LABEL_FAT_VISCERAL;
    if (pancreas(q) < 0.0)
        return HEP_LABEL_PANCREAS;
    f = hep_organ_stomach(s, q);
    if (f < 0.0 && hep_body_cavity(s, q) < -2.0)
        return stomach_label(q, f);
    label = gut_label(s, q, p);
    return label != HEP_LABEL_AIR ? label : HEP_LABEL_FAT_VISCERAL;
}

enum hep_label hep_shape_label(const struct hep_shape *s, const double p[3])
{
    double q[3], height;
    enum hep_label label;

    hep_shape_standard(q, s, p);
    if (hep_body_surface(q) >= 0.0)
        return HEP_LABEL_AIR;
    label = hep_body_label(s, q);
    if (label != HEP_LABEL_AIR)
        return label;
    height = q[2] - hep_body_diaphragm_mm(s, q[0], q[1]);
    if (height > 0.0)
        return chest_label(s, q);
    if (height > -2.5 && vessel_label(s, q) == HEP_LABEL_AIR)
        return HEP_LABEL_MUSCLE;
    return abdomen_label(s, q, p);
}
