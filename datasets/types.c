#include "datasets/cases.h"

#include "base/file.h"
#include "base/text.h"

#include <stdlib.h>

enum { MAX_BYTES = 16 * 1024 * 1024, MAX_COLUMNS = 64, MAX_CELL = 160 };

/* A table of comma-separated values: its first line names the columns. */
struct csv {
    char *text;
    size_t n;
};

/* The n-th cell of a line, without quotes; "" when there are fewer. */
static void cell_of(char out[MAX_CELL], const char *line, size_t column)
{
    size_t n = 0;
    bool quoted = false;

    for (; *line != '\0' && *line != '\n' && *line != '\r'; line++) {
        if (*line == '"') {
            quoted = !quoted;
        } else if (*line == ',' && !quoted) {
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

static int column_of(size_t *out, const struct csv *t, const char *path, const char *name,
                     struct hep_error *err)
{
    char cell[MAX_CELL];
    const char *first = hep_starts_with(t->text, "\xef\xbb\xbf") ? t->text + 3 : t->text;

    for (*out = 0; *out < MAX_COLUMNS; (*out)++) {
        cell_of(cell, first, *out);
        if (strcmp(cell, name) == 0)
            return HEP_OK;
    }
    return HEP_FAIL(err, HEP_EDATASET, "%s: there is no column %s", path, name);
}

/* 7 and 0007 are one case. */
static bool is_same(const char *a, const char *b)
{
    double x = 0.0, y = 0.0;

    if (hep_parse_double(&x, a, NULL) == HEP_OK && hep_parse_double(&y, b, NULL) == HEP_OK)
        return x == y;
    return strcmp(a, b) == 0;
}

static int open_csv(struct csv *t, char **path, const char *root, const char *name,
                    struct hep_error *err)
{
    *path = hep_path_join(root, name, err);
    return *path != NULL ? hep_file_read(&t->text, &t->n, *path, MAX_BYTES, err) : HEP_ENOMEM;
}

/* The words of a label by the second table; the label itself without one. */
static int words_of(char out[MAX_CELL], const struct csv *names, const char *path,
                    const struct hep_set_types *types, const char *label, struct hep_error *err)
{
    size_t key = 0, value = 0;
    int rc = HEP_OK;

    (void)snprintf(out, MAX_CELL, "%s", label);
    if (names->text == NULL)
        return HEP_OK;
    rc = column_of(&key, names, path, types->names_key, err);
    if (rc == HEP_OK)
        rc = column_of(&value, names, path, types->names_value, err);
    for (const char *line = names->text; rc == HEP_OK && (line = next_line(line)) != NULL;) {
        char cell[MAX_CELL];

        cell_of(cell, line, key);
        if (!is_same(cell, label))
            continue;
        cell_of(out, line, value);
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

int hep_cases_read_types(struct hep_cases *c, const struct hep_set *set, struct hep_error *err)
{
    const struct hep_set_types *types = &set->types;
    struct csv table = { 0 }, names = { 0 };
    char *path = NULL, *names_path = NULL;
    size_t column[3] = { 0 };
    const char *const wanted[3] = { types->case_column, types->series_column, types->label_column };
    int rc = open_csv(&table, &path, c->root, types->file, err);

    if (rc == HEP_OK && types->names != NULL)
        rc = open_csv(&names, &names_path, c->root, types->names, err);
    for (int k = 0; rc == HEP_OK && k < 3; k++)
        rc = column_of(&column[k], &table, path, wanted[k], err);
    for (const char *line = table.text; rc == HEP_OK && (line = next_line(line)) != NULL;) {
        char cell[3][MAX_CELL], words[MAX_CELL];

        for (int k = 0; k < 3; k++)
            cell_of(cell[k], line, column[k]);
        rc = words_of(words, &names, names_path, types, cell[2], err);
        if (rc == HEP_OK)
            give_type(c, set, cell[0], cell[1], words);
    }
    free(table.text);
    free(names.text);
    free(path);
    free(names_path);
    return rc;
}
