/**
 * @file  dicom/seg_read.h
 * @brief A DICOM Segmentation, of whatever program: its segments, its frames and which pixels they hold.
 *
 * Source: PS3.3 A.51 and C.8.20. Binary (one bit a pixel), fractional (inside is what has at least half of the maximum)
 * and label maps (a pixel is the number of its segment), uncompressed, deflated or RLE.
 */
#ifndef HEP_DICOM_SEG_READ_H
#define HEP_DICOM_SEG_READ_H

#include "dicom/plane.h"
#include "sequences/acquisition.h"

struct hep_seg_segment {
    long number;
    const char *label, *category,
        *type; /* words; code values; "" without; borrowed from the lists */
};
struct hep_seg_frame {
    struct hep_plane_texts plane; /* borrowed from the lists */
    long segment;                 /* 0 in a label map: its pixels say it */
};
/** Start with `{ 0 }`. */
struct hep_seg_object {
    struct hep_lines *value; /* texts of the object, one list for each attribute; owned */
    struct hep_seg_segment *segment;
    size_t n_segments;
    struct hep_seg_frame *frame;
    size_t n_frames, rows, columns, bits;
    double inside; /* smallest value inside, of a fractional one; 1 */
    unsigned char *pixels;
    size_t n_bytes;
    const char *series;              /* UID of the series that it refers to; "" unknown; borrowed */
    const struct hep_lines *sources; /* instances that its frames were drawn on; borrowed */
};

/**
 * @param[in] work a folder for what dcmtk writes
 * @return HEP_EDATA, HEP_EFORMAT: not such an object, damaged, or compressed otherwise; HEP_ENOENT without dcmtk
 */
int hep_seg_read(struct hep_seg_object *out, const char *path, const char *work,
                 struct hep_error *err) HEP_MUST_CHECK;
void hep_seg_release(struct hep_seg_object *o);

/** Is pixel (r, c) of a frame inside a segment? */
bool hep_seg_has(const struct hep_seg_object *o, size_t frame, size_t r, size_t c, long segment);

#endif
