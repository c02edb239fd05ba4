#include "base/tsv.h"

#include "base/alloc.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BYTES ((size_t)16 * 1024 * 1024)

/* Lines that hold something; the line ends become ends of text. */
static size_t cut_lines(char *text, size_t n)
{
    size_t lines = 0;
    bool in_line = false;

    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n' || text[i] == '\r') {
            text[i] = '\0';
            in_line = false;
        } else if (!in_line) {
            in_line = true;
            lines++;
        }
    }
    return lines;
}

static size_t count_cells(const char *line)
{
    size_t n = 1;

    for (; *line != '\0'; line++)
        n += *line == '\t';
    return n;
}

static int fill(struct hep_tsv *t, size_t n_bytes, const char *path, struct hep_error *err)
{
    static char empty[] = "";
    char *line = t->text, *end = t->text + n_bytes;
    size_t row = 0;

    for (size_t number = 1; line < end; number++) {
        char *next = line + strlen(line) + 1;

        if (*line != '\0') {
            if (count_cells(line) > t->n_columns)
                return HEP_FAIL(err, HEP_EFORMAT,
                                "%s: row %zu has %zu cells, the table %zu columns", path, row,
                                count_cells(line), t->n_columns);
            for (size_t k = 0; k < t->n_columns; k++) {
                t->cell[row * t->n_columns + k] = line != NULL ? line : empty;
                line = line != NULL ? strchr(line, '\t') : NULL;
                if (line != NULL)
                    *line++ = '\0';
            }
            row++;
        }
        line = next;
    }
    return HEP_OK;
}

int hep_tsv_read(struct hep_tsv *out, const char *path, struct hep_error *err)
{
    struct hep_tsv t = { 0 };
    const char *first;
    size_t n = 0, lines = 0;
    int rc = hep_file_read(&t.text, &n, path, MAX_BYTES, err);

    *out = (struct hep_tsv){ 0 };
    if (rc == HEP_OK && strlen(t.text) != n)
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: not a text: it holds a zero byte", path);
    if (rc == HEP_OK)
        lines = cut_lines(t.text, n);
    if (rc == HEP_OK && lines == 0)
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: no line with the names of columns", path);
    if (rc == HEP_OK) {
        for (first = t.text; *first == '\0';)
            first++;
        t.n_columns = count_cells(first);
        t.n_rows = lines - 1;
        rc = HEP_NEW(t.cell, lines * t.n_columns, err);
    }
    if (rc == HEP_OK)
        rc = fill(&t, n, path, err);
    if (rc == HEP_OK)
        *out = t;
    else
        hep_tsv_release(&t);
    return rc;
}

void hep_tsv_release(struct hep_tsv *t)
{
    free(t->text);
    free((void *)t->cell);
    *t = (struct hep_tsv){ 0 };
}

size_t hep_tsv_column(const struct hep_tsv *t, const char *name)
{
    for (size_t k = 0; k < t->n_columns; k++)
        if (strcmp(t->cell[k], name) == 0)
            return k;
    return HEP_TSV_NONE;
}

const char *hep_tsv_cell(const struct hep_tsv *t, size_t row, size_t column)
{
    const char *text =
        column < t->n_columns && row < t->n_rows ? t->cell[(row + 1) * t->n_columns + column] : "";

    return strcmp(text, "n/a") == 0 ? "" : text;
}
