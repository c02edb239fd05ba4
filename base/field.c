#include "base/field.h"

#include "base/number.h"
#include "base/yaml.h"

#include <math.h>
#include <stdlib.h>

/* Units that people write behind a number, and what to multiply by to reach the one that is meant.
 */
static const struct {
    const char *written, *meant;
    double factor;
} conversions[] = {
    { "ms", "s", 1e-3 },
    { "min", "s", 60 },
    { "h", "s", 3600 },
    { "cm", "mm", 10 },
    { "um2/ms", "mm2/s", 1e-3 },
    { "\xc2\xb5m2/ms", "mm2/s", 1e-3 },
    { "\xc2\xb5m\xc2\xb2/ms", "mm2/s", 1e-3 },
    { "mm\xc2\xb2/s", "mm2/s", 1 },
    { "s/mm\xc2\xb2", "s/mm2", 1 },
    { "%", "1", 1e-2 },
    { "ml", "mL", 1 },
    { "L", "mL", 1000 },
    { "rad", "deg", 180 / HEP_PI },
};

const struct hep_field *hep_field_find(const struct hep_field *table, const char *key)
{
    for (; table->key; table++) {
        if (strcmp(table->key, key) == 0)
            return table;
    }
    return NULL;
}

/* Shortest decimal text that reads back to the same bits. */
static void add_exact(struct hep_str *out, double v)
{
    char text[40];

    for (int digits = 9; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    hep_str_add(out, text);
}

static bool may_be_none(const struct hep_field *f)
{
    return strcmp(f->preset, "none") == 0;
}

static void describe_numbers(struct hep_str *out, const struct hep_field *f)
{
    const char *many = f->type == HEP_FIELD_SPAN      ? "two rising numbers [low, high] "
                       : f->type == HEP_FIELD_LIST    ? "a list of numbers "
                       : f->type == HEP_FIELD_INTEGER ? "a whole number "
                                                      : "a number ";

    hep_str_addf(out, "%sfrom ", many);
    add_exact(out, f->min);
    hep_str_add(out, " to ");
    add_exact(out, f->max);
    if (f->unit[0])
        hep_str_addf(out, " %s", f->unit);
    if (may_be_none(f))
        hep_str_add(out, ", or none");
}

void hep_field_describe(struct hep_str *out, const struct hep_field *f)
{
    switch (f->type) {
    case HEP_FIELD_BOOL:
        hep_str_add(out, "true or false");
        break;
    case HEP_FIELD_CHOICE:
    case HEP_FIELD_TEXT:
        if (f->choices == NULL) {
            hep_str_addf(out, "a text of one line, at most %d bytes", HEP_TEXT_MAX - 1);
            break;
        }
        hep_str_add(out, "one of ");
        for (size_t i = 0; f->choices[i]; i++)
            hep_str_addf(out, "%s%s", i ? ", " : "", f->choices[i]);
        break;
    case HEP_FIELD_WORDS:
        hep_str_addf(out, "a list of at most %d words, %d bytes in all", HEP_LIST_MAX,
                     HEP_WORDS_BYTES);
        break;
    case HEP_FIELD_INTEGER:
    case HEP_FIELD_NUMBER:
    case HEP_FIELD_SPAN:
    case HEP_FIELD_LIST:
        describe_numbers(out, f);
        break;
    }
}

/* ---- reading --------------------------------------------------------------------------------- */

struct place {
    const struct hep_yaml_doc *doc;
    const struct hep_yaml *node;
    const struct hep_field *field;
};

static int refuse(const struct place *at, struct hep_error *err, const char *met, const char *hint)
{
    struct hep_str want = { 0 };
    int rc;

    hep_field_describe(&want, at->field);
    rc = hep_yaml_fail(at->doc, at->node, err, "%s: %s; wanted is %s%s", at->field->key, met,
                       want.s ? want.s : "another value", hint);
    hep_str_release(&want);
    return rc;
}

/* A number followed by a word: is the word a unit? Fills `hint` with what to write instead. */
static void unit_hint(char *hint, size_t n, const struct hep_field *f, const char *text)
{
    char *end;
    double v = strtod(text, &end);
    const char *unit = f->unit[0] ? f->unit : "1";

    hint[0] = '\0';
    if (end == text || !isfinite(v))
        return;
    while (*end == ' ')
        end++;
    if (*end == '\0')
        return;
    if (strcmp(end, unit) == 0) {
        (void)snprintf(hint, n, "; leave the unit out, it is always %s: write %.9g", unit, v);
        return;
    }
    for (size_t i = 0; i < sizeof conversions / sizeof conversions[0]; i++) {
        if (strcmp(end, conversions[i].written) == 0 && strcmp(unit, conversions[i].meant) == 0) {
            (void)snprintf(hint, n, "; leave the unit out, it is always %s: write %.9g",
                           strcmp(unit, "1") == 0 ? "a fraction" : unit, v * conversions[i].factor);
            return;
        }
    }
    (void)snprintf(hint, n, "; a value has nothing behind it%s%s",
                   f->unit[0] ? ", its unit is " : "", f->unit);
}

static int read_number(double *out, const struct place *at, struct hep_error *err)
{
    const char *text = hep_yaml_text(at->node);
    char met[160], hint[160] = "";
    double v;

    if (text == NULL) {
        (void)snprintf(met, sizeof met, "met %s", hep_yaml_type_name(hep_yaml_type(at->node)));
        return refuse(at, err, met, "");
    }
    (void)snprintf(met, sizeof met, "met %s'%s'", hep_yaml_is_quoted(at->node) ? "the text " : "",
                   text);
    if (hep_yaml_is_quoted(at->node) || hep_parse_double(&v, text, NULL) != HEP_OK) {
        unit_hint(hint, sizeof hint, at->field, text);
        return refuse(at, err, met, hint);
    }
    if (v < at->field->min || v > at->field->max)
        return refuse(at, err, met, "");
    *out = v;
    return HEP_OK;
}

static int read_integer(long *out, const struct place *at, struct hep_error *err)
{
    double v = 0;
    char met[80];
    int rc = read_number(&v, at, err);

    if (rc != HEP_OK)
        return rc;
    if (v != floor(v)) {
        (void)snprintf(met, sizeof met, "met %.9g", v);
        return refuse(at, err, met, "");
    }
    *out = (long)v;
    return HEP_OK;
}

static int read_numbers(double *out, size_t *n, size_t max, const struct place *at,
                        struct hep_error *err)
{
    char met[80];

    if (hep_yaml_type(at->node) != HEP_YAML_SEQUENCE) {
        const char *text = hep_yaml_text(at->node);

        (void)snprintf(met, sizeof met, text ? "met '%s'" : "met %s",
                       text ? text : hep_yaml_type_name(hep_yaml_type(at->node)));
        return refuse(at, err, met, "");
    }
    *n = hep_yaml_size(at->node);
    if (*n > max) {
        (void)snprintf(met, sizeof met, "met %zu entries, at most %zu fit", *n, max);
        return refuse(at, err, met, "");
    }
    for (size_t i = 0; i < *n; i++) {
        struct place entry = { at->doc, hep_yaml_at(at->node, i), at->field };
        int rc = read_number(&out[i], &entry, err);

        if (rc != HEP_OK)
            return rc;
    }
    return HEP_OK;
}

static int read_span(struct hep_span *out, const struct place *at, struct hep_error *err)
{
    double v[2] = { 0 };
    size_t n = 0;
    char met[80];
    int rc = read_numbers(v, &n, 2, at, err);

    if (rc != HEP_OK)
        return rc;
    if (n != 2 || v[0] > v[1]) {
        if (n == 2)
            (void)snprintf(met, sizeof met, "met [%.9g, %.9g], which falls", v[0], v[1]);
        else
            (void)snprintf(met, sizeof met, "met %zu number%s", n, n == 1 ? "" : "s");
        return refuse(at, err, met, "");
    }
    *out = (struct hep_span){ v[0], v[1] };
    return HEP_OK;
}

static int choice_index(size_t *index, const struct place *at, const char *text,
                        struct hep_error *err)
{
    const char *const *choices = at->field->choices;
    const char *near;
    char met[160], hint[120] = "";
    size_t n = 0;

    for (; choices[n]; n++) {
        if (strcmp(choices[n], text) == 0) {
            *index = n;
            return HEP_OK;
        }
    }
    near = hep_did_you_mean(text, choices, n);
    if (near)
        (void)snprintf(hint, sizeof hint, "; did you mean %s?", near);
    (void)snprintf(met, sizeof met, "met '%s'", text);
    return refuse(at, err, met, hint);
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return true;
    }
    return false;
}

static int read_text(void *member, const struct place *at, struct hep_error *err)
{
    const char *text = hep_yaml_text(at->node);
    struct hep_text value = { { 0 } };
    char met[80];
    size_t index = 0;
    int rc;

    if (text == NULL) {
        (void)snprintf(met, sizeof met, "met %s", hep_yaml_type_name(hep_yaml_type(at->node)));
        return refuse(at, err, met, "");
    }
    if (at->field->choices) {
        rc = choice_index(&index, at, text, err);
        if (rc != HEP_OK)
            return rc;
    }
    if (at->field->type == HEP_FIELD_CHOICE) {
        *(int *)member = (int)index;
        return HEP_OK;
    }
    if (strlen(text) >= sizeof value.s)
        return refuse(at, err, "met a longer text", "");
    if (has_control(text))
        return refuse(at, err, "met a control character", "");
    (void)snprintf(value.s, sizeof value.s, "%s", text);
    *(struct hep_text *)member = value;
    return HEP_OK;
}

const char *hep_words_at(const struct hep_words *words, size_t i)
{
    const char *s = words->s;

    while (i-- > 0)
        s += strlen(s) + 1;
    return s;
}

static int read_words(struct hep_words *out, const struct place *at, struct hep_error *err)
{
    struct hep_words words = { 0 };
    size_t used = 0;
    char met[80];

    if (hep_yaml_type(at->node) != HEP_YAML_SEQUENCE) {
        (void)snprintf(met, sizeof met, "met %s", hep_yaml_type_name(hep_yaml_type(at->node)));
        return refuse(at, err, met, "; write [program, argument, ...]");
    }
    words.n = hep_yaml_size(at->node);
    for (size_t i = 0; i < words.n; i++) {
        const char *text = hep_yaml_text(hep_yaml_at(at->node, i));

        if (text == NULL || has_control(text))
            return refuse(at, err, "met an entry that is no text of one line", "");
        if (i >= HEP_LIST_MAX || used + strlen(text) + 1 > sizeof words.s)
            return refuse(at, err, "met more", "");
        memcpy(words.s + used, text, strlen(text) + 1);
        used += strlen(text) + 1;
    }
    *out = words;
    return HEP_OK;
}

static int read_bool(bool *out, const struct place *at, struct hep_error *err)
{
    const char *text = hep_yaml_text(at->node);
    char met[120];

    if (text && !hep_yaml_is_quoted(at->node)) {
        if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
            *out = text[0] == 't';
            return HEP_OK;
        }
    }
    (void)snprintf(met, sizeof met, "met '%s'",
                   text ? text : hep_yaml_type_name(hep_yaml_type(at->node)));
    return refuse(at, err, met, "");
}

static void set_none(void *member, enum hep_field_type type)
{
    if (type == HEP_FIELD_NUMBER)
        *(double *)member = (double)NAN;
    else if (type == HEP_FIELD_SPAN)
        *(struct hep_span *)member = (struct hep_span){ (double)NAN, (double)NAN };
    else if (type == HEP_FIELD_LIST)
        ((struct hep_list *)member)->n = 0;
}

static bool is_numeric(enum hep_field_type type)
{
    return type == HEP_FIELD_NUMBER || type == HEP_FIELD_SPAN || type == HEP_FIELD_LIST;
}

int hep_field_read(void *base, const struct hep_field *field, const struct hep_yaml_doc *doc,
                   const struct hep_yaml *node, struct hep_error *err)
{
    const struct place at = { doc, node, field };
    const char *text = hep_yaml_text(node);
    void *member = (char *)base + field->offset;
    struct hep_list list = { 0 };
    int rc;

    if (is_numeric(field->type) && may_be_none(field) && text && strcmp(text, "none") == 0) {
        set_none(member, field->type);
        return HEP_OK;
    }
    switch (field->type) {
    case HEP_FIELD_BOOL:
        return read_bool(member, &at, err);
    case HEP_FIELD_INTEGER:
        return read_integer(member, &at, err);
    case HEP_FIELD_NUMBER:
        return read_number(member, &at, err);
    case HEP_FIELD_TEXT:
    case HEP_FIELD_CHOICE:
        return read_text(member, &at, err);
    case HEP_FIELD_SPAN:
        return read_span(member, &at, err);
    case HEP_FIELD_WORDS:
        return read_words(member, &at, err);
    case HEP_FIELD_LIST:
        rc = read_numbers(list.v, &list.n, HEP_LIST_MAX, &at, err);
        if (rc == HEP_OK)
            *(struct hep_list *)member = list;
        return rc;
    }
    return HEP_FAIL(err, HEP_EINVAL, "%s: type %d", field->key, (int)field->type);
}

/* The text as a YAML document. A free text is quoted, so that it may hold what reads as structure.
 */
static void as_yaml(struct hep_str *out, const struct hep_field *field, const char *text)
{
    if (field->type != HEP_FIELD_TEXT || field->choices) {
        hep_str_add(out, text);
        return;
    }
    hep_str_add(out, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            hep_str_add(out, "\\");
        hep_str_addn(out, text, 1);
    }
    hep_str_add(out, "\"");
}

int hep_field_set(void *base, const struct hep_field *field, const char *text,
                  struct hep_error *err)
{
    static const char name[] = "value";
    struct hep_error local = { 0 };
    struct hep_yaml_doc *doc = NULL;
    struct hep_str yaml = { 0 };
    const char *message = local.msg;
    int rc;

    as_yaml(&yaml, field, text);
    rc = hep_str_check(&yaml, &local);
    if (rc == HEP_OK)
        rc = hep_yaml_parse(&doc, yaml.s, yaml.len, name, &local);
    if (rc == HEP_OK && hep_yaml_root(doc) == NULL)
        rc = HEP_FAIL(&local, HEP_ECONFIG, "%s: no value", field->key);
    else if (rc == HEP_OK)
        rc = hep_field_read(base, field, doc, hep_yaml_root(doc), &local);
    if (rc != HEP_OK) {
        /* One word has no place worth telling: leave "value:1:1: " out. */
        if (hep_starts_with(message, name) && strstr(message, ": "))
            message = strstr(message, ": ") + 2;
        rc = hep_starts_with(message, field->key)
                 ? HEP_FAIL(err, (enum hep_status)rc, "%s", message)
                 : HEP_FAIL(err, (enum hep_status)rc, "%s: %s", field->key, message);
    }
    hep_yaml_free(doc);
    hep_str_release(&yaml);
    return rc;
}

/* ---- printing -------------------------------------------------------------------------------- */

static bool is_plain_word(const char *s)
{
    static const char *const reserved[] = {
        "true", "false", "null", "yes", "no", "on", "off", "~"
    };

    if (!((*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z')))
        return false;
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (strcmp(s, reserved[i]) == 0)
            return false;
    }
    return s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")] ==
           '\0';
}

static void print_text(struct hep_str *out, const char *s)
{
    if (is_plain_word(s)) {
        hep_str_add(out, s);
        return;
    }
    hep_str_add(out, "\"");
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            hep_str_add(out, "\\");
        hep_str_addn(out, s, 1);
    }
    hep_str_add(out, "\"");
}

static void print_numbers(struct hep_str *out, const double *v, size_t n)
{
    hep_str_add(out, "[");
    for (size_t i = 0; i < n; i++) {
        hep_str_add(out, i ? ", " : "");
        add_exact(out, v[i]);
    }
    hep_str_add(out, "]");
}

static void print_words(struct hep_str *out, const struct hep_words *words)
{
    hep_str_add(out, "[");
    for (size_t i = 0; i < words->n; i++) {
        hep_str_add(out, i ? ", " : "");
        print_text(out, hep_words_at(words, i));
    }
    hep_str_add(out, "]");
}

void hep_field_print(struct hep_str *out, const void *base, const struct hep_field *field)
{
    const void *member = (const char *)base + field->offset;
    const struct hep_span *span = member;
    const struct hep_list *list = member;

    switch (field->type) {
    case HEP_FIELD_BOOL:
        hep_str_add(out, *(const bool *)member ? "true" : "false");
        break;
    case HEP_FIELD_INTEGER:
        hep_str_addf(out, "%ld", *(const long *)member);
        break;
    case HEP_FIELD_NUMBER:
        if (isnan(*(const double *)member))
            hep_str_add(out, "none");
        else
            add_exact(out, *(const double *)member);
        break;
    case HEP_FIELD_TEXT:
        print_text(out, ((const struct hep_text *)member)->s);
        break;
    case HEP_FIELD_CHOICE:
        hep_str_add(out, field->choices[*(const int *)member]);
        break;
    case HEP_FIELD_SPAN:
        if (isnan(span->lo))
            hep_str_add(out, "none");
        else
            print_numbers(out, (const double[2]){ span->lo, span->hi }, 2);
        break;
    case HEP_FIELD_WORDS:
        print_words(out, member);
        break;
    case HEP_FIELD_LIST:
        if (list->n == 0 && may_be_none(field))
            hep_str_add(out, "none");
        else
            print_numbers(out, list->v, list->n);
        break;
    }
}

int hep_field_presets(void *base, const struct hep_field *table, struct hep_error *err)
{
    for (; table->key; table++) {
        int rc = hep_field_set(base, table, table->preset, err);

        if (rc != HEP_OK)
            return rc;
    }
    return HEP_OK;
}
