/* The judge of each flag, by the rows of the dictionary. */
#include "lesions/flag.h"

#include "base/number.h"

#include <math.h>

/* Every image that the flag's row needs; the first that cannot be judged gives the reason. */
static bool has_images(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                       uint32_t needs)
{
    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        const enum hep_phase phase = hep_image_phase((enum hep_image)i);
        const bool enhanced = phase != HEP_PHASE_COUNT && phase != HEP_PHASE_PRECONTRAST;

        if ((needs & 1U << i) == 0)
            continue;
        if (enhanced ? !hep_flag_needs_phase(flag, m, phase)
                     : !hep_flag_needs(flag, m, (enum hep_image)i))
            return false;
    }
    return true;
}

/** The lesion's diameter in voxels of the first image that the flag needs. */
static double size_in_voxels(const struct hep_lesion_measures *m, const struct hep_flag_row *row)
{
    const uint32_t of = row->needs != 0 ? row->needs : row->needs_one_of;
    const double voxel_mm3 = hep_grid_voxel_mm3(&m->study->grid);

    for (int i = 0; i < HEP_IMAGE_COUNT; i++) {
        const struct hep_lesion_image *image = &m->study->image[i];
        const double n = (double)m->image[i].zone[HEP_SHELL_WHOLE].n;

        if ((of & 1U << i) != 0 && image->volume != NULL && n > 0.0)
            return hep_ball_diameter(n * voxel_mm3) /
                   cbrt(image->native_mm[0] * image->native_mm[1] * image->native_mm[2]);
    }
    return 1.0; /* no image: not assessable */
}

struct hep_flag_result hep_flag_judge(enum hep_flag flag, const struct hep_lesion_measures *m,
                                      const struct hep_flag_table *table)
{
    static void (*const judges[HEP_FLAG_COUNT])(struct hep_flag_result *,
                                                const struct hep_flag_case *) = {
#define FLAG(id, name, ...) hep_judge_##name,
#include "terms/flags.def"
#undef FLAG
    };
    const struct hep_flag_row *row = hep_flag_row(flag);
    const struct hep_flag_case c = { m, table, &table->model[flag], size_in_voxels(m, row),
                                     hep_flag_judge };
    struct hep_flag_result result = { 0 };

    if (has_images(&result, m, row->needs))
        judges[flag](&result, &c);
    return result;
}
