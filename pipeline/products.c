#include "pipeline/products.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/rng.h"
#include "base/text.h"
#include "image/nifti.h"
#include "image/resample.h"
#include "pipeline/replay_transform.h"
#include "pipeline/save.h"
#include "pipeline/writer.h"
#include "sequences/inventory.h"

#include <math.h>
#include <omp.h>
#include <stdarg.h>
#include <sys/stat.h>

#define WRAPPED_SHARE 0.25F /* of the highest signal */

int hep_products_init(struct hep_run *run, struct hep_error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < run->n_stages; i++) {
        for (const struct hep_slot *s = run->stages[i]->outputs; s->name != NULL; s++)
            n++;
    }
    if (HEP_NEW(run->products, n, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t i = 0; i < run->n_stages; i++) {
        for (const struct hep_slot *s = run->stages[i]->outputs; s->name != NULL; s++) {
            run->products[run->n_products].slot = s;
            run->products[run->n_products++].stage = i;
        }
    }
    run->current = run->n_stages;
    return HEP_OK;
}

void hep_products_release(struct hep_run *run)
{
    hep_writer_free(run->writer);
    run->writer = NULL;
    for (size_t i = 0; i < run->n_products; i++) {
        struct hep_product *p = &run->products[i];

        free(p->reason);
        free(p->withheld);
        free(p->path);
        hep_volume_free(p->volume);
        hep_labels_free(p->labels);
        if (p->data != NULL)
            hep_struct_release(p->data, p->slot->type);
        free(p->data);
    }
    for (size_t i = 0; i < run->n_written; i++)
        free(run->written[i].path);
    for (size_t i = 0; i < run->n_split; i++)
        free(run->split[i].frame);
    free(run->split);
    hep_lines_release(&run->unreadable);
    hep_replay_release(&run->replay);
    free(run->products);
    free(run->written);
    run->products = NULL;
    run->written = NULL;
    run->n_products = run->n_written = 0;
}

static bool declared(const struct hep_slot *slots, const char *name)
{
    for (; slots->name != NULL; slots++) {
        if (strcmp(slots->name, name) == 0)
            return true;
    }
    return false;
}

/* A product that the running stage may read. */
static int readable(struct hep_product **out, const struct hep_run *run, const char *name,
                    enum hep_slot_kind kind, enum hep_slot_kind other, struct hep_error *err)
{
    const struct hep_stage *stage = run->current < run->n_stages ? run->stages[run->current] : NULL;
    struct hep_product *p = hep_product_find(run, name);

    if (p == NULL || (stage != NULL && !declared(stage->inputs, name)))
        return HEP_FAIL(err, HEP_EGRAPH, "stage %s reads %s, which it does not declare",
                        stage != NULL ? stage->name : "-", name);
    if (p->slot->kind != kind && p->slot->kind != other)
        return HEP_FAIL(err, HEP_EGRAPH, "product %s is of another kind", name);
    *out = p;
    return HEP_OK;
}

/* A product that the running stage may make, not made yet. */
static int writable(struct hep_product **out, const struct hep_run *run, const char *name,
                    enum hep_slot_kind kind, struct hep_error *err)
{
    struct hep_product *p = hep_product_find(run, name);

    if (p == NULL || p->stage != run->current || p->slot->kind != kind ||
        p->state != HEP_PRODUCT_UNKNOWN)
        return HEP_FAIL(err, HEP_EGRAPH, "product %s cannot be made here or now", name);
    *out = p;
    return HEP_OK;
}

/* The noise of a series is its own in every study, and the same in every replay. */
static int replay_volume(struct hep_run *run, struct hep_product *p, struct hep_error *err)
{
    const struct hep_replayed *entry = hep_replay_find(&run->replay, p->series);
    uint64_t seed = hep_rng_stream(run->label);
    int rc;

    if (entry == NULL)
        return HEP_OK;
    rc = hep_replay_transform(&p->volume, entry->change, seed, hep_rng_stream(p->slot->name),
                              run->nthreads, err);
    if (rc == HEP_EDATA)
        (void)hep_error_prefix(err, "%s", p->series->name);
    return rc;
}

/* A series of the study that cannot be read costs itself: the run begins again without it. */
static int note_unreadable(struct hep_run *run, const struct hep_product *p, int rc,
                           struct hep_error *err)
{
    const char *study = run->inventory != NULL ? run->inventory->study : "",
               *message = err != NULL ? err->msg : "";
    struct hep_error none = { 0 };

    if (rc == HEP_OK || rc == HEP_ENOMEM || p->slot->kind != HEP_SLOT_SERIES || p->series == NULL)
        return rc;
    if (hep_starts_with(message, study))
        message += strlen(study) + strspn(message + strlen(study), "/");
    if (hep_lines_push(&run->unreadable, hep_strdup(p->series->name, &none), &none) != HEP_OK ||
        hep_lines_push(&run->unreadable, hep_strdup(message, &none), &none) != HEP_OK)
        hep_lines_release(&run->unreadable);
    return rc;
}

int hep_run_leave_out(struct hep_run *run, const char *name, struct hep_error *err)
{
    const struct hep_product *p = hep_product_find(run, name);

    return p == NULL ? HEP_EGRAPH : note_unreadable(run, p, HEP_EDATA, err);
}

static bool is_there(const struct hep_run *run, const char *name)
{
    const struct hep_product *p = hep_product_find(run, name);

    return p != NULL && p->state == HEP_PRODUCT_PRESENT;
}

bool hep_products_have_planned(const struct hep_run *run, enum hep_planned planned)
{
    if (planned == HEP_SERIES_IN_OPPOSED)
        return is_there(run, "echoes") || (is_there(run, "in_phase") && is_there(run, "opposed"));
    return is_there(run, hep_planned_name(planned));
}

static int load_volume(struct hep_run *run, struct hep_product *p, struct hep_error *err)
{
    double start = omp_get_wtime();
    int rc = p->slot->kind == HEP_SLOT_SERIES ? hep_series_read(&p->volume, p->series, err)
             : hep_slot_is_vectors(p->slot)   ? hep_nifti_read_vectors(&p->volume, p->path, err)
                                              : hep_nifti_read(&p->volume, p->path, err);

    if (rc == HEP_OK && p->slot->kind == HEP_SLOT_SERIES)
        rc = replay_volume(run, p, err);
    run->read_s += omp_get_wtime() - start;
    return note_unreadable(run, p, rc, err);
}

/* Wanted by a stage that will run, and as it is in its file. */
static const struct hep_product *to_read(const struct hep_run *run, const struct hep_slot *s)
{
    struct hep_product *p = hep_product_find(run, s->name);

    return p != NULL && p->slot->kind == HEP_SLOT_SERIES && p->state == HEP_PRODUCT_PRESENT &&
                   p->volume == NULL && p->series != NULL && !hep_role_is_mask(p->series->role) &&
                   hep_replay_find(&run->replay, p->series) == NULL
               ? p
               : NULL;
}

int hep_products_read_ahead(struct hep_run *run, const bool *skip, struct hep_error *err)
{
    size_t *list = hep_calloc(run->n_products, sizeof *list, err); /* of products */
    double start = omp_get_wtime();
    size_t n = 0;

    if (list == NULL)
        return HEP_ENOMEM;
    for (size_t i = 0; i < run->n_stages; i++) {
        for (const struct hep_slot *s = run->stages[i]->inputs; !skip[i] && s->name != NULL; s++) {
            const struct hep_product *p = to_read(run, s);
            bool listed = p == NULL;

            for (size_t k = 0; k < n && !listed; k++)
                listed = &run->products[list[k]] == p;
            if (!listed)
                list[n++] = (size_t)(p - run->products);
        }
    }
#pragma omp parallel for schedule(dynamic) num_threads(hep_run_nthreads(run))
    for (size_t k = 0; k < n; k++) {
        struct hep_product *p = &run->products[list[k]];
        struct hep_error later = { 0 };

        if (hep_series_read(&p->volume, p->series, &later) != HEP_OK)
            p->volume = NULL;
    }
    run->read_s += omp_get_wtime() - start;
    free(list);
    return HEP_OK;
}

/* Integers that wrapped round lie as far below 0 as the highest signals lie above it; rounding and
 * resampling leave small values below 0 alone. */
static void warn_of_negative(struct hep_run *run, struct hep_product *p)
{
    const struct hep_volume *v = p->volume;
    const size_t n = hep_grid_voxels(&v->grid) * v->nt;
    float most = 0.0F;
    size_t below = 0;

    if (p->looked_at || p->slot->kind != HEP_SLOT_SERIES)
        return;
    p->looked_at = true;
    for (size_t i = 0; i < n; i++)
        most = isfinite(v->data[i]) && v->data[i] > most ? v->data[i] : most;
    for (size_t i = 0; i < n; i++)
        below += v->data[i] < -WRAPPED_SHARE * most;
    if (below > 0)
        hep_log_write(
            hep_run_log(run), HEP_LOG_WARNING, "negative-signal",
            "%s: %zu of %zu voxels lie below minus %g of its highest signal: integers that "
            "wrapped round, or no magnitudes; they are not measured",
            p->series->name, below, n, (double)WRAPPED_SHARE);
}

int hep_run_volume(struct hep_run *run, const char *name, const struct hep_volume **out,
                   struct hep_error *err)
{
    struct hep_product *p = NULL;
    int rc = readable(&p, run, name, HEP_SLOT_VOLUME, HEP_SLOT_SERIES, err);

    *out = NULL;
    if (rc != HEP_OK || !hep_product_usable(p))
        return rc;
    if (p->volume == NULL)
        rc = load_volume(run, p, err);
    if (rc == HEP_OK)
        warn_of_negative(run, p);
    if (rc == HEP_OK)
        *out = p->volume;
    return rc;
}

static bool is_seen(const struct hep_run *run, const struct hep_grid *grid)
{
    for (size_t i = 0; i < run->n_products; i++) {
        const struct hep_product *p = &run->products[i];

        if (p->slot->kind == HEP_SLOT_SERIES && p->series != NULL &&
            !hep_role_is_mask(p->series->role) &&
            hep_grid_same(&p->series->grid, grid, HEP_GRID_TOL_MM))
            return true;
    }
    return false;
}

/* A mask stays with its series when that became coarser, and moves to the reference, in scanner
 * coordinates, when the protocol does not see that series. */
static int replay_labels(struct hep_labels **labels, const struct hep_run *run,
                         struct hep_error *err)
{
    const struct hep_series *reference = hep_products_series_on(run, NULL, NULL);
    const struct hep_grid *to = reference != NULL ? &reference->grid : NULL;
    struct hep_labels *moved = NULL;
    int rc = hep_replay_labels(labels, &run->replay, err);

    if (rc != HEP_OK || to == NULL || is_seen(run, &(*labels)->grid))
        return rc;
    for (size_t i = 0; i < run->inventory->n_series; i++) {
        if (!hep_grid_same(&run->inventory->series[i].grid, &(*labels)->grid, HEP_GRID_TOL_MM))
            continue;
        rc = hep_resample_labels(&moved, *labels, to, NULL, err);
        if (rc == HEP_OK) {
            hep_labels_free(*labels);
            *labels = moved;
        }
        return rc;
    }
    return HEP_OK;
}

/* A mask of the command line. */
static int load_given_mask(struct hep_run *run, struct hep_product *p, struct hep_error *err)
{
    const bool is_liver =
        run->given.liver.path != NULL && strcmp(p->path, run->given.liver.path) == 0;
    const double label = isfinite(run->cfg->liver_label) || run->given.liver.value < 0
                             ? run->cfg->liver_label
                             : (double)run->given.liver.value;
    struct hep_mask_reading reading;
    const bool unplaced_too = run->inventory != NULL && run->inventory->places_assumed;
    int rc = unplaced_too
                 ? hep_nifti_read_mask_unplaced(&p->labels, &reading, p->path, HEP_PROBABLE, err)
                 : hep_nifti_read_mask(&p->labels, &reading, p->path, HEP_PROBABLE, err);

    if (rc != HEP_OK)
        return rc;
    p->labels->grid.unplaced = false;
    if (reading.n_nan > 0)
        hep_log_write(run->log, HEP_LOG_INFO, "mask", "%s: %zu voxels without a value are outside",
                      hep_path_base(p->path), reading.n_nan);
    if (reading.probabilities)
        hep_log_write(run->log, HEP_LOG_WARNING, "mask",
                      "%s: holds probabilities: inside is what has at least %g",
                      hep_path_base(p->path), HEP_PROBABLE);
    if (!is_liver || run->given.liver.value == HEP_VALUE_ANY)
        reading.n_values = 1; /* several parts may have been removed; segments make up the liver */
    return hep_mask_one_label(p->labels, &reading, is_liver ? label : (double)NAN, p->path, err);
}

static int load_labels(struct hep_run *run, struct hep_product *p, struct hep_error *err)
{
    double start = omp_get_wtime();
    int rc;

    if (p->series != NULL)
        rc = hep_series_read_labels(&p->labels, p->series, err);
    else if (p->slot->kind == HEP_SLOT_SERIES)
        rc = load_given_mask(run, p, err);
    else
        rc = hep_nifti_read_labels(&p->labels, p->path, err);
    if (rc == HEP_OK && p->slot->kind == HEP_SLOT_SERIES && run->only_planned)
        rc = replay_labels(&p->labels, run, err);
    run->read_s += omp_get_wtime() - start;
    return rc;
}

int hep_run_labels(struct hep_run *run, const char *name, const struct hep_labels **out,
                   struct hep_error *err)
{
    struct hep_product *p = NULL;
    int rc = readable(&p, run, name, HEP_SLOT_LABELS, HEP_SLOT_SERIES, err);

    *out = NULL;
    if (rc != HEP_OK || !hep_product_usable(p))
        return rc;
    if (p->labels == NULL)
        rc = load_labels(run, p, err);
    if (rc == HEP_OK)
        *out = p->labels;
    return rc;
}

int hep_run_struct(struct hep_run *run, const char *name, const struct hep_struct_type *type,
                   const void **out, struct hep_error *err)
{
    struct hep_product *p = NULL;
    int rc = readable(&p, run, name, HEP_SLOT_STRUCT, HEP_SLOT_STRUCT, err);

    *out = NULL;
    if (rc == HEP_OK && p->slot->type != type)
        rc = HEP_FAIL(err, HEP_EGRAPH, "product %s is another struct", name);
    if (rc == HEP_OK && hep_product_usable(p))
        *out = p->data;
    return rc;
}

bool hep_run_knows(const struct hep_run *run, const char *name)
{
    return hep_product_find(run, name) != NULL &&
           (run->current >= run->n_stages || declared(run->stages[run->current]->inputs, name));
}

int hep_run_put_volume(struct hep_run *run, const char *name, struct hep_volume *v,
                       struct hep_json *sidecar, struct hep_error *err)
{
    struct hep_product *p = NULL;
    int rc = writable(&p, run, name, HEP_SLOT_VOLUME, err);

    if (rc != HEP_OK || !hep_run_wants(run, name)) {
        hep_volume_free(v);
    } else {
        hep_grid_round_as_stored(&v->grid);
        p->volume = v;
        p->state = HEP_PRODUCT_PRESENT;
        rc = p->left_out ? HEP_OK : hep_save_product(run, p, sidecar, err);
    }
    hep_json_free(sidecar);
    return rc;
}

int hep_run_put_labels(struct hep_run *run, const char *name, struct hep_labels *l,
                       struct hep_json *sidecar, struct hep_error *err)
{
    struct hep_product *p = NULL;
    int rc = writable(&p, run, name, HEP_SLOT_LABELS, err);

    if (rc != HEP_OK || !hep_run_wants(run, name)) {
        hep_labels_free(l);
    } else {
        hep_grid_round_as_stored(&l->grid);
        p->labels = l;
        p->state = HEP_PRODUCT_PRESENT;
        rc = p->left_out ? HEP_OK : hep_save_product(run, p, sidecar, err);
    }
    hep_json_free(sidecar);
    return rc;
}

int hep_run_put_struct(struct hep_run *run, const char *name, const struct hep_struct_type *type,
                       void *data, struct hep_error *err)
{
    struct hep_product *p = NULL;
    int rc = writable(&p, run, name, HEP_SLOT_STRUCT, err);

    if (rc == HEP_OK && p->slot->type != type)
        rc = HEP_FAIL(err, HEP_EGRAPH, "product %s is another struct", name);
    if (rc == HEP_OK && data == NULL)
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for product %s", name);
    if (rc != HEP_OK) {
        hep_struct_release(data, type);
        free(data);
        return rc;
    }
    hep_struct_settle(data, type);
    p->data = data;
    p->state = HEP_PRODUCT_PRESENT;
    return HEP_OK;
}

/* Does the running stage read something that this stage made? */
static bool reads_stage(const struct hep_run *run, size_t maker)
{
    if (run->current >= run->n_stages)
        return false;
    for (const struct hep_slot *s = run->stages[run->current]->inputs; s->name != NULL; s++) {
        const struct hep_product *p = hep_product_find(run, s->name);

        if (p != NULL && p->stage == maker)
            return true;
    }
    return false;
}

int hep_run_withhold(struct hep_run *run, const char *name, const char *reason,
                     struct hep_error *err)
{
    struct hep_product *p = hep_product_find(run, name);

    if (p == NULL || !reads_stage(run, p->stage))
        return HEP_FAIL(err, HEP_EGRAPH, "product %s cannot be judged here or now", name);
    if (p->state != HEP_PRODUCT_PRESENT)
        return HEP_OK;
    free(p->withheld);
    p->withheld = reason != NULL ? hep_strdup(reason, err) : NULL;
    p->withheld_by = run->current;
    if (reason != NULL && p->withheld == NULL)
        return HEP_ENOMEM;
    return p->path != NULL ? hep_save_status(run, p, reason, err) : HEP_OK;
}

void hep_run_put_absent(struct hep_run *run, const char *name, const char *fmt, ...)
{
    struct hep_product *p = hep_product_find(run, name);
    char text[512];
    va_list ap;

    if (p == NULL || p->state == HEP_PRODUCT_PRESENT)
        return;
    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    free(p->reason);
    p->reason = hep_strdup(text, NULL);
    p->state = HEP_PRODUCT_ABSENT;
}

int hep_products_close_stage(struct hep_run *run, size_t stage, bool reused, struct hep_error *err)
{
    for (size_t i = 0; i < run->n_products; i++) {
        struct hep_product *p = &run->products[i];

        /* What a stage calls absent has a reason, unless there was no memory for it. */
        if (!reused && p->stage == stage && p->state == HEP_PRODUCT_ABSENT && p->reason == NULL)
            return HEP_FAIL(err, HEP_ENOMEM, "no memory for the reason why %s is absent",
                            p->slot->name);
        if (p->stage != stage || p->state != HEP_PRODUCT_UNKNOWN)
            continue;
        if (!p->slot->optional)
            return HEP_FAIL(err, HEP_EGRAPH, "stage %s did not make %s", run->stages[stage]->name,
                            p->slot->name);
        p->state = HEP_PRODUCT_ABSENT;
        if (p->left_out && (p->reason = hep_strdup(HEP_LEFT_OUT, err)) == NULL)
            return HEP_ENOMEM;
    }
    return HEP_OK;
}
