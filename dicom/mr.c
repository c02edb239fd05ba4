/* A map as derived MR images, one object for each original slice, for archives that know nothing
 * younger: 16-bit pixels with a rescale slope. */
#include "dicom/export_parts.h"

#include "base/alloc.h"
#include "base/file.h"
#include "image/volume.h"
#include "report/quantity.h"
#include "terms/unit.h"

#include <math.h>
#include <stdint.h>
#include <unistd.h>

static const char mr_class[] = "1.2.840.10008.5.1.4.1.1.4";
enum { HIGHEST = 32767, PADDING = -32768 };

struct coding {
    double slope;
    double centre, width; /* of the window, in the unit of the map */
};

static struct coding coding_of(enum hep_measure m, const struct hep_volume *map)
{
    const struct hep_quantity shown = hep_quantity_of_measure(m);
    double largest = 0.0;

    for (size_t i = 0; i < hep_grid_voxels(&map->grid); i++)
        if (isfinite(map->data[i]))
            largest = fmax(largest, fabs((double)map->data[i]));
    if (largest == 0.0)
        largest = 1.0;
    if (shown.lo < shown.hi)
        return (struct coding){ largest / HIGHEST, 0.5 * (shown.lo + shown.hi) / shown.scale,
                                (shown.hi - shown.lo) / shown.scale };
    return (struct coding){ largest / HIGHEST, 0.0, 2.0 * largest };
}

static int write_pixels(const struct hep_export_source *s, const struct hep_volume *map,
                        const struct coding *c, size_t slice, const char *path,
                        struct hep_error *err)
{
    const struct hep_original *o = s->original;
    int16_t *pixel = NULL;
    size_t n = 0;
    int rc = HEP_NEW(pixel, o->rows * o->columns, err);

    for (size_t r = 0; rc == HEP_OK && r < o->rows; r++)
        for (size_t k = 0; k < o->columns; k++) {
            const float v = map->data[hep_original_voxel(o, &map->grid, slice, r, k)];

            pixel[n++] = (int16_t)(isfinite(v) ? lrint((double)v / c->slope) : PADDING);
        }
    if (rc == HEP_OK)
        rc = hep_file_write(path, pixel, n * sizeof *pixel, err);
    free(pixel);
    return rc;
}

/* What the scan was is in the original, which is named; that it was none is a research mode. */
static void put_image(struct hep_dump *d, const struct hep_export_source *s, enum hep_measure m,
                      const struct coding *c, size_t slice)
{
    const struct hep_original_slice *image = &s->original->slice[slice];
    const struct hep_dicom_object *from = image->object;

    hep_dump_put(d, "0008,0008", "CS", "DERIVED\\PRIMARY\\OTHER");
    hep_dump_putf(d, "0008,2111", "ST", "%s [%s] by Hepar %s; research use only",
                  hep_measure_words(m), hep_unit_text(hep_measure_unit(m)), HEP_VERSION);
    hep_dump_open(d, "0008,2112");
    hep_export_image(d, image);
    hep_dump_close(d);
    hep_dump_put(d, "0018,0015", "CS", "LIVER");
    hep_dump_put(d, "0018,0020", "CS", "RM");
    hep_dump_put(d, "0018,0021", "CS", "NONE");
    hep_dump_put(d, "0018,0022", "CS", "");
    hep_dump_put(d, "0018,0023", "CS", "");
    hep_dump_put(d, "0018,0050", "DS", hep_dicom_text(from, HEP_DICOM_THICKNESS));
    hep_dump_put(d, "0018,0080", "DS", "");
    hep_dump_put(d, "0018,0081", "DS", "");
    hep_dump_put(d, "0018,0091", "IS", "");
    hep_dump_put(d, "0018,5100", "CS", hep_dicom_text(from, HEP_DICOM_PATIENT_POSITION));
    hep_dump_put(d, "0020,0032", "DS", image->position);
    hep_dump_put(d, "0020,0037", "DS", hep_dicom_text(from, HEP_DICOM_ORIENTATION));
    hep_dump_put(d, "0020,0052", "UI", hep_dicom_text(from, HEP_DICOM_FRAME_OF_REFERENCE));
    hep_dump_put(d, "0020,1040", "LO", "");
    hep_dump_put(d, "0028,0002", "US", "1");
    hep_dump_put(d, "0028,0004", "CS", "MONOCHROME2");
    hep_dump_putf(d, "0028,0010", "US", "%zu", s->original->rows);
    hep_dump_putf(d, "0028,0011", "US", "%zu", s->original->columns);
    hep_dump_put(d, "0028,0030", "DS", hep_dicom_text(from, HEP_DICOM_SPACING));
    hep_dump_put(d, "0028,0100", "US", "16");
    hep_dump_put(d, "0028,0101", "US", "16");
    hep_dump_put(d, "0028,0102", "US", "15");
    hep_dump_put(d, "0028,0103", "US", "1");
    hep_dump_putf(d, "0028,0120", "SS", "%d", PADDING);
    hep_dump_putf(d, "0028,1050", "DS", "%.9g", c->centre);
    hep_dump_putf(d, "0028,1051", "DS", "%.9g", c->width);
    hep_dump_put(d, "0028,1056", "CS", "LINEAR_EXACT");
    hep_dump_put(d, "0028,1052", "DS", "0");
    hep_dump_putf(d, "0028,1053", "DS", "%.10g", c->slope);
    hep_dump_put(d, "0028,1054", "LO", "US");
    hep_dump_put(d, "0028,2110", "CS", "00");
}

static int write_slice(const struct hep_export_source *s, enum hep_measure m,
                       const struct hep_volume *map, const struct coding *c, size_t slice,
                       const char *pixels, struct hep_error *err)
{
    struct hep_export_uids uids;
    struct hep_dump d = { 0 };
    char description[65], *what = hep_asprintf(err, "mr/%s", hep_measure_product(m)),
                          *path = hep_asprintf(err, "%s/IM%05zu.dcm", s->path, slice + 1);
    int rc = what != NULL && path != NULL ? HEP_OK : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = hep_export_slice_uids(&uids, s, what, slice, err);
    if (rc == HEP_OK)
        rc = write_pixels(s, map, c, slice, pixels, err);
    if (rc == HEP_OK) {
        (void)snprintf(description, sizeof description, "Hepar %s", hep_measure_words(m));
        hep_export_header(&d, s, &uids, mr_class, "MR", 9300U + (unsigned)m % 100U, description);
        hep_dump_putf(&d, "0020,0013", "IS", "%zu", slice + 1);
        put_image(&d, s, m, c, slice);
        hep_str_addf(&d.text, "(7fe0,0010) OW =%s\n", pixels);
        rc = hep_dump_write(&d, path, s->work, err);
    }
    hep_str_release(&d.text);
    free(what);
    free(path);
    return rc;
}

int hep_export_mr(const struct hep_export_source *s, enum hep_measure measure,
                  const struct hep_volume *map, struct hep_error *err)
{
    const struct coding c = coding_of(measure, map);
    char *pixels = hep_path_join(s->work, "pixels", err);
    int rc = pixels != NULL ? hep_mkdir_p(s->path, err) : HEP_ENOMEM;

    for (size_t k = 0; rc == HEP_OK && k < s->original->n; k++)
        rc = write_slice(s, measure, map, &c, k, pixels, err);
    if (pixels != NULL)
        (void)unlink(pixels);
    free(pixels);
    return rc;
}
