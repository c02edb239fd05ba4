#include "cli/commands.h"

#include "cli/print.h"
#include "base/file.h"
#include "pipeline/config/config.h"
#include "pipeline/study.h"
#include "report/review_page.h"
#include "visits/viewer.h"
#include "visits/visits.h"

#include <math.h>

struct followup_options {
    struct hep_common_options common;
    struct hep_args folders, sessions, set, derivatives;
    const char *participant, *baseline, *bids, *out;
    long max_targets, nthreads;
    bool rematch, viewer, json;
    const char *truth_desc;
};

#define S struct followup_options
static const struct hep_option options[] = {
    HEP_OPT(
        TEXT, S, participant, "participant-label", 0, "LABEL", NULL,
        "the person, with or without sub-: all finished sessions in the one folder that is given"),
    HEP_OPT(TEXT, S, baseline, "baseline", 0, "SESSION", NULL,
            "first session; without it the earliest"),
    HEP_OPT_LIST(S, sessions, "sessions", 0, "SESSION",
                 "these sessions only, in order of time; needed where dates are not known"),
    HEP_OPT(DIR_IN, S, bids, "bids", 0, "BIDS_DIR", NULL,
            "dataset that the studies were made of, for dates (sub-*_sessions.tsv, *_scans.tsv) "
            "and images; without it "
            "looked for around the folder of results"),
    HEP_OPT(DIR_OUT, S, out, "out", 'o', "DIR", NULL,
            "where the results go; without it OUT_DIR/sub-LABEL"),
    HEP_OPT_INTEGER(S, max_targets, "max-targets", 0, "N", 1, 10, NULL,
                    "target lesions; without it followup.response.max_targets, which is 2"),
    HEP_OPT_FLAG(
        S, rematch, "rematch", 0,
        "labels of given lesions do not tell which lesion is which: match them by place and size"),
    HEP_OPT_REPEAT(S, set, "set", 0, "KEY=VALUE",
                   "change a setting, such as followup.response.partial_share"),
    HEP_OPT_REPEAT(S, derivatives, "derivatives", 'd', "[NAME=]DIR",
                   "folder where masks of ablation zones are looked for: "
                   "DIR/sub-01/ses-2/anat/sub-01_ses-2_label-ablation_dseg.nii.gz; also looked for "
                   "beside the images"),
    HEP_OPT_FLAG(S, viewer, "viewer", 0,
                 "also a page with the images of all sessions inside, linked "
                 "(sub-LABEL_followup_viewer.html; installed by scripts/viewer)"),
    HEP_OPT_AS_READ(S),
    HEP_OPT_FLAG(S, json, "json", 0, "print the document instead of tables"),
    HEP_OPT_NTHREADS(S),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS_MANY(DIR_IN, S, folders, "out_dir",
                 "folder of results that holds several sessions of the person; or one folder for "
                 "each study, the "
                 "baseline first"),
    { 0 },
};

static int check(const S *o, struct hep_error *err)
{
    if (o->folders.n == 1 && o->participant == NULL)
        return HEP_FAIL(
            err, HEP_EUSAGE,
            "whose follow-up? give --participant-label, or the folders of several studies");
    if (o->folders.n > 1 && (o->participant != NULL || o->sessions.n > 0 || o->baseline != NULL))
        return HEP_FAIL(err, HEP_EUSAGE,
                        "several folders are one study each, in order of time: "
                        "--participant-label, --sessions and "
                        "--baseline go with one folder");
    if (o->folders.n > 1 && o->out == NULL)
        return HEP_FAIL(err, HEP_EUSAGE, "several folders: -o says where the results go");
    return HEP_OK;
}

static int show(const S *o, struct hep_cli *cli, const struct hep_followed *f,
                struct hep_error *err)
{
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    int rc;

    if (o->json) {
        rc = hep_followed_json(&json, f, err);
        return rc == HEP_OK ? hep_print_json(cli->out, json, err) : rc;
    }
    rc = hep_followed_text(&text, f, err);
    hep_str_addf(&text, "Written: %s/%s_followup.{html,json,tsv}\n", f->out_dir,
                 f->places.participant);
    if (rc == HEP_OK)
        return hep_print_text(cli->out, &text, err);
    hep_str_release(&text);
    return rc;
}

static int write_viewer(const struct hep_followed *f, struct hep_error *err)
{
    struct hep_str html = { 0 };
    char *path = hep_asprintf(err, "%s/%s_followup_viewer.html", f->out_dir, f->places.participant);
    int rc = path == NULL ? HEP_ENOMEM : hep_followed_viewer(&html, f, err);

    if (rc == HEP_OK)
        rc = hep_file_write(path, html.s, html.len, err);
    hep_str_release(&html);
    free(path);
    return rc;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const S *o = given;
    struct hep_config_bundle b = { 0 };
    struct hep_followed f = { 0 };
    struct hep_str caret = { 0 };
    const bool one = o->folders.n == 1;
    struct hep_followup_request q = {
        .query = { .out_dir = one ? o->folders.items[0] : NULL,
                   .participant = o->participant,
                   .baseline = o->baseline,
                   .sessions = o->sessions.items,
                   .n_sessions = o->sessions.n,
                   .folders = one ? NULL : o->folders.items,
                   .n_folders = one ? 0 : o->folders.n,
                   .bids_dir = o->bids },
        .out_dir = o->out,
        .config = &b.config,
        .rematch = o->rematch,
        .reader = o->truth_desc,
        .derivatives = o->derivatives.items,
        .n_derivatives = o->derivatives.n,
        .nthreads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads(),
        .log = cli->log,
    };
    int rc = check(o, err);

    if (rc == HEP_OK && o->viewer)
        rc = hep_review_page_check(err);
    if (rc == HEP_OK)
        rc = hep_config_open(&b, "default", o->set.items, o->set.n, &caret, err);
    if (caret.len > 0)
        (void)fprintf(stderr, "%s", caret.s);
    if (rc == HEP_OK && o->max_targets > 0)
        b.config.followup.max_targets = o->max_targets;
    if (rc == HEP_OK)
        rc = hep_followup(&f, &q, err);
    if (rc == HEP_OK)
        rc = hep_followed_write(&f, err);
    if (rc == HEP_OK && o->viewer)
        rc = write_viewer(&f, err);
    if (rc == HEP_OK)
        rc = show(o, cli, &f, err);
    if (rc == HEP_OK && f.is_partial)
        rc = HEP_FAIL(
            err, HEP_EPARTIAL, "%s: some sessions could not be used: %s", f.places.participant,
            f.places.left_out[0] != '\0' ? f.places.left_out : "see the table of sessions");
    hep_followed_release(&f);
    hep_config_close(&b);
    hep_str_release(&caret);
    return rc;
}

static const char *const examples[] = {
    "hepar followup results --participant-label 01",
    "hepar followup results --participant-label 01 --sessions 1 3 --max-targets 5",
    "hepar followup results-january results-april -o change", NULL
};

const struct hep_command hep_cmd_followup = {
    "followup",
    "what changed between the sessions of one person",
    "Finished studies of one person in time order: the reference series of each session is aligned "
    "with the baseline's, "
    "lesions are matched one to one by place and size, and each is stable, grown, shrunk, "
    "vanished, new, merged, split, not "
    "covered or not assessable. RECIST 1.1, volumes and enhancing diameters give a response per "
    "visit with every number; "
    "changes of ADC, enhancement, fat and T2 stand beside their repeatability, or are refused "
    "where two visits were not "
    "acquired alike. Writes sub-LABEL_followup.html, .json and .tsv. Exit code 3: finished, but a "
    "session was left out. "
    "Research use only: numbers with their reasons, never a diagnosis.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};
