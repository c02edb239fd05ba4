/**
 * @file  fuzz/by_path.h
 * @brief For readers that take a path: the bytes in a file of this process's own folder in memory.
 */
#ifndef HEP_TESTS_FUZZ_BY_PATH_H
#define HEP_TESTS_FUZZ_BY_PATH_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char fuzz_folder[64];

static inline void fuzz_remove_folder(void)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", fuzz_folder);
    (void)!system(command);
}

/* A folder that exists as long as the process; made at the first call. */
static inline const char *fuzz_dir(void)
{
    if (fuzz_folder[0] == '\0') {
        (void)snprintf(fuzz_folder, sizeof fuzz_folder, "%s/hep-fuzz-XXXXXX",
                       access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (mkdtemp(fuzz_folder) == NULL || atexit(fuzz_remove_folder) != 0)
            abort();
    }
    return fuzz_folder;
}

/* Borrowed until the next call. */
static inline const char *fuzz_path(const char *name)
{
    static char path[256];

    (void)snprintf(path, sizeof path, "%s/%s", fuzz_dir(), name);
    return path;
}

/* As a file of this name; false for no bytes, of which there is none. */
static inline bool fuzz_put(const char *name, const uint8_t *data, size_t n)
{
    const char *path = fuzz_path(name);
    FILE *f = n > 0 ? fopen(path, "w") : NULL;

    if (f == NULL) {
        (void)unlink(path);
        return false;
    }
    if (fwrite(data, 1, n, f) != n || fclose(f) != 0)
        abort();
    return true;
}

static inline void fuzz_mkdir(const char *name)
{
    if (mkdir(fuzz_path(name), 0700) != 0 && access(fuzz_path(name), W_OK) != 0)
        abort();
}

/* A refusal says why. */
static inline void fuzz_check(int rc, const struct hep_error *e)
{
    if (rc != HEP_OK && (e->code == HEP_OK || e->msg[0] == '\0'))
        abort();
}

#endif
