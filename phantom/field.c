#include "phantom/field.h"

#include "base/alloc.h"
#include "base/rng.h"

#include <math.h>

/* Mean over the phase of the sum of squared cubic B-spline weights, 151/315, cubed for 3-D. */
#define BSPLINE_SD_3D 0.33189

static void bspline(double w[4], double t)
{
    const double u = 1.0 - t;

    w[0] = u * u * u / 6.0;
    w[1] = (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0;
    w[2] = (3.0 * u * u * u - 6.0 * u * u + 4.0) / 6.0;
    w[3] = t * t * t / 6.0;
}

int hep_field_new_zero(struct hep_field **out, const struct hep_box *box, double step_mm,
                       int n_components, struct hep_error *err)
{
    struct hep_field *f;
    size_t count = (size_t)n_components;

    if (!(step_mm > 0.0) || n_components < 1)
        return HEP_FAIL(err, HEP_EINVAL, "lattice step %g mm, want > 0", step_mm);
    if (HEP_NEW(f, 1, err) != HEP_OK)
        return HEP_ENOMEM;
    f->n_components = n_components;
    f->step_mm = step_mm;
    for (int k = 0; k < 3; k++) {
        const double length = box->hi[k] - box->lo[k];

        if (!(length > 0.0) || length / step_mm > 4096.0) {
            free(f);
            return HEP_FAIL(err, HEP_EINVAL, "field box is %g mm long", length);
        }
        f->origin[k] = box->lo[k];
        f->n[k] = (size_t)ceil(length / step_mm) + 2;
        count *= f->n[k];
    }
    f->data = hep_calloc(count, sizeof *f->data, err);
    if (f->data == NULL) {
        free(f);
        return HEP_ENOMEM;
    }
    *out = f;
    return HEP_OK;
}

void hep_field_free(struct hep_field *f)
{
    if (f == NULL)
        return;
    free(f->data);
    free(f);
}

/* Sum of 64 control values around one lattice node; nodes lie at quarter control distances. */
static double spline_sum(const double *control, const size_t nc[3], const size_t node[3],
                         int n_components, int component)
{
    double w[3][4], sum = 0.0;
    size_t base[3];

    for (int k = 0; k < 3; k++) {
        base[k] = node[k] / 4;
        bspline(w[k], (double)(node[k] % 4) / 4.0);
    }
    for (size_t c = 0; c < 4; c++)
        for (size_t b = 0; b < 4; b++)
            for (size_t a = 0; a < 4; a++) {
                const size_t i = ((base[2] + c) * nc[1] + base[1] + b) * nc[0] + base[0] + a;

                sum += w[2][c] * w[1][b] * w[0][a] *
                       control[i * (size_t)n_components + (size_t)component];
            }
    return sum / BSPLINE_SD_3D;
}

int hep_field_new(struct hep_field **out, const struct hep_box *box, double control_mm,
                  int n_components, uint64_t seed, const char *stream, struct hep_error *err)
{
    struct hep_field *f = NULL;
    struct hep_rng rng = { seed, hep_rng_stream(stream), 0 };
    double *control = NULL;
    size_t nc[3], count = (size_t)n_components;
    int rc;

    rc = hep_field_new_zero(&f, box, control_mm / 4.0, n_components, err);
    if (rc != HEP_OK)
        return rc;
    for (int k = 0; k < 3; k++) {
        nc[k] = f->n[k] / 4 + 4;
        count *= nc[k];
    }
    control = hep_calloc(count, sizeof *control, err);
    if (control == NULL) {
        hep_field_free(f);
        return HEP_ENOMEM;
    }
    for (size_t i = 0; i < count; i++)
        control[i] = hep_rng_next_normal(&rng);
    for (size_t z = 0, i = 0; z < f->n[2]; z++)
        for (size_t y = 0; y < f->n[1]; y++)
            for (size_t x = 0; x < f->n[0]; x++)
                for (int c = 0; c < n_components; c++, i++)
                    f->data[i] = (float)spline_sum(control, nc, (const size_t[3]){ x, y, z },
                                                   n_components, c);
    free(control);
    *out = f;
    return HEP_OK;
}

/* Lattice cell of a point and the weights of its eight corners; points outside take the nearest cell. */
static size_t locate(double w[8], size_t offset[8], const struct hep_field *f, const double p[3])
{
    size_t i[3];
    double t[3];
    const size_t sy = f->n[0], sz = f->n[0] * f->n[1];

    for (int k = 0; k < 3; k++) {
        double v = (p[k] - f->origin[k]) / f->step_mm;
        const double top = (double)(f->n[k] - 1);

        v = v > 0.0 ? (v < top ? v : top) : 0.0;
        i[k] = (size_t)v;
        if (i[k] > f->n[k] - 2)
            i[k] = f->n[k] - 2;
        t[k] = v - (double)i[k];
    }
    for (size_t c = 0; c < 8; c++) {
        w[c] = ((c & 1) ? t[0] : 1.0 - t[0]) * ((c & 2) ? t[1] : 1.0 - t[1]) *
               ((c & 4) ? t[2] : 1.0 - t[2]);
        offset[c] = (c & 1) + ((c >> 1) & 1) * sy + (c >> 2) * sz;
    }
    return (i[2] * f->n[1] + i[1]) * f->n[0] + i[0];
}

void hep_field_at(double *out, const struct hep_field *f, const double p[3])
{
    double w[8];
    size_t offset[8];
    const size_t base = locate(w, offset, f, p), n = (size_t)f->n_components;

    for (size_t k = 0; k < n; k++) {
        double sum = 0.0;

        for (size_t c = 0; c < 8; c++)
            sum += w[c] * (double)f->data[(base + offset[c]) * n + k];
        out[k] = sum;
    }
}

double hep_field_value(const struct hep_field *f, const double p[3])
{
    double w[8], sum = 0.0;
    size_t offset[8];
    const size_t base = locate(w, offset, f, p), n = (size_t)f->n_components;

    for (size_t c = 0; c < 8; c++)
        sum += w[c] * (double)f->data[(base + offset[c]) * n];
    return sum;
}

/* ---- fine noise ------------------------------------------------------------------------------ */

/* Periodic Gaussian along one axis of the cube, through a line buffer. */
static void smooth_axis(float *tile, size_t stride, const double *kernel, int radius)
{
    const size_t n = HEP_TILE_N;
    double line[HEP_TILE_N];

    for (size_t i = 0; i < n * n * n; i++) {
        if ((i / stride) % n != 0)
            continue;
        for (size_t k = 0; k < n; k++) {
            line[k] = 0.0;
            for (int r = -radius; r <= radius; r++) {
                const size_t j = (k + n + (size_t)(r + (int)n)) % n;

                line[k] += kernel[r < 0 ? -r : r] * (double)tile[i + j * stride];
            }
        }
        for (size_t k = 0; k < n; k++)
            tile[i + k * stride] = (float)line[k];
    }
}

static void standardise(float *tile, size_t count)
{
    double sum = 0.0, sq = 0.0;

    for (size_t i = 0; i < count; i++)
        sum += (double)tile[i];
    sum /= (double)count;
    for (size_t i = 0; i < count; i++)
        sq += ((double)tile[i] - sum) * ((double)tile[i] - sum);
    sq = sqrt(sq / (double)count);
    for (size_t i = 0; i < count; i++)
        tile[i] = (float)(((double)tile[i] - sum) / sq);
}

int hep_tile_new(float **tile, double sigma_voxels, uint64_t seed, const char *stream,
                 struct hep_error *err)
{
    enum { MAX_RADIUS = 12 };
    const size_t count = (size_t)HEP_TILE_N * HEP_TILE_N * HEP_TILE_N;
    struct hep_rng rng = { seed, hep_rng_stream(stream), 0 };
    double kernel[MAX_RADIUS + 1], total = 0.0;
    int radius = (int)ceil(3.0 * sigma_voxels);
    float *t;

    if (!(sigma_voxels > 0.0) || radius > MAX_RADIUS)
        return HEP_FAIL(err, HEP_EINVAL, "texture SD %g voxels, want 0 < SD <= 4", sigma_voxels);
    if (HEP_NEW(t, count, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < count; i++)
        t[i] = (float)hep_rng_next_normal(&rng);
    for (int r = 0; r <= radius; r++) {
        kernel[r] = exp(-0.5 * r * r / (sigma_voxels * sigma_voxels));
        total += r == 0 ? kernel[r] : 2.0 * kernel[r];
    }
    for (int r = 0; r <= radius; r++)
        kernel[r] /= total;
    smooth_axis(t, 1, kernel, radius);
    smooth_axis(t, HEP_TILE_N, kernel, radius);
    smooth_axis(t, (size_t)HEP_TILE_N * HEP_TILE_N, kernel, radius);
    standardise(t, count);
    *tile = t;
    return HEP_OK;
}
