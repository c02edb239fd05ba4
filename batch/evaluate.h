/**
 * @file  batch/evaluate.h
 * @brief An output folder against a folder of truth: every study of the truth is read, matched and
 *        measured; the statistics are those of lesions/evaluation.
 *
 * Truth:   TRUTH/sub-01[/ses-1]/sub-01[_ses-1]_lesions.json, and where they exist
 *          anat/LABEL_label-lesions_dseg, anat/LABEL_label-liver_mask, desc-truth maps (FFmap,
 *          R2starmap, ADC, Dmap, fmap, Dstarmap, Kmap), LABEL_desc-ROLE_displacement
 * Output:  OUT/sub-01[/ses-1]/sub-01[_ses-1]_lesions.json, masks and maps as `hepar run` writes
 *          them; another program's folder of the same names will do
 * Model:   a study of the truth without output, or whose run failed, has all its lesions missed.
 *          Masks and centres of an output that was made on another series than the truth's
 *          reference, and maps of other series, are brought to the truth by the true displacement
 *          where the truth holds one. A map is compared by the median over true tissue: the liver
 *          without lesions, eroded by 3 mm, and each lesion; relative enhancement with the true
 *          enhancement that the truth's lesions.json holds
 */
#ifndef HEP_BATCH_EVALUATE_H
#define HEP_BATCH_EVALUATE_H

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "evaluation/agreement.h"
#include "batch/truth_forms.h"
#include "evaluation/evaluation.h"
#include "evaluation/named_classes.h"
#include "terms/finding.h"

enum hep_eval_state { HEP_EVAL_DONE, HEP_EVAL_FAILED, HEP_EVAL_MISSING };
/** "evaluated", "failed", "missing". */
const char *hep_eval_state_name(enum hep_eval_state state);

/** Beside struct hep_eval_study of the same index. */
struct hep_eval_entry {
    char *label; /* "sub-01_ses-1"; owned */
    enum hep_eval_state state;
    char reason[256];               /* why there is nothing to evaluate */
    size_t first_lesion, n_lesions; /* its stretch of the lists */
    size_t first_finding, n_findings;
    bool has_masks;       /* both sides have lesion masks */
    bool lesions_unknown; /* the truth says nothing of lesions */
    char truth[24];       /* what was matched: masks, boxes, centres */
    char patient_word
        [HEP_GIVEN_CLASS]; /* class of the person by the set's word, where lesions have none; "" */
    enum hep_lesion_class patient_class; /* that the word is; HEP_CLASS_COUNT: none of ours */
    enum hep_lesion_class
        patient_called; /* of the largest finding that has a class; HEP_CLASS_COUNT: there is none */
    bool has_any_finding; /* also where the truth says nothing of lesions */
    struct hep_overlap rater
        [3]; /* the liver beside each of two raters', and these two (enum hep_rater); NaN: none */
    char agent[32];         /* of the output; "" not given */
    double arterial_weight; /* of the arterial phase in its evidence; NaN not given */
};

/** A candidate that the detector did not keep: is it on a true lesion after all? */
struct hep_eval_candidate {
    size_t study, lesion; /* index among all lesions; HEP_NO_MATCH for none */
    enum hep_match_fate fate;
    double strength, feature[HEP_FEATURE_COUNT];
};

/** Beside struct hep_eval_lesion or struct hep_eval_finding. */
struct hep_eval_note {
    int32_t id;
    double centre_mm[3], diameter_mm;
    double distance_mm, iou; /* finding: to its lesion */
    size_t nearest;          /* finding: lesion nearest by centre, among all; HEP_NO_MATCH */
    double nearest_mm;
    char given_class[HEP_GIVEN_CLASS]; /* lesion: the word of the set; "" */
};

enum hep_eval_map {
    HEP_EVAL_ADC,
    HEP_EVAL_D,
    HEP_EVAL_F,
    HEP_EVAL_DSTAR,
    HEP_EVAL_K,
    HEP_EVAL_FF,
    HEP_EVAL_PDFF,
    HEP_EVAL_R2STAR,
    HEP_EVAL_RE_ARTERIAL,
    HEP_EVAL_RE_PORTAL_VENOUS,
    HEP_EVAL_RE_DELAYED,
    HEP_EVAL_RE_TRANSITIONAL,
    HEP_EVAL_RE_HEPATOBILIARY,
    HEP_EVAL_N_MAPS
};
/** "adc", "ff", "re_arterial", ... and the unit. */
const char *hep_eval_map_name(enum hep_eval_map map);
const char *hep_eval_map_unit(enum hep_eval_map map);

/** Medians of one map over one region. */
struct hep_map_pair {
    enum hep_eval_map map;
    size_t study, lesion; /* HEP_NO_MATCH: the liver */
    double measured, truth;
};

/** Regions that are put together. */
enum hep_eval_group { HEP_GROUP_LIVER, HEP_GROUP_LESIONS, HEP_GROUP_LARGE, HEP_GROUP_COUNT };
/** "liver", "lesions", "lesions_10mm" (long axis of 10 mm or more). */
const char *hep_eval_group_name(enum hep_eval_group group);

struct hep_map_agreement {
    const char *map, *group, *unit; /* names; NULL when no region has the map */
    struct hep_agreement agreement;
    struct hep_interval bias; /* by patient */
};

/** The liver beside two raters', and these beside one another: means over studies, with intervals by patient. */
enum hep_rater { HEP_RATER_FIRST, HEP_RATER_SECOND, HEP_RATER_BOTH, HEP_RATERS };
struct hep_rater_agreement {
    struct hep_interval dice, surface_mm;
};

struct hep_evaluated {
    struct hep_eval_entry *entry;
    struct hep_eval_study *study;
    size_t n_studies, n_patients;
    struct hep_eval_lesion *lesion;
    struct hep_eval_note *lesion_note;
    size_t n_lesions;
    struct hep_eval_finding *finding;
    struct hep_eval_note *finding_note;
    size_t n_findings;
    struct hep_map_pair *pair;
    size_t n_pairs;
    struct hep_finding *full; /* owned, beside `finding`; only where opts.keeps_findings */
    struct hep_eval_candidate *rejected; /* owned; likewise */
    size_t n_rejected;
    bool keeps_findings;
    char **without_truth; /* labels of outputs that the truth does not know */
    size_t n_without_truth;
    struct hep_eval_result result;
    struct hep_rater_agreement rater[HEP_RATERS];
    struct hep_named_classes named, persons; /* by the words of a set; no rows where it has none */
    struct hep_map_agreement map[HEP_EVAL_N_MAPS][HEP_GROUP_COUNT];
    enum hep_match_rule rule;
    uint64_t seed;
    size_t replicates;
};

struct hep_evaluate_opts {
    enum hep_match_rule rule;
    size_t replicates;
    uint64_t seed;
    int nthreads;
    struct hep_log *log; /* may be NULL */
    bool keeps_findings; /* with flags, measures and features; no statistics are made */
    /* The truth is what this reader said of results (review/apply.h): LABEL_desc-READER_lesions.json and label maps with
     * desc-READER; studies that the reader has no file of are left out, and one with lesions that the reader did not
     * review is HEP_EDATA. NULL: the truth of the folder itself. */
    const char *truth_desc;
};

/**
 * @return HEP_ENOENT (no such folder; a truth without lesions.json), HEP_EFILTER (no study),
 * HEP_EFORMAT and HEP_EGEOM of a file, with its name; HEP_ENOMEM. Release in any case.
 */
int hep_evaluate_folders(struct hep_evaluated *out, const char *out_dir, const char *truth_dir,
                         const struct hep_evaluate_opts *opts,
                         struct hep_error *err) HEP_MUST_CHECK;
/** The same for one part of the persons alone: hep_dataset_keep_part(). */
int hep_evaluate_part(struct hep_evaluated *out, const char *out_dir, const char *truth_dir,
                      const struct hep_evaluate_opts *opts, double from, double to,
                      struct hep_error *err) HEP_MUST_CHECK;
void hep_evaluated_release(struct hep_evaluated *e);

/** The lists as the statistics want them; borrowed from `e`. */
struct hep_eval_data hep_evaluated_data(const struct hep_evaluated *e);

/** Finding of its study whose centre is nearest to that of a lesion, and the distance [mm];
 * HEP_NO_MATCH and infinity in a study without findings. */
size_t hep_evaluated_nearest(double *distance_mm, const struct hep_evaluated *e,
                             const struct hep_eval_entry *entry, size_t lesion);

/** The pairs of a map over a group of regions. @param[out] out shape [e->n_pairs] of indices. */
size_t hep_evaluated_pairs(size_t *out, const struct hep_evaluated *e, enum hep_eval_map map,
                           enum hep_eval_group group);

/** All figures, for evaluation.json. */
int hep_evaluated_json(struct hep_json **out, const struct hep_evaluated *e,
                       struct hep_error *err) HEP_MUST_CHECK;
/** A page for people. */
void hep_evaluated_text(struct hep_str *out, const struct hep_evaluated *e);
/** froc.svg, sensitivity_by_size.svg, reliability.svg, confusion.svg, bland_altman_MAP.svg; plots
 * without data are left out, and one of an earlier evaluation is removed. */
int hep_evaluated_plots(const struct hep_evaluated *e, const char *dir,
                        struct hep_error *err) HEP_MUST_CHECK;
/** evaluation.json, evaluation.tsv, lesions_matched.tsv and flags_evaluated.tsv with their data
 * dictionaries, and the plots;
 * makes the folder. The dictionary of evaluation.tsv is the member "columns" of evaluation.json. */
int hep_evaluated_write(const struct hep_evaluated *e, const char *dir,
                        struct hep_error *err) HEP_MUST_CHECK;

#endif
