#include "report/facts.h"

#include "base/alloc.h"
#include "report/html_table.h"

#include <math.h>
#include <stdlib.h>

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

struct fact {
    char *name; /* owned */
    const struct hep_json *value;
};
struct facts {
    struct fact *list;
    size_t n;
};
#define S struct fact

/* A list of scalars with commas; what is nested deeper stands in run.json only. */
static void value_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const struct hep_json *node = ((const S *)row)->value;

    (void)column;
    if (hep_json_type(node) != HEP_JSON_ARRAY)
        add_scalar(out, node);
    for (size_t i = 0; hep_json_type(node) == HEP_JSON_ARRAY && i < hep_json_size(node) && i < 64;
         i++) {
        hep_str_add(out, i > 0 ? ", " : "");
        if (hep_json_type(hep_json_at(node, i)) != HEP_JSON_ARRAY)
            add_scalar(out, hep_json_at(node, i));
    }
}

static const struct hep_column columns[] = {
    { NULL, HEP_TEXT(S, name), "What", .html = hep_html_cell_words },
    { NULL, HEP_TEXT(S, name), "Value", .html = value_cell },
    { 0 },
};
#undef S

/* Nesting deeper than this stands in run.json only. */
#define DEPTH_MAX 4

/* At most DEPTH_MAX deep. NOLINTNEXTLINE(misc-no-recursion) */
static int collect(struct facts *f, const char *prefix, const struct hep_json *node, int depth,
                   struct hep_error *err)
{
    const struct hep_json *child = NULL;
    const char *key;
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && (key = hep_json_key_at(node, i, &child)) != NULL; i++) {
        char *name = hep_asprintf(err, "%s%s%s", prefix, *prefix != '\0' ? ", " : "", key);

        rc = name == NULL ? HEP_ENOMEM : HEP_OK;
        if (rc == HEP_OK && hep_json_type(child) == HEP_JSON_OBJECT && depth < DEPTH_MAX) {
            rc = collect(f, name, child, depth + 1, err);
            free(name);
            continue;
        }
        if (rc == HEP_OK)
            rc = HEP_GROW(f->list, f->n, err);
        if (rc == HEP_OK)
            f->list[f->n++] = (struct fact){ name, child };
        else
            free(name);
    }
    return rc;
}

int hep_html_facts(struct hep_str *out, const char *caption, const void *base,
                   const struct hep_struct_type *type, struct hep_error *err)
{
    struct hep_json *all = NULL;
    struct facts f = { 0 };
    int rc = hep_struct_json(&all, base, type, false, err);

    if (rc == HEP_OK)
        rc = collect(&f, "", all, 0, err);
    if (rc == HEP_OK && f.n > 0) {
        const struct hep_table t = HEP_TABLE(caption, columns, f.list, f.n);

        hep_html_rows(out, &t);
    }
    for (size_t i = 0; i < f.n; i++)
        free(f.list[i].name);
    free(f.list);
    hep_json_free(all);
    return rc;
}
