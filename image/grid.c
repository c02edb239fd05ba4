#include "image/grid.h"

#include <math.h>

/* Below this ratio of |det| to the product of the column lengths an affine counts as flat. */
#define FLAT_RATIO 1e-9

size_t hep_grid_voxels(const struct hep_grid *g)
{
    return g->n[0] * g->n[1] * g->n[2];
}

static double det3(const double m[4][4])
{
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

static double column_length(const double m[4][4], int k)
{
    return sqrt(m[0][k] * m[0][k] + m[1][k] * m[1][k] + m[2][k] * m[2][k]);
}

void hep_grid_spacing(double mm[3], const struct hep_grid *g)
{
    for (int k = 0; k < 3; k++)
        mm[k] = column_length(g->to_world, k);
}

double hep_grid_voxel_mm3(const struct hep_grid *g)
{
    return fabs(det3(g->to_world));
}

void hep_affine_apply(double out[3], const double m[4][4], const double in[3])
{
    const double x = in[0];
    const double y = in[1];
    const double z = in[2];

    for (int r = 0; r < 3; r++)
        out[r] = m[r][0] * x + m[r][1] * y + m[r][2] * z + m[r][3];
}

void hep_grid_to_world(double world[3], const struct hep_grid *g, const double voxel[3])
{
    hep_affine_apply(world, g->to_world, voxel);
}

void hep_grid_world_of(double world[3], const struct hep_grid *g, size_t i)
{
    size_t at[3];

    hep_grid_place(at, g, i);
    hep_grid_to_world(world, g, (const double[3]){ (double)at[0], (double)at[1], (double)at[2] });
}

void hep_affine_mul(double out[4][4], const double a[4][4], const double b[4][4])
{
    double p[4][4];

    for (int r = 0; r < 4; r++) {
        for (int c = 0; c < 4; c++) {
            p[r][c] = 0.0;
            for (int k = 0; k < 4; k++)
                p[r][c] += a[r][k] * b[k][c];
        }
    }
    (void)memcpy(out, p, sizeof p);
}

int hep_affine_inverse(double out[4][4], const double m[4][4], struct hep_error *err)
{
    const double det = det3(m);
    const double size = column_length(m, 0) * column_length(m, 1) * column_length(m, 2);
    double inv[4][4] = { { 0.0 } };

    if (!isfinite(det) || !isfinite(size) || !(fabs(det) > FLAT_RATIO * size))
        return HEP_FAIL(err, HEP_EGEOM, "affine is singular (determinant %g)", det);
    for (int r = 0; r < 3; r++) {
        const int r1 = (r + 1) % 3;
        const int r2 = (r + 2) % 3;

        for (int c = 0; c < 3; c++) {
            const int c1 = (c + 1) % 3;
            const int c2 = (c + 2) % 3;

            inv[r][c] = (m[c1][r1] * m[c2][r2] - m[c1][r2] * m[c2][r1]) / det;
        }
    }
    for (int r = 0; r < 3; r++)
        inv[r][3] = -(inv[r][0] * m[0][3] + inv[r][1] * m[1][3] + inv[r][2] * m[2][3]);
    inv[3][3] = 1.0;
    (void)memcpy(out, inv, sizeof inv);
    return HEP_OK;
}

int hep_grid_inverse(double inv[4][4], const struct hep_grid *g, struct hep_error *err)
{
    return hep_affine_inverse(inv, g->to_world, err);
}

bool hep_grid_voxel_at(size_t *index, const struct hep_grid *g, const double world[3])
{
    double inverse[4][4], voxel[3];
    size_t at[3];

    if (hep_grid_inverse(inverse, g, NULL) != HEP_OK)
        return false;
    hep_affine_apply(voxel, HEP_AFFINE(inverse), world);
    for (int k = 0; k < 3; k++) {
        const double x = floor(voxel[k] + 0.5);

        if (!(x >= 0.0 && x < (double)g->n[k]))
            return false;
        at[k] = (size_t)x;
    }
    *index = at[0] + g->n[0] * (at[1] + g->n[1] * at[2]);
    return true;
}

/* Cosine of the angle between index axes a and b. */
static double axes_cosine(const struct hep_grid *g, const double mm[3], int a, int b)
{
    double dot = 0.0;

    for (int r = 0; r < 3; r++)
        dot += g->to_world[r][a] / mm[a] * (g->to_world[r][b] / mm[b]);
    return dot;
}

static int check_axes(const struct hep_grid *g, const double mm[3], struct hep_error *err)
{
    const double least = fmin(fmin(mm[0], mm[1]), mm[2]), most = fmax(fmax(mm[0], mm[1]), mm[2]);

    for (int k = 0; k < 3; k++) {
        const double extent = (double)g->n[k] * mm[k];
        const double cosine = axes_cosine(g, mm, k, (k + 1) % 3);

        if (!(mm[k] >= HEP_GRID_SPACING_MIN_MM && mm[k] <= HEP_GRID_SPACING_MAX_MM))
            return HEP_FAIL(err, HEP_EGEOM,
                            "voxels are %g mm apart along axis %d, allowed: %g to %g", mm[k], k + 1,
                            HEP_GRID_SPACING_MIN_MM, HEP_GRID_SPACING_MAX_MM);
        if (!(extent <= HEP_GRID_EXTENT_MAX_MM))
            return HEP_FAIL(err, HEP_EGEOM,
                            "the field of view is %g mm along axis %d, at most %g is allowed",
                            extent, k + 1, HEP_GRID_EXTENT_MAX_MM);
        if (!(fabs(cosine) <= HEP_GRID_SHEAR_MAX))
            return HEP_FAIL(err, HEP_EGEOM,
                            "axes %d and %d are sheared: the cosine between them is %.3g, at most "
                            "%g is allowed",
                            k + 1, (k + 1) % 3 + 1, cosine, HEP_GRID_SHEAR_MAX);
    }
    if (!(most <= HEP_GRID_SPACING_RATIO_MAX * least))
        return HEP_FAIL(
            err, HEP_EGEOM,
            "voxels are %g mm and %g mm apart along two axes, a ratio of at most %g is allowed",
            least, most, HEP_GRID_SPACING_RATIO_MAX);
    return HEP_OK;
}

int hep_grid_check(const struct hep_grid *g, struct hep_error *err)
{
    double mm[3], field = 1.0;
    int rc;

    hep_grid_spacing(mm, g);
    rc = check_axes(g, mm, err);
    if (rc != HEP_OK)
        return rc;
    for (int k = 0; k < 3; k++)
        field *= (double)g->n[k] * mm[k];
    if (!(field <= HEP_GRID_FIELD_MAX_MM3))
        return HEP_FAIL(err, HEP_EGEOM, "the field of view is %g m3, at most %g is allowed",
                        1e-9 * field, 1e-9 * HEP_GRID_FIELD_MAX_MM3);
    for (unsigned corner = 0; corner < 8; corner++) {
        double voxel[3], world[3];

        for (unsigned k = 0; k < 3; k++)
            voxel[k] = (corner >> k & 1U) != 0 ? (double)g->n[k] - 1.0 : 0.0;
        hep_grid_to_world(world, g, voxel);
        for (int r = 0; r < 3; r++) {
            if (!(fabs(world[r]) <= HEP_GRID_PLACE_MAX_MM))
                return HEP_FAIL(err, HEP_EGEOM, "a corner lies at %g mm, at most %g is allowed",
                                world[r], HEP_GRID_PLACE_MAX_MM);
        }
    }
    return HEP_OK;
}

void hep_grid_round_as_stored(struct hep_grid *g)
{
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 4; k++)
            g->to_world[i][k] = (double)(float)g->to_world[i][k];
    }
}

bool hep_grid_same(const struct hep_grid *a, const struct hep_grid *b, double tol_mm)
{
    if (a->unplaced != b->unplaced)
        return false;
    for (int k = 0; k < 3; k++) {
        if (a->n[k] != b->n[k])
            return false;
    }
    for (unsigned corner = 0; corner < 8; corner++) {
        double voxel[3];
        double p[3];
        double q[3];

        for (unsigned k = 0; k < 3; k++)
            voxel[k] = (corner >> k & 1U) != 0 ? (double)a->n[k] - 1.0 : 0.0;
        hep_grid_to_world(p, a, voxel);
        hep_grid_to_world(q, b, voxel);
        for (int k = 0; k < 3; k++)
            p[k] -= q[k];
        if (!(sqrt(p[0] * p[0] + p[1] * p[1] + p[2] * p[2]) <= tol_mm))
            return false;
    }
    return true;
}

void hep_grid_axis_of(int *axis, int *sign, const struct hep_grid *g, int w)
{
    static const int order[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    double mm[3];
    double best = -1.0;
    int pick = 0;

    hep_grid_spacing(mm, g);
    for (int i = 0; i < 6; i++) {
        double sum = 0.0;

        for (int r = 0; r < 3; r++)
            sum += fabs(g->to_world[r][order[i][r]]) / mm[order[i][r]];
        if (sum > best + 1e-9) {
            best = sum;
            pick = i;
        }
    }
    *axis = order[pick][w];
    *sign = g->to_world[w][*axis] < 0.0 ? -1 : 1;
}

void hep_grid_isotropic(struct hep_grid *out, const struct hep_grid *g, double mm)
{
    struct hep_grid iso = *g;
    double spacing[3];
    double centre[3];
    double old_centre[3];
    double world[3];
    double moved[3];

    hep_grid_spacing(spacing, g);
    for (int k = 0; k < 3; k++) {
        const double count = ceil((double)g->n[k] * spacing[k] / mm - 1e-6);

        iso.n[k] = count < 1.0 ? 1 : (size_t)count;
        for (int r = 0; r < 3; r++)
            iso.to_world[r][k] *= mm / spacing[k];
        centre[k] = 0.5 * ((double)iso.n[k] - 1.0);
        old_centre[k] = 0.5 * ((double)g->n[k] - 1.0);
    }
    hep_grid_to_world(world, g, old_centre);
    hep_grid_to_world(moved, &iso, centre);
    for (int r = 0; r < 3; r++)
        iso.to_world[r][3] += world[r] - moved[r];
    *out = iso;
}
