/* T1 before and after contrast, by hand. */
#include "support/support.h"

#include "contrast/t1_change.h"

#include <math.h>

static void test_reduction(void **state)
{
    (void)state;
    assert_close(hep_t1_reduction(0.8, 0.24), 0.7, 1e-12, 0);
    assert_true(isnan(hep_t1_reduction(0.0, 0.24)));
    assert_true(isnan(hep_t1_reduction(0.8, (double)NAN)));
}

/* Liver 0.8 to 0.4 s: dR1 1.25 /s; blood 1.6 to 0.4 s: 1.875 /s; (1 - 0.4) 1.25 / 1.875 = 0.4. */
static void test_extracellular_volume(void **state)
{
    (void)state;
    assert_close(hep_extracellular_volume(0.8, 0.4, 1.6, 0.4, 0.4), 0.4, 1e-12, 0);
    assert_true(isnan(hep_extracellular_volume(0.8, 0.4, 1.6, 1.6, 0.4)));
    assert_true(isnan(hep_extracellular_volume(0.8, 0.4, 1.6, 0.4, (double)NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reduction),
        cmocka_unit_test(test_extracellular_volume),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
