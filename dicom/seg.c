/* DICOM Segmentation (PS3.3 A.51): one binary segment for each organ and lesion, frames only where it
 * has voxels, each in the plane of an original image. */
#include "dicom/export_parts.h"

#include "base/alloc.h"
#include "base/file.h"
#include "image/volume.h"

#include <unistd.h>

/* Colours of 3D Slicer's table of general anatomy, in round numbers of sRGB, as PCS values (PS3.3
 * C.10.7.1.1): L * 655.35, (a + 128) * 257, (b + 128) * 257 for a white point of D65. */
static const unsigned colours[HEP_ANATOMY_COUNT][3] = {
    [HEP_ANATOMY_NONE] = { 56260, 33347, 52138 },
    [HEP_ANATOMY_LIVER] = { 41663, 41166, 40794 },
    [HEP_ANATOMY_AORTA] = { 37355, 45280, 42260 },
    [HEP_ANATOMY_PORTAL_VEIN] = { 38397, 29408, 23266 },
    [HEP_ANATOMY_IVC] = { 24622, 34214, 21549 },
    [HEP_ANATOMY_HEPATIC_VEINS] = { 35011, 33590, 22071 },
    [HEP_ANATOMY_VESSELS] = { 42292, 36999, 23751 },
    [HEP_ANATOMY_SPLEEN] = { 34341, 40313, 27409 },
    [HEP_ANATOMY_MUSCLE] = { 35277, 41501, 39233 },
    [HEP_ANATOMY_KIDNEY] = { 34298, 40955, 39426 },
    [HEP_ANATOMY_GALLBLADDER] = { 39357, 29592, 39619 },
    [HEP_ANATOMY_BILE_DUCTS] = { 34224, 18702, 45213 },
};

struct frame {
    size_t segment, slice;
};
struct writing {
    const struct hep_export_source *s;
    struct frame *frame; /* owned */
    size_t n;
    unsigned char *bits; /* owned */
    size_t n_bytes;
};

static bool is_inside(const struct hep_segment *g, const struct hep_original *o, size_t slice,
                      size_t r, size_t c)
{
    return g->labels->data[hep_original_voxel(o, &g->labels->grid, slice, r, c)] == g->value;
}

static bool has_voxels(const struct hep_segment *g, const struct hep_original *o, size_t slice)
{
    for (size_t r = 0; r < o->rows; r++)
        for (size_t c = 0; c < o->columns; c++)
            if (is_inside(g, o, slice, r, c))
                return true;
    return false;
}

/* Frames lie bit by bit behind each other, the first pixel in the lowest bit (PS3.5 8.1.1). */
static int fill(struct writing *w, struct hep_error *err)
{
    const struct hep_original *o = w->s->original;
    const size_t pixels = o->rows * o->columns;
    int rc = HEP_OK;

    for (size_t g = 0; g < w->s->n_segments; g++)
        for (size_t k = 0; k < o->n; k++) {
            if (!has_voxels(&w->s->segment[g], o, k))
                continue;
            rc = HEP_GROW(w->frame, w->n, err);
            if (rc != HEP_OK)
                return rc;
            w->frame[w->n++] = (struct frame){ g, k };
        }
    if (w->n == 0)
        return HEP_FAIL(err, HEP_EDATA, "%s: there is no liver, organ or lesion to export",
                        w->s->label);
    w->n_bytes = (w->n * pixels + 15) / 16 * 2;
    rc = HEP_NEW(w->bits, w->n_bytes, err);
    for (size_t f = 0, bit = 0; rc == HEP_OK && f < w->n; f++)
        for (size_t r = 0; r < o->rows; r++)
            for (size_t c = 0; c < o->columns; c++, bit++)
                if (is_inside(&w->s->segment[w->frame[f].segment], o, w->frame[f].slice, r, c))
                    w->bits[bit / 8] = (unsigned char)(w->bits[bit / 8] | 1U << bit % 8);
    return rc;
}

static int put_segment(struct hep_dump *d, const struct writing *w, size_t g, struct hep_error *err)
{
    const struct hep_segment *one = &w->s->segment[g];
    const struct hep_code what = hep_export_organ(one->organ),
                          liver = hep_export_organ(HEP_ANATOMY_LIVER);
    const unsigned *lab = colours[one->organ];
    char uid[HEP_UID_BYTES];
    int rc = HEP_OK;

    if (g == 0)
        hep_dump_open(d, "0062,0002");
    else
        hep_dump_next(d);
    if (one->lesion != NULL)
        hep_dump_code(d, "0062,0003", "49755003", "SCT", "Morphologically Altered Structure");
    else
        hep_dump_code(d, "0062,0003", "123037004", "SCT", "Anatomical Structure");
    hep_dump_putf(d, "0062,0004", "US", "%zu", g + 1);
    if (one->lesion != NULL)
        hep_dump_putf(d, "0062,0005", "LO", "Lesion %d", one->lesion->id);
    else
        hep_dump_put(d, "0062,0005", "LO", what.meaning);
    hep_dump_put(d, "0062,0008", "CS", "AUTOMATIC");
    hep_dump_put(d, "0062,0009", "LO", "Hepar " HEP_VERSION);
    hep_dump_putf(d, "0062,000d", "US", "%u\\%u\\%u", lab[0], lab[1], lab[2]);
    hep_dump_code(d, "0062,000f", what.value, what.scheme, what.meaning);
    if (one->lesion != NULL) {
        rc = hep_export_tracking_uid(uid, w->s, one->lesion, err);
        hep_dump_code(d, "0008,2218", liver.value, liver.scheme, liver.meaning);
        hep_dump_putf(d, "0062,0020", "UT", "lesion-%d", one->lesion->id);
        hep_dump_put(d, "0062,0021", "UI", uid);
    }
    return rc;
}

static void put_frame(struct hep_dump *d, const struct writing *w, size_t f)
{
    const struct frame *one = &w->frame[f];
    const struct hep_original_slice *from = &w->s->original->slice[one->slice];

    if (f == 0)
        hep_dump_open(d, "5200,9230");
    else
        hep_dump_next(d);
    hep_export_derivation(d, from, "113076", "Segmentation");
    hep_dump_open(d, "0020,9111"); /* frame content */
    hep_dump_putf(d, "0020,9157", "UL", "%zu\\%zu", one->segment + 1, one->slice + 1);
    hep_dump_close(d);
    hep_export_plane(d, from);
    hep_dump_open(d, "0062,000a");
    hep_dump_putf(d, "0062,000b", "US", "%zu", one->segment + 1);
    hep_dump_close(d);
}

static void put_image(struct hep_dump *d, const struct writing *w, const char *pixels)
{
    const struct hep_original *o = w->s->original;
    const struct hep_dicom_object *first = o->slice[0].object;

    hep_dump_put(d, "0020,0052", "UI", hep_dicom_text(first, HEP_DICOM_FRAME_OF_REFERENCE));
    hep_dump_put(d, "0020,1040", "LO", "");
    hep_dump_put(d, "0008,0008", "CS", "DERIVED\\PRIMARY");
    hep_dump_put(d, "0028,0002", "US", "1");
    hep_dump_put(d, "0028,0004", "CS", "MONOCHROME2");
    hep_dump_putf(d, "0028,0008", "IS", "%zu", w->n);
    hep_dump_putf(d, "0028,0010", "US", "%zu", o->rows);
    hep_dump_putf(d, "0028,0011", "US", "%zu", o->columns);
    hep_dump_put(d, "0028,0100", "US", "1");
    hep_dump_put(d, "0028,0101", "US", "1");
    hep_dump_put(d, "0028,0102", "US", "0");
    hep_dump_put(d, "0028,0103", "US", "0");
    hep_dump_put(d, "0028,2110", "CS", "00");
    hep_dump_put(d, "0062,0001", "CS", "BINARY");
    hep_dump_put(d, "0062,0013", "CS", "NO");
    hep_dump_put(d, "0070,0080", "CS", "HEPAR");
    hep_dump_put(d, "0070,0081", "LO", "Liver, organs and lesions; research use only");
    hep_dump_put(d, "0070,0084", "PN", "");
    hep_export_instances(d, o);
    hep_str_addf(&d->text, "(7fe0,0010) OB =%s\n", pixels);
}

int hep_export_seg(const struct hep_export_source *s, struct hep_error *err)
{
    struct writing w = { .s = s };
    struct hep_export_uids uids;
    struct hep_dump d = { 0 };
    char *pixels = hep_path_join(s->work, "pixels", err);
    int rc = pixels != NULL ? hep_export_uids(&uids, s, "seg", err) : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = fill(&w, err);
    if (rc == HEP_OK)
        rc = hep_file_write(pixels, w.bits, w.n_bytes, err);
    if (rc == HEP_OK) {
        hep_export_header(&d, s, &uids, hep_seg_class, "SEG", 9001, "Hepar segmentation");
        for (size_t g = 0; rc == HEP_OK && g < s->n_segments; g++)
            rc = put_segment(&d, &w, g, err);
        hep_dump_close(&d);
    }
    if (rc == HEP_OK)
        rc = hep_export_dimensions(&d, s->content, "(0062,000b)", "(0062,000a)", "Segment", err);
    if (rc == HEP_OK) {
        hep_dump_open(&d, "5200,9229");
        hep_export_geometry(&d, s->original, s->grid);
        hep_dump_close(&d);
        for (size_t f = 0; f < w.n; f++)
            put_frame(&d, &w, f);
        hep_dump_close(&d);
        put_image(&d, &w, pixels);
        rc = hep_dump_write(&d, s->path, s->work, err);
    }
    if (pixels != NULL)
        (void)unlink(pixels);
    hep_str_release(&d.text);
    free(w.frame);
    free(w.bits);
    free(pixels);
    return rc;
}
