/* Runs of a whole subject: the same bytes for any number of threads, earlier files replaced, and
 * every failure reported. */
#include "phantom/study.h"

#include "base/alloc.h"
#include "base/text.h"

/* All files below two folders hold the same bytes. NOLINTNEXTLINE(misc-no-recursion) */
static size_t compare_trees(const char *a, const char *b)
{
    struct hep_listing la = { 0 }, lb = { 0 };
    struct hep_error e = { 0 };
    size_t files = 0;

    assert_ok(hep_listing_read(&la, a, &e), e);
    assert_ok(hep_listing_read(&lb, b, &e), e);
    assert_int_equal(la.n, lb.n);
    for (size_t i = 0; i < la.n; i++) {
        char *pa = hep_path_join(a, la.names[i], NULL), *pb = hep_path_join(b, lb.names[i], NULL);

        assert_string_equal(la.names[i], lb.names[i]);
        if (la.is_dir[i]) {
            files += compare_trees(pa, pb);
        } else {
            char *da = NULL, *db = NULL;
            size_t na, nb;

            assert_ok(hep_file_read(&da, &na, pa, (size_t)1 << 28, &e), e);
            assert_ok(hep_file_read(&db, &nb, pb, (size_t)1 << 28, &e), e);
            assert_int_equal(na, nb);
            assert_memory_equal(da, db, na);
            free(da);
            free(db);
            files++;
        }
        free(pa);
        free(pb);
    }
    hep_listing_release(&la);
    hep_listing_release(&lb);
    return files;
}

static void test_threads(void **state)
{
    struct small_study one, two;
    struct hep_error e = { 0 };

    (void)state;
    small_study_open(&one, 1, "met:20mm,cyst:9mm", "all");
    small_study_open(&two, 1, "met:20mm,cyst:9mm", "all");
    two.s.nthreads = 2;
    assert_ok(hep_simulate_dataset(one.dir, &one.s, 1, NULL, &e), e);
    assert_ok(hep_simulate_dataset(two.dir, &two.s, 1, NULL, &e), e);
    assert_true(compare_trees(one.dir, two.dir) > 30);
    small_study_close(&one);
    small_study_close(&two);
}

/* What an earlier run left is gone; what is not this subject's stays. */
static void test_replaced(void **state)
{
    struct small_study t;
    struct hep_error e = { 0 };
    char *old, *other;

    (void)state;
    small_study_open(&t, 1, "none", "none");
    t.s.n_series = 1;
    t.s.agent = NULL;
    old = hep_asprintf(NULL, "%s/sub-01/anat/sub-01_acq-old_T1w.json", t.dir);
    other = hep_asprintf(NULL, "%s/sub-02", t.dir);
    assert_ok(hep_mkdir_p(other, &e), e);
    {
        char *anat = hep_asprintf(NULL, "%s/sub-01/anat", t.dir);

        assert_ok(hep_mkdir_p(anat, &e), e);
        free(anat);
    }
    assert_ok(hep_file_write(old, "{}", 2, &e), e);
    assert_ok(hep_simulate_subject(t.dir, &t.s, NULL, &e), e);
    assert_false(hep_is_file(old));
    assert_true(hep_is_dir(other));
    free(old);
    free(other);
    small_study_close(&t);
}

/* Datasets of patients, with and without a description, keep every byte; a simulated one is replaced. */
static void test_patients_are_kept(void **state)
{
    static const struct {
        const char *name, *text, *part;
    } theirs[] = {
        { "dataset_description.json", "{\"Name\": \"patients\", \"BIDSVersion\": \"1.8.0\"}",
          "hepar simulate did not make" },
        { "participants.tsv", "participant_id\tage\nsub-01\t55\n", "participants.tsv" },
        { "sub-01", NULL, "sub-01" },
    };
    struct small_study t;

    (void)state;
    small_study_open(&t, 1, "none", "none");
    t.s.n_series = 1;
    t.s.agent = NULL;
    for (size_t i = 0; i < sizeof theirs / sizeof theirs[0]; i++) {
        struct hep_error e = { 0 };
        struct hep_listing list = { 0 };
        char *dir = hep_asprintf(NULL, "%s/%zu", t.dir, i),
             *path = hep_path_join(dir, theirs[i].name, NULL);

        assert_ok(hep_mkdir_p(theirs[i].text == NULL ? path : dir, &e), e);
        if (theirs[i].text != NULL)
            assert_ok(hep_file_write(path, theirs[i].text, strlen(theirs[i].text), &e), e);
        assert_fails(hep_simulate_dataset(dir, &t.s, 1, NULL, &e), e, HEP_ECREAT, theirs[i].part);
        e = (struct hep_error){ 0 };
        assert_ok(hep_listing_read(&list, dir, &e), e);
        assert_int_equal(list.n, 1);
        assert_string_equal(list.names[0], theirs[i].name);
        hep_listing_release(&list);
        free(path);
        free(dir);
    }
    for (int again = 0; again < 2; again++) {
        struct hep_error e = { 0 };
        char *dir = hep_path_join(t.dir, "simulated", NULL);

        assert_ok(hep_simulate_dataset(dir, &t.s, 1, NULL, &e), e);
        free(dir);
    }
    small_study_close(&t);
}

static void test_failures(void **state)
{
    struct small_study t;
    struct hep_sim_settings s;
    struct hep_error e = { 0 };
    char *file;

    (void)state;
    small_study_open(&t, 1, "none", "none");
    t.s.n_series = 1;
    t.s.agent = NULL;
    file = hep_asprintf(NULL, "%s/file", t.dir);
    assert_ok(hep_file_write(file, "x", 1, &e), e);
    assert_fails(hep_simulate_dataset(t.dir, &t.s, 0, NULL, &e), e, HEP_EINVAL, "0 subjects");
    assert_fails(hep_simulate_dataset(file, &t.s, 1, NULL, &e), e, HEP_ECREAT, NULL);
    s = t.s;
    s.field_t = 9.4;
    assert_fails(hep_simulate_subject(t.dir, &s, NULL, &e), e, HEP_EINVAL, "9.4");
    s = t.s;
    (void)snprintf(s.tissues_path, sizeof s.tissues_path, "%s/none.yml", t.dir);
    assert_fails(hep_simulate_subject(t.dir, &s, NULL, &e), e, HEP_ENOENT, "none.yml");
    free(file);
    small_study_close(&t);
}

/* Allocations of every part fail in turn: always one clear error, never a crash or a leak. */
static void test_no_memory(void **state)
{
    static const long at[] = { 1, 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15, 17, 19, 22 };
    struct small_study t;
    struct hep_error e = { 0 };

    (void)state;
    small_study_open(&t, 1, "none", "all");
    t.s.series[0] = t.s.series[3];
    t.s.n_series = 1;
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        hep_alloc_fail_at(at[i]);
        assert_fails(hep_simulate_subject(t.dir, &t.s, NULL, &e), e, HEP_ENOMEM, NULL);
    }
    hep_alloc_fail_at(0);
    small_study_close(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads),           cmocka_unit_test(test_replaced),
        cmocka_unit_test(test_patients_are_kept), cmocka_unit_test(test_failures),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
