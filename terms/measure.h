/**
 * @file  terms/measure.h
 * @brief The dictionary of measures: what Hepar measures of a lesion, a liver and a study, one row
 *        each (terms/measures.def), expanded to one small index per concrete measure.
 *
 * Code says HEP_M_ADC, or hep_measure_of_phase(HEP_MF_RATIO, phase) for one of a family. Everything
 * that is written or read takes name, unit, words and meaning from here.
 * Source:  concepts: DICOM PS3.16, context groups 7469 to 7472
 * Threads: the first call of any function expands the table, once
 */
#ifndef HEP_TERMS_MEASURE_H
#define HEP_TERMS_MEASURE_H

#include "terms/image_kind.h"
#include "terms/phase.h"
#include "terms/shell.h"
#include "terms/unit.h"

#include <stdbool.h>

enum hep_subject { HEP_SUBJECT_LESION, HEP_SUBJECT_LIVER, HEP_SUBJECT_STUDY };
/** "lesion", "liver", "study". */
const char *hep_subject_name(enum hep_subject subject);

/** How a value stands in the JSON object of its subject. */
enum hep_measure_form {
    HEP_FORM_MEMBER,     /* a number; "a.b": member b of the object a */
    HEP_FORM_VALUE,      /* {"value", "unit"}; of a lesion, in "measurements" */
    HEP_FORM_STATISTICS, /* {"median", "iqr", ...} of a map */
    HEP_FORM_COLUMN      /* in tables only */
};

/** What a family has one measure for. */
enum hep_measure_over {
    HEP_OVER_ONE,
    HEP_OVER_PHASES,   /* precontrast to hepatobiliary */
    HEP_OVER_ENHANCED, /* arterial to hepatobiliary */
    HEP_OVER_SIGNALS,  /* the images whose value in a lesion is no measure of its own */
    HEP_OVER_SHELLS,   /* each shell of each image */
    HEP_OVER_TARGETS,  /* the images whose rim and core are compared */
};
enum {
    HEP_OVER_ONE_N = 1,
    HEP_OVER_PHASES_N = HEP_PHASE_COUNT,
    HEP_OVER_ENHANCED_N = HEP_PHASE_COUNT - HEP_PHASE_ARTERIAL,
    HEP_OVER_SIGNALS_N = HEP_IMAGE_COUNT - 4,
    HEP_OVER_SHELLS_N = HEP_IMAGE_COUNT * HEP_SHELL_COUNT,
    HEP_OVER_TARGETS_N = 6,
};

/** HEP_M_x: the measure x. HEP_MF_x: the first of the family x. */
enum hep_measure {
#define LESION(id, ...) HEP_M_##id,
#define MEASURE(id, ...) HEP_M_##id,
#define FAMILY(id, over, ...)                                                                      \
    HEP_MF_##id, HEP_MF_##id##_LAST = HEP_MF_##id + HEP_OVER_##over##_N - 1,
#define MAP(id, over, ...) HEP_M_##id, HEP_M_##id##_LAST = HEP_M_##id + HEP_OVER_##over##_N - 1,
#include "terms/measures.def"
#undef LESION
#undef MEASURE
#undef FAMILY
#undef MAP
    HEP_MEASURE_COUNT /* also: no measure */
};

/** How many maps are measured. */
enum {
    HEP_MEASURE_MAPS = 0
#define LESION(...)
#define MEASURE(...)
#define FAMILY(...)
#define MAP(id, over, ...) +HEP_OVER_##over##_N
#include "terms/measures.def"
#undef LESION
#undef MEASURE
#undef FAMILY
#undef MAP
};

/** A coded concept of DICOM. */
struct hep_concept {
    const char *scheme, *value, *meaning; /* NULL: DICOM has none for it */
};

/** Where a measure of a lesion stands among the others: "rim", "adc", "estimate". */
struct hep_measure_place {
    const char *region, *map, *statistic; /* map "": of none */
};

/** A row of the table; texts of a family hold {image}, {shell}, {phase} or {acq}. */
struct hep_measure_row {
    enum hep_measure first;
    enum hep_measure_over over;
    int n; /* measures of the row */
    enum hep_subject subject;
    enum hep_measure_form form;
    const char *name;
    int unit;      /* enum hep_unit, or HEP_UNIT_OF_IMAGE */
    int digits;    /* decimals of the shown unit; HEP_DIGITS_HIDDEN: in files only */
    double lo, hi; /* range of colours and histograms, shown unit; both 0: none */
    const struct hep_concept *concept;
    const char *words, *meaning, *source;
    const char *product, *series; /* of a map; else NULL */
    bool is_main;                 /* a column of lesions.tsv */
    struct hep_measure_place place;
};
#define HEP_UNIT_OF_IMAGE HEP_UNIT_N
#define HEP_DIGITS_HIDDEN (-1)

const struct hep_measure_row *hep_measure_rows(int *n);
/** Row of a measure. */
const struct hep_measure_row *hep_measure_row(enum hep_measure m);

/** JSON member: "adc_mm2_per_s", "arterial_ratio". Static, as all texts here. */
const char *hep_measure_name(enum hep_measure m);
/** Column of a table: the name; of a liver "liver_" and the name. */
const char *hep_measure_column(enum hep_measure m);
/** For people: "ADC", "arterial: over liver". */
const char *hep_measure_words(enum hep_measure m);
/** One sentence. */
const char *hep_measure_meaning(enum hep_measure m);
enum hep_unit hep_measure_unit(enum hep_measure m);
/** Of a measure of a lesion. No two have the same. */
struct hep_measure_place hep_measure_place(enum hep_measure m);
/** HEP_MEASURE_COUNT when there is none. */
enum hep_measure hep_measure_at(const char *region, const char *map, const char *statistic);
/** Product and series of a map ("re_art", "arterial"); NULL for what is no map. */
const char *hep_measure_product(enum hep_measure m);
const char *hep_measure_series(enum hep_measure m);
/** Map k of HEP_MEASURE_MAPS, in the order of the rows. */
enum hep_measure hep_measure_map(int k);

/** By name, in constant time; HEP_MEASURE_COUNT when the subject has none of this name. */
enum hep_measure hep_measure_find(enum hep_subject subject, const char *name);
/** Measures of a family. HEP_MEASURE_COUNT where the family has none: no enhancement before
 * contrast, no targetoid index of most images. */
enum hep_measure hep_measure_of_phase(enum hep_measure family, enum hep_phase phase);
enum hep_measure hep_measure_of_image(enum hep_measure family, enum hep_image image);
enum hep_measure hep_measure_of_shell(enum hep_measure family, enum hep_image image,
                                      enum hep_shell shell);

/** Values of one subject by index. Zeroed: none. */
struct hep_measures {
    double value[HEP_MEASURE_COUNT]; /* NaN: could not be measured */
    bool has[HEP_MEASURE_COUNT];     /* false: the study has not what it is measured in */
};
/** HEP_MEASURE_COUNT is passed over. */
void hep_measures_set(struct hep_measures *of, enum hep_measure m, double value);
/** NaN when there is none. */
double hep_measures_get(const struct hep_measures *of, enum hep_measure m);

#endif
