#include "contrast/motion.h"

#include <math.h>

/* With fewer voxels of air, as in a tightly cropped series, the mean is that of a few ghosts. */
#define AIR_MIN_VOXELS 500
#define AIR_MIN_FRACTION 0.02

struct means {
    double air, body;
    size_t n_air, n_body;
};

static struct means means_of(const struct hep_volume *v, const struct hep_labels *body)
{
    size_t n = hep_grid_voxels(&v->grid);
    struct means m = { 0 };

    for (size_t i = 0; i < n; i++) {
        double s = fabs((double)v->data[i]);

        if (!isfinite(s))
            continue;
        if (body->data[i] != 0) {
            m.body += s;
            m.n_body++;
        } else {
            m.air += s;
            m.n_air++;
        }
    }
    m.air = m.n_air > 0 ? m.air / (double)m.n_air : (double)NAN;
    m.body = m.n_body > 0 ? m.body / (double)m.n_body : (double)NAN;
    return m;
}

/* Normalised cross-correlation over the body. */
static double correlation(const struct hep_volume *a, const struct hep_volume *b,
                          const struct hep_labels *body)
{
    double sa = 0.0, sb = 0.0, saa = 0.0, sbb = 0.0, sab = 0.0, n = 0.0;
    size_t count = hep_grid_voxels(&a->grid);

    for (size_t i = 0; i < count; i++) {
        double x = (double)a->data[i], y = (double)b->data[i];

        if (body->data[i] == 0 || !isfinite(x) || !isfinite(y))
            continue;
        n += 1.0;
        sa += x;
        sb += y;
        saa += x * x;
        sbb += y * y;
        sab += x * y;
    }
    return n > 1.0 ? (sab - sa * sb / n) / sqrt((saa - sa * sa / n) * (sbb - sb * sb / n))
                   : (double)NAN;
}

int hep_motion_measure(struct hep_motion_input *out, const struct hep_volume *pre,
                       const struct hep_volume *arterial, const struct hep_volume *portal_venous,
                       const struct hep_labels *body, struct hep_error *err)
{
    struct means before, after;

    if (!hep_grid_same(&pre->grid, &arterial->grid, HEP_GRID_TOL_MM) ||
        !hep_grid_same(&pre->grid, &body->grid, HEP_GRID_TOL_MM) ||
        (portal_venous != NULL &&
         !hep_grid_same(&pre->grid, &portal_venous->grid, HEP_GRID_TOL_MM)))
        return HEP_FAIL(err, HEP_EGEOM, "motion is measured on volumes of one grid");
    before = means_of(pre, body);
    after = means_of(arterial, body);
    out->ghost_ratio = (double)NAN;
    out->ncc_drop = (double)NAN;
    if (before.n_air >= AIR_MIN_VOXELS &&
        (double)before.n_air >= AIR_MIN_FRACTION * (double)before.n_body && before.air > 0.0)
        out->ghost_ratio = (after.air / after.body) / (before.air / before.body);
    if (portal_venous != NULL)
        out->ncc_drop = correlation(pre, portal_venous, body) - correlation(pre, arterial, body);
    return HEP_OK;
}
