#include "base/error.h"

#include <stdarg.h>

static void one_line(char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            *s = '?';
    }
}

int hep_fail(struct hep_error *err, enum hep_status code, const char *where, const char *fmt, ...)
{
    va_list ap;

    if (err == NULL || err->code != HEP_OK)
        return code;
    err->code = code;
    err->where = where;
    va_start(ap, fmt);
    (void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    one_line(err->msg);
    return code;
}

int hep_error_prefix(struct hep_error *err, const char *fmt, ...)
{
    char prefix[256];
    char old[sizeof err->msg];
    va_list ap;

    if (err == NULL || err->code == HEP_OK)
        return HEP_OK;
    va_start(ap, fmt);
    (void)vsnprintf(prefix, sizeof prefix, fmt, ap);
    va_end(ap);
    (void)memcpy(old, err->msg, sizeof old);
    (void)snprintf(err->msg, sizeof err->msg, "%s: %.*s", prefix,
                   (int)(sizeof err->msg - strlen(prefix) - 3), old);
    one_line(err->msg);
    return err->code;
}
