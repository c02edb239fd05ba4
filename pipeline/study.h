/**
 * @file  pipeline/study.h
 * @brief One study through every stage: what `hepar run` asks for and what it gets.
 */
#ifndef HEP_PIPELINE_STUDY_H
#define HEP_PIPELINE_STUDY_H

#include "base/log.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

struct hep_stage;

/** All texts borrowed; NULL or 0 where not asked for. */
struct hep_study_request {
    const char *study;                     /* folder */
    const struct hep_stage *const *stages; /* the table, report/stage_table.h */
    size_t n_stages;
    const char
        *protocol;     /* path or shipped name; NULL: chosen by agent and series, and said aloud */
    const char *label; /* what the subject is called; NULL: as its folder */
    const char *out;   /* folder of the derivative dataset */
    const char *liver_mask;         /* mask or label map */
    const char *resection_mask;     /* what an operation would remove */
    const char *const *lesions;     /* lesions that the user has: images, or tables of points */
    const char *const *derivatives; /* "[NAME=]PATH", sequences/derivatives.h */
    const char *const *organs;      /* label maps of organs, for hepar measure */
    size_t n_lesions, n_derivatives, n_organs;
    bool with_organs;            /* those of the derivatives count as well */
    const char *const *settings; /* "key=value" */
    size_t n_settings;
    const char *const *command; /* the command line, for run.json; NULL at the end */
    int nthreads;               /* >= 1 */
    bool force;                 /* compute everything again */
    bool follow_links;          /* also where a symbolic link leads out of the study */
    bool verify;  /* the hashes of an earlier result's files decide whether it holds */
    bool dry_run; /* say what would be computed and why; write nothing */
    bool strict;  /* HEP_EDATA for a series that is left out, or one that the protocol requires and
                    the study lacks */
    bool replace; /* whatever stands in the place of the result, pipeline/origin.h */
    bool only_planned;         /* the study as the protocol would have seen it, pipeline/replay.h */
    const char *share;         /* output folder of other settings: what has the same key is taken
                                  from there */
    bool reproducible;         /* nothing in the outputs depends on time, host or path */
    const volatile bool *stop; /* set from outside: finish the stage, then HEP_ETEMP; may be NULL */
};

enum hep_study_state { HEP_STUDY_FAILED, HEP_STUDY_DONE, HEP_STUDY_UNCHANGED, HEP_STUDY_PLANNED };

struct hep_stage_time {
    const char *stage; /* static */
    double seconds;
    bool reused;
};

#define HEP_STAGES_MAX 16
struct hep_study_outcome {
    enum hep_study_state state;
    char label[256];  /* "sub-01_ses-1", empty when not even that is known */
    char folder[512]; /* OUT/sub-01/ses-1 */
    struct hep_stage_time stage[HEP_STAGES_MAX];
    size_t n_stages;
    char why[512]; /* of HEP_STUDY_PLANNED: why it would be computed, and which stages */
    double total_s, read_s, write_s;
    size_t peak_bytes;
};

/**
 * Run one study. On failure an earlier result of the study stays as it was, and the reason is
 * recorded: in run.json when there is no earlier result, else beside it in *_failed.json.
 * @param[out]    out   filled also on failure
 * @param[in,out] caret receives the source line of a configuration error; may be NULL
 * @return HEP_OK or the first failure, its message prefixed by what failed
 */
int hep_study_run(struct hep_study_outcome *out, const struct hep_study_request *request,
                  struct hep_log *log, struct hep_str *caret, struct hep_error *err) HEP_MUST_CHECK;

/** Number of threads when the user names none: SLURM_CPUS_PER_TASK, OMP_NUM_THREADS, processors. */
int hep_default_nthreads(void);

#endif
