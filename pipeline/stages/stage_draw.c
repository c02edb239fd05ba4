/* Two stages of one kind: a program of the user draws the liver, or the lesions. */
#include "pipeline/stages/stages.h"

#include "pipeline/config/config.h"
#include "pipeline/stages/command.h"
#include "sequences/derivatives.h"
#include "sequences/inventory.h"

#include <math.h>

#define DRAWN_ON                                                                                   \
    HEP_READS_SERIES("hepatobiliary"), HEP_READS_SERIES("portal_venous"),                          \
        HEP_READS_SERIES("delayed"), HEP_READS_SERIES("transitional"),                             \
        HEP_READS_SERIES("arterial"), HEP_READS_SERIES("precontrast"),                             \
        HEP_READS_SERIES("in_phase"), HEP_READS_SERIES("opposed"),                                 \
        HEP_READS_SERIES_4D("echoes", "xyze"), HEP_READS_SERIES("t2"),                             \
        HEP_READS_SERIES_4D("dwi", "xyzb"), HEP_READS_STRUCT("alignment")

static const struct hep_slot liver_inputs[] = { DRAWN_ON, HEP_READS_SERIES("liver_mask"), { 0 } };
static const struct hep_slot liver_outputs[] = {
    HEP_MAKES_LABELS("drawn_liver", "anat/%s_label-liver_desc-command_mask",
                     "the liver as liver.command drew it, on the grid of its series"),
    { 0 }
};

static int draw_liver(struct hep_run *run, struct hep_error *err)
{
    const struct hep_config *cfg = hep_run_config(run);
    const struct hep_command_job job = { "liver.command", &cfg->liver_command, HEP_PROBABLE };
    struct hep_mask_reading reading;
    struct hep_labels *mask = NULL;
    int rc;

    if (cfg->liver_command.command.n == 0) {
        hep_run_put_absent(run, "drawn_liver", "liver.command names no program");
        return HEP_OK;
    }
    if (hep_run_given_mask(run, HEP_ROLE_LIVER_MASK) != NULL ||
        hep_run_series(run, "liver_mask") != NULL) {
        hep_run_put_absent(run, "drawn_liver", "a liver mask is given: liver.command is not run");
        return HEP_OK;
    }
    rc = hep_command_run(&mask, &reading, run, &job, err);
    if (rc == HEP_OK)
        rc = hep_mask_one_label(mask, &reading, cfg->liver_label, "liver.command", err);
    if (rc == HEP_OK && hep_labels_count(mask, -1) == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "liver.command: the mask that was drawn is empty");
    if (rc == HEP_OK)
        return hep_run_put_labels(run, "drawn_liver", mask, NULL, err);
    hep_labels_free(mask);
    return rc;
}

static const char *const liver_settings[] = { "liver.command", "liver.label", NULL };
const struct hep_stage hep_stage_draw_liver = {
    .name = "draw-liver",
    .summary = "The liver, drawn by the program that liver.command names.",
    .inputs = liver_inputs,
    .outputs = liver_outputs,
    .settings = liver_settings,
    .run = draw_liver,
};

static const struct hep_slot lesion_inputs[] = { DRAWN_ON, HEP_READS_SERIES("lesion_mask"), { 0 } };
static const struct hep_slot lesion_outputs[] = {
    HEP_MAKES_LABELS("drawn_lesions", "anat/%s_label-lesions_desc-command_dseg",
                     "the lesions as lesions.command drew them, on the grid of their series"),
    { 0 }
};

static bool has_given_lesions(const struct hep_run *run)
{
    const struct hep_derivative *first = hep_run_given_region(run, 0);

    return first != NULL && first->role == HEP_ROLE_LESION_MASK;
}

static int draw_lesions(struct hep_run *run, struct hep_error *err)
{
    const struct hep_config *cfg = hep_run_config(run);
    const struct hep_command_job job = { "lesions.command", &cfg->lesions_command,
                                         cfg->lesions_given.threshold };
    struct hep_mask_reading reading;
    struct hep_labels *mask = NULL;
    int rc;

    if (cfg->lesions_command.command.n == 0) {
        hep_run_put_absent(run, "drawn_lesions", "lesions.command names no program");
        return HEP_OK;
    }
    if (has_given_lesions(run)) {
        hep_run_put_absent(run, "drawn_lesions", "lesions are given: lesions.command is not run");
        return HEP_OK;
    }
    rc = hep_command_run(&mask, &reading, run, &job, err);
    return rc == HEP_OK ? hep_run_put_labels(run, "drawn_lesions", mask, NULL, err) : rc;
}

static const char *const lesion_settings[] = { "lesions.command", "lesions.given_threshold", NULL };
const struct hep_stage hep_stage_draw_lesions = {
    .name = "draw-lesions",
    .summary = "Lesions, drawn by the program that lesions.command names.",
    .inputs = lesion_inputs,
    .outputs = lesion_outputs,
    .settings = lesion_settings,
    .run = draw_lesions,
};
