#include "pipeline/folders.h"

#include "base/file.h"

#include <ctype.h>

/* Where the path that begins at `text` ends: at a blank, a quote, a bracket, a semicolon, or a colon before one of
 * them. */
static size_t path_length(const char *text)
{
    size_t n = strcspn(text, " \t\"'()[]<>;,");

    while (n > 0 && (text[n - 1] == ':' || text[n - 1] == '.'))
        n--;
    return n;
}

/* Length of the longest folder of a word of the command that the text begins with, its slash included; 0: none. */
static size_t known_folder(const char *text, const char *const *command)
{
    size_t longest = 0;

    for (; command != NULL && *command != NULL; command++) {
        const char *equal = strchr(*command, '='), *slash = strchr(*command, '/');
        const char *path = equal != NULL && (slash == NULL || equal < slash) ? equal + 1 : *command;
        size_t n = strlen(path);

        while (n > 0 && path[n - 1] == '/')
            n--;
        if (n > longest && strchr(path, '/') != NULL && strncmp(text, path, n) == 0 &&
            text[n] == '/')
            longest = n + 1;
        while (n > 0 && path[n - 1] != '/')
            n--;
        if (n > longest && strncmp(text, path, n) == 0)
            longest = n;
    }
    return longest;
}

static bool begins_path(const char *text, const char *at)
{
    return (at == text || strchr(" \t\"'([<=:", at[-1]) != NULL) && at[0] == '/' && at[1] != ' ' &&
           at[1] != '\0';
}

/* Start of the last part of the path of n bytes. */
static size_t last_part(const char *path, size_t n)
{
    size_t start = n;

    while (start > 0 && path[start - 1] == '/')
        start--;
    while (start > 0 && path[start - 1] != '/')
        start--;
    return start;
}

void hep_folders_hide(struct hep_str *out, const char *text, const char *const *command)
{
    const char *at = text;

    while (*at != '\0') {
        const bool fresh = at == text || !isalnum((unsigned char)at[-1]);
        const size_t known = fresh ? known_folder(at, command) : 0;

        if (known > 0) {
            at += known;
        } else if (begins_path(text, at)) {
            const size_t n = path_length(at), skip = last_part(at, n);

            hep_str_addn(out, at + skip, n - skip);
            at += n;
        } else {
            hep_str_addn(out, at++, 1);
        }
    }
}

static bool is_of(const char *text, const char *allowed)
{
    return *text != '\0' && text[strspn(text, allowed)] == '\0';
}

/* "align.iterations=100", "diffusion.adc.method=ols": no text of a person's own. */
static bool is_setting(const char *word)
{
    const size_t n = strcspn(word, "=");

    return word[n] == '=' && memchr(word, '.', n) != NULL &&
           strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_.") >= n &&
           (is_of(word + n + 1, "0123456789.eE+-,[] ") ||
            is_of(word + n + 1, "abcdefghijklmnopqrstuvwxyz"));
}

static bool is_label(const char *word, const char *label)
{
    const char *at = label != NULL ? strstr(label, word) : NULL;
    const size_t n = strlen(word);

    return at != NULL && n > 4 &&
           (hep_starts_with(word, "sub-") || hep_starts_with(word, "ses-")) &&
           (at[n] == '\0' || at[n] == '_');
}

static void add_word(struct hep_str *out, const char *word, const char *label)
{
    const char *base = hep_path_base(word);

    if (hep_starts_with(word, "--"))
        hep_str_addf(out, "%.*s%s", (int)strcspn(word, "="), word,
                     strchr(word, '=') != NULL ? "=..." : "");
    else if (word[0] == '-' && isalpha((unsigned char)word[1]))
        hep_str_addf(out, "%.2s%s", word, word[2] != '\0' ? "..." : "");
    else if (is_of(word, "0123456789.,+-") || is_setting(word))
        hep_str_add(out, word);
    else
        hep_str_add(out, is_label(base, label) ? base : "...");
}

struct hep_json *hep_folders_command(struct hep_put *put, const char *const *command,
                                     const char *label)
{
    struct hep_json *a = hep_json_new_array();
    struct hep_str word = { 0 };

    for (size_t i = 0; command != NULL && command[i] != NULL && put->rc == HEP_OK; i++) {
        hep_str_clear(&word);
        if (i < 2)
            hep_str_add(&word, hep_path_base(command[i]));
        else
            add_word(&word, command[i], label);
        put->rc = hep_str_check(&word, put->err);
        if (put->rc == HEP_OK)
            hep_put_item(put, a, hep_json_new_string(word.s));
    }
    hep_str_release(&word);
    return a;
}
