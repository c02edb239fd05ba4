/**
 * @file  nifti_bytes.h
 * @brief NIfTI files for tests, put together byte by byte at the offsets of the standard (nifti1.h,
 * nifti2.h), independently of the library under test.
 */
#ifndef HEP_TESTS_IMAGE_NIFTI_BYTES_H
#define HEP_TESTS_IMAGE_NIFTI_BYTES_H

#include "support/support.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 8192

struct bytes {
    unsigned char b[BYTES_MAX];
    size_t n, data; /* size so far; where the voxels start */
    bool swap, nifti2;
};

static inline bool host_is_little(void)
{
    const uint16_t one = 1;
    unsigned char low;

    (void)memcpy(&low, &one, 1);
    return low == 1;
}

static inline void put(struct bytes *f, size_t at, const void *x, size_t size)
{
    const unsigned char *in = x;

    for (size_t i = 0; i < size; i++)
        f->b[at + i] = in[f->swap ? size - 1 - i : i];
    f->n = at + size > f->n ? at + size : f->n;
}

static inline void put_i16(struct bytes *f, size_t at, int16_t x)
{
    put(f, at, &x, sizeof x);
}

static inline void put_i32(struct bytes *f, size_t at, int32_t x)
{
    put(f, at, &x, sizeof x);
}

static inline void put_i64(struct bytes *f, size_t at, int64_t x)
{
    put(f, at, &x, sizeof x);
}

static inline void put_f32(struct bytes *f, size_t at, float x)
{
    put(f, at, &x, sizeof x);
}

static inline void put_f64(struct bytes *f, size_t at, double x)
{
    put(f, at, &x, sizeof x);
}

/* Fields of either version by name. */
static inline void put_dim(struct bytes *f, size_t i, int64_t x)
{
    if (f->nifti2)
        put_i64(f, 16 + 8 * i, x);
    else
        put_i16(f, 40 + 2 * i, (int16_t)x);
}

static inline void put_real(struct bytes *f, size_t at1, size_t at2, size_t i, double x)
{
    if (f->nifti2)
        put_f64(f, at2 + 8 * i, x);
    else
        put_f32(f, at1 + 4 * i, (float)x);
}

static inline void put_pixdim(struct bytes *f, size_t i, double x)
{
    put_real(f, 76, 104, i, x);
}

static inline void put_scale(struct bytes *f, double slope, double inter)
{
    put_real(f, 112, 176, 0, slope);
    put_real(f, 116, 184, 0, inter);
}

static inline void put_type(struct bytes *f, int16_t datatype, int16_t bitpix)
{
    put_i16(f, f->nifti2 ? 12 : 70, datatype);
    put_i16(f, f->nifti2 ? 14 : 72, bitpix);
}

static inline void put_codes(struct bytes *f, int qform, int sform)
{
    if (f->nifti2) {
        put_i32(f, 344, qform);
        put_i32(f, 348, sform);
    } else {
        put_i16(f, 252, (int16_t)qform);
        put_i16(f, 254, (int16_t)sform);
    }
}

static inline void put_units(struct bytes *f, int units)
{
    const unsigned char low = (unsigned char)units;

    if (f->nifti2)
        put_i32(f, 500, units);
    else
        put(f, 123, &low, 1);
}

/* quatern b, c, d, then offset x, y, z */
static inline void put_quatern(struct bytes *f, const double q[6])
{
    for (size_t i = 0; i < 6; i++)
        put_real(f, 256, 352, i, q[i]);
}

/* The 3 x 4 sform, row by row. */
static inline void put_srow(struct bytes *f, const double m[12])
{
    for (size_t i = 0; i < 12; i++)
        put_real(f, 280, 400, i, m[i]);
}

static inline void put_vox_offset(struct bytes *f, double x)
{
    if (f->nifti2)
        put_i64(f, 168, (int64_t)x);
    else
        put_f32(f, 108, (float)x);
}

/* 2 x 3 x 2 voxels of uint8 1..12 with the sform diag(2, 3, 4), origin (-5, 6, 7) mm. */
static inline void bytes_init(struct bytes *f, bool nifti2, bool swap)
{
    static const double sform[12] = { 2, 0, 0, -5, 0, 3, 0, 6, 0, 0, 4, 7 };
    const int64_t dim[8] = { 3, 2, 3, 2, 1, 1, 1, 1 };
    const double pixdim[8] = { 1, 2, 3, 4, 0, 0, 0, 0 };

    (void)memset(f, 0, sizeof *f);
    f->nifti2 = nifti2;
    f->swap = swap;
    f->data = nifti2 ? 544 : 352;
    put_i32(f, 0, nifti2 ? 540 : 348);
    for (size_t i = 0; i < 8; i++) {
        put_dim(f, i, dim[i]);
        put_pixdim(f, i, pixdim[i]);
    }
    put_type(f, 2, 8);
    put_vox_offset(f, (double)f->data);
    put_scale(f, 1.0, 0.0);
    put_units(f, 2 | 8);
    put_codes(f, 0, 1);
    put_srow(f, sform);
    if (nifti2)
        (void)memcpy(f->b + 4, "n+2\0\r\n\032\n", 8);
    else
        (void)memcpy(f->b + 344, "n+1", 4);
    for (size_t i = 0; i < 12; i++)
        f->b[f->data + i] = (unsigned char)(i + 1);
    f->n = f->data + 12;
}

#endif
