/* What zlib alone takes to inflate some files and to deflate the content of others again, in one
 * thread. usage: bench_zlib LEVEL INFLATE... -- DEFLATE...    (.nii.gz) Prints: seconds of
 * inflating, seconds of deflating, megabytes inflated, megabytes deflated. */
#include "base/file.h"
#include "base/gz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#define GZIP_WINDOW 31

static double seconds(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double inflate_time(unsigned char *in, size_t n, unsigned char *out, size_t n_out)
{
    const double start = seconds();
    z_stream z = { 0 };

    z.next_in = in;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)n_out;
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK || inflate(&z, Z_FINISH) < Z_OK)
        (void)fprintf(stderr, "bench_zlib: inflate fails\n");
    (void)inflateEnd(&z);
    return seconds() - start;
}

static double deflate_time(unsigned char *data, size_t n, int level)
{
    const double start = seconds();
    z_stream z = { 0 };
    unsigned char *out;
    size_t room;

    if (deflateInit2(&z, level, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return 0.0;
    room = deflateBound(&z, n);
    out = malloc(room);
    z.next_in = data;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)room;
    if (out == NULL || deflate(&z, Z_FINISH) != Z_STREAM_END)
        (void)fprintf(stderr, "bench_zlib: deflate fails\n");
    (void)deflateEnd(&z);
    free(out);
    return seconds() - start;
}

int main(int argc, char **argv)
{
    const int level = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 0;
    double time[2] = { 0.0, 0.0 }, mb[2] = { 0.0, 0.0 };
    int part = 0;

    for (int i = 2; i < argc; i++) {
        struct hep_error err = { 0 };
        unsigned char *plain = NULL;
        char *packed = NULL;
        size_t n = 0, n_plain = 0;

        if (strcmp(argv[i], "--") == 0) {
            part = 1;
            continue;
        }
        if (hep_file_read(&packed, &n, argv[i], SIZE_MAX, &err) != HEP_OK ||
            hep_gz_inflate(&plain, &n_plain, packed, n, SIZE_MAX, SIZE_MAX, &err) != HEP_OK) {
            (void)fprintf(stderr, "bench_zlib: %s\n", err.msg);
            return 1;
        }
        time[part] += part == 0 ? inflate_time((unsigned char *)packed, n, plain, n_plain)
                                : deflate_time(plain, n_plain, level);
        mb[part] += (double)n_plain / 1e6;
        free(packed);
        free(plain);
    }
    (void)printf("%.3f %.3f %.1f %.1f\n", time[0], time[1], mb[0], mb[1]);
    return 0;
}
