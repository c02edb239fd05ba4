/**
 * @file  datasets/cases.h
 * @brief The cases of a set as its folder holds them: files by role, boxes, and what is missing or wrong.
 */
#ifndef HEP_DATASETS_CASES_H
#define HEP_DATASETS_CASES_H

#include "datasets/description.h"
#include "datasets/pattern.h"
#include "sequences/lines.h"

struct hep_case_series {
    const struct hep_set_series *row;
    char *path;                /* owned */
    struct hep_captures words; /* of its pattern */
    double spacing_mm
        [3]; /* that the file of boxes states: in plane, and the thickness of slices; NaN: nothing stated */
    char type[80];           /* that readers gave; "" */
    enum hep_role type_role; /* HEP_ROLE_COUNT: no row of type_roles knows the type */
};

struct hep_case_box {
    size_t lesion, series;  /* indices within the case */
    double low[3], high[3]; /* voxels: first, and one beyond the last */
};

struct hep_case_lesion {
    long index; /* its key in the file of boxes */
    const struct hep_set_class *class;
};

struct hep_case {
    char *name; /* as the set calls it; owned */
    struct hep_captures words;
    struct hep_case_series *series; /* owned */
    size_t n_series;
    struct hep_case_lesion *lesion; /* owned */
    size_t n_lesions;
    struct hep_case_box *box; /* owned */
    size_t n_boxes;
    const struct hep_set_class *class; /* of the person; NULL: not told */
    char excluded[256];                /* why nothing can be made of it; "" */
    struct hep_lines notes;
};

struct hep_cases {
    struct hep_case *list; /* owned; natural order of names */
    size_t n;
    char *root; /* folder of the source where the layout begins; owned */
};

/**
 * @param[out] out release in any case
 * @return HEP_EDATASET with what differs from the layout: folders or files that are not there, a file of boxes of another
 *         form, images of none of its patients; HEP_ENOENT, HEP_EFORMAT, HEP_EIO, HEP_ENOMEM
 */
int hep_cases_find(struct hep_cases *out, const struct hep_set *set, const char *source,
                   struct hep_error *err) HEP_MUST_CHECK;
void hep_cases_release(struct hep_cases *c);

/* Within the room. */
int hep_cases_add(struct hep_case **out, struct hep_cases *all, const char *name,
                  struct hep_error *err) HEP_MUST_CHECK;
int hep_case_add_series(struct hep_case_series **out, struct hep_case *c,
                        const struct hep_set_series *row, const char *path,
                        struct hep_error *err) HEP_MUST_CHECK;
/** Cases of a set whose lesions are boxes in a JSON file. */
int hep_cases_of_boxes(struct hep_cases *out, const struct hep_set *set,
                       struct hep_error *err) HEP_MUST_CHECK;
/** Read what the tables of a set say: types that readers gave to the series, classes of persons. */
int hep_cases_read_tables(struct hep_cases *c, const struct hep_set *set,
                          struct hep_error *err) HEP_MUST_CHECK;

#endif
