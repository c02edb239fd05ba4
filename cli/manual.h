/**
 * @file  cli/manual.h
 * @brief The generated parts of the manual, in Markdown: commands, settings, exit codes, measures.
 */
#ifndef HEP_CLI_MANUAL_H
#define HEP_CLI_MANUAL_H

#include "base/text.h"
#include "cli/options.h"

/** docs/reference-commands.md */
void hep_manual_commands(struct hep_str *out, const struct hep_command *const *commands);
/** docs/reference-settings.md */
void hep_manual_settings(struct hep_str *out);
/** docs/reference-measures.md: measures, flags and classes, from the dictionary. */
void hep_manual_measures(struct hep_str *out);

/** hepar-COMMAND.1, and hepar.1. */
void hep_man_command(struct hep_str *out, const struct hep_command *command);
void hep_man_program(struct hep_str *out, const struct hep_command *const *commands);
void hep_completion_bash(struct hep_str *out, const struct hep_command *const *commands);
void hep_completion_zsh(struct hep_str *out, const struct hep_command *const *commands);
/** All of these as files of a folder, which is made: *.1, hepar.bash, _hepar. */
int hep_manual_pages(const char *dir, const struct hep_command *const *commands,
                     struct hep_error *err) HEP_MUST_CHECK;

#endif
