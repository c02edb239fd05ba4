#include "base/json.h"

#include "base/file.h"
#include "base/text.h"

#include <jansson.h>
#include <math.h>

static const size_t writing = JSON_SORT_KEYS | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9);

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

struct hep_json *hep_json_new_number(double value)
{
    return node_of(isfinite(value) ? json_real(value) : json_null());
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

struct hep_json *hep_json_copy(const struct hep_json *node)
{
    return node_of(json_deep_copy(value_of(node)));
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

static int dump(struct hep_str *out, const struct hep_json *node, size_t flags,
                struct hep_error *err)
{
    char *text;

    if (node == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "out of memory for a JSON text");
    text = json_dumps(value_of(node), writing | flags);
    if (text == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "out of memory for a JSON text");
    hep_str_add(out, text);
    free(text);
    return hep_str_check(out, err);
}

int hep_json_dump(char **text, const struct hep_json *node, struct hep_error *err)
{
    struct hep_str out = { 0 };
    int rc;

    rc = dump(&out, node, JSON_INDENT(2), err);
    if (rc != HEP_OK)
        goto out;
    hep_str_add(&out, "\n");
    rc = hep_str_check(&out, err);
    if (rc != HEP_OK)
        goto out;
    *text = out.s;
    out.s = NULL;
out:
    hep_str_release(&out);
    return rc;
}

int hep_json_dump_line(char **text, const struct hep_json *node, struct hep_error *err)
{
    struct hep_str out = { 0 };
    int rc;

    rc = dump(&out, node, 0, err);
    if (rc != HEP_OK)
        goto out;
    *text = out.s;
    out.s = NULL;
out:
    hep_str_release(&out);
    return rc;
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
