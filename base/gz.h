/**
 * @file  base/gz.h
 * @brief gzip: files and memory read forwards, bounded inflate, and deflate in blocks on several threads with a
 * result that does not depend on the number of threads.
 */
#ifndef HEP_BASE_GZ_H
#define HEP_BASE_GZ_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/** True when n >= 2 bytes start with the gzip magic. */
bool hep_gz_is(const void *data, size_t n);

/**
 * Inflate a gzip stream (several members allowed).
 * @param[out] out  heap, the caller's
 * @param[in]  want stop after this many bytes; SIZE_MAX for all
 * @param[in]  max  HEP_EFORMAT when the content is larger than this
 * @return HEP_EFORMAT for truncated or damaged data (CRC checked when read to the end)
 */
int hep_gz_inflate(unsigned char **out, size_t *n_out, const void *data, size_t n, size_t want,
                   size_t max, struct hep_error *err) HEP_MUST_CHECK;

/** Bytes of a file or of memory, plain or gzip (told by its first bytes), read forwards. */
struct hep_gz_reader;
/** @return HEP_ENOENT, HEP_EIO, HEP_EFORMAT (not a regular file), HEP_ENOMEM; the message names the path. */
int hep_gz_open(struct hep_gz_reader **out, const char *path, struct hep_error *err) HEP_MUST_CHECK;
/** `bytes` must outlive the reader. */
int hep_gz_open_bytes(struct hep_gz_reader **out, const void *bytes, size_t n,
                      struct hep_error *err) HEP_MUST_CHECK;
bool hep_gz_inflates(const struct hep_gz_reader *r);
/**
 * The next bytes: as many as wanted, and fewer only at the end, which for gzip has been checked then (CRC and
 * length of each member).
 * @return HEP_EFORMAT for truncated or damaged data, HEP_EIO, HEP_ENOMEM; no message names the path
 */
int hep_gz_read(struct hep_gz_reader *r, void *out, size_t want, size_t *got,
                struct hep_error *err) HEP_MUST_CHECK;
void hep_gz_close(struct hep_gz_reader *r);

/** One gzip member, blocks of fixed size joined by sync flushes; header without name and time.
 * Level 1 looks for runs of one byte alone in blocks of noisy voxels: these hardly repeat, so that
 * the search for longer matches takes two thirds of the time of zlib's own level 1 and changes the
 * size by 2 % (docs/performance.md). The bytes are the same on every processor. */
int hep_gz_deflate(unsigned char **out, size_t *n_out, const void *data, size_t n, int level,
                   int nthreads, struct hep_error *err) HEP_MUST_CHECK;

#endif
