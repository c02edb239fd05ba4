#include "sequences/bids_name.h"

#include "base/text.h"

#include <ctype.h>
#include <strings.h>

enum { LONGEST_NAME = 256 }; /* of a file on Linux */

const char *hep_nifti_extension(const char *name)
{
    static const char *const extensions[] = { ".nii.gz", ".nii" };
    const size_t n = strlen(name);

    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++) {
        const size_t length = strlen(extensions[i]);

        if (n >= length && strcasecmp(name + n - length, extensions[i]) == 0)
            return extensions[i];
    }
    return NULL;
}

char *hep_nifti_base(const char *path, struct hep_error *err)
{
    const char *extension = hep_nifti_extension(path);
    char *base = hep_strdup(path, err);

    if (base != NULL && extension != NULL)
        base[strlen(base) - strlen(extension)] = '\0';
    return base;
}

bool hep_bids_is_label(const char *text)
{
    size_t n = 0;

    for (; text[n] != '\0'; n++)
        if (!isalnum((unsigned char)text[n]))
            return false;
    return n > 0 && n < HEP_BIDS_VALUE;
}

char *hep_bids_make_label(const char *text, struct hep_error *err)
{
    char label[HEP_BIDS_VALUE];
    size_t n = 0;

    for (; *text != '\0' && n + 1 < sizeof label; text++)
        if (isalnum((unsigned char)*text))
            label[n++] = *text;
    label[n] = '\0';
    return hep_strdup(n > 0 ? label : "study", err);
}

static int small_number(const char *text)
{
    struct hep_error ignored = { 0 };
    long value = 0;

    if (hep_parse_long(&value, text, &ignored) != HEP_OK || value < 1 || value > 10000)
        return 0;
    return (int)value;
}

/** Store one entity "key-value" of a name; keys that nothing here reads are accepted and dropped. */
static bool store_entity(struct hep_bids_name *b, const char *key, const char *value)
{
    struct {
        const char *key;
        char *to;
    } texts[] = { { "sub", b->sub },   { "ses", b->ses },     { "acq", b->acq },  { "ce", b->ce },
                  { "part", b->part }, { "label", b->label }, { "desc", b->desc } };

    if (!hep_bids_is_label(value))
        return false;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(key, texts[i].key) == 0)
            (void)snprintf(texts[i].to, HEP_BIDS_VALUE, "%s", value);
    if (strcmp(key, "run") == 0)
        b->run = small_number(value);
    if (strcmp(key, "echo") == 0)
        b->echo = small_number(value);
    return true;
}

static bool store_part(struct hep_bids_name *b, char *part, bool first, bool last)
{
    char *dash = strchr(part, '-');

    if (last) {
        if (!hep_bids_is_label(part))
            return false;
        (void)memcpy(b->suffix, part, strlen(part) + 1); /* a label is shorter than the field */
        return true;
    }
    if (dash == NULL || (first && !hep_starts_with(part, "sub-")))
        return false;
    *dash = '\0';
    return store_entity(b, part, dash + 1);
}

bool hep_bids_name_parse(struct hep_bids_name *out, const char *stem)
{
    char copy[LONGEST_NAME];
    char *part = copy;
    bool ok = strlen(stem) < sizeof copy, first = true;

    *out = (struct hep_bids_name){ 0 };
    (void)snprintf(copy, sizeof copy, "%s", stem);
    while (ok && part != NULL) {
        char *next = strchr(part, '_');

        if (next != NULL)
            *next++ = '\0';
        ok = store_part(out, part, first, next == NULL);
        first = false;
        part = next;
    }
    ok = ok && out->sub[0] != '\0' && out->suffix[0] != '\0';
    if (!ok)
        *out = (struct hep_bids_name){ 0 };
    return ok;
}

void hep_bids_settle_suffix(struct hep_bids_name *b)
{
    /* Of MRI in the specification 1.10, those of maps apart, which all end in "map". */
    static const char *const suffixes[] = {
        "T1w",     "T2w",       "dwi",       "MEGRE",     "mask",       "dseg",       "PDw",
        "T2starw", "inplaneT1", "inplaneT2", "PDT2",      "angio",      "FLAIR",      "FLASH",
        "PD",      "T2star",    "UNIT1",     "T1rho",     "MTsat",      "MESE",       "VFA",
        "IRT1",    "MP2RAGE",   "MPM",       "MTS",       "MTR",        "bold",       "cbv",
        "sbref",   "phase",     "ADC",       "FA",        "trace",      "colFA",      "expADC",
        "S0",      "epi",       "fieldmap",  "magnitude", "magnitude1", "magnitude2", "phasediff",
        "phase1",  "phase2",    "TB1DAM",    "TB1EPI",    "TB1AFI",     "TB1TFL",     "TB1RFM",
        "TB1SRGE", "RB1COR",    "asl",       "m0scan",    "probseg",    "svs",        "mrsi",
        "unloc",   "mrsref",    "defacemask"
    };
    const size_t n = strlen(b->suffix);

    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        if (strcasecmp(b->suffix, suffixes[i]) == 0) {
            (void)snprintf(b->suffix, sizeof b->suffix, "%s", suffixes[i]);
            return;
        }
    }
    if (n < 3 || strcasecmp(b->suffix + n - 3, "map") != 0)
        *b = (struct hep_bids_name){ 0 };
}
