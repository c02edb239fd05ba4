#include "cli/commands.h"

#include "cli/print.h"
#include "cli/show_inventory.h"
#include "base/json.h"
#include "pipeline/late_phase.h"

struct inventory_options {
    struct hep_common_options common;
    const char *study;
    bool write, force, json, follow_links;
};

static const struct hep_option options[] = {
    HEP_OPT_FLAG(struct inventory_options, write, "write", 'w',
                 "write STUDY/study.yml with what was found, to be corrected by hand"),
    HEP_OPT_FLAG(struct inventory_options, force, "force", 'f', "replace an existing study.yml"),
    HEP_OPT_FLAG(struct inventory_options, follow_links, "follow-links", 0,
                 "read what symbolic links in the study lead to outside of it and its dataset"),
    HEP_OPT_FLAG(struct inventory_options, json, "json", 0, "print JSON"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(DIR_IN, struct inventory_options, study, "study",
            "BIDS subject or session, or a folder of NIfTI files and sidecars"),
    { 0 },
};

static const char *const examples[] = { "hepar inventory study", "hepar inventory study --write",
                                        NULL };

int hep_show_inventory(struct hep_inventory *inv, bool as_json, struct hep_cli *cli,
                       struct hep_error *err)
{
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    int rc = hep_late_phases_name(inv, NULL, cli->log, err);

    if (rc == HEP_OK && as_json) {
        rc = hep_inventory_json(&json, inv, err);
        return rc == HEP_OK ? hep_print_json(cli->out, json, err) : rc;
    }
    if (rc == HEP_OK)
        rc = hep_inventory_table(&text, inv, err);
    if (rc == HEP_OK)
        return hep_print_text(cli->out, &text, err);
    hep_str_release(&text);
    return rc;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct inventory_options *o = given;
    struct hep_inventory *inv = NULL;
    int rc = hep_inventory_scan_links(&inv, o->study, o->follow_links, err);

    if (rc == HEP_OK)
        rc = hep_show_inventory(inv, o->json, cli, err);
    if (rc == HEP_OK && o->write)
        rc = hep_inventory_write_study_yml(inv, o->force, err);
    hep_inventory_free(inv);
    return rc;
}

const struct hep_command hep_cmd_inventory = {
    "inventory",
    "what each series of a study is for, and why",
    "Prints every series with its role, score, reasons and time after injection. What is wrong in "
    "it "
    "is put right in STUDY/study.yml, which overrides everything.",
    options,
    positionals,
    sizeof(struct inventory_options),
    run,
    examples
};
