/* Reading NIfTI: every data type in both byte orders and versions, scaling, orientation rules. The
 * files are made byte by byte from the tables of the standard. */
#include "nifti_bytes.h"

#include "base/file.h"
#include "base/gz.h"
#include "image/nifti_header.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static struct hep_error e;

static int read_bytes(struct hep_volume **v, const struct bytes *f)
{
    return hep_nifti_from_bytes(v, NULL, NULL, f->b, f->n, &e);
}

struct type_case {
    const char *name;
    int16_t code, bits;
    double in[12];   /* as stored; every value is representable */
    double want[12]; /* as float32 */
};

#define SAME(...)                                                                                  \
    { __VA_ARGS__ },                                                                               \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
static const struct type_case type_cases[] = {
    { "uint8", 2, 8, SAME(0, 1, 2, 127, 128, 200, 255, 7, 8, 9, 10, 11) },
    { "int16", 4, 16, SAME(0, 1, -2, 32767, -32768, 258, -258, 7, 8, 9, 10, 11) },
    { "int32", 8, 32, SAME(0, 1, -2, 16777216, -65538, 258, 16909060, 7, 8, 9, 10, 11) },
    { "float32", 16, 32, SAME(0, 0.5, -2.25, 1e30, -1e-30, 258, 3, 7, 8, 9, 10, 11) },
    { "float64",
      64,
      64,
      { 0, 0.5, -2.25, 1e300, -1e300, 258, 3, 7, 8, 9, 10, 11 },
      { 0, 0.5, -2.25, HUGE_VAL, -HUGE_VAL, 258, 3, 7, 8, 9, 10, 11 } },
    { "int8", 256, 8, SAME(0, 1, -2, 127, -128, -100, 100, 7, 8, 9, 10, 11) },
    { "uint16", 512, 16, SAME(0, 1, 2, 32768, 65535, 258, 513, 7, 8, 9, 10, 11) },
    { "uint32", 768, 32, SAME(0, 1, 2, 2147483648.0, 4278190080.0, 258, 513, 7, 8, 9, 10, 11) },
    { "int64", 1024, 64, SAME(0, 1, -2, -4294967296.0, 1099511627776.0, 258, 3, 7, 8, 9, 10, 11) },
    { "uint64", 1280, 64,
      SAME(0, 1, 2, 9223372036854775808.0, 1099511627776.0, 258, 3, 7, 8, 9, 10, 11) },
};

static void put_value(struct bytes *f, size_t i, int16_t code, int16_t bits, double x)
{
    const size_t at = f->data + i * (size_t)bits / 8;
    const uint64_t u = code == 1280 ? (uint64_t)x : 0;
    const uint32_t u32 = code == 768 ? (uint32_t)x : 0;
    const uint16_t u16 = code == 512 ? (uint16_t)x : 0;
    unsigned char byte;

    switch (code) {
    case 2:
        byte = (unsigned char)x;
        put(f, at, &byte, 1);
        break;
    case 256:
        byte = (unsigned char)(signed char)x;
        put(f, at, &byte, 1);
        break;
    case 4:
        put_i16(f, at, (int16_t)x);
        break;
    case 8:
        put_i32(f, at, (int32_t)x);
        break;
    case 16:
        put_f32(f, at, (float)x);
        break;
    case 64:
        put_f64(f, at, x);
        break;
    case 512:
        put(f, at, &u16, sizeof u16);
        break;
    case 768:
        put(f, at, &u32, sizeof u32);
        break;
    case 1024:
        put_i64(f, at, (int64_t)x);
        break;
    default:
        put(f, at, &u, sizeof u);
        break;
    }
}

static void test_type(void **state)
{
    const struct type_case *c = *state;

    for (int variant = 0; variant < 4; variant++) {
        struct bytes f;
        struct hep_volume *v = NULL;

        bytes_init(&f, variant / 2 == 1, variant % 2 == 1);
        put_type(&f, c->code, c->bits);
        for (size_t i = 0; i < 12; i++)
            put_value(&f, i, c->code, c->bits, c->in[i]);
        assert_ok(read_bytes(&v, &f), e);
        assert_int_equal(v->nt, 1);
        for (size_t i = 0; i < 12; i++) {
            const float want = (float)c->want[i];

            assert_memory_equal(&v->data[i], &want, sizeof want);
        }
        assert_close(v->grid.to_world[0][3], -5.0, 0.0, 0.0);
        assert_close(v->grid.to_world[2][2], 4.0, 0.0, 0.0);
        hep_volume_free(v);
    }
}

static void test_scaling(void **state)
{
    static const struct {
        double slope, inter, first, last;
    } cases[] = {
        { 2.5, -7.0, 1 * 2.5 - 7.0, 12 * 2.5 - 7.0 },
        { 0.0, 100.0, 1.0, 12.0 }, /* slope 0: no scaling at all (nifti1.h, "scl_slope") */
        { -1.0, 0.0, -1.0, -12.0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes f;
        struct hep_volume *v = NULL;

        bytes_init(&f, i % 2 == 1, false);
        put_scale(&f, cases[i].slope, cases[i].inter);
        assert_ok(read_bytes(&v, &f), e);
        assert_close(v->data[0], cases[i].first, 1e-7, 0.0);
        assert_close(v->data[11], cases[i].last, 1e-7, 0.0);
        hep_volume_free(v);
    }
}

static void test_nan_kept(void **state)
{
    struct bytes f;
    struct hep_volume *v = NULL;

    (void)state;
    bytes_init(&f, false, true);
    put_type(&f, 16, 32);
    for (size_t i = 0; i < 12; i++)
        put_f32(&f, f.data + 4 * i, i == 3 ? NAN : i == 4 ? -INFINITY : 1.0F);
    assert_ok(read_bytes(&v, &f), e);
    assert_true(isnan(v->data[3]));
    assert_true(isinf(v->data[4]) && v->data[4] < 0.0F);
    hep_volume_free(v);
}

static void test_5d_joined(void **state)
{
    struct bytes f;
    struct hep_volume *v = NULL;

    (void)state;
    bytes_init(&f, false, false);
    put_dim(&f, 0, 5);
    put_dim(&f, 2, 1);
    put_dim(&f, 3, 1);
    put_dim(&f, 4, 2);
    put_dim(&f, 5, 3);
    assert_ok(read_bytes(&v, &f), e);
    assert_int_equal(v->nt, 6);
    assert_close(hep_volume_at(v, 5)[1], 12.0, 0.0, 0.0);
    hep_volume_free(v);
}

static void test_complex(void **state)
{
    struct bytes f;
    struct hep_volume *re = NULL;
    struct hep_volume *im = NULL;
    struct hep_volume *v = NULL;
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "echo.nii", NULL);

    (void)state;
    bytes_init(&f, true, true);
    put_type(&f, 32, 64);
    put_scale(&f, 2.0, 0.0);
    for (size_t i = 0; i < 24; i++)
        put_f32(&f, f.data + 4 * i, (float)i);
    assert_ok(hep_nifti_from_bytes(&re, &im, NULL, f.b, f.n, &e), e);
    assert_close(re->data[11], 44.0, 0.0, 0.0);
    assert_close(im->data[11], 46.0, 0.0, 0.0);
    hep_volume_free(re);
    hep_volume_free(im);
    assert_fails(read_bytes(&v, &f), e, HEP_EFORMAT, "complex");
    assert_ok(hep_file_write(path, f.b, f.n, &e), e);
    assert_ok(hep_nifti_read_magnitude(&v, path, &e), e);
    assert_close(v->data[11], hypot(44.0, 46.0), 1e-5, 0.0);
    hep_volume_free(v);
    put_type(&f, 1792, 128);
    f.n = f.data + 12 * 16;
    put_f64(&f, f.data + 16 * 11 + 8, -3.5);
    assert_ok(hep_nifti_from_bytes(&re, &im, NULL, f.b, f.n, &e), e);
    assert_close(im->data[11], -7.0, 0.0, 0.0);
    hep_volume_free(re);
    hep_volume_free(im);
    bytes_init(&f, false, false);
    assert_fails(hep_nifti_from_bytes(&re, &im, NULL, f.b, f.n, &e), e, HEP_EFORMAT, "real");
    assert_ok(hep_file_write(path, f.b, f.n, &e), e);
    assert_ok(hep_nifti_read_magnitude(&v, path, &e), e);
    assert_close(hep_volume_at(v, 0)[1], 2.0, 0.0, 0.0);
    hep_volume_free(v);
    hep_test_rmdir(dir);
    free(path);
}

/* Quarter turn about S: i runs to anterior, j to left; qfac -1 turns k to inferior. Worked by hand:
 * a = sqrt(1/2), d = sqrt(1/2) gives R = (0 -1 0; 1 0 0; 0 0 1). */
static void test_qform(void **state)
{
    const double q[6] = { 0.0, 0.0, 0.70710678118654752, 10.0, -20.0, 30.0 };

    (void)state;
    for (int nifti2 = 0; nifti2 < 2; nifti2++) {
        struct bytes f;
        struct hep_volume *v = NULL;

        bytes_init(&f, nifti2 == 1, false);
        put_codes(&f, 2, 0);
        put_pixdim(&f, 0, -1.0);
        put_quatern(&f, q);
        assert_ok(read_bytes(&v, &f), e);
        assert_close(v->grid.to_world[1][0], 2.0, 1e-6, 0.0);
        assert_close(v->grid.to_world[0][1], -3.0, 1e-6, 0.0);
        assert_close(v->grid.to_world[2][2], -4.0, 1e-6, 0.0);
        assert_close(v->grid.to_world[0][0], 0.0, 0.0, 1e-6);
        assert_close(v->grid.to_world[2][3], 30.0, 0.0, 0.0);
        hep_volume_free(v);
        put_codes(&f, 2, 2); /* both: the sform counts */
        assert_ok(read_bytes(&v, &f), e);
        assert_close(v->grid.to_world[0][0], 2.0, 0.0, 0.0);
        hep_volume_free(v);
    }
}

static void write_bytes(const char *path, const void *b, size_t n)
{
    assert_ok(hep_file_write(path, b, n, &e), e);
}

static void test_files(void **state)
{
    char *dir = hep_test_mkdir();
    char *path = hep_path_join(dir, "a.nii.gz", NULL);
    struct hep_nifti_info info;
    struct hep_volume *v = NULL;
    struct hep_labels *l = NULL;
    unsigned char *gz = NULL;
    size_t n = 0;
    struct bytes f;

    (void)state;
    bytes_init(&f, false, false);
    put_units(&f, 0 | 16);
    put_pixdim(&f, 4, 1500.0);
    (void)memcpy(f.b + 148, "made by hand", 12);
    assert_ok(hep_gz_deflate(&gz, &n, f.b, f.n, 6, 1, &e), e);
    write_bytes(path, gz, n);
    assert_ok(hep_nifti_info(&info, path, &e), e);
    assert_true(info.gzip && info.unit_assumed && !info.nifti2 && !info.is_complex);
    assert_close(info.tr_s, 1.5, 1e-6, 0.0);
    assert_string_equal(info.descrip, "made by hand");
    assert_int_equal(info.datatype, 2);
    assert_int_equal(info.sform_code, 1);
    assert_int_equal(info.grid.n[1], 3);
    assert_ok(hep_nifti_read(&v, path, &e), e);
    assert_close(v->data[11], 12.0, 0.0, 0.0);
    assert_ok(hep_nifti_read_labels(&l, path, &e), e);
    assert_int_equal(l->data[11], 12);
    write_bytes(path, f.b, f.n); /* plain bytes under a .gz name: content counts */
    assert_ok(hep_nifti_info(&info, path, &e), e);
    assert_false(info.gzip);
    hep_volume_free(v);
    hep_labels_free(l);
    assert_fails(hep_nifti_info(&info, dir, &e), e, HEP_EFORMAT, dir);
    (void)remove(path);
    assert_fails(hep_nifti_info(&info, path, &e), e, HEP_ENOENT, "a.nii.gz");
    assert_fails(hep_nifti_read(&v, path, &e), e, HEP_ENOENT, "a.nii.gz");
    assert_int_equal(mkfifo(path, 0600), 0);
    (void)alarm(10); /* an opener that waits for a writer is ended */
    assert_fails(hep_nifti_info(&info, path, &e), e, HEP_EFORMAT, "not a regular file");
    assert_fails(hep_nifti_read(&v, path, &e), e, HEP_EFORMAT, "not a regular file");
    (void)alarm(0);
    free(gz);
    free(path);
    hep_test_rmdir(dir);
}

static void test_labels(void **state)
{
    struct bytes f;
    struct hep_labels *l = NULL;

    (void)state;
    bytes_init(&f, false, false);
    put_type(&f, 8, 32);
    f.n = f.data + 48;
    (void)memset(f.b + f.data, 0, 48);
    put_i32(&f, f.data + 4, 2147483647); /* float32 could not hold it */
    assert_ok(hep_nifti_from_bytes(NULL, NULL, &l, f.b, f.n, &e), e);
    assert_int_equal(l->data[1], 2147483647);
    hep_labels_free(l);
    put_i32(&f, f.data + 4 * 9, -1);
    assert_fails(hep_nifti_from_bytes(NULL, NULL, &l, f.b, f.n, &e), e, HEP_EFORMAT, "(1, 1, 1)");
    bytes_init(&f, false, false);
    put_scale(&f, 0.5, 0.0);
    assert_fails(hep_nifti_from_bytes(NULL, NULL, &l, f.b, f.n, &e), e, HEP_EFORMAT, "(0, 0, 0)");
    bytes_init(&f, false, false);
    put_dim(&f, 0, 4);
    put_dim(&f, 3, 1);
    put_dim(&f, 4, 2);
    assert_fails(hep_nifti_from_bytes(NULL, NULL, &l, f.b, f.n, &e), e, HEP_EFORMAT, "one real");
}

int main(void)
{
    struct CMUnitTest tests[32] = {
        cmocka_unit_test(test_scaling),   cmocka_unit_test(test_nan_kept),
        cmocka_unit_test(test_5d_joined), cmocka_unit_test(test_complex),
        cmocka_unit_test(test_qform),     cmocka_unit_test(test_files),
        cmocka_unit_test(test_labels),
    };
    size_t n = 7;

    for (size_t i = 0; i < sizeof type_cases / sizeof *type_cases; i++)
        tests[n++] = (struct CMUnitTest){ .name = type_cases[i].name,
                                          .test_func = test_type,
                                          .initial_state = (void *)(uintptr_t)&type_cases[i] };
    return _cmocka_run_group_tests("nifti read", tests, n, NULL, NULL);
}
