#include "validation/document.h"

#include "report/html.h"
#include "report/html_table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

void hep_document_release(struct hep_document *d)
{
    hep_str_release(&d->page);
    hep_str_release(&d->markdown);
}

/* Text of a file in a cell or a paragraph of Markdown: what would be markup stands as it is. */
static void mark_text(struct hep_str *out, const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if (strchr("|*_`<>[]#\\", *text) != NULL)
            hep_str_addn(out, "\\", 1);
        if (*text == '\n' || *text == '\r')
            hep_str_addn(out, " ", 1);
        else
            hep_str_addn(out, text, 1);
    }
}

static void mark_number(struct hep_str *out, double shown, int digits)
{
    if (digits < 0)
        hep_str_addf(out, "%.*g", -digits, shown);
    else
        hep_str_addf(out, "%.*f", digits, shown);
}

static const struct hep_pen mark_pen = { mark_text, mark_number, "-" };

void hep_document_begin(struct hep_document *d, const char *title)
{
    hep_html_begin(&d->page, title, NULL);
    hep_str_add(&d->page, "<header><h1>");
    hep_html_text(&d->page, title);
    hep_str_add(
        &d->page,
        "</h1>\n<p class=\"notice\"><strong>Research use only.</strong> A flag is evidence with "
        "its reason, never a diagnosis.</p></header>\n<main>\n");
    hep_str_add(&d->markdown, "# ");
    mark_text(&d->markdown, title);
    hep_str_add(&d->markdown,
                "\n\nResearch use only. A flag is evidence with its reason, never a diagnosis.\n");
}

static void end_section(struct hep_document *d)
{
    if (d->in_section)
        hep_html_section_end(&d->page);
    d->in_section = false;
}

void hep_document_end(struct hep_document *d)
{
    end_section(d);
    hep_str_add(&d->page, "</main>\n");
    hep_html_end(&d->page);
}

void hep_document_section(struct hep_document *d, const char *id, const char *heading)
{
    end_section(d);
    hep_html_section(&d->page, id, heading);
    d->in_section = true;
    hep_str_addf(&d->markdown, "\n## %s\n", heading);
}

void hep_document_text(struct hep_document *d, const char *fmt, ...)
{
    char text[2048];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    hep_str_add(&d->page, "<p>");
    hep_html_text(&d->page, text);
    hep_str_add(&d->page, "</p>\n");
    hep_str_add(&d->markdown, "\n");
    mark_text(&d->markdown, text);
    hep_str_add(&d->markdown, "\n");
}

static void mark_heads(struct hep_str *out, const struct hep_table *t)
{
    size_t n = 0;

    if (t->caption != NULL && t->caption[0] != '\0')
        hep_str_addf(out, "\n%s\n", t->caption);
    hep_str_add(out, "\n|");
    for (const struct hep_column *c = t->columns; !hep_column_is_last(c); c++) {
        const char *unit = hep_column_shown_unit(c);

        if (!hep_column_is_seen(t, c, HEP_NOT_HTML))
            continue;
        hep_str_addf(out, " %s%s%s |", c->words, unit != NULL ? ", " : "",
                     unit != NULL ? unit : "");
        n++;
    }
    hep_str_add(out, "\n|");
    for (size_t i = 0; i < n; i++)
        hep_str_add(out, "---|");
    hep_str_add(out, "\n");
}

static void mark_table(struct hep_str *out, const struct hep_table *t)
{
    mark_heads(out, t);
    for (size_t i = 0; i < t->n; i++) {
        if (hep_table_row(t, i) == NULL)
            continue;
        hep_str_add(out, "|");
        for (const struct hep_column *c = t->columns; !hep_column_is_last(c); c++) {
            const struct hep_value v = hep_table_value(t, c, i);

            if (!hep_column_is_seen(t, c, HEP_NOT_HTML))
                continue;
            hep_str_add(out, " ");
            hep_value_show(out, c, &v, &mark_pen);
            hep_str_add(out, " |");
        }
        hep_str_add(out, "\n");
    }
}

void hep_document_table(struct hep_document *d, const struct hep_table *t, const char *without)
{
    struct hep_table named = *t;
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++)
        n += hep_table_row(t, i) != NULL;
    if (n == 0) {
        hep_document_text(d, "%s", without);
        return;
    }
    if (named.caption == NULL)
        named.caption = "";
    hep_html_rows(&d->page, &named);
    mark_table(&d->markdown, &named);
}

struct fact {
    const char *words;
    char value[160];
};
static const struct hep_column fact_columns[] = {
    { "what", HEP_TEXT(struct fact, words), "Figure" },
    { "value", HEP_CHARS(struct fact, value), "Value" },
    { 0 },
};

static const struct hep_pen plain_pen = { hep_str_add_terminal, mark_number, "-" };

void hep_document_row(struct hep_document *d, const char *caption, const struct hep_column *columns,
                      const void *row)
{
    struct fact facts[40] = { 0 };
    struct hep_table table;
    size_t n = 0;

    for (const struct hep_column *c = columns; !hep_column_is_last(c) && n < 40; c++) {
        const struct hep_value v = hep_column_value(c, row);
        const char *unit = hep_column_shown_unit(c);
        struct hep_str text = { 0 };

        if (c->words == NULL || c->cell == HEP_CELL_NESTED || v.is_absent)
            continue;
        hep_value_show(&text, c, &v, &plain_pen);
        (void)snprintf(facts[n].value, sizeof facts[n].value, "%s%s%s",
                       hep_str_part(&d->page, &text), unit != NULL ? " " : "",
                       unit != NULL ? unit : "");
        facts[n++].words = c->words;
        hep_str_release(&text);
    }
    table = (struct hep_table)HEP_TABLE(caption, fact_columns, facts, n);
    hep_document_table(d, &table, "There is nothing of this.");
}

void hep_document_picture(struct hep_document *d, const void *png, size_t n, const char *name,
                          const char *caption)
{
    hep_str_add(&d->page, "<figure><img alt=\"\" src=\"");
    hep_html_data(&d->page, "image/png", png, n);
    hep_str_add(&d->page, "\"><figcaption>");
    hep_html_text(&d->page, caption);
    hep_str_add(&d->page, "</figcaption></figure>\n");
    hep_str_addf(&d->markdown, "\n![](%s)\n\n", name);
    mark_text(&d->markdown, caption);
    hep_str_add(&d->markdown, "\n");
}
