/* Masks: distances against brute force, morphology of single voxels, components, watershed, overlap
 * of shifted cubes. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "image/mask.h"

#include <math.h>

static struct hep_error e;

static struct hep_labels *labels(const struct hep_grid *g)
{
    struct hep_labels *l = NULL;

    assert_ok(hep_labels_new(&l, g, &e), e);
    return l;
}

static size_t at(const struct hep_grid *g, size_t x, size_t y, size_t z)
{
    return x + g->n[0] * (y + g->n[1] * z);
}

static void box(struct hep_labels *l, const size_t lo[3], const size_t hi[3], int32_t label)
{
    for (size_t z = lo[2]; z < hi[2]; z++) {
        for (size_t y = lo[1]; y < hi[1]; y++) {
            for (size_t x = lo[0]; x < hi[0]; x++)
                l->data[at(&l->grid, x, y, z)] = label;
        }
    }
}

static double brute(const struct hep_labels *m, size_t i, bool set)
{
    const size_t *n = m->grid.n;
    double best = (double)INFINITY;
    double p[3];
    double q[3];

    hep_grid_to_world(p, &m->grid,
                      (const double[3]){ (double)(i % n[0]), (double)(i / n[0] % n[1]),
                                         (double)(i / n[0] / n[1]) });
    for (size_t j = 0; j < hep_grid_voxels(&m->grid); j++) {
        if ((m->data[j] != 0) != set)
            continue;
        hep_grid_to_world(q, &m->grid,
                          (const double[3]){ (double)(j % n[0]), (double)(j / n[0] % n[1]),
                                             (double)(j / n[0] / n[1]) });
        best = fmin(best, sqrt((p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]) +
                               (p[2] - q[2]) * (p[2] - q[2])));
    }
    return best;
}

static void test_distance(void **state)
{
    struct hep_grid g = hep_test_grid(13, 9, 7, 1.3, 0.7, 3.1);

    (void)state;
    for (uint64_t trial = 0; trial < 6; trial++) {
        struct hep_labels *m;

        if (trial == 3) { /* turned by 30 degrees about S: distances are the same in space */
            const double c = cos(0.5235987755982988);
            const double s = sin(0.5235987755982988);

            g.to_world[0][0] = 1.3 * c;
            g.to_world[1][0] = 1.3 * s;
            g.to_world[0][1] = -0.7 * s;
            g.to_world[1][1] = 0.7 * c;
        }
        m = labels(&g);
        for (size_t i = 0; i < hep_grid_voxels(&g); i++)
            m->data[i] = hep_rng_uniform(3, trial, i) < 0.03 + 0.3 * (double)(trial % 3) ? 5 : 0;
        for (int inside = 0; inside < 2; inside++) {
            struct hep_volume *d = NULL;
            struct hep_volume *d8 = NULL;

            assert_ok(hep_mask_distance(&d, m, inside == 1, 1, &e), e);
            assert_ok(hep_mask_distance(&d8, m, inside == 1, 8, &e), e);
            assert_memory_equal(d->data, d8->data, hep_grid_voxels(&g) * sizeof *d->data);
            for (size_t i = 0; i < hep_grid_voxels(&g); i++)
                assert_close(d->data[i], brute(m, i, inside == 0), 1e-6, 0);
            hep_volume_free(d);
            hep_volume_free(d8);
        }
        hep_labels_free(m);
    }
}

static void test_distance_none(void **state)
{
    const struct hep_grid g = hep_test_grid(4, 4, 1, 1, 1, 1);
    struct hep_labels *m = labels(&g);
    struct hep_volume *d = NULL;

    (void)state;
    assert_ok(hep_mask_distance(&d, m, false, 2, &e), e);
    assert_true(isinf(d->data[5]));
    hep_volume_free(d);
    assert_ok(hep_mask_distance(&d, m, true, 2, &e), e);
    assert_close(d->data[5], 0.0, 0, 0);
    hep_volume_free(d);
    for (long i = 1; i <= 6; i++) {
        d = NULL;
        hep_alloc_fail_at(i);
        assert_fails(hep_mask_distance(&d, m, true, 1, &e), e, HEP_ENOMEM, NULL);
        hep_alloc_fail_at(0);
        assert_null(d);
    }
    hep_labels_free(m);
}

/* Voxels of 1 x 1 x 2 mm within 2 mm of a centre: 13 in its plane (the lattice points of a disk of
 * radius 2), and one above and below. */
static void test_ball(void **state)
{
    const struct hep_grid g = hep_test_grid(9, 9, 9, 1, 1, 2);
    struct hep_labels *m = labels(&g);

    (void)state;
    m->data[at(&g, 4, 4, 4)] = 9;
    assert_ok(hep_mask_dilate(m, 2.0, 2, &e), e);
    assert_int_equal(hep_labels_count(m, 1), 15);
    assert_int_equal(hep_labels_count(m, -1), 15);
    assert_ok(hep_mask_erode(m, 2.0, 2, &e), e); /* the next unset voxel is sqrt(5) mm away */
    assert_int_equal(hep_labels_count(m, -1), 1);
    assert_int_equal(m->data[at(&g, 4, 4, 4)], 1);
    assert_ok(hep_mask_erode(m, 0.5, 2, &e), e);
    assert_int_equal(hep_labels_count(m, -1), 1);
    assert_ok(hep_mask_erode(m, 1.0, 2, &e), e); /* a distance of 1 mm is not above 1 mm */
    assert_int_equal(hep_labels_count(m, -1), 0);
    assert_fails(hep_mask_dilate(m, -1.0, 1, &e), e, HEP_EINVAL, "-1");
    assert_fails(hep_mask_erode(m, (double)NAN, 1, &e), e, HEP_EINVAL, "nan");
    hep_labels_free(m);
}

static void test_open_close(void **state)
{
    const struct hep_grid g = hep_test_grid(20, 20, 20, 1, 1, 1);
    struct hep_labels *m = labels(&g);

    (void)state;
    box(m, (size_t[3]){ 5, 5, 5 }, (size_t[3]){ 14, 14, 14 }, 1);
    m->data[at(&g, 9, 9, 9)] = 0; /* a hole of one voxel */
    assert_ok(hep_mask_close(m, 1.0, 1, &e), e);
    assert_int_equal(hep_labels_count(m, -1), 729);
    box(m, (size_t[3]){ 14, 9, 9 }, (size_t[3]){ 19, 10, 10 }, 1); /* a spike one voxel thick */
    assert_int_equal(hep_labels_count(m, -1), 734);
    assert_ok(hep_mask_open(m, 1.0, 1, &e), e);
    assert_int_equal(m->data[at(&g, 17, 9, 9)], 0);
    assert_int_equal(m->data[at(&g, 9, 9, 13)], 1);
    assert_int_equal(m->data[at(&g, 5, 5, 9)], 0); /* a ball does not reach an edge of the cube */
    hep_labels_free(m);
}

static void test_border_does_not_erode(void **state)
{
    const struct hep_grid g = hep_test_grid(6, 6, 6, 1, 1, 1);
    struct hep_labels *m = labels(&g);

    (void)state;
    box(m, (size_t[3]){ 0, 0, 0 }, (size_t[3]){ 6, 6, 3 }, 1);
    assert_ok(hep_mask_erode(m, 1.0, 1, &e), e);
    assert_int_equal(hep_labels_count(m, -1), 72);
    hep_labels_free(m);
}

static void test_fill(void **state)
{
    const struct hep_grid g = hep_test_grid(9, 9, 9, 1, 1, 1);
    struct hep_labels *m = labels(&g);

    (void)state;
    box(m, (size_t[3]){ 2, 2, 2 }, (size_t[3]){ 7, 7, 7 }, 3);
    box(m, (size_t[3]){ 3, 3, 3 }, (size_t[3]){ 6, 6, 6 }, 0);
    assert_ok(hep_mask_fill_holes(m, &e), e);
    assert_int_equal(hep_labels_count(m, 1), 125);
    box(m, (size_t[3]){ 4, 4, 2 }, (size_t[3]){ 5, 5, 7 }, 0); /* a tunnel along z */
    assert_ok(hep_mask_fill_holes(m, &e), e);
    assert_int_equal(hep_labels_count(m, 1), 120);
    assert_ok(hep_mask_fill_holes_slices(m, 0, &e), e);
    assert_int_equal(hep_labels_count(m, 1), 120); /* in the slice x = 4 it opens above and below */
    assert_ok(hep_mask_fill_holes_slices(m, 2, &e), e);
    assert_int_equal(hep_labels_count(m, 1), 125);
    assert_fails(hep_mask_fill_holes_slices(m, 3, &e), e, HEP_EINVAL, "axis 3");
    hep_alloc_fail_at(2);
    assert_fails(hep_mask_fill_holes(m, &e), e, HEP_ENOMEM, NULL);
    hep_labels_free(m);
}

static void test_components(void **state)
{
    static const struct {
        int connectivity;
        size_t count;
    } cases[] = { { 6, 5 }, { 18, 4 }, { 26, 3 } };
    const struct hep_grid g = hep_test_grid(8, 8, 8, 1, 1, 1);
    struct hep_labels *m = labels(&g);

    (void)state;
    m->data[at(&g, 0, 0, 0)] = 1;
    m->data[at(&g, 1, 1, 0)] = 1; /* by an edge */
    m->data[at(&g, 2, 2, 1)] = 1; /* by a corner */
    box(m, (size_t[3]){ 5, 5, 5 }, (size_t[3]){ 8, 8, 8 }, 4);
    m->data[at(&g, 0, 7, 0)] = 2;
    for (size_t i = 0; i < 3; i++) {
        struct hep_labels *c = NULL;
        size_t count = 0;

        assert_ok(hep_mask_components(&c, &count, m, cases[i].connectivity, &e), e);
        assert_int_equal(count, cases[i].count);
        assert_int_equal(hep_labels_count(c, 1), 27);
        assert_int_equal(hep_labels_count(c, -1), 31);
        if (i == 0) { /* equal sizes: by first voxel */
            assert_int_equal(c->data[at(&g, 0, 0, 0)], 2);
            assert_int_equal(c->data[at(&g, 1, 1, 0)], 3);
            assert_int_equal(c->data[at(&g, 0, 7, 0)], 4);
            assert_int_equal(c->data[at(&g, 2, 2, 1)], 5);
        }
        if (i == 2)
            assert_int_equal(hep_labels_count(c, 2), 3);
        hep_labels_free(c);
    }
    assert_fails(hep_mask_keep_largest(m, 8, &e), e, HEP_EINVAL, "8");
    assert_ok(hep_mask_keep_largest(m, 6, &e), e);
    assert_int_equal(hep_labels_count(m, 1), 27);
    assert_int_equal(hep_labels_count(m, -1), 27);
    hep_labels_free(m);
}

/* Cubes of 10 voxels of 2 mm, shifted by 3 voxels along x: overlap 7/10. Of the 488 surface voxels
 * of each cube: the face towards the other cube is 6 mm off the other one's; distances are 0 on the
 * shared side walls. */
static void test_overlap(void **state)
{
    const struct hep_grid g = hep_test_grid(30, 20, 20, 2, 2, 2);
    struct hep_labels *a = labels(&g);
    struct hep_labels *b = labels(&g);
    struct hep_overlap o;

    (void)state;
    box(a, (size_t[3]){ 5, 5, 5 }, (size_t[3]){ 15, 15, 15 }, 1);
    box(b, (size_t[3]){ 8, 5, 5 }, (size_t[3]){ 18, 15, 15 }, 2);
    assert_ok(hep_mask_overlap(&o, a, b, &e), e);
    assert_close(o.dice, 0.7, 1e-12, 0);
    assert_close(o.volume_error_frac, 0.0, 0, 0);
    assert_close(o.hd95_mm, 6.0, 1e-6, 0); /* the far face alone is 100 / 488 of the surface */
    /* Of cube a: far wall at x = 5, each voxel to b's near wall or rim at x = 8, 6 mm: 100 voxels.
     * Rings of side walls at x = 6 (4 mm) and x = 7 (2 mm), 36 voxels each. Near wall x = 14:
     * inside of b, 64 voxels at min(distance to b's side walls, 3 voxels ahead to x = 17): rings of
     * 28, 20, 12, 4 voxels at 1, 2, 3, 3 voxels deep (capped by 3), ring 36 at 0. Sum in mm: 600 +
     * 144 + 72 + 2 * (28 + 2 * 20 + 3 * 12 + 3 * 4). */
    assert_close(o.mean_surface_mm, (600.0 + 144.0 + 72.0 + 2.0 * 116.0) / 488.0, 1e-6, 0);
    box(b, (size_t[3]){ 8, 5, 5 }, (size_t[3]){ 13, 15, 15 }, 0);
    assert_ok(hep_mask_overlap(&o, a, b, &e), e);
    assert_close(o.volume_error_frac, -0.5, 1e-12, 0);
    assert_ok(hep_mask_overlap(&o, a, a, &e), e);
    assert_close(o.dice, 1.0, 0, 0);
    assert_close(o.hd95_mm, 0.0, 0, 0);
    (void)memset(b->data, 0, hep_grid_voxels(&g) * sizeof *b->data);
    assert_ok(hep_mask_overlap(&o, a, b, &e), e);
    assert_close(o.dice, 0.0, 0, 0);
    assert_close(o.volume_error_frac, -1.0, 0, 0);
    assert_true(isnan(o.hd95_mm) && isnan(o.mean_surface_mm));
    assert_ok(hep_mask_overlap(&o, b, b, &e), e);
    assert_true(isnan(o.dice));
    b->grid.to_world[2][2] = 3.0;
    assert_fails(hep_mask_overlap(&o, a, b, &e), e, HEP_EGEOM, "grids");
    hep_labels_free(a);
    hep_labels_free(b);
}

static void test_no_memory(void **state)
{
    const struct hep_grid g = hep_test_grid(6, 6, 6, 1, 1, 1);
    struct hep_labels *m = labels(&g);
    struct hep_labels *all = labels(&g);

    (void)state;
    box(m, (size_t[3]){ 1, 1, 1 }, (size_t[3]){ 4, 4, 4 }, 1);
    box(all, (size_t[3]){ 0, 0, 0 }, (size_t[3]){ 6, 6, 6 }, 1);
    for (long i = 1; i <= 5; i++) { /* labels (2), queue, list, ranks */
        struct hep_labels *c = NULL;
        size_t count = 77;

        hep_alloc_fail_at(i);
        assert_fails(hep_mask_components(&c, &count, m, 6, &e), e, HEP_ENOMEM, NULL);
        assert_null(c);
        assert_int_equal(count, 77);
    }
    for (long i = 1; i <= 10; i++) { /* two surfaces (2 each), a distance map (6) */
        struct hep_overlap o = { .dice = -5.0 };

        hep_alloc_fail_at(i);
        assert_fails(hep_mask_overlap(&o, m, all, &e), e, HEP_ENOMEM, NULL);
        assert_close(o.dice, -5.0, 0, 0);
    }
    hep_alloc_fail_at(0);
    assert_int_equal(hep_labels_count(m, 1), 27);
    hep_labels_free(m);
    hep_labels_free(all);
}

/* Two voxels of a grid of 2 x 3 x 4 mm steps whose first voxel lies at (10, 20, 30). */
static void test_centre(void **state)
{
    struct hep_grid grid = {
        .n = { 4, 4, 4 },
        .to_world = { { 2, 0, 0, 10 }, { 0, 3, 0, 20 }, { 0, 0, 4, 30 }, { 0, 0, 0, 1 } }
    };
    struct hep_labels *mask = NULL;
    double centre[3];

    (void)state;
    assert_ok(hep_labels_new(&mask, &grid, &e), e);
    hep_mask_centre(centre, mask);
    assert_true(centre[0] == 0.0 && centre[1] == 0.0 && centre[2] == 0.0);
    mask->data[0] = 7;
    mask->data[3 + 4 * (2 + 4 * 1)] = 1;
    hep_mask_centre(centre, mask);
    assert_close(centre[0], 13.0, 1e-12, 0.0);
    assert_close(centre[1], 23.0, 1e-12, 0.0);
    assert_close(centre[2], 32.0, 1e-12, 0.0);
    hep_labels_free(mask);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_centre),        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_distance_none), cmocka_unit_test(test_ball),
        cmocka_unit_test(test_open_close),    cmocka_unit_test(test_border_does_not_erode),
        cmocka_unit_test(test_fill),          cmocka_unit_test(test_components),
        cmocka_unit_test(test_overlap),       cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
