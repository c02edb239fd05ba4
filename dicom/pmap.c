/* Parametric Map (PS3.3 A.75) with float pixels: the values of our file in our unit, one frame for each
 * original slice. */
#include "dicom/export_parts.h"

#include "image/volume.h"
#include "report/quantity.h"
#include "terms/unit.h"

#include <math.h>

static const char map_class[] = "1.2.840.10008.5.1.4.1.1.30";
static const char image_type[] = "DERIVED\\PRIMARY\\VOLUME\\QUANTITY";
/* Stands where a voxel has no value; no quantity comes near. */
static const float padding = -1e30F;

static void find_range(double *lo, double *hi, const struct hep_volume *map)
{
    *lo = *hi = (double)NAN;
    for (size_t i = 0; i < hep_grid_voxels(&map->grid); i++)
        if (isfinite(map->data[i])) {
            *lo = fmin(*lo, (double)map->data[i]);
            *hi = fmax(*hi, (double)map->data[i]);
        }
    if (isnan(*lo))
        *lo = *hi = 0.0;
}

/* What the pixels are, and in which unit: stored values are real values. */
static void put_meaning(struct hep_dump *d, enum hep_measure m, const struct hep_volume *map)
{
    const struct hep_unit_row *unit = hep_unit_row(hep_measure_unit(m));
    const struct hep_concept *concept = hep_measure_row(m)->concept;
    const struct hep_quantity shown = hep_quantity_of_measure(m);
    double lo, hi;
    char own[17];

    (void)snprintf(own, sizeof own, "measure-%d", (int)m);
    find_range(&lo, &hi, map);
    hep_dump_open(d, "0040,9096");
    hep_dump_put(d, "0028,3003", "LO", hep_measure_words(m));
    hep_dump_putf(d, "0040,9210", "SH", "%.16s", hep_measure_words(m));
    hep_dump_putf(d, "0040,9214", "FD", "%.9g", lo);
    hep_dump_putf(d, "0040,9213", "FD", "%.9g", hi);
    hep_dump_put(d, "0040,9224", "FD", "0");
    hep_dump_put(d, "0040,9225", "FD", "1");
    hep_dump_code(d, "0040,08ea", unit->ucum, "UCUM", unit->text);
    hep_dump_open(d, "0040,9220");
    hep_dump_put(d, "0040,a040", "CS", "CODE");
    hep_dump_code(d, "0040,a043", "246205007", "SCT", "Quantity");
    if (concept->value != NULL)
        hep_dump_code(d, "0040,a168", concept->value, concept->scheme, concept->meaning);
    else
        hep_dump_code(d, "0040,a168", own, "99HEPAR", hep_measure_words(m));
    hep_dump_close(d);
    hep_dump_close(d);
    if (shown.lo < shown.hi) {
        lo = shown.lo / shown.scale;
        hi = shown.hi / shown.scale;
    }
    hep_dump_open(d, "0028,9132"); /* window: the range of our own pictures, else of the map */
    hep_dump_putf(d, "0028,1050", "DS", "%.9g", 0.5 * (lo + hi));
    hep_dump_putf(d, "0028,1051", "DS", "%.9g", fmax(hi - lo, 1e-9));
    hep_dump_put(d, "0028,1056", "CS", "LINEAR_EXACT");
    hep_dump_close(d);
}

static void put_shared(struct hep_dump *d, const struct hep_export_source *s, enum hep_measure m,
                       const struct hep_volume *map)
{
    hep_dump_open(d, "5200,9229");
    hep_export_geometry(d, s->original, s->grid);
    put_meaning(d, m, map);
    hep_dump_open(d, "0028,9145"); /* no transformation of stored values */
    hep_dump_put(d, "0028,1052", "DS", "0");
    hep_dump_put(d, "0028,1053", "DS", "1");
    hep_dump_put(d, "0028,1054", "LO", "US");
    hep_dump_close(d);
    hep_dump_open(d, "0040,9092");
    hep_dump_put(d, "0008,9007", "CS", image_type);
    hep_dump_close(d);
    hep_dump_close(d);
}

static void put_frames(struct hep_dump *d, const struct hep_original *o)
{
    for (size_t k = 0; k < o->n; k++) {
        const struct hep_original_slice *from = &o->slice[k];

        if (k == 0)
            hep_dump_open(d, "5200,9230");
        else
            hep_dump_next(d);
        hep_export_derivation(d, from, "110000", "Quantitative Image");
        hep_dump_open(d, "0020,9111");
        hep_dump_putf(d, "0020,9157", "UL", "%zu", k + 1);
        hep_dump_close(d);
        hep_export_plane(d, from);
    }
    hep_dump_close(d);
}

static void put_image(struct hep_dump *d, const struct hep_original *o, enum hep_measure m)
{
    hep_dump_put(d, "0020,0052", "UI",
                 hep_dicom_text(o->slice[0].object, HEP_DICOM_FRAME_OF_REFERENCE));
    hep_dump_put(d, "0020,1040", "LO", "");
    hep_dump_put(d, "0018,0015", "CS", "LIVER");
    hep_dump_put(d, "0008,0008", "CS", image_type);
    hep_dump_put(d, "0028,0002", "US", "1");
    hep_dump_put(d, "0028,0004", "CS", "MONOCHROME2");
    hep_dump_putf(d, "0028,0008", "IS", "%zu", o->n);
    hep_dump_putf(d, "0028,0010", "US", "%zu", o->rows);
    hep_dump_putf(d, "0028,0011", "US", "%zu", o->columns);
    hep_dump_put(d, "0028,0100", "US", "32");
    hep_dump_putf(d, "0028,0122", "FL", "%.9g", (double)padding);
    hep_dump_putf(d, "0028,0124", "FL", "%.9g", (double)padding);
    hep_dump_put(d, "0028,0301", "CS", "NO");
    hep_dump_put(d, "0028,0302", "CS", "NO");
    hep_dump_put(d, "0028,2110", "CS", "00");
    hep_dump_put(d, "2050,0020", "CS", "IDENTITY");
    hep_dump_put(d, "0018,9004", "CS", "RESEARCH");
    hep_dump_put(d, "0070,0080", "CS", "HEPAR");
    hep_dump_put(d, "0070,0081", "LO", hep_measure_words(m));
    hep_dump_put(d, "0070,0084", "PN", "");
    hep_str_add(&d->text, "(0040,0555) SQ\n(fffe,e0dd) na\n");
    hep_export_instances(d, o);
}

static void put_pixels(struct hep_dump *d, const struct hep_original *o,
                       const struct hep_volume *map)
{
    hep_str_add(&d->text, "(7fe0,0008) OF ");
    for (size_t k = 0; k < o->n; k++)
        for (size_t r = 0; r < o->rows; r++)
            for (size_t c = 0; c < o->columns; c++) {
                const float v = map->data[hep_original_voxel(o, &map->grid, k, r, c)];

                hep_str_addf(&d->text, "%s%.9g", k + r + c > 0 ? "\\" : "",
                             (double)(isfinite(v) ? v : padding));
            }
    hep_str_add(&d->text, "\n");
}

int hep_export_map(const struct hep_export_source *s, enum hep_measure measure,
                   const struct hep_volume *map, struct hep_error *err)
{
    struct hep_export_uids uids;
    struct hep_dump d = { 0 };
    char description[65];
    int rc = hep_export_uids(&uids, s, hep_measure_product(measure), err);

    if (rc != HEP_OK)
        return rc;
    (void)snprintf(description, sizeof description, "Hepar %s", hep_measure_words(measure));
    hep_export_header(&d, s, &uids, map_class, "MR", 9100U + (unsigned)measure % 100U, description);
    rc = hep_export_dimensions(&d, s->content, NULL, NULL, NULL, err);
    if (rc == HEP_OK) {
        put_shared(&d, s, measure, map);
        put_frames(&d, s->original);
        put_image(&d, s->original, measure);
        put_pixels(&d, s->original, map);
        rc = hep_dump_write(&d, s->path, s->work, err);
    }
    hep_str_release(&d.text);
    return rc;
}
