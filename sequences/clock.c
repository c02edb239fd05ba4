#include "sequences/acquisition.h"

#include "base/number.h"
#include "base/text.h"

/** Read one or two digits as a number below the limit. @return the character after them, NULL when there is none */
static const char *read_part(double *out, const char *s, double limit)
{
    double value = 0.0;
    int n = 0;

    for (; n < 2 && hep_is_digit(*s); n++)
        value = 10.0 * value + (*s++ - '0');
    if (n == 0 || value >= limit)
        return NULL;
    *out = value;
    return s;
}

static bool are_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!hep_is_digit(s[i]))
            return false;
    return true;
}

/** Behind "2024-05-03T", "2024-05-03 " or, when a time of six digits follows, "20240503". */
static const char *skip_date(const char *s)
{
    if (are_digits(s, 4) && s[4] == '-' && are_digits(s + 5, 2) && s[7] == '-' &&
        are_digits(s + 8, 2) && (s[10] == 'T' || s[10] == ' '))
        return s + 11;
    return are_digits(s, 14) ? s + 8 : s;
}

/** "Z", "+0200", "-05:00" or nothing. */
static bool is_zone(const char *s)
{
    if (*s == '\0' || (*s == 'Z' && s[1] == '\0'))
        return true;
    if ((*s != '+' && *s != '-') || !are_digits(s + 1, 2))
        return false;
    s += s[3] == ':' ? 4 : 3;
    return are_digits(s, 2) && s[2] == '\0';
}

/** ".fraction" and a zone, or the end of the text. */
static bool fraction_to_end(double *out, const char *s)
{
    double scale = 0.1;

    *out = 0.0;
    if (*s == '.')
        for (s++; hep_is_digit(*s); s++) {
            *out += scale * (*s - '0');
            scale *= 0.1;
        }
    return is_zone(s);
}

static bool parse(double *seconds, const char *s)
{
    double h = 0.0, m = 0.0, sec = 0.0, fraction = 0.0;
    bool colons;

    s = read_part(&h, skip_date(s), 24.0);
    if (s == NULL)
        return false;
    colons = *s == ':';
    s = read_part(&m, colons ? s + 1 : s, 60.0);
    if (s == NULL)
        return false;
    if (colons && *s == '\0') {
        *seconds = 3600.0 * h + 60.0 * m;
        return true;
    }
    if (colons && *s != ':')
        return false;
    s = read_part(&sec, colons ? s + 1 : s, 61.0); /* DICOM allows a leap second */
    if (s == NULL || !fraction_to_end(&fraction, s))
        return false;
    *seconds = 3600.0 * h + 60.0 * m + sec + fraction;
    return true;
}

int hep_parse_clock(double *s, const char *text, struct hep_error *err)
{
    double seconds;

    if (text == NULL || !parse(&seconds, text))
        return HEP_FAIL(err, HEP_EFORMAT, "\"%s\" is not a time of day such as 10:01:30.5",
                        text ? text : "");
    *s = seconds;
    return HEP_OK;
}
