/**
 * @file  pipeline/keys.h
 * @brief Which results still hold: the keys of series, stages and products. Internal to the runner.
 */
#ifndef HEP_PIPELINE_KEYS_H
#define HEP_PIPELINE_KEYS_H

#include "pipeline/record.h"

/**
 * Find the series of each role (phases of a 4-D dynamic are cut out here), hash the files behind
 * them, and make every stage's key. Products of kind HEP_SLOT_SERIES get their state; nothing else
 * is touched.
 * @param[out] record  stage[i].key and the list of inputs
 * @param[in]  order   from hep_stages_order()
 */
int hep_keys_make(struct hep_run *run, struct hep_record *record, const size_t *order,
                  struct hep_error *err) HEP_MUST_CHECK;

#endif
