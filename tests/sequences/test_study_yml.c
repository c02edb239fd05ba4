/* study.yml: what it may say, what it may not, and that it overrides everything. */
#include "sequences/study_files.h"

#include "sequences/study_yml.h"

#include <math.h>

struct bad_case {
    const char *name, *text, *part;
};
static const struct bad_case bad_cases[] = {
    { "unknown key", "agnet: gadoxetate\n",
      "f.yml:1:1: unknown key 'agnet'; did you mean 'agent'?" },
    { "unknown key far from all", "colour: blue\n", "known are agent, injection_time" },
    { "unknown key of a series", "series:\n  - path: a.nii\n    rol: t2\n",
      "f.yml:3:5: unknown key 'rol'; did you mean 'role'?" },
    { "unknown role", "series:\n  - {path: a.nii, role: artrial}\n", "did you mean 'arterial'" },
    { "no role", "series:\n  - {path: a.nii}\n", "\"a.nii\" has no role" },
    { "no path", "series:\n  - {role: t2}\n", "has no path" },
    { "path outside", "series:\n  - {path: ../a.nii, role: t2}\n", "leaves the study" },
    { "path outside, deeper", "series:\n  - {path: b/../../a.nii, role: t2}\n",
      "leaves the study" },
    { "absolute path", "series:\n  - {path: /etc/passwd, role: t2}\n", "leaves the study" },
    { "absolute mask", "liver_mask: /m.nii\n", "leaves the study" },
    { "series is no list", "series: {a: 1}\n", "series must be a list, not a block of keys" },
    { "number with trailing text", "field_t: 3T\n", "f.yml:1:10" },
    { "field out of range", "field_t: 300\n", "field_t is 300, allowed are 0.01 to 25" },
    { "TE in ms", "series:\n  - {path: a.nii, role: echoes, te_s: [1.1, 2.3]}\n",
      "te_s is 1.1, allowed are 1e-06 to 1" },
    { "flip angle", "series:\n  - {path: a.nii, role: t2, flip_deg: 400}\n",
      "flip_deg is 400, allowed are 0.01 to 180" },
    { "negative b", "series:\n  - {path: a.nii, role: dwi, b_values: [0, -50]}\n",
      "b_values is -50, allowed are 0 to 100000" },
    { "clock", "injection_time: noon\n", "\"noon\" is not a time of day" },
    { "others", "others: some\n", "unknown others 'some'; known are auto, ignore" },
    { "backward range", "series:\n  - {path: a.nii, role: arterial, volumes: 15-13}\n",
      "\"15-13\" is not a volume" },
    { "negative volume", "series:\n  - {path: a.nii, role: arterial, volumes: [-1]}\n",
      "\"-1\" is not a volume" },
    { "empty volumes", "series:\n  - {path: a.nii, role: arterial, volumes: []}\n",
      "volumes must be a list of 1 to 100000 entries, not 0" },
    { "volumes of two files", "series:\n  - {path: [a.nii, b.nii], role: arterial, volumes: 1}\n",
      "one file only" },
    { "two times",
      "series:\n  - {path: a.nii, role: arterial, frame_times_s: [1], time_since_injection_s: 3}\n",
      "not both" },
    { "injection without times", "series:\n  - {path: a.nii, role: arterial, injection_s: 3}\n",
      "needs frame_times_s" },
    { "label of a series", "series:\n  - {path: a.nii, role: t2, label: 5}\n",
      "resection_mask only" },
    { "names of a mask", "liver_mask: {path: a.nii, names: {liver: 5}}\n", "role labels only" },
    { "label not whole", "liver_mask: {path: a.nii, label: 1.5}\n", "not a whole number" },
    { "label zero", "liver_mask: {path: a.nii, label: 0}\n", "label is 0, allowed are 1 to 1e+09" },
    { "role of the mask", "liver_mask: {path: a.nii, role: t2}\n",
      "the role here is liver_mask already" },
    { "repeated key", "agent: a\nagent: b\n", "f.yml" },
    { "alias", "agent: &x a\nseries: [*x]\n", "f.yml" },
    { "not YAML", "series: [\n", "f.yml" },
    { "a list", "- a\n", "the file must be a block of keys, not a list" },
    { "empty path", "series:\n  - {path: \"\", role: t2}\n",
      "path must be a text of 1 to 500 characters" },
};

static void test_bad(void **state)
{
    const struct bad_case *c = *state;
    struct hep_error e = { 0 };
    struct hep_study_yml *s = NULL;

    assert_fails(hep_study_yml_parse(&s, c->text, strlen(c->text), "f.yml", &e), e, HEP_ECONFIG,
                 c->part);
    assert_null(s);
}

static void test_full(void **state)
{
    static const char text[] =
        "agent: Primovist\ninjection_time: 10:01:30\nfield_t: 2.89\nothers: ignore\n"
        "series:\n"
        "  - path: [e2.nii, e1.nii]\n    role: echoes\n    te_s: [0.0023, 0.0012]\n"
        "    tr_s: 0.004\n    flip_deg: 90\n    field_t: 1.5\n"
        "  - path: d.nii\n    role: arterial\n    volumes: [13-15, 20]\n"
        "    frame_times_s: t.txt\n    injection_s: 34.6\n"
        "  - {path: dwi.nii, role: dwi, b_values: x.bval}\n"
        "liver_mask: {path: m.nii, label: 5}\n"
        "resection_mask: {path: cut.nii, label: 2}\n"
        "labels: {path: rois.nii.gz, names: {liver: 2, spleen: 4}}\n";
    struct hep_error e = { 0 };
    struct hep_study_yml *s = NULL;

    (void)state;
    assert_ok(hep_study_yml_parse(&s, text, strlen(text), "f.yml", &e), e);
    assert_string_equal(s->agent, "Primovist");
    assert_close(s->injection_time_s, 36090.0, 0.0, 0.0);
    assert_close(s->field_t, 2.89, 0.0, 0.0);
    assert_true(s->ignore_others);
    assert_int_equal(s->n_entries, 6);
    assert_int_equal(s->entry[0].n_paths, 2);
    assert_close(s->entry[0].te_s.value[1], 0.0012, 0.0, 0.0);
    assert_close(s->entry[0].flip_rad, 1.5707963267948966, 1e-15, 0.0);
    assert_close(s->entry[0].field_t, 1.5, 0.0, 0.0);
    assert_int_equal(s->entry[1].n_volumes, 4);
    assert_int_equal(s->entry[1].volume[2], 15);
    assert_int_equal(s->entry[1].volume[3], 20);
    assert_string_equal(s->entry[1].times_path, "t.txt");
    assert_string_equal(s->entry[2].bval_path, "x.bval");
    assert_int_equal(s->entry[3].role, HEP_ROLE_LIVER_MASK);
    assert_int_equal(s->entry[3].label, 5);
    assert_int_equal(s->entry[4].role, HEP_ROLE_RESECTION_MASK);
    assert_int_equal(s->entry[4].label, 2);
    assert_int_equal(s->entry[5].role, HEP_ROLE_LABELS);
    assert_string_equal(s->entry[5].label_name[1], "spleen");
    assert_int_equal(s->entry[5].label_value[1], 4);
    hep_study_yml_free(s);
    assert_ok(hep_study_yml_parse(&s, "", 0, "f.yml", &e), e);
    assert_int_equal(s->n_entries, 0);
    hep_study_yml_free(s);
    hep_study_yml_free(NULL);
}

static struct hep_inventory *scan(const char *dir)
{
    struct hep_error e = { 0 };
    struct hep_inventory *inv = NULL;

    assert_ok(hep_inventory_scan(&inv, dir, &e), e);
    return inv;
}

/* A dynamic of 8 volumes, 5 s apart, injected at 12 s: volume 5 at 25 s is 13 s after injection. */
static void test_dynamic_by_time(void **state)
{
    static const char yml[] = "agent: extracellular\nseries:\n"
                              "  - {path: dyn.nii.gz, role: precontrast, volumes: 0-1, "
                              "frame_times_s: t.txt, injection_s: 12}\n"
                              "  - {path: dyn.nii.gz, role: arterial, volumes: [5, 6], "
                              "frame_times_s: t.txt, injection_s: 12}\n"
                              "  - {path: dyn.nii.gz, role: dynamic, frame_times_s: [0, 5, 10, 15, "
                              "20, 25, 30, 35], injection_s: 12}\n";
    char *dir = hep_test_mkdir();
    struct hep_error e = { 0 };
    struct hep_inventory *inv;
    struct hep_volume *v = NULL;
    const struct hep_series *s;

    (void)state;
    study_write_image(dir, "dyn", 8, 4);
    study_write_text(dir, "t.txt", "0\n5\n10\n15\n20\n25\n30\n35\n");
    study_write_text(dir, "study.yml", yml);
    inv = scan(dir);
    assert_int_equal(inv->n_series, 3);
    s = hep_inventory_find(inv, HEP_ROLE_ARTERIAL);
    assert_int_equal(s->nt, 2);
    assert_close(s->frame[0].time_s, 13.0, 1e-12, 0.0);
    assert_close(s->time_since_injection_s, 15.5, 1e-12, 0.0);
    assert_int_equal(s->time_source, HEP_TIME_FRAMES);
    assert_ok(hep_series_read(&v, s, &e), e);
    assert_int_equal(v->nt, 2);
    assert_close(hep_volume_at(v, 1)[3], 16.0, 0.0, 0.0); /* volume 6 holds 10 + 6 */
    hep_volume_free(v);
    assert_close(hep_inventory_find(inv, HEP_ROLE_PRECONTRAST)->time_since_injection_s, -9.5, 1e-12,
                 0.0);
    s = hep_inventory_find(inv, HEP_ROLE_DYNAMIC);
    assert_int_equal(s->nt, 8);
    assert_close(s->frame[7].time_s, 23.0, 1e-12, 0.0);
    assert_string_equal(inv->agent_text, "extracellular");
    assert_string_equal(inv->agent_source, "study.yml");
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

/* Everything the files say is wrong, and study.yml says what is right. */
static void test_overrides(void **state)
{
    static const char yml[] =
        "field_t: 1.5\nseries:\n"
        "  - {path: ./arterial.nii.gz, role: t2}\n"
        "  - {path: b.nii.gz, role: in_phase, te_s: 0.0046, flip_deg: 10, tr_s: 0.0065}\n"
        "  - {path: t2.nii.gz, role: unknown}\n"
        "  - {path: dwi.nii.gz, role: dwi, b_values: [0, 50, 800]}\n"
        "  - {path: [x2.nii.gz, x1.nii.gz, x3.nii.gz], role: echoes, te_s: [0.004, 0.002, 0.006]}\n"
        "liver_mask: {path: seg.nii.gz, label: 6}\n";
    char *dir = hep_test_mkdir();
    struct hep_error e = { 0 };
    struct hep_inventory *inv;
    struct hep_labels *mask = NULL;
    const struct hep_series *s;

    (void)state;
    for (size_t i = 0; i < 6; i++)
        study_write_image(dir, (const char *[]){ "arterial", "b", "t2", "x1", "x2", "x3" }[i], 1,
                          4);
    study_write_image(dir, "dwi", 3, 4);
    study_write_image(dir, "hbp", 1, 4);
    study_write_text(dir, "dwi.bval", "1 2"); /* wrong, and not asked */
    study_write_text(dir, "b.json",
                     "{\"ImageType\": [\"OPP\", \"PHASE\"], \"EchoTime\": 0.0023, "
                     "\"MagneticFieldStrength\": 3}");
    study_write_labels(dir, "seg", 6);
    study_write_text(dir, "study.yml", yml);
    inv = scan(dir);
    assert_string_equal(hep_inventory_find(inv, HEP_ROLE_T2)->name, "arterial.nii.gz");
    assert_null(hep_inventory_find(inv, HEP_ROLE_ARTERIAL));
    s = hep_inventory_find(inv, HEP_ROLE_IN_PHASE);
    assert_close(s->acquisition.te_s, 0.0046, 0.0, 0.0);
    assert_close(s->frame[0].te_s, 0.0046, 0.0, 0.0);
    assert_close(s->acquisition.field_t, 1.5, 0.0, 0.0);
    assert_close(s->acquisition.flip_rad, 0.17453292519943295, 1e-15, 0.0);
    assert_close(hep_inventory_find(inv, HEP_ROLE_DWI)->gradients.b_s_per_mm2[2], 800.0, 0.0, 0.0);
    s = hep_inventory_find(inv, HEP_ROLE_ECHOES);
    assert_close(s->frame[0].te_s, 0.002, 0.0, 0.0);
    assert_true(hep_ends_with(s->path[s->frame[0].path], "x1.nii.gz"));
    s = hep_inventory_find(inv, HEP_ROLE_HEPATOBILIARY); /* not listed: scored as ever */
    assert_false(s->given);
    assert_ok(hep_series_read_labels(&mask, hep_inventory_find(inv, HEP_ROLE_LIVER_MASK), &e), e);
    assert_int_equal(hep_labels_count(mask, 1), 1); /* only value 6, not the 1 beside it */
    hep_labels_free(mask);
    hep_inventory_free(inv);
    hep_test_rmdir(dir);
}

struct apply_case {
    const char *name, *yml;
    enum hep_status want;
    const char *part;
};
static const struct apply_case apply_cases[] = {
    { "file missing", "series:\n  - {path: none.nii.gz, role: t2}\n", HEP_ENOENT,
      "study.yml:2: \"none.nii.gz\"" },
    { "mask missing", "liver_mask: m.nii.gz\n", HEP_ENOENT, "\"m.nii.gz\" is not there" },
    { "times missing", "series:\n  - {path: d.nii.gz, role: dynamic, frame_times_s: t.txt}\n",
      HEP_ENOENT, "t.txt" },
    { "times of another count",
      "series:\n  - {path: d.nii.gz, role: dynamic, frame_times_s: [1, 2, 3]}\n", HEP_ECONFIG,
      "frame_times_s has 3 values for 4 volumes" },
    { "b-values of another count", "series:\n  - {path: d.nii.gz, role: dwi, b_values: [0, 50]}\n",
      HEP_ECONFIG, "b_values has 2 values for 4 volumes" },
    { "echo times of another count",
      "series:\n  - {path: d.nii.gz, role: echoes, te_s: [0.001, 0.002]}\n", HEP_ECONFIG,
      "te_s has 2 values for 4 volumes" },
    { "volume past the end", "series:\n  - {path: d.nii.gz, role: arterial, volumes: 4}\n",
      HEP_ECONFIG, "volume 4 of \"d.nii.gz\", which has 0 to 3" },
    { "times file with text",
      "series:\n  - {path: d.nii.gz, role: dynamic, frame_times_s: bad.txt}\n", HEP_EFORMAT,
      "bad.txt: time 2" },
    { "key typed wrong", "serie: []\n", HEP_ECONFIG, "study.yml:1:1" },
};

static void test_apply(void **state)
{
    const struct apply_case *c = *state;
    char *dir = hep_test_mkdir();
    struct hep_error e = { 0 };
    struct hep_inventory *inv = NULL;

    study_write_image(dir, "d", 4, 4);
    study_write_text(dir, "bad.txt", "1 x 3 4");
    study_write_text(dir, "study.yml", c->yml);
    assert_fails(hep_inventory_scan(&inv, dir, &e), e, c->want, c->part);
    assert_null(inv);
    hep_test_rmdir(dir);
}

/* b-values that cannot be used cost the series, also when study.yml names them. */
static void test_left_out(void **state)
{
    static const char *const cases[][2] = {
        { "b.txt", "b.txt: 2 b-values for 4 volumes" },
        { "unit.txt", "unit.txt: b-values 0 0.05 0.4 0.8: " },
        { "[0, 0.05, 0.4, 0.8]", "d.nii.gz: b-values 0 0.05 0.4 0.8: " },
    };
    char *dir = hep_test_mkdir();

    (void)state;
    study_write_image(dir, "d", 4, 4);
    study_write_text(dir, "b.txt", "0 50");
    study_write_text(dir, "unit.txt", "0 0.05 0.4 0.8");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *yml = hep_asprintf(NULL, "series:\n  - {path: d.nii.gz, role: dwi, b_values: %s}\n",
                                 cases[i][0]);
        struct hep_inventory *inv;

        study_write_text(dir, "study.yml", yml);
        inv = scan(dir);
        assert_null(hep_inventory_find(inv, HEP_ROLE_DWI));
        assert_true(hep_starts_with(hep_inventory_left_out(inv, HEP_ROLE_DWI), cases[i][1]));
        hep_inventory_free(inv);
        free(yml);
    }
    hep_test_rmdir(dir);
}

static void assert_same(const struct hep_inventory *a, const struct hep_inventory *b)
{
    for (int r = HEP_ROLE_OPPOSED; r < HEP_ROLE_COUNT; r++) {
        const struct hep_series *p = hep_inventory_find(a, (enum hep_role)r);
        const struct hep_series *q = hep_inventory_find(b, (enum hep_role)r);

        assert_int_equal(p == NULL, q == NULL);
        if (p == NULL || q == NULL)
            continue;
        assert_string_equal(p->name, q->name);
        assert_int_equal(p->nt, q->nt);
        assert_close(p->time_since_injection_s, q->time_since_injection_s, 1e-8, 0.0);
        assert_int_equal(p->gradients.n, q->gradients.n);
        for (size_t t = 0; t < p->nt; t++) {
            assert_int_equal(p->frame[t].volume, q->frame[t].volume);
            assert_close(p->frame[t].te_s, q->frame[t].te_s, 1e-8, 0.0);
            assert_close(p->frame[t].b_s_per_mm2, q->frame[t].b_s_per_mm2, 1e-8, 0.0);
            assert_close(p->frame[t].time_s, q->frame[t].time_s, 1e-8, 0.0);
        }
        assert_int_equal(p->label, q->label);
        assert_int_equal(p->n_labels, q->n_labels);
    }
}

/* Written, read, written again by force: the same study each time. */
static void test_round_trip(void **state)
{
    static const char yml[] =
        "agent: 'Primovist \"10 ml\"'\ninjection_time: \"09:59:59.5\"\nfield_t: 2.89\nothers: "
        "ignore\nseries:\n"
        "  - {path: d.nii.gz, role: arterial, volumes: 1-2, frame_times_s: [0, 10, 20, 30], "
        "injection_s: 5}\n"
        "  - {path: dwi.nii.gz, role: dwi, b_values: [0, 5, 50, 800]}\n"
        "  - {path: pv.nii.gz, role: portal_venous, time_since_injection_s: 70}\n"
        "  - {path: [e3.nii.gz, e1.nii.gz, e2.nii.gz], role: echoes, te_s: [0.0036, 0.0012, "
        "0.0024]}\n"
        "labels: {path: rois.nii.gz, names: {liver: 2, spleen: 4}}\n"
        "liver_mask: {path: m.nii.gz, label: 6}\n";
    char *dir = hep_test_mkdir();
    struct hep_error e = { 0 };
    struct hep_inventory *first, *second, *third;

    (void)state;
    for (size_t i = 0; i < 6; i++)
        study_write_image(dir, (const char *[]){ "pv", "e1", "e2", "e3", "pre", "junk" }[i], 1, 4);
    study_write_image(dir, "d", 4, 4);
    study_write_image(dir, "dwi", 4, 4);
    study_write_text(dir, "pre.json", "{\"AcquisitionTime\": \"9:58:0\"}");
    study_write_labels(dir, "rois", 2);
    study_write_labels(dir, "m", 6);
    study_write_text(dir, "study.yml", yml);
    first = scan(dir);
    assert_fails(hep_inventory_write_study_yml(first, false, &e), e, HEP_ECREAT, "study.yml");
    assert_ok(hep_inventory_write_study_yml(first, true, &e), e);
    second = scan(dir);
    assert_same(first, second);
    assert_string_equal(second->agent_text, "Primovist \"10 ml\"");
    assert_close(second->injection_time_s, first->injection_time_s, 1e-12, 0.0);
    assert_ok(hep_inventory_write_study_yml(second, true, &e), e);
    third = scan(dir);
    assert_same(first, third);
    assert_int_equal(hep_inventory_find(third, HEP_ROLE_LIVER_MASK)->label, 6);
    assert_int_equal(first->n_series, 6); /* pre and junk are neither listed nor looked at */
    assert_int_equal(third->n_series, 6);
    hep_inventory_free(first);
    hep_inventory_free(second);
    hep_inventory_free(third);
    hep_test_rmdir(dir);
}

int main(void)
{
    enum {
        N = sizeof bad_cases / sizeof bad_cases[0],
        M = sizeof apply_cases / sizeof apply_cases[0]
    };
    struct CMUnitTest tests[N + M + 5] = {
        cmocka_unit_test(test_full),      cmocka_unit_test(test_dynamic_by_time),
        cmocka_unit_test(test_overrides), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_left_out),
    };

    for (size_t i = 0; i < N; i++)
        tests[5 + i] = (struct CMUnitTest){ .name = bad_cases[i].name,
                                            .test_func = test_bad,
                                            .initial_state = (void *)(uintptr_t)&bad_cases[i] };
    for (size_t i = 0; i < M; i++)
        tests[5 + N + i] =
            (struct CMUnitTest){ .name = apply_cases[i].name,
                                 .test_func = test_apply,
                                 .initial_state = (void *)(uintptr_t)&apply_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
