#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "base/file.h"
#include "base/json.h"
#include "image/nifti.h"
#include "sequences/inventory.h"

/* Whole small studies: good images of a few voxels, and beside them the texts that people and converters write. The
 * bytes are cut at each byte 1; the parts are the files of the table, an empty part is a file that is not there. */
static const char *const texts[] = {
    "s/study.yml",        "s/dwi.json",           "s/dwi.bval",        "s/dwi.bvec", "s/t2.json",
    "s/t1_arterial.json", "s/t1_arterial_2.json", "s/labels_dseg.tsv", "s/dseg.tsv", "s/T2w.json"
};

static void put_image(const char *name, size_t nt, bool labels)
{
    const struct hep_grid grid = {
        .n = { 4, 3, 2 },
        .to_world = { { -2, 0, 0, 4 }, { 0, 2, 0, -3 }, { 0, 0, 5, -5 }, { 0, 0, 0, 1 } }
    };
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    if (hep_volume_new(&v, &grid, nt, &e) != HEP_OK)
        abort();
    for (size_t i = 0; i < hep_grid_voxels(&grid) * nt; i++)
        v->data[i] = labels ? (float)(i % 3) : (float)(i % 7 + 10);
    if (hep_nifti_write(fuzz_path(name), v, NULL, &e) != HEP_OK)
        abort();
    hep_volume_free(v);
}

static void put_images(void)
{
    fuzz_mkdir("s");
    put_image("s/dwi.nii", 3, false);
    put_image("s/t2.nii", 1, false);
    put_image("s/t1_arterial.nii", 1, false);
    put_image("s/t1_arterial_2.nii", 1, false);
    put_image("s/labels_dseg.nii", 1, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static bool ready;
    struct hep_inventory *inv = NULL;
    struct hep_json *json = NULL;
    struct hep_error e = { 0 };
    char study[256];
    size_t at = 0;
    int rc;

    if (!ready)
        put_images();
    ready = true;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const uint8_t *end = at < n ? memchr(data + at, 1, n - at) : NULL;
        const size_t length = at >= n ? 0 : end != NULL ? (size_t)(end - data) - at : n - at;

        (void)fuzz_put(texts[i], data + (at < n ? at : 0), length);
        at += length + 1;
    }
    (void)snprintf(study, sizeof study, "%s", fuzz_path("s"));
    rc = hep_inventory_scan(&inv, study, &e);
    fuzz_check(rc, &e);
    if (rc == HEP_OK) {
        fuzz_check(hep_inventory_json(&json, inv, &e), &e);
        hep_json_free(json);
        hep_inventory_free(inv);
    }
    return 0;
}
