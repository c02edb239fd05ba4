#include "sequences/acquisition.h"

#include "base/number.h"
#include "base/text.h"

/** One or two digits. */
static const char *part(double *out, const char *s, double limit)
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

/** ".fraction" or the end of the text. */
static bool fraction_to_end(double *out, const char *s)
{
    double scale = 0.1;

    *out = 0.0;
    if (*s == '.')
        for (s++; hep_is_digit(*s); s++) {
            *out += scale * (*s - '0');
            scale *= 0.1;
        }
    return *s == '\0';
}

static bool parse(double *seconds, const char *s)
{
    double h = 0.0, m = 0.0, sec = 0.0, fraction = 0.0;
    bool colons;

    s = part(&h, s, 24.0);
    if (s == NULL)
        return false;
    colons = *s == ':';
    s = part(&m, colons ? s + 1 : s, 60.0);
    if (s == NULL)
        return false;
    if (colons && *s == '\0') {
        *seconds = 3600.0 * h + 60.0 * m;
        return true;
    }
    if (colons && *s != ':')
        return false;
    s = part(&sec, colons ? s + 1 : s, 61.0); /* DICOM allows a leap second */
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
