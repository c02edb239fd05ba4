/**
 * @file  report/niivue.h
 * @brief The installed NiiVue (BSD-2-Clause): installed by scripts/viewer and never part of this repository.
 *
 * niivue.umd.js and LICENSE lie in the folder HEPAR_VIEWER, else in $XDG_DATA_HOME/hepar/viewer
 * (~/.local/share/hepar/viewer). Internal to the report.
 */
#ifndef HEP_REPORT_NIIVUE_H
#define HEP_REPORT_NIIVUE_H

#include "base/error.h"

/** Program and notice, heap; HEP_ENOENT says how to install it, HEP_EFORMAT what cannot stand inside a page. */
int hep_niivue_read(char **program, char **notice, struct hep_error *err) HEP_MUST_CHECK;

#endif
