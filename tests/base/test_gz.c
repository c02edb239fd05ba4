#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/gz.h"
#include "base/rng.h"
#include "base/text.h"

/* Half noise, half repeats, so that both stored and matched blocks occur. */
static unsigned char *make_data(size_t n)
{
    unsigned char *data = hep_calloc(n, 1, NULL);

    assert_non_null(data);
    for (size_t i = 0; i < n; i++) {
        uint32_t w[4];

        if (i / 50000 % 2 == 0 && i % 16 == 0) {
            hep_philox(w, 1, 2, i);
            (void)memcpy(data + i, w, n - i < 16 ? n - i : 16);
        } else if (i / 50000 % 2 == 1) {
            data[i] = (unsigned char)(i % 97);
        }
    }
    return data;
}

static void assert_inflates(const unsigned char *packed, size_t n_packed, const void *want,
                            size_t n)
{
    struct hep_error e = { 0 };
    unsigned char *plain = NULL;
    size_t n_plain = 0;

    assert_ok(hep_gz_inflate(&plain, &n_plain, packed, n_packed, SIZE_MAX, n, &e), e);
    assert_int_equal(n_plain, n);
    if (n > 0)
        assert_memory_equal(plain, want, n);
    free(plain);
}

/* Sizes around the block (256 KiB) and window (32 KiB) borders. */
static void test_round_trip(void **state)
{
    static const size_t sizes[] = { 0, 1, 32768, 262143, 262144, 262145, 524288, 900001 };
    unsigned char *data = make_data(900001);

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int level = 0; level <= 9; level += level == 0 ? 1 : 2) {
            struct hep_error e = { 0 };
            unsigned char *packed = NULL;
            size_t n = 0;

            assert_ok(hep_gz_deflate(&packed, &n, data, sizes[i], level, 2, &e), e);
            assert_true(hep_gz_is(packed, n));
            assert_inflates(packed, n, data, sizes[i]);
            free(packed);
        }
    }
    free(data);
}

/* A map of three values in float32, which repeat every four bytes, is no noise: level 1 looks for
 * matches there. Noise is Huffman coded: 24 random bits of 32 leave three quarters at least. */
static void test_level_1_knows_noise(void **state)
{
    enum { VOXELS = 200000 };
    static const struct {
        const char *name;
        bool noise;
        double least, most; /* packed over plain size */
    } rows[] = { { "values 0, 1, 2 in long rows", false, 0.0, 0.02 },
                 { "noise around 1000", true, 0.70, 0.95 } };
    float *map = hep_calloc(VOXELS, sizeof *map, NULL);

    (void)state;
    assert_non_null(map);
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        struct hep_error e = { 0 };
        unsigned char *packed = NULL;
        size_t n = 0;

        for (size_t i = 0; i < VOXELS; i++) {
            uint32_t w[4];

            hep_philox(w, 1, 3, i);
            map[i] = rows[row].noise ? 1000.0F + (float)w[0] * 0x1p-26F : (float)(i / 700 % 3);
        }
        assert_ok(hep_gz_deflate(&packed, &n, map, VOXELS * sizeof *map, 1, 2, &e), e);
        assert_inflates(packed, n, map, VOXELS * sizeof *map);
        if ((double)n < rows[row].least * VOXELS * sizeof *map ||
            (double)n > rows[row].most * VOXELS * sizeof *map)
            fail_msg("%s: %zu bytes", rows[row].name, n);
        free(packed);
    }
    free(map);
}

static void test_threads_do_not_matter(void **state)
{
    struct hep_error e = { 0 };
    size_t n = 3000000;
    unsigned char *data = make_data(n);
    unsigned char *one = NULL;
    size_t n_one = 0;

    (void)state;
    assert_ok(hep_gz_deflate(&one, &n_one, data, n, 6, 1, &e), e);
    for (int threads = 2; threads <= 8; threads *= 2) {
        unsigned char *many = NULL;
        size_t n_many = 0;

        assert_ok(hep_gz_deflate(&many, &n_many, data, n, 6, threads, &e), e);
        assert_int_equal(n_many, n_one);
        assert_memory_equal(many, one, n_one);
        free(many);
    }
    free(one);
    free(data);
}

/* The dictionary works over block borders: text that repeats packs well in every block. */
static void test_dictionary_spans_blocks(void **state)
{
    struct hep_error e = { 0 };
    size_t n = 1048576; /* four blocks */
    unsigned char *data = hep_calloc(n, 1, NULL);
    unsigned char *packed = NULL;
    size_t n_packed = 0;

    (void)state;
    for (size_t i = 0; i < n;
         i += 16) { /* 16 KiB of noise, repeated: only distance 16384 matches */
        uint32_t w[4];

        hep_philox(w, 4, 4, i % 16384);
        (void)memcpy(data + i, w, 16);
    }
    assert_ok(hep_gz_deflate(&packed, &n_packed, data, n, 9, 2, &e), e);
    assert_true(n_packed < 16384 + 16384 / 2 + 4 * 1500);
    assert_inflates(packed, n_packed, data, n);
    free(packed);
    free(data);
}

/* RFC 1952, section 2.3: magic, method 8, no flags, no time; CRC-32 and length at the end. CRC-32
 * of "123456789" is 0xcbf43926 (the check value of the CRC catalogue). */
static void test_member_layout(void **state)
{
    static const unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0 };
    static const unsigned char tail[] = { 0x26, 0x39, 0xf4, 0xcb, 9, 0, 0, 0 };
    struct hep_error e = { 0 };
    unsigned char *packed = NULL;
    size_t n = 0;

    (void)state;
    assert_ok(hep_gz_deflate(&packed, &n, "123456789", 9, 6, 1, &e), e);
    assert_memory_equal(packed, head, sizeof head);
    assert_memory_equal(packed + n - 8, tail, sizeof tail);
    free(packed);
}

/* Runs "gzip OPTIONS 'path'"; the path is that of a test folder. */
static int run_gzip(const char *options, const char *path)
{
    char *command = hep_asprintf(NULL, "gzip %s '%s' > /dev/null 2>&1", options, path);
    int status;

    assert_non_null(command);
    status = system(command); /* NOLINT(cert-env33-c) */
    free(command);
    return status;
}

/* Both ways against the gzip program. */
static void test_against_gzip(void **state)
{
    struct hep_error e = { 0 };
    size_t n = 700000;
    unsigned char *data = make_data(n);
    unsigned char *packed = NULL;
    char *text = NULL;
    size_t n_packed = 0;
    char *folder = hep_test_mkdir();
    char *path = hep_path_join(folder, "x.gz", NULL);

    (void)state;
    assert_ok(hep_gz_deflate(&packed, &n_packed, data, n, 6, 2, &e), e);
    assert_ok(hep_file_write(path, packed, n_packed, &e), e);
    assert_int_equal(run_gzip("-t", path), 0);
    assert_int_equal(run_gzip("-d", path), 0);
    path[strlen(path) - 3] = '\0';
    assert_ok(hep_file_read(&text, &n_packed, path, n, &e), e);
    assert_int_equal(n_packed, n);
    assert_memory_equal(text, data, n);
    free(text);
    assert_int_equal(run_gzip("-9", path), 0);
    path[strlen(path)] = '.';
    text = NULL;
    assert_ok(hep_file_read(&text, &n_packed, path, 2 * n, &e), e);
    assert_inflates((unsigned char *)text, n_packed, data, n);
    free(text);
    free(packed);
    free(data);
    free(path);
    hep_test_rmdir(folder);
}

/* All of a file, `piece` bytes at a time. */
static int read_pieces(unsigned char *out, size_t *n, const char *path, size_t piece,
                       struct hep_error *err)
{
    struct hep_gz_reader *r = NULL;
    size_t got = piece;
    int rc = hep_gz_open(&r, path, err);

    *n = 0;
    while (rc == HEP_OK && got == piece) {
        rc = hep_gz_read(r, out + *n, piece, &got, err);
        *n += got;
    }
    hep_gz_close(r);
    return rc;
}

/* Two members with so many zeros between them that the second one's first byte is the last of the
 * reader's 64 KiB; then the same cut off, followed by something else, and a plain file. */
static void test_files_in_pieces(void **state)
{
    static const size_t pieces[] = { 1000, 4096, 65536, 100001, 2000000 };
    enum { N = 90000, AT = 131072, ROOM = 2200000 };
    struct hep_error e = { 0 };
    char *folder = hep_test_mkdir(), *path = hep_path_join(folder, "two.gz", &e);
    unsigned char *data = make_data(N), *packed = NULL, *file = hep_calloc(2 * AT, 1, NULL),
                  *out = hep_calloc(ROOM, 1, NULL);
    size_t n = 0, got = 0;

    (void)state;
    assert_ok(hep_gz_deflate(&packed, &n, data, N, 6, 1, &e), e);
    assert_true(n < AT - 1);
    (void)memcpy(file, packed, n);
    (void)memcpy(file + AT - 1, packed, n);
    assert_ok(hep_file_write(path, file, AT - 1 + n, &e), e);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        assert_ok(read_pieces(out, &got, path, pieces[i], &e), e);
        assert_int_equal(got, 2 * N);
        assert_memory_equal(out, data, N);
        assert_memory_equal(out + N, data, N);
    }
    assert_ok(hep_file_write(path, file, AT - 1 + n - 3, &e), e);
    assert_fails(read_pieces(out, &got, path, 4096, &e), e, HEP_EFORMAT, "truncated");
    (void)memcpy(file + AT - 1 + n, "tail", 4);
    assert_ok(hep_file_write(path, file, AT - 1 + n + 4, &e), e);
    assert_fails(read_pieces(out, &got, path, 4096, &e), e, HEP_EFORMAT, "is not gzip");
    assert_ok(hep_file_write(path, data, N, &e), e);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        assert_ok(read_pieces(out, &got, path, pieces[i], &e), e);
        assert_int_equal(got, N);
        assert_memory_equal(out, data, N);
    }
    assert_fails(read_pieces(out, &got, folder, 1, &e), e, HEP_EFORMAT, "regular");
    free(packed);
    free(file);
    free(out);
    free(data);
    free(path);
    hep_test_rmdir(folder);
}

struct damage {
    const char *name;
    size_t cut;       /* bytes taken from the end */
    size_t at;        /* counted from the end, 0: none */
    const char *part; /* of the message */
};

static struct damage damages[] = {
    { "no length", 4, 0, "truncated" },  { "no trailer", 8, 0, "truncated" },
    { "half", 60, 0, "truncated" },      { "header only", 0, 0, "truncated" },
    { "wrong CRC", 0, 5, "data check" }, { "wrong length", 0, 1, "length check" },
};

static void test_damage(void **state)
{
    const struct damage *d = *state;
    struct hep_error e = { 0 };
    unsigned char *data = make_data(100);
    unsigned char *packed = NULL;
    unsigned char *out = NULL;
    size_t n = 0;
    size_t n_out = 77;

    assert_ok(hep_gz_deflate(&packed, &n, data, 100, 6, 1, &e), e);
    if (strcmp(d->name, "header only") == 0)
        n = 10;
    n -= d->cut;
    if (d->at > 0)
        packed[n - d->at] ^= 1;
    assert_fails(hep_gz_inflate(&out, &n_out, packed, n, SIZE_MAX, 1000, &e), e, HEP_EFORMAT,
                 d->part);
    assert_null(out);
    assert_int_equal(n_out, 77);
    free(packed);
    free(data);
}

static void test_every_cut_is_found(void **state)
{
    struct hep_error e = { 0 };
    unsigned char *data = make_data(3000);
    unsigned char *packed = NULL;
    unsigned char *out = NULL;
    size_t n = 0;
    size_t n_out = 0;

    (void)state;
    assert_ok(hep_gz_deflate(&packed, &n, data, 3000, 6, 1, &e), e);
    for (size_t cut = 0; cut < n; cut++)
        assert_fails(hep_gz_inflate(&out, &n_out, packed, cut, SIZE_MAX, 5000, &e), e, HEP_EFORMAT,
                     NULL);
    for (size_t i = 0; i < 8; i++) { /* each byte of CRC and length counts */
        packed[n - 1 - i] ^= 0x80;
        assert_fails(hep_gz_inflate(&out, &n_out, packed, n, SIZE_MAX, 5000, &e), e, HEP_EFORMAT,
                     "check");
        packed[n - 1 - i] ^= 0x80;
    }
    free(packed);
    free(data);
}

static void test_not_gzip(void **state)
{
    struct hep_error e = { 0 };
    unsigned char *out = NULL;
    size_t n = 0;

    (void)state;
    assert_false(hep_gz_is("\x1f", 1));
    assert_false(hep_gz_is("PK", 2));
    assert_true(hep_gz_is("\x1f\x8b", 2));
    assert_fails(hep_gz_inflate(&out, &n, "plain text", 10, SIZE_MAX, 100, &e), e, HEP_EFORMAT,
                 "not gzip");
    assert_fails(hep_gz_inflate(&out, &n, "", 0, SIZE_MAX, 100, &e), e, HEP_EFORMAT, "not gzip");
    assert_fails(hep_gz_deflate(&out, &n, "x", 1, 10, 1, &e), e, HEP_EINVAL, "level 10");
    assert_fails(hep_gz_deflate(&out, &n, "x", 1, -1, 1, &e), e, HEP_EINVAL, "level -1");
    assert_fails(hep_gz_deflate(&out, &n, "x", 1, 6, 0, &e), e, HEP_EINVAL, "thread");
}

static void test_bounds(void **state)
{
    struct hep_error e = { 0 };
    size_t n = 4 << 20;
    unsigned char *zeros = hep_calloc(n, 1, NULL);
    unsigned char *packed = NULL;
    unsigned char *out = NULL;
    size_t n_packed = 0;
    size_t n_out = 0;

    (void)state;
    assert_ok(hep_gz_deflate(&packed, &n_packed, zeros, n, 9, 2, &e), e);
    assert_true(n_packed < 10000);
    assert_fails(hep_gz_inflate(&out, &n_out, packed, n_packed, SIZE_MAX, n - 1, &e), e,
                 HEP_EFORMAT, "larger than");
    assert_fails(hep_gz_inflate(&out, &n_out, packed, n_packed, SIZE_MAX, 0, &e), e, HEP_EFORMAT,
                 "larger than");
    assert_ok(hep_gz_inflate(&out, &n_out, packed, n_packed, 348, n, &e), e);
    assert_int_equal(n_out, 348);
    free(out);
    assert_ok(hep_gz_inflate(&out, &n_out, packed, n_packed, 0, n, &e), e);
    assert_int_equal(n_out, 0);
    free(out);
    assert_ok(hep_gz_inflate(&out, &n_out, packed, n_packed, n + 5, n + 9, &e), e);
    assert_int_equal(n_out, n);
    free(out);
    assert_inflates(packed, n_packed, zeros, n);
    free(packed);
    free(zeros);
}

static void test_members_and_padding(void **state)
{
    struct hep_error e = { 0 };
    unsigned char joined[1000] = { 0 };
    unsigned char *a = NULL;
    unsigned char *b = NULL;
    unsigned char *out = NULL;
    size_t na = 0;
    size_t nb = 0;
    size_t n_out = 0;

    (void)state;
    assert_ok(hep_gz_deflate(&a, &na, "one ", 4, 6, 1, &e), e);
    assert_ok(hep_gz_deflate(&b, &nb, "two", 3, 6, 1, &e), e);
    (void)memcpy(joined, a, na);
    (void)memcpy(joined + na, b, nb);
    assert_inflates(joined, na + nb, "one two", 7);
    assert_inflates(joined, sizeof joined, "one two", 7);
    joined[na + nb] = 'x';
    assert_fails(hep_gz_inflate(&out, &n_out, joined, na + nb + 1, SIZE_MAX, 100, &e), e,
                 HEP_EFORMAT, "not gzip");
    assert_fails(hep_gz_inflate(&out, &n_out, joined, na + nb - 1, SIZE_MAX, 100, &e), e,
                 HEP_EFORMAT, "truncated");
    free(a);
    free(b);
}

static int both_ways(const unsigned char *data, size_t n, struct hep_error *err)
{
    unsigned char *packed = NULL;
    unsigned char *plain = NULL;
    size_t n_packed = 0;
    size_t n_plain = 0;
    int rc;

    rc = hep_gz_deflate(&packed, &n_packed, data, n, 6, 2, err);
    if (rc == HEP_OK)
        rc = hep_gz_inflate(&plain, &n_plain, packed, n_packed, SIZE_MAX, n, err);
    free(packed);
    free(plain);
    return rc;
}

static void test_without_memory(void **state)
{
    size_t n = 300000;
    unsigned char *data = make_data(n);
    long failures = 0;
    int rc;

    (void)state;
    do {
        struct hep_error e = { 0 };

        hep_alloc_fail_at(failures + 1);
        rc = both_ways(data, n, &e);
        hep_alloc_fail_at(0);
        assert_true(rc == HEP_OK || rc == HEP_ENOMEM);
        assert_int_equal(e.code, rc);
        failures++;
        assert_true(failures < 200);
        /* A block that cannot be shrunk is kept as it is: one or two of these attempts succeed. */
    } while (rc != HEP_OK || failures < 30);
    free(data);
}

int main(void)
{
    enum { N = sizeof damages / sizeof *damages };
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_level_1_knows_noise),
        cmocka_unit_test(test_threads_do_not_matter),
        cmocka_unit_test(test_dictionary_spans_blocks),
        cmocka_unit_test(test_member_layout),
        cmocka_unit_test(test_against_gzip),
        cmocka_unit_test(test_every_cut_is_found),
        cmocka_unit_test(test_not_gzip),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_members_and_padding),
        cmocka_unit_test(test_files_in_pieces),
        cmocka_unit_test(test_without_memory),
    };
    struct CMUnitTest tests[N + sizeof rest / sizeof *rest] = { 0 };

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = damages[i].name,
                                        .test_func = test_damage,
                                        .initial_state = &damages[i] };
    (void)memcpy(tests + N, rest, sizeof rest);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
