/**
 * @file  dicom/program.h
 * @brief The programs that read and write DICOM for us: started without a shell, with an end.
 */
#ifndef HEP_DICOM_PROGRAM_H
#define HEP_DICOM_PROGRAM_H

#include "base/process.h"

/**
 * Run a program to its end; its messages go to `output`.
 * @param[in] argv    argv[0] is searched in PATH
 * @param[in] package the Debian package that has it, for the message
 * @return HEP_OK however it ended by itself, see `end`; HEP_ENOENT when it is not installed;
 *         HEP_EDATA when a signal or its time ended it; HEP_EIO, HEP_ENOMEM
 */
int hep_program_run(struct hep_process_end *end, const char *const *argv, const char *output,
                    const char *package, struct hep_error *err) HEP_MUST_CHECK;

#endif
