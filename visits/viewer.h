/**
 * @file  visits/viewer.h
 * @brief sub-XX_followup_viewer.html: the sessions of a person in one page, linked.
 *
 * The reading room of report/review_page.h without its form, of the baseline's study, with the images
 * of every later session brought into the baseline's space: two series side by side show one place at
 * two visits. Outlines are those of the baseline, so that what has changed stands out against them.
 * Each later series has the window in which its liver is as bright as the baseline's.
 */
#ifndef HEP_VISITS_VIEWER_H
#define HEP_VISITS_VIEWER_H

#include "base/text.h"
#include "visits/visits.h"

/** @return HEP_ENOENT without NiiVue; HEP_ENOMEM; errors of reading images */
int hep_followed_viewer(struct hep_str *out, const struct hep_followed *f,
                        struct hep_error *err) HEP_MUST_CHECK;

#endif
