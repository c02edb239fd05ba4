#include "sequences/series_build.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "image/nifti.h"
#include "sequences/lines.h"
#include "sequences/words.h"

enum { MAX_TSV_BYTES = 1024 * 1024, TOTALSEGMENTATOR_LIVER = 5, MAX_COLUMNS = 64 };

int hep_label_names_add(struct hep_series *s, const char *name, int32_t value,
                        struct hep_error *err)
{
    if (HEP_GROW(s->labels, s->n_labels, err) != HEP_OK)
        return HEP_ENOMEM;
    s->labels[s->n_labels].value = value;
    s->labels[s->n_labels].name = hep_strdup(name, err);
    if (s->labels[s->n_labels].name == NULL)
        return HEP_ENOMEM;
    s->n_labels++;
    return HEP_OK;
}

/** Cut a line at its tabs, in place. */
static size_t cut_columns(char **column, char *line)
{
    size_t n = 0;

    while (line != NULL && n < MAX_COLUMNS) {
        column[n++] = line;
        line = strchr(line, '\t');
        if (line != NULL)
            *line++ = '\0';
    }
    return n;
}

static size_t column_of(char *const *column, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(column[i], name) == 0)
            return i;
    return MAX_COLUMNS;
}

/** BIDS _dseg.tsv: columns "index" and "name". */
static int parse_tsv(struct hep_series *s, char *text, const char *path, struct hep_error *err)
{
    char *column[MAX_COLUMNS], *save = NULL;
    char *line = strtok_r(text, "\r\n", &save);
    size_t n = line ? cut_columns(column, line) : 0;
    size_t at_index = column_of(column, n, "index"), at_name = column_of(column, n, "name");
    int rc = HEP_OK;

    if (at_index == MAX_COLUMNS || at_name == MAX_COLUMNS)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: the columns \"index\" and \"name\" are wanted",
                        path);
    for (size_t row = 2; rc == HEP_OK && (line = strtok_r(NULL, "\r\n", &save)) != NULL; row++) {
        struct hep_error ignored = { 0 };
        long value = -1;

        n = cut_columns(column, line);
        if (at_index >= n || at_name >= n ||
            hep_parse_long(&value, column[at_index], &ignored) != HEP_OK || value < 0 ||
            value > INT32_MAX)
            return HEP_FAIL(err, HEP_EFORMAT, "%s:%zu: no label number and name", path, row);
        rc = hep_label_names_add(s, column[at_name], (int32_t)value, err);
    }
    return rc;
}

static int name_one(struct hep_series *s, struct hep_error *err)
{
    char *base = hep_nifti_base(s->path[0], err);
    char *path = base ? hep_asprintf(err, "%s.tsv", base) : NULL;
    char *text = NULL;
    size_t n = 0;
    int rc = HEP_OK;

    if (path == NULL)
        rc = HEP_ENOMEM;
    else if (hep_is_special(path))
        rc = hep_lines_addf(&s->warnings, err, "%s is not a regular file: left out",
                            hep_path_base(path));
    if (rc != HEP_OK)
        goto out;
    if (hep_is_file(path)) {
        rc = hep_file_read(&text, &n, path, MAX_TSV_BYTES, err);
        if (rc == HEP_OK)
            rc = parse_tsv(s, text, path, err);
    } else if (hep_words_match(s->name, "roi|rois")) {
        rc = hep_lines_addf(&s->warnings, err, "its values have no names: give them in study.yml");
    } else {
        rc = hep_label_names_add(s, "liver", TOTALSEGMENTATOR_LIVER, err);
        if (rc == HEP_OK)
            rc =
                hep_lines_addf(&s->warnings, err,
                               "its values have no names: TotalSegmentator's liver = %d is assumed",
                               TOTALSEGMENTATOR_LIVER);
    }
out:
    free(base);
    free(path);
    free(text);
    return rc;
}

int hep_label_names_fill(struct hep_inventory *inv, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < inv->n_series; i++)
        if (inv->series[i].role == HEP_ROLE_LABELS && inv->series[i].n_labels == 0)
            rc = name_one(&inv->series[i], err);
    return rc;
}
