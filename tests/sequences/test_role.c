#include "sequences/echo.h"
#include "terms/role.h"
#include "support/support.h"

#include <math.h>

/* The words of the design, typed once more here on purpose. */
static const struct role_case {
    const char *name, *acq;
    enum hep_role role;
    bool t1, post;
} cases[] = {
    { "opposed", NULL, HEP_ROLE_OPPOSED, false, false },
    { "in_phase", NULL, HEP_ROLE_IN_PHASE, false, false },
    { "echoes", NULL, HEP_ROLE_ECHOES, false, false },
    { "t2", NULL, HEP_ROLE_T2, false, false },
    { "dwi", NULL, HEP_ROLE_DWI, false, false },
    { "precontrast", "pre", HEP_ROLE_PRECONTRAST, true, false },
    { "arterial", "art", HEP_ROLE_ARTERIAL, true, true },
    { "portal_venous", "pv", HEP_ROLE_PORTAL_VENOUS, true, true },
    { "delayed", "del", HEP_ROLE_DELAYED, true, true },
    { "transitional", "trans", HEP_ROLE_TRANSITIONAL, true, true },
    { "hepatobiliary", "hbp", HEP_ROLE_HEPATOBILIARY, true, true },
    { "dynamic", NULL, HEP_ROLE_DYNAMIC, false, false },
    { "liver_mask", NULL, HEP_ROLE_LIVER_MASK, false, false },
    { "resection_mask", NULL, HEP_ROLE_RESECTION_MASK, false, false },
    { "labels", NULL, HEP_ROLE_LABELS, false, false },
    { "t1_map", NULL, HEP_ROLE_T1_MAP, false, false },
    { "t1_map_after", NULL, HEP_ROLE_T1_MAP_AFTER, false, false },
    { "unknown", NULL, HEP_ROLE_UNKNOWN, false, false },
};

static void test_case(void **state)
{
    const struct role_case *c = *state;
    enum hep_role role = HEP_ROLE_COUNT;
    struct hep_error e = { 0 };

    assert_ok(hep_role_from_name(&role, c->name, &e), e);
    assert_int_equal(role, c->role);
    assert_string_equal(hep_role_name(c->role), c->name);
    assert_int_equal(hep_role_is_t1_phase(role), c->t1);
    assert_int_equal(hep_role_is_post_contrast(role), c->post);
    assert_int_equal(hep_role_is_mask(role),
                     strstr(c->name, "mask") != NULL || strcmp(c->name, "labels") == 0);
    if (c->acq == NULL) {
        assert_null(hep_role_acq(role));
    } else {
        assert_string_equal(hep_role_acq(role), c->acq);
        assert_int_equal(hep_role_from_acq(c->acq), role);
    }
}

static void test_unknown_words(void **state)
{
    enum hep_role role = HEP_ROLE_T2;
    struct hep_error e = { 0 };

    (void)state;
    assert_fails(hep_role_from_name(&role, "artrial", &e), e, HEP_EINVAL,
                 "did you mean 'arterial'");
    assert_fails(hep_role_from_name(&role, "portal-venous", &e), e, HEP_EINVAL,
                 "did you mean 'portal_venous'");
    assert_fails(hep_role_from_name(&role, "Xylophone", &e), e, HEP_EINVAL, "known are");
    assert_fails(hep_role_from_name(&role, NULL, &e), e, HEP_EINVAL, NULL);
    assert_int_equal(role, HEP_ROLE_T2);
    assert_int_equal(hep_role_from_acq("xyz"), HEP_ROLE_UNKNOWN);
    assert_int_equal(hep_role_from_acq(NULL), HEP_ROLE_UNKNOWN);
    assert_string_equal(hep_role_name((enum hep_role)99), "unknown");
}

/* Domain 2.1: OP/IP 2.3/4.6 ms at 1.5 T, 1.15/2.3 or OP 3.45 ms at 3 T; 5.756 and 6.907 ms of a
 * scanner. */
static void test_echo_states(void **state)
{
    static const struct {
        double te_s, field_t;
        enum hep_role want;
    } echoes[] = {
        { 0.0023, 1.5, HEP_ROLE_OPPOSED },
        { 0.0046, 1.5, HEP_ROLE_IN_PHASE },
        { 0.00115, 3.0, HEP_ROLE_OPPOSED },
        { 0.0023, 3.0, HEP_ROLE_IN_PHASE },
        { 0.00345, 3.0, HEP_ROLE_OPPOSED },
        { 0.005756, 3.0, HEP_ROLE_OPPOSED },
        { 0.006907, 3.0, HEP_ROLE_IN_PHASE },
        { 0.00239, 2.89, HEP_ROLE_IN_PHASE },
        { 0.00012, 3.0, HEP_ROLE_UNKNOWN },
        { (double)NAN, 3.0, HEP_ROLE_UNKNOWN },
        { 0.0023, (double)NAN, HEP_ROLE_UNKNOWN },
        { -0.001, 3.0, HEP_ROLE_UNKNOWN },
        { 0.5, 3.0, HEP_ROLE_UNKNOWN },
    };
    double off;

    (void)state;
    for (size_t i = 0; i < sizeof echoes / sizeof echoes[0]; i++) {
        assert_int_equal(hep_role_of_echo(&off, echoes[i].te_s, echoes[i].field_t), echoes[i].want);
        if (echoes[i].want != HEP_ROLE_UNKNOWN)
            assert_true(off < 0.02);
        else
            assert_true(isnan(off));
    }
    (void)hep_role_of_echo(&off, 0.75 / (3.4 * 42.577 * 3.0), 3.0); /* three quarters of a turn */
    assert_close(off, 1.0, 0.0, 1e-9);
}

int main(void)
{
    enum { N = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[N + 2];

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_case,
                                        .initial_state = (void *)(uintptr_t)&cases[i] };
    tests[N] = (struct CMUnitTest)cmocka_unit_test(test_unknown_words);
    tests[N + 1] = (struct CMUnitTest)cmocka_unit_test(test_echo_states);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
