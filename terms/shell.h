/**
 * @file  terms/shell.h
 * @brief The parts of a lesion and its surroundings that are measured (lesions/shells.h).
 */
#ifndef HEP_TERMS_SHELL_H
#define HEP_TERMS_SHELL_H

enum hep_shell {
    HEP_SHELL_WHOLE,
    HEP_SHELL_RIM,
    HEP_SHELL_CORE,
    HEP_SHELL_RING, /* liver around the lesion; last, as every other shell is compared with it */
    HEP_SHELL_COUNT
};
/** "whole", "rim", "core", "ring": static. */
const char *hep_shell_name(enum hep_shell shell);
/** The same for people: "ring of liver". */
const char *hep_shell_words(enum hep_shell shell);

#endif
