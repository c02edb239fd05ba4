/**
 * @file  datasets/carry.h
 * @brief A file of the source in the dataset, without a copy where the file system allows.
 *
 * Automatic is a hard link, else, where source and dataset lie on different file systems, a symbolic one, else a copy. A
 * hard link is no way out of a study: it is read like any file. A symbolic link leads out of the study, so a run reads it
 * only with --follow-links, which `hepar validate` gives for a dataset that says that it holds some.
 */
#ifndef HEP_DATASETS_CARRY_H
#define HEP_DATASETS_CARRY_H

#include "base/error.h"

enum hep_carry {
    HEP_CARRY_AUTO,
    HEP_CARRY_HARD,
    HEP_CARRY_SYMBOLIC,
    HEP_CARRY_COPY,
    HEP_CARRY_WAYS
};
/** "auto", "hard", "symbolic", "copy". */
const char *hep_carry_name(enum hep_carry way);

/**
 * Make `to` from the file `from`; what stood there before is replaced. Makes the folder.
 * @param[out] done how: hard, symbolic or copy
 * @return HEP_EIO when the way that was asked for is not to be had; HEP_ECREAT, HEP_ENOENT, HEP_ENOMEM
 */
int hep_carry_file(enum hep_carry *done, const char *from, const char *to, enum hep_carry way,
                   struct hep_error *err) HEP_MUST_CHECK;

#endif
