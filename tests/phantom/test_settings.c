/* Settings: words of the command line, ranges, and what each role adds. */
#include "support/support.h"

#include "phantom/phantom.h"

#include <math.h>

struct words_case {
    const char *name, *spec;
    int (*parse)(struct hep_sim_settings *s, const char *spec, struct hep_error *err);
    int rc;
    const char *part;
};

static const struct words_case words[] = {
    { "none", "none", hep_sim_parse_lesions, HEP_OK, NULL },
    { "a list", "met:12mm,cyst:8", hep_sim_parse_lesions, HEP_OK, NULL },
    { "poisson", "poisson:3.5:4-20mm", hep_sim_parse_lesions, HEP_OK, NULL },
    { "no size", "met", hep_sim_parse_lesions, HEP_EUSAGE, "TYPE:DIAMETER" },
    { "typing mistake", "cist:8mm", hep_sim_parse_lesions, HEP_EUSAGE, "did you mean 'cyst'" },
    { "too large", "met:200mm", hep_sim_parse_lesions, HEP_EUSAGE, "2 to 80 mm" },
    { "no number", "met:bigmm", hep_sim_parse_lesions, HEP_EUSAGE, "bigmm" },
    { "empty", "", hep_sim_parse_lesions, HEP_EUSAGE, "empty" },
    { "poisson too many", "poisson:99", hep_sim_parse_lesions, HEP_EUSAGE, "0 to 15" },
    { "poisson backwards", "poisson:3:20-4mm", hep_sim_parse_lesions, HEP_EUSAGE, "backwards" },
    { "even", "even:12:6-30mm", hep_sim_parse_lesions, HEP_OK, NULL },
    { "even too many", "even:16", hep_sim_parse_lesions, HEP_EUSAGE, "0 to 15" },
    { "poisson one diameter", "poisson:3:20", hep_sim_parse_lesions, HEP_EUSAGE, "3-40mm" },
    { "degrade none", "none", hep_sim_parse_degradations, HEP_OK, NULL },
    { "degrade level", "0.5", hep_sim_parse_degradations, HEP_OK, NULL },
    { "degrade list", "noise,bias=0.3", hep_sim_parse_degradations, HEP_OK, NULL },
    { "degrade unknown", "nose", hep_sim_parse_degradations, HEP_EUSAGE, "did you mean 'noise'" },
    { "degrade negative", "-1", hep_sim_parse_degradations, HEP_EUSAGE, "0 to 100" },
    { "degrade level text", "noise=loud", hep_sim_parse_degradations, HEP_EUSAGE, "loud" },
};
#define N_WORDS (sizeof words / sizeof words[0])

static void test_words(void **state)
{
    const struct words_case *c = *state;
    struct hep_sim_settings s;
    struct hep_error e = { 0 };

    hep_sim_defaults(&s);
    if (c->rc == HEP_OK)
        assert_ok(c->parse(&s, c->spec, &e), e);
    else
        assert_fails(c->parse(&s, c->spec, &e), e, (enum hep_status)c->rc, c->part);
}

static void test_lesion_list(void **state)
{
    struct hep_sim_settings s;
    struct hep_error e = { 0 };

    (void)state;
    hep_sim_defaults(&s);
    assert_ok(hep_sim_parse_lesions(&s, "met:12mm,haemangioma:7.5", &e), e);
    assert_int_equal(s.n_wishes, 2);
    assert_int_equal(s.wishes[0].type, HEP_SIM_MET_FIBROUS);
    assert_close(s.wishes[0].diameter_mm, 12.0, 0.0, 1e-12);
    assert_int_equal(s.wishes[1].type, HEP_SIM_HAEMANGIOMA);
    assert_close(s.wishes[1].diameter_mm, 7.5, 0.0, 1e-12);
    assert_ok(hep_sim_parse_lesions(&s, "poisson:3.5:4-20mm", &e), e);
    assert_int_equal(s.n_wishes, 0);
    assert_close(s.mean_lesions, 3.5, 0.0, 1e-12);
    assert_close(s.min_diameter_mm, 4.0, 0.0, 1e-12);
    assert_close(s.max_diameter_mm, 20.0, 0.0, 1e-12);
}

static void test_degradation_list(void **state)
{
    struct hep_sim_settings s;
    struct hep_error e = { 0 };

    (void)state;
    hep_sim_defaults(&s);
    assert_close(s.degrade[HEP_SIM_NOISE], 1.0, 0.0, 0.0);
    assert_close(s.degrade[HEP_SIM_MISSING], 0.0, 0.0, 0.0);
    assert_ok(hep_sim_parse_degradations(&s, "noise,bias=0.3,missing", &e), e);
    for (int d = 0; d < (int)HEP_SIM_N_DEGRADATIONS; d++) {
        const double want = d == (int)HEP_SIM_NOISE || d == (int)HEP_SIM_MISSING ? 1.0
                            : d == (int)HEP_SIM_BIAS                             ? 0.3
                                                                                 : 0.0;

        assert_close(s.degrade[d], want, 0.0, 0.0);
    }
    assert_ok(hep_sim_parse_degradations(&s, "0.5", &e), e);
    assert_close(s.degrade[HEP_SIM_EPI], 0.5, 0.0, 0.0);
    assert_close(s.degrade[HEP_SIM_SWAP], 0.0, 0.0, 0.0);
    assert_close(s.degrade[HEP_SIM_PSF], 0.0, 0.0, 0.0);
    assert_ok(hep_sim_parse_degradations(&s, "all,psf=2,noise=0", &e), e);
    for (int d = 0; d < (int)HEP_SIM_N_DEGRADATIONS; d++) {
        const bool off =
            d == (int)HEP_SIM_SWAP || d == (int)HEP_SIM_MISSING || d == (int)HEP_SIM_NOISE;

        assert_close(s.degrade[d], off ? 0.0 : d == (int)HEP_SIM_PSF ? 2.0 : 1.0, 0.0, 0.0);
    }
    assert_ok(hep_sim_parse_degradations(&s, "usual=0.5,drift", &e), e);
    assert_close(s.degrade[HEP_SIM_CROP], 0.5, 0.0, 0.0);
    assert_close(s.degrade[HEP_SIM_DRIFT], 1.0, 0.0, 0.0);
    assert_close(s.degrade[HEP_SIM_OUTLINE], 0.0, 0.0, 0.0);
}

/* Period of the 3.4 ppm peak: 1 / (3.4 * 42.577 * B) us: 4.605 ms at 1.5 T, 2.303 ms at 3 T. */
static void test_roles(void **state)
{
    struct hep_sim_settings s;
    struct hep_error e = { 0 };
    const double b[3] = { 0.0, 50.0, 1500.0 }, wrong[1] = { -5.0 };

    (void)state;
    hep_sim_defaults(&s);
    s.field_t = 1.5;
    assert_ok(hep_sim_add_role(&s, HEP_ROLE_IN_PHASE, (double)NAN, &e), e);
    assert_ok(hep_sim_add_role(&s, HEP_ROLE_OPPOSED, (double)NAN, &e), e);
    assert_int_equal(s.n_series, 2);
    assert_close(s.series[0].te_s[0], 2.30e-3, 0.0, 1e-5);
    assert_close(s.series[1].te_s[0], 4.61e-3, 0.0, 1e-5);
    assert_fails(hep_sim_set_b_values(&s, b, 3, &e), e, HEP_EINVAL, "without a dwi");
    assert_ok(hep_sim_add_role(&s, HEP_ROLE_DWI, (double)NAN, &e), e);
    assert_ok(hep_sim_set_b_values(&s, b, 3, &e), e);
    assert_int_equal(s.series[2].n_b, 3);
    assert_fails(hep_sim_set_b_values(&s, wrong, 1, &e), e, HEP_EINVAL, "-5");
    assert_fails(hep_sim_set_b_values(&s, b, 0, &e), e, HEP_EINVAL, "0 b-values");
    assert_fails(hep_sim_add_role(&s, HEP_ROLE_DWI, (double)NAN, &e), e, HEP_EINVAL, "already");
    assert_fails(hep_sim_add_role(&s, HEP_ROLE_LABELS, (double)NAN, &e), e, HEP_EINVAL, "labels");
    assert_fails(hep_sim_add_role(&s, HEP_ROLE_ARTERIAL, (double)NAN, &e), e, HEP_EINVAL, "time");
}

static void test_check(void **state)
{
    struct hep_sim_settings good, s;
    struct hep_error e = { 0 };

    (void)state;
    hep_sim_defaults(&good);
    assert_fails(hep_sim_check(&good, &e), e, HEP_EINVAL, "0 series");
    assert_ok(hep_sim_add_role(&good, HEP_ROLE_T2, (double)NAN, &e), e);
    assert_ok(hep_sim_check(&good, &e), e);
    s = good;
    s.field_t = 7.0;
    assert_fails(hep_sim_check(&s, &e), e, HEP_EINVAL, "7 T");
    s = good;
    s.subject = 0;
    assert_fails(hep_sim_check(&s, &e), e, HEP_EINVAL, "subject");
    s = good;
    s.nthreads = 0;
    assert_fails(hep_sim_check(&s, &e), e, HEP_EINVAL, "threads");
    s = good;
    s.variation = -1.0;
    assert_fails(hep_sim_check(&s, &e), e, HEP_EINVAL, "variation");
    s = good;
    s.max_diameter_mm = 1.0;
    assert_fails(hep_sim_check(&s, &e), e, HEP_EINVAL, "lesions");
    s = good;
    s.degrade[HEP_SIM_EPI] = (double)NAN;
    assert_fails(hep_sim_check(&s, &e), e, HEP_EINVAL, "epi");
    s = good;
    s.series[0].n[1] = 2;
    assert_fails(hep_sim_check(&s, &e), e, HEP_EINVAL, "voxels");
    s = good;
    s.series[0].spacing_mm[2] = 0.0;
    assert_fails(hep_sim_check(&s, &e), e, HEP_EINVAL, "spacing");
    s = good;
    s.series[0].te_s[0] = 0.0;
    assert_fails(hep_sim_check(&s, &e), e, HEP_EINVAL, "echo time");
    s = good;
    assert_ok(hep_sim_add_role(&s, HEP_ROLE_ARTERIAL, 35.0, &e), e);
    assert_fails(hep_sim_check(&s, &e), e, HEP_EINVAL, "agent");
}

int main(void)
{
    struct CMUnitTest tests[N_WORDS + 4];

    for (size_t i = 0; i < N_WORDS; i++)
        tests[i] = (struct CMUnitTest){ .name = words[i].name,
                                        .test_func = test_words,
                                        .initial_state = (void *)(uintptr_t)&words[i] };
    tests[N_WORDS] = (struct CMUnitTest)cmocka_unit_test(test_lesion_list);
    tests[N_WORDS + 1] = (struct CMUnitTest)cmocka_unit_test(test_degradation_list);
    tests[N_WORDS + 2] = (struct CMUnitTest)cmocka_unit_test(test_roles);
    tests[N_WORDS + 3] = (struct CMUnitTest)cmocka_unit_test(test_check);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
