/**
 * @file  report/html.h
 * @brief Pieces of HTML that every section of a page is made of. Whatever comes from files goes
 * through hep_html_text(); texts that are typed in the source are added as they are.
 *
 * A mark tells a state by shape, word and colour: filled disc "present", ring "absent", dashed ring
 * "not assessable". The style sheet is report/assets/report.css.
 */
#ifndef HEP_REPORT_HTML_H
#define HEP_REPORT_HTML_H

#include "base/json.h"
#include "base/text.h"

/** Escaped; NULL adds an en dash. */
void hep_html_text(struct hep_str *out, const char *text);
/** As hep_html_text() with underscores as blanks and short names in capitals: "hbp_ratio" becomes
 * "HBP ratio". */
void hep_html_words(struct hep_str *out, const char *name);
/** A number with `digits` decimals; an en dash when it is not finite. */
void hep_html_number(struct hep_str *out, double value, int digits);
/** `digits` significant digits without exponent for 1e-4 <= |x| < 1e7. */
void hep_html_significant(struct hep_str *out, double value, int digits);

/** The page up to the start of its body; `title` is escaped, `head` goes into the head as it is, or
 * is NULL. */
void hep_html_begin(struct hep_str *out, const char *title, const char *head);
void hep_html_end(struct hep_str *out);
/** A section with its heading; `id` is typed in the source. */
void hep_html_section(struct hep_str *out, const char *id, const char *heading);
void hep_html_section_end(struct hep_str *out);

enum hep_html_mark {
    HEP_MARK_GOOD,
    HEP_MARK_DOUBT,
    HEP_MARK_BAD,
    HEP_MARK_PRESENT,
    HEP_MARK_ABSENT,
    HEP_MARK_UNKNOWN
};
/** Shape and words; the words are escaped. */
void hep_html_mark(struct hep_str *out, enum hep_html_mark mark, const char *words);
/** Mark of a state that stands in a file: "present", "adequate", "suspect", "nominal", ... */
enum hep_html_mark hep_html_mark_of(const char *state);

/** A relative link target: every byte but letters, digits and -._~/ is percent-encoded. */
void hep_html_url(struct hep_str *out, const char *path);
void hep_html_base64(struct hep_str *out, const void *data, size_t n);
/** "data:TYPE;base64,..." */
void hep_html_data(struct hep_str *out, const char *type, const void *data, size_t n);

#endif
