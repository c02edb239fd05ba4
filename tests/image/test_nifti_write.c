/* Writing NIfTI: what lies in the file at the offsets of the standard, what comes back, and
 * failures that leave nothing. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/gz.h"
#include "image/nifti.h"

#include <dirent.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static struct hep_error e;

struct fixture {
    char *dir, *path, *gz_path;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->dir = hep_test_mkdir();
    f->path = hep_path_join(f->dir, "a.nii", NULL);
    f->gz_path = hep_path_join(f->dir, "a.nii.gz", NULL);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    hep_test_rmdir(f->dir);
    free(f->path);
    free(f->gz_path);
    free(f);
    return 0;
}

/* Turned by 0.4 rad about S and -0.3 rad about R, left-handed, with entries that are float32. */
static struct hep_grid oblique_grid(size_t nx, size_t ny, size_t nz)
{
    const double mm[3] = { 1.25, 1.5, 4.0 };
    const double ca = cos(0.4);
    const double sa = sin(0.4);
    const double cb = cos(-0.3);
    const double sb = sin(-0.3);
    const double r[3][3] = { { ca, -sa * cb, sa * sb },
                             { sa, ca * cb, -ca * sb },
                             { 0.0, sb, cb } };
    struct hep_grid g = hep_test_grid(nx, ny, nz, 1, 1, 1);

    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3; k++)
            g.to_world[i][k] = (double)(float)(r[i][k] * mm[k] * (k == 0 ? -1.0 : 1.0));
        g.to_world[i][3] = (double)(float)(-100.3 + 7.7 * i);
    }
    return g;
}

static struct hep_volume *make_volume(const struct hep_grid *g, size_t nt)
{
    struct hep_volume *v = NULL;

    assert_ok(hep_volume_new(&v, g, nt, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(g) * nt; i++)
        v->data[i] = (float)(sin(0.1 * (double)i) * 1000.0);
    return v;
}

static size_t entries(const char *dir)
{
    struct hep_listing l = { 0 };
    size_t n;

    assert_ok(hep_listing_read(&l, dir, &e), e);
    n = l.n;
    hep_listing_release(&l);
    return n;
}

static void test_round_trip(void **state)
{
    const struct fixture *f = *state;
    const struct hep_grid g = oblique_grid(7, 5, 3);

    for (int variant = 0; variant < 8; variant++) {
        const struct hep_nifti_write_opts opts = { .nifti2 = variant % 2 == 1,
                                                   .unit = HEP_UNIT_PER_S,
                                                   .form = variant / 4 == 1 ? HEP_FORM_SFORM_ONLY
                                                                            : HEP_FORM_BOTH,
                                                   .tr_s = 2.5 };
        const char *path = variant / 2 % 2 == 1 ? f->gz_path : f->path;
        struct hep_volume *v = make_volume(&g, 1 + (size_t)variant);
        struct hep_volume *back = NULL;
        struct hep_nifti_info info;

        assert_ok(hep_nifti_write(path, v, &opts, &e), e);
        assert_ok(hep_nifti_read(&back, path, &e), e);
        assert_int_equal(back->nt, v->nt);
        assert_memory_equal(back->grid.to_world, g.to_world, sizeof g.to_world);
        assert_memory_equal(back->data, v->data, hep_grid_voxels(&g) * v->nt * sizeof *v->data);
        assert_ok(hep_nifti_info(&info, path, &e), e);
        assert_int_equal(info.nifti2, opts.nifti2);
        assert_int_equal(info.sform_code, 1);
        assert_int_equal(info.qform_code, opts.form == HEP_FORM_BOTH);
        assert_close(info.tr_s, 2.5, 0.0, 0.0);
        assert_false(info.unit_assumed);
        assert_non_null(strstr(info.descrip, "1/s"));
        hep_volume_free(v);
        hep_volume_free(back);
    }
    assert_int_equal(entries(f->dir), 2);
}

static float f32_at(const char *b, size_t at)
{
    float x;

    (void)memcpy(&x, b + at, sizeof x);
    return x;
}

static int i16_at(const char *b, size_t at)
{
    int16_t x;

    (void)memcpy(&x, b + at, sizeof x);
    return x;
}

/* Offsets from nifti1.h; the file is in this machine's byte order. */
static void test_header_bytes(void **state)
{
    const struct fixture *f = *state;
    struct hep_grid g = hep_test_grid(4, 3, 2, 2.0, 3.0, 4.0);
    struct hep_volume *v = make_volume(&g, 2);
    const struct hep_nifti_write_opts opts = { .tr_s = 0.5 };
    char *b = NULL;
    size_t n = 0;

    assert_ok(hep_nifti_write(f->path, v, &opts, &e), e);
    assert_ok(hep_file_read(&b, &n, f->path, 1 << 20, &e), e);
    assert_int_equal(n, 352 + 4 * 48);
    assert_memory_equal(b + 344, "n+1", 4);
    assert_int_equal(i16_at(b, 40), 4);
    assert_int_equal(i16_at(b, 42), 4);
    assert_int_equal(i16_at(b, 44), 3);
    assert_int_equal(i16_at(b, 46), 2);
    assert_int_equal(i16_at(b, 48), 2);
    assert_int_equal(i16_at(b, 70), 16);
    assert_int_equal(i16_at(b, 72), 32);
    assert_close(f32_at(b, 80), 2.0, 0.0, 0.0);
    assert_close(f32_at(b, 84), 3.0, 0.0, 0.0);
    assert_close(f32_at(b, 88), 4.0, 0.0, 0.0);
    assert_close(f32_at(b, 92), 0.5, 0.0, 0.0);
    assert_close(f32_at(b, 108), 352.0, 0.0, 0.0);
    assert_int_equal(b[123], 2 | 8);
    assert_int_equal(i16_at(b, 252), 1);
    assert_int_equal(i16_at(b, 254), 1);
    assert_close(f32_at(b, 268), -3.0, 0.0, 0.0); /* qoffset_x */
    assert_close(f32_at(b, 280), 2.0, 0.0, 0.0);  /* srow_x[0] */
    assert_close(f32_at(b, 292), -3.0, 0.0, 0.0);
    assert_int_equal(b[348] | b[349] | b[350] | b[351], 0);
    assert_memory_equal(b + 352, v->data, 4 * 48);
    free(b);
    hep_volume_free(v);
}

static void test_nifti2_bytes(void **state)
{
    const struct fixture *f = *state;
    struct hep_grid g = hep_test_grid(4, 3, 2, 2.0, 3.0, 4.0);
    struct hep_volume *v = make_volume(&g, 1);
    struct hep_volume *back = NULL;
    int64_t offset = 0;
    char *b = NULL;
    size_t n = 0;

    assert_ok(hep_nifti_write(f->path, v, &(struct hep_nifti_write_opts){ .nifti2 = true }, &e), e);
    assert_ok(hep_file_read(&b, &n, f->path, 1 << 20, &e), e);
    assert_int_equal(n, 544 + 4 * 24);
    assert_memory_equal(b + 4, "n+2\0\r\n\032\n", 8);
    (void)memcpy(&offset, b + 168, sizeof offset);
    assert_int_equal(offset, 544);
    (void)memset(b + 8, 0, 4); /* as nifticlib 3.0.1 writes it */
    assert_ok(hep_file_write(f->path, b, n, &e), e);
    assert_ok(hep_nifti_read(&back, f->path, &e), e);
    b[8] = 'x';
    assert_ok(hep_file_write(f->path, b, n, &e), e);
    hep_volume_free(back);
    assert_fails(hep_nifti_read(&back, f->path, &e), e, HEP_EFORMAT, "signature");
    free(b);
    hep_volume_free(v);
}

static void test_qform_only(void **state)
{
    const struct fixture *f = *state;
    const struct hep_nifti_write_opts opts = { .form = HEP_FORM_QFORM_ONLY };
    struct hep_grid g = oblique_grid(30, 20, 10);
    struct hep_volume *v = make_volume(&g, 1);
    struct hep_volume *back = NULL;
    struct hep_nifti_info info;

    assert_ok(hep_nifti_write(f->path, v, &opts, &e), e);
    assert_ok(hep_nifti_info(&info, f->path, &e), e);
    assert_int_equal(info.sform_code, 0);
    assert_int_equal(info.qform_code, 1);
    assert_true(hep_grid_same(&info.grid, &g, 1e-3));
    v->grid.to_world[0][1] += 0.2; /* sheared: no quaternion can say so */
    assert_ok(hep_nifti_write(f->path, v, &opts, &e), e);
    assert_ok(hep_nifti_read(&back, f->path, &e), e);
    assert_true(hep_grid_same(&back->grid, &v->grid, 1e-4));
    assert_ok(hep_nifti_info(&info, f->path, &e), e);
    assert_int_equal(info.qform_code, 0);
    assert_int_equal(info.sform_code, 1);
    hep_volume_free(v);
    hep_volume_free(back);
}

static void test_int16(void **state)
{
    const struct fixture *f = *state;
    const struct hep_nifti_write_opts opts = { .store = HEP_STORE_INT16_SCALED };
    struct hep_grid g = hep_test_grid(10, 10, 2, 1, 1, 1);
    struct hep_volume *v = make_volume(&g, 1);
    struct hep_volume *back = NULL;
    struct hep_nifti_info info;
    const double half_step = 0.5 * 2000.0 / 65535.0;

    assert_ok(hep_nifti_write(f->gz_path, v, &opts, &e), e);
    assert_ok(hep_nifti_info(&info, f->gz_path, &e), e);
    assert_int_equal(info.datatype, 4);
    assert_ok(hep_nifti_read(&back, f->gz_path, &e), e);
    for (size_t i = 0; i < 200; i++) /* 1e-3: float32 of the intercept and of the value */
        assert_close(back->data[i], v->data[i], 0.0, half_step + 1e-3);
    hep_volume_free(back);
    for (size_t i = 0; i < 200; i++)
        v->data[i] = 42.5F;
    assert_ok(hep_nifti_write(f->path, v, &opts, &e), e);
    assert_ok(hep_nifti_read(&back, f->path, &e), e);
    assert_close(back->data[7], 42.5, 0.0, 0.0);
    v->data[3] = NAN;
    (void)remove(f->path);
    assert_fails(hep_nifti_write(f->path, v, &opts, &e), e, HEP_EINVAL, "value 3");
    assert_false(hep_is_file(f->path));
    hep_volume_free(v);
    hep_volume_free(back);
}

static void test_labels(void **state)
{
    const struct fixture *f = *state;
    static const struct {
        int32_t top;
        int datatype;
    } cases[] = { { 255, 2 }, { 256, 8 }, { 2147483647, 8 } };
    struct hep_grid g = hep_test_grid(3, 3, 3, 1, 1, 1);
    struct hep_labels *l = NULL;

    assert_ok(hep_labels_new(&l, &g, &e), e);
    for (size_t i = 0; i < 3; i++) {
        struct hep_labels *back = NULL;
        struct hep_nifti_info info;

        l->data[13] = cases[i].top;
        assert_ok(hep_nifti_write_labels(f->gz_path, l, NULL, &e), e);
        assert_ok(hep_nifti_info(&info, f->gz_path, &e), e);
        assert_int_equal(info.datatype, cases[i].datatype);
        assert_ok(hep_nifti_read_labels(&back, f->gz_path, &e), e);
        assert_memory_equal(back->data, l->data, 27 * sizeof *l->data);
        hep_labels_free(back);
    }
    hep_labels_free(l);
}

static void test_same_bytes_for_threads(void **state)
{
    const struct fixture *f = *state;
    struct hep_grid g = hep_test_grid(64, 64, 60, 1, 1, 1);
    struct hep_volume *v = make_volume(&g, 1);
    char *one = NULL;
    char *many = NULL;
    size_t n = 0;
    size_t m = 0;

    assert_ok(hep_nifti_write(f->gz_path, v, &(struct hep_nifti_write_opts){ .nthreads = 1 }, &e),
              e);
    assert_ok(hep_file_read(&one, &n, f->gz_path, 1 << 24, &e), e);
    assert_ok(hep_nifti_write(f->gz_path, v, &(struct hep_nifti_write_opts){ .nthreads = 8 }, &e),
              e);
    assert_ok(hep_file_read(&many, &m, f->gz_path, 1 << 24, &e), e);
    assert_int_equal(n, m);
    assert_memory_equal(one, many, n);
    free(one);
    free(many);
    hep_volume_free(v);
}

static void test_refused(void **state)
{
    const struct fixture *f = *state;
    struct hep_grid g = hep_test_grid(40000, 1, 1, 1, 1, 1);
    struct hep_volume *v = make_volume(&g, 1);
    struct hep_nifti_write_opts opts = { 0 };
    char *other = hep_path_join(f->dir, "a.img", NULL);
    char *lost = hep_path_join(f->dir, "missing/a.nii", NULL);

    assert_fails(hep_nifti_write(f->path, v, NULL, &e), e, HEP_EINVAL, "40000");
    assert_fails(hep_nifti_write(other, v, NULL, &e), e, HEP_EINVAL, ".nii.gz");
    opts.nifti2 = true;
    assert_fails(hep_nifti_write(lost, v, &opts, &e), e, HEP_ECREAT, "missing");
    assert_int_equal(entries(f->dir), 0);
    assert_ok(hep_nifti_write(f->gz_path, v, &opts, &e), e);
    free(other);
    free(lost);
    hep_volume_free(v);
}

static void test_read_only(void **state)
{
    const struct fixture *f = *state;
    struct hep_grid g = hep_test_grid(4, 4, 4, 1, 1, 1);
    struct hep_volume *v = NULL;

    if (geteuid() == 0)
        skip(); /* root writes everywhere */
    v = make_volume(&g, 1);
    assert_int_equal(chmod(f->dir, 0555), 0);
    assert_fails(hep_nifti_write(f->path, v, NULL, &e), e, HEP_ECREAT, "a.nii");
    assert_int_equal(chmod(f->dir, 0755), 0);
    assert_int_equal(entries(f->dir), 0);
    hep_volume_free(v);
}

/* A full disk, as a limit on the size of files; an earlier file of that name survives. */
static void test_disk_full(void **state)
{
    const struct fixture *f = *state;
    struct hep_grid g = hep_test_grid(64, 64, 8, 1, 1, 1);
    struct hep_volume *v = make_volume(&g, 1);
    struct rlimit old;
    struct rlimit tight;
    char *kept = NULL;
    size_t n = 0;
    int rc;

    assert_ok(hep_file_write(f->path, "earlier", 7, &e), e);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    tight = old;
    tight.rlim_cur = 4096;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    rc = hep_nifti_write(f->path, v, NULL, &e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_fails(rc, e, HEP_EIO, "a.nii");
    assert_int_equal(entries(f->dir), 1);
    assert_ok(hep_file_read(&kept, &n, f->path, 100, &e), e);
    assert_string_equal(kept, "earlier");
    free(kept);
    hep_volume_free(v);
}

static void test_no_memory(void **state)
{
    const struct fixture *f = *state;
    struct hep_grid g = hep_test_grid(8, 8, 8, 1, 1, 1);
    struct hep_volume *v = make_volume(&g, 1);
    int failures = 0;

    for (long at = 1; at < 50; at++) {
        struct hep_error local = { 0 };
        bool none_failed;
        int rc;

        hep_alloc_fail_at(at);
        rc = hep_nifti_write(f->gz_path, v, NULL, &local);
        none_failed = hep_alloc_fail_at(0) > 0;
        if (none_failed)
            assert_int_equal(rc, HEP_OK);
        if (none_failed)
            break;
        if (rc == HEP_OK) { /* a buffer that could not be made smaller is used as it is */
            assert_int_equal(remove(f->gz_path), 0);
            continue;
        }
        failures++;
        assert_int_equal(rc, HEP_ENOMEM);
        assert_int_equal(entries(f->dir), 0);
    }
    assert_true(failures >= 2);
    hep_volume_free(v);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_round_trip),
        TEST(test_header_bytes),
        TEST(test_qform_only),
        TEST(test_nifti2_bytes),
        TEST(test_int16),
        TEST(test_labels),
        TEST(test_same_bytes_for_threads),
        TEST(test_refused),
        TEST(test_read_only),
        TEST(test_disk_full),
        TEST(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
