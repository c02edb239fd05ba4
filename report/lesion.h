/**
 * @file  report/lesion.h
 * @brief One lesion in the report: its pictures, its course over the phases, flags, evidence,
 * measurements. Internal to report.
 */
#ifndef HEP_REPORT_LESION_H
#define HEP_REPORT_LESION_H

#include "report/page.h"

/** Crops through every series and the ADC map, centred on the lesion, with its outline. */
int hep_lesion_crops(struct hep_page *p, const struct hep_finding *f) HEP_MUST_CHECK;
/** Relative enhancement and lesion over liver, phase by phase; nothing without phases. */
int hep_lesion_curve(struct hep_page *p, const struct hep_finding *f) HEP_MUST_CHECK;
/** Each flag as a line that opens to value, limit, unit, reason and source. */
void hep_lesion_flags(struct hep_page *p, const struct hep_finding *f);
void hep_lesion_evidence(struct hep_page *p, const struct hep_finding *f);
void hep_lesion_measurements(struct hep_page *p, const struct hep_finding *f);

#endif
