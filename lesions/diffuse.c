#include "lesions/diffuse.h"

#include "base/alloc.h"
#include "base/number.h"
#include "image/stats.h"
#include "image/threads.h"
#include "lesions/zscore.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define OCTANTS 8

/* The voxels of the liver by octant, without lesions. */
struct parts {
    size_t *voxel;         /* of the reference grid, in its order; owned */
    unsigned char *octant; /* of each of them; owned */
    size_t n_voxels;
    size_t n[OCTANTS], covered[OCTANTS]; /* with lesions; and of lesions */
};

static bool in_liver(const struct hep_lesion_study *study, size_t i)
{
    return study->liver->data[i] != 0 &&
           (study->anatomy == NULL || study->anatomy->data[i] <= HEP_ANATOMY_LIVER);
}

static size_t list_liver(size_t *voxel, const struct hep_lesion_study *study)
{
    const size_t voxels = hep_grid_voxels(&study->grid);
    size_t n = 0;

    for (size_t i = 0; i < voxels; i++) {
        if (!in_liver(study, i))
            continue;
        if (voxel != NULL)
            voxel[n] = i;
        n++;
    }
    return n;
}

/* Octants of the liver about the medians of its voxels' world coordinates. */
static void cut(struct parts *p, const struct hep_candidates *c,
                const struct hep_lesion_study *study, float *work)
{
    const size_t n = p->n_voxels;
    double middle[3];
    double world[3];

    for (int k = 0; k < 3; k++) {
        for (size_t i = 0; i < n; i++) {
            hep_grid_world_of(world, &study->grid, p->voxel[i]);
            work[i] = (float)world[k];
        }
        middle[k] = hep_quantile(work, n, 0.5);
    }
    p->n_voxels = 0;
    for (size_t i = 0; i < n; i++) {
        const bool lesion = c->labels->data[p->voxel[i]] != 0;
        size_t octant;

        hep_grid_world_of(world, &study->grid, p->voxel[i]);
        octant = (size_t)(world[0] > middle[0]) + 2 * (size_t)(world[1] > middle[1]) +
                 4 * (size_t)(world[2] > middle[2]);
        p->n[octant]++;
        p->covered[octant] += lesion;
        if (lesion)
            continue;
        p->voxel[p->n_voxels] = p->voxel[i];
        p->octant[p->n_voxels++] = (unsigned char)octant;
    }
}

/* Median of one octant against the others, in robust SDs of the others; NaN with too few values. */
static double octant_z(const struct parts *p, const float *v, size_t octant, float *work)
{
    size_t n = 0, first;
    double inside, outside, sd;

    for (size_t i = 0; i < p->n_voxels; i++) {
        if (p->octant[i] == octant && isfinite(v[p->voxel[i]]))
            work[n++] = v[p->voxel[i]];
    }
    first = n;
    inside = hep_quantile(work, n, 0.5);
    n = 0;
    for (size_t i = 0; i < p->n_voxels; i++) {
        if (p->octant[i] != octant && isfinite(v[p->voxel[i]]))
            work[n++] = v[p->voxel[i]];
    }
    if (first < HEP_ROBUST_MIN || n < HEP_ROBUST_MIN)
        return (double)NAN;
    outside = hep_quantile(work, n, 0.5);
    for (size_t i = 0; i < n; i++)
        work[i] = fabsf(work[i] - (float)outside);
    sd = HEP_MAD_TO_SD * hep_quantile(work, n, 0.5);
    return sd > 0.0 ? (inside - outside) / sd : (double)NAN;
}

/* z of each octant at the highest b and in ADC; NaN where lesions cover it. HEP_ENOMEM. */
static int measure_octants(double z_b[OCTANTS], double z_adc[OCTANTS], const struct parts *p,
                           const float *b_high, const float *adc, double covered_max, int nthreads)
{
    int short_of = 0;

#pragma omp parallel for schedule(dynamic) reduction(+ : short_of)                                 \
    num_threads(hep_threads(nthreads))
    for (int o = 0; o < OCTANTS; o++) {
        float *work = hep_calloc(p->n_voxels + 1, sizeof *work, NULL);

        z_b[o] = z_adc[o] = (double)NAN;
        if (work != NULL && (double)p->covered[o] <= covered_max * (double)p->n[o]) {
            z_b[o] = octant_z(p, b_high, (size_t)o, work);
            z_adc[o] = octant_z(p, adc, (size_t)o, work);
        }
        short_of += work == NULL;
        free(work);
    }
    return short_of > 0 ? HEP_ENOMEM : HEP_OK;
}

int hep_diffuse_judge(struct hep_candidates *c, const struct hep_lesion_study *study,
                      struct hep_error *err)
{
    const struct hep_volume *b_high = study->image[HEP_IMAGE_B_HIGH].volume;
    const struct hep_volume *adc = study->image[HEP_IMAGE_ADC].volume;
    const double limit = study->limits->diffuse_z_min;
    double z_b[OCTANTS], z_adc[OCTANTS];
    struct parts p = { 0 };
    float *work = NULL;
    int rc;

    c->diffuse_alarm = false;
    c->diffuse_reason[0] = '\0';
    if (b_high == NULL || adc == NULL)
        return HEP_OK;
    p.n_voxels = list_liver(NULL, study);
    rc = HEP_NEW(p.voxel, p.n_voxels + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(p.octant, p.n_voxels + 1, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(work, p.n_voxels + 1, err);
    if (rc == HEP_OK) {
        (void)list_liver(p.voxel, study);
        cut(&p, c, study, work);
        rc = measure_octants(z_b, z_adc, &p, b_high->data, adc->data,
                             study->limits->diffuse_covered_max, study->nthreads);
    }
    for (int o = 0; rc == HEP_OK && o < OCTANTS && !c->diffuse_alarm; o++) {
        if (!(z_b[o] > limit && z_adc[o] < -limit))
            continue;
        c->diffuse_alarm = true;
        (void)snprintf(c->diffuse_reason, sizeof c->diffuse_reason,
                       "the %s %s %s part of the liver is brighter at the highest b (z %.1f) and "
                       "lower in ADC (z %.1f) than the rest, without a nodule; limit %.1f",
                       o & 1 ? "right" : "left", o & 2 ? "anterior" : "posterior",
                       o & 4 ? "upper" : "lower", z_b[o], z_adc[o], limit);
    }
    free(p.voxel);
    free(p.octant);
    free(work);
    return rc;
}
