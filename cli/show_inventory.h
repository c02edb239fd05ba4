/**
 * @file  cli/show_inventory.h
 * @brief What `hepar inventory` prints of a study, for every command that shows one.
 */
#ifndef HEP_CLI_SHOW_INVENTORY_H
#define HEP_CLI_SHOW_INVENTORY_H

#include "cli/options.h"
#include "sequences/inventory.h"

/** As a table, or as JSON. Names late phases by the agent. */
int hep_show_inventory(struct hep_inventory *inv, bool as_json, struct hep_cli *cli,
                       struct hep_error *err) HEP_MUST_CHECK;

#endif
