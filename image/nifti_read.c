#include "image/itk_transform.h"
#include "image/nifti_header.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/gz.h"

#include <errno.h>
#include <math.h>
#include <nifti2_io.h>
#include <unistd.h>

/* Values that are decoded at a time: bytes and doubles of a piece fit the second cache. The widest type has
 * eight bytes. */
enum { PIECE_VALUES = 4096, PIECE_BYTES = 8 * PIECE_VALUES };
/* Bytes allowed after the data before a gzip stream counts as a bomb. */
#define TAIL_BYTES ((size_t)1 << 20)
/* Deflate cannot shrink data by more than this (zlib, "Maximum Compression Factor" 1032:1). */
#define DEFLATE_MAX_RATIO 1032
/* Compressed bytes that hold a header also behind a long gzip file name. */
#define PREFIX_BYTES ((size_t)64 << 10)

/* Deflate shrinks an image with noise to a tenth, and a label map by more than this only when it is almost
 * empty, as none of a gigabyte is. */
#define BOMB_RATIO 200
#define BOMB_BYTES ((size_t)1 << 30)

/* The plain bytes of an image, read forwards: the header is looked at, then served again. */
struct source {
    struct hep_gz_reader *reader;
    unsigned char head[HEP_NIFTI_HEADER_BYTES];
    size_t n_head, at;
};

/* The header of an open source. */
static int begin(struct source *s, struct hep_nifti_layout *lay, bool unplaced_too,
                 struct hep_error *err)
{
    int rc = hep_gz_read(s->reader, s->head, sizeof s->head, &s->n_head, err);

    if (rc == HEP_OK)
        rc = hep_nifti_layout_parse(lay, s->head, s->n_head, unplaced_too, err);
    if (rc == HEP_OK)
        lay->info.gzip = hep_gz_inflates(s->reader);
    return rc;
}

static int take(struct source *s, void *out, size_t want, size_t *got, struct hep_error *err)
{
    const size_t left = s->at < s->n_head ? s->n_head - s->at : 0;
    const size_t ready = left < want ? left : want;
    int rc;

    if (ready > 0)
        (void)memcpy(out, s->head + s->at, ready);
    rc = hep_gz_read(s->reader, (unsigned char *)out + ready, want - ready, got, err);
    *got += ready;
    s->at += *got;
    return rc;
}

static int fail_length(const struct hep_nifti_layout *lay, size_t n, struct hep_error *err)
{
    return HEP_FAIL(err, HEP_EFORMAT,
                    "the header asks for %zu bytes from byte %zu, the file has at most %zu",
                    lay->bytes, lay->offset, n);
}

static int check_length(const struct hep_nifti_layout *lay, size_t n, struct hep_error *err)
{
    return n < lay->offset || n - lay->offset < lay->bytes ? fail_length(lay, n, err) : HEP_OK;
}

/* Exactly n bytes of the data. */
static int take_all(struct source *s, void *out, size_t n, const struct hep_nifti_layout *lay,
                    struct hep_error *err)
{
    size_t got = 0;
    int rc = take(s, out, n, &got, err);

    return rc == HEP_OK && got < n ? fail_length(lay, s->at, err) : rc;
}

/* To the end, or past `most` bytes of which all are read. */
static int pass(struct source *s, size_t most, struct hep_error *err)
{
    unsigned char bytes[PIECE_BYTES];
    size_t got = 1;
    int rc = HEP_OK;

    while (rc == HEP_OK && got > 0 && s->at < most)
        rc = take(s, bytes, most - s->at < sizeof bytes ? most - s->at : sizeof bytes, &got, err);
    return rc;
}

/* A gzip stream tells at its end whether it is whole. One that goes on and on is a bomb. */
static int finish(struct source *s, const struct hep_nifti_layout *lay, struct hep_error *err)
{
    const size_t need = lay->offset + lay->bytes;
    const size_t most = need > SIZE_MAX - TAIL_BYTES - 1 ? SIZE_MAX : need + TAIL_BYTES + 1;
    int rc = lay->info.gzip ? pass(s, most, err) : HEP_OK;

    if (rc == HEP_OK && lay->info.gzip && s->at == most)
        rc = HEP_FAIL(err, HEP_EFORMAT, "gzip: content is larger than %zu bytes", most - 1);
    return rc;
}

/* The next n components as doubles, scaled. */
static int take_values(double *x, struct source *s, size_t n, const struct hep_nifti_layout *lay,
                       struct hep_error *err)
{
    unsigned char bytes[PIECE_BYTES];
    size_t component = 0, per_voxel = 0;
    int rc;

    hep_nifti_type_size(&component, &per_voxel, lay->info.datatype);
    rc = take_all(s, bytes, n * component, lay, err);
    if (rc != HEP_OK)
        return rc;
    hep_nifti_decode(x, bytes, n, lay->info.datatype, lay->swapped);
    if (lay->slope != 1.0 || lay->inter != 0.0) {
        for (size_t i = 0; i < n; i++)
            x[i] = lay->slope * x[i] + lay->inter;
    }
    return HEP_OK;
}

/* float64 values beyond the range of float become infinite, as IEEE 754 conversion does. */
static int fill_real(float *out, struct source *s, const struct hep_nifti_layout *lay, size_t count,
                     struct hep_error *err)
{
    double x[PIECE_VALUES];
    int rc = HEP_OK;

    if (lay->info.datatype == DT_FLOAT32 && !lay->swapped && lay->slope == 1.0 && lay->inter == 0.0)
        return take_all(s, out, count * sizeof *out, lay, err);
    for (size_t first = 0; rc == HEP_OK && first < count; first += PIECE_VALUES) {
        const size_t n = count - first < PIECE_VALUES ? count - first : PIECE_VALUES;

        rc = take_values(x, s, n, lay, err);
        for (size_t i = 0; rc == HEP_OK && i < n; i++)
            out[first + i] = (float)x[i];
    }
    return rc;
}

static int fill_complex(float *re, float *im, struct source *s, const struct hep_nifti_layout *lay,
                        size_t count, struct hep_error *err)
{
    double x[PIECE_VALUES];
    int rc = HEP_OK;

    for (size_t first = 0; rc == HEP_OK && first < count; first += PIECE_VALUES / 2) {
        const size_t n = count - first < PIECE_VALUES / 2 ? count - first : PIECE_VALUES / 2;

        rc = take_values(x, s, 2 * n, lay, err);
        for (size_t i = 0; rc == HEP_OK && i < n; i++) {
            re[first + i] = (float)x[2 * i];
            im[first + i] = (float)x[2 * i + 1];
        }
    }
    return rc;
}

static int fill_labels(struct hep_labels *l, struct source *s, const struct hep_nifti_layout *lay,
                       struct hep_error *err)
{
    const size_t count = hep_grid_voxels(&l->grid);
    double x[PIECE_VALUES];
    int rc = HEP_OK;

    for (size_t first = 0; rc == HEP_OK && first < count; first += PIECE_VALUES) {
        const size_t n = count - first < PIECE_VALUES ? count - first : PIECE_VALUES;

        rc = take_values(x, s, n, lay, err);
        for (size_t i = 0; rc == HEP_OK && i < n; i++) {
            if (!hep_label_from(&l->data[first + i], x[i]))
                rc = hep_label_fail(&l->grid, first + i, x[i], err);
        }
    }
    return rc;
}

static int make_volumes(struct hep_volume **re, struct hep_volume **im, struct source *s,
                        const struct hep_nifti_layout *lay, struct hep_error *err)
{
    const size_t count = hep_grid_voxels(&lay->info.grid) * lay->info.nt;
    struct hep_volume *a = NULL;
    struct hep_volume *b = NULL;
    int rc;

    if (lay->info.is_complex != (im != NULL))
        return HEP_FAIL(err, HEP_EFORMAT, "the data are %s, %s are wanted",
                        lay->info.is_complex ? "complex" : "real",
                        im != NULL ? "complex ones" : "real ones");
    rc = hep_volume_new_unset(&a, &lay->info.grid, lay->info.nt, err);
    if (rc == HEP_OK && im != NULL)
        rc = hep_volume_new_unset(&b, &lay->info.grid, lay->info.nt, err);
    if (rc == HEP_OK)
        rc = im != NULL ? fill_complex(a->data, b->data, s, lay, count, err)
                        : fill_real(a->data, s, lay, count, err);
    if (rc == HEP_OK)
        rc = finish(s, lay, err);
    if (rc != HEP_OK) {
        hep_volume_free(a);
        hep_volume_free(b);
        return rc;
    }
    if (im != NULL)
        *im = b;
    *re = a;
    return HEP_OK;
}

static int make_labels(struct hep_labels **out, struct source *s,
                       const struct hep_nifti_layout *lay, struct hep_error *err)
{
    struct hep_labels *l = NULL;
    int rc;

    if (lay->info.is_complex || lay->info.nt != 1)
        return HEP_FAIL(err, HEP_EFORMAT, "a label map is one real volume, this has %zu%s",
                        lay->info.nt, lay->info.is_complex ? " and is complex" : "");
    rc = hep_labels_new(&l, &lay->info.grid, err);
    if (rc == HEP_OK)
        rc = fill_labels(l, s, lay, err);
    if (rc == HEP_OK)
        rc = finish(s, lay, err);
    if (rc == HEP_OK)
        *out = l;
    else
        hep_labels_free(l);
    return rc;
}

/* n: bytes of the file or in memory. */
static int from_source(struct hep_volume **re, struct hep_volume **im, struct hep_labels **labels,
                       struct source *s, size_t n, bool unplaced_too, struct hep_error *err)
{
    struct hep_nifti_layout lay;
    int rc = begin(s, &lay, unplaced_too, err);

    if (rc == HEP_OK && lay.info.gzip)
        n = n > SIZE_MAX / DEFLATE_MAX_RATIO ? SIZE_MAX : n * DEFLATE_MAX_RATIO;
    if (rc == HEP_OK)
        rc = check_length(&lay, n, err);
    if (rc == HEP_OK)
        rc = pass(s, lay.offset, err);
    if (rc == HEP_OK && s->at < lay.offset)
        rc = fail_length(&lay, s->at, err);
    if (rc == HEP_OK && labels != NULL)
        rc = make_labels(labels, s, &lay, err);
    if (rc == HEP_OK && re != NULL)
        rc = make_volumes(re, im, s, &lay, err);
    return rc;
}

/* Header of the first bytes of a file. */
static int parse_head(struct hep_nifti_layout *lay, const void *bytes, size_t n, bool unplaced_too,
                      struct hep_error *err)
{
    struct source s = { 0 };
    int rc = hep_gz_open_bytes(&s.reader, bytes, n, err);

    if (rc == HEP_OK)
        rc = begin(&s, lay, unplaced_too, err);
    hep_gz_close(s.reader);
    return rc;
}

/* At most max bytes from the start of a regular file, and its size. */
static int read_prefix(unsigned char *bytes, size_t *n, size_t *size, unsigned char last[4],
                       size_t max, const char *path, struct hep_error *err)
{
    ssize_t got = 1;
    int fd = -1;
    int rc;

    if (hep_is_dir(path))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: a folder, not an image", path);
    rc = hep_file_open(&fd, size, path, err);
    if (rc != HEP_OK)
        return rc;
    *n = 0;
    while (*n < max && got != 0) {
        got = read(fd, bytes + *n, max - *n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            rc = HEP_FAIL(err, HEP_EIO, "%s: cannot be read: %s", path, strerror(errno));
            break;
        }
        *n += (size_t)got;
    }
    if (rc == HEP_OK && *size >= 4 && pread(fd, last, 4, (off_t)(*size - 4)) != 4)
        rc = HEP_FAIL(err, HEP_EIO, "%s: its end cannot be read", path);
    (void)close(fd);
    return rc;
}

/* The size of a file against what its header asks for: one that holds far more, or a gzip stream that grows
 * as no image does, is refused before its data are read. */
static int check_size(const struct hep_nifti_layout *lay, size_t size, uint32_t isize,
                      struct hep_error *err)
{
    const size_t need = lay->offset + lay->bytes;
    size_t most = need + TAIL_BYTES;

    /* The trailer gives the length modulo 2^32, so the content is at least that long; in a file
     * that was cut off any four bytes stand there. */
    if (lay->info.gzip && (size_t)isize > most)
        return HEP_FAIL(err, HEP_EFORMAT,
                        "gzip: truncated, or it holds %zu bytes where the header asks for %zu",
                        (size_t)isize, need);
    if (lay->info.gzip && need > BOMB_BYTES && need / BOMB_RATIO > size)
        return HEP_FAIL(
            err, HEP_EFORMAT,
            "the header asks for %zu bytes, which a gzip stream of %zu bytes cannot hold "
            "unless it is almost empty",
            need, size);
    if (lay->info.gzip)
        most += most /
                8; /* stored blocks and the heads of many members are longer than what they hold */
    if (size > most)
        return HEP_FAIL(err, HEP_EFORMAT, "the header asks for %zu bytes, the file has %zu", need,
                        size);
    return HEP_OK;
}

/* Read the header and the size of a file, and of a gzip file the length that its trailer gives; not the data. */
static int read_layout(struct hep_nifti_layout *lay, size_t *size, uint32_t *isize,
                       const char *path, bool unplaced_too, struct hep_error *err)
{
    unsigned char *bytes = hep_calloc(1, PREFIX_BYTES, err), last[4] = { 0 };
    size_t n = 0;
    int rc = HEP_OK;

    if (bytes == NULL)
        return HEP_ENOMEM;
    rc = read_prefix(bytes, &n, size, last, PREFIX_BYTES, path, err);
    *isize = (uint32_t)last[0] | (uint32_t)last[1] << 8 | (uint32_t)last[2] << 16 |
             (uint32_t)last[3] << 24;
    if (rc == HEP_OK) {
        rc = parse_head(lay, bytes, n, unplaced_too, err);
        if (rc == HEP_OK)
            rc = check_size(lay, *size, *isize, err);
        if (rc != HEP_OK)
            (void)hep_error_prefix(err, "%s", path);
    }
    free(bytes);
    return rc;
}

int hep_nifti_from_bytes(struct hep_volume **re, struct hep_volume **im, struct hep_labels **labels,
                         const void *bytes, size_t n, struct hep_error *err)
{
    struct source s = { 0 };
    int rc = hep_gz_open_bytes(&s.reader, bytes, n, err);

    if (rc == HEP_OK)
        rc = from_source(re, im, labels, &s, n, false, err);
    hep_gz_close(s.reader);
    return rc;
}

static int read_whole(struct hep_volume **re, struct hep_volume **im, struct hep_labels **labels,
                      const char *path, bool unplaced_too, struct hep_error *err)
{
    struct hep_nifti_layout lay;
    struct source s = { 0 };
    uint32_t isize = 0;
    size_t n = 0;
    int rc = read_layout(&lay, &n, &isize, path, unplaced_too, err);

    if (rc == HEP_OK)
        rc = hep_gz_open(&s.reader, path, err);
    if (rc == HEP_OK && (rc = from_source(re, im, labels, &s, n, unplaced_too, err)) != HEP_OK)
        (void)hep_error_prefix(err, "%s", path);
    hep_gz_close(s.reader);
    return rc;
}

int hep_nifti_read(struct hep_volume **out, const char *path, struct hep_error *err)
{
    return read_whole(out, NULL, NULL, path, false, err);
}

int hep_nifti_read_vectors(struct hep_volume **out, const char *path, struct hep_error *err)
{
    struct hep_volume *v = NULL;
    int rc = hep_nifti_read(&v, path, err);

    if (rc == HEP_OK && v->nt != 3)
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: %zu components, a displacement has 3", path, v->nt);
    if (rc == HEP_OK) {
        hep_flip_vectors(v);
        *out = v;
        v = NULL;
    }
    hep_volume_free(v);
    return rc;
}

int hep_nifti_read_complex(struct hep_volume **re, struct hep_volume **im, const char *path,
                           struct hep_error *err)
{
    return read_whole(re, im, NULL, path, false, err);
}

int hep_nifti_read_labels(struct hep_labels **out, const char *path, struct hep_error *err)
{
    return read_whole(NULL, NULL, out, path, false, err);
}

int hep_nifti_read_labels_unplaced(struct hep_labels **out, const char *path, struct hep_error *err)
{
    return read_whole(NULL, NULL, out, path, true, err);
}

static int read_info(struct hep_nifti_info *out, const char *path, bool unplaced_too,
                     struct hep_error *err)
{
    struct hep_nifti_layout lay;
    size_t size = 0;
    uint32_t isize = 0;
    int rc = read_layout(&lay, &size, &isize, path, unplaced_too, err);

    if (rc == HEP_OK)
        *out = lay.info;
    return rc;
}

int hep_nifti_info(struct hep_nifti_info *out, const char *path, struct hep_error *err)
{
    return read_info(out, path, false, err);
}

int hep_nifti_info_unplaced(struct hep_nifti_info *out, const char *path, struct hep_error *err)
{
    return read_info(out, path, true, err);
}

int hep_nifti_check_whole(const char *path, struct hep_error *err)
{
    struct hep_nifti_layout lay;
    struct source s = { 0 };
    size_t size = 0;
    uint32_t isize = 0;
    int rc = read_layout(&lay, &size, &isize, path, true, err);

    if (rc != HEP_OK || (lay.info.gzip && isize == (uint32_t)(lay.offset + lay.bytes)))
        return rc;
    if (lay.info.gzip) {
        rc = hep_gz_open(&s.reader, path, err);
        if (rc == HEP_OK && (rc = finish(&s, &lay, err)) != HEP_OK)
            (void)hep_error_prefix(err, "%s", path);
        size = s.at;
    }
    if (rc == HEP_OK && (rc = check_length(&lay, size, err)) != HEP_OK)
        (void)hep_error_prefix(err, "%s", path);
    hep_gz_close(s.reader);
    return rc;
}

static int read_magnitude(struct hep_volume **out, const char *path, bool unplaced_too,
                          struct hep_error *err)
{
    struct hep_nifti_layout lay;
    struct hep_volume *re = NULL, *im = NULL;
    size_t size = 0;
    uint32_t isize = 0;
    int rc = read_layout(&lay, &size, &isize, path, unplaced_too, err);

    if (rc == HEP_OK)
        rc = read_whole(&re, lay.info.is_complex ? &im : NULL, NULL, path, unplaced_too, err);
    if (rc == HEP_OK && im != NULL) {
        for (size_t i = 0; i < hep_grid_voxels(&re->grid) * re->nt; i++)
            re->data[i] = hypotf(re->data[i], im->data[i]);
    }
    hep_volume_free(im);
    if (rc == HEP_OK)
        *out = re;
    return rc;
}

int hep_nifti_read_magnitude(struct hep_volume **out, const char *path, struct hep_error *err)
{
    return read_magnitude(out, path, false, err);
}

int hep_nifti_read_unplaced(struct hep_volume **out, const char *path, bool magnitude,
                            struct hep_error *err)
{
    return magnitude ? read_magnitude(out, path, true, err)
                     : read_whole(out, NULL, NULL, path, true, err);
}
