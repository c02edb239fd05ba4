#include "lesions/flag.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

static void say(struct hep_flag_result *flag, const char *fmt, va_list args) HEP_PRINTF(2, 0);
static void say(struct hep_flag_result *flag, const char *fmt, va_list args)
{
    (void)vsnprintf(flag->reason, sizeof flag->reason, fmt, args);
}

void hep_flag_set(struct hep_flag_result *flag, enum hep_flag_state state, double value,
                  double limit, const char *unit, const char *source, const char *fmt, ...)
{
    va_list args;

    flag->state = state;
    flag->value = value;
    flag->limit = limit;
    flag->unit = unit;
    flag->source = source;
    va_start(args, fmt);
    say(flag, fmt, args);
    va_end(args);
}

void hep_flag_cannot(struct hep_flag_result *flag, const char *source, const char *fmt, ...)
{
    va_list args;

    flag->state = HEP_FLAG_NOT_ASSESSABLE;
    flag->value = flag->limit = (double)NAN;
    flag->unit = "1";
    flag->source = source;
    va_start(args, fmt);
    say(flag, fmt, args);
    va_end(args);
}

bool hep_flag_needs(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                    enum hep_image image, const char *source)
{
    const struct hep_lesion_image *series = &m->study->image[image];
    const char *name = hep_image_name(image);

    if (series->volume == NULL)
        hep_flag_cannot(flag, source, "no %s: %s", name,
                        series->absent_reason ? series->absent_reason : "not in the study");
    else if (m->image[image].zone[HEP_SHELL_WHOLE].n == 0)
        hep_flag_cannot(flag, source, "the lesion lies outside the field of view of %s", name);
    else if (m->image[image].zone[HEP_SHELL_RING].n == 0)
        hep_flag_cannot(flag, source, "no liver around the lesion to compare with in %s", name);
    else if (!isfinite(m->image[image].lesion))
        hep_flag_cannot(flag, source,
                        "too small for the resolution of %s: at most %.0f %% of a voxel is lesion",
                        name, 100.0 * m->image[image].share_max);
    else
        return true;
    return false;
}

bool hep_flag_needs_phase(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                          enum hep_phase phase, const char *source)
{
    const struct hep_phase_timing *timing = &m->study->timing[phase];

    if (m->study->agent == NULL) {
        hep_flag_cannot(flag, source, "no contrast agent");
        return false;
    }
    if (!hep_flag_needs(flag, m, hep_phase_image(phase), source))
        return false;
    if (phase != HEP_PHASE_PRECONTRAST && !hep_phase_grade_usable(timing->grade)) {
        hep_flag_cannot(flag, source, "%s not usable: %s", hep_phase_name(phase), timing->reason);
        return false;
    }
    return true;
}

bool hep_flag_needs_shells(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                           enum hep_image image, const char *source)
{
    const struct hep_image_stats *s = &m->image[image];

    if (!s->resolved)
        hep_flag_cannot(flag, source,
                        "rim and core are not resolved: %.1f voxels of %s from border to centre, "
                        "%g needed, and at least one slice",
                        s->depth_voxels, hep_image_name(image), m->study->limits->depth_min_voxels);
    else if (s->zone[HEP_SHELL_RIM].n == 0 || s->zone[HEP_SHELL_CORE].n == 0)
        hep_flag_cannot(flag, source, "rim or core holds no voxel of %s that is lesion alone",
                        hep_image_name(image));
    else
        return true;
    return false;
}

bool hep_target_contrast(const struct hep_lesion_measures *m, enum hep_image image)
{
    const struct hep_zone_stats *z = m->image[image].zone;

    return fabs(z[HEP_SHELL_RIM].median / z[HEP_SHELL_CORE].median - 1.0) >=
           m->study->limits->targetoid_contrast_min;
}

void hep_flags_judge(struct hep_flag_result *out, const struct hep_lesion_measures *m)
{
    /* Washout reads the blood-pool flag; hyperenhancement reads T1 hyperintensity. */
    hep_flags_plain(out, m);
    hep_flags_diffusion(out, m);
    hep_flags_enhancement(out, m);
    hep_flags_washout(out, m);
}
