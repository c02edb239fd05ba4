/* Which studies of a dataset are meant, and which labels are not there. */
#include "batch/dataset.h"

#include "base/file.h"
#include "base/text.h"
#include "support/support.h"

static char *make_dataset(void)
{
    static const char *const folders[] = { "sub-01", "sub-02/ses-a", "sub-02/ses-b" };
    char *dir = hep_test_mkdir(), *path;
    struct hep_error e = { 0 };

    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        path = hep_path_join(dir, folders[i], NULL);
        assert_ok(hep_mkdir_p(path, &e), e);
        free(path);
    }
    return dir;
}

struct filter_case {
    const char *name;
    const char *subjects[3], *sessions[2];
    int code;
    size_t n; /* studies */
    const char *absent[2];
};
static const struct filter_case cases[] = {
    { "all", { NULL }, { NULL }, HEP_OK, 3, { NULL } },
    { "one, twice", { "01", "sub-01" }, { NULL }, HEP_OK, 1, { NULL } },
    { "one that is not there beside one",
      { "01", "nothere" },
      { NULL },
      HEP_OK,
      1,
      { "sub-nothere" } },
    { "only what is not there", { "nothere" }, { NULL }, HEP_EFILTER, 0, { NULL } },
    { "a session", { NULL }, { "ses-a" }, HEP_OK, 1, { NULL } },
    { "a session that is not there", { "02" }, { "a", "zz" }, HEP_OK, 1, { "ses-zz" } },
    { "a label is not cut", { "0" }, { NULL }, HEP_EFILTER, 0, { NULL } },
};

static size_t count(const char *const *list, size_t most)
{
    size_t n = 0;

    while (n < most && list[n] != NULL)
        n++;
    return n;
}

static void test_filter(void **state)
{
    const struct filter_case *c = *state;
    const struct hep_dataset_filter filter = { c->subjects, count(c->subjects, 3), c->sessions,
                                               count(c->sessions, 2), true };
    char *dir = make_dataset();
    struct hep_dataset d = { 0 };
    struct hep_error e = { 0 };
    int rc = hep_dataset_list(&d, dir, &filter, &e);

    if (c->code != HEP_OK) {
        assert_fails(rc, e, c->code, "is not there");
    } else {
        assert_ok(rc, e);
        assert_int_equal(d.n, c->n);
        assert_int_equal(d.n_absent, count(c->absent, 2));
        for (size_t i = 0; i < d.n_absent; i++)
            assert_string_equal(d.absent[i], c->absent[i]);
    }
    hep_dataset_release(&d);
    hep_test_rmdir(dir);
}

/* Both sessions of a person are in one part, two parts that touch are everybody, and a part without anybody says so. */
static void test_parts(void **state)
{
    char *dir = make_dataset();
    size_t n = 0;

    (void)state;
    for (int i = 0; i < 10; i++) {
        struct hep_dataset d = { 0 };
        struct hep_error e = { 0 };
        int rc;

        assert_ok(
            hep_dataset_list(&d, dir, &(struct hep_dataset_filter){ .skip_validation = true }, &e),
            e);
        rc = hep_dataset_keep_part(&d, 0.1 * i, 0.1 * (i + 1), &e);
        if (rc != HEP_OK)
            assert_fails(rc, e, HEP_EFILTER, "of 3 studies none is of a person in the part");
        for (size_t k = 0; k < d.n; k++)
            if (strncmp(d.list[k].relative, "sub-02", 6) == 0)
                assert_true(d.n >= 2);
        n += d.n;
        hep_dataset_release(&d);
    }
    assert_int_equal(n, 3);
    hep_test_rmdir(dir);
}

int main(void)
{
    enum { N = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[N + 1];

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_filter,
                                        .initial_state = (void *)(uintptr_t)&cases[i] };
    tests[N] = (struct CMUnitTest)cmocka_unit_test(test_parts);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
