/* The writer of tables for pages on made-up rows; every expectation is written by hand. */
#include "support/support.h"

#include "report/html_table.h"

#include <math.h>

struct row {
    const char *name, *state;
    size_t n;
    double adc;
    struct hep_interval difference;
    double nothing;
};

#define S struct row
static void link(struct hep_str *out, const struct hep_column *column, const void *row)
{
    hep_str_addf(out, "<a href=\"#%zu\">%s</a>", ((const S *)row)->n,
                 hep_column_value(column, row).text);
}

static const struct hep_column columns[] = {
    { "name", HEP_TEXT(S, name), "Study_of t2" },
    { "n", HEP_COUNT(S, n), "Lesions", .html = link },
    { "state", HEP_TEXT(S, state), "State", .html = hep_html_cell_mark },
    { "adc", HEP_NUMBER(S, adc), "ADC", "mm2/s",
      HEP_LOOK(1000.0, "10\xe2\x81\xbb\xc2\xb3 mm\xc2\xb2/s", 2) },
    { "difference", HEP_INTERVAL(S, difference), "Difference", "1", HEP_PERCENT(1) },
    { "nothing", HEP_NUMBER(S, nothing), "Not seen" },
    { "file", HEP_NUMBER(S, adc) },
    { 0 },
};
#define NONE ((double)NAN)
static const struct row rows[] = {
    { "<b>&'", "failed", 3, 0.00123, { -0.182, -0.462, 0.04 }, NONE },
    { NULL, "done", 4, NONE, { NONE, NONE, NONE }, NONE },
};

static void assert_page(struct hep_str *out, const char *want)
{
    struct hep_error e = { 0 };

    assert_ok(hep_str_check(out, &e), e);
    assert_string_equal(out->s, want);
    hep_str_release(out);
}

/* Texts are escaped, units stand in the heads, numbers have a minus, not a hyphen, and a dash where
 * there is none; the column without a value and the one without words are not there. */
static void test_page(void **state)
{
    static struct hep_column no_link[sizeof columns / sizeof columns[0]];
    const struct hep_table t = HEP_TABLE("Two rows", no_link, rows, 2);
    struct hep_str out = { 0 };

    (void)state;
    memcpy(no_link, columns, sizeof columns);
    no_link[1].html = NULL;
    hep_html_rows(&out, &t);
    assert_page(&out, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Two "
                      "rows\"><table class=\"many\">"
                      "<caption>Two rows</caption>\n<thead><tr><th scope=\"col\">Study of T2</th>"
                      "<th scope=\"col\">Lesions</th><th scope=\"col\">State</th>"
                      "<th scope=\"col\">ADC, 10\xe2\x81\xbb\xc2\xb3 mm\xc2\xb2/s</th>"
                      "<th scope=\"col\">Difference, %</th></tr></thead>\n<tbody>\n"
                      "<tr><th scope=\"row\">&lt;b&gt;&amp;&#39;</th><td class=\"n\">3</td>"
                      "<td><span class=\"mark bad\"><i aria-hidden=\"true\"></i>failed</span></td>"
                      "<td class=\"n\">1.23</td>"
                      "<td class=\"n\">\xe2\x88\x92"
                      "18.2 (\xe2\x88\x92"
                      "46.2 to 4.0)</td></tr>\n"
                      "<tr><th scope=\"row\">\xe2\x80\x93</th><td class=\"n\">4</td>"
                      "<td><span class=\"mark good\"><i aria-hidden=\"true\"></i>done</span></td>"
                      "<td class=\"n\">\xe2\x80\x93</td><td class=\"n\">\xe2\x80\x93</td></tr>\n"
                      "</tbody></table></div>\n");
}

static void test_no_rows(void **state)
{
    const struct hep_table t = HEP_TABLE("Lost lesions", columns, rows, 0);
    struct hep_str out = { 0 };

    (void)state;
    hep_html_rows(&out, &t);
    assert_page(&out, "<p class=\"quiet\">Lost lesions: none.</p>\n");
}

/* A cell that shows more than its value. */
static void test_own_cell(void **state)
{
    static const struct hep_column own[] = { { "name", HEP_TEXT(S, name), "Study", .html = link },
                                             { 0 } };
    const struct hep_table t = HEP_TABLE("One", own, rows, 1);
    struct hep_str out = { 0 };

    (void)state;
    hep_html_rows(&out, &t);
    assert_non_null(strstr(out.s, "<th scope=\"row\"><a href=\"#3\"><b>&'</a></th>"));
    hep_str_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_no_rows),
        cmocka_unit_test(test_own_cell),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
