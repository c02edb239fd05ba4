/**
 * @file  batch/evaluated_figures.h
 * @brief The figures of merit of an evaluation as tables, for evaluation.json and for a terminal.
 */
#ifndef HEP_BATCH_EVALUATED_FIGURES_H
#define HEP_BATCH_EVALUATED_FIGURES_H

#include "base/table.h"
#include "batch/evaluate.h"

/** Is there a class or a probability by which metastases could be judged? */
bool hep_evaluated_judges_metastasis(const struct hep_evaluated *e);

/** Members "detection", "metastasis", "patients", "confusion", "flags", "calibration", "liver" and
 * "maps" of evaluation.json. */
void hep_evaluated_put_figures(struct hep_put *p, struct hep_json *root,
                               const struct hep_evaluated *e);

/** The same for a terminal, without the confusion. */
void hep_evaluated_text_figures(struct hep_str *out, const struct hep_evaluated *e);

#endif
