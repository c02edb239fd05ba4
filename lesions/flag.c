#include "lesions/flag.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#define RATIO_MIN 1e-3 /* stands for a signal or a diffusivity at or below 0 */

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
        hep_flag_cannot(flag, "%s not usable: %s", hep_phase_words(phase), timing->reason);
        return false;
    }
    return true;
}

bool hep_flag_needs_shells(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                           enum hep_image image)
{
    if (m->image[image].resolved)
        return true;
    hep_flag_cannot(flag, "rim and core are not told apart in %s", hep_image_name(image));
    return false;
}

/* ---- numbers --------------------------------------------------------------------------------- */

struct hep_estimate_se hep_measured_whole(const struct hep_lesion_measures *m, enum hep_image image)
{
    return (struct hep_estimate_se){ m->image[image].lesion, m->image[image].lesion_se };
}

struct hep_estimate_se hep_measured_zone(const struct hep_lesion_measures *m, enum hep_image image,
                                         enum hep_shell shell)
{
    const struct hep_zone_stats *z = &m->image[image].zone[shell];

    return (struct hep_estimate_se){ z->median, z->se };
}

struct hep_estimate_se hep_measured_ratio(struct hep_estimate_se a, struct hep_estimate_se b)
{
    const double value = a.value / b.value;

    return (struct hep_estimate_se){ value, fabs(value) * hypot(a.se / a.value, b.se / b.value) };
}

/* ---- conditions ------------------------------------------------------------------------------ */

const struct hep_margin hep_margin_none = { (double)INFINITY, 0.0, NULL };

struct hep_margin hep_margin_above(struct hep_estimate_se x, double limit)
{
    const double value = x.value > 0.0 ? x.value : RATIO_MIN * limit; /* NaN: this too */

    if (isnan(x.value))
        return hep_margin_none;
    return (struct hep_margin){ log(value / limit), isfinite(x.se) ? x.se / value : 0.0, NULL };
}

struct hep_margin hep_margin_not(struct hep_margin a)
{
    if (isfinite(a.by))
        a.by = -a.by;
    return a;
}

struct hep_margin hep_margin_below(struct hep_estimate_se x, double limit)
{
    return isnan(x.value) ? hep_margin_none : hep_margin_not(hep_margin_above(x, limit));
}

struct hep_margin hep_margin_say(struct hep_margin a, const char *what)
{
    a.what = what;
    return a;
}

double hep_margin_z(const struct hep_flag_case *c, struct hep_margin a)
{
    return isfinite(a.by) ? hep_flag_z(c->model, a.by, a.se, c->size_voxels) : a.by;
}

struct hep_margin hep_margin_both(const struct hep_flag_case *c, struct hep_margin a,
                                  struct hep_margin b)
{
    return hep_margin_z(c, b) < hep_margin_z(c, a) ? b : a;
}

struct hep_margin hep_margin_either(const struct hep_flag_case *c, struct hep_margin a,
                                    struct hep_margin b)
{
    return hep_margin_z(c, b) > hep_margin_z(c, a) ? b : a;
}

struct hep_margin hep_target_is_seen(const struct hep_lesion_measures *m, enum hep_image image)
{
    const struct hep_estimate_se rim = hep_measured_zone(m, image, HEP_SHELL_RIM),
                                 core = hep_measured_zone(m, image, HEP_SHELL_CORE);
    const double liver = m->image[image].zone[HEP_SHELL_RING].median;

    return (struct hep_margin){ fabs(rim.value - core.value) / liver -
                                    m->study->limits->flag.targetoid_liver_min,
                                hypot(rim.se, core.se) / liver,
                                "rim and core differ too little to be seen beside the liver" };
}

/* ---- the decision ---------------------------------------------------------------------------- */

/** What the probability means, for the end of the sentence. */
static const char *sureness(const struct hep_flag_result *flag)
{
    if (flag->state == HEP_FLAG_PRESENT)
        return flag->certain ? "present" : "probably present";
    return flag->certain ? "absent" : "probably absent";
}

/** A flag that says nothing at this size, or, where only certain ones are wanted, an uncertain one.
 * What was measured stays. */
static void take_back(struct hep_flag_result *flag, const struct hep_flag_case *c)
{
    if (hep_flag_says_nothing(c->model, c->size_voxels)) {
        flag->state = HEP_FLAG_NOT_ASSESSABLE;
        flag->certain = false;
        flag->probability = (double)NAN;
        (void)snprintf(flag->reason, sizeof flag->reason,
                       "%.1f voxels across: lesions of this size with and without it could not be "
                       "told apart in simulated studies (area under the curve %.2f, %g needed)",
                       c->size_voxels, hep_flag_size_of(c->model, c->size_voxels)->area,
                       HEP_FLAG_AREA_MIN);
    } else if (c->m->study->limits->flags_require_certain && !flag->certain) {
        flag->state = HEP_FLAG_NOT_ASSESSABLE;
    }
}

void hep_flag_decide(struct hep_flag_result *flag, const struct hep_flag_case *c,
                     struct hep_margin margin, struct hep_estimate_se x, double limit,
                     const char *fmt, ...)
{
    const double p = hep_flag_probability(c->model, margin.by, margin.se, c->size_voxels);
    char said[sizeof flag->reason / 2];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(said, sizeof said, fmt, args);
    va_end(args);
    if (!isfinite(margin.by) || isnan(p)) {
        hep_flag_cannot(flag, "%s; no number decides", said);
        return;
    }
    hep_flag_set(flag, HEP_FLAG_ABSENT, x.value, limit, "%s", said);
    hep_flag_set_probability(flag, p);
    flag->se = isfinite(x.se) ? x.se : (double)NAN;
    flag->margin = margin.by;
    flag->margin_se = margin.se;
    flag->size_voxels = c->size_voxels;
    (void)snprintf(flag->reason, sizeof flag->reason, "%s%s%s; %s, P %.2f", said,
                   margin.what != NULL && margin.by < 0.0 ? "; " : "",
                   margin.what != NULL && margin.by < 0.0 ? margin.what : "", sureness(flag), p);
    take_back(flag, c);
}
