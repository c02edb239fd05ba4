/**
 * @file  contrast/gain.h
 * @brief Receive gain of a phase against the series before contrast: found once, applied once.
 *
 * Model:   a scanner may scale the series of one study differently, S = k S_true. A tissue that is
 *          known to enhance by e and is measured to enhance by r gives k = (1 + r) / (1 + e).
 *          Paraspinal muscle is such a tissue: e is the middle of the range of the agent and phase
 *          in agents.yml, and is not zero (0.12 to 0.19 in the portal venous phase with gadoxetate).
 *          Relative standard error of k: hypot(s / sqrt(m), w / (1 + e)), s the standard deviation
 *          of ln k over m parts of the muscle, w half the width of the range of e: simulated people
 *          scatter by about that.
 *          Corrected, S / k, only where r lies outside its range by a margin and k is further from
 *          equal than two standard errors. Parts of the muscle that disagree show that there is no common
 *          factor.
 *          Without muscle: volumes of one file have one scaling. The noise of the air is amplified
 *          by the same gain, and tells k within 5 % where the rest of the body, after it, enhances as
 *          it should. Otherwise the rest of the body,
 *          of which muscle is most and fat does not enhance, tells whether the gain is equal, but
 *          not what it is: then it is equal or not assessable, never corrected.
 * Valid:   the precontrast series is the reference; ratios within one series need no gain
 */
#ifndef HEP_CONTRAST_GAIN_H
#define HEP_CONTRAST_GAIN_H

#include "contrast/agent.h"
#include "image/volume.h"

enum hep_gain_state {
    HEP_GAIN_PLAUSIBLE,
    HEP_GAIN_SUSPECT, /* outside the expected range by more than a margin, but not known well: left */
    HEP_GAIN_CORRECTED,     /* the phase's signal is to be multiplied by `factor` */
    HEP_GAIN_ASSUMED,       /* could not be judged; taken as equal because a setting says so */
    HEP_GAIN_NOT_ASSESSABLE /* so is every comparison of this phase with precontrast */
};
/** "plausible", "gain_suspect", "gain_corrected", "gain_assumed", "not_assessable": static. */
const char *hep_gain_name(enum hep_gain_state state);

/** What the judgement rests on. */
enum hep_gain_basis {
    HEP_GAIN_FROM_NOTHING,
    HEP_GAIN_FROM_MUSCLE,
    HEP_GAIN_FROM_ONE_SERIES, /* volumes of one file */
    HEP_GAIN_FROM_BODY,       /* tissue outside the liver */
    HEP_GAIN_FROM_NOISE       /* of the air, which the same gain amplifies; the body agrees */
};
/** "nothing", "muscle", "one series", "body outside the liver", "noise": static. */
const char *hep_gain_basis_name(enum hep_gain_basis basis);

/* ---- signals of one tissue ------------------------------------------------------------------- */

#define HEP_GAIN_PARTS 6 /* left and right half, each in three levels */
#define HEP_GAIN_PART_MIN_VOXELS 10

/** One tissue in one series: medians, NaN where fewer than HEP_GAIN_PART_MIN_VOXELS have a value.
 */
struct hep_gain_tissue {
    double median, part[HEP_GAIN_PARTS];
    size_t n;
};
/** Where a tissue is cut into its parts [mm, world]. */
struct hep_gain_split {
    double x_mm, z_mm[2];
};
/** A tissue that was not found. */
void hep_gain_tissue_none(struct hep_gain_tissue *out);
/** The median of x and the thirds of z of the voxels that hold `label`; NaN without any.
 *  HEP_ENOMEM. */
int hep_gain_split_of(struct hep_gain_split *out, const struct hep_labels *map, int32_t label,
                      struct hep_error *err) HEP_MUST_CHECK;
/** @param[in] v  its first volume counts; on the grid of `map`, else HEP_EGEOM. HEP_ENOMEM. */
int hep_gain_tissue_of(struct hep_gain_tissue *out, const struct hep_gain_split *split,
                       const struct hep_volume *v, const struct hep_labels *map, int32_t label,
                       struct hep_error *err) HEP_MUST_CHECK;

/**
 * Median over the body of the signal of a phase over that before contrast, voxel by voxel: the
 * tissue that most of it is decides, whatever the rest does.
 * @param[out] ratio, n  NaN and 0 without a voxel that both series show
 * @param[in]  body      where it is set
 * @return HEP_EGEOM when the grids differ; HEP_ENOMEM
 */
int hep_gain_body_ratio(double *ratio, size_t *n, const struct hep_volume *before,
                        const struct hep_volume *after, const struct hep_labels *body,
                        struct hep_error *err) HEP_MUST_CHECK;

/* ---- the gain of a phase --------------------------------------------------------------------- */

/** All that is known about the scaling of a phase. */
struct hep_gain_evidence {
    struct hep_gain_tissue muscle_before, muscle_after;
    bool one_series;    /* the phase and the precontrast series are volumes of one file */
    double body_ratio;  /* hep_gain_body_ratio() outside the liver; NaN: not measured */
    double noise_ratio; /* sigma of the air of the phase over that before contrast; 0: not known */
    size_t body_voxels;
    double body_ml; /* the volume of these */
};

struct hep_gain_limits {
    double re[2]; /* enhancement, where none is expected or of the body, that is equal; fraction */
    double equal[2];       /* gain that is taken as equal without muscle, ratio */
    double margin;         /* beyond the expected range, fraction: corrected or suspect */
    double spread_max;     /* standard deviation of ln k over the parts */
    double body_min_ml;    /* least tissue outside the liver that may stand in for muscle */
    double possible[2];    /* signal over that before contrast that an agent can give the liver */
    double impossible_max; /* share of the liver's voxels that may lie outside it */
    bool correct;          /* false: nothing is corrected or withheld, only said */
};

struct hep_gain {
    enum hep_gain_state state;
    enum hep_gain_basis basis;
    double factor;      /* for the signal of the phase; 1 unless corrected */
    double ratio;       /* k, gain of the phase over that of precontrast; NaN unknown */
    double ratio_se;    /* relative standard error of k; NaN unknown, as without muscle */
    double re;          /* r of the tissue that was looked at, fraction */
    double expected[2]; /* e of it, fraction; NaN when the agent or phase has none */
    double spread;      /* SD of ln k over the parts of muscle; NaN with fewer than two */
    size_t n_parts, n_voxels;
    char reason[320];
};
/** True when signals of the phase may be compared with precontrast, after `factor`. */
bool hep_gain_known(const struct hep_gain *gain);

/** Enhancement that muscle should show: middle of the agent's range; NaN without agent or range. */
double hep_gain_muscle_expected(const struct hep_agent *agent, enum hep_phase phase);
/** Factor that makes muscle enhance exactly as expected, whatever the gain: normalisation to
 * muscle. NaN without agent, range or muscle. */
double hep_gain_by_muscle(const struct hep_agent *agent, enum hep_phase phase, double muscle_before,
                          double muscle_after);
/** @param[in] agent NULL when it is not known: then only the limits of `re` are looked at */
void hep_gain_judge(struct hep_gain *out, const struct hep_agent *agent, enum hep_phase phase,
                    const struct hep_gain_evidence *evidence, const struct hep_gain_limits *limits);
/**
 * Look for signal that is not the liver's: where more than `impossible_max` of its core lies outside
 * `possible`, after the gain, the phase is not assessable, whatever the gain is.
 * @param[in] core where it is set: the liver without a border that breathing may move; all three on
 *                 one grid
 */
void hep_gain_check_signal(struct hep_gain *gain, const struct hep_volume *before,
                           const struct hep_volume *after, const struct hep_labels *core,
                           const struct hep_gain_limits *limits);
/**
 * Look for slices that one of two series of one acquisition lost: on the same first slice one has
 * fewer, and its last ones show what lies as many further in the other. The phase is not assessable
 * then. A series that only ends earlier shows the same as the other up to its end.
 * @param[in] before, after as they were acquired, each on its own grid
 */
void hep_gain_check_slices(struct hep_gain *gain, const struct hep_volume *before,
                           const struct hep_volume *after);

#define HEP_GAIN_VESSELS 4
/**
 * Is contrast agent already in the series before contrast? Blood without agent has twice the T1 of
 * liver (1.6 s against 0.8 s at 3 T, de Bazelaire et al., Radiology 2004;230:652; Stanisz et al.,
 * Magn Reson Med 2005;54:507) and is darker on every T1-weighted gradient echo; with agent it is
 * brighter than liver but in the hepatobiliary phase. Where fat is suppressed a liver with fat has the
 * signal of its water alone, so that blood may be brighter than it without any agent: blood is
 * compared with what the liver would have without its fat.
 * @param[in]  fat_frac of the liver; NaN, or below 0: taken as none
 * @param[in]  vessel medians before contrast [a.u.], NaN where one was not found; names beside them
 * @param[out] reason with the ratios; empty when it may be free of agent. Two vessels are needed:
 *             one alone may be bright by inflow
 */
bool hep_gain_agent_before(char reason[320], double liver, double fat_frac,
                           const double vessel[HEP_GAIN_VESSELS],
                           const char *const name[HEP_GAIN_VESSELS]);
/** Bring signals of the phase to the gain of the precontrast series, in place. */
void hep_gain_apply(const struct hep_gain *gain, float *signal, size_t n);

#endif
