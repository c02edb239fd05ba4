/**
 * @file  sequences/words.h
 * @brief Matching of words in free text such as a series description.
 *
 * Text is cut into lower-case words: runs of letters, runs of digits, and a new word where a
 * lower-case letter is followed by an upper-case one. "t1_vibe_Art20s" is t 1 vibe art 20 s.
 */
#ifndef HEP_SEQUENCES_WORDS_H
#define HEP_SEQUENCES_WORDS_H

#include <stdbool.h>

/**
 * @param[in] text     NULL matches nothing; only the first 500 characters count
 * @param[in] patterns alternatives separated by '|'. Each is a run of words that must follow one
 *                     another; '*' before or after a word stands for any letters of that word.
 */
bool hep_words_match(const char *text, const char *patterns);
/** The whole text is this run of words. */
bool hep_words_equal(const char *text, const char *pattern);
/** The last word of the text is `word`. */
bool hep_words_end_with(const char *text, const char *word);

#endif
