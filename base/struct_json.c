#include "base/struct_json.h"

#include "base/alloc.h"
#include "base/json_put.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

/* ---- places ---------------------------------------------------------------------------------- */

static size_t count_of(const struct hep_member *m, const char *base)
{
    switch (m->shape) {
    case HEP_SHAPE_ONE:
        return 1;
    case HEP_SHAPE_MATRIX:
        return m->length * m->columns;
    case HEP_SHAPE_COUNTED:
    case HEP_SHAPE_LIST:
        return *(const size_t *)(const void *)(base + m->count_offset);
    case HEP_SHAPE_MAP:
        return (size_t)m->keys->n < m->length ? (size_t)m->keys->n : m->length;
    case HEP_SHAPE_ARRAY:
    default:
        return m->length;
    }
}

static const char *first_of(const struct hep_member *m, const char *base)
{
    return m->shape == HEP_SHAPE_LIST ? *(const char *const *)(const void *)(base + m->offset)
                                      : base + m->offset;
}

static char *writable_first(const struct hep_member *m, char *base)
{
    return m->shape == HEP_SHAPE_LIST ? *(char **)(void *)(base + m->offset) : base + m->offset;
}

static void set_count(const struct hep_member *m, char *base, size_t n)
{
    *(size_t *)(void *)(base + m->count_offset) = n;
}

/* ---- unset, release -------------------------------------------------------------------------- */

/* The first value of an enumeration that has no name, which stands for "unset"; its number of values when all have
 * one. */
static int nameless(const struct hep_names *names)
{
    int value = 0;

    while (value < names->n && names->at(value) != NULL)
        value++;
    return value;
}

/* Structs nest as deep as their tables, which are the program's own text. Everything below follows
 * them. NOLINTBEGIN(misc-no-recursion) */

static void unset(char *place, const struct hep_member *m)
{
    (void)memset(place, 0, m->size);
    if (m->type == HEP_MEMBER_NUMBER)
        *(double *)(void *)place = (double)NAN;
    else if (m->type == HEP_MEMBER_ENUM)
        *(int *)(void *)place = nameless(m->names);
    else if (m->type == HEP_MEMBER_STRUCT)
        hep_struct_init(place, m->of);
}

void hep_struct_init(void *base, const struct hep_struct_type *type)
{
    (void)memset(base, 0, type->size);
    for (const struct hep_member *m = type->members; m->type != HEP_MEMBER_END; m++) {
        const size_t n = m->shape == HEP_SHAPE_COUNTED ? m->length : count_of(m, base);

        for (size_t i = 0; m->type != HEP_MEMBER_CONSTANT && i < n; i++)
            unset(writable_first(m, base) + i * m->size, m);
    }
}

void *hep_struct_new(const struct hep_struct_type *type, struct hep_error *err)
{
    void *base = hep_calloc(1, type->size, err);

    if (base != NULL)
        hep_struct_init(base, type);
    return base;
}

static void release_members(char *base, const struct hep_struct_type *type)
{
    for (const struct hep_member *m = type->members; m->type != HEP_MEMBER_END; m++) {
        const size_t n = m->type == HEP_MEMBER_CONSTANT ? 0 : count_of(m, base);
        /* A list of nothing may have room. */
        char *first = n > 0 || m->shape == HEP_SHAPE_LIST ? writable_first(m, base) : NULL;

        for (size_t i = 0; i < n; i++) {
            char *place = first + i * m->size;

            if (m->type == HEP_MEMBER_STRING)
                free(*(char **)(void *)place);
            else if (m->type == HEP_MEMBER_STRUCT)
                release_members(place, m->of);
            else if (m->type == HEP_MEMBER_CUSTOM && m->custom->release != NULL)
                m->custom->release(place);
        }
        if (m->shape == HEP_SHAPE_LIST)
            free(first);
    }
}

void hep_struct_release(void *base, const struct hep_struct_type *type)
{
    if (base == NULL)
        return;
    release_members(base, type);
    hep_struct_init(base, type);
}

void hep_struct_settle(void *base, const struct hep_struct_type *type)
{
    for (const struct hep_member *m = type->members; m->type != HEP_MEMBER_END; m++) {
        const size_t n = m->type == HEP_MEMBER_CONSTANT ? 0 : count_of(m, base);

        for (size_t i = 0; i < n; i++) {
            char *place = writable_first(m, base) + i * m->size;

            if (m->type == HEP_MEMBER_STRUCT)
                hep_struct_settle(place, m->of);
            else if (m->type == HEP_MEMBER_NUMBER && !isfinite(*(double *)(void *)place))
                *(double *)(void *)place = (double)NAN;
        }
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

struct writer {
    struct hep_put put;
    bool exact;
};

static bool is_absent(const void *place, const struct hep_struct_type *type)
{
    return type->may_be_absent &&
           !*(const bool *)(const void *)((const char *)place + type->present_offset);
}

static bool is_unset(const char *place, const struct hep_member *m)
{
    if (m->type == HEP_MEMBER_NUMBER)
        return !isfinite(*(const double *)(const void *)place);
    if (m->type == HEP_MEMBER_TEXT)
        return *place == '\0';
    if (m->type == HEP_MEMBER_STRING || m->type == HEP_MEMBER_WORD)
        return *(const char *const *)(const void *)place == NULL;
    if (m->type == HEP_MEMBER_ENUM)
        return m->names->at(*(const int *)(const void *)place) == NULL;
    return m->type == HEP_MEMBER_STRUCT && is_absent(place, m->of);
}

static void write_members(struct writer *w, struct hep_json *object, const char *base,
                          const struct hep_struct_type *type);

static struct hep_json *element_json(struct writer *w, const char *place,
                                     const struct hep_member *m)
{
    struct hep_json *o = NULL;
    double number;

    switch (m->type) {
    case HEP_MEMBER_BOOL:
        return hep_json_new_bool(*(const bool *)(const void *)place);
    case HEP_MEMBER_INTEGER:
        return hep_json_new_integer(*(const int *)(const void *)place);
    case HEP_MEMBER_COUNT:
        return hep_json_new_integer((long long)*(const size_t *)(const void *)place);
    case HEP_MEMBER_NUMBER:
        number = *(const double *)(const void *)place;
        return w->exact ? hep_json_new_exact(number) : hep_json_new_number(number);
    case HEP_MEMBER_TEXT:
        return hep_json_new_string(place);
    case HEP_MEMBER_STRING:
    case HEP_MEMBER_WORD:
        return hep_json_new_string(*(const char *const *)(const void *)place);
    case HEP_MEMBER_ENUM:
        return hep_json_new_string(m->names->at(*(const int *)(const void *)place));
    case HEP_MEMBER_STRUCT:
        o = hep_json_new_object();
        write_members(w, o, place, m->of);
        return o;
    case HEP_MEMBER_CUSTOM:
        if (w->put.rc == HEP_OK)
            w->put.rc = m->custom->write(&o, place, w->exact, w->put.err);
        return o;
    case HEP_MEMBER_CONSTANT:
        return hep_json_new_string(m->words[0]);
    case HEP_MEMBER_END:
    default:
        return hep_json_new_null();
    }
}

static struct hep_json *list_json(struct writer *w, const char *place, size_t n,
                                  const struct hep_member *m)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < n; i++)
        hep_put_item(&w->put, list, element_json(w, place + i * m->size, m));
    return list;
}

static struct hep_json *matrix_json(struct writer *w, const char *place, const struct hep_member *m)
{
    struct hep_json *rows = hep_json_new_array();

    for (size_t i = 0; i < m->length; i++)
        hep_put_item(&w->put, rows, list_json(w, place + i * m->columns * m->size, m->columns, m));
    return rows;
}

/* A number that is unset keeps its key, so that a reader sees that it was looked for. */
static bool is_left_out(const char *place, const struct hep_member *m)
{
    const bool in_map = m->shape == HEP_SHAPE_MAP && m->type != HEP_MEMBER_NUMBER;

    return (m->optional || in_map || m->type == HEP_MEMBER_STRUCT) && is_unset(place, m);
}

static void write_map(struct writer *w, struct hep_json *object, const char *base,
                      const struct hep_member *m)
{
    struct hep_json *map = m->key != NULL ? hep_json_new_object() : object;
    const size_t n = count_of(m, base);

    for (size_t i = 0; i < n; i++) {
        const char *place = base + m->offset + i * m->size;

        if (!is_left_out(place, m))
            hep_put(&w->put, map, m->keys->at((int)i), element_json(w, place, m));
    }
    if (m->key != NULL)
        hep_put(&w->put, object, m->key, map);
}

static void write_one(struct writer *w, struct hep_json *object, const char *base,
                      const struct hep_member *m)
{
    const char *place = base + m->offset;

    if (is_left_out(place, m))
        return;
    if (m->key == NULL)
        write_members(w, object, place, m->of);
    else
        hep_put(&w->put, object, m->key, element_json(w, place, m));
}

static void write_members(struct writer *w, struct hep_json *object, const char *base,
                          const struct hep_struct_type *type)
{
    for (const struct hep_member *m = type->members; m->type != HEP_MEMBER_END; m++) {
        switch (m->shape) {
        case HEP_SHAPE_ONE:
            write_one(w, object, base, m);
            break;
        case HEP_SHAPE_MAP:
            write_map(w, object, base, m);
            break;
        case HEP_SHAPE_MATRIX:
            hep_put(&w->put, object, m->key, matrix_json(w, base + m->offset, m));
            break;
        case HEP_SHAPE_ARRAY:
        case HEP_SHAPE_COUNTED:
        case HEP_SHAPE_LIST:
            if (!m->optional || (count_of(m, base) > 0 && !is_unset(first_of(m, base), m)))
                hep_put(&w->put, object, m->key,
                        list_json(w, first_of(m, base), count_of(m, base), m));
            break;
        }
    }
}

int hep_struct_json(struct hep_json **out, const void *base, const struct hep_struct_type *type,
                    bool exact, struct hep_error *err)
{
    struct writer w = { { HEP_OK, err }, exact };
    struct hep_json *object = hep_json_new_object();

    write_members(&w, object, base, type);
    if (w.put.rc == HEP_OK && object == NULL)
        w.put.rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for a JSON object");
    if (w.put.rc == HEP_OK)
        *out = object;
    else
        hep_json_free(object);
    return w.put.rc;
}

/* ---- reading --------------------------------------------------------------------------------- */

static int refuse(const struct hep_json *node, const char *wanted, struct hep_error *err)
{
    const char *text = hep_json_string(node);

    return HEP_FAIL(err, HEP_EFORMAT, "met %s%s%s, wanted is %s",
                    text != NULL ? "'" : hep_json_type_name(hep_json_type(node)),
                    text != NULL ? text : "", text != NULL ? "'" : "", wanted);
}

static int read_whole(double *out, const struct hep_json *node, double lowest, double highest,
                      struct hep_error *err)
{
    *out = hep_json_number(node);
    return *out >= lowest && *out <= highest && *out == floor(*out)
               ? HEP_OK
               : refuse(node, "a whole number", err);
}

static int read_number(double *out, const struct hep_json *node, struct hep_error *err)
{
    const enum hep_json_type type = hep_json_type(node);

    if (type != HEP_JSON_NUMBER && type != HEP_JSON_NULL)
        return refuse(node, "a number or null", err);
    *out = hep_json_number(node);
    return HEP_OK;
}

static int read_text(char *place, const struct hep_member *m, const struct hep_json *node,
                     struct hep_error *err)
{
    const char *text = hep_json_string(node);
    char *copy;

    if (m->type == HEP_MEMBER_STRING && hep_json_type(node) == HEP_JSON_NULL)
        return HEP_OK;
    if (text == NULL)
        return refuse(node, "a text", err);
    if (m->type == HEP_MEMBER_STRING) {
        copy = hep_strdup(text, err);
        *(char **)(void *)place = copy;
        return copy != NULL ? HEP_OK : HEP_ENOMEM;
    }
    if (strlen(text) >= m->size)
        return HEP_FAIL(err, HEP_EFORMAT, "a text of %zu bytes, at most %zu fit", strlen(text),
                        m->size - 1);
    (void)snprintf(place, m->size, "%s", text);
    return HEP_OK;
}

static int read_name(char *place, const struct hep_member *m, const struct hep_json *node,
                     struct hep_error *err)
{
    const char *text = hep_json_string(node);

    if (hep_json_type(node) == HEP_JSON_NULL)
        return HEP_OK;
    for (int i = 0; text != NULL && m->type == HEP_MEMBER_ENUM && i < m->names->n; i++) {
        const char *name = m->names->at(i);

        if (name != NULL && strcmp(text, name) == 0) {
            *(int *)(void *)place = i;
            return HEP_OK;
        }
    }
    for (size_t i = 0; text != NULL && m->type == HEP_MEMBER_WORD && m->words[i] != NULL; i++) {
        if (strcmp(text, m->words[i]) == 0) {
            *(const char **)(void *)place = m->words[i];
            return HEP_OK;
        }
    }
    return refuse(node, "one of the words of this key", err);
}

static int read_members(char *base, const struct hep_struct_type *type,
                        const struct hep_json *object, struct hep_error *err);

static int read_struct(char *place, const struct hep_struct_type *type,
                       const struct hep_json *object, struct hep_error *err)
{
    if (hep_json_type(object) != HEP_JSON_OBJECT)
        return refuse(object, "an object", err);
    if (type->may_be_absent)
        *(bool *)(void *)(place + type->present_offset) = true;
    return read_members(place, type, object, err);
}

static int read_element(char *place, const struct hep_member *m, const struct hep_json *node,
                        struct hep_error *err)
{
    double whole = 0.0;
    int rc;

    switch (m->type) {
    case HEP_MEMBER_BOOL:
        *(bool *)(void *)place = hep_json_bool(node, false);
        return hep_json_type(node) == HEP_JSON_BOOL ? HEP_OK : refuse(node, "true or false", err);
    case HEP_MEMBER_INTEGER:
        rc = read_whole(&whole, node, -2147483648.0, 2147483647.0, err);
        *(int *)(void *)place = rc == HEP_OK ? (int)whole : 0;
        return rc;
    case HEP_MEMBER_COUNT: /* exact up to 2^53 */
        rc = read_whole(&whole, node, 0.0, 9007199254740992.0, err);
        *(size_t *)(void *)place = rc == HEP_OK ? (size_t)whole : 0;
        return rc;
    case HEP_MEMBER_NUMBER:
        return read_number((double *)(void *)place, node, err);
    case HEP_MEMBER_TEXT:
    case HEP_MEMBER_STRING:
        return read_text(place, m, node, err);
    case HEP_MEMBER_WORD:
    case HEP_MEMBER_ENUM:
        return read_name(place, m, node, err);
    case HEP_MEMBER_STRUCT:
        return read_struct(place, m->of, node, err);
    case HEP_MEMBER_CUSTOM:
        return m->custom->read(place, node, err);
    case HEP_MEMBER_CONSTANT:
    case HEP_MEMBER_END:
    default:
        return HEP_OK;
    }
}

static int read_list(char *place, const struct hep_member *m, size_t n, const struct hep_json *list,
                     struct hep_error *err)
{
    int rc = HEP_OK;

    if (hep_json_type(list) != HEP_JSON_ARRAY)
        return refuse(list, "a list", err);
    if (hep_json_size(list) != n)
        return HEP_FAIL(err, HEP_EFORMAT, "a list of %zu, wanted are %zu", hep_json_size(list), n);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        rc = read_element(place + i * m->size, m, hep_json_at(list, i), err);
    return rc;
}

static int read_matrix(char *place, const struct hep_member *m, const struct hep_json *rows,
                       struct hep_error *err)
{
    int rc = hep_json_size(rows) == m->length ? HEP_OK : refuse(rows, "a list of lists", err);

    for (size_t i = 0; rc == HEP_OK && i < m->length; i++)
        rc = read_list(place + i * m->columns * m->size, m, m->columns, hep_json_at(rows, i), err);
    return rc;
}

/* An array with a count, in its room or on the heap. */
static int read_counted(char *base, const struct hep_member *m, const struct hep_json *list,
                        struct hep_error *err)
{
    const size_t n = hep_json_size(list);
    char *place = base + m->offset;

    if (m->shape == HEP_SHAPE_COUNTED && n > m->length)
        return HEP_FAIL(err, HEP_EFORMAT, "a list of %zu, at most %zu fit", n, m->length);
    if (m->shape == HEP_SHAPE_LIST && n > 0) {
        char *heap = hep_calloc(n, m->size, err);

        if (heap == NULL)
            return HEP_ENOMEM;
        *(char **)(void *)place = heap;
        for (size_t i = 0; i < n; i++)
            unset(heap + i * m->size, m);
        place = heap;
    }
    set_count(m, base, n);
    return read_list(place, m, n, list, err);
}

static int read_map(char *base, const struct hep_member *m, const struct hep_json *map,
                    struct hep_error *err)
{
    const size_t n = count_of(m, base);
    int rc = hep_json_type(map) == HEP_JSON_OBJECT ? HEP_OK : refuse(map, "an object", err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const char *key = m->keys->at((int)i);
        const struct hep_json *node = hep_json_get(map, key);

        if (node == NULL)
            continue;
        rc = read_element(base + m->offset + i * m->size, m, node, err);
        if (rc != HEP_OK)
            (void)hep_error_prefix(err, "%s", key);
    }
    return rc;
}

/* A struct whose keys stand in the struct around it is there when its first key is. */
static bool is_spread_absent(const struct hep_struct_type *type, const struct hep_json *object)
{
    return type->may_be_absent && hep_json_get(object, type->members[0].key) == NULL;
}

static int read_member(char *base, const struct hep_member *m, const struct hep_json *object,
                       struct hep_error *err)
{
    const struct hep_json *node = m->key != NULL ? hep_json_get(object, m->key) : object;
    const bool may_lack = m->optional || m->shape == HEP_SHAPE_MAP || m->shape == HEP_SHAPE_LIST ||
                          (m->type == HEP_MEMBER_STRUCT && m->of->may_be_absent);

    if (node == NULL && (may_lack || m->type == HEP_MEMBER_CONSTANT))
        return HEP_OK;
    if (node == NULL)
        return HEP_FAIL(err, HEP_EFORMAT, "missing");
    switch (m->shape) {
    case HEP_SHAPE_ONE:
        if (m->key == NULL && is_spread_absent(m->of, object))
            return HEP_OK;
        return read_element(base + m->offset, m, node, err);
    case HEP_SHAPE_MAP:
        return read_map(base, m, node, err);
    case HEP_SHAPE_MATRIX:
        return read_matrix(base + m->offset, m, node, err);
    case HEP_SHAPE_COUNTED:
    case HEP_SHAPE_LIST:
        return read_counted(base, m, node, err);
    case HEP_SHAPE_ARRAY:
    default:
        return read_list(base + m->offset, m, m->length, node, err);
    }
}

static int read_members(char *base, const struct hep_struct_type *type,
                        const struct hep_json *object, struct hep_error *err)
{
    for (const struct hep_member *m = type->members; m->type != HEP_MEMBER_END; m++) {
        int rc = read_member(base, m, object, err);

        if (rc != HEP_OK && m->key != NULL)
            (void)hep_error_prefix(err, "%s", m->key);
        if (rc != HEP_OK)
            return rc;
    }
    return HEP_OK;
}

int hep_struct_read(void *base, const struct hep_struct_type *type, const struct hep_json *object,
                    struct hep_error *err)
{
    int rc;

    hep_struct_init(base, type);
    rc = read_struct(base, type, object, err);
    if (rc != HEP_OK)
        hep_struct_release(base, type);
    return rc;
}

/* ---- reference ------------------------------------------------------------------------------- */

static void describe(struct hep_str *out, const char *prefix, const struct hep_struct_type *type)
{
    for (const struct hep_member *m = type->members; m->type != HEP_MEMBER_END; m++) {
        const bool map = m->shape == HEP_SHAPE_MAP,
                   list = !map && m->shape != HEP_SHAPE_ONE && m->type == HEP_MEMBER_STRUCT;
        struct hep_str path = { 0 };

        hep_str_add(&path, prefix);
        if (m->key != NULL)
            hep_str_addf(&path, "%s%s%s", path.len > 0 ? "." : "", m->key, list ? "[]" : "");
        if (map)
            hep_str_addf(&path, "%s*", path.len > 0 ? "." : "");
        if (m->type != HEP_MEMBER_STRUCT || m->doc != NULL)
            hep_str_addf(out, "%s\t%s\t%s\n", hep_str_part(out, &path),
                         m->unit != NULL ? m->unit : "", m->doc != NULL ? m->doc : "");
        if (m->type == HEP_MEMBER_STRUCT)
            describe(out, hep_str_part(out, &path), m->of);
        hep_str_release(&path);
    }
}

void hep_struct_describe(struct hep_str *out, const struct hep_struct_type *type)
{
    describe(out, "", type);
}

/* NOLINTEND(misc-no-recursion) */
