#include "cli/commands.h"

#include "batch/calibrate.h"
#include "cli/print.h"
#include "pipeline/config/config.h"
#include "pipeline/study.h"

#include <math.h>
#include <stdlib.h>

struct calibrate_options {
    struct hep_common_options common;
    const char *out_dir, *truth, *out, *flags, *detection, *from_evidence, *from_flags,
        *from_detection, *date, *test_out, *test_truth, *tested_on, *trained_on, *card, *truth_desc;
    double weight, false_per_study, hold_out;
    long folds, seed, nthreads;
    bool json;
};

#define S struct calibrate_options
static const struct hep_option options[] = {
    HEP_OPT(FILE_OUT, S, out, "out", 'o', "FILE", NULL,
            "table of evidence that is written, for lesions.evidence.table"),
    HEP_OPT(FILE_OUT, S, detection, "detection", 0, "FILE", NULL,
            "table of detection that is fitted and written as well, for lesions.detection.table; "
            "the truth must name every lesion of the studies"),
    HEP_OPT(FILE_OUT, S, flags, "flags", 0, "FILE", NULL,
            "table that turns margins of flags into probabilities, fitted and written as well, for "
            "lesions.flags.table; the truth must say of lesions which flags they have"),
    HEP_OPT(TEXT, S, from_evidence, "from-evidence", 0, "FILE", "evidence.yml",
            "table that the likelihoods are drawn towards: a name among the shipped files, or a "
            "path with a slash"),
    HEP_OPT(TEXT, S, from_flags, "from-flags", 0, "FILE", "flags.yml",
            "table that biases, errors and rates of flags are drawn towards, named likewise"),
    HEP_OPT(TEXT, S, from_detection, "from-detection", 0, "FILE", "detection.yml",
            "table that the coefficients are drawn towards, named likewise"),
    HEP_OPT_NUMBER(S, weight, "weight", 0, "LESIONS", 0.1, 10000, "50",
                   "how many lesions of each class the likelihoods before count as"),
    HEP_OPT_NUMBER(S, false_per_study, "false-per-study", 0, "N", 0.05, 20, "1",
                   "false candidates that the limit of detection lets through"),
    HEP_OPT_INTEGER(S, folds, "folds", 0, "N", 2, 100, "5",
                    "parts of the cross-validation; a patient is in one of them"),
    HEP_OPT(TEXT, S, date, "date", 0, "DATE", "not stated", "YYYY-MM-DD, written into the tables"),
    HEP_OPT(TEXT, S, trained_on, "trained-on", 0, "TEXT", "unnamed studies",
            "which studies, for readers of the tables"),
    HEP_OPT(DIR_IN, S, test_out, "test-out", 0, "DIR", NULL,
            "results of studies that nothing is fitted on: figures of the new tables on them"),
    HEP_OPT(PATH_IN, S, test_truth, "test-truth", 0, "TRUTH", NULL, "their truth"),
    HEP_OPT_TRUTH_DESC(S),
    HEP_OPT_NUMBER(S, hold_out, "hold-out", 0, "SHARE", 0.05, 0.9, NULL,
                   "share of the persons that nothing is fitted on, drawn by their labels: figures "
                   "of the new tables "
                   "on them"),
    HEP_OPT(FILE_OUT, S, card, "card", 0, "FILE", NULL,
            "model card that is written as well, Markdown"),
    HEP_OPT(TEXT, S, tested_on, "tested-on", 0, "TEXT", "unnamed studies", "which these are"),
    HEP_OPT_FLAG(S, json, "json", 0, "print JSON instead of a summary"),
    HEP_OPT_INTEGER(S, seed, "seed", 's', "SEED", 0, 2147483647, "1", "of the bootstrap"),
    HEP_OPT_INTEGER(S, nthreads, "nthreads", 0, "N", 1, 4096, NULL,
                    "threads; without it SLURM_CPUS_PER_TASK, OMP_NUM_THREADS, or all processors"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(DIR_IN, S, out_dir, "out_dir", "folder of results, of hepar run or batch"),
    HEP_POS(
        PATH_IN, S, truth, "truth",
        "folder of the truth, from the simulator or from readers; or a TSV with participant_id, "
        "class, and label or x, y, z of the lesions that are known"),
    { 0 },
};

static int print_result(FILE *out, const struct hep_calibrated *c, bool json, struct hep_error *err)
{
    struct hep_json *document = NULL;
    struct hep_str text = { 0 };
    int rc;

    if (!json) {
        hep_calibrated_text(&text, c);
        return hep_print_text(out, &text, err);
    }
    rc = hep_calibrated_json(&document, c, err);
    return rc == HEP_OK ? hep_print_json(out, document, err) : rc;
}

static int check(const struct calibrate_options *o, struct hep_error *err)
{
    if (o->out == NULL)
        return HEP_FAIL(err, HEP_EUSAGE, "-o FILE is needed: the table of evidence");
    if ((o->test_out == NULL) != (o->test_truth == NULL))
        return HEP_FAIL(err, HEP_EUSAGE, "--test-out and --test-truth go together");
    if (o->test_out != NULL && isfinite(o->hold_out))
        return HEP_FAIL(err, HEP_EUSAGE, "--hold-out and --test-out exclude each other");
    return HEP_OK;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct calibrate_options *o = given;
    const struct hep_calibrated_files files = { o->out, o->flags, o->detection };
    char *evidence = NULL, *flags = NULL, *detection = NULL, tested_on[80];
    struct hep_calibrated c = { 0 };
    struct hep_calibrate_request q;
    int rc = check(o, err);

    if (isfinite(o->hold_out))
        (void)snprintf(tested_on, sizeof tested_on, "%.0f %% of the same persons, held out",
                       100.0 * o->hold_out);
    else
        (void)snprintf(tested_on, sizeof tested_on,
                       "the same patients, each by the others (%ld parts)", o->folds);
    if (rc == HEP_OK)
        rc = hep_config_find_file(&evidence, o->from_evidence, err);
    if (rc == HEP_OK)
        rc = hep_config_find_file(&flags, o->from_flags, err);
    if (rc == HEP_OK)
        rc = hep_config_find_file(&detection, o->from_detection, err);
    q = (struct hep_calibrate_request){ .out_dir = o->out_dir,
                                        .truth = o->truth,
                                        .truth_desc = o->truth_desc,
                                        .evidence = evidence,
                                        .flags = flags,
                                        .detection = detection,
                                        .weight = o->weight,
                                        .false_per_study = o->false_per_study,
                                        .n_folds = (size_t)o->folds,
                                        .replicates = HEP_BOOTSTRAP_REPLICATES,
                                        .seed = (uint64_t)o->seed,
                                        .date = o->date,
                                        .trained_on = o->trained_on,
                                        .tested_on = o->test_out != NULL ? o->tested_on : tested_on,
                                        .test_out = o->test_out,
                                        .test_truth = o->test_truth,
                                        .hold_out = isfinite(o->hold_out) ? o->hold_out : 0.0,
                                        .wants_flags = o->flags != NULL,
                                        .wants_detection = o->detection != NULL,
                                        .nthreads = o->nthreads > 0 ? (int)o->nthreads
                                                                    : hep_default_nthreads(),
                                        .log = cli->log };
    if (rc == HEP_OK)
        rc = hep_calibrate(&c, &q, err);
    if (rc == HEP_OK)
        rc = hep_calibrated_write(&c, &files, err);
    if (rc == HEP_OK && o->card != NULL)
        rc = hep_calibrated_card(&c, &q, o->card, err);
    if (rc == HEP_OK)
        rc = print_result(cli->out, &c, o->json, err);
    hep_calibrated_release(&c);
    free(evidence);
    free(flags);
    free(detection);
    return rc;
}

static const char *const examples[] = {
    "hepar calibrate out bids/derivatives/truth -o ./evidence.yml",
    "hepar calibrate out biopsies.tsv --date 2026-11-28 -o ./evidence.yml --weight 20", NULL
};

const struct hep_command hep_cmd_calibrate = {
    "calibrate",
    "tables of evidence, flags and detection fitted to results with truth",
    "Fits the likelihoods of flags and measures in every class, slope and intercept of the "
    "probability, what makes a candidate a lesion, and how far the margin of a flag can be "
    "believed, to finished results with truth; prints "
    "figures before and after, the latter cross-validated by patient, with bootstrap intervals "
    "by patient. At least 10 metastases, 10 other lesions and 5 patients are needed; fewer, one "
    "class only, two truths for one finding, or truth without results are exit code 65 or 66 and "
    "nothing is written.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};
