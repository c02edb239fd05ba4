#include "datasets/pattern.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *hep_captures_get(const struct hep_captures *w, const char *name)
{
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->name[i], name) == 0)
            return w->text[i];
    return NULL;
}

bool hep_captures_set(struct hep_captures *w, const char *name, const char *text)
{
    if (w->n == HEP_WORDS || strlen(name) >= HEP_WORD_NAME || strlen(text) >= HEP_WORD_TEXT)
        return false;
    (void)snprintf(w->name[w->n], HEP_WORD_NAME, "%s", name);
    (void)snprintf(w->text[w->n], HEP_WORD_TEXT, "%s", text);
    w->n++;
    return true;
}

void hep_places_release(struct hep_places *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->list[i].path);
    free(p->list);
    *p = (struct hep_places){ 0 };
}

/* ---- one name -------------------------------------------------------------------------------- */

/* The name of the word that a part begins with; its length with the braces, 0 when there is none. */
static size_t word_at(char name[HEP_WORD_NAME], const char *part)
{
    const char *end = *part == '{' ? strchr(part, '}') : NULL;

    name[0] = '\0';
    if (*part == '*')
        return 1;
    if (end == NULL || end - part - 1 >= HEP_WORD_NAME)
        return 0;
    (void)snprintf(name, HEP_WORD_NAME, "%.*s", (int)(end - part - 1), part + 1);
    return (size_t)(end - part) + 1;
}

/* Length of the text that a word takes: up to where the text after it begins, or to the end. SIZE_MAX: it does not
 * begin. */
static size_t taken_by(const char *name, const char *after)
{
    const size_t n = strcspn(after, "{*"), left = strlen(name);

    if (n == 0)
        return left;
    if (after[n] == '\0')
        return left >= n && strcmp(name + left - n, after) == 0 ? left - n : SIZE_MAX;
    for (const char *s = name; *s != '\0'; s++)
        if (strncmp(s, after, n) == 0)
            return (size_t)(s - name);
    return SIZE_MAX;
}

bool hep_pattern_fits(struct hep_captures *words, const char *part, const char *name)
{
    while (*part != '\0') {
        char word[HEP_WORD_NAME], text[HEP_WORD_TEXT];
        const char *known;
        const size_t skip = word_at(word, part);
        size_t n;

        if (skip == 0) {
            if (*part++ != *name++)
                return false;
            continue;
        }
        part += skip;
        known = hep_captures_get(words, word);
        n = known != NULL ? strlen(known) : taken_by(name, part);
        if (n == SIZE_MAX || n >= sizeof text || (known != NULL && strncmp(name, known, n) != 0))
            return false;
        (void)snprintf(text, sizeof text, "%.*s", (int)n, name);
        if (word[0] != '\0' && known == NULL && (n == 0 || !hep_captures_set(words, word, text)))
            return false;
        name += n;
    }
    return *name == '\0';
}

/* ---- folders --------------------------------------------------------------------------------- */

#define NAME_MAX_BYTES ((size_t)4 * HEP_WORD_TEXT)
/* A part whose every word is known is one name. */
static bool is_one_name(char name[NAME_MAX_BYTES], const char *part,
                        const struct hep_captures *words)
{
    size_t n = 0;

    name[0] = '\0';
    while (*part != '\0' && n + HEP_WORD_TEXT < NAME_MAX_BYTES) {
        char word[HEP_WORD_NAME];
        const size_t skip = word_at(word, part);
        const char *text = skip > 0 ? hep_captures_get(words, word) : NULL;

        if (skip > 0 && text == NULL)
            return false;
        n += (size_t)snprintf(name + n, NAME_MAX_BYTES - n, "%.*s",
                              text != NULL ? (int)strlen(text) : 1, text != NULL ? text : part);
        part += skip > 0 ? skip : 1;
    }
    return *part == '\0';
}

static int add_place(struct hep_places *out, const char *dir, const char *name,
                     const struct hep_captures *words, struct hep_error *err)
{
    int rc = HEP_GROW(out->list, out->n, err);

    if (rc != HEP_OK)
        return rc;
    out->list[out->n].path =
        strcmp(name, ".") == 0 ? hep_strdup(dir, err) : hep_path_join(dir, name, err);
    out->list[out->n].words = *words;
    return out->list[out->n++].path != NULL ? HEP_OK : HEP_ENOMEM;
}

static bool is_there(const char *path)
{
    return hep_is_file(path) || hep_is_dir(path);
}

/* What fits one part of the pattern in the folder of `from`. */
static int look_in(struct hep_places *out, const struct hep_place_found *from, const char *part,
                   struct hep_error *err)
{
    char name[NAME_MAX_BYTES];
    struct hep_listing files = { 0 };
    int rc = HEP_OK;

    if (is_one_name(name, part, &from->words)) {
        char *path = hep_path_join(from->path, name, err);

        if (path == NULL)
            rc = HEP_ENOMEM;
        else if (is_there(path))
            rc = add_place(out, from->path, name, &from->words, err);
        free(path);
        return rc;
    }
    if (!hep_is_dir(from->path))
        return HEP_OK;
    rc = hep_listing_read(&files, from->path, err);
    for (size_t i = 0; rc == HEP_OK && i < files.n; i++) {
        struct hep_captures words = from->words;

        if (files.names[i][0] != '.' && hep_pattern_fits(&words, part, files.names[i]))
            rc = add_place(out, from->path, files.names[i], &words, err);
    }
    hep_listing_release(&files);
    return rc;
}

int hep_pattern_find(struct hep_places *out, const char *root, const char *pattern,
                     const struct hep_captures *known, struct hep_error *err)
{
    static const struct hep_captures none;
    const char *at = pattern;
    int rc;

    *out = (struct hep_places){ 0 };
    rc = add_place(out, root, ".", known != NULL ? known : &none, err);
    while (rc == HEP_OK && *at != '\0') {
        const size_t n = strcspn(at, "/");
        char *part = hep_asprintf(err, "%.*s", (int)n, at);
        struct hep_places next = { 0 };

        rc = part != NULL ? HEP_OK : HEP_ENOMEM;
        for (size_t i = 0; rc == HEP_OK && i < out->n; i++)
            rc = look_in(&next, &out->list[i], part, err);
        free(part);
        hep_places_release(out);
        *out = next;
        at += n + (at[n] == '/');
    }
    return rc;
}
