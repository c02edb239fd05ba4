/* The report and the group page made from hand-written results: sections, marks, escapes, ids. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "batch/group.h"
#include "report/reopen.h"
#include "report/report.h"

#include <stdlib.h>
#include <string.h>

/* Everything that a file could say, said with markup. */
#define EVIL "\\\"'><script>alert(1)</script><img src=x onerror=alert(2)>"

/* Of run.json: before the name of the study, after it, and the products of each stage. */
static const char *const record[] = {
    "{\"version\": \"" EVIL "\", \"state\": \"done\", \"study\": \"",
    "\","
    " \"protocol\": \"" EVIL "\", \"agent\": \"" EVIL "\","
    " \"settings\": {\"" EVIL "\": \"" EVIL "\", \"title\": \"" EVIL "\","
    "   \"series.arterial.window_s\": \"[20, 45]\"},"
    " \"inputs\": [{\"path\": \"" EVIL "\", \"role\": \"" EVIL "\", \"sha256\": \"" EVIL "\"}],"
    " \"outputs\": [{\"path\": \"" EVIL "\", \"stage\": \"" EVIL "\", \"sha256\": \"" EVIL "\"}],"
    " \"warnings\": [\"" EVIL "\"],"
    " \"inventory\": {\"field_t\": 3, \"series\": [{\"role\": \"" EVIL "\", \"name\": \"" EVIL "\","
    "   \"reasons\": [\"" EVIL "\"], \"warnings\": [\"" EVIL "\"], \"selected\": false,"
    "   \"score\": 5, \"alternatives\": [{\"role\": \"" EVIL "\", \"score\": 4}]}]},",
    " \"stages\": [{\"name\": \"inventory\", \"products\": {\"roles\": {\"state\": \"present\","
    "   \"results\": {\"protocol\": {\"name\": \"" EVIL "\", \"missing\": [\"t2\"], \"complete\": "
    "   false}, \"series\": [{\"role\": \"arterial\", \"file\": \"" EVIL "\", \"volumes\": 1, "
    "   \"time_since_injection_s\": 31.5, \"time_source\": \"sidecar\", \"phase\": \"arterial\", "
    "   \"grade\": \"inside\", \"reason\": \"" EVIL "\"}]}}}},",
    "  {\"name\": \"enhancement\", \"products\": {\"enhancement\": {\"state\": \"present\","
    "   \"results\": {\"arterial\": {\"time_s\": 31.5, \"same_sequence\": \"comparable\", "
    "   \"same_sequence_reason\": \"" EVIL "\"}, \"arterial_adequacy\": {\"grade\": \"adequate\", "
    "   \"value\": 0.31, \"limit\": 0.8, \"unit\": \"1\", \"reason\": \"" EVIL "\","
    "   \"source\": \"" EVIL "\"}, \"gain\": {\"arterial\": {\"state\": \"plausible\", "
    "   \"measured_by\": \"muscle\", \"factor\": 1, \"receive_gain\": 1.02, "
    "   \"receive_gain_relative_se\": null, \"tissue_re\": 0.14, \"expected\": [0.11, 0.16], "
    "   \"spread\": null, \"n_samples\": 6, \"n_voxels\": 900, \"reason\": \"" EVIL "\"}}}}}},",
    "  {\"name\": \"align\", \"products\": {\"alignment\": {\"state\": \"present\", \"results\": "
    "   {\"reference\": \"portal_venous\", \"file\": \"" EVIL "\", \"method\": \"elastix\","
    "   \"warning\": \"" EVIL
    "\", \"series\": {\"arterial\": {\"method\": \"rigid\", \"accepted\": "
    "   true, \"failed\": false, \"reason\": \"" EVIL "\", \"reference_to_series\": [[1, 0, 0, 2], "
    "   [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], \"translation_mm\": [2, 0, 0], "
    "   \"rotation_deg\": 0, \"mean_motion_mm\": 2, \"expected_residual_mm\": null, \"metric\": "
    "   {\"before\": 0.412, \"rigid\": 0.5, \"deformable\": null, \"after\": 0.5, \"overlap\": "
    "   1}, \"edges\": {\"before\": 0.31, \"rigid\": 0.44, \"rigid_gain_se\": 0.02, "
    "   \"deformable\": null, \"deformable_gain_se\": null}}}}}}},",
    "  {\"name\": \"liver\", \"products\": {\"liver\": {\"state\": \"absent\", \"reason\": \"" EVIL
    "\"}, \"liver_quality\": {\"state\": \"absent\", \"reason\": \"" EVIL "\"}}},",
    "  {\"name\": \"diffusion\", \"products\": {\"dki_k\": {\"state\": \"absent\", \"reason\": "
    "\"" EVIL "\"}, \"diffusion\": {\"state\": \"present\", \"results\": {\"mono\": "
    "   {\"Model\": \"adc\", \"Method\": \"iwls\", \"Solver\": \"batched\", \"BValues\": [50, "
    "800], "
    "   \"Averages\": [1, 2], \"Rician\": \"none\", \"Robust\": false, \"NoiseSD\": 12.5, "
    "\"LostSlices\": 0, "
    "   \"Voxels\": {\"ok\": 75, \"at bound\": 25}, \"Note\": \"" EVIL "\"}}}}},",
    "  {\"name\": \"lesions\", \"products\": {\"findings\": {\"state\": \"present\", \"results\": "
    "   {\"liver\": {\"q_lsc\": 1.25, \"sir_vessel\": \"portal vein\"}, \"flag_table\": \"" EVIL
    "\", \"flag_table_sha256\": \"0\", \"evidence_table\": \"" EVIL
    "\", \"evidence_table_sha256\": \"0\", \"detection_table\": \"" EVIL
    "\", \"detection_table_sha256\": \"0\", \"arterial_weight\": 1, \"rejected_candidates\": [], "
    "\"lesions\": ["
    "    {\"id\": 1, \"centre_mm\": [40, -20, 31], \"volume_ml\": 4.25, \"long_axis_mm\": 22.9,"
    "     \"short_axis_mm\": 18.1, \"class\": \"metastasis\","
    "     \"class_probabilities\": {\"metastasis\": 0.87, \"focal_fat\": null},"
    "     \"classes_not_assessable\": {\"focal_fat\": \"" EVIL "\"},"
    "     \"probability_metastasis\": 0.87, \"measurements\": {\"arterial_re\": 1.2,"
    "      \"portal_venous_re\": {\"value\": 0.9, \"unit\": \"1\"}, \"precontrast_ratio\": 0.9,"
    "      \"arterial_ratio\": 1.3, \"portal_venous_ratio\": 0.8}, \"flags\": {\"washout\": "
    "      {\"state\": \"present\", \"probability\": 0.83, \"certain\": false, \"value\": 0.81, "
    "      \"se\": 0.03, \"limit\": 0.9, \"reason\": \"" EVIL
    "\"}, \"fat\": {\"state\": \"absent\", \"value\": 0.01, \"limit\": 0.05}},"
    "     \"evidence\": [{\"name\": \"" EVIL "\", \"group\": \"<b>'\", \"log_lr\": -1.25,"
    "      \"value\": 3, \"reason\": \"" EVIL "\"}]},"
    "    {\"id\": 2, \"flags\": {}}]}}}},",
    "  {\"name\": \"report\", \"products\": {\"measures\": {\"state\": \"present\", \"results\": "
    "   {\"liver\": {\"volume_ml\": 1503, \"adc_mm2_per_s\": {\"median\": 0.00126, \"iqr\": 0.0002,"
    "     \"q25\": null, \"q75\": null, \"mean\": null, \"sd\": null, \"n\": 9, \"n_nonfinite\": "
    "0}},"
    "    \"regions\": [{\"region\": \"<script>\", \"map\": "
    "   \"adc_mm2_per_s\", \"unit\": \"mm2/s\", \"median\": 0.00207, \"iqr\": null, \"q25\": null, "
    "   \"q75\": null, \"mean\": null, \"sd\": null, \"n\": 17, \"n_nonfinite\": 0}]}}}}]}"
};

static char *dir;

static void put(const char *name, const char *content)
{
    struct hep_error e = { 0 };
    char *path = hep_path_join(dir, name, NULL);

    assert_ok(hep_file_write(path, content, strlen(content), &e), e);
    free(path);
}

static int setup(void **state)
{
    (void)state;
    dir = hep_test_mkdir();
    return dir == NULL;
}

static int teardown(void **state)
{
    (void)state;
    hep_test_rmdir(dir);
    return 0;
}

static char *record_of(const char *label)
{
    struct hep_str text = { 0 };

    hep_str_add(&text, record[0]);
    hep_str_add(&text, label);
    for (size_t i = 1; i < sizeof record / sizeof record[0]; i++)
        hep_str_add(&text, record[i]);
    return text.s;
}

static void make(struct hep_str *html)
{
    struct hep_error e = { 0 };
    struct hep_reopened r = { 0 };
    struct hep_report_source source;
    char *text = record_of("sub-1");

    put("sub-1_run.json", text);
    free(text);
    assert_ok(hep_reopen(&r, dir, NULL, 1, NULL, &e), e);
    source =
        (struct hep_report_source){ .run = &r.run, .record = r.record, .measures = r.measures };
    assert_ok(hep_report_html(html, &source, &e), e);
    hep_reopened_release(&r);
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (text = strstr(text, part); text != NULL; text = strstr(text + 1, part))
        n++;
    return n;
}

static void test_nothing_from_a_file_is_markup(void **state)
{
    struct hep_str html = { 0 };

    (void)state;
    make(&html);
    assert_int_equal(count(html.s, "<script"), 0);
    assert_int_equal(count(html.s, "<img"), 0);
    assert_int_equal(count(html.s, "</style>"), 2);
    assert_true(count(html.s, "&lt;script&gt;alert(1)&lt;/script&gt;") > 30);
    /* No quote of a text ends an attribute. */
    assert_int_equal(count(html.s, "\"'>"), 0);
    assert_int_equal(count(html.s, "http://") + count(html.s, "https://"), 0);
    hep_str_release(&html);
}

static void test_sections_and_values(void **state)
{
    static const char *const parts[] = {
        "id=\"summary\"",
        "<section id=\"lesions\"",
        "<section id=\"images\"",
        "<section id=\"maps\"",
        "<section id=\"series\"",
        "<section id=\"quality\"",
        "<section id=\"methods\"",
        "<section id=\"provenance\"",
        "Research use only",
        "<p class=\"big\">2 findings</p>",
        "1 most like metastasis",
        "id=\"lesion-1\"",
        "id=\"lesion-2\"",
        "R&#8239;40 P&#8239;20 S&#8239;31",
        "23&#8239;\xc3\x97&#8239;18", /* axes in mm */
        "<span class=\"mark present\" title=\"present\">",
        ("1.26\xc2\xa0"
         "10\xe2\x81\xbb\xc2\xb3 mm\xc2\xb2/s"), /* median ADC of the liver */
        "<td class=\"n\">75.0</td>",
        "<td class=\"n\">25.0</td>", /* of a fit, in % */
        "Time of each phase against its window",
        "<td class=\"n\">0.412</td><td class=\"n\">0.500</td>", /* similarity before and after */
        "<td class=\"n\">0.310</td><td class=\"n\">0.800</td>",
        "<td class=\"n\">14</td><td class=\"n\">11 to 16</td>", /* enhancement of muscle, in % */
        ("2.07\xc2\xa0"
         "10\xe2\x81\xbb\xc2\xb3 mm\xc2\xb2/s"), /* median ADC of a region */
        "32 s",                                  /* time of the arterial phase */
    };
    struct hep_str html = { 0 };

    (void)state;
    make(&html);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strstr(html.s, parts[i]) == NULL)
            fail_msg("the report lacks %s", parts[i]);
    }
    assert_int_equal(count(html.s, "<details class=\"flag\">"), 2);
    assert_non_null(strstr(html.s, "present, P&#160;0.83, uncertain"));
    assert_non_null(strstr(html.s, "yes?&#160;0.83"));
    assert_non_null(strstr(html.s, "0.810 &#177;&#160;0.030</dd><dt>Limit</dt><dd>0.900"));
    assert_non_null(strstr(html.s, "Course of lesion 1 over the contrast phases"));
    hep_str_release(&html);
}

static void test_made_twice_it_is_the_same(void **state)
{
    struct hep_str a = { 0 }, b = { 0 };

    (void)state;
    make(&a);
    make(&b);
    assert_string_equal(a.s, b.s);
    hep_str_release(&a);
    hep_str_release(&b);
}

/* Letters of a text in the place of others. */
static void write_over(char *at, const char *letters)
{
    assert_non_null(at);
    while (*letters != '\0')
        *at++ = *letters++;
}

static void test_reopen_refuses(void **state)
{
    struct hep_error e = { 0 };
    struct hep_reopened r = { 0 };
    char *text = record_of("sub-1"), *at;

    (void)state;
    assert_fails(hep_reopen(&r, dir, NULL, 1, NULL, &e), e, HEP_ENOENT, "no *_run.json");
    hep_reopened_release(&r);
    put("sub-1_run.json",
        "{\"state\": \"failed\", \"error\": \"disk full\", \"study\": \"sub-1\"}");
    assert_fails(hep_reopen(&r, dir, NULL, 1, NULL, &e), e, HEP_EDATA, "disk full");
    hep_reopened_release(&r);
    at = strstr(text, "\"volume_ml\": 4.25");
    write_over(at, "\"volume_ml\": true");
    put("sub-1_run.json", text);
    assert_fails(hep_reopen(&r, dir, NULL, 1, NULL, &e), e, HEP_EFORMAT,
                 "run.json: findings: lesions: findings: lesions[0].volume_ml");
    hep_reopened_release(&r);
    free(text);
}

/* Words of a table are its own: what stands there instead is no result. */
static void test_reopen_refuses_unknown_words(void **state)
{
    struct hep_error e = { 0 };
    struct hep_reopened r = { 0 };
    char *text = record_of("sub-1"), *at = strstr(text, "\"method\": \"rigid\"");

    (void)state;
    write_over(at, "\"method\": \"wrong\"");
    put("sub-1_run.json", text);
    assert_fails(hep_reopen(&r, dir, NULL, 1, NULL, &e), e, HEP_EFORMAT,
                 "run.json: alignment: series: arterial: method: met 'wrong'");
    hep_reopened_release(&r);
    free(text);
}

static void test_memory_running_out_is_an_error(void **state)
{
    struct hep_error e = { 0 };
    struct hep_reopened r = { 0 };
    struct hep_report_source source;
    struct hep_str html = { 0 };
    char *text = record_of("sub-1");
    long n = 1;
    int rc;

    (void)state;
    put("sub-1_run.json", text);
    free(text);
    assert_ok(hep_reopen(&r, dir, NULL, 1, NULL, &e), e);
    source = (struct hep_report_source){ .run = &r.run, .record = r.record };
    for (; n < 4000; n += 7) {
        hep_alloc_fail_at(n);
        rc = hep_report_html(&html, &source, &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
        hep_str_release(&html);
        if (rc == HEP_OK)
            break;
        assert_int_equal(rc, HEP_ENOMEM);
        e = (struct hep_error){ 0 };
    }
    assert_in_range(n, 8, 3999);
    hep_reopened_release(&r);
}

/* ---- group ----------------------------------------------------------------------------------- */

static void put_study(int i, double volume_ml)
{
    char path[64], content[512];

    (void)snprintf(path, sizeof path, "%s/sub-%02d", dir, i);
    assert_int_equal(hep_mkdir_p(path, NULL), HEP_OK);
    (void)snprintf(path, sizeof path, "sub-%02d/sub-%02d_run.json", i, i);
    (void)snprintf(content, sizeof content,
                   "{\"version\": \"0\", \"state\": \"done\", \"study\": "
                   "\"sub-%02d\"}",
                   i);
    put(path, content);
    (void)snprintf(path, sizeof path, "sub-%02d/sub-%02d_lesions.json", i, i);
    (void)snprintf(
        content, sizeof content,
        "{\"study\": \"sub-%02d\", \"liver\": {\"volume_ml\": %g}, \"lesions\": [{\"id\": "
        "1, \"class\": \"cyst\", \"measurements\": {\"%s\": {\"value\": %d, \"unit\": "
        "\"mm\"}}}]}",
        i, volume_ml, "adc_mm2_per_s", i);
    put(path, content);
}

static void test_group_page(void **state)
{
    static const double volumes[] = { 1480, 1510, 1495, 1530, 1470, 4200 };
    struct hep_out_status status = { 0 };
    struct hep_error e = { 0 };
    char *path = NULL, *html = NULL;
    size_t n = 0;

    (void)state;
    for (int i = 0; i < 6; i++)
        put_study(i + 1, volumes[i]);
    assert_int_equal(hep_mkdir_p((path = hep_path_join(dir, "sub-90", NULL)), NULL), HEP_OK);
    free(path);
    put("sub-90/sub-90_run.json", "{\"version\": \"0\", \"state\": \"failed\", \"exit_code\": 65, "
                                  "\"study\": \"sub-90\", \"error\": \"" EVIL "\"}");
    assert_ok(hep_status_read(&status, dir, &e), e);
    assert_ok(hep_group_write(dir, &status, &e), e);
    path = hep_path_join(dir, "group.html", NULL);
    assert_ok(hep_file_read(&html, &n, path, 1 << 20, &e), e);
    assert_int_equal(count(html, "<script"), 1); /* our own, that sorts */
    assert_non_null(strstr(html, "6 done, 1 failed"));
    assert_non_null(strstr(html, "&lt;script&gt;alert(1)"));
    /* Failures stand before the outliers, these before the plots. */
    assert_true(strstr(html, "sub-90") < strstr(html, "<section id=\"outliers\""));
    assert_true(strstr(html, "<section id=\"outliers\"") < strstr(html, "<section id=\"liver\""));
    /* The outlier is named and linked; (4200 - 1502.5) / (1.4826 * 25) = 72.8. */
    assert_non_null(
        strstr(html, "<a href=\"sub-06/sub-06_report.html\">sub-06</a></th><td>Volume"));
    assert_non_null(strstr(html, ">72.8</td>"));
    assert_null(strstr(html, "sub-01</a></th><td>Volume"));
    assert_non_null(strstr(html, "<caption>Lesions of all studies"));
    assert_non_null(strstr(html, "href=\"sub-03/sub-03_report.html#lesion-1\">sub-03</a>"));
    assert_non_null(strstr(html, "data-v=\"3\">"));
    assert_non_null(strstr(html, ">ADC ["));
    free(html);
    free(path);
    hep_status_release(&status);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_from_a_file_is_markup, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sections_and_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_made_twice_it_is_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reopen_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reopen_refuses_unknown_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory_running_out_is_an_error, setup, teardown),
        cmocka_unit_test_setup_teardown(test_group_page, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
