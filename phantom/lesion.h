/**
 * @file  phantom/lesion.h
 * @brief Lesions: where they lie, their shape, their layers, and the tissue of each layer.
 * Model:   a superquadric with random axes and rotation and a smooth irregular border, scaled so
 *          that its volume is that of the sphere of its diameter; layers are shells of relative
 *          radius; a halo of altered parenchyma may surround it. Degradations replace the border by
 *          a union of balls, layers by an uneven rim around capsules of core, and blur the border
 * Source:  layers and behaviour as in radiology reviews of liver metastases (Maino et al., World J
 *          Gastroenterol 2023;29:5180); shares of each type are an expert's choice
 */
#ifndef HEP_PHANTOM_LESION_H
#define HEP_PHANTOM_LESION_H

#include "phantom/phantom.h"
#include "phantom/shape.h"
#include "phantom/tree.h"
#include "terms/lesion_class.h"

enum hep_layer { HEP_LAYER_HALO, HEP_LAYER_RIM, HEP_LAYER_MID, HEP_LAYER_CORE, HEP_N_LAYERS };
#define HEP_LAYER_NONE (-1)
#define HEP_LESION_WAVES 8
#define HEP_LESION_LOBES 5
#define HEP_LESION_CORES 6

/** What has become of a lesion since it was first there. */
enum hep_sim_fate {
    HEP_SIM_FATE_STEADY, /* nothing is done to it, or not yet */
    HEP_SIM_FATE_CHANGED,
    HEP_SIM_FATE_NEW,      /* appeared in this session */
    HEP_SIM_FATE_VANISHED, /* no longer there */
    HEP_SIM_FATE_ABLATED,  /* it is the zone of coagulation */
    HEP_SIM_FATE_RESIDUE   /* a nodule that the ablation left */
};

struct hep_lesion {
    unsigned identity; /* the same in every session, from 1; 0 without sessions */
    unsigned part_of;  /* identity of the lesion that it is the residue of; 0: none */
    enum hep_sim_fate fate;
    enum hep_sim_lesion_type type;
    double diameter_mm, centre_mm[3]; /* world */
    double axes[3], rotation[3][3];   /* ratios with product 1; rows are the lesion's axes */
    double exponent, scale;           /* superquadric; makes the volume right */
    double jitter, wave[HEP_LESION_WAVES][4]; /* relative border irregularity */
    double core_rho, mid_rho;                 /* shells: core below, then mid, then rim up to 1 */
    double halo_mm;                           /* 0: none */
    bool nodular;                             /* rim in separate patches, centre elsewhere */
    bool mass;                                /* displaces vessels; focal fat and sparing do not */
    bool subcapsular, at_vessel;
    int n_lobes;                      /* 0: none */
    double lobe[HEP_LESION_LOBES][4]; /* centre and radius, in radii; each holds the middle */
    double rim_mm, rim_unevenness;    /* 0: layers by core_rho and mid_rho; SD of its logarithm */
    int n_cores;                      /* 0: all within the rim */
    struct hep_lesion_core {
        double a[3], b[3], radius; /* capsule, in radii of what lies within the rim */
    } core[HEP_LESION_CORES];
    double margin_mm; /* its border is blurred over this */
    struct hep_tissue_values layer[HEP_N_LAYERS];
};

/** Layer at a world point that counts as this much further out than it is, HEP_LAYER_NONE outside; rho gets the
 * relative radius (1 at the border). */
int hep_lesion_layer_at(double *rho, const struct hep_lesion *l, const double p[3], double out_mm);
/** Relative radius alone. */
double hep_lesion_rho(const struct hep_lesion *l, const double p[3]);
/** Largest distance of the border, or of the halo, from the centre. */
double hep_lesion_reach_mm(const struct hep_lesion *l);
/** Longest diameter in the axial plane through the centre, and the largest one across it. */
void hep_lesion_axes_mm(double *long_mm, double *short_mm, const struct hep_lesion *l);

enum hep_lesion_class hep_sim_lesion_class(enum hep_sim_lesion_type type);

struct hep_rng;
/** Shape, layers and tissues of a lesion of this type and size; the centre is left alone. */
void hep_lesion_make(struct hep_lesion *l, enum hep_sim_lesion_type type, double diameter_mm,
                     const struct hep_study_tissues *tissues, double variation,
                     struct hep_rng *rng);

/** Where lesions are placed. */
struct hep_lesion_list;
struct hep_lesion_ground {
    const struct hep_shape *shape;
    const struct hep_tree *portal, *hepatic;
    struct hep_lesion_list *list;
};
/** Does every point of its border, moved out by margin_mm, lie in the liver? */
bool hep_lesion_is_inside(const struct hep_lesion_ground *g, const struct hep_lesion *l,
                          double margin_mm);
/** Does it lie in the liver, apart from every other one of the list and from large vessels?
 * @param[in] self its index in the list; the list's length while it is none of it */
bool hep_lesion_has_room(const struct hep_lesion_ground *g, const struct hep_lesion *l,
                         size_t self);
/** Draw a place with room for a lesion that is not in the list; false when none was found. */
bool hep_lesion_place(const struct hep_lesion_ground *g, struct hep_lesion *l, struct hep_rng *rng);

/** Scale its border so that the volume is that of its diameter's ball. */
void hep_lesion_fit_volume(struct hep_lesion *l);
/** Outline, rim, cores and margin as the degradations say; nothing where these are off.
 * @param[in] number of the lesion in its study */
void hep_lesion_form(struct hep_lesion *l, const struct hep_sim_settings *s, uint64_t seed,
                     size_t number);

struct hep_lesion_list {
    struct hep_lesion item[HEP_SIM_MAX_LESIONS];
    size_t n;
    size_t n_unplaced; /* drawn lesions that found no room */
};
/** Number of a lesion in the truth's tables and label map: that of its identity, so that it is the
 * same in every session; without sessions its place in the list, from 1. */
int32_t hep_sim_lesion_id(const struct hep_lesion_list *list, size_t i);
/**
 * Draw and place the lesions of a study, largest first, then in the order wished. Of a person with
 * sessions the largest that are drawn are metastases that can be measured.
 * No mass touches another, leaves the liver or swallows a vessel of 2.5 mm radius or more.
 * @return HEP_EDATA when a wished lesion finds no room
 */
int hep_lesions_plan(struct hep_lesion_list *out, const struct hep_sim_settings *s,
                     const struct hep_shape *shape, const struct hep_tree *portal,
                     const struct hep_tree *hepatic, const struct hep_study_tissues *tissues,
                     uint64_t seed, struct hep_error *err) HEP_MUST_CHECK;
/** Fat fraction that the liver must have at least for the wished lesions: 0.2 with sparing, else 0.
 */
double hep_lesions_min_liver_ff(const struct hep_sim_settings *s);

#endif
