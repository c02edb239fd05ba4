/* How rough the surface of a liver is, and how uneven its signal. */
#include "liver/parenchyma.h"

#include "base/alloc.h"
#include "image/filter.h"
#include "image/filter_smooth.h"
#include "image/stats.h"

#include <math.h>

/* Expert values: the surface of a mask smoothed over 8 mm keeps its lobes and loses what is smaller; texture is what lies
 * between the 2.5 mm over which noise is averaged and the 12 mm over which the receive field varies. */
#define SURFACE_SIGMA_MM 8.0
#define FINE_SIGMA_MM 2.5
#define COARSE_SIGMA_MM 12.0
#define MARGIN_MM                                                                                  \
    35.0 /* around the liver: four times the sigma of its surface, and a little more */
enum { FEWEST = 1000 };

/* Box of the set voxels with a margin, within the grid. */
static bool box_of(size_t from[3], size_t to[3], const struct hep_labels *m, double margin_mm)
{
    double mm[3];
    bool any = false;

    hep_grid_spacing(mm, &m->grid);
    for (size_t i = 0; i < hep_grid_voxels(&m->grid); i++) {
        size_t at[3];

        if (m->data[i] == 0)
            continue;
        hep_grid_place(at, &m->grid, i);
        for (int k = 0; k < 3; k++) {
            from[k] = any && from[k] < at[k] ? from[k] : at[k];
            to[k] = any && to[k] > at[k] + 1 ? to[k] : at[k] + 1;
        }
        any = true;
    }
    for (int k = 0; any && k < 3; k++) {
        const size_t margin = (size_t)(margin_mm / mm[k]) + 1;

        from[k] = from[k] > margin ? from[k] - margin : 0;
        to[k] = to[k] + margin < m->grid.n[k] ? to[k] + margin : m->grid.n[k];
    }
    return any;
}

static struct hep_grid grid_of_box(const struct hep_grid *g, const size_t from[3],
                                   const size_t to[3])
{
    struct hep_grid out = *g;
    const double origin[3] = { (double)from[0], (double)from[1], (double)from[2] };
    double world[3];

    hep_grid_to_world(world, g, origin);
    for (int k = 0; k < 3; k++) {
        out.n[k] = to[k] - from[k];
        out.to_world[k][3] = world[k];
    }
    return out;
}

static size_t place_in(const struct hep_grid *whole, const struct hep_grid *box,
                       const size_t from[3], size_t i)
{
    size_t at[3];

    hep_grid_place(at, box, i);
    return at[0] + from[0] + whole->n[0] * (at[1] + from[1] + whole->n[1] * (at[2] + from[2]));
}

/* Distance from the surface of the smoothed mask, by how much of the Gaussian around a voxel is liver: at d from a plane
 * that is Phi(d / sigma), and 1.702 Phi^-1(p) is ln(p / (1 - p)) within 0.01 (Camilli, J Educ Behav Stat 1994;19:293).
 * Counting voxels instead would add steps of their size. */
static double distance_of(double share)
{
    const double p = fmin(fmax(share, 1e-4), 1.0 - 1e-4);

    return SURFACE_SIGMA_MM / 1.702 * log(p / (1.0 - p));
}

/* Mean distance of the surface voxels from the median of their distances, which takes out that smoothing shrinks a convex
 * body. */
static int mean_distance(double *mm, const struct hep_labels *mask, const struct hep_volume *soft,
                         struct hep_error *err)
{
    const struct hep_grid *g = &mask->grid;
    const size_t step[3] = { 1, g->n[0], g->n[0] * g->n[1] };
    const size_t n = hep_grid_voxels(g);
    float *distance = NULL;
    size_t count = 0;
    double sum = 0.0;
    double middle;
    int rc = HEP_NEW(distance, n, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        size_t at[3];
        bool is_surface = false;

        if (mask->data[i] == 0)
            continue;
        hep_grid_place(at, g, i);
        for (int k = 0; k < 3 && !is_surface; k++)
            is_surface = (at[k] > 0 && mask->data[i - step[k]] == 0) ||
                         (at[k] + 1 < g->n[k] && mask->data[i + step[k]] == 0);
        if (is_surface)
            distance[count++] = (float)distance_of((double)soft->data[i]);
    }
    if (rc == HEP_OK && count > 0) {
        middle = hep_quantile(distance, count, 0.5);
        for (size_t i = 0; i < count; i++)
            sum += fabs((double)distance[i] - middle);
        *mm = sum / (double)count;
    }
    free(distance);
    return rc;
}

int hep_surface_nodularity(double *mm, const struct hep_labels *liver, int nthreads,
                           struct hep_error *err)
{
    struct hep_volume *soft = NULL;
    struct hep_labels *mask = NULL;
    struct hep_grid box;
    size_t from[3] = { 0 }, to[3] = { 0 };
    int rc = HEP_OK;

    *mm = (double)NAN;
    if (!box_of(from, to, liver, MARGIN_MM))
        return HEP_OK;
    box = grid_of_box(&liver->grid, from, to);
    if (hep_volume_new(&soft, &box, 1, err) != HEP_OK || hep_labels_new(&mask, &box, err) != HEP_OK)
        rc = HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&box); i++) {
        mask->data[i] = liver->data[place_in(&liver->grid, &box, from, i)] != 0;
        soft->data[i] = (float)mask->data[i];
    }
    if (rc == HEP_OK)
        rc = hep_filter_gauss(soft, SURFACE_SIGMA_MM, nthreads, err);
    if (rc == HEP_OK)
        rc = mean_distance(mm, mask, soft, err);
    hep_volume_free(soft);
    hep_labels_free(mask);
    return rc;
}

int hep_parenchyma_spread(double *spread, const struct hep_volume *v,
                          const struct hep_labels *inside, int nthreads, struct hep_error *err)
{
    struct hep_volume *fine = NULL, *coarse = NULL;
    struct hep_labels *mask = NULL;
    struct hep_stats stats = { 0 };
    struct hep_grid box;
    size_t from[3] = { 0 }, to[3] = { 0 };
    int rc = HEP_OK;

    *spread = (double)NAN;
    if (!hep_grid_same(&v->grid, &inside->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "image and parenchyma have different grids");
    if (hep_labels_count(inside, -1) < FEWEST || !box_of(from, to, inside, 0.0))
        return HEP_OK;
    box = grid_of_box(&v->grid, from, to);
    if (hep_volume_new(&fine, &box, 1, err) != HEP_OK || hep_labels_new(&mask, &box, err) != HEP_OK)
        rc = HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&box); i++) {
        const size_t there = place_in(&v->grid, &box, from, i);

        mask->data[i] = inside->data[there] != 0;
        fine->data[i] = v->data[there];
    }
    if (rc == HEP_OK)
        rc = hep_volume_copy(&coarse, fine, err);
    if (rc == HEP_OK)
        rc = hep_smooth_fill(fine, mask->data, FINE_SIGMA_MM, nthreads, err);
    if (rc == HEP_OK)
        rc = hep_smooth_fill(coarse, mask->data, COARSE_SIGMA_MM, nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_grid_voxels(&box); i++)
        fine->data[i] = coarse->data[i] > 0.0F ? fine->data[i] / coarse->data[i] - 1.0F : NAN;
    if (rc == HEP_OK)
        rc = hep_stats_masked(&stats, fine, 0, mask, -1, err);
    if (rc == HEP_OK && stats.n >= FEWEST)
        *spread = stats.mad;
    hep_volume_free(fine);
    hep_volume_free(coarse);
    hep_labels_free(mask);
    return rc;
}
