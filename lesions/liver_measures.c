#include "lesions/liver_measures.h"

#include "contrast/enhancement.h"
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

/* ---- uptake ---------------------------------------------------------------------------------- */

/* A part of the proxy, 0 to 2, or -1 where it is not assessable. */
static void set_grade(struct hep_measures *m, enum hep_measure id, int grade)
{
    hep_measures_set(m, id, grade < 0 ? (double)NAN : (double)grade);
}

static void measure_uptake(struct hep_liver_measures *out, const struct hep_references *ref)
{
    struct hep_measures *m = &out->measures;
    const double *hbp = ref->organ[HEP_IMAGE_HEPATOBILIARY];
    const double volume_ml = hep_measures_get(m, HEP_M_LIVER_VOLUME);
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
    const double q_lsc = hep_q_lsc(liver, hbp[HEP_ANATOMY_SPLEEN]);
    const double sir = hep_contrast_ratio(vessel, liver);
    struct hep_flis_proxy proxy;

    hep_measures_set(m, HEP_M_Q_LSC, q_lsc);
    hep_measures_set(m, HEP_M_LSR, hep_lsr(liver, hbp[HEP_ANATOMY_MUSCLE]));
    hep_measures_set(m, HEP_M_HUI, hep_hui_q_lsc_ml(q_lsc, volume_ml));
    hep_measures_set(m, HEP_M_HUI_CLASSIC,
                     hep_hui_classic_ml(liver, hbp[HEP_ANATOMY_SPLEEN], volume_ml));
    hep_measures_set(m, HEP_M_SIR, sir);
    if (isfinite(sir))
        (void)snprintf(out->sir_vessel, sizeof out->sir_vessel, "%s",
                       cava ? "inferior vena cava" : "portal vein");
    hep_flis_proxy(&proxy, &flis);
    set_grade(m, HEP_M_FLIS_ENHANCEMENT, proxy.enhancement);
    set_grade(m, HEP_M_FLIS_EXCRETION, proxy.excretion);
    set_grade(m, HEP_M_FLIS_PORTAL_SIGN, proxy.portal_sign);
    set_grade(m, HEP_M_FLIS_TOTAL, proxy.total);
}

/* ---- volumes --------------------------------------------------------------------------------- */

static void measure_volumes(struct hep_measures *m, const struct hep_lesion_study *study,
                            const struct hep_labels *candidates, const struct hep_labels *remnant)
{
    static const double lines[] = { 40.0, 30.0, 20.0, 0.0 }; /* %, Clavien et al. 2007 */
    const size_t n = hep_grid_voxels(&study->grid);
    const double voxel_ml = hep_grid_voxel_mm3(&study->grid) / 1000.0;
    size_t liver = 0, lesions = 0, keep = 0, line = 0;
    double percent;

    for (size_t i = 0; i < n; i++) {
        const bool lesion = candidates != NULL && candidates->data[i] != 0;

        if (study->liver->data[i] == 0)
            continue;
        liver++;
        lesions += lesion;
        keep += remnant != NULL && remnant->data[i] != 0 && !lesion;
    }
    hep_measures_set(m, HEP_M_LIVER_VOLUME, voxel_ml * (double)liver);
    hep_measures_set(m, HEP_M_LESION_VOLUME, voxel_ml * (double)lesions);
    if (remnant == NULL || liver <= lesions)
        return;
    percent = 100.0 * (double)keep / (double)(liver - lesions);
    while (percent < lines[line])
        line++;
    hep_measures_set(m, HEP_M_REMNANT, voxel_ml * (double)keep);
    hep_measures_set(m, HEP_M_FLR, percent);
    hep_measures_set(m, HEP_M_FLR_LINE, lines[line]);
}

int hep_liver_measure(struct hep_liver_measures *out, const struct hep_lesion_study *study,
                      const struct hep_candidates *candidates, const struct hep_baseline *baseline,
                      const struct hep_labels *remnant, struct hep_error *err)
{
    const struct hep_labels *labels = candidates != NULL ? candidates->labels : NULL;
    const bool alarm = candidates != NULL && candidates->diffuse_alarm;
    int rc = check_grids(study, labels, remnant, err);

    if (rc != HEP_OK)
        return rc;
    *out = (struct hep_liver_measures){ 0 };
    measure_volumes(&out->measures, study, labels, remnant);
    measure_uptake(out, &baseline->references);
    hep_measures_set(&out->measures, HEP_M_DIFFUSE_ALARM, alarm ? 1.0 : 0.0);
    (void)snprintf(out->diffuse_reason, sizeof out->diffuse_reason, "%s",
                   alarm ? candidates->diffuse_reason : "");
    return HEP_OK;
}
