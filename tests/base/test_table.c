/* The writers of tables on made-up rows; every expectation is written by hand. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/table.h"

#include <math.h>

#define NONE ((double)NAN)

struct row {
    const char *study, *reason;
    size_t lesions;
    int lesion;
    bool used;
    double adc, time_s, dice, distance_mm;
    struct hep_interval difference, score;
    struct hep_proportion found;
    double limits[2];
    struct hep_number_list b;
    struct hep_text_list files;
    char note[8];
};

#define S struct row
static const struct hep_level reasons[] = { { "none", "Nothing <wrong>" }, { NULL, NULL } };
static const struct hep_column columns[] = {
    { "study", HEP_TEXT(S, study), "Study", .meaning = "Label of the study" },
    { "lesions", HEP_COUNT(S, lesions), "Lesions", .meaning = "True lesions" },
    { "lesion", HEP_INTEGER(S, lesion), .meaning = "Id" },
    { "used", HEP_BOOL(S, used), "Used", .meaning = "Was it used" },
    { "adc", HEP_NUMBER(S, adc), "ADC", "mm2/s",
      HEP_LOOK(1000.0, "10\xe2\x81\xbb\xc2\xb3 mm\xc2\xb2/s", 2), "Median ADC" },
    { "time_s", HEP_NUMBER(S, time_s), "Time", "s", HEP_CLOCK, "Time after injection" },
    { "liver.dice", HEP_NUMBER(S, dice), "Dice", "1", HEP_SIGNIFICANT(3), "Dice of the liver" },
    { "liver.distance_mm", HEP_NUMBER(S, distance_mm), .unit = "mm", .meaning = "Distance" },
    { "difference", HEP_INTERVAL(S, difference), "Difference", "1", HEP_PERCENT(1), "Change" },
    { "score", HEP_BOOTSTRAP(S, score), .unit = "1", .meaning = "Score", .flags = HEP_NOT_TSV },
    { "found", HEP_PROPORTION(S, found), "Found", "1", HEP_PERCENT(0), "Found" },
    { "found.bootstrap_95", HEP_PAIR(S, limits[0]), .unit = "1", .meaning = "Found" },
    { "b", HEP_NUMBERS(S, b), .unit = "s/mm2", .meaning = "b-values" },
    { "files", HEP_TEXTS(S, files), .meaning = "Files" },
    { NULL, HEP_PROPORTION(S, found), "Share", HEP_K_OF_N },
    { "note", HEP_CHARS(S, note), .meaning = "Note", .flags = HEP_OPTIONAL },
    { NULL, HEP_TEXT(S, reason), "For people" },
    { "reason", HEP_TEXT(S, reason), .meaning = "Why", .flags = HEP_OPTIONAL, .levels = reasons },
    { 0 },
};

static const double b_values[] = { 0.0, 50.0, 800.0 };
static const char *const files[] = { "a.nii", "b\tc.nii" };
static const struct row rows[] = {
    { .study = "sub-\xc3\xa9t\xc3\xa9", /* "sub-ete" with two accents: 7 letters, 9 bytes */
      .reason = "a\tb\n<c> & \"d\"",
      .lesions = 12,
      .lesion = 3,
      .used = true,
      .adc = 0.00123,
      .time_s = -61.0,
      .dice = 0.91234,
      .distance_mm = 1.5,
      .difference = { -0.182, -0.462, -0.04 },
      .score = { 0.5, 0.25, 0.75 },
      .found = { 3, 4, 0.75, 0.3, 0.954, { 0.0, 0.0 } },
      .limits = { 0.25, 1.0 },
      .b = { b_values, 3, 0 },
      .files = { files, 2 },
      .note = "seen" },
    { .study = "s\x1b[2J",
      .lesions = HEP_NO_COUNT,
      .lesion = HEP_NO_INTEGER,
      .adc = NONE,
      .time_s = 5400.0,
      .dice = NONE,
      .distance_mm = NONE,
      .difference = { 0.1, NONE, NONE },
      .score = { NONE, NONE, NONE },
      .found = { 0, 0, NONE, NONE, NONE, { 0.0, 0.0 } },
      .limits = { NONE, NONE } },
};
static const struct hep_table table = HEP_TABLE("A table", columns, rows, 2);

static void assert_text(struct hep_str *text, const char *want)
{
    struct hep_error e = { 0 };

    assert_ok(hep_str_check(text, &e), e);
    assert_string_equal(text->s, want);
    hep_str_release(text);
}

static void assert_json(struct hep_put *p, struct hep_json *json, const char *want)
{
    char *text = NULL;

    assert_ok(p->rc, *p->err);
    assert_ok(hep_json_dump_line(&text, json, p->err), *p->err);
    assert_string_equal(text, want);
    free(text);
    hep_json_free(json);
}

static void test_terminal(void **state)
{
    struct hep_str out = { 0 };

    (void)state;
    hep_table_text(&out, &table);
    assert_text(
        &out,
        "A table\n"
        "  Study    Lesions  Used  ADC [10\xe2\x81\xbb\xc2\xb3 mm\xc2\xb2/s]  Time [min:s]   Dice"
        "         Difference [%]              Found [%]   Share  For people\n"
        "  sub-\xc3\xa9t\xc3\xa9       12  yes               1.23         -1:01  0.912"
        "  -18.2 (-46.2 to -4.0)  3 of 4, 75 (30 to 95)  3 of 4  a?b?<c> & \"d\"\n"
        "  s?[2J          -  no                   -         90:00      -"
        "                   10.0                      -       -  -\n");
}

/* Nobody sees a column without a value, nor the heads of a table without rows. */
static void test_terminal_leaves_out(void **state)
{
    const struct row plain = { .study = "a",
                               .lesions = 1,
                               .lesion = 1,
                               .adc = NONE,
                               .time_s = NONE,
                               .dice = NONE,
                               .difference = { NONE, NONE, NONE },
                               .used = true };
    const struct hep_table one = HEP_TABLE(NULL, columns, &plain, 1);
    const struct hep_table none = HEP_TABLE("Nothing", columns, &plain, 0);
    struct hep_str out = { 0 };

    (void)state;
    hep_table_text(&out, &one);
    assert_text(&out, "Study  Lesions  Used\n"
                      "a            1  yes\n");
    hep_row_text(&out, columns, &plain);
    assert_text(&out, "  Study    a\n"
                      "  Lesions  1\n"
                      "  Used     yes\n");
    hep_str_add(&out, "");
    hep_table_text(&out, &none);
    assert_text(&out, "");
}

static void test_tsv(void **state)
{
    struct hep_str out = { 0 };

    (void)state;
    hep_table_tsv(&out, &table);
    assert_text(
        &out,
        "study\tlesions\tlesion\tused\tadc\ttime_s\tliver_dice\tliver_distance_mm\tdifference\t"
        "difference_lo\tdifference_hi\tfound_k\tfound_n\tfound\tfound_lo\tfound_hi\t"
        "found_bootstrap_95_lo\tfound_bootstrap_95_hi\tb\tfiles\tnote\treason\n"
        "sub-\xc3\xa9t\xc3\xa9\t12\t3\ttrue\t0.00123\t-61\t0.91234\t1.5\t-0.182\t-0.462\t-0.04\t"
        "3\t4\t0.75\t0.3\t0.954\t0.25\t1\t0,50,800\ta.nii,b c.nii\tseen\ta b <c> & \"d\"\n"
        "s\x1b[2J\tn/a\tn/a\tfalse\tn/a\t5400\tn/a\tn/a\t0.1\tn/a\tn/a\t"
        "0\t0\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a\tn/a\n");
}

static void test_json(void **state)
{
    struct hep_error e = { 0 };
    struct hep_put p = { HEP_OK, &e };

    (void)state;
    assert_json(
        &p, hep_table_json(&p, &table),
        "[{\"adc\": 0.00123, \"b\": [0.0, 50.0, 800.0], "
        "\"difference\": {\"hi\": -0.04, \"lo\": -0.462, \"value\": -0.182}, "
        "\"files\": [\"a.nii\", \"b\\tc.nii\"], "
        "\"found\": {\"bootstrap_95\": [0.25, 1.0], \"k\": 3, \"n\": 4, \"value\": 0.75, "
        "\"wilson_95\": [0.3, 0.954]}, \"lesion\": 3, \"lesions\": 12, "
        "\"liver\": {\"dice\": 0.91234, \"distance_mm\": 1.5}, \"note\": \"seen\", "
        "\"reason\": \"a\\tb\\n<c> & \\\"d\\\"\", "
        "\"score\": {\"bootstrap_95\": [0.25, 0.75], \"value\": 0.5}, "
        "\"study\": \"sub-\xc3\xa9t\xc3\xa9\", \"time_s\": -61.0, \"used\": true}, "
        "{\"adc\": null, \"b\": [], \"difference\": {\"hi\": null, \"lo\": null, \"value\": 0.1}, "
        "\"files\": [], \"found\": {\"bootstrap_95\": [null, null], \"k\": 0, \"n\": 0, "
        "\"value\": null, \"wilson_95\": [null, null]}, \"lesion\": null, \"lesions\": null, "
        "\"liver\": {\"dice\": null, \"distance_mm\": null}, "
        "\"score\": {\"bootstrap_95\": [null, null], \"value\": null}, "
        "\"study\": \"s\\u001B[2J\", \"time_s\": 5400.0, \"used\": false}]");
}

struct keyed {
    const char *name;
    double a, b;
};
static const struct hep_column keyed_columns[] = {
    { "name", HEP_TEXT(struct keyed, name) },
    { "all.a", HEP_NUMBER(struct keyed, a), .unit = "1", .flags = HEP_OPTIONAL },
    { "all.b", HEP_NUMBER(struct keyed, b), .unit = "1", .flags = HEP_OPTIONAL },
    { "b", HEP_NUMBER(struct keyed, b), .unit = "1", .flags = HEP_NOT_JSON },
    { 0 },
};

/* An optional member is left out alone; of an object all members stay while one has a value. */
static void test_json_by_key(void **state)
{
    const struct keyed list[] = { { "x", 1.0, NONE }, { "y", NONE, NONE } };
    const struct hep_table t = HEP_TABLE(NULL, keyed_columns, list, 2);
    struct hep_error e = { 0 };
    struct hep_put p = { HEP_OK, &e };

    (void)state;
    assert_json(&p, hep_table_keyed(&p, &t),
                "{\"x\": {\"all\": {\"a\": 1.0, \"b\": null}}, \"y\": {}}");
}

/* Structs, arrays and lists within a row; the elements of an array may have names. */
struct nest {
    struct keyed one, some[3];
    size_t n;
    const struct keyed *list;
    struct hep_proportion share[2];
};

static const char *letter(size_t i)
{
    static const char *const letters[] = { "first", "second" };

    return letters[i];
}

static const struct hep_column b_columns[] = {
    { "b", HEP_NUMBER(struct keyed, b), .flags = HEP_OPTIONAL }, { 0 }
};
static const struct hep_column share_columns[] = { { "name", HEP_NAME, "Name" },
                                                   { "", .cell = HEP_CELL_SHARE, .words = "Share",
                                                     HEP_DECIMALS(1) },
                                                   { 0 } };
static const struct hep_column nest_columns[] = {
    { "one", HEP_OBJECT(struct nest, one, b_columns) },
    { "some", HEP_EACH(struct nest, some, b_columns) },
    { "list", HEP_LIST(struct nest, list, n, keyed_columns) },
    { "share", HEP_KEYED(struct nest, share, share_columns, letter) },
    { 0 },
};

static void test_json_nested(void **state)
{
    const struct keyed list[] = { { "x", 1.0, 2.0 } };
    const struct nest nest = { .one = { "o", 0.0, 5.0 },
                               .some = { { "a", 0.0, 6.0 }, { "b", 0.0, NONE }, { "c", 0.0, 7.0 } },
                               .n = 1,
                               .list = list,
                               .share = { { 0, 0, NONE, NONE, NONE, { NONE, NONE } },
                                          { 1, 2, 0.5, 0.1, 0.9, { 0.2, 0.8 } } } };
    const struct hep_table named = HEP_TABLE_NAMED(NULL, share_columns, nest.share, 2, letter);
    struct hep_error e = { 0 };
    struct hep_put p = { HEP_OK, &e };
    struct hep_str out = { 0 };

    (void)state;
    assert_json(&p, hep_row_json(&p, nest_columns, &nest),
                "{\"list\": [{\"all\": {\"a\": 1.0, \"b\": 2.0}, \"name\": \"x\"}], "
                "\"one\": {\"b\": 5.0}, "
                "\"share\": {\"second\": {\"bootstrap_95\": [0.2, 0.8], \"k\": 1, \"n\": 2, "
                "\"value\": 0.5, \"wilson_95\": [0.1, 0.9]}}, "
                "\"some\": [{\"b\": 6.0}, {}, {\"b\": 7.0}]}");
    hep_table_text(&out, &named);
    assert_text(&out, "Name                       Share\n"
                      "second  1 of 2, 0.5 (0.1 to 0.9)\n");
}

static void test_dictionary(void **state)
{
    static const char *const members[][3] = {
        { "adc", "Units", "mm2/s" },
        { "adc", "LongName", "ADC" },
        { "liver_distance_mm", "Description", "Distance." },
        { "difference_lo", "Description", "Change; lower end of the 95 % interval." },
        { "difference_hi", "Units", "1" },
        { "found_k", "Description", "Found; how many do." },
        { "found_k", "Units", NULL },
        { "found", "Units", "1" },
        { "study", "Units", NULL },
        { "files", "LongName", NULL },
        { "score", "Description", NULL },
    };
    struct hep_error e = { 0 };
    struct hep_put p = { HEP_OK, &e };
    struct hep_json *d = hep_table_dictionary(&p, &table);

    (void)state;
    assert_ok(p.rc, e);
    assert_int_equal(hep_json_size(d), 22);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        const char *text =
            hep_json_string(hep_json_get(hep_json_get(d, members[i][0]), members[i][1]));

        if (members[i][2] == NULL)
            assert_null(text);
        else
            assert_string_equal(text, members[i][2]);
    }
    assert_string_equal(
        hep_json_string(hep_json_get(hep_json_get(hep_json_get(d, "reason"), "Levels"), "none")),
        "Nothing <wrong>");
    hep_json_free(d);
}

/* Every head of the TSV has its entry in the file beside it. */
static void test_files(void **state)
{
    struct hep_error e = { 0 };
    char *dir = hep_test_mkdir(), *tsv = hep_path_join(dir, "t.tsv", &e),
         *dictionary = hep_path_join(dir, "t.json", &e), *text = NULL;
    struct hep_json *json = NULL;
    size_t n = 0, heads = 0;

    (void)state;
    assert_ok(hep_table_write(dir, "t", &table, &e), e);
    assert_ok(hep_file_read(&text, &n, tsv, 10000, &e), e);
    assert_ok(hep_json_read(&json, dictionary, &e), e);
    for (char *head = text; *head != '\n';) {
        const size_t length = strcspn(head, "\t\n");
        const bool more = head[length] == '\t';

        head[length] = '\0';
        assert_non_null(hep_json_get(json, head));
        heads++;
        head += length + 1;
        if (!more)
            break;
    }
    assert_int_equal(heads, hep_json_size(json));
    assert_fails(hep_table_write("/dev/null", "t", &table, &e), e, HEP_ECREAT, "/dev/null/t");
    hep_json_free(json);
    free(text);
    free(tsv);
    free(dictionary);
    hep_test_rmdir(dir);
}

/* Whichever allocation fails, it is recorded, and nothing is read that is not there. */
static void test_no_memory(void **state)
{
    bool all = false;

    (void)state;
    for (long n = 1; !all; n++) {
        struct hep_error e = { 0 };
        struct hep_put p = { HEP_OK, &e };
        struct hep_str text = { 0 }, tsv = { 0 };
        struct hep_json *json, *dictionary;

        hep_alloc_fail_at(n);
        hep_table_text(&text, &table);
        hep_table_tsv(&tsv, &table);
        json = hep_table_json(&p, &table);
        dictionary = hep_table_dictionary(&p, &table);
        all = hep_alloc_fail_at(0) > 0;
        assert_int_equal(all, !text.failed && !tsv.failed && p.rc == HEP_OK);
        assert_true(p.rc == HEP_OK || e.code == HEP_ENOMEM);
        hep_json_free(json);
        hep_json_free(dictionary);
        hep_str_release(&text);
        hep_str_release(&tsv);
        assert_true(n < 10000);
        if (n == 1)
            assert_false(all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminal),    cmocka_unit_test(test_terminal_leaves_out),
        cmocka_unit_test(test_tsv),         cmocka_unit_test(test_json),
        cmocka_unit_test(test_json_by_key), cmocka_unit_test(test_json_nested),
        cmocka_unit_test(test_dictionary),  cmocka_unit_test(test_files),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
