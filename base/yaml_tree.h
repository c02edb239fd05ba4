/**
 * @file  base/yaml_tree.h
 * @brief The tree behind base/yaml.h, shared by its reader and its accessors only.
 */
#ifndef HEP_BASE_YAML_TREE_H
#define HEP_BASE_YAML_TREE_H

#include "base/yaml.h"

struct hep_yaml_entry {
    struct hep_yaml *key; /* NULL in a sequence */
    struct hep_yaml *value;
};

struct hep_yaml {
    enum hep_yaml_type type;
    bool quoted;
    size_t line, column; /* one-based */
    char *text;          /* scalars only */
    struct hep_yaml_entry *entries;
    size_t n;
    struct hep_yaml
        *next; /* all nodes of a document form one chain, so that freeing needs no walk */
};

struct hep_yaml_doc {
    char *name;
    struct hep_yaml *root, *all;
};

#endif
