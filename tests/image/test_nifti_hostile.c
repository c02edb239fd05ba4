/* Files that lie, one line each: what is changed in a good file, and how it is refused. */
#include "nifti_bytes.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/gz.h"
#include "base/rng.h"
#include "image/nifti_header.h"

#include <math.h>
#include <unistd.h>

static struct hep_error e;

static void dim_zero(struct bytes *f)
{
    put_dim(f, 2, 0);
}
static void dim_negative(struct bytes *f)
{
    put_dim(f, 3, -4);
}
static void dim_overflow(struct bytes *f)
{
    put_dim(f, 0, 5);
    for (size_t i = 1; i <= 5; i++)
        put_dim(f, i, f->nifti2 ? (int64_t)1 << 40 : 32767);
}
static void dim_too_many(struct bytes *f)
{
    put_dim(f, 1, 200);
}
static void dim_sixth(struct bytes *f)
{
    put_dim(f, 0, 6);
    put_dim(f, 6, 2);
}
static void axes_none(struct bytes *f)
{
    put_dim(f, 0, 0);
}
static void axes_two(struct bytes *f)
{
    put_dim(f, 0, 2);
}
static void axes_many(struct bytes *f)
{
    put_dim(f, 0, 300);
}
static void type_rgb(struct bytes *f)
{
    put_type(f, 128, 24);
}
static void type_float128(struct bytes *f)
{
    put_type(f, 1536, 128);
}
static void type_binary(struct bytes *f)
{
    put_type(f, 1, 1);
}
static void bitpix_wrong(struct bytes *f)
{
    put_type(f, 4, 8);
}
static void offset_past_end(struct bytes *f)
{
    put_vox_offset(f, 1e6);
}
static void offset_in_header(struct bytes *f)
{
    put_vox_offset(f, 100);
}
static void offset_negative(struct bytes *f)
{
    put_vox_offset(f, -352);
}
static void offset_nan(struct bytes *f)
{
    put_real(f, 108, 168, 0, f->nifti2 ? 0.0 : (double)NAN);
}
static void slope_nan(struct bytes *f)
{
    put_scale(f, (double)NAN, 0.0);
}
static void inter_inf(struct bytes *f)
{
    put_scale(f, 1.0, (double)INFINITY);
}
static void pixdim_nan(struct bytes *f)
{
    put_pixdim(f, 2, (double)NAN);
}
static void affine_zero(struct bytes *f)
{
    put_srow(f, (const double[12]){ 0 });
}
static void affine_flat(struct bytes *f)
{
    put_srow(f, (const double[12]){ 1, 2, 0, 0, 0, 0, 1, 0, 2, 4, 0, 0 });
}
static void affine_nan(struct bytes *f)
{
    put_srow(f, (const double[12]){ (double)NAN, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0 });
}
static void affine_inf(struct bytes *f)
{
    put_srow(f, (const double[12]){ 1, 0, 0, (double)INFINITY, 0, 1, 0, 0, 0, 0, 1, 0 });
}
static void step_far(struct bytes *f)
{
    put_srow(f, (const double[12]){ 2, 0, 0, -5, 0, 3, 0, 6, 0, 0, 5000, 7 });
}
static void step_near(struct bytes *f)
{
    put_srow(f, (const double[12]){ 2, 0, 0, -5, 0, 1e-3, 0, 6, 0, 0, 4, 7 });
}
static void field_wide(struct bytes *f)
{
    put_dim(f, 1, 1300);
}
static void field_large(struct bytes *f)
{
    put_dim(f, 1, 1000);
    put_dim(f, 2, 667);
    put_dim(f, 3, 100);
}
static void ratio_high(struct bytes *f)
{
    put_srow(f, (const double[12]){ 0.1, 0, 0, -5, 0, 3, 0, 6, 0, 0, 40, 7 });
}
static void shear(struct bytes *f)
{
    put_srow(f, (const double[12]){ 2, 0, 0, -5, 0, 3, 0, 6, 0, 4.5, 4, 7 });
}
static void shear_vast(struct bytes *f)
{
    put_srow(f, (const double[12]){ 2, 0, 0, -5, 0, 3, 0, 6, 1e9, 0, 4, 7 });
}
static void place_far(struct bytes *f)
{
    put_srow(f, (const double[12]){ 2, 0, 0, -5, 0, 3, 0, 6, 0, 0, 4, -20000 });
}
static void values_many(struct bytes *f)
{
    put_dim(f, 0, 4);
    put_dim(f, 1, 600);
    put_dim(f, 2, 600);
    put_dim(f, 3, 100);
    put_dim(f, 4, 30);
}
static void no_codes(struct bytes *f)
{
    put_codes(f, 0, 0);
}
static void codes_negative(struct bytes *f)
{
    put_codes(f, -3, -1);
}
static void qform_nan(struct bytes *f)
{
    put_codes(f, 1, 0);
    put_quatern(f, (const double[6]){ (double)NAN, 0, 0, 0, 0, 0 });
}
static void qform_long(struct bytes *f)
{
    put_codes(f, 1, 0);
    put_quatern(f, (const double[6]){ 7, 0, 0, 0, 0, 0 });
}
static void qform_no_size(struct bytes *f)
{
    put_codes(f, 1, 0);
    put_pixdim(f, 3, 0.0);
}
static void unit_metre(struct bytes *f)
{
    put_units(f, 1);
}
static void unit_micron(struct bytes *f)
{
    put_units(f, 3);
}
static void magic_pair(struct bytes *f)
{
    if (f->nifti2)
        (void)memcpy(f->b + 4, "ni2\0\r\n\032\n", 8);
    else
        (void)memcpy(f->b + 344, "ni1", 4);
}
static void magic_none(struct bytes *f)
{
    (void)memset(f->b + (f->nifti2 ? 4 : 344), 0, 4);
}
static void size_wrong(struct bytes *f)
{
    put_i32(f, 0, 349);
}
static void cut_data(struct bytes *f)
{
    f->n -= 1;
}
static void cut_header(struct bytes *f)
{
    f->n = 200;
}
static void cut_empty(struct bytes *f)
{
    f->n = 0;
}

struct hostile {
    const char *name;
    void (*spoil)(struct bytes *f);
    enum hep_status code;
    const char *part;
};
static const struct hostile cases[] = {
    { "size 0", dim_zero, HEP_EFORMAT, "axis 2 is 0" },
    { "size negative", dim_negative, HEP_EFORMAT, "axis 3 is -4" },
    { "sizes overflow", dim_overflow, HEP_EFORMAT, NULL },
    { "more voxels than bytes", dim_too_many, HEP_EFORMAT, "asks for 1200 bytes" },
    { "sixth axis", dim_sixth, HEP_EFORMAT, "axis 6" },
    { "no axes", axes_none, HEP_EFORMAT, "0 axes" },
    { "two axes", axes_two, HEP_EFORMAT, "2 axes" },
    { "300 axes", axes_many, HEP_EFORMAT, "300 axes" },
    { "RGB", type_rgb, HEP_EFORMAT, "code 128" },
    { "float128", type_float128, HEP_EFORMAT, "code 1536" },
    { "one bit", type_binary, HEP_EFORMAT, "code 1 " },
    { "bitpix", bitpix_wrong, HEP_EFORMAT, "bitpix 8" },
    { "offset past the end", offset_past_end, HEP_EFORMAT, "from byte 1000000" },
    { "offset in the header", offset_in_header, HEP_EFORMAT, "vox_offset is 100" },
    { "offset negative", offset_negative, HEP_EFORMAT, "vox_offset is -352" },
    { "offset NaN", offset_nan, HEP_EFORMAT, "vox_offset" },
    { "slope NaN", slope_nan, HEP_EFORMAT, "scl_slope nan" },
    { "intercept infinite", inter_inf, HEP_EFORMAT, "scl_inter inf" },
    { "pixdim NaN", pixdim_nan, HEP_EFORMAT, "pixdim[2]" },
    { "affine zero", affine_zero, HEP_EGEOM, "singular" },
    { "affine flat", affine_flat, HEP_EGEOM, "singular" },
    { "affine NaN", affine_nan, HEP_EGEOM, "sform holds" },
    { "affine infinite", affine_inf, HEP_EGEOM, "sform holds" },
    { "slices 5 m apart", step_far, HEP_EGEOM, "5000 mm apart along axis 3, allowed: 0.02 to 100" },
    { "rows 1 um apart", step_near, HEP_EGEOM, "0.001 mm apart along axis 2" },
    { "field of view of 2.6 m", field_wide, HEP_EGEOM, "2600 mm along axis 1, at most 2500" },
    { "field of view of 1.6 m3", field_large, HEP_EGEOM, "1.6008 m3, at most 1 " },
    { "voxels 400 times as long as wide", ratio_high, HEP_EGEOM, "0.1 mm and 40 mm apart" },
    { "axes at 34 degrees", shear, HEP_EGEOM,
      "axes 2 and 3 are sheared: the cosine between them is 0.832" },
    { "shear of 1e9 mm", shear_vast, HEP_EGEOM, "1e+09 mm apart along axis 1" },
    { "20 m from the origin", place_far, HEP_EGEOM, "a corner lies at -20000 mm" },
    { "1.08e9 values", values_many, HEP_EFORMAT, "1080000000 values, at most 1073741824" },
    { "no orientation", no_codes, HEP_EGEOM, "no orientation" },
    { "negative codes", codes_negative, HEP_EGEOM, "no orientation" },
    { "quaternion NaN", qform_nan, HEP_EGEOM, "qform holds" },
    { "quaternion too long", qform_long, HEP_EGEOM, "qform holds 7" },
    { "qform without voxel size", qform_no_size, HEP_EGEOM, "pixdim[3]" },
    { "metres", unit_metre, HEP_EGEOM, "in m" },
    { "micrometres", unit_micron, HEP_EGEOM, "in um" },
    { "pair of files", magic_pair, HEP_EFORMAT, ".hdr/.img" },
    { "ANALYZE", magic_none, HEP_EFORMAT, "ANALYZE" },
    { "header size", size_wrong, HEP_EFORMAT, "header size is" },
    { "one byte short", cut_data, HEP_EFORMAT, "asks for 12 bytes" },
    { "header cut", cut_header, HEP_EFORMAT, "too few" },
    { "empty", cut_empty, HEP_EFORMAT, "too few" },
};

static void test_refused(void **state)
{
    const struct hostile *c = *state;

    for (int variant = 0; variant < 4; variant++) {
        struct bytes f;
        struct hep_volume *v = NULL;
        unsigned char *gz = NULL;
        size_t n = 0;

        bytes_init(&f, variant / 2 == 1, variant % 2 == 1);
        c->spoil(&f);
        assert_fails(hep_nifti_from_bytes(&v, NULL, NULL, f.b, f.n, &e), e, c->code, c->part);
        assert_null(v);
        if (f.n == 0)
            continue;
        assert_ok(hep_gz_deflate(&gz, &n, f.b, f.n, 6, 1, &e), e);
        assert_fails(hep_nifti_from_bytes(&v, NULL, NULL, gz, n, &e), e, c->code, NULL);
        assert_null(v);
        free(gz);
    }
}

static void test_truncated_gzip(void **state)
{
    struct bytes f;
    unsigned char *gz = NULL;
    size_t n = 0;
    struct hep_volume *v = NULL;

    (void)state;
    bytes_init(&f, false, false);
    assert_ok(hep_gz_deflate(&gz, &n, f.b, f.n, 6, 1, &e), e);
    for (size_t cut = 0; cut < n; cut++) {
        struct hep_error local = { 0 };

        assert_int_equal(hep_nifti_from_bytes(&v, NULL, NULL, gz, cut, &local), HEP_EFORMAT);
        assert_null(v);
    }
    for (size_t i = 10; i < n; i++) { /* a wrong byte: refused, or told by the checksum */
        struct hep_error local = { 0 };

        gz[i] ^= 0x55;
        assert_int_not_equal(hep_nifti_from_bytes(&v, NULL, NULL, gz, n, &local), HEP_OK);
        gz[i] ^= 0x55;
    }
    free(gz);
}

static void write_bytes(const char *path, const void *bytes, size_t n, off_t length)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
    if (length > 0)
        assert_int_equal(truncate(path, length), 0);
}

/* Refused by every reader of files, with the data neither read nor inflated: a test that would need 96 GB of
 * memory or 3 GB of zeros does not end in time. */
static void assert_size_refused(const char *path, const char *part)
{
    struct hep_volume *v = NULL;
    struct hep_labels *l = NULL;
    struct hep_nifti_info info;

    assert_fails(hep_nifti_info(&info, path, &e), e, HEP_EFORMAT, part);
    assert_fails(hep_nifti_check_whole(path, &e), e, HEP_EFORMAT, part);
    assert_fails(hep_nifti_read(&v, path, &e), e, HEP_EFORMAT, part);
    assert_fails(hep_nifti_read_labels(&l, path, &e), e, HEP_EFORMAT, part);
    assert_null(v);
    assert_null(l);
}

static void test_size_of_file(void **state)
{
    char *dir = hep_test_mkdir(), *path = hep_path_join(dir, "a.nii", NULL),
         *packed = hep_path_join(dir, "a.nii.gz", NULL);
    const size_t zeros_n = (size_t)8 << 20;
    unsigned char *zeros = calloc(1, zeros_n), *gz = NULL;
    struct bytes f;
    size_t n = 0;

    (void)state;
    assert_non_null(zeros);
    bytes_init(&f, false, false);
    write_bytes(path, f.b, f.n, (off_t)96 << 30);
    assert_size_refused(path, "asks for 364 bytes, the file has 103079215104");
    (void)memcpy(zeros, f.b, f.n);
    assert_ok(hep_gz_deflate(&gz, &n, zeros, zeros_n, 9, 1, &e), e);
    write_bytes(packed, gz, n, 0);
    assert_size_refused(packed, "it holds 8388608 bytes where the header asks for 364");
    write_bytes(packed, gz, n, (off_t)96 << 30);
    assert_size_refused(packed, "the file has 103079215104");
    free(gz);
    /* 3 GB of float32 that would all have to be zero. */
    put_type(&f, 16, 32);
    put_dim(&f, 0, 4);
    put_dim(&f, 1, 500);
    put_dim(&f, 2, 500);
    put_dim(&f, 3, 100);
    put_dim(&f, 4, 30);
    assert_ok(hep_gz_deflate(&gz, &n, f.b, f.n, 6, 1, &e), e);
    write_bytes(packed, gz, n, 0);
    assert_size_refused(packed, "asks for 3000000352 bytes, which a gzip stream of");
    free(gz);
    free(zeros);
    free(path);
    free(packed);
    hep_test_rmdir(dir);
}

/* Random bytes, and a good header with random bytes in it: any status, no crash, no leak, out
 * untouched on failure. */
static void test_random(void **state)
{
    struct hep_rng rng = { 20, 7, 0 };

    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct bytes f;
        struct hep_volume *v = NULL;
        struct hep_error local = { 0 };
        const int changes = 1 + i % 5;

        bytes_init(&f, i % 2 == 1, i % 4 > 1);
        for (int k = 0; k < changes; k++)
            f.b[(size_t)hep_rng_next_range(&rng, 0, 560)] =
                (unsigned char)hep_rng_next_range(&rng, 0, 256);
        for (size_t k = 0; i % 50 == 0 && k < f.n; k++)
            f.b[k] = (unsigned char)hep_rng_next_range(&rng, 0, 256);
        if (hep_nifti_from_bytes(&v, NULL, NULL, f.b, f.n, &local) == HEP_OK) {
            double inverse[4][4];

            assert_ok(hep_grid_inverse(inverse, &v->grid, &local), local);
        } else {
            assert_null(v);
        }
        hep_volume_free(v);
    }
}

static void test_no_memory(void **state)
{
    struct bytes f;
    unsigned char *gz = NULL;
    size_t n = 0;
    int failures = 0;

    (void)state;
    bytes_init(&f, false, false);
    assert_ok(hep_gz_deflate(&gz, &n, f.b, f.n, 6, 1, &e), e);
    for (long at = 1; at < 50; at++) {
        struct hep_volume *v = NULL;
        struct hep_error local = { 0 };
        int rc;

        hep_alloc_fail_at(at);
        rc = hep_nifti_from_bytes(&v, NULL, NULL, gz, n, &local);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
        if (rc == HEP_OK) {
            hep_volume_free(v);
            break;
        }
        failures++;
        assert_int_equal(rc, HEP_ENOMEM);
        assert_null(v);
    }
    assert_true(failures >= 4);
    free(gz);
}

int main(void)
{
    struct CMUnitTest tests[64] = { cmocka_unit_test(test_truncated_gzip),
                                    cmocka_unit_test(test_random), cmocka_unit_test(test_no_memory),
                                    cmocka_unit_test(test_size_of_file) };
    size_t n = 4;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        tests[n++] = (struct CMUnitTest){ .name = cases[i].name,
                                          .test_func = test_refused,
                                          .initial_state = (void *)(uintptr_t)&cases[i] };
    return _cmocka_run_group_tests("nifti hostile", tests, n, NULL, NULL);
}
