#include "support/support.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "base/yaml.h"

#include <unistd.h>

static struct hep_yaml_doc *parse(const char *text)
{
    struct hep_error e = { 0 };
    struct hep_yaml_doc *doc = NULL;

    assert_ok(hep_yaml_parse(&doc, text, strlen(text), "p.yml", &e), e);
    return doc;
}

struct bad_case {
    const char *name, *text, *part; /* position and reason */
};

static struct bad_case bad[] = {
    { "alias", "a: 1\nb: *a\n", "p.yml:2:4: aliases" },
    { "alias bomb", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "p.yml:1:4: anchors" },
    { "alias to itself", "&a [*a]", "p.yml:1:1: anchors" },
    { "merge", "<<: *a\n", "p.yml:1:5: aliases" },
    { "anchor", "a: &x 1\n", "p.yml:1:4: anchors" },
    { "anchor on a key", "&x a: 1\n", "p.yml:1:1: anchors" },
    { "tag", "a: !!str 3\n", "p.yml:1:4: tags" },
    { "tag on a block", "!foo\na: 1\n", "p.yml:1:1: tags" },
    { "repeated key", "a: 1\nb: 2\n\na: 3\n", "p.yml:4:1: key 'a' is repeated" },
    { "repeated key in braces", "{a: 1, a: 2}", "p.yml:1:8: key 'a' is repeated" },
    { "repeated in another style", "a: 1\n\"a\": 2\n", "p.yml:2:1: key 'a' is repeated" },
    { "two documents", "a: 1\n---\nb: 2\n", "p.yml:2:1: only one document" },
    { "nine levels", "[[[[[[[[[1]]]]]]]]]", "p.yml:1:9: nested deeper than 8" },
    { "list as key", "? [a]\n: 1\n", "p.yml:1:3: a key must be plain text, got a list" },
    { "map as key", "{a: 1}: 2\n", "p.yml:1:1: a key must be plain text" },
    { "no key", ": 2\n", "p.yml:1:1: a key is missing" },
    { "zero byte", "a: \"x\\0y\"\n", "p.yml:1:4: a text must not hold a zero byte" },
    { "control character", "a: 1\nb: \x01\n", "p.yml:2:4: control character 0x01" },
    { "not UTF-8", "a: 1\nbc: \xff\n", "p.yml:2:5: byte 0xff" },
    { "unclosed list", "a: [1, 2\nb: 3\n", "p.yml:3:1: " },
    { "unclosed quote", "a: 'x\n", "p.yml:1:5: " },
    { "tab as indentation", "a:\n\tb: 1\n", "p.yml:2:" },
    { "indentation", "a: 1\n  b: 2\n", "p.yml:1:4: " },
    { "second map on a line", "a: b: c\n", "p.yml:1:5: " },
    { "value after map", "a: 1\nb\n", "p.yml:2:1: " },
    { "stray brace", "}", "p.yml:1:1: " },
    { "reserved mark", "a: @b\n", "p.yml:1:4: " },
    { "bad escape", "a: \"\\xZ\"\n", "p.yml:1:" },
};

/* One line of ours, and not a word from libfyaml on standard error. */
static void test_bad_case(void **state)
{
    const struct bad_case *c = *state;
    char *folder = hep_test_mkdir();
    char *path = hep_path_join(folder, "stderr", NULL);
    int saved = dup(STDERR_FILENO);
    struct hep_error e = { 0 };
    struct hep_error e_file = { 0 };
    struct hep_yaml_doc *doc = NULL;
    char *noise = NULL;
    size_t n = 77;
    int rc;

    assert_non_null(freopen(path, "w", stderr));
    rc = hep_yaml_parse(&doc, c->text, strlen(c->text), "p.yml", &e);
    (void)fflush(stderr);
    assert_true(dup2(saved, STDERR_FILENO) >= 0);
    (void)close(saved);
    assert_fails(rc, e, HEP_ECONFIG, c->part);
    assert_null(doc);
    assert_ok(hep_file_read(&noise, &n, path, 1 << 20, &e_file), e_file);
    assert_int_equal(n, 0);
    free(noise);
    free(path);
    hep_test_rmdir(folder);
}

static void test_garbage(void **state)
{
    unsigned char bytes[256];
    struct hep_error e = { 0 };
    struct hep_yaml_doc *doc = NULL;

    (void)state;
    for (size_t i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    for (size_t start = 0; start < 256; start++) {
        int rc = hep_yaml_parse(&doc, (char *)bytes + start, 256 - start, "p.yml", &e);

        assert_fails(rc, e, HEP_ECONFIG, "p.yml:");
    }
}

/* Every level opens something new; each of these once made a recursive reader use all its stack. */
static void test_very_deep(void **state)
{
    static const char *const units[] = { "[", "{a: ", "- ", "? " };
    struct hep_error e = { 0 };
    struct hep_yaml_doc *doc = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        struct hep_str s = { 0 };

        while (s.len < 500000)
            hep_str_add(&s, units[i]);
        assert_fails(hep_yaml_parse(&doc, s.s, s.len, "p.yml", &e), e, HEP_ECONFIG, "p.yml:1:");
        hep_str_release(&s);
    }
}

/* Each of these needs minutes inside libfyaml 0.7.12 when it is let through. */
static void test_long_gaps(void **state)
{
    static const char *const starts[] = { "a: |\n", "a: >\n", "- " };
    static const char *const gaps[] = { "\n", "\r\n", " ", "\t" };
    struct hep_error e = { 0 };
    struct hep_yaml_doc *doc = NULL;

    (void)state;
    for (size_t i = 0; i < 12; i++) {
        struct hep_str s = { 0 };

        hep_str_add(&s, starts[i / 4]);
        while (s.len < 1000000)
            hep_str_add(&s, gaps[i % 4]);
        assert_fails(hep_yaml_parse(&doc, s.s, s.len, "p.yml", &e), e, HEP_ECONFIG, "in a row");
        hep_str_release(&s);
    }
}

static void test_largest(void **state)
{
    struct hep_str s = { 0 };
    struct hep_error e = { 0 };
    struct hep_yaml_doc *doc = NULL;
    char *folder = hep_test_mkdir();
    char *path = hep_path_join(folder, "big.yml", NULL);

    (void)state;
    for (int i = 0; s.len < (1 << 20) - 20; i++)
        hep_str_addf(&s, "k%d: %d\n", i, i);
    assert_ok(hep_yaml_parse(&doc, s.s, s.len, "p.yml", &e), e);
    assert_true(hep_yaml_size(hep_yaml_root(doc)) > 60000);
    assert_string_equal(hep_yaml_text(hep_yaml_at(hep_yaml_root(doc), 12345)), "12345");
    assert_int_equal(hep_yaml_line(hep_yaml_at(hep_yaml_root(doc), 12345)), 12346);
    hep_yaml_free(doc);
    doc = NULL;
    while (s.len <= 1 << 20)
        hep_str_add(&s, "# filling\n");
    assert_fails(hep_yaml_parse(&doc, s.s, s.len, "p.yml", &e), e, HEP_ECONFIG, "1048576");
    assert_ok(hep_file_write(path, s.s, s.len, &e), e);
    assert_fails(hep_yaml_read(&doc, path, &e), e, HEP_ECONFIG, path);
    assert_null(doc);
    hep_str_release(&s);
    free(path);
    hep_test_rmdir(folder);
}

static void test_tree(void **state)
{
    struct hep_yaml_doc *doc = parse("# protocol\nb: 2.385\na:\n  - x\n  - {k: 'v', n: }\n"
                                     "t: |\n  one\n  two\nu: \"\\u00e9\"\nlast:\n");
    const struct hep_yaml *root = hep_yaml_root(doc);
    const struct hep_yaml *list = hep_yaml_get(root, "a");
    const struct hep_yaml *map = hep_yaml_at(list, 1);

    (void)state;
    assert_int_equal(hep_yaml_type(root), HEP_YAML_MAPPING);
    assert_int_equal(hep_yaml_size(root), 5);
    assert_string_equal(hep_yaml_key_at(root, 0), "b");
    assert_string_equal(hep_yaml_key_at(root, 4), "last");
    assert_null(hep_yaml_key_at(root, 5));
    assert_null(hep_yaml_at(root, 5));
    assert_int_equal(hep_yaml_type(list), HEP_YAML_SEQUENCE);
    assert_null(hep_yaml_key_at(list, 0));
    assert_null(hep_yaml_text(list));
    assert_null(hep_yaml_get(list, "x"));
    assert_null(hep_yaml_get(NULL, "x"));
    assert_null(hep_yaml_get(root, "x"));
    assert_string_equal(hep_yaml_text(hep_yaml_at(list, 0)), "x");
    assert_int_equal(hep_yaml_line(hep_yaml_at(list, 0)), 4);
    assert_int_equal(hep_yaml_column(hep_yaml_at(list, 0)), 5);
    assert_int_equal(hep_yaml_line(map), 5);
    assert_int_equal(hep_yaml_column(hep_yaml_key_node(map, 1)), 14);
    assert_true(hep_yaml_is_quoted(hep_yaml_get(map, "k")));
    assert_false(hep_yaml_is_quoted(hep_yaml_get(root, "b")));
    assert_string_equal(hep_yaml_text(hep_yaml_get(map, "n")), "");
    assert_string_equal(hep_yaml_text(hep_yaml_get(root, "t")), "one\ntwo\n");
    assert_string_equal(hep_yaml_text(hep_yaml_get(root, "u")), "\xc3\xa9");
    assert_string_equal(hep_yaml_text(hep_yaml_get(root, "last")), "");
    hep_yaml_free(doc);
}

static void test_other_roots(void **state)
{
    static const char *const empty[] = { "", "# comment\n", "\n\n", "\xef\xbb\xbf" };
    struct hep_yaml_doc *doc;

    (void)state;
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        doc = parse(empty[i]);
        assert_null(hep_yaml_root(doc));
        hep_yaml_free(doc);
    }
    doc = parse("word");
    assert_int_equal(hep_yaml_type(hep_yaml_root(doc)), HEP_YAML_SCALAR);
    hep_yaml_free(doc);
    doc = parse("\xef\xbb\xbf%YAML 1.2\n---\r\n[[[[[[[[1]]]]]]]]\r\n...\n");
    assert_int_equal(hep_yaml_type(hep_yaml_root(doc)), HEP_YAML_SEQUENCE);
    hep_yaml_free(doc);
    hep_yaml_free(NULL);
    assert_string_equal(hep_yaml_type_name(HEP_YAML_SCALAR), "a single value");
    assert_string_equal(hep_yaml_type_name(HEP_YAML_SEQUENCE), "a list");
    assert_string_equal(hep_yaml_type_name(HEP_YAML_MAPPING), "a block of keys");
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        double want;
        const char *part; /* NULL: accepted */
    } cases[] = {
        { "a: 2.385", 2.385, NULL },
        { "a: -1e-3", -1e-3, NULL },
        { "a: 2000ms", 0.0, "p.yml:1:4: a number is needed here, got '2000ms'" },
        { "a: 3x", 0.0, "got '3x'" },
        { "a: nan", 0.0, "got 'nan'" },
        { "a: .inf", 0.0, "got '.inf'" },
        { "a: 0x10", 0.0, "got '0x10'" },
        { "a: '12'", 0.0, "got quoted text" },
        { "a:", 0.0, "p.yml:1:1: a number is needed here, got nothing" },
        { "b: 1\na:   # later\nc: 2", 0.0, "p.yml:2:1: a number is needed here, got nothing" },
        { "{b: 1, \"a\": }", 0.0, "p.yml:1:8: a number is needed here, got nothing" },
        { "a: [1]", 0.0, "got a list" },
        { "a: {b: 1}", 0.0, "got a block of keys" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hep_error e = { 0 };
        struct hep_yaml_doc *doc = parse(cases[i].text);
        const struct hep_yaml *node = hep_yaml_get(hep_yaml_root(doc), "a");
        double got = -77.0;

        if (cases[i].part == NULL) {
            assert_ok(hep_yaml_number(&got, doc, node, &e), e);
            assert_close(got, cases[i].want, 0.0, 0.0);
        } else {
            assert_fails(hep_yaml_number(&got, doc, node, &e), e, HEP_ECONFIG, cases[i].part);
            assert_close(got, -77.0, 0.0, 0.0);
        }
        hep_yaml_free(doc);
    }
}

static void test_truth(void **state)
{
    static const struct {
        const char *text;
        int want; /* -1: refused */
    } cases[] = {
        { "a: true", 1 },    { "a: True", 1 },    { "a: FALSE", 0 }, { "a: false", 0 },
        { "a: yes", -1 },    { "a: 'true'", -1 }, { "a: 1", -1 },    { "a:", -1 },
        { "a: [true]", -1 }, { "a: truely", -1 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hep_error e = { 0 };
        struct hep_yaml_doc *doc = parse(cases[i].text);
        const struct hep_yaml *node = hep_yaml_get(hep_yaml_root(doc), "a");
        bool got = cases[i].want == 0;

        if (cases[i].want < 0) {
            assert_fails(hep_yaml_bool(&got, doc, node, &e), e, HEP_ECONFIG, "true or false");
        } else {
            assert_ok(hep_yaml_bool(&got, doc, node, &e), e);
            assert_int_equal(got, cases[i].want);
        }
        hep_yaml_free(doc);
    }
}

static void test_missing_node(void **state)
{
    struct hep_error e = { 0 };
    struct hep_yaml_doc *doc = parse("");
    const struct hep_yaml *none = hep_yaml_root(doc);
    double number = -77.0;
    bool truth = false;

    (void)state;
    assert_int_equal(hep_yaml_type(none), HEP_YAML_SCALAR);
    assert_null(hep_yaml_text(none));
    assert_false(hep_yaml_is_quoted(none));
    assert_int_equal(hep_yaml_size(none), 0);
    assert_null(hep_yaml_at(none, 0));
    assert_null(hep_yaml_key_at(none, 0));
    assert_int_equal(hep_yaml_line(none), 1);
    assert_int_equal(hep_yaml_column(none), 1);
    assert_fails(hep_yaml_number(&number, doc, none, &e), e, HEP_ECONFIG, "got nothing");
    assert_fails(hep_yaml_bool(&truth, doc, none, &e), e, HEP_ECONFIG, "got nothing");
    hep_yaml_free(doc);
}

static void test_fail_at_a_node(void **state)
{
    struct hep_error e = { 0 };
    struct hep_yaml_doc *doc = parse("a: 1\nb: 2\n");

    (void)state;
    assert_fails(hep_yaml_fail(doc, hep_yaml_get(hep_yaml_root(doc), "b"), &e, "%d is odd", 3), e,
                 HEP_ECONFIG, "p.yml:2:4: 3 is odd");
    assert_fails(hep_yaml_fail(doc, NULL, &e, "empty"), e, HEP_ECONFIG, "p.yml:1:1: empty");
    hep_yaml_free(doc);
}

static void test_caret(void **state)
{
    static const struct {
        const char *text, *message, *want;
    } cases[] = {
        { "a: 1\nb: xy\nc: 3\n", "p.yml:2:4: bad", "b: xy\n   ^\n" },
        { "a: 1\nb: xy", "study: p.yml:2:4: bad", "b: xy\n   ^\n" },
        { "\xc3\xa9\xc3\xa9: x\r\n", "p.yml:1:5: bad", "\xc3\xa9\xc3\xa9: x\n    ^\n" },
        { "\ta: x\n", "p.yml:1:5: bad", "\ta: x\n\t   ^\n" },
        { "a\x01\xff"
          "b\n",
          "p.yml:1:4: bad", "a??b\n   ^\n" },
        { "a\n", "p.yml:1:3: bad", "a\n ^\n" },
        { "a\n", "p.yml:9:3: bad", "" },
        { "a\n", "q.yml:1:1: bad", "" },
        { "a\n", "p.yml: bad", "" },
        { "a\n", "p.yml:1: bad", "" },
        { "", "p.yml:1:1: bad", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hep_error e = { 0 };
        struct hep_str s = { 0 };

        (void)HEP_FAIL(&e, HEP_ECONFIG, "%s", cases[i].message);
        hep_yaml_caret(&s, cases[i].text, strlen(cases[i].text), "p.yml", &e);
        assert_string_equal(s.s ? s.s : "", cases[i].want);
        hep_str_release(&s);
    }
}

/* Of a very long line only the surroundings of the place are shown, and the caret is still right.
 */
static void test_caret_in_a_long_line(void **state)
{
    struct hep_error e = { 0 };
    struct hep_str s = { 0 };
    char text[5000];
    const char *caret;

    (void)state;
    (void)memset(text, '.', sizeof text);
    text[4000] = 'X';
    (void)HEP_FAIL(&e, HEP_ECONFIG, "p.yml:1:4001: bad");
    hep_yaml_caret(&s, text, sizeof text, "p.yml", &e);
    assert_true(s.len < 300);
    caret = strchr(s.s, '\n') + 1;
    assert_int_equal(strchr(s.s, 'X') - s.s, strchr(caret, '^') - caret);
    hep_str_release(&s);
}

static void test_files(void **state)
{
    struct hep_error e = { 0 };
    struct hep_yaml_doc *doc = NULL;
    char *folder = hep_test_mkdir();
    char *path = hep_path_join(folder, "p.yml", NULL);

    (void)state;
    assert_fails(hep_yaml_read(&doc, path, &e), e, HEP_ENOENT, path);
    assert_fails(hep_yaml_read(&doc, folder, &e), e, HEP_ECONFIG, folder);
    assert_ok(hep_file_write(path, "a: [", 4, &e), e);
    assert_fails(hep_yaml_read(&doc, path, &e), e, HEP_ECONFIG, path);
    assert_null(doc);
    assert_ok(hep_file_write(path, "a: 1", 4, &e), e);
    assert_ok(hep_yaml_read(&doc, path, &e), e);
    hep_yaml_free(doc);
    free(path);
    hep_test_rmdir(folder);
}

static void test_without_memory(void **state)
{
    static const char text[] = "a: [1, 2, 3, 4, 5, 6, 7, 8, 9]\nb: {c: d, e: 'f'}\ng:\n";
    int rc = HEP_ENOMEM;
    long n;

    (void)state;
    for (n = 1; rc != HEP_OK; n++) {
        struct hep_error e = { 0 };
        struct hep_yaml_doc *doc = NULL;

        hep_alloc_fail_at(n);
        rc = hep_yaml_parse(&doc, text, strlen(text), "p.yml", &e);
        assert_int_equal(hep_alloc_fail_at(0) > 0, rc == HEP_OK);
        assert_true(rc == HEP_OK || rc == HEP_ENOMEM);
        assert_int_equal(e.code, rc);
        assert_true((doc != NULL) == (rc == HEP_OK));
        hep_yaml_free(doc);
    }
    assert_true(n > 40);
}

int main(void)
{
    enum { N = sizeof bad / sizeof *bad };
    const struct CMUnitTest rest[] = {
        cmocka_unit_test(test_garbage),      cmocka_unit_test(test_very_deep),
        cmocka_unit_test(test_long_gaps),    cmocka_unit_test(test_largest),
        cmocka_unit_test(test_tree),         cmocka_unit_test(test_other_roots),
        cmocka_unit_test(test_numbers),      cmocka_unit_test(test_truth),
        cmocka_unit_test(test_missing_node), cmocka_unit_test(test_fail_at_a_node),
        cmocka_unit_test(test_caret),        cmocka_unit_test(test_caret_in_a_long_line),
        cmocka_unit_test(test_files),        cmocka_unit_test(test_without_memory),
    };
    struct CMUnitTest tests[N + sizeof rest / sizeof *rest] = { 0 };

    for (size_t i = 0; i < N; i++)
        tests[i] = (struct CMUnitTest){ .name = bad[i].name,
                                        .test_func = test_bad_case,
                                        .initial_state = &bad[i] };
    (void)memcpy(tests + N, rest, sizeof rest);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
