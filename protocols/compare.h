/**
 * @file  protocols/compare.h
 * @brief The same studies under several protocols: what the abbreviated ones would lose.
 *
 * Every study is run under every protocol as a replay (pipeline/replay.h), one output folder per
 * protocol below DIR; what a protocol shares with the first is computed once. Then each output is
 * evaluated against the same reference: the truth, or without one the findings of the first
 * protocol, which then find everything by definition. The first protocol is "full", the others are
 * variants.
 *
 * Valid: a replay takes the study's own timing and its own agent. Where a variant asks for another
 * time, its own studies of the same patients can be given (hep_compare_request.studies_of);
 * otherwise the report says that its window is missed.
 */
#ifndef HEP_PROTOCOLS_COMPARE_H
#define HEP_PROTOCOLS_COMPARE_H

#include "base/log.h"
#include "protocols/loss.h"
#include "protocols/paired.h"
#include "protocols/published.h"
#include "protocols/against.h"
#include "protocols/show.h"
#include "batch/evaluate.h"

/** All borrowed. */
struct hep_compare_request {
    const char *program; /* path of hepar itself; NULL: nothing is run, results are in `out` */
    const char *const *protocols; /* paths or names, the full one first; n >= 2 */
    size_t n_protocols;
    const char *studies, *truth, *out; /* truth NULL: the findings of the first protocol */
    const char *truth_desc;            /* a reader's answers in the folder of truth; NULL */
    const char *const *studies_of;     /* "PROTOCOL=BIDS_DIR" */
    size_t n_studies_of;
    const char *masks; /* liver masks, batch/batch.h; the same for every protocol; NULL */
    const char *const *run_words; /* further words for `hepar run` */
    size_t n_run_words;
    size_t jobs;
    int nthreads; /* of each study */
    size_t replicates;
    uint64_t seed;
    const volatile bool *stop;
};

struct hep_compare_protocol {
    struct hep_config config;
    struct hep_timeline timeline;
    const char *studies; /* borrowed */
    char *out;           /* owned */
    double seconds;      /* that the runs took */
    size_t n_failed;     /* runs */
    struct hep_against against;
    struct hep_evaluated evaluated;
    /* Of a variant, against the first; the first against itself. */
    struct hep_paired paired;
    struct hep_losses losses;
};

struct hep_compared {
    struct hep_compare_protocol *list;
    size_t n;
    bool has_truth;
    struct hep_published published;
};

/**
 * @param[in] progress where the batches write their lines
 * @return HEP_EUSAGE (fewer than two protocols, two of one name), the errors of the protocols, of
 * the batches (a study that fails under a protocol is no error: its lesions are lost, with the
 * reason) and of the evaluation; HEP_ETEMP when stopped. Release in any case.
 */
int hep_compare(struct hep_compared *out, const struct hep_compare_request *request, FILE *progress,
                struct hep_log *log, struct hep_error *err) HEP_MUST_CHECK;
void hep_compared_release(struct hep_compared *c);

/** A page for people. */
void hep_compared_text(struct hep_str *out, const struct hep_compared *c);
int hep_compared_json(struct hep_json **out, const struct hep_compared *c,
                      struct hep_error *err) HEP_MUST_CHECK;
/** Sensitivity by size and time on the table, as drawings. */
int hep_compared_svg(struct hep_str *out, const struct hep_compared *c, bool of_page,
                     struct hep_error *err) HEP_MUST_CHECK;
int hep_compared_html(struct hep_str *out, const struct hep_compared *c,
                      struct hep_error *err) HEP_MUST_CHECK;
/** comparison.json, comparison.tsv, lost_lesions.tsv with its data dictionary, comparison.svg and
 * comparison.html in `dir`. The dictionary of comparison.tsv is the member "columns" of
 * comparison.json. */
int hep_compared_write(const struct hep_compared *c, const char *dir,
                       struct hep_error *err) HEP_MUST_CHECK;

#endif
