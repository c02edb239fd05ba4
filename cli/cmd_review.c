#include "cli/commands.h"

#include "base/file.h"
#include "cli/print.h"
#include "pipeline/study.h"
#include "report/reopen.h"
#include "report/review_page.h"
#include "review/apply.h"
#include "review/readers.h"

#include <stdlib.h>
#include <string.h>

struct review_options {
    struct hep_common_options common;
    const char *folder, *study, *out, *reader, *apply, *readers;
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
    HEP_OPT(
        TEXT, S, readers, "agreement", 0, "R1,R2", NULL,
        "write no page, but compare what two readers said of the studies in a folder of results: "
        "agreement below -o, without it OUT/agreement_R1_R2, and a consensus beside each study"),
    HEP_OPT_FLAG(S, timed, "timed", 0, "record the time spent with each lesion"),
    HEP_OPT_NTHREADS(S),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(DIR_IN, S, folder, "study_out_dir",
            "results of one study: OUT/sub-01 or OUT/sub-01/ses-1; with --agreement a folder of "
            "many, OUT"),
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

/* "R1,R2" in two, each checked. */
static int split_readers(char names[2][64], const char *text, struct hep_error *err)
{
    const char *comma = strchr(text, ',');
    int rc;

    if (comma == NULL || (size_t)(comma - text) >= 64 || strlen(comma + 1) >= 64)
        return HEP_FAIL(err, HEP_EUSAGE, "--agreement %.40s: two readers with a comma between them",
                        text);
    (void)snprintf(names[0], 64, "%.*s", (int)(comma - text), text);
    (void)snprintf(names[1], 64, "%s", comma + 1);
    rc = hep_review_check_reader(names[0], err);
    return rc == HEP_OK ? hep_review_check_reader(names[1], err) : rc;
}

static int compare(const S *o, struct hep_cli *cli, struct hep_error *err)
{
    char names[2][64];
    struct hep_readers r = { 0 };
    struct hep_str text = { 0 };
    char *folder = NULL;
    int rc = split_readers(names, o->readers, err);

    if (rc == HEP_OK)
        rc = hep_readers_compare(&r, o->folder, (const char *const[]){ names[0], names[1] }, err);
    if (rc == HEP_OK) {
        folder = o->out != NULL
                     ? hep_strdup(o->out, err)
                     : hep_asprintf(err, "%s/agreement_%s_%s", o->folder, names[0], names[1]);
        rc = folder == NULL ? HEP_ENOMEM : hep_readers_write(&r, folder, err);
    }
    if (rc == HEP_OK)
        rc = hep_readers_consensus(&r, err);
    if (rc == HEP_OK) {
        hep_readers_text(&text, &r);
        hep_str_addf(&text, "Tables: %s\n", folder);
        rc = hep_print_text(cli->out, &text, err);
    }
    hep_readers_release(&r);
    free(folder);
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
    if (o->readers != NULL &&
        (o->apply != NULL || o->reader != NULL || o->study != NULL || o->blind || o->timed))
        return HEP_FAIL(err, HEP_EUSAGE, "--agreement goes with -o alone");
    return o->reader != NULL ? hep_review_check_reader(o->reader, err) : HEP_OK;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const S *o = given;
    const int nthreads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads();
    struct hep_reopened r = { 0 };
    int rc = check(o, err);

    if (rc == HEP_OK && o->readers != NULL)
        return compare(o, cli, err);
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
    "hepar review results/sub-01 --study bids/sub-01 --apply sub-01_desc-R1_review.json",
    "hepar review results --agreement R1,R2", NULL
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
