#include "dicom/dump.h"

#include "base/file.h"
#include "dicom/program.h"

#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

enum { LONGEST_VALUE = 1024 };
static const char open_item[] = "(fffe,e000) na\n", close_item[] = "(fffe,e00d) na\n",
                  close_sequence[] = "(fffe,e0dd) na\n";

/* Numbers stand bare, texts in brackets, which they cannot hold themselves. */
void hep_dump_put(struct hep_dump *d, const char *tag, const char *vr, const char *value)
{
    static const char *const binary[] = { "US", "UL", "FD", "FL", "SS", "OB", "OF" };
    bool is_binary = false;

    for (size_t i = 0; i < sizeof binary / sizeof binary[0]; i++)
        is_binary = is_binary || strcmp(vr, binary[i]) == 0;
    hep_str_addf(&d->text, "(%s) %s ", tag, vr);
    if (value == NULL || *value == '\0') {
        hep_str_add(&d->text, "(no value available)\n");
        return;
    }
    hep_str_add(&d->text, is_binary ? "" : "[");
    for (const char *s = value; *s != '\0'; s++) {
        const char *safe = *s == '[' ? "(" : *s == ']' ? ")" : (unsigned char)*s < ' ' ? " " : s;

        hep_str_addn(&d->text, safe, 1);
    }
    hep_str_add(&d->text, is_binary ? "\n" : "]\n");
}

void hep_dump_putf(struct hep_dump *d, const char *tag, const char *vr, const char *fmt, ...)
{
    char value[LONGEST_VALUE];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(value, sizeof value, fmt, args);
    va_end(args);
    hep_dump_put(d, tag, vr, value);
}

void hep_dump_open(struct hep_dump *d, const char *tag)
{
    hep_str_addf(&d->text, "(%s) SQ\n%s", tag, open_item);
}

void hep_dump_next(struct hep_dump *d)
{
    hep_str_addf(&d->text, "%s%s", close_item, open_item);
}

void hep_dump_close(struct hep_dump *d)
{
    hep_str_addf(&d->text, "%s%s", close_item, close_sequence);
}

void hep_dump_code(struct hep_dump *d, const char *tag, const char *value, const char *scheme,
                   const char *meaning)
{
    hep_dump_open(d, tag);
    hep_dump_put(d, "0008,0100", "SH", value);
    hep_dump_put(d, "0008,0102", "SH", scheme);
    hep_dump_put(d, "0008,0104", "LO", meaning);
    hep_dump_close(d);
}

int hep_dicom_uid(char uid[HEP_UID_BYTES], const char *text, struct hep_error *err)
{
    enum { BYTES = 16, MOST_DIGITS = 40 };
    char hex[HEP_SHA256_HEX], digits[MOST_DIGITS + 1] = "";
    unsigned number[BYTES];
    size_t n = 0;
    int rc = hep_sha256_memory(hex, text, strlen(text), err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < BYTES; i++) {
        const char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

        number[i] = (unsigned)strtoul(pair, NULL, 16);
    }
    /* long division by ten, the digits from the last */
    for (bool is_zero = false; !is_zero && n < MOST_DIGITS;) {
        unsigned rest = 0;

        is_zero = true;
        for (size_t i = 0; i < BYTES; i++) {
            const unsigned value = rest * 256U + number[i];

            number[i] = value / 10U;
            rest = value % 10U;
            is_zero = is_zero && number[i] == 0;
        }
        digits[n++] = (char)('0' + rest);
    }
    (void)snprintf(uid, HEP_UID_BYTES, "2.25.");
    for (size_t i = 0; i < n; i++)
        uid[5 + i] = digits[n - 1 - i];
    uid[5 + n] = '\0';
    return HEP_OK;
}

int hep_dump_write(struct hep_dump *d, const char *path, const char *work, struct hep_error *err)
{
    char *text = hep_path_join(work, "object.txt", err),
         *console = hep_path_join(work, "dump2dcm.txt", err);
    /* a line of pixels may be as long as the image */
    const char *argv[] = { "dump2dcm", "-q", "+te", "+l", "200000000", text, path, NULL };
    struct hep_process_end end;
    int rc = text != NULL && console != NULL ? hep_str_check(&d->text, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = hep_file_write(text, d->text.s, d->text.len, err);
    if (rc == HEP_OK)
        rc = hep_program_run(&end, argv, console, "dcmtk", err);
    if (rc == HEP_OK && (end.code != 0 || !hep_is_file(path)))
        rc =
            HEP_FAIL(err, HEP_EIO, "%s: dump2dcm could not write it, exit code %d", path, end.code);
    if (text != NULL)
        (void)unlink(text);
    hep_str_release(&d->text);
    free(text);
    free(console);
    return rc;
}
