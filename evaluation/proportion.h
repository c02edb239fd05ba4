/**
 * @file  evaluation/proportion.h
 * @brief Proportions with Wilson's interval, and McNemar's exact test of two paired ones.
 * Source:  Wilson, J Am Stat Assoc 1927;22:209-212, as method 3 of Newcombe, Stat Med
 *          1998;17:857-872; McNemar, Psychometrika 1947;12:153-157, exact binomial form
 */
#ifndef HEP_EVALUATION_PROPORTION_H
#define HEP_EVALUATION_PROPORTION_H

#include "base/estimate.h"

/** k of n, k <= n. */
struct hep_proportion hep_wilson(size_t k, size_t n);

/** Two-sided exact p for b and c discordant pairs; 1 when there are none. */
double hep_mcnemar_exact(size_t b, size_t c);

#endif
