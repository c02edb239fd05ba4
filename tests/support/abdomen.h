/**
 * @file  support/abdomen.h
 * @brief A schematic upper abdomen for tests: body, fat, wall, spine, muscle, liver with a dark
 * lesion, spleen, aorta, vena cava, kidney, as ellipsoids in RAS mm; signals per tissue and image.
 */
#ifndef HEP_TESTS_LESIONS_ABDOMEN_H
#define HEP_TESTS_LESIONS_ABDOMEN_H

#include "base/rng.h"
#include "liver/segment_liver.h"
#include "support/support.h"

#include <math.h>

enum abdomen_tissue {
    AIR,
    FAT,
    WALL,
    CAVITY, /* fat between the organs */
    SPINE,
    MUSCLE,
    LIVER,
    LESION,
    SPLEEN,
    AORTA,
    CAVA,
    KIDNEY,
    ABDOMEN_TISSUES
};

struct abdomen {
    bool no_spleen, no_liver;
    double lesion_mm; /* diameter; under the capsule at the right */
    double times;     /* size of everything, 0 is 1 */
};

struct ellipsoid {
    double centre[3], semi[3];
};

static inline bool abdomen_in(const double p[3], const struct ellipsoid *e)
{
    double r = 0.0;

    for (int a = 0; a < 3; a++)
        r += (p[a] - e->centre[a]) * (p[a] - e->centre[a]) / (e->semi[a] * e->semi[a]);
    return r < 1.0;
}

static const struct ellipsoid abdomen_liver = { { 70.0, 10.0, 10.0 }, { 72.0, 75.0, 78.0 } };
static const double abdomen_lesion_centre[3] = { 125.0, 20.0, 10.0 };

static inline enum abdomen_tissue abdomen_at(const struct abdomen *a, const double world[3])
{
    const double times = a->times > 0.0 ? a->times : 1.0;
    const double p[3] = { world[0] / times, world[1] / times, world[2] / times };
    static const struct ellipsoid body = { { 0, 0, 0 }, { 175.0, 120.0, 1e4 } },
                                  wall = { { 0, 0, 0 }, { 157.0, 102.0, 1e4 } },
                                  cavity = { { 0, 0, 0 }, { 146.0, 91.0, 1e4 } },
                                  spleen = { { -105.0, -30.0, 25.0 }, { 30.0, 42.0, 48.0 } },
                                  spine = { { 0, -62.0, 0 }, { 21.0, 17.0, 1e4 } },
                                  aorta = { { -10.0, -32.0, 0 }, { 11.0, 11.0, 1e4 } },
                                  cava = { { 18.0, -34.0, 0 }, { 13.0, 10.0, 1e4 } },
                                  kidney = { { 68.0, -62.0, -85.0 }, { 24.0, 22.0, 40.0 } };
    const struct ellipsoid muscle = { { p[0] > 0 ? 40.0 : -40.0, -80.0, 0 }, { 22.0, 14.0, 1e4 } };
    const double r = 0.5 * a->lesion_mm;
    const double d2 = (p[0] - abdomen_lesion_centre[0]) * (p[0] - abdomen_lesion_centre[0]) +
                      (p[1] - abdomen_lesion_centre[1]) * (p[1] - abdomen_lesion_centre[1]) +
                      (p[2] - abdomen_lesion_centre[2]) * (p[2] - abdomen_lesion_centre[2]);

    if (!abdomen_in(p, &body))
        return AIR;
    if (abdomen_in(p, &spine))
        return SPINE;
    if (abdomen_in(p, &muscle))
        return MUSCLE;
    if (!abdomen_in(p, &wall))
        return FAT;
    if (!abdomen_in(p, &cavity))
        return WALL;
    if (abdomen_in(p, &aorta))
        return AORTA;
    if (abdomen_in(p, &cava))
        return CAVA;
    if (abdomen_in(p, &kidney))
        return KIDNEY;
    if (!a->no_liver && abdomen_in(p, &abdomen_liver))
        return d2 < r * r ? LESION : LIVER;
    if (!a->no_spleen && abdomen_in(p, &spleen))
        return SPLEEN;
    return CAVITY;
}

/* Relative signals. T1 with fat suppression; HBP ratios of domain appendix 4.4 (liver over
 * spleen 2.4, muscle 2.0, vessels 2.4, lesion 0.44 of liver), T2 and b = 800 from T2 and ADC of its
 * table 8.3. */
static const float abdomen_signal[HEP_IMAGE_COUNT][ABDOMEN_TISSUES] = {
    [HEP_IMAGE_HEPATOBILIARY] = { 2, 25, 100, 22, 60, 100, 200, 88, 83, 84, 84, 170 },
    [HEP_IMAGE_PORTAL_VENOUS] = { 2, 25, 75, 22, 70, 75, 140, 100, 165, 210, 200, 230 },
    [HEP_IMAGE_ARTERIAL] = { 2, 25, 70, 22, 60, 70, 95, 105, 190, 300, 90, 260 },
    [HEP_IMAGE_T2] = { 2, 20, 42, 18, 60, 42, 60, 130, 140, 20, 20, 160 },
    [HEP_IMAGE_B_HIGH] = { 2, 6, 14, 6, 16, 14, 30, 75, 70, 4, 4, 40 },
};
static const float abdomen_adc[ABDOMEN_TISSUES] = { 0,       3e-4F,   1.4e-3F, 3e-4F,
                                                    5e-4F,   1.4e-3F, 1.2e-3F, 1e-3F,
                                                    8.5e-4F, 2.5e-3F, 2.5e-3F, 2.1e-3F };

/* An image: signal with 3 % noise (of liver) and a linear receive field of +-15 %. */
static inline struct hep_volume *abdomen_image(const struct abdomen *a, const struct hep_grid *grid,
                                               enum hep_image image)
{
    struct hep_error e = { 0 };
    struct hep_volume *v = NULL;
    const float *table = image == HEP_IMAGE_ADC ? abdomen_adc : abdomen_signal[image];

    assert_ok(hep_volume_new(&v, grid, 1, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(grid); i++) {
        const double c[3] = { (double)(i % grid->n[0]), (double)(i / grid->n[0] % grid->n[1]),
                              (double)(i / (grid->n[0] * grid->n[1])) };
        double p[3], noise[2];
        enum abdomen_tissue t;

        hep_grid_to_world(p, grid, c);
        t = abdomen_at(a, p);
        /* noise belongs to the place, so that a mirrored file shows the same object */
        hep_rng_normal2(noise, 7, (uint64_t)image,
                        (uint64_t)llround(p[0] * 8.0 + 4e4) * 1000003U +
                            (uint64_t)llround(p[1] * 8.0 + 4e4) * 10007U +
                            (uint64_t)llround(p[2] * 8.0 + 4e4));
        v->data[i] = (float)fabs((double)table[t] * (1.0 + 0.15 * p[1] / 120.0) +
                                 0.03 * noise[0] * (double)table[LIVER]);
    }
    return v;
}

static inline void abdomen_fill(struct hep_liver_input *in, const struct abdomen *a,
                                const struct hep_grid *grid, const enum hep_image *images, size_t n)
{
    memset(in, 0, sizeof *in);
    in->grid = *grid;
    in->nthreads = 1;
    in->reference = images[0];
    for (size_t i = 0; i < n; i++)
        in->image[images[i]].volume = abdomen_image(a, grid, images[i]);
}

static inline void abdomen_release(struct hep_liver_input *in)
{
    for (int i = 0; i < (int)HEP_IMAGE_COUNT; i++) {
        struct hep_volume *v = NULL;

        memcpy(&v, &in->image[i].volume, sizeof v);
        hep_volume_free(v);
    }
}

/* Liver with its lesion. */
static inline struct hep_labels *abdomen_truth(const struct abdomen *a, const struct hep_grid *grid,
                                               enum abdomen_tissue tissue)
{
    struct hep_error e = { 0 };
    struct hep_labels *l = NULL;

    assert_ok(hep_labels_new(&l, grid, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(grid); i++) {
        const double c[3] = { (double)(i % grid->n[0]), (double)(i / grid->n[0] % grid->n[1]),
                              (double)(i / (grid->n[0] * grid->n[1])) };
        double p[3];
        enum abdomen_tissue t;

        hep_grid_to_world(p, grid, c);
        t = abdomen_at(a, p);
        l->data[i] = t == tissue || (tissue == LIVER && t == LESION);
    }
    return l;
}

#endif
