#include "report/html.h"

#include "report/assets.h"

#include <math.h>

#define DASH "\xe2\x80\x93"

void hep_html_text(struct hep_str *out, const char *text)
{
    if (text == NULL || *text == '\0')
        hep_str_add(out, DASH);
    else
        hep_str_add_html(out, text);
}

static bool plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Short names that people write in capitals. */
static void write_in_capitals(char *text)
{
    static const char *const names[] = { "hbp", "dwi", "adc", "t1", "t2", "ivim", "dki", "fnh" };

    for (char *at = text; *at != '\0';) {
        size_t n = 0;

        while (plain(at[n]))
            n++;
        for (size_t i = 0; n > 0 && i < sizeof names / sizeof names[0]; i++) {
            if (strlen(names[i]) != n || strncmp(names[i], at, n) != 0)
                continue;
            for (size_t k = 0; k < n; k++)
                at[k] = (char)(at[k] >= 'a' && at[k] <= 'z' ? at[k] - 'a' + 'A' : at[k]);
        }
        at += n > 0 ? n : 1;
    }
}

void hep_html_words(struct hep_str *out, const char *name)
{
    char *copy = hep_strdup(name, NULL);

    for (char *c = copy; c != NULL && *c != '\0'; c++) {
        if (*c == '_')
            *c = ' ';
    }
    if (copy != NULL)
        write_in_capitals(copy);
    out->failed = out->failed || (copy == NULL && name != NULL);
    hep_html_text(out, copy);
    free(copy);
}

void hep_html_number(struct hep_str *out, double value, int digits)
{
    if (!isfinite(value))
        hep_str_add(out, DASH);
    else if (fabs(value) < 0.5 * pow(10.0, -digits))
        hep_str_addf(out, "%.*f", digits, 0.0);
    else if (value < 0.0)
        hep_str_addf(out, "\xe2\x88\x92%.*f", digits, -value);
    else
        hep_str_addf(out, "%.*f", digits, value);
}

void hep_html_significant(struct hep_str *out, double value, int digits)
{
    int places;

    if (!isfinite(value) || value == 0.0) {
        hep_html_number(out, value, 0);
        return;
    }
    if (fabs(value) < 1e-4 || fabs(value) >= 1e7) {
        hep_str_addf(out, "%.*g", digits, value);
        return;
    }
    places = digits - 1 - (int)floor(log10(fabs(value)));
    hep_html_number(out, value, places > 0 ? places : 0);
}

void hep_html_begin(struct hep_str *out, const char *title, const char *head)
{
    hep_str_add(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                     "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    hep_html_text(out, title);
    hep_str_add(out, "</title>\n<style>\n");
    hep_str_add(out, hep_asset_report_css);
    hep_str_addf(out, "</style>\n%s</head>\n<body>\n", head != NULL ? head : "");
}

void hep_html_end(struct hep_str *out)
{
    hep_str_add(out, "</body>\n</html>\n");
}

void hep_html_section(struct hep_str *out, const char *id, const char *heading)
{
    hep_str_addf(out, "<section id=\"%s\" aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">%s</h2>\n", id,
                 id, id, heading);
}

void hep_html_section_end(struct hep_str *out)
{
    hep_str_add(out, "</section>\n");
}

void hep_html_mark(struct hep_str *out, enum hep_html_mark mark, const char *words)
{
    static const char *const classes[] = { "good", "doubt", "bad", "present", "absent", "unknown" };

    hep_str_addf(out, "<span class=\"mark %s\"><i aria-hidden=\"true\"></i>", classes[mark]);
    hep_html_words(out, words);
    hep_str_add(out, "</span>");
}

enum hep_html_mark hep_html_mark_of(const char *state)
{
    static const struct {
        const char *state;
        enum hep_html_mark mark;
    } known[] = {
        { "present", HEP_MARK_PRESENT },
        { "absent", HEP_MARK_ABSENT },
        { "adequate", HEP_MARK_GOOD },
        { "nominal", HEP_MARK_GOOD },
        { "comparable", HEP_MARK_GOOD },
        { "plausible", HEP_MARK_GOOD },
        { "ok", HEP_MARK_GOOD },
        { "done", HEP_MARK_GOOD },
        { "inside", HEP_MARK_DOUBT },
        { "assumed", HEP_MARK_DOUBT },
        { "suboptimal", HEP_MARK_DOUBT },
        { "suspect", HEP_MARK_DOUBT },
        { "corrected", HEP_MARK_DOUBT },
        { "gain_suspect", HEP_MARK_DOUBT },
        { "gain_corrected", HEP_MARK_DOUBT },
        { "gain_assumed", HEP_MARK_DOUBT },
        { "running", HEP_MARK_DOUBT },
        { "doubtful", HEP_MARK_DOUBT },
        { "missing", HEP_MARK_DOUBT },
        { "no_series", HEP_MARK_DOUBT },
        { "outside", HEP_MARK_BAD },
        { "inadequate", HEP_MARK_BAD },
        { "too_early", HEP_MARK_BAD },
        { "too_late", HEP_MARK_BAD },
        { "not_comparable", HEP_MARK_BAD },
        { "failed", HEP_MARK_BAD },
        { "rejected", HEP_MARK_BAD },
    };

    for (size_t i = 0; state != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(state, known[i].state) == 0)
            return known[i].mark;
    }
    return HEP_MARK_UNKNOWN;
}

void hep_html_url(struct hep_str *out, const char *path)
{
    for (; path != NULL && *path != '\0'; path++) {
        if (plain(*path) || strchr("-._~/", *path) != NULL)
            hep_str_addn(out, path, 1);
        else
            hep_str_addf(out, "%%%02X", (unsigned)(unsigned char)*path);
    }
}

void hep_html_base64(struct hep_str *out, const void *data, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *bytes = data;
    char block[4096];
    size_t used = 0;

    for (size_t i = 0; i < n; i += 3) {
        unsigned b = (unsigned)bytes[i] << 16 | (i + 1 < n ? (unsigned)bytes[i + 1] << 8 : 0U) |
                     (i + 2 < n ? (unsigned)bytes[i + 2] : 0U);

        block[used++] = digits[b >> 18];
        block[used++] = digits[b >> 12 & 63U];
        block[used++] = (char)(i + 1 < n ? digits[b >> 6 & 63U] : '=');
        block[used++] = (char)(i + 2 < n ? digits[b & 63U] : '=');
        if (used == sizeof block) {
            hep_str_addn(out, block, used);
            used = 0;
        }
    }
    hep_str_addn(out, block, used);
}

void hep_html_data(struct hep_str *out, const char *type, const void *data, size_t n)
{
    hep_str_addf(out, "data:%s;base64,", type);
    hep_html_base64(out, data, n);
}
