#include "radiomics/mesh.h"

#include "base/alloc.h"

#include <complex.h>
#include <fftw3.h>

#include <math.h>
#include <string.h>

/* Even sizes with factors 2, 3 and 5 alone are fast (FFTW manual, 2.1). */
static size_t fast_size(size_t least)
{
    for (size_t n = least + least % 2;; n += 2) {
        size_t rest = n;

        while (rest % 2 == 0)
            rest /= 2;
        while (rest % 3 == 0)
            rest /= 3;
        while (rest % 5 == 0)
            rest /= 5;
        if (rest == 1)
            return n;
    }
}

/* Box of the intensity mask, padded to twice its size so that the transform's copies do not meet. */
struct field {
    size_t from[3], n[3], padded[3], side[3], half, total;
    double *real;   /* the box, each row padded */
    double *weight; /* spectrum of the weights, side[] = padded[] / 2 + 1 along each axis */
    fftw_complex *spectrum[2]; /* of the mask; of x, then of x squared */
};
enum { ONE, POWER };

static void fit_box(struct field *f, const struct hep_region *r)
{
    size_t to[3] = { 0, 0, 0 };

    for (int a = 0; a < 3; a++)
        f->from[a] = r->n[a];
    for (size_t i = 0; i < r->total; i++) {
        const size_t at[3] = { i % r->n[0], i / r->n[0] % r->n[1], i / (r->n[0] * r->n[1]) };

        for (int a = 0; r->inside[i] && a < 3; a++) {
            f->from[a] = at[a] < f->from[a] ? at[a] : f->from[a];
            to[a] = at[a] > to[a] ? at[a] : to[a];
        }
    }
    for (int a = 0; a < 3; a++) {
        f->n[a] = to[a] - f->from[a] + 1;
        f->padded[a] = fast_size(2 * f->n[a]);
        f->side[a] = f->padded[a] / 2 + 1;
    }
    f->half = f->side[0] * f->padded[1] * f->padded[2];
    f->total = f->padded[0] * f->padded[1] * f->padded[2];
}

/* 1/distance is real and even along each axis: an eighth of it and a cosine transform (FFTW's REDFT00) give its whole
 * spectrum, which is real and even as well. */
static int transform_weights(struct field *f, const struct hep_region *r, struct hep_error *err)
{
    const fftw_r2r_kind kind = FFTW_REDFT00;
    size_t i = 0;
    fftw_plan plan;

    f->weight = fftw_alloc_real(f->side[0] * f->side[1] * f->side[2]);
    plan = f->weight == NULL
               ? NULL
               : fftw_plan_r2r_3d((int)f->side[2], (int)f->side[1], (int)f->side[0], f->weight,
                                  f->weight, kind, kind, kind, FFTW_ESTIMATE);
    if (plan == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for spatial correlation of %zu points",
                        f->total);
    for (size_t z = 0; z < f->side[2]; z++) {
        for (size_t y = 0; y < f->side[1]; y++) {
            for (size_t x = 0; x < f->side[0]; x++, i++) {
                const double dx = (double)x * r->mm[0];
                const double dy = (double)y * r->mm[1];
                const double dz = (double)z * r->mm[2];

                f->weight[i] = i > 0 ? 1.0 / sqrt(dx * dx + dy * dy + dz * dz) : 0.0;
            }
        }
    }
    fftw_execute(plan);
    fftw_destroy_plan(plan);
    return HEP_OK;
}

/* (value - mean)^power inside, 0 elsewhere. */
static void fill_power(struct field *f, const struct hep_region *r, double mean, int power)
{
    memset(f->real, 0, f->padded[0] * f->n[1] * f->n[2] * sizeof *f->real);
    for (size_t z = 0; z < f->n[2]; z++) {
        for (size_t y = 0; y < f->n[1]; y++) {
            for (size_t x = 0; x < f->n[0]; x++) {
                size_t i = x + f->from[0] + r->n[0] * (y + f->from[1] + r->n[1] * (z + f->from[2]));
                double d = (double)r->value[i] - mean;

                if (r->inside[i])
                    f->real[x + f->padded[0] * (y + f->n[1] * z)] = power == 0   ? 1.0
                                                                    : power == 1 ? d
                                                                                 : d * d;
            }
        }
    }
}

/* Sum over pairs of w a b = sum of W A conj(B) over the spectrum / total; the half that a real transform leaves out
 * equals the half that it has. */
static double pair_sum(const struct field *f, int a, int b)
{
    double sum = 0.0;
    size_t i = 0;

    for (size_t z = 0; z < f->padded[2]; z++) {
        const size_t wz = z < f->side[2] ? z : f->padded[2] - z;

        for (size_t y = 0; y < f->padded[1]; y++) {
            const size_t wy = y < f->side[1] ? y : f->padded[1] - y;
            const double *w = &f->weight[f->side[0] * (wy + f->side[1] * wz)];
            double row = 0.0;

            for (size_t x = 0; x < f->side[0]; x++, i++) {
                const double *p = (const double *)&f->spectrum[a][i];
                const double *q = (const double *)&f->spectrum[b][i];
                const double twice = x == 0 || x + 1 == f->side[0] ? 1.0 : 2.0;

                row += twice * w[x] * (p[0] * q[0] + p[1] * q[1]);
            }
            sum += row;
        }
    }
    return sum / (double)f->total;
}

/* Real to complex along the first axis, then in place along the second and the third: what the padding holds is 0, so
 * that only the rows and slices of the box are transformed before the axis along which they spread. */
static int make_plans(fftw_plan plan[3], const struct field *f, int which)
{
    const int row = (int)f->side[0];
    const int slice = row * (int)f->padded[1];
    const int real_row = (int)f->padded[0];
    const fftw_iodim along[3] = { { real_row, 1, 1 },
                                  { (int)f->padded[1], row, row },
                                  { (int)f->padded[2], slice, slice } };
    const fftw_iodim over[3][2] = {
        { { (int)f->n[1], real_row, row }, { (int)f->n[2], real_row * (int)f->n[1], slice } },
        { { row, 1, 1 }, { (int)f->n[2], slice, slice } },
        { { slice, 1, 1 }, { 1, 0, 0 } },
    };
    fftw_complex *out = f->spectrum[which];

    plan[0] = fftw_plan_guru_dft_r2c(1, &along[0], 2, over[0], f->real, out, FFTW_ESTIMATE);
    for (int a = 1; a < 3; a++)
        plan[a] =
            fftw_plan_guru_dft(1, &along[a], 2, over[a], out, out, FFTW_FORWARD, FFTW_ESTIMATE);
    return plan[0] != NULL && plan[1] != NULL && plan[2] != NULL ? HEP_OK : HEP_ENOMEM;
}

static int transform(struct field *f, int which, const struct hep_region *r, double mean, int power,
                     struct hep_error *err)
{
    fftw_plan plan[3] = { NULL, NULL, NULL };
    int rc = make_plans(plan, f, which);

    if (rc == HEP_OK) {
        (void)memset(f->spectrum[which], 0, f->half * sizeof *f->spectrum[which]);
        fill_power(f, r, mean, power);
        for (int a = 0; a < 3; a++)
            fftw_execute(plan[a]);
    } else {
        rc = HEP_FAIL(err, HEP_ENOMEM, "no plan for a transform of %zu points", f->total);
    }
    for (int a = 0; a < 3; a++) {
        if (plan[a] != NULL)
            fftw_destroy_plan(plan[a]);
    }
    return rc;
}

/* Sums over pairs: of the weights, of products, and of squares with weights. */
static int pair_sums(double sums[3], struct field *f, const struct hep_region *r, double mean,
                     struct hep_error *err)
{
    int rc = transform_weights(f, r, err);

    if (rc != HEP_OK)
        return rc;
    f->real = fftw_alloc_real(f->padded[0] * f->n[1] * f->n[2]);
    f->spectrum[ONE] = fftw_alloc_complex(f->half);
    f->spectrum[POWER] = fftw_alloc_complex(f->half);
    if (f->real == NULL || f->spectrum[ONE] == NULL || f->spectrum[POWER] == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for spatial correlation of %zu points",
                        f->total);
    rc = transform(f, ONE, r, mean, 0, err);
    if (rc == HEP_OK)
        rc = transform(f, POWER, r, mean, 1, err);
    if (rc != HEP_OK)
        return rc;
    sums[0] = pair_sum(f, ONE, ONE);
    sums[1] = pair_sum(f, POWER, POWER);
    rc = transform(f, POWER, r, mean, 2, err);
    if (rc == HEP_OK)
        sums[2] = pair_sum(f, POWER, ONE);
    return rc;
}

int hep_spatial_correlation(double *moran, double *geary, const struct hep_region *r,
                            struct hep_error *err)
{
    struct field f = { 0 };
    double n = (double)r->n_voxels;
    double mean = 0.0;
    double squares = 0.0;
    double sums[3] = { 0.0 };
    int rc = HEP_OK;

    *moran = *geary = NAN;
    if (r->n_voxels < 2 || !(r->sorted[r->n_voxels - 1] > r->sorted[0]))
        return HEP_OK;
    for (size_t i = 0; i < r->n_voxels; i++)
        mean += (double)r->sorted[i] / n;
    for (size_t i = 0; i < r->n_voxels; i++)
        squares += ((double)r->sorted[i] - mean) * ((double)r->sorted[i] - mean);
    fit_box(&f, r);
    rc = pair_sums(sums, &f, r, mean, err);
    if (rc == HEP_OK) {
        const double differences = 2.0 * sums[2] - 2.0 * sums[1];

        *moran = n / sums[0] * sums[1] / squares;
        *geary = (n - 1.0) / (2.0 * sums[0]) * differences / squares;
    }
    fftw_free(f.weight);
    fftw_free(f.real);
    fftw_free(f.spectrum[ONE]);
    fftw_free(f.spectrum[POWER]);
    return rc;
}
