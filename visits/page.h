/**
 * @file  visits/page.h
 * @brief sub-XX_followup.html: response over time, each lesion's strip of pictures through the sessions, tables. One file
 *        without scripts and without network, in the style of a study's report.
 */
#ifndef HEP_VISITS_PAGE_H
#define HEP_VISITS_PAGE_H

#include "base/text.h"
#include "image/png.h"
#include "visits/visits.h"

/** The page. Sessions are read from, not changed. */
int hep_followed_page(struct hep_str *out, const struct hep_followed *f,
                      struct hep_error *err) HEP_MUST_CHECK;

/* Within the room. */
/** Sums over time, spider and waterfall plots. */
int hep_followed_plots(struct hep_str *out, const struct hep_followed *f,
                       struct hep_error *err) HEP_MUST_CHECK;
/** What a column of pictures shows: a series whose window is that of its own liver, or a map with a
 * fixed one. The list ends with a NULL product. */
struct hep_strip_row {
    const char *product, *series, *title;
    bool is_map;
    enum hep_colormap colours;
    double lo, hi; /* of a series in units of its liver */
};
extern const struct hep_strip_row hep_strip_rows[];
/** Pictures of one lesion: a row for each session, a column for each series. */
int hep_followed_strip(struct hep_str *out, const struct hep_followed *f, size_t track,
                       struct hep_error *err) HEP_MUST_CHECK;

#endif
