/* Tables of tab-separated values as people and programs write them. */
#include "support/support.h"

#include "base/file.h"
#include "base/tsv.h"

#include <stdlib.h>

static struct hep_error e;

static char *write_text(const char *dir, const char *text)
{
    char *path = hep_path_join(dir, "t.tsv", NULL);

    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    return path;
}

static void test_cells(void **state)
{
    char *dir = hep_test_mkdir();
    char *path = write_text(dir, "a\tb\tname\r\n1\tn/a\tx y\n\n2\t\n");
    struct hep_tsv t = { 0 };

    (void)state;
    assert_ok(hep_tsv_read(&t, path, &e), e);
    assert_int_equal(t.n_rows, 2);
    assert_int_equal(t.n_columns, 3);
    assert_string_equal(hep_tsv_cell(&t, 0, hep_tsv_column(&t, "a")), "1");
    assert_string_equal(hep_tsv_cell(&t, 0, hep_tsv_column(&t, "b")), "");
    assert_string_equal(hep_tsv_cell(&t, 0, hep_tsv_column(&t, "name")), "x y");
    assert_string_equal(hep_tsv_cell(&t, 1, hep_tsv_column(&t, "a")), "2");
    assert_string_equal(hep_tsv_cell(&t, 1, hep_tsv_column(&t, "name")), "");
    assert_string_equal(hep_tsv_cell(&t, 2, 0), "");
    assert_true(hep_tsv_column(&t, "c") == HEP_TSV_NONE);
    assert_string_equal(hep_tsv_cell(&t, 0, HEP_TSV_NONE), "");
    hep_tsv_release(&t);
    free(path);
    hep_test_rmdir(dir);
}

static void test_bad(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = { { "", "no line" },
                  { "\n\r\n", "no line" },
                  { "a\tb\n1\t2\t3\n", "row 1 has 3 cells" } };
    char *dir = hep_test_mkdir(), *path;
    struct hep_tsv t = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        path = write_text(dir, cases[i].text);
        assert_fails(hep_tsv_read(&t, path, &e), e, HEP_EFORMAT, cases[i].message);
        assert_null(t.text);
        free(path);
    }
    path = hep_path_join(dir, "none.tsv", NULL);
    assert_fails(hep_tsv_read(&t, path, &e), e, HEP_ENOENT, "none.tsv");
    free(path);
    hep_test_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cells), cmocka_unit_test(test_bad) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
