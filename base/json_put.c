#include "base/json_put.h"

void hep_put(struct hep_put *p, struct hep_json *object, const char *key, struct hep_json *child)
{
    if (p->rc == HEP_OK)
        p->rc = hep_json_set(object, key, child, p->err);
    else
        hep_json_free(child);
}

void hep_put_item(struct hep_put *p, struct hep_json *array, struct hep_json *child)
{
    if (p->rc == HEP_OK)
        p->rc = hep_json_append(array, child, p->err);
    else
        hep_json_free(child);
}

void hep_put_text(struct hep_put *p, struct hep_json *object, const char *key, const char *text)
{
    hep_put(p, object, key, hep_json_new_string(text));
}

void hep_put_number(struct hep_put *p, struct hep_json *object, const char *key, double value)
{
    hep_put(p, object, key, hep_json_new_number(value));
}

void hep_put_count(struct hep_put *p, struct hep_json *object, const char *key, size_t value)
{
    hep_put(p, object, key, hep_json_new_integer((long long)value));
}

void hep_put_bool(struct hep_put *p, struct hep_json *object, const char *key, bool value)
{
    hep_put(p, object, key, hep_json_new_bool(value));
}

void hep_put_numbers(struct hep_put *p, struct hep_json *object, const char *key,
                     const double *values, size_t n)
{
    struct hep_json *a = hep_json_new_array();

    for (size_t i = 0; i < n; i++)
        hep_put_item(p, a, hep_json_new_number(values[i]));
    hep_put(p, object, key, a);
}

int hep_put_done(struct hep_put *p, struct hep_json **out, struct hep_json *root)
{
    if (p->rc == HEP_OK)
        *out = root;
    else
        hep_json_free(root);
    return p->rc;
}
