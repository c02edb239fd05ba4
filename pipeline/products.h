/**
 * @file  pipeline/products.h
 * @brief The run's store: every product of the stage table with its key, its state and, once
 * somebody asked for it, its data. Internal to the runner; stages see pipeline/run.h.
 *
 * The key of a series is the hash of its files and of what is known of its acquisition; the key of
 * a stage is the hash of the program's version, the settings that the stage reads and the keys of
 * its inputs; the key of a product follows from its stage's. So what must be computed again is
 * known before anything is read.
 */
#ifndef HEP_PIPELINE_PRODUCTS_H
#define HEP_PIPELINE_PRODUCTS_H

#include "base/json.h"
#include "base/sha256.h"
#include "pipeline/given_files.h"
#include "pipeline/outdir.h"
#include "pipeline/replay.h"
#include "pipeline/config/config.h"
#include "pipeline/run.h"
#include "sequences/lines.h"

/** Reason of a map that is absent because nobody asked for it. */
#define HEP_LEFT_OUT "the setting outputs.maps does not name it"

enum hep_product_state {
    HEP_PRODUCT_UNKNOWN, /* its stage has not run */
    HEP_PRODUCT_ABSENT,
    HEP_PRODUCT_PRESENT
};

struct hep_product {
    const struct hep_slot *slot; /* as its maker declares it */
    size_t stage;                /* its maker */
    enum hep_product_state state;
    char key[HEP_SHA256_HEX];
    char *reason; /* of absence */
    /* The setting outputs.maps does not name it: it gets no file, and is made only for the stages that read it. */
    bool left_out;
    /* Why a later stage withholds it: made and in its file, but no result. NULL otherwise; owned.
     */
    char *withheld;
    size_t withheld_by; /* that stage */
    char *path;         /* saved file, absolute or relative as the output folder is; owned */
    const struct hep_series *series;
    struct hep_volume *volume;
    bool looked_at; /* the volume, for signals that cannot be */
    struct hep_labels *labels;
    void *data; /* by slot->type; owned */
};

/** A file of the study as it stands in run.json. */
struct hep_written {
    char *path; /* below the study's folder */
    char sha256[HEP_SHA256_HEX];
    size_t bytes;
    size_t stage; /* that made it; n_stages for files of the run itself */
};

struct hep_record;
struct hep_writer;
struct hep_run {
    const struct hep_config *cfg;
    const struct hep_agent *agent;
    struct hep_log *log;
    const struct hep_inventory *inventory;
    struct hep_given_files given;    /* masks and lesions of the user; owned */
    const struct hep_record *record; /* borrowed; see hep_run_record() */
    char *label;                     /* "sub-01_ses-1" */
    int nthreads;
    int gzip_level;
    bool reproducible;
    struct hep_outdir out;
    const struct hep_stage *const *stages;
    size_t n_stages;
    struct hep_product *products;
    size_t n_products;
    size_t current; /* index of the running stage; n_stages between stages */
    struct hep_written *written;
    size_t n_written;
    struct hep_series *split; /* phases cut out of a 4-D dynamic: frames owned, the rest borrowed */
    size_t n_split;
    struct hep_lines unreadable; /* names of series whose data cannot be read, each followed by the
                                    reason */
    bool only_planned;           /* the study is seen as the protocol would have */
    struct hep_replay replay;    /* series that are not seen as they are */
    struct hep_writer *writer;   /* NULL until there is something to write */
    double write_s, read_s;      /* time that stages waited for files, for --timings */
};

/** Path of a file below the study's folder; the base name of a file that lies elsewhere. */
const char *hep_run_relative(const struct hep_run *run, const char *path);

int hep_products_init(struct hep_run *run, struct hep_error *err) HEP_MUST_CHECK;
void hep_products_release(struct hep_run *run);
/** Settle which products outputs.maps leaves out. HEP_ECONFIG for a name that no map has. */
int hep_products_leave_out(struct hep_run *run, struct hep_error *err) HEP_MUST_CHECK;
bool hep_product_is_read(const struct hep_run *run, const char *name);
/** NULL when nobody makes it. */
struct hep_product *hep_product_find(const struct hep_run *run, const char *name);
/** Read the series that the stages wait for, side by side. A file that cannot be read is left to
 * the stage that asks for it.
 * @param[in] skip n_stages: stages that will not run */
int hep_products_read_ahead(struct hep_run *run, const bool *skip,
                            struct hep_error *err) HEP_MUST_CHECK;
/** The first series in the order in which a series becomes the reference of the findings; NULL: none.
 * @param[in] inputs only those that a stage reads; NULL: any
 * @param[in] grid   only those on this grid; NULL: on any */
const struct hep_series *hep_products_series_on(const struct hep_run *run,
                                                const struct hep_slot *inputs,
                                                const struct hep_grid *grid);
/** Whether the study has a series that a protocol plans, seen as the protocol does. */
bool hep_products_have_planned(const struct hep_run *run, enum hep_planned planned);
/** A product whose data a stage may use. */
bool hep_product_usable(const struct hep_product *p);
/** Products that a stage left unknown become absent; a required one is HEP_EGRAPH. */
int hep_products_close_stage(struct hep_run *run, size_t stage, bool reused,
                             struct hep_error *err) HEP_MUST_CHECK;

#endif
