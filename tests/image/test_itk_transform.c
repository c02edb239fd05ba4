/* Transforms as ITK reads them, against bytes and numbers written by hand. */
#include "base/file.h"
#include "base/text.h"
#include "image/itk_transform.h"
#include "image/nifti.h"
#include "support/support.h"

#include <string.h>

/* A quarter turn about the axis to the head: x' = -y + 5, y' = x - 7, z' = z + 2 in RAS. In LPS, with
 * both signs reversed: x' = -y - 5, y' = x + 7. */
static void test_text(void **state)
{
    static const double turn[4][4] = {
        { 0, -1, 0, 5 }, { 1, 0, 0, -7 }, { 0, 0, 1, 2 }, { 0, 0, 0, 1 }
    };
    struct hep_str text = { 0 };

    (void)state;
    hep_itk_affine_text(&text, turn);
    assert_string_equal(text.s, "#Insight Transform File V1.0\n#Transform 0\n"
                                "Transform: AffineTransform_double_3_3\n"
                                "Parameters: 0 -1 0 1 0 0 0 0 1 -5 7 2\nFixedParameters: 0 0 0\n");
    hep_str_release(&text);
}

/* A tilt out of the axial plane has one sign more: z' = z + 0.25 y in RAS is z' = z - 0.25 y in LPS. */
static void test_tilt(void **state)
{
    static const double tilt[4][4] = {
        { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0.25, 1, 0 }, { 0, 0, 0, 1 }
    };
    struct hep_str text = { 0 };

    (void)state;
    hep_itk_affine_text(&text, tilt);
    assert_non_null(strstr(text.s, "Parameters: 1 0 0 0 1 0 0 -0.25 1 0 0 0\n"));
    hep_str_release(&text);
}

static struct hep_volume *field(void)
{
    const struct hep_grid g = hep_test_grid(3, 2, 2, 2.0, 3.0, 4.0);
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_volume_new(&v, &g, 3, &e), e);
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < hep_grid_voxels(&g); i++)
            hep_volume_at(v, k)[i] = (float)(k + 1) + 0.125F * (float)i;
    return v;
}

/* Folded into the displacement, the transform moves every point as before. */
static void test_fold(void **state)
{
    struct hep_volume *d = field();
    struct hep_transform t = {
        .affine = { { 1, 0.01, 0, 5 }, { -0.01, 1, 0, -7 }, { 0, 0.02, 1, 2 }, { 0, 0, 0, 1 } },
        .displacement = d
    };
    double before[12][3];

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        double x[3];

        hep_grid_world_of(x, &d->grid, i);
        hep_affine_apply(before[i], HEP_AFFINE(t.affine), x);
        for (size_t k = 0; k < 3; k++)
            before[i][k] += (double)hep_volume_at(d, k)[i];
    }
    hep_transform_fold(&t, d);
    for (size_t i = 0; i < 12; i++) {
        double x[3];

        hep_grid_world_of(x, &d->grid, i);
        for (size_t k = 0; k < 3; k++)
            assert_close(x[k] + (double)hep_volume_at(d, k)[i], before[i][k], 0, 1e-5);
    }
    for (int r = 0; r < 4; r++)
        for (int c = 0; c < 4; c++)
            assert_close(t.affine[r][c], r == c, 0, 0);
    hep_volume_free(d);
}

static double at(const char *bytes, size_t offset, size_t size)
{
    short s;
    float f;

    if (size == sizeof s) {
        memcpy(&s, bytes + offset, sizeof s);
        return s;
    }
    memcpy(&f, bytes + offset, sizeof f);
    return (double)f;
}

/* NIfTI-1: dim at byte 40, intent_code at 68, data at 352; five axes, of which the fourth has one
 * step; vectors are intent 1007, and the first two components have the signs of LPS. */
static void test_file(void **state)
{
    struct hep_volume *v = field(), *back = NULL;
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "a.nii", NULL), *bytes = NULL;
    struct hep_error e = { 0 };
    size_t n = 0;

    (void)state;
    assert_ok(hep_nifti_write(path, v, &(struct hep_nifti_write_opts){ .vectors = true }, &e), e);
    assert_ok(hep_file_read(&bytes, &n, path, 1U << 20, &e), e);
    for (size_t k = 0; k < 6; k++)
        assert_close(at(bytes, 40 + 2 * k, 2), ((double[]){ 5, 3, 2, 2, 1, 3 })[k], 0, 0);
    assert_close(at(bytes, 68, 2), 1007, 0, 0);
    assert_close(at(bytes, 352 + 4 * 0, 4), -1.0, 0, 0);
    assert_close(at(bytes, 352 + 4 * 12, 4), -2.0, 0, 0);
    assert_close(at(bytes, 352 + 4 * 24, 4), 3.0, 0, 0);
    assert_ok(hep_nifti_read_vectors(&back, path, &e), e);
    assert_memory_equal(back->data, v->data, 36 * sizeof(float));
    free(bytes);
    hep_volume_free(back);
    hep_volume_free(v);
    free(path);
    hep_test_rmdir(dir);
}

/* Two components are no displacement. */
static void test_refused(void **state)
{
    const struct hep_grid g = hep_test_grid(3, 2, 2, 2.0, 3.0, 4.0);
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "a.nii", NULL);
    struct hep_volume *v = NULL, *back = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_volume_new(&v, &g, 2, &e), e);
    assert_int_equal(
        hep_nifti_write(path, v, &(struct hep_nifti_write_opts){ .vectors = true }, &e),
        HEP_EINVAL);
    e = (struct hep_error){ 0 };
    assert_ok(hep_nifti_write(path, v, NULL, &e), e);
    assert_int_equal(hep_nifti_read_vectors(&back, path, &e), HEP_EFORMAT);
    assert_null(back);
    hep_volume_free(v);
    free(path);
    hep_test_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_text), cmocka_unit_test(test_tilt),
                                        cmocka_unit_test(test_fold), cmocka_unit_test(test_file),
                                        cmocka_unit_test(test_refused) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
