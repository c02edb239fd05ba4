#include "phantom/bids.h"

#include "base/file.h"
#include "base/json_put.h"
#include "base/text.h"
#include "sequences/bids_name.h"

#include <limits.h>
#include <stdlib.h>

#define PARTICIPANTS_MAX ((size_t)64 << 20)

static const char readme[] =
    "Simulated liver MRI studies, made by Hepar (`hepar simulate`).\n"
    "\n"
    "No person was scanned: anatomy, lesions, tissue values, contrast and artefacts are drawn "
    "from\n"
    "the seed in participants.tsv. What was put in stands under derivatives/truth: lesions with\n"
    "their flags, masks and maps on the grid of the reference series, and displacements of every\n"
    "other series.\n"
    "\n"
    "T1-weighted phases after injection carry TimeSinceInjection (s from the start of the "
    "injection\n"
    "to the centre of k-space) in their sidecars. Diffusion images are trace-weighted: all "
    "vectors\n"
    "are zero.\n";

static const char origin[] = "hepar simulate";

static bool names_origin(const struct hep_json *made_by)
{
    for (size_t i = 0; i < hep_json_size(made_by); i++) {
        const char *text = hep_json_string(hep_json_get(hep_json_at(made_by, i), "Description"));

        if (text != NULL && strcmp(text, origin) == 0)
            return true;
    }
    return false;
}

/* A folder without a description is another one's when it holds a participant. */
static int check_holds_nobody(const char *dir, struct hep_error *err)
{
    struct hep_listing list = { 0 };
    int rc = hep_is_dir(dir) ? hep_listing_read(&list, dir, err) : HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < list.n; i++)
        if (hep_starts_with(list.names[i], "sub-") ||
            strcmp(list.names[i], "participants.tsv") == 0)
            rc = HEP_FAIL(err, HEP_ECREAT,
                          "%s holds %s, which hepar simulate did not make: name another folder",
                          dir, list.names[i]);
    hep_listing_release(&list);
    return rc;
}

int hep_bids_may_write(const char *bids_dir, struct hep_error *err)
{
    char *path = hep_path_join(bids_dir, "dataset_description.json", err);
    struct hep_json *o = NULL;
    int rc = path == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK && !hep_is_file(path))
        rc = check_holds_nobody(bids_dir, err);
    else if (rc == HEP_OK) {
        rc = hep_json_read(&o, path, err);
        if (rc == HEP_OK && !names_origin(hep_json_get(o, "GeneratedBy")))
            rc = HEP_FAIL(err, HEP_ECREAT,
                          "%s is a dataset that hepar simulate did not make: name another folder",
                          bids_dir);
    }
    hep_json_free(o);
    free(path);
    return rc;
}

static void add_origin(struct hep_put *put, struct hep_json *o)
{
    struct hep_json *list = hep_json_new_array(), *entry = hep_json_new_object();

    hep_put_text(put, entry, "Name", "Hepar");
    hep_put_text(put, entry, "Version", HEP_VERSION);
    hep_put_text(put, entry, "Description", origin);
    hep_put_item(put, list, entry);
    hep_put(put, o, "GeneratedBy", list);
}

static int write_description(const char *dir, const char *name, const char *type,
                             struct hep_error *err)
{
    struct hep_json *o = hep_json_new_object(), *authors = hep_json_new_array();
    char *path = hep_path_join(dir, "dataset_description.json", err);
    struct hep_put put = { path != NULL ? HEP_OK : HEP_ENOMEM, err };

    hep_put_item(&put, authors, hep_json_new_string("Hepar simulator"));
    hep_put(&put, o, "Authors", authors);
    hep_put_text(&put, o, "Name", name);
    hep_put_text(&put, o, "BIDSVersion", HEP_BIDS_VERSION);
    hep_put_text(&put, o, "DatasetType", type);
    hep_put_text(&put, o, "License", "CC0");
    add_origin(&put, o);
    if (put.rc == HEP_OK)
        put.rc = hep_json_write(path, o, err);
    hep_json_free(o);
    free(path);
    return put.rc;
}

static int write_text(const char *dir, const char *name, const char *text, size_t n,
                      struct hep_error *err)
{
    char *path = hep_path_join(dir, name, err);
    int rc;

    if (path == NULL)
        return HEP_ENOMEM;
    rc = hep_file_write(path, text, n, err);
    free(path);
    return rc;
}

#define COLUMNS "participant_id\tfield_t\tseed\n"

/* Rows of an earlier part of the dataset for subjects from `first` to before `end`; other subjects
 * are being written now. */
static void add_rows(struct hep_str *tsv, const char *earlier, unsigned first, unsigned end)
{
    const char *row = strchr(earlier, '\n') + 1;

    while (*row != '\0') {
        const char *after = strchr(row, '\n');
        const unsigned long subject = hep_starts_with(row, "sub-") ? strtoul(row + 4, NULL, 10) : 0;
        const size_t n = after != NULL ? (size_t)(after - row) : strlen(row);

        if (subject >= first && subject < end) {
            hep_str_addn(tsv, row, n);
            hep_str_add(tsv, "\n");
        }
        row += n + (after != NULL);
    }
}

/* participants.tsv of simulated subjects that are there already; empty when there is none. */
static int read_participants(char **out, const char *dir, struct hep_error *err)
{
    char *path = hep_path_join(dir, "participants.tsv", err);
    int rc = HEP_OK;
    size_t n = 0;

    *out = NULL;
    if (path == NULL)
        return HEP_ENOMEM;
    if (hep_is_file(path))
        rc = hep_file_read(out, &n, path, PARTICIPANTS_MAX, err);
    if (rc == HEP_OK && *out != NULL && !hep_starts_with(*out, COLUMNS)) {
        free(*out);
        *out = NULL;
    }
    free(path);
    return rc;
}

static int write_participants(const char *dir, const struct hep_sim_settings *s, unsigned n,
                              struct hep_error *err)
{
    static const char columns[] =
        "{\n"
        "  \"participant_id\": {\"Description\": \"label of the simulated subject\"},\n"
        "  \"field_t\": {\"Description\": \"simulated field strength\", \"Units\": \"T\"},\n"
        "  \"seed\": {\"Description\": \"seed of the simulation; with the number of the subject it "
        "gives the same files again\"}\n"
        "}\n";
    struct hep_str tsv = { 0 };
    char *earlier = NULL;
    int rc = read_participants(&earlier, dir, err);

    hep_str_add(&tsv, COLUMNS);
    if (earlier != NULL)
        add_rows(&tsv, earlier, 0, s->subject);
    for (unsigned i = 0; i < n; i++) {
        char label[HEP_SUBJECT_LABEL];

        hep_bids_subject(label, s->subject + i);
        hep_str_addf(&tsv, "%s\t", label);
        hep_str_add_number(&tsv, s->field_t);
        hep_str_addf(&tsv, "\t%llu\n", (unsigned long long)s->seed);
    }
    if (earlier != NULL)
        add_rows(&tsv, earlier, s->subject + n, UINT_MAX);
    free(earlier);
    if (rc == HEP_OK)
        rc = hep_str_check(&tsv, err);
    if (rc == HEP_OK)
        rc = write_text(dir, "participants.tsv", tsv.s, tsv.len, err);
    if (rc == HEP_OK)
        rc = write_text(dir, "participants.json", columns, sizeof columns - 1, err);
    hep_str_release(&tsv);
    return rc;
}

int hep_bids_write_dataset(const char *bids_dir, const struct hep_sim_settings *s, unsigned n,
                           struct hep_error *err)
{
    static const char ignore[] =
        "**/*_lesions.*\n**/*_simulation.json\n**/*_desc-*\n**/*_label-*\n";
    char *truth = hep_path_join(bids_dir, "derivatives/truth", err);
    int rc;

    if (truth == NULL)
        return HEP_ENOMEM;
    rc = hep_mkdir_p(truth, err);
    if (rc == HEP_OK)
        rc = write_description(bids_dir, "Simulated liver MRI", "raw", err);
    if (rc == HEP_OK)
        rc = write_text(bids_dir, "README", readme, sizeof readme - 1, err);
    if (rc == HEP_OK)
        rc = write_participants(bids_dir, s, n, err);
    if (rc == HEP_OK)
        rc = write_description(truth, "Truth of simulated liver MRI", "derivative", err);
    if (rc == HEP_OK)
        rc = write_text(truth, ".bidsignore", ignore, sizeof ignore - 1, err);
    free(truth);
    return rc;
}
