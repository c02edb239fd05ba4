/* Volumes packed for a page, unpacked again by a reader of base64, gzip (zlib through base/gz.h) and differences that is
 * written here. */
#include "support/support.h"

#include "base/gz.h"
#include "report/review_pack.h"

#include <math.h>

static const struct hep_grid grid = {
    .n = { 40, 20, 10 },
    .to_world = { { 2, 0, 0, 0 }, { 0, 2, 0, 0 }, { 0, 0, 3, 0 }, { 0, 0, 0, 1 } }
};

static unsigned sextet(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = strchr(digits, c);

    return at != NULL && c != '\0' ? (unsigned)(at - digits) : 0U;
}

/* The codes of a packed text, n of them; RFC 4648 and the differences of review_pack.h. */
static void unpack(unsigned *codes, size_t n, int bits, const struct hep_str *text)
{
    unsigned char *gz = malloc(text->len), *bytes = NULL;
    size_t n_gz = 0, n_bytes = 0;
    unsigned before = 0;

    for (size_t i = 0; i + 3 < text->len; i += 4) {
        const unsigned long v = (unsigned long)sextet(text->s[i]) << 18 |
                                (unsigned long)sextet(text->s[i + 1]) << 12 |
                                (unsigned long)sextet(text->s[i + 2]) << 6 | sextet(text->s[i + 3]);

        gz[n_gz++] = (unsigned char)(v >> 16);
        if (text->s[i + 2] != '=')
            gz[n_gz++] = (unsigned char)(v >> 8 & 0xffU);
        if (text->s[i + 3] != '=')
            gz[n_gz++] = (unsigned char)(v & 0xffU);
    }
    assert_int_equal(hep_gz_inflate(&bytes, &n_bytes, gz, n_gz, SIZE_MAX, 1U << 24, NULL), HEP_OK);
    assert_int_equal(n_bytes, n * (size_t)(bits / 8));
    for (size_t i = 0; i < n; i++) {
        before += bytes[i] + (bits == 16 ? 256U * bytes[n + i] : 0U);
        before &= bits == 16 ? 0xffffU : 0xffU;
        codes[i] = before;
    }
    free(gz);
    free(bytes);
}

/* A ramp along y whose every second voxel along x is higher by `ripple`: second differences of +-2 ripple have the
 * median 2 ripple, so the noise is 1.4826 * 2 / sqrt(6) * ripple = 1.2105 ripple. */
static struct hep_volume *ramp(float ripple)
{
    struct hep_volume *v = NULL;

    assert_int_equal(hep_volume_new(&v, &grid, 1, NULL), HEP_OK);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++)
        v->data[i] = 10.0f * (float)(i / 40 % 20) + (i % 2 == 1 ? ripple : 0.0f);
    return v;
}

static void test_noise(void **state)
{
    struct hep_volume *v = ramp(4.0f);
    double noise;

    (void)state;
    assert_int_equal(hep_pack_noise(&noise, v, NULL), HEP_OK);
    assert_close(noise, 4.0 * 1.4826 * 2.0 / sqrt(6.0), 1e-6, 0.0);
    hep_volume_free(v);
}

/* Range 0 to 194: a step of 8 bits is 194 / 254 = 0.76. Noise 4.84 asks for less than 2.42: 8 bits. Noise 0.12 asks for
 * less than 0.06: 16 bits. */
static void check(float ripple, int bits)
{
    const struct hep_crop crop = { { 3, 2, 1 }, { 30, 15, 8 } };
    const size_t n = (size_t)30 * 15 * 8;
    struct hep_volume *v = ramp(ripple);
    struct hep_str text = { 0 };
    struct hep_pack_range range = { 0.0, 194.0, 0.0 };
    struct hep_packed p;
    unsigned *codes = malloc(n * sizeof *codes);

    v->data[3 + 40 * (2 + 20)] = NAN;
    assert_int_equal(hep_pack_noise(&range.noise, v, NULL), HEP_OK);
    assert_int_equal(hep_pack_volume(&text, &p, v, &crop, &range, 1, NULL), HEP_OK);
    assert_int_equal(p.bits, bits);
    assert_false(p.cut_low || p.cut_high);
    unpack(codes, n, bits, &text);
    assert_int_equal(codes[0], 0); /* the voxel without a value */
    for (size_t i = 1; i < n; i++) {
        const size_t at = 3 + i % 30 + 40 * (2 + i / 30 % 15 + 20 * (1 + i / 450));

        assert_close(p.intercept + p.slope * codes[i], (double)v->data[at], 0.0,
                     0.5001 * p.slope); /* half a step, and the rounding of float32 */
    }
    hep_volume_free(v);
    hep_str_release(&text);
    free(codes);
}

static void test_codes(void **state)
{
    (void)state;
    check(4.0f, 8);
    check(0.1f, 16);
}

/* Shown from 50 to 60: kept from 40 to 70, and what lies beyond takes the first and last code. */
static void test_cut(void **state)
{
    const struct hep_crop crop = { { 0, 0, 0 }, { 40, 20, 10 } };
    const struct hep_pack_range range = { 50.0, 60.0, 1.0 };
    struct hep_volume *v = ramp(0.0f);
    struct hep_str text = { 0 };
    struct hep_packed p;
    unsigned codes[8000];

    (void)state;
    assert_int_equal(hep_pack_volume(&text, &p, v, &crop, &range, 1, NULL), HEP_OK);
    assert_true(p.cut_low && p.cut_high && p.bits == 8);
    unpack(codes, 8000, 8, &text);
    assert_int_equal(codes[0], 1);           /* 0 */
    assert_int_equal(codes[40UL * 19], 255); /* 190 */
    assert_close(p.intercept + p.slope * codes[40UL * 5], 50.0, 0.0, 0.5001 * p.slope);
    hep_volume_free(v);
    hep_str_release(&text);
}

static void test_crop_and_labels(void **state)
{
    struct hep_labels *l = NULL;
    struct hep_crop crop;
    struct hep_str text = { 0 };
    struct hep_error err = { 0 };
    unsigned codes[8000];

    (void)state;
    assert_int_equal(hep_labels_new(&l, &grid, NULL), HEP_OK);
    hep_crop_of(&crop, l, 2);
    assert_true(crop.n[0] == 40 && crop.n[1] == 20 && crop.n[2] == 10); /* empty: everything */
    l->data[5 + 40 * (1 + 20 * 9)] = 300;
    l->data[9 + 40 * (6 + 20 * 7)] = 2;
    hep_crop_of(&crop, l, 2);
    assert_true(crop.from[0] == 3 && crop.n[0] == 9 && crop.from[1] == 0 && crop.n[1] == 9 &&
                crop.from[2] == 5 && crop.n[2] == 5);
    assert_int_equal(hep_pack_labels(&text, l, &crop, 1, NULL), HEP_OK);
    unpack(codes, 9 * 9 * 5, 16, &text);
    assert_int_equal(codes[2 + 9 * (1 + 9 * 4)], 300);
    assert_int_equal(codes[6 + 9 * (6 + 9 * 2)], 2);
    l->data[0] = 65536;
    assert_int_equal(
        hep_pack_labels(&text, l, &(struct hep_crop){ { 0 }, { 40, 20, 10 } }, 1, &err),
        HEP_EINVAL);
    hep_labels_free(l);
    hep_str_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_crop_and_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
