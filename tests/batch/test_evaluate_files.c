#include "support/support.h"

#include "base/file.h"
#include "base/text.h"
#include "image/nifti.h"
#include "batch/evaluate.h"
#include "batch/lesion_file.h"
#include "batch/truth_space.h"

#include <math.h>

/* ---- files ------------------------------------------------------------------------------------
 */

static char *put(const char *dir, const char *relative, const char *text)
{
    char *path = hep_path_join(dir, relative, NULL), *folder = hep_strdup(path, NULL);
    struct hep_error e = { 0 };

    *strrchr(folder, '/') = '\0';
    assert_ok(hep_mkdir_p(folder, &e), e);
    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    free(folder);
    return path;
}

static void put_file(const char *dir, const char *relative, const char *text)
{
    free(put(dir, relative, text));
}

/* ---- lesions.json -----------------------------------------------------------------------------
 */

struct bad_case {
    const char *name, *text, *part;
};
static struct bad_case bad_cases[] = {
    { "not JSON", "{\"lesions\": [", "x.json:1:" },
    { "no list", "{\"findings\": []}", "no list \"lesions\"" },
    { "list is an object", "{\"lesions\": {}}", "no list \"lesions\" (an object)" },
    { "root is a list", "[]", "no list \"lesions\"" },
    { "entry is a number", "{\"lesions\": [3]}", "lesions[0]: a number instead of an object" },
    { "two coordinates", "{\"lesions\": [{\"centre_mm\": [1, 2]}]}", "lesions[0].centre_mm" },
    { "coordinate is text", "{\"lesions\": [{\"centre_mm\": [1, \"2\", 3]}]}", "centre_mm[1]" },
    { "coordinate in another galaxy", "{\"lesions\": [{\"centre_mm\": [1, 2, 1e30]}]}",
      "centre_mm[2]" },
    { "probability above 1",
      "{\"lesions\": [{\"centre_mm\": [1,2,3], \"probability_metastasis\": 1.4}]}",
      "lesions[0].probability_metastasis: 1.4 is outside 0..1" },
    { "probability is text",
      "{\"lesions\": [{\"centre_mm\": [1,2,3], \"probability_metastasis\": \"high\"}]}",
      "a text instead of a number" },
    { "class with a typing mistake",
      "{\"lesions\": [{\"centre_mm\": [1,2,3], \"class\": \"hemangioma\"}]}",
      "did you mean haemangioma" },
    { "class is a number", "{\"lesions\": [{\"centre_mm\": [1,2,3], \"class\": 2}]}",
      "a number instead of a name" },
    { "negative size", "{\"lesions\": [{\"centre_mm\": [1,2,3], \"long_axis_mm\": -2.5}]}",
      "long_axis_mm: -2.5" },
    { "id 0", "{\"lesions\": [{\"id\": 0, \"centre_mm\": [1,2,3]}]}", "lesions[0].id: 0" },
    { "half an id", "{\"lesions\": [{\"id\": 1.5, \"centre_mm\": [1,2,3]}]}", "whole number" },
    { "one id twice",
      "{\"lesions\": [{\"id\": 2, \"centre_mm\": [1,2,3]}, {\"centre_mm\": [1,2,3]}]}",
      "two lesions have the id 2" },
    { "state of a flag",
      "{\"lesions\": [{\"centre_mm\": [1,2,3], \"flags\": {\"washout\": {\"state\": \"yes\"}}}]}",
      "flags.washout.state: 'yes'" },
    { "flags are a list", "{\"lesions\": [{\"centre_mm\": [1,2,3], \"flags\": []}]}",
      "a list instead of an object" },
};

static void test_bad_file(void **state)
{
    const struct bad_case *c = *state;
    char *dir = hep_test_mkdir(), *path = put(dir, "x.json", c->text);
    struct hep_lesion_file f = { 0 };
    struct hep_error e = { 0 };

    assert_fails(hep_lesion_file_read(&f, path, &e), e, HEP_EFORMAT, c->part);
    assert_null(f.findings.list);
    free(path);
    hep_test_rmdir(dir);
}

static void test_least_file(void **state)
{
    char *dir = hep_test_mkdir();
    char *path = put(dir, "x.json",
                     "{\"lesions\": [{\"centre_mm\": [1.5, -2, 3], \"colour\": 7, \"class\": null,"
                     "\"flags\": {\"glitter\": 1}}, {\"centre_mm\": [0,0,0],"
                     "\"volume_ml\": 0.52359877559829882}], \"author\": {}}");
    struct hep_lesion_file f = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_lesion_file_read(&f, path, &e), e);
    assert_int_equal(f.findings.n, 2);
    assert_int_equal(f.findings.list[0].id, 1);
    assert_close(f.findings.list[0].centre_mm[1], -2.0, 0.0, 0.0);
    assert_int_equal(f.findings.list[0].lesion_class, HEP_CLASS_COUNT);
    assert_true(isnan(hep_finding_get(&f.findings.list[0], HEP_M_P_METASTASIS)) &&
                isnan(hep_finding_diameter_mm(&f.findings.list[0])));
    assert_close(hep_finding_diameter_mm(&f.findings.list[1]), 10.0, 1e-9, 0.0); /* pi / 6 ml */
    assert_null(f.reference);
    hep_lesion_file_release(&f);
    free(path);
    hep_test_rmdir(dir);
}

/* 2 x 2 x 2 voxels of 3 mm about the index (2.5, 1.5, 1.5) of a grid whose centre is at 0. */
static void test_place_from_mask(void **state)
{
    const struct hep_grid grid = hep_test_grid(6, 4, 4, 3.0, 3.0, 3.0);
    struct hep_finding record = { .id = 4, .centre_mm = { (double)NAN, (double)NAN, (double)NAN } };
    struct hep_lesion_file f = { .findings = { .list = &record, .n = 1 } };
    struct hep_labels *mask = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_labels_new(&mask, &grid, &e), e);
    assert_fails(hep_lesion_file_place(&f, mask, "x.json", &e), e, HEP_EFORMAT,
                 "neither centre_mm nor voxels of id 4");
    assert_fails(hep_lesion_file_place(&f, NULL, "x.json", &e), e, HEP_EFORMAT, "x.json");
    for (size_t z = 1; z < 3; z++)
        for (size_t y = 1; y < 3; y++)
            for (size_t x = 3; x < 5; x++)
                mask->data[(z * 4 + y) * 6 + x] = 4;
    assert_ok(hep_lesion_file_place(&f, mask, "x.json", &e), e);
    assert_close(record.centre_mm[0], 3.0, 1e-9, 0.0);
    assert_close(record.centre_mm[1], 0.0, 0.0, 1e-9);
    assert_close(hep_finding_diameter_mm(&record), cbrt(6.0 * 216.0 / acos(-1.0)), 1e-9, 0.0);
    hep_labels_free(mask);
}

/* ---- space ------------------------------------------------------------------------------------
 */

/* p + d(p) with d_x = 2 + 0.1 x: the point 13 comes from 10. Outside the field nothing moves. */
static void test_point_back_to_truth(void **state)
{
    const struct hep_grid grid = hep_test_grid(5, 5, 5, 12.0, 12.0, 12.0);
    double point[3] = { 13.0, -4.0, 5.0 }, far[3] = { 500.0, 0.0, 0.0 };
    struct hep_volume *d = NULL;
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_volume_new(&d, &grid, 3, &e), e);
    for (size_t i = 0; i < 125; i++) {
        d->data[i] = (float)(2.0 + 0.1 * 12.0 * ((double)(i % 5) - 2.0));
        d->data[250 + i] = -3.0F;
    }
    hep_truth_point(point, d);
    assert_close(point[0], 10.0, 0.0, 1e-3);
    assert_close(point[1], -4.0, 0.0, 1e-6);
    assert_close(point[2], 8.0, 0.0, 1e-3);
    hep_truth_point(far, d);
    assert_close(far[0], 500.0, 0.0, 0.0);
    hep_truth_point(point, NULL);
    assert_close(point[0], 10.0, 0.0, 1e-3);
    hep_volume_free(d);
}

/* ---- folders ----------------------------------------------------------------------------------
 */

#define ONE                                                                                        \
    "{\"lesions\": [{\"centre_mm\": [0,0,0], \"long_axis_mm\": 12, \"class\": \"metastasis\"}]}"

static const struct hep_evaluate_opts opts = {
    .rule = HEP_MATCH_BOTH, .replicates = 100, .seed = 1, .nthreads = 1
};

static void evaluate(struct hep_evaluated *out, const char *dir)
{
    char *results = hep_path_join(dir, "out", NULL), *truth = hep_path_join(dir, "truth", NULL);
    struct hep_error e = { 0 };

    assert_ok(hep_evaluate_folders(out, results, truth, &opts, &e), e);
    free(results);
    free(truth);
}

/* Found; missing; failed after an earlier success; without lesions.json; of unknown truth. */
static void test_states_of_studies(void **state)
{
    char *dir = hep_test_mkdir();
    struct hep_evaluated ev;

    (void)state;
    put_file(dir, "truth/sub-01/ses-1/sub-01_ses-1_lesions.json", ONE);
    put_file(dir, "truth/sub-01/ses-2/sub-01_ses-2_lesions.json", ONE);
    put_file(dir, "truth/sub-02/sub-02_lesions.json", ONE);
    put_file(dir, "truth/sub-03/sub-03_lesions.json", "{\"lesions\": []}");
    put_file(dir, "truth/sub-05/sub-05_lesions.json", "{\"lesions\": []}");
    put_file(dir, "out/sub-05/sub-05_lesions.json",
             "{\"lesions\": [], \"lesions_absent_reason\": \"mask needed\"}");
    put_file(dir, "out/sub-01/ses-1/sub-01_ses-1_lesions.json",
             "{\"lesions\": [{\"centre_mm\": [1,0,0], \"class\": \"cyst\"}]}");
    put_file(dir, "out/sub-02/sub-02_lesions.json", ONE);
    put_file(dir, "out/sub-02/sub-02_failed.json",
             "{\"state\": \"failed\", \"error\": \"disk full\", \"exit_code\": 74}");
    put_file(dir, "out/sub-03/notes.txt", "-");
    put_file(dir, "out/sub-04/sub-04_lesions.json", ONE);
    evaluate(&ev, dir);
    assert_int_equal(ev.n_studies, 5);
    assert_int_equal(ev.n_patients, 4);
    assert_int_equal(ev.entry[4].state, HEP_EVAL_MISSING);
    assert_string_equal(ev.entry[4].reason, "no lesion was looked for: mask needed");
    assert_int_equal(ev.entry[0].state, HEP_EVAL_DONE);
    assert_int_equal(ev.entry[1].state, HEP_EVAL_MISSING);
    assert_string_equal(ev.entry[1].reason, "no output");
    assert_int_equal(ev.entry[2].state, HEP_EVAL_FAILED);
    assert_string_equal(ev.entry[2].reason, "disk full");
    assert_int_equal(ev.entry[3].state, HEP_EVAL_MISSING);
    assert_string_equal(ev.entry[3].reason, "its output has no lesions.json");
    assert_int_equal(ev.n_without_truth, 1);
    assert_string_equal(ev.without_truth[0], "sub-04");
    assert_int_equal(ev.result.sensitivity[HEP_TASK_DETECTION].k, 1);
    assert_int_equal(ev.result.sensitivity[HEP_TASK_DETECTION].n, 3);
    assert_int_equal(ev.result.confusion[HEP_CLASS_METASTASIS][HEP_CLASS_CYST], 1);
    assert_int_equal(ev.result.patient_specificity.n, 0);
    hep_evaluated_release(&ev);
    hep_test_rmdir(dir);
}

static void put_cube(const char *dir, const char *relative, size_t x0, int32_t label)
{
    const struct hep_grid grid = hep_test_grid(40, 24, 24, 2.0, 2.0, 2.0);
    char *path = put(dir, relative, "");
    struct hep_labels *l = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_labels_new(&l, &grid, &e), e);
    for (size_t z = 4; z < 20; z++)
        for (size_t y = 4; y < 20; y++)
            for (size_t x = x0; x < x0 + 16; x++)
                l->data[(z * 24 + y) * 40 + x] = label;
    assert_ok(hep_nifti_write_labels(path, l, NULL, &e), e);
    hep_labels_free(l);
    free(path);
}

static void put_map(const char *dir, const char *relative, double left, double right)
{
    const struct hep_grid grid = hep_test_grid(40, 24, 24, 2.0, 2.0, 2.0);
    char *path = put(dir, relative, "");
    struct hep_volume *v = NULL;
    struct hep_error e = { 0 };

    assert_ok(hep_volume_new(&v, &grid, 1, &e), e);
    for (size_t i = 0; i < 40 * 24 * 24; i++)
        v->data[i] = (float)(i % 40 < 20 ? left : right);
    assert_ok(hep_nifti_write(path, v, NULL, &e), e);
    hep_volume_free(v);
    free(path);
}

/* A liver of 16 voxels along x, found 4 voxels too far to the right: Dice 0.75. The ADC map was
 * made 12 voxels to the right of the truth's reference and the truth says so: the liver of the map
 * lies in its right half. */
static void test_liver_and_map(void **state)
{
    const struct hep_grid lattice = hep_test_grid(10, 6, 6, 12.0, 12.0, 12.0);
    char *dir = hep_test_mkdir(), *path;
    struct hep_volume *d = NULL;
    struct hep_evaluated ev;
    struct hep_error e = { 0 };

    (void)state;
    put_file(dir, "truth/sub-1/sub-1_lesions.json", "{\"lesions\": []}");
    put_file(dir, "out/sub-1/sub-1_lesions.json", "{\"lesions\": []}");
    put_cube(dir, "truth/sub-1/anat/sub-1_label-liver_mask.nii.gz", 4, 1);
    put_cube(dir, "out/sub-1/anat/sub-1_label-liver_mask.nii.gz", 8, 1);
    put_map(dir, "truth/sub-1/dwi/sub-1_desc-truth_ADC.nii.gz", 1.0e-3, 3.0e-3);
    put_map(dir, "out/sub-1/dwi/sub-1_desc-mono_ADC.nii.gz", 3.0e-3, 1.1e-3);
    assert_ok(hep_volume_new(&d, &lattice, 3, &e), e);
    for (size_t i = 0; i < 360; i++)
        d->data[i] = 24.0F;
    path = put(dir, "truth/sub-1/sub-1_desc-dwi_displacement.nii.gz", "");
    assert_ok(hep_nifti_write(path, d, NULL, &e), e);
    evaluate(&ev, dir);
    assert_true(ev.study[0].has_liver);
    assert_close(ev.study[0].liver.dice, 0.75, 1e-12, 0.0);
    assert_close(ev.study[0].liver.volume_error_frac, 0.0, 0.0, 1e-12);
    assert_int_equal(ev.n_pairs, 1);
    assert_close(ev.pair[0].truth, 1.0e-3, 1e-6, 0.0);
    assert_close(ev.map[HEP_EVAL_ADC][HEP_GROUP_LIVER].agreement.bias, 1.0e-4, 1e-4, 0.0);
    assert_int_equal(ev.map[HEP_EVAL_FF][HEP_GROUP_LIVER].agreement.n, 0);
    hep_evaluated_release(&ev);
    hep_volume_free(d);
    free(path);
    hep_test_rmdir(dir);
}

/* The findings were made on another series, 10 mm further up. */
static void test_other_reference(void **state)
{
    const struct hep_grid lattice = hep_test_grid(8, 8, 8, 12.0, 12.0, 12.0);
    char *dir = hep_test_mkdir(), *path;
    struct hep_volume *d = NULL;
    struct hep_evaluated ev;
    struct hep_error e = { 0 };

    (void)state;
    put_file(dir, "truth/sub-1/sub-1_lesions.json",
             "{\"reference\": \"hepatobiliary\", \"lesions\": [{\"centre_mm\": [0,0,0],"
             "\"long_axis_mm\": 6}]}");
    put_file(dir, "out/sub-1/sub-1_lesions.json",
             "{\"reference\": \"t2\", \"lesions\": [{\"centre_mm\": [0,0,10]}]}");
    evaluate(&ev, dir);
    assert_int_equal(ev.result.n_false, 1);
    hep_evaluated_release(&ev);
    assert_ok(hep_volume_new(&d, &lattice, 3, &e), e);
    for (size_t i = 0; i < 512; i++)
        d->data[1024 + i] = 10.0F;
    path = put(dir, "truth/sub-1/sub-1_desc-t2_displacement.nii.gz", "");
    assert_ok(hep_nifti_write(path, d, NULL, &e), e);
    evaluate(&ev, dir);
    assert_int_equal(ev.result.n_false, 0);
    assert_close(ev.finding_note[0].distance_mm, 0.0, 0.0, 1e-3);
    hep_evaluated_release(&ev);
    hep_volume_free(d);
    free(path);
    hep_test_rmdir(dir);
}

/* ---- output -----------------------------------------------------------------------------------
 */

/* ---- classes of persons ----------------------------------------------------------------------- */

struct person {
    const char *word_and_class, *findings;
};
/* The truth says nothing of single lesions. By hand: of five persons whose word is a class, one has no finding, and of the
 * other four the first alone is called what he is. */
static const struct person persons[] = {
    { "\"patient_given_class\": \"hcc\", \"patient_class\": \"other\"",
      "{\"centre_mm\": [0,0,0], \"class\": \"cyst\", \"long_axis_mm\": 10}, "
      "{\"centre_mm\": [9,0,0], \"class\": \"other\", \"long_axis_mm\": 30}" },
    { "\"patient_class\": \"metastasis\"", /* the largest finding counts, not the first */
      "{\"centre_mm\": [0,0,0], \"class\": \"metastasis\", \"long_axis_mm\": 20}, "
      "{\"centre_mm\": [9,0,0], \"class\": \"cyst\", \"long_axis_mm\": 40}" },
    { "\"patient_class\": \"cyst\"", "" },
    { "\"patient_class\": \"metastasis\"", /* a finding without a class calls nobody anything */
      "{\"centre_mm\": [0,0,0], \"class\": \"cyst\"}, {\"centre_mm\": [9,0,0], \"long_axis_mm\": "
      "50}" },
    { "\"patient_class\": \"metastasis\"", "{\"centre_mm\": [0,0,0], \"long_axis_mm\": 50}" },
    { "\"patient_given_class\": \"abscess\"", /* a word that is none of our classes says nothing */
      "{\"centre_mm\": [0,0,0], \"class\": \"cyst\", \"long_axis_mm\": 10}" },
};

static void put_person(const char *dir, size_t i)
{
    char *truth = hep_asprintf(NULL, "truth/sub-%zu/sub-%zu_lesions.json", i + 1, i + 1),
         *out = hep_asprintf(NULL, "out/sub-%zu/sub-%zu_lesions.json", i + 1, i + 1),
         *said = hep_asprintf(NULL, "{\"lesions_known\": false, \"lesions\": [], %s}",
                              persons[i].word_and_class),
         *found = hep_asprintf(NULL, "{\"lesions\": [%s]}", persons[i].findings);

    put_file(dir, truth, said);
    put_file(dir, out, found);
    free(truth);
    free(out);
    free(said);
    free(found);
}

static void test_classes_of_persons(void **state)
{
    char *dir = hep_test_mkdir();
    struct hep_evaluated ev;
    const struct hep_named_classes *c = &ev.persons;

    (void)state;
    for (size_t i = 0; i < sizeof persons / sizeof persons[0]; i++)
        put_person(dir, i);
    evaluate(&ev, dir);
    assert_int_equal(ev.n_findings, 0); /* neither true nor false */
    assert_int_equal(c->n_rows, 3);
    assert_int_equal(c->n, 5);
    assert_int_equal(c->n_found, 4);
    assert_string_equal(c->row[0].word, "hcc");
    assert_int_equal(c->row[0].class, HEP_CLASS_OTHER);
    assert_int_equal(c->row[0].called[HEP_CLASS_OTHER], 1);
    assert_int_equal(c->row[1].called[HEP_CLASS_CYST], 2);
    assert_int_equal(c->row[1].called[HEP_CLASS_COUNT], 1);
    assert_int_equal(c->row[2].n, 1);
    assert_int_equal(c->row[2].found, 0);
    assert_close(c->accuracy.value, 0.25, 1e-12, 0.0);
    /* F1 of other is 1, of metastasis 0; the cyst without a finding is not among those that were found. */
    assert_close(c->merged_f1.value, 0.5, 1e-12, 0.0);
    hep_evaluated_release(&ev);
    hep_test_rmdir(dir);
}

static char *read_text(const char *dir, const char *name)
{
    char *path = hep_path_join(dir, name, NULL), *text = NULL;
    struct hep_error e = { 0 };
    size_t n;

    assert_ok(hep_file_read(&text, &n, path, 1 << 20, &e), e);
    free(path);
    return text;
}

static void test_written_files(void **state)
{
    static const char *const files[] = {
        "evaluation.json", "evaluation.tsv",          "lesions_matched.tsv", "flags_evaluated.tsv",
        "froc.svg",        "sensitivity_by_size.svg", "reliability.svg",     "confusion.svg"
    };
    char *dir = hep_test_mkdir(), *first = hep_path_join(dir, "first", NULL),
         *second = hep_path_join(dir, "second", NULL), *text;
    struct hep_evaluated ev;
    struct hep_error e = { 0 };

    (void)state;
    put_file(dir, "truth/sub-1/sub-1_lesions.json", ONE);
    put_file(dir, "out/sub-1/sub-1_lesions.json",
             "{\"lesions\": [{\"id\": 7, \"centre_mm\": [60,0,0], \"class\": \"cyst\","
             "\"probability_metastasis\": 0.2}]}");
    for (int round = 0; round < 2; round++) {
        evaluate(&ev, dir);
        assert_ok(hep_evaluated_write(&ev, round == 0 ? first : second, &e), e);
        hep_evaluated_release(&ev);
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char *a = read_text(first, files[i]), *b = read_text(second, files[i]);

        assert_string_equal(a, b);
        free(a);
        free(b);
    }
    text = read_text(first, "lesions_matched.tsv");
    assert_non_null(strstr(text, "\nsub-1\tmissed\t1\tmetastasis\t12\t10-20\t0\t0\t0\tn/a"));
    assert_non_null(strstr(text, "nearest finding 7 is 60.0 mm away\n"));
    assert_non_null(strstr(text, "\nsub-1\tfalse_positive\t"));
    assert_non_null(strstr(text, "nearest lesion 1 is 60.0 mm away\n"));
    free(text);
    free(first);
    free(second);
    hep_test_rmdir(dir);
}

#define N_BAD (sizeof bad_cases / sizeof bad_cases[0])

int main(void)
{
    const struct CMUnitTest fixed[] = {
        cmocka_unit_test(test_least_file),          cmocka_unit_test(test_place_from_mask),
        cmocka_unit_test(test_point_back_to_truth), cmocka_unit_test(test_states_of_studies),
        cmocka_unit_test(test_liver_and_map),       cmocka_unit_test(test_other_reference),
        cmocka_unit_test(test_written_files),       cmocka_unit_test(test_classes_of_persons),
    };
    struct CMUnitTest tests[N_BAD + sizeof fixed / sizeof fixed[0]];
    size_t n = 0;

    for (size_t i = 0; i < N_BAD; i++)
        tests[n++] = (struct CMUnitTest){ .name = bad_cases[i].name,
                                          .test_func = test_bad_file,
                                          .initial_state = &bad_cases[i] };
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        tests[n++] = fixed[i];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
