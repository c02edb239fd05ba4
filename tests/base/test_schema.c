/* Tables of keys: what is read, and one message for each mistake, with its place counted by hand. */
#include "support/support.h"

#include "base/alloc.h"
#include "base/schema.h"

struct inner {
    double pair[2];
};
struct outer {
    const char *name;
    double length_m;
    struct inner inner;
    int colour;
    bool is_open;
};

static int read_inner(const struct hep_reader *r, const struct hep_yaml *node,
                      const struct hep_key *key, void *to)
{
    static const struct hep_key keys[] = {
        HEP_KEY(struct inner, pair, "pair", hep_read_pair, .required = true, .min = -1, .max = 5),
        { 0 },
    };

    return hep_read_mapping(r, node, key->name, keys, to);
}

static int read_outer(struct outer *out, const char *text, struct hep_error *err)
{
    static const char *const colours[] = { "red", "green", NULL };
    static const struct hep_key keys[] = {
        HEP_KEY(struct outer, name, "name", hep_read_text, .required = true),
        HEP_KEY(struct outer, length_m, "length_mm", hep_read_number, .max = 100, .scale = 1e-3),
        HEP_KEY(struct outer, inner, "inner", read_inner, .required = false),
        HEP_KEY(struct outer, colour, "colour", hep_read_choice, .words = colours),
        HEP_KEY(struct outer, is_open, "is_open", hep_read_bool, .required = false),
        { 0 },
    };
    struct hep_yaml_doc *doc = NULL;
    int rc = hep_yaml_parse(&doc, text, strlen(text), "f.yml", err);

    if (rc == HEP_OK)
        rc = hep_read_mapping(&(struct hep_reader){ doc, err }, hep_yaml_root(doc), "the file",
                              keys, out);
    out->name = NULL; /* borrowed from the document */
    hep_yaml_free(doc);
    return rc;
}

static void test_read(void **state)
{
    struct outer o = { .colour = 7 };
    struct hep_error e = { 0 };

    (void)state;
    assert_ok(read_outer(&o,
                         "name: a\nlength_mm: 23.85\ninner: {pair: [-1, 4.5]}\ncolour: green\n"
                         "is_open: true\n",
                         &e),
              e);
    assert_close(o.length_m, 0.02385, 1e-15, 0.0);
    assert_close(o.inner.pair[0], -1.0, 0.0, 0.0);
    assert_close(o.inner.pair[1], 4.5, 0.0, 0.0);
    assert_int_equal(o.colour, 1);
    assert_true(o.is_open);
    o = (struct outer){ .length_m = 3.0, .colour = 7 };
    assert_ok(read_outer(&o, "name: a\n", &e), e); /* what is absent stays */
    assert_close(o.length_m, 3.0, 0.0, 0.0);
    assert_int_equal(o.colour, 7);
}

static const struct mistake {
    const char *text, *message;
} mistakes[] = {
    { "- a\n", "f.yml:1:1: the file must be a block of keys, not a list" },
    { "colour: red\n", "f.yml:1:1: the file lacks the key 'name'" },
    { "name: a\nlenth_mm: 3\n", "f.yml:2:1: unknown key 'lenth_mm'; did you mean 'length_mm'?" },
    { "name: a\nxyz: 3\n",
      "f.yml:2:1: unknown key 'xyz'; known are name, length_mm, inner, colour, is_open" },
    { "name: ''\n", "f.yml:1:7: name must be a text that is not empty" },
    { "name: a\nlength_mm: 101\n", "f.yml:2:12: length_mm is 101, allowed are 0 to 100" },
    { "name: a\nlength_mm: [3]\n", "f.yml:2:12" },
    { "name: a\ninner: {pair: [1]}\n", "pair needs two numbers, got 1" },
    { "name: a\ninner: {pair: [2, 1]}\n", "pair falls from 2 to 1" },
    { "name: a\ninner: {pair: [2, 6]}\n", "pair is 6, allowed are -1 to 5" },
    { "name: a\ninner: {}\n", "inner lacks the key 'pair'" },
    { "name: a\ncolour: greem\n", "f.yml:2:9: unknown colour 'greem'; did you mean 'green'?" },
    { "name: a\ncolour: [red]\n", "colour must be a single value, not a list" },
    { "name: a\nis_open: yes\n", "f.yml:2:10" },
};

static void test_mistakes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct outer o = { 0 };
        struct hep_error e = { 0 };

        assert_fails(read_outer(&o, mistakes[i].text, &e), e, HEP_ECONFIG, mistakes[i].message);
    }
}

static void test_list_and_memory(void **state)
{
    static const char text[] = "[1, 2, 3]\n";
    struct hep_yaml_doc *doc = NULL;
    struct hep_error e = { 0 };
    struct hep_reader r;
    struct outer o = { 0 };

    (void)state;
    assert_ok(hep_yaml_parse(&doc, text, sizeof text - 1, "f.yml", &e), e);
    r = (struct hep_reader){ doc, &e };
    assert_ok(hep_want_list(&r, hep_yaml_root(doc), "ages", 3, 3), e);
    assert_fails(hep_want_list(&r, hep_yaml_root(doc), "ages", 4, 9), e, HEP_ECONFIG,
                 "f.yml:1:1: ages must be a list of 4 to 9 entries, not 3");
    hep_yaml_free(doc);
    hep_alloc_fail_at(
        1); /* of the list of known keys: the message is shorter, the status the same */
    (void)!read_outer(&o, "name: a\nxyz: 3\n", &e);
    hep_alloc_fail_at(0);
    assert_true(e.code == HEP_ECONFIG || e.code == HEP_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_list_and_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
