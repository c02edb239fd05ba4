/**
 * @file  validation/document.h
 * @brief A report that is written once and comes out twice: as a page and as Markdown. Within the room.
 *
 * Texts are plain: each writer escapes them as its form asks.
 */
#ifndef HEP_VALIDATION_DOCUMENT_H
#define HEP_VALIDATION_DOCUMENT_H

#include "base/table.h"
#include "base/text.h"

/** Start with `{ 0 }`. */
struct hep_document {
    struct hep_str page, markdown;
    bool in_section;
};
void hep_document_release(struct hep_document *d);

void hep_document_begin(struct hep_document *d, const char *title);
void hep_document_end(struct hep_document *d);
/** @param[in] id typed in the source */
void hep_document_section(struct hep_document *d, const char *id, const char *heading);
void hep_document_text(struct hep_document *d, const char *fmt, ...) HEP_PRINTF(2, 3);
/** Nothing is written of a table without rows but `without`. */
void hep_document_table(struct hep_document *d, const struct hep_table *t, const char *without);
/** One row as a table of two columns, what is absent left out. */
void hep_document_row(struct hep_document *d, const char *caption, const struct hep_column *columns,
                      const void *row);
/** A PNG picture: within the page, and as the file NAME beside the Markdown. */
void hep_document_picture(struct hep_document *d, const void *png, size_t n, const char *name,
                          const char *caption);

#endif
