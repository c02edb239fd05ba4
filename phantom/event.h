/**
 * @file  phantom/event.h
 * @brief What happened in one study: the draws behind every degradation, and how its files are
 *        stored. Each is drawn from a stream of its own name and of the series' name, so that
 *        switching one off changes no other.
 * Source:  amplitudes: breath-hold differences and gain jumps are an expert's estimate; transient
 *          motion in 10.7 % of gadoxetate studies (Pietryga et al., Radiology 2014;270:426-434);
 *          left-lobe signal loss (Kwee et al., JMRI 2009;30:1027-1033); point spread: a sinc of full
 *          width 1.2 acquired voxels, 1.8 under a Hamming filter (Haacke et al., Magnetic Resonance
 *          Imaging, 1999, ch. 13); failing fat suppression: Delfaut et al., RadioGraphics
 *          1999;19:373; ghosts of pulsation: Wood and Henkelman, Med Phys 1985;12:143; their sizes
 *          are an expert's estimate
 */
#ifndef HEP_PHANTOM_EVENT_H
#define HEP_PHANTOM_EVENT_H

#include "image/volume.h"
#include "phantom/render.h"

struct hep_json;

struct hep_series_event {
    struct hep_motion motion;
    struct hep_field *bend; /* owned; motion.bend points to it */
    double gain;
    double slice_share; /* thickness / slice distance */
    size_t crop[2];     /* slices left out at the lower and the upper end */
    bool transient, missing;
    enum hep_role labelled_as;                /* differs from the role after a swap */
    double time_s;                            /* of this study; NaN before injection */
    double cardiac_loss[HEP_SIM_MAX_VOLUMES]; /* per volume, at the heart's underside */
    double noise_sd_of_liver;                 /* noise SD / liver signal of the first volume */
    double psf_sd_voxels[3];                  /* Gaussian; 0: none */
    double fat_gain;             /* fat left over what is usual, less 1, where the field is worst */
    struct hep_field *fat_field; /* owned; NULL with a gain of 0 */
    double artery_flow, vein_flow;              /* factors of the signal of blood */
    double ghost, ghost_shift;                  /* of the aorta's signal; of the field of view */
    double heart_exponent[HEP_SIM_MAX_VOLUMES]; /* signal times exp(-this) at the heart */
    double drift_mm[3];                         /* way during a 3-D series */
    double slice_sd_mm[3];                      /* SD of a slice's place in a 2-D series */
};

struct hep_event {
    double iron_factor;
    double bias[9], hot[2]; /* log-polynomial; front and back of the body */
    double bias_level;
    double epi_readout_s, epi_peak_hz;
    bool epi, las, oblique, int16, qform_only;
    struct hep_bolus bolus;
    size_t reference; /* index of the reference series: it lies where the truth lies */
    struct hep_series_event series[HEP_SIM_MAX_SERIES];
};

/** Seed of one study: of the person, and from the second session on of the session. */
uint64_t hep_event_seed(const struct hep_sim_settings *s);
/** Seed of what a person keeps from session to session. */
uint64_t hep_event_person(const struct hep_sim_settings *s);
/** Factor of R2* of the liver by iron: 2 to 4 with a probability of 0.1 times the level, else 1. Drawn apart from the
 * other degradations, because the tissues are made from it. */
double hep_event_iron(const struct hep_sim_settings *s, uint64_t seed);
/** HEP_ENOMEM. hep_event_release() also after a failure. */
int hep_event_draw(struct hep_event *e, const struct hep_sim_settings *s, uint64_t seed,
                   struct hep_error *err) HEP_MUST_CHECK;
void hep_event_release(struct hep_event *e);

/** What befalls one series' image: point spread, fat, flow, heart, motion within it. HEP_ENOMEM. */
int hep_event_draw_image(struct hep_series_event *e, const struct hep_sim_settings *s,
                         const struct hep_sim_series *r, uint64_t seed,
                         struct hep_error *err) HEP_MUST_CHECK;
/** Place of a slice of one volume of a 2-D series, from where the series lies [mm]. */
void hep_event_slice_shift(double out[3], const struct hep_series_event *e, enum hep_role role,
                           uint64_t seed, size_t slice, size_t volume);
/** Another set of b-values, where "bsets" says so. */
void hep_event_b_values(struct hep_sim_settings *s, uint64_t seed);

/** Series whose grid findings are made on: hepatobiliary, portal venous, other T1 phases, T2, DWI.
 */
size_t hep_event_reference(const struct hep_sim_settings *s);

/** Grid of a series as stored: LAS or RAS, oblique, cropped. */
void hep_event_grid(struct hep_grid *out, const struct hep_event *e,
                    const struct hep_sim_settings *s, size_t series, uint64_t seed);

/** All draws of degradations, for the truth: {"noise": {"level": 1, ...}, ...}. */
int hep_event_json(struct hep_json **out, const struct hep_event *e,
                   const struct hep_sim_settings *s, struct hep_error *err) HEP_MUST_CHECK;

#endif
