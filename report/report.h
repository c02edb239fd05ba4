/**
 * @file  report/report.h
 * @brief The report of a study for people: one HTML file without scripts and without network.
 *
 * The page is a function of the record of the run, and of the run's results, series, maps and masks:
 * made again from the same it has the same bytes. It holds no time, host or path.
 */
#ifndef HEP_REPORT_REPORT_H
#define HEP_REPORT_REPORT_H

#include "base/json.h"
#include "base/text.h"
#include "pipeline/run.h"
#include "report/measures.h"

/** All borrowed. */
struct hep_report_source {
    struct hep_run *run;                     /* whose products can be read */
    const struct hep_json *record;           /* of the form of run.json (pipeline/record.h) */
    const struct hep_map_measures *measures; /* product "measures"; NULL when there is none */
};

/**
 * @param[out] out appended to; at most 5 MB beyond what it held
 * @return HEP_OK; HEP_EIO or HEP_EFORMAT when a series or map cannot be read, HEP_ENOMEM
 */
int hep_report_html(struct hep_str *out, const struct hep_report_source *source,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
