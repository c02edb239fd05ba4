/* Names of images that belong together: magnitude and phase of an echo, slabs of a stack, repeats. BIDS 1.10, part-, chunk-, run-. */
#include "dicom/naming.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

enum { N = 8 };

/* One series of one file. Slabs begin at `z` [mm], 2 mm to a slice. */
struct one {
    const char *path;
    enum hep_role role;
    double te_s, clock_s, z;
    const char *type, *name; /* expected; NULL: left out */
};

static void check(const struct one *one, size_t n)
{
    struct hep_series series[N] = { { 0 } };
    struct hep_named_file *file = calloc(N, sizeof *file);
    struct hep_inventory inv = { .series = series, .n_series = n };
    struct hep_error e = { 0 };

    assert_non_null(file);
    for (size_t i = 0; i < n; i++) {
        struct hep_series *s = &series[i];

        s->path = calloc(1, sizeof(char *));
        s->acquisition.image_type = calloc(1, sizeof(char *));
        assert_non_null(s->path);
        assert_non_null(s->acquisition.image_type);
        s->path[0] = strdup(one[i].path);
        s->acquisition.image_type[0] = strdup(one[i].type);
        s->acquisition.n_image_type = s->n_paths = s->nt = 1;
        s->acquisition.te_s = one[i].te_s;
        s->acquisition.acquisition_time_s = one[i].clock_s;
        s->role = one[i].role;
        s->selected = s->role != HEP_ROLE_UNKNOWN;
        for (int k = 0; k < 3; k++) {
            s->grid.n[k] = 10;
            s->grid.to_world[k][k] = 2.0;
        }
        s->grid.to_world[2][3] = one[i].z;
        s->grid.to_world[3][3] = 1.0;
        file[i].path = s->path[0];
    }
    assert_ok(hep_name_files(file, n, &inv, "sub-01", NULL, &e), e);
    for (size_t i = 0; i < n; i++) {
        if (one[i].name == NULL)
            assert_null(file[i].name);
        else
            assert_string_equal(file[i].name, one[i].name);
        assert_true((file[i].name == NULL) == (file[i].reason != NULL));
        free(series[i].path[0]);
        free(series[i].path);
        free(series[i].acquisition.image_type[0]);
        free(series[i].acquisition.image_type);
    }
    hep_named_files_release(file, n);
}

/* The phase image of another time has no magnitude here. */
static void test_parts(void **state)
{
    static const struct one one[] = {
        { "a", HEP_ROLE_OPPOSED, 0.00115, 100.0, 0.0, "M",
          "anat/sub-01_acq-dixon_echo-1_part-mag_MEGRE" },
        { "b", HEP_ROLE_IN_PHASE, 0.0023, 100.0, 0.0, "M",
          "anat/sub-01_acq-dixon_echo-2_part-mag_MEGRE" },
        { "a_ph", HEP_ROLE_UNKNOWN, 0.00115, 100.0, 0.0, "P",
          "anat/sub-01_acq-dixon_echo-1_part-phase_MEGRE" },
        { "b_ph", HEP_ROLE_UNKNOWN, 0.0023, 100.0, 0.0, "P",
          "anat/sub-01_acq-dixon_echo-2_part-phase_MEGRE" },
        { "c_ph", HEP_ROLE_UNKNOWN, 0.0023, 400.0, 0.0, "P", NULL },
        { "map", HEP_ROLE_UNKNOWN, 0.0023, 100.0, 0.0, "ADC", NULL },
    };

    (void)state;
    check(one, sizeof one / sizeof *one);
}

/* Slabs of 20 mm that follow each other are chunks; those that overlap by a slice are repeats, as is the same place. */
static void test_chunks_and_runs(void **state)
{
    static const struct one chunks[] = {
        { "a", HEP_ROLE_T2, 0.08, 100.0, 0.0, "M", "anat/sub-01_chunk-1_T2w" },
        { "b", HEP_ROLE_T2, 0.08, 200.0, 20.0, "M", "anat/sub-01_chunk-2_T2w" },
        { "c", HEP_ROLE_T2, 0.08, 300.0, -24.0, "M", "anat/sub-01_chunk-3_T2w" },
    };
    static const struct one runs[] = {
        { "a", HEP_ROLE_T2, 0.08, 100.0, 0.0, "M", "anat/sub-01_run-1_T2w" },
        { "b", HEP_ROLE_T2, 0.08, 200.0, 18.0, "M", "anat/sub-01_run-2_T2w" },
    };

    (void)state;
    check(chunks, sizeof chunks / sizeof *chunks);
    check(runs, sizeof runs / sizeof *runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_chunks_and_runs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
