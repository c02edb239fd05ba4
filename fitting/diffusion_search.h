/**
 * @file  fitting/diffusion_search.h
 * @brief Least squares of a block from start values, and from further ones where a better minimum
 *        may lie elsewhere. Private to this folder.
 */
#ifndef HEP_FITTING_DIFFUSION_SEARCH_H
#define HEP_FITTING_DIFFUSION_SEARCH_H

#include "fitting/diffusion_job.h"

/** From p as it stands; what the kernels cannot settle goes to GSL. @return fits by GSL */
size_t hep_diffusion_fit_once(const struct hep_diffusion_kernels *kernels,
                              const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                              struct hep_lm_gsl *gsl);

/**
 * From the start values; for ivim also from the second peak of the grid, and where a fit ended on a
 * bound or with little perfusion from several ranges of D* and from f = 0 outwards. The best end is
 * kept.
 * @param[in,out] again scratch block
 * @return fits by GSL
 */
size_t hep_diffusion_search(const struct hep_diffusion_kernels *kernels,
                            const struct hep_diffusion_job *job, struct hep_diffusion_block *blk,
                            struct hep_diffusion_block *again, struct hep_lm_gsl *gsl);

#endif
