/**
 * @file  report/facts.h
 * @brief Results of a stage as a table of facts, whatever members they have: nested names are
 * joined, numbers short, lists in a row.
 */
#ifndef HEP_REPORT_FACTS_H
#define HEP_REPORT_FACTS_H

#include "base/struct_json.h"
#include "report/html.h"

/** A two-column table of everything that a struct's table writes; nothing when that is nothing. */
int hep_html_facts(struct hep_str *out, const char *caption, const void *base,
                   const struct hep_struct_type *type, struct hep_error *err) HEP_MUST_CHECK;

#endif
