/**
 * @file  pipeline/record.h
 * @brief run.json: what was done to a study, with what, and what came out. It is also the memory
 * from which the next run knows what it need not compute again. Internal to the runner.
 *
 * {"version", "state", "exit_code", "error", "failed_stage", "study", "protocol", "agent", "replay": {"without":
 * [series that the protocol does not plan], "changed": {series: how}}, "command", "settings":
 * {...} (effective file as text), "inputs": [{"path", "sha256", "role", ...}], "roles", "warnings":
 * [...], "stages": [{"name", "key", "warnings", "products": {NAME: {"state", "withheld_by",
 * "reason", "left_out", "file", "results"}}, "state", "seconds"}], "outputs": [{"path", "sha256", "bytes",
 * "stage"}], "peak_memory_bytes", "threads", "study_folder_sha256": hash of the folder's canonical
 * path}. A product is "present", "absent" with a reason, or "withheld" with a reason by a later
 * stage that found it to be no result. With reproducible set nothing in it depends on time, host or
 * path.
 */
#ifndef HEP_PIPELINE_RECORD_H
#define HEP_PIPELINE_RECORD_H

#include "pipeline/products.h"
#include "base/json_put.h"
#include "pipeline/study.h"

#include <time.h>

/** What one stage did in this run. */
struct hep_stage_record {
    char key[HEP_SHA256_HEX];
    bool reused;
    double seconds;
    size_t first_warning, end_warning; /* of the log */
};

struct hep_record_input {
    char *file; /* where it was read, not written to run.json */
    char *path; /* below the study's folder, or the file's name alone */
    char sha256[HEP_SHA256_HEX];
    const char *role;
};

struct hep_record {
    struct hep_stage_record stage[HEP_STAGES_MAX];
    struct hep_record_input *inputs;
    size_t n_inputs;
    size_t first_warning;     /* of the log when the study began */
    char started[32];         /* when the run began, UTC, ISO 8601 */
    double start_s;           /* the same on the clock of omp_get_wtime() */
    const char *failed_stage; /* static; NULL: none, or the failure was in no stage */
    char
        study_folder_sha256[HEP_SHA256_HEX]; /* of the folder's canonical path: pipeline/origin.h */
};
void hep_record_release(struct hep_record *r);
int hep_record_add_input(struct hep_record *r, const char *file, const char *path, const char *role,
                         const char *sha256, struct hep_error *err) HEP_MUST_CHECK;

/**
 * The document of a finished or failed run.
 * @param[in] failure NULL or HEP_OK for success
 */
int hep_record_json(struct hep_json **out, const struct hep_run *run, const struct hep_record *r,
                    const struct hep_study_request *request, const struct hep_error *failure,
                    struct hep_error *err) HEP_MUST_CHECK;

/** Every setting in force, as it would be written in a protocol: {"key": "value"}. */
struct hep_json *hep_record_settings(const struct hep_config *cfg, struct hep_put *put);

/**
 * What a stage left out of the files of the earlier result has to be made again for a stage that reads it and will run.
 * @param[in,out] reusable n_stages
 */
void hep_record_make_left_out(bool *reusable, const struct hep_run *run,
                              const struct hep_json *earlier);

/** Entry of a stage in an earlier run.json; NULL when there is none. */
const struct hep_json *hep_record_stage(const struct hep_json *earlier, const char *stage);

/** An earlier record where it lies. */
struct hep_record_of {
    const struct hep_json *json; /* borrowed; NULL: none */
    const char *folder;          /* borrowed */
    bool dated;                  /* `written` is known */
    struct timespec written;     /* when its file was, which is the last of a result */
};
void hep_record_look(struct hep_record_of *of, const struct hep_json *earlier, const char *folder,
                     const char *label);
/**
 * True when an earlier stage entry has this key, its structs can be read, and every file of it is there. Of a
 * file that is not younger than the record the size decides, of others the SHA-256.
 * @param[in] verify the SHA-256 of every file decides: before it is handed on, and when asked
 */
bool hep_record_reusable(const struct hep_record_of *of, const struct hep_stage *stage,
                         const char *key, bool verify);

/** Take a stage's products, files and warnings from an earlier run instead of running it. */
int hep_record_restore(struct hep_run *run, size_t stage, const struct hep_json *earlier,
                       struct hep_error *err) HEP_MUST_CHECK;

/** Only the products: their state, reason, results, and the path of their files below run->out.tmp.
 */
int hep_record_restore_products(struct hep_run *run, size_t stage, const struct hep_json *earlier,
                                struct hep_error *err) HEP_MUST_CHECK;

size_t hep_peak_memory_bytes(void);

#endif
