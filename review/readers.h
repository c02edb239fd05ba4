/**
 * @file  review/readers.h
 * @brief Two readers of the same studies: how far they agree, and what they agree on.
 *
 * Units are lesions: all that Hepar found, and all that a reader added. Of each: kept by both? where both kept it, class
 * and flags (Cohen's kappa with its interval), outlines (Dice) and long diameters (limits of agreement). A flag that one
 * of them could not say, or did not answer, is counted and left out. Written: FOLDER/agreement.json, agreement.tsv and
 * readers_lesions.tsv with their dictionaries; beside each study LABEL_desc-consensus_lesions.json and its label map: the
 * lesions that both kept, voxels that both drew, class and flags on which both agree; the rest is "open", for a third
 * reader.
 */
#ifndef HEP_REVIEW_READERS_H
#define HEP_REVIEW_READERS_H

#include "base/text.h"
#include "evaluation/agreement.h"
#include "evaluation/kappa.h"
#include "review/pairs.h"

struct hep_agreed {
    const char *what; /* "lesion", "class", name of a flag */
    struct hep_rated rated;
    size_t left_out; /* pairs without two answers */
};
#define HEP_AGREED_MAX (HEP_FLAG_COUNT + 2)

struct hep_readers {
    const char *names[2]; /* borrowed */
    struct hep_dataset studies;
    struct hep_read_study *study; /* beside studies */
    size_t n, n_pairs, n_both;
    struct hep_agreed agreed[HEP_AGREED_MAX];
    double dice[3];                /* median and quartiles over the lesions that both kept; NaN */
    struct hep_agreement diameter; /* second minus first [mm] */
};

/** @return HEP_EUSAGE, HEP_ENOENT (no study that both have read), as hep_read_study_open(). Release in any case. */
int hep_readers_compare(struct hep_readers *out, const char *out_dir, const char *const readers[2],
                        struct hep_error *err) HEP_MUST_CHECK;
void hep_readers_release(struct hep_readers *r);
void hep_readers_text(struct hep_str *out, const struct hep_readers *r);
int hep_readers_write(const struct hep_readers *r, const char *folder,
                      struct hep_error *err) HEP_MUST_CHECK;
/** The consensus of every study, beside it. */
int hep_readers_consensus(const struct hep_readers *r, struct hep_error *err) HEP_MUST_CHECK;

#endif
