#include "sequences/words.h"

#include "base/banned.h"
#include "base/number.h"

#include <ctype.h>

enum { MAX_CHARS = 500, MAX_WORDS = 120 };

struct word {
    size_t at, len;
};
struct words {
    char text[MAX_CHARS + 1];
    struct word word[MAX_WORDS];
    size_t n;
};

/** True when b continues the word of a. A number ends at a letter, a word at a digit or at a capital after a small
 * letter. */
static bool continues_word(char a, char b)
{
    if (hep_is_digit(a))
        return hep_is_digit(b);
    return hep_is_letter(b) && !(islower((unsigned char)a) && isupper((unsigned char)b));
}

static void cut(struct words *w, const char *text, size_t len)
{
    size_t i = 0;

    w->n = 0;
    len = len > MAX_CHARS ? MAX_CHARS : len;
    while (i < len && w->n < MAX_WORDS) {
        size_t from = i;

        if (!hep_is_letter(text[i]) && !hep_is_digit(text[i])) {
            i++;
            continue;
        }
        for (i++; i < len && continues_word(text[i - 1], text[i]); i++)
            ;
        w->word[w->n++] = (struct word){ from, i - from };
    }
    for (i = 0; i < len; i++)
        w->text[i] = (char)tolower((unsigned char)text[i]);
    w->text[len] = '\0';
}

/** One word of a pattern: [*]letters[*]. */
struct part {
    const char *s;
    size_t len;
    bool open_start, open_end;
};

static bool part_fits(const struct part *p, const char *word, size_t len)
{
    if (len < p->len)
        return false;
    if (p->open_start && p->open_end) {
        for (size_t i = 0; i + p->len <= len; i++)
            if (memcmp(word + i, p->s, p->len) == 0)
                return true;
        return false;
    }
    if (p->open_start)
        return memcmp(word + len - p->len, p->s, p->len) == 0;
    return memcmp(word, p->s, p->len) == 0 && (p->open_end || len == p->len);
}

/** Cut the next part off a pattern; patterns are our own tables, lower case. */
static const char *next_part(struct part *p, const char *s, const char *end)
{
    *p = (struct part){ 0 };
    while (s < end && *s == ' ')
        s++;
    if (s < end && *s == '*') {
        p->open_start = true;
        s++;
    }
    p->s = s;
    if (s < end && (hep_is_letter(*s) || hep_is_digit(*s)))
        for (s++; s < end && hep_is_letter(*s) == hep_is_letter(s[-1]) &&
                  (hep_is_letter(*s) || hep_is_digit(*s));
             s++)
            ;
    p->len = (size_t)(s - p->s);
    if (s < end && *s == '*') {
        p->open_end = true;
        s++;
    }
    return s;
}

/** Words used by the pattern from word `at` on; 0 when it does not fit. */
static size_t fits_at(const struct words *w, size_t at, const char *s, const char *end)
{
    size_t used = 0;

    while (s < end) {
        struct part p;

        s = next_part(&p, s, end);
        if (p.len == 0)
            return 0;
        if (at + used >= w->n ||
            !part_fits(&p, w->text + w->word[at + used].at, w->word[at + used].len))
            return 0;
        used++;
    }
    return used;
}

bool hep_words_match(const char *text, const char *patterns)
{
    struct words w;

    if (text == NULL)
        return false;
    cut(&w, text, strlen(text));
    for (const char *s = patterns; s != NULL;) {
        const char *bar = strchr(s, '|');
        const char *end = bar ? bar : s + strlen(s);

        for (size_t i = 0; i < w.n; i++)
            if (fits_at(&w, i, s, end) > 0)
                return true;
        s = bar ? bar + 1 : NULL;
    }
    return false;
}

bool hep_words_equal(const char *text, const char *pattern)
{
    struct words w;

    if (text == NULL)
        return false;
    cut(&w, text, strlen(text));
    return w.n > 0 && fits_at(&w, 0, pattern, pattern + strlen(pattern)) == w.n;
}

bool hep_words_end_with(const char *text, const char *word)
{
    struct words w;

    if (text == NULL)
        return false;
    cut(&w, text, strlen(text));
    return w.n > 0 && fits_at(&w, w.n - 1, word, word + strlen(word)) == 1;
}
