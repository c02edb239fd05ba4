#include "fuzz/fuzz.h"

#include "sequences/acquisition.h"
#include "sequences/bids_name.h"
#include "sequences/study_yml.h"
#include "sequences/words.h"

/* The bytes as a sidecar, as study.yml, as a file name, and as a description. */

static void as_text(const uint8_t *data, size_t n)
{
    struct hep_bids_name name;
    char *text = malloc(n + 1);
    double seconds = -1.0;

    if (text == NULL)
        return;
    if (n > 0)
        (void)memcpy(text, data, n);
    text[n] = '\0';
    if (hep_bids_name_parse(&name, text) && (name.sub[0] == '\0' || name.suffix[0] == '\0'))
        abort();
    if (hep_parse_clock(&seconds, text, NULL) == HEP_OK && !(seconds >= 0.0 && seconds < 86402.0))
        abort();
    (void)hep_words_match(text, "t1|*inphase|ip op|art*");
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hep_acquisition a, copy;
    struct hep_study_yml *study = NULL;
    struct hep_error e = { 0 };

    hep_acquisition_init(&a);
    if (hep_acquisition_parse(&a, (const char *)data, n, "input", &e) == HEP_OK) {
        if (hep_acquisition_copy(&copy, &a, NULL) == HEP_OK)
            hep_acquisition_release(&copy);
    } else if (e.code == HEP_OK || e.msg[0] == '\0') {
        abort();
    }
    hep_acquisition_release(&a);
    e = (struct hep_error){ 0 };
    if (hep_study_yml_parse(&study, (const char *)data, n, "input", &e) == HEP_OK)
        hep_study_yml_free(study);
    else if (e.code == HEP_OK || e.msg[0] == '\0')
        abort();
    as_text(data, n);
    return 0;
}
