/**
 * @file  report/put_files.h
 * @brief Further files of a study, LABEL_NAME, given to the run: texts, JSON, tables. Internal to the report.
 */
#ifndef HEP_REPORT_PUT_FILES_H
#define HEP_REPORT_PUT_FILES_H

#include "base/table.h"
#include "pipeline/run.h"

int hep_put_text_file(struct hep_run *run, const char *name, const char *text,
                      struct hep_error *err) HEP_MUST_CHECK;
int hep_put_json_file(struct hep_run *run, const char *name, const struct hep_json *json,
                      struct hep_error *err) HEP_MUST_CHECK;
int hep_put_tsv_file(struct hep_run *run, const char *name, const struct hep_table *table,
                     struct hep_error *err) HEP_MUST_CHECK;
/** NAME.tsv and its data dictionary NAME.json. */
int hep_put_table(struct hep_run *run, const char *name, const struct hep_table *table,
                  struct hep_error *err) HEP_MUST_CHECK;

#endif
