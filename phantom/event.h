/**
 * @file  phantom/event.h
 * @brief What happened in one study: the draws behind every degradation, and how its files are
 *        stored. Each is drawn from a stream of its own name and of the series' name, so that
 *        switching one off changes no other.
 * Source:  amplitudes: breath-hold differences and gain jumps are an expert's estimate; transient
 *          motion in 10.7 % of gadoxetate studies (Pietryga et al., Radiology 2014;270:426-434);
 *          left-lobe signal loss (Kwee et al., JMRI 2009;30:1027-1033)
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

/** Seed of one subject. */
uint64_t hep_event_seed(const struct hep_sim_settings *s);
/** Iron alone, which the tissues need first: 2 to 4 with p = 0.1 times level, else 1. */
double hep_event_iron(const struct hep_sim_settings *s, uint64_t seed);
/** HEP_ENOMEM. hep_event_release() also after a failure. */
int hep_event_draw(struct hep_event *e, const struct hep_sim_settings *s, uint64_t seed,
                   struct hep_error *err) HEP_MUST_CHECK;
void hep_event_release(struct hep_event *e);

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
