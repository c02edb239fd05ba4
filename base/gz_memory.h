/**
 * @file  base/gz_memory.h
 * @brief zlib, with memory of base/alloc, so that tests can let it run out. Private to this room.
 */
#ifndef HEP_BASE_GZ_MEMORY_H
#define HEP_BASE_GZ_MEMORY_H

#include "base/alloc.h"

#define ZLIB_CONST /* input pointers are const */
#include <zlib.h>

static inline voidpf hep_zlib_alloc(voidpf unused, uInt n, uInt size)
{
    (void)unused;
    return hep_calloc(n, size, NULL);
}

static inline void hep_zlib_free(voidpf unused, voidpf p)
{
    (void)unused;
    free(p);
}

#endif
