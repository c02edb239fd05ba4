#include "support/support.h"

#include "base/alloc.h"
#include "base/text.h"

static void test_products(void **state)
{
    size_t out = 7;

    (void)state;
    assert_true(hep_mul_size(&out, 3, 5));
    assert_int_equal(out, 15);
    assert_true(hep_mul_size(&out, SIZE_MAX, 1));
    assert_true(out == SIZE_MAX);
    assert_true(hep_mul_size(&out, SIZE_MAX, 0));
    assert_int_equal(out, 0);
    out = 7;
    assert_false(hep_mul_size(&out, SIZE_MAX / 2 + 1, 2));
    assert_false(hep_mul_size(&out, (size_t)1 << 32, (size_t)1 << 32));
    assert_int_equal(out, 7);
}

static void test_overflow_is_refused(void **state)
{
    void *old = hep_calloc(1, 8, NULL);

    (void)state;
    assert_null(hep_calloc(SIZE_MAX / 2, 3, NULL));
    assert_null(hep_alloc_aligned(SIZE_MAX / 2, 3, NULL));
    assert_null(hep_alloc_aligned(SIZE_MAX, 1, NULL));
    assert_null(hep_realloc(old, SIZE_MAX / 2, 3, NULL));
    free(old);
}

static void test_memory(void **state)
{
    unsigned char *zeros = hep_calloc(100, 3, NULL);
    unsigned char *empty = hep_calloc(0, 8, NULL);
    unsigned char *aligned = hep_alloc_aligned(3, 7, NULL);
    unsigned char *aligned_empty = hep_alloc_aligned(0, 7, NULL);

    (void)state;
    assert_non_null(zeros);
    assert_non_null(empty);
    assert_non_null(aligned);
    assert_non_null(aligned_empty);
    for (size_t i = 0; i < 300; i++)
        assert_int_equal(zeros[i], 0);
    assert_int_equal((uintptr_t)aligned % 64, 0);
    zeros[299] = 9;
    zeros = hep_realloc(zeros, 1000, 3, NULL);
    assert_non_null(zeros);
    assert_int_equal(zeros[299], 9);
    free(zeros);
    free(empty);
    free(aligned);
    free(aligned_empty);
}

static void test_injected_failure(void **state)
{
    void *p;
    void *q;

    (void)state;
    hep_alloc_fail_at(2);
    p = hep_calloc(1, 1, NULL);
    assert_non_null(p);
    q = hep_realloc(p, 2, 1, NULL);
    assert_null(q);
    q = hep_realloc(p, 2, 1, NULL); /* once only; the old block was kept */
    assert_non_null(q);
    hep_alloc_fail_at(1);
    assert_null(hep_alloc_aligned(1, 1, NULL));
    hep_alloc_fail_at(1);
    hep_alloc_fail_at(0);
    p = hep_calloc(1, 1, NULL);
    assert_non_null(p);
    free(p);
    free(q);
}

/* Each function says once how much memory it was asked for; the overflow below is 2 x SIZE_MAX. */
static void test_failure_is_recorded(void **state)
{
    struct hep_error e[5] = { 0 };
    char *text = NULL;

    (void)state;
    hep_alloc_fail_at(1);
    assert_null(hep_calloc(6, 7, &e[0]));
    assert_string_equal(e[0].msg, "no memory for 6 x 7 bytes");
    assert_null(hep_alloc_aligned(SIZE_MAX, 2, &e[1]));
    assert_string_equal(e[1].msg, "no memory for 18446744073709551615 x 2 bytes");
    assert_null(hep_realloc(NULL, 2, SIZE_MAX, &e[2]));
    hep_alloc_fail_at(1);
    assert_null(hep_strdup("four", &e[3]));
    assert_string_equal(e[3].msg, "no memory for 5 x 1 bytes");
    hep_alloc_fail_at(1);
    assert_null(hep_asprintf(&e[4], "%d", 10));
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(e[i].code, HEP_ENOMEM);
    assert_null(hep_strdup(NULL, &(struct hep_error){ 0 }));
    text = hep_asprintf(NULL, "%s", "ten");
    assert_string_equal(text, "ten");
    free(text);
}

static void test_new_is_typed_and_zeroed(void **state)
{
    struct hep_error e = { 0 };
    double *values = NULL;

    (void)state;
    hep_alloc_fail_at(1);
    assert_int_equal(HEP_NEW(values, 3, &e), HEP_ENOMEM);
    assert_null(values);
    assert_string_equal(e.msg, "no memory for 3 x 8 bytes");
    assert_int_equal(HEP_NEW(values, 3, NULL), HEP_OK);
    assert_true(values[0] == 0.0 && values[2] == 0.0);
    free(values);
}

/* 0 .. 99 appended, with a failure at the moment when 16 items fill the array: nothing is lost. */
static void test_array_grows(void **state)
{
    struct hep_error e = { 0 };
    size_t *list = NULL, n = 0;

    (void)state;
    hep_alloc_fail_at(1);
    assert_int_equal(HEP_GROW(list, n, &e), HEP_ENOMEM);
    assert_null(list);
    assert_int_equal(e.code, HEP_ENOMEM);
    while (n < 100) {
        if (n == 16) {
            hep_alloc_fail_at(1);
            assert_int_equal(HEP_GROW(list, n, NULL), HEP_ENOMEM);
        }
        assert_int_equal(HEP_GROW(list, n, NULL), HEP_OK);
        assert_int_equal(list[n], 0);
        list[n] = n;
        n++;
    }
    for (size_t i = 0; i < n; i++)
        assert_int_equal(list[i], i);
    for (n = 0; n < 20; n++) /* emptied and filled again: the same array */
        assert_int_equal(HEP_GROW(list, n, NULL), HEP_OK);
    assert_int_equal(list[19], 0);
    free(list);
}

/* The product of 2 n items and their size is checked; 2 n itself cannot overflow, since n items
 * exist. */
static void test_array_too_large(void **state)
{
    struct hep_error e = { 0 };
    char *list = NULL;

    (void)state;
    assert_int_equal(hep_grow(&list, 0, SIZE_MAX / 2, &e), HEP_ENOMEM);
    assert_null(list);
    assert_string_equal(e.msg, "no memory for 8 x 9223372036854775807 bytes");
}

static void test_error_keeps_the_first(void **state)
{
    struct hep_error e = { 0 };

    (void)state;
    assert_int_equal(hep_error_prefix(&e, "nothing"), HEP_OK);
    assert_int_equal(HEP_FAIL(&e, HEP_EIO, "line\none %d", 1), HEP_EIO);
    assert_int_equal(HEP_FAIL(&e, HEP_EDATA, "second"), HEP_EDATA);
    assert_int_equal(e.code, HEP_EIO);
    assert_string_equal(e.msg, "line?one 1");
    assert_string_equal(e.where, "test_error_keeps_the_first");
    assert_int_equal(hep_error_prefix(&e, "sub-%02d", 1), HEP_EIO);
    assert_string_equal(e.msg, "sub-01: line?one 1");
    assert_int_equal(HEP_FAIL(NULL, HEP_EIO, "nobody listens"), HEP_EIO);
}

static void test_error_is_cut_not_overrun(void **state)
{
    struct hep_error e = { 0 };
    char big[2000];

    (void)state;
    (void)memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    (void)HEP_FAIL(&e, HEP_EIO, "%s", big);
    assert_int_equal(strlen(e.msg), sizeof e.msg - 1);
    (void)hep_error_prefix(&e, "%s", big);
    assert_true(strlen(e.msg) < sizeof e.msg);
    assert_non_null(strstr(e.msg, ": x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_overflow_is_refused),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_injected_failure),
        cmocka_unit_test(test_failure_is_recorded),
        cmocka_unit_test(test_new_is_typed_and_zeroed),
        cmocka_unit_test(test_array_grows),
        cmocka_unit_test(test_array_too_large),
        cmocka_unit_test(test_error_keeps_the_first),
        cmocka_unit_test(test_error_is_cut_not_overrun),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
