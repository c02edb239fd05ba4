#include "support/support.h"

#include "base/alloc.h"
#include "base/struct_json.h"
#include "base/text.h"

#include <math.h>

/* ---- a struct with every form ---------------------------------------------------------------- */

enum colour { RED, GREEN, BLUE, COLOURS };
static const char *colour_name(enum colour c)
{
    static const char *const names[] = { "red", "green", "blue" };

    return names[c];
}
HEP_NAMES(colours, colour, COLOURS, colour_name);

static const char *const units[] = { "mm", "1/s", NULL };
static const char *const kind[] = { "box", NULL };

struct part {
    bool present;
    double weight;
    char *label;
};
static const struct hep_member part_rows[] = {
    { HEP_IS_NUMBER(struct part, weight, "weight", "g", "on the scale") },
    { HEP_IS_STRING(struct part, label, "label", "as written on it"), .optional = true },
    { 0 }
};
static const struct hep_struct_type part_type = HEP_ABSENT_TYPE(struct part, part_rows);

/* A size as a JSON text "3x4". */
struct size {
    int w, h;
};
static int write_size(struct hep_json **out, const void *member, bool exact, struct hep_error *err)
{
    const struct size *s = member;
    char text[32];

    (void)exact;
    (void)snprintf(text, sizeof text, "%dx%d", s->w, s->h);
    *out = hep_json_new_string(text);
    return *out != NULL ? HEP_OK : HEP_FAIL(err, HEP_ENOMEM, "no memory for a size");
}

static int read_size(void *member, const struct hep_json *node, struct hep_error *err)
{
    const char *text = hep_json_string(node), *x = text != NULL ? strchr(text, 'x') : NULL;
    struct size *s = member;

    if (x == NULL)
        return HEP_FAIL(err, HEP_EFORMAT, "no size");
    s->w = (int)strtol(text, NULL, 10);
    s->h = (int)strtol(x + 1, NULL, 10);
    return HEP_OK;
}
static const struct hep_custom size_functions = { write_size, read_size, NULL };

struct box {
    bool open;
    int level;
    size_t n_visits;
    double depth, inner[2], turn[2][3];
    char title[8];
    char *owner;
    const char *unit;
    enum colour colour, tint[COLOURS];
    double by_colour[COLOURS];
    struct part lid, base, side[COLOURS], *screws;
    size_t n_screws, n_marks, heights[4], n_heights;
    double marks[3];
    struct size size;
};

static const struct hep_member box_rows[] = {
    { HEP_IS_CONSTANT("kind", kind, NULL) },
    { HEP_IS_BOOL(struct box, open, "open", "lid up") },
    { HEP_IS_INTEGER(struct box, level, "level", NULL, "floor it stands on") },
    { HEP_IS_COUNT(struct box, n_visits, "visits", NULL) },
    { HEP_IS_NUMBER(struct box, depth, "depth_mm", "mm", "inside") },
    { HEP_IS_NUMBER(struct box, inner[0], "inner_mm", "mm", NULL), HEP_ARRAY(struct box, inner),
      .optional = true },
    { HEP_IS_NUMBER(struct box, turn[0][0], "turn", NULL, NULL), HEP_MATRIX(struct box, turn) },
    { HEP_IS_TEXT(struct box, title, "title", NULL) },
    { HEP_IS_STRING(struct box, owner, "owner", NULL) },
    { HEP_IS_WORD(struct box, unit, "unit", units, NULL) },
    { HEP_IS_ENUM(struct box, enum colour, colour, "colour", colours, NULL), .optional = true },
    { HEP_IS_ENUM(struct box, enum colour, tint[0], "tint", colours, NULL),
      HEP_MAP(struct box, tint, colours) },
    { HEP_IS_NUMBER(struct box, by_colour[0], "by_colour", NULL, NULL),
      HEP_MAP(struct box, by_colour, colours), .optional = true },
    { HEP_IS_STRUCT(struct box, struct part, lid, "lid", part_type, "on top") },
    { HEP_IS_STRUCT(struct box, struct part, base, NULL, part_type, NULL) },
    { HEP_IS_STRUCT(struct box, struct part, side[0], NULL, part_type, "each side"),
      HEP_MAP(struct box, side, colours) },
    HEP_ROW_LIST_OF(struct box, struct part, screws, n_screws, "screws", part_type, NULL),
    { HEP_IS_NUMBER(struct box, marks[0], "marks", NULL, NULL),
      HEP_COUNTED(struct box, marks, n_marks) },
    { HEP_IS_COUNT(struct box, heights[0], "heights", NULL),
      HEP_COUNTED(struct box, heights, n_heights) },
    { HEP_IS_CUSTOM(struct box, struct size, size, "size", size_functions, NULL) },
    { 0 }
};
static const struct hep_struct_type box_type = HEP_STRUCT_TYPE(struct box, box_rows);

/* What is written of an empty box, by hand. */
static const char empty_text[] =
    "{\"by_colour\": {}, \"depth_mm\": null, \"heights\": [], \"kind\": \"box\", \"level\": 0, "
    "\"marks\": [], \"open\": false, \"owner\": null, \"screws\": [], \"size\": \"0x0\", \"tint\": "
    "{}, \"title\": \"\", \"turn\": [[null, null, null], [null, null, null]], \"unit\": null, "
    "\"visits\": 0}";

/* And of the one that fill() makes: 1/3 has 16 digits where bits are kept. */
static const char full_text[] =
    "{\"blue\": {\"weight\": 4.0}, \"by_colour\": {\"green\": -0.0}, \"colour\": \"blue\", "
    "\"depth_mm\": 0.3333333333333333, \"heights\": [7, 9007199254740992], \"inner_mm\": [1.5, "
    "null], \"kind\": \"box\", \"label\": \"floor\", \"level\": -3, \"lid\": {\"label\": \"a\", "
    "\"weight\": null}, \"marks\": [0.1, null], \"open\": true, \"owner\": \"J. \\\"R\\\"\", "
    "\"screws\": [{\"weight\": 2.0}, {\"label\": \"b\", \"weight\": 3.0}], \"size\": \"3x4\", "
    "\"tint\": {\"red\": \"green\"}, \"title\": \"Seven!!\", \"turn\": [[1.0, 0.0, "
    "4.94065646e-324], [0.0, "
    "1.0, 2.5]], \"unit\": \"1/s\", \"visits\": 12, \"weight\": 6.25}";

static void fill(struct box *b)
{
    hep_struct_init(b, &box_type);
    b->open = true;
    b->level = -3;
    b->n_visits = 12;
    b->depth = 1.0 / 3.0;
    b->inner[0] = 1.5;
    b->turn[0][0] = b->turn[1][1] = 1.0;
    b->turn[0][1] = b->turn[1][0] = 0.0;
    b->turn[0][2] = 4.9406564584124654e-324;
    b->turn[1][2] = 2.5;
    (void)snprintf(b->title, sizeof b->title, "Seven!!");
    b->owner = hep_strdup("J. \"R\"", NULL);
    b->unit = units[1];
    b->colour = BLUE;
    b->tint[RED] = GREEN;
    b->by_colour[GREEN] = -0.0;
    b->lid = (struct part){ true, (double)NAN, hep_strdup("a", NULL) };
    b->base = (struct part){ true, 6.25, hep_strdup("floor", NULL) };
    b->side[BLUE] = (struct part){ true, 4.0, NULL };
    b->screws = hep_calloc(2, sizeof *b->screws, NULL);
    b->n_screws = 2;
    b->screws[0] = (struct part){ true, 2.0, NULL };
    b->screws[1] = (struct part){ true, 3.0, hep_strdup("b", NULL) };
    b->marks[0] = 0.1;
    b->n_marks = 2;
    b->heights[0] = 7;
    b->heights[1] = (size_t)1 << 53;
    b->n_heights = 2;
    b->size = (struct size){ 3, 4 };
}

static char *text_of(const struct box *b, bool exact)
{
    struct hep_error e = { 0 };
    struct hep_json *json = NULL;
    char *text = NULL;

    assert_ok(hep_struct_json(&json, b, &box_type, exact, &e), e);
    assert_ok(hep_json_dump_line(&text, json, &e), e);
    hep_json_free(json);
    return text;
}

static int read_text(struct box *b, const char *text, struct hep_error *err)
{
    struct hep_json *json = NULL;
    int rc = hep_json_parse(&json, text, strlen(text), "t", err);

    if (rc == HEP_OK)
        rc = hep_struct_read(b, &box_type, json, err);
    hep_json_free(json);
    return rc;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void test_what_is_written(void **state)
{
    struct box b;
    char *text;

    (void)state;
    hep_struct_init(&b, &box_type);
    assert_int_equal(b.colour, COLOURS);
    assert_true(isnan(b.depth) && isnan(b.turn[1][2]) && isnan(b.side[GREEN].weight));
    text = text_of(&b, true);
    assert_string_equal(text, empty_text);
    free(text);
    fill(&b);
    text = text_of(&b, true);
    assert_string_equal(text, full_text);
    free(text);
    text = text_of(&b, false);
    assert_non_null(strstr(text, "\"depth_mm\": 0.333333333,"));
    free(text);
    hep_struct_release(&b, &box_type);
    assert_null(b.owner);
    assert_int_equal(b.n_screws, 0);
}

static void test_read_back(void **state)
{
    struct hep_error e = { 0 };
    struct box a = { 0 }, b = { 0 };
    char *text;

    (void)state;
    fill(&a);
    assert_ok(read_text(&b, full_text, &e), e);
    assert_true(b.open && b.lid.present && b.base.present && b.side[BLUE].present);
    assert_false(b.side[RED].present);
    assert_int_equal(b.level, -3);
    assert_int_equal(b.colour, BLUE);
    assert_int_equal(b.tint[RED], GREEN);
    assert_int_equal(b.tint[BLUE], COLOURS);
    assert_ptr_equal(b.unit, units[1]);
    assert_memory_equal(&b.depth, &a.depth, sizeof a.depth);
    assert_memory_equal(b.turn, a.turn, sizeof a.turn);
    assert_memory_equal(&b.by_colour[GREEN], &a.by_colour[GREEN], sizeof a.by_colour[GREEN]);
    assert_memory_equal(b.heights, a.heights, 2 * sizeof a.heights[0]);
    assert_true(isnan(b.lid.weight) && isnan(b.inner[1]) && isnan(b.by_colour[RED]));
    assert_string_equal(b.screws[1].label, "b");
    assert_int_equal(b.size.h, 4);
    text = text_of(&b, true);
    assert_string_equal(text, full_text);
    free(text);
    hep_struct_release(&b, &box_type);
    assert_ok(read_text(&b, empty_text, &e), e);
    assert_false(b.base.present);
    text = text_of(&b, true);
    assert_string_equal(text, empty_text);
    free(text);
    hep_struct_release(&a, &box_type);
    hep_struct_release(&b, &box_type);
}

/* Room for a list that stayed empty is freed too: the leak sanitizer and valgrind see it otherwise. */
static void test_empty_list_with_room(void **state)
{
    struct box b = { 0 };

    (void)state;
    hep_struct_init(&b, &box_type);
    b.screws = calloc(1, sizeof *b.screws);
    assert_non_null(b.screws);
    hep_struct_release(&b, &box_type);
    assert_null(b.screws);
}

static void test_not_finite(void **state)
{
    struct box b = { 0 };

    (void)state;
    fill(&b);
    b.depth = (double)INFINITY;
    b.screws[1].weight = -(double)INFINITY;
    hep_struct_settle(&b, &box_type);
    assert_true(isnan(b.depth) && isnan(b.screws[1].weight));
    assert_close(b.marks[0], 0.1, 0.0, 0.0);
    hep_struct_release(&b, &box_type);
}

/* One key of the full text replaced: what the message tells. */
static const struct {
    const char *was, *is, *part;
} refusals[] = {
    { "\"open\": true", "\"open\": 1", "open: met a number, wanted is true or false" },
    { "\"open\": true, ", "", "open: missing" },
    { "\"level\": -3", "\"level\": 2.5", "level: met a number, wanted is a whole number" },
    { "\"level\": -3", "\"level\": 3e9", "level: " },
    { "\"visits\": 12", "\"visits\": -1", "visits: " },
    { "\"visits\": 12", "\"visits\": null", "visits: met null" },
    { "0.3333333333333333", "\"deep\"", "depth_mm: met 'deep', wanted is a number or null" },
    { "[1.5, null]", "[1.5]", "inner_mm: a list of 1, wanted are 2" },
    { "[0.0, 1.0, 2.5]", "[0.0, 1.0]", "turn: a list of 2, wanted are 3" },
    { "[0.0, 1.0, 2.5]]", "[0.0, 1.0, \"x\"]]", "turn: met 'x'" },
    { "Seven!!", "Eight!!!", "title: a text of 8 bytes, at most 7 fit" },
    { "\"unit\": \"1/s\"", "\"unit\": \"inch\"", "unit: met 'inch'" },
    { "\"colour\": \"blue\"", "\"colour\": \"pink\"", "colour: met 'pink'" },
    { "{\"red\": \"green\"}", "{\"red\": 3}", "tint: red: met a number" },
    { "\"lid\": {\"label\": \"a\", ", "\"lid\": {\"label\": 1, ", "lid: label: met a number" },
    { "{\"weight\": 4.0}", "7", "blue: met a number, wanted is an object" },
    { "[{\"weight\": 2.0}, ", "[{}, ", "screws: weight: missing" },
    { "[0.1, null]", "[1, 2, 3, 4]", "marks: a list of 4, at most 3 fit" },
    { "[0.1, null]", "3", "marks: met a number, wanted is a list" },
    { "\"3x4\"", "\"3\"", "size: no size" },
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const char *at = strstr(full_text, refusals[i].was);
        struct hep_error e = { 0 };
        struct hep_str text = { 0 };
        struct box b = { 0 };

        assert_non_null(at);
        hep_str_addn(&text, full_text, (size_t)(at - full_text));
        hep_str_add(&text, refusals[i].is);
        hep_str_add(&text, at + strlen(refusals[i].was));
        assert_fails(read_text(&b, text.s, &e), e, HEP_EFORMAT, refusals[i].part);
        assert_null(b.screws);
        assert_true(isnan(b.depth));
        hep_str_release(&text);
    }
}

static void test_without_memory(void **state)
{
    int rc = HEP_ENOMEM;
    struct hep_json *json = NULL;
    struct hep_error e = { 0 };
    long n;

    (void)state;
    assert_ok(hep_json_parse(&json, full_text, strlen(full_text), "t", &e), e);
    for (n = 1; rc != HEP_OK; n++) {
        struct box b = { 0 };

        e = (struct hep_error){ 0 };
        hep_alloc_fail_at(n);
        rc = hep_struct_read(&b, &box_type, json, &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
        assert_true(rc == HEP_OK || rc == HEP_ENOMEM);
        hep_struct_release(&b, &box_type);
    }
    assert_true(n > 5);
    hep_json_free(json);
    hep_alloc_fail_at(1);
    assert_null(hep_struct_new(&box_type, &e));
    hep_alloc_fail_at(0);
}

static void test_reference(void **state)
{
    struct hep_str text = { 0 };

    (void)state;
    hep_struct_describe(&text, &box_type);
    assert_non_null(strstr(text.s, "depth_mm\tmm\tinside\n"));
    assert_non_null(strstr(text.s, "lid\t\ton top\nlid.weight\tg\ton the scale\n"));
    assert_non_null(strstr(text.s, "screws[].label\t\tas written on it\n"));
    assert_non_null(strstr(text.s, "*\t\teach side\n*.weight\tg\t"));
    hep_str_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_written),
        cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_empty_list_with_room),
        cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_reference),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
