#include "pipeline/stages/command.h"

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "pipeline/config/config.h"
#include "pipeline/stages/aligned.h"
#include "pipeline/stages/given_space.h"
#include "pipeline/stop.h"
#include "sequences/inventory.h"

#include <stdlib.h>

/* Paths of one task. */
struct task {
    struct hep_run *run;
    const struct hep_command_job *job;
    const char *series;
    char *folder, *input, *output, *output_dir, *mask, *log;
    char threads[16];
    char *word[HEP_LIST_MAX + 1]; /* with the placeholders filled; NULL at the end */
};

const char *hep_command_series(struct hep_run *run, const struct hep_cfg_command *cfg)
{
    const char *wanted = cfg->series.s;

    if (strcmp(wanted, "reference") == 0)
        return hep_reference_name(run);
    return hep_run_series(run, wanted) != NULL ? wanted : NULL;
}

static int open_task(struct task *t, struct hep_error *err)
{
    const struct hep_cfg_command *cfg = t->job->cfg;

    t->series = hep_command_series(t->run, cfg);
    if (t->series == NULL)
        return HEP_FAIL(err, HEP_ECONFIG, "%s_series: the study has no series \"%s\"", t->job->key,
                        cfg->series.s);
    if (cfg->output.s[0] == '/' || strstr(cfg->output.s, "..") != NULL)
        return HEP_FAIL(err, HEP_ECONFIG, "%s_output: '%s' does not lie below {output_dir}",
                        t->job->key, cfg->output.s);
    (void)snprintf(t->threads, sizeof t->threads, "%d", hep_run_nthreads(t->run));
    t->folder = hep_path_join(hep_run_folder(t->run), t->job->key, err);
    t->input = t->folder != NULL ? hep_path_join(t->folder, "input.nii.gz", err) : NULL;
    t->output = t->input != NULL ? hep_path_join(t->folder, "output.nii.gz", err) : NULL;
    t->output_dir = t->output != NULL ? hep_path_join(t->folder, "output", err) : NULL;
    if (t->output_dir != NULL)
        t->mask = cfg->output.s[0] != '\0' ? hep_path_join(t->output_dir, cfg->output.s, err)
                                           : hep_strdup(t->output, err);
    if (t->mask == NULL)
        return HEP_ENOMEM;
    return hep_run_log_path(&t->log, t->run, t->job->key, err);
}

static void close_task(struct task *t)
{
    if (t->folder != NULL && hep_is_dir(t->folder) && hep_remove_tree(t->folder, NULL) != HEP_OK)
        hep_log_write(hep_run_log(t->run), HEP_LOG_WARNING, "command", "%s could not be removed",
                      t->folder);
    for (size_t i = 0; t->word[i] != NULL; i++)
        free(t->word[i]);
    free(t->folder);
    free(t->input);
    free(t->output);
    free(t->output_dir);
    free(t->mask);
    free(t->log);
}

/* One word with its placeholders filled. */
static int fill_word(char **out, struct task *t, const char *word, struct hep_error *err)
{
    const struct {
        const char *name, *value;
    } rows[] = { { "{input}", t->input },
                 { "{output}", t->output },
                 { "{output_dir}", t->output_dir },
                 { "{threads}", t->threads } };
    struct hep_str text = { 0 };
    int rc;

    while (*word != '\0') {
        size_t used = 0;

        for (size_t i = 0; used == 0 && i < sizeof rows / sizeof rows[0]; i++) {
            if (!hep_starts_with(word, rows[i].name))
                continue;
            hep_str_add(&text, rows[i].value);
            used = strlen(rows[i].name);
        }
        if (used == 0)
            hep_str_addn(&text, word, 1);
        word += used > 0 ? used : 1;
    }
    rc = hep_str_check(&text, err);
    if (rc == HEP_OK && (*out = hep_strdup(text.s != NULL ? text.s : "", err)) == NULL)
        rc = HEP_ENOMEM;
    hep_str_release(&text);
    return rc;
}

static int fill_words(struct task *t, struct hep_error *err)
{
    const struct hep_words *words = &t->job->cfg->command;
    bool input = false, output = false;
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < words->n; i++) {
        const char *word = hep_words_at(words, i);

        input = input || strstr(word, "{input}") != NULL;
        output = output || strstr(word, "{output}") != NULL || strstr(word, "{output_dir}") != NULL;
        rc = fill_word(&t->word[i], t, word, err);
    }
    if (rc == HEP_OK && !(input && output))
        rc = HEP_FAIL(err, HEP_ECONFIG,
                      "%s: its words must hold {input}, and {output} or {output_dir}", t->job->key);
    return rc;
}

/* The first volume of the series, with geometry alone. */
static int write_input(const struct task *t, struct hep_error *err)
{
    const struct hep_volume *v = NULL;
    struct hep_volume first;
    int rc = hep_run_volume(t->run, t->series, &v, err);

    if (rc == HEP_OK && v == NULL)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: %s cannot be read", t->job->key, t->series);
    if (rc != HEP_OK)
        return rc;
    first = *v; /* borrows the values */
    first.nt = 1;
    rc = hep_mkdir_p(t->output_dir, err);
    return rc == HEP_OK ? hep_nifti_write(t->input, &first, NULL, err) : rc;
}

static void keep_study(void *run)
{
    hep_run_keep(run);
}

static int start_and_wait(const struct task *t, struct hep_error *err)
{
    const struct hep_process_opts opts = { .output = t->log, .own_group = true };
    struct hep_process process = { 0 };
    struct hep_process_end end;
    const char *name = hep_path_base(t->word[0]);
    struct hep_error why = { 0 };
    int rc = hep_process_start(&process, (const char *const *)t->word, &opts, &why);

    if (rc != HEP_OK)
        return HEP_FAIL(err, (enum hep_status)rc, "%s: %s", t->job->key, why.msg);
    process.tick = keep_study;
    process.tick_arg = t->run;
    hep_process_wait(&process, &end, t->job->cfg->timeout_s, hep_stop_flag());
    if (end.timed_out)
        return HEP_FAIL(err, HEP_EDATA, "%s: %s was stopped after %g s (%s_timeout_s); its log: %s",
                        t->job->key, name, t->job->cfg->timeout_s, t->job->key, t->log);
    if (*hep_stop_flag())
        return HEP_FAIL(err, HEP_ETEMP, "%s: %s was stopped on request", t->job->key, name);
    if (!end.exited)
        return HEP_FAIL(err, HEP_EDATA, "%s: %s was ended by signal %d; its log: %s", t->job->key,
                        name, end.signal, t->log);
    if (end.code != 0)
        return HEP_FAIL(err, HEP_EDATA, "%s: %s failed with exit code %d; its log: %s", t->job->key,
                        name, end.code, t->log);
    if (!hep_is_file(t->mask))
        return HEP_FAIL(err, HEP_EDATA, "%s: %s wrote no %s; its log: %s", t->job->key, name,
                        t->mask + strlen(t->folder) + 1, t->log);
    return HEP_OK;
}

static int read_mask(struct hep_labels **out, struct hep_mask_reading *reading,
                     const struct task *t, struct hep_error *err)
{
    const struct hep_grid *grid = &hep_run_series(t->run, t->series)->grid;
    struct hep_labels *mask = NULL;
    struct hep_error why = { 0 };
    char apart[64];
    int rc = hep_nifti_read_mask(&mask, reading, t->mask, t->job->threshold, &why);

    if (rc != HEP_OK)
        return HEP_FAIL(err, (enum hep_status)rc, "%s: %s", t->job->key, why.msg);
    if (!hep_given_fits(&mask->grid, grid)) {
        hep_given_apart(apart, sizeof apart, &mask->grid, grid);
        rc = HEP_FAIL(err, HEP_EGEOM,
                      "%s: the mask (%zu x %zu x %zu voxels) is not on the grid of its input %s "
                      "(%zu x %zu x %zu): %s",
                      t->job->key, mask->grid.n[0], mask->grid.n[1], mask->grid.n[2], t->series,
                      grid->n[0], grid->n[1], grid->n[2], apart);
        hep_labels_free(mask);
        return rc;
    }
    *out = mask;
    return HEP_OK;
}

int hep_command_run(struct hep_labels **out, struct hep_mask_reading *reading, struct hep_run *run,
                    const struct hep_command_job *job, struct hep_error *err)
{
    struct task t = { .run = run, .job = job };
    int rc = open_task(&t, err);

    if (rc == HEP_OK)
        rc = fill_words(&t, err);
    if (rc == HEP_OK)
        rc = write_input(&t, err);
    if (rc == HEP_OK) {
        hep_log_write(hep_run_log(run), HEP_LOG_INFO, "command", "%s: %s on %s", job->key,
                      hep_path_base(t.word[0]), t.series);
        rc = start_and_wait(&t, err);
    }
    if (rc == HEP_OK)
        rc = read_mask(out, reading, &t, err);
    close_task(&t);
    return rc;
}
