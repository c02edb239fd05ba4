#include "pipeline/cli/commands.h"

#define N_COMMANDS_MAX 32

const struct hep_command *hep_commands(void)
{
    static const struct hep_command *const rows[] = {
        &hep_cmd_run,           &hep_cmd_inventory,      &hep_cmd_fit_adc,
        &hep_cmd_fit_ivim,      &hep_cmd_fit_kurtosis,   &hep_cmd_fit_dualecho,
        &hep_cmd_fit_multiecho, &hep_cmd_protocol_check, &hep_cmd_protocol_show,
        &hep_cmd_simulate,      &hep_cmd_stages,         &hep_cmd_manual,
    };
    static struct hep_command table[N_COMMANDS_MAX];

    if (table[0].name == NULL) {
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
            table[i] = *rows[i];
    }
    return table;
}
