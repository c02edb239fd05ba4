/**
 * @file  base/log.h
 * @brief The run's log: text lines or JSON lines on one stream, and optionally a copy in a file.
 *
 * Levels have fixed meanings: error = a task was not done; warning = done, but look; info = what is
 * being done; debug = for developers. The log is a value that is passed along, never a global.
 * Threads: calls are serialised by the logger's own lock.
 */
#ifndef HEP_BASE_LOG_H
#define HEP_BASE_LOG_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum hep_log_level { HEP_LOG_ERROR, HEP_LOG_WARNING, HEP_LOG_INFO, HEP_LOG_DEBUG };

struct hep_log;

/**
 * @param[out] out    the caller's; free with hep_log_free()
 * @param[in]  stream borrowed, usually stderr; NULL for none
 * @param[in]  json   one JSON object per line {"level","event"[,"stage"],"message","time_s"}
 * @param[in]  level  most detailed level that is written
 */
int hep_log_new(struct hep_log **out, FILE *stream, bool json, enum hep_log_level level,
                struct hep_error *err) HEP_MUST_CHECK;
void hep_log_free(struct hep_log *log);

/**
 * One message. A NULL log swallows it.
 * @param[in] event short stable identifier for machines, such as "stage-start"
 * @param[in] fmt   one line for people, no newline
 */
void hep_log_write(struct hep_log *log, enum hep_log_level level, const char *event,
                   const char *fmt, ...) HEP_PRINTF(4, 5);

/** As hep_log_write() at info level, with the name of a stage as a member "stage" of JSON lines. */
void hep_log_stage(struct hep_log *log, const char *event, const char *stage, const char *fmt, ...)
    HEP_PRINTF(4, 5);

/** Messages at warning level so far, in order: for run.json. Borrowed until the next write. */
size_t hep_log_warning_count(const struct hep_log *log);
const char *hep_log_warning(const struct hep_log *log, size_t i);
/** @return HEP_ENOMEM when a warning could not be kept: a record without it would say less than was found. */
int hep_log_check(const struct hep_log *log, struct hep_error *err) HEP_MUST_CHECK;

/**
 * Progress of a task with a known end: a bar that is redrawn when the stream is a terminal, one
 * event per 10 % with JSON, nothing otherwise. fraction in [0, 1]; 1 ends the bar.
 */
void hep_log_progress(struct hep_log *log, const char *task, double fraction);

#endif
