#include "cli/commands.h"

#include "base/file.h"
#include "pipeline/study.h"
#include "report/reopen.h"
#include "report/review_page.h"
#include "review/apply.h"

#include <stdlib.h>

struct review_options {
    struct hep_common_options common;
    const char *folder, *study, *out, *reader, *apply;
    long nthreads;
    bool blind, timed;
};
#define S struct review_options

static const struct hep_option options[] = {
    HEP_OPT(DIR_IN, S, study, "study", 0, "STUDY", NULL,
            "the study that the results were made from; without it the page shows maps alone, and "
            "outlines that were drawn cannot be measured again"),
    HEP_OPT(
        FILE_IN, S, apply, "apply", 0, "FILE", NULL,
        "write no page, but take back what a reader saved in it: LABEL_desc-READER_lesions.json "
        "and .tsv and a label map beside Hepar's own"),
    HEP_OPT(FILE_OUT, S, out, "out", 'o', "FILE", NULL,
            "where to write the page; without it LABEL_review.html in the folder"),
    HEP_OPT(TEXT, S, reader, "reader", 0, "CODE", NULL,
            "who reads, letters and digits; without it the reader types it in the page"),
    HEP_OPT_FLAG(S, blind, "blind", 0,
                 "Hepar's classes and flags stay hidden until the reader has answered each"),
    HEP_OPT_FLAG(S, timed, "timed", 0, "record the time spent with each lesion"),
    HEP_OPT_NTHREADS(S),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(DIR_IN, S, folder, "study_out_dir",
            "results of one study: OUT/sub-01 or OUT/sub-01/ses-1"),
    { 0 },
};

static int write_page(const S *o, struct hep_reopened *r, FILE *out, struct hep_error *err)
{
    const struct hep_report_source source = { .run = &r->run,
                                              .record = r->record,
                                              .measures = r->measures };
    const struct hep_review_page how = {
        .form = true, .blind = o->blind, .timed = o->timed, .reader = o->reader
    };
    struct hep_str html = { 0 };
    char *path = NULL;
    int rc = hep_review_page_html(&html, &source, &how, err);

    if (rc == HEP_OK) {
        path = o->out != NULL ? hep_strdup(o->out, err)
                              : hep_asprintf(err, "%s/%s_review.html", r->folder, r->run.label);
        rc = path == NULL ? HEP_ENOMEM : hep_file_write(path, html.s, html.len, err);
    }
    if (rc == HEP_OK)
        (void)fprintf(out, "%s\n", path);
    hep_str_release(&html);
    free(path);
    return rc;
}

static int apply(const S *o, struct hep_reopened *r, int nthreads, struct hep_cli *cli,
                 struct hep_error *err)
{
    const struct hep_review_request request = { r, o->apply, o->study, nthreads, cli->log };
    struct hep_review_outcome done = { 0 };
    int rc = hep_review_apply(&done, &request, err);

    if (rc == HEP_OK)
        (void)fprintf(cli->out,
                      "%zu lesions accepted (%zu added, %zu drawn anew), %zu rejected, %zu not "
                      "reviewed: %s\n",
                      done.accepted, done.added, done.changed, done.rejected, done.not_reviewed,
                      done.json);
    free(done.json);
    return rc;
}

/* Options of the page do not go with --apply. */
static int check(const S *o, struct hep_error *err)
{
    if (o->apply != NULL && (o->reader != NULL || o->out != NULL || o->blind || o->timed))
        return HEP_FAIL(
            err, HEP_EUSAGE,
            "--apply takes reader and answers from its file: --reader, --out, --blind and "
            "--timed belong to the page");
    return o->reader != NULL ? hep_review_check_reader(o->reader, err) : HEP_OK;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const S *o = given;
    const int nthreads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads();
    struct hep_reopened r = { 0 };
    int rc = check(o, err);

    if (rc == HEP_OK && o->apply == NULL)
        rc = hep_review_page_check(err);
    if (rc == HEP_OK)
        rc = hep_reopen(&r, o->folder, o->study, nthreads, cli->log, err);
    if (rc == HEP_OK)
        rc = o->apply != NULL ? apply(o, &r, nthreads, cli, err) : write_page(o, &r, cli->out, err);
    hep_reopened_release(&r);
    return rc;
}

static const char *const examples[] = {
    "hepar review results/sub-01 --study bids/sub-01 --reader R1 --blind",
    "hepar review results/sub-01 --study bids/sub-01 --apply sub-01_desc-R1_review.json", NULL
};

const struct hep_command hep_cmd_review = {
    "review",
    "a page in which a person reads a study, and its answers taken back",
    "Writes one HTML file with the images of the study inside, in which a reader accepts, rejects "
    "and "
    "corrects the findings, answers the flags and adds what was missed, without any network. With "
    "--apply takes the saved answers back: a file of another study, version or result is refused. "
    "Research use only: a flag is evidence with its reason, never a diagnosis.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};
