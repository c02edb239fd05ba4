#include "support/support.h"

#include "base/number.h"

#include <limits.h>
#include <math.h>

static void test_characters(void **state)
{
    int digits = 0, letters = 0;

    (void)state;
    for (int c = CHAR_MIN; c <= CHAR_MAX; c++) {
        digits += hep_is_digit((char)c);
        letters += hep_is_letter((char)c);
    }
    assert_int_equal(digits, 10);
    assert_int_equal(letters, 52);
    assert_true(hep_is_digit('0') && hep_is_digit('9') && !hep_is_digit('/') && !hep_is_digit(':'));
    assert_true(hep_is_letter('a') && hep_is_letter('Z') && !hep_is_letter('@') &&
                !hep_is_letter('['));
}

/* R 4.3: quantile(c(1, 2, 4, 8), c(0, .25, .5, .9, 1)) gives 1, 1.75, 3, 6.8, 8. */
static void test_quantiles(void **state)
{
    static const double wanted[][2] = {
        { 0.0, 1.0 }, { 0.25, 1.75 }, { 0.5, 3.0 }, { 0.9, 6.8 }, { 1.0, 8.0 }
    };
    double x[] = { 4, 1, 8, 2 };

    (void)state;
    qsort(x, 4, sizeof *x, hep_compare_doubles);
    for (size_t i = 0; i < 5; i++)
        assert_close(hep_quantile_sorted(x, 4, wanted[i][0]), wanted[i][1], 1e-15, 0.0);
    assert_close(hep_quantile_sorted(x, 1, 0.7), 1.0, 0.0, 0.0);
}

/* The ball of radius 3 has 36 pi; the closed form is 113.0973355292326. */
static void test_balls(void **state)
{
    (void)state;
    assert_close(hep_ball_diameter(113.0973355292326), 6.0, 1e-15, 0.0);
    assert_close(hep_ball_volume(6.0), 113.0973355292326, 1e-15, 0.0);
    assert_close(hep_ball_diameter(0.0), 0.0, 0.0, 0.0);
}

static void test_significant(void **state)
{
    (void)state;
    assert_close(hep_round_significant(0.123456, 4), 0.1235, 0.0, 0.0);
    assert_close(hep_round_significant(-98765.0, 2), -99000.0, 0.0, 0.0);
    assert_close(hep_round_significant(0.0, 4), 0.0, 0.0, 0.0);
    assert_true(isnan(hep_round_significant((double)INFINITY, 4)));
    assert_true(isnan(hep_round_significant((double)NAN, 4)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_characters),
        cmocka_unit_test(test_quantiles),
        cmocka_unit_test(test_balls),
        cmocka_unit_test(test_significant),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
