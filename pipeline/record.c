#include "pipeline/record.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "terms/exit_codes.h"
#include "pipeline/config/config.h"
#include "pipeline/folders.h"
#include "base/json_put.h"
#include "pipeline/run.h"
#include "pipeline/save.h"
#include "pipeline/split.h"
#include "sequences/inventory.h"

#include <omp.h>
#include <sys/resource.h>
#include <sys/stat.h>

void hep_record_release(struct hep_record *r)
{
    for (size_t i = 0; i < r->n_inputs; i++) {
        free(r->inputs[i].file);
        free(r->inputs[i].path);
    }
    free(r->inputs);
    *r = (struct hep_record){ 0 };
}

int hep_record_add_input(struct hep_record *r, const char *file, const char *path, const char *role,
                         const char *sha256, struct hep_error *err)
{
    struct hep_record_input *input;

    if (HEP_GROW(r->inputs, r->n_inputs, err) != HEP_OK)
        return HEP_ENOMEM;
    input = &r->inputs[r->n_inputs++];
    *input = (struct hep_record_input){ .file = hep_strdup(file, err),
                                        .path = hep_strdup(path, err),
                                        .role = role };
    if (input->file == NULL || input->path == NULL)
        return HEP_ENOMEM;
    (void)snprintf(input->sha256, HEP_SHA256_HEX, "%s", sha256);
    return HEP_OK;
}

size_t hep_peak_memory_bytes(void)
{
    struct rusage u;

    return getrusage(RUSAGE_SELF, &u) == 0 ? (size_t)u.ru_maxrss * 1024 : 0;
}

/* A text as a result may hold it. */
static struct hep_json *told(const char *text, const struct hep_study_request *q,
                             struct hep_put *put)
{
    struct hep_str hidden = { 0 };
    struct hep_json *value = NULL;

    hep_folders_hide(&hidden, text, q->command);
    if (put->rc == HEP_OK)
        put->rc = hep_str_check(&hidden, put->err);
    if (put->rc == HEP_OK)
        value = hep_json_new_string(hidden.s);
    hep_str_release(&hidden);
    return value;
}

static struct hep_json *warnings_json(const struct hep_run *run, size_t first, size_t end,
                                      const struct hep_study_request *q, struct hep_put *put)
{
    struct hep_json *a = hep_json_new_array();

    for (size_t i = first; i < end; i++)
        hep_put_item(put, a, told(hep_log_warning(run->log, i), q, put));
    return a;
}

/* NULL when there is nothing beside state, reason and file. */
static struct hep_json *results_json(const struct hep_product *p, struct hep_put *put)
{
    struct hep_json *o = NULL;

    if (p->data != NULL && put->rc == HEP_OK)
        put->rc = hep_struct_json(&o, p->data, p->slot->type, true, put->err);
    return o;
}

/* Made for the stages that read it. */
static bool is_made_without_file(const struct hep_product *p)
{
    return p->left_out && p->state == HEP_PRODUCT_PRESENT && p->path == NULL;
}

static struct hep_json *products_json(const struct hep_run *run, size_t stage, struct hep_put *put)
{
    static const char *const state_text[] = { "unknown", "absent", "present" };
    struct hep_json *all = hep_json_new_object();

    for (size_t i = 0; i < run->n_products; i++) {
        const struct hep_product *p = &run->products[i];
        struct hep_json *o;

        if (p->stage != stage || p->slot->kind == HEP_SLOT_SERIES)
            continue;
        o = hep_json_new_object();
        hep_put_text(put, o, "state",
                     p->withheld != NULL
                         ? "withheld"
                         : state_text[is_made_without_file(p) ? HEP_PRODUCT_ABSENT : p->state]);
        if (p->withheld != NULL)
            hep_put_text(put, o, "withheld_by", run->stages[p->withheld_by]->name);
        if (p->withheld != NULL || p->reason != NULL)
            hep_put_text(put, o, "reason", p->withheld != NULL ? p->withheld : p->reason);
        else if (is_made_without_file(p))
            hep_put_text(put, o, "reason", HEP_LEFT_OUT);
        if (is_made_without_file(p))
            hep_put_bool(put, o, "left_out", true);
        if (p->data != NULL)
            hep_put(put, o, "results", results_json(p, put));
        if (p->path != NULL)
            hep_put_text(put, o, "file", p->path + strlen(run->out.tmp) + 1);
        hep_put(put, all, p->slot->name, o);
    }
    return all;
}

static struct hep_json *stages_json(const struct hep_run *run, const struct hep_record *r,
                                    const struct hep_study_request *q, struct hep_put *put)
{
    struct hep_json *a = hep_json_new_array();

    for (size_t i = 0; i < run->n_stages; i++) {
        const struct hep_stage_record *s = &r->stage[i];
        struct hep_json *o = hep_json_new_object();

        hep_put_text(put, o, "name", run->stages[i]->name);
        hep_put_text(put, o, "key", s->key);
        hep_put(put, o, "products", products_json(run, i, put));
        hep_put(put, o, "warnings", warnings_json(run, s->first_warning, s->end_warning, q, put));
        if (!q->reproducible) {
            hep_put_text(put, o, "state", s->reused ? "reused" : "run");
            hep_put_number(put, o, "seconds", s->seconds);
        }
        hep_put_item(put, a, o);
    }
    return a;
}

static struct hep_json *inputs_json(const struct hep_record *r, struct hep_put *put)
{
    struct hep_json *a = hep_json_new_array();

    for (size_t i = 0; i < r->n_inputs; i++) {
        struct hep_json *o = hep_json_new_object();

        hep_put_text(put, o, "path", r->inputs[i].path);
        hep_put_text(put, o, "role", r->inputs[i].role);
        hep_put_text(put, o, "sha256", r->inputs[i].sha256);
        hep_put_item(put, a, o);
    }
    return a;
}

static struct hep_json *outputs_json(const struct hep_run *run, struct hep_put *put)
{
    struct hep_json *a = hep_json_new_array();

    for (size_t i = 0; i < run->n_written; i++) {
        const struct hep_written *w = &run->written[i];
        struct hep_json *o = hep_json_new_object();

        hep_put_text(put, o, "path", w->path);
        hep_put_text(put, o, "sha256", w->sha256);
        hep_put_count(put, o, "bytes", w->bytes);
        if (w->stage < run->n_stages)
            hep_put_text(put, o, "stage", run->stages[w->stage]->name);
        hep_put_item(put, a, o);
    }
    return a;
}

static void put_fields(struct hep_put *put, struct hep_json *o, const char *prefix,
                       const void *base, const struct hep_field *table)
{
    struct hep_str key = { 0 }, value = { 0 };

    for (const struct hep_field *f = table; put->rc == HEP_OK && f->key != NULL; f++) {
        hep_str_clear(&key);
        hep_str_clear(&value);
        hep_str_addf(&key, "%s%s", prefix, f->key);
        hep_field_print(&value, base, f);
        put->rc = hep_str_check(&key, put->err);
        if (put->rc == HEP_OK)
            put->rc = hep_str_check(&value, put->err);
        if (put->rc == HEP_OK)
            hep_put_text(put, o, key.s, value.s);
    }
    hep_str_release(&key);
    hep_str_release(&value);
}

struct hep_json *hep_record_settings(const struct hep_config *cfg, struct hep_put *put)
{
    struct hep_json *o = hep_json_new_object();
    char prefix[64];

    put_fields(put, o, "", cfg, hep_config_fields());
    for (int i = 0; i < HEP_SERIES_COUNT; i++) {
        (void)snprintf(prefix, sizeof prefix, "series.%s.", hep_planned_name((enum hep_planned)i));
        if (cfg->series[i].expected)
            put_fields(put, o, prefix, &cfg->series[i], hep_planned_fields());
    }
    return o;
}

/* What a replay kept from the stages; nothing when the protocol sees all of the study. */
static void put_replay(struct hep_put *put, struct hep_json *o, const struct hep_run *run)
{
    struct hep_json *without = hep_json_new_array(), *changed = hep_json_new_object(), *all;
    struct hep_str text = { 0 };

    for (size_t i = 0; run->only_planned && i < run->n_products; i++) {
        const struct hep_product *p = &run->products[i];
        const struct hep_replayed *entry = hep_replay_find(&run->replay, p->series);
        enum hep_role role = HEP_ROLE_UNKNOWN;

        if (p->slot->kind != HEP_SLOT_SERIES ||
            hep_role_from_name(&role, p->slot->name, NULL) != HEP_OK)
            continue;
        if (p->series == NULL && p->path == NULL && hep_split_find(run, role) != NULL)
            hep_put_item(put, without, hep_json_new_string(p->slot->name));
        if (entry == NULL)
            continue;
        hep_str_clear(&text);
        hep_replay_describe(&text, entry);
        if (put->rc == HEP_OK)
            put->rc = hep_str_check(&text, put->err);
        hep_put_text(put, changed, p->slot->name, text.s);
    }
    if (hep_json_size(without) + hep_json_size(changed) == 0) {
        hep_json_free(without);
        hep_json_free(changed);
    } else {
        all = hep_json_new_object();
        hep_put(put, all, "without", without);
        hep_put(put, all, "changed", changed);
        hep_put(put, o, "replay", all);
    }
    hep_str_release(&text);
}

static void put_outcome(struct hep_put *put, struct hep_json *o, const struct hep_record *r,
                        const struct hep_study_request *q, const struct hep_error *failure)
{
    bool failed = failure != NULL && failure->code != HEP_OK;
    int code = failed ? hep_exit_code((int)failure->code) : 0;

    hep_put_text(put, o, "state", failed ? "failed" : "done");
    hep_put(put, o, "exit_code", hep_json_new_integer(code));
    if (failed)
        hep_put(put, o, "error", told(failure->msg, q, put));
    if (failed && r->failed_stage != NULL)
        hep_put_text(put, o, "failed_stage", r->failed_stage);
}

static void put_host(struct hep_put *put, struct hep_json *o, const struct hep_run *run,
                     const struct hep_record *r, const struct hep_study_request *request)
{
    if (r->study_folder_sha256[0] != '\0')
        hep_put_text(put, o, "study_folder_sha256", r->study_folder_sha256);
    hep_put(put, o, "command", hep_folders_command(put, request->command, run->label));
    hep_put_text(put, o, "started", r->started);
    hep_put_number(put, o, "seconds", omp_get_wtime() - r->start_s);
    hep_put_count(put, o, "threads", (size_t)run->nthreads);
    hep_put_count(put, o, "peak_memory_bytes", hep_peak_memory_bytes());
}

int hep_record_json(struct hep_json **out, const struct hep_run *run, const struct hep_record *r,
                    const struct hep_study_request *request, const struct hep_error *failure,
                    struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object(), *inventory = NULL;
    size_t end = hep_log_warning_count(run->log);

    hep_put_text(&put, o, "version", HEP_VERSION);
    put_outcome(&put, o, r, request, failure);
    hep_put_text(&put, o, "study", run->label);
    if (request->label != NULL)
        hep_put_bool(&put, o, "label_given", true);
    if (run->cfg != NULL) {
        hep_put_text(&put, o, "protocol", run->cfg->name.s);
        hep_put(&put, o, "settings", hep_record_settings(run->cfg, &put));
    }
    hep_put_text(&put, o, "agent", run->agent != NULL ? run->agent->name : "none");
    if (run->inventory != NULL && failure == NULL)
        put_replay(&put, o, run);
    hep_put(&put, o, "inputs", inputs_json(r, &put));
    if (run->inventory != NULL && put.rc == HEP_OK) {
        put.rc = hep_inventory_json(&inventory, run->inventory, err);
        hep_put(&put, o, "inventory", inventory);
    }
    hep_put(&put, o, "warnings", warnings_json(run, r->first_warning, end, request, &put));
    hep_put(&put, o, "stages", stages_json(run, r, request, &put));
    hep_put(&put, o, "outputs", outputs_json(run, &put));
    if (!request->reproducible)
        put_host(&put, o, run, r, request);
    if (put.rc == HEP_OK)
        *out = o;
    else
        hep_json_free(o);
    return put.rc;
}

int hep_run_record(struct hep_json **out, struct hep_run *run, struct hep_error *err)
{
    const struct hep_study_request bare = { .reproducible = true };
    int rc = hep_save_settle(run, err);

    return rc != HEP_OK ? rc : hep_record_json(out, run, run->record, &bare, NULL, err);
}

const struct hep_json *hep_record_stage(const struct hep_json *earlier, const char *stage)
{
    const struct hep_json *all = hep_json_get(earlier, "stages");

    for (size_t i = 0; i < hep_json_size(all); i++) {
        const struct hep_json *s = hep_json_at(all, i);
        const char *name = hep_json_string(hep_json_get(s, "name"));

        if (name != NULL && strcmp(name, stage) == 0)
            return s;
    }
    return NULL;
}

static bool same_text(const struct hep_json *node, const char *text)
{
    const char *s = hep_json_string(node);

    return s != NULL && strcmp(s, text) == 0;
}

/* A path from a file that anybody may have edited: below the folder, nothing else. */
static bool tame(const char *path)
{
    return path != NULL && path[0] != '/' && path[0] != '\0' && strstr(path, "..") == NULL;
}

/* Later than `b`? */
static bool is_later(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

static bool has_hash(const char *path, const char *sha256)
{
    char hex[HEP_SHA256_HEX];
    struct hep_error unreadable = { 0 };

    return sha256 != NULL && hep_sha256_file(hex, path, &unreadable) == HEP_OK &&
           strcmp(hex, sha256) == 0;
}

/* A file that was written to after the record, which is written last, is not believed by its size. */
static bool file_is_there(const struct hep_json *output, const struct hep_record_of *of,
                          bool verify)
{
    const char *relative = hep_json_string(hep_json_get(output, "path"));
    char *path = tame(relative) ? hep_path_join(of->folder, relative, NULL) : NULL;
    struct stat st;
    bool there = path != NULL && stat(path, &st) == 0 && S_ISREG(st.st_mode) &&
                 (double)st.st_size == hep_json_number(hep_json_get(output, "bytes"));

    if (there && (verify || !of->dated || is_later(&st.st_mtim, &of->written)))
        there = has_hash(path, hep_json_string(hep_json_get(output, "sha256")));
    free(path);
    return there;
}

/* A struct as the earlier run left it. */
static int read_struct(void **out, const struct hep_slot *slot, const struct hep_json *results,
                       struct hep_error *err)
{
    void *data = hep_struct_new(slot->type, err);
    int rc = data == NULL ? HEP_ENOMEM : hep_struct_read(data, slot->type, results, err);

    if (rc == HEP_OK) {
        *out = data;
        return HEP_OK;
    }
    free(data);
    (void)hep_error_prefix(err, "run.json: %s", slot->name);
    return rc;
}

static bool structs_are_readable(const struct hep_stage *stage, const struct hep_json *entry)
{
    bool good = true;

    for (const struct hep_slot *s = stage->outputs; good && s->name != NULL; s++) {
        const struct hep_json *product = hep_json_get(hep_json_get(entry, "products"), s->name);
        struct hep_error unreadable = { 0 };
        void *data = NULL;

        if (s->kind != HEP_SLOT_STRUCT || !same_text(hep_json_get(product, "state"), "present"))
            continue;
        good = read_struct(&data, s, hep_json_get(product, "results"), &unreadable) == HEP_OK;
        hep_struct_release(data, s->type);
        free(data);
    }
    return good;
}

void hep_record_look(struct hep_record_of *of, const struct hep_json *earlier, const char *folder,
                     const char *label)
{
    char *path = hep_asprintf(NULL, "%s/%s_run.json", folder, label);
    struct stat st;

    *of = (struct hep_record_of){ .json = earlier, .folder = folder };
    of->dated = path != NULL && stat(path, &st) == 0;
    if (of->dated)
        of->written = st.st_mtim;
    free(path);
}

bool hep_record_reusable(const struct hep_record_of *of, const struct hep_stage *stage,
                         const char *key, bool verify)
{
    const struct hep_json *earlier = of->json, *entry = hep_record_stage(earlier, stage->name),
                          *outputs = hep_json_get(earlier, "outputs");

    if (entry == NULL || !same_text(hep_json_get(entry, "key"), key) ||
        !same_text(hep_json_get(earlier, "version"), HEP_VERSION) ||
        !same_text(hep_json_get(earlier, "state"), "done"))
        return false;
    for (size_t i = 0; i < hep_json_size(outputs); i++) {
        const struct hep_json *o = hep_json_at(outputs, i);

        if (same_text(hep_json_get(o, "stage"), stage->name) && !file_is_there(o, of, verify))
            return false;
    }
    return structs_are_readable(stage, entry);
}

static int restore_product(struct hep_run *run, struct hep_product *p, const struct hep_json *entry,
                           struct hep_error *err)
{
    const char *reason = hep_json_string(hep_json_get(entry, "reason")),
               *file = hep_json_string(hep_json_get(entry, "file"));
    const struct hep_json *results = hep_json_get(entry, "results");

    if (hep_json_bool(hep_json_get(entry, "left_out"), false) ||
        (!same_text(hep_json_get(entry, "state"), "present") &&
         !same_text(hep_json_get(entry, "state"), "withheld"))) {
        p->state = HEP_PRODUCT_ABSENT;
        p->reason = hep_strdup(reason, err);
        return p->reason != NULL || reason == NULL ? HEP_OK : HEP_ENOMEM;
    }
    p->state = HEP_PRODUCT_PRESENT;
    if (p->slot->kind == HEP_SLOT_STRUCT)
        return read_struct(&p->data, p->slot, results, err);
    if (!tame(file))
        return HEP_FAIL(err, HEP_EFORMAT, "run.json of the earlier run lacks product %s",
                        p->slot->name);
    p->path = hep_path_join(run->out.tmp, file, err);
    return p->path != NULL ? HEP_OK : HEP_ENOMEM;
}

/* What the stage withheld of the products of earlier ones. */
static int restore_withheld(struct hep_run *run, size_t stage, const struct hep_json *earlier,
                            struct hep_error *err)
{
    for (size_t i = 0; i < run->n_products; i++) {
        struct hep_product *p = &run->products[i];
        const struct hep_json *maker = hep_record_stage(earlier, run->stages[p->stage]->name),
                              *entry = hep_json_get(hep_json_get(maker, "products"), p->slot->name);
        const char *reason = hep_json_string(hep_json_get(entry, "reason"));

        if (!same_text(hep_json_get(entry, "withheld_by"), run->stages[stage]->name))
            continue;
        free(p->withheld);
        p->withheld = hep_strdup(reason != NULL ? reason : "", err);
        p->withheld_by = stage;
        if (p->withheld == NULL)
            return HEP_ENOMEM;
    }
    return HEP_OK;
}

int hep_record_restore_products(struct hep_run *run, size_t stage, const struct hep_json *earlier,
                                struct hep_error *err)
{
    const struct hep_json *entry = hep_record_stage(earlier, run->stages[stage]->name);
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < run->n_products; i++) {
        struct hep_product *p = &run->products[i];

        if (p->stage == stage && p->slot->kind != HEP_SLOT_SERIES)
            rc = restore_product(run, p,
                                 hep_json_get(hep_json_get(entry, "products"), p->slot->name), err);
    }
    return rc == HEP_OK ? restore_withheld(run, stage, earlier, err) : rc;
}

int hep_record_restore(struct hep_run *run, size_t stage, const struct hep_json *earlier,
                       struct hep_error *err)
{
    const char *name = run->stages[stage]->name;
    const struct hep_json *entry = hep_record_stage(earlier, name),
                          *outputs = hep_json_get(earlier, "outputs"),
                          *warnings = hep_json_get(entry, "warnings");
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(outputs); i++) {
        const struct hep_json *o = hep_json_at(outputs, i);
        const char *path = hep_json_string(hep_json_get(o, "path"));

        if (!same_text(hep_json_get(o, "stage"), name))
            continue;
        rc = hep_outdir_reuse(&run->out, path, err);
        if (rc == HEP_OK)
            rc = hep_save_note(run, path, hep_json_string(hep_json_get(o, "sha256")), err);
    }
    if (rc == HEP_OK)
        rc = hep_record_restore_products(run, stage, earlier, err);
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(warnings); i++)
        hep_log_write(run->log, HEP_LOG_WARNING, "reused", "%s",
                      hep_json_string(hep_json_at(warnings, i)));
    return rc;
}
