#include "sequences/acquisition.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/number.h"
#include "base/text.h"
#include "sequences/gradients.h"
#include "sequences/lines.h"
#include "sequences/words.h"

#include <ctype.h>
#include <math.h>

enum { MAX_SIDECAR_BYTES = 16 * 1024 * 1024, MAX_LIST = 100000, DAY_S = 86400 };

/** What a number of the sidecar may be, as written. */
struct range {
    const char *key, *unit;
    double lo, hi; /* lo is excluded when `positive` */
    bool positive;
    double other;       /* factor from another unit, for values above hi; 0: there is none */
    const char *others; /* that unit */
};
#define FIELD(name) offsetof(struct hep_acquisition, name)

/** One number: factor to the unit of the field. */
static const struct number_key {
    struct range range;
    double factor;
    size_t offset;
} number_keys[] = {
    { { "RepetitionTime", "s", 0, 60, true, 1e-3, "ms" }, 1.0, FIELD(repetition_time_s) },
    { { "RepetitionTimeExcitation", "s", 0, 60, true, 1e-3, "ms" },
      1.0,
      FIELD(repetition_time_excitation_s) },
    { { "FlipAngle", "degrees", 0, 180, true, 0, NULL }, HEP_PI / 180.0, FIELD(flip_rad) },
    { { "MagneticFieldStrength", "T", 0, 25, true, 0, NULL }, 1.0, FIELD(field_t) },
    { { "TriggerTime", "ms", 0, 1000.0 * DAY_S, false, 0, NULL }, 1e-3, FIELD(trigger_delay_s) },
    { { "TriggerDelayTime", "ms", 0, 1000.0 * DAY_S, false, 0, NULL },
      1e-3,
      FIELD(trigger_delay_s) },
    /* No agent has a phase later than three hours. */
    { { "TimeSinceInjection", "s", -DAY_S, 4.0 * 3600.0, false, 1e-3, "ms" },
      1.0,
      FIELD(time_since_injection_s) },
};

/** EchoTime, FrameTimesStart and b-values: one number or a list. */
static const struct list_key {
    struct range range;
    size_t scalar_offset; /* SIZE_MAX: a list only */
    size_t list_offset, count_offset;
} list_keys[] = {
    { { "EchoTime", "s", 0, 1, true, 1e-3, "ms" },
      FIELD(te_s),
      FIELD(te_list_s),
      FIELD(n_te_list) },
    { { "FrameTimesStart", "s", -DAY_S, DAY_S, false, 0, NULL },
      SIZE_MAX,
      FIELD(frame_times_s),
      FIELD(n_frame_times) },
    { { "DiffusionBValue", "s/mm2", 0, 100000, false, 0, NULL },
      FIELD(b_s_per_mm2),
      FIELD(b_list_s_per_mm2),
      FIELD(n_b_list) },
};

static const struct text_key {
    const char *key;
    size_t offset;
} text_keys[] = {
    { "SeriesDescription", FIELD(series_description) },
    { "ProtocolName", FIELD(protocol_name) },
    { "SequenceName", FIELD(sequence_name) },
    { "ScanningSequence", FIELD(scanning_sequence) },
    { "Manufacturer", FIELD(manufacturer) },
    { "ContrastBolusAgent", FIELD(agent_text) },
    { "MRAcquisitionType", FIELD(acquisition_type) },
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void *member_at(struct hep_acquisition *a, size_t offset)
{
    return (char *)a + offset;
}

void hep_acquisition_init(struct hep_acquisition *a)
{
    *a = (struct hep_acquisition){ .te_s = (double)NAN,
                                   .tr_s = (double)NAN,
                                   .flip_rad = (double)NAN,
                                   .repetition_time_s = (double)NAN,
                                   .repetition_time_excitation_s = (double)NAN,
                                   .field_t = (double)NAN,
                                   .acquisition_time_s = (double)NAN,
                                   .trigger_delay_s = (double)NAN,
                                   .injection_clock_s = (double)NAN,
                                   .time_since_injection_s = (double)NAN,
                                   .b_s_per_mm2 = (double)NAN,
                                   .slice_thickness_mm = (double)NAN,
                                   .echo_train = (double)NAN };
}

void hep_acquisition_release(struct hep_acquisition *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < COUNT(text_keys); i++)
        free(*(char **)member_at(a, text_keys[i].offset));
    for (size_t i = 0; i < COUNT(list_keys); i++)
        free(*(double **)member_at(a, list_keys[i].list_offset));
    for (size_t i = 0; i < a->n_image_type; i++)
        free(a->image_type[i]);
    free(a->image_type);
    hep_lines_release(&a->notes);
    hep_acquisition_init(a);
}

static int copy_lists(struct hep_acquisition *out, const struct hep_acquisition *in,
                      struct hep_error *err)
{
    for (size_t i = 0; i < COUNT(list_keys); i++) {
        const char *base = (const char *)in;
        const double *from = *(double *const *)(const void *)(base + list_keys[i].list_offset);
        size_t n = *(const size_t *)(const void *)(base + list_keys[i].count_offset);
        double *to;

        *(double **)member_at(out, list_keys[i].list_offset) = NULL;
        *(size_t *)member_at(out, list_keys[i].count_offset) = 0;
        if (n == 0)
            continue;
        if (HEP_NEW(to, n, err) != HEP_OK)
            return HEP_ENOMEM;
        (void)memcpy(to, from, n * sizeof *to);
        *(double **)member_at(out, list_keys[i].list_offset) = to;
        *(size_t *)member_at(out, list_keys[i].count_offset) = n;
    }
    return HEP_OK;
}

static int copy_texts(struct hep_acquisition *out, const struct hep_acquisition *in,
                      struct hep_error *err)
{
    for (size_t i = 0; i < COUNT(text_keys); i++) {
        const char *base = (const char *)in;
        const char *from = *(char *const *)(const void *)(base + text_keys[i].offset);

        *(char **)member_at(out, text_keys[i].offset) = hep_strdup(from, err);
        if (from != NULL && *(char **)member_at(out, text_keys[i].offset) == NULL)
            return HEP_ENOMEM;
    }
    if (in->n_image_type > 0)
        out->image_type = hep_calloc(in->n_image_type, sizeof *out->image_type, err);
    if (in->n_image_type > 0 && out->image_type == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < in->n_image_type; i++) {
        out->image_type[i] = hep_strdup(in->image_type[i], err);
        if (out->image_type[i] == NULL)
            return HEP_ENOMEM;
        out->n_image_type = i + 1;
    }
    return HEP_OK;
}

int hep_acquisition_copy(struct hep_acquisition *out, const struct hep_acquisition *in,
                         struct hep_error *err)
{
    *out = *in;
    for (size_t i = 0; i < COUNT(text_keys); i++)
        *(char **)member_at(out, text_keys[i].offset) = NULL;
    for (size_t i = 0; i < COUNT(list_keys); i++) {
        *(double **)member_at(out, list_keys[i].list_offset) = NULL;
        *(size_t *)member_at(out, list_keys[i].count_offset) = 0;
    }
    out->image_type = NULL;
    out->n_image_type = 0;
    out->notes = (struct hep_lines){ 0 };
    if (copy_lists(out, in, err) != HEP_OK || copy_texts(out, in, err) != HEP_OK) {
        hep_acquisition_release(out);
        return HEP_ENOMEM;
    }
    return HEP_OK;
}

static int wrong_type(const char *name, const char *key, const struct hep_json *node,
                      const char *wanted, struct hep_error *err)
{
    return HEP_FAIL(err, HEP_EFORMAT, "%s: %s: is of type %s, %s is wanted", name, key,
                    hep_json_type_name(hep_json_type(node)), wanted);
}

static bool is_absent(const struct hep_json *node)
{
    enum hep_json_type type = hep_json_type(node);

    return type == HEP_JSON_MISSING || type == HEP_JSON_NULL;
}

static bool is_within(double value, const struct range *r)
{
    return isfinite(value) && value <= r->hi && (r->positive ? value > r->lo : value >= r->lo);
}

/** Note once per sidecar that a number was written as text: a converter that writes one so writes all of them so. */
static int note_text(struct hep_acquisition *a, const char *key, const char *text,
                     struct hep_error *err)
{
    static const char begin[] = "numbers are written as text: ";

    for (size_t i = 0; i < a->notes.n; i++)
        if (hep_starts_with(a->notes.line[i], begin))
            return HEP_OK;
    return hep_lines_addf(&a->notes, err, "%s%s \"%s\"", begin, key, text);
}

/** The value in the range's own unit, with a note where it was not written so. */
static int read_quantity(double *out, struct hep_acquisition *a, const struct range *r,
                         const struct hep_json *node, const char *name, struct hep_error *err)
{
    const char *text = hep_json_string(node);
    struct hep_error ignored = { 0 };
    double value = hep_json_number(node);
    int rc = HEP_OK;

    if (text != NULL && hep_parse_double(&value, text, &ignored) == HEP_OK)
        rc = note_text(a, r->key, text, err);
    else if (hep_json_type(node) != HEP_JSON_NUMBER)
        return wrong_type(name, r->key, node, "a number", err);
    if (rc == HEP_OK && value > r->hi && r->others != NULL && is_within(value * r->other, r)) {
        rc = hep_lines_addf(&a->notes, err, "%s %g cannot be in %s: taken as %s", r->key, value,
                            r->unit, r->others);
        value *= r->other;
        a->te_in_ms = a->te_in_ms || strcmp(r->key, "EchoTime") == 0;
    }
    if (rc == HEP_OK && !is_within(value, r))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: %s: %g is outside %c%g, %g] %s", name, r->key, value,
                        r->positive ? '(' : '[', r->lo, r->hi, r->unit);
    *out = value;
    return rc;
}

static int read_number(struct hep_acquisition *a, const struct number_key *k,
                       const struct hep_json *sidecar, const char *name, struct hep_error *err)
{
    const struct hep_json *node = hep_json_get(sidecar, k->range.key);
    double value = 0.0;
    int rc;

    if (is_absent(node))
        return HEP_OK;
    rc = read_quantity(&value, a, &k->range, node, name, err);
    if (rc == HEP_OK)
        *(double *)member_at(a, k->offset) = value * k->factor;
    return rc;
}

/** Read one value or a list; it replaces that of a less specific sidecar. */
static int read_list(struct hep_acquisition *a, const struct list_key *k,
                     const struct hep_json *sidecar, const char *name, struct hep_error *err)
{
    const struct hep_json *node = hep_json_get(sidecar, k->range.key);
    bool scalar = hep_json_type(node) != HEP_JSON_ARRAY && k->scalar_offset != SIZE_MAX;
    size_t n = scalar ? 1 : hep_json_size(node);
    double *list;

    if (is_absent(node))
        return HEP_OK;
    if (!scalar && hep_json_type(node) != HEP_JSON_ARRAY)
        return wrong_type(name, k->range.key, node, "a list of numbers", err);
    if (n == 0 || n > MAX_LIST)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: %s: has %zu values, 1 to %d are allowed", name,
                        k->range.key, n, MAX_LIST);
    if (HEP_NEW(list, n, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        int rc =
            read_quantity(&list[i], a, &k->range, scalar ? node : hep_json_at(node, i), name, err);

        if (rc != HEP_OK) {
            free(list);
            return rc;
        }
    }
    if (k->scalar_offset != SIZE_MAX)
        *(double *)member_at(a, k->scalar_offset) = list[0];
    free(*(double **)member_at(a, k->list_offset));
    *(double **)member_at(a, k->list_offset) = NULL;
    *(size_t *)member_at(a, k->count_offset) = scalar ? 0 : n;
    if (scalar)
        free(list);
    else
        *(double **)member_at(a, k->list_offset) = list;
    return HEP_OK;
}

static int read_text(struct hep_acquisition *a, const struct text_key *k,
                     const struct hep_json *sidecar, const char *name, struct hep_error *err)
{
    const struct hep_json *node = hep_json_get(sidecar, k->key);
    char **to = member_at(a, k->offset);

    if (is_absent(node))
        return HEP_OK;
    if (hep_json_type(node) != HEP_JSON_STRING)
        return wrong_type(name, k->key, node, "text", err);
    free(*to);
    *to = hep_strdup(hep_json_string(node), err);
    return *to ? HEP_OK : HEP_ENOMEM;
}

static char *upper_copy(const char *text, struct hep_error *err)
{
    char *copy = hep_strdup(text, err);

    for (char *c = copy; c != NULL && *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return copy;
}

static bool splits_dixon(const char *token)
{
    return strcmp(token, "OPP") == 0 || strcmp(token, "IN") == 0 || strcmp(token, "OUT") == 0;
}

/** Append a token; "OPP" followed by "PHASE" becomes one again. */
static int add_token(struct hep_acquisition *a, const char *token, struct hep_error *err)
{
    char *text = upper_copy(token, err);
    size_t n = a->n_image_type;

    if (text != NULL && n > 0 && strcmp(text, "PHASE") == 0 && splits_dixon(a->image_type[n - 1])) {
        char *joined = hep_asprintf(err, "%s_PHASE", a->image_type[n - 1]);

        free(text);
        if (joined == NULL)
            return HEP_ENOMEM;
        free(a->image_type[n - 1]);
        a->image_type[n - 1] = joined;
        return HEP_OK;
    }
    if (text == NULL)
        return HEP_ENOMEM;
    a->image_type[a->n_image_type++] = text;
    return HEP_OK;
}

static int read_image_type(struct hep_acquisition *a, const struct hep_json *sidecar,
                           const char *name, struct hep_error *err)
{
    const struct hep_json *node = hep_json_get(sidecar, "ImageType");
    size_t n = hep_json_size(node);

    if (is_absent(node))
        return HEP_OK;
    if (hep_json_type(node) != HEP_JSON_ARRAY)
        return wrong_type(name, "ImageType", node, "a list of texts", err);
    if (n > MAX_LIST)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: ImageType: has %zu values", name, n);
    for (size_t i = 0; i < a->n_image_type; i++)
        free(a->image_type[i]);
    free(a->image_type);
    a->n_image_type = 0;
    if (HEP_NEW(a->image_type, n ? n : 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *token = hep_json_string(hep_json_at(node, i));

        if (token == NULL)
            return wrong_type(name, "ImageType", hep_json_at(node, i), "text", err);
        if (add_token(a, token, err) != HEP_OK)
            return HEP_ENOMEM;
    }
    return HEP_OK;
}

/** When the acquisition began, by the first of these that is a time of day. */
static int read_clock(struct hep_acquisition *a, const struct hep_json *sidecar,
                      struct hep_error *err)
{
    static const char *const keys[] = { "AcquisitionTime", "AcquisitionDateTime", "ContentTime",
                                        "SeriesTime" };
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < COUNT(keys); i++) {
        const struct hep_json *node = hep_json_get(sidecar, keys[i]);
        struct hep_error none = { 0 };

        if (is_absent(node))
            continue;
        if (hep_parse_clock(&a->acquisition_time_s, hep_json_string(node), &none) != HEP_OK) {
            rc = hep_lines_addf(&a->notes, err, "%s is no time of day: not used", keys[i]);
            continue;
        }
        return i < 2 ? HEP_OK
                     : hep_lines_addf(&a->notes, err, "no AcquisitionTime: %s is taken", keys[i]);
    }
    return rc;
}

static double positive_or_unknown(const struct hep_json *node)
{
    const double value = hep_json_number(node);

    return hep_json_type(node) == HEP_JSON_NUMBER && value > 0.0 ? value : (double)NAN;
}

/** What only helps to choose between series: one written in another way stays unknown. */
static void read_hints(struct hep_acquisition *a, const struct hep_json *sidecar)
{
    const double mm = positive_or_unknown(hep_json_get(sidecar, "SliceThickness"));
    const double train = positive_or_unknown(hep_json_get(sidecar, "EchoTrainLength"));
    const struct hep_json *options = hep_json_get(sidecar, "ScanOptions");

    if (!isnan(mm))
        a->slice_thickness_mm = mm;
    if (!isnan(train))
        a->echo_train = train;
    a->fat_saturated = a->fat_saturated || hep_words_match(hep_json_string(options), "fs|sfs");
    for (size_t i = 0; i < hep_json_size(options); i++)
        a->fat_saturated =
            a->fat_saturated || hep_words_match(hep_json_string(hep_json_at(options, i)), "fs|sfs");
}

/** When the injection began. One that is no time of day is not used. */
static int read_injection(struct hep_acquisition *a, const struct hep_json *sidecar,
                          struct hep_error *err)
{
    static const char key[] = "ContrastBolusStartTime";
    const struct hep_json *node = hep_json_get(sidecar, key);
    struct hep_error none = { 0 };

    if (is_absent(node) ||
        hep_parse_clock(&a->injection_clock_s, hep_json_string(node), &none) == HEP_OK)
        return HEP_OK;
    return hep_lines_addf(&a->notes, err, "%s is no time of day: not used", key);
}

/* A spoiled gradient echo of a small flip angle is repeated within a second: at that TR nothing is
 * left of T1 weighting (Ernst angle above 60 degrees for every tissue with T1 <= 1.4 s). Sequences
 * with an inversion pulse repeat that instead. */
static const double longest_gre_tr_s = 1.0, gre_flip_rad = 40.0 * HEP_PI / 180.0,
                    longest_gre_te_s = 0.01;

/** TR as it is written may be in ms where TE is, or where no gradient echo has it in seconds; it is
 * longer than TE in any case. */
static int settle_tr(struct hep_acquisition *a, struct hep_error *err)
{
    bool gradient_echo = a->flip_rad <= gre_flip_rad && a->te_s <= longest_gre_te_s &&
                         !a->has_inversion && a->n_frame_times == 0 &&
                         isnan(a->repetition_time_excitation_s);
    double tr = a->repetition_time_s;

    if ((a->te_in_ms || gradient_echo) && tr >= longest_gre_tr_s && 1e-3 * tr > a->te_s) {
        a->repetition_time_s = 1e-3 * tr;
        if (hep_lines_addf(&a->notes, err,
                           "RepetitionTime %g cannot be in s with TE %.4g ms%s: taken as ms", tr,
                           1e3 * a->te_s, a->te_in_ms ? ", itself written in ms" : "") != HEP_OK)
            return HEP_ENOMEM;
    }
    a->tr_s = isnan(a->repetition_time_excitation_s) ? a->repetition_time_s
                                                     : a->repetition_time_excitation_s;
    return HEP_OK;
}

static int derive(struct hep_acquisition *a, struct hep_error *err)
{
    const char *texts[] = { a->sequence_name, a->series_description, a->protocol_name };

    for (size_t i = 0; i < COUNT(texts) && isnan(a->b_s_per_mm2) && a->n_b_list == 0; i++)
        (void)hep_b_from_text(&a->b_s_per_mm2, texts[i]);
    return settle_tr(a, err);
}

int hep_acquisition_from_json(struct hep_acquisition *a, const struct hep_json *sidecar,
                              const char *name, struct hep_error *err)
{
    int rc = HEP_OK;

    if (hep_json_type(sidecar) != HEP_JSON_OBJECT)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: a sidecar is an object {...}", name);
    for (size_t i = 0; rc == HEP_OK && i < COUNT(number_keys); i++)
        rc = read_number(a, &number_keys[i], sidecar, name, err);
    for (size_t i = 0; rc == HEP_OK && i < COUNT(list_keys); i++)
        rc = read_list(a, &list_keys[i], sidecar, name, err);
    for (size_t i = 0; rc == HEP_OK && i < COUNT(text_keys); i++)
        rc = read_text(a, &text_keys[i], sidecar, name, err);
    if (rc == HEP_OK)
        rc = read_image_type(a, sidecar, name, err);
    if (rc == HEP_OK)
        rc = read_clock(a, sidecar, err);
    if (rc == HEP_OK)
        rc = read_injection(a, sidecar, err);
    if (rc == HEP_OK)
        read_hints(a, sidecar);
    a->has_inversion = a->has_inversion || !is_absent(hep_json_get(sidecar, "InversionTime"));
    return rc == HEP_OK ? derive(a, err) : rc;
}

int hep_acquisition_parse(struct hep_acquisition *a, const char *text, size_t n, const char *name,
                          struct hep_error *err)
{
    struct hep_json *root = NULL;
    int rc = hep_json_parse(&root, text, n, name, err);

    if (rc == HEP_OK)
        rc = hep_acquisition_from_json(a, root, name, err);
    hep_json_free(root);
    return rc;
}

int hep_acquisition_read(struct hep_acquisition *a, const char *path, struct hep_error *err)
{
    char *text = NULL;
    size_t n = 0;
    int rc = hep_file_read(&text, &n, path, MAX_SIDECAR_BYTES, err);

    if (rc == HEP_OK)
        rc = hep_acquisition_parse(a, text, n, path, err);
    free(text);
    return rc;
}

bool hep_acquisition_has_type(const struct hep_acquisition *a, const char *token)
{
    for (size_t i = 0; i < a->n_image_type; i++)
        if (strcmp(a->image_type[i], token) == 0)
            return true;
    return false;
}
