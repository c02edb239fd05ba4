/**
 * @file  dicom/clean.h
 * @brief Images and sidecars without personal data.
 *
 * Sidecars keep a list of keys that describe the acquisition, and nothing else. Whatever text is
 * kept loses every word that the headers give as part of a name, number, address, institution or
 * serial. Of NIfTI headers the free texts are emptied.
 */
#ifndef HEP_DICOM_CLEAN_H
#define HEP_DICOM_CLEAN_H

#include "dicom/header.h"

struct hep_json;

/** Words to be removed from texts; lower case. */
struct hep_personal {
    struct hep_lines words;
};
/** Add the words of an object's personal attributes. HEP_ENOMEM. */
int hep_personal_add(struct hep_personal *p, const struct hep_dicom_object *o,
                     struct hep_error *err) HEP_MUST_CHECK;
void hep_personal_release(struct hep_personal *p);
/** Remove the words from a text in place, case ignored; blanks around them become one. */
void hep_personal_remove(const struct hep_personal *p, char *text);

/** What the headers add to a sidecar; NULL and NaN: nothing. Borrowed. */
struct hep_sidecar_more {
    const char *agent, *injection;
    double b_s_per_mm2;
    double clock_s; /* time of day of this volume [s] */
    bool is_part;   /* one volume of several: what the sidecar says of all of them is dropped */
};
/** The sidecar of dcm2niix with what may be kept. @param[out] out the caller's */
int hep_clean_sidecar(struct hep_json **out, const char *path, const struct hep_sidecar_more *more,
                      const struct hep_personal *p, struct hep_error *err) HEP_MUST_CHECK;

/** A plain NIfTI-1 file of dcm2niix in memory. Start with `{ 0 }`. */
struct hep_plain_nifti {
    unsigned char *bytes; /* owned */
    size_t n, offset, volume_bytes;
    size_t nz, nt; /* slices, volumes */
};
int hep_plain_nifti_read(struct hep_plain_nifti *out, const char *path,
                         struct hep_error *err) HEP_MUST_CHECK;
void hep_plain_nifti_release(struct hep_plain_nifti *f);
/** PATH.nii.gz of all volumes (volume < 0) or of one, with empty free texts; the same bytes again. */
int hep_plain_nifti_write(const struct hep_plain_nifti *f, long volume, const char *path,
                          struct hep_error *err) HEP_MUST_CHECK;

#endif
