#include "cli/commands.h"
#include "cli/run_words.h"

#include "cli/print.h"
#include "base/alloc.h"
#include "base/file.h"
#include "batch/batch.h"
#include "batch/group.h"
#include "batch/status.h"
#include "visits/everyone.h"
#include "pipeline/stop.h"
#include "pipeline/study.h"

#include <math.h>
#include <unistd.h>

struct batch_options {
    struct hep_common_options common;
    const char *bids_dir, *out_dir, *level;
    struct hep_args participants, sessions, set, derivatives;
    const char *protocol, *work, *mem, *align;
    double time_limit;
    long jobs, nthreads, retries;
    bool skip_validation, dry_run, only_failed, stop_on_first_failure, force, verify, follow_links,
        strict, replace, reproducible, no_align, followup;
};

#define S struct batch_options
static const struct hep_option options[] = {
    HEP_OPT_LIST(S, participants, "participant-label", 0, "LABEL",
                 "these subjects only, with or without sub-; or files that list them"),
    HEP_OPT_LIST(S, sessions, "session-label", 0, "LABEL",
                 "these sessions only, with or without ses-; or files that list them"),
    HEP_OPT_FLAG(S, skip_validation, "skip-bids-validation", 0,
                 "accept a folder without dataset_description.json"),
    HEP_OPT(
        TEXT, S, protocol, "protocol", 'p', "PROTOCOL", NULL,
        "for studies that the column protocol of participants.tsv gives none; without it chosen "
        "by agent and series"),
    HEP_OPT_INTEGER(S, jobs, "jobs", 'j', "N", 1, 1024, NULL,
                    "studies at a time; without it one per thread of --nthreads, or 1"),
    HEP_OPT_INTEGER(
        S, nthreads, "nthreads", 0, "N", 1, 4096, NULL,
        "threads in all; without it SLURM_CPUS_PER_TASK, OMP_NUM_THREADS, or all processors"),
    HEP_OPT(TEXT, S, mem, "mem", 0, "SIZE", NULL,
            "memory in all: a number of MB, or with M or G; each study gets its share as a limit"),
    HEP_OPT_NUMBER(S, time_limit, "time-limit", 0, "S", 0, 1e7, NULL,
                   "seconds that one study may take"),
    HEP_OPT_INTEGER(S, retries, "retries", 0, "N", 0, 100, "2",
                    "tries again after temporary failures"),
    HEP_OPT_FLAG(S, dry_run, "dry-run", 'n',
                 "print each study that is selected, its protocol, and whether it would be "
                 "computed and why; write nothing"),
    HEP_OPT_FLAG(S, only_failed, "only-failed", 0, "only studies whose last run failed"),
    HEP_OPT_FLAG(S, stop_on_first_failure, "stop-on-first-failure", 0,
                 "start no more studies after a failure"),
    HEP_OPT(
        DIR_OUT, S, work, "work-dir", 'w', "DIR", NULL,
        "accepted for BIDS Apps: unfinished studies live in hidden folders of the output instead"),
    HEP_OPT_REPEAT(S, derivatives, "derivatives", 'd', "[NAME=]DIR",
                   "folder where masks of liver, lesions and resections of each subject are looked "
                   "for by their BIDS "
                   "names, with NAME those with desc-NAME, or as TotalSegmentator writes them"),
    HEP_OPT_REPEAT(S, set, "set", 0, "KEY=VALUE", "change a setting of every protocol"),
    HEP_OPT(TEXT, S, align, "align", 0, "HOW", NULL, "rigid or deformable, as for hepar run"),
    HEP_OPT_FLAG(S, no_align, "no-align", 0, "series stay in scanner coordinates"),
    HEP_OPT_FLAG(S, force, "force", 'f', "compute everything again"),
    HEP_OPT_FLAG(S, verify, "verify", 0,
                 "hash every file of an earlier result before it counts as unchanged; without it "
                 "size and time "
                 "of a file decide"),
    HEP_OPT_FLAG(
        S, follow_links, "follow-links", 0,
        "read what symbolic links in a study lead to outside of it and its dataset; without it "
        "such a file or folder is left out"),
    HEP_OPT_FLAG(S, strict, "strict", 0,
                 "a study fails where a series is left out because it cannot be used, or one that "
                 "the protocol requires is missing"),
    HEP_OPT_FLAG(S, replace, "replace", 0,
                 "replace what stands in the place of a result, also when another study made it"),
    HEP_OPT_FLAG(S, reproducible, "reproducible", 0,
                 "nothing in the outputs depends on time, host or path"),
    HEP_OPT_FLAG(S, followup, "followup", 0,
                 "then compare the sessions of each person who has several: hepar followup"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(TEXT, S, bids_dir, "bids_dir", "BIDS dataset"),
    HEP_POS(DIR_OUT, S, out_dir, "output_dir", "derivative dataset"),
    HEP_POS(TEXT, S, level, "level",
            "participant: every study; group: gather tables and the group page"),
    { 0 },
};

/* "8000", "8000M", "8G": bytes. */
static int memory_bytes(size_t *out, const char *text, struct hep_error *err)
{
    double unit = 1e6, value = 0.0;
    struct hep_str number = { 0 };
    size_t n = strlen(text);
    int rc;

    if (n > 0 && (text[n - 1] == 'G' || text[n - 1] == 'g'))
        unit = 1e9;
    if (n > 0 && strchr("GgMm", text[n - 1]) != NULL)
        n--;
    hep_str_addn(&number, text, n);
    rc = hep_str_check(&number, err);
    if (rc == HEP_OK)
        rc = hep_parse_double(&value, number.s != NULL ? number.s : "", NULL);
    hep_str_release(&number);
    if (rc != HEP_OK || value <= 0.0 || value * unit > 1e15)
        return HEP_FAIL(err, HEP_EUSAGE, "--mem %s: a number of MB, or with M or G, is wanted",
                        text);
    *out = (size_t)(value * unit);
    return HEP_OK;
}

#define FLAG_WORDS ((size_t)9) /* what run_words() adds beside the settings */

/* Words that every `hepar run` gets; at most FLAG_WORDS and two for each setting. */
static size_t run_words(const char **words, const S *o)
{
    size_t n = 0;

    if (o->force)
        words[n++] = "--force";
    if (o->verify)
        words[n++] = "--verify";
    if (o->follow_links)
        words[n++] = "--follow-links";
    if (o->strict)
        words[n++] = "--strict";
    if (o->replace)
        words[n++] = "--replace";
    if (o->reproducible)
        words[n++] = "--reproducible";
    n = hep_run_words(words, n, o->no_align, o->align, &o->set);
    for (size_t i = 0; i < o->derivatives.n; i++) {
        words[n++] = "--derivatives";
        words[n++] = o->derivatives.items[i];
    }
    return n;
}

static struct hep_dataset_filter filter_of(const S *o)
{
    return (struct hep_dataset_filter){ o->participants.items, o->participants.n, o->sessions.items,
                                        o->sessions.n, o->skip_validation };
}

static int participant(const S *o, struct hep_cli *cli, struct hep_error *err)
{
    int threads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads();
    size_t jobs = o->jobs > 0 ? (size_t)o->jobs : (size_t)threads;
    const char **words =
        hep_calloc(FLAG_WORDS + 2 * (o->set.n + o->derivatives.n), sizeof *words, err);
    char self[4096] = "";
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    struct hep_batch_outcome outcome = { 0 };
    struct hep_batch_request q = {
        .program = self,
        .bids_dir = o->bids_dir,
        .out_dir = o->out_dir,
        .filter = filter_of(o),
        .protocol = o->protocol,
        .run_options = words,
        .n_run_options = words != NULL ? run_words(words, o) : 0,
        .jobs = jobs,
        .nthreads = threads / (int)jobs > 0 ? threads / (int)jobs : 1,
        .time_limit_s = isfinite(o->time_limit) ? o->time_limit : 0.0,
        .retries = (int)o->retries,
        .dry_run = o->dry_run,
        .only_failed = o->only_failed,
        .stop_on_first_failure = o->stop_on_first_failure,
        .json = o->common.log_json,
        .stop = hep_stop_flag(),
    };
    int rc = words == NULL ? HEP_ENOMEM
             : n > 0       ? HEP_OK
                           : HEP_FAIL(err, HEP_EIO, "cannot find the program's own file");

    if (n > 0)
        self[n] = '\0';
    if (rc == HEP_OK && o->mem != NULL)
        rc = memory_bytes(&q.memory_bytes, o->mem, err);
    q.memory_bytes /= jobs;
    if (rc == HEP_OK)
        rc = hep_batch_run(&outcome, &q, cli->out, cli->log, err);
    if ((rc == HEP_OK || rc == HEP_EPARTIAL || rc == HEP_ETEMP) && !o->dry_run)
        (void)fprintf(cli->out,
                      "%zu studies: %zu done (%zu unchanged), %zu failed, %zu not started\n",
                      outcome.n_studies, outcome.n_done, outcome.n_unchanged, outcome.n_failed,
                      outcome.n_not_started);
    free((void *)words);
    return rc;
}

/* After the studies, also when some have failed: what is done can be compared. */
static int follow_everyone(const S *o, struct hep_cli *cli, struct hep_error *err)
{
    struct hep_config_bundle b = { 0 };
    struct hep_everyone everyone = { 0 };
    int rc = hep_config_open(&b, "default", o->set.items, o->set.n, NULL, err);
    const struct hep_followup_request q = {
        .query = { .out_dir = o->out_dir, .bids_dir = o->bids_dir },
        .config = &b.config,
        .derivatives = o->derivatives.items,
        .n_derivatives = o->derivatives.n,
        .nthreads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads(),
        .log = cli->log,
    };

    if (rc == HEP_OK)
        rc = hep_followup_everyone(&everyone, &q, o->participants.items, o->participants.n, err);
    if (rc == HEP_OK || rc == HEP_EPARTIAL)
        (void)fprintf(cli->out,
                      "%zu follow-ups, %zu of them without some session, %zu failed; %zu persons "
                      "with one session\n",
                      everyone.n_done, everyone.n_partial, everyone.n_failed, everyone.n_single);
    hep_config_close(&b);
    return rc;
}

/* Studies of the dataset that no run has reached count as missing. Where the dataset is no longer there the tables are
 * made of the results alone. */
static int expect_dataset(const S *o, struct hep_cli *cli, struct hep_error *err)
{
    struct hep_dataset_filter filter = filter_of(o);
    struct hep_dataset dataset = { 0 };
    struct hep_error e = { 0 };
    int rc = HEP_OK;

    if (hep_dataset_list(&dataset, o->bids_dir, &filter, &e) == HEP_OK)
        rc = hep_status_expect(o->out_dir, &dataset, err);
    else
        hep_log_write(cli->log, HEP_LOG_WARNING, "dataset",
                      "%s; what is missing is known from earlier runs only", e.msg);
    hep_dataset_release(&dataset);
    return rc;
}

static int group(const S *o, struct hep_cli *cli, struct hep_error *err)
{
    struct hep_out_status status = { 0 };
    int rc = hep_is_dir(o->out_dir) ? expect_dataset(o, cli, err) : HEP_OK;

    if (rc == HEP_OK)
        rc = hep_status_read(&status, o->out_dir, err);
    if (rc == HEP_OK)
        rc = hep_group_write(o->out_dir, &status, err);
    if (rc == HEP_OK)
        (void)fprintf(cli->out, "%zu studies: %zu done, %zu failed, %zu running, %zu missing: %s\n",
                      status.n, status.count[HEP_STATE_DONE], status.count[HEP_STATE_FAILED],
                      status.count[HEP_STATE_RUNNING], status.count[HEP_STATE_MISSING], o->out_dir);
    hep_status_release(&status);
    return rc;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const S *o = given;

    if (strcmp(o->level, "participant") == 0) {
        int rc = participant(o, cli, err);

        if (o->followup && !o->dry_run && (rc == HEP_OK || rc == HEP_EPARTIAL)) {
            const int followed = follow_everyone(o, cli, err);

            rc = rc == HEP_OK ? followed : rc;
        }
        return rc;
    }
    if (strcmp(o->level, "group") == 0)
        return group(o, cli, err);
    return HEP_FAIL(err, HEP_ELEVEL, "%s: unknown analysis level; participant and group are known",
                    o->level);
}

static const char *const examples[] = {
    "hepar batch bids results participant --jobs 2",
    "hepar batch bids results participant --participant-label 01 02 -p eob-full",
    "hepar batch bids results group", NULL
};

const struct hep_command hep_cmd_batch = {
    "batch",
    "many studies of a BIDS dataset, and their group tables",
    "One study is one process: what goes wrong in it costs that study only. Studies whose inputs, "
    "settings "
    "and version have not changed are skipped. Stopped at any moment, the same command goes on. "
    "Also installed as hepar-bids, a BIDS App.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};

struct status_options {
    struct hep_common_options common;
    const char *out_dir;
    bool json;
};

static const struct hep_option status_options[] = {
    HEP_OPT_FLAG(struct status_options, json, "json", 0, "print JSON"),
    { 0 },
};
static const struct hep_positional status_positionals[] = {
    HEP_POS(DIR_IN, struct status_options, out_dir, "out_dir",
            "folder that hepar run or batch wrote"),
    { 0 },
};

static int print_json(FILE *out, const struct hep_out_status *s, struct hep_error *err)
{
    struct hep_json *json = NULL;
    int rc = hep_status_json(&json, s, err);

    return rc == HEP_OK ? hep_print_json(out, json, err) : rc;
}

/* A result of another version says so. */
static void print_status(FILE *out, const struct hep_study_status *s)
{
    const bool other =
        s->state == HEP_STATE_DONE && s->version[0] != '\0' && strcmp(s->version, HEP_VERSION) != 0;

    (void)fprintf(out, "%-24s %s%s%s%s%s\n", s->label, hep_state_name(s->state),
                  other ? " with " : "", other ? s->version : "", s->reason[0] != '\0' ? ": " : "",
                  s->reason);
}

/* Nothing in the folder says that Hepar wrote it. */
static int need_output(const struct hep_out_status *s, const char *out_dir, struct hep_error *err)
{
    if (s->count[HEP_STATE_DONE] + s->count[HEP_STATE_FAILED] + s->count[HEP_STATE_RUNNING] > 0 ||
        hep_is_output(out_dir))
        return HEP_OK;
    return HEP_FAIL(err, HEP_EDATASET, "%s: no output of hepar run or batch", out_dir);
}

static int run_status(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct status_options *o = given;
    struct hep_out_status s = { 0 };
    int rc = hep_status_read(&s, o->out_dir, err);

    if (rc == HEP_OK)
        rc = need_output(&s, o->out_dir, err);
    if (rc == HEP_OK && o->json) {
        rc = print_json(cli->out, &s, err);
    } else if (rc == HEP_OK) {
        for (size_t i = 0; i < s.n; i++)
            print_status(cli->out, &s.list[i]);
        (void)fprintf(cli->out, "%zu done, %zu failed, %zu running, %zu missing\n",
                      s.count[HEP_STATE_DONE], s.count[HEP_STATE_FAILED],
                      s.count[HEP_STATE_RUNNING], s.count[HEP_STATE_MISSING]);
    }
    hep_status_release(&s);
    return rc;
}

static const char *const status_examples[] = { "hepar status results",
                                               "hepar status results --json", NULL };
const struct hep_command hep_cmd_status = {
    "status",
    "what became of each study of an output folder",
    "done, failed with its reason, running, or missing: expected by a batch and not there.",
    status_options,
    status_positionals,
    sizeof(struct status_options),
    run_status,
    status_examples
};
