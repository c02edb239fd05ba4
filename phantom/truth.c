#include "phantom/truth.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "image/nifti.h"
#include "phantom/bids.h"

#include <math.h>

/* ---- masks ----------------------------------------------------------------------------------- */

struct inverse {
    double m[4][4]; /* world to voxel */
};

static void mark_lesion(struct hep_labels *lesions, const struct hep_volume *share, size_t i,
                        const struct hep_lesion *l, const struct inverse *inverse)
{
    const size_t *n = lesions->grid.n;
    const size_t voxels = hep_grid_voxels(&lesions->grid);
    bool any = false;

    for (size_t k = 0; k < voxels; k++) {
        if (share->data[k] >= 0.5F) {
            lesions->data[k] = (int32_t)i + 1;
            any = true;
        }
    }
    if (!any) {
        double v[3];
        size_t c[3];

        hep_affine_apply(v, inverse->m, l->centre_mm);
        for (int k = 0; k < 3; k++) {
            if (!(v[k] > -0.5) || v[k] >= (double)n[k] - 0.5)
                return;
            c[k] = (size_t)(v[k] + 0.5);
        }
        lesions->data[(c[2] * n[1] + c[1]) * n[0] + c[0]] = (int32_t)i + 1;
    }
}

bool hep_truth_box(struct hep_grid *sub, size_t first[3], const struct hep_grid *grid,
                   const double inverse[4][4], const struct hep_lesion *l, double margin_mm)
{
    const double reach = hep_lesion_reach_mm(l) + margin_mm;
    double centre[3], spacing[3], at[3];

    hep_affine_apply(centre, inverse, l->centre_mm);
    hep_grid_spacing(spacing, grid);
    *sub = *grid;
    for (int k = 0; k < 3; k++) {
        const double top = (double)grid->n[k] - 1.0;
        const double lo = fmax(floor(centre[k] - reach / spacing[k]), 0.0);
        const double hi = fmin(ceil(centre[k] + reach / spacing[k]), top);

        if (hi < lo)
            return false;
        first[k] = (size_t)lo;
        sub->n[k] = (size_t)(hi - lo) + 1;
        at[k] = lo;
    }
    hep_grid_to_world(centre, grid, at);
    for (int k = 0; k < 3; k++)
        sub->to_world[k][3] = centre[k];
    return true;
}

static int mark_one(struct hep_labels *lesions, const struct hep_render *whole, size_t i,
                    const struct inverse *inverse, struct hep_error *err)
{
    const struct hep_lesion *l = &whole->anatomy->lesions.item[i];
    const size_t *n = lesions->grid.n;
    uint8_t wanted[HEP_N_LABELS] = { 0 };
    struct hep_volume *share = NULL;
    struct hep_labels *part = NULL;
    struct hep_render r = *whole;
    struct hep_grid sub;
    struct inverse sub_inverse;
    size_t first[3];
    int rc;

    if (!hep_truth_box(&sub, first, whole->grid, inverse->m, l, 1.0))
        return HEP_OK;
    for (int layer = (int)HEP_LAYER_RIM; layer < (int)HEP_N_LAYERS; layer++)
        wanted[hep_lesion_label(i, layer)] = 1;
    r.grid = &sub;
    rc = hep_grid_inverse(sub_inverse.m, &sub, err);
    if (rc == HEP_OK)
        rc = hep_render_share(&share, &r, wanted, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&part, &sub, err);
    if (rc == HEP_OK) {
        mark_lesion(part, share, i, l, &sub_inverse);
        for (size_t z = 0, k = 0; z < sub.n[2]; z++)
            for (size_t y = 0; y < sub.n[1]; y++)
                for (size_t x = 0; x < sub.n[0]; x++, k++)
                    if (part->data[k] != 0)
                        lesions
                            ->data[((first[2] + z) * n[1] + first[1] + y) * n[0] + first[0] + x] =
                            part->data[k];
    }
    hep_volume_free(share);
    hep_labels_free(part);
    return rc;
}

int hep_truth_masks(struct hep_labels **liver, struct hep_labels **lesions,
                    const struct hep_anatomy *a, const struct hep_grid *grid, double slice_share,
                    int nthreads, struct hep_error *err)
{
    const struct hep_render r = {
        .anatomy = a, .grid = grid, .slice_share = slice_share, .nthreads = nthreads
    };
    uint8_t wanted[HEP_N_LABELS];
    struct hep_volume *share = NULL;
    struct hep_labels *organ = NULL, *marks = NULL;
    struct inverse inverse;
    size_t voxels = hep_grid_voxels(grid);
    int rc;

    for (int label = 0; label < HEP_N_LABELS; label++)
        wanted[label] = hep_label_in_liver((uint8_t)label);
    rc = hep_grid_inverse(inverse.m, grid, err);
    if (rc == HEP_OK)
        rc = hep_render_share(&share, &r, wanted, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&organ, grid, err);
    if (rc == HEP_OK)
        rc = hep_labels_new(&marks, grid, err);
    for (size_t i = 0; rc == HEP_OK && i < a->lesions.n; i++)
        rc = mark_one(marks, &r, i, &inverse, err);
    if (rc != HEP_OK) {
        hep_labels_free(organ);
        hep_labels_free(marks);
        hep_volume_free(share);
        return rc;
    }
    for (size_t i = 0; i < voxels; i++)
        organ->data[i] = share->data[i] >= 0.5F || marks->data[i] != 0;
    hep_volume_free(share);
    *liver = organ;
    *lesions = marks;
    return HEP_OK;
}

/* ---- maps ------------------------------------------------------------------------------------ */

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
/* After the maps: share of tissue, and proton density. */
#define AT_SHARE HEP_TRUTH_N_MAPS
#define AT_PD (HEP_TRUTH_N_MAPS + 1)

static void map_values(float value[HEP_LUT_MAX], const struct hep_tissue_values *t)
{
    value[HEP_TRUTH_FF] = (float)(t->pd * t->ff);
    value[HEP_TRUTH_R2STAR] = (float)hep_tissue_r2star(t);
    value[HEP_TRUTH_T1] = (float)t->t1_s;
    value[HEP_TRUTH_T2] = (float)t->t2_s;
    value[HEP_TRUTH_D] = (float)t->d_mm2_per_s;
    value[HEP_TRUTH_F] = (float)t->f;
    value[HEP_TRUTH_DSTAR] = (float)t->dstar_mm2_per_s;
    value[HEP_TRUTH_K] = (float)t->k;
    value[HEP_TRUTH_ADC] = (float)hep_tissue_adc(t);
    value[AT_SHARE] = 1.0F;
    value[AT_PD] = (float)t->pd;
}

int hep_truth_maps(struct hep_volume **out, const struct hep_anatomy *a,
                   const struct hep_grid *grid, double slice_share, int nthreads,
                   struct hep_error *err)
{
    struct hep_lut lut = { .n_values = AT_PD + 1 };
    const struct hep_render r = {
        .anatomy = a, .grid = grid, .lut = &lut, .slice_share = slice_share, .nthreads = nthreads
    };
    const size_t voxels = hep_grid_voxels(grid);
    struct hep_volume *v = NULL;
    int rc;

    for (int label = 1; label < HEP_N_LABELS; label++) {
        const struct hep_tissue_values *t = hep_anatomy_tissue(a, (uint8_t)label);

        if (t != NULL && t->pd > 0.0)
            map_values(lut.value[label], t);
    }
    rc = hep_render_volume(&v, &r, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < voxels; i++) {
        const float share = v->data[AT_SHARE * voxels + i], pd = v->data[AT_PD * voxels + i];

        for (size_t m = 0; m < HEP_TRUTH_N_MAPS; m++) {
            float *x = &v->data[m * voxels + i];
            const float norm = m == HEP_TRUTH_FF ? pd : share;

            *x = share >= 0.5F && norm > 0.0F ? *x / norm : 0.0F;
        }
    }
    v->nt = HEP_TRUTH_N_MAPS;
    *out = v;
    return HEP_OK;
}

/* ---- files ----------------------------------------------------------------------------------- */

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
static char *truth_path(const char *dir, unsigned subject, const char *rest, const char *ending,
                        struct hep_error *err)
{
    char label[HEP_SUBJECT_LABEL];

    hep_bids_subject(label, subject);
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

    rc = hep_bids_truth_dir(&dir, bids_dir, s->subject, map_kinds[m].folder, err);
    if (rc != HEP_OK)
        return rc;
    rest = hep_asprintf(err, "desc-truth_%s", map_kinds[m].suffix);
    if (rest != NULL) {
        image = truth_path(dir, s->subject, rest, ".nii.gz", err);
        sidecar = truth_path(dir, s->subject, rest, ".json", err);
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

static int write_masks(const char *bids_dir, const struct hep_sim_settings *s,
                       const struct hep_anatomy *a, const struct hep_grid *grid, double slice_share,
                       const struct hep_nifti_write_opts *opts, struct hep_error *err)
{
    struct hep_labels *liver = NULL, *lesions = NULL;
    char *dir = NULL, *liver_path = NULL, *lesion_path = NULL;
    int rc = hep_truth_masks(&liver, &lesions, a, grid, slice_share, s->nthreads, err);

    if (rc == HEP_OK)
        rc = hep_bids_truth_dir(&dir, bids_dir, s->subject, "anat", err);
    if (rc != HEP_OK)
        goto out;
    liver_path = truth_path(dir, s->subject, "label-liver_mask", ".nii.gz", err);
    lesion_path = truth_path(dir, s->subject, "label-lesions_dseg", ".nii.gz", err);
    if (liver_path == NULL || lesion_path == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    rc = hep_nifti_write_labels(liver_path, liver, opts, err);
    if (rc == HEP_OK)
        rc = hep_nifti_write_labels(lesion_path, lesions, opts, err);
out:
    hep_labels_free(liver);
    hep_labels_free(lesions);
    free(dir);
    free(liver_path);
    free(lesion_path);
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
    char *path = rest != NULL ? truth_path(dir, s->subject, rest, ".nii.gz", err) : NULL;
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
    char *path = truth_path(dir, s->subject, "simulation", ".json", err);
    int rc = path != NULL ? hep_event_json(&o, e, s, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = hep_json_write(path, o, err);
    hep_json_free(o);
    free(path);
    return rc;
}

int hep_truth_write(const char *bids_dir, const struct hep_sim_settings *s,
                    const struct hep_anatomy *a, const struct hep_event *e, uint64_t seed,
                    struct hep_error *err)
{
    struct hep_nifti_write_opts opts;
    struct hep_grid grid;
    char *dir = NULL;
    double share = e->series[e->reference].slice_share;
    int rc;

    hep_event_grid(&grid, e, s, e->reference, seed);
    hep_bids_store(&opts, e, s->nthreads);
    opts.gzip_level = 1;
    rc = hep_bids_truth_dir(&dir, bids_dir, s->subject, "", err);
    if (rc == HEP_OK)
        rc = hep_truth_write_lesions(dir, s, a, e, err);
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
