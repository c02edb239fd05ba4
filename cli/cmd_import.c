#include "cli/commands.h"

#include "cli/show_inventory.h"
#include "dicom/import.h"

struct import_options {
    struct hep_common_options common;
    const char *source, *bids_dir, *participant, *session;
    bool split, anonymise, keep_dates;
};

#define S struct import_options
static const struct hep_option options[] = {
    HEP_OPT(
        TEXT, S, participant, "participant", 0, "LABEL", NULL,
        "label of the participant; without it that of the patient's earlier import, or the next "
        "free number"),
    HEP_OPT(TEXT, S, session, "session", 0, "LABEL", NULL,
            "label of the session; without it the next free number"),
    HEP_OPT_FLAG(S, split, "split", 0, "every patient of several becomes a participant"),
    HEP_OPT_FLAG(S, anonymise, "anonymise", 0,
                 "shift dates and hash UIDs; so it is done without this option, too"),
    HEP_OPT_FLAG(S, keep_dates, "keep-dates", 0,
                 "keep dates of acquisition and UIDs as they are; all else is removed as ever"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(PATH_IN, S, source, "dicom",
            "folder of any nesting, or a zip or tar of one; several studies may be mixed"),
    HEP_POS(DIR_OUT, S, bids_dir, "bids_dir", "folder of the dataset; made, or added to"),
    { 0 },
};

static const char *const examples[] = { "hepar import /media/cdrom bids",
                                        "hepar import export.zip bids --participant 07", NULL };

static int show(const struct hep_imported *study, struct hep_cli *cli, struct hep_error *err)
{
    struct hep_inventory *inv = NULL;
    int rc;

    (void)fprintf(cli->out, "%s: %s, %zu images, %zu series left out\n", study->folder,
                  study->is_new ? "imported" : "had been imported before", study->n_files,
                  study->n_left_out);
    if (study->n_files == 0) {
        hep_log_write(cli->log, HEP_LOG_WARNING, "no-series",
                      "%s: no series of a liver protocol was recognised", study->folder);
        return HEP_OK;
    }
    rc = hep_inventory_scan(&inv, study->folder, err);
    if (rc == HEP_OK)
        rc = hep_show_inventory(inv, false, cli, err);
    hep_inventory_free(inv);
    return rc;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const S *o = given;
    const struct hep_import_settings settings = { .source = o->source,
                                                  .bids_dir = o->bids_dir,
                                                  .participant = o->participant,
                                                  .session = o->session,
                                                  .split = o->split,
                                                  .keep_dates = o->keep_dates };
    struct hep_import done = { 0 };
    int rc;

    if (o->anonymise && o->keep_dates)
        return HEP_FAIL(err, HEP_EUSAGE, "--anonymise and --keep-dates exclude each other");
    rc = hep_dicom_import(&done, &settings, cli->log, err);
    for (size_t i = 0; rc == HEP_OK && i < done.n; i++)
        rc = show(&done.study[i], cli, err);
    hep_import_release(&done);
    return rc;
}

const struct hep_command hep_cmd_import = {
    "import",
    "DICOM from a scanner or an archive to BIDS",
    "Converts with dcm2niix, sorts and names the series by the inventory, and removes what names "
    "the patient: see docs/dicom.md. Importing the same images again writes nothing; a new study "
    "of "
    "a known patient becomes the next session.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};
