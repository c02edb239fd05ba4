#include "base/yaml.h"

#include "base/text.h"
#include "base/yaml_tree.h"

#include <stdarg.h>

enum { MESSAGE_BYTES = 512, SHOWN_CHARS = 60, CARET_WIDTH = 100, CARET_CONTEXT = 60 };

const struct hep_yaml *hep_yaml_root(const struct hep_yaml_doc *doc)
{
    return doc->root;
}

enum hep_yaml_type hep_yaml_type(const struct hep_yaml *node)
{
    return node ? node->type : HEP_YAML_SCALAR;
}

const char *hep_yaml_type_name(enum hep_yaml_type type)
{
    switch (type) {
    case HEP_YAML_SCALAR:
        return "a single value";
    case HEP_YAML_SEQUENCE:
        return "a list";
    case HEP_YAML_MAPPING:
        return "a block of keys";
    }
    return "?";
}

const char *hep_yaml_text(const struct hep_yaml *node)
{
    return node != NULL && node->type == HEP_YAML_SCALAR ? node->text : NULL;
}

bool hep_yaml_is_quoted(const struct hep_yaml *node)
{
    return node != NULL && node->quoted;
}

size_t hep_yaml_size(const struct hep_yaml *node)
{
    return node ? node->n : 0;
}

const struct hep_yaml *hep_yaml_at(const struct hep_yaml *node, size_t i)
{
    return node != NULL && i < node->n ? node->entries[i].value : NULL;
}

const struct hep_yaml *hep_yaml_key_node(const struct hep_yaml *mapping, size_t i)
{
    return mapping != NULL && i < mapping->n ? mapping->entries[i].key : NULL;
}

const char *hep_yaml_key_at(const struct hep_yaml *mapping, size_t i)
{
    return hep_yaml_text(hep_yaml_key_node(mapping, i));
}

const struct hep_yaml *hep_yaml_get(const struct hep_yaml *mapping, const char *key)
{
    if (mapping == NULL || mapping->type != HEP_YAML_MAPPING)
        return NULL;
    for (size_t i = 0; i < mapping->n; i++) {
        if (strcmp(mapping->entries[i].key->text, key) == 0)
            return mapping->entries[i].value;
    }
    return NULL;
}

size_t hep_yaml_line(const struct hep_yaml *node)
{
    return node ? node->line : 1;
}

size_t hep_yaml_column(const struct hep_yaml *node)
{
    return node ? node->column : 1;
}

int hep_yaml_fail(const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                  struct hep_error *err, const char *fmt, ...)
{
    char message[MESSAGE_BYTES];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    return HEP_FAIL(err, HEP_ECONFIG, "%s:%zu:%zu: %s", doc->name, hep_yaml_line(node),
                    hep_yaml_column(node), message);
}

/* "name:line:column:" anywhere in the message. */
static bool find_position(size_t *line, size_t *column, const char *message, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = strstr(message, name); n > 0 && p != NULL; p = strstr(p + 1, name)) {
        char *end;

        if (p[n] != ':' || p[n + 1] < '1' || p[n + 1] > '9')
            continue;
        *line = strtoul(p + n + 1, &end, 10);
        if (end[0] != ':' || end[1] < '1' || end[1] > '9')
            continue;
        *column = strtoul(end + 1, &end, 10);
        if (*end == ':')
            return true;
    }
    return false;
}

/* Start and length of a line; false past the end of the text. */
static bool find_line(const char **start, size_t *length, const char *text, size_t n, size_t line)
{
    const char *end = text + n;
    const char *newline;

    while (--line > 0) {
        newline = memchr(text, '\n', (size_t)(end - text));
        if (newline == NULL)
            return false;
        text = newline + 1;
    }
    newline = memchr(text, '\n', (size_t)(end - text));
    *start = text;
    *length = (size_t)((newline ? newline : end) - text);
    return true;
}

void hep_yaml_caret(struct hep_str *out, const char *text, size_t n, const char *name,
                    const struct hep_error *err)
{
    struct hep_str caret = { 0 };
    const char *p = NULL;
    size_t left = 0;
    size_t line = 0;
    size_t column = 0;
    size_t first;

    if (n == 0 || !find_position(&line, &column, err->msg, name) ||
        !find_line(&p, &left, text, n, line))
        return;
    first = column > CARET_WIDTH ? column - CARET_CONTEXT : 1;
    for (size_t i = 1; left > 0 && *p != '\r' && i < first + CARET_WIDTH; i++) {
        size_t bytes = hep_utf8_length(p, left);
        bool printable = bytes > 1 || (*p >= ' ' && *p < 0x7f) || *p == '\t';

        if (i >= first) {
            hep_str_addn(out, printable && bytes > 0 ? p : "?", printable && bytes > 0 ? bytes : 1);
            if (i < column)
                hep_str_add(&caret, *p == '\t' ? "\t" : " ");
        }
        p += bytes ? bytes : 1;
        left -= bytes ? bytes : 1;
    }
    hep_str_addf(out, "\n%s^\n", caret.s ? caret.s : "");
    hep_str_release(&caret);
}

static const char *what_is_met(const struct hep_yaml *node)
{
    if (node == NULL)
        return "nothing";
    if (node->type != HEP_YAML_SCALAR)
        return hep_yaml_type_name(node->type);
    if (node->quoted)
        return "quoted text";
    return node->text[0] == '\0' ? "nothing" : NULL;
}

/* Record that a scalar has the wrong kind: its place, the value met and the kind that is allowed. */
static int wrong_kind(const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                      struct hep_error *err, const char *wanted)
{
    const char *met = what_is_met(node);

    if (met != NULL)
        return hep_yaml_fail(doc, node, err, "%s is needed here, got %s", wanted, met);
    return hep_yaml_fail(doc, node, err, "%s is needed here, got '%.*s'", wanted, SHOWN_CHARS,
                         node->text);
}

int hep_yaml_number(double *out, const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                    struct hep_error *err)
{
    if (what_is_met(node) != NULL || hep_parse_double(out, node->text, NULL) != HEP_OK)
        return wrong_kind(doc, node, err, "a number");
    return HEP_OK;
}

int hep_yaml_bool(bool *out, const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                  struct hep_error *err)
{
    /* The core schema of YAML 1.2.2, section 10.3.2. */
    static const char *const words[] = { "false", "False", "FALSE", "true", "True", "TRUE" };

    for (size_t i = 0; what_is_met(node) == NULL && i < sizeof words / sizeof *words; i++) {
        if (strcmp(node->text, words[i]) == 0) {
            *out = i >= 3;
            return HEP_OK;
        }
    }
    return wrong_kind(doc, node, err, "true or false");
}
