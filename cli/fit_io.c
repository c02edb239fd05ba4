#include "cli/fit_io.h"

#include "base/file.h"
#include "base/text.h"
#include "image/nifti.h"
#include "base/json_put.h"
#include "sequences/bids_name.h"
#include "sequences/sidecar.h"

#include <stdlib.h>

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

int hep_fit_sidecar(struct hep_acquisition *a, const char *path, struct hep_cli *cli,
                    struct hep_error *err)
{
    int rc = hep_sidecar_read(a, NULL, path, err);

    for (size_t i = 0; rc == HEP_OK && i < a->notes.n; i++)
        hep_log_write(cli->log, HEP_LOG_WARNING, "fit", "%s: %s", path, a->notes.line[i]);
    return rc;
}

const char *const hep_fit_formats[] = { "nii.gz", "nii", NULL };
enum { MOST_MAPS = 16 };

/* Takes what --maps names. */
static int take_list(struct hep_fit_file *files, const char *list, struct hep_error *err)
{
    struct hep_map_name names[MOST_MAPS];
    bool chosen[MOST_MAPS];
    size_t n = 0;
    int rc;

    for (; n < MOST_MAPS && files[n].name != NULL; n++)
        names[n] = (struct hep_map_name){ files[n].name, files[n].group };
    rc = hep_map_list_read(chosen, list, names, n, "map in --maps", HEP_EUSAGE, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++)
        files[i].left_out = !chosen[i];
    return rc;
}

/* True when -o names one file instead of a folder. */
static bool is_one_file(const struct hep_fit_output *output)
{
    return hep_ends_with(output->out, ".nii") || hep_ends_with(output->out, ".nii.gz");
}

static int check_output(const struct hep_fit_output *output, struct hep_error *err)
{
    if (output->out == NULL)
        return HEP_FAIL(err, HEP_EUSAGE,
                        "-o DIR is needed: where the maps go (or -o FILE for one map)");
    if (is_one_file(output) && output->format >= 0 &&
        hep_ends_with(output->out, ".nii") != (strcmp(hep_fit_formats[output->format], "nii") == 0))
        return HEP_FAIL(err, HEP_EUSAGE, "-o %s is not of --format %s", output->out,
                        hep_fit_formats[output->format]);
    return HEP_OK;
}

int hep_fit_files_choose(struct hep_fit_file *files, const struct hep_fit_output *output,
                         struct hep_error *err)
{
    size_t n = 0;
    int rc = check_output(output, err);

    for (struct hep_fit_file *f = files; rc == HEP_OK && f->name != NULL; f++) {
        f->left_out =
            output->maps != NULL ||
            (is_one_file(output) ? f != files
                                 : f->group != HEP_MAP_PARAMETER && strcmp(f->name, "status") != 0);
    }
    if (rc == HEP_OK && output->maps != NULL)
        rc = take_list(files, output->maps, err);
    for (const struct hep_fit_file *f = files; rc == HEP_OK && f->name != NULL; f++)
        n += f->left_out ? 0 : 1;
    if (rc == HEP_OK && is_one_file(output) && n != 1)
        rc = HEP_FAIL(err, HEP_EUSAGE, "-o %s is one file, --maps %s are %zu maps: give a folder",
                      output->out, output->maps, n);
    return rc;
}

int hep_fit_files_new(struct hep_fit_file *files, const struct hep_grid *grid,
                      struct hep_error *err)
{
    int rc = HEP_OK;

    for (; rc == HEP_OK && files->name != NULL; files++) {
        if (!files->left_out)
            rc = hep_volume_new(&files->volume, grid, 1, err);
    }
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
            return files->volume != NULL ? files->volume->data : NULL;
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

static int write_sidecar(const char *path, enum hep_unit unit, const struct hep_json *sidecar,
                         struct hep_error *err)
{
    struct hep_json *own = hep_json_copy(sidecar);
    struct hep_put put = { HEP_OK, err };

    hep_put_text(&put, own, "Units", hep_unit_text(unit));
    hep_put_bool(&put, own, "SkullStripped", false);
    if (put.rc == HEP_OK)
        put.rc = hep_json_write(path, own, err);
    hep_json_free(own);
    return put.rc;
}

/* The place of a map without its extension. */
static char *stem_of(const struct hep_fit_output *output, const char *name, struct hep_error *err)
{
    const char *dot = is_one_file(output) ? strstr(hep_path_base(output->out), ".nii") : NULL;

    if (dot != NULL)
        return hep_asprintf(err, "%.*s", (int)(dot - output->out), output->out);
    return hep_path_join(output->out, name, err);
}

/* The folder of the maps. */
static char *folder_of(const struct hep_fit_output *output, struct hep_error *err)
{
    const char *base = hep_path_base(output->out);

    if (!is_one_file(output))
        return hep_strdup(output->out, err);
    return base == output->out ? hep_strdup(".", err)
                               : hep_asprintf(err, "%.*s", (int)(base - output->out), output->out);
}

/* Is `input`, without its extension, one of the maps that will be written? */
static int check_keeps(const struct hep_fit_output *output, const struct hep_fit_file *files,
                       const char *folder, const char *input, struct hep_error *err)
{
    char *real = realpath(input, NULL);
    char *base = real != NULL ? hep_nifti_base(real, err) : NULL;
    int rc = real != NULL && base == NULL ? HEP_ENOMEM : HEP_OK;

    for (; rc == HEP_OK && base != NULL && files->name != NULL; files++) {
        char *stem = stem_of(output, files->name, err);
        char *map = stem != NULL ? hep_path_join(folder, hep_path_base(stem), err) : NULL;

        if (map == NULL)
            rc = HEP_ENOMEM;
        else if (!files->left_out && strcmp(map, base) == 0)
            rc = HEP_FAIL(err, HEP_EUSAGE, "-o %s: the map %s would replace %s: name another place",
                          output->out, files->name, input);
        free(stem);
        free(map);
    }
    free(base);
    free(real);
    return rc;
}

int hep_fit_keep_inputs(const struct hep_fit_output *output, const struct hep_fit_file *files,
                        const char *const *inputs, size_t n, struct hep_error *err)
{
    char *dir = folder_of(output, err);
    char *folder = dir != NULL ? realpath(dir, NULL) : NULL; /* NULL: it is not there yet */
    int rc = dir == NULL ? HEP_ENOMEM : HEP_OK;

    for (size_t i = 0; rc == HEP_OK && folder != NULL && i < n; i++)
        rc = check_keeps(output, files, folder, inputs[i], err);
    free(folder);
    free(dir);
    return rc;
}

static int write_map(const struct hep_fit_output *output, const struct hep_fit_file *f,
                     const struct hep_json *sidecar, int nthreads, struct hep_error *err)
{
    const struct hep_nifti_write_opts opts = { .unit = f->unit, .nthreads = nthreads };
    const char *format = hep_fit_formats[output->format > 0 ? output->format : 0];
    char *stem = stem_of(output, f->name, err);
    char *image = NULL, *text = NULL;
    int rc = stem == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK) {
        image = is_one_file(output) ? hep_strdup(output->out, err)
                                    : hep_asprintf(err, "%s.%s", stem, format);
        text = hep_asprintf(err, "%s.json", stem);
        rc = image == NULL || text == NULL ? HEP_ENOMEM : HEP_OK;
    }
    if (rc == HEP_OK)
        rc = hep_nifti_write(image, f->volume, &opts, err);
    if (rc == HEP_OK)
        rc = write_sidecar(text, f->unit, sidecar, err);
    free(stem);
    free(image);
    free(text);
    return rc;
}

int hep_fit_write(const struct hep_fit_output *output, const struct hep_fit_file *files,
                  const struct hep_json *sidecar, int nthreads, struct hep_error *err)
{
    char *dir = folder_of(output, err);
    int rc = dir == NULL ? HEP_ENOMEM : hep_mkdir_p(dir, err);

    for (; rc == HEP_OK && files->name != NULL; files++) {
        if (!files->left_out)
            rc = write_map(output, files, sidecar, nthreads, err);
    }
    free(dir);
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
