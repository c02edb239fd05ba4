#include "cli/commands.h"

#include "report/stage_table.h"

#include "cli/print.h"
#include "cli/manual.h"
#include "pipeline/config/config.h"
#include "pipeline/stage.h"

struct stages_options {
    struct hep_common_options common;
};

static int run_stages(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    struct hep_str text = { 0 };
    size_t n = 0;
    const struct hep_stage *const *stages = hep_stages(&n);

    (void)given;
    hep_stages_text(&text, stages, n);
    return hep_print_text(cli->out, &text, err);
}

const struct hep_command hep_cmd_stages = {
    "stages",   "the table of stages: what each reads and makes",
    NULL,       NULL,
    NULL,       sizeof(struct stages_options),
    run_stages, NULL
};

struct manual_options {
    struct hep_common_options common;
    int chapter;
    const char *out;
};

enum { PAGES = 5 }; /* place among the chapters */
static const char *const chapters[] = { "commands", "settings", "stages", "measures",
                                        "default",  "pages",    NULL };

static const struct hep_positional manual_positionals[] = {
    HEP_POS_CHOICE(
        struct manual_options, chapter, "chapter", chapters,
        "part of the reference; default: a protocol file of every setting; pages: manual "
        "pages and completions of bash and zsh, into the folder of --out"),
    { 0 },
};

static const struct hep_option manual_options[] = {
    HEP_OPT(DIR_OUT, struct manual_options, out, "out", 'o', "DIR", NULL, "where pages go"),
    { 0 },
};

static void stages_chapter(struct hep_str *out)
{
    size_t n = 0;
    const struct hep_stage *const *stages = hep_stages(&n);

    hep_str_add(out, "# Stages\n\nPrinted by `hepar manual stages` from the table in the program. "
                     "Order follows from the "
                     "products.\n\n");
    hep_stages_markdown(out, stages, n);
    stages = hep_measure_stages(&n);
    hep_str_add(out, "# Last stage of `hepar measure`\n\nIn the place of lesions and report.\n\n");
    hep_stages_markdown(out, stages + n - 1, 1);
}

static int run_manual(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct manual_options *o = given;
    struct hep_str text = { 0 };

    if (o->chapter == PAGES)
        return o->out != NULL ? hep_manual_pages(o->out, cli->commands, err)
                              : HEP_FAIL(err, HEP_EUSAGE, "pages: --out DIR is needed");
    if (o->chapter == 0)
        hep_manual_commands(&text, cli->commands);
    else if (o->chapter == 1)
        hep_manual_settings(&text);
    else if (o->chapter == 2)
        stages_chapter(&text);
    else if (o->chapter == 3)
        hep_manual_measures(&text);
    else
        hep_config_print_default(&text);
    return hep_print_text(cli->out, &text, err);
}

const struct hep_command hep_cmd_manual = {
    "manual",
    "the reference in Markdown, generated from the program's own tables",
    NULL,
    manual_options,
    manual_positionals,
    sizeof(struct manual_options),
    run_manual,
    NULL
};
