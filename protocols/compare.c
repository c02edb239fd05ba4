#include "protocols/compare.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/process.h"
#include "base/table.h"
#include "batch/batch.h"

#include <ctype.h>
#include <math.h>

#define WORDS_MAX 24

void hep_compared_release(struct hep_compared *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->list[i].out);
        hep_against_release(&c->list[i].against);
        hep_evaluated_release(&c->list[i].evaluated);
        hep_losses_release(&c->list[i].losses);
    }
    free(c->list);
    hep_published_release(&c->published);
    *c = (struct hep_compared){ 0 };
}

/* ---- protocols ------------------------------------------------------------------------------- */

/* Check that the name of a protocol can be that of a folder, and that no other one has it. */
static int check_name(const struct hep_compared *c, size_t i, struct hep_error *err)
{
    const char *name = c->list[i].config.name.s;

    for (const char *p = name; *p != '\0'; p++)
        if (!isalnum((unsigned char)*p) && strchr("-_.", *p) == NULL)
            return HEP_FAIL(err, HEP_ECONFIG,
                            "name: '%s': a protocol that is compared has a name of letters, "
                            "digits, '-', '_' and '.'",
                            name);
    if (name[0] == '\0' || name[0] == '.')
        return HEP_FAIL(err, HEP_ECONFIG, "name: '%s': a protocol that is compared has a name",
                        name);
    for (size_t k = 0; k < i; k++)
        if (strcmp(c->list[k].config.name.s, name) == 0)
            return HEP_FAIL(err, HEP_EUSAGE, "two protocols are called %s: give each its name",
                            name);
    return HEP_OK;
}

/* Does "PROTOCOL=BIDS_DIR" mean this protocol, by its name or by the word it was asked for? */
static bool is_meant(const char *entry, const char *name, const char *given)
{
    size_t n = strcspn(entry, "=");

    return entry[n] == '=' && ((strlen(name) == n && strncmp(entry, name, n) == 0) ||
                               (strlen(given) == n && strncmp(entry, given, n) == 0));
}

static const char *studies_of(const struct hep_compare_request *q, const char *name,
                              const char *given)
{
    for (size_t i = 0; i < q->n_studies_of; i++)
        if (is_meant(q->studies_of[i], name, given))
            return strchr(q->studies_of[i], '=') + 1;
    return q->studies;
}

static int check_studies_of(const struct hep_compared *c, const struct hep_compare_request *q,
                            struct hep_error *err)
{
    for (size_t i = 0; i < q->n_studies_of; i++) {
        bool known = false;

        for (size_t k = 0; k < c->n; k++)
            known = known || is_meant(q->studies_of[i], c->list[k].config.name.s, q->protocols[k]);
        if (!known)
            return HEP_FAIL(err, HEP_EUSAGE,
                            "--studies-of %s: PROTOCOL=BIDS_DIR is needed, with a protocol that is "
                            "compared",
                            q->studies_of[i]);
    }
    return HEP_OK;
}

static int open_protocol(struct hep_compared *c, const struct hep_compare_request *q, size_t i,
                         struct hep_error *err)
{
    struct hep_compare_protocol *p = &c->list[i];
    struct hep_config_bundle b = { 0 };
    int rc = hep_config_open(&b, q->protocols[i], NULL, 0, NULL, err);

    if (rc != HEP_OK)
        return rc;
    p->config = b.config;
    hep_timeline_make(&p->timeline, &p->config);
    rc = check_name(c, i, err);
    p->studies = studies_of(q, p->config.name.s, q->protocols[i]);
    if (rc == HEP_OK && (p->out = hep_path_join(q->out, p->config.name.s, err)) == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK)
        rc = hep_against_folder(&p->against, &p->config, b.agents, &b.agent, p->studies, err);
    hep_config_close(&b);
    return rc;
}

static int open_all(struct hep_compared *c, const struct hep_compare_request *q,
                    struct hep_error *err)
{
    char *path = NULL;
    int rc;

    if (q->n_protocols < 2)
        return HEP_FAIL(err, HEP_EUSAGE, "give the full protocol and at least one to compare");
    c->has_truth = q->truth != NULL;
    if (HEP_NEW(c->list, q->n_protocols, err) != HEP_OK)
        return HEP_ENOMEM;
    rc = hep_config_find(&path, "published.yml", err);
    if (rc == HEP_OK)
        rc = hep_published_read(&c->published, path, err);
    free(path);
    for (size_t i = 0; rc == HEP_OK && i < q->n_protocols; i++) {
        c->n = i + 1;
        rc = open_protocol(c, q, i, err);
    }
    return rc == HEP_OK ? check_studies_of(c, q, err) : rc;
}

/* ---- runs ------------------------------------------------------------------------------------ */

static int run_protocol(struct hep_compared *c, const struct hep_compare_request *q, size_t i,
                        FILE *progress, struct hep_log *log, struct hep_error *err)
{
    struct hep_compare_protocol *p = &c->list[i];
    struct hep_batch_outcome outcome;
    struct hep_error e = { 0 };
    const char *words[WORDS_MAX];
    size_t n = 0;
    double start = hep_monotonic_s();
    struct hep_batch_request batch = { .program = q->program,
                                       .bids_dir = p->studies,
                                       .out_dir = p->out,
                                       .filter = { .skip_validation = true },
                                       .protocol = q->protocols[i],
                                       .protocol_for_all = true,
                                       .masks = q->masks,
                                       .run_options = words,
                                       .jobs = q->jobs,
                                       .nthreads = q->nthreads,
                                       .retries = 2,
                                       .stop = q->stop };
    int rc;

    words[n++] = "--only-planned";
    if (i > 0) {
        words[n++] = "--share";
        words[n++] = c->list[0].out;
    }
    for (size_t k = 0; k < q->n_run_words && n < WORDS_MAX; k++)
        words[n++] = q->run_words[k];
    batch.n_run_options = n;
    (void)fprintf(progress, "%s\n", p->config.name.s);
    rc = hep_batch_run(&outcome, &batch, progress, log, &e);
    p->seconds = hep_monotonic_s() - start;
    if (rc == HEP_OK || rc == HEP_EPARTIAL) {
        p->n_failed = outcome.n_failed;
        return HEP_OK;
    }
    return HEP_FAIL(err, e.code, "%s: %s", p->config.name.s, e.msg);
}

/* Sensitivity at 2 false positives per study: fair where protocols differ in false positives. */
static struct hep_interval at_two(const struct hep_evaluated *e, int task)
{
    size_t k = 0;

    while (k + 1 < HEP_FROC_N && hep_froc_rates[k] < 2.0)
        k++;
    return e->result.at[task][k].sensitivity;
}

static void compare_at_two(struct hep_compared *c, size_t i)
{
    for (int t = 0; t < (int)HEP_TASK_COUNT; t++) {
        struct hep_paired_task *task = &c->list[i].paired.task[t];

        task->at_two = at_two(&c->list[i].evaluated, t);
        task->at_two_full = at_two(&c->list[0].evaluated, t);
    }
}

/* The full protocol compared with itself, the first row of each table: no lesion is lost, every difference is 0. */
static void pair_with_itself(struct hep_compared *c)
{
    for (int t = 0; t < (int)HEP_TASK_COUNT; t++) {
        const struct hep_paired_task *other = &c->list[1].paired.task[t];
        const double none = (double)NAN;

        c->list[0].paired.task[t] = (struct hep_paired_task){ .only_full = HEP_NO_COUNT,
                                                              .only_variant = HEP_NO_COUNT,
                                                              .p = none,
                                                              .full = other->full,
                                                              .variant = other->full,
                                                              .difference = { none, none, none },
                                                              .false_full = other->false_full,
                                                              .false_variant = other->false_full };
    }
    compare_at_two(c, 0);
}

static int evaluate(struct hep_compared *c, const struct hep_compare_request *q, size_t i,
                    struct hep_log *log, struct hep_error *err)
{
    struct hep_compare_protocol *p = &c->list[i], *full = &c->list[0];
    const struct hep_evaluate_opts opts = { HEP_MATCH_BOTH, q->replicates, q->seed,
                                            q->nthreads,    log,           false,
                                            q->truth_desc };
    const struct hep_loss_side sides[2] = { { &full->config, &full->evaluated, full->out },
                                            { &p->config, &p->evaluated, p->out } };
    struct hep_eval_data data[2];
    int rc = hep_evaluate_folders(&p->evaluated, p->out, q->truth != NULL ? q->truth : full->out,
                                  &opts, err);

    if (rc != HEP_OK || i == 0)
        return rc;
    data[0] = hep_evaluated_data(&full->evaluated);
    data[1] = hep_evaluated_data(&p->evaluated);
    rc = hep_paired(&p->paired, &data[0], &data[1], q->replicates, q->seed, err);
    if (rc == HEP_OK)
        rc = hep_losses_find(&p->losses, &sides[0], &sides[1], q->replicates, q->seed, err);
    if (rc == HEP_OK) {
        compare_at_two(c, i);
        hep_paired_settle(&p->paired, p->evaluated.n_patients,
                          p->against.n == 0 || p->against.n_satisfied > 0);
    }
    return rc;
}

int hep_compare(struct hep_compared *out, const struct hep_compare_request *request, FILE *progress,
                struct hep_log *log, struct hep_error *err)
{
    int rc = open_all(out, request, err);

    for (size_t i = 0; rc == HEP_OK && request->program != NULL && i < out->n; i++)
        rc = run_protocol(out, request, i, progress, log, err);
    for (size_t i = 0; rc == HEP_OK && i < out->n; i++)
        rc = evaluate(out, request, i, log, err);
    if (rc == HEP_OK)
        pair_with_itself(out);
    return rc;
}
