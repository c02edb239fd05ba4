#include "report/stage_table.h"

#include "pipeline/stages/stages.h"

/* The table. Order follows from the products; this order only breaks ties. */

#define STAGES_OF_MAPS                                                                             \
    &hep_stage_inventory, &hep_stage_masks, &hep_stage_align, &hep_stage_space, &hep_stage_fat,    \
        &hep_stage_diffusion, &hep_stage_draw_liver, &hep_stage_liver, &hep_stage_enhancement,     \
        &hep_stage_kinetics, &hep_stage_draw_lesions

const struct hep_stage *const *hep_stages(size_t *n)
{
    static const struct hep_stage *const rows[] = { STAGES_OF_MAPS, &hep_stage_lesions,
                                                    &hep_stage_parenchyma, &hep_stage_report };

    *n = sizeof rows / sizeof rows[0];
    return rows;
}

const struct hep_stage *const *hep_measure_stages(size_t *n)
{
    static const struct hep_stage *const rows[] = { STAGES_OF_MAPS, &hep_stage_labels };

    *n = sizeof rows / sizeof rows[0];
    return rows;
}
