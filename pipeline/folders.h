/**
 * @file  pipeline/folders.h
 * @brief What a result may say of where things lie: nothing. Folders name people ("DOE_JANE").
 */
#ifndef HEP_PIPELINE_FOLDERS_H
#define HEP_PIPELINE_FOLDERS_H

#include "base/json_put.h"
#include "base/text.h"

/**
 * Append a text without the folders in it: of an absolute path, and of a path that begins with the folder of a
 * word of the command line, the last part stays.
 * @param[in] command words, NULL at the end; may be NULL
 */
void hep_folders_hide(struct hep_str *out, const char *text, const char *const *command);

/**
 * The command line as a result may hold it: program and command, names of options, numbers, settings with the
 * values that they can have, and BIDS labels of the study. Every other word is "...".
 * @param[in] label "sub-01_ses-1"
 */
struct hep_json *hep_folders_command(struct hep_put *put, const char *const *command,
                                     const char *label);

#endif
