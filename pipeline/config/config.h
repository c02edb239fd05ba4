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
#include "lesions/limits.h"
#include "pipeline/config/field.h"

/** The series that a protocol can expect. `in_opposed` stands for the roles in_phase and opposed.
 */
enum hep_series {
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
const char *hep_series_name(enum hep_series series);
/** HEP_SERIES_COUNT when the name is unknown. */
enum hep_series hep_series_from_name(const char *name);

/** How a series is acquired, for the scan time. */
enum hep_technique {
    HEP_TECHNIQUE_SPGR,            /* 3-D spoiled gradient echo in one breath-hold */
    HEP_TECHNIQUE_DUAL_ECHO,       /* the same, in phase and opposed phase */
    HEP_TECHNIQUE_MULTI_ECHO,      /* the same, 3 or more echoes */
    HEP_TECHNIQUE_FSE,             /* fast spin echo in breath-holds */
    HEP_TECHNIQUE_FSE_TRIGGERED,   /* fast spin echo, one shot group per breath */
    HEP_TECHNIQUE_SSFSE,           /* one shot per slice */
    HEP_TECHNIQUE_EPI_BREATH_HOLD, /* diffusion */
    HEP_TECHNIQUE_EPI_FREE,
    HEP_TECHNIQUE_EPI_TRIGGERED,
    HEP_TECHNIQUE_EPI_NAVIGATOR
};

/** Where a series stands relative to the injection when its own window does not say so. */
enum hep_placement {
    HEP_PLACE_AUTO,   /* T2 and DWI while waiting for the hepatobiliary phase, the rest before */
    HEP_PLACE_BEFORE, /* before the injection */
    HEP_PLACE_WAITING /* between the last dynamic and the hepatobiliary phase */
};

/** What a protocol says of one series. Unset numbers are NAN. */
struct hep_series_plan {
    bool expected;             /* the protocol names the series */
    bool required;             /* a study without it does not satisfy the protocol */
    struct hep_span window_s;  /* from the start of injection to the centre of k-space */
    struct hep_span nominal_s; /* inside the window; a time outside nominal is a warning */
    struct hep_list b_values_s_per_mm2;
    struct hep_list averages; /* one for all b, or one per b */
    long directions;          /* diffusion directions of each b > 0 */
    struct hep_list echo_times_s;
    double tr_s, flip_deg;
    bool fat_suppressed;
    int technique;     /* enum hep_technique */
    int placement;     /* enum hep_placement */
    long visit;        /* 1, or 2 for a second time on the table */
    long matrix_phase; /* phase-encoding lines of the full matrix */
    long slices;       /* slices, or partitions of a 3-D slab */
    double slice_thickness_mm;
    double partial_fourier, acceleration;
    long echo_train; /* echoes per shot of a fast spin echo */
    double respiratory_period_s;
    double efficiency;  /* share of the time in which gated data are taken; NAN = by technique */
    double scan_time_s; /* measured time that replaces the model; NAN = model */
};

struct hep_acquisition_settings {
    double field_t;     /* field strength that the protocol is written for */
    double localiser_s; /* localiser and calibration, once per visit */
    double recovery_s;  /* rest after each breath-hold */
    double breath_hold_max_s;
    int injection;             /* enum hep_injection_place */
    bool washout_transitional; /* washout is wanted in the transitional phase (refused for uptake
                                  agents) */
};
enum hep_injection_place { HEP_INJECTION_IN_SCANNER, HEP_INJECTION_BEFORE_ARRIVAL };

enum hep_fat_method { HEP_FAT_AUTO, HEP_FAT_DUAL_ECHO, HEP_FAT_MULTI_ECHO };
enum hep_fat_spectrum { HEP_SPECTRUM_HAMILTON2011, HEP_SPECTRUM_LIVER_ALTERNATIVE };
enum hep_iron_calibration {
    HEP_IRON_AUTO,
    HEP_IRON_HERNANDO2022,
    HEP_IRON_WOOD2005,
    HEP_IRON_GARBOWSKI2014
};
struct hep_fat_settings {
    int method;   /* enum hep_fat_method */
    int spectrum; /* enum hep_fat_spectrum */
    bool r2star_correction;
    double warn_above_percent; /* dual echo cannot tell f from 1 - f: warn above this */
    double echo_snr_min;
    int iron_calibration; /* enum hep_iron_calibration */
};

enum hep_adc_choice { HEP_ADC_CHOICE_OLS, HEP_ADC_CHOICE_WLS, HEP_ADC_CHOICE_IWLS };
enum hep_ivim_choice { HEP_IVIM_CHOICE_NLLS, HEP_IVIM_CHOICE_SEGMENTED, HEP_IVIM_CHOICE_FIXED_D };
enum hep_solver_choice { HEP_SOLVER_CHOICE_AUTO, HEP_SOLVER_CHOICE_FAST, HEP_SOLVER_CHOICE_GSL };
enum hep_noise_choice { HEP_NOISE_CHOICE_GAUSSIAN, HEP_NOISE_CHOICE_RICIAN };
enum hep_fit_wish { HEP_FIT_AUTO, HEP_FIT_ON, HEP_FIT_OFF };
struct hep_diffusion_settings {
    int adc_method; /* enum hep_adc_choice */
    double adc_b_min_s_per_mm2, adc_b_max_s_per_mm2;
    int ivim;        /* enum hep_fit_wish */
    int ivim_method; /* enum hep_ivim_choice */
    double ivim_b_split_s_per_mm2;
    struct hep_span ivim_d_mm2_per_s, ivim_f, ivim_dstar_mm2_per_s;
    int kurtosis; /* enum hep_fit_wish */
    double kurtosis_b_needed_s_per_mm2;
    double kurtosis_snr_min;
    int solver; /* enum hep_solver_choice */
    bool robust;
    int noise;        /* enum hep_noise_choice */
    double sigma;     /* in units of the signal; NAN = estimated when it is needed */
    double floor_snr; /* voxels whose highest b has less are marked */
};

struct hep_enhancement_settings {
    double same_sequence_tolerance; /* relative difference of flip angle, TR, TE */
    double arterial_early_portal;   /* portal RE over its portal venous value: below is too early */
    double arterial_late_liver;     /* liver RE over its portal venous value: above is too late */
    double hbp_adequate_ratio,
        hbp_suboptimal_ratio;               /* liver over vessel, uptake agents with high share */
    double hbp_adequate_ratio_low_uptake;   /* gadobenate */
    struct hep_span gain_muscle_re_percent; /* paraspinal muscle outside this: gain is suspected */
    bool gain_correction;
};

struct hep_liver_settings {
    struct hep_span volume_ml;
    double seed_min_ml, erosion_mm, opening_mm, median_mm, block_mm, hole_mm;
    double label; /* value of the liver in a given label map; NAN = every value but 0 */
};

enum hep_align_engine { HEP_ALIGN_AUTO, HEP_ALIGN_ELASTIX, HEP_ALIGN_NONE };
struct hep_align_settings {
    int engine; /* enum hep_align_engine */
    bool within_dwi, deformable;
    double bspline_mm;
    long resolutions, bins, samples, iterations;
    double mask_margin_mm;
    struct hep_span jacobian;
};

enum hep_colour_map { HEP_COLOUR_VIRIDIS, HEP_COLOUR_CIVIDIS };
struct hep_report_settings {
    bool html, pictures, viewer;
    int colour_map; /* enum hep_colour_map */
    long gzip_level;
};

struct hep_config {
    struct hep_text name, title;
    struct hep_text agent; /* a name of configs/agents.yml, or "none" */
    struct hep_series_plan series[HEP_SERIES_COUNT];
    struct hep_acquisition_settings acquisition;
    struct hep_fat_settings fat;
    struct hep_diffusion_settings diffusion;
    struct hep_enhancement_settings enhancement;
    struct hep_liver_settings liver;
    struct hep_align_settings align;
    struct hep_lesion_limits lesions;
    struct hep_report_settings report;
};

/** The schema: rows of struct hep_config, and rows of each entry of its `series`. */
const struct hep_field *hep_config_fields(void);
const struct hep_field *hep_series_fields(void);

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

#endif
