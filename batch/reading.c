#include "batch/reading.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void hep_reading_release(struct hep_reading *r)
{
    hep_truth_forms_release(&r->forms);
    hep_lesion_file_release(&r->wanted);
    hep_lesion_file_release(&r->got);
    hep_labels_free(r->true_lesions);
    hep_labels_free(r->true_liver);
    hep_labels_free(r->lesions);
    hep_labels_free(r->liver);
    hep_volume_free(r->moved);
}

/* What a reader left open is neither a lesion nor none. */
static int check_reviewed(const struct hep_reading *r, const char *path, struct hep_error *err)
{
    const size_t open = hep_json_size(hep_json_get(r->wanted.root, "not_reviewed"));

    return open == 0 ? HEP_OK
                     : HEP_FAIL(err, HEP_EDATA,
                                "%s: %zu lesions that the reader has not reviewed: a "
                                "truth needs an answer to each",
                                path, open);
}

static int read_true_labels(struct hep_reading *r, struct hep_labels **out, const char *name,
                            const char *ending, struct hep_error *err)
{
    char *rest = r->truth.desc != NULL
                     ? hep_asprintf(err, "%s_desc-%s_%s", name, r->truth.desc, ending)
                     : hep_asprintf(err, "%s_%s", name, ending);
    int rc = rest == NULL ? HEP_ENOMEM : hep_truth_labels(out, &r->truth, rest, NULL, NULL, err);

    free(rest);
    return rc;
}

int hep_reading_truth(struct hep_reading *r, struct hep_error *err)
{
    char *path = hep_truth_file(&r->truth, err);
    int rc = path != NULL ? hep_lesion_file_read(&r->wanted, path, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = check_reviewed(r, path, err);
    if (rc == HEP_OK)
        rc = hep_truth_forms_read(&r->forms, r->wanted.root, path, err);
    if (rc == HEP_OK)
        rc = read_true_labels(r, &r->true_lesions, "label-lesions", "dseg.nii.gz", err);
    if (rc == HEP_OK)
        rc = read_true_labels(r, &r->true_liver, "label-liver", "mask.nii.gz", err);
    if (rc == HEP_OK && r->true_lesions != NULL && r->true_liver != NULL &&
        !hep_grid_same(&r->true_lesions->grid, &r->true_liver->grid, HEP_GRID_TOL_MM))
        rc = HEP_FAIL(err, HEP_EGEOM, "%s: masks of liver and lesions on different grids",
                      r->truth.path);
    if (rc == HEP_OK)
        rc = hep_lesion_file_place(&r->wanted, r->true_lesions, path, err);
    free(path);
    return rc;
}

const struct hep_grid *hep_reading_truth_grid(const struct hep_reading *r)
{
    if (r->true_lesions != NULL)
        return &r->true_lesions->grid;
    return r->true_liver != NULL ? &r->true_liver->grid : NULL;
}

/* A series of its own only when it is named and is not the truth's reference. */
static int find_space(struct hep_reading *r, struct hep_error *err)
{
    const char *want = r->wanted.reference, *got = r->got.reference;

    if (want == NULL || got == NULL || strcmp(want, got) == 0)
        return HEP_OK;
    return hep_truth_space(&r->moved, &r->truth, got, err);
}

int hep_reading_findings(struct hep_reading *r, const char *path, struct hep_error *err)
{
    int rc = hep_lesion_file_read(&r->got, path, err);

    if (rc == HEP_OK)
        rc = find_space(r, err);
    if (rc == HEP_OK)
        rc =
            hep_truth_labels(&r->lesions, &r->output, "label-lesions_dseg.nii.gz", NULL, NULL, err);
    if (rc == HEP_OK)
        rc = hep_lesion_file_place(&r->got, r->lesions, path, err);
    hep_labels_free(r->lesions);
    r->lesions = NULL;
    if (rc == HEP_OK && hep_reading_truth_grid(r) != NULL)
        rc = hep_truth_labels(&r->lesions, &r->output, "label-lesions_dseg.nii.gz",
                              hep_reading_truth_grid(r), r->moved, err);
    for (size_t i = 0; rc == HEP_OK && i < r->got.findings.n; i++)
        hep_truth_point(r->got.findings.list[i].centre_mm, r->moved);
    for (size_t i = 0; rc == HEP_OK && i < r->got.rejected.n; i++)
        hep_truth_point(r->got.rejected.list[i].centre_mm, r->moved);
    return rc;
}
