#include "image/register_predict.h"

#include "image/mask.h"
#include "image/register_metric.h"

#include <math.h>

/* The middle, then one step down and one up along each world axis. */
#define SHIFTS 7
#define HALVES 6

/* Vertex of the parabola through three values, `step` apart; infinite where the middle is not the highest. */
static double vertex(double below, double middle, double above, double step)
{
    const double bend = 2.0 * middle - below - above;

    return middle > below && middle > above ? 0.5 * step * (above - below) / bend
                                            : (double)INFINITY;
}

/* Every fourth voxel of the mask on one side of its centre along a world axis. */
static void take_half(struct hep_labels *half, const struct hep_labels *mask,
                      const double centre[3], int axis, bool above)
{
    for (size_t i = 0; i < hep_grid_voxels(&mask->grid); i++) {
        size_t c[3];
        double world[3];

        half->data[i] = 0;
        if (mask->data[i] == 0)
            continue;
        hep_grid_place(c, &mask->grid, i);
        hep_grid_world_of(world, &mask->grid, i);
        half->data[i] =
            (c[0] + c[1] + c[2]) % 4 == 0 && (world[axis] > centre[axis]) == above ? 1 : 0;
    }
}

static int half_motion(double *motion_mm, const struct hep_volume *fixed,
                       const struct hep_volume *moving, const struct hep_labels *half, int bins,
                       struct hep_error *err)
{
    const double step = cbrt(hep_grid_voxel_mm3(&fixed->grid));
    struct hep_transform shift[SHIFTS];
    const struct hep_transform *t[SHIFTS];
    double mi[SHIFTS], squares = 0.0;
    int rc;

    for (int k = 0; k < SHIFTS; k++) {
        shift[k] = (struct hep_transform){
            .affine = { { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 } }
        };
        if (k > 0)
            shift[k].affine[(k - 1) / 2][3] = k % 2 == 1 ? -step : step;
        t[k] = &shift[k];
    }
    rc = hep_register_compare(mi, NULL, fixed, moving, half, t, SHIFTS, bins, err);
    for (int a = 0; rc == HEP_OK && a < 3; a++) {
        const double mm = vertex(mi[1 + 2 * a], mi[0], mi[2 + 2 * a], step);

        squares += mm * mm;
    }
    *motion_mm = sqrt(squares);
    return rc;
}

int hep_register_predict(double *motion_mm, const struct hep_volume *fixed,
                         const struct hep_volume *moving, const struct hep_labels *mask, int bins,
                         struct hep_error *err)
{
    struct hep_labels *half = NULL;
    double centre[3];
    int rc = hep_labels_new(&half, &mask->grid, err);

    *motion_mm = 0.0;
    hep_mask_centre(centre, mask);
    for (int k = 0; rc == HEP_OK && k < HALVES; k++) {
        double mm = 0.0;

        take_half(half, mask, centre, k / 2, k % 2 == 1);
        rc = half_motion(&mm, fixed, moving, half, bins, err);
        *motion_mm = fmax(*motion_mm, mm);
    }
    hep_labels_free(half);
    return rc;
}
