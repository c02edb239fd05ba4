#include "sequences/lines.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdarg.h>

enum { MAX_LINE = 1000 };

int hep_lines_addf(struct hep_lines *lines, struct hep_error *err, const char *fmt, ...)
{
    char text[MAX_LINE];
    va_list args;

    if (HEP_GROW(lines->line, lines->n, err) != HEP_OK)
        return HEP_ENOMEM;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    for (char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    lines->line[lines->n] = hep_strdup(text, err);
    if (lines->line[lines->n] == NULL)
        return HEP_ENOMEM;
    lines->n++;
    return HEP_OK;
}

int hep_lines_push(struct hep_lines *lines, char *text, struct hep_error *err)
{
    if (text == NULL || HEP_GROW(lines->line, lines->n, err) != HEP_OK) {
        free(text);
        return HEP_ENOMEM;
    }
    lines->line[lines->n++] = text;
    return HEP_OK;
}

int hep_lines_add_all(struct hep_lines *lines, const struct hep_lines *more, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < more->n; i++)
        rc = hep_lines_addf(lines, err, "%s", more->line[i]);
    return rc;
}

void hep_lines_release(struct hep_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++)
        free(lines->line[i]);
    free(lines->line);
    *lines = (struct hep_lines){ 0 };
}
