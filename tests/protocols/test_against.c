/* Does a study satisfy a protocol: every state, and the seconds. */
#include "support/support.h"

#include "protocols/against.h"

#include <math.h>
#include <stdlib.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))

struct study {
    struct hep_series series[8];
    struct hep_inventory inventory;
    struct hep_frame frames[4];
};

/* All that amri-hbp needs, and an arterial phase. */
static void make_study(struct study *s, double hbp_s, double arterial_s)
{
    static const enum hep_role roles[] = { HEP_ROLE_T2, HEP_ROLE_DWI, HEP_ROLE_HEPATOBILIARY,
                                           HEP_ROLE_ARTERIAL };
    static const double b[] = { 0.0, 50.0, 400.0, 800.0 };

    (void)memset(s, 0, sizeof *s);
    for (size_t i = 0; i < N_OF(roles); i++)
        s->series[i] = (struct hep_series){ .frame = s->frames,
                                            .nt = roles[i] == HEP_ROLE_DWI ? 4 : 1,
                                            .role = roles[i],
                                            .selected = true,
                                            .time_since_injection_s = (double)NAN };
    for (size_t t = 0; t < 4; t++)
        s->frames[t] = (struct hep_frame){ .volume = t, .b_s_per_mm2 = b[t] };
    s->series[2].time_since_injection_s = hbp_s;
    s->series[3].time_since_injection_s = arterial_s;
    s->inventory = (struct hep_inventory){ .series = s->series,
                                           .n_series = N_OF(roles),
                                           .agent_text = (char *)(uintptr_t) "Primovist",
                                           .field_t = 3.0 };
}

static void judge(struct hep_against_study *out, struct study *s, const char *protocol,
                  const char *set)
{
    struct hep_config_bundle b = { 0 };
    struct hep_error e = { 0 };

    *out = (struct hep_against_study){ 0 };
    assert_ok(hep_config_open(&b, protocol, &set, set != NULL ? 1 : 0, NULL, &e), e);
    hep_against_inventory(out, &b.config, b.agents, &b.agent, &s->inventory);
    hep_config_close(&b);
}

static struct hep_against_series of(const struct hep_against_study *s, enum hep_planned planned)
{
    struct hep_against_series found = { .planned = HEP_SERIES_COUNT };

    for (size_t i = 0; i < s->n; i++)
        if (s->series[i].planned == planned)
            found = s->series[i];
    assert_int_equal(found.planned, planned);
    return found;
}

struct against_case {
    const char *name, *protocol, *set;
    double hbp_s;
    enum hep_planned series;
    enum hep_against_state state;
    double off_s, off_nominal_s;
    bool satisfied;
};

/* Windows of amri-hbp: 600 to 1800 s, nominal 900 to 1200 s; amri-hbp-early: 600 to 900 s. */
static const struct against_case cases[] = {
    { "nominal", "amri-hbp", NULL, 1200.0, HEP_SERIES_HEPATOBILIARY, HEP_AGAINST_GOOD, 0, 0, true },
    { "inside", "amri-hbp", NULL, 780.0, HEP_SERIES_HEPATOBILIARY, HEP_AGAINST_NOT_NOMINAL, 0, -120,
      true },
    { "late", "amri-hbp-early", NULL, 993.0, HEP_SERIES_HEPATOBILIARY, HEP_AGAINST_OFF, 93, 273,
      false },
    { "early", "amri-hbp", NULL, 580.0, HEP_SERIES_HEPATOBILIARY, HEP_AGAINST_OFF, -20, -320,
      false },
    { "no time", "amri-hbp", NULL, (double)NAN, HEP_SERIES_HEPATOBILIARY, HEP_AGAINST_TIME_UNKNOWN,
      (double)NAN, (double)NAN, true },
    { "no T2 planned, none missed", "amri-hbp-dwi", NULL, 1000.0, HEP_SERIES_DWI, HEP_AGAINST_GOOD,
      (double)NAN, (double)NAN, true },
    { "in phase is missing", "amri-noncontrast", NULL, 1000.0, HEP_SERIES_IN_OPPOSED,
      HEP_AGAINST_MISSING, (double)NAN, (double)NAN, false },
    { "not required", "amri-hbp", "series.delayed.required=false", 1000.0, HEP_SERIES_DELAYED,
      HEP_AGAINST_MISSING, (double)NAN, (double)NAN, true },
    { "b-values", "amri-hbp", "series.dwi.b_values_s_per_mm2=[0, 50, 800, 1500]", 1000.0,
      HEP_SERIES_DWI, HEP_AGAINST_B_VALUES, (double)NAN, (double)NAN, false },
};

static void test_series(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(cases); i++) {
        const struct against_case *c = &cases[i];
        struct hep_against_series s;
        struct hep_against_study out;
        struct study study;

        print_message("%s\n", c->name);
        make_study(&study, c->hbp_s, 30.0);
        judge(&out, &study, c->protocol, c->set);
        s = of(&out, c->series);
        assert_string_equal(hep_against_state_name(s.state), hep_against_state_name(c->state));
        if (isfinite(c->off_s) || c->series == HEP_SERIES_HEPATOBILIARY) {
            assert_close(s.off_s, c->off_s, 0.0, 1e-9);
            assert_close(s.off_nominal_s, c->off_nominal_s, 0.0, 1e-9);
        }
        assert_int_equal(out.satisfied, c->satisfied);
    }
}

static void test_agent_and_field(void **state)
{
    struct hep_against_study out;
    struct study study;

    (void)state;
    make_study(&study, 1000.0, 30.0);
    judge(&out, &study, "amri-dynamic", NULL);
    assert_false(out.satisfied);
    assert_non_null(strstr(out.reason, "made with gadoxetate"));
    study.inventory.field_t = 1.5;
    judge(&out, &study, "amri-hbp", NULL);
    assert_true(out.satisfied);
    assert_non_null(strstr(out.note, "1.5 T"));
    study.inventory.field_t = 2.89;
    judge(&out, &study, "amri-hbp", NULL);
    assert_string_equal(out.note, "");
}

static void test_missing_b(void **state)
{
    struct hep_against_series s;
    struct hep_against_study out;
    struct study study;

    (void)state;
    make_study(&study, 1000.0, 30.0);
    judge(&out, &study, "amri-hbp", "series.dwi.b_values_s_per_mm2=[0, 58, 200, 1500]");
    s = of(&out, HEP_SERIES_DWI);
    assert_int_equal(s.b_missing_s_per_mm2.n, 2); /* 58 is 50 within 10 */
    assert_close(s.b_missing_s_per_mm2.v[0], 200.0, 0.0, 0.0);
    assert_close(s.b_missing_s_per_mm2.v[1], 1500.0, 0.0, 0.0);
}

static void test_folder(void **state)
{
    struct hep_config_bundle b = { 0 };
    struct hep_against a = { 0 };
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    struct hep_error e = { 0 };
    char *dir = hep_test_mkdir();

    (void)state;
    assert_ok(hep_config_open(&b, "amri-hbp", NULL, 0, NULL, &e), e);
    assert_fails(hep_against_folder(&a, &b.config, b.agents, &b.agent, "/no/such", &e), e,
                 HEP_ENOENT, "no such folder");
    hep_against_release(&a);
    assert_ok(hep_against_folder(&a, &b.config, b.agents, &b.agent, dir, &e), e);
    assert_int_equal(a.n, 1);
    assert_int_equal(a.n_satisfied, 0);
    assert_true(a.list[0].reason[0] != '\0');
    hep_against_text(&text, &b.config, &a);
    assert_non_null(strstr(text.s, "0 of 1 studies satisfy amri-hbp"));
    assert_ok(hep_against_json(&json, &b.config, &a, &e), e);
    assert_close(hep_json_number(hep_json_get(json, "satisfied")), 0.0, 0.0, 0.0);
    hep_json_free(json);
    hep_str_release(&text);
    hep_against_release(&a);
    hep_config_close(&b);
    hep_test_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_series),
        cmocka_unit_test(test_agent_and_field),
        cmocka_unit_test(test_missing_b),
        cmocka_unit_test(test_folder),
    };

    (void)setenv("HEPAR_CONFIGS", HEP_CONFIGS, 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
