/**
 * @file  pipeline/stages/command.h
 * @brief A program of the user that draws a mask on one series: started without a shell, with a time limit, its log kept
 *        in OUT/logs, its mask checked.
 *
 * The words of the setting are the program and its arguments. In them {input} is the series as Hepar's own NIfTI file
 * (the first volume of several; nothing of the header but the geometry, no names), {output} the mask that is awaited,
 * {output_dir} an empty folder, in which the mask is awaited as *.command_output where that is set, and {threads} the
 * number of threads. Standard input is empty.
 */
#ifndef HEP_PIPELINE_STAGES_COMMAND_H
#define HEP_PIPELINE_STAGES_COMMAND_H

#include "image/nifti.h"
#include "pipeline/run.h"

struct hep_cfg_command;

/** One task of a command. */
struct hep_command_job {
    const char *key; /* of the setting, "liver.command": for messages */
    const struct hep_cfg_command *cfg;
    double threshold; /* of probabilities */
};

/** Series that the command draws on: the reference unless set. NULL: the study has none. */
const char *hep_command_series(struct hep_run *run, const struct hep_cfg_command *cfg);

/**
 * @param[out] out the mask on the grid of its series
 * @return HEP_ECONFIG (words, series); HEP_ENOENT no such program; HEP_EDATA it failed, ran out of time or wrote nothing;
 *         HEP_EGEOM it wrote on another grid; HEP_EFORMAT it wrote no mask; HEP_ETEMP stopped on request
 */
int hep_command_run(struct hep_labels **out, struct hep_mask_reading *reading, struct hep_run *run,
                    const struct hep_command_job *job, struct hep_error *err) HEP_MUST_CHECK;

#endif
