#include "image/register_log.h"

#include "base/file.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>

#define MAX_CONSOLE_BYTES ((size_t)64 << 20)
#define MAX_COLUMNS 32

/* Columns of the table of iterations that hold times; the header names them. */
struct table {
    bool time[MAX_COLUMNS];
    size_t n;
};

static size_t column_length(const char *s, size_t left)
{
    size_t n = 0;

    while (n < left && s[n] != '\t')
        n++;
    return n;
}

static void read_header(struct table *t, const char *line, size_t length)
{
    t->n = 0;
    for (size_t at = 0; at < length && t->n < MAX_COLUMNS;) {
        size_t n = column_length(line + at, length - at);

        t->time[t->n++] = n >= 4 && strncmp(line + at, "Time", 4) == 0;
        at += n + 1;
    }
}

static void add_row(struct hep_str *out, const struct table *t, const char *line, size_t length)
{
    size_t k = 0;

    for (size_t at = 0; at < length && k < t->n; k++) {
        size_t n = column_length(line + at, length - at);

        if (!t->time[k]) {
            hep_str_add(out, k > 0 ? "\t" : "");
            hep_str_addn(out, line + at, n);
        }
        at += n + 1;
    }
    hep_str_add(out, "\n");
}

static bool worth_keeping(const char *line, size_t length)
{
    static const char *const starts[] = { "Resolution:", "Final metric value", "Stopping condition",
                                          "WARNING", "Running elastix with parameter file" };

    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        size_t n = strlen(starts[i]);

        if (length >= n && strncmp(line, starts[i], n) == 0)
            return memchr(line, '/', length) == NULL;
    }
    return false;
}

char *hep_register_log(const char *path, size_t max)
{
    struct hep_str out = { 0 };
    struct table table = { .n = 0 };
    char *text = NULL;
    size_t n = 0;

    if (hep_file_read(&text, &n, path, max, NULL) != HEP_OK)
        return NULL;
    hep_str_add(&out, "");
    for (const char *line = text; line < text + n;) {
        size_t length = strcspn(line, "\n");

        if (length > 7 && strncmp(line, "1:ItNr\t", 7) == 0) {
            read_header(&table, line, length);
            add_row(&out, &table, line, length);
        } else if (table.n > 0 && length > 0 && isdigit((unsigned char)line[0]) &&
                   column_length(line, length) < length) {
            add_row(&out, &table, line, length);
        } else if (worth_keeping(line, length)) {
            hep_str_addn(&out, line, length);
            hep_str_add(&out, "\n");
        }
        line += length + (line[length] == '\n');
        if (*line == '\0' && line < text + n)
            line++;
    }
    free(text);
    if (out.failed) {
        hep_str_release(&out);
        return NULL;
    }
    return out.s;
}

/* A copy of the line without "(0x55fddef3d6f0)", the address of an object of elastix, which differs
 * in every run. */
static void copy_without_addresses(char *out, size_t size, const char *line)
{
    size_t n = 0;

    for (const char *p = line; *p != '\0' && *p != '\n' && n + 1 < size;) {
        size_t address = strncmp(p, "(0x", 3) == 0 ? 3 + strspn(p + 3, "0123456789abcdef") : 0;

        if (address > 3 && p[address] == ')')
            p += address + 1;
        else
            out[n++] = *p++;
    }
    out[n] = '\0';
}

void hep_register_last_words(char *out, size_t size, const char *path)
{
    char *text = NULL;
    size_t n = 0;
    const char *said;

    out[0] = '\0';
    if (hep_file_read(&text, &n, path, MAX_CONSOLE_BYTES, NULL) != HEP_OK)
        return;
    said = strstr(text, "Description:");
    if (said == NULL)
        said = strstr(text, "ERROR:");
    if (said != NULL)
        copy_without_addresses(out, size, said);
    free(text);
}
