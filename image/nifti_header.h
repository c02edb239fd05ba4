/**
 * @file  image/nifti_header.h
 * @brief The checked header of a NIfTI file: what the voxels are and where their bytes lie.
 *        Used by the reader and the writer only. The raw header is checked before nifticlib
 * converts it.
 */
#ifndef HEP_IMAGE_NIFTI_HEADER_H
#define HEP_IMAGE_NIFTI_HEADER_H

#include "image/nifti.h"

#include <stdint.h>

/** Bytes that hold either header: the NIfTI-2 one. */
#define HEP_NIFTI_HEADER_BYTES 540

struct hep_nifti_layout {
    struct hep_nifti_info info;
    size_t offset; /* first data byte */
    size_t bytes;  /* of data */
    bool swapped;  /* byte order is not this machine's */
    double slope, inter;
};

/** From the first n bytes of an uncompressed file; a file without orientation is HEP_EGEOM unless
 * `unplaced_too`. HEP_EFORMAT, HEP_EGEOM, HEP_ENOMEM. */
int hep_nifti_layout_parse(struct hep_nifti_layout *out, const unsigned char *bytes, size_t n,
                           bool unplaced_too, struct hep_error *err) HEP_MUST_CHECK;

/** Bytes of one component (one of the two parts for complex types) and their number per voxel; 0
 * when not read. */
void hep_nifti_type_size(size_t *component, size_t *per_voxel, int datatype);

/**
 * count components from byte position `bytes` as doubles, unscaled. Pure.
 * @param[in] datatype a NIfTI code with hep_nifti_type_size() > 0; for complex types a component is
 * one part
 */
void hep_nifti_decode(double *out, const unsigned char *bytes, size_t count, int datatype,
                      bool swapped);

/**
 * The volumes in a whole file (plain or gzip) that is in memory: what hep_nifti_read() does behind
 * the file. Any one of the outputs may be NULL; `im` is set for complex data only.
 */
int hep_nifti_from_bytes(struct hep_volume **re, struct hep_volume **im, struct hep_labels **labels,
                         const void *bytes, size_t n, struct hep_error *err) HEP_MUST_CHECK;

#endif
