#include "base/json.h"

#include "base/file.h"
#include "base/number.h"
#include "base/text.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>

static const json_t *value_of(const struct hep_json *node)
{
    return (const void *)node;
}

static struct hep_json *node_of(json_t *value)
{
    return (void *)value;
}

struct hep_json *hep_json_new_object(void)
{
    return node_of(json_object());
}

struct hep_json *hep_json_new_array(void)
{
    return node_of(json_array());
}

struct hep_json *hep_json_new_exact(double value)
{
    return node_of(isfinite(value) ? json_real(value) : json_null());
}

/* Rounded here and not where it is written, so that the number in memory is the one in the file. */
double hep_json_rounded(double value)
{
    return hep_round_significant(value, 9);
}

struct hep_json *hep_json_new_number(double value)
{
    return hep_json_new_exact(hep_json_rounded(value));
}

struct hep_json *hep_json_new_integer(long long value)
{
    return node_of(json_integer(value));
}

struct hep_json *hep_json_new_string(const char *text)
{
    struct hep_str clean = { 0 };
    json_t *value = NULL;

    if (text == NULL)
        return node_of(json_null());
    hep_str_add_utf8(&clean, text);
    if (!clean.failed)
        value = json_string_nocheck(clean.s);
    hep_str_release(&clean);
    return node_of(value);
}

struct hep_json *hep_json_new_bool(bool value)
{
    return node_of(json_boolean(value));
}

struct hep_json *hep_json_new_null(void)
{
    return node_of(json_null());
}

/* jansson drops members of an object for which it has no memory, and says nothing. Comparing needs none. */
struct hep_json *hep_json_copy(const struct hep_json *node)
{
    json_t *copy = json_deep_copy(value_of(node));

    if (copy != NULL && !json_equal(copy, value_of(node))) {
        json_decref(copy);
        copy = NULL;
    }
    return node_of(copy);
}

int hep_json_set(struct hep_json *object, const char *key, struct hep_json *child,
                 struct hep_error *err)
{
    struct hep_str clean = { 0 };
    int rc = -1;

    if (object != NULL && !json_is_object(value_of(object))) {
        hep_json_free(child);
        return HEP_FAIL(err, HEP_EINVAL, "key '%s' set in %s", key,
                        hep_json_type_name(hep_json_type(object)));
    }
    hep_str_add_utf8(&clean, key);
    if (clean.failed || child == NULL)
        hep_json_free(child);
    else
        rc = json_object_set_new_nocheck((void *)object, clean.s, (void *)child);
    hep_str_release(&clean);
    if (rc != 0)
        return HEP_FAIL(err, HEP_ENOMEM, "out of memory for key '%s'", key);
    return HEP_OK;
}

int hep_json_append(struct hep_json *array, struct hep_json *child, struct hep_error *err)
{
    if (array != NULL && !json_is_array(value_of(array))) {
        hep_json_free(child);
        return HEP_FAIL(err, HEP_EINVAL, "item appended to %s",
                        hep_json_type_name(hep_json_type(array)));
    }
    if (child == NULL || json_array_append_new((void *)array, (void *)child) != 0)
        return HEP_FAIL(err, HEP_ENOMEM, "out of memory for a list item");
    return HEP_OK;
}

/* ---- text ------------------------------------------------------------------------------------ */

/* The fewest digits, at least 9, that read back as the same double; 17 always do. A point or an
 * exponent tells a reader that it is no integer; the exponent has no plus and no leading zeros. */
static void add_real(struct hep_str *out, double value)
{
    char text[32], *exponent;

    for (int digits = 9; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    exponent = strchr(text, 'e');
    if (exponent != NULL)
        *exponent++ = '\0';
    hep_str_add(out, text);
    if (exponent != NULL)
        hep_str_addf(out, "e%ld", strtol(exponent, NULL, 10));
    else if (strchr(text, '.') == NULL)
        hep_str_add(out, ".0");
}

static void add_scalar(struct hep_str *out, const struct hep_json *node)
{
    char *text;

    if (json_is_real(value_of(node))) {
        add_real(out, json_real_value(value_of(node)));
        return;
    }
    text = json_dumps(value_of(node), JSON_ENCODE_ANY);
    if (text != NULL)
        hep_str_add(out, text);
    out->failed = out->failed || text == NULL;
    free(text);
}

static void add_key(struct hep_str *out, const char *key)
{
    struct hep_json *text = node_of(json_string_nocheck(key));

    add_scalar(out, text);
    hep_str_add(out, ": ");
    hep_json_free(text);
}

/* A new line at this depth, or with a negative depth, after a comma, a blank. */
static void add_break(struct hep_str *out, int depth, bool after_comma)
{
    if (depth >= 0)
        hep_str_addf(out, "\n%*s", 2 * depth, "");
    else if (after_comma)
        hep_str_add(out, " ");
}

/* At most as deep as trees are. NOLINTNEXTLINE(misc-no-recursion) */
static int add_node(struct hep_str *out, const struct hep_json *node, int depth,
                    struct hep_error *err)
{
    const enum hep_json_type type = hep_json_type(node);
    const int inside = depth >= 0 ? depth + 1 : depth;
    const char **keys = NULL;
    size_t n = hep_json_size(node);
    int rc = HEP_OK;

    if (type != HEP_JSON_OBJECT && type != HEP_JSON_ARRAY) {
        add_scalar(out, node);
        return HEP_OK;
    }
    if (type == HEP_JSON_OBJECT)
        rc = hep_json_keys(&keys, &n, node, err);
    hep_str_add(out, type == HEP_JSON_OBJECT ? "{" : "[");
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        hep_str_add(out, i > 0 ? "," : "");
        add_break(out, inside, i > 0);
        if (keys != NULL)
            add_key(out, keys[i]);
        rc = add_node(out, keys != NULL ? hep_json_get(node, keys[i]) : hep_json_at(node, i),
                      inside, err);
    }
    if (n > 0)
        add_break(out, depth, false);
    hep_str_add(out, type == HEP_JSON_OBJECT ? "}" : "]");
    free((void *)keys);
    return rc;
}

static int dump(char **text, const struct hep_json *node, int depth, const char *end,
                struct hep_error *err)
{
    struct hep_str out = { 0 };
    int rc;

    if (node == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "out of memory for a JSON text");
    rc = add_node(&out, node, depth, err);
    hep_str_add(&out, end);
    if (rc == HEP_OK)
        rc = hep_str_check(&out, err);
    if (rc == HEP_OK)
        *text = out.s;
    else
        hep_str_release(&out);
    return rc;
}

int hep_json_dump(char **text, const struct hep_json *node, struct hep_error *err)
{
    return dump(text, node, 0, "\n", err);
}

int hep_json_dump_line(char **text, const struct hep_json *node, struct hep_error *err)
{
    return dump(text, node, -1, "", err);
}

int hep_json_write(const char *path, const struct hep_json *node, struct hep_error *err)
{
    char *text = NULL;
    int rc;

    rc = hep_json_dump(&text, node, err);
    if (rc == HEP_OK)
        rc = hep_file_write(path, text, strlen(text), err);
    free(text);
    return rc;
}

int hep_json_write_in(const char *dir, const char *name, const struct hep_json *node,
                      struct hep_error *err)
{
    char *path = hep_path_join(dir, name, err);
    int rc = path == NULL ? HEP_ENOMEM : hep_json_write(path, node, err);

    free(path);
    return rc;
}
