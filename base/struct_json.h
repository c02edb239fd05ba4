/**
 * @file  base/struct_json.h
 * @brief A struct as JSON and back, both by one table with a row per member.
 *
 * What a stage hands to other stages is a struct; its table alone writes it to run.json, reads it
 * back from there, releases what it owns, and lists its keys in the reference.
 *
 * A row says what one element of the member is (a truth value, an int, a size_t, a double, a text,
 * one of a list of words, a value of an enumeration, a struct with a table of its own) and what
 * shape the member has: one element, a fixed array, a matrix, an array with a count beside it, a
 * heap list with a count beside it, or an array that is indexed by an enumeration and becomes an
 * object with one key per value. The macros check the member's type when compiling.
 *
 * An element may be unset: NaN, an empty or NULL text, a value that the enumeration has no name
 * for, a struct whose own `present` member is false. Unset elements are null, empty texts, and
 * absent structs; they are left out where the row is optional, and in maps where they are texts,
 * enumerations or structs. Reading gives back the same bits; a number that is not finite becomes
 * NaN when the struct is given away (hep_struct_settle()), so that nobody sees another number than
 * a reader of the file.
 */
#ifndef HEP_BASE_STRUCT_JSON_H
#define HEP_BASE_STRUCT_JSON_H

#include "base/field.h"
#include "base/json.h"

/** Names of the values 0 .. n - 1 of an enumeration; NULL for any other number. */
struct hep_names {
    const char *(*at)(int value);
    int n;
};

/** `variable` for an enumeration whose names the function `name_of` gives. */
#define HEP_NAMES(variable, enumeration, count, name_of)                                           \
    static const char *variable##_at(int value)                                                    \
    {                                                                                              \
        return value >= 0 && value < (int)(count) ? name_of((enum enumeration)value) : NULL;       \
    }                                                                                              \
    static const struct hep_names variable = { variable##_at, (int)(count) }

/** A member that no other row can describe. The functions get the member's address. */
struct hep_custom {
    int (*write)(struct hep_json **out, const void *member, bool exact, struct hep_error *err);
    int (*read)(void *member, const struct hep_json *node, struct hep_error *err);
    void (*release)(void *member); /* may be NULL */
};

enum hep_member_type {
    HEP_MEMBER_END, /* of a table */
    HEP_MEMBER_BOOL,
    HEP_MEMBER_INTEGER,  /* int */
    HEP_MEMBER_COUNT,    /* size_t */
    HEP_MEMBER_NUMBER,   /* double */
    HEP_MEMBER_TEXT,     /* char[], terminated */
    HEP_MEMBER_STRING,   /* char *, owned */
    HEP_MEMBER_WORD,     /* const char *, static: one of a list */
    HEP_MEMBER_ENUM,     /* int or enumeration */
    HEP_MEMBER_STRUCT,   /* by its own table */
    HEP_MEMBER_CUSTOM,   /* by functions */
    HEP_MEMBER_CONSTANT, /* no member: a text that always stands there */
};

enum hep_member_shape {
    HEP_SHAPE_ONE,
    HEP_SHAPE_ARRAY,   /* always `length` elements */
    HEP_SHAPE_MATRIX,  /* `length` rows of `columns` */
    HEP_SHAPE_COUNTED, /* room for `length`, a size_t tells how many count */
    HEP_SHAPE_LIST,    /* a pointer to heap memory that the struct owns, and a size_t */
    HEP_SHAPE_MAP      /* one element per value of an enumeration */
};

struct hep_struct_type;

struct hep_member {
    enum hep_member_type type;
    enum hep_member_shape shape;
    const char *key; /* NULL: the keys of a struct or a map stand in the struct around it */
    bool optional;   /* left out when unset */
    size_t offset, size;
    size_t length, columns, count_offset;
    const struct hep_names *names; /* of an enumeration */
    const struct hep_names *keys;  /* of a map */
    const char *const *words;      /* of a word, NULL at the end; of a constant, its text */
    const struct hep_struct_type *of;
    const struct hep_custom *custom;
    const char *unit; /* NULL where there is none */
    const char *doc;
};

struct hep_struct_type {
    const struct hep_member *members; /* ends with { 0 } */
    size_t size;
    bool may_be_absent;    /* then the bool at this offset tells */
    size_t present_offset; /* HEP_PRESENT() */
};

/* The type of a struct; of one that may be absent, with a `bool present` that has no row. */
#define HEP_STRUCT_TYPE(strct, table)                                                              \
    {                                                                                              \
        table, sizeof(strct), false, 0                                                             \
    }
#define HEP_ABSENT_TYPE(strct, table)                                                              \
    {                                                                                              \
        table, sizeof(strct), true, HEP_MEMBER(bool, strct, present)                               \
    }

/* Parts of a row: what an element is. Of an array, `member` is its first element: "x[0]". */
#define HEP_ELEMENT(kind, ctype, strct, member, the_key)                                           \
    .type = kind, .key = the_key, .offset = HEP_MEMBER(ctype, strct, member),                      \
    .size = sizeof(((strct *)NULL)->member)
#define HEP_IS_BOOL(strct, member, the_key, text)                                                  \
    HEP_ELEMENT(HEP_MEMBER_BOOL, bool, strct, member, the_key), .doc = text
#define HEP_IS_INTEGER(strct, member, the_key, the_unit, text)                                     \
    HEP_ELEMENT(HEP_MEMBER_INTEGER, int, strct, member, the_key), .unit = the_unit, .doc = text
#define HEP_IS_COUNT(strct, member, the_key, text)                                                 \
    HEP_ELEMENT(HEP_MEMBER_COUNT, size_t, strct, member, the_key), .doc = text
#define HEP_IS_NUMBER(strct, member, the_key, the_unit, text)                                      \
    HEP_ELEMENT(HEP_MEMBER_NUMBER, double, strct, member, the_key), .unit = the_unit, .doc = text
/* An array of char and a pointer differ by what their address points to. */
#define HEP_IS_TEXT(strct, member, the_key, text)                                                  \
    .type = HEP_MEMBER_TEXT, .key = the_key, .doc = text,                                          \
    .size = sizeof(((strct *)NULL)->member),                                                       \
    .offset = HEP_MEMBER(char *, strct, member) +                                                  \
              0 * sizeof(char[_Generic(&((strct *)NULL)->member, char **: -1, default : 1)])
#define HEP_IS_STRING(strct, member, the_key, text)                                                \
    .type = HEP_MEMBER_STRING, .key = the_key, .doc = text, .size = sizeof(char *),                \
    .offset = HEP_MEMBER(char *, strct, member) +                                                  \
              0 * sizeof(char[_Generic(&((strct *)NULL)->member, char ** : 1, default              \
                                       : -1)])
#define HEP_IS_WORD(strct, member, the_key, list, text)                                            \
    HEP_ELEMENT(HEP_MEMBER_WORD, const char *, strct, member, the_key), .words = list, .doc = text
#define HEP_IS_ENUM(strct, enumeration, member, the_key, the_names, text)                          \
    HEP_ELEMENT(HEP_MEMBER_ENUM, enumeration, strct, member, the_key), .names = &(the_names),      \
                                                                       .doc = text
#define HEP_IS_STRUCT(strct, inner, member, the_key, the_type, text)                               \
    HEP_ELEMENT(HEP_MEMBER_STRUCT, inner, strct, member, the_key), .of = &(the_type), .doc = text
#define HEP_IS_CUSTOM(strct, ctype, member, the_key, functions, text)                              \
    HEP_ELEMENT(HEP_MEMBER_CUSTOM, ctype, strct, member, the_key), .custom = &(functions),         \
                                                                   .doc = text
#define HEP_IS_CONSTANT(the_key, list, text)                                                       \
    .type = HEP_MEMBER_CONSTANT, .key = the_key, .words = list, .doc = text

/* Parts of a row: the shape, where it is not one element. */
#define HEP_LENGTH(strct, member)                                                                  \
    (sizeof(((strct *)NULL)->member) / sizeof(((strct *)NULL)->member[0]))
#define HEP_ARRAY(strct, member) .shape = HEP_SHAPE_ARRAY, .length = HEP_LENGTH(strct, member)
#define HEP_MATRIX(strct, member)                                                                  \
    .shape = HEP_SHAPE_MATRIX, .length = HEP_LENGTH(strct, member),                                \
    .columns = HEP_LENGTH(strct, member[0])
#define HEP_COUNTED(strct, member, count)                                                          \
    .shape = HEP_SHAPE_COUNTED, .length = HEP_LENGTH(strct, member),                               \
    .count_offset = HEP_MEMBER(size_t, strct, count)
/* The enumeration must have as many names as the array has elements, or fewer. */
#define HEP_MAP(strct, member, the_names)                                                          \
    .shape = HEP_SHAPE_MAP, .length = HEP_LENGTH(strct, member), .keys = &(the_names)
/* A whole row: structs on the heap, "list" and "n". */
#define HEP_ROW_LIST_OF(strct, inner, member, count, the_key, the_type, text)                      \
    {                                                                                              \
        .type = HEP_MEMBER_STRUCT, .shape = HEP_SHAPE_LIST, .key = the_key,                        \
        .offset = HEP_MEMBER(inner *, strct, member), .size = sizeof(inner),                       \
        .count_offset = HEP_MEMBER(size_t, strct, count), .of = &(the_type), .doc = text           \
    }

/** A struct in which everything is unset; the caller's, for free() after hep_struct_release().
 * NULL: no memory. */
void *hep_struct_new(const struct hep_struct_type *type, struct hep_error *err);
/** The same in memory of the caller's. */
void hep_struct_init(void *base, const struct hep_struct_type *type);
/** Free what the struct owns, and leave everything unset. */
void hep_struct_release(void *base, const struct hep_struct_type *type);
/** Numbers that are not finite become NaN. */
void hep_struct_settle(void *base, const struct hep_struct_type *type);

/**
 * The struct as an object.
 * @param[in] exact numbers keep their bits, for a file that is read back; else they have 9 digits
 */
int hep_struct_json(struct hep_json **out, const void *base, const struct hep_struct_type *type,
                    bool exact, struct hep_error *err) HEP_MUST_CHECK;
/**
 * Fill a struct from what hep_struct_json() wrote. Keys that no row has are ignored; a missing heap
 * list or map is empty.
 * @param[out] base overwritten; everything unset on failure
 * @return HEP_EFORMAT "key: key: what was met"; HEP_ENOMEM
 */
int hep_struct_read(void *base, const struct hep_struct_type *type, const struct hep_json *object,
                    struct hep_error *err) HEP_MUST_CHECK;

/** "key<TAB>unit<TAB>doc" lines of every key, nested ones as "outer.inner", of lists of structs as
 * "outer[].inner", of maps as "outer.*". */
struct hep_str;
void hep_struct_describe(struct hep_str *out, const struct hep_struct_type *type);

#endif
