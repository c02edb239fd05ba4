#include "radiomics/mesh.h"

#include "base/alloc.h"

#include <complex.h>
#include <fftw3.h>

#include <math.h>
#include <string.h>

/* Sizes with factors 2, 3 and 5 alone are fast (FFTW manual, 2.1). */
static size_t fast_size(size_t least)
{
    for (size_t n = least;; n++) {
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
    size_t from[3], n[3], padded[3], half, total;
    double *real;
    fftw_complex *spectrum[4]; /* of the weights, of x, of x squared, and of the mask */
};
enum { WEIGHTS, X, XX, ONE };

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
    }
    f->half = (f->padded[0] / 2 + 1) * f->padded[1] * f->padded[2];
    f->total = f->padded[0] * f->padded[1] * f->padded[2];
}

/* 1/distance for each displacement, which may be negative: the upper half of an axis. */
static void fill_weights(struct field *f, const struct hep_region *r)
{
    size_t i = 0;

    for (size_t z = 0; z < f->padded[2]; z++) {
        for (size_t y = 0; y < f->padded[1]; y++) {
            for (size_t x = 0; x < f->padded[0]; x++, i++) {
                double dx = (double)(x < f->n[0] ? x : f->padded[0] - x) * r->mm[0];
                double dy = (double)(y < f->n[1] ? y : f->padded[1] - y) * r->mm[1];
                double dz = (double)(z < f->n[2] ? z : f->padded[2] - z) * r->mm[2];

                f->real[i] = i > 0 ? 1.0 / sqrt(dx * dx + dy * dy + dz * dz) : 0.0;
            }
        }
    }
}

/* (value - mean)^power inside, 0 elsewhere. */
static void fill_power(struct field *f, const struct hep_region *r, double mean, int power)
{
    memset(f->real, 0, f->total * sizeof *f->real);
    for (size_t z = 0; z < f->n[2]; z++) {
        for (size_t y = 0; y < f->n[1]; y++) {
            for (size_t x = 0; x < f->n[0]; x++) {
                size_t i = x + f->from[0] + r->n[0] * (y + f->from[1] + r->n[1] * (z + f->from[2]));
                double d = (double)r->value[i] - mean;

                if (r->inside[i])
                    f->real[x + f->padded[0] * (y + f->padded[1] * z)] = power == 0   ? 1.0
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
    size_t row = f->padded[0] / 2 + 1;
    double sum = 0.0;

    for (size_t i = 0; i < f->half; i++) {
        size_t x = i % row;
        double twice = x == 0 || 2 * x == f->padded[0] ? 1.0 : 2.0;

        sum += twice * creal(f->spectrum[WEIGHTS][i]) *
               creal(f->spectrum[a][i] * conj(f->spectrum[b][i]));
    }
    return sum / (double)f->total;
}

static int transform_all(struct field *f, const struct hep_region *r, double mean,
                         struct hep_error *err)
{
    int rc = HEP_OK;

    f->real = fftw_alloc_real(f->total);
    for (int k = 0; k < 4; k++)
        f->spectrum[k] = fftw_alloc_complex(f->half);
    if (f->real == NULL || f->spectrum[0] == NULL || f->spectrum[1] == NULL ||
        f->spectrum[2] == NULL || f->spectrum[3] == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for spatial correlation of %zu points",
                        f->total);
    for (int k = 0; rc == HEP_OK && k < 4; k++) {
        fftw_plan plan =
            fftw_plan_dft_r2c_3d((int)f->padded[2], (int)f->padded[1], (int)f->padded[0], f->real,
                                 f->spectrum[k], FFTW_ESTIMATE);

        if (plan == NULL)
            return HEP_FAIL(err, HEP_ENOMEM, "no plan for a transform of %zu points", f->total);
        if (k == WEIGHTS)
            fill_weights(f, r);
        else
            fill_power(f, r, mean, k == ONE ? 0 : k);
        fftw_execute(plan);
        fftw_destroy_plan(plan);
    }
    return rc;
}

int hep_spatial_correlation(double *moran, double *geary, const struct hep_region *r,
                            struct hep_error *err)
{
    struct field f = { 0 };
    double n = (double)r->n_voxels;
    double mean = 0.0;
    double squares = 0.0;
    int rc = HEP_OK;

    *moran = *geary = NAN;
    if (r->n_voxels < 2 || !(r->sorted[r->n_voxels - 1] > r->sorted[0]))
        return HEP_OK;
    for (size_t i = 0; i < r->n_voxels; i++)
        mean += (double)r->sorted[i] / n;
    for (size_t i = 0; i < r->n_voxels; i++)
        squares += ((double)r->sorted[i] - mean) * ((double)r->sorted[i] - mean);
    fit_box(&f, r);
    rc = transform_all(&f, r, mean, err);
    if (rc == HEP_OK) {
        double weights = pair_sum(&f, ONE, ONE);
        double products = pair_sum(&f, X, X);
        double differences = 2.0 * pair_sum(&f, XX, ONE) - 2.0 * products;

        *moran = n / weights * products / squares;
        *geary = (n - 1.0) / (2.0 * weights) * differences / squares;
    }
    fftw_free(f.real);
    for (int k = 0; k < 4; k++)
        fftw_free(f.spectrum[k]);
    return rc;
}
