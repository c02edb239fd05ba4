/**
 * @file  base/schema.h
 * @brief Tables of the keys of a YAML mapping: a row says how a key is read, where its value goes and what is allowed.
 *
 * What is wrong in the file is HEP_ECONFIG "file:line:column: ...": an unknown key or word with "did you mean" or the
 * known ones, a key that is missing, another type, a number out of its range with the range. Settings, which also have
 * defaults and a manual, are rows of base/field.h.
 */
#ifndef HEP_BASE_SCHEMA_H
#define HEP_BASE_SCHEMA_H

#include "base/yaml.h"

struct hep_reader {
    const struct hep_yaml_doc *doc;
    struct hep_error *err;
};

struct hep_key;
/** Puts the content of a node at `to`, which is the start of the struct plus the offset of the key. */
typedef int hep_key_reader(const struct hep_reader *r, const struct hep_yaml *node,
                           const struct hep_key *key, void *to);

struct hep_key {
    const char *name; /* NULL ends a table */
    hep_key_reader *read;
    size_t offset;
    bool required;
    double min, max;          /* of numbers as written, inclusive */
    double scale;             /* numbers are stored times this; 0 stands for 1 */
    const char *const *words; /* hep_read_choice: NULL-terminated */
};

/** A row: HEP_KEY(struct x, member, "key", hep_read_number, .required = true, .min = 0, .max = 1). */
#define HEP_KEY(strct, member, key, reader, ...)                                                   \
    {                                                                                              \
        .name = key, .read = reader, .offset = offsetof(strct, member), __VA_ARGS__                \
    }

/** Fill `base` from a mapping; keys that are absent and not required leave their member untouched. `what` names the
 * mapping in messages: "an agent". */
int hep_read_mapping(const struct hep_reader *r, const struct hep_yaml *map, const char *what,
                     const struct hep_key *keys, void *base) HEP_MUST_CHECK;
/** "WHAT must be a list, not a scalar". */
int hep_want_type(const struct hep_reader *r, const struct hep_yaml *node, enum hep_yaml_type type,
                  const char *what) HEP_MUST_CHECK;
/** A list of min to max entries. */
int hep_want_list(const struct hep_reader *r, const struct hep_yaml *node, const char *what,
                  size_t min, size_t max) HEP_MUST_CHECK;
/** Place of a scalar's text among n words: "unknown WHAT 'wrd'; did you mean 'word'?" */
int hep_find_word(size_t *index, const struct hep_reader *r, const struct hep_yaml *node,
                  const char *what, const char *const *words, size_t n) HEP_MUST_CHECK;

hep_key_reader hep_read_text;   /* const char *, not empty, borrowed from the document */
hep_key_reader hep_read_number; /* double */
hep_key_reader hep_read_pair;   /* double[2] that does not fall */
hep_key_reader hep_read_choice; /* int or enum: index of the word */
hep_key_reader hep_read_bool;   /* bool */

#endif
