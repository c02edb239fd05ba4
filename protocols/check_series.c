#include "protocols/check_rules.h"

#include "fitting/dualecho.h"
#include "fitting/iron.h"
#include "sequences/fat_spectrum.h"
#include "protocols/show.h"

#include <math.h>

#define SAME_B_S_PER_MM2 0.5 /* as fitting/diffusion.h groups volumes */
#define IVIM_LOW_B_S_PER_MM2 100.0
#define IVIM_POINTS 4
#define KURTOSIS_B_S_PER_MM2 1500.0
#define CHARACTERISING_B_S_PER_MM2 500.0
#define THICK_SLICE_MM 5.0
#define LOW_FLIP_DEG 6.0
#define MULTI_ECHOES 6

#define RULE(name) HEP_CHECK_TEST(name)
#define UNUSED(x) (void)(x)

/* Planned b-values of the diffusion series; NULL when it is not expected or not planned. */
static const struct hep_list *planned_b(const struct hep_config *cfg)
{
    const struct hep_plan *dwi = &cfg->series[HEP_SERIES_DWI];

    return dwi->expected && dwi->b_values_s_per_mm2.n > 0 ? &dwi->b_values_s_per_mm2 : NULL;
}

/* Distinct b-values in [lo, hi]. */
static size_t count_b(const struct hep_list *b, double lo, double hi)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++) {
        bool seen = false;

        for (size_t j = 0; j < i; j++)
            seen = seen || fabs(b->v[j] - b->v[i]) <= SAME_B_S_PER_MM2;
        n += !seen && b->v[i] >= lo && b->v[i] <= hi;
    }
    return n;
}

static double max_b(const struct hep_list *b)
{
    double max = 0;

    for (size_t i = 0; i < b->n; i++)
        max = fmax(max, b->v[i]);
    return max;
}

RULE(no_b0)
{
    const struct hep_list *b = planned_b(cfg);

    UNUSED(agent);
    if (b && count_b(b, 0, SAME_B_S_PER_MM2) == 0)
        hep_str_addf(what, "the diffusion series has no b = 0; its lowest of %zu b-values is above",
                     b->n);
}

RULE(one_b)
{
    const struct hep_list *b = planned_b(cfg);

    UNUSED(agent);
    if (b && count_b(b, 0, (double)INFINITY) < 2)
        hep_str_addf(what, "the diffusion series has one b-value, %.9g s/mm2", b->v[0]);
}

RULE(no_b_values)
{
    UNUSED(agent);
    if (cfg->series[HEP_SERIES_DWI].expected && planned_b(cfg) == NULL)
        hep_str_add(what, "the diffusion series is expected but its b-values are not given");
}

RULE(adc_subset)
{
    const struct hep_list *b = planned_b(cfg);
    const struct hep_cfg_diffusion *d = &cfg->diffusion;
    size_t n = b ? count_b(b, d->adc_b_min_s_per_mm2, d->adc_b_max_s_per_mm2) : 0;

    UNUSED(agent);
    if (b && count_b(b, 0, (double)INFINITY) >= 2 && n < 2)
        hep_str_addf(what, "%zu of the b-values lie in the subset of the ADC, %.9g to %.9g s/mm2",
                     n, d->adc_b_min_s_per_mm2, d->adc_b_max_s_per_mm2);
}

RULE(adc_perfusion)
{
    UNUSED(agent);
    if (cfg->series[HEP_SERIES_DWI].expected && cfg->diffusion.adc_b_min_s_per_mm2 < 50)
        hep_str_addf(what, "the ADC is fitted from b = %.9g s/mm2 up",
                     cfg->diffusion.adc_b_min_s_per_mm2);
}

RULE(ivim_too_few)
{
    const struct hep_list *b = planned_b(cfg);

    UNUSED(agent);
    if (b && cfg->diffusion.ivim == HEP_FIT_ON &&
        (count_b(b, 0, (double)INFINITY) < 3 ||
         count_b(b, cfg->diffusion.ivim_b_split_s_per_mm2, (double)INFINITY) < 2))
        hep_str_addf(what, "IVIM is asked for with %zu b-values, %zu of them from %.9g s/mm2 up",
                     count_b(b, 0, (double)INFINITY),
                     count_b(b, cfg->diffusion.ivim_b_split_s_per_mm2, (double)INFINITY),
                     cfg->diffusion.ivim_b_split_s_per_mm2);
}

RULE(ivim_no_dstar)
{
    const struct hep_list *b = planned_b(cfg);

    UNUSED(agent);
    if (b && cfg->diffusion.ivim == HEP_FIT_ON &&
        (count_b(b, 0, (double)INFINITY) < IVIM_POINTS ||
         count_b(b, SAME_B_S_PER_MM2, IVIM_LOW_B_S_PER_MM2 - SAME_B_S_PER_MM2) == 0))
        hep_str_addf(what,
                     "IVIM is asked for with %zu b-values, %zu of them between 0 and 100 s/mm2",
                     count_b(b, 0, (double)INFINITY),
                     count_b(b, SAME_B_S_PER_MM2, IVIM_LOW_B_S_PER_MM2 - SAME_B_S_PER_MM2));
}

RULE(kurtosis_b)
{
    const struct hep_list *b = planned_b(cfg);

    UNUSED(agent);
    if (b && cfg->diffusion.kurtosis == HEP_FIT_ON &&
        (max_b(b) < KURTOSIS_B_S_PER_MM2 || count_b(b, 0, (double)INFINITY) < 3))
        hep_str_addf(what, "kurtosis is asked for with %zu b-values up to %.9g s/mm2",
                     count_b(b, 0, (double)INFINITY), max_b(b));
}

RULE(low_b_max)
{
    const struct hep_list *b = planned_b(cfg);

    UNUSED(agent);
    if (b && max_b(b) < CHARACTERISING_B_S_PER_MM2)
        hep_str_addf(what, "the highest b-value is %.9g s/mm2", max_b(b));
}

RULE(averages)
{
    const struct hep_list *b = planned_b(cfg);
    size_t n = cfg->series[HEP_SERIES_DWI].averages.n;

    UNUSED(agent);
    if (b && n != 1 && n != b->n)
        hep_str_addf(what, "%zu averages are given for %zu b-values", n, b->n);
}

/* ---- fat ------------------------------------------------------------------------------------- */

static const struct hep_list *planned_echoes(const struct hep_config *cfg, enum hep_planned s)
{
    const struct hep_plan *plan = &cfg->series[s];

    return plan->expected && plan->echo_times_s.n > 0 ? &plan->echo_times_s : NULL;
}

/* Index of the first echo at this phase position; n when there is none. */
static size_t first_echo(const struct hep_list *te, double field_t, enum hep_echo_phase phase)
{
    size_t i = 0;

    while (i < te->n && hep_dualecho_phase(te->v[i], field_t) != phase)
        i++;
    return i;
}

RULE(echo_phases)
{
    const struct hep_list *te = planned_echoes(cfg, HEP_SERIES_IN_OPPOSED);
    double field_t = cfg->acquisition.field_t;

    UNUSED(agent);
    if (te == NULL || (first_echo(te, field_t, HEP_ECHO_OPPOSED) < te->n &&
                       first_echo(te, field_t, HEP_ECHO_IN_PHASE) < te->n))
        return;
    hep_str_add(what, "echo times");
    for (size_t i = 0; i < te->n; i++)
        hep_str_addf(what, "%s %.4g", i ? "," : "", te->v[i] * 1e3);
    hep_str_addf(what,
                 " ms are not one opposed and one in phase at %.9g T, where these are at %.2f "
                 "and %.2f ms",
                 field_t, hep_fat_water_period_s(field_t) * 500,
                 hep_fat_water_period_s(field_t) * 1000);
}

RULE(echo_order)
{
    const struct hep_list *te = planned_echoes(cfg, HEP_SERIES_IN_OPPOSED);
    double field_t = cfg->acquisition.field_t;
    size_t op, ip;

    UNUSED(agent);
    if (te == NULL || te->n != 2)
        return;
    op = first_echo(te, field_t, HEP_ECHO_OPPOSED);
    ip = first_echo(te, field_t, HEP_ECHO_IN_PHASE);
    if (op < 2 && ip < 2 && te->v[op] > te->v[ip])
        hep_str_addf(what, "the opposed echo (%.4g ms) comes after the in-phase one (%.4g ms)",
                     te->v[op] * 1e3, te->v[ip] * 1e3);
}

RULE(multi_echo_few)
{
    const struct hep_list *te = planned_echoes(cfg, HEP_SERIES_ECHOES);

    UNUSED(agent);
    if (te && te->n < MULTI_ECHOES)
        hep_str_addf(what, "the multi-echo series has %zu echoes", te->n);
}

RULE(echo_times_rise)
{
    UNUSED(agent);
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        const struct hep_list *te = planned_echoes(cfg, (enum hep_planned)s);

        for (size_t i = 1; te && i < te->n; i++) {
            if (te->v[i] <= te->v[i - 1]) {
                hep_str_addf(what, "echo times of %s do not rise: %.4g ms, then %.4g ms",
                             hep_planned_name((enum hep_planned)s), te->v[i - 1] * 1e3,
                             te->v[i] * 1e3);
                return;
            }
        }
    }
}

RULE(multi_echo_flip)
{
    const struct hep_plan *plan = &cfg->series[HEP_SERIES_ECHOES];

    UNUSED(agent);
    if (plan->expected && plan->flip_deg > LOW_FLIP_DEG)
        hep_str_addf(what, "the multi-echo series has a flip angle of %.9g degrees",
                     plan->flip_deg);
}

RULE(iron_field)
{
    const struct hep_iron_calibration *c;

    UNUSED(agent);
    if (strcmp(cfg->fat.iron_calibration.s, "auto") == 0 ||
        hep_iron_find(&c, cfg->fat.iron_calibration.s, NULL) != HEP_OK)
        return;
    if (fabs(c->b0_t - cfg->acquisition.field_t) > HEP_IRON_FIELD_TOLERANCE_T)
        hep_str_addf(what, "iron calibration %s is for %.9g T, the protocol for %.9g T", c->name,
                     c->b0_t, cfg->acquisition.field_t);
}

/* ---- choice of series
 * ----------------------------------------------------------------------------- */

RULE(thick_slices)
{
    UNUSED(agent);
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        const struct hep_plan *plan = &cfg->series[s];

        if (plan->expected && plan->slice_thickness_mm > THICK_SLICE_MM)
            hep_str_addf(what, "%s%s has slices of %.9g mm", what->len ? ", " : "",
                         hep_planned_name((enum hep_planned)s), plan->slice_thickness_mm);
    }
}

static size_t count_expected(const struct hep_config *cfg)
{
    size_t n = 0;

    for (int s = 0; s < HEP_SERIES_COUNT; s++)
        n += cfg->series[s].expected;
    return n;
}

RULE(nothing_expected)
{
    UNUSED(agent);
    if (count_expected(cfg) == 0)
        hep_str_add(what, "the protocol names no series");
}

RULE(nothing_required)
{
    size_t required = 0;

    UNUSED(agent);
    for (int s = 0; s < HEP_SERIES_COUNT; s++)
        required += cfg->series[s].expected && cfg->series[s].required;
    if (count_expected(cfg) > 0 && required == 0)
        hep_str_add(what, "no series is required");
}

RULE(no_detection)
{
    UNUSED(agent);
    if (count_expected(cfg) > 0 && !cfg->series[HEP_SERIES_DWI].expected &&
        !cfg->series[HEP_SERIES_HEPATOBILIARY].expected)
        hep_str_add(what, "there is neither a diffusion series nor a hepatobiliary phase");
}

RULE(no_contrast)
{
    UNUSED(agent);
    for (int s = HEP_SERIES_ARTERIAL; s < HEP_SERIES_COUNT; s++) {
        if (cfg->series[s].expected)
            return;
    }
    if (count_expected(cfg) > 0)
        hep_str_add(what, "no series is taken after contrast");
}

RULE(breath_hold)
{
    UNUSED(agent);
    for (int s = 0; s < HEP_SERIES_COUNT; s++) {
        long holds;
        double scan_s = hep_planned_scan_time(cfg, (enum hep_planned)s, &holds);

        if (cfg->series[s].expected && holds == 1 && scan_s > cfg->acquisition.breath_hold_max_s)
            hep_str_addf(what, "%s%s takes %.0f s in one breath-hold", what->len ? ", " : "",
                         hep_planned_name((enum hep_planned)s), scan_s);
    }
}
