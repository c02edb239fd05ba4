/* Sidecars and b-values at every level of a dataset (BIDS 1.10, "The Inheritance Principle"). */
#include "sequences/sidecar.h"
#include "sequences/study_files.h"

#include "base/number.h"

#include <math.h>

static const struct study_file dataset[] = {
    { "T1w.json", 0,
      "{\"MagneticFieldStrength\": 3, \"EchoTime\": 0.5, \"RepetitionTime\": 0.004}" },
    { "acq-pre_T1w.json", 0, "{\"EchoTime\": 0.0099}" },
    { "acq-other_T1w.json", 0, "{\"FlipAngle\": 99}" },
    { "dwi.bval", 0, "0 800\n" },
    { "dwi.json", 0, "{\"EchoTime\": 0.06}" },
    { "sub-1/sub-1_T1w.json", 0, "{\"EchoTime\": 0.0023}" },
    { "sub-1/anat/sub-1_acq-pre_T1w", 1, "{\"FlipAngle\": 12}" },
    { "sub-1/anat/sub-1_acq-late_T1w", 1, NULL },
    { "sub-1/dwi/sub-1_run-1_dwi", 2, NULL },
    { "sub-1/dwi/sub-1_run-2_dwi", 2, NULL },
    { "sub-1/dwi/sub-1_run-2_dwi.bval", 0, "0 400\n" },
};

static void test_inheritance(void **state)
{
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;
    const struct hep_series *s;

    (void)state;
    study_write(dir, dataset, sizeof dataset / sizeof dataset[0]);
    inv = study_scan(dir, "sub-1");
    s = study_series(inv, "anat/sub-1_acq-pre_T1w");
    assert_close(s->acquisition.te_s, 0.0023, 0.0, 0.0); /* the subject's, over both of the root */
    assert_close(s->acquisition.tr_s, 0.004, 0.0, 0.0);  /* the root's */
    assert_close(s->acquisition.field_t, 3.0, 0.0, 0.0); /* the root's */
    assert_close(s->acquisition.flip_rad, 12.0 * HEP_PI / 180.0, 1e-15, 0.0); /* its own */
    s = study_series(inv, "anat/sub-1_acq-late_T1w");
    assert_close(s->acquisition.te_s, 0.0023, 0.0, 0.0);
    assert_true(isnan(s->acquisition.flip_rad)); /* that of acq-other is not its own */
    s = study_series(inv, "dwi/sub-1_run-1_dwi");
    assert_close(s->gradients.b_s_per_mm2[1], 800.0, 0.0, 0.0);
    s = study_series(inv, "dwi/sub-1_run-2_dwi");
    assert_close(s->gradients.b_s_per_mm2[1], 400.0, 0.0, 0.0); /* a .bval replaces as a whole */
    assert_close(s->acquisition.te_s, 0.06, 0.0, 0.0);
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

/* Outside a dataset a name inherits nothing; labels are kept or refused, never shortened. */
static void test_labels(void **state)
{
    static const char *const refused[] = { "sub-a-b", "sub-a_b", "sub-a b", "sub-" };
    static const struct study_file plain[] = { { "T2w", 1, "{\"EchoTime\": 0.085}" },
                                               { "x_T2w", 1, NULL } };
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct hep_error e = { 0 };
        char *image = hep_asprintf(NULL, "%s/anat/%s_T2w", refused[i], refused[i]),
             *study = hep_path_join(dir, refused[i], NULL);

        study_write_image(dir, image, 1, 4);
        assert_fails(hep_inventory_scan(&inv, study, &e), e, HEP_EDATA, "rename the folder");
        free(image);
        free(study);
    }
    study_write_image(dir, "sub-ab/anat/sub-ab_T2w", 1, 4);
    inv = study_scan(dir, "sub-ab");
    assert_string_equal(inv->subject, "ab");
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
    dir = hep_test_mkdir();
    study_write(dir, plain, 2);
    inv = study_scan(dir, NULL);
    assert_true(isnan(study_series(inv, "x_T2w")->acquisition.te_s));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

/* Of two arterial series the one inside its nominal 30-40 s counts, whichever was first. */
static void test_nominal_phase(void **state)
{
    static const struct study_file files[] = {
        { "anat/sub-1_acq-art_run-1_T1w", 1, "{\"TimeSinceInjection\": 34.4}" },
        { "anat/sub-1_acq-art_run-2_T1w", 1, "{\"TimeSinceInjection\": 20.4}" },
        { "anat/sub-1_acq-pv_run-1_T1w", 1, "{\"TimeSinceInjection\": 120}" },
        { "anat/sub-1_acq-pv_run-2_T1w", 1, "{\"TimeSinceInjection\": 85}" },
    };
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;

    (void)state;
    study_write(dir, files, sizeof files / sizeof files[0]);
    inv = study_scan(dir, NULL);
    assert_close(hep_inventory_find(inv, HEP_ROLE_ARTERIAL)->time_since_injection_s, 34.4, 0.0,
                 0.0);
    assert_close(hep_inventory_find(inv, HEP_ROLE_PORTAL_VENOUS)->time_since_injection_s, 85.0, 0.0,
                 0.0);
    assert_true(study_says(&study_series(inv, "anat/sub-1_acq-art_run-2_T1w")->warnings,
                           "nearer to its nominal time"));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

/* Five images of one sequence whose only clock is the time since a trigger. */
static void test_trigger_order(void **state)
{
    static const char *const times[] = { "0", "94400", "127100", "296900", "1068000" };
    static const enum hep_role roles[] = { HEP_ROLE_PRECONTRAST, HEP_ROLE_ARTERIAL,
                                           HEP_ROLE_PORTAL_VENOUS, HEP_ROLE_DELAYED,
                                           HEP_ROLE_HEPATOBILIARY };
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        char *name = hep_asprintf(NULL, "anat/sub-1_acq-ph%zu_T1w", i + 1),
             *json = hep_asprintf(NULL, "%s.json", name),
             *text = hep_asprintf(NULL, "{\"TriggerTime\": %s, \"EchoTime\": 0.0013}", times[i]);

        study_write_image(dir, name, 1, 4);
        study_write_text(dir, json, text);
        free(name);
        free(json);
        free(text);
    }
    inv = study_scan(dir, NULL);
    for (size_t i = 0; i < 5; i++) {
        char *name = hep_asprintf(NULL, "anat/sub-1_acq-ph%zu_T1w", i + 1);
        const struct hep_series *s = study_series(inv, name);

        assert_int_equal(s->role, roles[i]);
        assert_true(isnan(s->time_since_injection_s)); /* nobody knows when the injection was */
        free(name);
    }
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_inheritance),
                                        cmocka_unit_test(test_labels),
                                        cmocka_unit_test(test_nominal_phase),
                                        cmocka_unit_test(test_trigger_order) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
