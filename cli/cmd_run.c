#include "cli/commands.h"

#include "base/alloc.h"
#include "base/json_put.h"
#include "base/table.h"
#include "cli/explain.h"
#include "cli/print.h"
#include "pipeline/stage.h"
#include "pipeline/stop.h"
#include "pipeline/study.h"
#include "report/stage_table.h"

#include <stdlib.h>

/* What both commands are told. */
struct study_options {
    struct hep_common_options common;
    const char *study, *protocol, *label, *out, *liver_mask, *share;
    struct hep_args set, lesions, derivatives;
    long nthreads;
    int align; /* index into align_modes, -1 not given */
    bool no_align, force, verify, dry_run, follow_links, strict, replace, reproducible, timings,
        json;
    /* run */
    const char *resection_mask;
    bool only_planned, explain, radiomics;
    /* measure */
    struct hep_args organs;
};
#define S struct study_options

static const char *const align_modes[] = { "rigid", "deformable", NULL };

#define INPUT_OPTIONS(default_out)                                                                 \
    HEP_OPT(TEXT, S, protocol, "protocol", 'p', "PROTOCOL", NULL,                                  \
            "path or name of a shipped protocol; without it one is chosen by agent and series"),   \
        HEP_OPT(                                                                                   \
            TEXT, S, label, "label", 0, "LABEL", NULL,                                             \
            "what the subject is called in the results, letters and digits; without it as its "    \
            "folder"),                                                                             \
        HEP_OPT(DIR_OUT, S, out, "out", 'o', "OUT", default_out,                                   \
                "folder of the results, a BIDS derivative dataset for any number of studies"),     \
        HEP_OPT(FILE_IN, S, liver_mask, "liver-mask", 0, "FILE", NULL,                             \
                "liver mask, probabilities or label map (setting liver.label), on any grid: "      \
                "positions decide"),                                                               \
        HEP_OPT_REPEAT(S, lesions, "lesions", 0, "FILE",                                           \
                       "lesions of your own, on the grid of any series: label map, mask, "         \
                       "probability map, or points and boxes (.tsv, .json); settings "             \
                       "lesions.given*"),                                                          \
        HEP_OPT_REPEAT(S, derivatives, "derivatives", 'd', "[NAME=]DIR",                           \
                       "folder where masks of liver, lesions, organs and resections of this "      \
                       "subject are looked for by their BIDS names, with NAME those with "         \
                       "desc-NAME, or as TotalSegmentator writes them")
#define HOW_OPTIONS                                                                                \
    HEP_OPT_CHOICE(S, align, "align", 0, "MODE", align_modes, NULL,                                \
                   "how far registration may go; without it the setting align.deformable"),        \
        HEP_OPT_FLAG(S, no_align, "no-align", 0,                                                   \
                     "series stay in scanner coordinates (setting align.engine)"),                 \
        HEP_OPT_REPEAT(S, set, "set", 0, "KEY=VALUE", "change a setting of the protocol"),         \
        HEP_OPT_INTEGER(S, nthreads, "nthreads", 0, "N", 1, 4096, NULL,                            \
                        "threads; without it SLURM_CPUS_PER_TASK, OMP_NUM_THREADS, or all "        \
                        "processors")
#define RESULT_OPTIONS                                                                             \
    HEP_OPT(DIR_IN, S, share, "share", 0, "DIR", NULL,                                             \
            "results of the same study under other settings, or of another command: what cannot "  \
            "differ is taken from there"),                                                         \
        HEP_OPT_FLAG(S, force, "force", 'f', "compute everything again"),                          \
        HEP_OPT_FLAG(                                                                              \
            S, verify, "verify", 0,                                                                \
            "hash every file of an earlier result before it counts as unchanged; without "         \
            "it the size and time of a file decide"),                                              \
        HEP_OPT_FLAG(S, dry_run, "dry-run", 'n',                                                   \
                     "print whether the study would be computed, why and which stages; write "     \
                     "nothing"),                                                                   \
        HEP_OPT_FLAG(S, follow_links, "follow-links", 0,                                           \
                     "read what symbolic links in the study lead to outside of it and its "        \
                     "dataset; without it such a file or folder is left out"),                     \
        HEP_OPT_FLAG(S, strict, "strict", 0,                                                       \
                     "exit code 65 where a series is left out because it cannot be used, or the "  \
                     "protocol requires one that the study does not have; without it these are "   \
                     "warnings"),                                                                  \
        HEP_OPT_FLAG(S, replace, "replace", 0,                                                     \
                     "replace what stands in the place of the result, also when another study or " \
                     "command made it; without it that is exit code 73"),                          \
        HEP_OPT_FLAG(S, reproducible, "reproducible", 0,                                           \
                     "nothing in the outputs depends on time, host or path"),                      \
        HEP_OPT_FLAG(S, timings, "timings", 0, "print where the time went"),                       \
        HEP_OPT_FLAG(S, json, "json", 0, "with --timings: print them as JSON, and nothing else"),  \
    {                                                                                              \
        0                                                                                          \
    }

static const struct hep_option run_options[] = {
    INPUT_OPTIONS("hepar-out"),
    HEP_OPT(FILE_IN, S, resection_mask, "resection-mask", 0, "FILE", NULL,
            "what an operation would remove, on the grid of any series of the study: the size of "
            "the future remnant is given"),
    HOW_OPTIONS,
    HEP_OPT_FLAG(S, only_planned, "only-planned", 0,
                 "see the study as the protocol would have: without series and b-values that it "
                 "does not plan, and with its transforms"),
    HEP_OPT_FLAG(S, explain, "explain", 0,
                 "print what every candidate, kept or not, was judged by"),
    HEP_OPT_FLAG(
        S, radiomics, "radiomics", 0,
        "write shape and texture of the liver and each lesion (setting outputs.radiomics)"),
    RESULT_OPTIONS,
};

static const struct hep_option measure_options[] = {
    INPUT_OPTIONS("hepar-measure"),
    HEP_OPT_REPEAT(S, organs, "organs", 0, "FILE",
                   "label map or mask of organs or any other regions, on the grid of any series: "
                   "each value is one, whether it hangs together or not"),
    HOW_OPTIONS,
    RESULT_OPTIONS,
};
#undef S

static const struct hep_positional positionals[] = {
    HEP_POS(DIR_IN, struct study_options, study, "study",
            "BIDS subject or session, or a folder of NIfTI files and sidecars"),
    { 0 },
};

static const char *const run_examples[] = { "hepar run bids/sub-01 -p eob-full -o results",
                                            "hepar run study --liver-mask liver.nii.gz -o results",
                                            NULL };

#define S struct hep_stage_time
HEP_GETTER(reused_of, S, hep_value_of_text(r->reused ? "reused" : NULL));
static const struct hep_column time_columns[] = {
    { "part", HEP_TEXT(S, stage), "Part", .meaning = "Stage, or what is done beside them" },
    { "seconds", HEP_NUMBER(S, seconds), "Time", "s", HEP_DECIMALS(3), .meaning = "Wall time" },
    { "result", HEP_CELL(TEXT, 0), "Result", .meaning = "Whether it was taken over",
      .get = reused_of },
    { 0 },
};
#undef S

static int print_timings_json(FILE *out, const struct hep_study_outcome *o,
                              const struct hep_table *parts, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *json = hep_json_new_object();

    hep_put_text(&put, json, "study", o->label);
    hep_put_text(&put, json, "folder", o->folder);
    hep_put_bool(&put, json, "unchanged", o->state == HEP_STUDY_UNCHANGED);
    hep_put(&put, json, "parts", hep_table_json(&put, parts));
    hep_put_count(&put, json, "peak_memory_bytes", o->peak_bytes);
    if (put.rc == HEP_OK)
        return hep_print_json(out, json, err);
    hep_json_free(json);
    return put.rc;
}

static int print_timings(FILE *out, const struct hep_study_outcome *o, bool as_json,
                         struct hep_error *err)
{
    struct hep_stage_time rows[HEP_STAGES_MAX + 3];
    size_t n = o->n_stages;
    const struct hep_table parts = HEP_TABLE(NULL, time_columns, rows, n + 3);
    struct hep_str text = { 0 };

    memcpy(rows, o->stage, n * sizeof *rows);
    rows[n++] = (struct hep_stage_time){ "reading", o->read_s, false };
    rows[n++] = (struct hep_stage_time){ "writing", o->write_s, false };
    rows[n++] = (struct hep_stage_time){ "total", o->total_s, false };
    if (as_json)
        return print_timings_json(out, o, &parts, err);
    hep_table_text(&text, &parts);
    hep_str_addf(&text, "peak memory %.1f MiB\n", (double)o->peak_bytes / 1048576.0);
    return hep_print_text(out, &text, err);
}

static const char *const measure_examples[] = {
    "hepar measure study --lesions tumours.nii.gz -o numbers",
    "hepar measure bids/sub-01 --organs total_mr.nii.gz --share results", NULL
};

/* The settings that --set, --align, --no-align and --radiomics ask for; heap array of borrowed texts. */
static int list_settings(const char ***out, size_t *n, const struct study_options *o,
                         struct hep_error *err)
{
    const char **list;

    if (o->json && (!o->timings || o->explain))
        return HEP_FAIL(err, HEP_EUSAGE, "--json belongs to --timings%s",
                        o->explain ? ", without --explain" : "");
    if (o->no_align && o->align >= 0)
        return HEP_FAIL(err, HEP_EUSAGE, "--no-align and --align exclude each other");
    if (HEP_NEW(list, o->set.n + 3, err) != HEP_OK)
        return HEP_ENOMEM;
    *n = 0;
    for (size_t i = 0; i < o->set.n; i++)
        list[(*n)++] = o->set.items[i];
    if (o->radiomics)
        list[(*n)++] = "outputs.radiomics=true";
    if (o->no_align)
        list[(*n)++] = "align.engine=none";
    if (o->align >= 0)
        list[(*n)++] = o->align == 0 ? "align.deformable=false" : "align.deformable=true";
    *out = list;
    return HEP_OK;
}

/* One study through the stages of a command. */
static int run_study(const struct study_options *o,
                     const struct hep_stage *const *(*table)(size_t *n), bool with_organs,
                     struct hep_cli *cli, struct hep_error *err)
{
    struct hep_str caret = { 0 };
    struct hep_study_outcome outcome;
    struct hep_study_request request = {
        .study = o->study,
        .protocol = o->protocol,
        .label = o->label,
        .out = o->out,
        .liver_mask = o->liver_mask,
        .resection_mask = o->resection_mask,
        .lesions = (const char *const *)o->lesions.items,
        .n_lesions = o->lesions.n,
        .derivatives = (const char *const *)o->derivatives.items,
        .n_derivatives = o->derivatives.n,
        .organs = (const char *const *)o->organs.items,
        .n_organs = o->organs.n,
        .with_organs = with_organs,
        .command = (const char *const *)cli->argv,
        .nthreads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads(),
        .force = o->force,
        .verify = o->verify,
        .dry_run = o->dry_run,
        .follow_links = o->follow_links,
        .strict = o->strict,
        .replace = o->replace,
        .only_planned = o->only_planned,
        .share = o->share,
        .reproducible = o->reproducible,
        .stop = hep_stop_flag(),
    };
    const char **settings = NULL;
    int rc = list_settings(&settings, &request.n_settings, o, err);

    if (rc != HEP_OK)
        return rc;
    request.stages = table(&request.n_stages);
    request.settings = settings;
    rc = hep_study_run(&outcome, &request, cli->log, &caret, err);
    free((void *)settings);

    if (rc != HEP_OK && caret.len > 0)
        (void)fprintf(stderr, "%s", caret.s);
    hep_str_release(&caret);
    if (rc != HEP_OK)
        return rc;
    if (outcome.state == HEP_STUDY_PLANNED) {
        (void)fprintf(cli->out, "%s: would be computed: %s\n", outcome.label, outcome.why);
        return HEP_OK;
    }
    if (o->json)
        return print_timings(cli->out, &outcome, true, err);
    (void)fprintf(cli->out, "%s: %s: %s\n", outcome.label,
                  outcome.state == HEP_STUDY_UNCHANGED ? "nothing has changed" : "done",
                  outcome.folder);
    if (o->explain)
        rc = hep_print_explained(cli->out, outcome.folder, outcome.label, err);
    return rc == HEP_OK && o->timings ? print_timings(cli->out, &outcome, false, err) : rc;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    return run_study(given, hep_stages, false, cli, err);
}

static int measure(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    return run_study(given, hep_measure_stages, true, cli, err);
}

const struct hep_command hep_cmd_run = { "run",
                                         "one study through every stage",
                                         "Reads a study, makes maps and measurements, and writes "
                                         "them below OUT. Results that still hold "
                                         "are kept: only what depends on changed inputs or "
                                         "settings is computed again. Research use only: "
                                         "a flag is evidence with its reason, never a diagnosis.",
                                         run_options,
                                         positionals,
                                         sizeof(struct study_options),
                                         run,
                                         run_examples };

const struct hep_command hep_cmd_measure = {
    "measure",
    "numbers of your own lesions and organs: no detection, no evidence",
    "Makes the maps of a study and writes their statistics over the regions that are given: "
    "OUT/sub-X/sub-X_labels.tsv, one row for each region and map, and sub-X_labels.json, the same "
    "by region and what the "
    "columns mean. A region is read where the series that it was drawn on shows it, through the "
    "same transforms as in "
    "hepar run. Points are outlined first.",
    measure_options,
    positionals,
    sizeof(struct study_options),
    measure,
    measure_examples
};
