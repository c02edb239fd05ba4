/* Descriptions of data sets: what each kind of mistake is answered with, and boxes of cases by hand. */
#include "support/support.h"

#include "base/file.h"
#include "base/text.h"
#include "datasets/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] =
    "name: x\ntitle: t\ncitation: c\nterms: u\nask: a\nstated: [s]\nunknown: u\nroots: [.]\n";
static const char with_boxes[] =
    "judged: [lesions]\nboxes: b.json\nimage: \"{case}/{study}/{series}.nii\"\n"
    "series: [{phase: P, role: arterial}]\n"
    "classes: [{value: 0, name: cyst, title: cyst, class: cyst}]\n";

struct bad_case {
    const char *name, *text, *part;
};
static struct bad_case bad_cases[] = {
    { "neither path nor phase", "judged: [liver]\nseries: [{role: t2}]\n",
      "series 1 needs either path or phase" },
    { "path and phase", "judged: [liver]\nseries: [{role: t2, path: a, phase: P}]\n",
      "series 1 needs either path or phase" },
    { "a phase without boxes", "judged: [liver]\nseries: [{role: t2, phase: P}]\n",
      "series 1 has a phase, and the set has no file of boxes" },
    { "boxes and a path",
      "judged: [liver]\nboxes: b.json\nimage: i\nseries: [{role: t2, phase: P}, {role: t2, path: "
      "a}]\n",
      "series 2 has a path, and the set has a file of boxes" },
    { "boxes without an image", "judged: [liver]\nboxes: b.json\nseries: [{role: t2, phase: P}]\n",
      "boxes and image go together" },
    { "unknown role", "judged: [liver]\nseries: [{role: artrial, path: a}]\n",
      "did you mean 'arterial'" },
    { "a role that is a list", "judged: [liver]\nseries: [{role: [t2], path: a}]\n",
      "role must be" },
    { "what is judged", "judged: [livr]\nseries: [{role: t2, path: a}]\n", "did you mean 'liver'" },
    { "unknown class",
      "judged: [liver]\nseries: [{role: t2, path: a}]\nclasses: [{name: n, title: t, class: "
      "cist}]\n",
      "'cist' is no class of a lesion, nor 'withheld'" },
    { "no series", "judged: [liver]\n", "series" },
};

static void write_text(const char *dir, const char *name, const char *first, const char *then)
{
    struct hep_error e = { 0 };
    char *path = hep_path_join(dir, name, &e), *text = hep_asprintf(&e, "%s%s", first, then);

    assert_non_null(path);
    assert_non_null(text);
    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    free(path);
    free(text);
}

static void read_set(struct hep_set *set, const char *dir, const char *text, int *rc,
                     struct hep_error *e)
{
    char *path;

    write_text(dir, "set.yml", head, text);
    path = hep_path_join(dir, "set.yml", e);
    assert_non_null(path);
    *rc = hep_set_read(set, path, e);
    free(path);
}

static void test_bad(void **state)
{
    const struct bad_case *c = *state;
    struct hep_error e = { 0 };
    struct hep_set set = { 0 };
    char *dir = hep_test_mkdir();
    int rc;

    read_set(&set, dir, c->text, &rc, &e);
    assert_fails(rc, e, HEP_ECONFIG, c->part);
    hep_set_release(&set);
    hep_test_rmdir(dir);
}

/* One patient, one series, and one lesion of the given JSON; its image is there. */
struct box_case {
    const char *name, *lesion, *part; /* part NULL: it is read */
};
static struct box_case box_cases[] = {
    { "a box",
      "\"3\": {\"category\": 0, \"bbox\": {\"3D_box\": {\"x_min\": 1, \"y_min\": 2, \"z_min\": 3, "
      "\"x_max\": 4, \"y_max\": \"5\", \"z_max\": 6}}}",
      NULL },
    { "a corner that is missing",
      "\"3\": {\"category\": 0, \"bbox\": {\"3D_box\": {\"x_min\": 1, \"y_min\": 2, \"z_min\": 3, "
      "\"x_max\": 4, "
      "\"z_max\": 6}}}",
      "no box with y_min and y_max" },
    { "corners in the wrong order",
      "\"3\": {\"category\": 0, \"bbox\": {\"3D_box\": {\"x_min\": 5, \"y_min\": 2, \"z_min\": 3, "
      "\"x_max\": 4, "
      "\"y_max\": 5, \"z_max\": 6}}}",
      "no box with x_min and x_max" },
    { "a class that the set has not", "\"3\": {\"category\": 7}", "category 7 is none of x" },
    { "a lesion without a number", "\"a\": {\"category\": 0}", "lesion 'a': a number is wanted" },
};

static void test_boxes(void **state)
{
    const struct box_case *c = *state;
    struct hep_error e = { 0 };
    struct hep_set set = { 0 };
    struct hep_cases cases = { 0 };
    char *dir = hep_test_mkdir(), *json = NULL;
    int rc;

    read_set(&set, dir, with_boxes, &rc, &e);
    assert_ok(rc, e);
    json =
        hep_asprintf(&e,
                     "{\"Annotation_info\": {\"p\": [{\"studyUID\": \"s\", \"seriesUID\": \"i\", "
                     "\"phase\": \"P\", \"pixel_spacing\": [1.5, \"2\"], \"slice_thickness\": 3, "
                     "\"annotation\": {\"lesion\": {%s}}}]}}",
                     c->lesion);
    assert_non_null(json);
    write_text(dir, "b.json", json, "");
    free(json);
    json = hep_path_join(dir, "p/s", &e);
    assert_non_null(json);
    assert_ok(hep_mkdir_p(json, &e), e);
    write_text(json, "i.nii", "x", "");
    free(json);
    rc = hep_cases_find(&cases, &set, dir, &e);
    if (c->part != NULL) {
        assert_fails(rc, e, HEP_EDATASET, c->part);
    } else {
        assert_ok(rc, e);
        assert_int_equal(cases.n, 1);
        assert_string_equal(cases.list[0].name, "p");
        assert_int_equal(cases.list[0].n_lesions, 1);
        assert_int_equal(cases.list[0].lesion[0].index, 3);
        assert_close(cases.list[0].series[0].spacing_mm[1], 2.0, 0.0, 0.0);
        /* The last slice belongs to the box (preprocess/crop_roi.py of the challenge). */
        assert_close(cases.list[0].box[0].low[2], 3.0, 0.0, 0.0);
        assert_close(cases.list[0].box[0].high[1], 5.0, 0.0, 0.0);
        assert_close(cases.list[0].box[0].high[2], 7.0, 0.0, 0.0);
    }
    hep_cases_release(&cases);
    hep_set_release(&set);
    hep_test_rmdir(dir);
}

#define N_BAD (sizeof bad_cases / sizeof bad_cases[0])
#define N_BOXES (sizeof box_cases / sizeof box_cases[0])

int main(void)
{
    struct CMUnitTest tests[N_BAD + N_BOXES];

    for (size_t i = 0; i < N_BAD; i++)
        tests[i] = (struct CMUnitTest){ .name = bad_cases[i].name,
                                        .test_func = test_bad,
                                        .initial_state = &bad_cases[i] };
    for (size_t i = 0; i < N_BOXES; i++)
        tests[N_BAD + i] = (struct CMUnitTest){ .name = box_cases[i].name,
                                                .test_func = test_boxes,
                                                .initial_state = &box_cases[i] };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
