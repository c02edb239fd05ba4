#include "pipeline/keys.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "sequences/bids_name.h"
#include "pipeline/config/config.h"
#include "pipeline/split.h"
#include "sequences/lesion_points.h"
#include "sequences/inventory.h"

#include <math.h>

static int add_text(struct hep_sha256 *h, const char *text, struct hep_error *err)
{
    return hep_sha256_add(h, text, strlen(text) + 1, err);
}

/* What a replay does to the series; nothing for a series that is seen as it is. */
static int add_change(struct hep_sha256 *h, const struct hep_replayed *entry, struct hep_error *err)
{
    struct hep_str text = { 0 };
    int rc;

    if (entry == NULL)
        return HEP_OK;
    hep_replay_describe(&text, entry);
    rc = hep_str_check(&text, err);
    if (rc == HEP_OK && text.len > 0)
        rc = hep_sha256_add(h, text.s, text.len, err);
    hep_str_release(&text);
    return rc;
}

/* What is known of a series beside its bytes: its entry in the inventory, and the frames in use. */
static int add_facts(struct hep_sha256 *h, const struct hep_run *run,
                     const struct hep_series *series, const struct hep_json *inventory,
                     struct hep_error *err)
{
    const struct hep_json *all = hep_json_get(inventory, "series");
    const struct hep_replayed *entry = hep_replay_find(&run->replay, series);
    const struct hep_series *original = entry != NULL ? entry->original : series;
    char *text = NULL;
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(all); i++) {
        if (i < run->inventory->n_series && &run->inventory->series[i] == original) {
            rc = hep_json_dump_line(&text, hep_json_at(all, i), err);
            if (rc == HEP_OK)
                rc = hep_sha256_add(h, text, strlen(text), err);
        }
    }
    free(text);
    for (size_t i = 0; rc == HEP_OK && i < series->nt; i++) {
        const struct hep_frame *f = &series->frame[i];
        char line[160];
        int n = snprintf(line, sizeof line, "%zu %zu %.9g %.9g %.9g\n", f->path, f->volume, f->te_s,
                         f->b_s_per_mm2, f->time_s);

        rc = hep_sha256_add(h, line, (size_t)n, err);
    }
    return rc == HEP_OK ? add_change(h, entry, err) : rc;
}

/* Hash of one file, computed once however many series use it. */
static int file_hash(char hex[HEP_SHA256_HEX], struct hep_record *record, const char *path,
                     const char *name, const char *role, struct hep_error *err)
{
    int rc;

    for (size_t i = 0; i < record->n_inputs; i++) {
        if (strcmp(record->inputs[i].file, path) == 0) {
            (void)snprintf(hex, HEP_SHA256_HEX, "%s", record->inputs[i].sha256);
            return HEP_OK;
        }
    }
    rc = hep_sha256_file(hex, path, err);
    if (rc == HEP_OK)
        rc = hep_record_add_input(record, path, name, role, hex, err);
    return rc;
}

static int series_key(struct hep_product *p, const struct hep_run *run, struct hep_record *record,
                      const struct hep_json *inventory, struct hep_error *err)
{
    struct hep_sha256 *h = NULL;
    char hex[HEP_SHA256_HEX];
    int rc = hep_sha256_new(&h, err);

    for (size_t i = 0; rc == HEP_OK && i < p->series->n_paths; i++) {
        rc = file_hash(hex, record, p->series->path[i], hep_run_relative(run, p->series->path[i]),
                       hep_role_name(p->series->role), err);
        if (rc == HEP_OK)
            rc = hep_sha256_add(h, hex, HEP_SHA256_HEX, err);
    }
    if (rc == HEP_OK)
        rc = add_facts(h, run, p->series, inventory, err);
    if (rc == HEP_OK)
        rc = hep_sha256_end(h, p->key, err);
    hep_sha256_free(h);
    return rc;
}

static int given_mask(struct hep_product *p, const char *path, enum hep_role role,
                      struct hep_record *record, struct hep_error *err)
{
    int rc = file_hash(p->key, record, path, hep_path_base(path), hep_role_name(role), err);

    if (rc == HEP_OK && (p->path = hep_strdup(path, err)) == NULL)
        rc = HEP_ENOMEM;
    p->state = HEP_PRODUCT_PRESENT;
    p->series = NULL;
    return rc;
}

/* A table of names or a sidecar beside a mask counts with it. */
static int add_companion(struct hep_sha256 *h, struct hep_record *record, const char *path,
                         const char *ending, struct hep_error *err)
{
    char hex[HEP_SHA256_HEX], *base = hep_nifti_base(path, err);
    char *file = base != NULL ? hep_asprintf(err, "%s%s", base, ending) : NULL;
    int rc = file == NULL ? HEP_ENOMEM : HEP_OK;

    if (rc == HEP_OK && hep_is_file(file)) {
        rc = file_hash(hex, record, file, hep_path_base(file), hep_role_name(HEP_ROLE_LESION_MASK),
                       err);
        if (rc == HEP_OK)
            rc = hep_sha256_add(h, hex, HEP_SHA256_HEX, err);
    }
    free(file);
    free(base);
    return rc;
}

static int given_regions(struct hep_product *p, const struct hep_run *run,
                         struct hep_record *record, struct hep_error *err)
{
    struct hep_sha256 *h = NULL;
    char hex[HEP_SHA256_HEX];
    int rc = hep_sha256_new(&h, err);

    for (size_t i = 0; rc == HEP_OK && i < run->given.n_regions; i++) {
        const struct hep_derivative *d = &run->given.regions[i];
        const char *path = d->path;

        rc = file_hash(hex, record, path, hep_run_relative(run, path), hep_role_name(d->role), err);
        if (rc == HEP_OK)
            rc = hep_sha256_add(h, hex, HEP_SHA256_HEX, err);
        if (rc == HEP_OK)
            rc = hep_sha256_add(h, &d->value, sizeof d->value, err);
        if (rc == HEP_OK)
            rc = add_text(h, hep_role_name(d->role), err);
        if (rc == HEP_OK && !hep_is_lesion_points(path))
            rc = add_companion(h, record, path, ".tsv", err);
        if (rc == HEP_OK && !hep_is_lesion_points(path))
            rc = add_companion(h, record, path, ".json", err);
    }
    if (rc == HEP_OK)
        rc = hep_sha256_end(h, p->key, err);
    hep_sha256_free(h);
    p->state = HEP_PRODUCT_PRESENT;
    p->series = NULL;
    return rc;
}

/* What the protocol sees of a product's series. */
static int replay_series(struct hep_product *p, struct hep_run *run, enum hep_role role,
                         struct hep_error *err)
{
    const struct hep_series *given = p->series;
    struct hep_str text = { 0 };
    int rc = hep_replay_series(&p->series, &run->replay, run->cfg, run->agent, run->inventory,
                               given, role, run->label, err);

    if (rc == HEP_OK && p->series == NULL)
        hep_log_write(run->log, HEP_LOG_INFO, "replay", "%s: not in the protocol %s", given->name,
                      run->cfg->name.s);
    if (rc == HEP_OK && p->series != NULL && p->series != given) {
        hep_replay_describe(&text, hep_replay_find(&run->replay, p->series));
        rc = hep_str_check(&text, err);
        if (rc == HEP_OK)
            hep_log_write(run->log, HEP_LOG_INFO, "replay", "%s: %s", given->name,
                          text.s != NULL ? text.s : "");
    }
    hep_str_release(&text);
    return rc;
}

static int absent_series(struct hep_product *p, const struct hep_run *run, enum hep_role role,
                         bool not_planned, struct hep_error *err)
{
    const char *left_out = hep_inventory_left_out(run->inventory, role);

    p->state = HEP_PRODUCT_ABSENT;
    if (not_planned)
        p->reason =
            hep_asprintf(err, "%s is not in the protocol %s", p->slot->name, run->cfg->name.s);
    else if (left_out != NULL)
        p->reason = hep_asprintf(err, "the %s series is left out: %s", p->slot->name, left_out);
    else
        p->reason = hep_asprintf(err, "the study has no %s series", p->slot->name);
    return p->reason != NULL ? HEP_OK : HEP_ENOMEM;
}

static int settle_series(struct hep_run *run, struct hep_record *record, struct hep_error *err)
{
    struct hep_json *inventory = NULL;
    int rc = hep_inventory_json(&inventory, run->inventory, err);

    for (size_t i = 0; rc == HEP_OK && i < run->n_products; i++) {
        struct hep_product *p = &run->products[i];
        enum hep_role role = HEP_ROLE_UNKNOWN;
        bool there;

        if (p->slot->kind != HEP_SLOT_SERIES)
            continue;
        rc = hep_role_from_name(&role, p->slot->name, err);
        if (rc != HEP_OK)
            break;
        p->series = hep_split_find(run, role);
        there = p->series != NULL;
        if (there && run->only_planned && !hep_role_is_mask(role))
            rc = replay_series(p, run, role, err);
        if (rc != HEP_OK)
            break;
        if (role == HEP_ROLE_LESION_MASK && run->given.n_regions > 0) {
            rc = given_regions(p, run, record, err);
        } else if (hep_run_given_mask(run, role) != NULL) {
            rc = given_mask(p, hep_run_given_mask(run, role), role, record, err);
        } else if (p->series != NULL) {
            p->state = HEP_PRODUCT_PRESENT;
            rc = series_key(p, run, record, inventory, err);
        } else {
            rc = absent_series(p, run, role, there, err);
        }
    }
    hep_json_free(inventory);
    return rc;
}

/* The content of a shipped file, or of the one that the setting of this key names. */
static int add_shipped_file(struct hep_sha256 *h, const char *name, const struct hep_config *cfg,
                            struct hep_error *err)
{
    const struct hep_field *setting = hep_field_find(hep_config_fields(), name);
    char hex[HEP_SHA256_HEX], *path = NULL;
    int rc;

    if (setting != NULL)
        rc = hep_config_find_file(
            &path, ((const struct hep_text *)((const char *)cfg + setting->offset))->s, err);
    else
        rc = hep_config_find(&path, name, err);

    if (rc == HEP_OK)
        rc = hep_sha256_file(hex, path, err);
    if (rc == HEP_OK)
        rc = add_text(h, hex, err);
    free(path);
    return rc;
}

static int stage_key(struct hep_run *run, size_t i, struct hep_record *record,
                     struct hep_error *err)
{
    const struct hep_stage *stage = run->stages[i];
    struct hep_sha256 *h = NULL;
    char hex[HEP_SHA256_HEX];
    int rc = hep_sha256_new(&h, err);

    if (rc == HEP_OK)
        rc = add_text(h, HEP_VERSION, err);
    if (rc == HEP_OK)
        rc = add_text(h, stage->name, err);
    if (rc == HEP_OK)
        rc = add_text(h, run->label, err);
    if (rc == HEP_OK)
        rc = add_text(h, run->agent != NULL ? run->agent->name : "none", err);
    if (rc == HEP_OK)
        rc = hep_config_hash(hex, run->cfg, stage->settings, err);
    if (rc == HEP_OK)
        rc = add_text(h, hex, err);
    for (const char *const *f = stage->files; rc == HEP_OK && f != NULL && *f != NULL; f++)
        rc = add_shipped_file(h, *f, run->cfg, err);
    if (rc == HEP_OK && stage->engine != NULL)
        rc = add_text(h, stage->engine(), err);
    for (const struct hep_slot *s = stage->inputs; rc == HEP_OK && s->name != NULL; s++) {
        const struct hep_product *p = hep_product_find(run, s->name);

        if (p->state == HEP_PRODUCT_ABSENT)
            rc = add_text(h, p->reason != NULL ? p->reason : "absent", err);
        else
            rc = add_text(h, p->key, err);
    }
    /* The first stage looks at every file of the study. */
    for (size_t k = 0; rc == HEP_OK && stage->inputs->name == NULL && k < run->n_products; k++)
        rc = add_text(h, run->products[k].slot->kind == HEP_SLOT_SERIES ? run->products[k].key : "",
                      err);
    if (rc == HEP_OK)
        rc = hep_sha256_end(h, record->stage[i].key, err);
    hep_sha256_free(h);
    return rc;
}

static int product_keys(struct hep_run *run, size_t stage, const char *key, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < run->n_products; i++) {
        struct hep_product *p = &run->products[i];
        char text[HEP_SHA256_HEX + 128];

        if (p->stage != stage || p->slot->kind == HEP_SLOT_SERIES)
            continue;
        (void)snprintf(text, sizeof text, "%s %s", key, p->slot->name);
        rc = hep_sha256_memory(p->key, text, strlen(text), err);
    }
    return rc;
}

int hep_keys_make(struct hep_run *run, struct hep_record *record, const size_t *order,
                  struct hep_error *err)
{
    int rc = hep_split_dynamic(run, err);

    if (rc == HEP_OK)
        rc = settle_series(run, record, err);
    for (size_t k = 0; rc == HEP_OK && k < run->n_stages; k++) {
        rc = stage_key(run, order[k], record, err);
        if (rc == HEP_OK)
            rc = product_keys(run, order[k], record->stage[order[k]].key, err);
    }
    return rc;
}
