/**
 * @file  pipeline/config/config.h
 * @brief The effective settings of a run: a protocol (agent, expected series, windows) and every
 * other setting, each with a documented default (docs/reference-settings.md).
 *
 * struct hep_config owns nothing: it may be copied by assignment and is passed on as const. It is
 * filled from a protocol file, then by `--set key=value`. The schema is pipeline/config/table.c.
 * A file may nest groups ("diffusion: {adc: {...}}") or write dotted keys ("diffusion.adc.method:
 * ols").
 *
 * Shipped protocols are looked up by name in, first found first: the folder in the environment
 * variable HEPAR_CONFIGS; the source folder that the program was built from; the installed data
 * folder. A name with a slash or ending in .yml or .yaml is a path.
 */
#ifndef HEP_PIPELINE_CONFIG_CONFIG_H
#define HEP_PIPELINE_CONFIG_CONFIG_H

#include "base/sha256.h"
#include "contrast/agent.h"
#include "fitting/diffusion.h"
#include "sequences/scan_time.h"
#include "followup/settings.h"
#include "lesions/limits.h"
#include "liver/settings.h"
#include "base/field.h"

/** The series that a protocol can plan (the word series alone is sequences/inventory.h's struct
 * hep_series). `in_opposed` stands for the roles in_phase and opposed.
 */
enum hep_planned {
    HEP_SERIES_IN_OPPOSED,
    HEP_SERIES_ECHOES,
    HEP_SERIES_T2,
    HEP_SERIES_DWI,
    HEP_SERIES_PRECONTRAST,
    HEP_SERIES_ARTERIAL,
    HEP_SERIES_PORTAL_VENOUS,
    HEP_SERIES_DELAYED,
    HEP_SERIES_TRANSITIONAL,
    HEP_SERIES_HEPATOBILIARY,
    HEP_SERIES_COUNT
};
/** Key in a protocol: "in_opposed" ... "hepatobiliary". */
const char *hep_planned_name(enum hep_planned series);
/** HEP_SERIES_COUNT when the name is unknown. */
enum hep_planned hep_planned_from_name(const char *name);

/** The phase that a series is; HEP_PHASE_COUNT for series that are not T1 phases. */
enum hep_phase hep_planned_phase(enum hep_planned series);

/** Where a series stands relative to the injection when its own window does not say so. */
enum hep_placement {
    HEP_PLACE_AUTO,   /* T2 and DWI while waiting for the hepatobiliary phase, the rest before */
    HEP_PLACE_BEFORE, /* before the injection */
    HEP_PLACE_WAITING /* between the last dynamic and the hepatobiliary phase */
};

/** AUTO decides from the data, ON is refused where it cannot be had. */
enum hep_fit_wish { HEP_FIT_AUTO, HEP_FIT_ON, HEP_FIT_OFF };

/** How a replay makes a series worse than the study's; NAN and empty: as it is. */
struct hep_replay_change {
    struct hep_list drop_volumes; /* indices from 0, counted before b-values are left out */
    double slice_thickness_mm, in_plane_mm;
    double snr_factor, averages_share; /* in (0, 1] */
    double noise_sd;                   /* of one channel of the study's own image [signal units] */
};

/** What a protocol says of one series. Unset numbers are NAN. */
struct hep_plan {
    bool expected;             /* the protocol names the series */
    bool required;             /* a study without it does not satisfy the protocol */
    struct hep_span window_s;  /* start of injection to centre of k-space; NAN: the agent's */
    struct hep_span nominal_s; /* inside the window; a time outside nominal is a warning */
    struct hep_list b_values_s_per_mm2;
    struct hep_list averages; /* one for all b, or one per b */
    long directions;          /* diffusion directions of each b > 0 */
    struct hep_list echo_times_s;
    double tr_s, flip_deg;
    bool fat_suppressed;
    int washout;   /* enum hep_fit_wish: judged in this phase; AUTO: where the agent allows it */
    int technique; /* enum hep_technique */
    int placement; /* enum hep_placement */
    long visit;    /* 1, or 2 for a second time on the table */
    long matrix_phase; /* phase-encoding lines of the full matrix */
    long slices;       /* slices, or partitions of a 3-D slab */
    double slice_thickness_mm;
    double partial_fourier, acceleration;
    long echo_train; /* echoes per shot of a fast spin echo */
    double respiratory_period_s;
    double efficiency;  /* share of the time in which gated data are taken; NAN = by technique */
    double scan_time_s; /* measured time that replaces the model; NAN = model */
    struct hep_replay_change transform; /* for a replay, pipeline/replay.h */
};

struct hep_cfg_acquisition {
    double field_t;     /* field strength that the protocol is written for */
    double localiser_s; /* localiser and calibration, once per visit */
    double recovery_s;  /* rest after each breath-hold */
    double breath_hold_max_s;
    int injection; /* enum hep_injection_place */
};
enum hep_injection_place { HEP_INJECTION_IN_SCANNER, HEP_INJECTION_BEFORE_ARRIVAL };

/* Names that a lower room defines stay names here; that room's own *_parse or *_get reads them. */
enum hep_fat_choice { HEP_FAT_CHOICE_AUTO, HEP_FAT_CHOICE_DUAL_ECHO, HEP_FAT_CHOICE_MULTI_ECHO };
struct hep_cfg_fat {
    int method;               /* enum hep_fat_choice */
    struct hep_text spectrum; /* hep_fat_spectrum_get() */
    struct hep_text
        iron_calibration; /* hep_iron_find(), or "auto": by field, hep_iron_for_field() */
    double r2star_per_s;  /* for two echoes; NAN: the uncorrected fraction is reported */
    double sigma;         /* noise SD of one channel [signal units]; NAN: unknown */
    double r2star_max_per_s;
    int noise; /* enum hep_multiecho_noise */
    double snr_min, se_max_frac;
    int solver; /* enum hep_multiecho_solver */
};

struct hep_cfg_diffusion {
    struct hep_text solver, rician; /* hep_fit_solver_parse(), hep_diffusion_rician_parse() */
    struct hep_text adc_method, ivim_method, kurtosis_method; /* hep_diffusion_method_parse() */
    double adc_b_min_s_per_mm2, adc_b_max_s_per_mm2;
    int ivim, kurtosis; /* enum hep_fit_wish; AUTO: when the b-values allow it */
    double ivim_b_split_s_per_mm2;
    struct hep_span d_mm2_per_s, f_frac, dstar_mm2_per_s, k; /* bounds */
    bool robust, verify;
    double sigma; /* noise SD of one acquisition [signal units]; NAN: estimated from residuals */
    double lowest_error_max; /* of the mean signal of the lowest b-value, relative */
    double rise_max;         /* of the body's median signal towards a higher b-value, as a ratio */
};

struct hep_cfg_enhancement {
    double pre_floor; /* precontrast signal that is background [signal units] */
    /* Receive gain of a phase, contrast/gain.h. */
    bool gain_correction; /* correct it, or withhold what depends on it; false: only say it */
    struct hep_span gain_muscle_re, gain_equal;
    double gain_margin, aorta_margin, one_image_rms, gain_spread_max, gain_body_min_ml;
    struct hep_span possible_ratio; /* of a phase to precontrast, in the liver */
    double impossible_max;          /* share of the liver outside it that makes a phase unusable */
};

/** T1 and blood of a patient for the stage kinetics; NAN: from maps, or assumed. */
struct hep_cfg_kinetics {
    int fit;               /* enum hep_fit_wish */
    struct hep_text model; /* hep_uptake_model_names */
    long min_volumes;
    double t1_before_s, t1_after_s, t1_blood_before_s, t1_blood_after_s, haematocrit;
    double reduction_low; /* T1 reduction below which function is called reduced */
};

enum hep_align_engine { HEP_ALIGN_AUTO, HEP_ALIGN_ELASTIX, HEP_ALIGN_NONE };
struct hep_cfg_align {
    int engine; /* enum hep_align_engine */
    bool within_dwi, deformable;
    double bspline_mm;
    long resolutions, bins, samples, rigid_iterations, iterations;
    double mask_margin_mm;
    struct hep_span jacobian;
    double min_gain_se, predicted_share, min_motion_mm, dwi_min_motion_mm, other_place_gain;
    double timeout_s;
};

enum hep_given_mode { HEP_GIVEN_ONLY, HEP_GIVEN_ADD };
/** How lesions that the user gave are taken. */
struct hep_cfg_given {
    int mode; /* enum hep_given_mode */
    double threshold, label;
    struct hep_text series;
    bool lps;
};

/** A program of the user, pipeline/stages/command.h. */
struct hep_cfg_command {
    struct hep_words command; /* none: not in use */
    struct hep_text series, output;
    double timeout_s;
};

struct hep_cfg_report {
    bool html, pictures;
    long gzip_level;
};

/** Tables beyond the usual ones. */
struct hep_cfg_outputs {
    struct hep_text maps; /* names and groups of maps that get a file: pipeline/left_out.c */
    bool aligned;         /* write every series on the grid of the reference */
    bool radiomics;
    long radiomics_bins;
};

struct hep_config {
    struct hep_text name, title;
    struct hep_text agent; /* a name of agents.yml; "none"; "auto": from the study */
    struct hep_plan series[HEP_SERIES_COUNT];
    struct hep_cfg_acquisition acquisition;
    struct hep_cfg_fat fat;
    struct hep_cfg_diffusion diffusion;
    struct hep_cfg_enhancement enhancement;
    struct hep_cfg_kinetics kinetics;
    double liver_label; /* value of the liver in a given label map; NAN: its only value */
    struct hep_liver_settings liver;
    struct hep_cfg_command liver_command, lesions_command;
    struct hep_cfg_align align;
    struct hep_lesion_limits lesions;
    struct hep_followup_settings followup; /* of several visits: no stage reads it */
    struct hep_cfg_given lesions_given;
    struct hep_cfg_report report;
    struct hep_cfg_outputs outputs;
};

/** The schema: rows of struct hep_config, and rows of each entry of its `series`. */
const struct hep_field *hep_config_fields(void);
const struct hep_field *hep_planned_fields(void);

/** Defaults that one kind of series has in place of its row's preset; ends with a NULL key. */
struct hep_planned_preset {
    enum hep_planned series;
    const char *key, *preset;
};
const struct hep_planned_preset *hep_planned_presets(void);

/** Every setting at its default, no series expected. */
int hep_config_defaults(struct hep_config *out, struct hep_error *err) HEP_MUST_CHECK;

/**
 * A protocol from memory; what it leaves out has its default.
 * @param[out] out  untouched on failure
 * @param[in]  name for messages
 * @return HEP_OK; HEP_ECONFIG "name:line:column: ..."
 */
int hep_config_parse(struct hep_config *out, const char *text, size_t n, const char *name,
                     struct hep_error *err) HEP_MUST_CHECK;

/**
 * A protocol by path or shipped name.
 * @param[out] caret NULL, or where the two lines "source, caret" of a HEP_ECONFIG are appended
 * @return HEP_OK; HEP_ENOENT (an unknown name lists the shipped ones or says "did you mean"),
 * HEP_EIO, HEP_ECONFIG
 */
int hep_config_load(struct hep_config *out, const char *path_or_name, struct hep_str *caret,
                    struct hep_error *err) HEP_MUST_CHECK;

/**
 * The protocol's agent with the protocol's own windows in place of the agent's.
 * @param[out] out  texts borrowed from `agents`; for "none" every phase is undefined and the name
 * is "none"
 * @return HEP_OK; HEP_ECONFIG for an agent that is not in the set
 */
int hep_config_agent(struct hep_agent *out, const struct hep_config *cfg,
                     const struct hep_agents *agents, struct hep_error *err) HEP_MUST_CHECK;

/** Fill windows that the protocol left to the agent, so that the printed file is complete. */
int hep_config_resolve(struct hep_config *cfg, const struct hep_agents *agents,
                       struct hep_error *err) HEP_MUST_CHECK;

/** What a command needs: protocol, overlays and agents, resolved. Start with `{ 0 }`. */
struct hep_config_bundle {
    struct hep_config config;
    struct hep_agents *agents;
    struct hep_agent agent; /* as by hep_config_agent() */
};
/**
 * @param[in]  sets  n texts "key=value", applied after the file; may be NULL
 * @param[out] caret NULL, or see hep_config_load()
 */
int hep_config_open(struct hep_config_bundle *out, const char *path_or_name,
                    const char *const *sets, size_t n, struct hep_str *caret,
                    struct hep_error *err) HEP_MUST_CHECK;
void hep_config_close(struct hep_config_bundle *bundle);

/** Settings of a diffusion fit; threads are the caller's to fill in. */
int hep_config_diffusion(struct hep_diffusion_settings *out, const struct hep_config *cfg,
                         enum hep_diffusion_model model, struct hep_error *err) HEP_MUST_CHECK;

/** One "key=value" of the command line; keys of series are "series.dwi.required". HEP_ECONFIG. */
int hep_config_set(struct hep_config *cfg, const char *assignment,
                   struct hep_error *err) HEP_MUST_CHECK;

enum hep_config_form {
    HEP_CONFIG_PLAIN,      /* every setting */
    HEP_CONFIG_DOCUMENTED, /* every setting, with its unit, range and documentation as comments */
    HEP_CONFIG_CHANGED /* name, title, agent, series, and settings that are not at their default */
};
/** The effective file; hep_config_parse() of it gives the same settings. */
void hep_config_print(struct hep_str *out, const struct hep_config *cfg, enum hep_config_form form);

/** configs/default.yml: the documented defaults, every series expected and none required. */
void hep_config_print_default(struct hep_str *out);

/**
 * Hash of the effective values, for reuse of products.
 * @param[in] groups NULL for everything, else a NULL-terminated list of key prefixes such as
 * "diffusion.", "series.dwi.", "agent"
 */
int hep_config_hash(char hex[HEP_SHA256_HEX], const struct hep_config *cfg,
                    const char *const *groups, struct hep_error *err) HEP_MUST_CHECK;

/**
 * Path of a shipped file such as "agents.yml" or "eob-full.yml"; heap, the caller's.
 * @return HEP_OK; HEP_ENOENT names the folders that were searched
 */
int hep_config_find(char **path, const char *file_name, struct hep_error *err) HEP_MUST_CHECK;

/** The same for a file that a setting names: with a slash it is a path as it stands. */
int hep_config_find_file(char **path, const char *name, struct hep_error *err) HEP_MUST_CHECK;

/** Path of a shipped protocol by its name, "eob-full". HEP_ENOENT with "did you mean" and the names
 * there are. */
int hep_config_find_protocol(char **path, const char *name, struct hep_error *err) HEP_MUST_CHECK;

/** Is this name in the folder of shipped files that of a protocol, and not that of a table of data?
 */
bool hep_config_is_protocol_file(const char *name);

#endif
