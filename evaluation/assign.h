/**
 * @file  evaluation/assign.h
 * @brief One-to-one assignment of least cost.
 * Model:   as many pairs as the allowed entries permit, and among those the least total cost
 * Source:  Kuhn, Naval Res Logist Q 1955;2:83-97; shortest augmenting paths with potentials after
 *          Jonker and Volgenant, Computing 1987;38:325-340
 * Valid:   costs finite and >= 0; infinite marks a pair that is not allowed
 */
#ifndef HEP_EVALUATION_ASSIGN_H
#define HEP_EVALUATION_ASSIGN_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

/** Row without a partner. */
#define HEP_UNASSIGNED SIZE_MAX

/**
 * @param[out] column_of_row shape [rows]; HEP_UNASSIGNED where a row has no partner
 * @param[in]  cost          shape [rows][columns], row by row; borrowed
 * @return HEP_EINVAL for a cost that is NaN or negative; HEP_ENOMEM
 */
int hep_assign(size_t *column_of_row, const double *cost, size_t rows, size_t columns,
               struct hep_error *err) HEP_MUST_CHECK;

#endif
