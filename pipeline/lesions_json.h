/**
 * @file  pipeline/lesions_json.h
 * @brief The liver as a whole in the form of lesions.json.
 */
#ifndef HEP_PIPELINE_LESIONS_JSON_H
#define HEP_PIPELINE_LESIONS_JSON_H

#include "lesions/liver_measures.h"
#include "base/json_put.h"

/** Members of "liver" that the maps' own statistics do not give: uptake, FLIS proxy, remnant,
 * alarm. */
struct hep_json *hep_liver_json(struct hep_put *put, const struct hep_liver_measures *m);

#endif
