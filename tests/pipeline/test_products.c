/* The store of products: who may read and make what. */
#include "pipeline/tiny_run.h"

#include "pipeline/products.h"

#include "base/alloc.h"

static void begin(struct hep_run *run, size_t current)
{
    struct hep_error e = { 0 };

    *run = (struct hep_run){ .stages = tiny_stages, .n_stages = 3, .nthreads = 1 };
    assert_ok(hep_products_init(run, &e), e);
    assert_int_equal(run->n_products, 4);
    run->current = current;
}

static struct tiny_facts *facts(void)
{
    struct hep_error e = { 0 };
    struct tiny_facts *f = hep_struct_new(&tiny_type, &e);

    f->third = 1.0 / 3.0;
    f->unknown = -(double)INFINITY;
    return f;
}

static void test_struct_goes_from_stage_to_stage(void **state)
{
    struct hep_error e = { 0 };
    const void *data = NULL;
    struct hep_run run;

    (void)state;
    begin(&run, 0);
    assert_ok(hep_run_put_struct(&run, "facts", &tiny_type, facts(), &e), e);
    run.current = 1;
    assert_ok(hep_run_struct(&run, "facts", &tiny_type, &data, &e), e);
    assert_close(((const struct tiny_facts *)data)->third, 1.0 / 3.0, 0.0, 0.0);
    assert_true(isnan(((const struct tiny_facts *)data)->unknown));
    assert_true(hep_run_has(&run, "facts"));
    hep_products_release(&run);
}

static void test_refusals(void **state)
{
    static const struct hep_struct_type other = HEP_STRUCT_TYPE(struct tiny_facts, tiny_rows);
    struct hep_error e = { 0 };
    const struct hep_volume *v = NULL;
    const void *data = NULL;
    struct hep_run run;

    (void)state;
    begin(&run, 0);
    assert_fails(hep_run_struct(&run, "facts", &tiny_type, &data, &e), e, HEP_EGRAPH,
                 "stage find reads facts, which it does not declare");
    assert_fails(hep_run_put_struct(&run, "never", &tiny_type, facts(), &e), e, HEP_EGRAPH,
                 "cannot be made here");
    assert_fails(hep_run_put_struct(&run, "facts", &other, facts(), &e), e, HEP_EGRAPH,
                 "another struct");
    assert_fails(hep_run_put_struct(&run, "facts", &tiny_type, NULL, &e), e, HEP_ENOMEM, "facts");
    assert_ok(hep_run_put_struct(&run, "facts", &tiny_type, facts(), &e), e);
    assert_fails(hep_run_put_struct(&run, "facts", &tiny_type, facts(), &e), e, HEP_EGRAPH,
                 "cannot be made here or now");
    run.current = 2;
    assert_fails(hep_run_volume(&run, "facts", &v, &e), e, HEP_EGRAPH, "another kind");
    assert_fails(hep_run_struct(&run, "facts", &other, &data, &e), e, HEP_EGRAPH, "another struct");
    assert_fails(hep_run_volume(&run, "t2", &v, &e), e, HEP_EGRAPH, "does not declare");
    hep_products_release(&run);
}

static void test_absence_has_a_reason(void **state)
{
    struct hep_error e = { 0 };
    const struct hep_volume *v = NULL;
    struct hep_run run;

    (void)state;
    begin(&run, 1);
    hep_run_put_absent(&run, "never", "only %d of %d", 1, 2);
    assert_ok(hep_products_close_stage(&run, 1, false, &e), e);
    assert_string_equal(hep_run_reason(&run, "never"), "only 1 of 2");
    assert_string_equal(hep_run_reason(&run, "double"), "not made");
    assert_false(hep_run_has(&run, "never"));
    run.current = 2;
    assert_ok(hep_run_volume(&run, "double", &v, &e), e);
    assert_null(v);
    assert_true(hep_run_knows(&run, "facts"));
    assert_false(hep_run_knows(&run, "never"));
    assert_false(hep_run_knows(&run, "zzz"));
    hep_products_release(&run);
}

/* A reason that was lost for lack of memory fails the stage that gave it; one that an earlier record lacks does not. */
static void test_lost_reason(void **state)
{
    struct hep_error e = { 0 };
    struct hep_run run;

    (void)state;
    begin(&run, 1);
    hep_alloc_fail_at(1);
    hep_run_put_absent(&run, "never", "only %d of %d", 1, 2);
    assert_fails(hep_products_close_stage(&run, 1, false, &e), e, HEP_ENOMEM, "never");
    assert_ok(hep_products_close_stage(&run, 1, true, &e), e);
    hep_products_release(&run);
}

static void test_required_product_must_come(void **state)
{
    static const struct hep_slot must[] = { { .name = "must", TINY_STRUCT, .type = &tiny_type },
                                            { 0 } };
    static const struct hep_stage only = { .name = "lazy",
                                           .summary = "",
                                           .inputs = tiny_nothing,
                                           .outputs = must,
                                           .settings = tiny_none };
    static const struct hep_stage *const table[] = { &only };
    struct hep_run run = { .stages = table, .n_stages = 1 };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(hep_products_init(&run, &e), e);
    assert_fails(hep_products_close_stage(&run, 0, false, &e), e, HEP_EGRAPH,
                 "stage lazy did not make must");
    hep_products_release(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_struct_goes_from_stage_to_stage),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_absence_has_a_reason),
        cmocka_unit_test(test_lost_reason),
        cmocka_unit_test(test_required_product_must_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
