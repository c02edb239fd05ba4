#include "sequences/role.h"
#include "support/support.h"

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
    { "labels", NULL, HEP_ROLE_LABELS, false, false },
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
                 "did you mean \"arterial\"");
    assert_fails(hep_role_from_name(&role, "portal-venous", &e), e, HEP_EINVAL,
                 "did you mean \"portal_venous\"");
    assert_fails(hep_role_from_name(&role, "Xylophone", &e), e, HEP_EINVAL, "known are");
    assert_fails(hep_role_from_name(&role, NULL, &e), e, HEP_EINVAL, NULL);
    assert_int_equal(role, HEP_ROLE_T2);
    assert_int_equal(hep_role_from_acq("xyz"), HEP_ROLE_UNKNOWN);
    assert_int_equal(hep_role_from_acq(NULL), HEP_ROLE_UNKNOWN);
    assert_string_equal(hep_role_name((enum hep_role)99), "unknown");
}

int main(void)
{
    enum { N = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[N + 1];

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_case,
                                        .initial_state = (void *)(uintptr_t)&cases[i] };
    tests[N] = (struct CMUnitTest)cmocka_unit_test(test_unknown_words);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
