/**
 * @file  base/table.h
 * @brief Results as tables: a column is one row of a constant array, and one writer per form walks
 *        it: aligned text for a terminal, TSV with its BIDS data dictionary, JSON. The writer of
 *        HTML is report/html_table.h.
 *
 * A column says once what a result is called, its unit, its meaning, how many digits people see,
 * and where the value lies in the struct that is a row of the table. To add a result, add a member
 * to that struct and a column.
 *
 *     #define S struct liver_row
 *     static const struct hep_column columns[] = {
 *         { "study", HEP_TEXT(S, study), "Study", .meaning = "Label of the study" },
 *         { "adc", HEP_NUMBER(S, adc), "ADC", "mm2/s", HEP_SIGNIFICANT(3), "Median of the liver" },
 *         { "n", HEP_COUNT(S, n) },
 *         { 0 },
 *     };
 *
 * Absent values: a text that is NULL or empty, a number that is not finite, HEP_NO_COUNT,
 * HEP_NO_INTEGER, an empty list. TSV writes n/a, JSON null, people see a dash; people do not see a
 * column that no row has a value for.
 */
#ifndef HEP_BASE_TABLE_H
#define HEP_BASE_TABLE_H

#include "base/estimate.h"
#include "base/field.h"
#include "base/json_put.h"

#include <limits.h>
#include <stdint.h>

/** What a cell holds. TSV spreads the kinds with several numbers over several columns, whose names
 * end in the words that stand in brackets. */
enum hep_cell {
    HEP_CELL_TEXT,       /* const char * */
    HEP_CELL_CHARS,      /* char [] */
    HEP_CELL_COUNT,      /* size_t */
    HEP_CELL_INTEGER,    /* int */
    HEP_CELL_LONG,       /* long */
    HEP_CELL_BOOL,       /* bool */
    HEP_CELL_NUMBER,     /* double */
    HEP_CELL_INTERVAL,   /* struct hep_interval [, _lo, _hi]; JSON value, lo, hi */
    HEP_CELL_BOOTSTRAP,  /* struct hep_interval, as above; JSON value, bootstrap_95: [lo, hi] */
    HEP_CELL_PROPORTION, /* struct hep_proportion [_k, _n, , _lo, _hi]; JSON k, n, value, wilson_95
                          */
    HEP_CELL_PAIR,       /* two doubles, one after the other [_lo, _hi]; JSON [lo, hi] */
    HEP_CELL_NUMBERS,    /* struct hep_number_list */
    HEP_CELL_SHARE,      /* the same with its bootstrap; JSON has also bootstrap_95 */
    HEP_CELL_TEXTS,      /* struct hep_text_list */
    HEP_CELL_NAME,       /* nothing: the name of the row in an array whose rows have names */
    HEP_CELL_NESTED      /* a struct, an array or a list; JSON only */
};
#define HEP_NO_COUNT SIZE_MAX
#define HEP_NO_INTEGER INT_MIN

/** Borrowed lists. */
struct hep_number_list {
    const double *list;
    size_t n, stride; /* bytes from one to the next; 0: they lie side by side */
};
struct hep_text_list {
    const char *const *list;
    size_t n;
};

struct hep_column;

/** A cell that has been taken from its row. */
struct hep_value {
    bool is_absent;
    const char *text;
    long long whole;       /* count, integer, truth */
    double number, lo, hi; /* the number, and its interval or the pair */
    size_t k, n;           /* of a proportion */
    double by_patient[2];
    struct hep_number_list numbers;
    struct hep_text_list texts;
};
double hep_number_at(const struct hep_number_list *numbers, size_t i);
/** Of a text; NULL or "" is absent. */
struct hep_value hep_value_of_text(const char *text);
struct hep_value hep_value_of_number(double number);
struct hep_value hep_value_of_whole(long long whole, bool is_absent);
/** "k of n"; absent for n = 0. */
struct hep_value hep_value_of_count(size_t k, size_t n);
struct hep_value hep_value_of_numbers(const double *list, size_t n, size_t stride);

/** A `get` of a column, from the row `r` of that struct: HEP_GETTER(state, struct s, hep_value_of_text(name(r->state))); */
#define HEP_GETTER(getter, strct, value)                                                           \
    static struct hep_value getter(const struct hep_column *column, const void *row)               \
    {                                                                                              \
        const strct *r = row;                                                                      \
                                                                                                   \
        (void)column;                                                                              \
        return (value);                                                                            \
    }                                                                                              \
    struct hep_column

/** How people see a number: shown = stored * scale, in `unit` (NULL: the unit that is stored). */
struct hep_look {
    double scale; /* 0: as 1 */
    const char *unit;
    int digits; /* decimals; below 0: that many significant digits; or HEP_DIGITS_CLOCK */
};
#define HEP_DIGITS_CLOCK INT_MAX
#define HEP_DIGITS_NONE INT_MIN /* of a proportion only "k of n" */
/* That member of a column; what follows is its meaning. */
#define HEP_LOOK(...) .look = { __VA_ARGS__ }
#define HEP_DECIMALS(n) HEP_LOOK(1.0, NULL, (n))
#define HEP_SIGNIFICANT(n) HEP_LOOK(1.0, NULL, -(n))
#define HEP_PERCENT(n) HEP_LOOK(100.0, "%", (n))
#define HEP_K_OF_N HEP_LOOK(1.0, NULL, HEP_DIGITS_NONE)
/** Seconds as minutes:seconds, and as minutes. */
#define HEP_CLOCK HEP_LOOK(1.0, "min:s", HEP_DIGITS_CLOCK)
#define HEP_MINUTES(n) HEP_LOOK(1.0 / 60.0, "min", (n))

/** A word that a text column may hold, for the data dictionary. The last has a NULL word. */
struct hep_level {
    const char *word, *meaning;
};

/** Flags of a column. */
#define HEP_OPTIONAL 1U /* JSON leaves the member out when it is absent, instead of null */
#define HEP_NOT_TSV 2U
#define HEP_NOT_JSON 4U
#define HEP_NOT_TERMINAL 8U
#define HEP_NOT_HTML 16U

struct hep_column;
/** What lies within a row. */
struct hep_nested {
    const struct hep_column *columns;
    enum hep_nest { HEP_NEST_OBJECT, HEP_NEST_ARRAY, HEP_NEST_KEYED } form; /* of JSON */
    size_t n, size;                /* elements, bytes of each */
    size_t count_at;               /* how many there are lies here; 0: n */
    bool is_pointer;               /* the member points to the elements */
    const char *(*name)(size_t i); /* of an element; NULL */
};

struct hep_column {
    /* Key of files. "liver.dice" is the member dice of liver in JSON and liver_dice in TSV; columns
     * of one member are neighbours. "": its members stand in the object itself. NULL: not in files.
     */
    const char *id;
    enum hep_cell cell;
    size_t offset;     /* of the member, from the start of the row; free for `get` */
    const char *words; /* head for people; NULL: people do not see it */
    const char *unit;  /* stored; "1" for pure numbers, NULL for texts and counts */
    struct hep_look look;
    const char *meaning; /* for the data dictionary: a full stop is added */
    unsigned flags;
    const struct hep_level *levels; /* NULL: any text */
    const struct hep_nested *nested;
    /* Takes the value from a row that is not a plain struct; NULL. */
    struct hep_value (*get)(const struct hep_column *column, const void *row);
    /* Writes the cell of a page where it shows more than the value: a link, a mark; NULL. */
    void (*html)(struct hep_str *out, const struct hep_column *column, const void *row);
};

/* Kind and place of a member, after the id of a column; what follows is its words. They do not
 * compile when the member has another type. */
#define HEP_CELL(kind, place) .cell = HEP_CELL_##kind, .offset = (place)
#define HEP_TEXT(strct, member)                                                                    \
    HEP_CELL(                                                                                      \
        TEXT,                                                                                      \
        offsetof(strct, member) +                                                                  \
            0 * sizeof(                                                                            \
                    char[_Generic(((strct *)NULL)->member, char * : 1, const char * : 1, default   \
                                  : -1)]) +                                                        \
            0 * sizeof(char[sizeof((strct *)NULL)->member == sizeof(char *) ? 1 : -1]))
#define HEP_CHARS(strct, member)                                                                   \
    HEP_CELL(CHARS,                                                                                \
             offsetof(strct, member) + 0 * sizeof(&((strct *)NULL)->member == (char(*)[])NULL))
#define HEP_COUNT(strct, member) HEP_CELL(COUNT, HEP_MEMBER(size_t, strct, member))
#define HEP_INTEGER(strct, member) HEP_CELL(INTEGER, HEP_MEMBER(int, strct, member))
#define HEP_LONG(strct, member) HEP_CELL(LONG, HEP_MEMBER(long, strct, member))
#define HEP_BOOL(strct, member) HEP_CELL(BOOL, HEP_MEMBER(bool, strct, member))
#define HEP_NUMBER(strct, member) HEP_CELL(NUMBER, HEP_MEMBER(double, strct, member))
#define HEP_INTERVAL(strct, member)                                                                \
    HEP_CELL(INTERVAL, HEP_MEMBER(struct hep_interval, strct, member))
#define HEP_BOOTSTRAP(strct, member)                                                               \
    HEP_CELL(BOOTSTRAP, HEP_MEMBER(struct hep_interval, strct, member))
#define HEP_PROPORTION(strct, member)                                                              \
    HEP_CELL(PROPORTION, HEP_MEMBER(struct hep_proportion, strct, member))
#define HEP_SHARE(strct, member) HEP_CELL(SHARE, HEP_MEMBER(struct hep_proportion, strct, member))
/** `member` is the first of the two. */
#define HEP_PAIR(strct, member) HEP_CELL(PAIR, HEP_MEMBER(double, strct, member))
#define HEP_NUMBERS(strct, member)                                                                 \
    HEP_CELL(NUMBERS, HEP_MEMBER(struct hep_number_list, strct, member))
#define HEP_TEXTS(strct, member) HEP_CELL(TEXTS, HEP_MEMBER(struct hep_text_list, strct, member))
#define HEP_NAME HEP_CELL(NAME, 0)
/** A struct within the struct. */
#define HEP_OBJECT(strct, member, columns)                                                         \
    HEP_NEST(offsetof(strct, member), columns, HEP_NEST_OBJECT, 1, 0, 0, false, NULL)
/** An array within the struct, as a list, or as an object whose keys are the names of the elements;
 * elements whose first value is absent are left out. */
#define HEP_EACH(strct, member, columns)                                                           \
    HEP_NEST(offsetof(strct, member), columns, HEP_NEST_ARRAY, HEP_N_ELEMENTS(strct, member),      \
             sizeof(((strct *)NULL)->member[0]), 0, false, NULL)
#define HEP_KEYED(strct, member, columns, name)                                                    \
    HEP_NEST(offsetof(strct, member), columns, HEP_NEST_KEYED, HEP_N_ELEMENTS(strct, member),      \
             sizeof(((strct *)NULL)->member[0]), 0, false, name)
/** A pointer to `count` elements, or an array of which `count` are in use; `count` is no first member. */
#define HEP_LIST(strct, member, count, columns)                                                    \
    HEP_NEST(offsetof(strct, member), columns, HEP_NEST_ARRAY, 0,                                  \
             sizeof(*((strct *)NULL)->member), HEP_MEMBER(size_t, strct, count), true, NULL)
#define HEP_SOME(strct, member, count, columns)                                                    \
    HEP_NEST(offsetof(strct, member), columns, HEP_NEST_ARRAY, 0,                                  \
             sizeof(((strct *)NULL)->member[0]), HEP_MEMBER(size_t, strct, count), false, NULL)
#define HEP_N_ELEMENTS(strct, member)                                                              \
    (sizeof(((strct *)NULL)->member) / sizeof(((strct *)NULL)->member[0]))
#define HEP_NEST(place, ...)                                                                       \
    .nested = &(const struct hep_nested){ __VA_ARGS__ }, .cell = HEP_CELL_NESTED, .offset = (place)

struct hep_table {
    const char *caption;              /* for people; NULL: none */
    const struct hep_column *columns; /* the last has neither id nor words */
    const void *rows;                 /* n structs of `size` bytes; borrowed */
    size_t n, size;
    bool has_gaps;                 /* rows whose first value is absent are left out */
    const char *(*name)(size_t i); /* of a row: HEP_NAME; NULL */
    /* Lines that a terminal shows below a row; NULL. */
    void (*below)(struct hep_str *out, const void *row);
    void *owned; /* freed by hep_table_release(); NULL */
};
#define HEP_TABLE_OF(text, cols, array, count, ...)                                                \
    {                                                                                              \
        .caption = (text), .columns = (cols), .rows = (array), .n = (count),                       \
        .size = sizeof *(array), __VA_ARGS__                                                       \
    }
/** Of an array of structs. */
#define HEP_TABLE(caption, columns, rows, n)                                                       \
    HEP_TABLE_OF(caption, columns, rows, n, .has_gaps = false)
/** The same without the rows whose first value is absent. */
#define HEP_TABLE_GAPS(caption, columns, rows, n)                                                  \
    HEP_TABLE_OF(caption, columns, rows, n, .has_gaps = true)
/** The same of an array whose rows have names. */
#define HEP_TABLE_NAMED(caption, columns, rows, n, names)                                          \
    HEP_TABLE_OF(caption, columns, rows, n, .has_gaps = true, .name = (names))
/** A table that owns its heap of rows. */
#define HEP_TABLE_OWNED(caption, columns, rows, n)                                                 \
    HEP_TABLE_OF(caption, columns, rows, n, .owned = (rows))
void hep_table_release(struct hep_table *t);

bool hep_column_is_last(const struct hep_column *c);
/** Row i; NULL when it is left out. */
const void *hep_table_row(const struct hep_table *t, size_t i);
struct hep_value hep_column_value(const struct hep_column *c, const void *row);
/** The same in row i of a table, which may have a name. */
struct hep_value hep_table_value(const struct hep_table *t, const struct hep_column *c, size_t i);

/* ---- for people ------------------------------------------------------------------------------ */

/** What differs between a terminal and a page: how texts and numbers are written. */
struct hep_pen {
    void (*text)(struct hep_str *out, const char *text);
    void (*number)(struct hep_str *out, double shown, int digits); /* finite */
    const char *absent;
};
/** The value as people see it: "82.0 (69.2 to 90.2)", "41 of 50, 82.0 (69.2 to 90.2)". */
void hep_value_show(struct hep_str *out, const struct hep_column *c, const struct hep_value *v,
                    const struct hep_pen *pen);
/** Unit in which people see a column; NULL for pure numbers and texts. */
const char *hep_column_shown_unit(const struct hep_column *c);
/** Do people see the column: has it words, may it be seen in this form (HEP_NOT_TERMINAL,
 * HEP_NOT_HTML), and has some row a value? */
bool hep_column_is_seen(const struct hep_table *t, const struct hep_column *c, unsigned not_here);

/**
 * For a terminal: the caption, heads with units, and one line per row, numbers to the right, texts
 * to the left, two blanks between columns; indented below a caption. Control characters become '?'.
 * A width is counted in code points. Nothing for a table without rows.
 */
void hep_table_text(struct hep_str *out, const struct hep_table *t);
/** One row as lines "  words   value unit"; absent values have no line. */
void hep_row_text(struct hep_str *out, const struct hep_column *columns, const void *row);
/** Text of a file for a terminal: control characters become '?', bad UTF-8 U+FFFD. */
void hep_str_add_terminal(struct hep_str *out, const char *text);

/* ---- files ----------------------------------------------------------------------------------- */

void hep_table_tsv(struct hep_str *out, const struct hep_table *t);
/** BIDS data dictionary of the TSV: {"COLUMN": {"LongName", "Description", "Units", "Levels"}}. */
struct hep_json *hep_table_dictionary(struct hep_put *p, const struct hep_table *t);
/** The same put into an object that holds other members, too. */
void hep_table_describe(struct hep_put *p, struct hep_json *object, const struct hep_table *t);
/** DIR/NAME.tsv with its data dictionary DIR/NAME.json; each atomic. */
int hep_table_write(const char *dir, const char *name, const struct hep_table *t,
                    struct hep_error *err) HEP_MUST_CHECK;

/** Members of one row, added to an object. */
void hep_row_put(struct hep_put *p, struct hep_json *object, const struct hep_column *columns,
                 const void *row);
/** One row as an object. */
struct hep_json *hep_row_json(struct hep_put *p, const struct hep_column *columns, const void *row);
/** Rows as an array of objects. */
struct hep_json *hep_table_json(struct hep_put *p, const struct hep_table *t);
/** Rows as an object whose keys are their names or the texts of the first column. */
struct hep_json *hep_table_keyed(struct hep_put *p, const struct hep_table *t);

#endif
