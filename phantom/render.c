#include "phantom/render.h"

#include <math.h>

/* Distance of sample points: at most this share of the lattice step, so no node is passed over. */
#define SAMPLE_STEPS 1.0
#define MAX_SAMPLES 512

struct sampler {
    const struct hep_render *r;
    double offset[MAX_SAMPLES][3]; /* world mm, from the voxel centre */
    int n;
    double inv_step, origin[3];
};

void hep_motion_displacement(double d[3], const struct hep_motion *m, const double p[3])
{
    double bend[3] = { 0.0, 0.0, 0.0 };

    if (m->bend != NULL)
        hep_field_at(bend, m->bend, p);
    for (int k = 0; k < 3; k++)
        d[k] = m->shift_mm[k] + m->bend_mm * bend[k];
}

void hep_motion_undo(double p[3], const struct hep_motion *m, const double q[3])
{
    double d[3];

    for (int k = 0; k < 3; k++)
        p[k] = q[k] - m->shift_mm[k];
    if (m->bend == NULL)
        return;
    /* the bend changes by a few per cent over its own size: two steps leave hundredths of a mm */
    for (int it = 0; it < 2; it++) {
        hep_motion_displacement(d, m, p);
        for (int k = 0; k < 3; k++)
            p[k] = q[k] - d[k];
    }
}

static void plan_samples(struct sampler *s, const struct hep_render *r)
{
    double spacing[3], share[3] = { 1.0, 1.0, r->slice_share };
    int n[3];

    s->r = r;
    s->n = 0;
    s->inv_step = 1.0 / r->anatomy->step_mm;
    hep_grid_spacing(spacing, r->grid);
    for (int k = 0; k < 3; k++) {
        n[k] = (int)ceil(spacing[k] * share[k] / (SAMPLE_STEPS * r->anatomy->step_mm) - 1e-6);
        n[k] = n[k] < 2 ? 2 : (n[k] > 8 ? 8 : n[k]);
        s->origin[k] = r->anatomy->grid.to_world[k][3];
    }
    for (int c = 0; c < n[2]; c++)
        for (int b = 0; b < n[1]; b++)
            for (int a = 0; a < n[0]; a++) {
                const double v[3] = { ((a + 0.5) / n[0] - 0.5) * share[0],
                                      ((b + 0.5) / n[1] - 0.5) * share[1],
                                      ((c + 0.5) / n[2] - 0.5) * share[2] };

                for (int k = 0; k < 3; k++)
                    s->offset[s->n][k] = r->grid->to_world[k][0] * v[0] +
                                         r->grid->to_world[k][1] * v[1] +
                                         r->grid->to_world[k][2] * v[2];
                s->n++;
            }
    for (int i = 0; i < s->n; i++)
        for (int k = 0; k < 3; k++) {
            /* moments in another order than places */
            const double moment = (i * 7 % s->n + 0.5) / s->n - 0.5;

            if (r->drift_mm[k] != 0.0)
                s->offset[i][k] -= r->drift_mm[k] * moment;
        }
}

/* Index of the nearest node, or -1 outside the phantom's space. */
static long node_at(const struct sampler *s, const double p[3])
{
    const size_t *n = s->r->anatomy->grid.n;
    long i[3];

    for (int k = 0; k < 3; k++) {
        const double v = (p[k] - s->origin[k]) * s->inv_step + 0.5;

        if (!(v >= 0.0) || v >= (double)n[k])
            return -1;
        i[k] = (long)v;
    }
    return (i[2] * (long)n[1] + i[1]) * (long)n[0] + i[0];
}

static double epi_shift(const struct sampler *s, const double q[3], double d[3])
{
    const struct hep_epi *e = s->r->epi;
    double p[3];
    double mm = e->fat_shift_mm;

    if (e->offset_hz != NULL) {
        hep_motion_undo(p, s->r->motion, q);
        mm += e->mm_per_hz * hep_field_value(e->offset_hz, p);
    }
    for (int k = 0; k < 3; k++)
        d[k] = q[k] - mm * e->direction[k];
    return mm;
}

/* Anatomical point shown at scanner point q, and the factor of its intensity. */
static double source_point(double p[3], const struct sampler *s, const double q[3])
{
    double from[3] = { q[0], q[1], q[2] }, weight = 1.0;

    if (s->r->epi != NULL) {
        const double h = 1.5;
        const double *dir = s->r->epi->direction;
        const double ahead[3] = { q[0] + h * dir[0], q[1] + h * dir[1], q[2] + h * dir[2] };
        double unused[3];
        const double here = epi_shift(s, q, from);

        weight = fmin(fmax(1.0 - (epi_shift(s, ahead, unused) - here) / h, 0.2), 3.0);
    }
    hep_motion_undo(p, s->r->motion, from);
    return weight;
}

static void accumulate(double *sum, const struct sampler *s, const double centre[3])
{
    const struct hep_anatomy *a = s->r->anatomy;
    const struct hep_lut *lut = s->r->lut;
    const double unit = HEP_TEXTURE_UNIT * s->r->texture;

    for (int i = 0; i < s->n; i++) {
        const double p[3] = { centre[0] + s->offset[i][0], centre[1] + s->offset[i][1],
                              centre[2] + s->offset[i][2] };
        const long node = node_at(s, p);
        const uint8_t label = node >= 0 ? a->label[node] : HEP_LABEL_AIR;
        double m;

        if (label == HEP_LABEL_AIR)
            continue;
        m = fmax(0.0, 1.0 + (double)lut->texture_sd[label] * unit * a->texture[node]);
        for (size_t v = 0; v < lut->n_values; v++)
            sum[v] += m * (double)lut->value[label][v];
    }
}

static void render_voxel(float *out, size_t stride, const struct sampler *s, const double voxel[3])
{
    const struct hep_lut *lut = s->r->lut;
    double q[3], p[3], weight, sum[HEP_LUT_MAX] = { 0.0 };

    hep_grid_to_world(q, s->r->grid, voxel);
    for (int k = 0; s->r->slice_mm != NULL && k < 3; k++)
        q[k] -= s->r->slice_mm[(size_t)voxel[2]][k];
    weight = source_point(p, s, q) / s->n;
    accumulate(sum, s, p);
    if (lut->is_complex)
        for (size_t e = 0; e < lut->n_values / 2; e++)
            out[e * stride] =
                (float)(weight * sqrt(sum[2 * e] * sum[2 * e] + sum[2 * e + 1] * sum[2 * e + 1]));
    else
        for (size_t v = 0; v < lut->n_values; v++)
            out[v * stride] = (float)(weight * sum[v]);
}

static const struct hep_motion at_rest = { { 0.0, 0.0, 0.0 }, NULL, 0.0 };

int hep_render_volume(struct hep_volume **out, const struct hep_render *r, struct hep_error *err)
{
    const size_t nt = r->lut->is_complex ? r->lut->n_values / 2 : r->lut->n_values;
    const size_t *n = r->grid->n;
    struct hep_render still = *r;
    struct hep_volume *v = NULL;
    struct sampler s;
    int rc;

    if (still.motion == NULL)
        still.motion = &at_rest;
    rc = hep_volume_new(&v, r->grid, nt, err);
    if (rc != HEP_OK)
        return rc;
    plan_samples(&s, &still);
#pragma omp parallel for schedule(dynamic, 1) num_threads(r->nthreads)
    for (size_t z = 0; z < n[2]; z++)
        for (size_t y = 0; y < n[1]; y++)
            for (size_t x = 0; x < n[0]; x++)
                render_voxel(v->data + (z * n[1] + y) * n[0] + x, n[0] * n[1] * n[2], &s,
                             (const double[3]){ (double)x, (double)y, (double)z });
    *out = v;
    return HEP_OK;
}

int hep_render_share(struct hep_volume **out, const struct hep_render *r,
                     const uint8_t wanted[HEP_N_LABELS], struct hep_error *err)
{
    struct hep_lut lut = { .n_values = 1 };
    struct hep_render plain = *r;

    for (int label = 0; label < HEP_N_LABELS; label++)
        lut.value[label][0] = wanted[label] != 0 ? 1.0F : 0.0F;
    plain.lut = &lut;
    plain.motion = NULL;
    plain.epi = NULL;
    plain.texture = 0.0;
    return hep_render_volume(out, &plain, err);
}
