#include "lesions/series_share.h"

#include "lesions/box_run.h"

#include <math.h>
#include <string.h>

/* A map of whole voxels lets voxels inside a plane border miss 0.12 voxels of lesion per voxel of its
 * area (the mean of max(0, x) over the voxel's width across the border, 1/8 where that lies along an
 * axis). Weights w for either neighbour along each axis take w (|n1| + |n2| + |n3|), 3/2 w on average
 * over directions n: w = 0.08. */
#define BORDER_VARIANCE 0.16 /* voxels^2: 2 w */
#define REACH_SD 3.0
#define NARROW_VARIANCE 0.36 /* voxels^2; a sampled Gaussian is narrower than it should be below */
enum { REACH_MAX = 48, KERNEL = 2 * REACH_MAX + 3 };

/* Slices thicker than this many voxels of their plane have a profile, near to a box, and no point
 * spread of k-space. */
#define SLICE_RATIO 1.5

static bool in_plane(const double native[3], int axis)
{
    return native[axis] <= SLICE_RATIO * fmin(native[0], fmin(native[1], native[2]));
}

/** Variance beyond the grid's own voxel, in voxels^2 of the grid. A series on the grid, or finer than
 * it, was not blurred by coming to it, unless it was moved. */
static double extra_variance(const struct hep_lesion_image *image, const double h[3], int axis,
                             double blur)
{
    const double ratio = image->native_mm[axis] / h[axis], square = ratio * ratio;
    const double spread = in_plane(image->native_mm, axis) ? blur * square : 0.0;

    if (!image->moved && ratio <= 1.01)
        return spread;
    return spread + fmax((square - 1.0) / 12.0 + square / 6.0, 0.0);
}

/** Symmetric weights of a variance [voxels^2]; returns their reach. */
static long gaussian(double w[REACH_MAX + 1], double variance)
{
    const long reach = (long)fmin(ceil(REACH_SD * sqrt(variance)), REACH_MAX);
    double total = 1.0;

    w[0] = 1.0;
    if (variance < NARROW_VARIANCE) {
        w[0] = 1.0 - variance;
        w[1] = 0.5 * variance;
        return 1;
    }
    for (long d = 1; d <= reach; d++) {
        w[d] = exp(-0.5 * (double)(d * d) / variance);
        total += 2.0 * w[d];
    }
    for (long d = 0; d <= reach; d++)
        w[d] /= total;
    return reach;
}

/** Weights that move by `shift` voxels and smooth by `variance`: linear interpolation at a place f
 * between two voxels has a variance of f (1 - f), which the Gaussian need not add. The weight of
 * the source at d - step voxels from the target stands at kernel[REACH_MAX + 1 + d]. */
static long kernel_of(double kernel[KERNEL], long *step, double shift, double variance)
{
    const double whole = floor(shift), f = shift - whole;
    double w[REACH_MAX + 1];
    const long reach = gaussian(w, fmax(variance - f * (1.0 - f), 0.0));

    memset(kernel, 0, KERNEL * sizeof *kernel);
    *step = (long)whole;
    for (long d = -reach; d <= reach; d++) {
        kernel[REACH_MAX + 1 + d] += (1.0 - f) * w[d < 0 ? -d : d];
        kernel[REACH_MAX + d] += f * w[d < 0 ? -d : d];
    }
    return reach + 1;
}

static void move_axis(float *to, const float *from, const size_t n[3], int axis, double shift,
                      double variance)
{
    double kernel[KERNEL];
    long step;
    const long reach = kernel_of(kernel, &step, shift, variance);
    struct hep_box_run run;

    for (bool more = hep_box_run_begin(&run, n); more; more = hep_box_run_next(&run)) {
        for (long d = -reach; d <= reach; d++)
            hep_box_run_add(&run, from, axis, d - step, kernel[REACH_MAX + 1 + d]);
        hep_box_run_store(to, &run);
    }
}

void hep_series_share(float *out, const float *map, const struct hep_grid *grid,
                      const struct hep_lesion_image *image, const double shift_mm[3], double blur,
                      float *scratch)
{
    double h[3];

    hep_grid_spacing(h, grid);
    for (int k = 0; k < 3; k++) {
        const double variance = BORDER_VARIANCE + extra_variance(image, h, k, blur);

        move_axis(k == 1 ? scratch : out, k == 0 ? map : (k == 1 ? out : scratch), grid->n, k,
                  shift_mm[k] / h[k], variance);
    }
}

double hep_series_sharpness(const struct hep_grid *grid, const struct hep_lesion_image *image,
                            double blur)
{
    double h[3], w[REACH_MAX + 1], product = 1.0;

    hep_grid_spacing(h, grid);
    for (int k = 0; k < 3; k++) {
        (void)gaussian(w, extra_variance(image, h, k, blur));
        product *= w[0];
    }
    return product;
}

void hep_series_slope(float *out, const float *x, const struct hep_grid *grid, int axis)
{
    const size_t *n = grid->n;
    const size_t stride = axis == 0 ? 1 : (axis == 1 ? n[0] : n[0] * n[1]);
    double h[3];

    hep_grid_spacing(h, grid);
    for (size_t row = 0; row < n[1] * n[2]; row++) {
        const size_t across = axis == 1 ? row % n[1] : row / n[1];
        const bool ends = axis != 0 && (across == 0 || across + 1 >= n[axis]);
        const size_t first = row * n[0], inset = axis == 0 ? 1 : 0;
        float *to = out + first;

        if (ends || n[axis] < 3) {
            memset(to, 0, n[0] * sizeof *to);
            continue;
        }
        for (size_t i = inset; i + inset < n[0]; i++)
            to[i] =
                (float)((double)(x[first + i + stride] - x[first + i - stride]) / (2.0 * h[axis]));
        if (axis == 0)
            to[0] = to[n[0] - 1] = 0.0F;
    }
}

void hep_series_curvature(float *out, const float *x, const struct hep_grid *grid,
                          const struct hep_lesion_image *image)
{
    const size_t *n = grid->n;
    double h[3];

    hep_grid_spacing(h, grid);
    memset(out, 0, n[0] * n[1] * n[2] * sizeof *out);
    for (int k = 0; k < 3; k++) {
        const size_t stride = k == 0 ? 1 : (k == 1 ? n[0] : n[0] * n[1]);
        const double factor = 0.5 * pow(image->native_mm[k] / h[k], 2.0);

        for (size_t i = 0; in_plane(image->native_mm, k) && i < n[0] * n[1] * n[2]; i++) {
            const size_t at = i / stride % n[k];

            if (at > 0 && at + 1 < n[k])
                out[i] += (float)(factor * ((double)x[i + stride] + (double)x[i - stride] -
                                            2.0 * (double)x[i]));
        }
    }
}
