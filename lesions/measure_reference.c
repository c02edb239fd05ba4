/* Signals of organs that lesions are compared with. */
#include "lesions/measure.h"

#include "image/mask.h"
#include "image/stats.h"

#include <math.h>

#define PORTAL_LIVER HEP_ANATOMY_COUNT /* code of the liver beside the portal vein */
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

static double median_of(const struct hep_volume *v, const struct hep_labels *map, int32_t code,
                        int *rc, struct hep_error *err)
{
    struct hep_stats stats = { .median = (double)NAN };

    if (*rc == HEP_OK)
        *rc = hep_stats_masked(&stats, v, 0, map, code, err);
    return stats.median;
}

static int of_image(struct hep_references *out, const struct hep_lesion_study *study,
                    const struct hep_labels *organs, const struct hep_labels *beside, int image,
                    struct hep_error *err)
{
    const struct hep_volume *v = study->image[image].volume;
    const enum hep_phase phase = hep_image_phase((enum hep_image)image);
    const double gain = phase == HEP_PHASE_COUNT ? 1.0 : study->gain[phase];
    int rc = HEP_OK;

    for (int organ = 0; organ < HEP_ANATOMY_COUNT; organ++)
        out->organ[image][organ] = v != NULL && organ != HEP_ANATOMY_NONE
                                       ? gain * median_of(v, organs, organ, &rc, err)
                                       : (double)NAN;
    out->portal_liver[image] =
        v != NULL ? gain * median_of(v, beside, PORTAL_LIVER, &rc, err) : (double)NAN;
    return rc;
}

int hep_references_of(struct hep_references *out, const struct hep_lesion_study *study,
                      const struct hep_surroundings *around, struct hep_error *err)
{
    const size_t n = hep_grid_voxels(&study->grid);
    struct hep_labels *organs = NULL, *beside = NULL;
    struct hep_volume *portal_mm = NULL;
    int rc = hep_labels_new(&organs, &study->grid, err);

    if (rc == HEP_OK)
        rc = hep_labels_new(&beside, &study->grid, err);
    if (rc == HEP_OK)
        rc = portal_distance(&portal_mm, study, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < n; i++) {
        const int32_t organ = study->anatomy ? study->anatomy->data[i] : (int32_t)HEP_ANATOMY_NONE;
        const bool plain = hep_is_plain_liver(study, around, i);

        organs->data[i] = plain ? (int32_t)HEP_ANATOMY_LIVER
                                : (organ == HEP_ANATOMY_LIVER ? HEP_ANATOMY_NONE : organ);
        if (plain && portal_mm != NULL && (double)portal_mm->data[i] <= PORTAL_REACH_MM)
            beside->data[i] = PORTAL_LIVER;
    }
    for (int image = 0; rc == HEP_OK && image < HEP_IMAGE_COUNT; image++)
        rc = of_image(out, study, organs, beside, image, err);
out:
    hep_labels_free(organs);
    hep_labels_free(beside);
    hep_volume_free(portal_mm);
    return rc;
}
