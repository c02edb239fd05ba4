#include "fuzz/fuzz.h"

#include "base/json.h"

/* What was read must be written as text that can be read again and gives the same text. */
static void check_round_trip(const struct hep_json *root)
{
    struct hep_json *again = NULL;
    char *first = NULL;
    char *second = NULL;

    if (hep_json_dump(&first, root, NULL) != HEP_OK)
        return;
    if (hep_json_parse(&again, first, strlen(first), "again", NULL) != HEP_OK)
        abort();
    if (hep_json_dump(&second, again, NULL) != HEP_OK || strcmp(first, second) != 0)
        abort();
    free(first);
    free(second);
    hep_json_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hep_error e = { 0 };
    struct hep_json *root = NULL;

    if (hep_json_parse(&root, (const char *)data, n, "input", &e) == HEP_OK) {
        const char *previous = NULL;
        const char *key;

        check_round_trip(root);
        for (size_t i = 0; (key = hep_json_key_at(root, i, NULL)) != NULL; i++) {
            if (previous != NULL && strcmp(previous, key) >= 0)
                abort();
            previous = key;
        }
    } else if (e.code == HEP_OK || e.msg[0] == '\0') {
        abort();
    }
    hep_json_free(root);
    return 0;
}
