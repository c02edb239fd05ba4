#include "fuzz/fuzz.h"

#include "base/text.h"
#include "base/yaml.h"

/* Levels are limited to 8 by the reader, so this walk is bounded. */
/* NOLINTNEXTLINE(misc-no-recursion) */
static void walk(const struct hep_yaml_doc *doc, const struct hep_yaml *node)
{
    double number;
    bool truth;

    if (hep_yaml_line(node) < 1 || hep_yaml_column(node) < 1)
        abort();
    (void)!hep_yaml_number(&number, doc, node, NULL);
    (void)!hep_yaml_bool(&truth, doc, node, NULL);
    for (size_t i = 0; i < hep_yaml_size(node); i++) {
        const char *key = hep_yaml_key_at(node, i);

        if (key != NULL && hep_yaml_size(node) < 100 &&
            hep_yaml_get(node, key) != hep_yaml_at(node, i))
            abort();
        walk(doc, hep_yaml_at(node, i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const char *text = (const char *)data;
    struct hep_error e = { 0 };
    struct hep_yaml_doc *doc = NULL;
    struct hep_str caret = { 0 };

    if (hep_yaml_parse(&doc, text, n, "input", &e) != HEP_OK) {
        if (e.code != HEP_ECONFIG || strncmp(e.msg, "input:", 6) != 0)
            abort();
        hep_yaml_caret(&caret, text, n, "input", &e);
    } else if (hep_yaml_root(doc) != NULL) {
        walk(doc, hep_yaml_root(doc));
    }
    hep_str_release(&caret);
    hep_yaml_free(doc);
    return 0;
}
