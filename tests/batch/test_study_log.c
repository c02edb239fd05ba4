/* Logs of a study's runs: which are kept, under which names, and what they leave alone. */
#include "support/support.h"

#include "base/file.h"
#include "base/text.h"
#include "batch/study_log.h"

#include <stdlib.h>
#include <unistd.h>

static void write_log(const char *out, const char *label, const char *text, bool keep)
{
    struct hep_study_log log = { 0 };
    struct hep_error e = { 0 };

    assert_ok(hep_study_log_open(&log, out, label, &e), e);
    assert_true(fputs(text, log.stream) >= 0);
    hep_study_log_close(&log, keep);
}

static void assert_content(const char *dir, const char *name, const char *want)
{
    struct hep_error e = { 0 };
    char *path = hep_path_join(dir, name, &e), *text = NULL;
    size_t n = 0;

    assert_ok(hep_file_read(&text, &n, path, 1000, &e), e);
    assert_string_equal(text, want);
    free(text);
    free(path);
}

static void test_the_last_ten(void **state)
{
    char *out = hep_test_mkdir(), *logs = hep_path_join(out, "logs", NULL), text[8];
    struct hep_listing list = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    write_log(out, "sub-01_ses-1", "session", true);
    for (int i = 1; i <= 12; i++) {
        (void)snprintf(text, sizeof text, "%d", i);
        write_log(out, "sub-01", text, true);
    }
    write_log(out, "sub-01", "nothing done", false);
    assert_ok(hep_listing_read(&list, logs, &e), e);
    assert_int_equal(list.n, 10 + 1 + 2); /* the newest under both names; the session's two */
    assert_content(logs, "sub-01.jsonl", "12");
    assert_content(logs, "sub-01_ses-1.jsonl", "session");
    for (size_t i = 0, k = 3; i < list.n; i++) {
        if (!hep_starts_with(list.names[i], "sub-01_2"))
            continue;
        (void)snprintf(text, sizeof text, "%zu", k++);
        assert_content(logs, list.names[i], text);
    }
    hep_listing_release(&list);
    free(logs);
    hep_test_rmdir(out);
}

static void test_planted_names(void **state)
{
    char *out = hep_test_mkdir(), *logs = hep_path_join(out, "logs", NULL),
         *newest = hep_path_join(logs, "sub-01.jsonl", NULL);
    struct hep_study_log log = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_mkdir_p(logs, &e), e);
    write_log(out, "other", "precious", true);
    assert_int_equal(symlink("other.jsonl", newest), 0);
    write_log(out, "sub-01", "mine", true);
    assert_content(logs, "other.jsonl", "precious");
    assert_content(logs, "sub-01.jsonl", "mine");
    assert_false(hep_is_link(newest));
    assert_int_equal(unlink(newest), 0);
    assert_ok(hep_mkdir_p(newest, &e), e);
    assert_fails(hep_study_log_open(&log, out, "sub-01", &e), e, HEP_ECREAT, "cannot create");
    assert_null(log.stream);
    free(newest);
    free(logs);
    hep_test_rmdir(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_ten),
        cmocka_unit_test(test_planted_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
