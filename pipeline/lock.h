/**
 * @file  pipeline/lock.h
 * @brief The lock of one study: one run at a time writes a study's result.
 *
 * A lock is a folder with a file `owner` in it, which appears under its name in one step: mkdir(2)
 * and rename(2) are atomic on network file systems too. The file holds host, process number, start
 * of the process, and a random token. By the first three another run tells whether the owner still
 * lives; a lock whose owner is gone is taken over, and so is one of another host, or one whose
 * owner file cannot be understood, after half an hour without a sign of life. By the token a run
 * knows its own lock again: after a takeover there is a lock of the same name, and even host and
 * process number may be the same (two containers).
 */
#ifndef HEP_PIPELINE_LOCK_H
#define HEP_PIPELINE_LOCK_H

#include "base/error.h"

#include <stdbool.h>

#define HEP_LOCK_TOKEN 33 /* 128 random bits in hexadecimal digits, and a terminator */

/** Start with `{ 0 }`: not held. */
struct hep_lock {
    char *path; /* NULL while it is not held */
    char token[HEP_LOCK_TOKEN];
};

/** @return HEP_ECREAT when the folder cannot be made; HEP_ETEMP while another live run holds it */
int hep_lock_take(struct hep_lock *lock, const char *path, struct hep_error *err) HEP_MUST_CHECK;
/** @return HEP_OK while it is held; HEP_ETEMP when another run has taken it over or it is gone */
int hep_lock_check(const struct hep_lock *lock, struct hep_error *err) HEP_MUST_CHECK;
/** Give a sign of life to runs on other hosts; nothing when the lock is no longer this run's. */
void hep_lock_touch(const struct hep_lock *lock);
/** Give it back. A lock that another run has taken over since stays. Harmless on { 0 }. */
void hep_lock_release(struct hep_lock *lock);

/** True while a live run holds the lock of this path. */
bool hep_lock_is_held(const char *path);
/** True for the name of a folder that a process of this host which is gone left when it took or
 * cleared a lock: "...TAG-PID-...". */
bool hep_lock_is_remains(const char *name);

#endif
