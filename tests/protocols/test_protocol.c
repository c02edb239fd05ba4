/* Protocol check: every rule provoked, and kept silent where it should be. */
#include "support/support.h"

#include "base/alloc.h"
#include "protocols/check.h"

#include <math.h>
#include <stdlib.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))
#define SETS_MAX 4

/* ---- rules
 * ---------------------------------------------------------------------------------------- */

/* A shipped protocol with a few changes: the rule must speak, and say these words. */
struct rule_case {
    const char *name, *id, *protocol;
    const char *sets[SETS_MAX];
    const char *part; /* of what the finding says; NULL: the rule must be silent */
};

static const struct rule_case rule_cases[] = {
    { "no b = 0",
      "dwi-no-b0",
      "eob-full",
      { "series.dwi.b_values_s_per_mm2=[50, 400, 800]" },
      "no b = 0" },
    { "b = 0.4 counts as 0",
      "dwi-no-b0",
      "eob-full",
      { "series.dwi.b_values_s_per_mm2=[0.4, 400, 800]" },
      NULL },
    { "one b-value, repeated",
      "dwi-one-b",
      "eob-full",
      { "series.dwi.b_values_s_per_mm2=[800, 800]" },
      "one b-value, 800" },
    { "ADC subset of one",
      "adc-subset",
      "eob-full",
      { "series.dwi.b_values_s_per_mm2=[0, 800]" },
      "1 of the b-values" },
    { "ADC subset widened",
      "adc-subset",
      "eob-full",
      { "series.dwi.b_values_s_per_mm2=[0, 800]", "diffusion.adc.b_min_s_per_mm2=0" },
      NULL },
    { "perfusion in the ADC",
      "adc-perfusion",
      "eob-full",
      { "diffusion.adc.b_min_s_per_mm2=0" },
      "from b = 0" },
    { "IVIM from two b-values",
      "ivim-b-values",
      "eob-full",
      { "series.dwi.b_values_s_per_mm2=[0, 50, 800]", "diffusion.ivim.fit=on" },
      "3 b-values, 1 of them from 200" },
    { "IVIM with what it needs", "ivim-b-values", "eob-full", { "diffusion.ivim.fit=on" }, NULL },
    { "IVIM without D*",
      "ivim-no-dstar",
      "eob-full",
      { "series.dwi.b_values_s_per_mm2=[0, 200, 400, 800]", "diffusion.ivim.fit=on" },
      "0 of them between 0 and 100" },
    { "IVIM with D*", "ivim-no-dstar", "eob-full", { "diffusion.ivim.fit=on" }, NULL },
    { "kurtosis up to 1499",
      "kurtosis-b-values",
      "eob-full",
      { "series.dwi.b_values_s_per_mm2=[0, 500, 1499]", "diffusion.kurtosis.fit=on" },
      "up to 1499" },
    { "kurtosis up to 1500",
      "kurtosis-b-values",
      "eob-full",
      { "series.dwi.b_values_s_per_mm2=[0, 500, 1500]", "diffusion.kurtosis.fit=on" },
      NULL },
    { "kurtosis not asked for", "kurtosis-b-values", "eob-full", { NULL }, NULL },
    { "averages",
      "dwi-averages",
      "eob-full",
      { "series.dwi.averages=[1, 2]" },
      "2 averages are given for 4" },
    { "low highest b",
      "dwi-low-b",
      "eob-full",
      { "series.dwi.b_values_s_per_mm2=[0, 50, 400]" },
      "400 s/mm2" },
    { "b-values not planned", "dwi-unplanned", "default", { NULL }, "b-values are not given" },
    { "no series",
      "series-none",
      "amri-hbp-dwi",
      { "series.dwi.expected=false", "series.hepatobiliary.expected=false" },
      "names no series" },
    { "nothing required", "required-none", "default", { NULL }, "no series is required" },
    { "no agent", "agent-none", "eob-full", { "agent=none" }, "arterial, portal_venous" },
    { "agent of the study", "agent-auto", "eob-full", { "agent=auto" }, "from each study" },
    { "hepatobiliary phase of ECA",
      "hbp-agent",
      "eob-full",
      { "agent=extracellular" },
      "extracellular, which has none" },
    { "HBP of EOB at 5 min",
      "window-agent",
      "eob-full",
      { "series.hepatobiliary.window_s=[400, 590]", "series.hepatobiliary.nominal_s=[400, 590]" },
      "it is at 600-1800 s" },
    { "HBP of BOPTA at 20 min",
      "window-agent",
      "eob-full",
      { "agent=gadobenate" },
      "it is at 3600-10800 s" },
    { "arterial phase reaches beyond",
      "window-wider",
      "eob-full",
      { "series.arterial.window_s=[15, 45]" },
      "beyond the 20-45 s" },
    { "overlap",
      "window-overlap",
      "eob-full",
      { "series.arterial.window_s=[20, 56]" },
      "arterial (20-56 s) and portal_venous (55-90 s)" },
    { "windows that touch",
      "window-overlap",
      "eob-full",
      { "series.arterial.window_s=[20, 55]" },
      NULL },
    { "nominal leaves window",
      "nominal-window",
      "eob-full",
      { "series.hepatobiliary.nominal_s=[900, 1900]" },
      "leave its window 600-1800 s" },
    { "EOB washout, transitional",
      "washout-phase",
      "eob-full",
      { "series.transitional.washout=on" },
      "transitional with gadoxetate" },
    { "EOB washout, portal venous",
      "washout-phase",
      "eob-full",
      { "series.portal_venous.washout=on" },
      NULL },
    { "ECA washout, delayed", "washout-phase", "eca-full", { "series.delayed.washout=on" }, NULL },
    { "washout on DWI", "washout-phase", "eca-full", { "series.dwi.washout=on" }, "in dwi" },
    { "dynamic without precontrast",
      "dynamic-no-precontrast",
      "eob-full",
      { "series.precontrast.expected=false" },
      "arterial, portal_venous, transitional" },
    { "HBP without precontrast", "hbp-no-precontrast", "amri-hbp", { NULL }, "no precontrast" },
    { "flip angle of a dynamic",
      "dynamic-sequence",
      "eob-full",
      { "series.arterial.flip_deg=30" },
      "arterial" },
    { "flip angle 8 % off",
      "dynamic-sequence",
      "eob-full",
      { "series.arterial.flip_deg=13" },
      NULL },
    { "fat suppression of a dynamic",
      "dynamic-sequence",
      "eob-full",
      { "series.arterial.fat_suppressed=false" },
      "arterial" },
    { "flip angle of HBP",
      "hbp-sequence",
      "eob-full",
      { "series.hepatobiliary.flip_deg=30" },
      "(12 and 30 degrees)" },
    { "HBP early", "hbp-early", "amri-hbp-early", { NULL }, "from 600 s on" },
    { "HBP pushed",
      "hbp-pushed",
      "eob-full",
      { "series.t2.scan_time_s=900" },
      "nominal is up to 1200" },
    { "delayed phase with EOB",
      "phase-name",
      "eob-full",
      { "series.delayed.expected=true", "series.transitional.expected=false" },
      "transitional" },
    { "too close",
      "phases-close",
      "eob-full",
      { "series.arterial.scan_time_s=40" },
      "portal_venous would start" },
    { "breath-hold",
      "breath-hold",
      "eob-full",
      { "series.arterial.slices=100" },
      "arterial takes 24 s" },
    { "injected before, precontrast",
      "injection-before",
      "amri-hbp",
      { "series.precontrast.expected=true" },
      "precontrast" },
    { "echoes after contrast",
      "fat-after-contrast",
      "eob-full",
      { "series.in_opposed.placement=waiting" },
      "in_opposed" },
    { "echoes in the second visit",
      "fat-after-contrast",
      "bopta-full",
      { "series.in_opposed.visit=2" },
      "in_opposed" },
    { "in phase twice",
      "echo-phases",
      "eob-full",
      { "series.in_opposed.echo_times_s=[0.0023, 0.0046]" },
      "at 1.15 and 2.30 ms" },
    { "the same at 1.5 T",
      "echo-phases",
      "eob-full",
      { "series.in_opposed.echo_times_s=[0.0023, 0.0046]", "acquisition.field_t=1.5" },
      NULL },
    { "opposed later",
      "echo-opposed-later",
      "eob-full",
      { "series.in_opposed.echo_times_s=[0.0023, 0.00345]" },
      "after the in-phase" },
    { "echoes fall",
      "echo-order",
      "eob-full",
      { "series.in_opposed.echo_times_s=[0.0023, 0.00115]" },
      "2.3 ms, then 1.15 ms" },
    { "four echoes",
      "echoes-few",
      "eob-full",
      { "series.echoes.echo_times_s=[0.0011, 0.0022, 0.0033, 0.0044]" },
      "4 echoes" },
    { "flip angle of echoes",
      "echoes-flip",
      "eob-full",
      { "series.echoes.flip_deg=12" },
      "12 degrees" },
    { "iron calibration",
      "iron-field",
      "eob-full",
      { "fat.iron_calibration=wood-1.5t" },
      "for 1.5 T, the protocol for 3 T" },
    { "2.89 T is its own field",
      "iron-field",
      "eob-full",
      { "fat.iron_calibration=hernando-2.89t", "acquisition.field_t=2.89" },
      NULL },
    { "thick slices",
      "slice-thickness",
      "eob-full",
      { "series.dwi.slice_thickness_mm=6" },
      "dwi has slices of 6 mm" },
    { "nothing that detects", "detection", "amri-dynamic", { NULL }, "neither" },
    { "no contrast", "no-contrast", "amri-noncontrast", { NULL }, "after contrast" },
    { "DWI after contrast", "dwi-after-contrast", "eob-full", { NULL }, "after the injection" },
    { "DWI before contrast",
      "dwi-after-contrast",
      "eob-full",
      { "series.dwi.placement=before" },
      NULL },
    { "BOPTA in one visit",
      "long-wait",
      "bopta-full",
      { "series.hepatobiliary.visit=1" },
      "on the table" },
    { "second visit", "second-visit", "bopta-two-visits", { NULL }, "t2, dwi, hepatobiliary" },
};

static void open_case(struct hep_config_bundle *b, const char *protocol, const char *const *sets)
{
    struct hep_error e = { 0 };
    size_t n = 0;

    while (n < SETS_MAX && sets && sets[n])
        n++;
    assert_ok(hep_config_open(b, protocol, sets, n, NULL, &e), e);
}

static const struct hep_check_finding *finding(const struct hep_check_result *r, const char *id)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->items[i].rule->id, id) == 0)
            return &r->items[i];
    }
    return NULL;
}

static void test_rule(void **state)
{
    const struct rule_case *c = *state;
    struct hep_config_bundle b = { 0 };
    struct hep_check_result r = { 0 };
    struct hep_error e = { 0 };
    const struct hep_check_finding *f;

    open_case(&b, c->protocol, c->sets);
    assert_ok(hep_protocol_check(&r, &b.config, b.agents, &e), e);
    f = finding(&r, c->id);
    if (c->part == NULL && f)
        fail_msg("%s should be silent, says: %s", c->id, f->what);
    if (c->part && (f == NULL || strstr(f->what, c->part) == NULL))
        fail_msg("%s should say '%s', says: %s", c->id, c->part, f ? f->what : "nothing");
    hep_check_release(&r);
    hep_config_close(&b);
}

static void test_every_rule_is_provoked(void **state)
{
    (void)state;
    for (const struct hep_check_rule *rule = hep_check_rules(); rule->id; rule++) {
        bool met = false;

        for (size_t i = 0; i < N_OF(rule_cases); i++)
            met = met || (rule_cases[i].part && strcmp(rule_cases[i].id, rule->id) == 0);
        if (!met)
            fail_msg("no case provokes %s", rule->id);
        assert_true(rule->why[0] && rule->source[0] && rule->mend[0]);
    }
}

static const char *const shipped[] = { "eob-full",     "bopta-full",       "eca-full",
                                       "amri-hbp",     "amri-noncontrast", "amri-dynamic",
                                       "amri-hbp-dwi", "amri-hbp-early",   "bopta-two-visits",
                                       "default" };

static void test_shipped_pass(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(shipped); i++) {
        struct hep_config_bundle b = { 0 };
        struct hep_check_result r = { 0 };
        struct hep_error e = { 0 };

        open_case(&b, shipped[i], NULL);
        assert_ok(hep_protocol_check(&r, &b.config, b.agents, &e), e);
        if (r.errors)
            fail_msg("%s: %s", shipped[i], r.items[0].what);
        hep_check_release(&r);
        hep_config_close(&b);
    }
}

static void test_outputs(void **state)
{
    static const char *const sets[] = { "series.dwi.b_values_s_per_mm2=[50, 400]", NULL };
    struct hep_config_bundle b = { 0 };
    struct hep_check_result r = { 0 };
    struct hep_error e = { 0 };
    struct hep_str text = { 0 };
    struct hep_json *json = NULL;
    const struct hep_json *first;

    (void)state;
    open_case(&b, "eob-full", sets);
    assert_ok(hep_protocol_check(&r, &b.config, b.agents, &e), e);
    assert_int_equal(r.errors, 1);
    assert_int_equal(r.errors + r.warnings + r.notes, r.n);
    hep_check_text(&text, &b.config, &r);
    assert_non_null(strstr(text.s, "error [dwi-no-b0]: "));
    assert_non_null(strstr(text.s, "  mend:   add 0 to b_values_s_per_mm2"));
    assert_non_null(strstr(text.s, "eob-full: 1 error, 1 warning, 1 note\n"));
    assert_ok(hep_check_json(&json, &b.config, &r, &e), e);
    assert_close(hep_json_number(hep_json_get(json, "errors")), 1, 0, 0);
    first = hep_json_at(hep_json_get(json, "findings"), 0);
    assert_string_equal(hep_json_string(hep_json_get(first, "id")), "dwi-no-b0");
    assert_string_equal(hep_json_string(hep_json_get(first, "level")), "error");
    assert_non_null(hep_json_string(hep_json_get(first, "source")));
    hep_json_free(json);
    hep_str_release(&text);
    hep_check_release(&r);
    hep_config_close(&b);
}

static void test_unknown_agent(void **state)
{
    struct hep_config_bundle b = { 0 };
    struct hep_check_result r = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    open_case(&b, "eob-full", NULL);
    (void)snprintf(b.config.agent.s, sizeof b.config.agent.s, "water");
    assert_fails(hep_protocol_check(&r, &b.config, b.agents, &e), e, HEP_ECONFIG, "water");
    assert_null(r.items);
    hep_config_close(&b);
}

/* Without memory: HEP_ENOMEM and nothing left behind, at whichever allocation it runs out. */
static void test_no_memory(void **state)
{
    struct hep_config_bundle b = { 0 };
    bool finished = false;

    (void)state;
    open_case(&b, "amri-dynamic", NULL);
    for (long at = 1; !finished && at < 200; at++) {
        struct hep_check_result r = { 0 };
        struct hep_error e = { 0 };
        int rc;

        hep_alloc_fail_at(at);
        rc = hep_protocol_check(&r, &b.config, b.agents, &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
        finished = rc == HEP_OK;
        if (!finished)
            assert_int_equal(rc, HEP_ENOMEM);
        hep_check_release(&r);
    }
    assert_true(finished);
    hep_config_close(&b);
}

int main(void)
{
    static struct CMUnitTest tests[N_OF(rule_cases) + 8];
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(test_every_rule_is_provoked),
        cmocka_unit_test(test_shipped_pass),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_unknown_agent),
        cmocka_unit_test(test_no_memory),
    };
    size_t n = 0;

    for (size_t i = 0; i < N_OF(rule_cases); i++)
        tests[n++] = (struct CMUnitTest){ .name = rule_cases[i].name,
                                          .test_func = test_rule,
                                          .initial_state = (void *)(uintptr_t)&rule_cases[i] };
    for (size_t i = 0; i < N_OF(plain); i++)
        tests[n++] = plain[i];
    return _cmocka_run_group_tests("protocol check", tests, n, NULL, NULL);
}
