/**
 * @file  terms/map_group.h
 * @brief What a map tells, and lists of maps by name or group, such as "adc,errors".
 */
#ifndef HEP_TERMS_MAP_GROUP_H
#define HEP_TERMS_MAP_GROUP_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/** An answer of the model, how well it is known, or how well the model held. */
enum hep_map_group {
    HEP_MAP_NO_CHOICE, /* an image that no list leaves out, such as the liver's mask */
    HEP_MAP_PARAMETER,
    HEP_MAP_ERROR,
    HEP_MAP_QUALITY
};

struct hep_map_name {
    const char *name; /* borrowed */
    enum hep_map_group group;
};

/**
 * The maps that a list names: words between commas, each the name of a map, or parameters, errors, quality or all.
 * @param[out] chosen n values
 * @param[in]  what   of messages: "map in --maps"
 * @return `code` for a word that is neither, with the likeliest one; HEP_ENOMEM
 */
int hep_map_list_read(bool *chosen, const char *list, const struct hep_map_name *maps, size_t n,
                      const char *what, enum hep_status code, struct hep_error *err) HEP_MUST_CHECK;

#endif
