/* A made-up course and a made-up follow-up of two persons, counted by hand. */
#include "support/support.h"

#include "base/file.h"
#include "base/text.h"
#include "batch/followup_evaluate.h"

#include <math.h>

static void put(const char *dir, const char *relative, const char *text)
{
    char *path = hep_path_join(dir, relative, NULL), *folder = hep_strdup(path, NULL);
    struct hep_error e = { 0 };

    *strrchr(folder, '/') = '\0';
    assert_ok(hep_mkdir_p(folder, &e), e);
    assert_ok(hep_file_write(path, text, strlen(text), &e), e);
    free(folder);
    free(path);
}

#define LESION(id, x, y, z, mm)                                                                    \
    "{\"id\": " #id ", \"centre_mm\": [" #x ", " #y ", " #z "], \"long_axis_mm\": " #mm "}"
#define FOUND(id, x, y, z, mm, adc)                                                                \
    "{\"id\": " #id ", \"centre_mm\": [" #x ", " #y ", " #z "], \"long_axis_mm\": " #mm            \
    ", \"measurements\": {\"adc_mm2_per_s\": {\"value\": " #adc "}}}"
#define AT(session, event, id, mm, adc)                                                            \
    "{\"session\": \"ses-" #session "\", \"event\": \"" event "\", \"id\": " #id                   \
    ", \"long_axis_mm\": " #mm ", \"adc_change_percent\": " #adc "}"
#define GONE(event) "{\"session\": \"ses-2\", \"event\": \"" event "\", \"long_axis_mm\": 0}"
#define ABSENT "{\"session\": \"ses-1\", \"event\": \"absent\"}"
#define OF(name, first, second)                                                                    \
    "{\"identity\": \"" name "\", \"sessions\": [" first ", " second "]}"

/* L01 shrinks, L02 stays, L03 vanishes, L04 is never found, L05 is new. */
static void write_first(const char *dir)
{
    put(dir, "truth/dataset_description.json", "{\"Name\": \"t\", \"BIDSVersion\": \"1.10.0\"}");
    put(dir, "truth/sub-01/ses-1/sub-01_ses-1_lesions.json",
        "{\"lesions\": [" LESION(1, 0, 0, 0, 20) "," LESION(2, 50, 0, 0, 15) "," LESION(
            3, 0, 50, 0, 10) "," LESION(4, 0, 0, 50, 6) "]}");
    put(dir, "truth/sub-01/ses-2/sub-01_ses-2_lesions.json",
        "{\"lesions\": [" LESION(1, 2, 0, 0, 13) "," LESION(2, 52, 0, 0, 15) "," LESION(
            3, 0, 0, 52, 6) "," LESION(4, 50, 50, 0, 9) "]}");
    put(dir, "truth/sub-01/sub-01_course.json",
        "{\"participant\": \"sub-01\", \"course\": \"mixed\", \"sessions\": ["
        "{\"session\": \"ses-1\", \"sum_mm\": 35, \"category\": null},"
        "{\"session\": \"ses-2\", \"sum_mm\": 28, \"change_percent\": -20, \"category\": \"PD\"}],"
        "\"lesions\": [" OF(
            "L01", AT(1, "baseline", 1, 20, null),
            AT(2, "shrunk", 1, 13,
               25)) "," OF("L02", AT(1, "baseline", 2, 15, null),
                           AT(2, "stable", 2, 15,
                              0)) "," OF("L03", AT(1, "baseline", 3, 10, null),
                                         GONE("vanished")) "," OF("L04",
                                                                  AT(1, "baseline", 4, 6, null),
                                                                  AT(2, "stable", 3, 6,
                                                                     0)) "," OF("L05", ABSENT,
                                                                                AT(2, "new", 4, 9,
                                                                                   null)) "]}");
    put(dir, "out/sub-01/ses-1/sub-01_ses-1_lesions.json",
        "{\"lesions\": [" FOUND(11, 0, 0, 0, 20, 0.001) "," FOUND(
            12, 50, 0, 0, 15, 0.001) "," FOUND(13, 0, 50, 0, 10, 0.001) "," FOUND(14, -60, 0, 0, 10,
                                                                                  0.001) "]}");
    put(dir, "out/sub-01/ses-2/sub-01_ses-2_lesions.json",
        "{\"lesions\": [" FOUND(21, 2, 0, 0, 14, 0.0013) "," FOUND(
            22, 52, 0, 0, 15, 0.001) "," FOUND(23, 50, 50, 0, 9, 0.001) "," FOUND(24, -40, 40, 0, 9,
                                                                                  0.001) "]}");
}

#define SAYS(name, event, first, second, state)                                                    \
    "{\"identity\": \"" name "\", \"event\": \"" event                                             \
    "\", \"sessions\": [{\"session\": \"ses-1\", \"lesion_ids\": [" first                          \
    "], \"state\": \"baseline\"}, {\"session\": \"ses-2\", \"lesion_ids\": [" second               \
    "], \"state\": \"" state "\"}]}"

/* L02 is lost and then mistaken for L03; a false finding is new. */
static void write_followup(const char *dir)
{
    put(dir, "out/sub-01/sub-01_followup.json",
        "{\"participant\": \"sub-01\", \"lesions\": [" SAYS(
            "F01", "shrunk", "11", "21",
            "shrunk") "," SAYS("F02", "vanished", "12", "",
                               "vanished") "," SAYS("F03", "stable", "13", "22",
                                                    "stable") ","
                                                              "{\"identity\": \"F04\", \"event\": "
                                                              "\"new\", \"sessions\": "
                                                              "[{\"session\": \"ses-1\","
                                                              " \"lesion_ids\": [], \"state\": "
                                                              "\"absent\"}, {\"session\": "
                                                              "\"ses-2\", \"lesion_ids\": [23],"
                                                              " \"state\": \"new\"}]},"
                                                              "{\"identity\": \"F05\", \"event\": "
                                                              "\"new\", \"sessions\": "
                                                              "[{\"session\": \"ses-2\","
                                                              " \"lesion_ids\": [24], \"state\": "
                                                              "\"new\"}]}," SAYS(
                                                                  "F06", "vanished", "14", "",
                                                                  "vanished") "],"
                                                                              "\"response\": "
                                                                              "{\"recist\": "
                                                                              "[{\"session\": "
                                                                              "\"ses-1\", "
                                                                              "\"sum_mm\": 36, "
                                                                              "\"category\": null},"
                                                                              "{\"session\": "
                                                                              "\"ses-2\", "
                                                                              "\"sum_mm\": 30, "
                                                                              "\"change_percent\": "
                                                                              "-16.7, "
                                                                              "\"category\": "
                                                                              "\"PD\","
                                                                              " \"reason\": \"2 "
                                                                              "new lesions\"}]}}");
}

/* A second person, found at both sessions, without a follow-up. */
static void write_second(const char *dir)
{
    static const char *const lists[] = { "truth", "out" };

    for (int i = 0; i < 2; i++)
        for (int session = 1; session <= 2; session++) {
            char name[96];

            (void)snprintf(name, sizeof name, "%s/sub-02/ses-%d/sub-02_ses-%d_lesions.json",
                           lists[i], session, session);
            put(dir, name, "{\"lesions\": [" LESION(1, 0, 0, 0, 20) "]}");
        }
    put(dir, "truth/sub-02/sub-02_course.json",
        "{\"course\": \"stable\", \"sessions\": [{\"session\": \"ses-1\", \"sum_mm\": 20},"
        "{\"session\": \"ses-2\", \"sum_mm\": 20, \"change_percent\": 0, \"category\": \"SD\"}],"
        "\"lesions\": [" OF("L01", AT(1, "baseline", 1, 20, null), AT(2, "stable", 1, 20, 0)) "]}");
}

static int evaluate(struct hep_followup_evaluated *e, const char *dir, struct hep_error *err)
{
    const struct hep_evaluate_opts opts = { HEP_MATCH_BOTH, 200, 1, 1, NULL, false, NULL };
    char *out = hep_path_join(dir, "out", NULL), *truth = hep_path_join(dir, "truth", NULL);
    const int rc = hep_followup_evaluate(e, out, truth, &opts, err);

    free(out);
    free(truth);
    return rc;
}

static const struct hep_followed_lesion_row *row_of(const struct hep_followup_evaluated *e,
                                                    const char *identity)
{
    for (size_t i = 0; i < e->n_lesions; i++)
        if (strcmp(e->lesion[i].identity, identity) == 0)
            return &e->lesion[i];
    fail_msg("no row of %s", identity);
    return &e->lesion[0];
}

static void test_counts(void **state)
{
    char *dir = hep_test_mkdir();
    struct hep_followup_evaluated e = { 0 };
    struct hep_error err = { 0 };

    (void)state;
    write_first(dir);
    write_second(dir);
    write_followup(dir);
    assert_ok(evaluate(&e, dir, &err), err);
    assert_int_equal(e.n_patients, 2);
    assert_int_equal(e.n_missing, 1);
    assert_int_equal(e.score.n_pairs, 2);
    /* L01 right; L02 and that of the second person not */
    assert_int_equal(e.score.identity_8mm.k, 1);
    assert_int_equal(e.score.identity_8mm.n, 3);
    assert_int_equal(e.score.new_found_8mm.k, 1);
    assert_int_equal(e.score.new_8mm.n, 1);
    assert_close(e.score.false_new_per_pair.value, 0.5, 1e-12, 0.0);
    assert_int_equal(e.score.category.k, 1);
    assert_int_equal(e.score.category.n, 2);
    assert_int_equal(e.score.stable_sd.k, 0);
    assert_int_equal(e.score.stable_sd.n, 1);
    assert_int_equal(e.score.sum_mm.n, 2);
    assert_close(e.score.sum_mm.bias.value, 1.5, 1e-12, 0.0);
    /* 30 % of 25 % */
    assert_int_equal(e.score.adc_change_percent.n, 1);
    assert_close(e.score.adc_change_percent.bias.value, 5.0, 1e-9, 0.0);
    hep_followup_evaluated_release(&e);
    hep_test_rmdir(dir);
}

static void test_rows(void **state)
{
    char *dir = hep_test_mkdir();
    struct hep_followup_evaluated e = { 0 };
    struct hep_str text = { 0 };
    struct hep_error err = { 0 };

    (void)state;
    write_first(dir);
    write_followup(dir);
    assert_ok(evaluate(&e, dir, &err), err);
    assert_int_equal(e.n_lesions, 6);
    assert_int_equal(row_of(&e, "L01")->lesion.called, HEP_CHANGE_SHRUNK);
    assert_string_equal(row_of(&e, "L01")->called_as, "F01");
    assert_int_equal(row_of(&e, "L02")->lesion.called, HEP_CHANGE_VANISHED);
    assert_false(row_of(&e, "L02")->lesion.is_same);
    assert_int_equal(row_of(&e, "L03")->lesion.truth, HEP_CHANGE_VANISHED);
    assert_int_equal(row_of(&e, "L03")->lesion.called, HEP_CHANGE_STABLE);
    assert_false(row_of(&e, "L04")->lesion.found_first);
    assert_int_equal(row_of(&e, "L05")->lesion.called, HEP_CHANGE_NEW);
    assert_string_equal(row_of(&e, "")->called_as, "F05");
    assert_string_equal(e.visit[1].reason, "2 new lesions");
    hep_followup_evaluated_text(&text, &e);
    assert_non_null(strstr(text.s, "1 of 2"));
    assert_ok(hep_followup_evaluated_write(&e, dir, &err), err);
    hep_str_release(&text);
    hep_followup_evaluated_release(&e);
    hep_test_rmdir(dir);
}

static void test_refused(void **state)
{
    char *dir = hep_test_mkdir();
    struct hep_followup_evaluated e = { 0 };
    struct hep_error err = { 0 };

    (void)state;
    write_first(dir);
    assert_fails(evaluate(&e, dir, &err), err, HEP_ENOENT, "run hepar followup first");
    hep_followup_evaluated_release(&e);
    put(dir, "truth/sub-01/sub-01_course.json", "{\"sessions\": [], \"lesions\": []}");
    err = (struct hep_error){ 0 };
    assert_fails(evaluate(&e, dir, &err), err, HEP_EFORMAT, "two or more \"sessions\"");
    hep_followup_evaluated_release(&e);
    hep_test_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
