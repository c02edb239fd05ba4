#include "cli/run_words.h"

size_t hep_run_words(const char **words, size_t n, bool no_align, const char *align,
                     const struct hep_args *set)
{
    if (no_align)
        words[n++] = "--no-align";
    if (align != NULL) {
        words[n++] = "--align";
        words[n++] = align;
    }
    for (size_t i = 0; i < set->n; i++) {
        words[n++] = "--set";
        words[n++] = set->items[i];
    }
    return n;
}
