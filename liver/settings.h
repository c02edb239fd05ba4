/**
 * @file  liver/settings.h
 * @brief The numbers that decide where the liver is found, with their defaults (liver/settings.def):
 *        settings of a run.
 */
#ifndef HEP_LIVER_SETTINGS_H
#define HEP_LIVER_SETTINGS_H

#include "base/field.h"

struct hep_liver_settings {
#define NUMBER(member, ...) double member;
#define SPAN(member, ...) struct hep_span member;
#include "liver/settings.def"
};

/** The defaults of the rows. */
extern const struct hep_liver_settings hep_liver_settings_default;

/** HEP_EINVAL for a value outside the range of its row, or a span that ends before it begins. */
int hep_liver_settings_check(const struct hep_liver_settings *s,
                             struct hep_error *err) HEP_MUST_CHECK;

#endif
