/**
 * @file  pipeline/results/parenchyma.h
 * @brief Product "parenchyma": signs of diffuse disease of the liver.
 */
#ifndef HEP_PIPELINE_RESULTS_PARENCHYMA_H
#define HEP_PIPELINE_RESULTS_PARENCHYMA_H

#include "liver/parenchyma.h"
#include "pipeline/run.h"
#include "terms/flag.h"

struct hep_parenchyma_sign {
    bool present; /* of the row, which every sign has */
    int state;    /* enum hep_flag_state */
    int grade;    /* -1: has none */
    double value, se, limit;
    char reason[HEP_DIFFUSE_REASON];
    char source[160];
};
struct hep_parenchyma {
    struct hep_parenchyma_sign of[HEP_DIFFUSE_COUNT];
};
HEP_PRODUCT(parenchyma, hep_parenchyma);

#endif
