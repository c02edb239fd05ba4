/**
 * @file  base/json_put.h
 * @brief Building JSON results without a check after every line: the status is carried along, and a
 *        child that is given is always taken over.
 */
#ifndef HEP_BASE_JSON_PUT_H
#define HEP_BASE_JSON_PUT_H

#include "base/json.h"

/** A status that starts at HEP_OK, with the error record that describes it. */
struct hep_put {
    int rc;
    struct hep_error *err;
};

/** Set a member, or append to an array; after the first failure they only free the child. */
void hep_put(struct hep_put *p, struct hep_json *object, const char *key, struct hep_json *child);
void hep_put_item(struct hep_put *p, struct hep_json *array, struct hep_json *child);

/** Hand over a result that is complete, or free it. @return the status */
int hep_put_done(struct hep_put *p, struct hep_json **out, struct hep_json *root) HEP_MUST_CHECK;

void hep_put_text(struct hep_put *p, struct hep_json *object, const char *key, const char *text);
void hep_put_number(struct hep_put *p, struct hep_json *object, const char *key, double value);
void hep_put_count(struct hep_put *p, struct hep_json *object, const char *key, size_t value);
void hep_put_bool(struct hep_put *p, struct hep_json *object, const char *key, bool value);
void hep_put_numbers(struct hep_put *p, struct hep_json *object, const char *key,
                     const double *values, size_t n);

#endif
