#include "cli/commands.h"
#include "cli/run_words.h"

#include "base/alloc.h"
#include "base/file.h"
#include "batch/batch.h"
#include "pipeline/study.h"
#include "pipeline/stop.h"
#include "validation/validate.h"

#include <unistd.h>

struct validate_options {
    struct hep_common_options common;
    const char *bids_dir, *out_dir, *truth, *protocol, *align;
    struct hep_args participants, set;
    long jobs, nthreads, seed;
    bool given, share, no_run, no_align;
};

#define S struct validate_options
static const struct hep_option options[] = {
    HEP_OPT_FLAG(S, given, "given", 0,
                 "give the true lesions to the runs (derivatives/given) and score classes and "
                 "flags only; use a "
                 "folder of results of its own"),
    HEP_OPT_FLAG(S, share, "share", 0,
                 "write OUT/validation/share.tar.gz as well: figures and a row per lesion under "
                 "running numbers, "
                 "without images, names, places or dates"),
    HEP_OPT(DIR_IN, S, truth, "truth", 0, "DIR", NULL,
            "folder of the truth; without it derivatives/truth of the dataset"),
    HEP_OPT_FLAG(S, no_run, "no-run", 0, "score the results that are there; compute nothing"),
    HEP_OPT_LIST(
        S, participants, "participant-label", 0, "LABEL",
        "run these subjects only, with or without sub-; the report is of all that the truth holds"),
    HEP_OPT(TEXT, S, protocol, "protocol", 'p', "PROTOCOL", NULL,
            "for all studies, as for hepar batch"),
    HEP_OPT_INTEGER(S, jobs, "jobs", 'j', "N", 1, 1024, NULL,
                    "studies at a time; without it one per thread of --nthreads"),
    HEP_OPT_NTHREADS(S),
    HEP_OPT_REPEAT(S, set, "set", 0, "KEY=VALUE", "change a setting of every run"),
    HEP_OPT(TEXT, S, align, "align", 0, "HOW", NULL, "rigid or deformable, as for hepar run"),
    HEP_OPT_FLAG(S, no_align, "no-align", 0, "series stay in scanner coordinates"),
    HEP_OPT_INTEGER(S, seed, "seed", 0, "N", 0, 2147483647, "1", "seed of the bootstrap"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(DIR_IN, S, bids_dir, "bids_dir",
            "dataset with truth, as hepar dataset or simulate makes it"),
    HEP_POS(DIR_OUT, S, out_dir, "out_dir", "folder of results; made, or gone on with"),
    { 0 },
};

#define FIXED_WORDS ((size_t)8) /* what run_words() adds beside the settings */

/* Words that every run gets. @param[in] given "DIR" of the lesions; NULL: they are looked for */
static size_t run_words(const char **words, const S *o, const char *given)
{
    char links[16];
    size_t n = 0;

    hep_validate_links(links, o->bids_dir);
    if (strcmp(links, "symbolic") == 0)
        words[n++] = "--follow-links";
    if (given != NULL) {
        words[n++] = "--derivatives";
        words[n++] = given;
    }
    n = hep_run_words(words, n, o->no_align, o->align, &o->set);
    return n;
}

static int run_studies(const S *o, struct hep_cli *cli, struct hep_error *err)
{
    const int threads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads();
    const size_t jobs = o->jobs > 0 ? (size_t)o->jobs : (size_t)threads;
    const char **words = hep_calloc(FIXED_WORDS + 2 * o->set.n, sizeof *words, err);
    char *given = o->given ? hep_path_join(o->bids_dir, "derivatives/given", err) : NULL;
    char self[4096] = "";
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    struct hep_batch_outcome outcome = { 0 };
    struct hep_batch_request q = { .program = self,
                                   .bids_dir = o->bids_dir,
                                   .out_dir = o->out_dir,
                                   .filter = { .subjects = o->participants.items,
                                               .n_subjects = o->participants.n },
                                   .protocol = o->protocol,
                                   .run_options = words,
                                   .jobs = jobs,
                                   .nthreads = threads / (int)jobs > 0 ? threads / (int)jobs : 1,
                                   .retries = 2,
                                   .json = o->common.log_json,
                                   .stop = hep_stop_flag() };
    int rc = words == NULL || (o->given && given == NULL) ? HEP_ENOMEM
             : n > 0                                      ? HEP_OK
                     : HEP_FAIL(err, HEP_EIO, "cannot find the program's own file");

    if (rc == HEP_OK && o->given && !hep_is_dir(given))
        rc = HEP_FAIL(err, HEP_ENOENT, "%s: no such folder: the dataset holds no lesions to give",
                      given);
    if (rc == HEP_OK) {
        q.n_run_options = run_words(words, o, given);
        rc = hep_batch_run(&outcome, &q, cli->out, cli->log, err);
    }
    free((void *)words);
    free(given);
    return rc;
}

static int run(const void *options_given, struct hep_cli *cli, struct hep_error *err)
{
    const S *o = options_given;
    const struct hep_validate_request q = { .bids_dir = o->bids_dir,
                                            .out_dir = o->out_dir,
                                            .truth = o->truth,
                                            .given = o->given,
                                            .share = o->share,
                                            .seed = (uint64_t)o->seed,
                                            .nthreads = o->nthreads > 0 ? (int)o->nthreads
                                                                        : hep_default_nthreads(),
                                            .log = cli->log };
    struct hep_validated v = { 0 };
    struct hep_error of_runs = { 0 };
    const int ran = o->no_run ? HEP_OK : run_studies(o, cli, &of_runs);
    int rc = HEP_OK;

    /* Studies that failed are part of what a validation says. */
    if (ran != HEP_OK && ran != HEP_EPARTIAL)
        return HEP_FAIL(err, of_runs.code, "%s", of_runs.msg);
    rc = hep_validate(&v, &q, err);
    if (rc == HEP_OK) {
        (void)fputs(v.summary.s != NULL ? v.summary.s : "", cli->out);
        (void)fprintf(cli->out, "Report: %s\n", v.report);
        if (v.archive != NULL)
            (void)fprintf(cli->out, "To send back: %s\n", v.archive);
        if (ran == HEP_EPARTIAL)
            rc =
                HEP_FAIL(err, HEP_EPARTIAL, "%zu of %zu studies have no result; the report says so",
                         v.n_studies - v.n_done, v.n_studies);
    }
    hep_validated_release(&v);
    return rc;
}

static const char *const examples[] = { "hepar validate bids results --jobs 2",
                                        "hepar validate bids results-given --given",
                                        "hepar validate bids results --no-run --share", NULL };

const struct hep_command hep_cmd_validate = {
    "validate",
    "what the program is worth on a dataset with truth",
    "Runs every study (hepar batch), scores the results beside the truth (hepar evaluate) and "
    "writes a report as a page "
    "and as Markdown into OUT/validation: population, missing series and exclusions, detection by "
    "size with free "
    "response, classes beside what was published, flags, the liver beside its raters, the "
    "inventory, calibration, the "
    "failures that weigh most with pictures, time, memory, version and hashes; intervals by "
    "patient. Stopped at any "
    "moment, the same command goes on. See docs/validation.md.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};
