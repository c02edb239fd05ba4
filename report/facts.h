/**
 * @file  report/facts.h
 * @brief Results of a stage as a table of facts, whatever members they have: nested names are
 * joined, numbers short, lists in a row.
 */
#ifndef HEP_REPORT_FACTS_H
#define HEP_REPORT_FACTS_H

#include "report/html.h"

/** A two-column table of everything in `node`; nothing when it is empty. */
void hep_html_facts(struct hep_str *out, const char *caption, const struct hep_json *node);

#endif
