/**
 * @file  base/tsv.h
 * @brief Reading tables of tab-separated values: a line of column names, then one line per row.
 */
#ifndef HEP_BASE_TSV_H
#define HEP_BASE_TSV_H

#include "base/error.h"

#include <stddef.h>

struct hep_tsv {
    char *text;  /* owned; the cells lie in it */
    char **cell; /* [(n_rows + 1) * n_columns], the names first; a short row ends in empty cells */
    size_t n_rows, n_columns;
};

/**
 * @param[out] out release with hep_tsv_release()
 * @return HEP_ENOENT, HEP_EIO; HEP_EFORMAT for a table without names, with a row longer than the names, or beyond
 *         16 MiB; HEP_ENOMEM. The message names the path, and the line where there is one.
 */
int hep_tsv_read(struct hep_tsv *out, const char *path, struct hep_error *err) HEP_MUST_CHECK;
void hep_tsv_release(struct hep_tsv *t);

#define HEP_TSV_NONE ((size_t)-1)
/** Column of this name; HEP_TSV_NONE when there is none. */
size_t hep_tsv_column(const struct hep_tsv *t, const char *name);
/** Cell of a row, from 0; "" for a column that is not there, and for n/a. */
const char *hep_tsv_cell(const struct hep_tsv *t, size_t row, size_t column);

#endif
