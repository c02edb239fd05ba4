/**
 * @file  fitting/status.h
 * @brief The number that every fit writes for every voxel, and how often each one was written.
 *
 * The numbers are part of the file format of status maps and never change their meaning.
 */
#ifndef HEP_FITTING_STATUS_H
#define HEP_FITTING_STATUS_H

#include <stddef.h>

enum hep_fit_status {
    HEP_FIT_OUTSIDE = 0,          /* not in the mask: parameters are 0 */
    HEP_FIT_OK = 1,               /* inside the bounds, every parameter identifiable */
    HEP_FIT_AT_BOUND = 2,         /* at least one parameter lies on a bound; its error is NaN */
    HEP_FIT_NOT_IDENTIFIABLE = 3, /* a parameter that the data do not determine is NaN */
    HEP_FIT_NO_CONVERGENCE = 4,   /* no solver settled: the last estimate, errors are NaN */
    HEP_FIT_BAD_INPUT = 5,        /* too few usable samples: parameters are NaN */
    HEP_FIT_EXCHANGED = 6,        /* water and fat are exchanged: the fraction is NaN */
    HEP_FIT_STATUS_COUNT = 7
};

/** Static name for sidecars and logs: "background", "ok", "at bound", ...; "?" for an unknown number.
 */
const char *hep_fit_status_name(enum hep_fit_status status);

/** Voxels per status, indexed by enum hep_fit_status. */
struct hep_fit_counts {
    size_t n[HEP_FIT_STATUS_COUNT];
};

#endif
