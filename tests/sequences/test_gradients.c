#include "sequences/gradients.h"
#include "support/support.h"

#include "base/file.h"

#include <math.h>

struct bval_case {
    const char *name, *text;
    enum hep_status want;
    const char *part; /* of the message */
    size_t n;
    double b[6];
};
static const struct bval_case bval_cases[] = {
    { "row", "0 50 400 800\n", HEP_OK, NULL, 4, { 0, 50, 400, 800 } },
    { "column", "0\n50\n400\n", HEP_OK, NULL, 3, { 0, 50, 400 } },
    { "tabs, commas, CRLF, no newline at the end",
      "0,\t50 ,400\r\n",
      HEP_OK,
      NULL,
      3,
      { 0, 50, 400 } },
    { "blank lines around", "\n\n 0 800 \n\n", HEP_OK, NULL, 2, { 0, 800 } },
    { "tiny b kept", "0 1 5 10 2.5", HEP_OK, NULL, 5, { 0, 1, 5, 10, 2.5 } },
    { "a mark of byte order",
      "\xef\xbb\xbf"
      "0 800",
      HEP_OK,
      NULL,
      2,
      { 0, 800 } },
    { "such a mark alone", "\xef\xbb\xbf", HEP_EFORMAT, "no numbers", 0, { 0 } },
    { "exponent", "0 1e3", HEP_OK, NULL, 2, { 0, 1000 } },
    { "negative", "0 -50 400", HEP_EDATA, "b-value 2 is -50", 0, { 0 } },
    { "too large",
      "0 1e9",
      HEP_EDATA,
      "f.bval: b-values 0 1e+09: the largest is 1e+09 s/mm2, must be 10 to 100000: likely in s/m2, "
      "multiply by 1e-6",
      0,
      { 0 } },
    { "not a number", "0 50x 400", HEP_EFORMAT, "f.bval:1: \"50x\" is not a number", 0, { 0 } },
    { "NaN", "0\nnan\n", HEP_EFORMAT, "f.bval:2", 0, { 0 } },
    { "infinity", "0 inf", HEP_EFORMAT, "inf", 0, { 0 } },
    { "empty", "", HEP_EFORMAT, "no numbers", 0, { 0 } },
    { "blank", " \n\t\n", HEP_EFORMAT, "no numbers", 0, { 0 } },
    { "two rows", "0 50\n400 800\n", HEP_EFORMAT, "2 rows", 0, { 0 } },
    { "ragged", "0 50\n400\n", HEP_EFORMAT, "rows", 0, { 0 } },
};

static void test_bval(void **state)
{
    const struct bval_case *c = *state;
    struct hep_error e = { 0 };
    double *b = NULL;
    size_t n = 99;
    int rc = hep_bval_parse(&b, &n, c->text, strlen(c->text), "f.bval", &e);

    if (c->want != HEP_OK) {
        assert_fails(rc, e, c->want, c->part);
        assert_null(b);
        assert_int_equal(n, 99);
        return;
    }
    assert_ok(rc, e);
    assert_int_equal(n, c->n);
    for (size_t i = 0; i < n; i++)
        assert_close(b[i], c->b[i], 0.0, 0.0);
    free(b);
}

/* 1 ms/um2 = 1e-3 s / 1e-6 mm2 = 1000 s/mm2; 1 s/m2 = 1e-6 s/mm2. */
struct unit_case {
    const char *name, *part; /* NULL: the unit is right */
    size_t n;
    double b[14];
};
static const struct unit_case unit_cases[] = {
    { "s/mm2", NULL, 4, { 0, 50, 400, 800 } },
    { "b = 0 alone", NULL, 2, { 0, 0 } },
    { "the largest is 10", NULL, 2, { 0, 10 } },
    { "the largest is 100000", NULL, 2, { 0, 100000 } },
    { "a lowest b that stands for 0", NULL, 3, { 0.001, 50, 800 } },
    { "ms/um2",
      "x.bval: b-values 0 0.05 0.4 0.8: the largest is 0.8 s/mm2, must be 10 to 100000: likely in "
      "ms/um2, multiply by 1000",
      4,
      { 0, 0.05, 0.4, 0.8 } },
    { "just below 10", "the largest is 9.99 s/mm2", 2, { 0, 9.99 } },
    { "s/m2",
      "x.bval: b-values 0 5e+07 8e+08: the largest is 8e+08 s/mm2, must be 10 to 100000: likely in "
      "s/m2, multiply by 1e-6",
      3,
      { 0, 5e7, 8e8 } },
    { "a long list is cut",
      "b-values 0 1 1 1 1 1 1 1 1 1 1 1 ...: ",
      14,
      { 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 } },
};

static void test_unit(void **state)
{
    const struct unit_case *c = *state;
    struct hep_error e = { 0 };
    int rc = hep_b_unit_check(c->b, c->n, "x.bval", &e);

    if (c->part == NULL)
        assert_ok(rc, e);
    else
        assert_fails(rc, e, HEP_EDATA, c->part);
}

static void test_zero_byte_and_length(void **state)
{
    struct hep_error e = { 0 };
    double *b = NULL;
    size_t n = 0;

    (void)state;
    assert_fails(hep_bval_parse(&b, &n, "0 5\0 7", 6, "f.bval", &e), e, HEP_EFORMAT,
                 "not a number");
    assert_ok(hep_bval_parse(&b, &n, "0 50 400 800", 4, "f.bval", &e), e); /* only 4 bytes count */
    assert_int_equal(n, 2);
    assert_close(b[1], 50.0, 0.0, 0.0);
    free(b);
}

static void test_bvec(void **state)
{
    struct hep_error e = { 0 };
    double(*v)[3] = NULL;
    const char *rows = "0 3 0\n0 0 0\n0 4 -2\n", *columns = "0 0 0\n3 0 4\n0 0 -2\n1 0 0\n";

    (void)state;
    assert_ok(hep_bvec_parse(&v, rows, strlen(rows), 3, "f.bvec", &e), e);
    assert_close(v[1][0], 0.6, 1e-15, 0.0); /* 3 0 4, normalised */
    assert_close(v[1][2], 0.8, 1e-15, 0.0);
    assert_close(v[2][2], -1.0, 1e-15, 0.0);
    assert_close(v[0][0], 0.0, 0.0, 0.0);
    free(v);
    assert_ok(hep_bvec_parse(&v, columns, strlen(columns), 4, "f.bvec", &e), e);
    assert_close(v[1][0], 0.6, 1e-15, 0.0);
    assert_close(v[3][0], 1.0, 1e-15, 0.0);
    free(v);
    v = NULL;
    assert_fails(hep_bvec_parse(&v, rows, strlen(rows), 4, "f.bvec", &e), e, HEP_EFORMAT,
                 "3 x 3 numbers, 3 x 4 are wanted");
    assert_fails(hep_bvec_parse(&v, "1 0\n0\n0 0", 9, 2, "f.bvec", &e), e, HEP_EFORMAT,
                 "different");
    assert_null(v);
}

static void write_text(const char *dir, const char *name, const char *text)
{
    struct hep_error e = { 0 };
    char *path = hep_path_join(dir, name, NULL);

    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    free(path);
}

static void test_files(void **state)
{
    struct hep_error e = { 0 };
    struct hep_gradients g = { 0 };
    char *dir = hep_test_mkdir(), *bval, *bvec;

    (void)state;
    write_text(dir, "a.bval", "0 50 800");
    write_text(dir, "zero.bvec", "0 0 0\n0 0 0\n0 0 0\n");
    write_text(dir, "dir.bvec", "0 1 0\n0 0 1\n0 0 0\n");
    bval = hep_path_join(dir, "a.bval", NULL);
    bvec = hep_path_join(dir, "zero.bvec", NULL);
    assert_ok(hep_gradients_read(&g, bval, bvec, 3, &e), e);
    assert_true(g.trace_weighted);
    hep_gradients_release(&g);
    assert_ok(hep_gradients_read(&g, bval, NULL, 0, &e), e);
    assert_false(g.trace_weighted);
    assert_null(g.direction);
    hep_gradients_release(&g);
    free(bvec);
    bvec = hep_path_join(dir, "dir.bvec", NULL);
    assert_ok(hep_gradients_read(&g, bval, bvec, 3, &e), e);
    assert_false(g.trace_weighted);
    hep_gradients_release(&g);
    assert_fails(hep_gradients_read(&g, bval, NULL, 5, &e), e, HEP_EDATA,
                 "3 b-values for 5 volumes");
    free(bval);
    /* A file of one b-value is a part of a series, whose largest b-value stands in another file. */
    write_text(dir, "part.bval", "5 5");
    bval = hep_path_join(dir, "part.bval", NULL);
    assert_ok(hep_gradients_read(&g, bval, NULL, 2, &e), e);
    hep_gradients_release(&g);
    free(bval);
    write_text(dir, "unit.bval", "0 0.05 0.4 0.8");
    bval = hep_path_join(dir, "unit.bval", NULL);
    assert_fails(hep_gradients_read(&g, bval, NULL, 4, &e), e, HEP_EDATA,
                 "unit.bval: b-values 0 0.05 0.4 0.8: ");
    assert_null(g.b_s_per_mm2);
    free(bval);
    bval = hep_path_join(dir, "none.bval", NULL);
    assert_fails(hep_gradients_read(&g, bval, NULL, 0, &e), e, HEP_ENOENT, "none.bval");
    assert_null(g.b_s_per_mm2);
    free(bval);
    free(bvec);
    hep_test_rmdir(dir);
}

struct text_case {
    const char *text;
    double b; /* NaN: none */
};
static const struct text_case text_cases[] = {
    { "ep_b50t", 50 },
    { "*ep_b800#3", 800 },
    { "ep_b0", 0 },
    { "DWI b=400 tra", 400 },
    { "dwi_b-value 1000", 1000 },
    { "DWI B 800", 800 },
    { "DWIb50", 50 },
    { "resolve_b800_3mm", 800 },
    { "ep_b5t", 5 },
    { "ep_b50_400_800", (double)NAN },
    { "b0 b800", (double)NAN },
    { "DWI_b50,800", (double)NAN },
    { "B0_map_expiration", (double)NAN },
    { "B1map", (double)NAN },
    { "fl3d_vibe", (double)NAN },
    { "abdomen 3b", (double)NAN },
    { "b", (double)NAN },
    { "", (double)NAN },
    { "tab50", (double)NAN },
    { "b50_2", 50 },
    { "ep_b20200101", (double)NAN },
};

static void test_b_in_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof text_cases / sizeof text_cases[0]; i++) {
        double b = (double)NAN;
        bool found = hep_b_from_text(&b, text_cases[i].text);

        if (found == isnan(text_cases[i].b) || (found && b != text_cases[i].b))
            print_error("\"%s\": got %g\n", text_cases[i].text, b);
        assert_int_equal(found, !isnan(text_cases[i].b));
        assert_close(b, text_cases[i].b, 0.0, 0.0);
    }
    assert_false(hep_b_from_text(&(double){ 0 }, NULL));
}

/* 0 and 0.4 are one shell, 1 and 5 are not; 795..805 are one (2 % of 795 is 15.9), 815 is not. */
static void test_shells(void **state)
{
    const double b[] = { 800, 0, 5, 795, 1, 0.4, 805, 815, 0 };
    const double want[] = { 0.4 / 3.0, 1, 5, 800, 815 };
    const size_t count[] = { 3, 1, 1, 3, 1 }, order[] = { 1, 5, 8, 4, 2, 0, 3, 6, 7 };
    struct hep_error e = { 0 };
    struct hep_b_shells s = { 0 };

    (void)state;
    assert_ok(hep_b_shells_group(&s, b, 9, &e), e);
    assert_int_equal(s.n, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_close(s.b_s_per_mm2[i], want[i], 1e-14, 0.0);
        assert_int_equal(s.count[i], count[i]);
    }
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(s.order[i], order[i]);
    assert_int_equal(s.first[3], 5);
    assert_int_equal(s.shell_of[6], 3);
    assert_int_equal(s.shell_of[1], 0);
    hep_b_shells_release(&s);
    assert_fails(hep_b_shells_group(&s, b, 0, &e), e, HEP_EINVAL, "no b-values");
    assert_fails(hep_b_shells_group(&s, (double[]){ 0, (double)NAN }, 2, &e), e, HEP_EINVAL,
                 "b-value 2");
    assert_fails(hep_b_shells_group(&s, (double[]){ -1 }, 1, &e), e, HEP_EINVAL, "-1");
}

int main(void)
{
    enum {
        N = sizeof bval_cases / sizeof bval_cases[0],
        N_UNITS = sizeof unit_cases / sizeof unit_cases[0]
    };
    struct CMUnitTest tests[5 + N + N_UNITS] = {
        cmocka_unit_test(test_zero_byte_and_length),
        cmocka_unit_test(test_bvec),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_b_in_text),
        cmocka_unit_test(test_shells),
    };

    for (size_t i = 0; i < N; i++)
        tests[5 + i] = (struct CMUnitTest){ .name = bval_cases[i].name,
                                            .test_func = test_bval,
                                            .initial_state = (void *)(uintptr_t)&bval_cases[i] };
    for (size_t i = 0; i < N_UNITS; i++)
        tests[5 + N + i] =
            (struct CMUnitTest){ .name = unit_cases[i].name,
                                 .test_func = test_unit,
                                 .initial_state = (void *)(uintptr_t)&unit_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
