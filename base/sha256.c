#include <openssl/evp.h> /* first: it names parameters after functions that banned.h refuses */

#include "base/sha256.h"

#include "base/alloc.h"
#include "base/file.h"

#include <errno.h>
#include <unistd.h>

enum { DIGEST_BYTES = 32, CHUNK_BYTES = 1 << 16 };

struct hep_sha256 {
    EVP_MD_CTX *ctx;
};

int hep_sha256_new(struct hep_sha256 **out, struct hep_error *err)
{
    struct hep_sha256 *h = hep_calloc(1, sizeof *h, err);

    if (h == NULL)
        return HEP_ENOMEM;
    h->ctx = EVP_MD_CTX_new();
    if (h->ctx == NULL || EVP_DigestInit_ex(h->ctx, EVP_sha256(), NULL) != 1) {
        hep_sha256_free(h);
        return HEP_FAIL(err, HEP_ENOMEM, "cannot start SHA-256");
    }
    *out = h;
    return HEP_OK;
}

void hep_sha256_free(struct hep_sha256 *h)
{
    if (h == NULL)
        return;
    EVP_MD_CTX_free(h->ctx);
    free(h);
}

int hep_sha256_add(struct hep_sha256 *h, const void *data, size_t n, struct hep_error *err)
{
    if (n > 0 && EVP_DigestUpdate(h->ctx, data, n) != 1)
        return HEP_FAIL(err, HEP_EINVAL, "SHA-256 refused %zu bytes", n);
    return HEP_OK;
}

int hep_sha256_end(struct hep_sha256 *h, char hex[HEP_SHA256_HEX], struct hep_error *err)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    if (EVP_DigestFinal_ex(h->ctx, digest, &n) != 1 || n != DIGEST_BYTES)
        return HEP_FAIL(err, HEP_EINVAL, "SHA-256 could not be finished");
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[HEP_SHA256_HEX - 1] = '\0';
    return HEP_OK;
}

int hep_sha256_memory(char hex[HEP_SHA256_HEX], const void *data, size_t n, struct hep_error *err)
{
    struct hep_sha256 *h = NULL;
    int rc;

    rc = hep_sha256_new(&h, err);
    if (rc == HEP_OK)
        rc = hep_sha256_add(h, data, n, err);
    if (rc == HEP_OK)
        rc = hep_sha256_end(h, hex, err);
    hep_sha256_free(h);
    return rc;
}

static int add_file(struct hep_sha256 *h, int fd, const char *path, struct hep_error *err)
{
    unsigned char *chunk = hep_alloc_aligned(CHUNK_BYTES, 1, err);
    int rc = HEP_OK;

    if (chunk == NULL)
        return HEP_ENOMEM;
    while (rc == HEP_OK) {
        ssize_t got = read(fd, chunk, CHUNK_BYTES);

        if (got == 0)
            break;
        if (got > 0)
            rc = hep_sha256_add(h, chunk, (size_t)got, err);
        else if (errno != EINTR)
            rc = HEP_FAIL(err, HEP_EIO, "cannot read %s: %s", path, strerror(errno));
    }
    free(chunk);
    return rc;
}

int hep_sha256_file(char hex[HEP_SHA256_HEX], const char *path, struct hep_error *err)
{
    struct hep_sha256 *h = NULL;
    size_t size = 0;
    int fd = -1;
    int rc;

    rc = hep_file_open(&fd, &size, path, err);
    if (rc != HEP_OK)
        goto out;
    rc = hep_sha256_new(&h, err);
    if (rc != HEP_OK)
        goto out;
    rc = add_file(h, fd, path, err);
    if (rc == HEP_OK)
        rc = hep_sha256_end(h, hex, err);
out:
    hep_sha256_free(h);
    if (fd >= 0)
        (void)close(fd);
    return rc;
}
