/* Files of readers on a grid of 6 x 5 x 4: what is taken over, and what is refused in one line. */
#include "support/support.h"

#include "base/file.h"
#include "base/gz.h"
#include "base/text.h"
#include "image/nifti.h"
#include "report/html.h"
#include "review/answers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct {
    char *folder, *path;
    struct hep_grid grid;
    struct hep_finding found[2];
    struct hep_findings findings;
    struct hep_str drawing,
        elsewhere; /* lesion 2 in one voxel, lesion 9 in two; the same on another grid */
} s;

static void add_drawing(struct hep_str *out, const struct hep_grid *grid)
{
    char *file = hep_path_join(s.folder, "map.nii", NULL), *bytes = NULL;
    struct hep_labels *l = NULL;
    unsigned char *gz = NULL;
    size_t n = 0, n_gz = 0;

    assert_int_equal(hep_labels_new(&l, grid, NULL), HEP_OK);
    l->data[7] = 2;
    l->data[8] = l->data[9] = 9;
    assert_int_equal(hep_nifti_write_labels(file, l, NULL, NULL), HEP_OK);
    assert_int_equal(hep_file_read(&bytes, &n, file, 1U << 20, NULL), HEP_OK);
    assert_int_equal(hep_gz_deflate(&gz, &n_gz, bytes, n, 6, 1, NULL), HEP_OK);
    hep_html_base64(out, gz, n_gz);
    hep_labels_free(l);
    free(file);
    free(bytes);
    free(gz);
}

static int setup(void **state)
{
    struct hep_grid moved;

    (void)state;
    s.folder = hep_test_mkdir();
    s.path = hep_path_join(s.folder, "review.json", NULL);
    s.grid = hep_test_grid(6, 5, 4, 2.0, 2.0, 3.0);
    s.found[0].id = 1;
    s.found[1].id = 2;
    s.findings = (struct hep_findings){ s.found, 2 };
    moved = s.grid;
    moved.to_world[0][3] += 1.0;
    add_drawing(&s.drawing, &s.grid);
    add_drawing(&s.elsewhere, &moved);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    hep_str_release(&s.drawing);
    hep_str_release(&s.elsewhere);
    free(s.path);
    hep_test_rmdir(s.folder);
    return 0;
}

#define HEAD                                                                                       \
    "{\"format\": \"hepar-review\", \"format_version\": 1, \"study\": \"sub-01\", "                \
    "\"version\": \"0.2.0\", \"labels_sha256\": \"abc\", \"reader\": \"R1\", "
#define LESIONS                                                                                    \
    "\"lesions\": [{\"id\": 1, \"origin\": \"found\", \"decision\": \"reject\"}, {\"id\": 2, "     \
    "\"origin\": \"found\", \"decision\": \"accept\", \"class\": \"cyst\", \"confidence\": 5, "    \
    "\"flags\": {\"fat\": \"cannot_say\"}, \"seconds\": 3.5, \"comment\": \"</script>\"}"
#define NINE ", {\"id\": 9, \"origin\": \"added\"}"

static int read_text(struct hep_answers *a, const char *text, struct hep_error *err)
{
    const struct hep_answers_of of = { "sub-01", "0.2.0", "abc", &s.grid, &s.findings, s.folder };

    assert_int_equal(hep_file_write(s.path, text, strlen(text), NULL), HEP_OK);
    return hep_answers_read(a, s.path, &of, err);
}

static void test_taken(void **state)
{
    char *text =
        hep_asprintf(NULL, "%s%s%s], \"drawing\": {\"lesions\": \"%s\", \"liver\": null}}",
                     HEAD "\"blind\": true, \"liver\": \"wrong\", ", LESIONS, NINE, s.drawing.s);
    struct hep_answers a = { 0 };
    struct hep_error e = { 0 };
    const struct hep_answer *two;

    (void)state;
    assert_ok(read_text(&a, text, &e), e);
    assert_true(a.n == 3 && a.blind && a.liver_mask == NULL);
    assert_string_equal(a.liver, "wrong");
    two = hep_answer_of(&a, 2);
    assert_true(two->decision == HEP_ACCEPTED && two->lesion_class == HEP_CLASS_CYST &&
                two->confidence == 5 && two->flag[HEP_FLAG_FAT] == HEP_REPLY_CANNOT_SAY &&
                two->flag[HEP_FLAG_WASHOUT] == HEP_NO_REPLY);
    assert_string_equal(two->comment, "</script>");
    assert_close(two->seconds, 3.5, 0.0, 0.0);
    assert_true(hep_answer_of(&a, 9)->added && isnan(hep_answer_of(&a, 9)->seconds));
    assert_true(a.lesions->data[7] == 2 && a.lesions->data[9] == 9);
    hep_answers_release(&a);
    free(text);
}

struct refusal {
    const char *name, *text;
    enum hep_status code;
    const char *part;
};
static const struct refusal refusals[] = {
    { "damaged", "{\"format\": \"hepar-re", HEP_EFORMAT, "review.json" },
    { "another file", "{\"lesions\": []}", HEP_EFORMAT, "not a file that the page" },
    { "another version of the form", "{\"format\": \"hepar-review\", \"format_version\": 2}",
      HEP_EFORMAT, "format_version 2, this program reads 1" },
    { "another study",
      "{\"format\": \"hepar-review\", \"format_version\": 1, \"study\": \"sub-02\"}", HEP_EDATA,
      "of the study sub-02, the result is of sub-01" },
    { "another result",
      "{\"format\": \"hepar-review\", \"format_version\": 1, \"study\": \"sub-01\", \"version\": "
      "\"0.2.0\", \"labels_sha256\": \"def\"}",
      HEP_EDATA, "SHA-256 def, the result is of abc" },
    { "a person's name",
      "{\"format\": \"hepar-review\", \"format_version\": 1, \"study\": \"sub-01\", \"version\": "
      "\"0.2.0\", \"labels_sha256\": \"abc\", \"reader\": \"Anna Z\", \"lesions\": []}",
      HEP_EUSAGE, "letters and digits only" },
    { "no list", HEAD "\"lesions\": {}}", HEP_EFORMAT, "no list of lesions" },
    { "a lesion twice", HEAD LESIONS ", {\"id\": 2, \"origin\": \"found\"}]}", HEP_EFORMAT,
      "lesion 2: an id is" },
    { "half a lesion", HEAD "\"lesions\": [{\"id\": 1.5}]}", HEP_EFORMAT, "lesion 1.5: an id is" },
    { "an unknown lesion", HEAD "\"lesions\": [{\"id\": 3, \"origin\": \"found\"}]}", HEP_EDATA,
      "lesion 3: is not in the result" },
    { "a new lesion that is old", HEAD "\"lesions\": [{\"id\": 2, \"origin\": \"added\"}]}",
      HEP_EDATA, "lesion 2: is called new" },
    { "an unknown decision", HEAD "\"lesions\": [{\"id\": 2, \"decision\": \"maybe\"}]}",
      HEP_EFORMAT, "decision 'maybe' is not known" },
    { "an unknown class", HEAD "\"lesions\": [{\"id\": 2, \"class\": \"hcc\"}]}", HEP_EFORMAT,
      "class 'hcc' is not known" },
    { "an unknown flag", HEAD "\"lesions\": [{\"id\": 2, \"flags\": {\"ring\": \"present\"}}]}",
      HEP_EFORMAT, "flag 'ring' is not known" },
    { "an unknown answer", HEAD "\"lesions\": [{\"id\": 2, \"flags\": {\"fat\": \"yes\"}}]}",
      HEP_EFORMAT, "fat 'yes' is not known" },
    { "a sixth step", HEAD "\"lesions\": [{\"id\": 2, \"confidence\": 6}]}", HEP_EFORMAT,
      "confidence 6 is none of 1 to 5" },
    { "time that runs back", HEAD "\"lesions\": [{\"id\": 2, \"seconds\": -1}]}", HEP_EFORMAT,
      "-1 seconds" },
    { "a new lesion without outline", HEAD LESIONS NINE "]}", HEP_EDATA,
      "lesion 9 has no outline and is not rejected" },
    { "no base64", HEAD LESIONS "], \"drawing\": {\"lesions\": \"???\"}}", HEP_EFORMAT,
      "the drawing of the lesions: base64" },
    { "no gzip", HEAD LESIONS "], \"drawing\": {\"liver\": \"Zm9vYmFy\"}}", HEP_EFORMAT,
      "the drawing of the liver:" },
    { "a number for a drawing", HEAD LESIONS "], \"drawing\": {\"liver\": 3}}", HEP_EFORMAT,
      "the drawing of the liver: no text" },
    { "neither right nor wrong", HEAD "\"liver\": \"nice\", " LESIONS "]}", HEP_EFORMAT,
      "liver 'nice' is neither right nor wrong" },
};
#define N (sizeof refusals / sizeof refusals[0])

static void test_refused(void **state)
{
    const struct refusal *r = *state;
    struct hep_answers a = { 0 };
    struct hep_error e = { 0 };

    assert_fails(read_text(&a, r->text, &e), e, r->code, r->part);
    hep_answers_release(&a);
}

static void test_drawings(void **state)
{
    char *unlisted = hep_asprintf(NULL, "%s], \"drawing\": {\"lesions\": \"%s\"}}", HEAD LESIONS,
                                  s.drawing.s),
         *moved = hep_asprintf(NULL, "%s], \"drawing\": {\"lesions\": \"%s\"}}", HEAD LESIONS NINE,
                               s.elsewhere.s);
    struct hep_answers a = { 0 };
    struct hep_error e = { 0 };

    (void)state;
    assert_fails(read_text(&a, unlisted, &e), e, HEP_EDATA, "a lesion 9 that is not listed");
    hep_answers_release(&a);
    assert_fails(read_text(&a, moved, &e), e, HEP_EGEOM, "not on the grid of the lesion label map");
    hep_answers_release(&a);
    free(unlisted);
    free(moved);
}

int main(void)
{
    struct CMUnitTest tests[N + 2] = { cmocka_unit_test(test_taken),
                                       cmocka_unit_test(test_drawings) };

    for (size_t i = 0; i < N; i++)
        tests[i + 2] = (struct CMUnitTest){ .name = refusals[i].name,
                                            .test_func = test_refused,
                                            .initial_state = (void *)(uintptr_t)&refusals[i] };
    return cmocka_run_group_tests(tests, setup, teardown);
}
