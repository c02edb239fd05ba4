#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"

#include <jansson.h>
#include <math.h>

static struct hep_json *parse(const char *text)
{
    struct hep_error e = { 0 };
    struct hep_json *root = NULL;

    assert_ok(hep_json_parse(&root, text, strlen(text), "t.json", &e), e);
    return root;
}

struct bad_case {
    const char *text, *part;
};

/* RFC 8259, and the limits that the header states. */
static const struct bad_case bad[] = {
    { "", "t.json:1:" },
    { "{\"a\": 1, \"a\": 2}", "duplicate" },
    { "{\n \"a\": 1,\n \"b\" 2}", "t.json:3:6: " },
    { "{\"a\": 1,}", "t.json:1:9: " },
    { "[1, 2", "t.json:1:5: " },
    { "[01]", "t.json:1:" },
    { "[1e999]", "t.json:1:" },
    { "[NaN]", "t.json:1:" },
    { "[Infinity]", "t.json:1:" },
    { "['a']", "t.json:1:" },
    { "{} {}", "t.json:1:" },
    { "[\"\\ud800\"]", "t.json:1:" },
    { "[\"\xff\"]", "t.json:1:" },
    { "[\"a\nb\"]", "t.json:1:" },
    { "{\"\\u0000\": 1}", "t.json:1:" },
    { "// note\n{}", "t.json:1:" },
    { "[123456789012345678901234567890]", "t.json:1:" },
};

static void test_refusals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct hep_error e = { 0 };
        struct hep_json *root = NULL;

        assert_fails(hep_json_parse(&root, bad[i].text, strlen(bad[i].text), "t.json", &e), e,
                     HEP_EFORMAT, bad[i].part);
        assert_null(root);
    }
}

static void test_depth(void **state)
{
    struct hep_error e = { 0 };
    struct hep_json *root = NULL;
    char deep[200] = { 0 };

    (void)state;
    for (int i = 0; i < 65; i++) {
        deep[i] = '[';
        deep[65 + i] = ']';
    }
    assert_fails(hep_json_parse(&root, deep, 130, "t.json", &e), e, HEP_EFORMAT, "t.json:1:65: ");
    assert_ok(hep_json_parse(&root, deep + 1, 128, "t.json", &e), e);
    hep_json_free(root);
    root =
        parse("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\"]");
    hep_json_free(root);
}

/* Editors of Windows begin a file with the mark of byte order; places of errors count what follows it. */
static void test_byte_order_mark(void **state)
{
    struct hep_json *root = parse("\xef\xbb\xbf{\"EchoTime\": 0.0023}");

    (void)state;
    assert_close(hep_json_number(hep_json_get(root, "EchoTime")), 0.0023, 0.0, 0.0);
    hep_json_free(root);
}

static void test_reading(void **state)
{
    static const char text[] = "{\"zeta\": [1, 2.385, \"x\", null, true], \"alpha\": {\"b\": 1}, "
                               "\"mid\": false, \"u\": \"\\u00e9\"}";
    static const char *const sorted[] = { "alpha", "mid", "u", "zeta" };
    struct hep_json *root = parse(text);
    const struct hep_json *list = hep_json_get(root, "zeta");
    const struct hep_json *value = NULL;

    (void)state;
    assert_int_equal(hep_json_type(root), HEP_JSON_OBJECT);
    assert_int_equal(hep_json_size(root), 4);
    assert_int_equal(hep_json_size(list), 5);
    assert_close(hep_json_number(hep_json_at(list, 0)), 1.0, 0.0, 0.0);
    assert_close(hep_json_number(hep_json_at(list, 1)), 2.385, 0.0, 0.0);
    assert_string_equal(hep_json_string(hep_json_at(list, 2)), "x");
    assert_int_equal(hep_json_type(hep_json_at(list, 3)), HEP_JSON_NULL);
    assert_int_equal(hep_json_type(hep_json_at(list, 4)), HEP_JSON_BOOL);
    assert_true(hep_json_bool(hep_json_at(list, 4), false));
    assert_false(hep_json_bool(hep_json_get(root, "mid"), true));
    assert_string_equal(hep_json_string(hep_json_get(root, "u")), "\xc3\xa9");
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(hep_json_key_at(root, i, &value), sorted[i]);
    assert_ptr_equal(value, list);
    assert_null(hep_json_key_at(root, 4, &value));
    assert_null(hep_json_key_at(list, 0, NULL));
    hep_json_free(root);
}

static void test_missing_everywhere(void **state)
{
    struct hep_json *root = parse("{\"n\": 1, \"s\": \"1\"}");

    (void)state;
    assert_int_equal(hep_json_type(NULL), HEP_JSON_MISSING);
    assert_int_equal(hep_json_size(NULL), 0);
    assert_null(hep_json_get(NULL, "a"));
    assert_null(hep_json_get(root, "a"));
    assert_null(hep_json_get(hep_json_get(root, "n"), "a"));
    assert_null(hep_json_at(root, 0));
    assert_null(hep_json_at(NULL, 0));
    assert_null(hep_json_key_at(NULL, 0, NULL));
    assert_true(isnan(hep_json_number(NULL)));
    assert_true(isnan(hep_json_number(hep_json_get(root, "s"))));
    assert_null(hep_json_string(NULL));
    assert_null(hep_json_string(hep_json_get(root, "n")));
    assert_true(hep_json_bool(NULL, true));
    assert_false(hep_json_bool(hep_json_get(root, "n"), false));
    hep_json_free(NULL);
    hep_json_free(root);
}

static void test_type_names(void **state)
{
    (void)state;
    assert_string_equal(hep_json_type_name(HEP_JSON_MISSING), "nothing");
    assert_string_equal(hep_json_type_name(HEP_JSON_NULL), "null");
    assert_string_equal(hep_json_type_name(HEP_JSON_BOOL), "a boolean");
    assert_string_equal(hep_json_type_name(HEP_JSON_NUMBER), "a number");
    assert_string_equal(hep_json_type_name(HEP_JSON_STRING), "a text");
    assert_string_equal(hep_json_type_name(HEP_JSON_ARRAY), "a list");
    assert_string_equal(hep_json_type_name(HEP_JSON_OBJECT), "an object");
    assert_string_equal(hep_json_type_name((enum hep_json_type)99), "nothing");
}

/* Many keys in an unfavourable order: still sorted, still quick. */
static void test_many_keys(void **state)
{
    struct hep_json *o = hep_json_new_object();
    char previous[16] = "";

    (void)state;
    for (int i = 0; i < 500; i++) {
        char key[16];

        (void)snprintf(key, sizeof key, "k%05d", i * 211 % 500);
        assert_int_equal(hep_json_set(o, key, hep_json_new_integer(i), NULL), HEP_OK);
    }
    for (size_t i = 0; i < 500; i++) {
        const char *key = hep_json_key_at(o, i, NULL);

        assert_true(strcmp(previous, key) < 0);
        (void)snprintf(previous, sizeof previous, "%s", key);
    }
    hep_json_free(o);
}

/* A small tree with every kind of node. */
static int build(struct hep_json **out, struct hep_error *err)
{
    struct hep_json *o = hep_json_new_object();
    struct hep_json *a = hep_json_new_array();
    int rc;

    rc = hep_json_append(a, hep_json_new_number(1.0 / 3.0), err);
    if (rc == HEP_OK)
        rc = hep_json_append(a, hep_json_new_number((double)NAN), err);
    if (rc == HEP_OK)
        rc = hep_json_append(a, hep_json_new_number(-(double)INFINITY), err);
    if (rc == HEP_OK)
        rc = hep_json_append(a, hep_json_new_integer(9007199254740993), err);
    if (rc == HEP_OK)
        rc = hep_json_set(o, "z", hep_json_new_string("a\xff\n\"b\""), err);
    if (rc == HEP_OK)
        rc = hep_json_set(o, "t", hep_json_new_bool(true), err);
    if (rc == HEP_OK)
        rc = hep_json_set(o, "n", hep_json_new_string(NULL), err);
    if (rc == HEP_OK)
        rc = hep_json_set(o, "m", hep_json_new_null(), err);
    if (rc == HEP_OK)
        rc = hep_json_set(o, "copy", hep_json_copy(a), err);
    if (rc == HEP_OK) {
        rc = hep_json_set(o, "a", a, err);
        a = NULL;
    }
    hep_json_free(a);
    if (rc != HEP_OK) {
        hep_json_free(o);
        return rc;
    }
    *out = o;
    return HEP_OK;
}

static const char want_text[] = "{\n"
                                "  \"a\": [\n    0.333333333,\n    null,\n    null,\n"
                                "    9007199254740993\n  ],\n"
                                "  \"copy\": [\n    0.333333333,\n    null,\n    null,\n"
                                "    9007199254740993\n  ],\n"
                                "  \"m\": null,\n  \"n\": null,\n  \"t\": true,\n"
                                "  \"z\": \"a\xef\xbf\xbd\\n\\\"b\\\"\"\n}\n";

static void test_building_and_writing(void **state)
{
    struct hep_error e = { 0 };
    struct hep_json *o = NULL;
    struct hep_json *again = NULL;
    char *text = NULL;
    char *folder = hep_test_mkdir();
    char *path = hep_path_join(folder, "x.json", NULL);

    (void)state;
    assert_ok(build(&o, &e), e);
    assert_ok(hep_json_dump(&text, o, &e), e);
    assert_string_equal(text, want_text);
    free(text);
    assert_ok(hep_json_write(path, o, &e), e);
    assert_ok(hep_json_read(&again, path, &e), e);
    assert_ok(hep_json_dump(&text, again, &e), e);
    assert_string_equal(text, want_text);
    free(text);
    assert_ok(hep_json_dump_line(&text, hep_json_get(again, "a"), &e), e);
    assert_string_equal(text, "[0.333333333, null, null, 9007199254740993]");
    free(text);
    hep_json_free(o);
    hep_json_free(again);
    free(path);
    hep_test_rmdir(folder);
}

/* Goldberg, ACM Comput Surv 1991;23:5-48, theorem 15: 17 digits identify a double. Text by hand. */
static void test_digits(void **state)
{
    static const struct {
        double value;
        const char *exact, *rounded;
    } cases[] = {
        { 0.1, "0.1", "0.1" },
        { 1.25e-5, "1.25e-5", "1.25e-5" },
        { 1.0 / 3.0, "0.3333333333333333", "0.333333333" },
        { 2.0, "2.0", "2.0" },
        { -0.0, "-0.0", "-0.0" },
        { 1.5e300, "1.5e300", "1.5e300" },
        { 4.9406564584124654e-324, "4.94065646e-324", "4.94065646e-324" },
        { 1.7976931348623157e308, "1.7976931348623157e308", "1.79769313e308" },
        { 123456789.25, "123456789.25", "123456789.0" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hep_json *exact = hep_json_new_exact(cases[i].value),
                        *rounded = hep_json_new_number(cases[i].value), *again;
        struct hep_error e = { 0 };
        char *text = NULL;
        double back;

        assert_ok(hep_json_dump_line(&text, exact, &e), e);
        assert_string_equal(text, cases[i].exact);
        again = parse(text);
        back = hep_json_number(again);
        assert_memory_equal(&back, &cases[i].value, sizeof back);
        free(text);
        assert_ok(hep_json_dump_line(&text, rounded, &e), e);
        assert_string_equal(text, cases[i].rounded);
        free(text);
        hep_json_free(exact);
        hep_json_free(rounded);
        hep_json_free(again);
    }
}

static void test_files_that_fail(void **state)
{
    struct hep_error e = { 0 };
    struct hep_json *root = NULL;
    char *folder = hep_test_mkdir();
    char *path = hep_path_join(folder, "none/x.json", NULL);
    char *broken = hep_path_join(folder, "x.json", NULL);

    (void)state;
    root = parse("3");
    assert_fails(hep_json_write(path, root, &e), e, HEP_ECREAT, path);
    hep_json_free(root);
    root = NULL;
    assert_fails(hep_json_read(&root, path, &e), e, HEP_ENOENT, path);
    assert_ok(hep_file_write(broken, "{\n]", 3, &e), e);
    assert_fails(hep_json_read(&root, broken, &e), e, HEP_EFORMAT, "x.json:2:1: ");
    assert_null(root);
    free(path);
    free(broken);
    hep_test_rmdir(folder);
}

/* Setters own the child in every case: under the address sanitizer a leak here fails the test. */
static void test_wrong_containers(void **state)
{
    struct hep_error e = { 0 };
    struct hep_json *o = hep_json_new_object();
    struct hep_json *a = hep_json_new_array();

    (void)state;
    assert_fails(hep_json_set(a, "k", hep_json_new_integer(1), &e), e, HEP_EINVAL, "a list");
    assert_fails(hep_json_append(o, hep_json_new_integer(1), &e), e, HEP_EINVAL, "an object");
    assert_fails(hep_json_set(NULL, "k", hep_json_new_integer(1), &e), e, HEP_ENOMEM, "k");
    assert_fails(hep_json_append(NULL, hep_json_new_integer(1), &e), e, HEP_ENOMEM, NULL);
    assert_fails(hep_json_set(o, "k", NULL, &e), e, HEP_ENOMEM, "k");
    assert_fails(hep_json_append(a, NULL, &e), e, HEP_ENOMEM, NULL);
    hep_json_free(o);
    hep_json_free(a);
}

static void *counted_malloc(size_t n)
{
    return hep_calloc(n, 1, NULL);
}

static int everything(struct hep_error *err)
{
    struct hep_json *built = NULL;
    struct hep_json *parsed = NULL;
    char *text = NULL;
    char *line = NULL;
    int rc;

    rc = build(&built, err);
    if (rc == HEP_OK)
        rc = hep_json_dump(&text, built, err);
    if (rc == HEP_OK)
        rc = hep_json_dump_line(&line, built, err);
    if (rc == HEP_OK)
        rc = hep_json_parse(&parsed, text, strlen(text), "t.json", err);
    free(text);
    free(line);
    hep_json_free(built);
    hep_json_free(parsed);
    return rc;
}

/* jansson's own allocations are counted too. */
static void test_without_memory(void **state)
{
    int rc = HEP_ENOMEM;
    long n;

    (void)state;
    json_set_alloc_funcs(counted_malloc, free);
    for (n = 1; rc != HEP_OK; n++) {
        struct hep_error e = { 0 };

        hep_alloc_fail_at(n);
        rc = everything(&e);
        hep_alloc_fail_at(0);
        assert_int_equal(e.code, rc);
        /* jansson's reader takes a text that it has no memory for to be bad grammar. */
        assert_true(rc == HEP_OK || rc == HEP_ENOMEM ||
                    (rc == HEP_EFORMAT && strstr(e.msg, "t.json:") != NULL));
        assert_true(n < 2000);
    }
    assert_true(n > 30);
    json_set_alloc_funcs(malloc, free);
}

/* A copy is whole or none, whichever allocation of jansson fails. */
static void test_copy_without_memory(void **state)
{
    struct hep_json *original =
        parse("{\"a\": {\"b\": [1, {\"c\": \"text\", \"d\": 2.5}], \"e\": null}, \"f\": [[], {}]}");
    struct hep_json *copy = NULL;
    char *want = NULL, *got = NULL;
    struct hep_error e = { 0 };
    long n;

    (void)state;
    assert_ok(hep_json_dump(&want, original, &e), e);
    json_set_alloc_funcs(counted_malloc, free);
    for (n = 1; copy == NULL; n++) {
        assert_true(n < 500);
        hep_alloc_fail_at(n);
        copy = hep_json_copy(original);
        hep_alloc_fail_at(0);
        if (copy == NULL)
            continue;
        assert_ok(hep_json_dump(&got, copy, &e), e);
        assert_string_equal(got, want);
    }
    assert_true(n > 20);
    json_set_alloc_funcs(malloc, free);
    free(want);
    hep_json_free(original);
    hep_json_free(copy);
    free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_byte_order_mark),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_missing_everywhere),
        cmocka_unit_test(test_type_names),
        cmocka_unit_test(test_many_keys),
        cmocka_unit_test(test_building_and_writing),
        cmocka_unit_test(test_digits),
        cmocka_unit_test(test_files_that_fail),
        cmocka_unit_test(test_wrong_containers),
        cmocka_unit_test(test_without_memory),
        cmocka_unit_test(test_copy_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
