#include "report/facts.h"

#include <math.h>

static void add_scalar(struct hep_str *out, const struct hep_json *node)
{
    switch (hep_json_type(node)) {
    case HEP_JSON_NUMBER:
        hep_html_significant(out, hep_json_number(node), 4);
        break;
    case HEP_JSON_BOOL:
        hep_str_add(out, hep_json_bool(node, false) ? "yes" : "no");
        break;
    case HEP_JSON_STRING:
        hep_html_text(out, hep_json_string(node));
        break;
    case HEP_JSON_ARRAY:
    case HEP_JSON_OBJECT:
    case HEP_JSON_NULL:
    case HEP_JSON_MISSING:
    default:
        hep_html_text(out, NULL);
        break;
    }
}

/* A list of scalars with commas; what is nested deeper stands in run.json only. */
static void add_value(struct hep_str *out, const struct hep_json *node)
{
    if (hep_json_type(node) != HEP_JSON_ARRAY)
        add_scalar(out, node);
    for (size_t i = 0; hep_json_type(node) == HEP_JSON_ARRAY && i < hep_json_size(node) && i < 64;
         i++) {
        hep_str_add(out, i > 0 ? ", " : "");
        if (hep_json_type(hep_json_at(node, i)) != HEP_JSON_ARRAY)
            add_scalar(out, hep_json_at(node, i));
    }
}

/* Nesting deeper than this stands in run.json only. */
#define DEPTH_MAX 4

/* At most DEPTH_MAX deep. NOLINTNEXTLINE(misc-no-recursion) */
static void add_rows(struct hep_str *out, const char *prefix, const struct hep_json *node,
                     int depth)
{
    const struct hep_json *child = NULL;
    const char *key;

    for (size_t i = 0; (key = hep_json_key_at(node, i, &child)) != NULL; i++) {
        char *name = hep_asprintf(NULL, "%s%s%s", prefix, *prefix != '\0' ? ", " : "", key);

        if (hep_json_type(child) == HEP_JSON_OBJECT && depth < DEPTH_MAX) {
            add_rows(out, name != NULL ? name : key, child, depth + 1);
        } else {
            hep_str_add(out, "<tr><th scope=\"row\">");
            hep_html_words(out, name);
            hep_str_add(out, "</th><td>");
            add_value(out, child);
            hep_str_add(out, "</td></tr>\n");
        }
        free(name);
    }
}

int hep_html_facts(struct hep_str *out, const char *caption, const void *base,
                   const struct hep_struct_type *type, struct hep_error *err)
{
    struct hep_json *all = NULL;
    int rc = hep_struct_json(&all, base, type, false, err);

    if (rc == HEP_OK && hep_json_size(all) > 0) {
        hep_html_table(out, caption, "What|Value");
        add_rows(out, "", all, 0);
        hep_html_table_end(out);
    }
    hep_json_free(all);
    return rc;
}
