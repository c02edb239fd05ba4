/**
 * @file  pipeline/stop.h
 * @brief SIGTERM and SIGINT as a flag that long tasks look at between steps.
 */
#ifndef HEP_PIPELINE_STOP_H
#define HEP_PIPELINE_STOP_H

#include <stdbool.h>

/** Install the handlers; SIGPIPE and SIGXFSZ become ordinary write errors. Once, from main. */
void hep_stop_install(void);
/** Becomes true at the first signal; a second one ends the program at once. Static storage. */
const volatile bool *hep_stop_flag(void);

#endif
