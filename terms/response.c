#include "terms/response.h"

#include <stddef.h>
#include <string.h>

static const char *const names[HEP_RESPONSE_COUNT] = { "CR", "PR", "SD", "PD", "NE" };

const char *hep_response_name(enum hep_response response)
{
    return response < HEP_RESPONSE_COUNT ? names[response] : NULL;
}

enum hep_response hep_response_parse(const char *name)
{
    for (int i = 0; name != NULL && i < (int)HEP_RESPONSE_COUNT; i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum hep_response)i;
    }
    return HEP_RESPONSE_COUNT;
}
