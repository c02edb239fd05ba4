#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/sha256.h"

/* FIPS 180-4 example values, as published by NIST (SHA256.pdf and SHA2_Additional.pdf, "Examples
 * with Intermediate Values"), and the empty message of the NIST CAVP set SHA256ShortMsg.rsp. */
struct hash_case {
    const char *name, *text;
    size_t repeats;
    const char *want;
};

static struct hash_case cases[] = {
    { "empty", "", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
    { "one block", "abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
    { "two blocks", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
    { "one byte 0xbd", "\xbd", 1,
      "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b" },
    { "a million times a", "a", 1000000,
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0" },
};

static void test_case(void **state)
{
    const struct hash_case *c = *state;
    size_t n = strlen(c->text);
    struct hep_error e = { 0 };
    struct hep_sha256 *h = NULL;
    char hex[HEP_SHA256_HEX];
    char *all = hep_calloc(n * c->repeats, 1, NULL);
    char *folder = hep_test_mkdir();
    char *path = hep_path_join(folder, "f", NULL);

    assert_ok(hep_sha256_new(&h, &e), e);
    for (size_t i = 0; i < c->repeats; i++) {
        (void)memcpy(all + i * n, c->text, n);
        assert_ok(hep_sha256_add(h, c->text, n, &e), e);
    }
    assert_ok(hep_sha256_end(h, hex, &e), e);
    hep_sha256_free(h);
    assert_string_equal(hex, c->want);

    assert_ok(hep_sha256_memory(hex, all, n * c->repeats, &e), e);
    assert_string_equal(hex, c->want);

    assert_ok(hep_file_write(path, all, n * c->repeats, &e), e);
    (void)memset(hex, 'x', sizeof hex);
    assert_ok(hep_sha256_file(hex, path, &e), e);
    assert_string_equal(hex, c->want);
    free(all);
    free(path);
    hep_test_rmdir(folder);
}

static void test_refusals(void **state)
{
    struct hep_error e = { 0 };
    char hex[HEP_SHA256_HEX];
    char *folder = hep_test_mkdir();
    char *path = hep_path_join(folder, "none", NULL);

    (void)state;
    assert_fails(hep_sha256_file(hex, path, &e), e, HEP_ENOENT, path);
    assert_fails(hep_sha256_file(hex, folder, &e), e, HEP_EFORMAT, folder);
    if (hep_is_file("/proc/self/mem")) /* page 0 cannot be read: a true EIO */
        assert_fails(hep_sha256_file(hex, "/proc/self/mem", &e), e, HEP_EIO, "/proc/self/mem");
    hep_sha256_free(NULL);
    free(path);
    hep_test_rmdir(folder);
}

static void test_without_memory(void **state)
{
    char hex[HEP_SHA256_HEX];
    char *folder = hep_test_mkdir();
    char *path = hep_path_join(folder, "f", NULL);
    struct hep_error e = { 0 };
    int rc = HEP_ENOMEM;
    long n;

    (void)state;
    assert_ok(hep_file_write(path, "abc", 3, &e), e);
    for (n = 1; rc != HEP_OK; n++) {
        e = (struct hep_error){ 0 };
        hep_alloc_fail_at(n);
        rc = hep_sha256_file(hex, path, &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
        assert_true(rc == HEP_OK || rc == HEP_ENOMEM);
    }
    assert_true(n > 2);
    assert_string_equal(hex, cases[1].want);
    free(path);
    hep_test_rmdir(folder);
}

int main(void)
{
    enum { N = sizeof cases / sizeof *cases };
    struct CMUnitTest tests[N + 2] = { 0 };

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_case,
                                        .initial_state = &cases[i] };
    tests[N] = (struct CMUnitTest)cmocka_unit_test(test_refusals);
    tests[N + 1] = (struct CMUnitTest)cmocka_unit_test(test_without_memory);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
