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

/** Rows of classes by the words of a set, and the columns of their agreement (struct hep_named_classes). */
struct hep_table hep_evaluated_named(const struct hep_named_classes *named);
const struct hep_column *hep_evaluated_agreement_columns(void);
/** The liver beside the truth (struct hep_eval_result), and beside two raters (struct hep_evaluated). */
const struct hep_column *hep_evaluated_liver_columns(void);
const struct hep_column *hep_evaluated_rater_columns(void);

#endif
