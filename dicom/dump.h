/**
 * @file  dicom/dump.h
 * @brief A DICOM data set as the text that dump2dcm of dcmtk turns into a file.
 *
 * Sequences are opened and closed; values lose what would end them in that text. Elements may be given
 * in any order.
 */
#ifndef HEP_DICOM_DUMP_H
#define HEP_DICOM_DUMP_H

#include "base/sha256.h"
#include "base/text.h"

/** Start with `{ 0 }`; release `text`. */
struct hep_dump {
    struct hep_str text;
};
/** "0008,0060", "CS", "SEG". NULL or "" writes an element without a value. */
void hep_dump_put(struct hep_dump *d, const char *tag, const char *vr, const char *value);
void hep_dump_putf(struct hep_dump *d, const char *tag, const char *vr, const char *fmt, ...)
    HEP_PRINTF(4, 5);
void hep_dump_open(struct hep_dump *d, const char *tag); /* sequence with its first item */
void hep_dump_next(struct hep_dump *d);                  /* the next item */
void hep_dump_close(struct hep_dump *d);
/** A sequence with one coded concept. */
void hep_dump_code(struct hep_dump *d, const char *tag, const char *value, const char *scheme,
                   const char *meaning);

#define HEP_UID_BYTES 65
/** A UID that follows from a text: 2.25. and the first 128 bits of its SHA-256 as a decimal number
 * (PS3.5 B.2). */
int hep_dicom_uid(char uid[HEP_UID_BYTES], const char *text, struct hep_error *err) HEP_MUST_CHECK;

/**
 * Write the object, and empty and release the text, in any case.
 * @param[in] work a folder for the text and what dump2dcm says
 * @return HEP_ENOENT without dump2dcm; HEP_EIO when it fails; HEP_ENOMEM
 */
int hep_dump_write(struct hep_dump *d, const char *path, const char *work,
                   struct hep_error *err) HEP_MUST_CHECK;

#endif
