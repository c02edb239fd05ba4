/**
 * @file  cli/commands.h
 * @brief The table of commands. To add one: cmd_NAME.c with its struct, tables and run function, a
 * line here, and a row in commands.c.
 */
#ifndef HEP_CLI_COMMANDS_H
#define HEP_CLI_COMMANDS_H

#include "cli/options.h"

/** NULL at the end. */
const struct hep_command *const *hep_commands(void);

extern const struct hep_command hep_cmd_run;
extern const struct hep_command hep_cmd_import;
extern const struct hep_command hep_cmd_export;
extern const struct hep_command hep_cmd_dataset;
extern const struct hep_command hep_cmd_validate;
extern const struct hep_command hep_cmd_measure;
extern const struct hep_command hep_cmd_inventory;
extern const struct hep_command hep_cmd_fit_adc;
extern const struct hep_command hep_cmd_fit_ivim;
extern const struct hep_command hep_cmd_fit_kurtosis;
extern const struct hep_command hep_cmd_fit_dualecho;
extern const struct hep_command hep_cmd_fit_multiecho;
extern const struct hep_command hep_cmd_fit_t1;
extern const struct hep_command hep_cmd_fit_uptake;
extern const struct hep_command hep_cmd_radiomics;
extern const struct hep_command hep_cmd_spectral;
extern const struct hep_command hep_cmd_spectral_group;
extern const struct hep_command hep_cmd_protocol_check;
extern const struct hep_command hep_cmd_protocol_show;
extern const struct hep_command hep_cmd_protocol_compare;
extern const struct hep_command hep_cmd_protocol_optimise;
extern const struct hep_command hep_cmd_simulate;
extern const struct hep_command hep_cmd_evaluate;
extern const struct hep_command hep_cmd_calibrate;
extern const struct hep_command hep_cmd_followup;
extern const struct hep_command hep_cmd_batch;
extern const struct hep_command hep_cmd_status;
extern const struct hep_command hep_cmd_report;
extern const struct hep_command hep_cmd_review;
extern const struct hep_command hep_cmd_stages;
extern const struct hep_command hep_cmd_manual;

#endif
