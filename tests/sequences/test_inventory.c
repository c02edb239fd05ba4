/* Whole studies: folders, times, choices between series, reading, and every refusal. */
#include "sequences/study_files.h"

#include "base/alloc.h"
#include "base/json.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct study_file bids[] = {
    { "sub-01/ses-2/anat/sub-01_ses-2_acq-dixon_echo-1_MEGRE", 1,
      "{\"EchoTime\": 0.00115, \"MagneticFieldStrength\": 3}" },
    { "sub-01/ses-2/anat/sub-01_ses-2_acq-dixon_echo-2_MEGRE", 1,
      "{\"EchoTime\": 0.0023, \"MagneticFieldStrength\": 3}" },
    { "sub-01/ses-2/anat/sub-01_ses-2_T2w", 1, NULL },
    { "sub-01/ses-2/anat/sub-01_ses-2_acq-fatsat_T2w", 1, NULL },
    { "sub-01/ses-2/anat/sub-01_ses-2_acq-pre_T1w", 1, NULL },
    { "sub-01/ses-2/anat/sub-01_ses-2_acq-art_ce-gadoxetate_run-1_T1w", 1,
      "{\"TimeSinceInjection\": 30}" },
    { "sub-01/ses-2/anat/sub-01_ses-2_acq-art_ce-gadoxetate_run-2_T1w", 1,
      "{\"TimeSinceInjection\": 36}" },
    { "sub-01/ses-2/anat/sub-01_ses-2_acq-hbp_ce-gadoxetate_T1w", 1, NULL },
    { "sub-01/ses-2/dwi/sub-01_ses-2_dwi", 3, NULL },
    { "sub-01/ses-2/dwi/sub-01_ses-2_dwi.bval", 0, "0 50 800\n" },
    { "sub-01/ses-2/dwi/sub-01_ses-2_dwi.bvec", 0, "0 0 0\n0 0 0\n0 0 0\n" },
    { "derivatives/hep/dataset_description.json", 0,
      "{\"Name\": \"x\", \"GeneratedBy\": [{\"Name\": \"Hepar\"}]}" },
    { "derivatives/mine/dataset_description.json", 0,
      "{\"Name\": \"x\", \"GeneratedBy\": [{\"Name\": \"TotalSegmentator\"}]}" },
};

static char *write_bids(void)
{
    char *dir = hep_test_mkdir();

    study_write(dir, bids, sizeof bids / sizeof bids[0]);
    study_write_labels(dir, "derivatives/truth/sub-01/ses-2/anat/sub-01_ses-2_label-liver_mask", 1);
    study_write_labels(dir, "derivatives/hep/sub-01/ses-2/anat/sub-01_ses-2_label-liver_mask", 1);
    return dir;
}

static void test_bids(void **state)
{
    /* dataset, subject and session folder mean the same single study */
    static const char *const starts[] = { "", "sub-01", "sub-01/ses-2", "sub-01/ses-2///" };
    char *dir = write_bids();

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct hep_inventory *inv = study_scan(dir, starts[i]);
        const struct hep_series *dwi = hep_inventory_find(inv, HEP_ROLE_DWI);

        assert_true(inv->is_bids);
        assert_string_equal(inv->subject, "01");
        assert_string_equal(inv->session, "2");
        assert_string_equal(inv->agent_text, "gadoxetate");
        assert_string_equal(inv->agent_source, "name");
        assert_close(inv->field_t, 3.0, 0.0, 0.0);
        assert_int_equal(dwi->gradients.n, 3);
        assert_true(dwi->gradients.trace_weighted);
        assert_close(dwi->frame[2].b_s_per_mm2, 800.0, 0.0, 0.0);
        assert_string_equal(hep_inventory_find(inv, HEP_ROLE_T2)->name,
                            "anat/sub-01_ses-2_acq-fatsat_T2w.nii.gz");
        assert_null(hep_inventory_find(inv, HEP_ROLE_DELAYED));
        /* truth and Hepar's own results are never input */
        assert_null(hep_inventory_find(inv, HEP_ROLE_LIVER_MASK));
        hep_inventory_free(inv);
    }
    hep_test_rmdir(dir);
}

/* The later run is the repeat of a spoilt one. A name alone is "timing assumed". */
static void test_runs_and_times(void **state)
{
    char *dir = write_bids();
    struct hep_inventory *inv = study_scan(dir, NULL);
    const struct hep_series *art = hep_inventory_find(inv, HEP_ROLE_ARTERIAL);
    const struct hep_series *hbp = hep_inventory_find(inv, HEP_ROLE_HEPATOBILIARY);

    (void)state;
    assert_int_equal(art->run, 2);
    assert_close(art->time_since_injection_s, 36.0, 0.0, 0.0);
    assert_int_equal(art->time_source, HEP_TIME_SIDECAR);
    assert_true(isnan(hbp->time_since_injection_s));
    assert_int_equal(hbp->time_source, HEP_TIME_ASSUMED);
    assert_true(study_says(&hbp->warnings, "timing assumed"));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

static void test_derivative_masks(void **state)
{
    char *dir = write_bids();
    struct hep_error e = { 0 };
    struct hep_inventory *inv;
    struct hep_labels *mask = NULL;
    const struct hep_series *s;

    (void)state;
    study_write_labels(dir, "derivatives/mine/sub-01/ses-2/anat/sub-01_ses-2_label-liver_mask", 7);
    study_write_labels(dir, "derivatives/mine/sub-01/ses-2/anat/sub-01_ses-2_dseg", 5);
    study_write_labels(dir, "derivatives/mine/sub-01/ses-2/anat/sub-01_ses-2_label-lesions_dseg",
                       1);
    inv = study_scan(dir, NULL);
    s = hep_inventory_find(inv, HEP_ROLE_LIVER_MASK);
    assert_non_null(s);
    assert_fails(hep_series_read_labels(&mask, s, &e), e, HEP_EDATA, "1, 7"); /* which of them? */
    s = hep_inventory_find(inv, HEP_ROLE_LABELS);
    assert_non_null(s);
    assert_int_equal(hep_series_label_value(s, "Liver"), 5);
    assert_int_equal(hep_series_label_value(s, "spleen"), -1);
    assert_true(study_says(&s->warnings, "TotalSegmentator"));
    hep_inventory_free(inv);
    study_write_text(dir, "derivatives/mine/sub-01/ses-2/anat/sub-01_ses-2_dseg.tsv",
                     "name\tindex\nliver\t3\nspleen\t1\n");
    inv = study_scan(dir, NULL);
    s = hep_inventory_find(inv, HEP_ROLE_LABELS);
    assert_int_equal(hep_series_label_value(s, "liver"), 3);
    hep_inventory_free(inv);
    study_write_text(dir, "derivatives/mine/sub-01/ses-2/anat/sub-01_ses-2_dseg.tsv", "a\tb\n");
    assert_fails(hep_inventory_scan(&inv, dir, &e), e, HEP_EFORMAT, "dseg.tsv");
    hep_test_rmdir(dir);
}

/* Single-b files come together in order of b, whatever their names. */
static void test_single_b_files(void **state)
{
    static const struct study_file files[] = {
        { "a_b800", 1, "{\"SequenceName\": \"ep_b800t\", \"EchoTime\": 0.06}" },
        { "b_b50", 1, "{\"SequenceName\": \"ep_b50t\", \"EchoTime\": 0.06}" },
        { "c_b0", 1, "{\"SeriesDescription\": \"DWI b=0\", \"EchoTime\": 0.06}" },
        { "d_adc", 1, "{\"SeriesDescription\": \"DWI ADC b50 b800\"}" },
        { "e_dwi_b400", 1, "{\"EchoTime\": 0.06}" },
    };
    char *dir = hep_test_mkdir();
    struct hep_error e = { 0 };
    struct hep_inventory *inv;
    struct hep_volume *v = NULL;
    const struct hep_series *s;

    (void)state;
    study_write(dir, files, 5);
    inv = study_scan(dir, NULL);
    s = hep_inventory_find(inv, HEP_ROLE_DWI);
    assert_int_equal(s->nt, 4);
    assert_int_equal(s->n_paths, 4);
    assert_close(s->gradients.b_s_per_mm2[0], 0.0, 0.0, 0.0);
    assert_close(s->gradients.b_s_per_mm2[1], 50.0, 0.0, 0.0);
    assert_close(s->gradients.b_s_per_mm2[2], 400.0, 0.0, 0.0);
    assert_close(s->gradients.b_s_per_mm2[3], 800.0, 0.0, 0.0);
    assert_true(study_says(&s->reasons, "joined from 4 files"));
    assert_ok(hep_series_read(&v, s, &e), e);
    assert_int_equal(v->nt, 4);
    hep_volume_free(v);
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

/* One file per b-value, each with its .bval, as BIDS asks for; repeats of one b in one file stay
 * together. Another run, and a file whose b-values differ, are series of their own. */
static void test_single_b_files_with_bval(void **state)
{
    static const struct study_file files[] = {
        { "dwi/sub-1_acq-b800_dwi", 2, "{\"EchoTime\": 0.06}" },
        { "dwi/sub-1_acq-b800_dwi.bval", 0, "8.0e2 800\n" },
        { "dwi/sub-1_acq-b0_dwi", 1, "{\"EchoTime\": 0.06}" },
        { "dwi/sub-1_acq-b0_dwi.bval", 0, "0\n" },
        { "dwi/sub-1_acq-b50_dwi", 1, "{\"EchoTime\": 0.06}" },
        { "dwi/sub-1_acq-b50_dwi.bval", 0, "50\n" },
        { "dwi/sub-1_acq-two_dwi", 2, "{\"EchoTime\": 0.06}" },
        { "dwi/sub-1_acq-two_dwi.bval", 0, "0 400\n" },
    };
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;
    const struct hep_series *s;

    (void)state;
    study_write(dir, files, sizeof files / sizeof files[0]);
    inv = study_scan(dir, NULL);
    s = hep_inventory_find(inv, HEP_ROLE_DWI);
    assert_int_equal(s->n_paths, 3);
    assert_int_equal(s->gradients.n, 4);
    assert_close(s->gradients.b_s_per_mm2[0], 0.0, 0.0, 0.0);
    assert_close(s->gradients.b_s_per_mm2[1], 50.0, 0.0, 0.0);
    assert_close(s->gradients.b_s_per_mm2[3], 800.0, 0.0, 0.0);
    assert_int_equal(study_series(inv, "dwi/sub-1_acq-two_dwi")->nt, 2);
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

/* Echoes out of order in their names come in order of TE, and are read in that order. */
static void test_echoes_by_te(void **state)
{
    static const struct study_file files[] = {
        { "sub-1_echo-1_MEGRE", 1, "{\"EchoTime\": 0.0046, \"MagneticFieldStrength\": 1.5}" },
        { "sub-1_echo-2_MEGRE", 1, "{\"EchoTime\": 0.0023, \"MagneticFieldStrength\": 1.5}" },
        { "sub-1_echo-10_MEGRE", 1, "{\"EchoTime\": 0.0069, \"MagneticFieldStrength\": 1.5}" },
    };
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;
    const struct hep_series *s;

    (void)state;
    study_write(dir, files, 3);
    inv = study_scan(dir, NULL);
    s = hep_inventory_find(inv, HEP_ROLE_ECHOES);
    assert_int_equal(s->nt, 3);
    assert_close(s->frame[0].te_s, 0.0023, 0.0, 0.0);
    assert_close(s->frame[2].te_s, 0.0069, 0.0, 0.0);
    assert_true(hep_ends_with(s->path[0], "echo-2_MEGRE.nii.gz"));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

static void test_clock_times(void **state)
{
    static const struct study_file files[] = {
        { "study.yml", 0, "injection_time: \"23:59:30\"\n" },
        { "art", 1, "{\"AcquisitionTime\": \"0:0:3.5\"}" },
        { "pre", 1, "{\"AcquisitionTime\": \"23:57:30\"}" },
        { "pv_t30000", 1,
          "{\"SeriesDescription\": \"portal\", \"AcquisitionTime\": \"0:0:10\", "
          "\"TriggerDelayTime\": 30000}" },
        { "dyn", 3,
          "{\"SeriesDescription\": \"t1 dyn\", \"AcquisitionTime\": \"23:59:20\", "
          "\"FrameTimesStart\": [0, 40, 80]}" },
    };
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;
    const struct hep_series *s;

    (void)state;
    study_write(dir, files, 5);
    inv = study_scan(dir, NULL);
    s = hep_inventory_find(inv, HEP_ROLE_ARTERIAL); /* over midnight */
    assert_close(s->time_since_injection_s, 33.5, 1e-9, 0.0);
    assert_int_equal(s->time_source, HEP_TIME_CLOCK);
    assert_close(hep_inventory_find(inv, HEP_ROLE_PRECONTRAST)->time_since_injection_s, -120.0,
                 1e-9, 0.0);
    assert_close(hep_inventory_find(inv, HEP_ROLE_PORTAL_VENOUS)->time_since_injection_s, 70.0,
                 1e-9, 0.0);
    s = hep_inventory_find(inv, HEP_ROLE_DYNAMIC);
    assert_int_equal(s->time_source, HEP_TIME_FRAMES);
    assert_close(s->frame[0].time_s, -10.0, 1e-9, 0.0);
    assert_close(s->frame[2].time_s, 70.0, 1e-9, 0.0);
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

/* The start of the injection by the scanner: 10:20:00; a phase that began at 10:20:35 is arterial. */
static void test_injection_of_sidecars(void **state)
{
    static const struct study_file files[] = {
        { "a", 1,
          "{\"SeriesDescription\": \"t1 vibe\", \"AcquisitionTime\": \"10:20:35\", "
          "\"ContrastBolusStartTime\": \"102000\"}" },
        { "b", 1,
          "{\"SeriesDescription\": \"t1 vibe\", \"AcquisitionTime\": \"10:21:10\", "
          "\"ContrastBolusStartTime\": \"102000.5\"}" },
    };
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;

    (void)state;
    study_write(dir, files, 2);
    inv = study_scan(dir, NULL);
    assert_close(hep_inventory_find(inv, HEP_ROLE_ARTERIAL)->time_since_injection_s, 35.0, 0.0,
                 1e-9);
    assert_close(hep_inventory_find(inv, HEP_ROLE_PORTAL_VENOUS)->time_since_injection_s, 70.0, 0.0,
                 1e-9);
    hep_inventory_free(inv);
    study_write_text(dir, "study.yml",
                     "injection_time: \"10:20:10\"\n"); /* the user knows better */
    inv = study_scan(dir, NULL);
    assert_close(hep_inventory_find(inv, HEP_ROLE_ARTERIAL)->time_since_injection_s, 25.0, 0.0,
                 1e-9);
    hep_inventory_free(inv);
    study_write_text(dir, "study.yml", "{}\n");
    study_write_text(dir, "b.json",
                     "{\"SeriesDescription\": \"t1 vibe\", \"AcquisitionTime\": "
                     "\"10:21:10\", \"ContrastBolusStartTime\": \"101500\"}");
    inv = study_scan(dir, NULL);
    assert_true(isnan(inv->injection_time_s));
    assert_true(study_says(&inv->warnings, "different times of injection"));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

static void test_contradictions(void **state)
{
    static const struct study_file files[] = {
        { "art", 1, "{\"TimeSinceInjection\": 75, \"ContrastBolusAgent\": \"Primovist\"}" },
        { "pv", 1, "{\"TimeSinceInjection\": 35, \"ContrastBolusAgent\": \"Dotarem\"}" },
        { "opposed", 1, "{\"EchoTime\": 0.0023, \"MagneticFieldStrength\": 1.5}" },
        { "t2", 1, "{\"MagneticFieldStrength\": 3}" },
    };
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;

    (void)state;
    study_write(dir, files, 4);
    study_write_image(dir, "in_phase", 1, 6); /* another grid */
    study_write_text(dir, "in_phase.json",
                     "{\"EchoTime\": 0.0023, \"MagneticFieldStrength\": 1.5}");
    inv = study_scan(dir, NULL);
    assert_true(study_says(&inv->warnings,
                           "\"portal venous\" at 35 s does not come after \"arterial\" at 75 s"));
    assert_true(study_says(&inv->warnings, "different grids"));
    assert_true(study_says(&inv->warnings, "the same EchoTime, 2.3 ms"));
    assert_true(study_says(&inv->warnings, "1.5 T and at 3 T"));
    assert_true(study_says(&inv->warnings, "\"Primovist\" and \"Dotarem\""));
    assert_true(isnan(inv->field_t));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

static void test_odd_names(void **state)
{
    static const char name[] = "a b/\xc3\xa4 \"quote' #: [x] $(t)\n &<art>";
    char *dir = hep_test_mkdir();
    struct hep_error e = { 0 };
    struct hep_inventory *inv;
    struct hep_str table = { 0 };
    struct hep_volume *v = NULL;
    char *text = NULL, *sub = hep_path_join(dir, "odd study; rm -rf", NULL);
    struct hep_json *json = NULL;

    (void)state;
    study_write_image(sub, name, 1, 4);
    inv = study_scan(sub, NULL);
    assert_string_equal(inv->subject, "oddstudyrmrf");
    assert_int_equal(inv->series[0].role, HEP_ROLE_ARTERIAL);
    assert_ok(hep_series_read(&v, &inv->series[0], &e), e);
    hep_volume_free(v);
    assert_ok(hep_inventory_table(&table, inv, &e), e);
    assert_non_null(strstr(table.s, "$(t)? &<art>")); /* the newline is shown as '?' */
    hep_str_release(&table);
    assert_ok(hep_inventory_json(&json, inv, &e), e);
    assert_ok(hep_json_dump(&text, json, &e), e);
    assert_null(strstr(text, dir)); /* no path of this machine */
    free(text);
    hep_json_free(json);
    assert_ok(hep_inventory_write_study_yml(inv, false, &e), e);
    hep_inventory_free(inv);
    inv = study_scan(sub, NULL);
    assert_true(inv->series[0].given);
    assert_int_equal(inv->series[0].role, HEP_ROLE_ARTERIAL);
    hep_inventory_free(inv);
    free(sub);
    hep_test_rmdir(dir);
}

static void test_json(void **state)
{
    char *dir = write_bids();
    struct hep_error e = { 0 };
    struct hep_inventory *inv = study_scan(dir, NULL);
    struct hep_json *json = NULL;
    const struct hep_json *series;

    (void)state;
    assert_ok(hep_inventory_json(&json, inv, &e), e);
    series = hep_json_get(json, "series");
    assert_int_equal(hep_json_size(series), inv->n_series);
    assert_string_equal(hep_json_string(hep_json_get(json, "subject")), "01");
    for (size_t i = 0; i < hep_json_size(series); i++) {
        const struct hep_json *s = hep_json_at(series, i);

        assert_string_equal(hep_json_string(hep_json_get(s, "role")),
                            hep_role_name(inv->series[i].role));
        assert_true(hep_json_size(hep_json_get(s, "reasons")) > 0);
    }
    hep_json_free(json);
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

static void test_refusals(void **state)
{
    char *dir = hep_test_mkdir();
    struct hep_error e = { 0 };
    struct hep_inventory *inv = NULL;
    char *path;

    (void)state;
    assert_fails(hep_inventory_scan(&inv, dir, &e), e, HEP_EDATA, "holds no NIfTI file");
    path = hep_path_join(dir, "nowhere", NULL);
    assert_fails(hep_inventory_scan(&inv, path, &e), e, HEP_ENOENT, "nowhere");
    free(path);
    study_write_text(dir, "file.txt", "x");
    path = hep_path_join(dir, "file.txt", NULL);
    assert_fails(hep_inventory_scan(&inv, path, &e), e, HEP_EDATA, "is a file");
    free(path);
    study_write_text(dir, "broken.nii", "not an image at all");
    inv = study_scan(dir, NULL);
    assert_int_equal(inv->n_series, 1);
    assert_true(hep_starts_with(inv->series[0].left_out, "broken.nii: "));
    hep_inventory_free(inv);
    inv = NULL;
    study_write_text(dir, "study.yml", "others: ignore\n");
    assert_ok(hep_inventory_scan(&inv, dir, &e), e);
    assert_int_equal(inv->n_series, 0);
    hep_inventory_free(inv);
    inv = NULL;
    if (geteuid() != 0) { /* root reads everything */
        assert_int_equal(chmod(dir, 0), 0);
        assert_fails(hep_inventory_scan(&inv, dir, &e), e, HEP_EIO, dir);
        assert_int_equal(chmod(dir, 0700), 0);
    }
    assert_null(inv);
    hep_test_rmdir(dir);
}

/* A pipe costs itself, with one line that names it; what study.yml names must be readable. */
static void test_pipes(void **state)
{
    static const struct study_file files[] = { { "t2", 1, NULL },
                                               { "dwi", 2, NULL },
                                               { "dwi.bval", 0, "0 800\n" } };
    struct hep_error e = { 0 };
    struct hep_inventory *inv = NULL;
    char *dir = hep_test_mkdir(), *image = hep_path_join(dir, "x.nii.gz", NULL),
         *sidecar = hep_path_join(dir, "t2.json", NULL),
         *bval = hep_path_join(dir, "dwi.bval", NULL), *yml = hep_path_join(dir, "study.yml", NULL);

    (void)state;
    (void)alarm(20); /* a reader that waits for a writer is ended */
    assert_int_equal(mkfifo(image, 0600), 0);
    assert_fails(hep_inventory_scan(&inv, dir, &e), e, HEP_EDATA,
                 "holds no NIfTI file (.nii, .nii.gz): x.nii.gz is not a regular file");
    study_write(dir, files, 3);
    assert_int_equal(mkfifo(sidecar, 0600), 0);
    inv = study_scan(dir, NULL);
    assert_int_equal(inv->n_series, 2);
    assert_true(study_says(&inv->warnings, "x.nii.gz is not a regular file: left out"));
    assert_true(study_says(&inv->warnings, "left out: t2.json is not a regular file"));
    assert_int_equal(study_series(inv, "dwi")->gradients.n, 2);
    hep_inventory_free(inv);

    assert_int_equal(unlink(bval), 0);
    assert_int_equal(mkfifo(bval, 0600), 0);
    inv = study_scan(dir, NULL);
    assert_true(study_says(&inv->warnings, "left out: dwi.bval is not a regular file"));
    assert_int_equal(study_series(inv, "dwi")->gradients.n, 0);
    hep_inventory_free(inv);

    study_write_text(dir, "study.yml", "series:\n  - {path: x.nii.gz, role: t2}\n");
    assert_fails(hep_inventory_scan(&inv, dir, &e), e, HEP_EFORMAT,
                 "study.yml:2: \"x.nii.gz\" is not a regular file");
    assert_int_equal(unlink(yml), 0);
    assert_int_equal(mkfifo(yml, 0600), 0);
    assert_fails(hep_inventory_scan(&inv, dir, &e), e, HEP_EFORMAT,
                 "study.yml is not a regular file");
    (void)alarm(0);
    free(image);
    free(sidecar);
    free(bval);
    free(yml);
    hep_test_rmdir(dir);
}

static void test_broken_companions(void **state)
{
    char *dir = hep_test_mkdir();
    struct hep_inventory *inv;

    (void)state;
    study_write_image(dir, "dwi", 5, 4);
    study_write_text(dir, "dwi.bval", "0 50 100 400 800");
    study_write_text(dir, "dwi.json", "{\"EchoTime\": \"x\"}");
    inv = study_scan(dir, NULL);
    assert_true(study_says(&inv->warnings, "left out: dwi.json: EchoTime"));
    hep_inventory_free(inv);
    study_write_text(dir, "dwi.json", "{\"EchoTime\": 0.06, \"EchoTime\": 0.06}");
    inv = study_scan(dir, NULL);
    assert_true(hep_starts_with(study_series(inv, "dwi")->left_out, "dwi.json"));
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

static void test_several(void **state)
{
    char *dir = hep_test_mkdir();
    struct hep_error e = { 0 };
    struct hep_inventory *inv = NULL;

    (void)state;
    study_write_image(dir, "sub-01/ses-1/anat/sub-01_ses-1_T2w", 1, 4);
    study_write_image(dir, "sub-01/ses-2/anat/sub-01_ses-2_T2w", 1, 4);
    assert_fails(hep_inventory_scan(&inv, dir, &e), e, HEP_EDATA, "several sessions (ses-1, ses-2");
    study_write_image(dir, "sub-02/anat/sub-02_T2w", 1, 4);
    assert_fails(hep_inventory_scan(&inv, dir, &e), e, HEP_EDATA, "several subjects");
    hep_test_rmdir(dir);
}

/* Every allocation of a scan may fail; nothing leaks (under the sanitizers) and nothing is
 * returned. */
static void test_no_memory(void **state)
{
    char *dir = write_bids();
    struct hep_inventory *whole = study_scan(dir, NULL);
    bool done = false;

    (void)state;
    for (long n = 1; !done && n < 5000; n += n < 40 ? 1 : 7) {
        struct hep_error e = { 0 };
        struct hep_inventory *inv = NULL;
        int rc;

        hep_alloc_fail_at(n);
        rc = hep_inventory_scan(&inv, dir, &e);
        hep_alloc_fail_at(0);
        if (rc != HEP_OK) {
            assert_null(inv);
            assert_int_equal(e.code, rc);
        }
        for (int r = 0; rc == HEP_OK && r < HEP_ROLE_COUNT; r++)
            assert_int_equal(hep_inventory_find(inv, (enum hep_role)r) == NULL,
                             hep_inventory_find(whole, (enum hep_role)r) == NULL);
        done = rc == HEP_OK && n > 1000;
        hep_inventory_free(inv);
    }
    hep_inventory_free(whole);
    hep_test_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bids),
        cmocka_unit_test(test_runs_and_times),
        cmocka_unit_test(test_derivative_masks),
        cmocka_unit_test(test_single_b_files),
        cmocka_unit_test(test_single_b_files_with_bval),
        cmocka_unit_test(test_echoes_by_te),
        cmocka_unit_test(test_clock_times),
        cmocka_unit_test(test_injection_of_sidecars),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_odd_names),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_pipes),
        cmocka_unit_test(test_broken_companions),
        cmocka_unit_test(test_several),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
