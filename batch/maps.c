#include "batch/maps.h"

#include "base/alloc.h"
#include "contrast/phase.h"
#include "image/mask.h"
#include "image/stats.h"

#include <math.h>

#define LIVER_MARGIN_MM 3.0
#define LARGE_MM 10.0

/* Where a map lies on either side, and which series moved with it. */
struct map_row {
    const char *name, *unit, *folder, *truth, *output, *role;
    enum hep_phase phase; /* of a relative enhancement, whose truth is in lesions.json */
};
#define NO_PHASE HEP_PHASE_COUNT
static const struct map_row rows[HEP_EVAL_N_MAPS] = {
    [HEP_EVAL_ADC] = { "adc", "mm2/s", "dwi", "desc-truth_ADC.nii.gz", "desc-mono_ADC.nii.gz",
                       "dwi", NO_PHASE },
    [HEP_EVAL_D] = { "d", "mm2/s", "dwi", "desc-truth_Dmap.nii.gz", "desc-ivim_Dmap.nii.gz", "dwi",
                     NO_PHASE },
    [HEP_EVAL_F] = { "f", "1", "dwi", "desc-truth_fmap.nii.gz", "desc-ivim_fmap.nii.gz", "dwi",
                     NO_PHASE },
    [HEP_EVAL_DSTAR] = { "dstar", "mm2/s", "dwi", "desc-truth_Dstarmap.nii.gz",
                         "desc-ivim_Dstarmap.nii.gz", "dwi", NO_PHASE },
    [HEP_EVAL_K] = { "k", "1", "dwi", "desc-truth_Kmap.nii.gz", "desc-dki_Kmap.nii.gz", "dwi",
                     NO_PHASE },
    [HEP_EVAL_FF] = { "ff", "1", "anat", "desc-truth_FFmap.nii.gz", "desc-dualecho_FFmap.nii.gz",
                      "opposed", NO_PHASE },
    [HEP_EVAL_PDFF] = { "pdff", "1", "anat", "desc-truth_FFmap.nii.gz",
                        "desc-multiecho_PDFFmap.nii.gz", "echoes", NO_PHASE },
    [HEP_EVAL_R2STAR] = { "r2star", "1/s", "anat", "desc-truth_R2starmap.nii.gz",
                          "R2starmap.nii.gz", "echoes", NO_PHASE },
    [HEP_EVAL_RE_ARTERIAL] = { "re_arterial", "1", "anat", NULL, "desc-art_REmap.nii.gz",
                               "arterial", HEP_PHASE_ARTERIAL },
    [HEP_EVAL_RE_PORTAL_VENOUS] = { "re_portal_venous", "1", "anat", NULL, "desc-pv_REmap.nii.gz",
                                    "portal_venous", HEP_PHASE_PORTAL_VENOUS },
    [HEP_EVAL_RE_DELAYED] = { "re_delayed", "1", "anat", NULL, "desc-del_REmap.nii.gz", "delayed",
                              HEP_PHASE_DELAYED },
    [HEP_EVAL_RE_TRANSITIONAL] = { "re_transitional", "1", "anat", NULL, "desc-trans_REmap.nii.gz",
                                   "transitional", HEP_PHASE_TRANSITIONAL },
    [HEP_EVAL_RE_HEPATOBILIARY] = { "re_hepatobiliary", "1", "anat", NULL, "desc-hbp_REmap.nii.gz",
                                    "hepatobiliary", HEP_PHASE_HEPATOBILIARY },
};

const char *hep_eval_map_name(enum hep_eval_map map)
{
    return rows[map].name;
}

const char *hep_eval_map_unit(enum hep_eval_map map)
{
    return rows[map].unit;
}

const char *hep_eval_group_name(enum hep_eval_group group)
{
    static const char *const names[HEP_GROUP_COUNT] = { "liver", "lesions", "lesions_10mm" };

    return names[group];
}

/* ---- regions --------------------------------------------------------------------------------- */

#define REGION_LIVER (-1)

/* Lesion ids, and REGION_LIVER in the liver away from its border and from lesions. */
static int region_map(struct hep_labels **out, const struct hep_eval_regions *r,
                      struct hep_error *err)
{
    const struct hep_grid *grid = r->liver != NULL ? &r->liver->grid : &r->lesions->grid;
    const size_t voxels = hep_grid_voxels(grid);
    struct hep_labels *core = NULL, *map = NULL;
    int rc = hep_labels_new(&map, grid, err);

    if (rc == HEP_OK && r->liver != NULL)
        rc = hep_labels_copy(&core, r->liver, err);
    for (size_t i = 0; rc == HEP_OK && core != NULL && i < voxels; i++)
        if (r->lesions != NULL && r->lesions->data[i] != 0)
            core->data[i] = 0;
    if (rc == HEP_OK && core != NULL)
        rc = hep_mask_erode(core, LIVER_MARGIN_MM, r->nthreads, err);
    for (size_t i = 0; rc == HEP_OK && i < voxels; i++) {
        if (r->lesions != NULL && r->lesions->data[i] != 0)
            map->data[i] = r->lesions->data[i];
        else if (core != NULL && core->data[i] != 0)
            map->data[i] = REGION_LIVER;
    }
    hep_labels_free(core);
    if (rc == HEP_OK)
        *out = map;
    else
        hep_labels_free(map);
    return rc;
}

/* Medians over a region of the voxels where both are finite; truth may be NULL. */
static void medians(double *measured, double *truth, float *work, const struct hep_labels *region,
                    int32_t label, const struct hep_volume *got, const struct hep_volume *want)
{
    const size_t voxels = hep_grid_voxels(&region->grid);
    float *a = work, *b = work + voxels;
    size_t n = 0;

    for (size_t i = 0; i < voxels; i++) {
        if (region->data[i] != label || !isfinite(got->data[i]) ||
            (want != NULL && !isfinite(want->data[i])))
            continue;
        a[n] = got->data[i];
        b[n++] = want != NULL ? want->data[i] : 0.0F;
    }
    *measured = hep_quantile(a, n, 0.5);
    if (want != NULL)
        *truth = hep_quantile(b, n, 0.5);
}

/* ---- pairs ----------------------------------------------------------------------------------- */

static int add_pair(struct hep_evaluated *e, struct hep_map_pair pair, struct hep_error *err)
{
    if (!isfinite(pair.measured) || !isfinite(pair.truth))
        return HEP_OK;
    if (HEP_GROW(e->pair, e->n_pairs, err) != HEP_OK)
        return HEP_ENOMEM;
    e->pair[e->n_pairs++] = pair;
    return HEP_OK;
}

/* "arterial_enhancement" of the whole of lesion i of the file, or of the liver beyond the last. */
static double true_enhancement(const struct hep_eval_regions *r, const struct map_row *row,
                               size_t i)
{
    const struct hep_json *root = r->file->root,
                          *lesion = hep_json_at(hep_json_get(root, "lesions"), i);
    const struct hep_json *from = lesion != NULL
                                      ? hep_json_get(hep_json_get(lesion, "measurements"), "whole")
                                      : hep_json_get(root, "liver");
    char key[64];

    if (row->phase == NO_PHASE)
        return (double)NAN;
    (void)snprintf(key, sizeof key, "%s_enhancement", hep_phase_name(row->phase));
    return hep_json_number(hep_json_get(from, key));
}

static int add_regions(struct hep_evaluated *e, const struct hep_eval_regions *r, size_t map,
                       const struct hep_labels *region, const struct hep_volume *got,
                       const struct hep_volume *want, struct hep_error *err)
{
    float *work = hep_alloc_aligned(2 * hep_grid_voxels(&region->grid), sizeof *work, err);
    struct hep_map_pair pair = { .map = (enum hep_eval_map)map, .study = r->study };
    int rc = HEP_OK;

    if (work == NULL)
        return HEP_ENOMEM;
    pair.lesion = HEP_NO_MATCH;
    pair.truth = true_enhancement(r, &rows[map], r->file->findings.n);
    medians(&pair.measured, &pair.truth, work, region, REGION_LIVER, got, want);
    rc = add_pair(e, pair, err);
    for (size_t i = 0; rc == HEP_OK && i < r->file->findings.n; i++) {
        pair.lesion = r->first_lesion + i;
        pair.truth = true_enhancement(r, &rows[map], i);
        medians(&pair.measured, &pair.truth, work, region, r->file->findings.list[i].id, got, want);
        rc = add_pair(e, pair, err);
    }
    free(work);
    return rc;
}

static int add_map(struct hep_evaluated *e, const struct hep_eval_regions *r, size_t map,
                   const struct hep_labels *region, struct hep_error *err)
{
    const struct map_row *row = &rows[map];
    struct hep_volume *moved = NULL, *got = NULL, *want = NULL;
    int rc = HEP_OK;

    if (row->truth != NULL)
        rc = hep_truth_map_on(&want, r->truth, row->folder, row->truth, &region->grid, NULL,
                              r->nthreads, err);
    if (rc != HEP_OK || (row->truth != NULL && want == NULL))
        return rc;
    rc = hep_truth_space(&moved, r->truth, row->role, err);
    if (rc == HEP_OK)
        rc = hep_truth_map_on(&got, r->output, row->folder, row->output, &region->grid, moved,
                              r->nthreads, err);
    if (rc == HEP_OK && got != NULL)
        rc = add_regions(e, r, map, region, got, want, err);
    hep_volume_free(moved);
    hep_volume_free(got);
    hep_volume_free(want);
    return rc;
}

int hep_eval_add_maps(struct hep_evaluated *e, const struct hep_eval_regions *r,
                      struct hep_error *err)
{
    struct hep_labels *region = NULL;
    int rc = region_map(&region, r, err);

    for (size_t map = 0; rc == HEP_OK && map < HEP_EVAL_N_MAPS; map++)
        rc = add_map(e, r, map, region, err);
    hep_labels_free(region);
    return rc;
}

/* ---- agreement ------------------------------------------------------------------------------- */

size_t hep_evaluated_pairs(size_t *out, const struct hep_evaluated *e, enum hep_eval_map map,
                           enum hep_eval_group group)
{
    size_t n = 0;

    for (size_t i = 0; i < e->n_pairs; i++) {
        const struct hep_map_pair *p = &e->pair[i];
        const bool is_liver = p->lesion == HEP_NO_MATCH;

        if (p->map != map || is_liver != (group == HEP_GROUP_LIVER))
            continue;
        if (group == HEP_GROUP_LARGE && !(e->lesion[p->lesion].diameter_mm >= LARGE_MM))
            continue;
        out[n++] = i;
    }
    return n;
}

static int agree_one(struct hep_map_agreement *out, const struct hep_evaluated *e,
                     const size_t *index, size_t n, double *work, struct hep_error *err)
{
    double *measured = work, *truth = work + n;
    size_t *patient = hep_calloc(n + 1, sizeof *patient, err);
    int rc;

    if (patient == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct hep_map_pair *p = &e->pair[index[i]];

        measured[i] = p->measured;
        truth[i] = p->truth;
        patient[i] = e->study[p->study].patient;
    }
    hep_agreement_of(&out->agreement, measured, truth, n);
    rc = hep_agreement_bias(&out->bias, measured, truth, patient, n, e->n_patients, e->replicates,
                            e->seed, err);
    free(patient);
    return rc;
}

int hep_eval_agree(struct hep_evaluated *e, struct hep_error *err)
{
    size_t *index = hep_calloc(e->n_pairs + 1, sizeof *index, err);
    double *work = hep_calloc(2 * e->n_pairs + 1, sizeof *work, err);
    int rc = index != NULL && work != NULL ? HEP_OK : HEP_ENOMEM;

    for (int map = 0; rc == HEP_OK && map < (int)HEP_EVAL_N_MAPS; map++)
        for (int group = 0; rc == HEP_OK && group < (int)HEP_GROUP_COUNT; group++) {
            const size_t n =
                hep_evaluated_pairs(index, e, (enum hep_eval_map)map, (enum hep_eval_group)group);

            if (n == 0)
                continue;
            e->map[map][group].map = rows[map].name;
            e->map[map][group].unit = rows[map].unit;
            e->map[map][group].group = hep_eval_group_name((enum hep_eval_group)group);
            rc = agree_one(&e->map[map][group], e, index, n, work, err);
        }
    free(index);
    free(work);
    return rc;
}
