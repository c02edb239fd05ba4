#include "base/process.h"

#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GRACE_S 10.0
#define POLL_NS 20000000L
#define TICK_S 60.0

double hep_monotonic_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

char *hep_process_find(const char *program)
{
    const char *path = getenv("PATH");

    if (strchr(program, '/') != NULL)
        return access(program, X_OK) == 0 ? hep_strdup(program, NULL) : NULL;
    while (path != NULL && *path != '\0') {
        size_t n = strcspn(path, ":");
        char *full = hep_asprintf(NULL, "%.*s/%s", (int)n, path, program);

        if (full != NULL && hep_is_file(full) && access(full, X_OK) == 0)
            return full;
        free(full);
        path += n + (path[n] == ':');
    }
    return NULL;
}

/* In the child, between fork and exec: only async-signal-safe calls. */
static void become(const char *program, char *const *argv, char *const *env, int in, int out,
                   int err_fd, const struct hep_process_opts *opts, int report, pid_t parent)
{
    const size_t memory_bytes = opts->memory_bytes;
    int failure;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    if (opts->own_group)
        (void)setpgid(0, 0);
    (void)signal(SIGPIPE, SIG_DFL);
    (void)signal(SIGXFSZ, SIG_DFL);
    if (memory_bytes > 0) {
        struct rlimit limit = { memory_bytes, memory_bytes };

        (void)setrlimit(RLIMIT_AS, &limit);
    }
    if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(err_fd, 2) >= 0)
        (void)execve(program, argv, env);
    failure = errno;
    (void)!write(report, &failure, sizeof failure);
    _exit(127);
}

/* A parent that ignores SIGCHLD hands that on, and the kernel then forgets a child the moment it ends: nobody
 * could learn how it did. */
static void hear_of_children(void)
{
    struct sigaction now, heard = { .sa_handler = SIG_DFL };

    if (sigaction(SIGCHLD, NULL, &now) == 0 &&
        (now.sa_handler == SIG_IGN || (now.sa_flags & SA_NOCLDWAIT) != 0)) {
        (void)sigemptyset(&heard.sa_mask);
        (void)sigaction(SIGCHLD, &heard, NULL);
    }
}

extern char **environ;

static size_t count_words(const char *const *list)
{
    size_t n = 0;

    while (list != NULL && list[n] != NULL)
        n++;
    return n;
}

/* The environment with some names replaced; the texts are borrowed. */
static char **make_env(const char *const *set)
{
    size_t n_old = count_words((const char *const *)environ), n_new = count_words(set), n = 0;
    const char **env = calloc(n_old + n_new + 1, sizeof *env);

    if (env == NULL)
        return NULL;
    for (size_t i = 0; i < n_old; i++) {
        bool replaced = false;

        for (size_t k = 0; k < n_new; k++)
            replaced = replaced || strncmp(environ[i], set[k], strcspn(set[k], "=") + 1) == 0;
        if (!replaced)
            env[n++] = environ[i];
    }
    for (size_t k = 0; k < n_new; k++)
        env[n++] = set[k];
    return (char **)(void *)env;
}

static void close_if(int fd)
{
    if (fd >= 0)
        (void)close(fd);
}

struct ends {
    int in, out, report[2], log[2];
};

static int open_ends(struct ends *e, const struct hep_process_opts *o, struct hep_error *err)
{
    int rc = HEP_OK;

    e->in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (o->output != NULL)
        rc = hep_file_create(&e->out, o->output, err);
    else
        e->out = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (rc != HEP_OK)
        return rc;
    if (e->in < 0 || e->out < 0)
        return HEP_FAIL(err, HEP_ECREAT, "/dev/null: %s", strerror(errno));
    if (pipe2(e->report, O_CLOEXEC) != 0)
        return HEP_FAIL(err, HEP_EIO, "cannot make a pipe: %s", strerror(errno));
    if (o->separate_pipe && pipe2(e->log, O_CLOEXEC) != 0)
        return HEP_FAIL(err, HEP_EIO, "cannot make a pipe: %s", strerror(errno));
    return HEP_OK;
}

static void close_ends(struct ends *e, bool keep_log)
{
    close_if(e->in);
    close_if(e->out);
    close_if(e->report[0]);
    close_if(e->report[1]);
    close_if(e->log[1]);
    if (!keep_log)
        close_if(e->log[0]);
}

/* The errno that the child wrote when exec failed; 0 when exec succeeded, since that closes the pipe unwritten. */
static int exec_failure(struct ends *e)
{
    int failure = 0;
    ssize_t n;

    close_if(e->report[1]);
    e->report[1] = -1;
    do
        n = read(e->report[0], &failure, sizeof failure);
    while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof failure ? failure : 0;
}

int hep_process_start(struct hep_process *p, const char *const *argv,
                      const struct hep_process_opts *opts, struct hep_error *err)
{
    struct ends e = { -1, -1, { -1, -1 }, { -1, -1 } };
    char *program = hep_process_find(argv[0]), **env = make_env(opts->set_env);
    pid_t parent = getpid();
    char *const *words; /* exec's own type, which promises not to write */
    int rc = HEP_OK, failure;

    (void)memcpy((void *)&words, (const void *)&argv, sizeof words);
    *p = (struct hep_process){ .stderr_fd = -1 };
    if (program == NULL)
        rc = HEP_FAIL(err, HEP_ENOENT, "%s: no such program", argv[0]);
    else if (env == NULL)
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for an environment");
    else
        rc = open_ends(&e, opts, err);
    if (rc != HEP_OK)
        goto out;
    hear_of_children();
    p->pid = fork();
    if (p->pid == 0)
        become(program, words, env, e.in, e.out, opts->separate_pipe ? e.log[1] : e.out, opts,
               e.report[1], parent);
    if (p->pid < 0) {
        p->pid = 0;
        rc = HEP_FAIL(err, HEP_ETEMP, "cannot start %s: %s", argv[0], strerror(errno));
        goto out;
    }
    if (opts->own_group) {
        (void)setpgid(p->pid, p->pid); /* whichever of the two comes first */
        p->group = p->pid;
    }
    p->start_s = hep_monotonic_s();
    failure = exec_failure(&e);
    if (failure != 0) {
        (void)waitpid(p->pid, NULL, 0);
        p->pid = 0;
        rc = HEP_FAIL(err, failure == ENOMEM || failure == EAGAIN ? HEP_ETEMP : HEP_EDATA,
                      "cannot start %s: %s", argv[0], strerror(failure));
    } else if (opts->separate_pipe) {
        (void)fcntl(e.log[0], F_SETFL, O_NONBLOCK);
        p->stderr_fd = e.log[0];
    }
out:
    close_ends(&e, p->stderr_fd >= 0);
    free(program);
    free((void *)env);
    return rc;
}

bool hep_process_poll(struct hep_process *p, struct hep_process_end *end)
{
    int status = 0;
    pid_t got;

    if (p->pid == 0)
        return true;
    got = waitpid(p->pid, &status, WNOHANG);
    if (got != p->pid && !(got < 0 && errno == ECHILD))
        return false;
    if (got < 0)
        status = 0x7f00; /* collected by somebody else: as one that exited with 127 */
    p->pid = 0;
    end->exited = WIFEXITED(status);
    end->code = end->exited ? WEXITSTATUS(status) : 0;
    end->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    return true;
}

void hep_process_stop(const struct hep_process *p, bool now)
{
    if (p->pid <= 0)
        return;
    if (now)
        hep_process_kill_tree(p->pid);
    (void)kill(p->group > 0 ? -p->group : p->pid, now ? SIGKILL : SIGTERM);
}

void hep_process_wait(struct hep_process *p, struct hep_process_end *end, double timeout_s,
                      const volatile bool *stop)
{
    const struct timespec pause = { 0, POLL_NS };
    double asked_s = 0.0, ticked_s = p->start_s;

    *end = (struct hep_process_end){ 0 };
    while (!hep_process_poll(p, end)) {
        double now = hep_monotonic_s();
        bool late = timeout_s > 0.0 && now - p->start_s > timeout_s;

        if (asked_s > 0.0 && now - asked_s > GRACE_S) {
            hep_process_stop(p, true);
        } else if (asked_s == 0.0 && (late || (stop != NULL && *stop))) {
            asked_s = now;
            end->timed_out = late;
            hep_process_stop(p, false);
        }
        if (p->tick != NULL && now - ticked_s > TICK_S) {
            ticked_s = now;
            p->tick(p->tick_arg);
        }
        (void)nanosleep(&pause, NULL);
    }
    if (p->group > 0)
        (void)kill(-p->group, SIGKILL); /* what it left behind */
}
