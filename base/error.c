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

const char *hep_status_name(enum hep_status code)
{
    switch (code) {
    case HEP_OK:
        return "OK";
    case HEP_EINVAL:
        return "EINVAL";
    case HEP_ENOMEM:
        return "ENOMEM";
    case HEP_EIO:
        return "EIO";
    case HEP_EFORMAT:
        return "EFORMAT";
    case HEP_EGEOM:
        return "EGEOM";
    case HEP_EGRAPH:
        return "EGRAPH";
    case HEP_ENOENT:
        return "ENOENT";
    case HEP_ECREAT:
        return "ECREAT";
    case HEP_EUSAGE:
        return "EUSAGE";
    case HEP_ECONFIG:
        return "ECONFIG";
    case HEP_EDATA:
        return "EDATA";
    case HEP_ETEMP:
        return "ETEMP";
    case HEP_EDATASET:
        return "EDATASET";
    case HEP_ELEVEL:
        return "ELEVEL";
    case HEP_EFILTER:
        return "EFILTER";
    case HEP_EPARTIAL:
        return "EPARTIAL";
    }
    return "?";
}
