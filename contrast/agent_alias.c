/* Recognising an agent in free text: words are compared, never substrings, so that "Gd-DTPA" is not
 * found in "Gd-EOB-DTPA". */
#include "contrast/agent_set.h"

#include "base/alloc.h"
#include "base/number.h"
#include "base/text.h"

#define MAX_TEXT 256
#define MIN_GUESS 4 /* shorter words are like too many names */

/**
 * " word word ": lower case, one blank between words and at both ends. Words end at everything that
 * is no ASCII letter or digit, and between a letter and a digit ("primovist0.25"). Text that does
 * not fit is cut.
 * @return length
 */
static size_t normalise(char *out, size_t cap, const char *text)
{
    size_t n = 0;
    char last = ' ';

    out[n++] = ' ';
    for (const char *p = text; *p && n + 3 < cap; p++) {
        char c = *p;
        bool word = hep_is_letter(c) || hep_is_digit(c);
        bool split =
            (hep_is_letter(c) && hep_is_digit(last)) || (hep_is_digit(c) && hep_is_letter(last));
        if ((!word || split) && out[n - 1] != ' ')
            out[n++] = ' ';
        if (word)
            out[n++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        last = c;
    }
    if (out[n - 1] != ' ')
        out[n++] = ' ';
    out[n] = '\0';
    return n;
}

static void key_init(struct hep_alias_key *key, const char *alias, const struct hep_agent *agent)
{
    size_t n = normalise(key->words, sizeof key->words, alias);
    size_t m = 0;

    for (size_t i = 0; i < n; i++)
        if (key->words[i] != ' ')
            key->plain[m++] = key->words[i];
    key->plain[m] = '\0';
    (void)normalise(key->joined, sizeof key->joined, key->plain);
    key->alias = alias;
    key->agent = agent;
}

int hep_agents_index(struct hep_agents *set, struct hep_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++)
        n += set->list[i].n_aliases;
    if (HEP_NEW(set->keys, n, err) != HEP_OK || HEP_NEW(set->plain, n, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < set->n; i++)
        for (size_t k = 0; k < set->list[i].n_aliases; k++) {
            struct hep_alias_key *key = &set->keys[set->n_keys];
            key_init(key, set->list[i].aliases[k], &set->list[i]);
            set->plain[set->n_keys++] = key->plain;
        }
    return HEP_OK;
}

/** Key of the alias nearest to one of the words, first word first; NULL when none is near. */
static const struct hep_alias_key *nearest(const struct hep_agents *set, const char *words)
{
    const char *p = words + 1;

    while (*p) {
        char word[MAX_TEXT];
        size_t n = strcspn(p, " ");
        const char *near;
        memcpy(word, p, n);
        word[n] = '\0';
        near = n >= MIN_GUESS ? hep_did_you_mean(word, set->plain, set->n_keys) : NULL;
        for (size_t k = 0; near && k < set->n_keys; k++)
            if (set->plain[k] == near)
                return &set->keys[k];
        p += n + 1;
    }
    return NULL;
}

static void warn_unknown(struct hep_agent_match *out, const struct hep_agents *set,
                         const char *words, const char *text)
{
    const struct hep_alias_key *near = nearest(set, words);

    if (near) {
        out->alias = near->alias;
        (void)snprintf(out->warning, sizeof out->warning,
                       "contrast agent text '%.80s' is not known; the nearest name is '%.60s' "
                       "(%.20s): name the agent in the protocol",
                       text, near->alias, near->agent->name);
    } else {
        (void)snprintf(out->warning, sizeof out->warning,
                       "contrast agent text '%.80s' is not known: name the agent in the protocol",
                       text);
    }
}

void hep_agents_resolve(struct hep_agent_match *out, const struct hep_agents *set, const char *text)
{
    char words[MAX_TEXT];

    memset(out, 0, sizeof *out);
    if (!text || normalise(words, sizeof words, text) < 2) {
        (void)snprintf(out->warning, sizeof out->warning, "no contrast agent is named");
        return;
    }
    for (size_t k = 0; k < set->n_keys; k++) {
        const struct hep_alias_key *key = &set->keys[k];
        const struct hep_agent *agent = key->agent;
        if (!strstr(words, key->words) && !strstr(words, key->joined))
            continue;
        if (out->agent && out->agent != agent) {
            (void)snprintf(out->warning, sizeof out->warning,
                           "contrast agent text '%.80s' names both %.20s and %.20s: name the agent "
                           "in the protocol",
                           text, out->agent->name, agent->name);
            out->agent = NULL;
            out->alias = NULL;
            return;
        }
        if (!out->alias || strlen(key->alias) > strlen(out->alias))
            out->alias = key->alias;
        out->agent = agent;
    }
    if (!out->alias)
        warn_unknown(out, set, words, text);
}
