#include "datasets/cases.h"

#include "base/file.h"
#include "base/text.h"

#include <stdlib.h>
#include <strings.h>

enum { MAX_BYTES = 16 * 1024 * 1024, MAX_COLUMNS = 64, MAX_CELL = 160 };

/* A table of values with commas or, where its name ends in .tsv, tabs between them: its first line names the columns. */
struct csv {
    char *text;
    size_t n;
    char *path, separator;
};

/* The n-th cell of a line, without quotes; "" when there are fewer. */
static void cell_of(char out[MAX_CELL], const struct csv *t, const char *line, size_t column)
{
    size_t n = 0;
    bool quoted = false;

    for (; *line != '\0' && *line != '\n' && *line != '\r'; line++) {
        if (*line == '"') {
            quoted = !quoted;
        } else if (*line == t->separator && !quoted) {
            if (column-- == 0)
                break;
        } else if (column == 0 && n + 1 < MAX_CELL) {
            out[n++] = *line;
        }
    }
    out[n] = '\0';
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');

    return end != NULL && end[1] != '\0' ? end + 1 : NULL;
}

static int column_of(size_t *out, const struct csv *t, const char *name, struct hep_error *err)
{
    char cell[MAX_CELL];
    const char *first = hep_starts_with(t->text, "\xef\xbb\xbf") ? t->text + 3 : t->text;

    for (*out = 0; *out < MAX_COLUMNS; (*out)++) {
        cell_of(cell, t, first, *out);
        if (strcmp(cell, name) == 0)
            return HEP_OK;
    }
    return HEP_FAIL(err, HEP_EDATASET, "%s: there is no column %s", t->path, name);
}

/* 7 and 0007 are one case. */
static bool is_same(const char *a, const char *b)
{
    double x = 0.0, y = 0.0;

    if (hep_parse_double(&x, a, NULL) == HEP_OK && hep_parse_double(&y, b, NULL) == HEP_OK)
        return x == y;
    return strcmp(a, b) == 0;
}

static int open_csv(struct csv *t, const char *root, const char *name, struct hep_error *err)
{
    t->path = hep_path_join(root, name, err);
    t->separator = hep_ends_with(name, ".tsv") ? '\t' : ',';
    return t->path != NULL ? hep_file_read(&t->text, &t->n, t->path, MAX_BYTES, err) : HEP_ENOMEM;
}

static void close_csv(struct csv *t)
{
    free(t->text);
    free(t->path);
}

/* The words of a label by the second table; the label itself without one. */
static int words_of(char out[MAX_CELL], const struct csv *names, const struct hep_set_types *types,
                    const char *label, struct hep_error *err)
{
    size_t key = 0, value = 0;
    int rc = HEP_OK;

    (void)snprintf(out, MAX_CELL, "%s", label);
    if (names->text == NULL)
        return HEP_OK;
    rc = column_of(&key, names, types->names_key, err);
    if (rc == HEP_OK)
        rc = column_of(&value, names, types->names_value, err);
    for (const char *line = names->text; rc == HEP_OK && (line = next_line(line)) != NULL;) {
        char cell[MAX_CELL];

        cell_of(cell, names, line, key);
        if (!is_same(cell, label))
            continue;
        cell_of(out, names, line, value);
        break;
    }
    return rc;
}

/* HEP_ROLE_COUNT where no row knows the type: there is nothing to compare then. */
static enum hep_role role_of(const struct hep_set *set, const char *words)
{
    for (size_t i = 0; i < set->n_types; i++)
        if (hep_contains_nocase(words, set->type[i].contains))
            return set->type[i].role;
    return HEP_ROLE_COUNT;
}

static void give_type(struct hep_cases *c, const struct hep_set *set, const char *name,
                      const char *series, const char *words)
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t s = 0; is_same(c->list[i].name, name) && s < c->list[i].n_series; s++) {
            struct hep_case_series *one = &c->list[i].series[s];
            const char *own = hep_captures_get(&one->words, "series");

            if (own == NULL || !is_same(own, series))
                continue;
            (void)snprintf(one->type, sizeof one->type, "%.79s", words);
            one->type_role = role_of(set, words);
        }
}

static int read_types(struct hep_cases *c, const struct hep_set *set, struct hep_error *err)
{
    const struct hep_set_types *types = &set->types;
    struct csv table = { 0 }, names = { 0 };
    size_t column[3] = { 0 };
    const char *const wanted[3] = { types->case_column, types->series_column, types->label_column };
    int rc = open_csv(&table, c->root, types->file, err);

    if (rc == HEP_OK && types->names != NULL)
        rc = open_csv(&names, c->root, types->names, err);
    for (int k = 0; rc == HEP_OK && k < 3; k++)
        rc = column_of(&column[k], &table, wanted[k], err);
    for (const char *line = table.text; rc == HEP_OK && (line = next_line(line)) != NULL;) {
        char cell[3][MAX_CELL], words[MAX_CELL];

        for (int k = 0; k < 3; k++)
            cell_of(cell[k], &table, line, column[k]);
        rc = words_of(words, &names, types, cell[2], err);
        if (rc == HEP_OK)
            give_type(c, set, cell[0], cell[1], words);
    }
    close_csv(&table);
    close_csv(&names);
    return rc;
}

/* ---- classes of persons ---------------------------------------------------------------------- */

/* The class whose name or title, in any case, or whose number a cell holds; NULL. */
static const struct hep_set_class *class_called(const struct hep_set *set, const char *cell)
{
    for (size_t i = 0; i < set->n_classes; i++) {
        const struct hep_set_class *c = &set->class[i];
        double number = 0.0;

        if (strcasecmp(c->name, cell) == 0 || strcasecmp(c->title, cell) == 0 ||
            (hep_parse_double(&number, cell, NULL) == HEP_OK && number == c->value))
            return c;
    }
    return NULL;
}

static int give_class(struct hep_cases *c, const struct hep_set *set, const struct csv *t,
                      const char *name, const char *cell, struct hep_error *err)
{
    const struct hep_set_class *class = class_called(set, cell);

    if (cell[0] == '\0')
        return HEP_OK;
    if (class == NULL)
        return HEP_FAIL(err, HEP_EDATASET, "%s: %s: '%.60s' is no row of the classes of %s",
                        t->path, name, cell, set->name);
    for (size_t i = 0; i < c->n; i++) {
        if (!is_same(c->list[i].name, name))
            continue;
        if (c->list[i].class != NULL && c->list[i].class != class)
            return HEP_FAIL(err, HEP_EDATASET, "%s: %s is of two classes, %s and %s", t->path, name,
                            c->list[i].class->name, class->name);
        c->list[i].class = class;
    }
    return HEP_OK;
}

static int read_persons(struct hep_cases *c, const struct hep_set *set, struct hep_error *err)
{
    struct csv table = { 0 };
    size_t of_case = 0, of_class = 0;
    int rc = open_csv(&table, c->root, set->persons.file, err);

    if (rc == HEP_OK)
        rc = column_of(&of_case, &table, set->persons.case_column, err);
    if (rc == HEP_OK)
        rc = column_of(&of_class, &table, set->persons.class_column, err);
    for (const char *line = table.text; rc == HEP_OK && (line = next_line(line)) != NULL;) {
        char name[MAX_CELL], cell[MAX_CELL];

        cell_of(name, &table, line, of_case);
        cell_of(cell, &table, line, of_class);
        rc = give_class(c, set, &table, name, cell, err);
    }
    close_csv(&table);
    return rc;
}

int hep_cases_read_tables(struct hep_cases *c, const struct hep_set *set, struct hep_error *err)
{
    int rc = set->types.file != NULL ? read_types(c, set, err) : HEP_OK;

    return rc == HEP_OK && set->persons.file != NULL ? read_persons(c, set, err) : rc;
}
