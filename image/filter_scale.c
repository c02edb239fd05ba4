#include "image/filter.h"

#include "image/eigen3.h"
#include "image/filter_smooth.h"
#include "image/threads.h"

#include <math.h>

#define FRANGI_ALPHA 0.5
#define FRANGI_BETA 0.5

/* A volume as derivatives see it: the edge voxel repeats. */
struct field {
    const float *data;
    size_t n[3], stride[3];
    double mm[3];
};

static struct field field_of(const struct hep_volume *v)
{
    struct field f = { .data = v->data };

    for (int k = 0; k < 3; k++)
        f.n[k] = v->grid.n[k];
    f.stride[0] = 1;
    f.stride[1] = f.n[0];
    f.stride[2] = f.n[0] * f.n[1];
    hep_grid_spacing(f.mm, &v->grid);
    return f;
}

/* Offsets of the neighbours of voxel i along each axis, 0 at the border; returns by lo and hi. */
static void neighbours(size_t lo[3], size_t hi[3], const struct field *f, size_t i)
{
    for (int k = 0; k < 3; k++) {
        const size_t p = i / f->stride[k] % f->n[k];

        lo[k] = p > 0 ? f->stride[k] : 0;
        hi[k] = p + 1 < f->n[k] ? f->stride[k] : 0;
    }
}

static double value_at(const struct field *f, size_t i)
{
    return (double)f->data[i];
}

static double second(const struct field *f, size_t i, const size_t lo[3], const size_t hi[3], int k)
{
    return (value_at(f, i + hi[k]) - 2.0 * value_at(f, i) + value_at(f, i - lo[k])) /
           (f->mm[k] * f->mm[k]);
}

static double mixed(const struct field *f, size_t i, const size_t lo[3], const size_t hi[3], int k,
                    int m)
{
    return (value_at(f, i + hi[k] + hi[m]) - value_at(f, i + hi[k] - lo[m]) -
            value_at(f, i - lo[k] + hi[m]) + value_at(f, i - lo[k] - lo[m])) /
           (4.0 * f->mm[k] * f->mm[m]);
}

/* xx, yy, zz, xy, xz, yz along the index axes, which are taken as orthogonal. */
static void hessian(double h[6], const struct field *f, size_t i)
{
    size_t lo[3];
    size_t hi[3];

    neighbours(lo, hi, f, i);
    for (int k = 0; k < 3; k++)
        h[k] = second(f, i, lo, hi, k);
    h[3] = mixed(f, i, lo, hi, 0, 1);
    h[4] = mixed(f, i, lo, hi, 0, 2);
    h[5] = mixed(f, i, lo, hi, 1, 2);
}

static int check_sigma(double sigma_mm, struct hep_error *err)
{
    if (!(sigma_mm > 0.0 && isfinite(sigma_mm)))
        return HEP_FAIL(err, HEP_EINVAL, "scale is %g mm, need more than 0", sigma_mm);
    return HEP_OK;
}

/* A smoothed copy of volume 0. */
static int smoothed(struct hep_volume **out, const struct hep_volume *v, double sigma_mm,
                    int nthreads, struct hep_error *err)
{
    int rc = check_sigma(sigma_mm, err);

    if (rc == HEP_OK)
        rc = hep_volume_pick(out, v, 0, err);
    if (rc == HEP_OK)
        rc = hep_smooth_fill(*out, NULL, sigma_mm, nthreads, err);
    return rc;
}

static double norm(const double h[6])
{
    return sqrt(h[0] * h[0] + h[1] * h[1] + h[2] * h[2] +
                2.0 * (h[3] * h[3] + h[4] * h[4] + h[5] * h[5]));
}

static void swap_doubles(double *a, double *b)
{
    const double t = *a;

    *a = *b;
    *b = t;
}

/* Frangi et al. 1998, eq. 13 for bright vessels, with R_A, R_B and S of eq. 10-12. */
static double frangi(const double h[6], double c)
{
    double e[3];
    double ra;
    double rb;
    double s;

    /* Where both large eigenvalues are negative, so is the sum of all three, the trace. */
    if (!(h[0] + h[1] + h[2] < 0.0))
        return 0.0;
    hep_eigen3(e, h);
    if (fabs(e[0]) > fabs(e[1]))
        swap_doubles(&e[0], &e[1]);
    if (fabs(e[1]) > fabs(e[2]))
        swap_doubles(&e[1], &e[2]);
    if (fabs(e[0]) > fabs(e[1]))
        swap_doubles(&e[0], &e[1]);
    if (!(e[1] < 0.0 && e[2] < 0.0))
        return 0.0;
    ra = fabs(e[1]) / fabs(e[2]);
    rb = fabs(e[0]) / sqrt(e[1] * e[2]);
    s = norm(h);
    return (1.0 - exp(-ra * ra / (2.0 * FRANGI_ALPHA * FRANGI_ALPHA))) *
           exp(-rb * rb / (2.0 * FRANGI_BETA * FRANGI_BETA)) * (1.0 - exp(-s * s / (2.0 * c * c)));
}

/* Raise `best` to the response at one scale. The factor sigma^2 cancels: c is relative to the
 * largest norm. */
static void raise_to_scale(struct hep_volume *best, const struct hep_volume *smooth,
                           const struct hep_volume *v, int threads)
{
    const struct field f = field_of(smooth);
    const size_t n = hep_grid_voxels(&v->grid);
    double largest = 0.0;

#pragma omp parallel for schedule(static) num_threads(threads) reduction(max : largest)
    for (size_t i = 0; i < n; i++) {
        double h[6];
        double size;

        hessian(h, &f, i);
        size = norm(h);
        if (!isnan(v->data[i]) && size > largest)
            largest = size;
    }
    if (!(largest > 0.0))
        return;
#pragma omp parallel for schedule(static) num_threads(threads)
    for (size_t i = 0; i < n; i++) {
        double h[6];
        float response;

        hessian(h, &f, i);
        response = (float)frangi(h, 0.5 * largest);
        if (response > best->data[i])
            best->data[i] = response;
    }
}

int hep_filter_vesselness(struct hep_volume **out, const struct hep_volume *v,
                          const double *sigma_mm, size_t n, int nthreads, struct hep_error *err)
{
    const int threads = hep_threads(nthreads);
    const size_t voxels = hep_grid_voxels(&v->grid);
    struct hep_volume *best = NULL;
    int rc = HEP_OK;

    if (n == 0)
        return HEP_FAIL(err, HEP_EINVAL, "vesselness needs at least 1 scale");
    rc = hep_volume_new(&best, &v->grid, 1, err);
    for (size_t i = 0; i < n && rc == HEP_OK; i++) {
        struct hep_volume *smooth = NULL;

        rc = smoothed(&smooth, v, sigma_mm[i], threads, err);
        if (rc == HEP_OK)
            raise_to_scale(best, smooth, v, threads);
        hep_volume_free(smooth);
    }
    for (size_t i = 0; rc == HEP_OK && i < voxels; i++) {
        if (isnan(v->data[i]))
            best->data[i] = NAN;
    }
    if (rc == HEP_OK) {
        *out = best;
        best = NULL;
    }
    hep_volume_free(best);
    return rc;
}
