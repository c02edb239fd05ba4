#include "batch/batch_screen.h"

#include "base/process.h"

#include <unistd.h>

#define REDRAW_S 0.2
#define CLOCK_MAX 32

void hep_batch_screen_open(struct hep_batch_screen *s, FILE *out, struct hep_log *events,
                           size_t total)
{
    *s = (struct hep_batch_screen){ .out = out,
                                    .events = events,
                                    .terminal = events == NULL && isatty(fileno(out)),
                                    .start_s = hep_monotonic_s(),
                                    .n_total = total };
}

static void erase(struct hep_batch_screen *s)
{
    for (; s->lines > 0; s->lines--)
        (void)fputs("\033[A\033[2K", s->out);
}

/* "1:05" of seconds */
static void clock_text(char text[CLOCK_MAX], double seconds)
{
    long t = (long)(seconds + 0.5);

    if (t >= 3600)
        (void)snprintf(text, CLOCK_MAX, "%ld:%02ld:%02ld", t / 3600, t / 60 % 60, t % 60);
    else
        (void)snprintf(text, CLOCK_MAX, "%ld:%02ld", t / 60, t % 60);
}

static double time_left_s(const struct hep_batch_screen *s)
{
    double left = (double)(s->n_total - s->n_finished);

    return s->n_finished == 0 ? 0.0
                              : left * (hep_monotonic_s() - s->start_s) / (double)s->n_finished;
}

void hep_batch_screen_begin(struct hep_batch_screen *s, size_t finished, size_t total)
{
    char left[CLOCK_MAX];

    s->n_finished = finished;
    s->n_total = total;
    s->skip = !s->terminal || hep_monotonic_s() - s->drawn_s < REDRAW_S;
    if (s->skip)
        return;
    s->drawn_s = hep_monotonic_s();
    erase(s);
    clock_text(left, time_left_s(s));
    (void)fprintf(s->out, "%zu of %zu studies, %s left\n", finished, total,
                  finished > 0 ? left : "?");
    s->lines = 1;
}

void hep_batch_screen_study(struct hep_batch_screen *s, const char *label, const char *stage,
                            double seconds)
{
    char time[CLOCK_MAX];

    if (s->skip)
        return;
    clock_text(time, seconds);
    (void)fprintf(s->out, "  %-24.24s %-16.16s %s\n", label, stage, time);
    s->lines++;
}

void hep_batch_screen_end(struct hep_batch_screen *s)
{
    if (!s->skip)
        (void)fflush(s->out);
}

void hep_batch_screen_result(struct hep_batch_screen *s, const char *label, const char *result,
                             double seconds, const char *reason)
{
    char left[CLOCK_MAX];

    s->n_finished++;
    if (s->events != NULL) {
        hep_log_write(s->events, reason[0] != '\0' ? HEP_LOG_WARNING : HEP_LOG_INFO, "study-end",
                      "%s: %s%s%s", label, result, reason[0] != '\0' ? ": " : "", reason);
        return;
    }
    erase(s);
    clock_text(left, time_left_s(s));
    (void)fprintf(s->out, "%s: %s%s%s (%.1f s; %zu of %zu, %s left)\n", label, result,
                  reason[0] != '\0' ? ": " : "", reason, seconds, s->n_finished, s->n_total, left);
    (void)fflush(s->out);
}

void hep_batch_screen_close(struct hep_batch_screen *s)
{
    if (s->terminal) {
        erase(s);
        (void)fflush(s->out);
    }
}
