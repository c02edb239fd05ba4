/**
 * @file  datasets/description.h
 * @brief What a public set of patients holds and how it is laid out: configs/datasets/NAME.yml.
 *
 * A path is a pattern below the source: {case} stands for one person, any other {word} for a part that is of no further
 * interest, * for anything within a folder or file name. A description says what is stated of the set and what is not
 * known; nothing else of it is in the program. A new set of usual form (images and masks by name, or boxes as those of
 * LLD-MMRI) needs a new file here and nothing more.
 */
#ifndef HEP_DATASETS_DESCRIPTION_H
#define HEP_DATASETS_DESCRIPTION_H

#include "base/yaml.h"
#include "terms/lesion_class.h"
#include "terms/role.h"

enum hep_set_form { HEP_SET_NIFTI, HEP_SET_DICOM, HEP_SET_PNG };

/** What the truth of a set says something of. */
struct hep_set_judged {
    bool liver, lesions, classes, inventory;
};

struct hep_set_series {
    const char *path;  /* NULL: by its phase in the file of boxes */
    const char *phase; /* word of the file of boxes; NULL */
    enum hep_role role;
    bool
        assumed; /* the set does not state what the series is: it is told only so that it can be read */
    int form; /* enum hep_set_form; HEP_SET_DICOM: the path is a folder of files */
};

struct hep_set_mask {
    const char *path;
    int what;        /* 0 the liver, 1 lesions */
    double from, to; /* values inside, inclusive */
    double rater;    /* 0: the only one, or a consensus */
    int form;       /* enum hep_set_form; HEP_SET_PNG: a stack of slices, HEP_SET_DICOM: a folder */
    bool reversed;  /* slices of a stack run from the head down */
    const char *on; /* path of the series whose grid a stack has; NULL */
    const char *table, *label; /* JSON whose member "labels" says which value is `label`; NULL */
    const char *class_name;    /* of every lesion; NULL: not known */
};

struct hep_set_class {
    double value; /* in the file of boxes; NaN */
    const char *name, *title;
    enum hep_lesion_class lesion_class; /* HEP_CLASS_COUNT: withheld */
    bool malignant;
};

/** A figure that others published of the set. */
struct hep_set_published {
    const char *measure; /* "macro_f1", "kappa", "liver_dice" */
    const char *what, *source;
    double from, to; /* lowest and highest */
};

/** Types of series that readers gave. */
struct hep_set_types {
    const char *file; /* CSV with a line of names */
    const char *case_column, *series_column, *label_column;
    const char *names, *names_key, *names_value; /* a second CSV: words of the labels; NULL */
};
struct hep_set_type {
    const char *contains; /* of the type's words, in any case */
    enum hep_role role;
};

/** Classes of persons: a table (.csv, or .tsv with tabs) whose first line names the columns. */
struct hep_set_persons {
    const char *file; /* NULL: none */
    /* The cell of the class is the name, title or value of a row of `classes`; an empty one says nothing. */
    const char *case_column, *class_column;
};

struct hep_set {
    const char *name, *title, *citation, *url, *terms, *ask;
    const char **alias, **stated, **unknown, **root, **need; /* owned lists of borrowed texts */
    size_t n_aliases, n_stated, n_unknown, n_roots, n_needs;
    double case_from; /* cases whose number is lower belong to another part of the set; NaN */
    struct hep_set_judged judged;
    const char *boxes, *image; /* file of boxes, and pattern of an image that it names; NULL */
    struct hep_set_series *series;
    size_t n_series;
    struct hep_set_mask *mask;
    size_t n_masks;
    struct hep_set_class *class;
    size_t n_classes;
    struct hep_set_published *published;
    size_t n_published;
    struct hep_set_persons persons;
    struct hep_set_types types;
    struct hep_set_type *type;
    size_t n_types;
    struct hep_yaml_doc *doc; /* owns the texts */
};

/** @return HEP_ENOENT, HEP_EIO, HEP_ECONFIG "file:line:column: ..."; release in any case */
int hep_set_read(struct hep_set *out, const char *path, struct hep_error *err) HEP_MUST_CHECK;
void hep_set_release(struct hep_set *s);

/**
 * The description of a set by its name or alias, of which only letters and digits count ("LLD-MMRI", "AMOS22 MR"), or by
 * the path of a file that ends in .yml.
 * @return HEP_ENOENT with the sets that are known
 */
int hep_set_find(struct hep_set *out, const char *name, struct hep_error *err) HEP_MUST_CHECK;

/** The class of this name; NULL. */
const struct hep_set_class *hep_set_class_named(const struct hep_set *s, const char *name);

#endif
