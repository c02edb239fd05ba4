#include "support/support.h"

#include "base/alloc.h"
#include "base/text.h"

#include <limits.h>
#include <math.h>

struct number_case {
    const char *text;
    double want;
    bool ok;
};

static const struct number_case doubles[] = {
    { "0", 0.0, true },
    { "2.385", 2.385, true },
    { "-1.5e-3", -0.0015, true },
    { " \t42\n", 42.0, true },
    { "+.5", 0.5, true },
    { "5.", 5.0, true },
    { "1E3", 1000.0, true },
    { "1e-400", 0.0, true }, /* too small is zero */
    { "1.7976931348623157e308", 1.7976931348623157e308, true },
    { "", 0.0, false },
    { " ", 0.0, false },
    { ".", 0.0, false },
    { "-", 0.0, false },
    { "e5", 0.0, false },
    { "1e", 0.0, false },
    { "1e+", 0.0, false },
    { "3x", 0.0, false },
    { "2000ms", 0.0, false },
    { "1 2", 0.0, false },
    { "1,5", 0.0, false },
    { "1_000", 0.0, false },
    { "0x10", 0.0, false },
    { "inf", 0.0, false },
    { "-Infinity", 0.0, false },
    { "nan", 0.0, false },
    { "nan(1)", 0.0, false },
    { "1e309", 0.0, false },
    { "--1", 0.0, false },
};

static void test_doubles(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) {
        struct hep_error e = { 0 };
        double got = -77.0;

        if (doubles[i].ok) {
            assert_ok(hep_parse_double(&got, doubles[i].text, &e), e);
            assert_close(got, doubles[i].want, 0.0, 0.0);
        } else {
            assert_fails(hep_parse_double(&got, doubles[i].text, &e), e, HEP_EFORMAT,
                         doubles[i].text);
            assert_close(got, -77.0, 0.0, 0.0);
        }
    }
}

static void test_longs(void **state)
{
    static const struct {
        const char *text;
        long want;
        bool ok;
    } cases[] = {
        { "12", 12, true },
        { " -7 ", -7, true },
        { "+3", 3, true },
        { "007", 7, true },
        { "1.0", 0, false },
        { "", 0, false },
        { "0x1f", 0, false },
        { "99999999999999999999", 0, false },
        { "-99999999999999999999", 0, false },
        { "9223372036854775807", LONG_MAX, true },
        { "4 5", 0, false },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hep_error e = { 0 };
        long got = -77;

        if (cases[i].ok) {
            assert_ok(hep_parse_long(&got, cases[i].text, &e), e);
            assert_true(got == cases[i].want);
        } else {
            assert_fails(hep_parse_long(&got, cases[i].text, &e), e, HEP_EFORMAT, "whole number");
            assert_int_equal(got, -77);
        }
    }
}

struct escape_case {
    void (*add)(struct hep_str *, const char *);
    const char *text, *want;
};

static const struct escape_case escapes[] = {
    { hep_str_add_html, "a<b> & \"c\" 'd'", "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;" },
    { hep_str_add_html, "", "" },
    { hep_str_add_html,
      "tab\tline\nbell\a\x7f"
      "end",
      "tab\tline\nbellend" },
    { hep_str_add_html,
      "c1\xc2\x85"
      "x \xc2\xa0",
      "c1x \xc2\xa0" },
    { hep_str_add_html, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
      "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80" },
    { hep_str_add_html, "\xff<", "\xef\xbf\xbd&lt;" },
    /* Unicode 15, table 3-8: every byte of an ill-formed sequence that cannot start one. */
    { hep_str_add_utf8, "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" },
    { hep_str_add_utf8, "\xe0\x9f\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { hep_str_add_utf8, "\xf0\x8f\xbf\xbf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { hep_str_add_utf8, "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { hep_str_add_utf8, "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    { hep_str_add_utf8, "cut \xe2\x82", "cut \xef\xbf\xbd\xef\xbf\xbd" },
    { hep_str_add_utf8, "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf" },
    { hep_str_add_utf8, "", "" },
    { hep_str_add_tsv, "a\tb\r\nc", "a b  c" },
    { hep_str_add_tsv, "", "n/a" },
    { hep_str_add_tsv, "plain", "plain" },
    { hep_str_add_tsv, "=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")" },
    { hep_str_add_tsv, "@SUM(1)", "'@SUM(1)" },
    { hep_str_add_tsv, "+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0" },
    { hep_str_add_tsv, "-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0" },
    { hep_str_add_tsv, "\t=1+x()", "' =1+x()" },
    { hep_str_add_tsv, "-3.5e-2", "-3.5e-2" },
    { hep_str_add_tsv, "-1,2,+3", "-1,2,+3" },
    { hep_str_add_tsv, "a=b", "a=b" },
};

static void test_escapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof escapes / sizeof *escapes; i++) {
        struct hep_str s = { 0 };

        escapes[i].add(&s, escapes[i].text);
        assert_string_equal(s.s, escapes[i].want);
        assert_int_equal(s.len, strlen(escapes[i].want));
        hep_str_release(&s);
    }
}

static void test_numbers_as_text(void **state)
{
    static const struct {
        double value;
        const char *want;
    } cases[] = {
        { 0.1, "0.1" },
        { -0.0, "0" },
        { 3.0, "3" },
        { 1.0 / 3.0, "0.333333333" },
        { 1e20, "1e+20" },
        { (double)NAN, "n/a" },
        { (double)INFINITY, "n/a" },
        { 123456789.4, "123456789" },
        { 2.385e-6, "2.385e-06" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hep_str s = { 0 };

        hep_str_add_number(&s, cases[i].value);
        assert_string_equal(s.s, cases[i].want);
        hep_str_release(&s);
    }
}

static void test_growing(void **state)
{
    struct hep_str s = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    for (int i = 0; i < 1000; i++)
        hep_str_addf(&s, "%03d,", i);
    assert_ok(hep_str_check(&s, &e), e);
    assert_int_equal(s.len, 4000);
    assert_memory_equal(s.s + 3108, "777,", 4);
    hep_str_addn(&s, "abcdef", 2);
    assert_string_equal(s.s + 4000, "ab");
    hep_str_clear(&s);
    assert_int_equal(s.len, 0);
    assert_string_equal(s.s, "");
    hep_str_release(&s);
    assert_null(s.s);
    hep_str_release(&s);
}

static void test_growing_without_memory(void **state)
{
    struct hep_str s = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    hep_str_add(&s, "kept");
    hep_alloc_fail_at(1);
    for (int i = 0; i < 100; i++)
        hep_str_add(&s, "0123456789");
    assert_true(s.failed);
    assert_int_equal(s.len % 10, 4);
    assert_true(s.len < 100);
    hep_str_clear(&s);
    assert_fails(hep_str_check(&s, &e), e, HEP_ENOMEM, "memory");
    hep_str_addn(&s, "x", 1);
    assert_int_equal(s.len, 0);
    hep_str_release(&s);
    hep_str_addn(&s, "x", SIZE_MAX - 3);
    assert_true(s.failed);
    hep_str_release(&s);
    hep_alloc_fail_at(1);
    assert_null(hep_strdup("x", NULL));
    hep_alloc_fail_at(1);
    assert_null(hep_asprintf(NULL, "%d", 1));
}

/* A part that could not be written makes the whole fail, and what it has is read all the same. */
static void test_part(void **state)
{
    struct hep_str whole = { 0 }, part = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_string_equal(hep_str_part(&whole, &part), "");
    hep_str_add(&part, "b = 400");
    assert_string_equal(hep_str_part(&whole, &part), "b = 400");
    assert_ok(hep_str_check(&whole, &e), e);
    hep_str_release(&part);
    hep_alloc_fail_at(1);
    hep_str_add(&part, "b = 400");
    assert_string_equal(hep_str_part(&whole, &part), "");
    assert_fails(hep_str_check(&whole, &e), e, HEP_ENOMEM, "memory");
    hep_str_release(&part);
}

static const char *const keys[] = { "field_t", "echo_times_s", "dstar_max_mm2_per_s", "te", "tr" };

static void test_did_you_mean(void **state)
{
    static const struct {
        const char *word, *want;
    } cases[] = {
        { "feild_t", "field_t" },        /* transposition: 1 */
        { "field_t", "field_t" },        /* 0 */
        { "fiel_T", "field_t" },         /* 2 */
        { "echo_time", "echo_times_s" }, /* 3 = 9 / 3 */
        { "dstr_max_mm2_per", "dstar_max_mm2_per_s" },
        { "dstar", "dstar_max_mm2_per_s" },
        { "ecotmss", NULL }, /* more than 2 */
        { "et", "te" },      /* 1 */
        { "xy", NULL },      /* 2, but nothing in common */
        { "", NULL },
    };
    char longest[200];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = hep_did_you_mean(cases[i].word, keys, sizeof keys / sizeof *keys);

        if (cases[i].want == NULL)
            assert_null(got);
        else
            assert_string_equal(got ? got : "(none)", cases[i].want);
    }
    (void)memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_null(hep_did_you_mean(longest, keys, 5));
    assert_null(hep_did_you_mean("te", keys, 0));
    assert_null(hep_did_you_mean("te", (const char *const[]){ longest }, 1));
}

static void test_find_name(void **state)
{
    struct hep_error e = { 0 };
    size_t index = 77;

    (void)state;
    assert_ok(hep_find_name(&index, "te", keys, 5, "setting", HEP_EUSAGE, &e), e);
    assert_int_equal(index, 3);
    assert_fails(hep_find_name(&index, "feild_t", keys, 5, "setting", HEP_EUSAGE, &e), e,
                 HEP_EUSAGE, "unknown setting 'feild_t'; did you mean 'field_t'?");
    assert_fails(hep_find_name(&index, "xyz", keys + 3, 2, "setting", HEP_EINVAL, &e), e,
                 HEP_EINVAL, "unknown setting 'xyz'; known are te, tr");
    assert_int_equal(index, 3);
}

/* Lowrance and Wagner's own example of what the restricted form gets wrong: CA -> ABC costs 2. */
static void test_unrestricted_distance(void **state)
{
    const char *const three[] = { "ABCxxx" };

    (void)state;
    assert_non_null(hep_did_you_mean("CAxxx", three, 1));
}

static void test_search(void **state)
{
    (void)state;
    assert_true(hep_starts_with("sub-01", "sub-"));
    assert_false(hep_starts_with("su", "sub-"));
    assert_true(hep_starts_with("x", ""));
    assert_true(hep_ends_with("a.nii.gz", ".gz"));
    assert_false(hep_ends_with("gz", ".gz"));
    assert_true(hep_contains_nocase("SIEMENS Healthineers", "siemens"));
    assert_true(hep_contains_nocase("xxHePaR", "hepar"));
    assert_true(hep_contains_nocase("x", ""));
    assert_true(hep_contains_nocase("", ""));
    assert_false(hep_contains_nocase("hepa", "hepar"));
    assert_false(hep_contains_nocase("", "a"));
}

static int compare_names(const void *a, const void *b)
{
    return hep_natural_cmp(*(const char *const *)a, *(const char *const *)b);
}

static void test_natural_order(void **state)
{
    static const char *const want[] = {
        "",
        "echo",
        "echo-1",
        "echo-2",
        "echo-02b",
        "echo-9",
        "echo-10",
        "echo-10_x2",
        "echo-10_x10",
        "echo-99999999999999999999999",
        "echo-100000000000000000000000",
        "sub",
    };
    const char *got[12];

    (void)state;
    for (size_t i = 0; i < 12; i++)
        got[i] = want[(i * 5 + 3) % 12];
    qsort(got, 12, sizeof *got, compare_names);
    for (size_t i = 0; i < 12; i++)
        assert_string_equal(got[i], want[i]);
    assert_int_equal(hep_natural_cmp("a1", "a1"), 0);
    assert_true(hep_natural_cmp("a01", "a1") < 0); /* equal numbers: a fixed order all the same */
    assert_true(hep_natural_cmp("a1", "a01") > 0);
}

static void test_copies(void **state)
{
    char *copy = hep_strdup("abc", NULL);
    char *text = hep_asprintf(NULL, "%s-%02d", "sub", 7);

    (void)state;
    assert_string_equal(copy, "abc");
    assert_string_equal(text, "sub-07");
    assert_null(hep_strdup(NULL, NULL));
    free(copy);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_doubles),   cmocka_unit_test(test_longs),
        cmocka_unit_test(test_escapes),   cmocka_unit_test(test_numbers_as_text),
        cmocka_unit_test(test_growing),   cmocka_unit_test(test_growing_without_memory),
        cmocka_unit_test(test_part),      cmocka_unit_test(test_did_you_mean),
        cmocka_unit_test(test_find_name), cmocka_unit_test(test_unrestricted_distance),
        cmocka_unit_test(test_search),    cmocka_unit_test(test_natural_order),
        cmocka_unit_test(test_copies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
