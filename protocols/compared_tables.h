/**
 * @file  protocols/compared_tables.h
 * @brief The results of a comparison as tables: JSON, TSV, page and terminal are made from these.
 *
 * Tables and columns are over the structs of protocols/compare.h; rows are borrowed from them but
 * where a table says that it is released.
 */
#ifndef HEP_PROTOCOLS_COMPARED_TABLES_H
#define HEP_PROTOCOLS_COMPARED_TABLES_H

#include "base/table.h"
#include "protocols/compare.h"

/** JSON of a protocol (struct hep_compare_protocol), and what a variant has beyond it. */
extern const struct hep_column hep_compared_protocol_columns[], hep_compared_variant_columns[];

/** What findings are compared with, in words. */
const char *hep_compared_reference(const struct hep_compared *c);

/** Every protocol, the full one first: times, studies that satisfy it, failed runs. */
struct hep_table hep_compared_protocols(const struct hep_compared *c);
/** Every protocol in one task, the full one first. */
struct hep_table hep_compared_task(const struct hep_compared *c, enum hep_eval_task task);
/** One variant: sizes of a task, flags that are lost, measurements, lost lesions. */
struct hep_table hep_compared_sizes(const struct hep_paired_task *t, const char *caption);
struct hep_table hep_compared_flags(const struct hep_losses *l);
struct hep_table hep_compared_changes(const struct hep_losses *l);
struct hep_table hep_compared_lost(const struct hep_losses *l);

/** Published comparisons of a protocol; release. */
int hep_compared_published(struct hep_table *out, const struct hep_compared *c, const char *name,
                           struct hep_error *err) HEP_MUST_CHECK;
/** comparison.tsv: one row per variant, task and size; and lost_lesions.tsv. Release. */
int hep_compared_rows(struct hep_table *out, const struct hep_compared *c,
                      struct hep_error *err) HEP_MUST_CHECK;
int hep_compared_all_lost(struct hep_table *out, const struct hep_compared *c,
                          struct hep_error *err) HEP_MUST_CHECK;

/** How the studies miss the windows of a variant, one line each. */
void hep_compared_misfits(struct hep_str *out, const struct hep_compare_protocol *p);
/** Why nothing, or no test, is given of a variant; nothing where both are. */
void hep_compared_refusal(struct hep_str *out, const struct hep_compared *c,
                          const struct hep_compare_protocol *p);

#endif
