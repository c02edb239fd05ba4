#include "cli/fit_io.h"

#include "base/file.h"
#include "base/text.h"
#include "image/nifti.h"
#include "base/json_put.h"

int hep_fit_read(struct hep_volume **out, const char *path, bool magnitude, struct hep_cli *cli,
                 struct hep_error *err)
{
    int rc = hep_nifti_read_unplaced(out, path, magnitude, err);

    if (rc == HEP_OK && (*out)->grid.unplaced)
        hep_log_write(
            cli->log, HEP_LOG_WARNING, "fit",
            "%s: no orientation (sform_code and qform_code 0): the maps have none either, "
            "and their sides are unknown",
            path);
    return rc;
}

int hep_fit_files_new(struct hep_fit_file *files, const struct hep_grid *grid,
                      struct hep_error *err)
{
    int rc = HEP_OK;

    for (; rc == HEP_OK && files->name != NULL; files++)
        rc = hep_volume_new(&files->volume, grid, 1, err);
    return rc;
}

void hep_fit_files_free(struct hep_fit_file *files)
{
    for (; files->name != NULL; files++)
        hep_volume_free(files->volume);
}

float *hep_fit_files_data(const struct hep_fit_file *files, const char *name)
{
    for (; files->name != NULL; files++) {
        if (strcmp(files->name, name) == 0)
            return files->volume->data;
    }
    return NULL;
}

int hep_fit_mask(struct hep_labels **mask, const char *path, const struct hep_grid *grid,
                 const char *data_path, struct hep_error *err)
{
    int rc;

    *mask = NULL;
    if (path == NULL)
        return HEP_OK;
    rc = hep_nifti_read_labels_unplaced(mask, path, err);
    if (rc == HEP_OK && !hep_grid_same(&(*mask)->grid, grid, HEP_GRID_TOL_MM))
        rc = HEP_FAIL(err, HEP_EGEOM, "%s: the mask's grid is not that of %s", path, data_path);
    if (rc == HEP_OK && hep_labels_count(*mask, -1) == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: the mask is empty", path);
    if (rc != HEP_OK) {
        hep_labels_free(*mask);
        *mask = NULL;
    }
    return rc;
}

static int write_sidecar(const char *dir, const struct hep_fit_file *f,
                         const struct hep_json *sidecar, struct hep_error *err)
{
    struct hep_json *own = hep_json_copy(sidecar);
    struct hep_put put = { HEP_OK, err };
    char *path = hep_asprintf(err, "%s/%s.json", dir, f->name);

    hep_put_text(&put, own, "Units", hep_unit_text(f->unit));
    hep_put_bool(&put, own, "SkullStripped", false);
    if (put.rc == HEP_OK)
        put.rc = path == NULL ? HEP_ENOMEM : hep_json_write(path, own, err);
    free(path);
    hep_json_free(own);
    return put.rc;
}

int hep_fit_write(const char *dir, const struct hep_fit_file *files, const struct hep_json *sidecar,
                  int nthreads, struct hep_error *err)
{
    int rc = hep_mkdir_p(dir, err);

    for (; rc == HEP_OK && files->name != NULL; files++) {
        struct hep_nifti_write_opts opts = { .unit = files->unit, .nthreads = nthreads };
        char *path = hep_asprintf(err, "%s/%s.nii.gz", dir, files->name);

        rc = path == NULL ? HEP_ENOMEM : hep_nifti_write(path, files->volume, &opts, err);
        free(path);
        if (rc == HEP_OK)
            rc = write_sidecar(dir, files, sidecar, err);
    }
    return rc;
}

void hep_fit_print_counts(FILE *out, const struct hep_fit_counts *counts)
{
    const char *separator = "";

    for (int i = 1; i < HEP_FIT_STATUS_COUNT; i++) {
        if (counts->n[i] == 0)
            continue;
        (void)fprintf(out, "%s%zu %s", separator, counts->n[i],
                      hep_fit_status_name((enum hep_fit_status)i));
        separator = ", ";
    }
    (void)fprintf(out, "%s\n", separator[0] == '\0' ? "no voxel fitted" : "");
}
