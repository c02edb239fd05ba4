/* The vectors of RFC 4648, section 10, and what is no base64. */
#include "support/support.h"

#include "base/base64.h"

#include <stdlib.h>
#include <string.h>

static void test_vectors(void **state)
{
    static const struct {
        const char *text, *bytes;
    } cases[] = { { "", "" },
                  { "Zg==", "f" },
                  { "Zm8=", "fo" },
                  { "Zm9v", "foo" },
                  { "Zm9vYg==", "foob" },
                  { "Zm9vYmE=", "fooba" },
                  { "Zm9vYmFy", "foobar" } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char *out = NULL;
        size_t n = 0;
        struct hep_error e = { 0 };

        assert_ok(hep_base64_decode(&out, &n, cases[i].text, &e), e);
        assert_int_equal(n, strlen(cases[i].bytes));
        assert_memory_equal(out, cases[i].bytes, n);
        free(out);
    }
}

static void test_refused(void **state)
{
    static const char *const cases[] = { "Zg=", "Zm9", "Zm9!", "Z===", "Zg==Zg==", "Zm 9" };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char *out = NULL;
        size_t n = 0;
        struct hep_error e = { 0 };

        assert_fails(hep_base64_decode(&out, &n, cases[i], &e), e, HEP_EFORMAT, "base64");
        assert_null(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors),
                                        cmocka_unit_test(test_refused) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
