/* Enhancement measures: cases worked by hand. */
#include "support/support.h"

#include "contrast/enhancement.h"
#include "contrast/same_sequence.h"
#include "sequences/signal.h"

#include <math.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NONE ((double)NAN)

static void test_regions(void **state)
{
    (void)state;
    /* liver 230 -> 437, lesion 170 -> 204.17, muscle 120 -> 126, spleen 182, sigma 9.5 */
    assert_close(hep_relative_enhancement(230, 437), 0.9, 1e-12, 0);
    assert_close(hep_relative_enhancement(230, 207), -0.1, 1e-12, 0);
    assert_close(hep_rte_muscle(170, 214.2, 120, 126), 0.2, 1e-12, 0);
    assert_close(hep_llc(437, 192.28), 244.72 / 629.28, 1e-12, 0);
    assert_close(hep_contrast_ratio(437, 192.28), 0.44, 1e-12, 0);
    assert_close(hep_q_lsc(436.8, 182), 2.4, 1e-12, 0);
    assert_close(hep_lsr(437, 218.5), 2.0, 1e-12, 0);
    assert_close(hep_hui_q_lsc_ml(2.4, 1250), 1750, 1e-12, 0);
    assert_close(hep_hui_classic_ml(437, 230, 1250), 1125, 1e-12, 0);
}

/** Receive gain: both series x 3 leave every ratio where it was. */
static void test_common_gain_cancels(void **state)
{
    (void)state;
    assert_close(hep_relative_enhancement(3 * 170.0, 3 * 221.0), 0.3, 1e-12, 0);
    assert_close(hep_rte_muscle(3 * 170.0, 3 * 214.2, 3 * 120.0, 3 * 126.0), 0.2, 1e-12, 0);
    /* and the muscle-normalised form survives a gain on one series alone */
    assert_close(hep_rte_muscle(170.0, 1.2 * 214.2, 120.0, 1.2 * 126.0), 0.2, 1e-12, 0);
}

static void test_impossible(void **state)
{
    (void)state;
    assert_true(isnan(hep_relative_enhancement(0, 10)));
    assert_true(isnan(hep_relative_enhancement(-5, 10)));
    assert_true(isnan(hep_relative_enhancement(NONE, 10)));
    assert_true(isnan(hep_relative_enhancement(5, (double)INFINITY)));
    assert_true(isnan(hep_rte_muscle(1, 2, 0, 2)));
    assert_true(isnan(hep_llc(0, 0)));
    assert_true(isnan(hep_hui_classic_ml(1, 0, 1000)));
}

static void test_maps(void **state)
{
    static const float pre[] = { 100, 80, 0, -3, 4, NAN, 50, 60 };
    static const float post[] = { 190, 60, 10, 10, 9, 10, NAN, INFINITY };
    static const double want[] = { 0.9, -0.25, NONE, NONE, NONE, NONE, NONE, NONE };
    float re[8], here[8];
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_enhancement_map(re, pre, post, 8, 5, 1, &e), e);
    memcpy(here, post, sizeof here); /* in place */
    assert_ok(hep_enhancement_map(here, pre, here, 8, 5, 2, &e), e);
    for (size_t i = 0; i < 8; i++) {
        assert_close(re[i], want[i], 1e-6, 0);
        assert_close(here[i], want[i], 1e-6, 0);
    }
    assert_fails(hep_enhancement_map(re, pre, post, 8, -1, 1, &e), e, HEP_EINVAL, "floor");
    assert_fails(hep_enhancement_map(re, pre, post, 8, NONE, 1, &e), e, HEP_EINVAL, "floor");
}

static void test_threads_agree(void **state)
{
    enum { N = 10007 };
    static float pre[N], post[N], one[N], eight[N];
    struct hep_error e = { 0 };

    (void)state;
    for (size_t i = 0; i < N; i++) {
        pre[i] = (float)(i % 97) * 1.37F;
        post[i] = (float)(i % 89) * 2.11F;
    }
    assert_ok(hep_enhancement_map(one, pre, post, N, 0, 1, &e), e);
    assert_ok(hep_enhancement_map(eight, pre, post, N, 0, 8, &e), e);
    assert_memory_equal(one, eight, sizeof one);
}

/* pre 100 200 400, HBP 120 260 560: ratios 1.2 1.3 1.4 -> SD 0.1; SDs sqrt(101066.667 / 2) =
 * 224.796, sqrt(46666.667 / 2) = 152.753. */
static void test_sdr(void **state)
{
    static const float pre[] = { 100, 200, 400, 0, NAN };
    static const float hbp[] = { 120, 260, 560, 77, 77 };

    (void)state;
    assert_close(hep_sdr_a(pre, hbp, 5), 0.1, 1e-6, 0);
    assert_close(hep_sdr_b(pre, hbp, 5), 224.79620 / 152.75252, 1e-6, 0);
    assert_true(isnan(hep_sdr_a(pre, hbp, 1)));
    assert_true(isnan(hep_sdr_b(pre, hbp, 1)));
    assert_true(isnan(hep_sdr_a(pre, hbp, 0)));
    assert_true(isnan(hep_sdr_a(pre + 2, hbp + 2, 3))); /* one usable voxel */
    assert_non_null(strstr(HEP_SDR_A_LABEL, "S_HBP/S_pre"));
}

static void test_flis(void **state)
{
    static const struct {
        struct hep_flis_input in;
        int enhancement, excretion, portal, total;
    } cases[] = {
        /* healthy: liver > kidney, contrast in the common duct, dark portal vein */
        { { 400, 300, 170, 700, 900 }, 2, 2, 2, 6 },
        { { 300, 300, 290, 500, 250 }, 1, 1, 1, 3 },
        { { 200, 300, 260, 180, 190 }, 0, 0, 0, 0 },
        { { 400, NONE, 170, 700, 900 }, -1, 2, 2, -1 },
        { { 400, 300, 170, NONE, 900 }, 2, 2, 2, 6 },
        { { 400, 300, 170, NONE, 300 }, 2, -1, 2, -1 },
        { { NONE, 300, 170, 700, 900 }, -1, -1, -1, -1 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hep_flis_proxy p;
        hep_flis_proxy(&p, &cases[i].in);
        assert_int_equal(p.enhancement, cases[i].enhancement);
        assert_int_equal(p.excretion, cases[i].excretion);
        assert_int_equal(p.portal_sign, cases[i].portal);
        assert_int_equal(p.total, cases[i].total);
    }
}

#define DEG(x) ((x)*0.017453292519943295)

static const struct {
    const char *name;
    struct hep_t1w_protocol pre, post;
    enum hep_comparable want;
    const char *reason;
} sequences[] = {
    { "same",
      { DEG(12), .004, .0012, HEP_FAT_SUPPRESSED },
      { DEG(12), .004, .0012, HEP_FAT_SUPPRESSED },
      HEP_COMPARABLE,
      "agree" },
    { "flip 12 and 30",
      { DEG(12), .004, .0012, HEP_FAT_UNKNOWN },
      { DEG(30), .004, .0012, HEP_FAT_UNKNOWN },
      HEP_NOT_COMPARABLE,
      "flip angle differs by 150 %" },
    { "flip +10 % exactly",
      { DEG(10), .004, .0012, HEP_FAT_PLAIN },
      { DEG(11), .004, .0012, HEP_FAT_PLAIN },
      HEP_COMPARABLE,
      "10 %" },
    { "flip +11 %",
      { DEG(10), .004, .0012, HEP_FAT_PLAIN },
      { DEG(11.1), .004, .0012, HEP_FAT_PLAIN },
      HEP_NOT_COMPARABLE,
      "10 and 11.1" },
    { "TR shorter",
      { DEG(10), .004, .0012, HEP_FAT_PLAIN },
      { DEG(10), .0035, .0012, HEP_FAT_PLAIN },
      HEP_NOT_COMPARABLE,
      "TR differs by 12.5 % (4 and 3.5 ms)" },
    { "TE longer",
      { DEG(10), .004, .0012, HEP_FAT_PLAIN },
      { DEG(10), .004, .0023, HEP_FAT_PLAIN },
      HEP_NOT_COMPARABLE,
      "TE differs" },
    { "fat",
      { DEG(10), .004, .0012, HEP_FAT_PLAIN },
      { DEG(10), .004, .0012, HEP_FAT_DIXON_WATER },
      HEP_NOT_COMPARABLE,
      "Dixon water" },
    { "fat unknown",
      { DEG(10), .004, .0012, HEP_FAT_UNKNOWN },
      { DEG(10), .004, .0012, HEP_FAT_SUPPRESSED },
      HEP_COMPARABLE,
      NULL },
    { "TE unknown",
      { DEG(10), .004, NONE, HEP_FAT_PLAIN },
      { DEG(10), .004, .0012, HEP_FAT_PLAIN },
      HEP_COMPARABLE_UNCHECKED,
      "TE is not known" },
    { "TE unknown, TR differs",
      { DEG(10), .004, NONE, HEP_FAT_PLAIN },
      { DEG(10), .008, .0012, HEP_FAT_PLAIN },
      HEP_NOT_COMPARABLE,
      "TR" },
    { "nothing known",
      { NONE, NONE, NONE, HEP_FAT_UNKNOWN },
      { NONE, NONE, NONE, HEP_FAT_UNKNOWN },
      HEP_COMPARABLE_UNCHECKED,
      NULL },
};

static void test_same_sequence(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(sequences); i++) {
        struct hep_same_sequence s;
        const char *reason = sequences[i].reason;
        hep_same_sequence(&s, &sequences[i].pre, &sequences[i].post);
        if (s.state != sequences[i].want || (reason && !strstr(s.reason, reason)))
            fail_msg("%s: %s, '%s'", sequences[i].name, hep_comparable_name(s.state), s.reason);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_regions),       cmocka_unit_test(test_common_gain_cancels),
        cmocka_unit_test(test_impossible),    cmocka_unit_test(test_maps),
        cmocka_unit_test(test_threads_agree), cmocka_unit_test(test_sdr),
        cmocka_unit_test(test_flis),          cmocka_unit_test(test_same_sequence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
