/* Rows as JSON. */
#include "base/table.h"

static struct hep_json *pair_json(struct hep_put *p, double lo, double hi)
{
    struct hep_json *a = hep_json_new_array();

    hep_put_item(p, a, hep_json_new_number(lo));
    hep_put_item(p, a, hep_json_new_number(hi));
    return a;
}

static bool has_members(enum hep_cell cell)
{
    return cell == HEP_CELL_INTERVAL || cell == HEP_CELL_BOOTSTRAP || cell == HEP_CELL_PROPORTION ||
           cell == HEP_CELL_SHARE;
}

static void add_members(struct hep_put *p, struct hep_json *o, const struct hep_column *c,
                        const void *row)
{
    const struct hep_value v = hep_column_value(c, row);
    const bool of_count = c->cell == HEP_CELL_PROPORTION || c->cell == HEP_CELL_SHARE;

    if (of_count) {
        hep_put_count(p, o, "k", v.k);
        hep_put_count(p, o, "n", v.n);
    }
    hep_put_number(p, o, "value", v.number);
    if (c->cell == HEP_CELL_INTERVAL) {
        hep_put_number(p, o, "lo", v.lo);
        hep_put_number(p, o, "hi", v.hi);
    } else {
        hep_put(p, o, of_count ? "wilson_95" : "bootstrap_95", pair_json(p, v.lo, v.hi));
    }
    if (c->cell == HEP_CELL_SHARE)
        hep_put(p, o, "bootstrap_95", pair_json(p, v.by_patient[0], v.by_patient[1]));
}

static struct hep_json *list_json(struct hep_put *p, const struct hep_value *v)
{
    struct hep_json *a = hep_json_new_array();

    for (size_t i = 0; i < v->numbers.n; i++)
        hep_put_item(p, a, hep_json_new_number(hep_number_at(&v->numbers, i)));
    for (size_t i = 0; i < v->texts.n; i++)
        hep_put_item(p, a, hep_json_new_string(v->texts.list[i]));
    return a;
}

/* Columns of columns are tables in the program's text: the depth is that of what was written there,
 * at most four, and no input can make it deeper. NOLINTBEGIN(misc-no-recursion) */

static struct hep_json *nested_json(struct hep_put *p, const struct hep_column *c, const void *row)
{
    const struct hep_nested *nested = c->nested;
    const void *at = (const char *)row + c->offset;
    struct hep_table t = { .columns = nested->columns,
                           .rows = at,
                           .n = nested->n,
                           .size = nested->size,
                           .name = nested->name,
                           .has_gaps = nested->form == HEP_NEST_KEYED };

    if (nested->form == HEP_NEST_OBJECT)
        return hep_row_json(p, nested->columns, at);
    if (nested->is_pointer)
        t.rows = *(const void *const *)at;
    if (nested->count_at > 0)
        t.n = *(const size_t *)(const void *)((const char *)row + nested->count_at);
    return nested->form == HEP_NEST_KEYED ? hep_table_keyed(p, &t) : hep_table_json(p, &t);
}

static struct hep_json *value_json(struct hep_put *p, const struct hep_column *c, const void *row)
{
    const struct hep_value v = hep_column_value(c, row);

    switch (c->cell) {
    case HEP_CELL_TEXT:
    case HEP_CELL_CHARS:
        return hep_json_new_string(v.text);
    case HEP_CELL_COUNT:
    case HEP_CELL_INTEGER:
    case HEP_CELL_LONG:
        return v.is_absent ? hep_json_new_null() : hep_json_new_integer(v.whole);
    case HEP_CELL_BOOL:
        return hep_json_new_bool(v.whole != 0);
    case HEP_CELL_NUMBER:
        return hep_json_new_number(v.number);
    case HEP_CELL_PAIR:
        return pair_json(p, v.lo, v.hi);
    case HEP_CELL_NUMBERS:
    case HEP_CELL_TEXTS:
        return list_json(p, &v);
    case HEP_CELL_NESTED:
        return nested_json(p, c, row);
    case HEP_CELL_INTERVAL:
    case HEP_CELL_BOOTSTRAP:
    case HEP_CELL_PROPORTION:
    case HEP_CELL_SHARE:
    case HEP_CELL_NAME:
        break;
    }
    return hep_json_new_null();
}

/* True when JSON has a member for the column of this row; with `keep` also for an absent value, as null. */
static bool is_in_json(const struct hep_column *c, bool keep, const void *row)
{
    return c->id != NULL && (c->flags & HEP_NOT_JSON) == 0 && c->cell != HEP_CELL_NAME &&
           (keep || (c->flags & HEP_OPTIONAL) == 0 || !hep_column_value(c, row).is_absent);
}

/* Bytes of the first member that an id names after `skip` bytes. */
static size_t head_length(const struct hep_column *c, size_t skip)
{
    return strcspn(c->id + skip, ".");
}

/* The neighbours of `first` that belong to the same member end here. */
static const struct hep_column *end_of_member(const struct hep_column *first,
                                              const struct hep_column *end, size_t skip)
{
    const size_t n = skip + head_length(first, skip);
    const struct hep_column *c = first + 1;

    while (c < end && c->id != NULL && strncmp(c->id, first->id, n) == 0 &&
           (c->id[n] == '.' || c->id[n] == '\0'))
        c++;
    return c;
}

static void add_columns(struct hep_put *p, struct hep_json *object, const struct hep_column *from,
                        const struct hep_column *end, size_t skip, const void *row);

static struct hep_json *member_json(struct hep_put *p, const struct hep_column *from,
                                    const struct hep_column *end, size_t skip, const void *row)
{
    const size_t next = skip + head_length(from, skip);
    const bool is_whole = from->id[next] == '\0';
    struct hep_json *o;

    if (is_whole && !has_members(from->cell))
        return value_json(p, from, row);
    o = hep_json_new_object();
    if (is_whole)
        add_members(p, o, from, row);
    add_columns(p, o, is_whole ? from + 1 : from, end, next + 1, row);
    return o;
}

/* Columns whose ids agree up to `skip` bytes, as members of one object. */
static void add_columns(struct hep_put *p, struct hep_json *object, const struct hep_column *from,
                        const struct hep_column *end, size_t skip, const void *row)
{
    const struct hep_column *next;

    for (const struct hep_column *c = from; c < end; c = next) {
        bool any = false;
        char *key;

        next = c + 1;
        if (c->id == NULL)
            continue;
        next = end_of_member(c, end, skip);
        for (const struct hep_column *k = c; k < next; k++)
            any = any || is_in_json(k, skip > 0, row);
        if (any && c->id[skip] == '\0')
            add_members(p, object, c, row);
        if (!any || c->id[skip] == '\0')
            continue;
        key = hep_asprintf(p->err, "%.*s", (int)head_length(c, skip), c->id + skip);
        if (key == NULL && p->rc == HEP_OK)
            p->rc = HEP_ENOMEM;
        hep_put(p, object, key, member_json(p, c, next, skip, row));
        free(key);
    }
}

static const struct hep_column *last_of(const struct hep_column *columns)
{
    while (!hep_column_is_last(columns))
        columns++;
    return columns;
}

void hep_row_put(struct hep_put *p, struct hep_json *object, const struct hep_column *columns,
                 const void *row)
{
    add_columns(p, object, columns, last_of(columns), 0, row);
}

struct hep_json *hep_row_json(struct hep_put *p, const struct hep_column *columns, const void *row)
{
    struct hep_json *o = hep_json_new_object();

    hep_row_put(p, o, columns, row);
    return o;
}

struct hep_json *hep_table_json(struct hep_put *p, const struct hep_table *t)
{
    struct hep_json *a = hep_json_new_array();

    for (size_t i = 0; i < t->n; i++) {
        const void *row = hep_table_row(t, i);

        if (row != NULL)
            hep_put_item(p, a, hep_row_json(p, t->columns, row));
    }
    return a;
}

struct hep_json *hep_table_keyed(struct hep_put *p, const struct hep_table *t)
{
    struct hep_json *o = hep_json_new_object();

    for (size_t i = 0; i < t->n; i++) {
        const void *row = hep_table_row(t, i);
        const char *key;

        if (row == NULL)
            continue;
        key = t->name != NULL ? t->name(i) : hep_column_value(t->columns, row).text;
        hep_put(p, o, key != NULL ? key : "",
                hep_row_json(p, t->name != NULL ? t->columns : t->columns + 1, row));
    }
    return o;
}

/* NOLINTEND(misc-no-recursion) */
