#include "terms/map_group.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdlib.h>

/* In the order of the groups; the first stands for all of them. */
static const char *const group_words[] = { "all", "parameters", "errors", "quality" };
enum { N_GROUPS = sizeof group_words / sizeof group_words[0] };

/* Blanks around a word, as people write lists in YAML, do not count. */
static char *trimmed(char *word)
{
    char *end;

    word += strspn(word, " ");
    end = word + strlen(word);
    while (end > word && end[-1] == ' ')
        *--end = '\0';
    return word;
}

int hep_map_list_read(bool *chosen, const char *list, const struct hep_map_name *maps, size_t n,
                      const char *what, enum hep_status code, struct hep_error *err)
{
    const char **names = (const char **)hep_calloc(N_GROUPS + n, sizeof *names, err);
    char *words = hep_strdup(list, err), *rest = words;
    int rc = names != NULL && words != NULL ? HEP_OK : HEP_ENOMEM;

    for (size_t i = 0; rc == HEP_OK && i < N_GROUPS + n; i++)
        names[i] = i < N_GROUPS ? group_words[i] : maps[i - N_GROUPS].name;
    for (size_t i = 0; i < n; i++)
        chosen[i] = false;
    while (rc == HEP_OK && rest != NULL) {
        char *comma = strchr(rest, ',');
        size_t found = 0;

        if (comma != NULL)
            *comma = '\0';
        rc = hep_find_name(&found, trimmed(rest), names, N_GROUPS + n, what, code, err);
        for (size_t i = 0; rc == HEP_OK && i < n; i++)
            chosen[i] = chosen[i] || found == N_GROUPS + i || found == 0 ||
                        (found < N_GROUPS && found == (size_t)maps[i].group);
        rest = comma != NULL ? comma + 1 : NULL;
    }
    free((void *)names);
    free(words);
    return rc;
}
