#include "followup/ablation.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/mask.h"

#include <math.h>
#include <stdlib.h>

static bool is_zone(const struct hep_ablation_images *m, size_t i)
{
    return m->zone->data[i] != 0;
}

static bool is_lesion(const struct hep_ablation_images *m, size_t i)
{
    return m->lesion != NULL && m->lesion->data[i] == m->lesion_label;
}

/* Has a voxel of the former lesion a face neighbour that is none? */
static bool is_surface(const struct hep_ablation_images *m, size_t i)
{
    const struct hep_grid *g = &m->zone->grid;
    const size_t stride[3] = { 1, g->n[0], g->n[0] * g->n[1] };
    size_t at[3];

    hep_grid_place(at, g, i);
    for (int k = 0; k < 3; k++) {
        if (at[k] == 0 || at[k] + 1 == g->n[k] || !is_lesion(m, i - stride[k]) ||
            !is_lesion(m, i + stride[k]))
            return true;
    }
    return false;
}

/* ---- margin ------------------------------------------------------------------------------------ */

/* The zone, and all that is no liver. */
static int covered_mask(struct hep_labels **out, const struct hep_ablation_images *m,
                        struct hep_error *err)
{
    int rc = hep_labels_new(out, &m->zone->grid, err);

    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&m->zone->grid); i++) {
        const bool liver = m->liver == NULL || m->liver->data[i] != 0 || is_lesion(m, i);

        (*out)->data[i] = is_zone(m, i) || !liver ? 1 : 0;
    }
    return rc;
}

static int measure_margin(struct hep_ablation *a, const struct hep_ablation_images *m,
                          const struct hep_followup_settings *s, struct hep_error *err)
{
    const struct hep_grid *g = &m->zone->grid;
    const double ml = hep_grid_voxel_mm3(g) / 1000.0, side = cbrt(hep_grid_voxel_mm3(g));
    struct hep_labels *covered = NULL;
    struct hep_volume *inside = NULL, *outside = NULL;
    size_t n = 0, below = 0;
    int rc = covered_mask(&covered, m, err);

    if (rc == HEP_OK)
        rc = hep_mask_distance(&inside, covered, true, 1, err);
    if (rc == HEP_OK)
        rc = hep_mask_distance(&outside, covered, false, 1, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(g); i++) {
        double margin;

        if (!is_lesion(m, i))
            continue;
        a->lesion_ml += ml;
        a->uncovered_ml += is_zone(m, i) ? 0.0 : ml;
        if (!is_surface(m, i))
            continue;
        /* Inside: half a voxel to the lesion's own surface, half to the zone's. Outside they cancel. */
        margin = covered->data[i] != 0 ? (double)inside->data[i] - side : -(double)outside->data[i];
        n++;
        below += margin < s->ablation_margin_mm ? 1 : 0;
        if (!(margin >= a->margin_mm)) {
            a->margin_mm = margin;
            hep_grid_world_of(a->at_mm, g, i);
        }
    }
    if (n > 0)
        a->below_share = (double)below / (double)n;
    hep_labels_free(covered);
    hep_volume_free(inside);
    hep_volume_free(outside);
    return rc;
}

/* ---- rim --------------------------------------------------------------------------------------- */

/* Sectors of equal solid angle: three slices of equal height of the ball, four quarters each. */
static size_t sector_of(const double from[3], const double to[3])
{
    const double d[3] = { to[0] - from[0], to[1] - from[1], to[2] - from[2] };
    const double length = sqrt(hep_distance2(from, to));
    const double height = length > 0.0 ? d[2] / length : 0.0;
    const size_t slice = height < -1.0 / 3.0 ? 0 : height < 1.0 / 3.0 ? 1 : 2;

    return 4 * slice + (d[0] < 0.0 ? 1 : 0) + (d[1] < 0.0 ? 2 : 0);
}

struct sectors {
    double sum[HEP_ABLATION_SECTORS];
    size_t n[HEP_ABLATION_SECTORS];
};

/* Means of an image over the sectors of the shell of liver around the zone. */
static void gather(struct sectors *out, const struct hep_volume *image,
                   const struct hep_ablation_images *m, const struct hep_volume *distance,
                   double rim_mm)
{
    double centre[3];

    *out = (struct sectors){ .sum = { 0.0 } };
    hep_mask_centre(centre, m->zone);
    for (size_t i = 0; i < hep_grid_voxels(&m->zone->grid); i++) {
        double at[3];
        size_t k;

        if (is_zone(m, i) || (double)distance->data[i] > rim_mm || !isfinite(image->data[i]) ||
            (m->liver != NULL && m->liver->data[i] == 0))
            continue;
        hep_grid_world_of(at, &m->zone->grid, i);
        k = sector_of(centre, at);
        out->sum[k] += (double)image->data[i];
        out->n[k]++;
    }
}

static void summarise(double *mean, double *sd, double *least, double *most,
                      const struct sectors *s)
{
    double n = 0.0, m2 = 0.0;

    *mean = 0.0;
    *least = *most = (double)NAN;
    for (size_t k = 0; k < HEP_ABLATION_SECTORS; k++) {
        const double x = s->n[k] > 0 ? s->sum[k] / (double)s->n[k] : (double)NAN, d = x - *mean;

        if (!isfinite(x))
            continue;
        n += 1.0;
        *mean += d / n;
        m2 += d * (x - *mean);
        *least = x >= *least ? *least : x;
        *most = x <= *most ? *most : x;
    }
    *mean = n > 0.0 ? *mean : (double)NAN;
    *sd = n > 1.0 ? sqrt(m2 / (n - 1.0)) : (double)NAN;
}

/* Median of an image over the liver away from the zone. */
static int liver_median(double *out, const struct hep_volume *image,
                        const struct hep_ablation_images *m, const struct hep_volume *distance,
                        double rim_mm, struct hep_error *err)
{
    const size_t voxels = hep_grid_voxels(&m->zone->grid);
    double *x = NULL;
    size_t n = 0;
    int rc = HEP_NEW(x, voxels, err);

    for (size_t i = 0; rc == HEP_OK && i < voxels; i++) {
        if (m->liver != NULL && m->liver->data[i] != 0 && (double)distance->data[i] > rim_mm &&
            !is_lesion(m, i) && isfinite(image->data[i]))
            x[n++] = (double)image->data[i];
    }
    *out = (double)NAN;
    if (n > 0) {
        qsort(x, n, sizeof *x, hep_compare_doubles);
        *out = hep_quantile_sorted(x, n, 0.5);
    }
    free(x);
    return rc;
}

/* ---- a nodule at the rim ------------------------------------------------------------------------ */

/* A voxel of the shell, its values, and their means over the patch of the shell around it. */
struct rim_voxel {
    double at_mm[3], enhancement, uptake, patch_enhancement, patch_uptake;
};

/* Voxels of the shell of liver around the zone where both images have a value. */
static int gather_rim(struct rim_voxel **out, size_t *n, const struct hep_ablation_images *m,
                      const struct hep_volume *distance, double rim_mm, struct hep_error *err)
{
    *out = NULL;
    *n = 0;
    for (size_t i = 0; i < hep_grid_voxels(&m->zone->grid); i++) {
        if (is_zone(m, i) || (double)distance->data[i] > rim_mm ||
            !isfinite(m->enhancement->data[i]) || !isfinite(m->uptake->data[i]) ||
            (m->liver != NULL && m->liver->data[i] == 0))
            continue;
        if (HEP_GROW(*out, *n, err) != HEP_OK)
            return HEP_ENOMEM;
        (*out)[*n] = (struct rim_voxel){ .enhancement = (double)m->enhancement->data[i],
                                         .uptake = (double)m->uptake->data[i] };
        hep_grid_world_of((*out)[*n].at_mm, &m->zone->grid, i);
        ++*n;
    }
    return HEP_OK;
}

/* Means over the part of the shell in a ball; NaN where less than a fifth of the ball is shell, as at its outer edge. */
static void average_patches(struct rim_voxel *rim, size_t n, double diameter_mm, double voxel_mm3)
{
    const double reach2 = 0.25 * diameter_mm * diameter_mm,
                 least = 0.2 * hep_ball_volume(diameter_mm) / voxel_mm3;

    for (size_t i = 0; i < n; i++) {
        double enhancement = 0.0, uptake = 0.0, count = 0.0;

        for (size_t k = 0; k < n; k++) {
            if (hep_distance2(rim[i].at_mm, rim[k].at_mm) > reach2)
                continue;
            enhancement += rim[k].enhancement;
            uptake += rim[k].uptake;
            count += 1.0;
        }
        rim[i].patch_enhancement = count >= least ? enhancement / count : (double)NAN;
        rim[i].patch_uptake = uptake / count;
    }
}

static int median_patch(double *out, const struct rim_voxel *rim, size_t n, struct hep_error *err)
{
    double *x = NULL;
    size_t used = 0;
    int rc = HEP_NEW(x, n + 1, err);

    *out = (double)NAN;
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        if (isfinite(rim[i].patch_enhancement))
            x[used++] = rim[i].patch_enhancement;
    }
    if (used > 0) {
        qsort(x, used, sizeof *x, hep_compare_doubles);
        *out = hep_quantile_sorted(x, used, 0.5);
    }
    free(x);
    return rc;
}

/* Of the patches that take up less of a hepatobiliary agent than liver, the one that enhances most. Coagulum does not
 * enhance, and a mixture of it with liver enhances less than liver: what enhances more and takes up less is neither. */
static int measure_nodule(struct hep_ablation *a, const struct hep_ablation_images *m,
                          const struct hep_volume *distance, const struct hep_followup_settings *s,
                          struct hep_error *err)
{
    struct rim_voxel *rim = NULL;
    size_t n = 0;
    double liver = (double)NAN, uptake = (double)NAN, usual = (double)NAN;
    int rc = liver_median(&liver, m->enhancement, m, distance, s->ablation_rim_mm, err);

    if (rc == HEP_OK)
        rc = liver_median(&uptake, m->uptake, m, distance, s->ablation_rim_mm, err);
    /* Liver that takes up nothing differs in nothing from a lesion. */
    if (rc != HEP_OK || !(liver > 0.0) || !(uptake >= s->viable_enhancement_min))
        return rc;
    rc = gather_rim(&rim, &n, m, distance, s->ablation_rim_mm, err);
    if (rc == HEP_OK) {
        average_patches(rim, n, s->ablation_nodule_mm, hep_grid_voxel_mm3(&m->zone->grid));
        rc = median_patch(&usual, rim, n, err);
    }
    if (rc == HEP_OK && isfinite(usual))
        a->nodule_ratio = 0.0;
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const double ratio = rim[i].patch_enhancement / fmax(liver, usual);

        if (!(ratio > a->nodule_ratio) || rim[i].patch_uptake > s->ablation_uptake * uptake)
            continue;
        a->nodule_ratio = ratio;
        a->nodule_uptake = rim[i].patch_uptake / uptake;
        for (int k = 0; k < 3; k++)
            a->nodule_mm[k] = rim[i].at_mm[k];
    }
    free(rim);
    return rc;
}

static int measure_images(struct hep_ablation *a, const struct hep_ablation_images *m,
                          const struct hep_followup_settings *s, struct hep_error *err)
{
    struct hep_volume *distance = NULL;
    struct sectors sectors;
    double sd, most, mean, zone = 0.0, liver = (double)NAN;
    size_t n = 0;
    int rc = hep_mask_distance(&distance, m->zone, false, 1, err);

    if (rc == HEP_OK && m->enhancement != NULL) {
        double least;

        gather(&sectors, m->enhancement, m, distance, s->ablation_rim_mm);
        summarise(&a->rim_enhancement, &sd, &least, &a->rim_highest, &sectors);
        a->rim_cv = sd / fabs(a->rim_enhancement);
        if (m->uptake != NULL)
            rc = measure_nodule(a, m, distance, s, err);
    }
    if (rc == HEP_OK && m->adc != NULL) {
        gather(&sectors, m->adc, m, distance, s->ablation_rim_mm);
        summarise(&mean, &sd, &a->rim_adc_lowest, &most, &sectors);
        rc = liver_median(&a->liver_adc, m->adc, m, distance, s->ablation_rim_mm, err);
    }
    if (rc == HEP_OK && m->precontrast != NULL)
        rc = liver_median(&liver, m->precontrast, m, distance, s->ablation_rim_mm, err);
    for (size_t i = 0;
         rc == HEP_OK && m->precontrast != NULL && i < hep_grid_voxels(&m->zone->grid); i++) {
        if (is_zone(m, i) && isfinite(m->precontrast->data[i])) {
            zone += (double)m->precontrast->data[i];
            n++;
        }
    }
    if (n > 0)
        a->t1_ratio = zone / (double)n / liver;
    hep_volume_free(distance);
    return rc;
}

int hep_ablation_measure(struct hep_ablation *out, const struct hep_ablation_images *images,
                         const struct hep_followup_settings *settings, struct hep_error *err)
{
    const double none = (double)NAN;
    struct hep_ablation a = { .margin_mm = none,
                              .rim_enhancement = none,
                              .rim_cv = none,
                              .rim_highest = none,
                              .rim_adc_lowest = none,
                              .liver_adc = none,
                              .t1_ratio = none,
                              .nodule_ratio = none,
                              .nodule_uptake = none,
                              .below_share = none };
    const size_t n = hep_labels_count(images->zone, -1);
    int rc;

    if (n == 0)
        return HEP_FAIL(err, HEP_EDATA, "the mask of the ablation zone is empty");
    if ((images->lesion != NULL &&
         !hep_grid_same(&images->zone->grid, &images->lesion->grid, HEP_GRID_TOL_MM)) ||
        (images->liver != NULL &&
         !hep_grid_same(&images->zone->grid, &images->liver->grid, HEP_GRID_TOL_MM)))
        return HEP_FAIL(err, HEP_EGEOM,
                        "masks of the zone, the lesion and the liver are on different grids");
    a.zone_ml = (double)n * hep_grid_voxel_mm3(&images->zone->grid) / 1000.0;
    rc = measure_margin(&a, images, settings, err);
    if (rc == HEP_OK)
        rc = measure_images(&a, images, settings, err);
    if (rc == HEP_OK && !(a.lesion_ml > 0.0))
        a.lesion_ml = a.uncovered_ml = none;
    if (rc == HEP_OK)
        *out = a;
    return rc;
}
