/**
 * @file  dicom/export_parts.h
 * @brief What the exported objects have in common, and the writer of each.
 */
#ifndef HEP_DICOM_EXPORT_PARTS_H
#define HEP_DICOM_EXPORT_PARTS_H

#include "dicom/dump.h"
#include "dicom/library.h"
#include "terms/anatomy.h"
#include "report/measure.h"

/** A coded concept. Static. */
struct hep_code {
    const char *value, *scheme, *meaning;
};

/** One segment of the segmentation: an organ or a lesion. */
struct hep_segment {
    const struct hep_labels *labels;  /* borrowed */
    int32_t value;                    /* the voxels that are in it */
    enum hep_anatomy organ;           /* NONE: a lesion */
    const struct hep_finding *lesion; /* NULL: an organ; borrowed */
};

/** What is exported of one study. Borrowed but for `segment`. */
struct hep_export_source {
    const char *label; /* sub-01_ses-1 */
    const struct hep_original *original;
    const struct hep_library *library; /* of the report */
    const struct hep_grid *grid;
    const struct hep_found *found;           /* NULL: no lesions were looked for */
    const struct hep_map_measures *measures; /* of the liver; NULL */
    struct hep_segment *segment;             /* owned by whoever made it */
    size_t n_segments;
    const char *content;     /* hash of the results: new results are new objects */
    const char *path, *work; /* of the object to write; work folder */
};

/** UIDs of an object: they follow from the original study, the results and `what`. */
struct hep_export_uids {
    char series[HEP_UID_BYTES], instance[HEP_UID_BYTES];
};
int hep_export_uids(struct hep_export_uids *out, const struct hep_export_source *s,
                    const char *what, struct hep_error *err) HEP_MUST_CHECK;
/** The same of one object of a series of many. */
int hep_export_slice_uids(struct hep_export_uids *out, const struct hep_export_source *s,
                          const char *what, size_t slice, struct hep_error *err) HEP_MUST_CHECK;
/** Tracking UID of a lesion. */
int hep_export_tracking_uid(char uid[HEP_UID_BYTES], const struct hep_export_source *s,
                            const struct hep_finding *lesion, struct hep_error *err) HEP_MUST_CHECK;

/** Patient, study, series and equipment, with those of the original where they are its. */
void hep_export_header(struct hep_dump *d, const struct hep_export_source *s,
                       const struct hep_export_uids *uids, const char *sop_class,
                       const char *modality, unsigned series_number, const char *description);
/** One reference to an object: its class and instance. */
void hep_export_reference(struct hep_dump *d, const char *sop_class, const char *instance);
/** One reference to an original image, or to its frame of an object of several. */
void hep_export_image(struct hep_dump *d, const struct hep_original_slice *image);

/** Functional groups of multi-frame objects in the planes of the originals: size and orientation of the
 * pixels, the plane of a frame, the image that it was made from. */
void hep_export_geometry(struct hep_dump *d, const struct hep_original *o,
                         const struct hep_grid *grid);
void hep_export_plane(struct hep_dump *d, const struct hep_original_slice *from);
void hep_export_derivation(struct hep_dump *d, const struct hep_original_slice *from,
                           const char *code, const char *meaning);
/** The original series with its instances. */
void hep_export_instances(struct hep_dump *d, const struct hep_original *o);
/** What frames are ordered by: an attribute (NULL: none), then position. */
int hep_export_dimensions(struct hep_dump *d, const char *content, const char *tag,
                          const char *group, const char *label,
                          struct hep_error *err) HEP_MUST_CHECK;

extern const char hep_seg_class[], hep_sr_class[];
/** Concept of an organ. */
struct hep_code hep_export_organ(enum hep_anatomy organ);

/** DICOM SEG, and a structured report (TID 1500) that refers to it. */
int hep_export_seg(const struct hep_export_source *s, struct hep_error *err) HEP_MUST_CHECK;
int hep_export_sr(const struct hep_export_source *s, struct hep_error *err) HEP_MUST_CHECK;
/** A Parametric Map of float pixels. `original` and `grid` are those of the map. */
int hep_export_map(const struct hep_export_source *s, enum hep_measure measure,
                   const struct hep_volume *map, struct hep_error *err) HEP_MUST_CHECK;

/** Derived MR images in the folder `path`. */
int hep_export_mr(const struct hep_export_source *s, enum hep_measure measure,
                  const struct hep_volume *map, struct hep_error *err) HEP_MUST_CHECK;

#endif
