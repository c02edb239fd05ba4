/**
 * @file  followup/settings.h
 * @brief The numbers that decide which lesions of several visits are one and how they have changed, with their defaults
 *        (followup/settings.def): the settings "followup.*".
 */
#ifndef HEP_FOLLOWUP_SETTINGS_H
#define HEP_FOLLOWUP_SETTINGS_H

struct hep_followup_settings {
#define NUMBER(member, ...) double member;
#define UNKNOWN(member, ...) double member; /* NaN: not known */
#define WHOLE(member, ...) long member;
#include "followup/settings.def"
};

/** The defaults of the rows. */
extern const struct hep_followup_settings hep_followup_settings_default;

#endif
