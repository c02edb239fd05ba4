/* Tables as people see them; aligned for a terminal. */
#include "base/table.h"

#include "base/alloc.h"

#include <math.h>

/* ---- values ---------------------------------------------------------------------------------- */

const char *hep_column_shown_unit(const struct hep_column *c)
{
    const char *unit = c->look.unit != NULL ? c->look.unit : c->unit;

    return unit != NULL && strcmp(unit, "1") != 0 && unit[0] != '\0' ? unit : NULL;
}

static void show_number(struct hep_str *out, const struct hep_column *c, double stored,
                        const struct hep_pen *pen)
{
    const long minutes_of = lround(fabs(stored));

    if (!isfinite(stored))
        hep_str_add(out, pen->absent);
    else if (c->look.digits == HEP_DIGITS_CLOCK)
        hep_str_addf(out, "%s%ld:%02ld", stored < -0.5 ? "-" : "", minutes_of / 60,
                     minutes_of % 60);
    else
        pen->number(out, c->look.scale != 0.0 ? stored * c->look.scale : stored, c->look.digits);
}

static void show_range(struct hep_str *out, const struct hep_column *c, double lo, double hi,
                       const struct hep_pen *pen)
{
    show_number(out, c, lo, pen);
    hep_str_add(out, " to ");
    show_number(out, c, hi, pen);
}

static void show_interval(struct hep_str *out, const struct hep_column *c,
                          const struct hep_value *v, const struct hep_pen *pen)
{
    show_number(out, c, v->number, pen);
    if (!isfinite(v->lo) || !isfinite(v->hi))
        return;
    hep_str_add(out, " (");
    show_range(out, c, v->lo, v->hi, pen);
    hep_str_add(out, ")");
}

void hep_value_show(struct hep_str *out, const struct hep_column *c, const struct hep_value *given,
                    const struct hep_pen *pen)
{
    const struct hep_value v = *given;

    if (v.is_absent) {
        hep_str_add(out, pen->absent);
        return;
    }
    switch (c->cell) {
    case HEP_CELL_TEXT:
    case HEP_CELL_CHARS:
    case HEP_CELL_NAME:
        pen->text(out, v.text);
        return;
    case HEP_CELL_COUNT:
    case HEP_CELL_INTEGER:
    case HEP_CELL_LONG:
        hep_str_addf(out, "%lld", v.whole);
        return;
    case HEP_CELL_BOOL:
        hep_str_add(out, v.whole != 0 ? "yes" : "no");
        return;
    case HEP_CELL_PROPORTION:
    case HEP_CELL_SHARE:
        hep_str_addf(out, "%zu of %zu", v.k, v.n);
        if (c->look.digits == HEP_DIGITS_NONE)
            return;
        hep_str_add(out, ", ");
        show_interval(out, c, &v, pen);
        return;
    case HEP_CELL_NUMBER:
    case HEP_CELL_INTERVAL:
    case HEP_CELL_BOOTSTRAP:
        show_interval(out, c, &v, pen);
        return;
    case HEP_CELL_PAIR:
        if (v.hi > v.lo)
            show_range(out, c, v.lo, v.hi, pen);
        else
            show_number(out, c, v.lo, pen);
        return;
    case HEP_CELL_NUMBERS:
    case HEP_CELL_TEXTS:
        for (size_t i = 0; i < v.numbers.n + v.texts.n; i++) {
            hep_str_add(out, i > 0 ? ", " : "");
            if (c->cell == HEP_CELL_NUMBERS)
                show_number(out, c, hep_number_at(&v.numbers, i), pen);
            else
                pen->text(out, v.texts.list[i]);
        }
        return;
    case HEP_CELL_NESTED:
        return;
    }
}

bool hep_column_is_seen(const struct hep_table *t, const struct hep_column *c, unsigned not_here)
{
    bool any = false;

    for (size_t i = 0; c->words != NULL && (c->flags & not_here) == 0 && !any && i < t->n; i++)
        any = hep_table_row(t, i) != NULL && !hep_table_value(t, c, i).is_absent;
    return any;
}

/* ---- terminal -------------------------------------------------------------------------------- */

void hep_str_add_terminal(struct hep_str *out, const char *text)
{
    struct hep_str clean = { 0 };

    hep_str_add_utf8(&clean, text);
    for (size_t i = 0; i < clean.len; i++) {
        /* C0, DEL, and C1, which UTF-8 writes as C2 80 to C2 9F: a terminal obeys them. */
        const unsigned char c = (unsigned char)clean.s[i], next = (unsigned char)clean.s[i + 1];
        const bool is_c1 = c == 0xc2 && next < 0xa0;

        hep_str_addn(out, c < 0x20 || c == 0x7f || is_c1 ? "?" : &clean.s[i], 1);
        i += is_c1;
    }
    (void)hep_str_part(out, &clean);
    hep_str_release(&clean);
}

static void plain_number(struct hep_str *out, double shown, int digits)
{
    if (digits < 0)
        hep_str_addf(out, "%.*g", -digits, shown);
    else
        hep_str_addf(out, "%.*f", digits, fabs(shown) < 0.5 * pow(10.0, -digits) ? 0.0 : shown);
}

static const struct hep_pen terminal_pen = { hep_str_add_terminal, plain_number, "-" };

/* Places that a text takes: its code points. */
static size_t width_of(const struct hep_str *text)
{
    size_t n = 0;

    for (size_t i = 0; i < text->len; i++)
        n += ((unsigned char)text->s[i] & 0xc0U) != 0x80U;
    return n;
}

static void add_blanks(struct hep_str *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hep_str_add(out, " ");
}

static bool is_text(const struct hep_column *c)
{
    return c->cell == HEP_CELL_TEXT || c->cell == HEP_CELL_CHARS || c->cell == HEP_CELL_TEXTS ||
           c->cell == HEP_CELL_NAME || c->cell == HEP_CELL_BOOL;
}

static void write_head(struct hep_str *cell, const struct hep_column *c)
{
    const char *unit = hep_column_shown_unit(c);

    hep_str_clear(cell);
    hep_str_add(cell, c->words);
    if (unit != NULL)
        hep_str_addf(cell, " [%s]", unit);
}

static void write_cell(struct hep_str *cell, const struct hep_table *t, const struct hep_column *c,
                       size_t i)
{
    const struct hep_value v = hep_table_value(t, c, i);

    hep_str_clear(cell);
    hep_value_show(cell, c, &v, &terminal_pen);
}

/* A column that is seen, and its width. */
struct place {
    const struct hep_column *column;
    size_t width;
};

/* Heads (i = t->n) or row i as a line; the last column is not filled up. */
static void add_line(struct hep_str *out, const struct hep_table *t, const struct place *places,
                     size_t n, size_t i)
{
    struct hep_str cell = { 0 };

    hep_str_add(out, t->caption != NULL ? "  " : "");
    for (size_t k = 0; k < n; k++) {
        const struct place *p = &places[k];
        size_t pad;

        if (i == t->n)
            write_head(&cell, p->column);
        else
            write_cell(&cell, t, p->column, i);
        pad = width_of(&cell) < p->width ? p->width - width_of(&cell) : 0;
        hep_str_add(out, k > 0 ? "  " : "");
        add_blanks(out, is_text(p->column) ? 0 : pad);
        hep_str_add(out, hep_str_part(out, &cell));
        add_blanks(out, is_text(p->column) && k + 1 < n ? pad : 0);
    }
    hep_str_add(out, "\n");
    hep_str_release(&cell);
}

/* Widest text of a column; 0 where every row is left out or lacks it. */
static size_t width_of_column(struct hep_str *out, const struct hep_table *t,
                              const struct hep_column *c)
{
    struct hep_str cell = { 0 };
    size_t width = 0;

    if (!hep_column_is_seen(t, c, HEP_NOT_TERMINAL))
        return 0;
    write_head(&cell, c);
    width = width_of(&cell);
    for (size_t i = 0; i < t->n; i++) {
        if (hep_table_row(t, i) == NULL)
            continue;
        write_cell(&cell, t, c, i);
        width = width_of(&cell) > width ? width_of(&cell) : width;
    }
    (void)hep_str_part(out, &cell);
    hep_str_release(&cell);
    return width;
}

static size_t count_columns(const struct hep_column *c)
{
    size_t n = 0;

    while (!hep_column_is_last(&c[n]))
        n++;
    return n;
}

void hep_table_text(struct hep_str *out, const struct hep_table *t)
{
    struct place *places = hep_calloc(count_columns(t->columns) + 1, sizeof *places, NULL);
    size_t n = 0;

    if (places == NULL) {
        out->failed = true;
        return;
    }
    for (const struct hep_column *c = t->columns; !hep_column_is_last(c); c++) {
        places[n] = (struct place){ c, width_of_column(out, t, c) };
        n += places[n].width > 0;
    }
    if (n > 0 && t->caption != NULL)
        hep_str_addf(out, "%s\n", t->caption);
    if (n > 0)
        add_line(out, t, places, n, t->n);
    for (size_t i = 0; n > 0 && i < t->n; i++) {
        const void *row = hep_table_row(t, i);

        if (row == NULL)
            continue;
        add_line(out, t, places, n, i);
        if (t->below != NULL)
            t->below(out, row);
    }
    free(places);
}

void hep_row_text(struct hep_str *out, const struct hep_column *columns, const void *row)
{
    const struct hep_table t = { .columns = columns, .rows = row, .n = 1 };
    struct hep_str cell = { 0 };
    size_t width = 0;

    for (const struct hep_column *c = columns; !hep_column_is_last(c); c++) {
        if (!hep_column_is_seen(&t, c, HEP_NOT_TERMINAL))
            continue;
        write_head(&cell, c);
        width = width_of(&cell) > width ? width_of(&cell) : width;
    }
    for (const struct hep_column *c = columns; !hep_column_is_last(c); c++) {
        if (!hep_column_is_seen(&t, c, HEP_NOT_TERMINAL))
            continue;
        write_head(&cell, c);
        hep_str_add(out, "  ");
        hep_str_add(out, hep_str_part(out, &cell));
        add_blanks(out, width - width_of(&cell) + 2);
        write_cell(&cell, &t, c, 0);
        hep_str_add(out, hep_str_part(out, &cell));
        hep_str_add(out, "\n");
    }
    hep_str_release(&cell);
}
