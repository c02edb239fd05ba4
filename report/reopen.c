#include "report/reopen.h"

#include "report/stage_table.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "image/nifti.h"
#include "pipeline/record.h"
#include "pipeline/results/findings.h"
#include "pipeline/split.h"
#include "terms/finding_json.h"

/* The only name in a folder with this ending (files) or beginning (folders); *path stays NULL without, or with
 * more than one. */
static int find_only_name(char **path, const char *dir, const char *mark, bool folders,
                          struct hep_error *err)
{
    struct hep_listing list = { 0 };
    const char *found = NULL;
    size_t count = 0;
    int rc = hep_listing_read(&list, dir, err);

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < list.n; i++) {
        if (list.is_dir[i] == folders &&
            (folders ? hep_starts_with(list.names[i], mark) : hep_ends_with(list.names[i], mark))) {
            found = list.names[i];
            count++;
        }
    }
    if (count == 1 && (*path = hep_path_join(dir, found, err)) == NULL)
        rc = HEP_ENOMEM;
    hep_listing_release(&list);
    return rc;
}

static int find_folder(struct hep_reopened *r, const char *folder, struct hep_error *err)
{
    static const char *const levels[] = { "sub-", "ses-" };
    char *record = NULL;
    int rc;

    r->folder = hep_strdup(folder, err);
    rc = r->folder != NULL ? HEP_OK : HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i <= 2; i++) {
        char *below = NULL;

        rc = find_only_name(&record, r->folder, "_run.json", false, err);
        if (rc != HEP_OK || record != NULL || i == 2)
            break;
        rc = find_only_name(&below, r->folder, levels[i], true, err);
        if (below != NULL) {
            free(r->folder);
            r->folder = below;
        }
    }
    if (rc == HEP_OK && record == NULL)
        rc = HEP_FAIL(err, HEP_ENOENT, "%s: no *_run.json of one study here", folder);
    else if (rc == HEP_OK)
        rc = hep_json_read(&r->record, record, err);
    free(record);
    return rc;
}

static int check_record(struct hep_reopened *r, struct hep_error *err)
{
    const char *state = hep_json_string(hep_json_get(r->record, "state"));
    const char *error = hep_json_string(hep_json_get(r->record, "error"));
    const char *label = hep_json_string(hep_json_get(r->record, "study"));

    if (state == NULL || strcmp(state, "done") != 0 || label == NULL)
        return HEP_FAIL(err, HEP_EDATA, "%s: the run of this study did not succeed%s%s", r->folder,
                        error != NULL ? ": " : "", error != NULL ? error : "");
    r->run.label = hep_strdup(label, err);
    return r->run.label != NULL ? HEP_OK : HEP_ENOMEM;
}

/* ---- the study's own series ------------------------------------------------------------------ */

static int check_input(const struct hep_reopened *r, const struct hep_json *input,
                       struct hep_error *err)
{
    const char *relative = hep_json_string(hep_json_get(input, "path"));
    const char *expected = hep_json_string(hep_json_get(input, "sha256"));
    char *path = relative != NULL && strstr(relative, "..") == NULL && relative[0] != '/'
                     ? hep_path_join(r->study.inventory->study, relative, err)
                     : NULL;
    char hex[HEP_SHA256_HEX];
    int rc = HEP_OK;

    if (path != NULL && expected != NULL && hep_is_file(path)) {
        rc = hep_sha256_file(hex, path, err);
        if (rc == HEP_OK && strcmp(hex, expected) != 0)
            rc = HEP_FAIL(err, HEP_EDATA, "%s has changed since the run: use hepar run", path);
    }
    free(path);
    return rc;
}

int hep_reopened_settings(char ***out, size_t *n, const struct hep_json *record,
                          struct hep_error *err)
{
    const struct hep_json *settings = hep_json_get(record, "settings");
    const char **keys = NULL;
    int rc = hep_json_keys(&keys, n, settings, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(*out, *n + 1, err);
    for (size_t i = 0; rc == HEP_OK && i < *n; i++) {
        const char *value = hep_json_string(hep_json_get(settings, keys[i]));

        (*out)[i] = hep_asprintf(err, "%s=%s", keys[i], value != NULL ? value : "");
        if ((*out)[i] == NULL)
            rc = HEP_ENOMEM;
    }
    free((void *)keys);
    return rc;
}

static int open_study(struct hep_reopened *r, const char *study, struct hep_error *err)
{
    char **settings = NULL, subject[256];
    size_t n = 0;
    const struct hep_json *inputs = hep_json_get(r->record, "inputs");
    int rc = hep_reopened_settings(&settings, &n, r->record, err);

    if (hep_json_type(hep_json_get(r->record, "label_given")) == HEP_JSON_BOOL) {
        (void)snprintf(subject, sizeof subject, "%.*s", (int)strcspn(r->run.label, "_"),
                       r->run.label);
        r->study.subject = subject;
    }
    r->study.follow_links = true; /* the run that is looked at has read what they lead to */
    if (rc == HEP_OK)
        rc = hep_open_study(&r->study, study, "default", (const char *const *)settings, n, NULL,
                            NULL, err);
    r->study.subject = NULL;
    for (size_t i = 0; settings != NULL && i < n; i++)
        free(settings[i]);
    free((void *)settings);
    if (rc == HEP_OK && strcmp(r->study.label, r->run.label) != 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s is %s, the results are of %s", study, r->study.label,
                      r->run.label);
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(inputs); i++)
        rc = check_input(r, hep_json_at(inputs, i), err);
    return rc;
}

static int settle_series(struct hep_reopened *r, struct hep_error *err)
{
    struct hep_run *run = &r->run;
    int rc;

    run->inventory = r->study.inventory;
    run->agent = r->study.agent;
    run->cfg = &r->study.config;
    rc = hep_split_dynamic(run, err);
    for (size_t i = 0; rc == HEP_OK && i < run->n_products; i++) {
        struct hep_product *p = &run->products[i];
        enum hep_role role = HEP_ROLE_UNKNOWN;

        if (p->slot->kind != HEP_SLOT_SERIES)
            continue;
        rc = hep_role_from_name(&role, p->slot->name, err);
        if (rc == HEP_OK)
            p->series = hep_split_find(run, role);
        if (p->series != NULL)
            p->state = HEP_PRODUCT_PRESENT;
    }
    return rc;
}

int hep_reopen(struct hep_reopened *out, const char *folder, const char *study, int nthreads,
               struct hep_log *log, struct hep_error *err)
{
    struct hep_run *run = &out->run;
    int rc = find_folder(out, folder, err);

    run->log = log;
    run->nthreads = nthreads;
    run->stages = hep_stages(&run->n_stages);
    if (rc == HEP_OK)
        rc = check_record(out, err);
    if (rc == HEP_OK) {
        run->out.tmp = hep_strdup(out->folder, err);
        rc = run->out.tmp == NULL ? HEP_ENOMEM : hep_products_init(run, err);
    }
    for (size_t i = 0; rc == HEP_OK && i < run->n_stages; i++)
        rc = hep_record_restore_products(run, i, out->record, err);
    for (size_t i = 0; rc == HEP_OK && i < run->n_products; i++) {
        if (run->products[i].state == HEP_PRODUCT_UNKNOWN)
            run->products[i].state = HEP_PRODUCT_ABSENT;
    }
    if (rc == HEP_OK)
        rc = hep_run_measures(run, &out->measures, err);
    if (rc == HEP_OK && study != NULL)
        rc = open_study(out, study, err);
    if (rc == HEP_OK && study != NULL)
        rc = settle_series(out, err);
    return rc;
}

/* ---- as a reader sees it --------------------------------------------------------------------- */

/* Let a label map of the reader be the product; `missing_ok`: where there is no file the product stays. */
static int put_labels(struct hep_reopened *r, const char *product, const char *rest,
                      bool missing_ok, struct hep_error *err)
{
    struct hep_product *p = hep_product_find(&r->run, product);
    char *path = hep_asprintf(err, "%s/anat/%s_%s", r->folder, r->run.label, rest);
    struct hep_labels *labels = NULL;
    int rc = path == NULL || p == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK && (!missing_ok || hep_is_file(path)))
        rc = hep_nifti_read_labels(&labels, path, err);
    if (rc == HEP_OK && labels != NULL) {
        hep_labels_free(p->labels);
        p->labels = labels;
        p->state = HEP_PRODUCT_PRESENT;
        free(p->path);
        p->path = path;
        path = NULL;
    }
    free(path);
    return rc;
}

static int put_findings(struct hep_reopened *r, const char *path, struct hep_error *err)
{
    struct hep_product *p = hep_product_find(&r->run, "findings");
    struct hep_found *found = hep_findings_new(err);
    struct hep_json *doc = NULL;
    int rc = found == NULL || p == NULL ? HEP_ENOMEM : hep_json_read(&doc, path, err);

    if (rc == HEP_OK && hep_json_size(hep_json_get(doc, "not_reviewed")) > 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: %zu lesions that the reader has not reviewed", path,
                      hep_json_size(hep_json_get(doc, "not_reviewed")));
    if (rc == HEP_OK)
        rc = hep_findings_read(&found->findings, hep_json_get(doc, "lesions"), path, err);
    if (rc == HEP_OK) {
        if (p->data != NULL)
            hep_struct_release(p->data, &hep_findings_type);
        free(p->data);
        p->data = found;
        p->state = HEP_PRODUCT_PRESENT;
    } else if (found != NULL) {
        hep_struct_release(found, &hep_findings_type);
        free(found);
    }
    hep_json_free(doc);
    return rc;
}

/* Answers outlive a result: the one that stands here may have another reference. */
static int check_grids(struct hep_reopened *r, const char *path, struct hep_error *err)
{
    const struct hep_labels *lesions = NULL, *liver = NULL;
    int rc = hep_run_labels(&r->run, "lesions", &lesions, err);

    if (rc == HEP_OK)
        rc = hep_run_labels(&r->run, "liver", &liver, err);
    if (rc == HEP_OK && lesions != NULL && liver != NULL &&
        !hep_grid_same(&lesions->grid, &liver->grid, HEP_GRID_TOL_MM))
        rc = HEP_FAIL(err, HEP_EGEOM, "%s: drawn on another grid than that of this result", path);
    return rc;
}

int hep_reopened_as_read(struct hep_reopened *r, const char *reader, struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/%s_desc-%s_lesions.json", r->folder, r->run.label, reader),
         *lesions = hep_asprintf(err, "label-lesions_desc-%s_dseg.nii.gz", reader),
         *liver = hep_asprintf(err, "label-liver_desc-%s_mask.nii.gz", reader);
    int rc =
        path == NULL || lesions == NULL || liver == NULL ? HEP_ENOMEM : put_findings(r, path, err);

    if (rc == HEP_OK)
        rc = put_labels(r, "lesions", lesions, false, err);
    if (rc == HEP_OK)
        rc = put_labels(r, "liver", liver, true, err);
    if (rc == HEP_OK)
        rc = check_grids(r, path, err);
    free(path);
    free(lesions);
    free(liver);
    return rc;
}

void hep_reopened_release(struct hep_reopened *r)
{
    hep_products_release(&r->run);
    free(r->run.out.tmp);
    free(r->run.label);
    hep_open_study_release(&r->study);
    hep_json_free(r->record);
    free(r->folder);
    *r = (struct hep_reopened){ 0 };
}
