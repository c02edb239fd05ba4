#include "pipeline/writer.h"

#include "base/file.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAPS = 40 };

static struct hep_volume *map_of(size_t k)
{
    struct hep_grid grid = hep_test_grid(12 + k % 3, 9, 7, 2.0, 2.0, 3.0);
    struct hep_volume *v = NULL;
    struct hep_error err = { 0 };

    assert_ok(hep_volume_new(&v, &grid, 1, &err), err);
    for (size_t i = 0; i < hep_grid_voxels(&grid); i++)
        v->data[i] = (float)sin((double)(i * (k + 1)));
    return v;
}

/* As many threads as there are, the bytes are those of a plain write, and the list has the order of
 * the jobs. */
static void test_same_as_plain_write(void **state)
{
    const int threads[] = { 1, 2, 4 };
    char *folder = hep_test_mkdir();

    (void)state;
    for (size_t t = 0; t < 3; t++) {
        struct hep_volume *v[MAPS];
        char path[MAPS][512];
        const struct hep_write_result *results = NULL;
        struct hep_writer *w = NULL;
        struct hep_error err = { 0 };
        size_t n = 0, told = 0;

        assert_ok(hep_writer_new(&w, threads[t], &err), err);
        for (size_t k = 0; k < MAPS; k++) {
            struct hep_write_job job = { .index = 100 + k };

            v[k] = map_of(k);
            (void)snprintf(path[k], sizeof path[k], "%s/t%zu-%zu.nii.gz", folder, t, k);
            job.path = path[k];
            job.volume = v[k];
            job.opts = (struct hep_nifti_write_opts){ .gzip_level = 1, .nthreads = 1 };
            assert_ok(hep_writer_put(w, &job, &err), err);
            if (k != MAPS / 2 && k != MAPS - 1)
                continue;
            assert_ok(hep_writer_wait(w, &results, &n, &err), err);
            assert_int_equal(n, k == MAPS / 2 ? MAPS / 2 + 1 : MAPS - MAPS / 2 - 1);
            for (size_t i = 0; i < n; i++) {
                char plain[512], sha[HEP_SHA256_HEX];

                assert_int_equal(results[i].index, 100 + told);
                (void)snprintf(plain, sizeof plain, "%s/plain.nii.gz", folder);
                assert_ok(hep_nifti_write(plain, v[told], &job.opts, &err), err);
                assert_ok(hep_sha256_file(sha, plain, &err), err);
                assert_string_equal(results[i].sha256, sha);
                assert_ok(hep_sha256_file(sha, path[told], &err), err);
                assert_string_equal(results[i].sha256, sha);
                assert_true(results[i].bytes > 100);
                told++;
            }
        }
        assert_int_equal(told, MAPS);
        hep_writer_free(w);
        for (size_t k = 0; k < MAPS; k++)
            hep_volume_free(v[k]);
    }
    hep_test_rmdir(folder);
}

/* The first failure is told, once or by every later call; nothing is written after it. */
static void test_failure(void **state)
{
    const int threads[] = { 1, 3 };
    char *folder = hep_test_mkdir();

    (void)state;
    for (size_t t = 0; t < 2; t++) {
        struct hep_volume *v = map_of(1);
        const struct hep_write_result *results = NULL;
        struct hep_writer *w = NULL;
        struct hep_error err = { 0 }, late = { 0 };
        char gone[512], after[512];
        struct hep_write_job job = { .volume = v, .opts = { .gzip_level = 1, .nthreads = 1 } };
        size_t n = 0;
        int rc;

        (void)snprintf(gone, sizeof gone, "%s/no-such-folder/a.nii.gz", folder);
        (void)snprintf(after, sizeof after, "%s/after%zu.nii.gz", folder, t);
        assert_ok(hep_writer_new(&w, threads[t], &err), err);
        job.path = gone;
        rc = hep_writer_put(w, &job, &err);
        if (rc == HEP_OK)
            rc = hep_writer_wait(w, &results, &n, &err);
        assert_int_equal(rc, err.code);
        assert_true(rc != HEP_OK);
        assert_non_null(strstr(err.msg, "no-such-folder"));
        job.path = after;
        if (threads[t] > 1) {
            assert_int_equal(hep_writer_put(w, &job, &late), rc);
            assert_string_equal(late.msg, err.msg);
            assert_false(hep_is_file(after));
        }
        hep_writer_free(w);
        hep_volume_free(v);
    }
    hep_test_rmdir(folder);
}

/* Freed with maps still on their way: they arrive. */
static void test_free_finishes(void **state)
{
    char *folder = hep_test_mkdir();
    struct hep_volume *v = map_of(2);
    struct hep_writer *w = NULL;
    struct hep_error err = { 0 };
    char path[8][512];

    (void)state;
    assert_ok(hep_writer_new(&w, 2, &err), err);
    for (size_t k = 0; k < 8; k++) {
        struct hep_write_job job = { .volume = v, .opts = { .gzip_level = 9, .nthreads = 1 } };

        (void)snprintf(path[k], sizeof path[k], "%s/late%zu.nii.gz", folder, k);
        job.path = path[k];
        assert_ok(hep_writer_put(w, &job, &err), err);
    }
    hep_writer_free(w);
    for (size_t k = 0; k < 8; k++)
        assert_true(hep_is_file(path[k]));
    hep_volume_free(v);
    hep_writer_free(NULL);
    hep_test_rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_as_plain_write),
        cmocka_unit_test(test_failure),
        cmocka_unit_test(test_free_finishes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
