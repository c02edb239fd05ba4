#include "image/png.h"

#include "base/alloc.h"
#include "base/file.h"

#include <png.h>
#include <stdlib.h>

enum { MAX_BYTES = 64 << 20, SIDE_MAX = 32767 };

int hep_png_read_grey(uint8_t **out, size_t *w, size_t *h, const char *path, struct hep_error *err)
{
    png_image image = { .version = PNG_IMAGE_VERSION };
    char *bytes = NULL;
    uint8_t *grey = NULL;
    size_t n = 0;
    int rc = hep_file_read(&bytes, &n, path, MAX_BYTES, err);

    if (rc == HEP_OK && png_image_begin_read_from_memory(&image, bytes, n) == 0)
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: %s", path, image.message);
    if (rc == HEP_OK && (image.width > SIDE_MAX || image.height > SIDE_MAX))
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: %u x %u pixels, at most %d a side", path, image.width,
                      image.height, SIDE_MAX);
    image.format = PNG_FORMAT_GRAY;
    if (rc == HEP_OK)
        rc = HEP_NEW(grey, PNG_IMAGE_SIZE(image), err);
    if (rc == HEP_OK && png_image_finish_read(&image, NULL, grey, 0, NULL) == 0)
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: %s", path, image.message);
    if (rc == HEP_OK) {
        *out = grey;
        *w = image.width;
        *h = image.height;
        grey = NULL;
    }
    png_image_free(&image);
    free(grey);
    free(bytes);
    return rc;
}
