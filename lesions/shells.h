/**
 * @file  lesions/shells.h
 * @brief Where a lesion is measured: its box on the reference grid, its depths, and the ring of
 * liver around it.
 *
 * Model:   depth d = Euclidean distance to the nearest voxel outside, less half a voxel. Ring:
 *          liver at ring_inner_mm .. ring_outer_mm outside, without vessels, the margin of the
 *          liver, and the surroundings of other lesions; if that leaves too few voxels the outer
 *          distance is doubled. Nearer liver is seen mixed with the lesion; what is neither is
 *          foreign. The lesion's parts follow from its signals (lesions/parts.h).
 */
#ifndef HEP_LESIONS_SHELLS_H
#define HEP_LESIONS_SHELLS_H

#include "lesions/limits.h"
#include "liver/study.h"
#include "terms/shell.h"

/** Distances over the whole reference grid that all lesions share. */
struct hep_surroundings {
    struct hep_volume *liver_mm;  /* inside the liver, to its surface */
    struct hep_volume *lesion_mm; /* from every voxel to the nearest candidate of any label */
    struct hep_volume *vessel_mm; /* to the nearest vessel; NULL when none is known */
};
int hep_surroundings_init(struct hep_surroundings *out, const struct hep_lesion_study *study,
                          const struct hep_labels *candidates,
                          struct hep_error *err) HEP_MUST_CHECK;
void hep_surroundings_release(struct hep_surroundings *s);
/** Voxel j of the reference grid is liver that lesions may be compared with: no vessel, not near a
 * lesion (ring_inner_mm) nor the liver's surface (shell_mm). */
bool hep_is_plain_liver(const struct hep_lesion_study *study, const struct hep_surroundings *s,
                        size_t j);

/* Bits of a zone beside those of enum hep_shell: liver between the lesion and its ring, and what is
 * neither liver nor this lesion. */
enum { HEP_SHELL_NEAR = HEP_SHELL_COUNT, HEP_SHELL_FOREIGN };

/** A lesion in a box of the reference grid. */
struct hep_shells {
    int32_t id;
    struct hep_grid grid; /* of the box */
    size_t lo[3];         /* its first voxel on the reference grid */
    uint8_t *zone;        /* bits 1 << HEP_SHELL_WHOLE, RING, NEAR, FOREIGN; [voxels]; owned */
    float *depth_mm;      /* 0 outside; owned */
    double depth_max_mm;
    double centre_mm[3], centre_voxel[3]; /* centroid: world, and voxels of the box */
    size_t n[HEP_SHELL_COUNT];
};
/** @return HEP_EDATA when the label has no voxel */
int hep_shells_init(struct hep_shells *out, const struct hep_lesion_study *study,
                    const struct hep_labels *candidates, int32_t id,
                    const struct hep_surroundings *surroundings,
                    struct hep_error *err) HEP_MUST_CHECK;
void hep_shells_release(struct hep_shells *s);

/** Does voxel i of the box belong to a zone? */
static inline bool hep_shells_has(const struct hep_shells *s, size_t i, unsigned zone)
{
    return (s->zone[i] & 1U << zone) != 0;
}

/** Index on the reference grid of voxel i of the box. */
size_t hep_shells_index(const struct hep_shells *s, const struct hep_grid *reference, size_t i);

/** World position of voxel i of the box. */
void hep_shells_world(double world[3], const struct hep_shells *s, size_t i);

#endif
