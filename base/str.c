#include "base/text.h"

#include "base/alloc.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>

enum { FIRST_CAPACITY = 64 };

void hep_str_release(struct hep_str *str)
{
    free(str->s);
    *str = (struct hep_str){ 0 };
}

void hep_str_clear(struct hep_str *str)
{
    str->len = 0;
    if (str->s != NULL)
        str->s[0] = '\0';
}

/* Room for n more bytes and the terminator. */
static bool reserve(struct hep_str *str, size_t n)
{
    size_t cap = str->cap ? str->cap : FIRST_CAPACITY;
    char *s;

    if (str->failed)
        return false;
    if (n > SIZE_MAX / 4 - str->len - 1) {
        str->failed = true;
        return false;
    }
    while (cap < str->len + n + 1)
        cap *= 2;
    if (cap == str->cap)
        return true;
    s = hep_realloc(str->s, cap, 1, NULL);
    if (s == NULL) {
        str->failed = true;
        return false;
    }
    str->s = s;
    str->cap = cap;
    return true;
}

void hep_str_addn(struct hep_str *str, const char *text, size_t n)
{
    if (!reserve(str, n))
        return;
    if (n > 0)
        (void)memcpy(str->s + str->len, text, n);
    str->len += n;
    str->s[str->len] = '\0';
}

void hep_str_add(struct hep_str *str, const char *text)
{
    hep_str_addn(str, text, strlen(text));
}

void hep_str_addf(struct hep_str *str, const char *fmt, ...)
{
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0) {
        str->failed = true;
        return;
    }
    if (!reserve(str, (size_t)n))
        return;
    va_start(ap, fmt);
    (void)vsnprintf(str->s + str->len, (size_t)n + 1, fmt, ap);
    va_end(ap);
    str->len += (size_t)n;
}

size_t hep_byte_order_mark(const char *text, size_t n)
{
    return n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

size_t hep_utf8_length(const char *text, size_t n_left)
{
    const unsigned char *s = (const unsigned char *)text;
    unsigned char lo = 0x80;
    unsigned char hi = 0xbf;
    size_t n;

    if (n_left == 0)
        return 0;
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (n > n_left)
        return 0;
    if (s[0] == 0xe0)
        lo = 0xa0;
    else if (s[0] == 0xed)
        hi = 0x9f;
    else if (s[0] == 0xf0)
        lo = 0x90;
    else if (s[0] == 0xf4)
        hi = 0x8f;
    if (s[1] < lo || s[1] > hi)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if (s[i] < 0x80 || s[i] > 0xbf)
            return 0;
    }
    return n;
}

/* SIZE_MAX for a terminated text: the terminator is never a continuation byte, so reading stops. */
void hep_str_add_utf8(struct hep_str *str, const char *text)
{
    while (*text != '\0') {
        size_t n = hep_utf8_length(text, SIZE_MAX);

        if (n == 0) {
            hep_str_add(str, "\xef\xbf\xbd");
            text++;
        } else {
            hep_str_addn(str, text, n);
            text += n;
        }
    }
    hep_str_addn(str, "", 0);
}

static const char *html_entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

static bool is_control(const char *s, size_t n)
{
    unsigned char c = (unsigned char)s[0];
    bool c0 = n == 1 && (c == 0x7f || (c < 0x20 && c != '\t' && c != '\n'));
    bool c1 = n == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0;

    return c0 || c1;
}

void hep_str_add_html(struct hep_str *str, const char *text)
{
    while (*text != '\0') {
        size_t n = hep_utf8_length(text, SIZE_MAX);
        const char *entity = html_entity(*text);

        if (n == 0)
            hep_str_add(str, "\xef\xbf\xbd");
        else if (entity != NULL)
            hep_str_add(str, entity);
        else if (!is_control(text, n))
            hep_str_addn(str, text, n);
        text += n ? n : 1;
    }
    hep_str_addn(str, "", 0);
}

/* What a spreadsheet would take for a formula and execute; numbers, and lists of them, are none. */
static bool is_formula(const char *text)
{
    return *text == '=' || *text == '@' ||
           ((*text == '+' || *text == '-') && text[strspn(text, "0123456789.,eE+-")] != '\0');
}

void hep_str_add_tsv(struct hep_str *str, const char *text)
{
    size_t start = str->len;

    if (*text == '\0') {
        hep_str_add(str, "n/a");
        return;
    }
    if (is_formula(text + strspn(text, " \t\r\n")))
        hep_str_add(str, "'");
    hep_str_add(str, text);
    for (size_t i = start; i < str->len; i++) {
        if (str->s[i] == '\t' || str->s[i] == '\r' || str->s[i] == '\n')
            str->s[i] = ' ';
    }
}

void hep_str_add_number(struct hep_str *str, double value)
{
    if (!isfinite(value))
        hep_str_add(str, "n/a");
    else if (value == 0.0)
        hep_str_add(str, "0");
    else
        hep_str_addf(str, "%.9g", value);
}

const char *hep_str_part(struct hep_str *out, const struct hep_str *part)
{
    out->failed = out->failed || part->failed;
    return part->s != NULL ? part->s : "";
}

int hep_str_check(const struct hep_str *str, struct hep_error *err)
{
    if (str->failed)
        return HEP_FAIL(err, HEP_ENOMEM, "out of memory for a text of %zu bytes", str->len);
    return HEP_OK;
}
