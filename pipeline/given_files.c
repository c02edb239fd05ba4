#include "pipeline/given_files.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "pipeline/study.h"
#include "sequences/inventory.h"

#include <stdlib.h>

void hep_given_files_release(struct hep_given_files *g)
{
    hep_derivatives_release(g->regions, g->n_regions);
    free(g->liver.path);
    free(g->resection);
    *g = (struct hep_given_files){ 0 };
}

static int add_region(struct hep_given_files *g, enum hep_role role, const char *path,
                      int32_t value, struct hep_error *err)
{
    struct hep_derivative *d;

    if (!hep_is_file(path))
        return HEP_FAIL(err, HEP_ENOENT, "%s: no such file of %s", path,
                        role == HEP_ROLE_LABELS ? "organs" : "lesions");
    if (hep_ends_with(path, ".dcm"))
        return HEP_FAIL(err, HEP_EFORMAT,
                        "%s: a DICOM object: hepar import makes label maps of segmentations, which "
                        "--derivatives finds",
                        path);
    if (HEP_GROW(g->regions, g->n_regions, err) != HEP_OK)
        return HEP_ENOMEM;
    d = &g->regions[g->n_regions++];
    *d = (struct hep_derivative){ role, hep_strdup(path, err), value };
    return d->path != NULL ? HEP_OK : HEP_ENOMEM;
}

static int set(char **to, const char *path, struct hep_error *err)
{
    if (path == NULL || *to != NULL)
        return HEP_OK;
    *to = hep_strdup(path, err);
    return *to != NULL ? HEP_OK : HEP_ENOMEM;
}

/* What the study holds: what study.yml names, or what has a BIDS name. */
static int of_study(struct hep_given_files *g, const struct hep_inventory *inv, bool named,
                    struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && named && i < inv->lesion_points.n; i++)
        rc = add_region(g, HEP_ROLE_LESION_MASK, inv->lesion_points.line[i], HEP_VALUE_ANY, err);
    for (size_t i = 0; rc == HEP_OK && i < inv->n_series; i++) {
        const struct hep_series *s = &inv->series[i];

        if (s->role == HEP_ROLE_LESION_MASK && s->selected && s->given == named && s->n_paths > 0)
            rc = add_region(g, s->role, s->path[0], s->label < 0 ? HEP_VALUE_ANY : s->label, err);
    }
    return rc;
}

static int of_derivatives(struct hep_given_files *g, const char *root, const char *label,
                          enum hep_role wanted, struct hep_error *err)
{
    struct hep_derivative *list = NULL;
    size_t n = 0;
    int rc = hep_derivatives_find(&list, &n, root, label, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        if (list[i].role != wanted)
            continue;
        if (wanted == HEP_ROLE_LIVER_MASK && g->liver.path == NULL) {
            g->liver.value = list[i].value;
            rc = set(&g->liver.path, list[i].path, err);
        } else if (wanted == HEP_ROLE_RESECTION_MASK) {
            rc = set(&g->resection, list[i].path, err);
        } else if (wanted == HEP_ROLE_LESION_MASK || wanted == HEP_ROLE_LABELS) {
            rc = add_region(g, wanted, list[i].path, list[i].value, err);
        }
    }
    hep_derivatives_release(list, n);
    return rc;
}

static int all_derivatives(struct hep_given_files *g, const struct hep_study_request *request,
                           const char *label, enum hep_role wanted, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < request->n_derivatives; i++)
        rc = of_derivatives(g, request->derivatives[i], label, wanted, err);
    return rc;
}

static int settle_lesions(struct hep_given_files *g, const struct hep_study_request *request,
                          const struct hep_inventory *inventory, const char *label,
                          struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < request->n_lesions; i++)
        rc = add_region(g, HEP_ROLE_LESION_MASK, request->lesions[i], HEP_VALUE_ANY, err);
    if (rc == HEP_OK && g->n_regions == 0)
        rc = of_study(g, inventory, true, err);
    if (rc == HEP_OK && g->n_regions == 0)
        rc = all_derivatives(g, request, label, HEP_ROLE_LESION_MASK, err);
    if (rc == HEP_OK && g->n_regions == 0)
        rc = of_study(g, inventory, false, err);
    return rc;
}

int hep_given_files_settle(struct hep_given_files *out, const struct hep_study_request *request,
                           const struct hep_inventory *inventory, const char *label,
                           struct hep_error *err)
{
    struct hep_given_files g = { .liver = { HEP_ROLE_LIVER_MASK, NULL, HEP_VALUE_ONLY } };
    int rc = set(&g.liver.path, request->liver_mask, err);

    if (rc == HEP_OK)
        rc = set(&g.resection, request->resection_mask, err);
    if (rc == HEP_OK)
        rc = all_derivatives(&g, request, label, HEP_ROLE_LIVER_MASK, err);
    if (rc == HEP_OK)
        rc = all_derivatives(&g, request, label, HEP_ROLE_RESECTION_MASK, err);
    if (rc == HEP_OK)
        rc = settle_lesions(&g, request, inventory, label, err);
    for (size_t i = 0; rc == HEP_OK && i < request->n_organs; i++)
        rc = add_region(&g, HEP_ROLE_LABELS, request->organs[i], HEP_VALUE_ANY, err);
    if (rc == HEP_OK && request->with_organs && request->n_organs == 0)
        rc = all_derivatives(&g, request, label, HEP_ROLE_LABELS, err);
    if (rc == HEP_OK)
        *out = g;
    else
        hep_given_files_release(&g);
    return rc;
}
