#include "cli/commands.h"

#include "base/alloc.h"
#include "base/file.h"
#include "protocols/compare.h"
#include "pipeline/stop.h"
#include "pipeline/study.h"

#include <unistd.h>

struct compare_options {
    struct hep_common_options common;
    const char *full, *studies, *truth, *masks, *out, *truth_desc;
    struct hep_args variants, studies_of, set;
    long jobs, nthreads, seed;
    bool json, no_align, no_run;
};

#define S struct compare_options
#define RUN_WORDS_MAX 20
static const struct hep_option options[] = {
    HEP_OPT(DIR_IN, S, studies, "studies", 0, "BIDS_DIR", NULL, "studies with all series"),
    HEP_OPT(
        DIR_IN, S, truth, "truth", 0, "DIR", NULL,
        "the truth of exactly these studies, from the simulator or from readers; without it the "
        "findings of FULL"),
    HEP_OPT_TRUTH_DESC(S),
    HEP_OPT(DIR_IN, S, masks, "masks", 0, "DIR", NULL,
            "liver masks, SUB/anat/*_label-liver_mask.nii.gz, used under every protocol, so that "
            "only what is seen inside differs; the truth's folder has them"),
    HEP_OPT_REPEAT(S, studies_of, "studies-of", 0, "PROTOCOL=BIDS_DIR",
                   "other studies of the same patients for one protocol, such as one with another "
                   "time of the hepatobiliary phase"),
    HEP_OPT(DIR_OUT, S, out, "out", 'o', "DIR", "hepar-compare",
            "folder of the results: one output folder per protocol, and the comparison"),
    HEP_OPT_REPEAT(S, set, "set", 0, "KEY=VALUE", "change a setting of every protocol"),
    HEP_OPT_FLAG(S, no_run, "no-run", 0, "run nothing: compare the results that are in DIR"),
    HEP_OPT_FLAG(S, no_align, "no-align", 0, "series stay in scanner coordinates"),
    HEP_OPT_INTEGER(S, jobs, "jobs", 'j', "N", 1, 1024, "1", "studies at a time"),
    HEP_OPT_INTEGER(S, nthreads, "nthreads", 0, "N", 1, 4096, NULL,
                    "threads in all; without it SLURM_CPUS_PER_TASK, OMP_NUM_THREADS, or all "
                    "processors"),
    HEP_OPT_INTEGER(S, seed, "seed", 's', "SEED", 0, 2147483647, "1",
                    "of the bootstrap; the same seed gives the same bytes"),
    HEP_OPT_FLAG(S, json, "json", 0, "print comparison.json instead of a summary"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(TEXT, S, full, "full", "path or name of the full protocol"),
    HEP_POS_MANY(TEXT, S, variants, "amri", "abbreviated protocols"),
    { 0 },
};

static int print(FILE *out, const struct hep_compared *c, const S *o, struct hep_error *err)
{
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    char *dump = NULL;
    int rc;

    if (o->json) {
        rc = hep_compared_json(&json, c, err);
        if (rc == HEP_OK)
            rc = hep_json_dump(&dump, json, err);
        if (rc == HEP_OK)
            (void)fputs(dump, out);
    } else {
        hep_compared_text(&text, c);
        hep_str_addf(&text, "Tables and report: %s\n", o->out);
        rc = hep_str_check(&text, err);
        if (rc == HEP_OK)
            (void)fputs(text.s, out);
    }
    hep_json_free(json);
    free(dump);
    hep_str_release(&text);
    return rc;
}

static int request_from(struct hep_compare_request *q, const char **protocols, const char **words,
                        const S *o, struct hep_error *err)
{
    int threads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads();

    if (o->studies == NULL)
        return HEP_FAIL(err, HEP_EUSAGE, "--studies BIDS_DIR is needed");
    if (o->set.n * 2 + 1 > RUN_WORDS_MAX)
        return HEP_FAIL(err, HEP_EUSAGE, "at most %d settings; put more into the protocols",
                        (RUN_WORDS_MAX - 1) / 2);
    protocols[q->n_protocols++] = o->full;
    for (size_t i = 0; i < o->variants.n; i++)
        protocols[q->n_protocols++] = o->variants.items[i];
    if (o->no_align)
        words[q->n_run_words++] = "--no-align";
    for (size_t i = 0; i < o->set.n; i++) {
        words[q->n_run_words++] = "--set";
        words[q->n_run_words++] = o->set.items[i];
    }
    q->protocols = protocols;
    q->run_words = words;
    q->studies = o->studies;
    q->truth = o->truth;
    q->truth_desc = o->truth != NULL ? o->truth_desc : NULL;
    q->masks = o->masks;
    q->out = o->out;
    q->studies_of = o->studies_of.items;
    q->n_studies_of = o->studies_of.n;
    q->jobs = (size_t)o->jobs;
    q->nthreads = threads / (int)o->jobs > 0 ? threads / (int)o->jobs : 1;
    q->replicates = HEP_BOOTSTRAP_REPLICATES;
    q->seed = (uint64_t)o->seed;
    q->stop = hep_stop_flag();
    return HEP_OK;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const S *o = given;
    struct hep_compare_request q = { 0 };
    struct hep_compared c = { 0 };
    const char *words[RUN_WORDS_MAX];
    const char **protocols = hep_calloc(o->variants.n + 1, sizeof *protocols, err);
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    int rc = protocols == NULL ? HEP_ENOMEM
             : n <= 0          ? HEP_FAIL(err, HEP_EIO, "cannot find the program's own file")
                               : request_from(&q, protocols, words, o, err);

    if (rc == HEP_OK) {
        self[n] = '\0';
        q.program = o->no_run ? NULL : self;
        rc = hep_compare(&c, &q, o->json ? stderr : cli->out, cli->log, err);
    }
    if (rc == HEP_OK)
        rc = hep_compared_write(&c, o->out, err);
    if (rc == HEP_OK)
        rc = print(cli->out, &c, o, err);
    hep_compared_release(&c);
    free((void *)protocols);
    return rc;
}

static const char *const examples[] = {
    "hepar protocol compare eob-full amri-hbp amri-noncontrast --studies bids --truth "
    "bids/derivatives/truth",
    "hepar protocol compare eob-full thick.yml --studies bids --jobs 2 -o comparison", NULL
};

const struct hep_command hep_cmd_protocol_compare = {
    "protocol compare",
    "what abbreviated protocols would lose",
    "Runs the same studies as every protocol would have seen them: without series and b-values "
    "that it does not plan, and with its transforms (thicker slices, fewer averages, lower "
    "signal-to-noise). Then compares lesion by lesion. A replay keeps the study's own times; give "
    "--studies-of for a protocol with other times. Done again, only what has changed is computed.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};
