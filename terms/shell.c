#include "terms/shell.h"

const char *hep_shell_name(enum hep_shell shell)
{
    static const char *const names[HEP_SHELL_COUNT] = { "whole", "rim", "core", "ring" };

    return names[shell];
}

const char *hep_shell_words(enum hep_shell shell)
{
    static const char *const words[HEP_SHELL_COUNT] = { "whole lesion", "rim", "core",
                                                        "ring of liver" };

    return words[shell];
}
