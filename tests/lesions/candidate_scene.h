/* A liver of one's own: noise, spheres, tubes and boxes at known places, in any image. */
#ifndef HEP_TESTS_CANDIDATE_SCENE_H
#define HEP_TESTS_CANDIDATE_SCENE_H

#include "support/support.h"

#include "base/rng.h"
#include "image/resample.h"
#include "lesions/candidates.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct scene {
    struct hep_lesion_limits limits;
    struct hep_lesion_study study;
    struct hep_volume *volume[HEP_IMAGE_COUNT];
    struct hep_labels *liver;
};

#define SCENE_LIVER 100.0 /* signal of liver in every image */
#define SCENE_NOISE 4.0
#define SCENE_OUTSIDE 20.0

/* A ball of liver of this radius in the middle of the grid. */
static inline void scene_init(struct scene *s, const struct hep_grid *grid, double radius_mm)
{
    struct hep_error e = { 0 };
    const size_t n = hep_grid_voxels(grid);

    memset(s, 0, sizeof *s);
    s->limits = hep_lesion_limits_default;
    s->study.grid = *grid;
    s->study.limits = &s->limits;
    s->study.nthreads = 1;
    s->study.arterial_weight = 1.0;
    assert_ok(hep_labels_new(&s->liver, grid, &e), e);
    for (size_t i = 0; i < n; i++) {
        const double at[3] = { (double)(i % grid->n[0]), (double)(i / grid->n[0] % grid->n[1]),
                               (double)(i / (grid->n[0] * grid->n[1])) };
        double w[3];

        hep_grid_to_world(w, grid, at);
        s->liver->data[i] = sqrt(w[0] * w[0] + w[1] * w[1] + w[2] * w[2]) <= radius_mm;
    }
    s->study.liver = s->liver;
}

static inline void scene_release(struct scene *s)
{
    for (int i = 0; i < HEP_IMAGE_COUNT; i++)
        hep_volume_free(s->volume[i]);
    hep_labels_free(s->liver);
}

/* An image with liver, outside and Gaussian noise. */
static inline struct hep_volume *scene_image(struct scene *s, enum hep_image image, double noise,
                                             uint64_t seed)
{
    struct hep_error e = { 0 };
    const size_t n = hep_grid_voxels(&s->study.grid);
    struct hep_volume *v = NULL;
    struct hep_rng rng = { seed, (uint64_t)image, 0 };

    assert_ok(hep_volume_new(&v, &s->study.grid, 1, &e), e);
    for (size_t i = 0; i < n; i++)
        v->data[i] = (float)((s->liver->data[i] != 0 ? SCENE_LIVER : SCENE_OUTSIDE) +
                             noise * hep_rng_next_normal(&rng));
    s->volume[image] = v;
    s->study.image[image].volume = v;
    hep_grid_spacing(s->study.image[image].native_mm, &s->study.grid);
    return v;
}

/* Share of a voxel in a shape, from 4 x 4 x 4 points. */
typedef bool (*scene_shape)(const double world[3], const double *p);

static inline void scene_add(struct hep_volume *v, scene_shape shape, const double *p,
                             double contrast)
{
    const struct hep_grid *g = &v->grid;
    const size_t n = hep_grid_voxels(g);

    for (size_t i = 0; i < n; i++) {
        const double at[3] = { (double)(i % g->n[0]), (double)(i / g->n[0] % g->n[1]),
                               (double)(i / (g->n[0] * g->n[1])) };
        int inside = 0;

        for (int c = 0; c < 64; c++) {
            const double sub[3] = { at[0] + (c % 4 - 1.5) / 4.0, at[1] + (c / 4 % 4 - 1.5) / 4.0,
                                    at[2] + (c / 16 - 1.5) / 4.0 };
            double w[3];

            hep_grid_to_world(w, g, sub);
            inside += shape(w, p);
        }
        v->data[i] += (float)(contrast * inside / 64.0);
    }
}

/* p: centre, radius. */
static inline bool scene_ball(const double w[3], const double *p)
{
    const double d[3] = { w[0] - p[0], w[1] - p[1], w[2] - p[2] };

    return d[0] * d[0] + d[1] * d[1] + d[2] * d[2] <= p[3] * p[3];
}

/* p: a point, a unit direction, radius: endless. */
static inline bool scene_tube(const double w[3], const double *p)
{
    const double d[3] = { w[0] - p[0], w[1] - p[1], w[2] - p[2] };
    const double along = d[0] * p[3] + d[1] * p[4] + d[2] * p[5];

    return d[0] * d[0] + d[1] * d[1] + d[2] * d[2] - along * along <= p[6] * p[6];
}

#define HBP HEP_IMAGE_HEPATOBILIARY
#define B_HIGH HEP_IMAGE_B_HIGH
#define B_LOW HEP_IMAGE_B_LOW

static inline struct hep_grid usual_grid(void)
{
    return hep_test_grid(64, 60, 40, 1.5, 1.5, 2.5);
}

/* Signals of liver 100: a metastasis in the hepatobiliary phase, at low and high b, and on T2. */
static inline void add_metastasis(struct scene *s, const double p[4])
{
    static const struct {
        enum hep_image image;
        double contrast;
    } looks[] = { { HBP, -55.0 }, { B_HIGH, 120.0 }, { B_LOW, 70.0 }, { HEP_IMAGE_T2, 60.0 } };

    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        if (s->volume[looks[i].image] != NULL)
            scene_add(s->volume[looks[i].image], scene_ball, p, looks[i].contrast);
    }
}

/* Blood: as dark as a metastasis late after gadoxetate, and black with diffusion weighting. */
static inline void add_vessel(struct scene *s, const double p[7])
{
    if (s->volume[HBP] != NULL)
        scene_add(s->volume[HBP], scene_tube, p, -55.0);
    if (s->volume[B_HIGH] != NULL)
        scene_add(s->volume[B_HIGH], scene_tube, p, -90.0);
    if (s->volume[B_LOW] != NULL)
        scene_add(s->volume[B_LOW], scene_tube, p, -90.0);
}

static inline void find(struct hep_candidates *c, const struct scene *s)
{
    struct hep_error e = { 0 };
    struct hep_detection_table *table = NULL;

    assert_ok(hep_detection_read(&table, HEP_CONFIGS "/detection.yml", &e), e);
    assert_ok(hep_candidates_find(c, &s->study, table, &e), e);
    hep_detection_free(table);
}

static inline void hbp_and_dwi(struct scene *s, const struct hep_grid *g, double radius_mm,
                               uint64_t seed)
{
    scene_init(s, g, radius_mm);
    (void)scene_image(s, HBP, SCENE_NOISE, seed);
    (void)scene_image(s, B_HIGH, 2.0 * SCENE_NOISE, seed);
    (void)scene_image(s, B_LOW, SCENE_NOISE, seed);
    (void)scene_image(s, HEP_IMAGE_T2, SCENE_NOISE, seed);
}

static inline const struct hep_candidate *nearest(const struct hep_candidates *c, const double p[3],
                                                  double within_mm)
{
    const struct hep_candidate *best = NULL;
    double least = within_mm;

    for (size_t i = 0; i < c->n; i++) {
        const double *m = c->list[i].centre_mm;
        const double d = sqrt((m[0] - p[0]) * (m[0] - p[0]) + (m[1] - p[1]) * (m[1] - p[1]) +
                              (m[2] - p[2]) * (m[2] - p[2]));

        if (d <= least) {
            least = d;
            best = &c->list[i];
        }
    }
    return best;
}

#endif
