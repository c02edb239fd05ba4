/* Scan times by hand, and timelines of shipped protocols. */
#include "support/support.h"

#include "protocols/show.h"

#include <math.h>
#include <stdlib.h>

#define N_OF(a) (sizeof(a) / sizeof((a)[0]))
#define SETS_MAX 4

static const char *const shipped[] = { "eob-full",     "bopta-full",       "eca-full",
                                       "amri-hbp",     "amri-noncontrast", "amri-dynamic",
                                       "amri-hbp-dwi", "amri-hbp-early",   "bopta-two-visits",
                                       "default" };

static void open_case(struct hep_config_bundle *b, const char *protocol, const char *const *sets)
{
    struct hep_error e = { 0 };
    size_t n = 0;

    while (n < SETS_MAX && sets && sets[n])
        n++;
    assert_ok(hep_config_open(b, protocol, sets, n, NULL, &e), e);
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
    static const struct hep_timeline_item none;

    for (size_t i = 0; i < t->n; i++) {
        if (strcmp(t->items[i].label, label) == 0)
            return &t->items[i];
    }
    fail_msg("no %s in the timeline", label);
    return &none;
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

int main(void)
{
    static struct CMUnitTest tests[N_OF(time_cases) + 8];
    const struct CMUnitTest plain[] = {
        cmocka_unit_test(test_eob_timeline),    cmocka_unit_test(test_second_visit),
        cmocka_unit_test(test_other_timelines), cmocka_unit_test(test_no_double_booking),
        cmocka_unit_test(test_pictures),
    };
    size_t n = 0;

    for (size_t i = 0; i < N_OF(time_cases); i++)
        tests[n++] = (struct CMUnitTest){ .name = time_cases[i].name,
                                          .test_func = test_time,
                                          .initial_state = (void *)(uintptr_t)&time_cases[i] };
    for (size_t i = 0; i < N_OF(plain); i++)
        tests[n++] = plain[i];
    return _cmocka_run_group_tests("protocol show", tests, n, NULL, NULL);
}
