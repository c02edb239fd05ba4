/**
 * @file  base/field.h
 * @brief One row per setting: the schema that drives parsing, ranges, defaults, units, the manual,
 *        and the effective file. To add a setting, add a member and one row
 * (pipeline/config/table.c).
 *
 * Rows are made by the macros below, which check the type of the member when compiling. A value
 * that was not given is NAN for numbers and both ends of a span, and 0 entries for a list; its row
 * has the preset "none" and its documentation says what then happens.
 */
#ifndef HEP_BASE_FIELD_H
#define HEP_BASE_FIELD_H

#include "base/error.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

#define HEP_TEXT_MAX 160 /* bytes of a text setting, with its terminator */
#define HEP_LIST_MAX 64  /* entries of a list setting */

/** Two numbers, lo <= hi; both NAN when not given. Written as [lo, hi]. */
struct hep_span {
    double lo, hi;
};

/** A short list of numbers. Written as [a, b, c]. */
struct hep_list {
    size_t n;
    double v[HEP_LIST_MAX];
};

#define HEP_WORDS_BYTES 2048
/** Words of a command, each terminated, one after the other. Written as [a, "b c"]. */
struct hep_words {
    size_t n; /* at most HEP_LIST_MAX */
    char s[HEP_WORDS_BYTES];
};
/** Word i < n; borrowed. */
const char *hep_words_at(const struct hep_words *words, size_t i);

/** A short text, terminated. */
struct hep_text {
    char s[HEP_TEXT_MAX];
};

enum hep_field_type {
    HEP_FIELD_BOOL,    /* bool: true, false */
    HEP_FIELD_INTEGER, /* long */
    HEP_FIELD_NUMBER,  /* double */
    HEP_FIELD_TEXT,    /* struct hep_text; one of choices when there are any */
    HEP_FIELD_CHOICE,  /* int: index into choices */
    HEP_FIELD_SPAN,    /* struct hep_span */
    HEP_FIELD_LIST,    /* struct hep_list */
    HEP_FIELD_WORDS    /* struct hep_words */
};

struct hep_field {
    const char *key;  /* dotted: "diffusion.adc.b_min_s_per_mm2"; NULL ends a table */
    const char *unit; /* "mm2/s"; "" for pure numbers and texts */
    enum hep_field_type type;
    double min, max;            /* inclusive, for numbers and each entry of spans and lists */
    const char *preset;         /* the default as it is written in a file */
    const char *doc;            /* what it does; the last words name the source */
    const char *const *choices; /* HEP_FIELD_CHOICE, HEP_FIELD_TEXT: NULL-terminated */
    size_t offset;
};

/* offsetof() that does not compile when the member has another type. */
#define HEP_MEMBER(type, strct, member)                                                            \
    (offsetof(strct, member) + 0 * sizeof(char[_Generic(((strct *)NULL)->member, type : 1, default \
                                                        : -1)]))

#define HEP_ROW_BOOL(strct, member, key, preset, doc)                                              \
    {                                                                                              \
        key, "", HEP_FIELD_BOOL, 0, 1, preset, doc, NULL, HEP_MEMBER(bool, strct, member)          \
    }
#define HEP_ROW_INTEGER(strct, member, key, unit, min, max, preset, doc)                           \
    {                                                                                              \
        key, unit, HEP_FIELD_INTEGER, min, max, preset, doc, NULL, HEP_MEMBER(long, strct, member) \
    }
#define HEP_ROW_NUMBER(strct, member, key, unit, min, max, preset, doc)                            \
    {                                                                                              \
        key, unit, HEP_FIELD_NUMBER, min, max, preset, doc, NULL,                                  \
            HEP_MEMBER(double, strct, member)                                                      \
    }
#define HEP_ROW_TEXT(strct, member, key, preset, doc)                                              \
    {                                                                                              \
        key, "", HEP_FIELD_TEXT, 0, 0, preset, doc, NULL,                                          \
            HEP_MEMBER(struct hep_text, strct, member)                                             \
    }
/* A text that must be one of the choices. */
#define HEP_ROW_NAME(strct, member, key, choices, preset, doc)                                     \
    {                                                                                              \
        key, "", HEP_FIELD_TEXT, 0, 0, preset, doc, choices,                                       \
            HEP_MEMBER(struct hep_text, strct, member)                                             \
    }
#define HEP_ROW_CHOICE(strct, member, key, choices, preset, doc)                                   \
    {                                                                                              \
        key, "", HEP_FIELD_CHOICE, 0, 0, preset, doc, choices, HEP_MEMBER(int, strct, member)      \
    }
#define HEP_ROW_SPAN(strct, member, key, unit, min, max, preset, doc)                              \
    {                                                                                              \
        key, unit, HEP_FIELD_SPAN, min, max, preset, doc, NULL,                                    \
            HEP_MEMBER(struct hep_span, strct, member)                                             \
    }
#define HEP_ROW_LIST(strct, member, key, unit, min, max, preset, doc)                              \
    {                                                                                              \
        key, unit, HEP_FIELD_LIST, min, max, preset, doc, NULL,                                    \
            HEP_MEMBER(struct hep_list, strct, member)                                             \
    }

#define HEP_ROW_WORDS(strct, member, key, preset, doc)                                             \
    {                                                                                              \
        key, "", HEP_FIELD_WORDS, 0, 0, preset, doc, NULL,                                         \
            HEP_MEMBER(struct hep_words, strct, member)                                            \
    }

struct hep_yaml_doc;
struct hep_yaml;

/** Row of this key; NULL when there is none. */
const struct hep_field *hep_field_find(const struct hep_field *table, const char *key);

/**
 * Read one node into the member of a row.
 * @param[in,out] base start of the struct that the row's offset counts from; the member is
 * untouched on failure
 * @return HEP_OK; HEP_ECONFIG "name:line:column: key: value met, values allowed"
 */
int hep_field_read(void *base, const struct hep_field *field, const struct hep_yaml_doc *doc,
                   const struct hep_yaml *node, struct hep_error *err) HEP_MUST_CHECK;

/** Fill the member from text as it would stand in a file ("[0, 50]", "true"). HEP_ECONFIG "key:
 * ...". */
int hep_field_set(void *base, const struct hep_field *field, const char *text,
                  struct hep_error *err) HEP_MUST_CHECK;

/** Append the member's value as it is written in a file; numbers read back to the same bits. */
void hep_field_print(struct hep_str *out, const void *base, const struct hep_field *field);

/** Every member of a table from its preset. HEP_ECONFIG names a row whose preset breaks its own
 * rule. */
int hep_field_presets(void *base, const struct hep_field *table,
                      struct hep_error *err) HEP_MUST_CHECK;

/** "number from 0 to 5, s" or "one of: a, b": for messages and the manual. */
void hep_field_describe(struct hep_str *out, const struct hep_field *field);

#endif
