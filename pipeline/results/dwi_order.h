/**
 * @file  pipeline/results/dwi_order.h
 * @brief Product "dwi_order": whether the signal of the body falls with b, as diffusion makes it.
 */
#ifndef HEP_PIPELINE_RESULTS_DWI_ORDER_H
#define HEP_PIPELINE_RESULTS_DWI_ORDER_H

#include "fitting/diffusion_order.h"
#include "pipeline/run.h"

struct hep_dwi_order {
    struct hep_diffusion_rise rise;
    double limit;
    bool contradicts;   /* the rise exceeds the limit */
    char evidence[160]; /* hep_diffusion_rise_text() */
};
HEP_PRODUCT(dwi_order, hep_dwi_order);

#endif
