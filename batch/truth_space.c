#include "batch/truth_space.h"

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "image/nifti.h"

#include <math.h>

#define MAX_STEPS 50
#define STEP_MM 1e-4

static const double identity[4][4] = {
    { 1, 0, 0, 0 }, { 0, 1, 0, 0 }, { 0, 0, 1, 0 }, { 0, 0, 0, 1 }
};

char *hep_eval_path(const struct hep_eval_folder *f, const char *folder, const char *rest,
                    struct hep_error *err)
{
    char *path = hep_asprintf(err, "%s/%s%s%s_%s", f->path, folder, *folder != '\0' ? "/" : "",
                              f->label, rest);

    if (path == NULL)
        (void)HEP_ENOMEM;
    return path;
}

char *hep_truth_file(const struct hep_eval_folder *f, struct hep_error *err)
{
    return f->desc == NULL
               ? hep_eval_path(f, "", "lesions.json", err)
               : hep_asprintf(err, "%s/%s_desc-%s_lesions.json", f->path, f->label, f->desc);
}

int hep_truth_space(struct hep_volume **displacement, const struct hep_eval_folder *truth,
                    const char *role, struct hep_error *err)
{
    char *rest = role != NULL ? hep_asprintf(err, "desc-%s_displacement.nii.gz", role) : NULL;
    char *path = rest != NULL ? hep_eval_path(truth, "", rest, err) : NULL;
    int rc = HEP_OK;

    *displacement = NULL;
    if (path != NULL && hep_is_file(path))
        rc = hep_nifti_read(displacement, path, err);
    if (rc == HEP_OK && *displacement != NULL && (*displacement)->nt != 3) {
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: %zu components instead of 3", path,
                      (*displacement)->nt);
        hep_volume_free(*displacement);
        *displacement = NULL;
    }
    free(rest);
    free(path);
    return rc;
}

void hep_truth_point(double world[3], const struct hep_volume *displacement)
{
    const double from[3] = { world[0], world[1], world[2] };
    double moved = displacement != NULL ? (double)INFINITY : 0.0;

    for (int step = 0; step < MAX_STEPS && moved > STEP_MM; step++) {
        double next[3];

        moved = 0.0;
        for (size_t k = 0; k < 3; k++) {
            const double d = hep_sample_world(displacement, k, world, HEP_INTERP_LINEAR);

            next[k] = from[k] - (isfinite(d) ? d : 0.0);
            moved = fmax(moved, fabs(next[k] - world[k]));
        }
        for (size_t k = 0; k < 3; k++)
            world[k] = next[k];
    }
}

static struct hep_transform through(const struct hep_volume *displacement)
{
    struct hep_transform t = { .displacement = displacement };

    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            t.affine[i][j] = identity[i][j];
    return t;
}

int hep_truth_labels(struct hep_labels **out, const struct hep_eval_folder *folder,
                     const char *rest, const struct hep_grid *grid,
                     const struct hep_volume *displacement, struct hep_error *err)
{
    const struct hep_transform t = through(displacement);
    struct hep_labels *own = NULL;
    char *path = hep_eval_path(folder, "anat", rest, err);
    int rc = path == NULL ? HEP_ENOMEM : HEP_OK;

    *out = NULL;
    if (rc == HEP_OK && hep_is_file(path))
        rc = hep_nifti_read_labels(&own, path, err);
    if (rc == HEP_OK && own != NULL &&
        (grid == NULL ||
         (displacement == NULL && hep_grid_same(grid, &own->grid, HEP_GRID_TOL_MM)))) {
        *out = own;
        own = NULL;
    } else if (rc == HEP_OK && own != NULL) {
        rc = hep_resample_labels(out, own, grid, &t, err);
    }
    hep_labels_free(own);
    free(path);
    return rc;
}

/* Does the sidecar of a map say that it is no result? */
static int look_if_withheld(bool *withheld, const char *path, struct hep_error *err)
{
    const int stem = hep_ends_with(path, ".nii.gz") ? (int)strlen(path) - 7 : 0;
    struct hep_json *sidecar = NULL;
    char *name = hep_asprintf(err, "%.*s.json", stem, path);
    int rc = name != NULL ? HEP_OK : HEP_ENOMEM;

    *withheld = false;
    if (rc == HEP_OK && hep_is_file(name)) {
        rc = hep_json_read(&sidecar, name, err);
        *withheld = rc == HEP_OK && hep_json_get(sidecar, "Status") != NULL;
    }
    hep_json_free(sidecar);
    free(name);
    return rc;
}

int hep_truth_map_on(struct hep_volume **out, const struct hep_eval_folder *folder,
                     const char *modality, const char *rest, const struct hep_grid *grid,
                     const struct hep_volume *displacement, int nthreads, struct hep_error *err)
{
    const struct hep_transform t = through(displacement);
    struct hep_volume *own = NULL;
    char *path = hep_eval_path(folder, modality, rest, err);
    bool withheld = false;
    int rc = path == NULL ? HEP_ENOMEM : HEP_OK;

    *out = NULL;
    if (rc == HEP_OK && hep_is_file(path))
        rc = look_if_withheld(&withheld, path, err);
    if (rc == HEP_OK && hep_is_file(path) && !withheld)
        rc = hep_nifti_read(&own, path, err);
    if (rc == HEP_OK && own != NULL && own->nt != 1)
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: %zu volumes instead of one", path, own->nt);
    if (rc == HEP_OK && own != NULL && displacement == NULL &&
        hep_grid_same(grid, &own->grid, HEP_GRID_TOL_MM)) {
        *out = own;
        own = NULL;
    } else if (rc == HEP_OK && own != NULL) {
        rc = hep_resample(out, own, grid, &t, HEP_INTERP_LINEAR, (float)NAN, nthreads, err);
    }
    hep_volume_free(own);
    free(path);
    return rc;
}
