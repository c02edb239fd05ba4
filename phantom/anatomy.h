/**
 * @file  phantom/anatomy.h
 * @brief One person as a volume of labels: organs, vessels and lesions, with a texture.
 * Model:   labels at nodes of a regular lattice (1 mm, or 2 mm when fast) in world space; texture
 *          is fine noise (about 3 mm) with a coarser part (about 20 mm), SD 1
 * Threads: constant after hep_anatomy_new(); results do not depend on the number of threads
 */
#ifndef HEP_PHANTOM_ANATOMY_H
#define HEP_PHANTOM_ANATOMY_H

#include "image/volume.h"
#include "phantom/lesion.h"
#include "phantom/mimic.h"

struct hep_anatomy {
    struct hep_shape *shape;         /* owned */
    struct hep_tree portal, hepatic; /* owned */
    struct hep_lesion_list lesions;
    struct hep_lesion_list gone; /* that were there in an earlier session */
    struct hep_study_tissues tissues;
    struct hep_mimics mimics;
    struct hep_grid grid; /* axis-aligned */
    double step_mm;
    uint8_t *label;  /* xyz; owned */
    int8_t *texture; /* xyz, 1/40 SD; owned */
    /* Nodes of each lesion by layer, and those of its outermost step. */
    size_t count[HEP_SIM_MAX_LESIONS][HEP_N_LAYERS], surface[HEP_SIM_MAX_LESIONS][HEP_N_LAYERS];
};
#define HEP_TEXTURE_UNIT (1.0 / 40.0)

static inline uint8_t hep_lesion_label(size_t lesion, int layer)
{
    return (uint8_t)(HEP_LABEL_LESION + HEP_N_LAYERS * lesion + (size_t)layer);
}

/**
 * Build a person, as in s->session.
 * @param[in] tissues of this person, copied: lesions vary around them
 * @param[in] seed    of the person
 * @return HEP_ENOMEM, HEP_EDATA (a wished lesion finds no room)
 */
int hep_anatomy_new(struct hep_anatomy **out, const struct hep_sim_settings *s,
                    const struct hep_study_tissues *tissues, uint64_t seed,
                    struct hep_error *err) HEP_MUST_CHECK;
void hep_anatomy_free(struct hep_anatomy *a);

/** Values behind a label; NULL for air. */
const struct hep_tissue_values *hep_anatomy_tissue(const struct hep_anatomy *a, uint8_t label);
/** Voxels of a lesion without its halo, times the voxel volume [mL]. */
double hep_anatomy_lesion_ml(const struct hep_anatomy *a, size_t lesion);
/** Volume of the liver with its vessels and lesions [mL]. */
double hep_anatomy_liver_ml(const struct hep_anatomy *a);

#endif
