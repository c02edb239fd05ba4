#include "pipeline/stages/plausible.h"

#include "pipeline/config/config.h"
#include "pipeline/results/dwi_order.h"
#include "pipeline/results/fits.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/regions.h"
#include "sequences/inventory.h"

#include <math.h>

static const char *const of_diffusion[] = {
    "adc",       "adc_se",     "adc_rmse",    "adc_status",  "adc_all", "ivim_d",
    "ivim_f",    "ivim_dstar", "ivim_d_se",   "ivim_f_se",   "ivim_r2", "ivim_dstar_se",
    "ivim_rmse", "dki_d",      "ivim_status", "ivim_choice", "dki_k",   "dki_d_se",
    "dki_k_se",  "dki_rmse",   "dki_status",  NULL
};
static const char *const of_dual_echo[] = { "ff", "ff_status", NULL };
static const char *const of_multi_echo[] = { "pdff",     "pdff_se",    "r2star", "r2star_se",
                                             "fat_rmse", "fat_status", NULL };

/* By what a map is judged, and what is withheld with it. */
static const struct judged_row {
    const char *product, *unit;
    enum hep_liver_quantity quantity;
    const char *const *withholds;
} rows[HEP_JUDGED_COUNT] = {
    [HEP_JUDGED_ADC] = { "adc", "mm2/s", HEP_LIVER_ADC, of_diffusion },
    [HEP_JUDGED_FAT_FRACTION] = { "ff", "1", HEP_LIVER_FAT_FRACTION, of_dual_echo },
    [HEP_JUDGED_PDFF] = { "pdff", "1", HEP_LIVER_FAT_FRACTION, of_multi_echo },
};

static const char *space_of(const struct hep_run *run, int i)
{
    return i == HEP_JUDGED_ADC ? "dwi" : hep_fat_series(run);
}

/* Two of these echoes made the two-point map. */
static void judge_echoes(struct hep_judging *out, const struct hep_echo_misfit *misfit,
                         double share_max)
{
    if (!hep_multiecho_contradicts(out->echoes, misfit, share_max))
        return;
    out->evidence[HEP_JUDGED_PDFF] = out->echoes;
    if (out->evidence[HEP_JUDGED_FAT_FRACTION] == NULL)
        out->evidence[HEP_JUDGED_FAT_FRACTION] = out->echoes;
}

int hep_judging_open(struct hep_judging *out, struct hep_run *run, struct hep_error *err)
{
    const struct hep_liver_settings *cfg = &hep_run_config(run)->liver;
    const struct hep_dwi_order *order = NULL;
    const struct hep_fat_results *fat = NULL;
    const struct hep_echo_pair_limits pair_limits = { cfg->plausible_pair_excess,
                                                      cfg->plausible_pair_apart,
                                                      cfg->plausible_pair_water };
    int rc = hep_run_dwi_order(run, &order, err);

    *out = (struct hep_judging){ .evidence = { NULL } };
    hep_iron_estimate(&out->iron, NULL, 0, (double)NAN);
    if (order != NULL && order->contradicts)
        out->evidence[HEP_JUDGED_ADC] = order->evidence;
    if (rc == HEP_OK)
        rc = hep_run_fat(run, &fat, err);
    if (fat != NULL && fat->dualecho.present)
        out->dual = &fat->dualecho;
    if (out->dual != NULL &&
        hep_echo_pair_contradicts(out->pair, &fat->dualecho.pair, &pair_limits))
        out->evidence[HEP_JUDGED_FAT_FRACTION] = out->pair;
    if (fat != NULL && fat->multiecho.present)
        judge_echoes(out, &fat->multiecho.misfit, cfg->plausible_echo_misfit);
    for (int i = 0; rc == HEP_OK && i < HEP_JUDGED_COUNT; i++) {
        struct hep_verdict *v = &out->verdicts.of[i];
        const struct hep_span *limits =
            i == HEP_JUDGED_ADC ? &cfg->plausible_adc_mm2_per_s : &cfg->plausible_fat_frac;

        rc = hep_run_volume(run, rows[i].product, &out->map[i], err);
        v->present = out->map[i] != NULL;
        v->median = (double)NAN;
        v->limits[0] = limits->lo;
        v->limits[1] = limits->hi;
        (void)snprintf(v->unit, sizeof v->unit, "%s", rows[i].unit);
    }
    return rc;
}

static int measure(struct hep_verdict *v, struct hep_run *run, const struct hep_volume *map, int i,
                   const struct hep_labels *liver, struct hep_error *err)
{
    struct hep_stats s;
    int rc = hep_map_stats(&s, run, map, space_of(run, i), liver, hep_reference_name(run), -1, err);

    if (rc == HEP_OK) {
        v->median = s.median;
        v->n = s.n;
    }
    return rc;
}

/* Iron that nothing corrects for, once the liver is measured. */
static void look_for_iron(struct hep_judging *j, double median, double bias_max)
{
    const bool other = j->evidence[HEP_JUDGED_FAT_FRACTION] != NULL &&
                       j->evidence[HEP_JUDGED_FAT_FRACTION] != j->iron_text;
    struct hep_iron_pair pair;

    if (j->dual == NULL || j->dual->correction != HEP_DUALECHO_UNCORRECTED || other)
        return;
    pair = (struct hep_iron_pair){ median, j->dual->te_opposed_s, j->dual->te_in_phase_s };
    j->evidence[HEP_JUDGED_FAT_FRACTION] =
        hep_iron_contradicts(j->iron_text, &pair, &j->iron, bias_max) ? j->iron_text : NULL;
}

/* What the same images say of organs whose fat fraction is known. */
static int look_elsewhere(struct hep_judging *j, struct hep_run *run, int i,
                          const struct hep_labels *anatomy, struct hep_error *err)
{
    const bool corrected =
        i == HEP_JUDGED_PDFF || j->dual == NULL || j->dual->correction != HEP_DUALECHO_UNCORRECTED;
    struct hep_fat_elsewhere fat = { .decay = corrected ? 0 : j->dual->opposed_is_later ? 1 : -1 };
    struct hep_stats spleen, muscle;
    int rc;

    if (i == HEP_JUDGED_ADC || (j->evidence[i] != NULL && j->evidence[i] != j->elsewhere[i]))
        return HEP_OK;
    rc = hep_map_stats(&spleen, run, j->map[i], space_of(run, i), anatomy, hep_reference_name(run),
                       HEP_ANATOMY_SPLEEN, err);
    if (rc == HEP_OK)
        rc = hep_map_stats(&muscle, run, j->map[i], space_of(run, i), anatomy,
                           hep_reference_name(run), HEP_ANATOMY_MUSCLE, err);
    if (rc != HEP_OK)
        return rc;
    fat.spleen = spleen.n >= HEP_REGION_MIN_VOXELS ? spleen.median : (double)NAN;
    fat.muscle = muscle.n >= HEP_REGION_MIN_VOXELS ? muscle.median : (double)NAN;
    j->evidence[i] = hep_fat_elsewhere_contradicts(
                         j->elsewhere[i], &fat, hep_run_config(run)->liver.plausible_fat_elsewhere)
                         ? j->elsewhere[i]
                         : NULL;
    return HEP_OK;
}

int hep_judging_run(struct hep_judging *j, struct hep_run *run, const struct hep_labels *liver,
                    const struct hep_labels *anatomy, struct hep_error *err)
{
    int rc = HEP_OK;

    for (int i = 0; rc == HEP_OK && i < HEP_JUDGED_COUNT; i++) {
        struct hep_verdict *v = &j->verdicts.of[i];
        bool contradicts;

        if (j->map[i] == NULL && j->evidence[i] == NULL)
            continue;
        if (liver != NULL && j->map[i] != NULL)
            rc = measure(v, run, j->map[i], i, liver, err);
        if (rc == HEP_OK && anatomy != NULL && j->map[i] != NULL)
            rc = look_elsewhere(j, run, i, anatomy, err);
        if (rc != HEP_OK)
            break;
        if (i == HEP_JUDGED_FAT_FRACTION)
            look_for_iron(j, v->median, hep_run_config(run)->liver.plausible_iron_bias);
        contradicts = hep_liver_contradicts(v->reason, rows[i].quantity, v->median, v->limits,
                                            j->evidence[i]);
        v->state = contradicts ? HEP_CONTRADICTED : HEP_PLAUSIBLE;
        for (const char *const *name = rows[i].withholds; rc == HEP_OK && *name != NULL; name++)
            rc = hep_run_withhold(run, *name, contradicts ? v->reason : NULL, err);
    }
    return rc;
}

int hep_judging_put(const struct hep_judging *j, struct hep_run *run, struct hep_error *err)
{
    const struct hep_verdict *two_echoes = &j->verdicts.of[HEP_JUDGED_FAT_FRACTION],
                             *more = &j->verdicts.of[HEP_JUDGED_PDFF];
    struct hep_plausibility *result = hep_plausibility_new(err);

    if (result == NULL)
        return HEP_ENOMEM;
    *result = j->verdicts;
    result->iron = (struct hep_iron_verdict){ j->iron.n > 0, j->iron.r2star_per_s,
                                              j->iron.r2star_se_per_s, j->iron.n };
    for (int i = 0; i < HEP_JUDGED_COUNT; i++) {
        if (result->of[i].state == HEP_CONTRADICTED)
            hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "implausible",
                          "%s and what rests on it is withheld: %s: %s", rows[i].product,
                          hep_run_series(run, space_of(run, i))->name, result->of[i].reason);
    }
    if (two_echoes->state == HEP_CONTRADICTED && more->present && more->state == HEP_PLAUSIBLE)
        hep_log_write(hep_run_log(run), HEP_LOG_WARNING, "same-echoes",
                      "pdff and r2star are made of the echoes whose two-point fat fraction "
                      "contradicts physics: look at their residuals before they are used");
    return hep_run_put_plausibility(run, result, err);
}
