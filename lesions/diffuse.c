#include "lesions/diffuse.h"

#include "base/alloc.h"
#include "image/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OCTANTS 8
#define MIN_VOXELS 200
#define COVERED_MAX 0.05
#define MAD_TO_SD 1.4826

struct parts {
    unsigned char *octant; /* per voxel of the reference grid; OCTANTS: not liver */
    size_t voxels;
    size_t n[OCTANTS], covered[OCTANTS];
};

static bool in_liver(const struct hep_lesion_study *study, size_t i)
{
    return study->liver->data[i] != 0 &&
           (study->anatomy == NULL || study->anatomy->data[i] <= HEP_ANATOMY_LIVER);
}

static void world_of(double world[3], const struct hep_grid *g, size_t i)
{
    const size_t plane = i / (g->n[0] * g->n[1]);
    const double voxel[3] = { (double)(i % g->n[0]), (double)(i / g->n[0] % g->n[1]),
                              (double)plane };

    hep_grid_to_world(world, g, voxel);
}

static void cut(struct parts *p, const struct hep_candidates *c,
                const struct hep_lesion_study *study, float *work)
{
    double middle[3];
    double world[3];

    for (int k = 0; k < 3; k++) {
        size_t n = 0;

        for (size_t i = 0; i < p->voxels; i++) {
            if (!in_liver(study, i))
                continue;
            world_of(world, &study->grid, i);
            work[n++] = (float)world[k];
        }
        middle[k] = hep_quantile(work, n, 0.5);
    }
    for (size_t i = 0; i < p->voxels; i++) {
        p->octant[i] = OCTANTS;
        if (!in_liver(study, i))
            continue;
        world_of(world, &study->grid, i);
        p->octant[i] = (unsigned char)((world[0] > middle[0]) + 2 * (world[1] > middle[1]) +
                                       4 * (world[2] > middle[2]));
        p->n[p->octant[i]]++;
        p->covered[p->octant[i]] += c->labels->data[i] != 0;
    }
}

/* Median of one octant against the others, in robust SDs of the others; NaN with too few values. */
static double octant_z(const struct parts *p, const struct hep_candidates *c, const float *v,
                       int octant, float *work)
{
    size_t n = 0, first;
    double inside, outside, sd;

    for (size_t i = 0; i < p->voxels; i++) {
        if (p->octant[i] == octant && c->labels->data[i] == 0 && isfinite(v[i]))
            work[n++] = v[i];
    }
    first = n;
    inside = hep_quantile(work, n, 0.5);
    n = 0;
    for (size_t i = 0; i < p->voxels; i++) {
        if (p->octant[i] != octant && p->octant[i] < OCTANTS && c->labels->data[i] == 0 &&
            isfinite(v[i]))
            work[n++] = v[i];
    }
    if (first < MIN_VOXELS || n < MIN_VOXELS)
        return (double)NAN;
    outside = hep_quantile(work, n, 0.5);
    for (size_t i = 0; i < n; i++)
        work[i] = fabsf(work[i] - (float)outside);
    sd = MAD_TO_SD * hep_quantile(work, n, 0.5);
    return sd > 0.0 ? (inside - outside) / sd : (double)NAN;
}

int hep_diffuse_judge(struct hep_candidates *c, const struct hep_lesion_study *study,
                      struct hep_error *err)
{
    const struct hep_volume *b_high = study->image[HEP_IMAGE_B_HIGH].volume;
    const struct hep_volume *adc = study->image[HEP_IMAGE_ADC].volume;
    const double limit = study->limits->diffuse_z_min;
    struct parts p = { .voxels = hep_grid_voxels(&study->grid) };
    float *work;

    c->diffuse_alarm = false;
    c->diffuse_reason[0] = '\0';
    if (b_high == NULL || adc == NULL)
        return HEP_OK;
    p.octant = hep_calloc(p.voxels, 1);
    work = hep_calloc(p.voxels, sizeof *work);
    if (p.octant == NULL || work == NULL) {
        free(p.octant);
        free(work);
        return HEP_FAIL(err, HEP_ENOMEM, "no memory to compare regions of the liver");
    }
    cut(&p, c, study, work);
    for (int o = 0; o < OCTANTS && !c->diffuse_alarm; o++) {
        double z_b, z_adc;

        if ((double)p.covered[o] > COVERED_MAX * (double)p.n[o])
            continue;
        z_b = octant_z(&p, c, b_high->data, o, work);
        z_adc = octant_z(&p, c, adc->data, o, work);
        if (!(z_b > limit && z_adc < -limit))
            continue;
        c->diffuse_alarm = true;
        (void)snprintf(c->diffuse_reason, sizeof c->diffuse_reason,
                       "the %s %s %s part of the liver is brighter at the highest b (z %.1f) and "
                       "lower in ADC (z %.1f) than the rest, without a nodule; limit %.1f",
                       o & 1 ? "right" : "left", o & 2 ? "anterior" : "posterior",
                       o & 4 ? "upper" : "lower", z_b, z_adc, limit);
    }
    free(p.octant);
    free(work);
    return HEP_OK;
}
