/**
 * @file  validation/report.h
 * @brief The sections of a validation's report. Within the room.
 */
#ifndef HEP_VALIDATION_REPORT_H
#define HEP_VALIDATION_REPORT_H

#include "validation/document.h"
#include "validation/facts.h"
#include "validation/validate.h"

struct hep_validation {
    const struct hep_validate_request *q;
    const struct hep_evaluated *e;
    const struct hep_set_facts *facts;
    struct hep_set_folders where;
    const char *dir; /* OUT/validation */
    bool anonymous;  /* for sharing: no label, no picture */
};

/** All sections; pictures of the worst cases are written into DIR/pictures. */
int hep_validation_write(struct hep_document *d, const struct hep_validation *v,
                         struct hep_error *err) HEP_MUST_CHECK;

/* Sections of figures. */
void hep_validation_detection(struct hep_document *d, const struct hep_validation *v);
void hep_validation_classes(struct hep_document *d, const struct hep_validation *v);
void hep_validation_flags(struct hep_document *d, const struct hep_validation *v);
void hep_validation_liver(struct hep_document *d, const struct hep_validation *v);
void hep_validation_inventory(struct hep_document *d, const struct hep_validation *v);

#endif
