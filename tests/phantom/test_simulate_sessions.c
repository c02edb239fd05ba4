/* Files of a person at two sessions: names, dates, and which lesion is which. One T2 series: the
 * images of a session are those of any study. */
#include "phantom/study.h"

#include "base/json.h"
#include "base/text.h"
#include "image/nifti.h"

struct fixture {
    struct small_study t;
};

/* The largest is 20 mm: it is the one that is ablated. */
static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct hep_error e = { 0 };

    small_study_open(&f->t, 1, "met:20mm,met:14mm,cyst:12mm", "shift,deform");
    f->t.s.n_series = 1;
    f->t.s.agent = NULL;
    f->t.s.sessions = 2;
    f->t.s.course = HEP_SIM_COURSE_ABLATION;
    f->t.s.new_per_56_days = 0.0;
    assert_ok(hep_simulate_subject(f->t.dir, &f->t.s, NULL, &e), e);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    small_study_close(&f->t);
    free(f);
    return 0;
}

static bool has(const struct fixture *f, const char *relative)
{
    char *path = hep_path_join(f->t.dir, relative, NULL);
    const bool is_there = hep_is_file(path);

    free(path);
    return is_there;
}

static struct hep_json *read_json(const struct fixture *f, const char *relative)
{
    char *path = hep_path_join(f->t.dir, relative, NULL);
    struct hep_json *root = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_json_read(&root, path, &e), e);
    free(path);
    return root;
}

#define TRUTH "derivatives/truth/sub-01"

static void test_files(void **state)
{
    const struct fixture *f = *state;

    assert_true(has(f, "sub-01/sub-01_sessions.tsv"));
    assert_true(has(f, "sub-01/sub-01_sessions.json"));
    assert_true(has(f, "sub-01/ses-1/anat/sub-01_ses-1_acq-fatsat_T2w.nii.gz"));
    assert_true(has(f, "sub-01/ses-2/anat/sub-01_ses-2_acq-fatsat_T2w.json"));
    assert_true(has(f, TRUTH "/ses-2/anat/sub-01_ses-2_label-liver_mask.nii.gz"));
    assert_true(has(f, TRUTH "/ses-2/anat/sub-01_ses-2_label-ablation_dseg.nii.gz"));
    assert_false(has(f, TRUTH "/ses-1/anat/sub-01_ses-1_label-ablation_dseg.nii.gz"));
}

static const struct hep_json *lesion_named(const struct hep_json *root, const char *identity)
{
    const struct hep_json *list = hep_json_get(root, "lesions");

    for (size_t i = 0; i < hep_json_size(list); i++) {
        const struct hep_json *l = hep_json_at(list, i);

        if (strcmp(hep_json_string(hep_json_get(l, "identity")), identity) == 0)
            return l;
    }
    fail_msg("no lesion %s", identity);
    return NULL;
}

static void test_identities(void **state)
{
    const struct fixture *f = *state;
    struct hep_json *first = read_json(f, TRUTH "/ses-1/sub-01_ses-1_lesions.json");
    struct hep_json *later = read_json(f, TRUTH "/ses-2/sub-01_ses-2_lesions.json");
    const struct hep_json *zone = lesion_named(later, "L01");

    assert_string_equal(hep_json_string(hep_json_get(first, "study")), "sub-01_ses-1");
    assert_string_equal(hep_json_string(hep_json_get(zone, "event")), "ablated");
    assert_string_equal(hep_json_string(hep_json_get(zone, "class")), "other");
    assert_close(hep_json_number(hep_json_get(zone, "id")), 1.0, 0.0, 0.0);
    assert_string_equal(hep_json_string(hep_json_get(lesion_named(later, "L03"), "event")),
                        "stable");
    assert_string_equal(hep_json_string(hep_json_get(lesion_named(first, "L03"), "class")), "cyst");
    hep_json_free(first);
    hep_json_free(later);
}

/* The second metastasis is the only target, and does not change. */
static void test_course(void **state)
{
    const struct fixture *f = *state;
    struct hep_json *root = read_json(f, TRUTH "/sub-01_course.json");
    const struct hep_json *targets = hep_json_get(root, "targets");
    const struct hep_json *later = hep_json_at(hep_json_get(root, "sessions"), 1);

    assert_int_equal(hep_json_size(targets), 1);
    assert_string_equal(hep_json_string(hep_json_at(targets, 0)), "L02");
    assert_string_equal(hep_json_string(hep_json_get(later, "category")), "SD");
    assert_close(hep_json_number(hep_json_get(later, "days")), 56.0, 0.0, 0.0);
    assert_close(hep_json_number(hep_json_get(later, "change_percent")), 0.0, 0.0, 1e-6);
    hep_json_free(root);
}

/* The mask of the zone has the lesion's number and no other, and holds more than the ball of 20 mm
 * (4.2 mL), whose place it takes. */
static void test_zone(void **state)
{
    const struct fixture *f = *state;
    char *path =
        hep_path_join(f->t.dir, TRUTH "/ses-2/anat/sub-01_ses-2_label-ablation_dseg.nii.gz", NULL);
    struct hep_labels *zone = NULL;
    struct hep_error e = { 0 };
    double spacing[3];
    size_t n = 0;

    assert_ok(hep_nifti_read_labels(&zone, path, &e), e);
    for (size_t i = 0; i < hep_grid_voxels(&zone->grid); i++) {
        assert_true(zone->data[i] == 0 || zone->data[i] == 1);
        n += zone->data[i] == 1;
    }
    hep_grid_spacing(spacing, &zone->grid);
    assert_true((double)n * spacing[0] * spacing[1] * spacing[2] > 4200.0);
    hep_labels_free(zone);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_course),
        cmocka_unit_test(test_zone),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
