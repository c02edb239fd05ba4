#include "base/base64.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

/* Value of a digit; -1 for what is none. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

int hep_base64_decode(unsigned char **out, size_t *n, const char *text, struct hep_error *err)
{
    const size_t length = strlen(text);
    const size_t padding =
        length >= 2 && text[length - 1] == '=' ? 1 + (text[length - 2] == '=') : 0;
    unsigned char *bytes = NULL;
    int rc;

    if (length % 4 != 0)
        return HEP_FAIL(err, HEP_EFORMAT, "base64 of %zu letters, which is no multiple of 4",
                        length);
    rc = HEP_NEW(bytes, length / 4 * 3 + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < length; i += 4) {
        unsigned long v = 0;

        for (size_t k = 0; k < 4; k++) {
            const int d = i + k >= length - padding ? 0 : digit(text[i + k]);

            if (d < 0 && rc == HEP_OK)
                rc = HEP_FAIL(err, HEP_EFORMAT, "base64 with the letter %d at %zu",
                              (int)(unsigned char)text[i + k], i + k);
            v = v << 6 | (unsigned long)(d < 0 ? 0 : d);
        }
        bytes[i / 4 * 3] = (unsigned char)(v >> 16);
        bytes[i / 4 * 3 + 1] = (unsigned char)(v >> 8 & 0xffU);
        bytes[i / 4 * 3 + 2] = (unsigned char)(v & 0xffU);
    }
    if (rc != HEP_OK) {
        free(bytes);
        return rc;
    }
    *out = bytes;
    *n = length / 4 * 3 - padding;
    return HEP_OK;
}
