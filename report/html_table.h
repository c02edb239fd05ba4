/**
 * @file  report/html_table.h
 * @brief The writer of base/table.h for pages. Heads have the unit as people see it, the first
 *        column names its row, numbers are set as report/html.h sets them. A table without rows is
 *        its caption and "none".
 */
#ifndef HEP_REPORT_HTML_TABLE_H
#define HEP_REPORT_HTML_TABLE_H

#include "base/table.h"

void hep_html_rows(struct hep_str *out, const struct hep_table *t);
/** The same; the script sorts it by the column whose head is clicked. */
void hep_html_sortable_rows(struct hep_str *out, const struct hep_table *t);
/** Once, after all such tables of a page: report/assets/sort.js. */
void hep_html_sorting_script(struct hep_str *out);

/* For the member `html` of a column that holds a text. */
/** A state with its mark: hep_html_mark_of(). */
void hep_html_cell_mark(struct hep_str *out, const struct hep_column *column, const void *row);
/** A name of a file as words: hep_html_words(). */
void hep_html_cell_words(struct hep_str *out, const struct hep_column *column, const void *row);
/** A path, which may break anywhere; a hash in small digits. */
void hep_html_cell_file(struct hep_str *out, const struct hep_column *column, const void *row);
void hep_html_cell_hash(struct hep_str *out, const struct hep_column *column, const void *row);

#endif
