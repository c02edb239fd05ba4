/**
 * @file  visits/markers.h
 * @brief The baseline's values of each lesion beside the published means of lesions that answered to treatment and of
 *        those that did not (configs/markers.yml), as places on one scale: numbers, not a verdict.
 */
#ifndef HEP_VISITS_MARKERS_H
#define HEP_VISITS_MARKERS_H

#include "base/schema.h"
#include "base/table.h"
#include "visits/visits.h"

#define HEP_MARKERS_MAX 16
/** Texts are borrowed from the document. */
struct hep_marker {
    const char *value, *words, *favourable, *source, *mark;
    double responders, responders_sd, non_responders, non_responders_sd; /* NaN: not published */
};
struct hep_markers {
    struct hep_marker list[HEP_MARKERS_MAX];
    size_t n;
    struct hep_yaml_doc *doc; /* owned */
};

/** @return HEP_ENOENT, HEP_ECONFIG "file:line:column: ..." */
int hep_markers_read(struct hep_markers *out, const char *path,
                     struct hep_error *err) HEP_MUST_CHECK;
void hep_markers_release(struct hep_markers *m);

/** 0 at the mean of lesions that did not answer, 1 at that of those that did; NaN where either is not published. */
double hep_marker_place(const struct hep_marker *m, double value);

/** One row per lesion of the baseline and marker that has a value. Release. */
int hep_followed_markers(struct hep_table *out, const struct hep_followed *f,
                         struct hep_error *err) HEP_MUST_CHECK;

#endif
