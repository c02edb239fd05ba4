#include "image/itk_transform.h"
#include "image/nifti_header.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/gz.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

/* Values per decoded block: the doubles of a block fit the first cache. */
#define BLOCK 1024
/* Bytes allowed after the data before a gzip stream counts as a bomb. */
#define TAIL_BYTES ((size_t)1 << 20)
/* Deflate cannot shrink data by more than this (zlib, "Maximum Compression Factor" 1032:1). */
#define DEFLATE_MAX_RATIO 1032
/* Compressed bytes that hold a header also behind a long gzip file name. */
#define PREFIX_BYTES ((size_t)64 << 10)
#define FILE_MAX_BYTES ((size_t)1 << 40)

/* Deflate shrinks an image with noise to a tenth, and a label map by more than this only when it is almost
 * empty, as none of a gigabyte is. */
#define BOMB_RATIO 200
#define BOMB_BYTES ((size_t)1 << 30)

/* Header of plain or gzip bytes; plain_n is how many bytes there can be once inflated. */
static int parse_head(struct hep_nifti_layout *lay, size_t *plain_n, const void *bytes, size_t n,
                      bool unplaced_too, struct hep_error *err)
{
    const bool gzip = hep_gz_is(bytes, n);
    unsigned char *head = NULL;
    size_t head_n = 0;
    int rc;

    if (!gzip) {
        *plain_n = n;
        return hep_nifti_layout_parse(lay, bytes, n, unplaced_too, err);
    }
    rc = hep_gz_inflate(&head, &head_n, bytes, n, HEP_NIFTI_HEADER_BYTES, SIZE_MAX, err);
    if (rc == HEP_OK)
        rc = hep_nifti_layout_parse(lay, head, head_n, unplaced_too, err);
    free(head);
    if (rc == HEP_OK)
        lay->info.gzip = true;
    *plain_n = n > SIZE_MAX / DEFLATE_MAX_RATIO ? SIZE_MAX : n * DEFLATE_MAX_RATIO;
    return rc;
}

static int check_length(const struct hep_nifti_layout *lay, size_t n, struct hep_error *err)
{
    if (n < lay->offset || n - lay->offset < lay->bytes)
        return HEP_FAIL(err, HEP_EFORMAT,
                        "the header asks for %zu bytes from byte %zu, the file has at most %zu",
                        lay->bytes, lay->offset, n);
    return HEP_OK;
}

/* float64 values beyond the range of float become infinite, as IEEE 754 conversion does. */
static void fill_real(float *out, const struct hep_nifti_layout *lay, const unsigned char *data,
                      size_t count)
{
    const bool scale = lay->slope != 1.0 || lay->inter != 0.0;
    size_t component = 0;
    size_t per_voxel = 0;

    hep_nifti_type_size(&component, &per_voxel, lay->info.datatype);
#pragma omp parallel for schedule(static)
    for (size_t first = 0; first < count; first += BLOCK) {
        const size_t n = count - first < BLOCK ? count - first : BLOCK;
        double x[BLOCK];

        hep_nifti_decode(x, data + first * component, n, lay->info.datatype, lay->swapped);
        for (size_t i = 0; scale && i < n; i++)
            x[i] = lay->slope * x[i] + lay->inter;
        for (size_t i = 0; i < n; i++)
            out[first + i] = (float)x[i];
    }
}

static void fill_complex(float *re, float *im, const struct hep_nifti_layout *lay,
                         const unsigned char *data, size_t count)
{
    size_t component = 0;
    size_t per_voxel = 0;

    hep_nifti_type_size(&component, &per_voxel, lay->info.datatype);
#pragma omp parallel for schedule(static)
    for (size_t first = 0; first < count; first += BLOCK / 2) {
        const size_t n = count - first < BLOCK / 2 ? count - first : BLOCK / 2;
        double x[BLOCK];

        hep_nifti_decode(x, data + 2 * first * component, 2 * n, lay->info.datatype, lay->swapped);
        for (size_t i = 0; i < n; i++) {
            re[first + i] = (float)(lay->slope * x[2 * i] + lay->inter);
            im[first + i] = (float)(lay->slope * x[2 * i + 1] + lay->inter);
        }
    }
}

/* Convert stored numbers to labels. @return the first voxel whose number is no label, `count` when all are */
static size_t fill_labels(int32_t *out, double *bad, const struct hep_nifti_layout *lay,
                          const unsigned char *data, size_t count)
{
    size_t component = 0;
    size_t per_voxel = 0;

    hep_nifti_type_size(&component, &per_voxel, lay->info.datatype);
    for (size_t first = 0; first < count; first += BLOCK) {
        const size_t n = count - first < BLOCK ? count - first : BLOCK;
        double x[BLOCK];

        hep_nifti_decode(x, data + first * component, n, lay->info.datatype, lay->swapped);
        for (size_t i = 0; i < n; i++) {
            const double value = lay->slope * x[i] + lay->inter;

            if (!hep_label_from(&out[first + i], value)) {
                *bad = value;
                return first + i;
            }
        }
    }
    return count;
}

static int make_volumes(struct hep_volume **re, struct hep_volume **im,
                        const struct hep_nifti_layout *lay, const unsigned char *data,
                        struct hep_error *err)
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
    if (rc != HEP_OK) {
        hep_volume_free(a);
        return rc;
    }
    if (im != NULL) {
        fill_complex(a->data, b->data, lay, data, count);
        *im = b;
    } else {
        fill_real(a->data, lay, data, count);
    }
    *re = a;
    return HEP_OK;
}

static int make_labels(struct hep_labels **out, const struct hep_nifti_layout *lay,
                       const unsigned char *data, struct hep_error *err)
{
    const size_t count = hep_grid_voxels(&lay->info.grid);
    struct hep_labels *l = NULL;
    double bad = 0.0;
    size_t end;
    int rc;

    if (lay->info.is_complex || lay->info.nt != 1)
        return HEP_FAIL(err, HEP_EFORMAT, "a label map is one real volume, this has %zu%s",
                        lay->info.nt, lay->info.is_complex ? " and is complex" : "");
    rc = hep_labels_new(&l, &lay->info.grid, err);
    if (rc != HEP_OK)
        return rc;
    end = fill_labels(l->data, &bad, lay, data, count);
    if (end < count) {
        hep_labels_free(l);
        return hep_label_fail(&lay->info.grid, end, bad, err);
    }
    *out = l;
    return HEP_OK;
}

static int from_bytes(struct hep_volume **re, struct hep_volume **im, struct hep_labels **labels,
                      const void *bytes, size_t n, bool unplaced_too, struct hep_error *err)
{
    struct hep_nifti_layout lay;
    const unsigned char *plain = bytes;
    unsigned char *inflated = NULL;
    size_t plain_n = 0;
    int rc;

    rc = parse_head(&lay, &plain_n, bytes, n, unplaced_too, err);
    if (rc == HEP_OK)
        rc = check_length(&lay, plain_n, err);
    if (rc == HEP_OK && lay.info.gzip) {
        const size_t need = lay.offset + lay.bytes;

        rc = hep_gz_inflate(&inflated, &plain_n, bytes, n, SIZE_MAX,
                            need > SIZE_MAX - TAIL_BYTES ? SIZE_MAX : need + TAIL_BYTES, err);
        plain = inflated;
        if (rc == HEP_OK)
            rc = check_length(&lay, plain_n, err);
    }
    if (rc == HEP_OK && labels != NULL)
        rc = make_labels(labels, &lay, plain + lay.offset, err);
    if (rc == HEP_OK && re != NULL)
        rc = make_volumes(re, im, &lay, plain + lay.offset, err);
    free(inflated);
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
    size_t plain_n = 0;
    int rc = HEP_OK;

    if (bytes == NULL)
        return HEP_ENOMEM;
    rc = read_prefix(bytes, &n, size, last, PREFIX_BYTES, path, err);
    *isize = (uint32_t)last[0] | (uint32_t)last[1] << 8 | (uint32_t)last[2] << 16 |
             (uint32_t)last[3] << 24;
    if (rc == HEP_OK) {
        rc = parse_head(lay, &plain_n, bytes, n, unplaced_too, err);
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
    return from_bytes(re, im, labels, bytes, n, false, err);
}

static int read_whole(struct hep_volume **re, struct hep_volume **im, struct hep_labels **labels,
                      const char *path, bool unplaced_too, struct hep_error *err)
{
    char *bytes = NULL;
    size_t n = 0;
    struct hep_nifti_layout lay;
    uint32_t isize = 0;
    int rc = read_layout(&lay, &n, &isize, path, unplaced_too, err);

    if (rc == HEP_OK)
        rc = hep_file_read(&bytes, &n, path, FILE_MAX_BYTES, err);
    if (rc != HEP_OK)
        return rc;
    rc = from_bytes(re, im, labels, bytes, n, unplaced_too, err);
    if (rc != HEP_OK)
        (void)hep_error_prefix(err, "%s", path);
    free(bytes);
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
    unsigned char *plain = NULL;
    char *bytes = NULL;
    size_t size = 0, n = 0;
    uint32_t isize = 0;
    int rc = read_layout(&lay, &size, &isize, path, true, err);

    if (rc != HEP_OK)
        return rc;
    if (lay.info.gzip && isize == (uint32_t)(lay.offset + lay.bytes))
        return HEP_OK;
    if (lay.info.gzip) {
        rc = hep_file_read(&bytes, &n, path, FILE_MAX_BYTES, err);
        if (rc == HEP_OK &&
            (rc = hep_gz_inflate(&plain, &size, bytes, n, SIZE_MAX,
                                 lay.offset + lay.bytes + TAIL_BYTES, err)) != HEP_OK)
            (void)hep_error_prefix(err, "%s", path);
    }
    if (rc == HEP_OK && (rc = check_length(&lay, size, err)) != HEP_OK)
        (void)hep_error_prefix(err, "%s", path);
    free(plain);
    free(bytes);
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
