#include "review/remeasure.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "image/nifti.h"
#include "pipeline/study.h"
#include "report/stage_table.h"
#include "terms/finding_json.h"

#include <stdlib.h>
#include <string.h>

/* What this run does otherwise than the one of the result. */
static const char *const overrides[] = { "lesions.given=only", "lesions.given_label=none",
                                         "lesions.given_series=", "liver.label=none",
                                         "report.html=false" };
#define N_OVERRIDES (sizeof overrides / sizeof overrides[0])

static int read_results(struct hep_findings *out, struct hep_json **liver,
                        const struct hep_study_outcome *o, struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/%s_lesions.json", o->folder, o->label);
    struct hep_json *doc = NULL;
    int rc = path == NULL ? HEP_ENOMEM : hep_json_read(&doc, path, err);

    if (rc == HEP_OK)
        rc = hep_findings_read(out, hep_json_get(doc, "lesions"), path, err);
    for (size_t i = 0; rc == HEP_OK && i < out->n; i++)
        out->list[i].id = out->list[i].given_label;
    *liver = rc == HEP_OK ? hep_json_copy(hep_json_get(doc, "liver")) : NULL;
    hep_json_free(doc);
    free(path);
    return rc;
}

/* The output folder that a result stands in, from which stages that cannot differ are taken; NULL when the result was
 * moved out of its place. */
static char *share_of(const struct hep_reopened *r, struct hep_error *err)
{
    char *share = hep_strdup(r->folder, err);
    size_t n;

    if (share == NULL)
        return NULL;
    n = strlen(share);
    while (n > 1 && share[n - 1] == '/')
        share[--n] = '\0';
    if (n > strlen(r->study.relative) + 1 && hep_ends_with(share, r->study.relative) &&
        share[n - strlen(r->study.relative) - 1] == '/') {
        share[n - strlen(r->study.relative) - 1] = '\0';
        return share;
    }
    free(share);
    return NULL;
}

static int run_study(struct hep_study_outcome *outcome, const struct hep_remeasure *what,
                     const char *lesions, const char *out, char **settings, size_t n,
                     struct hep_error *err)
{
    char *share = share_of(what->result, err);
    const char *const none = NULL, **all = NULL;
    char subject[256];
    struct hep_study_request request = { .study = what->study,
                                         .protocol = "default",
                                         .out = out,
                                         .liver_mask = what->liver,
                                         .lesions = &lesions,
                                         .n_lesions = 1,
                                         .command = &none,
                                         .nthreads = what->nthreads,
                                         .follow_links = true,
                                         .share = share,
                                         .reproducible = true };
    int rc = HEP_NEW(all, n + N_OVERRIDES, err);

    if (hep_json_type(hep_json_get(what->result->record, "label_given")) == HEP_JSON_BOOL) {
        (void)snprintf(subject, sizeof subject, "%.*s", (int)strcspn(what->result->run.label, "_"),
                       what->result->run.label);
        request.label = subject;
    }
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        all[i] = settings[i];
    for (size_t i = 0; rc == HEP_OK && i < N_OVERRIDES; i++)
        all[n + i] = overrides[i];
    request.settings = all;
    request.n_settings = n + N_OVERRIDES;
    request.stages = hep_stages(&request.n_stages);
    if (rc == HEP_OK)
        rc = hep_study_run(outcome, &request, what->log, NULL, err);
    free((void *)all);
    free(share);
    return rc;
}

int hep_remeasure(struct hep_findings *out, struct hep_json **liver,
                  const struct hep_remeasure *what, struct hep_error *err)
{
    char *lesions = hep_path_join(what->scratch, "reviewed_dseg.nii.gz", err),
         *folder = hep_path_join(what->scratch, "out", err), **settings = NULL;
    struct hep_study_outcome outcome = { 0 };
    size_t n = 0;
    int rc = lesions == NULL || folder == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK)
        rc = hep_nifti_write_labels(lesions, what->lesions, NULL, err);
    if (rc == HEP_OK)
        rc = hep_reopened_settings(&settings, &n, what->result->record, err);
    if (rc == HEP_OK)
        rc = run_study(&outcome, what, lesions, folder, settings, n, err);
    if (rc == HEP_OK)
        rc = read_results(out, liver, &outcome, err);
    for (size_t i = 0; settings != NULL && i < n; i++)
        free(settings[i]);
    free((void *)settings);
    free(lesions);
    free(folder);
    return rc;
}
