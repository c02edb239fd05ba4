/**
 * @file  protocols/show.h
 * @brief Scan time of a protocol and its timeline.
 *
 * Model: 3-D gradient echo TR Ny Nz pF / R; triggered fast spin echo T_resp (Ny / ETL) NSA; single
 * shot 1 s per slice; diffusion EPI TR sum_b(NSA_b n_dir) / efficiency, which is 1 in breath-holds,
 * 0.4 with a navigator, 0.5 with a trigger; 15 s of rest after each breath-hold. Expert values: a
 * protocol may give scan_time_s instead.
 */
#ifndef HEP_PROTOCOLS_SHOW_H
#define HEP_PROTOCOLS_SHOW_H

#include "base/json.h"
#include "base/text.h"
#include "pipeline/config/config.h"

/** One thing that happens. Times are seconds from the start of injection, negative before it;
 * without an agent, from the start of the first visit. */
struct hep_timeline_item {
    const char *label; /* "localiser", series name, "wait", "injection", "second visit": static */
    int series;        /* enum hep_planned, or -1 */
    long visit;
    double start_s, end_s;
    double scan_s;   /* data acquisition */
    double rest_s;   /* breath-hold recovery, included in end_s - start_s */
    double centre_s; /* assumed centre of k-space; NAN for what has no window */
};
#define HEP_TIMELINE_MAX (2 * HEP_SERIES_COUNT + 8)
struct hep_timeline {
    struct hep_timeline_item items[HEP_TIMELINE_MAX]; /* by start */
    size_t n;
    long visits;
    double scan_s;    /* sum of acquisition and rest */
    double wait_s;    /* idle time on the table */
    double table_s;   /* total time on the table, all visits */
    double elapsed_s; /* first start to last end, with the gap between visits */
};

/** Acquisition time [s] of one expected series without rest, and its breath-holds. */
double hep_planned_scan_time(const struct hep_config *cfg, enum hep_planned series,
                             long *breath_holds);

/** Place every expected series. */
void hep_timeline_make(struct hep_timeline *out, const struct hep_config *cfg);

/** Scan-time table and timeline for a terminal, at most 80 columns. */
void hep_timeline_text(struct hep_str *out, const struct hep_config *cfg,
                       const struct hep_timeline *t);
/** One self-contained SVG picture. */
void hep_timeline_svg(struct hep_str *out, const struct hep_config *cfg,
                      const struct hep_timeline *t);
int hep_timeline_json(struct hep_json **out, const struct hep_config *cfg,
                      const struct hep_timeline *t, struct hep_error *err) HEP_MUST_CHECK;

#endif
