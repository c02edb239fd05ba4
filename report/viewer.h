/**
 * @file  report/viewer.h
 * @brief The report with an interactive viewer and the volumes inside, still one file.
 *
 * The viewer is NiiVue (BSD-2-Clause), installed by scripts/viewer and never part of this
 * repository: niivue.umd.js and LICENSE in the folder HEPAR_VIEWER, else in
 * $XDG_DATA_HOME/hepar/viewer (~/.local/share/hepar/viewer). Its notice is put into the page.
 */
#ifndef HEP_REPORT_VIEWER_H
#define HEP_REPORT_VIEWER_H

#include "report/report.h"

/** HEP_ENOENT with one line that says how to install it. */
int hep_viewer_check(struct hep_error *err) HEP_MUST_CHECK;

/** As hep_report_html(), with the viewer, the series, maps and lesions. No limit of size. */
int hep_report_viewer(struct hep_str *out, const struct hep_report_source *source,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
