#include "pipeline/stage.h"

#include "base/alloc.h"
#include "base/struct_json.h"
#include "base/table.h"
#include "base/text.h"

#include <stdlib.h>

bool hep_slot_is_vectors(const struct hep_slot *slot)
{
    return strcmp(slot->shape, HEP_SHAPE_VECTORS) == 0;
}

static const struct hep_slot *find_slot(const struct hep_slot *slots, const char *name)
{
    for (; slots != NULL && slots->name != NULL; slots++) {
        if (strcmp(slots->name, name) == 0)
            return slots;
    }
    return NULL;
}

/* Index of the stage that makes a product, n when nobody does. */
static size_t producer(const struct hep_stage *const *stages, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (find_slot(stages[i]->outputs, name) != NULL)
            return i;
    }
    return n;
}

static int check_outputs(const struct hep_stage *const *stages, size_t n, size_t i,
                         struct hep_error *err)
{
    for (const struct hep_slot *s = stages[i]->outputs; s->name != NULL; s++) {
        bool saved = s->kind == HEP_SLOT_VOLUME || s->kind == HEP_SLOT_LABELS;

        if (producer(stages, n, s->name) != i || find_slot(s + 1, s->name) != NULL)
            return HEP_FAIL(err, HEP_EGRAPH, "stage %s: product %s is made twice", stages[i]->name,
                            s->name);
        if (saved != (s->file != NULL))
            return HEP_FAIL(err, HEP_EGRAPH,
                            "stage %s: product %s: maps and masks have a file, others none",
                            stages[i]->name, s->name);
        if ((s->kind == HEP_SLOT_STRUCT) != (s->type != NULL))
            return HEP_FAIL(err, HEP_EGRAPH,
                            "stage %s: product %s: a struct has a table, others none",
                            stages[i]->name, s->name);
    }
    return HEP_OK;
}

static int check_inputs(const struct hep_stage *const *stages, size_t n, size_t i,
                        struct hep_error *err)
{
    for (const struct hep_slot *s = stages[i]->inputs; s->name != NULL; s++) {
        size_t p = producer(stages, n, s->name);
        const struct hep_slot *made = p < n ? find_slot(stages[p]->outputs, s->name) : NULL;

        if (made == NULL)
            return HEP_FAIL(err, HEP_EGRAPH, "stage %s: nobody makes its input %s", stages[i]->name,
                            s->name);
        if (made->kind != s->kind || made->unit != s->unit || strcmp(made->shape, s->shape) != 0)
            return HEP_FAIL(err, HEP_EGRAPH,
                            "stage %s: input %s [%s, %s] differs from what stage %s makes [%s, %s]",
                            stages[i]->name, s->name, s->shape, hep_unit_text(s->unit),
                            stages[p]->name, made->shape, hep_unit_text(made->unit));
        if (made->optional && !s->optional)
            return HEP_FAIL(err, HEP_EGRAPH,
                            "stage %s: input %s may be absent, so it must be optional",
                            stages[i]->name, s->name);
    }
    return HEP_OK;
}

static bool ready(const struct hep_stage *const *stages, size_t n, size_t i, const bool *done)
{
    for (const struct hep_slot *s = stages[i]->inputs; s->name != NULL; s++) {
        if (!done[producer(stages, n, s->name)])
            return false;
    }
    return true;
}

int hep_stages_order(size_t *order, const struct hep_stage *const *stages, size_t n,
                     struct hep_error *err)
{
    bool *done = hep_calloc(n, sizeof *done, err);
    size_t placed = 0;
    int rc = HEP_OK;

    if (done == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < n && rc == HEP_OK; i++) {
        rc = check_outputs(stages, n, i, err);
        if (rc == HEP_OK)
            rc = check_inputs(stages, n, i, err);
    }
    while (rc == HEP_OK && placed < n) {
        size_t i = 0;

        while (i < n && (done[i] || !ready(stages, n, i, done)))
            i++;
        if (i == n) {
            for (i = 0; done[i]; i++)
                ;
            rc = HEP_FAIL(err, HEP_EGRAPH, "stage %s: waits for its own result (cycle)",
                          stages[i]->name);
            break;
        }
        done[i] = true;
        order[placed++] = i;
    }
    free(done);
    return rc;
}

static const char *const kind_text[] = { "series", "map", "mask", "results" };

static const char *unit_text(const struct hep_slot *s)
{
    return s->kind == HEP_SLOT_STRUCT ? "-" : hep_unit_text(s->unit);
}

HEP_GETTER(slot_kind, struct hep_slot, hep_value_of_text(kind_text[r->kind]));
HEP_GETTER(slot_unit, struct hep_slot, hep_value_of_text(unit_text(r)));
static const struct hep_column slot_columns[] = {
    { NULL, HEP_TEXT(struct hep_slot, name), "Name" },
    { NULL, HEP_CELL(TEXT, 0), "Kind", .get = slot_kind },
    { NULL, HEP_TEXT(struct hep_slot, shape), "Shape" },
    { NULL, HEP_CELL(TEXT, 0), "Unit", .get = slot_unit },
    { NULL, HEP_BOOL(struct hep_slot, optional), "Optional" },
    { NULL, HEP_TEXT(struct hep_slot, file), "File" },
    { 0 },
};

static void add_slots(struct hep_str *out, const char *head, const struct hep_slot *slots)
{
    struct hep_table t = HEP_TABLE(head, slot_columns, slots, 0);

    while (slots[t.n].name != NULL)
        t.n++;
    hep_table_text(out, &t);
}

void hep_stages_text(struct hep_str *out, const struct hep_stage *const *stages, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hep_str_addf(out, "%s%s: %s\n", i > 0 ? "\n" : "", stages[i]->name, stages[i]->summary);
        if (stages[i]->inputs->name != NULL)
            add_slots(out, "reads", stages[i]->inputs);
        add_slots(out, "makes", stages[i]->outputs);
    }
}

/* The keys of a struct in run.json. */
static void add_keys(struct hep_str *out, const struct hep_slot *s)
{
    struct hep_str lines = { 0 };

    hep_struct_describe(&lines, s->type);
    hep_str_addf(out, "\nKeys of `%s` in run.json:\n\n| key | unit | what |\n|---|---|---|\n",
                 s->name);
    for (const char *at = hep_str_part(out, &lines); *at != '\0';) {
        const size_t key = strcspn(at, "\t"), unit = strcspn(at + key + 1, "\t"),
                     what = strcspn(at + key + unit + 2, "\n");

        hep_str_addf(out, "| `%.*s` | %.*s | %.*s |\n", (int)key, at, (int)unit, at + key + 1,
                     (int)what, at + key + unit + 2);
        at += key + unit + what + 3;
    }
    hep_str_release(&lines);
}

void hep_stages_markdown(struct hep_str *out, const struct hep_stage *const *stages, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        hep_str_addf(out, "## %s\n\n%s\n\nReads:", stages[i]->name, stages[i]->summary);
        for (const struct hep_slot *s = stages[i]->inputs; s->name != NULL; s++)
            hep_str_addf(out, " `%s`%s", s->name, s->optional ? " (optional)" : "");
        if (stages[i]->inputs->name == NULL)
            hep_str_add(out, " the files of the study");
        hep_str_add(
            out, "\n\n| makes | kind | shape | unit | file | what |\n|---|---|---|---|---|---|\n");
        for (const struct hep_slot *s = stages[i]->outputs; s->name != NULL; s++) {
            hep_str_addf(out, "| `%s`%s | %s | %s | %s | ", s->name,
                         s->optional ? " (optional)" : "", kind_text[s->kind], s->shape,
                         unit_text(s));
            if (s->file != NULL)
                hep_str_addf(out, "`%s`", s->file);
            hep_str_addf(out, " | %s |\n", s->doc != NULL ? s->doc : "");
        }
        for (const struct hep_slot *s = stages[i]->outputs; s->name != NULL; s++) {
            if (s->type != NULL)
                add_keys(out, s);
        }
        hep_str_add(out, "\n");
    }
}
