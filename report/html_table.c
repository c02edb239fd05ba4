#include "report/html_table.h"

#include "report/assets.h"
#include "report/html.h"

void hep_html_cell_mark(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const char *state = hep_column_value(column, row).text;

    hep_html_mark(out, hep_html_mark_of(state), state);
}

void hep_html_cell_words(struct hep_str *out, const struct hep_column *column, const void *row)
{
    hep_html_words(out, hep_column_value(column, row).text);
}

void hep_html_cell_file(struct hep_str *out, const struct hep_column *column, const void *row)
{
    hep_str_add(out, "<span class=\"file\">");
    hep_html_text(out, hep_column_value(column, row).text);
    hep_str_add(out, "</span>");
}

void hep_html_cell_hash(struct hep_str *out, const struct hep_column *column, const void *row)
{
    hep_str_add(out, "<span class=\"hash\">");
    hep_html_text(out, hep_column_value(column, row).text);
    hep_str_add(out, "</span>");
}

static void page_number(struct hep_str *out, double shown, int digits)
{
    if (digits < 0)
        hep_html_significant(out, shown, -digits);
    else
        hep_html_number(out, shown, digits);
}

static bool is_numeric(const struct hep_column *c)
{
    return c->cell != HEP_CELL_TEXT && c->cell != HEP_CELL_CHARS && c->cell != HEP_CELL_TEXTS &&
           c->cell != HEP_CELL_NAME;
}

static void add_heads(struct hep_str *out, const struct hep_table *t, size_t n, bool sortable)
{
    hep_str_addf(out,
                 "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"%s\">"
                 "<table class=\"%s%s\"><caption>%s</caption>\n<thead><tr>",
                 t->caption,
                 n > 12   ? "matrix many"
                 : n >= 5 ? "many"
                          : "few",
                 sortable ? " sortable" : "", t->caption);
    for (const struct hep_column *c = t->columns; !hep_column_is_last(c); c++) {
        const char *unit = hep_column_shown_unit(c);

        if (!hep_column_is_seen(t, c, HEP_NOT_HTML))
            continue;
        hep_str_add(out, "<th scope=\"col\">");
        hep_html_words(out, c->words);
        if (unit != NULL) {
            hep_str_add(out, ", ");
            hep_html_text(out, unit);
        }
        hep_str_add(out, "</th>");
    }
    hep_str_add(out, "</tr></thead>\n<tbody>\n");
}

static void add_cell(struct hep_str *out, const struct hep_table *t, const struct hep_column *c,
                     size_t i)
{
    static const struct hep_pen pen = { hep_html_text, page_number, "\xe2\x80\x93" };
    const struct hep_value v = hep_table_value(t, c, i);

    if (c->html != NULL)
        c->html(out, c, hep_table_row(t, i));
    else
        hep_value_show(out, c, &v, &pen);
}

static void add_sorting_value(struct hep_str *out, const struct hep_table *t,
                              const struct hep_column *c, size_t i)
{
    const struct hep_value v = hep_table_value(t, c, i);

    hep_str_add(out, " data-v=\"");
    if (!v.is_absent)
        hep_str_addf(out, "%.9g", c->cell <= HEP_CELL_BOOL ? (double)v.whole : v.number);
    hep_str_add(out, "\"");
}

static void add_row(struct hep_str *out, const struct hep_table *t, size_t i, bool sortable)
{
    bool first = true;

    hep_str_add(out, "<tr>");
    for (const struct hep_column *c = t->columns; !hep_column_is_last(c); c++) {
        if (!hep_column_is_seen(t, c, HEP_NOT_HTML))
            continue;
        hep_str_add(out, first ? "<th scope=\"row\"" : is_numeric(c) ? "<td class=\"n\"" : "<td");
        if (sortable && is_numeric(c))
            add_sorting_value(out, t, c, i);
        hep_str_add(out, ">");
        add_cell(out, t, c, i);
        hep_str_add(out, first ? "</th>" : "</td>");
        first = false;
    }
    hep_str_add(out, "</tr>\n");
}

static void add_table(struct hep_str *out, const struct hep_table *t, bool sortable)
{
    size_t n = 0;

    for (const struct hep_column *c = t->columns; !hep_column_is_last(c); c++)
        n += hep_column_is_seen(t, c, HEP_NOT_HTML);
    if (n == 0) {
        hep_str_addf(out, "<p class=\"quiet\">%s: none.</p>\n", t->caption);
        return;
    }
    add_heads(out, t, n, sortable);
    for (size_t i = 0; i < t->n; i++) {
        if (hep_table_row(t, i) != NULL)
            add_row(out, t, i, sortable);
    }
    hep_str_add(out, "</tbody></table></div>\n");
}

void hep_html_rows(struct hep_str *out, const struct hep_table *t)
{
    add_table(out, t, false);
}

void hep_html_sortable_rows(struct hep_str *out, const struct hep_table *t)
{
    add_table(out, t, true);
}

void hep_html_sorting_script(struct hep_str *out)
{
    hep_str_add(out, "<script>");
    hep_str_add(out, hep_asset_sort_js);
    hep_str_add(out, "</script>\n");
}
