#include "sequences/gradients.h"

#include "base/number.h"
#include "base/text.h"

#include <ctype.h>

enum { LARGEST_NAMED_B = 20000, SMALLEST_LISTED_B = 10 };

static char lower(char c)
{
    return (char)tolower((unsigned char)c);
}

/** Length of `word` when `s` starts with it, whatever the case. */
static size_t skip_word(const char *s, const char *word)
{
    size_t n = 0;

    for (; word[n] != '\0'; n++)
        if (lower(s[n]) != word[n])
            return 0;
    return n;
}

/** A 'b' begins a b-value at the start of a word, or glued to "dwi" and "diff". */
static bool begins_b(const char *text, size_t at)
{
    if (lower(text[at]) != 'b')
        return false;
    if (at == 0 || !hep_is_letter(text[at - 1]))
        return true;
    return (at >= 3 && skip_word(text + at - 3, "dwi") > 0) ||
           (at >= 4 && skip_word(text + at - 4, "diff") > 0);
}

/** Digits at s as a number; their end goes to *end. */
static double digits(const char *s, const char **end)
{
    double value = 0.0;

    while (hep_is_digit(*s) && value < 1e9)
        value = 10.0 * value + (*s++ - '0');
    while (hep_is_digit(*s))
        s++;
    *end = s;
    return value;
}

/** B0 and B1 field maps, shims. */
static bool is_field_map(const char *after)
{
    while (*after == ' ' || *after == '_' || *after == '-')
        after++;
    return skip_word(after, "map") || skip_word(after, "shim") || skip_word(after, "field") ||
           skip_word(after, "corr");
}

/** Another b-value follows: "_400", "-400", ",400", "/400", not "_3mm" or the "_2" of a copy. */
static bool list_goes_on(const char *after)
{
    const char *end;
    double next;

    while (*after == ' ' || *after == '_' || *after == '-' || *after == ',' || *after == '/' ||
           *after == '+')
        after++;
    if (!hep_is_digit(*after))
        return false;
    next = digits(after, &end);
    return next >= SMALLEST_LISTED_B && next <= LARGEST_NAMED_B && !hep_is_letter(*end);
}

bool hep_b_from_text(double *b_s_per_mm2, const char *text)
{
    bool found = false;
    double value = 0.0;

    for (size_t i = 0; text != NULL && text[i] != '\0'; i++) {
        const char *s = text + i + 1, *end;
        double b;

        if (!begins_b(text, i))
            continue;
        if (*s == '-' || *s == ' ' || *s == '_')
            s += skip_word(s + 1, "val") ? 1 : 0;
        s += skip_word(s, "value") ? 5 : skip_word(s, "val");
        while (*s == ' ' || *s == '=' || *s == '_' || *s == '-' || *s == ':')
            s++;
        if (!hep_is_digit(*s))
            continue;
        b = digits(s, &end);
        if (b > LARGEST_NAMED_B || is_field_map(end))
            continue;
        if (list_goes_on(end) || (found && b != value))
            return false;
        found = true;
        value = b;
    }
    if (found)
        *b_s_per_mm2 = value;
    return found;
}
