/**
 * @file  pipeline/save.h
 * @brief Files of a study: maps with their sidecars, and the list of what was written, in the order
 * in which the stages gave it.
 */
#ifndef HEP_PIPELINE_SAVE_H
#define HEP_PIPELINE_SAVE_H

#include "pipeline/products.h"

/** Note a file as part of the result. The hash is computed unless given. */
int hep_save_note(struct hep_run *run, const char *relative, const char *sha256,
                  struct hep_error *err) HEP_MUST_CHECK;
/** A product's data and sidecar. The data may still be on its way to the disk on return: it must
 * stay as it is until hep_save_settle(). The sidecar gets the keys that every map has.
 * @param[in] space series in whose space it lies unless the sidecar says so; NULL: none of the study's */
int hep_save_product(struct hep_run *run, struct hep_product *p, const struct hep_series *space,
                     struct hep_json *sidecar, struct hep_error *err) HEP_MUST_CHECK;
/** Say in a saved product's sidecar that it is no result, and why; NULL takes that back. */
int hep_save_status(struct hep_run *run, const struct hep_product *p, const char *reason,
                    struct hep_error *err) HEP_MUST_CHECK;
/** Until every file is on the disk and has its hash. */
int hep_save_settle(struct hep_run *run, struct hep_error *err) HEP_MUST_CHECK;

#endif
