/**
 * @file  protocols/loss.h
 * @brief What a variant loses of what the full protocol had: lesions with the reason, flags that
 * can no longer be judged, and measurements that change. Read from the lesions.json of both.
 */
#ifndef HEP_PROTOCOLS_LOSS_H
#define HEP_PROTOCOLS_LOSS_H

#include "pipeline/config/config.h"
#include "batch/evaluate.h"

enum hep_loss_kind {
    HEP_LOSS_NOT_FOUND, /* found by the full protocol only */
    HEP_LOSS_NOT_CALLED /* a metastasis that is found by both, and called so by the full one only */
};
const char *hep_loss_kind_name(enum hep_loss_kind kind);

struct hep_loss {
    enum hep_loss_kind kind;
    size_t study, lesion; /* indices of the evaluation */
    char *reason;         /* owned */
    /* For tables; texts are those of the full side. */
    const char *protocol, *label, *class, *words; /* the variant; study; true class or NULL; kind */
    int id;
    double long_axis_mm;
};

/** A flag over the lesions that both find. */
struct hep_flag_loss {
    size_t both;       /* lesions */
    size_t assessable; /* under the full protocol */
    size_t lost;       /* of these, under the variant no longer */
    char reason[400];  /* the variant's words at the first of these */
};

/** A measurement of the lesions that both find: variant minus full. */
struct hep_measure_change {
    const char *name, *unit; /* static */
    struct hep_map_agreement agreement;
};
#define HEP_MEASURE_CHANGES_MAX 8

struct hep_losses {
    struct hep_loss *list;
    size_t n;
    struct hep_flag_loss flag[HEP_FLAG_COUNT];
    struct hep_measure_change change[HEP_MEASURE_CHANGES_MAX];
    size_t n_changes;
};

/** One protocol's side. Borrowed. */
struct hep_loss_side {
    const struct hep_config *config;
    const struct hep_evaluated *evaluated;
    const char *out_dir;
};

/**
 * @param[in] replicates, seed of the intervals by patient
 * @return HEP_ENOMEM; errors of the files. Release in any case.
 */
int hep_losses_find(struct hep_losses *out, const struct hep_loss_side *full,
                    const struct hep_loss_side *variant, size_t replicates, uint64_t seed,
                    struct hep_error *err) HEP_MUST_CHECK;
void hep_losses_release(struct hep_losses *l);

#endif
