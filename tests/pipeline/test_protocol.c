/* Protocol check: every rule provoked and kept silent. Scan times by hand; timelines of shipped
 * protocols. */
#include "support/support.h"

#include "base/alloc.h"
#include "pipeline/config/protocol_check.h"
#include "pipeline/config/protocol_show.h"

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
      "hepatobiliary" },
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

/* ---- scan time
 * ------------------------------------------------------------------------------------ */

struct time_case {
    const char *name;
    enum hep_planned series;
    const char *sets[SETS_MAX];
    double scan_s;
    long holds;
};

/* Worked by hand from the model in protocol_show.h. */
static const struct time_case time_cases[] = {
    /* 0.004 s x 160 x 72 x 0.75 / 2 */
    { "spgr", HEP_SERIES_ARTERIAL, { NULL }, 17.28, 1 },
    /* 0.0035 x 200 x 60 x 0.8 / 2.5 */
    { "spgr by its own numbers",
      HEP_SERIES_HEPATOBILIARY,
      { "series.hepatobiliary.tr_s=0.0035", "series.hepatobiliary.matrix_phase=200",
        "series.hepatobiliary.slices=60", "series.hepatobiliary.acceleration=1.6" },
      19.6875,
      1 },
    /* 4 s per breath x 256 / 16 x 3 */
    { "triggered fast spin echo", HEP_SERIES_T2, { NULL }, 192, 0 },
    /* 250 / 16 is 16 shots, 4 x 16 x 2 */
    { "shots are whole",
      HEP_SERIES_T2,
      { "series.t2.matrix_phase=250", "series.t2.averages=[2]" },
      128,
      0 },
    /* TR 2.5 x 16 x 1 = 40 s in breath-holds of 20 s */
    { "fast spin echo in breath-holds",
      HEP_SERIES_T2,
      { "series.t2.technique=fse", "series.t2.tr_s=2.5", "series.t2.averages=[1]" },
      40,
      2 },
    { "single shot", HEP_SERIES_T2, { "series.t2.technique=ssfse" }, 36, 2 },
    /* 6 s x (3 + 3 x 3 x 3) */
    { "EPI, free breathing", HEP_SERIES_DWI, { NULL }, 180, 0 },
    /* 6 x (1 + 3 x (1 + 2 + 4)) = 132 */
    { "EPI, averages per b", HEP_SERIES_DWI, { "series.dwi.averages=[1, 1, 2, 4]" }, 132, 0 },
    { "EPI, trigger", HEP_SERIES_DWI, { "series.dwi.technique=epi_triggered" }, 360, 0 },
    { "EPI, navigator", HEP_SERIES_DWI, { "series.dwi.technique=epi_navigator" }, 450, 0 },
    { "EPI, own efficiency",
      HEP_SERIES_DWI,
      { "series.dwi.technique=epi_navigator", "series.dwi.efficiency=0.6" },
      300,
      0 },
    /* 6 x (1 + 1 x 3) = 24 s in two breath-holds */
    { "EPI, breath-hold",
      HEP_SERIES_DWI,
      { "series.dwi.technique=epi_breath_hold", "series.dwi.averages=[1]",
        "series.dwi.b_values_s_per_mm2=[0, 800]" },
      24,
      2 },
    { "measured", HEP_SERIES_DWI, { "series.dwi.scan_time_s=211" }, 211, 0 },
};

static void test_time(void **state)
{
    const struct time_case *c = *state;
    struct hep_config_bundle b = { 0 };
    long holds = -1;

    open_case(&b, "eob-full", c->sets);
    assert_close(hep_planned_scan_time(&b.config, c->series, &holds), c->scan_s, 1e-12, 0);
    assert_int_equal(holds, c->holds);
    hep_config_close(&b);
}

/* ---- timelines
 * ------------------------------------------------------------------------------------ */

static const struct hep_timeline_item *item(const struct hep_timeline *t, const char *label)
{
    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->items[i].label, label) == 0)
            return &t->items[i];
    }
    fail_msg("no %s in the timeline", label);
    return NULL;
}

/* By hand: phases at the middle of the nominal times of Maino 2023 (30-40, 60-80, 180-300 s);
 * before the injection a localiser of 60 s, 15 + 15 s in and opposed phase, 17.28 + 15 s
 * precontrast. */
static void test_eob_timeline(void **state)
{
    struct hep_config_bundle b = { 0 };
    struct hep_timeline t;

    (void)state;
    open_case(&b, "eob-full", NULL);
    hep_timeline_make(&t, &b.config);
    assert_close(t.items[0].start_s, -(60 + 30 + 32.28), 1e-12, 0);
    assert_close(item(&t, "injection")->start_s, 0, 0, 0);
    assert_close(item(&t, "arterial")->centre_s, 35, 0, 0);
    assert_close(item(&t, "arterial")->start_s, 35 - 8.64, 1e-12, 0);
    assert_close(item(&t, "portal_venous")->centre_s, 70, 0, 0);
    assert_close(item(&t, "transitional")->centre_s, 240, 0, 0);
    /* T2 and DWI fill the wait; the hepatobiliary phase is at its first nominal time. */
    assert_close(item(&t, "t2")->start_s, 240 + 8.64 + 15, 1e-12, 0);
    assert_close(item(&t, "dwi")->start_s, item(&t, "t2")->end_s, 1e-12, 0);
    assert_close(item(&t, "hepatobiliary")->centre_s, 900, 0, 0);
    assert_int_equal(t.visits, 1);
    /* 60 + 30 + 4 x 32.28 + 192 + 180 + 19.2 + 15 */
    assert_close(t.scan_s, 625.32, 1e-12, 0);
    assert_close(t.table_s, 122.28 + 900 + 9.6 + 15, 1e-12, 0);
    assert_close(t.scan_s + t.wait_s, t.table_s, 1e-12, 0);
    hep_config_close(&b);
}

static void test_second_visit(void **state)
{
    struct hep_config_bundle b = { 0 };
    struct hep_timeline t;

    (void)state;
    open_case(&b, "bopta-two-visits", NULL);
    hep_timeline_make(&t, &b.config);
    assert_int_equal(t.visits, 2);
    assert_int_equal(item(&t, "dwi")->visit, 2);
    assert_close(item(&t, "hepatobiliary")->centre_s, 5400, 0, 0);
    assert_close(item(&t, "t2")->end_s, item(&t, "dwi")->start_s, 1e-12, 0);
    assert_close(item(&t, "dwi")->end_s, 5400 - 9.6, 1e-12, 0);
    assert_true(t.elapsed_s > 5400);
    assert_true(t.table_s < 1200);
    hep_config_close(&b);
}

static void test_other_timelines(void **state)
{
    struct hep_config_bundle b = { 0 };
    struct hep_timeline t;

    (void)state;
    /* Injected before arrival: 60 + 192 + 180 + 19.2 + 15 s on the table, no waiting. */
    open_case(&b, "amri-hbp", NULL);
    hep_timeline_make(&t, &b.config);
    assert_close(t.table_s, 466.2, 1e-12, 0);
    assert_close(t.wait_s, 0, 0, 1e-9);
    assert_close(item(&t, "hepatobiliary")->centre_s, 900, 0, 0);
    hep_config_close(&b);
    /* No agent: from the start of the visit. */
    open_case(&b, "amri-noncontrast", NULL);
    hep_timeline_make(&t, &b.config);
    assert_close(t.items[0].start_s, 0, 0, 0);
    assert_close(t.table_s, 60 + 30 + 192 + 180, 1e-12, 0);
    hep_config_close(&b);
}

/* Every shipped protocol: nothing of one visit is scanned at the same time, sums agree. */
static void test_no_double_booking(void **state)
{
    (void)state;
    for (size_t k = 0; k < N_OF(shipped); k++) {
        struct hep_config_bundle b = { 0 };
        struct hep_timeline t;

        open_case(&b, shipped[k], NULL);
        hep_timeline_make(&t, &b.config);
        for (size_t i = 1; i < t.n; i++) {
            if (t.items[i].visit == t.items[i - 1].visit)
                assert_true(t.items[i].start_s >=
                            t.items[i - 1].end_s - t.items[i - 1].rest_s - 1e-9);
        }
        for (int s = 0; s < HEP_SERIES_COUNT; s++) {
            if (b.config.series[s].expected)
                (void)item(&t, hep_planned_name((enum hep_planned)s));
        }
        hep_config_close(&b);
    }
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    while ((text = strstr(text, part)) != NULL) {
        n++;
        text += strlen(part);
    }
    return n;
}

static void test_pictures(void **state)
{
    static const char *const sets[] = { "title=<b>\"1 & 2\"</b>", NULL };
    struct hep_config_bundle b = { 0 };
    struct hep_timeline t;
    struct hep_str text = { 0 }, svg = { 0 };
    struct hep_json *json = NULL;
    struct hep_error e = { 0 };

    (void)state;
    open_case(&b, "bopta-two-visits", sets);
    hep_timeline_make(&t, &b.config);
    hep_timeline_text(&text, &b.config, &t);
    assert_non_null(strstr(text.s, "visit 2"));
    assert_non_null(strstr(text.s, "centre 5400 in 3600-10800 s"));
    for (const char *line = text.s; line && *line; line = strchr(line, '\n') + 1)
        assert_true(strcspn(line, "\n") <= 80);
    hep_timeline_svg(&svg, &b.config, &t);
    assert_non_null(strstr(svg.s, "&lt;b&gt;"));
    assert_null(strstr(svg.s, "<b>"));
    assert_non_null(strstr(svg.s, "second visit"));
    assert_non_null(strstr(svg.s, "class=\"injection\""));
    assert_null(strstr(svg.s, "nan"));
    assert_int_equal(count(svg.s, "<rect "),
                     count(svg.s, "</rect>") + 1); /* background closes itself */
    assert_int_equal(count(svg.s, "<text "), count(svg.s, "</text>"));
    /* Four T1 phases have a window and its nominal part. */
    assert_int_equal(count(svg.s, "class=\"window\""), 4);
    assert_int_equal(count(svg.s, "class=\"nominal\""), 4);
    assert_ok(hep_timeline_json(&json, &b.config, &t, &e), e);
    assert_close(hep_json_number(hep_json_get(json, "visits")), 2, 0, 0);
    assert_int_equal(hep_json_size(hep_json_get(json, "timeline")), t.n);
    hep_json_free(json);
    hep_str_release(&text);
    hep_str_release(&svg);
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
        hep_alloc_fail_at(0);
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
    static struct CMUnitTest tests[N_OF(rule_cases) + N_OF(time_cases) + 16];
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(test_every_rule_is_provoked),
        cmocka_unit_test(test_shipped_pass),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_unknown_agent),
        cmocka_unit_test(test_eob_timeline),
        cmocka_unit_test(test_second_visit),
        cmocka_unit_test(test_other_timelines),
        cmocka_unit_test(test_no_double_booking),
        cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_no_memory),
    };
    size_t n = 0;

    for (size_t i = 0; i < N_OF(rule_cases); i++)
        tests[n++] = (struct CMUnitTest){ .name = rule_cases[i].name,
                                          .test_func = test_rule,
                                          .initial_state = (void *)(uintptr_t)&rule_cases[i] };
    for (size_t i = 0; i < N_OF(time_cases); i++)
        tests[n++] = (struct CMUnitTest){ .name = time_cases[i].name,
                                          .test_func = test_time,
                                          .initial_state = (void *)(uintptr_t)&time_cases[i] };
    for (size_t i = 0; i < N_OF(plain); i++)
        tests[n++] = plain[i];
    return _cmocka_run_group_tests("protocol", tests, n, NULL, NULL);
}
