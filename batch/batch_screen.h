/**
 * @file  batch/batch_screen.h
 * @brief How a batch shows where it is: a line per running study that is redrawn on a terminal, one
 * plain line per finished study elsewhere, events on request; with an estimate of the time left.
 */
#ifndef HEP_BATCH_BATCH_SCREEN_H
#define HEP_BATCH_BATCH_SCREEN_H

#include "base/log.h"

struct hep_batch_screen {
    FILE *out;
    struct hep_log *events; /* NULL: lines for people */
    bool terminal;
    size_t lines;   /* drawn last */
    double drawn_s; /* when */
    double start_s; /* of the batch */
    size_t n_finished, n_total;
    bool skip; /* this redraw comes too soon */
};

void hep_batch_screen_open(struct hep_batch_screen *s, FILE *out, struct hep_log *events,
                           size_t total);
void hep_batch_screen_begin(struct hep_batch_screen *s, size_t finished, size_t total);
void hep_batch_screen_study(struct hep_batch_screen *s, const char *label, const char *stage,
                            double seconds);
void hep_batch_screen_end(struct hep_batch_screen *s);
/** A study has ended: "done", "unchanged", "failed" with its reason. */
void hep_batch_screen_result(struct hep_batch_screen *s, const char *label, const char *result,
                             double seconds, const char *reason);
void hep_batch_screen_close(struct hep_batch_screen *s);

#endif
