/* Columns and their values; TSV with its data dictionary. */
#include "base/table.h"

#include "base/file.h"

#include <math.h>

bool hep_column_is_last(const struct hep_column *c)
{
    return c->id == NULL && c->words == NULL;
}

void hep_table_release(struct hep_table *t)
{
    free(t->owned);
    *t = (struct hep_table){ 0 };
}

const void *hep_table_row(const struct hep_table *t, size_t i)
{
    const struct hep_column *first = t->columns;
    const void *row;

    if (t->rows == NULL || i >= t->n)
        return NULL;
    row = (const char *)t->rows + i * t->size;
    if (!t->has_gaps)
        return row;
    while (first->cell == HEP_CELL_NAME)
        first++;
    return hep_column_value(first, row).is_absent ? NULL : row;
}

double hep_number_at(const struct hep_number_list *numbers, size_t i)
{
    const size_t stride = numbers->stride > 0 ? numbers->stride : sizeof(double);

    return *(const double *)(const void *)((const char *)numbers->list + i * stride);
}

/* ---- values ---------------------------------------------------------------------------------- */

struct hep_value hep_value_of_text(const char *text)
{
    return (struct hep_value){ .text = text, .is_absent = text == NULL || text[0] == '\0' };
}

struct hep_value hep_value_of_number(double number)
{
    return (struct hep_value){
        .number = number, .lo = (double)NAN, .hi = (double)NAN, .is_absent = !isfinite(number)
    };
}

static struct hep_value interval_value(double value, double lo, double hi)
{
    return (struct hep_value){ .number = value, .lo = lo, .hi = hi, .is_absent = !isfinite(value) };
}

static struct hep_value proportion_value(const struct hep_proportion *p)
{
    struct hep_value v = interval_value(p->value, p->lo, p->hi);

    v.is_absent = p->n == 0;
    v.k = p->k;
    v.n = p->n;
    v.by_patient[0] = p->by_patient[0];
    v.by_patient[1] = p->by_patient[1];
    return v;
}

struct hep_value hep_value_of_whole(long long whole, bool is_absent)
{
    return (struct hep_value){ .whole = whole, .is_absent = is_absent };
}

struct hep_value hep_value_of_count(size_t k, size_t n)
{
    return (struct hep_value){ .k = k, .n = n, .is_absent = n == 0 };
}

struct hep_value hep_value_of_numbers(const double *list, size_t n, size_t stride)
{
    return (struct hep_value){ .numbers = { list, n, stride }, .is_absent = n == 0 };
}

struct hep_value hep_column_value(const struct hep_column *c, const void *row)
{
    const void *at = (const char *)row + (c->get == NULL ? c->offset : 0);
    const struct hep_interval *interval = at;
    const double *number = at;
    struct hep_value v = { 0 };

    if (c->get != NULL)
        return c->get(c, row);
    switch (c->cell) {
    case HEP_CELL_TEXT:
        return hep_value_of_text(*(const char *const *)at);
    case HEP_CELL_CHARS:
        return hep_value_of_text(at);
    case HEP_CELL_COUNT:
        return hep_value_of_whole((long long)*(const size_t *)at,
                                  *(const size_t *)at == HEP_NO_COUNT);
    case HEP_CELL_INTEGER:
        return hep_value_of_whole(*(const int *)at, *(const int *)at == HEP_NO_INTEGER);
    case HEP_CELL_LONG:
        return hep_value_of_whole(*(const long *)at, false);
    case HEP_CELL_BOOL:
        return hep_value_of_whole(*(const bool *)at, false);
    case HEP_CELL_NUMBER:
        return hep_value_of_number(*number);
    case HEP_CELL_INTERVAL:
    case HEP_CELL_BOOTSTRAP:
        return interval_value(interval->value, interval->lo, interval->hi);
    case HEP_CELL_PROPORTION:
    case HEP_CELL_SHARE:
        return proportion_value(at);
    case HEP_CELL_PAIR:
        v.lo = number[0];
        v.hi = number[1];
        v.is_absent = !isfinite(v.lo) || !isfinite(v.hi);
        return v;
    case HEP_CELL_NUMBERS:
        v.numbers = *(const struct hep_number_list *)at;
        v.is_absent = v.numbers.n == 0;
        return v;
    case HEP_CELL_TEXTS:
        v.texts = *(const struct hep_text_list *)at;
        v.is_absent = v.texts.n == 0;
        return v;
    case HEP_CELL_NAME:
    case HEP_CELL_NESTED:
        break;
    }
    v.is_absent = true;
    return v;
}

struct hep_value hep_table_value(const struct hep_table *t, const struct hep_column *c, size_t i)
{
    if (c->cell == HEP_CELL_NAME)
        return hep_value_of_text(t->name(i));
    return hep_column_value(c, hep_table_row(t, i));
}

/* ---- TSV ------------------------------------------------------------------------------------- */

/* The columns of TSV over which one column is spread: endings of their names, and what is said of
 * them after the meaning of the whole. */
struct part {
    const char *ending, *sense;
};
#define LO                                                                                         \
    {                                                                                              \
        "_lo", "; lower end of the 95 % interval"                                                  \
    }
#define HI                                                                                         \
    {                                                                                              \
        "_hi", "; upper end of the 95 % interval"                                                  \
    }
static const struct part of_one[] = { { "", "" }, { NULL, NULL } };
static const struct part of_interval[] = { { "", "" }, LO, HI, { NULL, NULL } };
static const struct part of_pair[] = { { "_lo", "; from" }, { "_hi", "; to" }, { NULL, NULL } };
static const struct part of_proportion[] = {
    { "_k", "; how many do" }, { "_n", "; of how many" }, { "", "" }, LO, HI, { NULL, NULL }
};

static const struct part *parts_of(enum hep_cell cell)
{
    if (cell == HEP_CELL_INTERVAL || cell == HEP_CELL_BOOTSTRAP)
        return of_interval;
    if (cell == HEP_CELL_PROPORTION || cell == HEP_CELL_SHARE)
        return of_proportion;
    return cell == HEP_CELL_PAIR ? of_pair : of_one;
}

static bool is_in_tsv(const struct hep_column *c)
{
    return c->id != NULL && (c->flags & HEP_NOT_TSV) == 0 && c->cell != HEP_CELL_NESTED;
}

static void add_name(struct hep_str *out, const struct hep_column *c, const struct part *part)
{
    for (const char *s = c->id; *s != '\0'; s++)
        hep_str_addn(out, *s == '.' ? "_" : s, 1);
    hep_str_add(out, part->ending);
}

/* Several values in one cell stand between commas, as BIDS has it. */
static void add_lists(struct hep_str *out, const struct hep_value *v)
{
    struct hep_str joined = { 0 };

    for (size_t i = 0; i < v->numbers.n; i++) {
        hep_str_add(&joined, i > 0 ? "," : "");
        hep_str_add_number(&joined, hep_number_at(&v->numbers, i));
    }
    for (size_t i = 0; i < v->texts.n; i++)
        hep_str_addf(&joined, "%s%s", i > 0 ? "," : "", v->texts.list[i]);
    hep_str_add_tsv(out, hep_str_part(out, &joined));
    hep_str_release(&joined);
}

static void add_interval(struct hep_str *out, const struct hep_value *v)
{
    hep_str_add_number(out, v->number);
    hep_str_add(out, "\t");
    hep_str_add_number(out, v->lo);
    hep_str_add(out, "\t");
    hep_str_add_number(out, v->hi);
}

static void add_cell(struct hep_str *out, const struct hep_table *t, const struct hep_column *c,
                     size_t i)
{
    const struct hep_value v = hep_table_value(t, c, i);

    switch (c->cell) {
    case HEP_CELL_TEXT:
    case HEP_CELL_CHARS:
    case HEP_CELL_NAME:
        hep_str_add_tsv(out, v.text != NULL ? v.text : "");
        return;
    case HEP_CELL_COUNT:
    case HEP_CELL_INTEGER:
    case HEP_CELL_LONG:
        if (v.is_absent)
            hep_str_add(out, "n/a");
        else
            hep_str_addf(out, "%lld", v.whole);
        return;
    case HEP_CELL_BOOL:
        hep_str_add(out, v.whole != 0 ? "true" : "false");
        return;
    case HEP_CELL_NUMBER:
        hep_str_add_number(out, v.number);
        return;
    case HEP_CELL_PROPORTION:
    case HEP_CELL_SHARE:
        hep_str_addf(out, "%zu\t%zu\t", v.k, v.n);
        add_interval(out, &v);
        return;
    case HEP_CELL_INTERVAL:
    case HEP_CELL_BOOTSTRAP:
        add_interval(out, &v);
        return;
    case HEP_CELL_PAIR:
        hep_str_add_number(out, v.lo);
        hep_str_add(out, "\t");
        hep_str_add_number(out, v.hi);
        return;
    case HEP_CELL_NUMBERS:
    case HEP_CELL_TEXTS:
        add_lists(out, &v);
        return;
    case HEP_CELL_NESTED:
        return;
    }
}

void hep_table_tsv(struct hep_str *out, const struct hep_table *t)
{
    const char *between = "";

    for (const struct hep_column *c = t->columns; !hep_column_is_last(c); c++) {
        for (const struct part *p = parts_of(c->cell); is_in_tsv(c) && p->ending != NULL; p++) {
            hep_str_add(out, between);
            add_name(out, c, p);
            between = "\t";
        }
    }
    hep_str_add(out, "\n");
    for (size_t i = 0; i < t->n; i++) {
        between = "";
        if (hep_table_row(t, i) == NULL)
            continue;
        for (const struct hep_column *c = t->columns; !hep_column_is_last(c); c++) {
            if (!is_in_tsv(c))
                continue;
            hep_str_add(out, between);
            add_cell(out, t, c, i);
            between = "\t";
        }
        hep_str_add(out, "\n");
    }
}

/* A number of all parts of a proportion but two has its unit; k and n are counts. */
static void describe(struct hep_put *p, struct hep_json *o, const struct hep_column *c,
                     const struct part *part)
{
    const char *said = c->meaning != NULL ? c->meaning : "";
    const size_t n = strlen(said) - (hep_ends_with(said, ".") ? 1 : 0);
    struct hep_str meaning = { 0 };

    hep_str_addf(&meaning, "%.*s%s.", (int)n, said, part->sense);
    if (p->rc == HEP_OK)
        p->rc = hep_str_check(&meaning, p->err);
    if (c->words != NULL)
        hep_put_text(p, o, "LongName", c->words);
    hep_put_text(p, o, "Description", meaning.s);
    if (c->unit != NULL && strcmp(part->ending, "_k") != 0 && strcmp(part->ending, "_n") != 0)
        hep_put_text(p, o, "Units", c->unit);
    if (c->levels != NULL) {
        struct hep_json *levels = hep_json_new_object();

        for (const struct hep_level *l = c->levels; l->word != NULL; l++)
            hep_put_text(p, levels, l->word, l->meaning);
        hep_put(p, o, "Levels", levels);
    }
    hep_str_release(&meaning);
}

void hep_table_describe(struct hep_put *p, struct hep_json *object, const struct hep_table *t)
{
    for (const struct hep_column *c = t->columns; !hep_column_is_last(c); c++) {
        for (const struct part *part = parts_of(c->cell); is_in_tsv(c) && part->ending != NULL;
             part++) {
            struct hep_json *o = hep_json_new_object();
            struct hep_str name = { 0 };

            add_name(&name, c, part);
            describe(p, o, c, part);
            if (p->rc == HEP_OK)
                p->rc = hep_str_check(&name, p->err);
            hep_put(p, object, name.s, o);
            hep_str_release(&name);
        }
    }
}

struct hep_json *hep_table_dictionary(struct hep_put *p, const struct hep_table *t)
{
    struct hep_json *all = hep_json_new_object();

    hep_table_describe(p, all, t);
    return all;
}

int hep_table_write(const char *dir, const char *name, const struct hep_table *t,
                    struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *dictionary = hep_table_dictionary(&put, t);
    char *tsv_name = hep_asprintf(err, "%s.tsv", name),
         *json_name = hep_asprintf(err, "%s.json", name);
    struct hep_str tsv = { 0 };
    int rc = put.rc;

    if (rc == HEP_OK && (tsv_name == NULL || json_name == NULL))
        rc = HEP_ENOMEM;
    hep_table_tsv(&tsv, t);
    if (rc == HEP_OK)
        rc = hep_str_write(&tsv, dir, tsv_name, err);
    if (rc == HEP_OK)
        rc = hep_json_write_in(dir, json_name, dictionary, err);
    hep_str_release(&tsv);
    hep_json_free(dictionary);
    free(tsv_name);
    free(json_name);
    return rc;
}
