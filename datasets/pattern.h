/**
 * @file  datasets/pattern.h
 * @brief Files and folders whose path fits a pattern such as "imagesTr/amos_{case}.nii.gz".
 *
 * {word} takes one character or more of one name of a folder or file, and the same text wherever the word stands again;
 * * takes any characters. A part ends where the text after it begins for the first time; the last text of a name is its end.
 */
#ifndef HEP_DATASETS_PATTERN_H
#define HEP_DATASETS_PATTERN_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { HEP_WORDS = 6, HEP_WORD_NAME = 24, HEP_WORD_TEXT = 160 };

/** What the words of a pattern stand for. */
struct hep_captures {
    char name[HEP_WORDS][HEP_WORD_NAME], text[HEP_WORDS][HEP_WORD_TEXT];
    size_t n;
};
/** NULL when the word is not known. */
const char *hep_captures_get(const struct hep_captures *w, const char *name);
/** False when there are too many, or the text is too long. */
bool hep_captures_set(struct hep_captures *w, const char *name, const char *text);

struct hep_place_found {
    char *path; /* owned */
    struct hep_captures words;
};
struct hep_places {
    struct hep_place_found *list; /* natural order of names */
    size_t n;
};
void hep_places_release(struct hep_places *p);

/**
 * @param[out] out release in any case
 * @param[in] known words that are given; NULL: none
 * @return HEP_OK also when nothing fits; HEP_EIO, HEP_ENOMEM; HEP_ECONFIG for a pattern that is none
 */
int hep_pattern_find(struct hep_places *out, const char *root, const char *pattern,
                     const struct hep_captures *known, struct hep_error *err) HEP_MUST_CHECK;

/** Does one name fit one part of a pattern? Words that are new are added. */
bool hep_pattern_fits(struct hep_captures *words, const char *part, const char *name);

#endif
