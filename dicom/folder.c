#include "dicom/folder.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "dicom/clean.h"
#include "dicom/convert.h"
#include "dicom/program.h"
#include "sequences/lines.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_FILE_BYTES = 256 << 20 };

/* Below the root that stands for UIDs made from nothing (DICOM PS3.5, B.2); the converter sees them, nobody else. */
#define ONE_UID(tag, last) "(" tag ")=2.25.31415926535" last

static int copy_slices(struct hep_lines *copies, const char *folder, const char *to,
                       struct hep_error *err)
{
    struct hep_listing files = { 0 };
    int rc = hep_listing_read(&files, folder, err);

    for (size_t i = 0; rc == HEP_OK && i < files.n; i++) {
        char *from, *path, *data = NULL;
        size_t n = 0;

        if (files.is_dir[i] || files.is_special[i] || files.names[i][0] == '.')
            continue;
        from = hep_path_join(folder, files.names[i], err);
        path = hep_asprintf(err, "%s/%06zu", to, i + 1);
        rc = from != NULL && path != NULL ? hep_file_read(&data, &n, from, MAX_FILE_BYTES, err)
                                          : HEP_ENOMEM;
        if (rc == HEP_OK)
            rc = hep_file_write(path, data, n, err);
        if (rc == HEP_OK)
            rc = hep_lines_addf(copies, err, "%s", path);
        free(data);
        free(from);
        free(path);
    }
    if (rc == HEP_OK && copies->n == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: no file", folder);
    hep_listing_release(&files);
    return rc;
}

/* One series of the copies. What dcmodify cannot read the converter passes over as well, and says so. */
static int unite(const struct hep_lines *copies, const char *console, struct hep_error *err)
{
    static const char *const words[] = { "dcmodify",
                                         "-q",
                                         "-nb",
                                         "-ie",
                                         "-gin",
                                         "-i",
                                         ONE_UID("0020,000d", "1"),
                                         "-i",
                                         ONE_UID("0020,000e", "2"),
                                         "-i",
                                         ONE_UID("0020,0052", "3") };
    const size_t n = sizeof words / sizeof words[0];
    const char **argv = hep_calloc(n + copies->n + 1, sizeof *argv, err);
    struct hep_process_end end;
    int rc = argv == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < n; i++)
        argv[i] = words[i];
    for (size_t i = 0; i < copies->n; i++)
        argv[n + i] = copies->line[i];
    rc = hep_program_run(&end, argv, console, "dcmtk", err);
    free((void *)argv);
    return rc;
}

static int keep(const char *from, const char *stem, struct hep_error *err)
{
    static const struct hep_personal nobody;
    const struct hep_sidecar_more more = { .b_s_per_mm2 = (double)NAN, .clock_s = (double)NAN };
    char *image = hep_asprintf(err, "%s.nii", from), *sidecar = hep_asprintf(err, "%s.json", from),
         *to = hep_asprintf(err, "%s.nii.gz", stem), *json_to = hep_asprintf(err, "%s.json", stem),
         *dir = hep_asprintf(err, "%.*s", (int)(hep_path_base(stem) - stem), stem);
    struct hep_plain_nifti nifti = { 0 };
    struct hep_json *json = NULL;
    int rc = image != NULL && sidecar != NULL && to != NULL && json_to != NULL && dir != NULL
                 ? hep_mkdir_p(dir, err)
                 : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = hep_plain_nifti_read(&nifti, image, err);
    if (rc == HEP_OK)
        rc = hep_plain_nifti_write(&nifti, -1, to, err);
    if (rc == HEP_OK && hep_is_file(sidecar))
        rc = hep_clean_sidecar(&json, sidecar, &more, &nobody, err);
    if (rc == HEP_OK && json != NULL)
        rc = hep_json_write(json_to, json, err);
    hep_json_free(json);
    hep_plain_nifti_release(&nifti);
    free(image);
    free(sidecar);
    free(to);
    free(json_to);
    free(dir);
    return rc;
}

int hep_dicom_folder(const char *folder, const char *stem, const char *work, struct hep_error *err)
{
    struct hep_lines copies = { 0 };
    struct hep_conversion made = { 0 };
    char *slices = hep_path_join(work, "slices", err),
         *console = hep_path_join(work, "dcmodify.txt", err);
    int rc = slices != NULL && console != NULL ? hep_mkdir_p(slices, err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = copy_slices(&copies, folder, slices, err);
    if (rc == HEP_OK)
        rc = unite(&copies, console, err);
    if (rc == HEP_OK)
        rc = hep_convert_series(&made, &copies, "image", work, err);
    if (rc == HEP_OK && made.stems.n != 1)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: %zu images instead of one%s%s", folder, made.stems.n,
                      made.messages.n > 0 ? ": " : "",
                      made.messages.n > 0 ? made.messages.line[0] : "");
    if (rc == HEP_OK)
        rc = keep(made.stems.line[0], stem, err);
    hep_conversion_release(&made);
    hep_lines_release(&copies);
    if (hep_is_dir(work) && hep_remove_tree(work, rc == HEP_OK ? err : NULL) != HEP_OK &&
        rc == HEP_OK)
        rc = HEP_EIO;
    free(slices);
    free(console);
    return rc;
}
