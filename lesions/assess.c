#include "lesions/assess.h"

#include "base/alloc.h"
#include "image/threads.h"
#include "lesions/flag.h"
#include "lesions/measure.h"
#include "lesions/parts.h"
#include "lesions/position.h"
#include "lesions/shells.h"
#include "lesions/size.h"

#include <math.h>
#include <stdlib.h>

/** What every lesion of a study is assessed with. */
struct setting {
    const struct hep_lesion_study *study;
    const struct hep_labels *labels;
    const struct hep_evidence_table *evidence;
    const struct hep_flag_table *flags;
    const struct hep_baseline *baseline;
};

static int describe(struct hep_finding *f, const struct setting *s, const struct hep_shells *shells,
                    struct hep_error *err)
{
    struct hep_lesion_position position;
    struct hep_lesion_size size;
    int rc = hep_lesion_size(&size, shells, err);

    if (rc != HEP_OK)
        return rc;
    hep_lesion_position(&position, shells, s->study, &s->baseline->around);
    memcpy(f->centre_mm, shells->centre_mm, sizeof f->centre_mm);
    hep_measures_set(&f->measures, HEP_M_VOLUME, size.volume_ml);
    hep_measures_set(&f->measures, HEP_M_LONG_AXIS, size.long_axis_mm);
    hep_measures_set(&f->measures, HEP_M_SHORT_AXIS, size.short_axis_mm);
    hep_measures_set(&f->measures, HEP_M_DIAMETER, size.diameter_mm);
    hep_measures_set(&f->measures, HEP_M_CAPSULE, position.capsule_mm);
    hep_measures_set(&f->measures, HEP_M_VESSEL, position.vessel_mm);
    return HEP_OK;
}

/* Signal over liver in the hepatobiliary phase. What was brighter than liver before contrast, by
 * melanin, blood or less fat, still is without any uptake; that much is taken out. */
static double uptake_ratio(const struct hep_lesion_measures *m)
{
    const double before = m->ratio[HEP_PHASE_PRECONTRAST];

    return m->ratio[HEP_PHASE_HEPATOBILIARY] / (before > 1.0 ? before : 1.0);
}

/* What fat alone defines cannot be told where the fat fraction contradicts itself. */
static void withhold_classes(struct hep_finding *f, const struct hep_lesion_image *fat)
{
    static const enum hep_lesion_class of_fat[] = { HEP_CLASS_FOCAL_FAT, HEP_CLASS_FAT_SPARING };

    for (size_t i = 0; fat->withheld && i < 2; i++)
        (void)snprintf(f->class_reason[of_fat[i]], sizeof f->class_reason[0], "%s",
                       fat->absent_reason);
}

static int assess_one(struct hep_finding *f, const struct setting *s,
                      const struct hep_candidate *candidate, struct hep_error *err)
{
    struct hep_lesion_measures *m = hep_calloc(1, sizeof *m, err);
    struct hep_series_set *series = hep_calloc(1, sizeof *series, err);
    struct hep_shells shells = { 0 };
    struct hep_parts parts = { 0 };
    int rc;

    if (m == NULL || series == NULL) {
        free(m);
        free(series);
        return HEP_ENOMEM;
    }
    f->id = candidate->id;
    hep_finding_set_features(f, candidate->feature, candidate->strength);
    rc = hep_shells_init(&shells, s->study, s->labels, candidate->id, &s->baseline->around, err);
    if (rc == HEP_OK)
        rc = describe(f, s, &shells, err);
    if (rc == HEP_OK)
        rc = hep_parts_and_series(&parts, series, s->study, &shells, err);
    if (rc == HEP_OK)
        rc =
            hep_measure_lesion(m, s->study, &s->baseline->references, &shells, series, &parts, err);
    if (rc == HEP_OK)
        rc = hep_measures_store(&f->measures, m, &shells, series, err);
    if (rc == HEP_OK) {
        for (int i = 0; i < HEP_FLAG_COUNT; i++)
            f->flag[i] = hep_flag_judge((enum hep_flag)i, m, s->flags);
        hep_measures_set(&f->measures, HEP_M_NODULAR, hep_nodular_peripheral(m));
        hep_measures_set(&f->measures, HEP_M_HBP_RATIO_JUDGED,
                         isfinite(f->flag[HEP_FLAG_HBP_HYPOINTENSITY].probability) ? uptake_ratio(m)
                                                                                   : (double)NAN);
        withhold_classes(f, &s->study->image[HEP_IMAGE_FAT_FRACTION]);
        hep_evidence_weigh(f, s->evidence, s->study->limits, s->study->arterial_weight);
    }
    hep_series_set_release(series);
    hep_parts_release(&parts);
    hep_shells_release(&shells);
    free(series);
    free(m);
    return rc;
}

/** All lesions; of several failures the one of the first lesion is kept. */
static int assess_all(struct hep_finding *list, const struct setting *s,
                      const struct hep_candidates *candidates, struct hep_error *err)
{
    const long n = (long)candidates->n;
    struct hep_error first = { 0 };
    long failed = n;

#pragma omp parallel for schedule(dynamic) num_threads(hep_threads(s->study->nthreads))
    for (long i = 0; i < n; i++) {
        struct hep_error e = { 0 };

        if (assess_one(&list[i], s, &candidates->list[i], &e) == HEP_OK)
            continue;
#pragma omp critical(hep_assess_failure)
        if (i < failed) {
            failed = i;
            first = e;
        }
    }
    return failed < n ? HEP_FAIL(err, first.code, "lesion %d: %s", (int)candidates->list[failed].id,
                                 first.msg)
                      : HEP_OK;
}

int hep_list_rejected(struct hep_findings *out, const struct hep_candidates *candidates,
                      struct hep_error *err)
{
    if (HEP_NEW(out->list, candidates->n_rejected + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    out->n = candidates->n_rejected;
    for (size_t i = 0; i < out->n; i++) {
        const struct hep_candidate *c = &candidates->rejected[i];
        struct hep_finding *f = &out->list[i];

        f->id = (int32_t)i + 1;
        f->lesion_class = HEP_CLASS_COUNT;
        memcpy(f->centre_mm, c->centre_mm, sizeof f->centre_mm);
        hep_measures_set(&f->measures, HEP_M_DIAMETER, c->diameter_mm);
        hep_finding_set_features(f, c->feature, c->strength);
    }
    return HEP_OK;
}

int hep_assess(struct hep_findings *out, const struct hep_lesion_study *study,
               const struct hep_candidates *candidates, const struct hep_baseline *baseline,
               const struct hep_evidence_table *evidence, const struct hep_flag_table *flags,
               struct hep_error *err)
{
    struct setting s = { .study = study,
                         .labels = candidates->labels,
                         .evidence = evidence,
                         .flags = flags,
                         .baseline = baseline };
    struct hep_finding *list = NULL;
    int rc;

    *out = (struct hep_findings){ 0 };
    if (candidates->n == 0)
        return HEP_OK;
    if (!hep_grid_same(&candidates->labels->grid, &study->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "candidates are not on the reference grid");
    if (HEP_NEW(list, candidates->n, err) != HEP_OK)
        return HEP_ENOMEM;
    rc = assess_all(list, &s, candidates, err);
    if (rc != HEP_OK) {
        free(list);
        return rc;
    }
    out->list = list;
    out->n = candidates->n;
    return HEP_OK;
}
