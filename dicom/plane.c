#include "dicom/plane.h"

#include <math.h>
#include <stdlib.h>

static const double tolerance_mm = 0.05;

/* n numbers of a multi-valued text "a\b\c". */
static bool numbers_of(double *out, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        char *end = NULL;

        out[i] = strtod(text, &end);
        if (end == text || *end != (i + 1 < n ? '\\' : '\0'))
            return false;
        text = end + 1;
    }
    return true;
}

/* The voxel at a place in LPS, when one lies there. */
static bool voxel_at(long out[3], const struct hep_grid *g, const double inverse[4][4],
                     const double lps[3])
{
    const double ras[3] = { -lps[0], -lps[1], lps[2] };
    double v[3], whole[3], back[3];

    hep_affine_apply(v, inverse, ras);
    for (int k = 0; k < 3; k++) {
        whole[k] = round(v[k]);
        if (!(whole[k] >= 0.0 && whole[k] < (double)g->n[k]))
            return false;
        out[k] = (long)whole[k];
    }
    hep_grid_to_world(back, g, whole);
    return hep_distance2(back, ras) <= tolerance_mm * tolerance_mm;
}

/* PS3.3 C.7.6.2.1.1: position of the first pixel, direction of rising columns, then of rising rows;
 * spacing of rows, then of columns. */
bool hep_plane_of(struct hep_plane *p, const struct hep_plane_texts *t, const struct hep_grid *g,
                  const double inverse[4][4])
{
    double at[3], axis[6], spacing[2], size[2], last[3];
    long corner[3];

    if (!numbers_of(at, 3, t->position) || !numbers_of(axis, 6, t->orientation) ||
        !numbers_of(spacing, 2, t->spacing) || !numbers_of(&size[0], 1, t->rows) ||
        !numbers_of(&size[1], 1, t->columns) || size[0] < 2.0 || size[1] < 2.0 ||
        !voxel_at(p->origin, g, inverse, at))
        return false;
    p->rows = (size_t)size[0];
    p->columns = (size_t)size[1];
    for (int along = 0; along < 2; along++) { /* columns, rows */
        const double steps = (along == 0 ? size[1] : size[0]) - 1.0;
        long *step = along == 0 ? p->column : p->row;

        for (int k = 0; k < 3; k++)
            last[k] = at[k] + steps * spacing[1 - along] * axis[3 * along + k];
        if (!voxel_at(corner, g, inverse, last))
            return false;
        for (int k = 0; k < 3; k++) {
            if ((corner[k] - p->origin[k]) % (long)steps != 0)
                return false;
            step[k] = (corner[k] - p->origin[k]) / (long)steps;
        }
    }
    return true;
}
