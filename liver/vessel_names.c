#include "liver/vessel_names.h"

#include "base/alloc.h"
#include "image/mask.h"
#include "image/stats.h"

#include <math.h>
#include <stdlib.h>

/* Of the inside of a vessel thick enough to be named: 15 mm of a trunk of 7 mm. */
#define TRUNK_ML 0.6
#define ARRIVED_QUANTILE 0.9 /* portal blood is among the brightest of the thick vessels */

enum arrival { ANY_TIME, EARLY, LATE };

/* What names are given by. */
struct signs {
    const struct hep_liver_channel *arterial, *portal_venous; /* NULL: none */
    double arterial_liver, portal_liver;                      /* log signals of the liver */
    double early_above, late_below; /* arterial log signal above the liver's; NaN: not told apart */
    const struct hep_liver_settings *settings;
    double z_lo, z_hi; /* lowest and highest slice of the liver on the fine grid */
};

struct part {
    size_t count, known;
    double z;      /* sum of slices */
    double portal; /* sum of portal venous log signals above the liver's */
};

static void height_of(double *lo, double *hi, const struct hep_labels *coarse)
{
    const size_t slice = coarse->grid.n[0] * coarse->grid.n[1];

    *lo = (double)INFINITY;
    *hi = -(double)INFINITY;
    for (size_t i = 0; i < hep_grid_voxels(&coarse->grid); i++) {
        const size_t z = i / slice;

        if (coarse->data[i] != 0) {
            *lo = fmin(*lo, 2.0 * (double)z);
            *hi = fmax(*hi, 2.0 * (double)z + 1.0);
        }
    }
}

static int level_of(const struct hep_liver_channel **c, double *liver_level, enum hep_image image,
                    const struct hep_liver_images *im, const struct hep_labels *liver,
                    struct hep_error *err)
{
    struct hep_stats s = { 0 };
    int rc = HEP_OK;

    *c = hep_liver_channel_of(im, image);
    if (*c != NULL) {
        rc = hep_stats_masked(&s, (*c)->coarse, 0, liver, -1, err);
        *liver_level = s.median;
    }
    return rc;
}

/* Limits between early and late blood, where some has arrived. */
static int arrival_limits(struct signs *s, const struct hep_labels *core, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&core->grid);
    float *x;
    size_t m = 0;
    double top;

    s->early_above = s->late_below = (double)NAN;
    if (s->arterial == NULL)
        return HEP_OK;
    x = hep_alloc_aligned(n, sizeof *x, err);
    if (x == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        if (core->data[i] != 0 && !isnan(s->arterial->fine->data[i]))
            x[m++] = s->arterial->fine->data[i];
    }
    top = m > 0 ? hep_quantile(x, m, ARRIVED_QUANTILE) - s->arterial_liver : (double)NAN;
    free(x);
    /* Mixed voxels of portal blood and liver lie below half of it. */
    if (top > s->settings->arrived_log) {
        s->early_above = 0.5 * top;
        s->late_below = 0.5 * top - 2.0 * s->settings->arrived_log;
    }
    return HEP_OK;
}

static bool arrives(const struct signs *s, enum arrival when, size_t i)
{
    double d;

    if (when == ANY_TIME)
        return true;
    d = (double)s->arterial->fine->data[i] - s->arterial_liver;
    return when == EARLY ? d > s->early_above : d < s->late_below;
}

static enum hep_anatomy name_of(const struct part *p, const struct signs *s, enum arrival when)
{
    const double height = (p->z / (double)p->count - s->z_lo) / fmax(s->z_hi - s->z_lo, 1.0);
    const double portal = p->known > 0 ? p->portal / (double)p->known : (double)NAN;

    /* In the portal venous phase no vessel is darker than liver. */
    if (portal < s->settings->portal_log.lo)
        return HEP_ANATOMY_NONE;
    if (when == EARLY)
        return HEP_ANATOMY_PORTAL_VEIN;
    if (when == LATE)
        return portal > s->settings->portal_log.hi ? HEP_ANATOMY_HEPATIC_VEINS : HEP_ANATOMY_NONE;
    if (height < s->settings->trunk_height.lo)
        return HEP_ANATOMY_PORTAL_VEIN;
    return height > s->settings->trunk_height.hi ? HEP_ANATOMY_HEPATIC_VEINS : HEP_ANATOMY_NONE;
}

static void sum_parts(struct part *part, const struct hep_labels *parts, const struct signs *s)
{
    const size_t slice = parts->grid.n[0] * parts->grid.n[1];
    const struct hep_liver_channel *pv = s->portal_venous;

    for (size_t i = 0; i < hep_grid_voxels(&parts->grid); i++) {
        struct part *p = &part[parts->data[i]];
        const size_t z = i / slice;

        p->count++;
        p->z += (double)z;
        if (pv != NULL && !isnan(pv->fine->data[i])) {
            p->known++;
            p->portal += (double)pv->fine->data[i] - s->portal_liver;
        }
    }
}

/* Connected parts of what arrives at one time, where they are large enough. */
static int name_parts(struct hep_labels *map, const struct hep_labels *core, const struct signs *s,
                      enum arrival when, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&map->grid);
    const double least = TRUNK_ML * 1000.0 / hep_grid_voxel_mm3(&map->grid);
    struct hep_labels *some = NULL, *parts = NULL;
    struct part *part = NULL;
    size_t count = 0;
    int rc = hep_labels_copy(&some, core, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        some->data[i] = core->data[i] != 0 && arrives(s, when, i);
    if (rc == HEP_OK)
        rc = hep_mask_components(&parts, &count, some, 6, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(part, count + 1, err);
    if (rc == HEP_OK)
        sum_parts(part, parts, s);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const struct part *p = &part[parts->data[i]];
        enum hep_anatomy name;

        if (parts->data[i] == 0 || (double)p->count < least)
            continue;
        name = name_of(p, s, when);
        if (name != HEP_ANATOMY_NONE)
            map->data[i] = (int32_t)name;
    }
    free(part);
    hep_labels_free(some);
    hep_labels_free(parts);
    return rc;
}

int hep_vessels_name(struct hep_labels *map, const struct hep_labels *mask,
                     const struct hep_liver_images *im, const struct hep_labels *liver,
                     struct hep_error *err)
{
    struct hep_labels *core = NULL;
    struct signs s = { .settings = im->settings };
    int rc = hep_labels_copy(&core, mask, err);

    height_of(&s.z_lo, &s.z_hi, liver);
    if (rc == HEP_OK)
        rc = level_of(&s.arterial, &s.arterial_liver, HEP_IMAGE_ARTERIAL, im, liver, err);
    if (rc == HEP_OK)
        rc = level_of(&s.portal_venous, &s.portal_liver, HEP_IMAGE_PORTAL_VENOUS, im, liver, err);
    if (rc == HEP_OK)
        rc = hep_mask_erode(core, HEP_LIVER_FINE_MM, im->nthreads, err);
    if (rc == HEP_OK)
        rc = arrival_limits(&s, core, err);
    if (rc == HEP_OK && isnan(s.early_above)) {
        rc = name_parts(map, core, &s, ANY_TIME, err);
    } else if (rc == HEP_OK) {
        rc = name_parts(map, core, &s, EARLY, err);
        if (rc == HEP_OK)
            rc = name_parts(map, core, &s, LATE, err);
    }
    hep_labels_free(core);
    return rc;
}
