#include "protocols/check.h"

#include "base/table.h"
#include "base/alloc.h"
#include "protocols/check_rules.h"

#include <stdlib.h>

#define E HEP_CHECK_ERROR
#define W HEP_CHECK_WARNING
#define N HEP_CHECK_NOTE
#define MAINO "Maino et al., World J Gastroenterol 2023;29:5180"

static const struct hep_check_rule rules[] = {
    { "series-none", E, "a study is judged by the series that the protocol names",
      "definition of a protocol", "list series, as in configs/eob-full.yml",
      hep_check_nothing_expected },
    { "dwi-one-b", E, "a decay needs two points: an ADC from one b-value does not exist",
      "Stejskal and Tanner, J Chem Phys 1965;42:288", "add b-values, for example [0, 50, 400, 800]",
      hep_check_one_b },
    { "dwi-no-b0", E,
      "b = 0 is the T2-weighted reference of alignment, of the perfusion fraction and of "
      "shine-through",
      MAINO, "add 0 to b_values_s_per_mm2", hep_check_no_b0 },
    { "adc-subset", E, "the ADC needs two b-values inside its subset",
      "Stejskal and Tanner, J Chem Phys 1965;42:288",
      "add b-values, or change diffusion.adc.b_min_s_per_mm2 and b_max_s_per_mm2",
      hep_check_adc_subset },
    { "ivim-b-values", E,
      "the tissue part of IVIM needs two b-values where perfusion has died out, and one below",
      "Jalnefjord et al., MAGMA 2018;31:715",
      "add b-values such as 200 and 800, or set diffusion.ivim.fit to auto",
      hep_check_ivim_too_few },
    { "ivim-no-dstar", W,
      "D* is only seen below b = 100 and takes a fourth b-value; D and f will be reported without "
      "it",
      "Jalnefjord et al., MRM 2019 (D* needs b below 100)", "add low b-values such as 20 and 50",
      hep_check_ivim_no_dstar },
    { "kurtosis-b-values", E,
      "the curvature of ln S is (bD)^2 K / 6: below b = 1500 it drowns in noise, and it takes "
      "three "
      "b-values",
      "Jensen et al., MRM 2005;53:1432",
      "add a b-value of 1500 or more, or set "
      "diffusion.kurtosis.fit to auto",
      hep_check_kurtosis_b },
    { "dwi-averages", E, "each b-value needs its own number of averages, or all share one",
      "model of the scan time", "give one number, or one per b-value", hep_check_averages },
    { "agent-none", E, "phases after contrast need a contrast agent", "configs/agents.yml",
      "name an agent of agents.yml, or leave these series out", hep_check_no_agent },
    { "hbp-agent", E, "hepatocytes take up gadoxetate and gadobenate, not extracellular agents",
      MAINO, "choose a hepatobiliary agent, or ask for a delayed phase",
      hep_check_no_hepatobiliary },
    { "window-agent", E, "outside the agent's window the phase does not show what its rules read",
      MAINO, "move the window into that of the agent", hep_check_window_outside },
    { "window-overlap", E, "a series at a time in two windows would have two phases",
      "the phase is decided by the time alone", "separate the windows", hep_check_overlap },
    { "nominal-window", E, "nominal times are those inside the window that need no warning",
      "definition of a window", "shrink nominal_s or widen window_s", hep_check_nominal_outside },
    { "washout-phase", E,
      "with a liver-specific agent the liver takes up contrast from about 90 s on, so that later a "
      "lesion looks dark without washing out: haemangiomas would show pseudo-washout",
      MAINO, "set washout to auto: with gadoxetate only the portal venous phase is judged",
      hep_check_washout },
    { "dynamic-no-precontrast", E,
      "relative enhancement and subtraction compare with the signal before contrast", MAINO,
      "add precontrast: {required: true}", hep_check_dynamic_without_pre },
    { "dynamic-sequence", E,
      "a lesion that does not enhance reads -56 % when the flip angle goes from 12 to 30 degrees; "
      "differences above 10 % in flip angle, TR or TE make relative enhancement not assessable",
      "spoiled gradient-echo signal equation, T1 1150 ms, TR 4 ms",
      "give all T1 phases the same flip_deg, tr_s, echo time and fat suppression",
      hep_check_dynamic_sequence },
    { "injection-before", E, "these series are taken before or within minutes after the injection",
      "definition of acquisition.injection",
      "set acquisition.injection to in_scanner, or leave the series out",
      hep_check_injected_before },
    { "fat-after-contrast", E, "gadolinium raises R2* and changes T1: fat and iron would be wrong",
      "Hernando et al., Radiology 2022 (calibrations before contrast)",
      "take them before the injection", hep_check_fat_after_contrast },
    { "echo-phases", E,
      "dual-echo fat fraction needs one echo with water and fat opposed and one with them in phase",
      "Dixon, Radiology 1984;153:189", "change echo_times_s or acquisition.field_t",
      hep_check_echo_phases },
    { "echo-order", E, "echo times of one shot rise", "physics", "sort echo_times_s",
      hep_check_echo_times_rise },
    { "iron-field", E, "a calibration of R2* holds at its own field strength",
      "Hernando et al., Radiology 2022", "set fat.iron_calibration to auto", hep_check_iron_field },
    { "hbp-sequence", W,
      "a larger flip angle shows lesions better, but RTE against the precontrast series is then "
      "not "
      "assessable; ratios within the hepatobiliary series stay valid",
      "Frydrychowicz et al., JMRI 2011 (flip angle 25-30 degrees)",
      "repeat the precontrast series with the same flip angle, or accept the loss of RTE",
      hep_check_hepatobiliary_sequence },
    { "hbp-no-precontrast", W,
      "relative tumour enhancement (RTE) needs the signal before contrast; ratios within the "
      "series "
      "stay valid",
      MAINO, "add precontrast, or accept the loss of RTE", hep_check_hepatobiliary_without_pre },
    { "hbp-early", W,
      "uptake is often incomplete: the liver is adequately bright in 12 % of patients without "
      "liver "
      "disease at 10 min, in 80 % at 15 and in 93 % at 20 min after gadoxetate",
      "Bashir et al., Acad Radiol 2014", "wait until the nominal time",
      hep_check_early_hepatobiliary },
    { "hbp-pushed", W, "waiting series that take too long delay the hepatobiliary phase",
      "model of the scan time", "place T2 or DWI before the injection (placement: before)",
      hep_check_waiting_too_long },
    { "window-wider", W, "at the ends of the window the phase does not show what its rules read",
      MAINO, "keep the window inside that of the agent", hep_check_window_wider },
    { "phase-name", W,
      "the same time is delayed with extracellular agents and gadobenate, and "
      "transitional with gadoxetate; the rules differ",
      MAINO, "rename the series", hep_check_phase_name },
    { "phases-close", W, "a patient needs about 15 s of rest between breath-holds",
      MAINO " (25-30 s per breath-hold phase)", "shorten the sequences or move the windows apart",
      hep_check_too_close },
    { "breath-hold", W, "patients hold their breath for up to about 20 s",
      "expert value, acquisition.breath_hold_max_s",
      "raise acceleration, or lower slices, matrix_phase or partial_fourier",
      hep_check_breath_hold },
    { "dwi-low-b", W, "restricted diffusion is judged on b = 500 to 800; below, fluid stays bright",
      MAINO, "add a b-value of 800", hep_check_low_b_max },
    { "slice-thickness", W,
      "a lesion loses contrast in proportion to its size over the slice thickness; 3-5 mm is "
      "advised",
      MAINO, "make slices of at most 5 mm", hep_check_thick_slices },
    { "detection", W,
      "DWI finds 87 % of metastases, the hepatobiliary phase 91 %, both together 95-96 %",
      "Vilgrain et al., Radiology 2016", "add dwi or hepatobiliary", hep_check_no_detection },
    { "echoes-few", W, "six echoes are usual: with fewer, PDFF and R2* are less certain",
      "Bydder et al., MRI 2008;26:347", "give six echo times", hep_check_multi_echo_few },
    { "echoes-flip", W, "T1 weighting raises the fat fraction by 1 to 5 points at 12 degrees",
      "computed: T1 water 586, fat 343 ms at 1.5 T", "use 3 to 5 degrees",
      hep_check_multi_echo_flip },
    { "long-wait", W, "nobody lies still for half an hour without being scanned", "expert value",
      "give the late series visit: 2", hep_check_long_wait },
    { "required-none", N, "every study will satisfy the protocol", "definition of required",
      "set required: true on what a study must have", hep_check_nothing_required },
    { "dwi-unplanned", N, "what the b-values of a study allow is decided study by study",
      "definition of b_values_s_per_mm2", "give b_values_s_per_mm2", hep_check_no_b_values },
    { "adc-perfusion", N,
      "perfusion raises the ADC: liver reads 1.36 with b (0, 800) and 1.07e-3 mm2/s with (50, 400, "
      "800), so values are not comparable",
      "computed from D 1.05e-3, f 0.22, D* 60e-3 mm2/s", "set diffusion.adc.b_min_s_per_mm2 to 50",
      hep_check_adc_perfusion },
    { "echo-opposed-later", N,
      "the correction for R2* changes its sign; it is read from the echo times and never assumed",
      "Dixon, Radiology 1984;153:189", "nothing: this is handled", hep_check_echo_order },
    { "dwi-after-contrast", N, "the ADC is not changed significantly; the time is put to use",
      "general knowledge", "nothing, or placement: before", hep_check_dwi_after_contrast },
    { "second-visit", N, "the patient returns: positions differ and must be aligned anew", MAINO,
      "nothing: gadobenate's hepatobiliary phase is at 90-120 min", hep_check_second_visit },
    { "no-contrast", N,
      "published results conflict: no loss against the full protocol (Granata, 756 lesions), and "
      "72-73 "
      "against 95 % sensitivity (Acta Radiol, 123 metastases)",
      "Granata et al., PLoS ONE 2020; Acta Radiol 2019",
      "compare on your own studies: hepar protocol compare", hep_check_no_contrast },
    { "agent-auto", N, "windows follow the agent", "configs/agents.yml", "name the agent",
      hep_check_agent_auto },
    { 0 },
};

const struct hep_check_rule *hep_check_rules(void)
{
    return rules;
}

const char *hep_check_level_name(enum hep_check_level level)
{
    static const char *const names[] = { "error", "warning", "note" };

    return (unsigned)level < 3 ? names[level] : "?";
}

static int add_finding(struct hep_check_result *r, const struct hep_check_rule *rule,
                       struct hep_str *what, struct hep_error *err)
{
    int rc = hep_str_check(what, err);

    if (rc != HEP_OK || what->len == 0)
        return rc;
    r->items[r->n++] = (struct hep_check_finding){ rule, what->s };
    *what = (struct hep_str){ 0 };
    r->errors += rule->level == HEP_CHECK_ERROR;
    r->warnings += rule->level == HEP_CHECK_WARNING;
    r->notes += rule->level == HEP_CHECK_NOTE;
    return HEP_OK;
}

int hep_protocol_check(struct hep_check_result *out, const struct hep_config *cfg,
                       const struct hep_agents *agents, struct hep_error *err)
{
    const size_t n_rules = sizeof rules / sizeof rules[0] - 1;
    struct hep_config resolved = *cfg;
    const struct hep_agent *agent = NULL;
    struct hep_str what = { 0 };
    int rc = hep_config_resolve(&resolved, agents, err);

    if (rc == HEP_OK && strcmp(cfg->agent.s, "none") != 0 && strcmp(cfg->agent.s, "auto") != 0)
        rc = hep_agents_find(&agent, agents, cfg->agent.s, err);
    if (rc != HEP_OK)
        return rc;
    out->items = hep_calloc(n_rules, sizeof out->items[0], err);
    if (out->items == NULL)
        return HEP_ENOMEM;
    for (int level = HEP_CHECK_ERROR; rc == HEP_OK && level <= HEP_CHECK_NOTE; level++) {
        for (size_t i = 0; rc == HEP_OK && i < n_rules; i++) {
            if ((int)rules[i].level != level)
                continue;
            rules[i].test(&what, &resolved, agent);
            rc = add_finding(out, &rules[i], &what, err);
        }
    }
    hep_str_release(&what);
    if (rc != HEP_OK)
        hep_check_release(out);
    return rc;
}

void hep_check_release(struct hep_check_result *result)
{
    for (size_t i = 0; i < result->n; i++)
        free(result->items[i].what);
    free(result->items);
    *result = (struct hep_check_result){ 0 };
}

void hep_check_text(struct hep_str *out, const struct hep_config *cfg,
                    const struct hep_check_result *result)
{
    for (size_t i = 0; i < result->n; i++) {
        const struct hep_check_rule *rule = result->items[i].rule;

        hep_str_addf(out, "%s [%s]: %s\n", hep_check_level_name(rule->level), rule->id,
                     result->items[i].what);
        hep_str_addf(out, "  why:    %s\n  source: %s\n  mend:   %s\n", rule->why, rule->source,
                     rule->mend);
    }
    hep_str_addf(out, "%s: %zu error%s, %zu warning%s, %zu note%s\n", cfg->name.s, result->errors,
                 result->errors == 1 ? "" : "s", result->warnings, result->warnings == 1 ? "" : "s",
                 result->notes, result->notes == 1 ? "" : "s");
}

#define S struct hep_check_finding
/* Of its rule; `offset` is that of the text. */
static struct hep_value of_rule(const struct hep_column *column, const void *row)
{
    const char *rule = (const void *)((const S *)row)->rule;

    return hep_value_of_text(*(const char *const *)(const void *)(rule + column->offset));
}

HEP_GETTER(level_name, S, hep_value_of_text(hep_check_level_name(r->rule->level)));

#define RULE(member) HEP_TEXT(struct hep_check_rule, member), .get = of_rule
static const struct hep_column finding_columns[] = {
    { "id", RULE(id) },
    { "level", HEP_CELL(TEXT, 0), .get = level_name },
    { "what", HEP_TEXT(S, what) },
    { "why", RULE(why) },
    { "mend", RULE(mend) },
    { "source", RULE(source) },
    { 0 },
};
#undef S
#define S struct hep_check_result
static const struct hep_column result_columns[] = {
    { "errors", HEP_COUNT(S, errors) },
    { "warnings", HEP_COUNT(S, warnings) },
    { "notes", HEP_COUNT(S, notes) },
    { "findings", HEP_LIST(S, items, n, finding_columns) },
    { 0 },
};
#undef S

int hep_check_json(struct hep_json **out, const struct hep_config *cfg,
                   const struct hep_check_result *result, struct hep_error *err)
{
    struct hep_put p = { HEP_OK, err };
    struct hep_json *root = hep_row_json(&p, result_columns, result);

    hep_put_text(&p, root, "protocol", cfg->name.s);
    return hep_put_done(&p, out, root);
}
