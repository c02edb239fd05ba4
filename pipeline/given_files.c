#include "pipeline/given_files.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "pipeline/study.h"
#include "sequences/derivatives.h"
#include "sequences/inventory.h"

#include <stdlib.h>

void hep_given_files_release(struct hep_given_files *g)
{
    for (size_t i = 0; i < g->n_lesions; i++)
        free(g->lesions[i]);
    free((void *)g->lesions);
    free(g->liver);
    free(g->resection);
    *g = (struct hep_given_files){ 0 };
}

static int add_lesions(struct hep_given_files *g, const char *path, struct hep_error *err)
{
    if (!hep_is_file(path))
        return HEP_FAIL(err, HEP_ENOENT, "%s: no such file of lesions", path);
    if (HEP_GROW(g->lesions, g->n_lesions, err) != HEP_OK)
        return HEP_ENOMEM;
    g->lesions[g->n_lesions] = hep_strdup(path, err);
    return g->lesions[g->n_lesions++] != NULL ? HEP_OK : HEP_ENOMEM;
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
        rc = add_lesions(g, inv->lesion_points.line[i], err);
    for (size_t i = 0; rc == HEP_OK && i < inv->n_series; i++) {
        const struct hep_series *s = &inv->series[i];

        if (s->role == HEP_ROLE_LESION_MASK && s->selected && s->given == named && s->n_paths > 0)
            rc = add_lesions(g, s->path[0], err);
    }
    return rc;
}

static int of_derivatives(struct hep_given_files *g, const char *root, const char *label,
                          bool with_lesions, struct hep_error *err)
{
    struct hep_derivative *list = NULL;
    size_t n = 0;
    int rc = hep_derivatives_find(&list, &n, root, label, err);

    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        if (list[i].role == HEP_ROLE_LESION_MASK && with_lesions)
            rc = add_lesions(g, list[i].path, err);
        else if (list[i].role == HEP_ROLE_LIVER_MASK)
            rc = set(&g->liver, list[i].path, err);
        else if (list[i].role == HEP_ROLE_RESECTION_MASK)
            rc = set(&g->resection, list[i].path, err);
    }
    hep_derivatives_release(list, n);
    return rc;
}

int hep_given_files_settle(struct hep_given_files *out, const struct hep_study_request *request,
                           const struct hep_inventory *inventory, const char *label,
                           struct hep_error *err)
{
    struct hep_given_files g = { 0 };
    int rc = set(&g.liver, request->liver_mask, err);
    bool settled;

    if (rc == HEP_OK)
        rc = set(&g.resection, request->resection_mask, err);
    for (size_t i = 0; rc == HEP_OK && i < request->n_lesions; i++)
        rc = add_lesions(&g, request->lesions[i], err);
    if (rc == HEP_OK && g.n_lesions == 0)
        rc = of_study(&g, inventory, true, err);
    settled = g.n_lesions > 0;
    for (size_t i = 0; rc == HEP_OK && i < request->n_derivatives; i++)
        rc = of_derivatives(&g, request->derivatives[i], label, !settled, err);
    if (rc == HEP_OK && g.n_lesions == 0)
        rc = of_study(&g, inventory, false, err);
    if (rc == HEP_OK)
        *out = g;
    else
        hep_given_files_release(&g);
    return rc;
}
