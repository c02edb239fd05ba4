#include "cli/commands.h"

#include "base/file.h"
#include "report/reopen.h"
#include "report/report.h"
#include "report/review_page.h"
#include "pipeline/study.h"

struct report_options {
    struct hep_common_options common;
    const char *folder, *study, *out;
    long nthreads;
    bool viewer;
};

static const struct hep_option options[] = {
    HEP_OPT(DIR_IN, struct report_options, study, "study", 0, "STUDY", NULL,
            "the study that the results were made from; without it the report has no series"),
    HEP_OPT_FLAG(
        struct report_options, viewer, "viewer", 0,
        "write the page of hepar review without its form instead: the images, linked, with the "
        "outlines (NiiVue installed by scripts/viewer)"),
    HEP_OPT(FILE_OUT, struct report_options, out, "out", 'o', "FILE", NULL,
            "where to write; without it LABEL_report.html, or LABEL_viewer.html, in the folder"),
    HEP_OPT_INTEGER(struct report_options, nthreads, "nthreads", 0, "N", 1, 4096, NULL,
                    "threads; without it SLURM_CPUS_PER_TASK, OMP_NUM_THREADS, or all processors"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(DIR_IN, struct report_options, folder, "study_out_dir",
            "results of one study: OUT/sub-01 or OUT/sub-01/ses-1"),
    { 0 },
};

static const char *const examples[] = { "hepar report results/sub-01 --study bids/sub-01",
                                        "hepar report results/sub-01 --study bids/sub-01 --viewer",
                                        NULL };

static int make_page(struct hep_str *html, const struct report_options *o, struct hep_reopened *r,
                     struct hep_error *err)
{
    const struct hep_report_source source = { .run = &r->run,
                                              .record = r->record,
                                              .measures = r->measures };

    return o->viewer ? hep_review_page_html(html, &source, &(struct hep_review_page){ 0 }, err)
                     : hep_report_html(html, &source, err);
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct report_options *o = given;
    const int nthreads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads();
    struct hep_reopened r = { 0 };
    struct hep_str html = { 0 };
    char *path = NULL;
    int rc = o->viewer ? hep_review_page_check(err) : HEP_OK;

    if (rc == HEP_OK)
        rc = hep_reopen(&r, o->folder, o->study, nthreads, cli->log, err);
    if (rc == HEP_OK)
        rc = make_page(&html, o, &r, err);
    if (rc == HEP_OK) {
        path = o->out != NULL ? hep_strdup(o->out, err)
                              : hep_asprintf(err, "%s/%s_%s.html", r.folder, r.run.label,
                                             o->viewer ? "viewer" : "report");
        rc = path == NULL ? HEP_ENOMEM : hep_file_write(path, html.s, html.len, err);
    }
    if (rc == HEP_OK)
        (void)fprintf(cli->out, "%s\n", path);
    hep_str_release(&html);
    hep_reopened_release(&r);
    free(path);
    return rc;
}

const struct hep_command hep_cmd_report = {
    "report",
    "the report of a finished study, made again",
    "Makes the HTML report from the results of a study, without computing anything again. With "
    "--study the pictures of the series are drawn too, and the file is the same byte for byte as "
    "that of hepar run. Research use only: a flag is evidence with its reason, never a diagnosis.",
    options,
    positionals,
    sizeof(struct report_options),
    run,
    examples
};
