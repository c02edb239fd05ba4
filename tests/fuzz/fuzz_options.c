#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "base/alloc.h"
#include "cli/commands.h"

#include <getopt.h>

enum { WORDS_MAX = 64 };

/* A command line, a word in each line; files that it names are not there, or are folders. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1), *words[WORDS_MAX + 2] = { NULL }, *save = NULL;
    char program[] = "hepar";
    const struct hep_command *command = NULL;
    struct hep_error e = { 0 };
    void *options = NULL;
    int argc = 0, used = 0, rc;

    if (text == NULL)
        return 0;
    if (n > 0)
        (void)memcpy(text, data, n);
    text[n] = '\0';
    words[argc++] = program;
    for (char *w = strtok_r(text, "\n", &save); w != NULL && argc <= WORDS_MAX;
         w = strtok_r(NULL, "\n", &save))
        words[argc++] = w;
    rc = hep_command_find(&command, &used, hep_commands(), argc, words, &e);
    fuzz_check(rc, &e);
    if (rc == HEP_OK && (options = calloc(1, command->options_size)) != NULL) {
        optind = 0;
        rc = hep_options_parse(options, command, argc - 1 - used, words + 1 + used, &e);
        fuzz_check(rc, &e);
        hep_options_release(options, command);
    }
    free(options);
    free(text);
    return 0;
}
