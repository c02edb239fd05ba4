/* The inventory for a terminal and as JSON. */
#include "sequences/inventory.h"

#include "base/alloc.h"
#include "base/number.h"
#include "base/table.h"

#include <math.h>

static const double degrees_per_rad = 180.0 / HEP_PI;

/* ---- terminal -------------------------------------------------------------------------------- */

static void add_lines(struct hep_str *out, const char *prefix, const struct hep_lines *lines)
{
    for (size_t i = 0; i < lines->n; i++) {
        hep_str_add(out, prefix);
        hep_str_add_terminal(out, lines->line[i]);
        hep_str_add(out, "\n");
    }
}

static void add_values(struct hep_str *out, const struct hep_series *s)
{
    if (s->gradients.n > 0) {
        struct hep_b_shells shells;
        struct hep_error none = { 0 };
        int rc = hep_b_shells_group(&shells, s->gradients.b_s_per_mm2, s->gradients.n, &none);

        out->failed = out->failed || rc == HEP_ENOMEM;
        if (rc != HEP_OK)
            return;
        hep_str_add(out, "      b-values [s/mm2]:");
        for (size_t i = 0; i < shells.n; i++)
            hep_str_addf(out, shells.count[i] > 1 ? " %.6g (x%zu)" : " %.6g", shells.b_s_per_mm2[i],
                         shells.count[i]);
        hep_str_add(out, s->gradients.trace_weighted ? ", trace-weighted\n" : "\n");
        hep_b_shells_release(&shells);
    }
    if (s->water_fat)
        return;
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

struct text_row {
    const struct hep_series *series;
    const char *role, *file;
    bool selected;
    double score;
    size_t volumes, files;
    char time[48], size[72];
};
#define S struct text_row
static const struct hep_column text_columns[] = {
    { NULL, HEP_BOOL(S, selected), "Used" },
    { NULL, HEP_TEXT(S, role), "Role" },
    { NULL, HEP_NUMBER(S, score), "Score", HEP_DECIMALS(0) },
    { NULL, HEP_CHARS(S, time), "Time" },
    { NULL, HEP_COUNT(S, volumes), "Volumes" },
    { NULL, HEP_CHARS(S, size), "Size" },
    { NULL, HEP_COUNT(S, files), "Files" },
    { NULL, HEP_TEXT(S, file), "First file" },
    { 0 },
};

static S text_row(const struct hep_series *s)
{
    S row = {
        s, hep_role_name(s->role), s->name, s->selected, s->score, s->nt, s->n_paths, "", ""
    };

    if (!isnan(s->time_since_injection_s))
        (void)snprintf(row.time, sizeof row.time, "%.1f s", s->time_since_injection_s);
    else if (s->role == HEP_ROLE_DYNAMIC && s->nt > 0 && !isnan(s->frame[0].time_s))
        (void)snprintf(row.time, sizeof row.time, "%.0f..%.0f s", s->frame[0].time_s,
                       s->frame[s->nt - 1].time_s);
    else if (hep_role_is_t1_phase(s->role) || s->role == HEP_ROLE_DYNAMIC)
        (void)snprintf(row.time, sizeof row.time, "%s", hep_time_source_name(s->time_source));
    (void)snprintf(row.size, sizeof row.size, "%zux%zux%zu", s->grid.n[0], s->grid.n[1],
                   s->grid.n[2]);
    return row;
}

static void below(struct hep_str *out, const void *row)
{
    const struct hep_series *s = ((const S *)row)->series;

    add_lines(out, "      ", &s->reasons);
    add_values(out, s);
    add_alternatives(out, s);
    add_lines(out, "      ! ", &s->warnings);
}
#undef S

int hep_inventory_table(struct hep_str *out, const struct hep_inventory *inv, struct hep_error *err)
{
    struct text_row *rows = hep_calloc(inv->n_series + 1, sizeof *rows, err);
    const struct hep_table t =
        HEP_TABLE_OF(NULL, text_columns, rows, inv->n_series, .below = below);

    if (rows == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < inv->n_series; i++)
        rows[i] = text_row(&inv->series[i]);
    hep_str_addf(out, "study sub-%s%s%s", inv->subject, inv->session ? " ses-" : "",
                 inv->session ? inv->session : "");
    if (isnan(inv->field_t))
        hep_str_add(out, ", field strength unknown");
    else
        hep_str_addf(out, ", %.4g T", inv->field_t);
    hep_str_add(out, ", agent ");
    hep_str_add_terminal(out, inv->agent_text ? inv->agent_text : "unknown");
    hep_str_add(out, inv->has_study_yml ? ", with study.yml\n" : "\n");
    hep_table_text(out, &t);
    add_lines(out, "! ", &inv->warnings);
    free(rows);
    return hep_str_check(out, err);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

#define S struct hep_series

HEP_GETTER(role, S, hep_value_of_text(hep_role_name(r->role)));

HEP_GETTER(other_role, struct hep_role_score, hep_value_of_text(hep_role_name(r->role)));

HEP_GETTER(time_source, S, hep_value_of_text(hep_time_source_name(r->time_source)));

HEP_GETTER(flip_deg, S, hep_value_of_number(r->acquisition.flip_rad *degrees_per_rad));

static struct hep_value lines(const struct hep_column *column, const void *row)
{
    const struct hep_lines *l = (const void *)((const char *)row + column->offset);

    return (struct hep_value){ .texts = { (const char *const *)l->line, l->n } };
}

/* One number of every frame; b-values of a diffusion series only. */
static struct hep_value frames(const struct hep_column *column, const void *row)
{
    const S *s = row;
    const bool is_b = column->offset == offsetof(struct hep_frame, b_s_per_mm2);
    const void *first = (const char *)s->frame + column->offset;

    return (struct hep_value){ .numbers = { first, is_b && s->role != HEP_ROLE_DWI ? 0 : s->nt,
                                            sizeof *s->frame } };
}
#define FRAMES(member) HEP_CELL(NUMBERS, offsetof(struct hep_frame, member)), .get = frames

static const struct hep_column role_columns[] = {
    { "role", HEP_CELL(TEXT, 0), .get = other_role },
    { "score", HEP_NUMBER(struct hep_role_score, score) },
    { 0 },
};
static const struct hep_column series_columns[] = {
    { "name", HEP_TEXT(S, name) },
    { "role", HEP_CELL(TEXT, 0), .get = role },
    { "selected", HEP_BOOL(S, selected) },
    { "left_out", HEP_TEXT(S, left_out), .flags = HEP_OPTIONAL },
    { "given", HEP_BOOL(S, given) },
    { "score", HEP_NUMBER(S, score) },
    { "reasons", HEP_CELL(TEXTS, offsetof(S, reasons)), .get = lines },
    { "warnings", HEP_CELL(TEXTS, offsetof(S, warnings)), .get = lines },
    { "alternatives", HEP_SOME(S, alternative, n_alternatives, role_columns) },
    { "time_since_injection_s", HEP_NUMBER(S, time_since_injection_s) },
    { "time_source", HEP_CELL(TEXT, 0), .get = time_source },
    { "te_s", FRAMES(te_s) },
    { "frame_times_since_injection_s", FRAMES(time_s) },
    { "b_values_s_per_mm2", FRAMES(b_s_per_mm2) },
    { "tr_s", HEP_NUMBER(S, acquisition.tr_s) },
    { "flip_deg", HEP_CELL(NUMBER, 0), .get = flip_deg },
    { "field_t", HEP_NUMBER(S, acquisition.field_t) },
    { 0 },
};
#undef S
#define S struct hep_inventory
static const struct hep_column inventory_columns[] = {
    { "subject", HEP_TEXT(S, subject) },
    { "session", HEP_TEXT(S, session) },
    { "agent", HEP_TEXT(S, agent_text) },
    { "agent_source", HEP_TEXT(S, agent_source) },
    { "field_t", HEP_NUMBER(S, field_t) },
    { "study_yml", HEP_BOOL(S, has_study_yml) },
    { "warnings", HEP_CELL(TEXTS, offsetof(S, warnings)), .get = lines },
    { 0 },
};
#undef S

/* Files as the study knows them. */
static struct hep_json *files_json(struct hep_put *p, const struct hep_inventory *inv,
                                   const struct hep_series *s)
{
    struct hep_json *files = hep_json_new_array();
    const size_t n = strlen(inv->study);

    for (size_t i = 0; i < s->n_paths; i++) {
        const bool is_inside = hep_starts_with(s->path[i], inv->study) && s->path[i][n] == '/';

        hep_put_item(p, files, hep_json_new_string(is_inside ? s->path[i] + n + 1 : s->name));
    }
    return files;
}

static void add_grid(struct hep_put *p, struct hep_json *o, const struct hep_series *s)
{
    struct hep_json *size = hep_json_new_array(), *volumes = hep_json_new_array();
    double mm[3];

    hep_grid_spacing(mm, &s->grid);
    for (int k = 0; k < 3; k++)
        hep_put_item(p, size, hep_json_new_integer((long long)s->grid.n[k]));
    for (size_t t = 0; t < s->nt; t++)
        hep_put_item(p, volumes, hep_json_new_integer((long long)s->frame[t].volume));
    hep_put(p, o, "size", size);
    hep_put(p, o, "volumes", volumes);
    hep_put_numbers(p, o, "spacing_mm", mm, 3);
}

static struct hep_json *series_json(struct hep_put *p, const struct hep_inventory *inv,
                                    const struct hep_series *s)
{
    struct hep_json *o = hep_row_json(p, series_columns, s), *names;

    hep_put(p, o, "files", files_json(p, inv, s));
    add_grid(p, o, s);
    if (s->role == HEP_ROLE_DWI)
        hep_put_bool(p, o, "trace_weighted", s->gradients.trace_weighted);
    if (hep_role_is_mask(s->role) && s->role != HEP_ROLE_LABELS && s->label >= 0)
        hep_put(p, o, "label", hep_json_new_integer(s->label));
    if (s->role != HEP_ROLE_LABELS)
        return o;
    names = hep_json_new_object();
    for (size_t i = 0; i < s->n_labels; i++)
        hep_put(p, names, s->labels[i].name, hep_json_new_integer(s->labels[i].value));
    hep_put(p, o, "labels", names);
    return o;
}

int hep_inventory_json(struct hep_json **out, const struct hep_inventory *inv,
                       struct hep_error *err)
{
    struct hep_put p = { HEP_OK, err };
    struct hep_json *o = hep_row_json(&p, inventory_columns, inv), *series = hep_json_new_array();

    for (size_t i = 0; i < inv->n_series; i++)
        hep_put_item(&p, series, series_json(&p, inv, &inv->series[i]));
    hep_put(&p, o, "series", series);
    return hep_put_done(&p, out, o);
}
