#include "base/json.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#include <jansson.h>
#include <math.h>

enum { DEEPEST = 64, LARGEST_FILE = 64 << 20 };

static const json_t *value_of(const struct hep_json *node)
{
    return (const void *)node;
}

static const struct hep_json *node_of(const json_t *value)
{
    return (const void *)value;
}

/* Containers may nest DEEPEST deep; jansson's own limit is compiled in. */
static int check_depth(const char *text, size_t n, const char *name, struct hep_error *err)
{
    size_t line = 1;
    size_t line_start = 0;
    size_t depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < n; i++) {
        char c = text[i];

        if (c == '\n') {
            line++;
            line_start = i + 1;
        }
        if (in_string && c == '\\') {
            i++;
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == '[' || c == '{')) {
            if (++depth > DEEPEST)
                return HEP_FAIL(err, HEP_EFORMAT, "%s:%zu:%zu: nested deeper than %d levels", name,
                                line, i - line_start + 1, DEEPEST);
        } else if (!in_string && (c == ']' || c == '}') && depth > 0) {
            depth--;
        }
    }
    return HEP_OK;
}

int hep_json_parse(struct hep_json **out, const char *text, size_t n, const char *name,
                   struct hep_error *err)
{
    json_error_t where = { 0 };
    const size_t mark = hep_byte_order_mark(text, n);
    json_t *root;
    int rc;

    rc = check_depth(text, n, name, err);
    if (rc != HEP_OK)
        return rc;
    root = json_loadb(text + mark, n - mark, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    /* jansson says nothing at all when it has no memory for its own reader. */
    if (root == NULL &&
        (json_error_code(&where) == json_error_out_of_memory || where.text[0] == '\0'))
        return HEP_FAIL(err, HEP_ENOMEM, "out of memory to read %s", name);
    if (root == NULL)
        return HEP_FAIL(err, HEP_EFORMAT, "%s:%d:%d: %s", name, where.line > 0 ? where.line : 1,
                        where.column > 0 ? where.column : 1, where.text);
    *out = (void *)root;
    return HEP_OK;
}

int hep_json_read(struct hep_json **out, const char *path, struct hep_error *err)
{
    char *text = NULL;
    size_t n = 0;
    int rc;

    rc = hep_file_read(&text, &n, path, LARGEST_FILE, err);
    if (rc == HEP_OK)
        rc = hep_json_parse(out, text, n, path, err);
    free(text);
    return rc;
}

void hep_json_free(struct hep_json *root)
{
    json_decref((void *)root);
}

enum hep_json_type hep_json_type(const struct hep_json *node)
{
    if (node == NULL)
        return HEP_JSON_MISSING;
    switch (json_typeof(value_of(node))) {
    case JSON_OBJECT:
        return HEP_JSON_OBJECT;
    case JSON_ARRAY:
        return HEP_JSON_ARRAY;
    case JSON_STRING:
        return HEP_JSON_STRING;
    case JSON_INTEGER:
    case JSON_REAL:
        return HEP_JSON_NUMBER;
    case JSON_TRUE:
    case JSON_FALSE:
        return HEP_JSON_BOOL;
    case JSON_NULL:
        return HEP_JSON_NULL;
    }
    return HEP_JSON_MISSING;
}

const char *hep_json_type_name(enum hep_json_type type)
{
    static const char *const names[] = {
        [HEP_JSON_MISSING] = "nothing",  [HEP_JSON_NULL] = "null",
        [HEP_JSON_BOOL] = "a boolean",   [HEP_JSON_NUMBER] = "a number",
        [HEP_JSON_STRING] = "a text",    [HEP_JSON_ARRAY] = "a list",
        [HEP_JSON_OBJECT] = "an object",
    };

    return (size_t)type < sizeof names / sizeof *names ? names[type] : "nothing";
}

const struct hep_json *hep_json_get(const struct hep_json *object, const char *key)
{
    return node_of(json_object_get(value_of(object), key));
}

size_t hep_json_size(const struct hep_json *array_or_object)
{
    const json_t *value = value_of(array_or_object);

    return json_is_object(value) ? json_object_size(value) : json_array_size(value);
}

const struct hep_json *hep_json_at(const struct hep_json *array, size_t i)
{
    return node_of(json_array_get(value_of(array), i));
}

/* Keys of `object` strictly between lo and hi (NULL: no bound): their number, and the middle one in
 * the order of insertion, which halves sorted and reversed objects. */
static size_t keys_between(const char **middle, const json_t *object, const char *lo,
                           const char *hi)
{
    /* jansson's iteration takes a writable object, but does not write to it. */
    union {
        const json_t *given;
        json_t *iterated;
    } o = { .given = object };
    const char *key;
    json_t *value;
    size_t n = 0;
    size_t seen = 0;

    for (int pass = 0; pass < 2; pass++) {
        json_object_foreach(o.iterated, key, value)
        {
            if ((lo != NULL && strcmp(key, lo) <= 0) || (hi != NULL && strcmp(key, hi) >= 0))
                continue;
            if (pass == 0)
                n++;
            else if (seen++ == n / 2)
                *middle = key;
        }
    }
    return n;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int hep_json_keys(const char ***keys, size_t *n, const struct hep_json *object,
                  struct hep_error *err)
{
    union {
        const json_t *given;
        json_t *iterated;
    } o = { .given = value_of(object) };
    const size_t size = json_object_size(o.given);
    const char **list = NULL;
    const char *key;
    json_t *value;
    size_t i = 0;

    *keys = NULL;
    *n = 0;
    if (size == 0)
        return HEP_OK;
    if (HEP_NEW(list, size, err) != HEP_OK)
        return HEP_ENOMEM;
    json_object_foreach(o.iterated, key, value)
    {
        (void)value;
        list[i++] = key;
    }
    qsort((void *)list, size, sizeof *list, by_text);
    *keys = list;
    *n = size;
    return HEP_OK;
}

const char *hep_json_key_at(const struct hep_json *object, size_t i, const struct hep_json **value)
{
    const json_t *o = value_of(object);
    const char *lo = NULL;
    const char *hi = NULL;
    const char *pivot = NULL;
    size_t below = 0;

    if (i >= json_object_size(o))
        return NULL;
    for (;;) {
        const char *unused = NULL;
        size_t rank;

        (void)keys_between(&pivot, o, lo, hi);
        rank = below + keys_between(&unused, o, lo, pivot);
        if (rank == i)
            break;
        if (rank > i) {
            hi = pivot;
        } else {
            lo = pivot;
            below = rank + 1;
        }
    }
    if (value != NULL)
        *value = hep_json_get(object, pivot);
    return pivot;
}

double hep_json_number(const struct hep_json *node)
{
    return json_is_number(value_of(node)) ? json_number_value(value_of(node)) : (double)NAN;
}

const char *hep_json_string(const struct hep_json *node)
{
    return json_string_value(value_of(node));
}

bool hep_json_bool(const struct hep_json *node, bool fallback)
{
    return json_is_boolean(value_of(node)) ? json_is_true(value_of(node)) : fallback;
}
