#include "base/gz.h"

#include "base/alloc.h"
#include "base/gz_memory.h"

#include <stdint.h>

enum {
    RAW_DEFLATE = -15,
    MEMORY_LEVEL = 8,
    BLOCK_BYTES = 256 << 10,
    WINDOW_BYTES = 32 << 10,
    HEADER_BYTES = 10,
    TRAILER_BYTES = 8,
    FLUSH_BYTES = 64, /* a sync flush adds at most an empty stored block and pending bits */
    VOXEL_BYTES = 4
};

struct block {
    unsigned char *bytes;
    size_t n;
    uLong crc;
    int status;
};

static int deflate_into(struct block *b, z_stream *z, size_t cap, int flush)
{
    int got;

    b->bytes = hep_calloc(cap, 1, NULL);
    if (b->bytes == NULL)
        return HEP_ENOMEM;
    z->next_out = b->bytes;
    z->avail_out = (uInt)cap;
    got = deflate(z, flush);
    if (got != (flush == Z_FINISH ? Z_STREAM_END : Z_OK) || z->avail_in != 0 || z->avail_out == 0)
        return HEP_EINVAL;
    b->n = cap - z->avail_out;
    return HEP_OK;
}

/* Are most bytes those of four bytes before, as in a map of few values? Noisy float32 voxels share
 * the exponent, one byte in four, and int16 ones at most two. */
static bool repeats(const unsigned char *data, size_t n)
{
    size_t same = 0;

    for (size_t i = VOXEL_BYTES; i < n; i++)
        same += data[i] == data[i - VOXEL_BYTES];
    return same > n / 5 * 3;
}

/* Deflate data[from, from + n) so that it continues the stream before it: the previous 32 KiB are
 * its dictionary, and a sync flush ends it on a byte. Reads nothing else, so the bytes made here do
 * not depend on which thread makes them. */
static void deflate_block(struct block *b, const unsigned char *data, size_t from, size_t n,
                          bool last, int level)
{
    z_stream z = { .zalloc = hep_zlib_alloc, .zfree = hep_zlib_free };
    const int strategy = level == 1 && !repeats(data + from, n) ? Z_RLE : Z_DEFAULT_STRATEGY;
    size_t window = from < WINDOW_BYTES ? from : WINDOW_BYTES;

    if (deflateInit2(&z, level, Z_DEFLATED, RAW_DEFLATE, MEMORY_LEVEL, strategy) != Z_OK) {
        b->status = HEP_ENOMEM;
        return;
    }
    if (window > 0)
        (void)deflateSetDictionary(&z, data + from - window, (uInt)window);
    z.next_in = n > 0 ? data + from : NULL;
    z.avail_in = (uInt)n;
    b->status = deflate_into(b, &z, deflateBound(&z, (uLong)n) + FLUSH_BYTES,
                             last ? Z_FINISH : Z_SYNC_FLUSH);
    (void)deflateEnd(&z);
    b->crc = crc32(0, Z_NULL, 0);
    if (n > 0)
        b->crc = crc32(b->crc, data + from, (uInt)n);
    if (b->status == HEP_OK) {
        unsigned char *smaller = hep_realloc(b->bytes, b->n, 1, NULL);

        b->bytes = smaller ? smaller : b->bytes;
    }
}

static void put_le32(unsigned char *p, unsigned long v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (unsigned char)(v >> (8 * i) & 0xff);
}

static int join_blocks(unsigned char **out, size_t *n_out, const struct block *blocks,
                       size_t n_blocks, size_t n, struct hep_error *err)
{
    /* RFC 1952: magic, deflate, no flags, no time, no level hint, unknown system */
    static const unsigned char header[HEADER_BYTES] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };
    size_t total = HEADER_BYTES + TRAILER_BYTES;
    size_t at = HEADER_BYTES;
    uLong crc = crc32(0, Z_NULL, 0);
    unsigned char *bytes;

    for (size_t i = 0; i < n_blocks; i++) {
        if (blocks[i].status == HEP_ENOMEM)
            return HEP_FAIL(err, HEP_ENOMEM, "out of memory to deflate %zu bytes", n);
        if (blocks[i].status != HEP_OK)
            return HEP_FAIL(err, HEP_EINVAL, "deflate of block %zu failed", i);
        total += blocks[i].n;
    }
    bytes = hep_alloc_aligned(total, 1, err);
    if (bytes == NULL)
        return HEP_ENOMEM;
    (void)memcpy(bytes, header, HEADER_BYTES);
    for (size_t i = 0; i < n_blocks; i++) {
        size_t length = i + 1 < n_blocks ? BLOCK_BYTES : n - i * BLOCK_BYTES;

        (void)memcpy(bytes + at, blocks[i].bytes, blocks[i].n);
        at += blocks[i].n;
        crc = crc32_combine(crc, blocks[i].crc, (z_off_t)length);
    }
    put_le32(bytes + at, crc);
    put_le32(bytes + at + 4, (unsigned long)(n & 0xffffffffUL));
    *out = bytes;
    *n_out = total;
    return HEP_OK;
}

int hep_gz_deflate(unsigned char **out, size_t *n_out, const void *data, size_t n, int level,
                   int nthreads, struct hep_error *err)
{
    const unsigned char *bytes = data;
    size_t n_blocks = n > 0 ? (n - 1) / BLOCK_BYTES + 1 : 1;
    struct block *blocks;
    int rc;

    if (level < 0 || level > 9)
        return HEP_FAIL(err, HEP_EINVAL, "deflate level %d, allowed are 0 to 9", level);
    if (nthreads < 1)
        return HEP_FAIL(err, HEP_EINVAL, "%d threads, at least 1 is needed", nthreads);
    if (HEP_NEW(blocks, n_blocks, err) != HEP_OK)
        return HEP_ENOMEM;
#pragma omp parallel for num_threads(nthreads) schedule(dynamic)
    for (size_t i = 0; i < n_blocks; i++) {
        bool last = i + 1 == n_blocks;

        deflate_block(&blocks[i], bytes, i * BLOCK_BYTES, last ? n - i * BLOCK_BYTES : BLOCK_BYTES,
                      last, level);
    }
    rc = join_blocks(out, n_out, blocks, n_blocks, n, err);
    for (size_t i = 0; i < n_blocks; i++)
        free(blocks[i].bytes);
    free(blocks);
    return rc;
}
