/**
 * @file  pipeline/late_phase.h
 * @brief The agent of a study by the words of its files, and what that makes of its late phases.
 */
#ifndef HEP_PIPELINE_LATE_PHASE_H
#define HEP_PIPELINE_LATE_PHASE_H

#include "base/log.h"
#include "sequences/inventory.h"

#define HEP_AGENT_NAME 64

/**
 * The image at three minutes is delayed with one agent and transitional with another: roles are set
 * accordingly, but for what study.yml says. An agent that is not known is a warning in the log.
 * @param[out] name of the agent, "" unknown; may be NULL
 */
int hep_late_phases_name(struct hep_inventory *inv, char name[HEP_AGENT_NAME], struct hep_log *log,
                         struct hep_error *err) HEP_MUST_CHECK;

#endif
