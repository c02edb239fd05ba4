/**
 * @file  phantom/tissue.h
 * @brief Tissues of the phantom: the labels of its anatomy, the table of their values, and the
 *        values drawn for one study.
 * Source:  configs/tissues.yml names the source of each row
 * Valid:   fields of 1 to 3.5 T: relaxation times are interpolated linearly between 1.5 and 3 T
 */
#ifndef HEP_PHANTOM_TISSUE_H
#define HEP_PHANTOM_TISSUE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

/** Labels of the anatomy volume. Lesion layers follow from HEP_LABEL_LESION on. */
enum hep_label {
    HEP_LABEL_AIR,
    HEP_LABEL_SKIN,
    HEP_LABEL_FAT_SUBCUTANEOUS,
    HEP_LABEL_FAT_VISCERAL,
    HEP_LABEL_MUSCLE,
    HEP_LABEL_LIVER,
    HEP_LABEL_SPLEEN,
    HEP_LABEL_KIDNEY_CORTEX,
    HEP_LABEL_KIDNEY_MEDULLA,
    HEP_LABEL_PANCREAS,
    HEP_LABEL_AORTA,
    HEP_LABEL_ARTERY,         /* outside the liver */
    HEP_LABEL_HEPATIC_ARTERY, /* inside */
    HEP_LABEL_IVC,
    HEP_LABEL_HEPATIC_VEIN,
    HEP_LABEL_PORTAL_TRUNK, /* outside, with its tributaries */
    HEP_LABEL_PORTAL_VEIN,  /* inside */
    HEP_LABEL_COMMON_DUCT,  /* outside */
    HEP_LABEL_BILE_DUCT,    /* inside */
    HEP_LABEL_GALLBLADDER,
    HEP_LABEL_GUT_WALL,
    HEP_LABEL_GUT_CONTENT,
    HEP_LABEL_GAS,
    HEP_LABEL_LUNG,
    HEP_LABEL_HEART,
    HEP_LABEL_MARROW,
    HEP_LABEL_BONE,
    HEP_LABEL_DISC,
    HEP_LABEL_CSF,
    HEP_LABEL_CORD,
    HEP_LABEL_N_ANATOMY,
    HEP_LABEL_LESION = 32,     /* + 4 * lesion + layer */
    HEP_LABEL_PARENCHYMA = 192 /* + enum hep_mimic_kind: liver with other values */
};
#define HEP_N_LABELS 256

/** True for labels that belong to the liver as an organ: parenchyma, its vessels and ducts,
 * lesions. */
bool hep_label_in_liver(uint8_t label);

/** Rows of the table, in the order of hep_tissue_name(). */
enum hep_tissue {
    HEP_TISSUE_LIVER,
    HEP_TISSUE_SPLEEN,
    HEP_TISSUE_MUSCLE,
    HEP_TISSUE_FAT,
    HEP_TISSUE_ARTERIAL_BLOOD,
    HEP_TISSUE_PORTAL_BLOOD,
    HEP_TISSUE_VENOUS_BLOOD,
    HEP_TISSUE_BILE,
    HEP_TISSUE_KIDNEY_CORTEX,
    HEP_TISSUE_KIDNEY_MEDULLA,
    HEP_TISSUE_PANCREAS,
    HEP_TISSUE_GUT_WALL,
    HEP_TISSUE_GUT_CONTENT,
    HEP_TISSUE_GAS,
    HEP_TISSUE_LUNG,
    HEP_TISSUE_HEART,
    HEP_TISSUE_MARROW,
    HEP_TISSUE_BONE,
    HEP_TISSUE_DISC,
    HEP_TISSUE_CSF,
    HEP_TISSUE_CORD,
    HEP_TISSUE_MET_RIM,
    HEP_TISSUE_MET_FIBROUS,
    HEP_TISSUE_MET_NECROTIC,
    HEP_TISSUE_NET,
    HEP_TISSUE_MUCINOUS,
    HEP_TISSUE_MELANOMA,
    HEP_TISSUE_HAEMANGIOMA_EDGE,
    HEP_TISSUE_HAEMANGIOMA_CENTRE,
    HEP_TISSUE_CYST,
    HEP_TISSUE_FNH_LIKE,
    HEP_TISSUE_FNH_SCAR,
    HEP_TISSUE_ABSCESS_RIM,
    HEP_TISSUE_ABSCESS_PUS,
    HEP_TISSUE_NET_CORE, /* from here on: what a seed draws for the rows above depends on none of them */
    HEP_TISSUE_COAGULATION,
    HEP_TISSUE_ABLATION_RIM,
    HEP_TISSUE_COUNT
};
const char *hep_tissue_name(enum hep_tissue t);
/** Row of an anatomical label; HEP_TISSUE_GAS for air. */
enum hep_tissue hep_tissue_of_label(enum hep_label label);

/** Where the contrast agent is seen. */
enum hep_contrast_kind {
    HEP_CONTRAST_NONE,
    HEP_CONTRAST_TISSUE,
    HEP_CONTRAST_ARTERY,
    HEP_CONTRAST_PORTAL,
    HEP_CONTRAST_VEIN,
    HEP_CONTRAST_BILE
};

/** Values of one tissue at the field of the study. */
struct hep_tissue_values {
    double pd, t1_s, t2_s, t2star_s, ff; /* t1_s of water; ff in [0, 1] */
    double d_mm2_per_s, f, dstar_mm2_per_s, k;
    enum hep_contrast_kind contrast;
    double flow_per_min, arterial, ve, ki_per_min, kb_per_min;
    double texture_sd;
};

struct hep_tissue_table {
    struct hep_tissue_values at_1p5t[HEP_TISSUE_COUNT], at_3t[HEP_TISSUE_COUNT];
};
/** HEP_ENOENT, HEP_ECONFIG with file, line and column: unknown or missing rows and keys, ranges. */
int hep_tissue_table_read(struct hep_tissue_table *out, const char *path,
                          struct hep_error *err) HEP_MUST_CHECK;

/** What a study's tissues are. */
struct hep_study_tissues {
    struct hep_tissue_values row[HEP_TISSUE_COUNT];
    double fat_t1_s; /* of the fat in any tissue */
    double fat_t2_s;
    bool impaired;      /* uptake of the liver at 0.01 per minute */
    double iron_factor; /* R2* of the liver times this; 1 without iron */
};

/**
 * Values of one study.
 * @param[in] variation 1: each value uniformly within +-10 %, proton density +-3 %; liver fat 70 %
 * in 2-5 % and 30 % in 6-35 %; Ki lognormal(median 0.04, log-SD 0.3) with 7 % impaired at 0.01 per
 * minute. 0: the table as it stands.
 * @param[in] iron_factor multiplies R2* of the liver, 1 for none
 * @param[in] min_liver_ff raises the liver's fat fraction to this
 */
void hep_study_tissues_draw(struct hep_study_tissues *out, const struct hep_tissue_table *table,
                            double field_t, double variation, double iron_factor,
                            double min_liver_ff, uint64_t seed);

/** Mix of two tissues, parameter by parameter: (1 - w) a + w b. Kinds of contrast are those of the
 *  larger share, except that tissue wins over none. */
struct hep_tissue_values hep_tissue_mix(const struct hep_tissue_values *a,
                                        const struct hep_tissue_values *b, double w);

struct hep_rng;
/** Each value uniformly within +-amplitude of itself, proton density within 0.3 of that. */
void hep_tissue_vary(struct hep_tissue_values *t, struct hep_rng *rng, double amplitude);

/** R2* of water at 1/T2* [1/s]. */
double hep_tissue_r2star(const struct hep_tissue_values *t);

#endif
