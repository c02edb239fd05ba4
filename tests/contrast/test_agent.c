/* Agents: the shipped file, its mistakes, trade names, relaxivities between fields. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "contrast/agent.h"

#include <math.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const agents_path = HEP_CONFIGS "/agents.yml";

static int setup(void **state)
{
    struct hep_error e = { 0 };
    struct hep_agents *set = NULL;

    if (hep_agents_read(&set, agents_path, &e) != HEP_OK) {
        print_error("%s\n", e.msg);
        return -1;
    }
    *state = set;
    return 0;
}

static int teardown(void **state)
{
    hep_agents_free(*state);
    return 0;
}

static const struct hep_agent *agent(void **state, const char *name)
{
    const struct hep_agent *a = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_agents_find(&a, *state, name, &e), e);
    return a;
}

/* Text -> agent. Brands and generics as dcm2niix passes them on from ContrastBolusAgent. */
static const struct {
    const char *text, *agent; /* NULL: a warning, no agent */
    const char *warning;      /* part of it */
} alias_cases[] = {
    { "Primovist 0.25 mmol/mL", "gadoxetate", NULL },
    { "PRIMOVIST", "gadoxetate", NULL },
    { "primovist0.25", "gadoxetate", NULL },
    { "EOVIST 10 ML", "gadoxetate", NULL },
    { "Gadoxetic Acid Disodium", "gadoxetate", NULL },
    { "GD-EOB-DTPA", "gadoxetate", NULL },
    { "Gd EOB DTPA (7 ml)", "gadoxetate", NULL },
    { "GdEOBDTPA", "gadoxetate", NULL },
    { "acide gadox\xc3\xa9tique", "gadoxetate", NULL },
    { "Primovist\xc2\xae 0,25 mmol/ml", "gadoxetate", NULL },
    { "MultiHance", "gadobenate", NULL },
    { "MULTI HANCE 15ml", "gadobenate", NULL },
    { "gadobenate dimeglumine 529 mg/ml", "gadobenate", NULL },
    { "Gd-BOPTA", "gadobenate", NULL },
    { "Gadovist 1.0", "extracellular", NULL },
    { "GADAVIST", "extracellular", NULL },
    { "Dotarem", "extracellular", NULL },
    { "Clariscan 0.5 mmol/ml", "extracellular", NULL },
    { "ProHance", "extracellular", NULL },
    { "Magnevist", "extracellular", NULL },
    { "Omniscan", "extracellular", NULL },
    { "ELUCIREM", "extracellular", NULL },
    { "Gd-DTPA", "extracellular", NULL },
    { "Gd-BT-DO3A", "extracellular", NULL },
    { "GdBTDO3A", "extracellular", NULL },
    { "Primavist", NULL, "Primovist" },
    { "gadobenat", NULL, "gadobenate" },
    { "Gadovst 7.5", NULL, "Gadovist" },
    { "Ultravist xyz", NULL, "not known" }, /* iodine: near Gadavist at most as a hint */
    { "contrast", NULL, "not known" },
    { "Primovist then Gadovist", NULL, "both gadoxetate and extracellular" },
    { "", NULL, "no contrast agent" },
    { " .;- ", NULL, "no contrast agent" },
    { NULL, NULL, "no contrast agent" },
};

static void test_aliases(void **state)
{
    for (size_t i = 0; i < COUNT(alias_cases); i++) {
        struct hep_agent_match m;
        const char *text = alias_cases[i].text;
        hep_agents_resolve(&m, *state, text);
        if (alias_cases[i].agent) {
            if (!m.agent || strcmp(m.agent->name, alias_cases[i].agent) != 0)
                fail_msg("'%s' gave %s: %s", text, m.agent ? m.agent->name : "none", m.warning);
            assert_non_null(m.alias);
            assert_string_equal(m.warning, "");
        } else {
            if (m.agent || !strstr(m.warning, alias_cases[i].warning))
                fail_msg("'%s' gave %s: '%s'", text ? text : "(null)",
                         m.agent ? m.agent->name : "none", m.warning);
        }
    }
}

/** Every alias of the file leads to its own agent, also in capitals: no two agents share one. */
static void test_every_alias_is_unique(void **state)
{
    static const char *const names[] = { "gadoxetate", "gadobenate", "extracellular" };

    for (size_t i = 0; i < COUNT(names); i++) {
        const struct hep_agent *a = agent(state, names[i]);

        for (size_t k = 0; k < a->n_aliases; k++) {
            struct hep_agent_match m;
            hep_agents_resolve(&m, *state, a->aliases[k]);
            if (m.agent != a)
                fail_msg("alias '%s' of %s: %s", a->aliases[k], a->name, m.warning);
        }
    }
}

static void test_long_text(void **state)
{
    struct hep_agent_match m;
    char text[5000];

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    hep_agents_resolve(&m, *state, text);
    assert_null(m.agent);
    memset(text, '-', sizeof text - 1);
    hep_agents_resolve(&m, *state, text);
    assert_null(m.agent);
}

/* Maino 2023 (timing, hepatic share), Bashir 2014 (1.8): written here from the papers. */
static void test_shipped_values(void **state)
{
    const struct hep_agent *eob = agent(state, "gadoxetate");
    const struct hep_agent *bopta = agent(state, "BOPTA");
    const struct hep_agent *eca = agent(state, "Extracellular");

    assert_close(eob->dose_mmol_per_kg.value, 0.025, 1e-12, 0);
    assert_int_equal(eob->dose_mmol_per_kg.mark, HEP_MARK_VERIFIED);
    assert_non_null(strstr(eob->dose_mmol_per_kg.source, "Maino"));
    assert_close(eob->hepatic_frac.value, 0.5, 1e-12, 0);
    assert_close(eob->plasma_decay_per_s.value, 0.0002, 1e-12, 0);
    assert_close(eob->uptake_start_s.value, 90, 1e-12, 0);
    assert_close(eob->hbp_adequate_above.value, 1.8, 1e-12, 0);
    assert_close(eob->windows[HEP_PHASE_HEPATOBILIARY].window_s[0], 600, 0, 0);
    assert_close(eob->windows[HEP_PHASE_HEPATOBILIARY].nominal_s[1], 1200, 0, 0);
    assert_false(eob->windows[HEP_PHASE_DELAYED].defined);
    assert_true(eob->washout[HEP_PHASE_PORTAL_VENOUS]);
    assert_false(eob->washout[HEP_PHASE_TRANSITIONAL]);
    assert_close(bopta->hbp_adequate_above.value, 1.3, 1e-12, 0);
    assert_close(bopta->windows[HEP_PHASE_HEPATOBILIARY].window_s[1], 10800, 0, 0);
    assert_true(bopta->washout[HEP_PHASE_DELAYED]);
    assert_close(eca->dose_mmol_per_kg.value, 0.1, 1e-12, 0);
    assert_true(isnan(eca->hbp_adequate_above.value));
    assert_true(isnan(eca->uptake_start_s.value));
    assert_false(eca->windows[HEP_PHASE_HEPATOBILIARY].defined);
    assert_close(eca->windows[HEP_PHASE_DELAYED].window_s[0], 150, 0, 0);
}

static void test_find_unknown(void **state)
{
    const struct hep_agent *a = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_agents_find(&a, *state, "Primovist", &e), e);
    assert_string_equal(a->name, "gadoxetate");
    assert_ok(hep_agents_find(&a, *state, "MultiHance", &e), e);
    assert_string_equal(a->name, "gadobenate");
    a = NULL;
    assert_fails(hep_agents_find(&a, *state, "gadoxetat", &e), e, HEP_ECONFIG,
                 "did you mean 'gadoxetate'");
    assert_fails(hep_agents_find(&a, *state, "iodine-something", &e), e, HEP_ECONFIG,
                 "gadoxetate, gadobenate, extracellular");
    assert_null(a);
}

/* Linear between 1.5 and 3.0 T, by hand: 2.89 T is 0.92667 of the way. */
static const struct {
    const char *agent;
    double field_t, r1_blood, r1_hepatocyte;
    bool interpolated, extrapolated;
} field_cases[] = {
    { "gadoxetate", 1.5, 7.2, 14.6, false, false },
    { "gadoxetate", 3.0, 6.5, 9.8, false, false },
    { "gadoxetate", 2.89, 6.551333333333333, 10.152, true, false },
    { "gadoxetate", 2.25, 6.85, 12.2, true, false },
    { "gadoxetate", 1.494, 7.2, 14.6, false, true },
    { "gadoxetate", 7.0, 6.5, 9.8, false, true },
    { "gadobenate", 2.89, 5.558666666666667, 8.146666666666667, true, false },
    { "extracellular", 1.5, 4.1, 4.1, false, false },
    { "extracellular", 3.0, 3.7, 3.7, false, false },
};

static void test_fields(void **state)
{
    struct hep_error e = { 0 };
    struct hep_relaxivity r = { 0 };

    for (size_t i = 0; i < COUNT(field_cases); i++) {
        assert_ok(hep_agent_relaxivity(&r, agent(state, field_cases[i].agent),
                                       field_cases[i].field_t, &e),
                  e);
        assert_close(r.r1_blood, field_cases[i].r1_blood, 1e-12, 0);
        assert_close(r.r1_hepatocyte, field_cases[i].r1_hepatocyte, 1e-12, 0);
        assert_int_equal(r.interpolated, field_cases[i].interpolated);
        assert_int_equal(r.extrapolated, field_cases[i].extrapolated);
        assert_close(r.field_t, field_cases[i].field_t, 0, field_cases[i].extrapolated ? 10 : 0);
    }
    assert_ok(hep_agent_relaxivity(&r, agent(state, "EOB"), 2.89, &e), e);
    assert_close(r.r2_blood, 8.7 + 1.39 / 1.5 * 2.3, 1e-12, 0);
    assert_non_null(strstr(r.source, "7 T")); /* that of the nearer field */
    assert_fails(hep_agent_relaxivity(&r, agent(state, "EOB"), 0.5, &e), e, HEP_EINVAL, "0.5 T");
    assert_fails(hep_agent_relaxivity(&r, agent(state, "EOB"), 9.4, &e), e, HEP_EINVAL, "9.4 T");
    assert_fails(hep_agent_relaxivity(&r, agent(state, "EOB"), (double)NAN, &e), e, HEP_EINVAL,
                 NULL);
}

static void test_washout(void **state)
{
    char reason[160];

    assert_true(hep_agent_washout_allowed(agent(state, "EOB"), HEP_PHASE_PORTAL_VENOUS, NULL, 0));
    assert_false(hep_agent_washout_allowed(agent(state, "EOB"), HEP_PHASE_TRANSITIONAL, reason,
                                           sizeof reason));
    assert_non_null(strstr(reason, "may not be judged in the transitional phase with gadoxetate"));
    /* A series called "delayed" is transitional with gadoxetate, so no way round the rule. */
    assert_false(hep_agent_washout_allowed(agent(state, "EOB"), HEP_PHASE_DELAYED, NULL, 0));
    assert_true(hep_agent_washout_allowed(agent(state, "ECA"), HEP_PHASE_DELAYED, NULL, 0));
    assert_true(hep_agent_washout_allowed(agent(state, "ECA"), HEP_PHASE_TRANSITIONAL, NULL, 0));
    assert_true(hep_agent_washout_allowed(agent(state, "BOPTA"), HEP_PHASE_DELAYED, NULL, 0));
    assert_false(
        hep_agent_washout_allowed(agent(state, "BOPTA"), HEP_PHASE_HEPATOBILIARY, NULL, 0));
    assert_false(hep_agent_washout_allowed(agent(state, "ECA"), HEP_PHASE_ARTERIAL, NULL, 0));
    assert_false(hep_agent_washout_allowed(agent(state, "ECA"), HEP_PHASE_COUNT, NULL, 0));

    /* Of an agent that nobody knows: gadoxetate allows the portal venous phase alone. */
    struct hep_agent supposed = *agent(state, "ECA");

    assert_true(hep_agent_is_unknown("Unknown"));
    assert_false(hep_agent_is_unknown("gadobutrol"));
    hep_agents_suppose(&supposed, *state);
    assert_true(hep_agent_washout_allowed(&supposed, HEP_PHASE_PORTAL_VENOUS, NULL, 0));
    assert_false(hep_agent_washout_allowed(&supposed, HEP_PHASE_DELAYED, reason, sizeof reason));
    assert_non_null(strstr(reason, "the agent is not known"));
}

static void test_phase_names(void **state)
{
    (void)state;
    for (int p = 0; p < HEP_PHASE_COUNT; p++)
        assert_int_equal(hep_phase_of_role(hep_role_of_phase((enum hep_phase)p)), p);
    assert_string_equal(hep_phase_name(HEP_PHASE_PORTAL_VENOUS), "portal_venous");
    assert_int_equal(hep_phase_of_role(HEP_ROLE_DWI), HEP_PHASE_COUNT);
    assert_int_equal(hep_role_of_phase(HEP_PHASE_COUNT), HEP_ROLE_UNKNOWN);
}

/* One edit of the shipped file each; `where` is the line that must be named, by its own text. */
static const struct {
    const char *name, *old, *new_text, *message;
} mistakes[] = {
    { "mistyped key",
      "    dose_mmol_per_kg:", "    dosis_mmol_per_kg:", "did you mean 'dose_mmol_per_kg'" },
    { "mistyped phase",
      "      portal_venous:", "      portal_venus:", "did you mean 'portal_venous'" },
    { "mistyped washout phase", "phases: [portal_venous]", "phases: [portal_venos]",
      "did you mean 'portal_venous'" },
    { "unit in number", "{value: 0.025,", "{value: 0.025mmol,", "0.025mmol" },
    { "quantity in wrong unit", "{value: 0.025,", "{value: 25,", "allowed are 0.001 to 1" },
    { "text for number", "{value: 0.5,", "{value: half,", "half" },
    { "no number", "{value: 0.5,", "{value: .nan,", "nan" },
    { "mark", "mark: verified}", "mark: certain}",
      "unknown mark 'certain'; known are general, verified" },
    { "missing source", "{value: 0.025, source: \"Maino 2023, World J Gastroenterol 29:5180\",",
      "{value: 0.025,", "lacks the key 'source'" },
    { "missing mark", ", mark: verified}\n    hepatic_frac", "}\n    hepatic_frac",
      "lacks the key 'mark'" },
    { "falling window", "window: [20, 45]", "window: [45, 20]", "falls from 45 to 20" },
    { "window of three", "window: [20, 45]", "window: [20, 30, 45]", "two numbers, got 3" },
    { "window no list", "window: [20, 45]", "window: 20", "must be a list" },
    { "nominal outside", "nominal: [30, 40]", "nominal: [30, 50]", "does not lie in its window" },
    { "negative time", "window: [20, 45]", "window: [-20, 45]", "allowed are 0 to 86400" },
    { "fields fall", "- {field_t: 3.0, r1_blood: 6.5", "- {field_t: 1.0, r1_blood: 6.5",
      "must rise" },
    { "washout without window", "phases: [portal_venous]", "phases: [portal_venous, delayed]",
      "which has no window" },
    { "limit without its partner",
      "    hbp_adequate_above: {value: 1.8, source: \"Bashir 2014, Acad Radiol (liver/IVC)\", "
      "mark: verified}\n",
      "", "all three or none" },
    { "limits crossed", "hbp_adequate_above: {value: 1.8", "hbp_adequate_above: {value: 1.1",
      "exceeds" },
    { "two late phases", "      transitional: {",
      "      delayed: {window: [150, 330], nominal: [180, 300], "
      "source: x, mark: general}\n      transitional: {",
      "one of them" },
    { "agent twice", "- name: gadobenate", "- name: gadoxetate", "stands here twice" },
    { "alias without letters", "aliases: [gadoxetate,", "aliases: ['7', gadoxetate,",
      "at least 3 letters" },
    { "aliases no list", "aliases: [gadobenate,", "aliases: {gadobenate: 1, x: [gadobenate,",
      NULL },
    { "empty name", "- name: gadobenate", "- name: ''", "not empty" },
    { "repeated key", "    short: EOB", "    short: EOB\n    short: EOC", NULL },
    { "unknown root", "agents:", "agent:", "did you mean 'agents'" },
    { "no list", "agents:\n", "agents: 3\nother:\n", "must be a list" },
};

static char *edited(const char *text, const char *old, const char *new_text)
{
    const char *at = strstr(text, old);
    struct hep_str s = { 0 };

    if (!at)
        fail_msg("the shipped file does not hold '%s'", old);
    hep_str_addn(&s, text, (size_t)(at - text));
    hep_str_add(&s, new_text);
    hep_str_add(&s, at + strlen(old));
    return s.s;
}

static void test_mistakes(void **state)
{
    struct hep_error e = { 0 };
    char *text = NULL;
    size_t n = 0;

    (void)state;
    assert_ok(hep_file_read(&text, &n, agents_path, 1 << 20, &e), e);
    for (size_t i = 0; i < COUNT(mistakes); i++) {
        struct hep_agents *set = NULL;
        char *bad = edited(text, mistakes[i].old, mistakes[i].new_text);
        int rc = hep_agents_parse(&set, bad, strlen(bad), "bad.yml", &e);
        if (rc != HEP_ECONFIG || strncmp(e.msg, "bad.yml:", 8) != 0 || set)
            fail_msg("%s: status %d, message '%s'", mistakes[i].name, rc, e.msg);
        assert_fails(rc, e, HEP_ECONFIG, mistakes[i].message);
        free(bad);
    }
    free(text);
}

/** The position is that of the mistake: line and column counted by hand in this text. */
static void test_position(void **state)
{
    static const char text[] = "agents:\n"
                               "  - name: a\n"
                               "    shrt: b\n";
    struct hep_agents *set = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_fails(hep_agents_parse(&set, text, sizeof text - 1, "x.yml", &e), e, HEP_ECONFIG,
                 "x.yml:3:5: unknown key 'shrt'; did you mean 'short'?");
    assert_fails(hep_agents_parse(&set, "", 0, "x.yml", &e), e, HEP_ECONFIG, "x.yml");
    assert_fails(hep_agents_read(&set, HEP_CONFIGS "/none.yml", &e), e, HEP_ENOENT, "none.yml");
    assert_null(set);
}

/** Each allocation fails once; nothing leaks (sanitizers) and nothing is handed out. */
static void test_out_of_memory(void **state)
{
    struct hep_error e = { 0 };
    struct hep_agents *set = NULL;
    long failures = 0;

    (void)state;
    for (long k = 1; k < 10000; k++) {
        int rc;
        hep_alloc_fail_at(k);
        rc = hep_agents_read(&set, agents_path, &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
        if (rc == HEP_OK)
            break;
        assert_null(set);
        assert_fails(rc, e, HEP_ENOMEM, NULL);
        failures++;
    }
    assert_true(failures >= 4); /* file, set, list, keys at least */
    hep_agents_free(set);
    hep_agents_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aliases),       cmocka_unit_test(test_every_alias_is_unique),
        cmocka_unit_test(test_long_text),     cmocka_unit_test(test_shipped_values),
        cmocka_unit_test(test_find_unknown),  cmocka_unit_test(test_fields),
        cmocka_unit_test(test_washout),       cmocka_unit_test(test_phase_names),
        cmocka_unit_test(test_mistakes),      cmocka_unit_test(test_position),
        cmocka_unit_test(test_out_of_memory),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
