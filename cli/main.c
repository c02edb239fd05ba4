#include "cli/commands.h"

#include "base/alloc.h"
#include "base/file.h"
#include "terms/exit_codes.h"
#include "pipeline/stop.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <omp.h>
#include <stdlib.h>
#include <unistd.h>

static int print_help(FILE *out, const struct hep_command *const *commands,
                      const struct hep_command *command)
{
    struct hep_str text = { 0 };
    int rc;

    if (command != NULL)
        hep_command_help(&text, command);
    else
        hep_commands_help(&text, commands);
    rc = hep_str_check(&text, NULL);
    if (rc == HEP_OK)
        (void)fputs(text.s, out);
    hep_str_release(&text);
    return rc;
}

static int start_log(struct hep_log **log, const struct hep_common_options *common,
                     struct hep_error *err)
{
    enum hep_log_level level = common->quiet     ? HEP_LOG_ERROR
                               : common->verbose ? HEP_LOG_DEBUG
                                                 : HEP_LOG_INFO;

    return hep_log_new(log, stderr, common->log_json, level, err);
}

/* @param[out] told the failure is in the JSON log already, which takes no other lines */
static int run_command(const struct hep_command *command, int used, int argc, char **argv,
                       bool *told, struct hep_error *err)
{
    void *options = hep_calloc(1, command->options_size, err);
    const struct hep_common_options *common = options;
    struct hep_cli cli = { .out = stdout, .argc = argc, .argv = argv, .commands = hep_commands() };
    int rc = options == NULL
                 ? HEP_ENOMEM
                 : hep_options_parse(options, command, argc - 1 - used, argv + 1 + used, err);

    if (rc != HEP_OK)
        goto out;
    if (common->help) {
        rc = print_help(stdout, cli.commands, command);
        goto out;
    }
    rc = start_log(&cli.log, common, err);
    if (rc == HEP_OK)
        rc = command->run(options, &cli, err);
    *told = rc != HEP_OK && common->log_json && cli.log != NULL;
    if (*told)
        hep_log_write(cli.log, HEP_LOG_ERROR, "failed", "%s", err->msg);
out:
    hep_log_free(cli.log);
    if (options != NULL)
        hep_options_release(options, command);
    free(options);
    return rc;
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static bool print_group_help(FILE *out, const char *group, int *rc)
{
    struct hep_str text = { 0 };
    bool is_group = hep_group_help(&text, hep_commands(), group);

    *rc = hep_str_check(&text, NULL);
    if (is_group && *rc == HEP_OK)
        (void)fputs(text.s, out);
    hep_str_release(&text);
    return is_group;
}

/* "hepar --version", "hepar-bids --version". */
static bool asks_version(int argc, char *const *argv)
{
    return (argc >= 2 && strcmp(argv[1], "--version") == 0) ||
           (argc == 3 && strcmp(argv[1], "batch") == 0 && strcmp(argv[2], "--version") == 0);
}

/* "--help" and "--version" before any command; "help COMMAND" and "GROUP --help". */
static bool run_general(int argc, char **argv, int *rc)
{
    struct hep_error err = { 0 };
    const struct hep_command *command = NULL;
    int used = 0;

    if (argc > 2 && strcmp(argv[1], "help") == 0 &&
        hep_command_find(&command, &used, hep_commands(), argc - 1, argv + 1, &err) == HEP_OK) {
        *rc = print_help(stdout, hep_commands(), command);
        return true;
    }
    if (argc == 3 && ((strcmp(argv[1], "help") == 0 && print_group_help(stdout, argv[2], rc)) ||
                      (is_help(argv[2]) && print_group_help(stdout, argv[1], rc))))
        return true;
    if (argc >= 2 && (is_help(argv[1]) || strcmp(argv[1], "help") == 0)) {
        *rc = print_help(stdout, hep_commands(), NULL);
        return true;
    }
    if (asks_version(argc, argv)) {
        *rc = printf("%s %s\n", argc == 3 ? "hepar-bids" : "hepar", HEP_VERSION) > 0 ? HEP_OK
                                                                                     : HEP_EIO;
        return true;
    }
    return false;
}

/* Called as hepar-bids, the words are those of `hepar batch`. */
static char **as_batch(int *argc, char **argv)
{
    static char batch[] = "batch";
    char **more;

    if (*argc < 1 || strcmp(hep_path_base(argv[0]), "hepar-bids") != 0)
        return NULL;
    more = calloc((size_t)*argc + 2, sizeof *more);
    if (more == NULL)
        return NULL;
    more[0] = argv[0];
    more[1] = batch;
    for (int i = 1; i < *argc; i++)
        more[i + 1] = argv[i];
    ++*argc;
    return more;
}

/* Keep freed memory in the process: volumes of tens of megabytes are allocated and freed many times, and the kernel
 * would clear each anew. Only glibc has these settings. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    const int volume = 1 << 30;

    (void)mallopt(M_MMAP_THRESHOLD, volume);
    (void)mallopt(M_TRIM_THRESHOLD, volume);
    (void)mallopt(M_ARENA_MAX, 1); /* volumes pass from thread to thread */
#endif
}

static bool asks_for_one_thread(char **argv)
{
    for (char **a = argv; *a != NULL; a++)
        if (strcmp(*a, "--nthreads=1") == 0 ||
            (strcmp(*a, "--nthreads") == 0 && a[1] != NULL && strcmp(a[1], "1") == 0))
            return true;
    return false;
}

/* Threads that wait sleep: where cores are shared, as in a batch, spinning costs more than the
 * work. OpenMP reads its settings before main, so the program starts itself once more, which takes 15 ms; one thread waits
 * for nobody. */
static void wait_asleep(char **argv)
{
    if (!asks_for_one_thread(argv) && getenv("OMP_WAIT_POLICY") == NULL &&
        setenv("OMP_WAIT_POLICY", "passive", 0) == 0)
        (void)execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
    char **batch = as_batch(&argc, argv), **words = batch != NULL ? batch : argv;
    struct hep_error err = { 0 };
    const struct hep_command *command = NULL;
    int used = 0, rc = HEP_OK;
    bool told = false;

    wait_asleep(argv);
    omp_set_max_active_levels(2); /* images side by side, and threads within each */
    keep_memory();
    hep_stop_install();
    if (!run_general(argc, words, &rc)) {
        rc = hep_command_find(&command, &used, hep_commands(), argc, words, &err);
        if (rc == HEP_OK)
            rc = run_command(command, used, argc, words, &told, &err);
    }
    if (fflush(stdout) != 0 || ferror(stdout) || fclose(stdout) != 0) {
        if (rc == HEP_OK)
            rc = HEP_FAIL(&err, HEP_EIO, "standard output: %s", strerror(errno));
    }
    if (rc != HEP_OK && !told)
        (void)fprintf(stderr, "hepar: %s\n", err.msg);
    free((void *)batch);
    return hep_exit_code(rc);
}
