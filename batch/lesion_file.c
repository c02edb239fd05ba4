#include "batch/lesion_file.h"

#include "base/json.h"
#include "terms/finding_json.h"

#include <math.h>

int hep_lesion_file_read(struct hep_lesion_file *out, const char *path, struct hep_error *err)
{
    struct hep_lesion_file f = { 0 };
    struct hep_json *root = NULL;
    int rc = hep_json_read(&root, path, err);

    if (rc == HEP_OK)
        rc = hep_findings_read(&f.findings, root, path, err);
    if (rc != HEP_OK) {
        hep_json_free(root);
        return rc;
    }
    f.findings.file = root;
    f.reference = hep_json_string(hep_json_get(root, "reference"));
    f.absent_reason = hep_json_string(hep_json_get(root, "lesions_absent_reason"));
    *out = f;
    return HEP_OK;
}

void hep_lesion_file_release(struct hep_lesion_file *f)
{
    hep_findings_release(&f->findings);
    *f = (struct hep_lesion_file){ 0 };
}

/* ---- place ----------------------------------------------------------------------------------- */

static bool has_place(const struct hep_finding *r)
{
    return isfinite(r->centre_mm[0]);
}

static void place_one(struct hep_finding *r, const struct hep_labels *mask)
{
    const size_t *n = mask->grid.n, voxels = hep_grid_voxels(&mask->grid);
    double sum[3] = { 0 }, count = 0.0;

    for (size_t i = 0; i < voxels; i++) {
        const size_t at[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };

        if (mask->data[i] != r->id)
            continue;
        for (size_t k = 0; k < 3; k++)
            sum[k] += (double)at[k];
        count += 1.0;
    }
    if (count == 0.0)
        return;
    for (size_t k = 0; k < 3; k++)
        sum[k] /= count;
    if (!has_place(r))
        hep_grid_to_world(r->centre_mm, &mask->grid, sum);
    if (isnan(hep_finding_diameter_mm(r)))
        hep_measures_set(&r->measures, HEP_M_VOLUME,
                         count * hep_grid_voxel_mm3(&mask->grid) / 1000.0);
}

int hep_lesion_file_place(struct hep_lesion_file *f, const struct hep_labels *mask,
                          const char *path, struct hep_error *err)
{
    for (size_t i = 0; i < f->findings.n; i++) {
        struct hep_finding *r = &f->findings.list[i];

        if (mask != NULL && (!has_place(r) || isnan(hep_finding_diameter_mm(r))))
            place_one(r, mask);
        if (!has_place(r))
            return HEP_FAIL(err, HEP_EFORMAT,
                            "%s: lesions[%zu]: neither centre_mm nor voxels of id %d in a mask",
                            path, i, r->id);
    }
    return HEP_OK;
}
