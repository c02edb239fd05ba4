#include "fuzz/fuzz.h"

#include "base/text.h"
#include "pipeline/config/config.h"

/* What is accepted prints as a file that reads back to the same settings. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char first[HEP_SHA256_HEX], second[HEP_SHA256_HEX];
    struct hep_config cfg, again;
    struct hep_error e = { 0 };
    struct hep_str text = { 0 };

    if (hep_config_parse(&cfg, (const char *)data, n, "fuzz.yml", &e) != HEP_OK) {
        if (e.code == HEP_OK || e.msg[0] == '\0')
            abort();
        return 0;
    }
    hep_config_print(&text, &cfg, HEP_CONFIG_CHANGED);
    if (hep_config_parse(&again, text.s, text.len, "again.yml", NULL) != HEP_OK)
        abort();
    if (hep_config_hash(first, &cfg, NULL, NULL) != HEP_OK ||
        hep_config_hash(second, &again, NULL, NULL) != HEP_OK || strcmp(first, second) != 0)
        abort();
    hep_str_release(&text);
    return 0;
}
