#include "phantom/degrade.h"

#include "base/alloc.h"
#include "base/rng.h"

#include <math.h>

/* ---- off-resonance --------------------------------------------------------------------------- */

/* Share of gas in each lattice cell. */
static void gas_share(struct hep_field *f, const struct hep_anatomy *a)
{
    const double cell = f->step_mm;
    const double per_cell = pow(cell / a->step_mm, 3.0);

    for (size_t z = 0, i = 0; z < a->grid.n[2]; z++)
        for (size_t y = 0; y < a->grid.n[1]; y++)
            for (size_t x = 0; x < a->grid.n[0]; x++, i++) {
                size_t c[3] = { x, y, z };

                if (a->label[i] != HEP_LABEL_GAS && a->label[i] != HEP_LABEL_LUNG)
                    continue;
                for (int k = 0; k < 3; k++)
                    c[k] = (size_t)((double)c[k] * a->step_mm / cell + 0.5);
                f->data[(c[2] * f->n[1] + c[1]) * f->n[0] + c[0]] += (float)(1.0 / per_cell);
            }
}

#define BLUR_REACH_MAX 32

/* Gaussian along one line of n values, stride apart, through a buffer. */
static void blur_line(float *first, size_t n, size_t stride, double sd, double *line)
{
    const long full = (long)ceil(3.0 * sd), last = (long)n - 1;
    const long reach = full < BLUR_REACH_MAX ? full : BLUR_REACH_MAX;
    double kernel[BLUR_REACH_MAX + 1] = { 0.0 };

    for (long r = 0; r <= reach; r++)
        kernel[r] = exp(-0.5 * (double)(r * r) / (sd * sd));
    for (long k = 0; k <= last; k++) {
        double total = 0.0;

        line[k] = 0.0;
        for (long r = -reach; r <= reach; r++) {
            const long at = k + r < 0 ? 0 : (k + r > last ? last : k + r);
            const double w = kernel[r < 0 ? -r : r];

            line[k] += w * (double)first[(size_t)at * stride];
            total += w;
        }
        line[k] /= total;
    }
    for (size_t k = 0; k < n; k++)
        first[k * stride] = (float)line[k];
}

static void blur_axis(struct hep_field *f, int axis, double sd_cells, double *line)
{
    const size_t stride = axis == 0 ? 1 : axis == 1 ? f->n[0] : f->n[0] * f->n[1];
    const size_t blocks = axis == 0 ? f->n[1] * f->n[2] : axis == 1 ? f->n[2] : 1;

    for (size_t block = 0; block < blocks; block++)
        for (size_t i = 0; i < stride; i++)
            blur_line(f->data + block * stride * f->n[axis] + i, f->n[axis], stride, sd_cells,
                      line);
}

int hep_offset_field_new(struct hep_field **out, const struct hep_anatomy *a, double peak_hz,
                         struct hep_error *err)
{
    const struct hep_box box = hep_shape_box();
    struct hep_field *f = NULL;
    size_t count;
    double *line;
    float top = 0.0F;
    int rc;

    rc = hep_field_new_zero(&f, &box, 6.0, 1, err);
    if (rc != HEP_OK)
        return rc;
    line = hep_calloc(f->n[0] + f->n[1] + f->n[2], sizeof *line, err);
    if (line == NULL) {
        hep_field_free(f);
        return HEP_ENOMEM;
    }
    gas_share(f, a);
    for (int axis = 0; axis < 3; axis++)
        blur_axis(f, axis, 2.5, line);
    free(line);
    count = f->n[0] * f->n[1] * f->n[2];
    for (size_t i = 0; i < count;
         i++) /* fmax() of widened values here crashes gcc 12 for aarch64 */
        top = f->data[i] > top ? f->data[i] : top;
    for (size_t i = 0; top > 0.0F && i < count; i++)
        f->data[i] = (float)((double)f->data[i] * peak_hz / (double)top);
    *out = f;
    return HEP_OK;
}

/* ---- receive field and signal loss ----------------------------------------------------------- */

double hep_bias_at(const struct hep_event *e, const double p[3])
{
    const double x = p[0] / 170.0, y = p[1] / 115.0, z = p[2] / 110.0;
    const double terms[9] = {
        x, y, z, x * x - 0.33, y * y - 0.33, z * z - 0.33, x * y, y * z, x * z
    };
    double log_bias = 0.0;

    for (int k = 0; k < 9; k++)
        log_bias += e->bias[k] * terms[k];
    log_bias = fmin(fmax(log_bias, -0.36), 0.27);
    log_bias += e->hot[0] * exp((p[1] - 105.0) / 28.0) + e->hot[1] * exp((-p[1] - 115.0) / 28.0);
    return exp(e->bias_level * fmin(log_bias, 0.7));
}

/* Multiply by a function of the world point; t selects the volume. */
typedef double factor_fn(const void *context, const double p[3], size_t t);

static void multiply(struct hep_volume *v, factor_fn *factor, const void *context, int nthreads)
{
    const size_t *n = v->grid.n;
    const size_t voxels = n[0] * n[1] * n[2];

#pragma omp parallel for schedule(static) num_threads(nthreads)
    for (size_t z = 0; z < n[2]; z++)
        for (size_t y = 0; y < n[1]; y++)
            for (size_t x = 0; x < n[0]; x++) {
                const size_t i = (z * n[1] + y) * n[0] + x;
                double p[3];

                hep_grid_to_world(p, &v->grid,
                                  (const double[3]){ (double)x, (double)y, (double)z });
                for (size_t t = 0; t < v->nt; t++) {
                    float *s = &v->data[t * voxels + i];

                    *s = (float)((double)*s * factor(context, p, t));
                }
            }
}

static double bias_factor(const void *context, const double p[3], size_t t)
{
    (void)t;
    return hep_bias_at(context, p);
}

void hep_degrade_bias(struct hep_volume *v, const struct hep_event *e, int nthreads)
{
    if (e->bias_level > 0.0)
        multiply(v, bias_factor, e, nthreads);
}

struct cardiac {
    const struct hep_shape *shape;
    const struct hep_series_event *event;
};

static double cardiac_factor(const void *context, const double p[3], size_t t)
{
    const struct cardiac *c = context;
    double q[3], rest[3], far;

    if (!(c->event->cardiac_loss[t] > 0.0) && !(c->event->heart_exponent[t] > 0.0))
        return 1.0;
    hep_motion_undo(rest, &c->event->motion, p);
    hep_shape_standard(q, c->shape, rest);
    far = fmax(hep_organ_heart(q), 0.0);
    return (1.0 - c->event->cardiac_loss[t] * exp(-far / 18.0)) *
           exp(-c->event->heart_exponent[t] * exp(-far / 30.0));
}

void hep_degrade_cardiac(struct hep_volume *v, const struct hep_shape *shape,
                         const struct hep_series_event *e, int nthreads)
{
    const struct cardiac c = { shape, e };
    bool any = false;

    for (size_t t = 0; t < v->nt && t < HEP_SIM_MAX_VOLUMES; t++)
        any = any || e->cardiac_loss[t] > 0.0 || e->heart_exponent[t] > 0.0;
    if (any)
        multiply(v, cardiac_factor, &c, nthreads);
}

/* ---- point spread ---------------------------------------------------------------------------- */

/* One axis of all volumes of v; index axis 0, 1 or 2. */
static void spread_axis(struct hep_volume *v, int axis, double sd, double *lines, size_t length,
                        int nthreads)
{
    const size_t *n = v->grid.n;
    const size_t stride = axis == 0 ? 1 : axis == 1 ? n[0] : n[0] * n[1];
    /* along slices the lines of one row are worked on together, else those of one slice */
    const size_t blocks = (axis == 2 ? n[1] : n[2]) * v->nt;
    const size_t across = axis == 0 ? n[1] : n[0];

#pragma omp parallel for schedule(static) num_threads(nthreads)
    for (size_t block = 0; block < blocks; block++) {
        const size_t part = axis == 2 ? n[1] : n[2];
        const size_t t = block / part, at = block % part;
        float *first = v->data + t * n[0] * n[1] * n[2] + at * (axis == 2 ? n[0] : n[0] * n[1]);

        for (size_t i = 0; i < across; i++)
            blur_line(first + i * (axis == 0 ? n[0] : 1), n[axis], stride, sd,
                      lines + block * length);
    }
}

int hep_degrade_psf(struct hep_volume *v, const double sd_voxels[3], int nthreads,
                    struct hep_error *err)
{
    const size_t *n = v->grid.n;
    const size_t length = n[0] > n[1] ? (n[0] > n[2] ? n[0] : n[2]) : (n[1] > n[2] ? n[1] : n[2]);
    double *lines;

    if (!(sd_voxels[0] > 0.0) && !(sd_voxels[1] > 0.0) && !(sd_voxels[2] > 0.0))
        return HEP_OK;
    if (HEP_NEW(lines, length * (n[1] + n[2]) * v->nt, err) != HEP_OK)
        return HEP_ENOMEM;
    for (int axis = 0; axis < 3; axis++)
        if (sd_voxels[axis] > 0.0)
            spread_axis(v, axis, sd_voxels[axis], lines, length, nthreads);
    free(lines);
    return HEP_OK;
}

/* ---- fat and pulsation ----------------------------------------------------------------------- */

static double fat_factor(const void *context, const double p[3], size_t t)
{
    const struct hep_series_event *e = context;
    const double off = (hep_field_value(e->fat_field, p) - 0.4) / 0.8;

    (void)t;
    return 1.0 + e->fat_gain * fmin(fmax(off, 0.0), 1.0);
}

void hep_degrade_fat(struct hep_volume *fat, const struct hep_series_event *e, int nthreads)
{
    if (e->fat_gain > 0.0)
        multiply(fat, fat_factor, e, nthreads);
}

void hep_degrade_pulsation(struct hep_volume *v, const float *aorta, double ghost, double shift,
                           int nthreads)
{
    const size_t *n = v->grid.n;
    const double step = shift * (double)n[1];

#pragma omp parallel for schedule(static) num_threads(nthreads)
    for (size_t z = 0; z < n[2]; z++)
        for (size_t y = 0; y < n[1]; y++)
            for (size_t x = 0; x < n[0]; x++) {
                float *to = &v->data[(z * n[1] + y) * n[0] + x];
                double sum = (double)*to;

                /* Side bands of the beat: pairs, fainter outwards, in phase and against it. */
                for (int k = 1; k <= 3; k++)
                    for (int side = -1; side <= 1; side += 2) {
                        const long from = (long)y + lround((double)(side * k) * step);
                        const long in = ((from % (long)n[1]) + (long)n[1]) % (long)n[1];

                        sum += (side * k % 2 == 0 ? -1.0 : 1.0) * ghost / k *
                               (double)aorta[(z * n[1] + (size_t)in) * n[0] + x];
                    }
                *to = (float)fmax(sum, 0.0);
            }
}

/* ---- ghosts ---------------------------------------------------------------------------------- */

struct ghosts {
    int n;
    double shift[5], amplitude[5];
};

static void ghost_line(float *out, size_t stride, const float *line, size_t n,
                       const struct ghosts *g)
{
    for (size_t y = 0; y < n; y++) {
        double sum = 0.0, blur = 0.0;

        for (int r = -3; r <= 3; r++) {
            const long j = (long)y + r;

            if (j >= 0 && j < (long)n)
                blur += (double)line[j] * exp(-0.125 * r * r) / 4.86;
        }
        sum = 0.7 * (double)line[y] + 0.3 * blur;
        for (int k = 0; k < g->n; k++) {
            /* fold-over: the field of view repeats */
            const double from = (double)y - g->shift[k] + 4.0 * (double)n;

            sum += g->amplitude[k] * (double)line[(size_t)from % n];
        }
        out[y * stride] = (float)sum;
    }
}

int hep_degrade_transient(struct hep_volume *v, uint64_t seed, int nthreads, struct hep_error *err)
{
    const size_t nx = v->grid.n[0], ny = v->grid.n[1], nz = v->grid.n[2];
    struct hep_rng rng = { seed, hep_rng_stream("ghosts"), 0 };
    struct ghosts g = { .n = 3 + (int)(3.0 * hep_rng_next(&rng)) };
    float *lines = hep_calloc(nz * ny, sizeof *lines, err);

    if (lines == NULL)
        return HEP_ENOMEM;
    for (int k = 0; k < g.n; k++) {
        const int pair = k / 2 + 1;
        const double order = k % 2 == 0 ? pair : -pair;

        g.shift[k] = order * (double)ny * hep_rng_next_range(&rng, 0.09, 0.13);
        g.amplitude[k] = hep_rng_next_range(&rng, 0.10, 0.22) / pair;
    }
#pragma omp parallel for schedule(static) num_threads(nthreads)
    for (size_t z = 0; z < nz; z++)
        for (size_t x = 0; x < nx; x++) {
            float *line = lines + z * ny, *first = v->data + z * ny * nx + x;

            for (size_t y = 0; y < ny; y++)
                line[y] = first[y * nx];
            ghost_line(first, nx, line, ny, &g);
        }
    free(lines);
    return HEP_OK;
}

/* ---- noise and gain -------------------------------------------------------------------------- */

void hep_degrade_noise(struct hep_volume *v, double sd, uint64_t seed, const char *name,
                       int nthreads)
{
    const uint64_t stream =
        hep_rng_stream("noise") ^ (hep_rng_stream(name) * 0x9E3779B97F4A7C15ULL);
    const size_t n = hep_grid_voxels(&v->grid) * v->nt;

    if (!(sd > 0.0))
        return;
#pragma omp parallel for schedule(static) num_threads(nthreads)
    for (size_t i = 0; i < n; i++) {
        double z[2], re, im;

        hep_rng_normal2(z, seed, stream, i);
        re = (double)v->data[i] + sd * z[0];
        im = sd * z[1];
        v->data[i] = (float)sqrt(re * re + im * im);
    }
}

void hep_degrade_gain(struct hep_volume *v, double gain)
{
    const size_t n = hep_grid_voxels(&v->grid) * v->nt;

    for (size_t i = 0; i < n; i++)
        v->data[i] = (float)((double)v->data[i] * gain);
}
