#include "base/schema.h"

#include "base/text.h"

enum { MAX_KEYS = 64 };

int hep_want_type(const struct hep_reader *r, const struct hep_yaml *node, enum hep_yaml_type type,
                  const char *what)
{
    if (hep_yaml_type(node) == type)
        return HEP_OK;
    return hep_yaml_fail(r->doc, node, r->err, "%s must be %s, not %s", what,
                         hep_yaml_type_name(type), hep_yaml_type_name(hep_yaml_type(node)));
}

int hep_want_list(const struct hep_reader *r, const struct hep_yaml *node, const char *what,
                  size_t min, size_t max)
{
    const size_t n = hep_yaml_size(node);
    int rc = hep_want_type(r, node, HEP_YAML_SEQUENCE, what);

    if (rc == HEP_OK && (n < min || n > max))
        rc = hep_yaml_fail(r->doc, node, r->err, "%s must be a list of %zu to %zu entries, not %zu",
                           what, min, max, n);
    return rc;
}

static int fail_word(const struct hep_reader *r, const struct hep_yaml *node, const char *what,
                     const char *const *words, size_t n)
{
    const char *word = hep_yaml_text(node);
    struct hep_str known = { 0 };
    int rc;

    hep_str_add_known(&known, word, words, n);
    rc = hep_yaml_fail(r->doc, node, r->err, "unknown %s '%.80s'%s", what, word,
                       known.s != NULL ? known.s : "");
    hep_str_release(&known);
    return rc;
}

int hep_find_word(size_t *index, const struct hep_reader *r, const struct hep_yaml *node,
                  const char *what, const char *const *words, size_t n)
{
    const char *word = hep_yaml_text(node);

    if (word == NULL)
        return hep_want_type(r, node, HEP_YAML_SCALAR, what);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i], word) == 0) {
            *index = i;
            return HEP_OK;
        }
    }
    return fail_word(r, node, what, words, n);
}

int hep_read_mapping(const struct hep_reader *r, const struct hep_yaml *map, const char *what,
                     const struct hep_key *keys, void *base)
{
    const char *names[MAX_KEYS];
    size_t n = 0, k = 0;
    int rc = hep_want_type(r, map, HEP_YAML_MAPPING, what);

    for (; n < MAX_KEYS && keys[n].name != NULL; n++)
        names[n] = keys[n].name;
    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(map); i++) {
        rc = hep_find_word(&k, r, hep_yaml_key_node(map, i), "key", names, n);
        if (rc == HEP_OK)
            rc = keys[k].read(r, hep_yaml_at(map, i), &keys[k], (char *)base + keys[k].offset);
    }
    for (k = 0; rc == HEP_OK && k < n; k++)
        if (keys[k].required && hep_yaml_get(map, names[k]) == NULL)
            rc = hep_yaml_fail(r->doc, map, r->err, "%s lacks the key '%s'", what, names[k]);
    return rc;
}

int hep_read_text(const struct hep_reader *r, const struct hep_yaml *node,
                  const struct hep_key *key, void *to)
{
    const char *text = hep_yaml_text(node);

    if (text == NULL || *text == '\0')
        return hep_yaml_fail(r->doc, node, r->err, "%s must be a text that is not empty",
                             key->name);
    (void)memcpy(to, &text, sizeof text);
    return HEP_OK;
}

int hep_read_number(const struct hep_reader *r, const struct hep_yaml *node,
                    const struct hep_key *key, void *to)
{
    double x = 0.0;
    int rc = hep_yaml_number(&x, r->doc, node, r->err);

    if (rc == HEP_OK && !(x >= key->min && x <= key->max))
        rc = hep_yaml_fail(r->doc, node, r->err, "%s is %g, allowed are %g to %g", key->name, x,
                           key->min, key->max);
    if (rc == HEP_OK)
        *(double *)to = key->scale != 0.0 ? x * key->scale : x;
    return rc;
}

int hep_read_pair(const struct hep_reader *r, const struct hep_yaml *node,
                  const struct hep_key *key, void *to)
{
    double pair[2] = { 0 };
    int rc = hep_want_type(r, node, HEP_YAML_SEQUENCE, key->name);

    if (rc == HEP_OK && hep_yaml_size(node) != 2)
        rc = hep_yaml_fail(r->doc, node, r->err, "%s needs two numbers, got %zu", key->name,
                           hep_yaml_size(node));
    for (size_t i = 0; rc == HEP_OK && i < 2; i++)
        rc = hep_read_number(r, hep_yaml_at(node, i), key, &pair[i]);
    if (rc == HEP_OK && pair[0] > pair[1])
        rc = hep_yaml_fail(r->doc, node, r->err, "%s falls from %g to %g, it must not", key->name,
                           pair[0], pair[1]);
    if (rc == HEP_OK)
        (void)memcpy(to, pair, sizeof pair);
    return rc;
}

int hep_read_choice(const struct hep_reader *r, const struct hep_yaml *node,
                    const struct hep_key *key, void *to)
{
    size_t n = 0, index = 0;
    int rc;

    while (key->words[n] != NULL)
        n++;
    rc = hep_find_word(&index, r, node, key->name, key->words, n);
    if (rc == HEP_OK)
        (void)memcpy(to, &(int){ (int)index }, sizeof(int));
    return rc;
}

int hep_read_bool(const struct hep_reader *r, const struct hep_yaml *node,
                  const struct hep_key *key, void *to)
{
    (void)key;
    return hep_yaml_bool(to, r->doc, node, r->err);
}
