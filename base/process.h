/**
 * @file  base/process.h
 * @brief Other programs, started without a shell, watched, and stopped when their time is up.
 */
#ifndef HEP_BASE_PROCESS_H
#define HEP_BASE_PROCESS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct hep_process_opts {
    const char *output;         /* file that takes standard output and error; NULL: /dev/null */
    bool separate_pipe;         /* standard error goes to a pipe that `stderr_fd` reads instead */
    const char *const *set_env; /* "NAME=value", NULL at the end; may be NULL */
    size_t memory_bytes;        /* address space limit; 0: none */
    bool own_group;             /* what the program starts itself is stopped and ended with it */
};

/** A started program. Start with `{ 0 }`. */
struct hep_process {
    pid_t pid;               /* 0 when nothing runs */
    int stderr_fd;           /* with separate_pipe: non-blocking, the caller closes it; else -1 */
    double start_s;          /* monotonic */
    pid_t group;             /* with own_group; 0: none */
    void (*tick)(void *arg); /* called about every minute while it is waited for; may be NULL */
    void *tick_arg;
};

/** How it ended. */
struct hep_process_end {
    bool exited;
    int code;   /* exit code when exited */
    int signal; /* otherwise */
    bool timed_out;
};

/**
 * Start argv[0] (searched in PATH). Standard input is empty. The child dies with its parent.
 * @return HEP_OK; HEP_ENOENT when there is no such program, HEP_EDATA when it cannot be executed,
 * HEP_ETEMP when there is no room for a process, HEP_EIO, HEP_ENOMEM, HEP_ECREAT (output)
 */
int hep_process_start(struct hep_process *p, const char *const *argv,
                      const struct hep_process_opts *opts, struct hep_error *err) HEP_MUST_CHECK;

/** Has it ended? Does not wait. After true the process is reaped. */
bool hep_process_poll(struct hep_process *p, struct hep_process_end *end);

/** Ask it to stop (SIGTERM), or end it (SIGKILL) with all that it and its children have started. */
void hep_process_stop(const struct hep_process *p, bool now);

/**
 * Wait for the end.
 * @param[in] timeout_s after it: SIGTERM, ten seconds later SIGKILL; <= 0: no limit
 * @param[in] stop may be NULL; when it becomes true the process is asked to stop
 */
void hep_process_wait(struct hep_process *p, struct hep_process_end *end, double timeout_s,
                      const volatile bool *stop);

/** Path of a program in PATH, heap; NULL when there is none. */
char *hep_process_find(const char *program);

/** What identifies a process beyond its number, which is given again: its start time in the
 * kernel's ticks; 0 unknown. */
unsigned long long hep_process_birth(long pid);
/** Is this process of this host alive? One that is dead but not yet collected by its parent is not,
 * nor is another one that has got its number since. @param[in] birth 0: the number alone counts */
bool hep_process_alive(long pid, unsigned long long birth);
/** End a process and its descendants, in whatever group they are, also those of a wrapper. One that has been
 * orphaned before is not found. */
void hep_process_kill_tree(pid_t root);
#define HEP_HOST_TAG 9
/** Short text that tells this host from others on a shared file system. */
void hep_host_tag(char tag[HEP_HOST_TAG]);

/** Seconds of a clock that only goes forward. */
double hep_monotonic_s(void);

#endif
