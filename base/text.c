#include "base/text.h"

#include "base/alloc.h"
#include "base/number.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>

enum { LONGEST_WORD = 64, SHORTEST_STEM = 3, SHOWN_CHARS = 60 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static const char *skip_blanks(const char *s)
{
    while (is_blank(*s))
        s++;
    return s;
}

static const char *skip_sign(const char *s)
{
    return *s == '+' || *s == '-' ? s + 1 : s;
}

static const char *skip_digits(const char *s)
{
    while (hep_is_digit(*s))
        s++;
    return s;
}

/* One past the last character of a decimal number, NULL when there is none. */
static const char *decimal_end(const char *s)
{
    const char *digits = skip_sign(s);
    const char *p = skip_digits(digits);
    size_t n = (size_t)(p - digits);

    if (*p == '.') {
        digits = p + 1;
        p = skip_digits(digits);
        n += (size_t)(p - digits);
    }
    if (n == 0)
        return NULL;
    if (*p == 'e' || *p == 'E') {
        digits = skip_sign(p + 1);
        p = skip_digits(digits);
        if (p == digits)
            return NULL;
    }
    return p;
}

int hep_parse_double(double *out, const char *s, struct hep_error *err)
{
    const char *start = skip_blanks(s);
    const char *end = decimal_end(start);
    double value;

    if (end == NULL || *skip_blanks(end) != '\0')
        return HEP_FAIL(err, HEP_EFORMAT, "'%.*s' is not a decimal number", SHOWN_CHARS, s);
    value = strtod(start, NULL);
    if (!isfinite(value))
        return HEP_FAIL(err, HEP_EFORMAT, "'%.*s' is too large for a number", SHOWN_CHARS, s);
    *out = value;
    return HEP_OK;
}

int hep_parse_long(long *out, const char *s, struct hep_error *err)
{
    const char *start = skip_blanks(s);
    const char *digits = skip_sign(start);
    const char *end = skip_digits(digits);
    long value;

    if (end == digits || *skip_blanks(end) != '\0')
        return HEP_FAIL(err, HEP_EFORMAT, "'%.*s' is not a whole number", SHOWN_CHARS, s);
    errno = 0;
    value = strtol(start, NULL, 10);
    if (errno == ERANGE)
        return HEP_FAIL(err, HEP_EFORMAT, "'%.*s' is too large for a whole number", SHOWN_CHARS, s);
    *out = value;
    return HEP_OK;
}

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;

    return m < c ? m : c;
}

/* Unrestricted Damerau-Levenshtein distance (Lowrance and Wagner, J ACM 1975;22:177-183,
 * doi:10.1145/321879.321880) with unit costs. SIZE_MAX when a word is longer than LONGEST_WORD. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t na = strlen(a);
    size_t nb = strlen(b);
    size_t d[LONGEST_WORD + 2][LONGEST_WORD + 2];
    size_t last_row[256] = { 0 };

    if (na > LONGEST_WORD || nb > LONGEST_WORD)
        return SIZE_MAX;
    for (size_t i = 0; i <= na + 1; i++) {
        d[i][0] = na + nb;
        d[i][1] = i > 0 ? i - 1 : na + nb;
    }
    for (size_t j = 1; j <= nb + 1; j++) {
        d[0][j] = na + nb;
        d[1][j] = j - 1;
    }
    for (size_t i = 1; i <= na; i++) {
        size_t last_col = 0;

        for (size_t j = 1; j <= nb; j++) {
            size_t i1 = last_row[(unsigned char)b[j - 1]];
            size_t j1 = last_col;
            bool same = a[i - 1] == b[j - 1];
            size_t swap = d[i1][j1] + (i - i1 - 1) + 1 + (j - j1 - 1);
            size_t best = min3(d[i][j] + (same ? 0 : 1), d[i + 1][j] + 1, d[i][j + 1] + 1);

            if (same)
                last_col = j;
            d[i + 1][j + 1] = best < swap ? best : swap;
        }
        last_row[(unsigned char)a[i - 1]] = i;
    }
    return d[na + 1][nb + 1];
}

const char *hep_did_you_mean(const char *word, const char *const *candidates, size_t n)
{
    size_t length = strlen(word);
    size_t allowed = length / 3 > 2 ? length / 3 : 2;
    size_t best = SIZE_MAX;
    const char *found = NULL, *stem = NULL;
    bool is_stem = length >= SHORTEST_STEM && length <= LONGEST_WORD;

    for (size_t i = 0; i < n; i++) {
        size_t distance = edit_distance(word, candidates[i]);

        if (stem == NULL && is_stem && strncmp(candidates[i], word, length) == 0)
            stem = candidates[i];
        if (distance <= allowed && distance < length && distance < best) {
            best = distance;
            found = candidates[i];
        }
    }
    return found != NULL ? found : stem;
}

void hep_str_add_known(struct hep_str *out, const char *word, const char *const *names, size_t n)
{
    const char *near = hep_did_you_mean(word, names, n);

    if (near != NULL)
        hep_str_addf(out, "; did you mean '%s'?", near);
    for (size_t i = 0; near == NULL && i < n; i++)
        hep_str_addf(out, "%s%s", i ? ", " : "; known are ", names[i]);
}

int hep_find_name(size_t *index, const char *word, const char *const *names, size_t n,
                  const char *what, enum hep_status code, struct hep_error *err)
{
    struct hep_str known = { 0 };
    int rc;

    for (size_t i = 0; i < n; i++) {
        if (strcmp(word, names[i]) == 0) {
            *index = i;
            return HEP_OK;
        }
    }
    hep_str_add_known(&known, word, names, n);
    rc = HEP_FAIL(err, code, "unknown %s '%.80s'%s", what, word, known.s != NULL ? known.s : "");
    hep_str_release(&known);
    return rc;
}

bool hep_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool hep_ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s);
    size_t m = strlen(suffix);

    return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

bool hep_contains_nocase(const char *s, const char *part)
{
    do {
        size_t i = 0;

        while (part[i] != '\0' && lower(s[i]) == lower(part[i]))
            i++;
        if (part[i] == '\0')
            return true;
    } while (*s++ != '\0');
    return false;
}

static int compare_runs(const char **a, const char **b)
{
    const char *p = *a;
    const char *q = *b;
    size_t n;
    size_t m;

    while (*p == '0')
        p++;
    while (*q == '0')
        q++;
    n = (size_t)(skip_digits(p) - p);
    m = (size_t)(skip_digits(q) - q);
    *a = p + n;
    *b = q + m;
    if (n != m)
        return n < m ? -1 : 1;
    return memcmp(p, q, n);
}

int hep_natural_cmp(const char *a, const char *b)
{
    const char *p = a;
    const char *q = b;

    while (*p != '\0' && *q != '\0') {
        if (hep_is_digit(*p) && hep_is_digit(*q)) {
            int order = compare_runs(&p, &q);

            if (order != 0)
                return order;
        } else if (*p != *q) {
            break;
        } else {
            p++;
            q++;
        }
    }
    if (*p != *q)
        return (unsigned char)*p < (unsigned char)*q ? -1 : 1;
    return strcmp(a, b);
}

char *hep_strdup(const char *s, struct hep_error *err)
{
    size_t n;
    char *copy;

    if (s == NULL)
        return NULL;
    n = strlen(s) + 1;
    copy = hep_calloc(n, 1, err);
    if (copy != NULL)
        (void)memcpy(copy, s, n);
    return copy;
}

char *hep_asprintf(struct hep_error *err, const char *fmt, ...)
{
    va_list ap;
    char *text = NULL;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    text = hep_calloc((size_t)n + 1, 1, err);
    if (text == NULL)
        return NULL;
    va_start(ap, fmt);
    (void)vsnprintf(text, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return text;
}
