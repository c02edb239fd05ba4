#include "pipeline/study.h"

#include "base/alloc.h"
#include "base/file.h"
#include "pipeline/answers_kept.h"
#include "pipeline/keys.h"
#include "pipeline/open_study.h"
#include "pipeline/origin.h"
#include "pipeline/plan.h"
#include "pipeline/products.h"
#include "pipeline/record.h"
#include "pipeline/save.h"
#include "sequences/inventory.h"
#include "terms/exit_codes.h"

#include <omp.h>
#include <time.h>
#include <unistd.h>

/* Everything that one study's run owns. */
struct study_run {
    struct hep_open_study open;
    struct hep_run run;
    struct hep_record record;
    struct hep_json *earlier; /* run.json of the earlier result, or of the one to share with */
    char *folder;             /* OUT/sub-01 */
    char *share;              /* the same folder of the output to share with; NULL: own result */
    size_t order[HEP_STAGES_MAX];
    bool reusable[HEP_STAGES_MAX];
};

int hep_default_nthreads(void)
{
    static const char *const names[] = { "SLURM_CPUS_PER_TASK", "OMP_NUM_THREADS" };
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    for (size_t i = 0; i < 2; i++) {
        const char *text = getenv(names[i]);
        long value = 0;

        if (text != NULL && hep_parse_long(&value, text, NULL) == HEP_OK && value >= 1 &&
            value <= 4096)
            return (int)value;
    }
    return n >= 1 && n <= 4096 ? (int)n : 1;
}

static char *run_json_path(const char *folder, const char *label, const char *suffix)
{
    return hep_asprintf(NULL, "%s/%s_%s.json", folder, label, suffix);
}

/* Is there a result that lacks this command's last stage? */
static bool is_of_another_command(const struct study_run *s)
{
    const char *state = hep_json_string(hep_json_get(s->earlier, "state"));

    return state != NULL && strcmp(state, "done") == 0 &&
           hep_record_stage(s->earlier, s->run.stages[s->run.n_stages - 1]->name) == NULL;
}

/* The result whose products may be taken: this study's own, else the one under other settings.
 * HEP_ECREAT when the place is another's. */
static int find_earlier(struct study_run *s, const struct hep_study_request *q,
                        struct hep_error *err)
{
    struct hep_error unreadable = { 0 };
    char *path = NULL;
    int rc = hep_origin_check(&s->earlier, &s->record, s->open.inventory->study, s->folder,
                              s->run.label, q->replace, err);

    if (rc == HEP_OK && !q->replace && is_of_another_command(s))
        return HEP_FAIL(
            err, HEP_ECREAT,
            "%s holds the result of another command of Hepar, which has no stage %s: not "
            "replaced; name another output folder (--replace replaces it)",
            s->folder, s->run.stages[s->run.n_stages - 1]->name);
    if (rc != HEP_OK || s->earlier != NULL || q->share == NULL)
        return rc;
    s->share = hep_path_join(q->share, s->open.relative, err);
    path = s->share != NULL ? run_json_path(s->share, s->run.label, "run") : NULL;
    if (path == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
    if (hep_is_file(path) && hep_json_read(&s->earlier, path, &unreadable) != HEP_OK)
        hep_log_write(s->run.log, HEP_LOG_WARNING, "run-json", "%s; everything is computed again",
                      unreadable.msg);
    free(path);
    return HEP_OK;
}

/* What --strict does not let pass. */
static int check_strict(const struct study_run *s, const struct hep_study_request *q,
                        struct hep_error *err)
{
    const struct hep_inventory *inventory = s->open.inventory;

    for (size_t i = 0; q->strict && i < inventory->n_series; i++) {
        if (inventory->series[i].left_out != NULL)
            return HEP_FAIL(err, HEP_EDATA, "%s: left out, which --strict does not allow: %s",
                            s->run.label, inventory->series[i].left_out);
    }
    for (int i = 0; q->strict && i < HEP_SERIES_COUNT; i++) {
        if (s->run.cfg->series[i].required &&
            !hep_products_have_planned(&s->run, (enum hep_planned)i))
            return HEP_FAIL(
                err, HEP_EDATA,
                "%s: --strict: protocol %s requires the series %s, which the study does "
                "not have",
                s->run.label, s->run.cfg->name.s, hep_planned_name((enum hep_planned)i));
    }
    return HEP_OK;
}

static int begin(struct study_run *s, const struct hep_study_request *q, struct hep_log *log,
                 struct hep_str *caret, struct hep_error *err)
{
    const time_t now = time(NULL);
    struct tm utc;
    int rc;

    (void)strftime(s->record.started, sizeof s->record.started, "%Y-%m-%dT%H:%M:%SZ",
                   gmtime_r(&now, &utc));
    s->record.start_s = omp_get_wtime();
    s->record.first_warning = hep_log_warning_count(log);
    s->run.log = log;
    s->run.record = &s->record;
    s->run.stages = q->stages;
    s->run.n_stages = q->n_stages;
    s->run.nthreads = q->nthreads;
    s->run.reproducible = q->reproducible;
    s->run.only_planned = s->open.only_planned = q->only_planned;
    s->open.subject = q->label;
    s->open.follow_links = q->follow_links;
    if (s->run.n_stages > HEP_STAGES_MAX)
        return HEP_FAIL(err, HEP_EGRAPH, "more than %d stages", HEP_STAGES_MAX);
    rc = hep_stages_order(s->order, s->run.stages, s->run.n_stages, err);
    if (rc == HEP_OK)
        rc = hep_open_study(&s->open, q->study, q->protocol, q->settings, q->n_settings, log, caret,
                            err);
    if (s->open.label[0] != '\0') {
        s->run.label = hep_strdup(s->open.label, err);
        s->folder = hep_path_join(q->out, s->open.relative, err);
        s->run.inventory = s->open.inventory;
    }
    if (rc == HEP_OK)
        rc = hep_given_files_settle(&s->run.given, q, s->open.inventory, s->open.label, err);
    if (rc == HEP_OK)
        rc = hep_origin_folder(s->record.study_folder_sha256, s->open.inventory->study, err);
    if (rc != HEP_OK)
        return rc;
    s->run.cfg = &s->open.config;
    s->run.agent = s->open.agent;
    s->run.gzip_level = (int)s->open.config.report.gzip_level;
    if (s->folder == NULL || s->run.label == NULL)
        return HEP_ENOMEM;
    rc = hep_products_init(&s->run, err);
    return rc == HEP_OK ? hep_products_leave_out(&s->run, err) : rc;
}

/* Which stages of the earlier result hold. A file is handed on to a new result only after its hash was seen to be
 * right; one that has got damaged is made again. */
static void settle_reuse(struct study_run *s, bool force, bool verify)
{
    struct hep_record_of of;
    bool all = s->share == NULL;

    hep_record_look(&of, s->earlier, s->share != NULL ? s->share : s->folder, s->run.label);
    for (size_t i = 0; i < s->run.n_stages; i++) {
        s->reusable[i] =
            !force && hep_record_reusable(&of, s->run.stages[i], s->record.stage[i].key, verify);
        all = all && s->reusable[i];
    }
    for (size_t i = 0; i < s->run.n_stages && !all && !verify; i++)
        s->reusable[i] = s->reusable[i] &&
                         hep_record_reusable(&of, s->run.stages[i], s->record.stage[i].key, true);
    hep_record_make_left_out(s->reusable, &s->run, s->earlier);
}

static bool unchanged(const struct study_run *s)
{
    for (size_t i = 0; i < s->run.n_stages; i++) {
        if (!s->reusable[i])
            return false;
    }
    return s->share == NULL;
}

static int run_stage(struct study_run *s, size_t i, struct hep_error *err)
{
    struct hep_run *run = &s->run;
    struct hep_stage_record *r = &s->record.stage[i];
    const struct hep_stage *stage = run->stages[i];
    double start = omp_get_wtime();
    int rc = hep_outdir_keep(&run->out, err);

    if (rc != HEP_OK)
        return rc;
    run->current = i;
    r->first_warning = hep_log_warning_count(run->log);
    r->reused = s->reusable[i] && i != 0;
    hep_log_stage(run->log, r->reused ? "stage-reused" : "stage-start", stage->name, "%s: %s%s",
                  run->label, stage->name, r->reused ? " (unchanged)" : "");
    rc = r->reused ? hep_record_restore(run, i, s->earlier, err) : stage->run(run, err);
    if (rc == HEP_OK)
        rc = hep_products_close_stage(run, i, r->reused, err);
    if (rc == HEP_OK)
        rc = hep_log_check(run->log, err);
    run->current = run->n_stages;
    r->end_warning = hep_log_warning_count(run->log);
    r->seconds = omp_get_wtime() - start;
    if (rc != HEP_OK) {
        s->record.failed_stage = stage->name;
        (void)hep_error_prefix(err, "%s: %s", run->label, stage->name);
    }
    return rc;
}

/* Share of the time that a stage typically takes; what is taken over takes next to none. */
static double share_of(const struct study_run *s, size_t i)
{
    const double share = s->run.stages[i]->typical_share;

    return s->reusable[i] && i != 0 ? 0.1 : share > 0.0 ? share : 1.0;
}

static int run_stages(struct study_run *s, const struct hep_study_request *q, struct hep_error *err)
{
    int rc = q->nthreads > 1 ? hep_products_read_ahead(&s->run, s->reusable, err) : HEP_OK;

    double all = 0.0, done = 0.0;

    for (size_t k = 0; k < s->run.n_stages; k++)
        all += share_of(s, s->order[k]);
    for (size_t k = 0; rc == HEP_OK && k < s->run.n_stages; k++) {
        if (q->stop != NULL && *q->stop)
            return HEP_FAIL(err, HEP_ETEMP, "%s: stopped on request before stage %s", s->run.label,
                            s->run.stages[s->order[k]]->name);
        rc = run_stage(s, s->order[k], err);
        done = k + 1 < s->run.n_stages ? done + share_of(s, s->order[k]) : all;
        hep_log_progress(s->run.log, s->run.label, done / all);
    }
    return rc;
}

/* Put the record beside the other files, and all of them in the place of the earlier result. */
static int commit(struct study_run *s, const struct hep_study_request *q, struct hep_error *err)
{
    struct hep_run *run = &s->run;
    struct hep_json *json = NULL;
    struct hep_outdir_file *files = hep_calloc(run->n_written + 1, sizeof *files, err);
    char *name = hep_asprintf(err, "%s_run.json", run->label), *text = NULL, *path = NULL;
    int rc = name == NULL || files == NULL ? HEP_ENOMEM
                                           : hep_record_json(&json, run, &s->record, q, NULL, err);

    if (rc == HEP_OK)
        rc = hep_json_dump(&text, json, err);
    if (rc == HEP_OK && (path = hep_outdir_path(&run->out, name, err)) == NULL)
        rc = (int)err->code;
    if (rc == HEP_OK)
        rc = hep_file_write(path, text, strlen(text), err);
    if (rc == HEP_OK && !q->replace) /* what is replaced may be another person's */
        rc = hep_answers_keep(&run->out, run->label, err);
    if (rc == HEP_OK) {
        for (size_t i = 0; i < run->n_written; i++)
            files[i] = (struct hep_outdir_file){ run->written[i].path, run->written[i].bytes };
        files[run->n_written] = (struct hep_outdir_file){ name, strlen(text) };
        rc = hep_outdir_commit(&run->out, files, run->n_written + 1, err);
    }
    hep_json_free(json);
    free(files);
    free(text);
    free(path);
    free(name);
    return rc;
}

/* The reason of a failure, where `hepar status` looks for it. Its own failure adds nothing to the
 * first. A run that finds the study in another's hands leaves the word to the other. */
static void record_failure(struct study_run *s, const struct hep_study_request *q,
                           const struct hep_error *failure)
{
    struct hep_error e = { 0 };
    struct hep_json *json = NULL;
    bool known = s->folder != NULL && s->run.label != NULL;
    bool others =
        known && s->run.out.lock.path == NULL && hep_outdir_in_use(q->out, s->open.relative);
    char *path = !known || others || failure->code == HEP_ECREAT || failure->code == HEP_ETEMP
                     ? NULL
                     : hep_origin_failure_path(s->folder, s->run.label);

    if (path == NULL || hep_mkdir_p(s->folder, &e) != HEP_OK ||
        hep_record_json(&json, &s->run, &s->record, q, failure, &e) != HEP_OK ||
        hep_json_write(path, json, &e) != HEP_OK)
        hep_log_write(s->run.log, HEP_LOG_DEBUG, "record", "failure of %s not recorded",
                      s->run.label != NULL ? s->run.label : q->study);
    if (e.code != HEP_OK)
        hep_log_write(s->run.log, HEP_LOG_WARNING, "record", "the failure is not recorded: %s",
                      e.msg);
    hep_json_free(json);
    free(path);
}

/* The earlier result holds: a failure in between, by settings that are no longer asked for, is
 * forgotten. */
static void tell_unchanged(const struct study_run *s)
{
    char *failed = run_json_path(s->folder, s->run.label, "failed");

    if (failed != NULL)
        (void)unlink(failed);
    free(failed);
    hep_log_write(s->run.log, HEP_LOG_INFO, "unchanged", "%s: nothing has changed", s->run.label);
}

static void fill_outcome(struct hep_study_outcome *out, const struct study_run *s, int rc,
                         bool nothing_to_do)
{
    out->state = rc != HEP_OK    ? HEP_STUDY_FAILED
                 : nothing_to_do ? HEP_STUDY_UNCHANGED
                                 : HEP_STUDY_DONE;
    if (s->run.label != NULL)
        (void)snprintf(out->label, sizeof out->label, "%s", s->run.label);
    if (s->folder != NULL)
        (void)snprintf(out->folder, sizeof out->folder, "%s", s->folder);
    for (size_t k = 0; k < s->run.n_stages && !nothing_to_do; k++) {
        size_t i = s->order[k];

        out->stage[k] = (struct hep_stage_time){ s->run.stages[i]->name, s->record.stage[i].seconds,
                                                 s->record.stage[i].reused };
    }
    out->n_stages = nothing_to_do ? 0 : s->run.n_stages;
    out->total_s = omp_get_wtime() - s->record.start_s;
    out->read_s = s->run.read_s;
    out->write_s = s->run.write_s;
    out->peak_bytes = hep_peak_memory_bytes();
}

static void end(struct study_run *s)
{
    hep_outdir_close(&s->run.out);
    hep_products_release(&s->run);
    hep_given_files_release(&s->run.given);
    hep_record_release(&s->record);
    hep_open_study_release(&s->open);
    hep_json_free(s->earlier);
    free(s->run.label);
    free(s->folder);
    free(s->share);
}

/* What fails because the study is no longer in this run's hands says so, whatever it met first. */
static int explain(struct study_run *s, int rc, struct hep_error *err)
{
    struct hep_error lost = { 0 };

    if (rc != HEP_OK && s->run.out.tmp != NULL &&
        hep_outdir_check(&s->run.out, &lost) == HEP_ETEMP) {
        *err = lost;
        rc = HEP_ETEMP;
    } else if (rc == HEP_ENOENT && s->run.out.tmp != NULL &&
               strstr(err->msg, s->run.out.tmp) != NULL) {
        /* A stage reads back what an earlier one wrote: somebody has removed it meanwhile. */
        rc = HEP_FAIL(&lost, HEP_ETEMP,
                      "%s: what this run had written is no longer there: nothing of it is kept, "
                      "run it again",
                      s->run.out.final);
        *err = lost;
    }
    return rc;
}

/* With the lock held. */
static int run_locked(bool *nothing_to_do, struct study_run *s, const struct hep_study_request *q,
                      struct hep_error *err)
{
    int rc;

    rc = find_earlier(s, q, err);
    if (rc != HEP_OK)
        return rc;
    settle_reuse(s, q->force, q->verify);
    *nothing_to_do = unchanged(s);
    if (*nothing_to_do) {
        tell_unchanged(s);
        return HEP_OK;
    }
    s->run.out.source = s->share;
    rc = hep_outdir_begin(&s->run.out, err);
    if (rc == HEP_OK)
        rc = run_stages(s, q, err);
    if (hep_save_settle(&s->run, rc == HEP_OK ? err : NULL) != HEP_OK && rc == HEP_OK)
        rc = (int)err->code;
    if (rc == HEP_OK)
        rc = commit(s, q, err);
    return explain(s, rc, err);
}

/* What a run would do, without the lock: nothing is written. */
static int plan(struct hep_study_outcome *out, struct study_run *s,
                const struct hep_study_request *q, struct hep_error *err)
{
    struct hep_str why = { 0 };
    size_t n = 0;
    int rc = find_earlier(s, q, err);

    if (rc == HEP_OK)
        settle_reuse(s, q->force, q->verify);
    out->state = unchanged(s) ? HEP_STUDY_UNCHANGED : HEP_STUDY_PLANNED;
    if (rc == HEP_OK && out->state == HEP_STUDY_PLANNED)
        rc = hep_plan_why(&why, &s->run, &s->record, s->share == NULL ? s->earlier : NULL, q->force,
                          err);
    for (size_t k = 0; rc == HEP_OK && out->state == HEP_STUDY_PLANNED && k < s->run.n_stages;
         k++) {
        if (!s->reusable[s->order[k]])
            hep_str_addf(&why, "%s%s", n++ == 0 ? " (stages: " : ", ",
                         s->run.stages[s->order[k]]->name);
    }
    if (rc == HEP_OK && n > 0) {
        hep_str_add(&why, ")");
        rc = hep_str_check(&why, err);
    }
    if (rc == HEP_OK)
        (void)snprintf(out->why, sizeof out->why, "%s", why.len > 0 ? why.s : "");
    if (rc == HEP_OK && out->state == HEP_STUDY_PLANNED)
        hep_log_write(s->run.log, HEP_LOG_INFO, "plan", "%s", out->why);
    else if (rc == HEP_OK)
        hep_log_write(s->run.log, HEP_LOG_INFO, "unchanged", "%s: nothing has changed",
                      s->run.label);
    hep_str_release(&why);
    return rc;
}

/* What was found unreadable in a failed attempt; true when the study is to be tried without it. */
static bool learn_unreadable(struct hep_lines *unreadable, struct study_run *s, int rc)
{
    struct hep_lines *found = &s->run.unreadable;
    struct hep_error none = { 0 };
    bool more = rc != HEP_OK && found->n > 0;

    for (size_t i = 0; more && i < found->n; i++) {
        if (hep_lines_push(unreadable, hep_strdup(found->line[i], &none), &none) != HEP_OK)
            more = false;
    }
    return more;
}

/* @param[in,out] unreadable what earlier attempts could not read; grows when this one meets more,
 * and *again is set */
static int attempt(struct hep_study_outcome *out, const struct hep_study_request *request,
                   struct hep_lines *unreadable, bool *again, struct hep_log *log,
                   struct hep_str *caret, struct hep_error *err)
{
    struct study_run s = { .open.unreadable = unreadable };
    struct hep_error first = { 0 };
    enum hep_study_state planned = HEP_STUDY_FAILED;
    bool nothing_to_do = false;
    int rc;

    *out = (struct hep_study_outcome){ 0 };
    rc = begin(&s, request, log, caret, &first);
    if (rc == HEP_OK)
        rc = hep_keys_make(&s.run, &s.record, s.order, &first);
    if (rc == HEP_OK)
        rc = check_strict(&s, request, &first);
    if (rc == HEP_OK && request->dry_run) {
        rc = plan(out, &s, request, &first);
        planned = out->state;
        nothing_to_do = true;
    } else if (rc == HEP_OK) {
        rc = hep_outdir_open(&s.run.out, request->out, s.open.relative, &first);
        if (rc == HEP_OK)
            rc = run_locked(&nothing_to_do, &s, request, &first);
    }
    *again = learn_unreadable(unreadable, &s, rc);
    fill_outcome(out, &s, rc, nothing_to_do);
    if (rc == HEP_OK && request->dry_run)
        out->state = planned;
    if (rc != HEP_OK && !*again) {
        if (!request->dry_run)
            record_failure(&s, request, &first);
        (void)hep_fail(err, first.code, first.where, "%s", first.msg);
    }
    end(&s);
    return rc;
}

int hep_study_run(struct hep_study_outcome *out, const struct hep_study_request *request,
                  struct hep_log *log, struct hep_str *caret, struct hep_error *err)
{
    struct hep_lines unreadable = { 0 };
    bool again = true;
    int rc = HEP_OK;

    while (again) {
        rc = attempt(out, request, &unreadable, &again, log, caret, err);
        if (again)
            hep_log_write(log, HEP_LOG_WARNING, "unreadable", "%s: begun again without this series",
                          unreadable.line[unreadable.n - 1]);
    }
    hep_lines_release(&unreadable);
    return rc;
}
