#include "base/log.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_BYTES = 1024, TASK_BYTES = 64, BAR_WIDTH = 30, SURE_PERCENT = 5 };

struct hep_log {
    pthread_mutex_t lock;
    FILE *stream;
    bool json, terminal, bar_shown, warning_lost;
    enum hep_log_level level;
    struct timespec start, task_start;
    char **warnings;
    size_t n_warnings;
    char task[TASK_BYTES];
    int tenths, percent;
};

static bool is_terminal(FILE *stream)
{
    const char *term = getenv("TERM");

    return stream != NULL && isatty(fileno(stream)) && (term == NULL || strcmp(term, "dumb") != 0);
}

int hep_log_new(struct hep_log **out, FILE *stream, bool json, enum hep_log_level level,
                struct hep_error *err)
{
    struct hep_log *log = hep_calloc(1, sizeof *log, err);

    if (log == NULL || pthread_mutex_init(&log->lock, NULL) != 0) {
        free(log);
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for a log");
    }
    log->stream = stream;
    log->json = json;
    log->level = level;
    log->terminal = !json && is_terminal(stream);
    (void)clock_gettime(CLOCK_MONOTONIC, &log->start);
    *out = log;
    return HEP_OK;
}

void hep_log_free(struct hep_log *log)
{
    if (log == NULL)
        return;
    if (log->bar_shown)
        (void)fputc('\n', log->stream);
    for (size_t i = 0; i < log->n_warnings; i++)
        free(log->warnings[i]);
    free(log->warnings);
    (void)pthread_mutex_destroy(&log->lock);
    free(log);
}

static const char *level_name(enum hep_log_level level)
{
    static const char *const names[] = { [HEP_LOG_ERROR] = "error",
                                         [HEP_LOG_WARNING] = "warning",
                                         [HEP_LOG_INFO] = "info",
                                         [HEP_LOG_DEBUG] = "debug" };

    return (unsigned)level < sizeof names / sizeof names[0] ? names[level] : "info";
}

/* Milliseconds are enough, and keep the lines short. */
static double seconds_since(const struct timespec *start)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return round(1e3 * (double)(now.tv_sec - start->tv_sec) +
                 1e-6 * (double)(now.tv_nsec - start->tv_nsec)) *
           1e-3;
}

/* One complete JSON object, or NULL when out of memory. */
static char *json_line(const struct hep_log *log, enum hep_log_level level, const char *event,
                       const char *stage, const char *message)
{
    struct hep_json *line = hep_json_new_object();
    char *text = NULL;
    int rc;

    rc = hep_json_set(line, "level", hep_json_new_string(level_name(level)), NULL);
    if (rc == HEP_OK)
        rc = hep_json_set(line, "event", hep_json_new_string(event), NULL);
    if (rc == HEP_OK && stage != NULL)
        rc = hep_json_set(line, "stage", hep_json_new_string(stage), NULL);
    if (rc == HEP_OK)
        rc = hep_json_set(line, "message", hep_json_new_string(message), NULL);
    if (rc == HEP_OK)
        rc = hep_json_set(line, "time_s", hep_json_new_number(seconds_since(&log->start)), NULL);
    if (rc == HEP_OK && hep_json_dump_line(&text, line, NULL) != HEP_OK)
        text = NULL;
    hep_json_free(line);
    return text;
}

static void write_json(struct hep_log *log, enum hep_log_level level, const char *event,
                       const char *stage, const char *message)
{
    char *line = json_line(log, level, event, stage, message);

    if (line != NULL)
        (void)fprintf(log->stream, "%s\n", line);
    else
        (void)fprintf(log->stream,
                      "{\"event\": \"out-of-memory\", \"level\": \"%s\", \"message\": \"\"}\n",
                      level_name(level));
    (void)fflush(log->stream);
    free(line);
}

static void write_text(FILE *stream, enum hep_log_level level, const char *message)
{
    if (level == HEP_LOG_INFO)
        (void)fprintf(stream, "%s\n", message);
    else
        (void)fprintf(stream, "%s: %s\n", level_name(level), message);
    (void)fflush(stream);
}

static void hide_bar(struct hep_log *log)
{
    if (log->bar_shown)
        (void)fputs("\r\033[K", log->stream);
    log->bar_shown = false;
}

static void keep_warning(struct hep_log *log, const char *message)
{
    char *copy = hep_strdup(message, NULL);

    if (copy != NULL && HEP_GROW(log->warnings, log->n_warnings, NULL) == HEP_OK)
        log->warnings[log->n_warnings++] = copy;
    else {
        log->warning_lost = true;
        free(copy);
    }
}

static void write_message(struct hep_log *log, enum hep_log_level level, const char *event,
                          const char *stage, const char *fmt, va_list ap) HEP_PRINTF(5, 0);
static void write_message(struct hep_log *log, enum hep_log_level level, const char *event,
                          const char *stage, const char *fmt, va_list ap)
{
    char message[MESSAGE_BYTES];

    (void)vsnprintf(message, sizeof message, fmt, ap);
    for (char *c = message; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    (void)pthread_mutex_lock(&log->lock);
    if (level == HEP_LOG_WARNING)
        keep_warning(log, message);
    if (log->stream != NULL && level <= log->level) {
        hide_bar(log);
        if (log->json)
            write_json(log, level, event, stage, message);
        else
            write_text(log->stream, level, message);
    }
    (void)pthread_mutex_unlock(&log->lock);
}

void hep_log_write(struct hep_log *log, enum hep_log_level level, const char *event,
                   const char *fmt, ...)
{
    va_list ap;

    if (log == NULL)
        return;
    va_start(ap, fmt);
    write_message(log, level, event, NULL, fmt, ap);
    va_end(ap);
}

void hep_log_stage(struct hep_log *log, const char *event, const char *stage, const char *fmt, ...)
{
    va_list ap;

    if (log == NULL)
        return;
    va_start(ap, fmt);
    write_message(log, HEP_LOG_INFO, event, stage, fmt, ap);
    va_end(ap);
}

size_t hep_log_warning_count(const struct hep_log *log)
{
    return log ? log->n_warnings : 0;
}

int hep_log_check(const struct hep_log *log, struct hep_error *err)
{
    return log != NULL && log->warning_lost
               ? HEP_FAIL(err, HEP_ENOMEM, "no memory to keep a warning")
               : HEP_OK;
}

const char *hep_log_warning(const struct hep_log *log, size_t i)
{
    return log != NULL && i < log->n_warnings ? log->warnings[i] : NULL;
}

static void draw_bar(struct hep_log *log, int percent)
{
    static const char full[] = "##############################";
    static const char rest[] = "..............................";
    int n = percent * BAR_WIDTH / 100;
    double left_s;

    (void)fprintf(log->stream, "\r\033[K%s [%.*s%.*s] %3d %%", log->task, n, full, BAR_WIDTH - n,
                  rest, percent);
    left_s = seconds_since(&log->task_start) * (100 - percent) / (percent > 0 ? percent : 1);
    if (percent >= SURE_PERCENT && left_s >= 1.0)
        (void)fprintf(log->stream, ", about %.0f s left", left_s);
    log->bar_shown = percent < 100;
    if (percent == 100)
        (void)fputc('\n', log->stream);
    (void)fflush(log->stream);
}

void hep_log_progress(struct hep_log *log, const char *task, double fraction)
{
    int percent = fraction >= 1.0 ? 100 : fraction > 0.0 ? (int)(100.0 * fraction) : 0;

    if (log == NULL || log->stream == NULL || log->level < HEP_LOG_INFO ||
        (!log->json && !log->terminal))
        return;
    (void)pthread_mutex_lock(&log->lock);
    if (strncmp(log->task, task, TASK_BYTES - 1) != 0 || (log->percent == 100 && percent < 100)) {
        (void)snprintf(log->task, sizeof log->task, "%s", task);
        (void)clock_gettime(CLOCK_MONOTONIC, &log->task_start);
        log->tenths = -1;
        log->percent = -1;
    }
    if (log->json && percent / 10 > log->tenths) {
        char message[TASK_BYTES + 16];

        (void)snprintf(message, sizeof message, "%s: %d %%", log->task, percent);
        write_json(log, HEP_LOG_INFO, "progress", NULL, message);
    } else if (log->terminal && percent > log->percent) {
        draw_bar(log, percent);
    }
    if (percent > log->percent) {
        log->tenths = percent / 10;
        log->percent = percent;
    }
    (void)pthread_mutex_unlock(&log->lock);
}
