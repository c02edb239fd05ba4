#include "base/gz.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/gz_memory.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <unistd.h>

enum { GZIP_ONLY = 15 + 16, INPUT_BYTES = 64 << 10, FIRST_OUTPUT = 64 << 10 };

bool hep_gz_is(const void *data, size_t n)
{
    const unsigned char *p = data;

    return n >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

struct hep_gz_reader {
    z_stream z;
    int fd;                     /* -1: all of the input is in memory */
    unsigned char *buffer;      /* [INPUT_BYTES], of the file */
    const unsigned char *input; /* not yet used: n_input bytes */
    size_t n_input, taken;      /* taken: bytes of the input before them */
    bool is_gzip, ended;        /* ended: at the end of the last member */
};

static int read_some(size_t *got, const struct hep_gz_reader *r, unsigned char *to, size_t n,
                     struct hep_error *err)
{
    ssize_t some;

    do
        some = read(r->fd, to, n);
    while (some < 0 && errno == EINTR);
    if (some < 0)
        return HEP_FAIL(err, HEP_EIO, "cannot be read: %s", strerror(errno));
    *got = (size_t)some;
    return HEP_OK;
}

/* More input where there is none left; none at the end. */
static int refill(struct hep_gz_reader *r, struct hep_error *err)
{
    if (r->n_input > 0 || r->fd < 0)
        return HEP_OK;
    r->input = r->buffer;
    return read_some(&r->n_input, r, r->buffer, INPUT_BYTES, err);
}

static void take_input(struct hep_gz_reader *r, size_t n)
{
    r->input += n;
    r->n_input -= n;
    r->taken += n;
}

/* Two bytes of input side by side, where there are as many: a member begins with them. */
static int look_ahead(struct hep_gz_reader *r, struct hep_error *err)
{
    int rc = refill(r, err);

    if (rc != HEP_OK || r->n_input != 1 || r->fd < 0)
        return rc;
    r->buffer[0] = r->input[0];
    r->input = r->buffer;
    rc = read_some(&r->n_input, r, r->buffer + 1, INPUT_BYTES - 1, err);
    r->n_input++;
    return rc;
}

/* Between members: another one follows, or the end. Zero padding is skipped, as gzip does. */
static int next_member(struct hep_gz_reader *r, struct hep_error *err)
{
    int rc = refill(r, err);

    while (rc == HEP_OK && r->n_input > 0 && r->input[0] == 0) {
        take_input(r, 1);
        rc = refill(r, err);
    }
    if (rc == HEP_OK)
        rc = look_ahead(r, err);
    if (rc != HEP_OK)
        return rc;
    r->ended = r->n_input == 0;
    if (!r->ended && !hep_gz_is(r->input, r->n_input))
        return HEP_FAIL(err, HEP_EFORMAT, "gzip: what follows byte %zu is not gzip", r->taken);
    if (inflateReset(&r->z) != Z_OK)
        return HEP_FAIL(err, HEP_EFORMAT, "gzip: damaged stream");
    return HEP_OK;
}

/* One call of zlib. */
static int inflate_once(struct hep_gz_reader *r, unsigned char *out, size_t room, size_t *got,
                        struct hep_error *err)
{
    int rc = refill(r, err), z;
    uInt given;

    if (rc != HEP_OK)
        return rc;
    given = r->n_input < UINT_MAX ? (uInt)r->n_input : UINT_MAX;
    r->z.next_in = r->input;
    r->z.avail_in = given;
    room = room < UINT_MAX ? room : UINT_MAX;
    r->z.next_out = out;
    r->z.avail_out = (uInt)room;
    z = inflate(&r->z, Z_NO_FLUSH);
    *got = room - r->z.avail_out;
    take_input(r, given - r->z.avail_in);
    if (z == Z_STREAM_END)
        return next_member(r, err);
    if (z == Z_MEM_ERROR)
        return HEP_FAIL(err, HEP_ENOMEM, "out of memory to inflate");
    if (z != Z_OK && z != Z_BUF_ERROR)
        return HEP_FAIL(err, HEP_EFORMAT, "gzip: %s near byte %zu",
                        r->z.msg ? r->z.msg : "damaged stream", r->taken);
    if (given == 0 && *got == 0)
        return HEP_FAIL(err, HEP_EFORMAT, "gzip: truncated after %zu bytes", r->taken);
    if (*got == 0 && r->z.avail_in == given)
        return HEP_FAIL(err, HEP_EFORMAT, "gzip: damaged stream");
    return HEP_OK;
}

/* What is in the buffer, then large parts straight from the file. */
static int read_plain(struct hep_gz_reader *r, unsigned char *out, size_t want, size_t *got,
                      struct hep_error *err)
{
    int rc = HEP_OK;

    while (rc == HEP_OK && *got < want) {
        const size_t left = want - *got;
        size_t part = r->n_input < left ? r->n_input : left;

        if (part > 0) {
            (void)memcpy(out + *got, r->input, part);
            take_input(r, part);
        } else if (r->fd >= 0 && left >= INPUT_BYTES) {
            rc = read_some(&part, r, out + *got, left, err);
        } else {
            rc = refill(r, err);
            if (r->n_input > 0)
                continue;
        }
        if (part == 0)
            break;
        *got += part;
    }
    return rc;
}

int hep_gz_read(struct hep_gz_reader *r, void *out, size_t want, size_t *got, struct hep_error *err)
{
    unsigned char *bytes = out;
    size_t part;
    int rc = HEP_OK;

    *got = 0;
    if (!r->is_gzip)
        return read_plain(r, bytes, want, got, err);
    while (rc == HEP_OK && *got < want && !r->ended) {
        part = 0;
        rc = inflate_once(r, bytes + *got, want - *got, &part, err);
        *got += part;
    }
    return rc;
}

void hep_gz_close(struct hep_gz_reader *r)
{
    if (r == NULL)
        return;
    if (r->is_gzip)
        (void)inflateEnd(&r->z);
    if (r->fd >= 0)
        (void)close(r->fd);
    free(r->buffer);
    free(r);
}

bool hep_gz_inflates(const struct hep_gz_reader *r)
{
    return r->is_gzip;
}

/* Told by the first two bytes. */
static int begin(struct hep_gz_reader *r, struct hep_error *err)
{
    int rc = look_ahead(r, err);

    if (rc != HEP_OK || !hep_gz_is(r->input, r->n_input))
        return rc;
    if (inflateInit2(&r->z, GZIP_ONLY) != Z_OK)
        return HEP_FAIL(err, HEP_ENOMEM, "out of memory to inflate");
    r->is_gzip = true;
    return HEP_OK;
}

static int reader_new(struct hep_gz_reader **out, struct hep_error *err)
{
    const int rc = HEP_NEW(*out, 1, err);

    if (rc == HEP_OK) {
        (*out)->fd = -1;
        (*out)->z.zalloc = hep_zlib_alloc;
        (*out)->z.zfree = hep_zlib_free;
    }
    return rc;
}

int hep_gz_open_bytes(struct hep_gz_reader **out, const void *bytes, size_t n,
                      struct hep_error *err)
{
    struct hep_gz_reader *r = NULL;
    int rc = reader_new(&r, err);

    if (rc != HEP_OK)
        return rc;
    r->input = bytes;
    r->n_input = n;
    rc = begin(r, err);
    if (rc == HEP_OK)
        *out = r;
    else
        hep_gz_close(r);
    return rc;
}

int hep_gz_open(struct hep_gz_reader **out, const char *path, struct hep_error *err)
{
    struct hep_gz_reader *r = NULL;
    size_t size = 0;
    int rc = reader_new(&r, err);

    if (rc != HEP_OK)
        return rc;
    rc = HEP_NEW(r->buffer, INPUT_BYTES, err);
    if (rc == HEP_OK)
        rc = hep_file_open(&r->fd, &size, path, err);
    if (rc == HEP_OK && (rc = begin(r, err)) != HEP_OK)
        (void)hep_error_prefix(err, "%s", path);
    if (rc == HEP_OK)
        *out = r;
    else
        hep_gz_close(r);
    return rc;
}

/* The buffer only grows after it was filled with real output. */
static int inflate_whole(unsigned char **out, size_t *len, struct hep_gz_reader *r, size_t limit,
                         struct hep_error *err)
{
    size_t cap = 0, got = 0;
    int rc = HEP_OK;

    while (rc == HEP_OK && *len == cap && cap < limit) {
        const size_t twice = cap == 0 ? FIRST_OUTPUT : cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
        unsigned char *bigger;

        cap = twice < limit ? twice : limit;
        bigger = hep_realloc(*out, cap, 1, err);
        if (bigger == NULL)
            return HEP_ENOMEM;
        *out = bigger;
        rc = hep_gz_read(r, *out + *len, cap - *len, &got, err);
        *len += got;
    }
    return rc;
}

int hep_gz_inflate(unsigned char **out, size_t *n_out, const void *data, size_t n, size_t want,
                   size_t max, struct hep_error *err)
{
    struct hep_gz_reader *r = NULL;
    unsigned char *bytes = NULL;
    size_t len = 0,
           limit = max < SIZE_MAX ? max + 1 : max; /* one more shows that it is too large */
    int rc;

    if (!hep_gz_is(data, n))
        return HEP_FAIL(err, HEP_EFORMAT, "not gzip data");
    if (want < limit)
        limit = want > 0 ? want : 1;
    rc = hep_gz_open_bytes(&r, data, n, err);
    if (rc == HEP_OK)
        rc = inflate_whole(&bytes, &len, r, limit, err);
    if (rc == HEP_OK && len > max)
        rc = HEP_FAIL(err, HEP_EFORMAT, "gzip: content is larger than %zu bytes", max);
    hep_gz_close(r);
    if (rc == HEP_OK) {
        *out = bytes;
        *n_out = len < want ? len : want;
    } else {
        free(bytes);
    }
    return rc;
}
