/**
 * @file  register_scene.h
 * @brief A body of which every point is known: soft blobs in an ellipsoid, on any grid, moved in a
 * known way.
 */
#ifndef HEP_TESTS_REGISTER_SCENE_H
#define HEP_TESTS_REGISTER_SCENE_H

#include "support/support.h"

#include "base/rng.h"

#include <math.h>

static struct hep_error e;

static const double identity[4][4] = {
    { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 }
};

/* ---- a body of which every point is known: soft blobs in an ellipsoid */

#define N_BLOBS 16
struct blob {
    double centre[3], width_mm, height;
};

static struct blob blobs[N_BLOBS];

static void make_blobs(void)
{
    struct hep_rng rng;

    rng = (struct hep_rng){ .seed = 7 };
    for (size_t i = 0; i < N_BLOBS; i++) {
        for (int k = 0; k < 3; k++)
            blobs[i].centre[k] = (hep_rng_next(&rng) - 0.5) * (k == 2 ? 90.0 : 130.0);
        blobs[i].width_mm = 8.0 + 10.0 * hep_rng_next(&rng);
        blobs[i].height = 0.3 + 0.7 * hep_rng_next(&rng);
    }
}

static double body_at(const double p[3])
{
    double r = sqrt(p[0] * p[0] / (90.0 * 90.0) + p[1] * p[1] / (75.0 * 75.0) +
                    p[2] * p[2] / (65.0 * 65.0));
    double value = 0.5;

    for (size_t i = 0; i < N_BLOBS; i++) {
        double d2 = 0.0;

        for (int k = 0; k < 3; k++)
            d2 += (p[k] - blobs[i].centre[k]) * (p[k] - blobs[i].centre[k]);
        value += blobs[i].height * exp(-0.5 * d2 / (blobs[i].width_mm * blobs[i].width_mm));
    }
    return value / (1.0 + exp((r - 1.0) * 30.0));
}

static void world_of(double p[3], const struct hep_grid *g, size_t i)
{
    const double voxel[3] = { (double)(i % g->n[0]), (double)(i / g->n[0] % g->n[1]),
                              (double)(i / (g->n[0] * g->n[1])) };

    hep_grid_to_world(p, g, voxel);
}

/* The body seen where `moved` has taken it: the value at T(x) is that of the body at x. */
static struct hep_volume *body_on(const struct hep_grid *g, const double moved[4][4], bool inverted)
{
    struct hep_volume *v = NULL;
    double inverse[4][4];

    assert_ok(hep_affine_inverse(inverse, moved, &e), e);
    assert_ok(hep_volume_new(&v, g, 1, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(g); i++) {
        double p[3], q[3], value;

        world_of(p, g, i);
        hep_affine_apply(q, HEP_AFFINE(inverse), p);
        value = body_at(q);
        v->data[i] = (float)(inverted && value > 0.25 ? 3.0 - value : value);
    }
    return v;
}

static struct hep_labels *inner_body(const struct hep_grid *g)
{
    struct hep_labels *m = NULL;

    assert_ok(hep_labels_new(&m, g, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(g); i++) {
        double p[3];

        world_of(p, g, i);
        m->data[i] = p[0] * p[0] / (85.0 * 85.0) + p[1] * p[1] / (70.0 * 70.0) +
                         p[2] * p[2] / (60.0 * 60.0) <
                     1.0;
    }
    return m;
}

/* Rotation about a skew axis through the origin, then a shift of 8 mm. */
static void skew_motion(double t[4][4], double degrees, double shift_mm)
{
    const double u[3] = { 2.0 / 7.0, 3.0 / 7.0, 6.0 / 7.0 };
    const double to[3] = { 1.0 / 3.0, -2.0 / 3.0, 2.0 / 3.0 };
    double a = degrees * 0.017453292519943295, c = cos(a), s = sin(a);
    const double cross[3][3] = { { 0, -u[2], u[1] }, { u[2], 0, -u[0] }, { -u[1], u[0], 0 } };

    (void)memset(t, 0, 16 * sizeof t[0][0]);
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++)
            t[i][k] = (i == k ? c : 0.0) + s * cross[i][k] + (1.0 - c) * u[i] * u[k];
        t[i][3] = shift_mm * to[i];
    }
    t[3][3] = 1.0;
}

#endif
