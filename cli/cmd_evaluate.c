#include "cli/commands.h"

#include "cli/print.h"
#include "base/file.h"
#include "batch/evaluate.h"
#include "batch/followup_evaluate.h"
#include "pipeline/study.h"

struct evaluate_options {
    struct hep_common_options common;
    const char *out_dir, *truth_dir, *report_dir, *truth_desc;
    long seed, nthreads;
    int match;
    bool json, followup;
};

/* In the order of enum hep_match_rule. */
static const char *const rules[] = { "centre", "mask", "both", NULL };

#define S struct evaluate_options
static const struct hep_option options[] = {
    HEP_OPT_CHOICE(S, match, "match", 'm', "RULE", rules, "both",
                   "what makes a finding a lesion: its centre lies inside the lesion or within "
                   "max(3 mm, a quarter of its diameter) of it; the masks overlap with an IoU of "
                   "at least 0.1; or either"),
    HEP_OPT(DIR_OUT, S, report_dir, "out", 'o', "DIR", NULL,
            "folder for the results; without it OUT_DIR/evaluation"),
    HEP_OPT_TRUTH_DESC(S),
    HEP_OPT_FLAG(S, followup, "followup", 0,
                 "score the follow-ups instead, OUT_DIR/sub-*/sub-*_followup.json against the "
                 "truth's sub-*_course.json: which lesion is which, new lesions, sum of diameters, "
                 "response category, change of ADC"),
    HEP_OPT_FLAG(S, json, "json", 0,
                 "print evaluation.json, or followup_evaluation.json, instead of a summary"),
    HEP_OPT_INTEGER(S, seed, "seed", 's', "SEED", 0, 2147483647, "1",
                    "of the bootstrap; the same seed gives the same bytes"),
    HEP_OPT_NTHREADS(S),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(DIR_IN, S, out_dir, "out_dir",
            "folder of results: sub-*/[ses-*/]*_lesions.json, masks, maps; of any program"),
    HEP_POS(DIR_IN, S, truth_dir, "truth_dir",
            "folder of the truth, of the same form: from the simulator or from readers"),
    { 0 },
};

static int print_json(FILE *out, const struct hep_evaluated *e, struct hep_error *err)
{
    struct hep_json *json = NULL;
    int rc = hep_evaluated_json(&json, e, err);

    return rc == HEP_OK ? hep_print_json(out, json, err) : rc;
}

static int print_text(FILE *out, const struct hep_evaluated *e, const char *dir,
                      struct hep_error *err)
{
    struct hep_str text = { 0 };

    hep_evaluated_text(&text, e);
    hep_str_addf(&text, "Tables and plots: %s\n", dir);
    return hep_print_text(out, &text, err);
}

static int print_followup(FILE *out, const struct hep_followup_evaluated *e, const char *dir,
                          bool json, struct hep_error *err)
{
    struct hep_json *root = NULL;
    struct hep_str text = { 0 };

    if (json) {
        const int rc = hep_followup_evaluated_json(&root, e, err);

        return rc == HEP_OK ? hep_print_json(out, root, err) : rc;
    }
    hep_followup_evaluated_text(&text, e);
    hep_str_addf(&text, "Tables: %s\n", dir);
    return hep_print_text(out, &text, err);
}

static int score_followup(const struct evaluate_options *o, const struct hep_evaluate_opts *opts,
                          const char *dir, FILE *out, struct hep_error *err)
{
    struct hep_followup_evaluated e = { 0 };
    int rc = hep_followup_evaluate(&e, o->out_dir, o->truth_dir, opts, err);

    if (rc == HEP_OK)
        rc = hep_followup_evaluated_write(&e, dir, err);
    if (rc == HEP_OK)
        rc = print_followup(out, &e, dir, o->json, err);
    hep_followup_evaluated_release(&e);
    return rc;
}

static int score_studies(const struct evaluate_options *o, const struct hep_evaluate_opts *opts,
                         const char *dir, FILE *out, struct hep_error *err)
{
    struct hep_evaluated e = { 0 };
    int rc = hep_evaluate_folders(&e, o->out_dir, o->truth_dir, opts, err);

    if (rc == HEP_OK)
        rc = hep_evaluated_write(&e, dir, err);
    if (rc == HEP_OK)
        rc = o->json ? print_json(out, &e, err) : print_text(out, &e, dir, err);
    hep_evaluated_release(&e);
    return rc;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct evaluate_options *o = given;
    const struct hep_evaluate_opts opts = { (enum hep_match_rule)o->match,
                                            HEP_BOOTSTRAP_REPLICATES,
                                            (uint64_t)o->seed,
                                            o->nthreads > 0 ? (int)o->nthreads
                                                            : hep_default_nthreads(),
                                            cli->log,
                                            false,
                                            o->truth_desc };
    char *dir = o->report_dir != NULL ? hep_strdup(o->report_dir, err)
                                      : hep_path_join(o->out_dir, "evaluation", err);
    int rc = dir == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK && o->followup && o->truth_desc != NULL)
        rc = HEP_FAIL(err, HEP_EUSAGE,
                      "--followup is scored by the courses of the truth alone: "
                      "--truth-desc does not go with it");
    if (rc == HEP_OK)
        rc = (o->followup ? score_followup : score_studies)(o, &opts, dir, cli->out, err);
    free(dir);
    return rc;
}

static const char *const examples[] = { "hepar evaluate out bids/derivatives/truth",
                                        "hepar evaluate out truth --match centre -o scores --json",
                                        "hepar evaluate out bids/derivatives/truth --followup",
                                        NULL };

const struct hep_command hep_cmd_evaluate = {
    "evaluate",
    "results against the truth",
    "Matches the findings of every study with the true lesions and reports detection (FROC, "
    "sensitivity by size), classification, flags, the liver's outline and the maps, with "
    "intervals. Writes evaluation.json, evaluation.tsv, lesions_matched.tsv with its data "
    "dictionary lesions_matched.json, and SVG plots; the member columns of evaluation.json is the "
    "dictionary of evaluation.tsv. A "
    "study of the truth without output, or whose run failed, counts all its lesions as missed. "
    "With "
    "--followup writes followup_evaluation.json, followup_lesions.tsv and followup_responses.tsv.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};
