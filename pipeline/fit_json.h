/**
 * @file  pipeline/fit_json.h
 * @brief What a reader of a diffusion map must know to read it, as sidecar keys: model, method,
 * b-values, bounds, noise, and how many voxels ended with which status.
 */
#ifndef HEP_PIPELINE_FIT_JSON_H
#define HEP_PIPELINE_FIT_JSON_H

#include "fitting/diffusion.h"
#include "base/json_put.h"

struct hep_json *hep_diffusion_json(struct hep_put *put, const struct hep_diffusion_report *report,
                                    const struct hep_diffusion_settings *settings);
/** {"ok": n, "at bound": n, ...} */
struct hep_json *hep_counts_json(struct hep_put *put, const struct hep_fit_counts *counts);

#endif
