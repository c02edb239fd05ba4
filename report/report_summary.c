/* First screen: what was asked, what was found. */
#include "pipeline/results/roles.h"
#include "report/page.h"
#include "terms/lesion_class.h"

#include <math.h>

#define CLASSES_MAX 8

const char *hep_page_class_title(const char *name)
{
    const enum hep_lesion_class c = name != NULL ? hep_class_from_name(name) : HEP_CLASS_COUNT;

    return c != HEP_CLASS_COUNT ? hep_class_row(c)->words : name;
}

double hep_page_value(const struct hep_json *node, const char **unit)
{
    const bool object = hep_json_type(node) == HEP_JSON_OBJECT;
    const struct hep_json *median = hep_json_get(node, "median");

    if (unit != NULL)
        *unit = object ? hep_json_string(hep_json_get(node, "unit")) : NULL;
    if (!object)
        return hep_json_number(node);
    return hep_json_number(median != NULL ? median : hep_json_get(node, "value"));
}

static const char *text_of(const struct hep_json *object, const char *key)
{
    return hep_json_string(hep_json_get(object, key));
}

/* ---- what was asked -------------------------------------------------------------------------- */

static void unquoted(struct hep_str *out, const char *yaml)
{
    size_t n = yaml != NULL ? strlen(yaml) : 0;
    char *copy = hep_strdup(n >= 2 && yaml[0] == '"' ? yaml + 1 : yaml, NULL);

    if (copy != NULL && n >= 2 && yaml[0] == '"')
        copy[n - 2] = '\0';
    hep_html_text(out, copy);
    free(copy);
}

static int asked_series(struct hep_page *p)
{
    const struct hep_roles *roles = NULL;
    int rc = hep_run_roles(p->run, &roles, p->err);

    hep_str_addf(p->out, "<dt>Series</dt><dd>%zu in use", roles != NULL ? roles->n_series : 0);
    if (roles == NULL || roles->protocol.n_missing == 0) {
        hep_str_add(p->out, roles != NULL ? ", none of the protocol is missing" : "");
    } else {
        hep_str_add(p->out, ". ");
        hep_html_mark(p->out, HEP_MARK_BAD, "missing");
        for (size_t i = 0; i < roles->protocol.n_missing; i++) {
            hep_str_add(p->out, i > 0 ? ", " : ": ");
            hep_html_words(p->out, hep_planned_name(roles->protocol.missing[i]));
        }
    }
    hep_str_add(p->out, "</dd>");
    return rc;
}

static void warnings(struct hep_page *p)
{
    const struct hep_json *list = hep_json_get(p->record, "warnings");
    const size_t n = hep_json_size(list);

    if (n == 0)
        return;
    hep_str_addf(p->out,
                 "<div class=\"card warn\"><h2 id=\"warnings\">%zu warning%s</h2>"
                 "<ul class=\"tight\">",
                 n, n == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++) {
        hep_str_add(p->out, "<li>");
        hep_html_text(p->out, hep_json_string(hep_json_at(list, i)));
        hep_str_add(p->out, "</li>");
    }
    hep_str_add(p->out, "</ul></div>\n");
}

static int asked(struct hep_page *p)
{
    int rc;
    const char *agent = text_of(p->record, "agent");
    const double field =
        hep_json_number(hep_json_get(hep_json_get(p->record, "inventory"), "field_t"));

    hep_str_add(p->out,
                "<div class=\"stack\"><div class=\"card\"><h2 id=\"asked\">What was asked</h2><dl>"
                "<dt>Protocol</dt><dd>");
    unquoted(p->out, hep_page_setting(p, "title"));
    hep_str_add(p->out, " <span class=\"quiet\">(");
    hep_html_text(p->out, text_of(p->record, "protocol"));
    hep_str_add(p->out, ")</span></dd><dt>Contrast agent</dt><dd>");
    hep_html_text(p->out, agent);
    hep_str_add(p->out, "</dd><dt>Field strength</dt><dd>");
    hep_html_number(p->out, field, 1);
    hep_str_add(p->out, isfinite(field) ? "&#8239;T</dd>" : "</dd>");
    rc = asked_series(p);
    hep_str_add(p->out, "<dt>Reference series</dt><dd>");
    hep_html_words(p->out, hep_page_series_title(p->reference));
    hep_str_add(p->out, "</dd></dl></div>\n");
    warnings(p);
    hep_str_add(p->out, "</div>\n");
    return rc;
}

/* ---- what was found -------------------------------------------------------------------------- */

static size_t count_class(const struct hep_json *list, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < hep_json_size(list); i++) {
        const char *c = text_of(hep_json_at(list, i), "class");

        n += c != NULL && strcmp(c, name) == 0;
    }
    return n;
}

static void class_line(struct hep_page *p, const struct hep_json *list, enum hep_lesion_class k)
{
    const struct hep_class_row *row = hep_class_row(k);
    const size_t n = count_class(list, row->name);
    size_t shown = 0;

    if (n == 0)
        return;
    hep_str_addf(p->out, "<li><b>%zu %s</b> <span class=\"quiet\">(probability of this class: ", n,
                 n == 1 ? row->words : row->many);
    for (size_t i = 0; i < hep_json_size(list) && shown < 12; i++) {
        const struct hep_json *l = hep_json_at(list, i);
        const char *c = text_of(l, "class");

        if (c == NULL || strcmp(c, row->name) != 0)
            continue;
        hep_str_add(p->out, shown++ > 0 ? ", " : "");
        hep_str_addf(p->out, "<a href=\"#lesion-%.0f\">#%.0f</a>&#160;",
                     hep_json_number(hep_json_get(l, "id")),
                     hep_json_number(hep_json_get(l, "id")));
        hep_html_number(
            p->out, hep_json_number(hep_json_get(hep_json_get(l, "class_probabilities"), c)), 2);
    }
    hep_str_add(p->out, shown < n ? ", \xe2\x80\xa6)</span></li>" : ")</span></li>");
}

/* How many lesions have each flag. */
static void flag_line(struct hep_page *p, const struct hep_json *list)
{
    const struct hep_json *first = hep_json_get(hep_json_at(list, 0), "flags"), *ignored;
    const char *name;
    bool any = false;

    hep_str_add(p->out, "<p>Flags present: ");
    for (size_t k = 0; (name = hep_json_key_at(first, k, &ignored)) != NULL; k++) {
        size_t n = 0;

        for (size_t i = 0; i < hep_json_size(list); i++) {
            const char *state =
                text_of(hep_json_get(hep_json_get(hep_json_at(list, i), "flags"), name), "state");

            n += state != NULL && strcmp(state, "present") == 0;
        }
        if (n == 0)
            continue;
        hep_str_add(p->out, any ? ", " : "");
        hep_html_words(p->out, name);
        hep_str_addf(p->out, "&#160;%zu", n);
        any = true;
    }
    hep_str_add(p->out, any ? ".</p>" : "none.</p>");
}

static void found_lesions(struct hep_page *p)
{
    const struct hep_json *list = hep_json_get(p->lesions, "lesions");
    const char *reason = text_of(p->lesions, "lesions_absent_reason");
    const size_t n = hep_json_size(list);

    if (n > 0) {
        hep_str_addf(p->out, "<p class=\"big\">%zu focal lesion%s</p><ul class=\"tight\">", n,
                     n == 1 ? "" : "s");
        for (int k = 0; k < HEP_CLASS_COUNT; k++)
            class_line(p, list, (enum hep_lesion_class)k);
        hep_str_add(p->out, "</ul>");
        flag_line(p, list);
    } else if (hep_run_has(p->run, "lesions")) {
        hep_str_add(p->out, "<p class=\"big\">No focal lesion was found</p>");
    } else {
        hep_str_add(p->out, "<p class=\"big\">Lesions were not searched for</p>");
        if (reason != NULL) {
            hep_str_add(p->out, "<p>");
            hep_html_text(p->out, reason);
            hep_str_add(p->out, ".</p>");
        }
    }
}

static void liver_row(struct hep_page *p, enum hep_measure m)
{
    const struct hep_json *node =
        hep_json_get(hep_json_get(p->lesions, "liver"), hep_measure_name(m));
    const struct hep_quantity q = hep_quantity_of_measure(m);
    const double value = hep_page_value(node, NULL);
    const double iqr = hep_json_number(hep_json_get(node, "iqr"));

    if (text_of(node, "state") != NULL) {
        hep_str_addf(p->out, "<tr><th scope=\"row\">%s</th><td colspan=\"2\">", q.words);
        hep_html_mark(p->out, HEP_MARK_BAD, "not assessable");
        hep_str_add(p->out, " ");
        hep_html_text(p->out, text_of(node, "reason"));
        hep_str_add(p->out, "</td></tr>\n");
    }
    if (!isfinite(value))
        return;
    hep_str_addf(p->out, "<tr><th scope=\"row\">%s</th><td class=\"n\">", q.words);
    hep_quantity_add(p->out, &q, value);
    hep_str_add(p->out, "</td><td class=\"n\">");
    if (isfinite(iqr))
        hep_html_number(p->out, iqr * q.scale, q.digits);
    hep_str_add(p->out, "</td></tr>\n");
}

static void liver_numbers(struct hep_page *p)
{
    const char *reason = hep_run_reason(p->run, "liver");

    if (!hep_run_has(p->run, "liver")) {
        hep_str_add(p->out, "<p>");
        hep_html_mark(p->out, HEP_MARK_BAD, "no liver mask");
        hep_str_add(p->out, " ");
        hep_html_text(p->out, reason);
        hep_str_add(p->out, ". Give one with <code>--liver-mask</code>; without it nothing is "
                            "measured in the liver.</p>");
        if (!isfinite(
                hep_json_number(hep_json_get(hep_json_get(p->lesions, "liver"), "volume_ml"))))
            return;
    }
    hep_html_table(p->out,
                   "Measures of the liver; of maps the median over the liver mask, with the width "
                   "of the middle half",
                   "Measure|Median|IQR");
    for (int m = 0; m < HEP_MEASURE_COUNT; m++)
        if (hep_measure_row((enum hep_measure)m)->subject == HEP_SUBJECT_LIVER &&
            hep_measure_row((enum hep_measure)m)->digits != HEP_DIGITS_HIDDEN)
            liver_row(p, (enum hep_measure)m);
    hep_html_table_end(p->out);
}

int hep_page_summary(struct hep_page *p)
{
    int rc;

    hep_str_add(p->out, "<div class=\"cards\" id=\"summary\">\n");
    rc = asked(p);
    hep_str_add(p->out, "<div class=\"card\"><h2 id=\"found\">What was found</h2>");
    found_lesions(p);
    hep_str_add(p->out, "</div>\n<div class=\"card\"><h2 id=\"liver-numbers\">Liver</h2>");
    liver_numbers(p);
    hep_str_add(p->out, "</div>\n");
    hep_str_add(p->out, "</div>\n");
    return rc;
}
