#include "sequences/inventory.h"

#include "base/json.h"
#include "base/number.h"
#include "base/text.h"

#include <math.h>

static const double degrees_per_rad = 180.0 / HEP_PI;

/** Text for a terminal: control characters become '?'. */
static void add_plain(struct hep_str *out, const char *text)
{
    for (const char *s = text; *s != '\0'; s++) {
        bool control = (unsigned char)*s < 0x20 || *s == 0x7f;

        hep_str_addn(out, control ? "?" : s, 1);
    }
}

static void add_time(struct hep_str *out, const struct hep_series *s)
{
    if (!isnan(s->time_since_injection_s))
        hep_str_addf(out, "%.1f s", s->time_since_injection_s);
    else if (s->role == HEP_ROLE_DYNAMIC && s->nt > 0 && !isnan(s->frame[0].time_s))
        hep_str_addf(out, "%.0f..%.0f s", s->frame[0].time_s, s->frame[s->nt - 1].time_s);
    else if (hep_role_is_t1_phase(s->role) || s->role == HEP_ROLE_DYNAMIC)
        hep_str_add(out, hep_time_source_name(s->time_source));
    else
        hep_str_add(out, "-");
}

static void add_row(struct hep_str *out, const struct hep_series *s)
{
    struct hep_str time = { 0 };

    add_time(&time, s);
    hep_str_addf(out, "%c %-14s %5.0f  %-12s %4zu x %zux%zux%zu  ", s->selected ? '*' : ' ',
                 hep_role_name(s->role), s->score, time.s ? time.s : "", s->nt, s->grid.n[0],
                 s->grid.n[1], s->grid.n[2]);
    add_plain(out, s->name);
    if (s->n_paths > 1)
        hep_str_addf(out, " (+ %zu files)", s->n_paths - 1);
    hep_str_add(out, "\n");
    hep_str_release(&time);
}

static void add_lines(struct hep_str *out, const char *prefix, const struct hep_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++) {
        hep_str_add(out, prefix);
        add_plain(out, lines->line[i]);
        hep_str_add(out, "\n");
    }
}

static void add_values(struct hep_str *out, const struct hep_series *s)
{
    if (s->gradients.n > 0) {
        struct hep_b_shells shells;
        struct hep_error ignored = { 0 };

        if (hep_b_shells_group(&shells, s->gradients.b_s_per_mm2, s->gradients.n, &ignored) !=
            HEP_OK)
            return;
        hep_str_add(out, "      b-values [s/mm2]:");
        for (size_t i = 0; i < shells.n; i++)
            hep_str_addf(out, shells.count[i] > 1 ? " %.6g (x%zu)" : " %.6g", shells.b_s_per_mm2[i],
                         shells.count[i]);
        hep_str_add(out, s->gradients.trace_weighted ? ", trace-weighted\n" : "\n");
        hep_b_shells_release(&shells);
    }
    if (s->role == HEP_ROLE_ECHOES || s->role == HEP_ROLE_OPPOSED || s->role == HEP_ROLE_IN_PHASE) {
        hep_str_add(out, "      echo times [ms]:");
        for (size_t t = 0; t < s->nt; t++)
            if (isnan(s->frame[t].te_s))
                hep_str_add(out, " unknown");
            else
                hep_str_addf(out, " %.4g", 1e3 * s->frame[t].te_s);
        hep_str_add(out, "\n");
    }
}

static void add_alternatives(struct hep_str *out, const struct hep_series *s)
{
    for (size_t i = 0; i < s->n_alternatives; i++)
        hep_str_addf(out, "%s%s %.0f%s", i == 0 ? "      also considered: " : ", ",
                     hep_role_name(s->alternative[i].role), s->alternative[i].score,
                     i + 1 == s->n_alternatives ? "\n" : "");
}

int hep_inventory_table(struct hep_str *out, const struct hep_inventory *inv, struct hep_error *err)
{
    hep_str_addf(out, "study sub-%s%s%s", inv->subject, inv->session ? " ses-" : "",
                 inv->session ? inv->session : "");
    if (isnan(inv->field_t))
        hep_str_add(out, ", field strength unknown");
    else
        hep_str_addf(out, ", %.4g T", inv->field_t);
    hep_str_add(out, ", agent ");
    add_plain(out, inv->agent_text ? inv->agent_text : "unknown");
    hep_str_add(out, inv->has_study_yml ? ", with study.yml\n" : "\n");
    hep_str_add(out, "  role           score  time         volumes and size  file   (* is used)\n");
    for (size_t i = 0; i < inv->n_series; i++) {
        const struct hep_series *s = &inv->series[i];

        add_row(out, s);
        add_lines(out, "      ", &s->reasons);
        add_values(out, s);
        add_alternatives(out, s);
        add_lines(out, "      ! ", &s->warnings);
    }
    add_lines(out, "! ", &inv->warnings);
    return hep_str_check(out, err);
}

/* ---- JSON ---- */

struct builder {
    struct hep_error *err;
    int rc;
};

static void put(struct builder *b, struct hep_json *object, const char *key, struct hep_json *value)
{
    if (b->rc != HEP_OK)
        hep_json_free(value);
    else
        b->rc = hep_json_set(object, key, value, b->err);
}

static void push(struct builder *b, struct hep_json *array, struct hep_json *value)
{
    if (b->rc != HEP_OK)
        hep_json_free(value);
    else
        b->rc = hep_json_append(array, value, b->err);
}

static struct hep_json *json_lines(struct builder *b, const struct hep_lines *lines)
{
    struct hep_json *array = hep_json_new_array();

    for (size_t i = 0; array != NULL && i < lines->n; i++)
        push(b, array, hep_json_new_string(lines->line[i]));
    return array;
}

/** File of a series as the study knows it. */
static const char *relative(const struct hep_inventory *inv, const struct hep_series *s, size_t i)
{
    size_t n = strlen(inv->study);

    if (hep_starts_with(s->path[i], inv->study) && s->path[i][n] == '/')
        return s->path[i] + n + 1;
    return s->name;
}

static void put_files(struct builder *b, struct hep_json *o, const struct hep_inventory *inv,
                      const struct hep_series *s)
{
    struct hep_json *files = hep_json_new_array();

    for (size_t i = 0; files != NULL && i < s->n_paths; i++)
        push(b, files, hep_json_new_string(relative(inv, s, i)));
    put(b, o, "files", files);
}

static void put_alternatives(struct builder *b, struct hep_json *o, const struct hep_series *s)
{
    struct hep_json *array = hep_json_new_array();

    for (size_t i = 0; array != NULL && i < s->n_alternatives; i++) {
        struct hep_json *one = hep_json_new_object();

        put(b, one, "role", hep_json_new_string(hep_role_name(s->alternative[i].role)));
        put(b, one, "score", hep_json_new_number(s->alternative[i].score));
        push(b, array, one);
    }
    put(b, o, "alternatives", array);
}

static void put_frames(struct builder *b, struct hep_json *o, const struct hep_series *s)
{
    struct hep_json *te = hep_json_new_array(), *times = hep_json_new_array();
    struct hep_json *bval = hep_json_new_array(), *volume = hep_json_new_array();

    for (size_t t = 0; te && times && bval && volume && t < s->nt; t++) {
        push(b, te, hep_json_new_number(s->frame[t].te_s));
        push(b, times, hep_json_new_number(s->frame[t].time_s));
        push(b, volume, hep_json_new_integer((long long)s->frame[t].volume));
        if (s->role == HEP_ROLE_DWI)
            push(b, bval, hep_json_new_number(s->frame[t].b_s_per_mm2));
    }
    put(b, o, "te_s", te);
    put(b, o, "frame_times_since_injection_s", times);
    put(b, o, "volumes", volume);
    put(b, o, "b_values_s_per_mm2", bval);
}

static void put_grid(struct builder *b, struct hep_json *o, const struct hep_series *s)
{
    struct hep_json *size = hep_json_new_array(), *spacing = hep_json_new_array();
    double mm[3];

    hep_grid_spacing(mm, &s->grid);
    for (int k = 0; size && spacing && k < 3; k++) {
        push(b, size, hep_json_new_integer((long long)s->grid.n[k]));
        push(b, spacing, hep_json_new_number(mm[k]));
    }
    put(b, o, "size", size);
    put(b, o, "spacing_mm", spacing);
}

static void put_labels(struct builder *b, struct hep_json *o, const struct hep_series *s)
{
    struct hep_json *names = hep_json_new_object();

    for (size_t i = 0; names != NULL && i < s->n_labels; i++)
        put(b, names, s->labels[i].name, hep_json_new_integer(s->labels[i].value));
    put(b, o, "labels", names);
}

static struct hep_json *json_series(struct builder *b, const struct hep_inventory *inv,
                                    const struct hep_series *s)
{
    struct hep_json *o = hep_json_new_object();

    if (o == NULL)
        return NULL;
    put(b, o, "name", hep_json_new_string(s->name));
    put_files(b, o, inv, s);
    put(b, o, "role", hep_json_new_string(hep_role_name(s->role)));
    put(b, o, "selected", hep_json_new_bool(s->selected));
    if (s->left_out != NULL)
        put(b, o, "left_out", hep_json_new_string(s->left_out));
    put(b, o, "given", hep_json_new_bool(s->given));
    put(b, o, "score", hep_json_new_number(s->score));
    put(b, o, "reasons", json_lines(b, &s->reasons));
    put(b, o, "warnings", json_lines(b, &s->warnings));
    put_alternatives(b, o, s);
    put(b, o, "time_since_injection_s", hep_json_new_number(s->time_since_injection_s));
    put(b, o, "time_source", hep_json_new_string(hep_time_source_name(s->time_source)));
    put_frames(b, o, s);
    put_grid(b, o, s);
    put(b, o, "tr_s", hep_json_new_number(s->acquisition.tr_s));
    put(b, o, "flip_deg", hep_json_new_number(s->acquisition.flip_rad * degrees_per_rad));
    put(b, o, "field_t", hep_json_new_number(s->acquisition.field_t));
    if (s->role == HEP_ROLE_DWI)
        put(b, o, "trace_weighted", hep_json_new_bool(s->gradients.trace_weighted));
    if (hep_role_is_mask(s->role) && s->role != HEP_ROLE_LABELS && s->label >= 0)
        put(b, o, "label", hep_json_new_integer(s->label));
    if (s->role == HEP_ROLE_LABELS)
        put_labels(b, o, s);
    return o;
}

int hep_inventory_json(struct hep_json **out, const struct hep_inventory *inv,
                       struct hep_error *err)
{
    struct builder b = { err, HEP_OK };
    struct hep_json *o = hep_json_new_object(), *series = hep_json_new_array();

    if (o == NULL || series == NULL) {
        hep_json_free(o);
        hep_json_free(series);
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for the inventory");
    }
    put(&b, o, "subject", hep_json_new_string(inv->subject));
    put(&b, o, "session", hep_json_new_string(inv->session));
    put(&b, o, "agent", hep_json_new_string(inv->agent_text));
    put(&b, o, "agent_source", hep_json_new_string(inv->agent_source));
    put(&b, o, "field_t", hep_json_new_number(inv->field_t));
    put(&b, o, "study_yml", hep_json_new_bool(inv->has_study_yml));
    put(&b, o, "warnings", json_lines(&b, &inv->warnings));
    for (size_t i = 0; i < inv->n_series; i++)
        push(&b, series, json_series(&b, inv, &inv->series[i]));
    put(&b, o, "series", series);
    if (b.rc != HEP_OK) {
        hep_json_free(o);
        return b.rc;
    }
    *out = o;
    return HEP_OK;
}
