#include "batch/lesion_file.h"

#include "terms/finding_json.h"

#include <math.h>

static int read_liver(struct hep_lesion_file *f, const char *path, struct hep_error *err)
{
    static const enum hep_measure_form forms[] = { HEP_FORM_MEMBER, HEP_FORM_VALUE,
                                                   HEP_FORM_STATISTICS };
    const struct hep_json *liver = hep_json_get(f->root, "liver");
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < sizeof forms / sizeof forms[0]; i++)
        rc = hep_measures_read(&f->liver, HEP_SUBJECT_LIVER, forms[i], liver, path, err);
    for (int i = 0; rc == HEP_OK && i < HEP_MEASURE_COUNT; i++) {
        const struct hep_json *node = hep_json_get(liver, hep_measure_name((enum hep_measure)i));

        if (hep_measure_row((enum hep_measure)i)->subject == HEP_SUBJECT_LIVER &&
            hep_json_get(node, "state") != NULL)
            f->withheld[i] = hep_json_string(hep_json_get(node, "reason"));
    }
    return rc;
}

static const char *text_of(const struct hep_lesion_file *f, const char *key)
{
    return hep_json_string(hep_json_get(f->root, key));
}

int hep_lesion_file_read(struct hep_lesion_file *out, const char *path, struct hep_error *err)
{
    struct hep_lesion_file f = { 0 };
    int rc = hep_json_read(&f.root, path, err);

    if (rc == HEP_OK)
        rc = hep_findings_read(&f.findings, hep_json_get(f.root, "lesions"), path, err);
    if (rc == HEP_OK && hep_json_get(f.root, "rejected_candidates") != NULL)
        rc = hep_findings_read(&f.rejected, hep_json_get(f.root, "rejected_candidates"), path, err);
    if (rc == HEP_OK)
        rc = read_liver(&f, path, err);
    if (rc != HEP_OK) {
        hep_lesion_file_release(&f);
        return rc;
    }
    f.protocol = text_of(&f, "protocol");
    f.agent = text_of(&f, "agent");
    f.reference = text_of(&f, "reference");
    f.arterial_weight = hep_json_number(hep_json_get(f.root, "arterial_weight"));
    f.absent_reason = text_of(&f, "lesions_absent_reason");
    *out = f;
    return HEP_OK;
}

void hep_lesion_file_release(struct hep_lesion_file *f)
{
    hep_findings_release(&f->findings);
    hep_findings_release(&f->rejected);
    hep_json_free(f->root);
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
