/**
 * @file  pipeline/run.h
 * @brief What a running stage sees: settings, log, the study's inventory, and its declared
 * products.
 *
 * Products are owned by the run; a stage borrows inputs and gives outputs away. Asking for a
 * product that the stage does not declare is HEP_EGRAPH.
 */
#ifndef HEP_PIPELINE_RUN_H
#define HEP_PIPELINE_RUN_H

#include "base/json.h"
#include "base/log.h"
#include "base/struct_json.h"
#include "pipeline/stage.h"
#include "terms/role.h"

struct hep_config;
struct hep_inventory;
struct hep_series;
struct hep_agent;

const struct hep_config *hep_run_config(const struct hep_run *run);
struct hep_log *hep_run_log(const struct hep_run *run);
int hep_run_nthreads(const struct hep_run *run);
/** "sub-01" or "sub-01_ses-1": what output names begin with. */
const char *hep_run_label(const struct hep_run *run);
const struct hep_inventory *hep_run_inventory(const struct hep_run *run);
/** The agent in force; NULL when the study has no contrast series and names none. */
const struct hep_agent *hep_run_agent(const struct hep_run *run);
/** Path of a mask that the user gave on the command line; NULL when there is none. */
const char *hep_run_given_mask(const struct hep_run *run, enum hep_role role);
/** The i-th file of lesions or organs that the user gave; NULL at the end. Organs come last. */
struct hep_derivative;
const struct hep_derivative *hep_run_given_region(const struct hep_run *run, size_t i);
/** Where the files of this run are being written; for stages that start other programs. */
const char *hep_run_folder(const struct hep_run *run);

/** OUT/logs/LABEL_NAME.log, for what other programs say; its folder is there. Heap. */
int hep_run_log_path(char **out, const struct hep_run *run, const char *name,
                     struct hep_error *err) HEP_MUST_CHECK;
/** Give a sign of life to runs on other hosts that wait for the study, in a stage that takes long. That the study is no
 * longer this run's is found after the stage. */
void hep_run_keep(const struct hep_run *run);

/** @return HEP_OK with *out NULL when the product is absent (see hep_run_reason). Borrowed. */
int hep_run_volume(struct hep_run *run, const char *name, const struct hep_volume **out,
                   struct hep_error *err) HEP_MUST_CHECK;
int hep_run_labels(struct hep_run *run, const char *name, const struct hep_labels **out,
                   struct hep_error *err) HEP_MUST_CHECK;
/** As a struct of this type; HEP_EGRAPH when it is of another. See HEP_PRODUCT(). */
int hep_run_struct(struct hep_run *run, const char *name, const struct hep_struct_type *type,
                   const void **out, struct hep_error *err) HEP_MUST_CHECK;
/** The series behind a HEP_SLOT_SERIES input; NULL when absent. */
const struct hep_series *hep_run_series(const struct hep_run *run, const char *name);
/**
 * Give up a series that shows nothing that can be used: the run begins again without it.
 * @return HEP_EDATA, for the stage to return
 */
int hep_run_leave_out(struct hep_run *run, const char *name, struct hep_error *err) HEP_MUST_CHECK;
/** True when there is a product of this name and the running stage may read it. */
bool hep_run_knows(const struct hep_run *run, const char *name);
/** The record of the run as it stands (pipeline/record.h), without anything that depends on time,
 * host or path; waits for files on their way. The caller's. */
int hep_run_record(struct hep_json **out, struct hep_run *run,
                   struct hep_error *err) HEP_MUST_CHECK;
/** True when the product was made and is not withheld, whoever reads it. */
bool hep_run_has(const struct hep_run *run, const char *name);
/** Why a product is absent: text for people, never NULL. */
const char *hep_run_reason(const struct hep_run *run, const char *name);

/**
 * Withhold a product of an earlier stage that turned out to be no result: it stays in its file,
 * whose sidecar says so ("Status", "StatusReason"), and later stages see it as absent with this
 * reason. run.json calls it "withheld".
 * @param[in] reason NULL: it is a result after all
 * @return HEP_EGRAPH when the running stage reads nothing of the stage that made it: only what has
 *         been made can be judged
 */
int hep_run_withhold(struct hep_run *run, const char *name, const char *reason,
                     struct hep_error *err) HEP_MUST_CHECK;
/** Why a product is withheld; NULL when it is not. */
const char *hep_run_withheld(const struct hep_run *run, const char *name);

/** False for a map that the setting outputs.maps leaves out and no stage reads: it need not be computed. */
bool hep_run_wants(const struct hep_run *run, const char *name);

/** Give an output: the volume and the sidecar (may be NULL) become the run's, also on failure.
 * Sidecars get Units, Sources and SkullStripped from the run. */
int hep_run_put_volume(struct hep_run *run, const char *name, struct hep_volume *v,
                       struct hep_json *sidecar, struct hep_error *err) HEP_MUST_CHECK;
int hep_run_put_labels(struct hep_run *run, const char *name, struct hep_labels *l,
                       struct hep_json *sidecar, struct hep_error *err) HEP_MUST_CHECK;
/** `data` from hep_struct_new(). */
int hep_run_put_struct(struct hep_run *run, const char *name, const struct hep_struct_type *type,
                       void *data, struct hep_error *err) HEP_MUST_CHECK;
/** Say that an optional output stays away, and why. */
void hep_run_put_absent(struct hep_run *run, const char *name, const char *fmt, ...)
    HEP_PRINTF(3, 4);
/** Write a further file of the study (report, TSV): atomic, hashed, listed in run.json. `path` is
 * below the study's folder. */
int hep_run_put_file(struct hep_run *run, const char *path, const void *data, size_t n,
                     struct hep_error *err) HEP_MUST_CHECK;

/**
 * The door of a product that is a struct: hep_run_NAME() borrows it, NULL when it is absent;
 * hep_run_put_NAME() gives it, made by hep_NAME_new(). `struct strct` has the table hep_NAME_type.
 */
#define HEP_PRODUCT(name, strct)                                                                   \
    extern const struct hep_struct_type hep_##name##_type;                                         \
    static inline struct strct *hep_##name##_new(struct hep_error *err)                            \
    {                                                                                              \
        return hep_struct_new(&hep_##name##_type, err);                                            \
    }                                                                                              \
    static inline int hep_run_##name(struct hep_run *run, const struct strct **out,                \
                                     struct hep_error *err)                                        \
    {                                                                                              \
        const void *data = NULL;                                                                   \
        int rc = hep_run_struct(run, #name, &hep_##name##_type, &data, err);                       \
                                                                                                   \
        *out = data;                                                                               \
        return rc;                                                                                 \
    }                                                                                              \
    static inline int hep_run_put_##name(struct hep_run *run, struct strct *data,                  \
                                         struct hep_error *err)                                    \
    {                                                                                              \
        return hep_run_put_struct(run, #name, &hep_##name##_type, data, err);                      \
    }                                                                                              \
    struct strct

#endif
