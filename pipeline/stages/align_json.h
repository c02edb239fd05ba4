/**
 * @file  pipeline/stages/align_json.h
 * @brief A registration's result as JSON, and back as a transform.
 */
#ifndef HEP_PIPELINE_STAGES_ALIGN_JSON_H
#define HEP_PIPELINE_STAGES_ALIGN_JSON_H

#include "base/json_put.h"
#include "pipeline/stages/align_pair.h"

/** @param[in] name of the series whose product xfm_NAME holds the displacement; NULL for none */
struct hep_json *hep_align_json(struct hep_put *put, const char *name,
                                const struct hep_align_pair *p);
/** The affine part that hep_align_json() wrote; the identity for a missing node. HEP_EFORMAT */
int hep_align_json_affine(double affine[4][4], const struct hep_json *node,
                          struct hep_error *err) HEP_MUST_CHECK;

#endif
