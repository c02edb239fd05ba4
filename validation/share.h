/**
 * @file  validation/share.h
 * @brief What of a validation may leave the house: figures, and a row per lesion under running numbers. Within the room.
 *
 * Nothing in it names a study, a file, a place or a date, and there is no picture and no position.
 */
#ifndef HEP_VALIDATION_SHARE_H
#define HEP_VALIDATION_SHARE_H

#include "validation/facts.h"

/** One file of an archive; borrowed. */
struct hep_shared_file {
    const char *name;
    const void *data;
    size_t n;
};
/** PATH: a tar archive, deflated, of plain files without owner and time; atomic. The same files give the same bytes. */
int hep_share_write(const char *path, const struct hep_shared_file *files, size_t n,
                    struct hep_error *err) HEP_MUST_CHECK;

/** A row per true lesion and per finding on none, studies and persons by running numbers. */
int hep_share_lesions(struct hep_str *tsv, const struct hep_evaluated *e,
                      struct hep_error *err) HEP_MUST_CHECK;

#endif
