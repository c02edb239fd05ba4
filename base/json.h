/**
 * @file  base/json.h
 * @brief JSON trees over jansson: strict reading, and writing with sorted keys and fixed precision.
 *
 * A tree is owned by whoever holds its root; children are borrowed. Setters take ownership of the
 * child that they are given, also when they fail. Duplicate keys are an error. A number is written
 * with the fewest digits that read back as the same number; hep_json_new_number() rounds to 9
 * significant digits, which is what people and other programs get, hep_json_new_exact() does not. A
 * non-finite number is null.
 */
#ifndef HEP_BASE_JSON_H
#define HEP_BASE_JSON_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct hep_json; /* never defined: a jansson value */

/** Parse n bytes of UTF-8. `name` is used in messages ("name:line:column: ..."). HEP_EFORMAT. Depth
 * <= 64. */
int hep_json_parse(struct hep_json **out, const char *text, size_t n, const char *name,
                   struct hep_error *err) HEP_MUST_CHECK;
/** Read a file of at most 64 MiB. */
int hep_json_read(struct hep_json **out, const char *path, struct hep_error *err) HEP_MUST_CHECK;
void hep_json_free(struct hep_json *root);

/* Reading. A NULL node is allowed everywhere and reads as "missing". */
enum hep_json_type {
    HEP_JSON_MISSING,
    HEP_JSON_NULL,
    HEP_JSON_BOOL,
    HEP_JSON_NUMBER,
    HEP_JSON_STRING,
    HEP_JSON_ARRAY,
    HEP_JSON_OBJECT
};
enum hep_json_type hep_json_type(const struct hep_json *node);
const char *hep_json_type_name(enum hep_json_type type);
const struct hep_json *hep_json_get(const struct hep_json *object, const char *key);
size_t hep_json_size(const struct hep_json *array_or_object);
const struct hep_json *hep_json_at(const struct hep_json *array, size_t i);
/** i-th key of an object in sorted order, with its value; NULL past the end. O(n) per call. */
const char *hep_json_key_at(const struct hep_json *object, size_t i, const struct hep_json **value);
/** All keys in sorted order, for walks through large objects. @param[out] keys heap, the caller's;
 * the texts are borrowed. NULL and n = 0 for an empty object. */
int hep_json_keys(const char ***keys, size_t *n, const struct hep_json *object,
                  struct hep_error *err) HEP_MUST_CHECK;
/** NaN when not a number. */
double hep_json_number(const struct hep_json *node);
/** NULL when not a string; borrowed. */
const char *hep_json_string(const struct hep_json *node);
bool hep_json_bool(const struct hep_json *node, bool fallback);

/* Building. NULL or HEP_ENOMEM when out of memory. */
struct hep_json *hep_json_new_object(void);
struct hep_json *hep_json_new_array(void);
/** Rounded to 9 significant digits; NaN for what is not finite. */
double hep_json_rounded(double value);
struct hep_json *hep_json_new_number(double value); /* hep_json_rounded() */
struct hep_json *hep_json_new_exact(double value);
struct hep_json *hep_json_new_integer(long long value);
struct hep_json *
hep_json_new_string(const char *text); /* NULL text gives null; bad UTF-8 is replaced */
struct hep_json *hep_json_new_bool(bool value);
struct hep_json *hep_json_new_null(void);
/** All of it, or NULL: also of NULL. hep_json_set() and hep_json_append() take NULL for no memory. */
struct hep_json *hep_json_copy(const struct hep_json *node);
int hep_json_set(struct hep_json *object, const char *key, struct hep_json *child,
                 struct hep_error *err) HEP_MUST_CHECK;
int hep_json_append(struct hep_json *array, struct hep_json *child,
                    struct hep_error *err) HEP_MUST_CHECK;

/** Heap text, indented by two blanks, sorted keys, newline at the end; the caller's. */
int hep_json_dump(char **text, const struct hep_json *node, struct hep_error *err) HEP_MUST_CHECK;
/** One line without newline. */
int hep_json_dump_line(char **text, const struct hep_json *node,
                       struct hep_error *err) HEP_MUST_CHECK;
/** Atomic. */
int hep_json_write(const char *path, const struct hep_json *node,
                   struct hep_error *err) HEP_MUST_CHECK;
/** DIR/NAME. */
int hep_json_write_in(const char *dir, const char *name, const struct hep_json *node,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
