#include "base/file.h"
#include "image/nifti.h"
#include "image/resample.h"
#include "support/support.h"

#include <math.h>

enum { n_x = 7, n_y = 5, n_z = 6, n_voxels = n_x * n_y * n_z };

static const struct hep_grid grid = {
    .n = { n_x, n_y, n_z },
    .to_world = { { 2, 0, 0, -31 }, { 0, 3, 0, 12 }, { 0, 0, 4, 70 }, { 0, 0, 0, 1 } },
};

/* A blob with no symmetry: 1 where it is. */
static int inside(size_t x, size_t y, size_t z)
{
    return (x >= 1 && x <= 4 && y >= 2 && z >= 1 && z <= 2) || (x == 5 && y == 1 && z >= 3);
}

/* The same mask with its axes in another order and direction, at the same positions. */
static struct hep_labels *stored_as(const int axis[3], const bool reversed[3])
{
    struct hep_grid g = { .to_world = { [3] = { 0, 0, 0, 1 } } };
    struct hep_labels *l = NULL;
    struct hep_error e = { 0 };
    double corner[3] = { 0, 0, 0 };

    for (int k = 0; k < 3; k++) {
        g.n[k] = grid.n[axis[k]];
        corner[axis[k]] = reversed[k] ? (double)(grid.n[axis[k]] - 1) : 0.0;
        for (int w = 0; w < 3; w++)
            g.to_world[w][k] = (reversed[k] ? -1.0 : 1.0) * grid.to_world[w][axis[k]];
    }
    for (int w = 0; w < 3; w++) {
        g.to_world[w][3] = grid.to_world[w][3];
        for (int a = 0; a < 3; a++)
            g.to_world[w][3] += grid.to_world[w][a] * corner[a];
    }
    assert_ok(hep_labels_new(&l, &g, &e), e);
    for (size_t i = 0; i < n_voxels; i++) {
        const size_t at[3] = { i % g.n[0], i / g.n[0] % g.n[1], i / (g.n[0] * g.n[1]) };
        size_t c[3];

        for (int k = 0; k < 3; k++)
            c[axis[k]] = reversed[k] ? g.n[k] - 1 - at[k] : at[k];
        l->data[i] = inside(c[0], c[1], c[2]);
    }
    return l;
}

/* Six orders of three axes, each in two directions: 48, all the same mask by position. */
static void test_orientations(void **state)
{
    static const int order[6][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    struct hep_error e = { 0 };

    (void)state;
    for (int way = 0; way < 48; way++) {
        const bool reversed[3] = { (way / 6) & 1, (way / 6) & 2, (way / 6) & 4 };
        struct hep_labels *stored = stored_as(order[way % 6], reversed), *back = NULL;

        assert_ok(hep_resample_labels(&back, stored, &grid, NULL, &e), e);
        for (size_t i = 0; i < n_voxels; i++)
            assert_int_equal(back->data[i], inside(i % n_x, i / n_x % n_y, i / (n_x * n_y)));
        hep_labels_free(stored);
        hep_labels_free(back);
    }
}

/* Write n values (repeated) and read them as a mask. */
static int read_values(struct hep_labels **out, struct hep_mask_reading *r, const float *values,
                       size_t n, struct hep_error *err)
{
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "mask.nii", NULL);
    struct hep_volume *v = NULL;
    int rc = hep_volume_new(&v, &grid, 1, err);

    assert_int_equal(rc, HEP_OK);
    for (size_t i = 0; i < n_voxels; i++)
        v->data[i] = values[i % n];
    assert_int_equal(hep_nifti_write(path, v, NULL, err), HEP_OK);
    rc = hep_nifti_read_mask(out, r, path, HEP_PROBABLE, err);
    hep_volume_free(v);
    free(path);
    hep_test_rmdir(dir);
    return rc;
}

static void test_values(void **state)
{
    static const float probabilities[] = { 0.0F, 0.2F, 0.5F, 0.9F, 1.0F };
    static const float holes[] = { NAN, 1.0F, 0.0F, NAN };
    static const float labels[] = { 0.0F, 5.0F, 1.0F, 2.0F, 5.0F };
    static const float below[] = { 0.0F, -1.0F };
    struct hep_mask_reading r;
    struct hep_labels *m = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(read_values(&m, &r, probabilities, 5, &e), e);
    assert_true(r.probabilities && r.n_values == 1);
    assert_int_equal(hep_labels_count(m, 1), n_voxels * 3 / 5);
    hep_labels_free(m);

    assert_ok(read_values(&m, &r, holes, 4, &e), e);
    assert_int_equal(r.n_nan, n_voxels / 4 * 2 + 1);
    assert_int_equal(hep_labels_count(m, 1), n_voxels / 4 + 1);
    hep_labels_free(m);

    assert_ok(read_values(&m, &r, labels, 5, &e), e);
    assert_int_equal(r.n_values, 3);
    assert_true(r.value[0] == 1 && r.value[1] == 2 && r.value[2] == 5);
    assert_fails(hep_mask_one_label(m, &r, (double)NAN, "x", &e), e, HEP_EDATA, "1, 2, 5");
    assert_ok(hep_mask_one_label(m, &r, 2.0, "x", &e), e);
    assert_int_equal(hep_labels_count(m, 1), n_voxels / 5);
    hep_labels_free(m);

    assert_fails(read_values(&m, &r, below, 2, &e), e, HEP_EFORMAT, "holds -1");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_orientations),
                                        cmocka_unit_test(test_values) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
