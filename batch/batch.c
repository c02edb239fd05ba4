#include "batch/batch.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "batch/batch_screen.h"
#include "terms/exit_codes.h"
#include "batch/status.h"
#include "batch/study_log.h"
#include "pipeline/folders.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define POLL_NS 10000000L
#define GRACE_S 10.0
#define OWN_WORDS                                                                                  \
    ((size_t)7) /* threads, protocol and mask of a study, --dry-run, and the NULL at the end */
#define EXIT_TEMPORARY 75
#define RETRY_PAUSE_S 0.5 /* doubled at each further try, up to sixteen times */

/* One running study. */
struct slot {
    struct hep_process process;
    const struct hep_dataset_study *study; /* NULL: free */
    int tries;
    double asked_s;   /* when it was asked to stop */
    double restart_s; /* when it is tried again; 0 while it runs */
    bool timed_out;
    struct hep_study_log log;
    struct hep_str line; /* unfinished line of its log */
    char stage[64];
    bool unchanged;
    char error[512], plan[512];
};

struct batch {
    const struct hep_batch_request *q;
    struct hep_log *log;
    struct hep_dataset dataset;
    struct slot *slots;
    struct hep_batch_screen screen;
    size_t next;
    struct hep_batch_outcome *out;
    bool stopping;
};

/* NULL: chosen by the study itself. */
static const char *protocol_of(const struct hep_batch_request *q, const struct hep_dataset_study *s)
{
    return s->protocol != NULL && !q->protocol_for_all ? s->protocol : q->protocol;
}

/* ---- one study's process --------------------------------------------------------------------- */

/* A log that cannot be written costs the log: the study is computed all the same. */
static void open_log(const struct batch *b, struct slot *slot)
{
    struct hep_error e = { 0 };

    if (hep_study_log_open(&slot->log, b->q->out_dir, slot->study->label, &e) != HEP_OK)
        hep_log_write(b->log, HEP_LOG_WARNING, "log", "%s: no log: %s", slot->study->label, e.msg);
}

static int start(struct batch *b, struct slot *slot, const struct hep_dataset_study *s,
                 struct hep_error *err)
{
    const struct hep_batch_request *q = b->q;
    const char *const first[] = { q->program, "run",        s->path,     "-o",
                                  q->out_dir, "--log-json", "--nthreads" };
    size_t n = sizeof first / sizeof first[0];
    const char **argv = hep_calloc(n + q->n_run_options + OWN_WORDS, sizeof *argv, err);
    struct hep_process_opts opts = { .separate_pipe = true,
                                     .memory_bytes = q->memory_bytes,
                                     .own_group = true };
    const char *protocol = protocol_of(q, s);
    char threads[16], *mask;
    int rc;

    slot->study = s;
    slot->asked_s = slot->restart_s = 0.0;
    slot->timed_out = slot->unchanged = false;
    slot->stage[0] = slot->error[0] = slot->plan[0] = '\0';
    if (argv == NULL)
        return HEP_ENOMEM;
    (void)memcpy((void *)argv, (const void *)first, sizeof first);
    (void)snprintf(threads, sizeof threads, "%d", q->nthreads);
    argv[n++] = threads;
    if (protocol != NULL) {
        argv[n++] = "--protocol";
        argv[n++] = protocol;
    }
    for (size_t i = 0; i < q->n_run_options; i++)
        argv[n++] = q->run_options[i];
    if (q->dry_run)
        argv[n++] = "--dry-run";
    mask = q->masks == NULL ? NULL
                            : hep_asprintf(err, "%s/%s/anat/%s_label-liver_mask.nii.gz", q->masks,
                                           s->relative, s->label);
    if (mask != NULL && hep_is_file(mask)) {
        argv[n++] = "--liver-mask";
        argv[n++] = mask;
    }
    argv[n] = NULL;
    if (!q->dry_run)
        open_log(b, slot);
    rc = hep_process_start(&slot->process, argv, &opts, err);
    free(mask);
    free((void *)argv);
    return rc;
}

static void apply_event(struct slot *slot, const char *line)
{
    struct hep_json *json = NULL;
    const char *event, *message;

    if (hep_json_parse(&json, line, strlen(line), "log", NULL) != HEP_OK)
        return;
    event = hep_json_string(hep_json_get(json, "event"));
    message = hep_json_string(hep_json_get(json, "message"));
    if (event != NULL && message != NULL) {
        const char *stage = hep_json_string(hep_json_get(json, "stage"));

        if (stage != NULL)
            (void)snprintf(slot->stage, sizeof slot->stage, "%.63s", stage);
        if (strcmp(event, "failed") == 0)
            (void)snprintf(slot->error, sizeof slot->error, "%s", message);
        if (strcmp(event, "plan") == 0)
            (void)snprintf(slot->plan, sizeof slot->plan, "%s", message);
        if (strcmp(event, "unchanged") == 0)
            slot->unchanged = true;
    }
    hep_json_free(json);
}

/* What lies among the results does not say where the data are: folders name people. */
static int hide_folders(struct hep_str *out, const struct batch *b,
                        const struct hep_dataset_study *s, const char *text)
{
    const struct hep_batch_request *q = b->q;
    const char **words = hep_calloc(q->n_run_options + 6, sizeof *words, NULL);
    size_t n = 0;

    if (words == NULL)
        return HEP_ENOMEM;
    words[n++] = s->path;
    words[n++] = q->bids_dir;
    words[n++] = q->out_dir;
    if (q->masks != NULL)
        words[n++] = q->masks;
    if (q->protocol != NULL)
        words[n++] = q->protocol;
    for (size_t i = 0; i < q->n_run_options; i++)
        words[n++] = q->run_options[i];
    hep_folders_hide(out, text, words);
    free((void *)words);
    return hep_str_check(out, NULL);
}

static void take_line(const struct batch *b, struct slot *slot)
{
    struct hep_str hidden = { 0 };

    apply_event(slot, slot->line.s);
    if (slot->log.stream != NULL && hide_folders(&hidden, b, slot->study, slot->line.s) == HEP_OK)
        (void)fprintf(slot->log.stream, "%s\n", hidden.s);
    hep_str_release(&hidden);
}

/* Read the lines that a study has written to its log since the last call. */
static void read_log(const struct batch *b, struct slot *slot)
{
    char buffer[4096];
    ssize_t n;

    while ((n = read(slot->process.stderr_fd, buffer, sizeof buffer)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (buffer[i] != '\n') {
                hep_str_addn(&slot->line, &buffer[i], 1);
            } else {
                if (slot->line.len > 0)
                    take_line(b, slot);
                hep_str_clear(&slot->line);
            }
        }
    }
}

static void close_slot(struct slot *slot)
{
    if (slot->process.stderr_fd >= 0)
        (void)close(slot->process.stderr_fd);
    slot->process.stderr_fd = -1;
    hep_study_log_close(&slot->log, !slot->unchanged);
    hep_str_clear(&slot->line);
    slot->study = NULL;
}

/* ---- outcomes -------------------------------------------------------------------------------- */

static void describe_end(char *text, size_t n, const struct slot *slot,
                         const struct hep_process_end *end, double limit_s)
{
    if (slot->timed_out)
        (void)snprintf(text, n, "stopped after its time limit of %g s", limit_s);
    else if (!end->exited)
        (void)snprintf(text, n, "killed by signal %d%s", end->signal,
                       end->signal == 9 ? " (out of memory?)" : "");
    else
        (void)snprintf(text, n, "%s", slot->error[0] != '\0' ? slot->error : "no reason given");
}

/* A study that crashed, or failed before it knew its own name, has left no record: this one is for
 * `hepar status`. */
static void record_failure(const struct batch *b, const struct slot *slot, int code,
                           const char *reason)
{
    const struct hep_dataset_study *s = slot->study;
    struct hep_study_status status = { .label = s->label, .relative = s->relative };
    struct hep_str hidden = { 0 };
    struct hep_error e = { 0 };

    if (hep_status_of(&status, b->q->out_dir, &e) != HEP_OK) {
        hep_log_write(b->log, HEP_LOG_WARNING, "record", "%s", e.msg);
        goto out;
    }
    if (hide_folders(&hidden, b, s, reason) != HEP_OK ||
        (status.state == HEP_STATE_FAILED && strcmp(status.reason, hidden.s) == 0))
        goto out;
    status.exit_code = code;
    (void)snprintf(status.reason, sizeof status.reason, "%.511s", hidden.s);
    (void)snprintf(status.failed_stage, sizeof status.failed_stage, "%s", slot->stage);
    if (hep_status_record_failure(b->q->out_dir, &status, &e) != HEP_OK)
        hep_log_write(b->log, HEP_LOG_WARNING, "record", "%s", e.msg);
out:
    hep_str_release(&hidden);
}

static void finish(struct batch *b, struct slot *slot, const struct hep_process_end *end)
{
    const struct hep_dataset_study *s = slot->study;
    bool good = end->exited && end->code == 0;
    int code = end->exited ? end->code : 1;
    double seconds = hep_monotonic_s() - slot->process.start_s;
    char reason[600] = "";

    if (good) {
        b->out->n_done++;
        b->out->n_unchanged += slot->unchanged;
    } else {
        b->out->n_failed++;
        describe_end(reason, sizeof reason, slot, end, b->q->time_limit_s);
        record_failure(b, slot, code, reason);
    }
    hep_batch_screen_result(&b->screen, s->label,
                            good ? (slot->unchanged ? "unchanged" : "done") : "failed", seconds,
                            reason);
    if (!good && b->q->stop_on_first_failure)
        b->stopping = true;
}

/* Start the same study again, or give it up. */
static void restart(struct batch *b, struct slot *slot)
{
    const struct hep_dataset_study *s = slot->study;
    struct hep_process_end end = { .exited = true, .code = 1 };
    struct hep_error e = { 0 };

    if (start(b, slot, s, &e) == HEP_OK)
        return;
    (void)snprintf(slot->error, sizeof slot->error, "%s", e.msg);
    finish(b, slot, &end);
    close_slot(slot);
}

static void ended(struct batch *b, struct slot *slot, const struct hep_process_end *end)
{
    bool temporary = end->exited && end->code == EXIT_TEMPORARY && !slot->timed_out;
    const struct hep_dataset_study *s = slot->study;

    read_log(b, slot);
    if (temporary && b->stopping) {
        b->out->n_not_started++;
    } else if (temporary && slot->tries < b->q->retries) {
        double pause = RETRY_PAUSE_S * (double)(1 << (slot->tries < 4 ? slot->tries : 4));

        slot->tries++;
        hep_log_write(b->log, HEP_LOG_INFO, "retry", "%s: again in %g s: %s", s->label, pause,
                      slot->error);
        close_slot(slot);
        slot->study = s;
        slot->restart_s = hep_monotonic_s() + pause;
        return;
    } else {
        finish(b, slot, end);
    }
    close_slot(slot);
}

static void watch(struct batch *b, struct slot *slot)
{
    struct hep_process_end end = { 0 };
    double now = hep_monotonic_s();
    bool late = b->q->time_limit_s > 0.0 && now - slot->process.start_s > b->q->time_limit_s;

    if (slot->restart_s > 0.0) {
        if (b->stopping) {
            b->out->n_not_started++;
            close_slot(slot);
        } else if (now >= slot->restart_s) {
            restart(b, slot);
        }
        return;
    }
    read_log(b, slot);
    if (hep_process_poll(&slot->process, &end)) {
        ended(b, slot, &end);
        return;
    }
    if (slot->asked_s > 0.0 && now - slot->asked_s > GRACE_S)
        hep_process_stop(&slot->process, true);
    if (slot->asked_s <= 0.0 && (late || b->stopping)) {
        slot->asked_s = now;
        slot->timed_out = late;
        hep_process_stop(&slot->process, false);
    }
}

/* ---- the loop -------------------------------------------------------------------------------- */

static bool is_due(const struct batch *b, const struct hep_dataset_study *s)
{
    struct hep_study_status status = { .label = s->label, .relative = s->relative };

    if (!b->q->only_failed)
        return true;
    /* One that cannot be told from its record is run: it then says what is wrong. */
    return hep_status_of(&status, b->q->out_dir, NULL) != HEP_OK ||
           status.state == HEP_STATE_FAILED;
}

static const struct hep_dataset_study *next_study(struct batch *b)
{
    while (b->next < b->dataset.n) {
        const struct hep_dataset_study *s = &b->dataset.list[b->next++];

        if (is_due(b, s))
            return s;
        b->out->n_studies--;
    }
    return NULL;
}

static void fill(struct batch *b)
{
    for (size_t i = 0; i < b->q->jobs && !b->stopping; i++) {
        const struct hep_dataset_study *s;
        struct hep_error e = { 0 };
        struct slot *slot = &b->slots[i];

        if (slot->study != NULL || (s = next_study(b)) == NULL)
            continue;
        slot->tries = 0;
        if (start(b, slot, s, &e) != HEP_OK) {
            struct hep_process_end end = { .exited = true, .code = 1 };

            (void)snprintf(slot->error, sizeof slot->error, "%s", e.msg);
            finish(b, slot, &end);
            close_slot(slot);
        }
    }
}

static size_t running(const struct batch *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->q->jobs; i++)
        n += b->slots[i].study != NULL;
    return n;
}

static void show(struct batch *b)
{
    hep_batch_screen_begin(&b->screen, b->out->n_done + b->out->n_failed, b->out->n_studies);
    for (size_t i = 0; i < b->q->jobs; i++) {
        const struct slot *s = &b->slots[i];

        if (s->study != NULL)
            hep_batch_screen_study(&b->screen, s->study->label, s->stage,
                                   hep_monotonic_s() - s->process.start_s);
    }
    hep_batch_screen_end(&b->screen);
}

static void loop(struct batch *b)
{
    const struct timespec pause = { 0, POLL_NS };

    fill(b);
    while (running(b) > 0) {
        if (*b->q->stop)
            b->stopping = true;
        for (size_t i = 0; i < b->q->jobs; i++) {
            if (b->slots[i].study != NULL)
                watch(b, &b->slots[i]);
        }
        fill(b);
        show(b);
        (void)nanosleep(&pause, NULL);
    }
    hep_batch_screen_close(&b->screen);
    b->out->n_not_started += b->dataset.n - b->next;
}

/* What the study's own process says that it would do. */
static void ask(struct batch *b, struct slot *slot, const struct hep_dataset_study *s)
{
    struct hep_process_end end = { 0 };
    const struct timespec pause = { 0, POLL_NS };
    struct hep_error e = { 0 };

    slot->process.stderr_fd = -1;
    if (start(b, slot, s, &e) != HEP_OK) {
        (void)snprintf(slot->error, sizeof slot->error, "%s", e.msg);
        return;
    }
    while (!hep_process_poll(&slot->process, &end)) {
        read_log(b, slot);
        if (*b->q->stop)
            hep_process_stop(&slot->process, true);
        (void)nanosleep(&pause, NULL);
    }
    read_log(b, slot);
}

static void print_plan(struct batch *b, FILE *out)
{
    for (size_t i = 0; i < b->dataset.n && !*b->q->stop; i++) {
        const struct hep_dataset_study *s = &b->dataset.list[i];
        const char *protocol = protocol_of(b->q, s);
        struct slot slot = { 0 };

        if (!is_due(b, s))
            continue;
        ask(b, &slot, s);
        (void)fprintf(out, "%s\t%s\t%s%s\n", s->label,
                      protocol != NULL ? protocol : "protocol chosen by agent and series",
                      slot.unchanged          ? "nothing has changed"
                      : slot.error[0] != '\0' ? "would fail: "
                                              : "",
                      slot.error[0] != '\0' ? slot.error : slot.plan);
        close_slot(&slot);
        hep_str_release(&slot.line);
    }
}

int hep_batch_run(struct hep_batch_outcome *out, const struct hep_batch_request *request,
                  FILE *progress, struct hep_log *log, struct hep_error *err)
{
    struct batch b = { .q = request, .log = log, .out = out };
    int rc = hep_dataset_list(&b.dataset, request->bids_dir, &request->filter, err);

    *out = (struct hep_batch_outcome){ .n_studies = b.dataset.n };
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; i < b.dataset.n_absent; i++)
        hep_log_write(log, HEP_LOG_WARNING, "not-there", "%s: no %s in this dataset",
                      request->bids_dir, b.dataset.absent[i]);
    if (request->dry_run) {
        print_plan(&b, progress);
        goto out;
    }
    rc = hep_mkdir_p(request->out_dir, err);
    hep_file_sweep(request->out_dir);
    if (rc == HEP_OK)
        rc = hep_status_expect(request->out_dir, &b.dataset, err);
    if (rc == HEP_OK)
        rc = HEP_NEW(b.slots, request->jobs, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < request->jobs; i++)
        b.slots[i].process.stderr_fd = -1;
    hep_batch_screen_open(&b.screen, progress, request->json ? log : NULL, b.dataset.n);
    loop(&b);
    for (size_t i = 0; i < request->jobs; i++)
        hep_str_release(&b.slots[i].line);
    if (*request->stop)
        rc = HEP_FAIL(err, HEP_ETEMP, "stopped: %zu studies are left", out->n_not_started);
    else if (out->n_failed > 0)
        rc = HEP_FAIL(err, HEP_EPARTIAL, "%zu of %zu studies failed (hepar status %s)",
                      out->n_failed, out->n_studies, request->out_dir);
out:
    free(b.slots);
    hep_dataset_release(&b.dataset);
    return rc;
}
