#include "image/nifti_header.h"

#include <nifti2_io.h>

static uint8_t order8(uint8_t u)
{
    return u;
}

static uint16_t order16(uint16_t u)
{
    return (uint16_t)(u << 8 | u >> 8);
}

static uint32_t order32(uint32_t u)
{
    return (uint32_t)order16((uint16_t)u) << 16 | order16((uint16_t)(u >> 16));
}

static uint64_t order64(uint64_t u)
{
    return (uint64_t)order32((uint32_t)u) << 32 | order32((uint32_t)(u >> 32));
}

/* One loop per type, so that the compiler sees fixed sizes. */
#define HEP_DECODER(type, word, order)                                                             \
    static void decode_##type(double *out, const unsigned char *bytes, size_t count, bool swapped) \
    {                                                                                              \
        for (size_t i = 0; i < count; i++) {                                                       \
            word u;                                                                                \
            type x;                                                                                \
                                                                                                   \
            (void)memcpy(&u, bytes + i * sizeof u, sizeof u);                                      \
            u = swapped ? order(u) : u;                                                            \
            (void)memcpy(&x, &u, sizeof x);                                                        \
            out[i] = (double)x;                                                                    \
        }                                                                                          \
    }

HEP_DECODER(uint8_t, uint8_t, order8)
HEP_DECODER(int8_t, uint8_t, order8)
HEP_DECODER(uint16_t, uint16_t, order16)
HEP_DECODER(int16_t, uint16_t, order16)
HEP_DECODER(uint32_t, uint32_t, order32)
HEP_DECODER(int32_t, uint32_t, order32)
HEP_DECODER(uint64_t, uint64_t, order64)
HEP_DECODER(int64_t, uint64_t, order64)
HEP_DECODER(float, uint32_t, order32)
HEP_DECODER(double, uint64_t, order64)

void hep_nifti_decode(double *out, const unsigned char *bytes, size_t count, int datatype,
                      bool swapped)
{
    switch (datatype) {
    case DT_UINT8:
        decode_uint8_t(out, bytes, count, swapped);
        break;
    case DT_INT8:
        decode_int8_t(out, bytes, count, swapped);
        break;
    case DT_UINT16:
        decode_uint16_t(out, bytes, count, swapped);
        break;
    case DT_INT16:
        decode_int16_t(out, bytes, count, swapped);
        break;
    case DT_UINT32:
        decode_uint32_t(out, bytes, count, swapped);
        break;
    case DT_INT32:
        decode_int32_t(out, bytes, count, swapped);
        break;
    case DT_UINT64:
        decode_uint64_t(out, bytes, count, swapped);
        break;
    case DT_INT64:
        decode_int64_t(out, bytes, count, swapped);
        break;
    case DT_FLOAT32:
    case DT_COMPLEX64:
        decode_float(out, bytes, count, swapped);
        break;
    case DT_FLOAT64:
    case DT_COMPLEX128:
        decode_double(out, bytes, count, swapped);
        break;
    default:
        break;
    }
}
