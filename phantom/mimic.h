/**
 * @file  phantom/mimic.h
 * @brief Parenchyma that looks like a lesion and is none: wedges of arterial perfusion, bands of
 *        confluent fibrosis, regenerative nodules.
 * Model:   cones with their tip inside the liver that open towards the capsule, and balls; liver
 *          tissue with other values
 * Source:  wedges: transient hepatic intensity differences (Colagrande et al., AJR 2007;188:154);
 *          fibrosis: Ohtomo et al., Radiology 1993;189:871 (T2 bright, T1 dark, late enhancement);
 *          nodules: Hanna et al., RadioGraphics 2008;28:747 (T2 dark, T1 bright or alike, take up
 *          hepatobiliary agents); shares and sizes are an expert's estimate
 */
#ifndef HEP_PHANTOM_MIMIC_H
#define HEP_PHANTOM_MIMIC_H

#include "phantom/phantom.h"
#include "phantom/shape.h"

struct hep_json;
struct hep_put;

enum hep_mimic_kind { HEP_MIMIC_WEDGE, HEP_MIMIC_FIBROSIS, HEP_MIMIC_NODULE, HEP_MIMIC_KINDS };
/** "perfusion_wedge", "confluent_fibrosis", "regenerative_nodule". */
const char *hep_mimic_name(enum hep_mimic_kind kind);

struct hep_mimic {
    enum hep_mimic_kind kind;
    double tip_mm[3], axis[3]; /* a ball's centre; unit vector of a cone */
    double cosine, from_mm;    /* of half its opening; where it begins behind the tip */
    double radius_mm;          /* of a ball */
};
#define HEP_MAX_MIMICS 40

struct hep_mimics {
    struct hep_mimic item[HEP_MAX_MIMICS];
    size_t n;
    struct hep_tissue_values tissue[HEP_MIMIC_KINDS];
};

/** Draw them for a person; none where "perfusion" and "mimics" are off. */
void hep_mimics_draw(struct hep_mimics *out, const struct hep_sim_settings *s,
                     const struct hep_shape *shape, const struct hep_study_tissues *tissues,
                     uint64_t seed);
/** Kind of parenchyma at a world point in the liver; HEP_MIMIC_KINDS for ordinary one. */
enum hep_mimic_kind hep_mimic_at(const struct hep_mimics *m, const double p[3]);
/** [{"kind", "tip_mm", ...}] for the truth. */
struct hep_json *hep_mimics_json(struct hep_put *put, const struct hep_mimics *m);

#endif
