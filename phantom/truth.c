#include "phantom/truth.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "image/nifti.h"
#include "phantom/bids.h"

struct map_kind {
    const char *folder, *suffix, *units;
    enum hep_unit unit;
};
static const struct map_kind map_kinds[HEP_TRUTH_N_MAPS] = {
    [HEP_TRUTH_FF] = { "anat", "FFmap", "1", HEP_UNIT_FRACTION },
    [HEP_TRUTH_R2STAR] = { "anat", "R2starmap", "1/s", HEP_UNIT_PER_S },
    [HEP_TRUTH_T1] = { "anat", "T1map", "s", HEP_UNIT_S },
    [HEP_TRUTH_T2] = { "anat", "T2map", "s", HEP_UNIT_S },
    [HEP_TRUTH_D] = { "dwi", "Dmap", "mm2/s", HEP_UNIT_MM2_PER_S },
    [HEP_TRUTH_F] = { "dwi", "fmap", "1", HEP_UNIT_FRACTION },
    [HEP_TRUTH_DSTAR] = { "dwi", "Dstarmap", "mm2/s", HEP_UNIT_MM2_PER_S },
    [HEP_TRUTH_K] = { "dwi", "Kmap", "1", HEP_UNIT_DIMENSIONLESS },
    [HEP_TRUTH_ADC] = { "dwi", "ADC", "mm2/s", HEP_UNIT_MM2_PER_S },
};

static int write_units(const char *path, const char *units, struct hep_error *err)
{
    struct hep_json *o = hep_json_new_object();
    int rc = hep_json_set(o, "Units", hep_json_new_string(units), err);

    if (rc == HEP_OK)
        rc = hep_json_set(o, "SkullStripped", hep_json_new_bool(false), err);
    if (rc == HEP_OK)
        rc = hep_json_write(path, o, err);
    hep_json_free(o);
    return rc;
}

/* "DIR/sub-01_REST" with an ending. */
static char *truth_path(const char *dir, const struct hep_sim_settings *s, const char *rest,
                        const char *ending, struct hep_error *err)
{
    char label[HEP_STUDY_LABEL];

    hep_bids_label(label, s);
    return hep_asprintf(err, "%s/%s_%s%s", dir, label, rest, ending);
}

static int write_map(const char *bids_dir, const struct hep_sim_settings *s,
                     const struct hep_volume *maps, size_t m,
                     const struct hep_nifti_write_opts *base, struct hep_error *err)
{
    struct hep_nifti_write_opts opts = *base;
    struct hep_volume *one = NULL;
    char *dir = NULL, *image = NULL, *sidecar = NULL, *rest = NULL;
    int rc;

    rc = hep_bids_truth_dir(&dir, bids_dir, s, map_kinds[m].folder, err);
    if (rc != HEP_OK)
        return rc;
    rest = hep_asprintf(err, "desc-truth_%s", map_kinds[m].suffix);
    if (rest != NULL) {
        image = truth_path(dir, s, rest, ".nii.gz", err);
        sidecar = truth_path(dir, s, rest, ".json", err);
    }
    if (image == NULL || sidecar == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    opts.unit = map_kinds[m].unit;
    opts.store = HEP_STORE_FLOAT32;
    rc = hep_volume_pick(&one, maps, m, err);
    if (rc == HEP_OK)
        rc = hep_nifti_write(image, one, &opts, err);
    if (rc == HEP_OK)
        rc = write_units(sidecar, map_kinds[m].units, err);
out:
    hep_volume_free(one);
    free(dir);
    free(rest);
    free(image);
    free(sidecar);
    return rc;
}

static bool kurtosis_acts(const struct hep_sim_settings *s)
{
    for (size_t i = 0; i < s->n_series; i++)
        for (size_t v = 0; s->series[i].role == HEP_ROLE_DWI && v < s->series[i].n_b; v++)
            if (s->series[i].b_s_per_mm2[v] >= HEP_KURTOSIS_FROM_B)
                return true;
    return false;
}

static int write_maps(const char *bids_dir, const struct hep_sim_settings *s,
                      const struct hep_anatomy *a, const struct hep_grid *grid, double slice_share,
                      const struct hep_nifti_write_opts *opts, struct hep_error *err)
{
    struct hep_volume *maps = NULL;
    int rc = hep_truth_maps(&maps, a, grid, slice_share, s->nthreads, err);

    for (size_t m = 0; rc == HEP_OK && m < HEP_TRUTH_N_MAPS; m++)
        if (m != HEP_TRUTH_K || kurtosis_acts(s))
            rc = write_map(bids_dir, s, maps, m, opts, err);
    hep_volume_free(maps);
    return rc;
}

/* Number each lesion by hep_sim_lesion_id(), or only those that are zones of ablation; false when
 * none is left. */
static bool number_lesions(struct hep_labels *out, const struct hep_labels *lesions,
                           const struct hep_anatomy *a, bool only_zones)
{
    const size_t n = hep_grid_voxels(&lesions->grid);
    bool any = false;

    for (size_t i = 0; i < n; i++) {
        const size_t at = (size_t)lesions->data[i];
        const bool is_kept =
            at > 0 && (!only_zones || a->lesions.item[at - 1].fate == HEP_SIM_FATE_ABLATED);

        out->data[i] = is_kept ? hep_sim_lesion_id(&a->lesions, at - 1) : 0;
        any = any || is_kept;
    }
    return any;
}

static int write_masks(const char *bids_dir, const struct hep_sim_settings *s,
                       const struct hep_anatomy *a, const struct hep_grid *grid, double slice_share,
                       const struct hep_nifti_write_opts *opts, struct hep_error *err)
{
    struct hep_labels *liver = NULL, *lesions = NULL, *numbered = NULL;
    char *dir = NULL, *liver_path = NULL, *lesion_path = NULL, *zone_path = NULL;
    int rc = hep_truth_masks(&liver, &lesions, a, grid, slice_share, s->nthreads, err);

    if (rc == HEP_OK)
        rc = hep_bids_truth_dir(&dir, bids_dir, s, "anat", err);
    if (rc != HEP_OK)
        goto out;
    liver_path = truth_path(dir, s, "label-liver_mask", ".nii.gz", err);
    lesion_path = truth_path(dir, s, "label-lesions_dseg", ".nii.gz", err);
    zone_path = truth_path(dir, s, "label-ablation_dseg", ".nii.gz", err);
    if (liver_path == NULL || lesion_path == NULL || zone_path == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    rc = hep_nifti_write_labels(liver_path, liver, opts, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&numbered, grid, err);
    if (rc == HEP_OK) {
        (void)number_lesions(numbered, lesions, a, false);
        rc = hep_nifti_write_labels(lesion_path, numbered, opts, err);
    }
    if (rc == HEP_OK && number_lesions(numbered, lesions, a, true))
        rc = hep_nifti_write_labels(zone_path, numbered, opts, err);
out:
    hep_labels_free(liver);
    hep_labels_free(lesions);
    hep_labels_free(numbered);
    free(dir);
    free(liver_path);
    free(lesion_path);
    free(zone_path);
    return rc;
}

/* From the reference to one series, on a 12 mm lattice: point + displacement lies in the series. */
static int write_displacement(const char *dir, const struct hep_sim_settings *s,
                              const struct hep_event *e, size_t series, struct hep_error *err)
{
    const struct hep_box box = hep_shape_box();
    const struct hep_nifti_write_opts opts = { .unit = HEP_UNIT_ARBITRARY,
                                               .gzip_level = 6,
                                               .nthreads = s->nthreads };
    struct hep_grid grid = { .n = { 0, 0, 0 } };
    struct hep_volume *v = NULL;
    char *rest = hep_asprintf(err, "desc-%s_displacement", hep_role_name(s->series[series].role));
    char *path = rest != NULL ? truth_path(dir, s, rest, ".nii.gz", err) : NULL;
    size_t voxels;
    int rc = HEP_OK;

    for (int k = 0; k < 3; k++) {
        grid.n[k] = (size_t)((box.hi[k] - box.lo[k]) / 12.0) + 1;
        grid.to_world[k][k] = 12.0;
        grid.to_world[k][3] = box.lo[k];
    }
    grid.to_world[3][3] = 1.0;
    voxels = hep_grid_voxels(&grid);
    if (path == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_volume_new(&v, &grid, 3, err);
    for (size_t i = 0; rc == HEP_OK && i < voxels; i++) {
        const size_t y = i / grid.n[0] % grid.n[1], z = i / (grid.n[0] * grid.n[1]);
        const double voxel[3] = { (double)(i % grid.n[0]), (double)y, (double)z };
        double p[3], d[3];

        hep_grid_to_world(p, &grid, voxel);
        hep_motion_displacement(d, &e->series[series].motion, p);
        for (size_t k = 0; k < 3; k++)
            v->data[k * voxels + i] = (float)d[k];
    }
    if (rc == HEP_OK)
        rc = hep_nifti_write(path, v, &opts, err);
    hep_volume_free(v);
    free(rest);
    free(path);
    return rc;
}

static int write_simulation(const char *dir, const struct hep_sim_settings *s,
                            const struct hep_event *e, struct hep_error *err)
{
    struct hep_json *o = NULL;
    char *path = truth_path(dir, s, "simulation", ".json", err);
    int rc = path != NULL ? hep_event_json(&o, e, s, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = hep_json_write(path, o, err);
    hep_json_free(o);
    free(path);
    return rc;
}

int hep_truth_write(const char *bids_dir, const struct hep_sim_settings *s,
                    const struct hep_anatomy *a, const struct hep_event *e, uint64_t seed,
                    struct hep_true_session *sessions, struct hep_error *err)
{
    struct hep_nifti_write_opts opts;
    struct hep_grid grid;
    char *dir = NULL;
    double share = e->series[e->reference].slice_share;
    int rc;

    hep_event_grid(&grid, e, s, e->reference, seed);
    hep_bids_store(&opts, e, s->nthreads);
    opts.gzip_level = 1;
    rc = hep_bids_truth_dir(&dir, bids_dir, s, "", err);
    if (rc == HEP_OK)
        rc = hep_truth_write_lesions(dir, s, a, e, sessions, err);
    if (rc == HEP_OK)
        rc = write_masks(bids_dir, s, a, &grid, share, &opts, err);
    if (rc == HEP_OK)
        rc = write_maps(bids_dir, s, a, &grid, share, &opts, err);
    for (size_t i = 0; rc == HEP_OK && i < s->n_series; i++)
        if (i != e->reference)
            rc = write_displacement(dir, s, e, i, err);
    if (rc == HEP_OK)
        rc = write_simulation(dir, s, e, err);
    free(dir);
    return rc;
}
