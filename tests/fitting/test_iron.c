#include "fitting/iron.h"

#include "support/support.h"

#include <math.h>

/* Worked by hand from the published coefficients. */
struct iron_case {
    const char *name, *calibration;
    double r2star_per_s, b0_t, te_ms, lic_mg_per_g;
    enum hep_status code;
    const char *says;
};
static const struct iron_case cases[] = {
    { "Wood, 137.3 /s", "wood-1.5t", 137.3, 1.5, 1.2, 3.68942, HEP_OK, NULL },
    { "Hernando 1.5 T, 137.3 /s", "hernando-1.5t", 137.3, 1.5, 1.2, 3.413919, HEP_OK, NULL },
    { "Hernando 1.5 T, 28.7 /s", "hernando-1.5t", 28.7, 1.5, 1.2, 0.587061, HEP_OK, NULL },
    { "Hernando 3 T, 137.3 /s", "hernando-3t", 137.3, 3.0, 1.2, 1.822177, HEP_OK, NULL },
    { "Hernando 2.89 T, 137.3 /s", "hernando-2.89t", 137.3, 2.89, 1.2, 1.8922, HEP_OK, NULL },
    /* .029 * 250^1.014 = .029 * 250 * exp(.014 ln 250) = 7.25 * 1.0803666 */
    { "Garbowski, 250 /s", "garbowski-1.5t", 250.0, 1.5, 1.2, 7.832658, HEP_OK, NULL },
    { "no iron reads slightly negative", "hernando-1.5t", 2.0, 1.5, 1.2, -0.10794, HEP_OK, NULL },
    { "1.494 T is 1.5 T", "wood-1.5t", 137.3, 1.494, 1.2, 3.68942, HEP_OK, NULL },
    { "2.89 T is not 3 T", "hernando-3t", 137.3, 2.89, 1.2, 0, HEP_EDATA, "2.89 T" },
    { "3 T is not 1.5 T", "wood-1.5t", 137.3, 3.0, 1.2, 0, HEP_EDATA, "wood-1.5t" },
    { "decay before the first echo", "wood-1.5t", 900.0, 1.5, 1.2, 0, HEP_EDATA, "first echo" },
    { "decay just slow enough", "wood-1.5t", 800.0, 1.5, 1.25, 20.522, HEP_OK, NULL },
    { "negative rate", "wood-1.5t", -1.0, 1.5, 1.2, 0, HEP_EINVAL, "R2*" },
    { "NaN rate", "wood-1.5t", (double)NAN, 1.5, 1.2, 0, HEP_EINVAL, "R2*" },
    { "no echo time", "wood-1.5t", 100, 1.5, 0, 0, HEP_EINVAL, "echo time" },
    { "no field", "wood-1.5t", 100, (double)NAN, 1.2, 0, HEP_EINVAL, "field" },
};

static void test_case(void **state)
{
    const struct iron_case *c = *state;
    const struct hep_iron_calibration *calibration = NULL;
    double lic = 77.0;
    struct hep_error e = { 0 };
    int rc;

    assert_ok(hep_iron_find(&calibration, c->calibration, &e), e);
    rc = hep_iron_lic(&lic, calibration, c->r2star_per_s, c->b0_t, 1e-3 * c->te_ms, &e);
    if (c->code == HEP_OK) {
        assert_ok(rc, e);
        assert_close(lic, c->lic_mg_per_g, 1e-6, 0.0);
    } else {
        assert_fails(rc, e, c->code, c->says);
        assert_close(lic, 77.0, 0.0, 0.0);
    }
}

static void test_by_field(void **state)
{
    const struct hep_iron_calibration *c = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_iron_for_field(&c, 1.5, &e), e);
    assert_string_equal(c->name, "hernando-1.5t");
    assert_ok(hep_iron_for_field(&c, 2.8936, &e), e);
    assert_string_equal(c->name, "hernando-2.89t");
    assert_ok(hep_iron_for_field(&c, 3.0, &e), e);
    assert_string_equal(c->name, "hernando-3t");
    assert_fails(hep_iron_for_field(&c, 1.0, &e), e, HEP_EINVAL, "1 T");
    assert_fails(hep_iron_for_field(&c, (double)NAN, &e), e, HEP_EINVAL, "no iron calibration");
}

static void test_names(void **state)
{
    const struct hep_iron_calibration *c = NULL;
    struct hep_error e = { 0 };
    static const char *const names[] = { "hernando-1.5t", "hernando-2.89t", "hernando-3t",
                                         "wood-1.5t", "garbowski-1.5t" };

    (void)state;
    assert_fails(hep_iron_find(&c, "wood-1.5", &e), e, HEP_EINVAL, "did you mean 'wood-1.5t'");
    assert_null(c);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_ok(hep_iron_find(&c, names[i], &e), e);
        assert_string_equal(c->name, names[i]);
        assert_true(strlen(c->citation) > 10);
    }
}

int main(void)
{
    enum { n = sizeof cases / sizeof cases[0] };
    struct CMUnitTest rows[n];
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_by_field),
                                        cmocka_unit_test(test_names) };

    for (size_t i = 0; i < n; i++)
        rows[i] = (struct CMUnitTest){ .name = cases[i].name,
                                       .test_func = test_case,
                                       .initial_state = (void *)(uintptr_t)&cases[i] };
    return cmocka_run_group_tests_name("calibrations", rows, NULL, NULL) +
           cmocka_run_group_tests(tests, NULL, NULL);
}
