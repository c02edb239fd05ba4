#include "cli/commands.h"

const struct hep_command *const *hep_commands(void)
{
    static const struct hep_command *const rows[] = {
        &hep_cmd_run,           &hep_cmd_measure,          &hep_cmd_batch,
        &hep_cmd_status,        &hep_cmd_report,           &hep_cmd_review,
        &hep_cmd_followup,      &hep_cmd_import,           &hep_cmd_export,
        &hep_cmd_inventory,     &hep_cmd_fit_adc,          &hep_cmd_fit_ivim,
        &hep_cmd_fit_kurtosis,  &hep_cmd_fit_dualecho,     &hep_cmd_fit_multiecho,
        &hep_cmd_fit_t1,        &hep_cmd_fit_uptake,       &hep_cmd_radiomics,
        &hep_cmd_spectral,      &hep_cmd_spectral_group,   &hep_cmd_protocol_check,
        &hep_cmd_protocol_show, &hep_cmd_protocol_compare, &hep_cmd_protocol_optimise,
        &hep_cmd_simulate,      &hep_cmd_evaluate,         &hep_cmd_calibrate,
        &hep_cmd_stages,        &hep_cmd_manual,           NULL,
    };

    return rows;
}
