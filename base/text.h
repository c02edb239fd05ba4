/**
 * @file  base/text.h
 * @brief Checked number parsing, growing strings, escaping, and "did you mean".
 */
#ifndef HEP_BASE_TEXT_H
#define HEP_BASE_TEXT_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/**
 * Numbers use the whole of `s` (surrounding blanks allowed), are finite, decimal and independent of
 * the locale. @return HEP_OK or HEP_EFORMAT with the text met; `out` untouched on failure.
 */
int hep_parse_double(double *out, const char *s, struct hep_error *err) HEP_MUST_CHECK;
int hep_parse_long(long *out, const char *s, struct hep_error *err) HEP_MUST_CHECK;

/** A string that grows. Start with `{ 0 }`, end with hep_str_release(). `s` is never NULL after the
 *  first successful append and is always terminated. A failed allocation sets `failed` and later
 *  appends do nothing, so that one check at the end is enough. */
struct hep_str {
    char *s;
    size_t len, cap;
    bool failed;
};
void hep_str_release(struct hep_str *str);
/** Empty text, same memory; a recorded failure stays. */
void hep_str_clear(struct hep_str *str);
void hep_str_add(struct hep_str *str, const char *text);
void hep_str_addn(struct hep_str *str, const char *text, size_t n);
void hep_str_addf(struct hep_str *str, const char *fmt, ...) HEP_PRINTF(2, 3);
/** Bytes of the well-formed UTF-8 sequence at the start of n_left bytes (Unicode 15, table 3-7), 0
 * when it is ill-formed or cut short. */
size_t hep_utf8_length(const char *text, size_t n_left);
/** Bytes of the mark that editors of Windows write at the start of a UTF-8 text, 3 or 0. */
size_t hep_byte_order_mark(const char *text, size_t n);
/** Append, with U+FFFD in place of every byte that is not part of well-formed UTF-8. */
void hep_str_add_utf8(struct hep_str *str, const char *text);
/** Escape & < > " ' for HTML text and attribute values; drop control characters other than tab and
 *  newline; replace invalid UTF-8. */
void hep_str_add_html(struct hep_str *str, const char *text);
/** Replace tab, CR, LF by a blank so that the text is one TSV cell; empty text becomes "n/a". A text that a
 * spreadsheet would execute as a formula (=, @, + or - first, and no number) gets an apostrophe before it. */
void hep_str_add_tsv(struct hep_str *str, const char *text);
/** Shortest text of at most 9 significant digits, with "n/a" for non-finite values. */
void hep_str_add_number(struct hep_str *str, double value);
/** The text of `part`, "" where it has none, for use in `out`, which has failed when an append to the part failed. */
const char *hep_str_part(struct hep_str *out, const struct hep_str *part);
/** @return HEP_OK, or HEP_ENOMEM when an append failed. */
int hep_str_check(const struct hep_str *str, struct hep_error *err) HEP_MUST_CHECK;

/**
 * The candidate nearest to `word` by Damerau-Levenshtein distance, if within max(2, length / 3)
 * and nearer than a word with no letter in common; otherwise the first that begins with `word`,
 * from three letters on. Words over 64 bytes match nothing.
 * @param[in] candidates array of n strings, borrowed
 * @return borrowed candidate or NULL
 */
const char *hep_did_you_mean(const char *word, const char *const *candidates, size_t n);
/** Append "; did you mean 'NAME'?", or where no name is near "; known are NAME, NAME". */
void hep_str_add_known(struct hep_str *out, const char *word, const char *const *names, size_t n);
/** Index of a word among n names; `code` with "unknown WHAT 'WORD'; did you mean 'NAME'?" when it is none of them. */
int hep_find_name(size_t *index, const char *word, const char *const *names, size_t n,
                  const char *what, enum hep_status code, struct hep_error *err) HEP_MUST_CHECK;

bool hep_starts_with(const char *s, const char *prefix);
bool hep_ends_with(const char *s, const char *suffix);
/** Case-insensitive search of ASCII text. */
bool hep_contains_nocase(const char *s, const char *part);
/** Order in which run digits count as numbers: "echo-2" before "echo-10". For qsort of strings. */
int hep_natural_cmp(const char *a, const char *b);
/** Heap copy; NULL when s is NULL, or when out of memory, which is recorded. */
char *hep_strdup(const char *s, struct hep_error *err);
/** Heap text by format; NULL when out of memory, which is recorded. */
char *hep_asprintf(struct hep_error *err, const char *fmt, ...) HEP_PRINTF(2, 3);

#endif
