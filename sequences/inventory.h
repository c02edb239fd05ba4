/**
 * @file  sequences/inventory.h
 * @brief A study folder as a list of series with roles, times and reasons.
 *
 * A study is a BIDS subject or session folder, a folder of NIfTI files and sidecars as dcm2niix
 * writes them, or either with a `study.yml`, which overrides everything (format: study_yml.h).
 * Roles come from a table of scored rules, each with a reason; times from study.yml,
 * TimeSinceInjection, or clock times with an injection time that study.yml or the sidecars know
 * (ContrastBolusStartTime), and are otherwise unknown: never guessed.
 */
#ifndef HEP_SEQUENCES_INVENTORY_H
#define HEP_SEQUENCES_INVENTORY_H

#include "image/volume.h"
#include "sequences/acquisition.h"
#include "sequences/gradients.h"
#include "terms/role.h"

struct hep_json;
struct hep_str;

/** How time_since_injection_s is known. */
enum hep_time_source {
    HEP_TIME_UNKNOWN,
    HEP_TIME_ASSUMED,   /* only the phase's name is known: no number, "timing assumed" */
    HEP_TIME_STUDY_YML, /* written by the user */
    HEP_TIME_SIDECAR,   /* TimeSinceInjection */
    HEP_TIME_CLOCK,     /* AcquisitionTime (and trigger delay) minus injection_time: start of the
                           acquisition */
    HEP_TIME_FRAMES     /* frame times minus the injection on the same clock */
};
/** "unknown", "assumed", "study.yml", "sidecar", "clock", "frames". */
const char *hep_time_source_name(enum hep_time_source source);

/** One 3-D volume of a series. */
struct hep_frame {
    size_t path;        /* index into hep_series.path */
    size_t volume;      /* index along t of that file */
    double te_s;        /* NaN unknown */
    double b_s_per_mm2; /* NaN when not diffusion or unknown */
    double time_s;      /* since injection, NaN unknown */
};

struct hep_role_score {
    enum hep_role role;
    double score;
};

/** A region of a label map. */
struct hep_label_name {
    int32_t value;
    char *name; /* owned */
};

struct hep_series {
    char *name;  /* path of the first file relative to the study, for people and tables */
    char **path; /* files, in the order of the frames; owned */
    size_t n_paths;
    struct hep_frame *frame; /* volumes in use: ordered by TE for echoes; shape t; owned */
    size_t nt;
    bool whole; /* every volume of its files is in use */
    struct hep_grid grid;
    double
        spacing_mm[3]; /* of study.yml, where it differs from the header; 0: the header is right */
    bool is_complex;
    bool water_fat; /* echoes: no echoes, but the water and the fat image made of some */
    struct hep_acquisition acquisition; /* of the first file */
    enum hep_role role;
    bool selected; /* the one series that is used for its role */
    /* Why the series cannot be used, such as a truncated file or b-values in another unit, beginning
     * with the file's name in the study; NULL when it can. It is never selected. Owned. */
    char *left_out;
    bool given;   /* role from study.yml */
    double score; /* of the role; 100 is a BIDS name, study.yml counts 1000 */
    /* How well it serves its role beside others of the role, in points: its plane, and of
     * T2-weighted series what sequences/merit.h tells; 0 where it is the only one. */
    double merit;
    struct hep_lines reasons, warnings;
    struct hep_role_score
        alternative[HEP_ROLE_COUNT]; /* other roles with a score > 0, best first */
    size_t n_alternatives;
    double time_since_injection_s; /* NaN unknown; a phase of several frames: their mean */
    enum hep_time_source time_source;
    struct hep_gradients gradients; /* dwi: per frame; n = 0 otherwise */
    int32_t label;                  /* masks: value that means inside; < 0: every value but 0 */
    struct hep_label_name *labels;  /* labels: names of values, may be empty; owned */
    size_t n_labels;
    int run; /* 0 unknown */
};

struct hep_inventory {
    char *study; /* folder as given; owned */
    /* Labels without "sub-" and "ses-", letters and digits only; outside BIDS the subject is made
     * from the folder's name. session is NULL when there is none. Owned. */
    char *subject, *session;
    bool is_bids;
    char *agent_text;         /* free text from study.yml, BIDS ce- or the sidecars; NULL unknown */
    const char *agent_source; /* "study.yml", "name", "sidecar", NULL; static */
    double field_t;           /* NaN unknown or different between series */
    double injection_time_s;  /* time of day, NaN unknown */
    bool has_study_yml, others_ignored; /* study.yml is there; it says "others: ignore" */
    bool places_assumed;                /* no file has an orientation (form codes 0) */
    struct hep_series *series; /* in order of role, then time, then name; unknown ones last */
    size_t n_series;
    struct hep_lines warnings;
    struct hep_lines lesion_points; /* paths of tables of points or boxes that study.yml names */
};

/**
 * Look at a study.
 * @param[out] out the caller's; hep_inventory_free()
 * @return HEP_ENOENT (no such folder, or a file that study.yml names), HEP_EIO (unreadable folder),
 *         HEP_EDATA (no NIfTI file, several subjects or sessions), HEP_EFORMAT (table of labels),
 *         HEP_ECONFIG (study.yml); the message names the file. Series whose files, sidecars or
 *         b-values cannot be used are left out with the reason, which is no failure.
 */
int hep_inventory_scan(struct hep_inventory **out, const char *study,
                       struct hep_error *err) HEP_MUST_CHECK;
/** The same. @param[in] follow_links also where a symbolic link leads out of the study and its dataset; what it
 * leads to is left out otherwise */
int hep_inventory_scan_links(struct hep_inventory **out, const char *study, bool follow_links,
                             struct hep_error *err) HEP_MUST_CHECK;
void hep_inventory_free(struct hep_inventory *inv);

/** The selected series of a role; NULL when there is none. Borrowed. */
const struct hep_series *hep_inventory_find(const struct hep_inventory *inv, enum hep_role role);
/** Why a role has no series although there is one: the reason of the first that is left out. NULL
 * when the role has a series or nothing was left out. Borrowed. */
const char *hep_inventory_left_out(const struct hep_inventory *inv, enum hep_role role);

/**
 * Leave out a series whose data turned out to be unreadable; the next best takes its role.
 * @param[in] reason begins with the file's name in the study
 */
int hep_inventory_leave_out(struct hep_inventory *inv, const char *name, const char *reason,
                            struct hep_error *err) HEP_MUST_CHECK;

/**
 * Read the frames of a series, stacked to one volume of nt.
 * Files of one series with different grids are HEP_EGEOM with both names; one that shows nothing,
 * 0 or not finite everywhere, is HEP_EDATA. Complex echoes give magnitudes.
 */
int hep_series_read(struct hep_volume **out, const struct hep_series *series,
                    struct hep_error *err) HEP_MUST_CHECK;
/** The size of voxels that study.yml states takes the place of the header's. Directions and place stay. */
void hep_series_true_spacing(struct hep_grid *grid, const struct hep_series *series);
/** A mask or labels series. A mask becomes 0 and 1. */
int hep_series_read_labels(struct hep_labels **out, const struct hep_series *series,
                           struct hep_error *err) HEP_MUST_CHECK;

/** Value of a named label (case-insensitive), or -1. */
int32_t hep_series_label_value(const struct hep_series *series, const char *name);

/** Table for people: one line per series, then its reasons and warnings, indented. */
int hep_inventory_table(struct hep_str *out, const struct hep_inventory *inv,
                        struct hep_error *err) HEP_MUST_CHECK;
/** The same for machines. Paths are relative to the study; no time of day. The caller's. */
int hep_inventory_json(struct hep_json **out, const struct hep_inventory *inv,
                       struct hep_error *err) HEP_MUST_CHECK;
/**
 * Write STUDY/study.yml with what was found, ready to be corrected by hand. Atomic.
 * @param[in] force replace an existing file; without it HEP_ECREAT
 */
int hep_inventory_write_study_yml(const struct hep_inventory *inv, bool force,
                                  struct hep_error *err) HEP_MUST_CHECK;

#endif
