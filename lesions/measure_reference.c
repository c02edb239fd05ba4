/* Signals of organs that lesions are compared with. */
#include "lesions/measure.h"

#include "base/alloc.h"
#include "contrast/gain.h"
#include "image/mask.h"
#include "image/stats.h"
#include "image/threads.h"

#include <math.h>
#include <stdlib.h>

#define PORTAL_LIVER HEP_ANATOMY_COUNT /* beside the portal vein */
#define PORTAL_REACH_MM 10.0

/** Distance to the portal vein; *out stays NULL when it is not known. */
static int portal_distance(struct hep_volume **out, const struct hep_lesion_study *study,
                           struct hep_error *err)
{
    struct hep_labels *vein = NULL;
    const size_t n = hep_grid_voxels(&study->grid);
    bool any = false;
    int rc;

    if (study->anatomy == NULL)
        return HEP_OK;
    rc = hep_labels_new(&vein, &study->grid, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        vein->data[i] = study->anatomy->data[i] == HEP_ANATOMY_PORTAL_VEIN;
        any = any || vein->data[i] != 0;
    }
    if (any)
        rc = hep_mask_distance(out, vein, false, study->nthreads, err);
    hep_labels_free(vein);
    return rc;
}

/* Voxels of the reference grid by organ; the liver beside the portal vein is listed twice. */
struct members {
    size_t *voxel;                       /* all of them, organ after organ; owned */
    size_t first[HEP_ANATOMY_COUNT + 2]; /* where each organ begins; the last is the end */
};

/* Organ of a voxel as lesions are compared with it: the liver without lesions, vessels and margin.
 */
static int32_t organ_at(const struct hep_lesion_study *study, const struct hep_surroundings *around,
                        size_t i)
{
    const int32_t organ = study->anatomy ? study->anatomy->data[i] : (int32_t)HEP_ANATOMY_NONE;

    if (hep_is_plain_liver(study, around, i))
        return (int32_t)HEP_ANATOMY_LIVER;
    return organ == HEP_ANATOMY_LIVER || organ < 0 || organ >= HEP_ANATOMY_COUNT
               ? (int32_t)HEP_ANATOMY_NONE
               : organ;
}

static bool beside_portal(const struct hep_volume *portal_mm, int32_t organ, size_t i)
{
    return organ == HEP_ANATOMY_LIVER && portal_mm != NULL &&
           (double)portal_mm->data[i] <= PORTAL_REACH_MM;
}

static int members_init(struct members *out, const struct hep_lesion_study *study,
                        const struct hep_surroundings *around, const struct hep_volume *portal_mm,
                        struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&study->grid);
    uint8_t *organ = hep_alloc_aligned(n, sizeof *organ, err);
    size_t count[HEP_ANATOMY_COUNT + 1] = { 0 }, at[HEP_ANATOMY_COUNT + 1];

    *out = (struct members){ 0 };
    if (organ == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        organ[i] = (uint8_t)organ_at(study, around, i);
        count[organ[i]]++;
        count[PORTAL_LIVER] += beside_portal(portal_mm, organ[i], i);
    }
    count[HEP_ANATOMY_NONE] = 0;
    for (int k = 0; k <= HEP_ANATOMY_COUNT; k++) {
        at[k] = out->first[k];
        out->first[k + 1] = out->first[k] + count[k];
    }
    out->voxel = hep_calloc(out->first[HEP_ANATOMY_COUNT + 1] + 1, sizeof *out->voxel, err);
    for (size_t i = 0; out->voxel != NULL && i < n; i++) {
        if (organ[i] != HEP_ANATOMY_NONE)
            out->voxel[at[organ[i]]++] = i;
        if (beside_portal(portal_mm, organ[i], i))
            out->voxel[at[PORTAL_LIVER]++] = i;
    }
    free(organ);
    return out->voxel != NULL ? HEP_OK : HEP_ENOMEM;
}

static double median_of(float *buffer, const struct hep_volume *v, const struct members *m,
                        int organ)
{
    size_t n = 0;

    for (size_t k = m->first[organ]; k < m->first[organ + 1]; k++) {
        const float x = v->data[m->voxel[k]];

        if (isfinite(x))
            buffer[n++] = x;
    }
    return hep_quantile(buffer, n, 0.5);
}

static int of_image(struct hep_references *out, const struct hep_lesion_study *study,
                    const struct members *m, int image)
{
    const struct hep_volume *v = study->image[image].volume;
    float *buffer;

    for (int organ = 0; organ < HEP_ANATOMY_COUNT; organ++)
        out->organ[image][organ] = (double)NAN;
    out->portal_liver[image] = (double)NAN;
    if (v == NULL)
        return HEP_OK;
    buffer = hep_alloc_aligned(m->first[PORTAL_LIVER + 1] + 1, sizeof *buffer, NULL);
    if (buffer == NULL)
        return HEP_ENOMEM;
    for (int organ = 0; organ < HEP_ANATOMY_COUNT; organ++)
        out->organ[image][organ] = median_of(buffer, v, m, organ);
    out->portal_liver[image] = median_of(buffer, v, m, PORTAL_LIVER);
    free(buffer);
    return HEP_OK;
}

static int references_of(struct hep_references *out, const struct hep_lesion_study *study,
                         const struct hep_surroundings *around, struct hep_error *err)
{
    struct hep_volume *portal_mm = NULL;
    struct members m = { 0 };
    int rc = portal_distance(&portal_mm, study, err), short_of = 0;

    if (rc == HEP_OK)
        rc = members_init(&m, study, around, portal_mm, err);
    if (rc != HEP_OK)
        goto out;
#pragma omp parallel for schedule(dynamic) reduction(+ : short_of)                                 \
    num_threads(hep_threads(study->nthreads))
    for (int image = 0; image < HEP_IMAGE_COUNT; image++)
        short_of += of_image(out, study, &m, image) != HEP_OK;
    if (short_of > 0)
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for the signals of organs");
out:
    free(m.voxel);
    hep_volume_free(portal_mm);
    return rc;
}

int hep_baseline_init(struct hep_baseline *out, const struct hep_lesion_study *study,
                      const struct hep_labels *lesions, struct hep_error *err)
{
    struct hep_labels *none = NULL;
    int rc = HEP_OK;

    *out = (struct hep_baseline){ 0 };
    if (lesions != NULL && !hep_grid_same(&lesions->grid, &study->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "candidates are not on the reference grid");
    if (lesions == NULL)
        rc = hep_labels_new(&none, &study->grid, err);
    if (rc == HEP_OK)
        rc = hep_surroundings_init(&out->around, study, lesions != NULL ? lesions : none, err);
    if (rc == HEP_OK)
        rc = references_of(&out->references, study, &out->around, err);
    if (rc != HEP_OK)
        hep_baseline_release(out);
    hep_labels_free(none);
    return rc;
}

void hep_baseline_release(struct hep_baseline *b)
{
    hep_surroundings_release(&b->around);
}

double hep_measure_muscle_gain(const struct hep_lesion_measures *m, enum hep_phase phase)
{
    const double(*organ)[HEP_ANATOMY_COUNT] = m->references->organ;

    return hep_gain_by_muscle(m->study->agent, phase,
                              organ[HEP_IMAGE_PRECONTRAST][HEP_ANATOMY_MUSCLE],
                              organ[hep_phase_image(phase)][HEP_ANATOMY_MUSCLE]);
}
