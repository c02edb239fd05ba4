#include "lesions/liver_measures.h"

#include "image/stats.h"
#include "lesions/measure.h"
#include "lesions/shells.h"

#include <math.h>
#include <stdio.h>

static int check_grids(const struct hep_lesion_study *study, const struct hep_labels *candidates,
                       const struct hep_labels *remnant, struct hep_error *err)
{
    if (candidates != NULL && !hep_grid_same(&candidates->grid, &study->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "candidates are not on the reference grid");
    if (remnant != NULL && !hep_grid_same(&remnant->grid, &study->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "the remnant mask is not on the reference grid");
    return HEP_OK;
}

/* ---- parenchyma ------------------------------------------------------------------------------ */

static int stat_of(struct hep_liver_stat *out, const struct hep_lesion_study *study,
                   const struct hep_labels *plain, enum hep_image image, struct hep_error *err)
{
    struct hep_stats s;
    int rc;

    *out = (struct hep_liver_stat){ (double)NAN, (double)NAN, 0 };
    if (study->image[image].volume == NULL)
        return HEP_OK;
    rc = hep_stats_masked(&s, study->image[image].volume, 0, plain, 1, err);
    if (rc == HEP_OK)
        *out = (struct hep_liver_stat){ s.median, s.q75 - s.q25, s.n };
    return rc;
}

static int measure_parenchyma(struct hep_liver_measures *out, const struct hep_lesion_study *study,
                              const struct hep_surroundings *around, struct hep_error *err)
{
    struct hep_labels *plain = NULL;
    const size_t n = hep_grid_voxels(&study->grid);
    int rc = hep_labels_new(&plain, &study->grid, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        plain->data[i] = hep_is_plain_liver(study, around, i);
    if (rc == HEP_OK)
        rc = stat_of(&out->fat_fraction, study, plain, HEP_IMAGE_FAT_FRACTION, err);
    if (rc == HEP_OK)
        rc = stat_of(&out->r2star_per_s, study, plain, HEP_IMAGE_R2STAR, err);
    if (rc == HEP_OK)
        rc = stat_of(&out->adc_mm2_per_s, study, plain, HEP_IMAGE_ADC, err);
    hep_labels_free(plain);
    return rc;
}

/* ---- enhancement and uptake ------------------------------------------------------------------ */

static void measure_enhancement(struct hep_liver_measures *out,
                                const struct hep_lesion_study *study,
                                const struct hep_references *ref)
{
    for (int p = 0; p < HEP_PHASE_COUNT; p++)
        out->re[p] = p != HEP_PHASE_PRECONTRAST && study->comparable[p]
                         ? hep_relative_enhancement(
                               ref->organ[HEP_IMAGE_PRECONTRAST][HEP_ANATOMY_LIVER],
                               ref->organ[hep_phase_image((enum hep_phase)p)][HEP_ANATOMY_LIVER])
                         : (double)NAN;
}

static void measure_uptake(struct hep_liver_measures *out, const struct hep_references *ref)
{
    const double *hbp = ref->organ[HEP_IMAGE_HEPATOBILIARY];
    const double liver = hbp[HEP_ANATOMY_LIVER];
    const bool cava = isfinite(hbp[HEP_ANATOMY_IVC]);
    const double vessel = cava ? hbp[HEP_ANATOMY_IVC] : hbp[HEP_ANATOMY_PORTAL_VEIN];
    const struct hep_flis_input flis = {
        .liver = liver,
        .kidney = hbp[HEP_ANATOMY_KIDNEY],
        .portal_vein = hbp[HEP_ANATOMY_PORTAL_VEIN],
        .ducts_peripheral = (double)NAN,
        .ducts_central = hbp[HEP_ANATOMY_BILE_DUCTS],
    };

    out->q_lsc = hep_q_lsc(liver, hbp[HEP_ANATOMY_SPLEEN]);
    out->lsr = hep_lsr(liver, hbp[HEP_ANATOMY_MUSCLE]);
    out->hui_ml = hep_hui_q_lsc_ml(out->q_lsc, out->volume_ml);
    out->hui_classic_ml = hep_hui_classic_ml(liver, hbp[HEP_ANATOMY_SPLEEN], out->volume_ml);
    out->sir = hep_contrast_ratio(vessel, liver);
    out->sir_vessel = isfinite(out->sir) ? (cava ? "inferior vena cava" : "portal vein") : NULL;
    hep_flis_proxy(&out->flis, &flis);
}

/* ---- volumes --------------------------------------------------------------------------------- */

static void measure_volumes(struct hep_liver_measures *out, const struct hep_lesion_study *study,
                            const struct hep_labels *candidates, const struct hep_labels *remnant)
{
    static const int lines[] = { 40, 30, 20 };
    const size_t n = hep_grid_voxels(&study->grid);
    const double voxel_ml = hep_grid_voxel_mm3(&study->grid) / 1000.0;
    size_t liver = 0, lesions = 0, keep = 0;

    for (size_t i = 0; i < n; i++) {
        const bool lesion = candidates != NULL && candidates->data[i] != 0;

        if (study->liver->data[i] == 0)
            continue;
        liver++;
        lesions += lesion;
        keep += remnant != NULL && remnant->data[i] != 0 && !lesion;
    }
    out->volume_ml = voxel_ml * (double)liver;
    out->lesion_volume_ml = voxel_ml * (double)lesions;
    out->remnant_ml = remnant != NULL ? voxel_ml * (double)keep : (double)NAN;
    out->flr_percent = liver > lesions
                           ? 100.0 * out->remnant_ml / (out->volume_ml - out->lesion_volume_ml)
                           : (double)NAN;
    out->flr_line_percent = 0;
    for (size_t k = 0; k < sizeof lines / sizeof lines[0] && out->flr_line_percent == 0; k++)
        if (out->flr_percent >= (double)lines[k])
            out->flr_line_percent = lines[k];
}

int hep_liver_measure(struct hep_liver_measures *out, const struct hep_lesion_study *study,
                      const struct hep_candidates *candidates, const struct hep_baseline *baseline,
                      const struct hep_labels *remnant, struct hep_error *err)
{
    const struct hep_labels *labels = candidates != NULL ? candidates->labels : NULL;
    int rc = check_grids(study, labels, remnant, err);

    if (rc != HEP_OK)
        return rc;
    *out = (struct hep_liver_measures){ 0 };
    rc = measure_parenchyma(out, study, &baseline->around, err);
    if (rc == HEP_OK) {
        measure_volumes(out, study, labels, remnant);
        measure_enhancement(out, study, &baseline->references);
        measure_uptake(out, &baseline->references);
        out->diffuse_alarm = candidates != NULL && candidates->diffuse_alarm;
        (void)snprintf(out->diffuse_reason, sizeof out->diffuse_reason, "%s",
                       candidates != NULL ? candidates->diffuse_reason : "");
    }
    return rc;
}
