#include "lesions/flag.h"

#include <math.h>

bool hep_flag_needs(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                    enum hep_image image)
{
    const struct hep_lesion_image *series = &m->study->image[image];
    const char *name = hep_image_name(image);

    if (series->volume == NULL)
        hep_flag_cannot(flag, series->withheld ? "%s is withheld: %s" : "no %s: %s", name,
                        series->absent_reason ? series->absent_reason : "not in the study");
    else if (m->image[image].zone[HEP_SHELL_WHOLE].n == 0)
        hep_flag_cannot(flag, "the lesion lies outside the field of view of %s", name);
    else if (m->image[image].zone[HEP_SHELL_RING].n == 0)
        hep_flag_cannot(flag, "no liver around the lesion to compare with in %s", name);
    else if (!isfinite(m->image[image].lesion))
        hep_flag_cannot(flag,
                        "too small for the resolution of %s: at most %.0f %% of a voxel is lesion",
                        name, 100.0 * m->image[image].share_max);
    else
        return true;
    return false;
}

bool hep_flag_needs_phase(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                          enum hep_phase phase)
{
    const struct hep_phase_timing *timing = &m->study->timing[phase];

    if (m->study->agent == NULL) {
        hep_flag_cannot(flag, "no contrast agent");
        return false;
    }
    if (!hep_flag_needs(flag, m, hep_phase_image(phase)))
        return false;
    if (phase != HEP_PHASE_PRECONTRAST && !hep_phase_grade_usable(timing->grade)) {
        hep_flag_cannot(flag, "%s not usable: %s", hep_phase_name(phase), timing->reason);
        return false;
    }
    return true;
}

bool hep_flag_needs_shells(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                           enum hep_image image)
{
    const struct hep_image_stats *s = &m->image[image];

    if (!s->resolved)
        hep_flag_cannot(flag,
                        "rim and core are not resolved: %.1f voxels of %s from border to centre, "
                        "%g needed, and at least one slice",
                        s->depth_voxels, hep_image_name(image), m->study->limits->depth_min_voxels);
    else if (s->zone[HEP_SHELL_RIM].n == 0 || s->zone[HEP_SHELL_CORE].n == 0)
        hep_flag_cannot(flag, "rim or core holds no voxel of %s that is lesion alone",
                        hep_image_name(image));
    else
        return true;
    return false;
}

bool hep_target_contrast(const struct hep_lesion_measures *m, enum hep_image image)
{
    const struct hep_zone_stats *z = m->image[image].zone;

    return fabs(z[HEP_SHELL_RIM].median / z[HEP_SHELL_CORE].median - 1.0) >=
           m->study->limits->flag.targetoid_contrast_min;
}

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

struct hep_flag_result hep_flag_judge(enum hep_flag flag, const struct hep_lesion_measures *m)
{
    static void (*const judges[HEP_FLAG_COUNT])(struct hep_flag_result *,
                                                const struct hep_lesion_measures *) = {
#define FLAG(id, name, ...) hep_judge_##name,
#include "terms/flags.def"
#undef FLAG
    };
    struct hep_flag_result result = { 0 };

    if (has_images(&result, m, hep_flag_row(flag)->needs))
        judges[flag](&result, m);
    return result;
}
