/**
 * @file  phantom/phantom.h
 * @brief Simulated liver MRI studies with their truth, as BIDS datasets.
 *
 * One study is one person: an anatomy at 1 mm from implicit shapes and grown vessel trees, lesions
 * with layers, tissue values drawn around a table, a contrast course for one agent and field
 * strength, and every series rendered with the signal equations of `sequences`, averaged to its own
 * voxels and degraded. Beside it, under derivatives/truth, stands what was put in.
 *
 * Model:   tissues are piecewise constant with a proton-density texture; partial volume by box
 *          averages of at least 8 points per voxel; contrast courses by `contrast/kinetics.h`
 * Source:  tissue values with their sources in configs/tissues.yml; vessel radii by Murray's law
 *          (PNAS 1926;12:207-214); respiratory and other amplitudes from the literature named at
 *          each degradation
 * Differs: no k-space: ghosts, blur and distortion are made in image space; flow is a factor of the
 *          signal of blood; no B1 error
 * Valid:   1.5 to 3 T; gadoxetate, gadobenate and extracellular agents
 * Threads: results depend on the seed and on no number of threads
 */
#ifndef HEP_PHANTOM_PHANTOM_H
#define HEP_PHANTOM_PHANTOM_H

#include "terms/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hep_agent; /* contrast/agent.h */
struct hep_log;

#define HEP_SIM_MAX_SERIES 16
#define HEP_SIM_MAX_VOLUMES 16
#define HEP_SIM_MAX_LESIONS 40

/** One series to make. hep_sim_add_role() fills every field with what is usual for the role. */
struct hep_sim_series {
    enum hep_role role;    /* opposed, in_phase, echoes, t2, dwi, precontrast .. hepatobiliary */
    bool fat_saturated;    /* t2 and T1 phases; dwi always is */
    size_t n[3];           /* voxels */
    double spacing_mm[3];  /* distance of voxel centres; the third is across slices */
    double tr_s, flip_rad; /* flip angle unused by t2 and dwi */
    double te_s[HEP_SIM_MAX_VOLUMES]; /* one, or one per echo for echoes; effective TE for t2 */
    size_t n_te;
    double b_s_per_mm2[HEP_SIM_MAX_VOLUMES]; /* dwi */
    size_t n_b;
    double time_s;        /* start of injection to centre of k-space, nominal; NaN before */
    double time_jitter_s; /* the study's time is drawn within +- this */
};

/** What can go wrong with a study, each seeded by its own name: switching one changes no other.
 *  The level multiplies the amplitude, or the probability where one is given. */
enum hep_sim_degradation {
    HEP_SIM_NOISE,  /* "noise": Rician, SNR 50 T1, 40 T2, 30 DWI at b = 0 (of liver) */
    HEP_SIM_BIAS,   /* "bias": receive field, order-2 log polynomial of +-30 % and surface hot spots
                     */
    HEP_SIM_SHIFT,  /* "shift": respiratory position per series, SD SI 6, AP 2, LR 1 mm */
    HEP_SIM_DEFORM, /* "deform": smooth B-spline deformation per series, 3 mm */
    HEP_SIM_TRANSIENT, /* "transient": arterial motion with gadoxetate: ghosts and blur, p = 0.11 */
    HEP_SIM_EPI,       /* "epi": distortion of DWI near air and the shift of residual fat */
    HEP_SIM_CARDIAC,   /* "cardiac": signal loss of the left lobe, 10-50 % at b >= 400 */
    HEP_SIM_IRON,      /* "iron": liver R2* x 2-4, p = 0.1 */
    HEP_SIM_GAIN,      /* "gain": receiver gain of each post-contrast phase, 0.8-1.25 */
    HEP_SIM_GAP,  /* "gap": slices of T2 and DWI thinner than their distance by 10-30 %, p = 0.3 */
    HEP_SIM_CROP, /* "crop": T2 or DWI stops short of the dome or the tip, p = 0.1 */
    HEP_SIM_SWAP, /* "swap": arterial and portal venous labels exchanged, p = 0.05; not in "all" */
    HEP_SIM_MISSING, /* "missing": a series was not acquired, p = 0.1 each; not in "all" */
    /* Those above are "usual" and the default; those below make lesions and images less regular. */
    HEP_SIM_OUTLINE,   /* "outline": three in four lesions lobulated, a fifth of these confluent */
    HEP_SIM_CORES,     /* "cores": eccentric, two to four, or branching */
    HEP_SIM_RIMS,      /* "rims": 1-8 mm thick, uneven */
    HEP_SIM_MARGINS,   /* "margins": border of malignant lesions blurred over 1-4 mm, p = 0.7 */
    HEP_SIM_PERFUSION, /* "perfusion": wedges of arterial enhancement, p = 0.5 */
    HEP_SIM_MIMICS,  /* "mimics": bands of confluent fibrosis, regenerative nodules, p = 0.2 each */
    HEP_SIM_BSETS,   /* "bsets": one of nine common sets of b-values, p = 0.7 */
    HEP_SIM_PARTIAL, /* "partial": a T1 phase stops short of dome or tip, p = 0.1 each */
    HEP_SIM_PSF,     /* "psf": Gaussian point spread of each series, FWHM 0.8-2 voxels */
    HEP_SIM_FATSAT,  /* "fatsat": fat suppression fails in places: 9-54 % of fat left there */
    HEP_SIM_FLOW,    /* "flow": inflow and voids of vessels, ghosts of the aorta of 1-8 % */
    HEP_SIM_HEART,   /* "heart": ADC of the left lobe near the heart raised by 0.2-1.0e-3 mm2/s */
    HEP_SIM_DRIFT,   /* "drift": motion within a series: slices of T2 and DWI, drift of T1 */
    HEP_SIM_N_DEGRADATIONS
};
const char *hep_sim_degradation_name(enum hep_sim_degradation d);

/** Kinds of lesion, with the words of the lesion list. */
enum hep_sim_lesion_type {
    HEP_SIM_MET_FIBROUS,  /* "met": viable rim, fibrous core */
    HEP_SIM_MET_NECROTIC, /* "necrotic" */
    HEP_SIM_NET,          /* "net": solid, hypervascular */
    HEP_SIM_MUCINOUS,     /* "mucinous" */
    HEP_SIM_MELANOMA,     /* "melanoma" */
    HEP_SIM_HAEMANGIOMA,  /* "haemangioma" */
    HEP_SIM_CYST,         /* "cyst" */
    HEP_SIM_FNH_LIKE,     /* "fnh" */
    HEP_SIM_ABSCESS,      /* "abscess" */
    HEP_SIM_FOCAL_FAT,    /* "fat" */
    HEP_SIM_SPARING,      /* "sparing": raises the study's liver fat fraction to at least 0.2 */
    HEP_SIM_ABLATION,     /* "ablation": coagulated tissue with a thin even rim */
    HEP_SIM_N_LESION_TYPES
};
const char *hep_sim_lesion_type_name(enum hep_sim_lesion_type type);

/** How lesions change from session to session; what each does stands in phantom/disease.h. */
enum hep_sim_course {
    HEP_SIM_COURSE_STABLE,
    HEP_SIM_COURSE_RESPONSE,
    HEP_SIM_COURSE_GROWTH,
    HEP_SIM_COURSE_MIXED,
    HEP_SIM_COURSE_OLIGOPROGRESSION,
    HEP_SIM_COURSE_ABLATION,
    HEP_SIM_N_COURSES
};
/** "stable", "response", "growth", "mixed", "oligoprogression", "ablation". */
const char *hep_sim_course_name(enum hep_sim_course course);

#define HEP_SIM_MAX_SESSIONS 12

struct hep_sim_wish {
    enum hep_sim_lesion_type type;
    double diameter_mm;
};

struct hep_sim_settings {
    uint64_t seed;
    unsigned subject; /* from 1: sub-01; each subject has its own anatomy, storage and course */
    double field_t;
    const struct hep_agent *agent; /* borrowed; NULL when no series is acquired after injection */
    char protocol[64];             /* for ProtocolName and the truth; may be empty */
    struct hep_sim_series series[HEP_SIM_MAX_SERIES];
    size_t n_series;
    double mean_lesions; /* Poisson mean, at most 15 drawn; used when n_wishes is 0 */
    bool even_kinds;     /* as many of each type as of any other, mean_lesions together (rounded) */
    double min_diameter_mm, max_diameter_mm; /* log-uniform */
    struct hep_sim_wish wishes[HEP_SIM_MAX_LESIONS];
    size_t n_wishes;
    bool no_lesions;
    double degrade[HEP_SIM_N_DEGRADATIONS]; /* level >= 0; 0 is off */
    double
        variation;  /* 1: values differ per study by +-10 % and per lesion by +-5 %; 0: the table */
    double texture; /* times the SD of proton density in the tissue table; 0 is off */
    bool fast;      /* anatomy at 2 mm and coarse acquisitions, for tests */
    int nthreads;
    char tissues_path[512]; /* configs/tissues.yml */
    unsigned sessions;      /* of each subject; 0: one study without a session */
    unsigned session;       /* the one that is made, from 1; 0 without sessions */
    enum hep_sim_course course;
    double interval_days;         /* between sessions; below 1: the same day */
    double new_per_56_days;       /* mean number of new metastases; NaN: as the course says */
    double vanishing_per_56_days; /* share of small responding ones; NaN: as the course says */
};

/** Seed 1, subject 1, 3 T, no agent, no series, Poisson 5 of 3-40 mm, the usual
 * degradations at 1, texture 1, one thread, no sessions; with sessions: stable, 56 days apart. */
void hep_sim_defaults(struct hep_sim_settings *s);

/** Is there a series of this role? */
bool hep_sim_has_role(const struct hep_sim_settings *s, enum hep_role role);
/**
 * Add the series of a role with usual parameters for s->field_t and s->fast: set these first.
 * opposed or in_phase add both, once. @param[in] time_s start of injection to centre of k-space;
 * NaN for series before injection.
 * @return HEP_EINVAL for a role that is no acquisition, a time missing after injection, or too many
 */
int hep_sim_add_role(struct hep_sim_settings *s, enum hep_role role, double time_s,
                     struct hep_error *err) HEP_MUST_CHECK;
/** Replace the b-values of the dwi series. HEP_EINVAL without one, or for n outside 1..16, b < 0.
 */
int hep_sim_set_b_values(struct hep_sim_settings *s, const double *b_s_per_mm2, size_t n,
                         struct hep_error *err) HEP_MUST_CHECK;

/** "none"; "poisson:5" and "poisson:5:3-40mm": types as common as in patients with metastases;
 * "even:12" and "even:12:6-30mm": that many, every type in turn, for fits that need each of them;
 * or a list "met:12mm,cyst:8mm". HEP_EUSAGE says what is wrong. */
int hep_sim_parse_lesions(struct hep_sim_settings *s, const char *spec,
                          struct hep_error *err) HEP_MUST_CHECK;
/** "none"; a level for the usual ones such as "0.5"; or a list "noise,bias=0.5" (the rest off) of
 * names and of "usual" and "all": all but "swap" and "missing", which change what files there are.
 * HEP_EUSAGE. */
int hep_sim_parse_degradations(struct hep_sim_settings *s, const char *spec,
                               struct hep_error *err) HEP_MUST_CHECK;

/** HEP_EINVAL or HEP_EUSAGE when a field is outside the range written beside it. */
int hep_sim_check(const struct hep_sim_settings *s, struct hep_error *err) HEP_MUST_CHECK;

/**
 * Write one subject and its truth: BIDS_DIR/sub-NN and BIDS_DIR/derivatives/truth/sub-NN, or with
 * sessions sub-NN/ses-K for each, sub-NN_sessions.tsv and the truth's sub-NN_course.json. Files of
 * an earlier run of that subject are replaced. Dataset files are left to hep_simulate_dataset().
 * @param[in] log may be NULL
 * @return HEP_EINVAL, HEP_ENOMEM, HEP_ECREAT, HEP_EIO, HEP_ECONFIG (tissue table), HEP_EDATA (a
 * wished lesion finds no room)
 */
int hep_simulate_subject(const char *bids_dir, const struct hep_sim_settings *s,
                         struct hep_log *log, struct hep_error *err) HEP_MUST_CHECK;

/** Subjects s->subject .. s->subject + n - 1 with dataset_description.json, participants.tsv,
 * README, .bidsignore, and the same for the truth. HEP_ECREAT, and nothing changed, where BIDS_DIR
 * holds a dataset or participants that hepar simulate did not make. */
int hep_simulate_dataset(const char *bids_dir, const struct hep_sim_settings *s, unsigned n,
                         struct hep_log *log, struct hep_error *err) HEP_MUST_CHECK;

#endif
