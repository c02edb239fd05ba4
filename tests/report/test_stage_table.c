#include "support/support.h"

#include "base/struct_json.h"
#include "base/text.h"
#include "report/stage_table.h"

#define MAP(the_name, opt, the_file)                                                               \
    {                                                                                              \
        .name = (the_name), .kind = HEP_SLOT_VOLUME, .shape = "xyz", .unit = HEP_UNIT_FRACTION,    \
        .optional = (opt), .file = (the_file)                                                      \
    }
static const struct hep_member no_members[] = { { 0 } };
static const struct hep_struct_type empty = { no_members, 1, false, 0 };
#define RESULT(the_name, opt)                                                                      \
    {                                                                                              \
        .name = (the_name), .kind = HEP_SLOT_STRUCT, .shape = "-", .unit = HEP_UNIT_DIMENSIONLESS, \
        .optional = (opt), .type = &empty                                                          \
    }

static const struct hep_slot none[] = { { 0 } };
static const struct hep_slot makes_a[] = { MAP("a", true, "%s_a"), { 0 } };
static const struct hep_slot makes_b[] = { MAP("b", false, "%s_b"), { 0 } };
static const struct hep_slot makes_c[] = { RESULT("c", false), { 0 } };
static const struct hep_slot reads_a[] = { MAP("a", true, NULL), { 0 } };
static const struct hep_slot needs_a[] = { MAP("a", false, NULL), { 0 } };
static const struct hep_slot reads_ab[] = { MAP("a", true, NULL), MAP("b", false, NULL), { 0 } };
static const struct hep_slot reads_c[] = { RESULT("c", false), { 0 } };
static const struct hep_slot reads_nothing_known[] = { RESULT("zzz", true), { 0 } };
static const struct hep_slot a_in_seconds[] = {
    { .name = "a", .kind = HEP_SLOT_VOLUME, .shape = "xyz", .unit = HEP_UNIT_S, .optional = true },
    { 0 }
};
static const struct hep_slot map_without_file[] = { MAP("d", true, NULL), { 0 } };

static const struct hep_stage first = {
    .name = "first", .summary = "", .inputs = none, .outputs = makes_a
};
static const struct hep_stage second = {
    .name = "second", .summary = "", .inputs = reads_a, .outputs = makes_b
};
static const struct hep_stage third = {
    .name = "third", .summary = "", .inputs = reads_ab, .outputs = makes_c
};
static const struct hep_stage twin = {
    .name = "twin", .summary = "", .inputs = none, .outputs = makes_a
};
static const struct hep_stage strict = {
    .name = "strict", .summary = "", .inputs = needs_a, .outputs = makes_c
};
static const struct hep_stage orphan = {
    .name = "orphan", .summary = "", .inputs = reads_nothing_known, .outputs = makes_c
};
static const struct hep_stage wrong_unit = {
    .name = "wrong-unit", .summary = "", .inputs = a_in_seconds, .outputs = makes_c
};
static const struct hep_stage loop_1 = {
    .name = "loop-1", .summary = "", .inputs = reads_c, .outputs = makes_b
};
static const struct hep_stage loop_2 = {
    .name = "loop-2", .summary = "", .inputs = reads_ab, .outputs = makes_c
};
static const struct hep_stage no_file = {
    .name = "no-file", .summary = "", .inputs = none, .outputs = map_without_file
};

struct graph_case {
    const char *name;
    const struct hep_stage *stages[4];
    size_t n;
    int status;
    const char *text; /* of the failure */
    size_t order[4];  /* when it succeeds */
};

static const struct graph_case cases[] = {
    { "table order kept", { &first, &second, &third }, 3, HEP_OK, NULL, { 0, 1, 2 } },
    { "order follows from products", { &third, &second, &first }, 3, HEP_OK, NULL, { 2, 1, 0 } },
    { "two producers refused", { &first, &twin }, 2, HEP_EGRAPH, "a is made twice", { 0 } },
    { "optional output needed", { &first, &strict }, 2, HEP_EGRAPH, "must be optional", { 0 } },
    { "missing producer", { &first, &orphan }, 2, HEP_EGRAPH, "nobody makes its input zzz", { 0 } },
    { "unit differs", { &first, &wrong_unit }, 2, HEP_EGRAPH, "differs", { 0 } },
    { "cycle", { &first, &loop_1, &loop_2 }, 3, HEP_EGRAPH, "cycle", { 0 } },
    { "map without file", { &no_file }, 1, HEP_EGRAPH, "have a file", { 0 } },
};

static void test_case(void **state)
{
    const struct graph_case *c = *state;
    struct hep_error e = { 0 };
    size_t order[4] = { 9, 9, 9, 9 };
    int rc = hep_stages_order(order, c->stages, c->n, &e);

    if (c->status != HEP_OK) {
        assert_fails(rc, e, (enum hep_status)c->status, c->text);
        return;
    }
    assert_ok(rc, e);
    for (size_t i = 0; i < c->n; i++)
        assert_int_equal(order[i], c->order[i]);
}

/* The program's own table is sound, and every stage has a line in the reference. */
static void test_own_table(void **state)
{
    struct hep_error e = { 0 };
    struct hep_str text = { 0 }, markdown = { 0 };
    size_t n = 0, order[32];
    const struct hep_stage *const *stages = hep_stages(&n);

    (void)state;
    assert_in_range(n, 7, 32);
    assert_ok(hep_stages_order(order, stages, n, &e), e);
    hep_stages_text(&text, stages, n);
    hep_stages_markdown(&markdown, stages, n);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(strstr(text.s, stages[i]->name));
        assert_non_null(strstr(markdown.s, stages[i]->summary));
    }
    hep_str_release(&text);
    hep_str_release(&markdown);
}

int main(void)
{
    enum { N = sizeof cases / sizeof cases[0] };
    struct CMUnitTest tests[N + 1];

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = cases[i].name,
                                        .test_func = test_case,
                                        .initial_state = (void *)(uintptr_t)&cases[i] };
    tests[N] = (struct CMUnitTest)cmocka_unit_test(test_own_table);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
