#include "terms/finding_json.h"

#include "base/alloc.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>

/* ---- measures ---------------------------------------------------------------------------------
 */

static struct hep_json *number_json(enum hep_measure m, double value)
{
    if (!isfinite(value))
        return hep_json_new_null();
    if (hep_measure_unit(m) == HEP_UNIT_YES_NO)
        return hep_json_new_bool(value > 0.0);
    if (hep_measure_unit(m) == HEP_UNIT_COUNT)
        return hep_json_new_integer((long long)value);
    return hep_json_new_number(value);
}

static struct hep_json *value_json(struct hep_put *put, enum hep_measure m, double value)
{
    struct hep_json *o = hep_json_new_object();

    hep_put(put, o, "value", number_json(m, value));
    hep_put_text(put, o, "unit", hep_unit_text(hep_measure_unit(m)));
    return o;
}

/* The member's name inside `part`; NULL when it is not of that part. */
static const char *name_in(const char *name, const char *part)
{
    const char *dot = strchr(name, '.');

    if (part == NULL)
        return dot == NULL ? name : NULL;
    return dot != NULL && (size_t)(dot - name) == strlen(part) && hep_starts_with(name, part)
               ? dot + 1
               : NULL;
}

void hep_measures_put(struct hep_put *put, struct hep_json *o, enum hep_subject subject,
                      enum hep_measure_form form, const char *part, const struct hep_measures *of)
{
    for (int i = 0; i < HEP_MEASURE_COUNT; i++) {
        const enum hep_measure m = (enum hep_measure)i;
        const struct hep_measure_row *row = hep_measure_row(m);
        const char *name = name_in(hep_measure_name(m), part);

        if (row->subject == subject && row->form == form && of->has[i] && name != NULL)
            hep_put(put, o, name,
                    form == HEP_FORM_VALUE ? value_json(put, m, of->value[i])
                                           : number_json(m, of->value[i]));
    }
}

static const struct hep_json *member(const struct hep_json *o, const char *name)
{
    const char *dot = strchr(name, '.');
    char outer[32];

    if (dot == NULL)
        return hep_json_get(o, name);
    (void)snprintf(outer, sizeof outer, "%.*s", (int)(dot - name), name);
    return hep_json_get(hep_json_get(o, outer), dot + 1);
}

int hep_measures_read(struct hep_measures *of, enum hep_subject subject, enum hep_measure_form form,
                      const struct hep_json *o, const char *where, struct hep_error *err)
{
    for (int i = 0; i < HEP_MEASURE_COUNT; i++) {
        const enum hep_measure m = (enum hep_measure)i;
        const struct hep_measure_row *row = hep_measure_row(m);
        const struct hep_json *node;

        if (row->subject != subject || row->form != form)
            continue;
        node = member(o, hep_measure_name(m));
        if (hep_json_type(node) == HEP_JSON_OBJECT)
            node = hep_json_get(node, form == HEP_FORM_STATISTICS ? "median" : "value");
        if (hep_json_type(node) == HEP_JSON_MISSING)
            continue;
        if (hep_json_type(node) == HEP_JSON_BOOL && hep_measure_unit(m) == HEP_UNIT_YES_NO)
            hep_measures_set(of, m, hep_json_bool(node, false) ? 1.0 : 0.0);
        else if (hep_json_type(node) == HEP_JSON_NUMBER || hep_json_type(node) == HEP_JSON_NULL)
            hep_measures_set(of, m, hep_json_number(node));
        else
            return HEP_FAIL(err, HEP_EFORMAT, "%s.%s: %s instead of a number", where,
                            hep_measure_name(m), hep_json_type_name(hep_json_type(node)));
    }
    return HEP_OK;
}

/* ---- writing ----------------------------------------------------------------------------------
 */

#define FLAGS_VISIBLE "flags_visible"
#define FLAG_MARGINS "flag_margins"
#define FEATURES "detection_features"

static struct hep_json *flags_json(struct hep_put *put, const struct hep_flag_result flags[])
{
    struct hep_json *all = hep_json_new_object();

    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        const struct hep_flag_row *row = hep_flag_row((enum hep_flag)i);
        const struct hep_flag_result *flag = &flags[i];
        struct hep_json *o;

        if (!flag->given)
            continue;
        o = hep_json_new_object();
        hep_put_text(put, o, "state", hep_flag_state_name(flag->state));
        hep_put_number(put, o, "probability", flag->probability);
        hep_put(put, o, "certain", hep_json_new_bool(flag->certain));
        hep_put_number(put, o, "value", flag->value);
        hep_put_number(put, o, "se", flag->se);
        hep_put_number(put, o, "limit", flag->limit);
        hep_put_text(put, o, "unit", hep_unit_text(row->unit));
        hep_put_text(put, o, "reason", flag->reason);
        hep_put(put, all, row->name, o);
    }
    return all;
}

/* What the probabilities follow from, for a later fit of their tables. */
static struct hep_json *margins_json(struct hep_put *put, const struct hep_flag_result flags[])
{
    struct hep_json *all = hep_json_new_object();

    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        struct hep_json *o;

        if (!flags[i].given || !isfinite(flags[i].margin))
            continue;
        o = hep_json_new_object();
        hep_put_number(put, o, "margin", flags[i].margin);
        hep_put_number(put, o, "se", flags[i].margin_se);
        hep_put_number(put, o, "size_voxels", flags[i].size_voxels);
        hep_put(put, all, hep_flag_name((enum hep_flag)i), o);
    }
    return all;
}

static void put_features(struct hep_put *put, struct hep_json *o, const struct hep_finding *f)
{
    struct hep_json *all = hep_json_new_object();

    for (int i = 0; i < HEP_FEATURE_COUNT; i++)
        hep_put_number(put, all, hep_feature_row((enum hep_feature)i)->name, f->feature[i]);
    hep_put(put, o, FEATURES, all);
}

struct hep_json *hep_rejected_json(struct hep_put *put, const struct hep_findings *rejected)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < rejected->n; i++) {
        const struct hep_finding *f = &rejected->list[i];
        struct hep_json *o = hep_json_new_object(), *measurements = hep_json_new_object();

        hep_put(put, o, "id", hep_json_new_integer(f->id));
        hep_put_numbers(put, o, "centre_mm", f->centre_mm, 3);
        hep_measures_put(put, o, HEP_SUBJECT_LESION, HEP_FORM_MEMBER, NULL, &f->measures);
        hep_measures_put(put, measurements, HEP_SUBJECT_LESION, HEP_FORM_VALUE, NULL, &f->measures);
        hep_put(put, o, "measurements", measurements);
        put_features(put, o, f);
        hep_put_item(put, list, o);
    }
    return list;
}

static struct hep_json *evidence_json(struct hep_put *put, const struct hep_finding *f)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < f->n_evidence; i++) {
        const struct hep_evidence_item *e = &f->evidence[i];
        struct hep_json *o = hep_json_new_object();

        hep_put_text(put, o, "name", e->name);
        hep_put_text(put, o, "group", e->group);
        hep_put_number(put, o, "log_lr", e->log_lr);
        hep_put_number(put, o, "value", e->value);
        hep_put_text(put, o, "reason", e->reason);
        hep_put_item(put, list, o);
    }
    return list;
}

/* Classes whose probability is null, with the reason. */
static void add_class_reasons(struct hep_put *put, struct hep_json *o, const struct hep_finding *f)
{
    struct hep_json *reasons = hep_json_new_object();

    for (int c = 0; c < HEP_CLASS_COUNT; c++)
        if (f->class_reason[c][0] != '\0')
            hep_put_text(put, reasons, hep_class_name((enum hep_lesion_class)c),
                         f->class_reason[c]);
    if (hep_json_size(reasons) > 0)
        hep_put(put, o, "classes_not_assessable", reasons);
    else
        hep_json_free(reasons);
}

static void add_origin(struct hep_put *put, struct hep_json *o, const struct hep_finding *f)
{
    hep_put_text(put, o, "origin", f->origin == HEP_ORIGIN_GIVEN ? "given" : "found");
    hep_put(put, o, "given_label",
            f->given_label > 0 ? hep_json_new_integer(f->given_label) : hep_json_new_null());
    hep_put_text(put, o, "given_name", f->given_name[0] != '\0' ? f->given_name : NULL);
    if (f->origin != HEP_ORIGIN_GIVEN)
        return;
    hep_put_text(put, o, "outlined_by", f->given_point ? "hepar" : "user");
    if (f->given_note[0] != '\0')
        hep_put_text(put, o, "given_note", f->given_note);
}

struct hep_json *hep_finding_json(struct hep_put *put, const struct hep_finding *f)
{
    struct hep_json *o = hep_json_new_object(), *classes = hep_json_new_object(),
                    *measurements = hep_json_new_object();

    hep_put(put, o, "id", hep_json_new_integer(f->id));
    if (f->key[0] != '\0')
        hep_put_text(put, o, "key", f->key);
    add_origin(put, o, f);
    hep_put_numbers(put, o, "centre_mm", f->centre_mm, 3);
    hep_measures_put(put, o, HEP_SUBJECT_LESION, HEP_FORM_MEMBER, NULL, &f->measures);
    hep_measures_put(put, measurements, HEP_SUBJECT_LESION, HEP_FORM_VALUE, NULL, &f->measures);
    hep_put(put, o, "measurements", measurements);
    hep_put(put, o, "flags", flags_json(put, f->flag));
    hep_put(put, o, FLAG_MARGINS, margins_json(put, f->flag));
    if (f->visible[0].given)
        hep_put(put, o, FLAGS_VISIBLE, flags_json(put, f->visible));
    hep_put_text(put, o, "class", hep_class_name(f->lesion_class));
    for (int c = 0; c < HEP_CLASS_COUNT; c++)
        hep_put_number(put, classes, hep_class_name((enum hep_lesion_class)c),
                       f->class_probability[c]);
    hep_put(put, o, "class_probabilities", classes);
    add_class_reasons(put, o, f);
    hep_put(put, o, "evidence", evidence_json(put, f));
    if (f->has_features)
        put_features(put, o, f);
    return o;
}

struct hep_json *hep_findings_json(struct hep_put *put, const struct hep_findings *f)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < f->n; i++)
        hep_put_item(put, list, hep_finding_json(put, &f->list[i]));
    return list;
}

/* ---- reading ----------------------------------------------------------------------------------
 */

/* Where in which file: for messages. */
struct place {
    char where[512]; /* "path: lesions[2]" */
    struct hep_error *err;
};

static bool is_given(const struct hep_json *node)
{
    return hep_json_type(node) != HEP_JSON_MISSING && hep_json_type(node) != HEP_JSON_NULL;
}

/* A text, as much as fits; empty when there is none. */
static void copy_text(char *out, size_t room, const struct hep_json *node)
{
    const char *text = hep_json_string(node);

    (void)snprintf(out, room, "%s", text != NULL ? text : "");
}

static int wrong_type(const struct place *at, const char *key, const struct hep_json *node,
                      const char *want)
{
    return HEP_FAIL(at->err, HEP_EFORMAT, "%s.%s: %s instead of %s", at->where, key,
                    hep_json_type_name(hep_json_type(node)), want);
}

/* A number in lo..hi; NaN when not given. */
static int read_number(double *out, const struct place *at, const struct hep_json *o,
                       const char *key, double lo, double hi)
{
    const struct hep_json *node = hep_json_get(o, key);

    *out = (double)NAN;
    if (!is_given(node))
        return HEP_OK;
    if (hep_json_type(node) != HEP_JSON_NUMBER)
        return wrong_type(at, key, node, "a number");
    *out = hep_json_number(node);
    if (!(*out >= lo) || !(*out <= hi))
        return HEP_FAIL(at->err, HEP_EFORMAT, "%s.%s: %g is outside %g..%g", at->where, key, *out,
                        lo, hi);
    return HEP_OK;
}

static int read_centre(struct hep_finding *f, const struct place *at, const struct hep_json *o)
{
    const struct hep_json *node = hep_json_get(o, "centre_mm");

    for (size_t k = 0; k < 3; k++)
        f->centre_mm[k] = (double)NAN;
    if (!is_given(node))
        return HEP_OK;
    if (hep_json_type(node) != HEP_JSON_ARRAY || hep_json_size(node) != 3)
        return wrong_type(at, "centre_mm", node, "three numbers in mm");
    for (size_t k = 0; k < 3; k++) {
        const double v = hep_json_number(hep_json_at(node, k));

        if (!isfinite(v) || fabs(v) > 1e5)
            return HEP_FAIL(at->err, HEP_EFORMAT, "%s.centre_mm[%zu]: not a position in mm",
                            at->where, k);
        f->centre_mm[k] = v;
    }
    return HEP_OK;
}

static void read_origin(struct hep_finding *f, const struct hep_json *o)
{
    const char *origin = hep_json_string(hep_json_get(o, "origin")),
               *by = hep_json_string(hep_json_get(o, "outlined_by"));
    const double label = hep_json_number(hep_json_get(o, "given_label"));

    f->origin =
        origin != NULL && strcmp(origin, "given") == 0 ? HEP_ORIGIN_GIVEN : HEP_ORIGIN_FOUND;
    f->given_label = label >= 1.0 && label <= (double)INT32_MAX ? (int32_t)label : 0;
    f->given_point = by != NULL && strcmp(by, "hepar") == 0;
    copy_text(f->key, sizeof f->key, hep_json_get(o, "key"));
    copy_text(f->given_name, sizeof f->given_name, hep_json_get(o, "given_name"));
    copy_text(f->given_note, sizeof f->given_note, hep_json_get(o, "given_note"));
}

static int read_id(struct hep_finding *f, const struct place *at, const struct hep_json *o,
                   size_t i)
{
    double id;
    int rc = read_number(&id, at, o, "id", 1.0, INT32_MAX);

    if (rc != HEP_OK)
        return rc;
    if (isnan(id))
        id = (double)i + 1.0;
    if (floor(id) != id)
        return HEP_FAIL(at->err, HEP_EFORMAT, "%s.id: %g is not a whole number", at->where, id);
    f->id = (int32_t)id;
    return HEP_OK;
}

/* Members whose range is known; the other measures are any number. */
static int check_ranges(const struct place *at, const struct hep_json *o)
{
    static const struct {
        enum hep_measure m;
        double lo, hi;
    } ranges[] = { { HEP_M_LONG_AXIS, 0.0, 1e4 },
                   { HEP_M_SHORT_AXIS, 0.0, 1e4 },
                   { HEP_M_VOLUME, 0.0, 1e5 },
                   { HEP_M_P_METASTASIS, 0.0, 1.0 },
                   { HEP_M_DETECTION_SCORE, -1e30, 1e30 } };
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < sizeof ranges / sizeof ranges[0]; i++) {
        double value;

        rc = read_number(&value, at, o, hep_measure_name(ranges[i].m), ranges[i].lo, ranges[i].hi);
    }
    return rc;
}

static int read_class(struct hep_finding *f, const struct place *at, const struct hep_json *o)
{
    const struct hep_json *node = hep_json_get(o, "class"),
                          *shares = hep_json_get(o, "class_probabilities"),
                          *reasons = hep_json_get(o, "classes_not_assessable");
    const char *near, *text = hep_json_string(node);

    for (int c = 0; c < HEP_CLASS_COUNT; c++) {
        const char *name = hep_class_name((enum hep_lesion_class)c);
        const double p = hep_json_number(hep_json_get(shares, name));

        copy_text(f->class_reason[c], sizeof f->class_reason[c], hep_json_get(reasons, name));
        f->class_probability[c] = isfinite(p) || f->class_reason[c][0] != '\0' ? p : 0.0;
    }
    f->lesion_class = HEP_CLASS_COUNT;
    if (!is_given(node))
        return HEP_OK;
    if (text == NULL)
        return wrong_type(at, "class", node, "a name");
    f->lesion_class = hep_class_from_name(text);
    if (f->lesion_class != HEP_CLASS_COUNT)
        return HEP_OK;
    near = hep_class_did_you_mean(text);
    return HEP_FAIL(at->err, HEP_EFORMAT,
                    "%s.class: unknown '%.60s'%s%s (metastasis, cyst, haemangioma, fnh_like, "
                    "focal_fat, fat_sparing, other)",
                    at->where, text, near != NULL ? ", did you mean " : "",
                    near != NULL ? near : "");
}

static int read_flag(struct hep_flag_result *flag, const struct place *at,
                     const struct hep_json *node, const char *key, const char *name)
{
    const char *text = hep_json_string(hep_json_get(node, "state"));

    if (!is_given(node))
        return HEP_OK;
    flag->state = text != NULL ? hep_flag_state_from_name(text) : HEP_FLAG_STATES;
    if (flag->state == HEP_FLAG_STATES)
        return HEP_FAIL(at->err, HEP_EFORMAT,
                        "%s.%s.%s.state: '%.60s' is none of present, absent, not_assessable",
                        at->where, key, name, text != NULL ? text : "");
    flag->given = true;
    flag->probability = hep_json_number(hep_json_get(node, "probability"));
    flag->certain = hep_json_bool(hep_json_get(node, "certain"), false);
    flag->value = hep_json_number(hep_json_get(node, "value"));
    flag->se = hep_json_number(hep_json_get(node, "se"));
    flag->limit = hep_json_number(hep_json_get(node, "limit"));
    copy_text(flag->reason, sizeof flag->reason, hep_json_get(node, "reason"));
    if (flag->probability < 0.0 || flag->probability > 1.0)
        return HEP_FAIL(at->err, HEP_EFORMAT, "%s.%s.%s.probability: %g is outside 0..1", at->where,
                        key, name, flag->probability);
    return HEP_OK;
}

static void read_margins(struct hep_flag_result out[], const struct hep_json *o)
{
    const struct hep_json *margins = hep_json_get(o, FLAG_MARGINS);

    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        const struct hep_json *node = hep_json_get(margins, hep_flag_name((enum hep_flag)i));

        out[i].margin = hep_json_number(hep_json_get(node, "margin"));
        out[i].margin_se = hep_json_number(hep_json_get(node, "se"));
        out[i].size_voxels = hep_json_number(hep_json_get(node, "size_voxels"));
    }
}

static void read_features(struct hep_finding *f, const struct hep_json *features)
{
    f->has_features = hep_json_type(features) == HEP_JSON_OBJECT;
    for (int i = 0; i < HEP_FEATURE_COUNT; i++)
        f->feature[i] =
            hep_json_number(hep_json_get(features, hep_feature_row((enum hep_feature)i)->name));
}

static int read_flags(struct hep_flag_result out[], const struct place *at,
                      const struct hep_json *o, const char *key)
{
    const struct hep_json *flags = hep_json_get(o, key);
    int rc = HEP_OK;

    if (!is_given(flags))
        return HEP_OK;
    if (hep_json_type(flags) != HEP_JSON_OBJECT)
        return wrong_type(at, key, flags, "an object");
    for (int i = 0; rc == HEP_OK && i < HEP_FLAG_COUNT; i++) {
        const char *name = hep_flag_name((enum hep_flag)i);

        rc = read_flag(&out[i], at, hep_json_get(flags, name), key, name);
    }
    return rc;
}

/* The prior stands among the evidence, and is a probability. */
static int read_evidence(struct hep_finding *f, const struct place *at, const struct hep_json *o)
{
    const struct hep_json *list = hep_json_get(o, "evidence");
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(list) && i < HEP_EVIDENCE_MAX; i++) {
        const struct hep_json *node = hep_json_at(list, i);
        struct hep_evidence_item *e = &f->evidence[f->n_evidence++];

        copy_text(e->name, sizeof e->name, hep_json_get(node, "name"));
        copy_text(e->group, sizeof e->group, hep_json_get(node, "group"));
        copy_text(e->reason, sizeof e->reason, hep_json_get(node, "reason"));
        e->log_lr = hep_json_number(hep_json_get(node, "log_lr"));
        e->value = hep_json_number(hep_json_get(node, "value"));
        if (strcmp(e->name, HEP_EVIDENCE_PRIOR) == 0)
            rc = read_number(&e->value, at, node, "value", 0.0, 1.0);
    }
    return rc;
}

static int read_finding(struct hep_finding *f, const struct place *at, const struct hep_json *o,
                        size_t i)
{
    int rc;

    if (hep_json_type(o) != HEP_JSON_OBJECT)
        return HEP_FAIL(at->err, HEP_EFORMAT, "%s: %s instead of an object", at->where,
                        hep_json_type_name(hep_json_type(o)));
    read_origin(f, o);
    rc = read_id(f, at, o, i);
    if (rc == HEP_OK)
        rc = read_centre(f, at, o);
    if (rc == HEP_OK)
        rc = check_ranges(at, o);
    if (rc == HEP_OK)
        rc = hep_measures_read(&f->measures, HEP_SUBJECT_LESION, HEP_FORM_MEMBER, o, at->where,
                               at->err);
    if (rc == HEP_OK)
        rc = hep_measures_read(&f->measures, HEP_SUBJECT_LESION, HEP_FORM_VALUE,
                               hep_json_get(o, "measurements"), at->where, at->err);
    if (rc == HEP_OK)
        rc = read_class(f, at, o);
    if (rc == HEP_OK)
        rc = read_evidence(f, at, o);
    if (rc == HEP_OK)
        rc = read_flags(f->flag, at, o, "flags");
    if (rc == HEP_OK)
        read_margins(f->flag, o);
    if (rc == HEP_OK)
        read_features(f, hep_json_get(o, FEATURES));
    return rc == HEP_OK ? read_flags(f->visible, at, o, FLAGS_VISIBLE) : rc;
}

static int by_id(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

    return (x > y) - (x < y);
}

static int check_ids(const struct hep_findings *f, const char *path, struct hep_error *err)
{
    int32_t *ids = NULL;
    int rc = HEP_OK;

    if (HEP_NEW(ids, f->n + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < f->n; i++)
        ids[i] = f->list[i].id;
    qsort(ids, f->n, sizeof *ids, by_id);
    for (size_t i = 1; rc == HEP_OK && i < f->n; i++)
        if (ids[i] == ids[i - 1])
            rc = HEP_FAIL(err, HEP_EFORMAT, "%s: two lesions have the id %d", path, ids[i]);
    free(ids);
    return rc;
}

int hep_findings_read(struct hep_findings *out, const struct hep_json *list, const char *path,
                      struct hep_error *err)
{
    struct hep_findings f = { .n = hep_json_size(list) };
    int rc = HEP_OK;

    if (hep_json_type(list) != HEP_JSON_ARRAY)
        return HEP_FAIL(err, HEP_EFORMAT, "%s: no list \"lesions\" (%s)", path,
                        hep_json_type_name(hep_json_type(list)));
    if (HEP_NEW(f.list, f.n + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; rc == HEP_OK && i < f.n; i++) {
        struct place at = { .err = err };

        (void)snprintf(at.where, sizeof at.where, "%s: lesions[%zu]", path, i);
        rc = read_finding(&f.list[i], &at, hep_json_at(list, i), i);
    }
    if (rc == HEP_OK)
        rc = check_ids(&f, path, err);
    if (rc == HEP_OK)
        *out = f;
    else
        hep_findings_release(&f);
    return rc;
}
