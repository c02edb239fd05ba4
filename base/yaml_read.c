/* From libfyaml's event stream to our tree. Its own document builder is not used: events let every
 * limit be checked before anything is stored, and aliases are refused before they are resolved. */
#include "base/yaml.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml_tree.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdint.h>

enum { DEEPEST = 8, LARGEST_FILE = 1 << 20, LONGEST_GAP = 1000, SHOWN_CHARS = 60 };

struct open_node {
    struct hep_yaml *node, *key; /* key: waits for its value */
};

struct reader {
    struct hep_yaml_doc *doc;
    struct fy_parser *parser;
    struct open_node open[DEEPEST];
    size_t depth, documents;
    size_t line, column; /* of the newest event that has a position; one-based */
    struct hep_error *err;
};

static int fail_here(struct reader *r, const char *fmt, ...) HEP_PRINTF(2, 3);
static int fail_here(struct reader *r, const char *fmt, ...)
{
    struct hep_yaml place = { .line = r->line, .column = r->column };
    char message[256];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    return hep_yaml_fail(r->doc, &place, r->err, "%s", message);
}

static int out_of_memory(const struct reader *r)
{
    return HEP_FAIL(r->err, HEP_ENOMEM, "out of memory to read %s", r->doc->name);
}

static struct hep_yaml *new_node(struct reader *r, enum hep_yaml_type type)
{
    struct hep_yaml *node = hep_calloc(1, sizeof *node, NULL);

    if (node == NULL)
        return NULL;
    node->type = type;
    node->line = r->line;
    node->column = r->column;
    node->next = r->doc->all;
    r->doc->all = node;
    return node;
}

static int append(struct reader *r, struct hep_yaml *to, struct hep_yaml *key,
                  struct hep_yaml *value)
{
    if (HEP_GROW(to->entries, to->n, r->err) != HEP_OK)
        return HEP_ENOMEM;
    to->entries[to->n++] = (struct hep_yaml_entry){ key, value };
    return HEP_OK;
}

/* Give a finished or just opened node to whatever waits for it: the root, a sequence, a mapping
 * that needs a key, or a key that needs a value. */
static int place(struct reader *r, struct hep_yaml *node)
{
    struct open_node *top = r->depth > 0 ? &r->open[r->depth - 1] : NULL;
    int rc;

    if (top == NULL) {
        r->doc->root = node;
        return HEP_OK;
    }
    if (top->node->type == HEP_YAML_SEQUENCE)
        return append(r, top->node, NULL, node);
    if (top->key == NULL) {
        if (node->type != HEP_YAML_SCALAR)
            return fail_here(r, "a key must be plain text, got %s", hep_yaml_type_name(node->type));
        if (node->text[0] == '\0')
            return fail_here(r, "a key is missing before ':'");
        top->key = node;
        return HEP_OK;
    }
    rc = append(r, top->node, top->key, node);
    top->key = NULL;
    return rc;
}

static int read_scalar(struct reader *r, const struct fy_event *event)
{
    struct fy_token *token = event->scalar.value;
    enum fy_scalar_style style = token != NULL ? fy_token_scalar_style(token) : FYSS_PLAIN;
    struct hep_yaml *node;
    const char *text = "";
    size_t n = 0;

    /* libfyaml's mark is behind the opening quote */
    if (r->column > 1 && (style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED))
        r->column--;
    node = new_node(r, HEP_YAML_SCALAR);
    if (node == NULL)
        return out_of_memory(r);
    node->quoted = style != FYSS_PLAIN;
    if (token != NULL)
        text = fy_token_get_text(token, &n);
    if (text == NULL)
        return out_of_memory(r);
    if (memchr(text, '\0', n) != NULL)
        return fail_here(r, "a text must not hold a zero byte");
    node->text = hep_calloc(n + 1, 1, NULL);
    if (node->text == NULL)
        return out_of_memory(r);
    (void)memcpy(node->text, text, n);
    return place(r, node);
}

static int open_container(struct reader *r, enum hep_yaml_type type)
{
    struct hep_yaml *node;
    int rc;

    if (r->depth == DEEPEST)
        return fail_here(r, "nested deeper than %d levels", DEEPEST);
    node = new_node(r, type);
    if (node == NULL)
        return out_of_memory(r);
    rc = place(r, node);
    if (rc == HEP_OK)
        r->open[r->depth++] = (struct open_node){ node, NULL };
    return rc;
}

struct key_ref {
    const struct hep_yaml *node;
};

static int compare_keys(const void *a, const void *b)
{
    const struct hep_yaml *x = ((const struct key_ref *)a)->node;
    const struct hep_yaml *y = ((const struct key_ref *)b)->node;
    int order = strcmp(x->text, y->text);

    if (order != 0)
        return order;
    if (x->line != y->line)
        return x->line < y->line ? -1 : 1;
    return x->column < y->column ? -1 : 1;
}

/* Sorting finds repeated keys in n log n steps, so that a file full of keys cannot stall the run.
 */
static int check_repeats(struct reader *r, const struct hep_yaml *mapping)
{
    struct key_ref *keys;
    int rc = HEP_OK;

    if (mapping->n < 2)
        return HEP_OK;
    keys = hep_calloc(mapping->n, sizeof *keys, NULL);
    if (keys == NULL)
        return out_of_memory(r);
    for (size_t i = 0; i < mapping->n; i++)
        keys[i].node = mapping->entries[i].key;
    qsort(keys, mapping->n, sizeof *keys, compare_keys);
    for (size_t i = 1; rc == HEP_OK && i < mapping->n; i++) {
        if (strcmp(keys[i - 1].node->text, keys[i].node->text) == 0)
            rc = hep_yaml_fail(r->doc, keys[i].node, r->err,
                               "key '%.*s' is repeated, it is already on line %zu", SHOWN_CHARS,
                               keys[i].node->text, keys[i - 1].node->line);
    }
    free(keys);
    return rc;
}

static int close_container(struct reader *r)
{
    const struct hep_yaml *node = r->open[--r->depth].node;

    return node->type == HEP_YAML_MAPPING ? check_repeats(r, node) : HEP_OK;
}

/* Where an anchor or a tag stands is a better place to point at than the value behind it. */
static void move_to(struct reader *r, const struct fy_mark *mark)
{
    if (mark == NULL || mark->line < 0 || mark->column < 0)
        return;
    r->line = (size_t)mark->line + 1;
    r->column = (size_t)mark->column + 1;
}

static int refuse_extras(struct reader *r, struct fy_event *event)
{
    struct fy_token *anchor = fy_event_get_anchor_token(event);
    struct fy_token *tag = fy_event_get_tag_token(event);

    if (event->type == FYET_ALIAS) {
        r->column -= r->column > 1; /* libfyaml's mark is behind the '*' */
        return fail_here(r, "aliases ('*name') are not allowed");
    }
    if (anchor != NULL) {
        move_to(r, fy_token_start_mark(anchor));
        r->column -= r->column > 1; /* and behind the '&' */
        return fail_here(r, "anchors ('&name') are not allowed");
    }
    if (tag != NULL) {
        move_to(r, fy_token_start_mark(tag));
        return fail_here(r, "tags ('!name') are not allowed");
    }
    return HEP_OK;
}

/* A value that is left out ("a:") has no place of its own: libfyaml 0.7 gives it none, 0.8 the end
 * of what stands before it. Here it is where the newest event is, which is its key. */
static bool is_left_out(const struct fy_event *event)
{
    struct fy_token *token;
    size_t n = 0;

    if (event->type != FYET_SCALAR)
        return false;
    token = event->scalar.value;
    return token == NULL || (fy_token_scalar_style(token) == FYSS_PLAIN &&
                             fy_token_get_text(token, &n) != NULL && n == 0);
}

static int place_event(struct reader *r, struct fy_event *event)
{
    int rc;

    if (!is_left_out(event))
        move_to(r, fy_event_start_mark(event));
    rc = refuse_extras(r, event);
    if (rc != HEP_OK)
        return rc;
    switch (event->type) {
    case FYET_DOCUMENT_START:
        if (++r->documents > 1)
            return fail_here(r, "only one document is allowed in a file");
        return HEP_OK;
    case FYET_SCALAR:
        return read_scalar(r, event);
    case FYET_SEQUENCE_START:
        return open_container(r, HEP_YAML_SEQUENCE);
    case FYET_MAPPING_START:
        return open_container(r, HEP_YAML_MAPPING);
    case FYET_SEQUENCE_END:
    case FYET_MAPPING_END:
        return close_container(r);
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
    case FYET_ALIAS:
        break;
    }
    return HEP_OK;
}

/* The first thing that libfyaml complained of. */
static int syntax_error(struct reader *r, struct fy_diag *diag)
{
    void *previous = NULL;
    const struct fy_diag_error *e = fy_diag_errors_iterate(diag, &previous);

    if (e != NULL && e->line > 0) {
        r->line = (size_t)e->line;
        r->column = e->column > 0 ? (size_t)e->column : 1;
    }
    return fail_here(r, "%s", e != NULL && e->msg != NULL ? e->msg : "not valid YAML");
}

static int read_events(struct reader *r, struct fy_diag *diag)
{
    struct fy_event *event;
    int rc = HEP_OK;

    while (rc == HEP_OK && (event = fy_parser_parse(r->parser)) != NULL) {
        rc = place_event(r, event);
        fy_parser_event_free(r->parser, event);
    }
    if (rc == HEP_OK && (fy_parser_get_stream_error(r->parser) || r->depth > 0))
        rc = syntax_error(r, diag);
    return rc;
}

static void swallow(struct fy_diag *diag, void *user, const char *text, size_t n)
{
    (void)diag;
    (void)user;
    (void)text;
    (void)n;
}

static int run_parser(struct reader *r, const char *text, size_t n)
{
    struct fy_diag_cfg diag_cfg;
    struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG |
                                         FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE };
    int rc;

    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.output_fn = swallow;
    diag_cfg.colorize = false;
    cfg.diag = fy_diag_create(&diag_cfg);
    if (cfg.diag == NULL)
        return out_of_memory(r);
    fy_diag_set_collect_errors(cfg.diag, true);
    r->parser = fy_parser_create(&cfg);
    if (r->parser == NULL || fy_parser_set_string(r->parser, text, n) != 0)
        rc = out_of_memory(r);
    else
        rc = read_events(r, cfg.diag);
    fy_parser_destroy(r->parser);
    fy_diag_destroy(cfg.diag);
    return rc;
}

static bool is_blank(unsigned char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* YAML 1.2.2, section 5.1: UTF-8 without control characters. libfyaml never sees anything else, nor
 * a long run of blanks, for which 0.7.12 needs time in proportion to the square of its length. */
static int check_characters(struct reader *r, const char *text, size_t n)
{
    size_t gap = 0;

    r->line = 1;
    r->column = 1;
    for (size_t i = 0; i < n;) {
        size_t bytes = hep_utf8_length(text + i, n - i);
        unsigned char c = (unsigned char)text[i];

        if (bytes == 0)
            return fail_here(r, "byte 0x%02x is not UTF-8 text", c);
        if ((c < 0x20 && !is_blank(c)) || c == 0x7f)
            return fail_here(r, "control character 0x%02x is not allowed", c);
        gap = is_blank(c) ? gap + 1 : 0;
        if (gap > LONGEST_GAP)
            return fail_here(r, "more than %d blanks or empty lines in a row", LONGEST_GAP);
        i += bytes;
        r->column++;
        if (c == '\n') {
            r->line++;
            r->column = 1;
        }
    }
    r->line = 1;
    r->column = 1;
    return HEP_OK;
}

int hep_yaml_parse(struct hep_yaml_doc **out, const char *text, size_t n, const char *name,
                   struct hep_error *err)
{
    struct reader r = { .err = err, .line = 1, .column = 1 };
    int rc;

    r.doc = hep_calloc(1, sizeof *r.doc, err);
    if (r.doc != NULL)
        r.doc->name = hep_strdup(name, err);
    if (r.doc == NULL || r.doc->name == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        n -= 3;
    }
    rc = n > LARGEST_FILE ? fail_here(&r, "%zu bytes, at most %d are allowed", n, LARGEST_FILE)
                          : check_characters(&r, text, n);
    if (rc == HEP_OK && n > 0)
        rc = run_parser(&r, text, n);
    if (rc != HEP_OK)
        goto out;
    *out = r.doc;
    r.doc = NULL;
out:
    hep_yaml_free(r.doc);
    return rc;
}

int hep_yaml_read(struct hep_yaml_doc **out, const char *path, struct hep_error *err)
{
    struct hep_error e = { 0 };
    char *text = NULL;
    size_t n = 0;
    int rc;

    rc = hep_file_read(&text, &n, path, LARGEST_FILE, &e);
    if (rc != HEP_OK) /* a file that is too large or no file is a fault of the configuration */
        rc = HEP_FAIL(err, rc == HEP_EFORMAT ? HEP_ECONFIG : e.code, "%s", e.msg);
    else
        rc = hep_yaml_parse(out, text, n, path, err);
    free(text);
    return rc;
}

void hep_yaml_free(struct hep_yaml_doc *doc)
{
    if (doc == NULL)
        return;
    while (doc->all != NULL) {
        struct hep_yaml *node = doc->all;

        doc->all = node->next;
        free(node->text);
        free(node->entries);
        free(node);
    }
    free(doc->name);
    free(doc);
}
