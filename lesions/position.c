#include "lesions/position.h"

#include <math.h>

void hep_lesion_position(struct hep_lesion_position *out, const struct hep_shells *shells,
                         const struct hep_lesion_study *study,
                         const struct hep_surroundings *around)
{
    const size_t n = hep_grid_voxels(&shells->grid);
    double vessel = (double)INFINITY;

    out->capsule_mm = (double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        const size_t j = hep_shells_index(shells, &study->grid, i);

        if (!hep_shells_has(shells, i, HEP_SHELL_WHOLE))
            continue;
        out->capsule_mm = fmin(out->capsule_mm, (double)around->liver_mm->data[j]);
        if (around->vessel_mm != NULL)
            vessel = fmin(vessel, (double)around->vessel_mm->data[j]);
    }
    if (!isfinite(out->capsule_mm))
        out->capsule_mm = (double)NAN;
    out->vessel_mm = isfinite(vessel) ? vessel : (double)NAN;
}
