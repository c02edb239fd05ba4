/**
 * @file  lesions/flag.h
 * @brief Flags: how probable each is, from what was measured, or not assessable with the reason.
 *
 * Model:   every condition of a flag is a margin: ln(value / limit), or a difference of fractions,
 *          positive on the side of present, with its standard error. Divided by its error it is the
 *          argument of P (lesions/flag_table.h). A flag that asks for several things has the
 *          smallest of these arguments, one that asks for any of several parts the largest: all come
 *          from the same few voxels, so their errors go together, and for errors that do, minimum
 *          and maximum are right (Frechet bounds), where products would count the same doubt once
 *          for every condition and the same chance once for every part.
 * Source:  restriction against T2 shine-through: Taouli and Koh, Radiology 2010;254:47-66, with the
 *          limits of Mungai et al., Medicine 2014; ring, peripheral washout, targetoid: ACR LI-RADS
 *          v2018 as a dictionary of signs, no LI-RADS category is given; which phases show washout:
 *          Maino et al., World J Gastroenterol 2023;29:5180; limits are settings (lesions/limits.h);
 *          minimum and maximum: Frechet, Ann Univ Lyon A 1951;14:53-77
 * Differs: a ring must also enhance more than the liver beside it, since a rim between core and
 *          liver may be their mixture within a voxel
 * Valid:   what a flag needs and the study lacks makes it not assessable, never absent
 */
#ifndef HEP_LESIONS_FLAG_H
#define HEP_LESIONS_FLAG_H

#include "lesions/flag_table.h"
#include "lesions/measure.h"

/** Restricted up to the first, shine-through from the second [mm2/s]. */
void hep_restriction_limits(double *restricted_max, double *shine_min, double adc_liver_mm2_per_s,
                            const struct hep_lesion_limits *limits);

/** 1 for a discontinuous rim as bright as blood, peripheral nodules as in haemangioma, 0 for none;
 * of the phase with the stronger ring, NaN when there is none to judge. */
double hep_nodular_peripheral(const struct hep_lesion_measures *m);

/** Judge one flag, whatever the others are. */
struct hep_flag_result hep_flag_judge(enum hep_flag flag, const struct hep_lesion_measures *m,
                                      const struct hep_flag_table *table);

/* ---- parts of hep_flag_judge(), for the files of this module --------------------------------- */

/** A flag that is being judged. */
struct hep_flag_case {
    const struct hep_lesion_measures *m;
    const struct hep_flag_table *table;
    const struct hep_flag_model *model; /* of the flag */
    double size_voxels;                 /* diameter in voxels of the first image that it needs */
    /* Another flag of the same lesion, which some ask for: hep_flag_judge(). */
    struct hep_flag_result (*judge)(enum hep_flag flag, const struct hep_lesion_measures *m,
                                    const struct hep_flag_table *table);
};

/* One function per row of terms/flags.def; the images that the row needs are there. */
#define FLAG(id, name, ...)                                                                        \
    void hep_judge_##name(struct hep_flag_result *flag, const struct hep_flag_case *c);
#include "terms/flags.def"
#undef FLAG

struct hep_estimate_se hep_measured_whole(const struct hep_lesion_measures *m,
                                          enum hep_image image);
struct hep_estimate_se hep_measured_zone(const struct hep_lesion_measures *m, enum hep_image image,
                                         enum hep_shell shell);
/** a / b, of independent numbers: of two images. */
struct hep_estimate_se hep_measured_ratio(struct hep_estimate_se a, struct hep_estimate_se b);

/** A condition: how far it lies on the side of present. */
struct hep_margin {
    double by, se;
    const char *what; /* "it gains less than liver": why it fails when it decides; NULL: its own
                         number says it */
};
/** A condition that is not asked: it limits nothing. */
extern const struct hep_margin hep_margin_none;
/** ln(x / limit), and its negative: above or below a limit counts. A value at or below 0 is taken
 * as a thousandth of the limit. */
struct hep_margin hep_margin_above(struct hep_estimate_se x, double limit);
struct hep_margin hep_margin_below(struct hep_estimate_se x, double limit);
struct hep_margin hep_margin_not(struct hep_margin a);
struct hep_margin hep_margin_say(struct hep_margin a, const char *what);
/** Both: the one with the smaller argument of P; either: the one with the larger. */
struct hep_margin hep_margin_both(const struct hep_flag_case *c, struct hep_margin a,
                                  struct hep_margin b);
struct hep_margin hep_margin_either(const struct hep_flag_case *c, struct hep_margin a,
                                    struct hep_margin b);
/** Argument of P; infinite for hep_margin_none. */
double hep_margin_z(const struct hep_flag_case *c, struct hep_margin a);

/** Do rim and core differ by what is seen beside the liver? */
struct hep_margin hep_target_is_seen(const struct hep_lesion_measures *m, enum hep_image image);

/** Set probability, state and reason: the sentence, what decided, and how sure it is. */
void hep_flag_decide(struct hep_flag_result *flag, const struct hep_flag_case *c,
                     struct hep_margin margin, struct hep_estimate_se x, double limit,
                     const char *fmt, ...) HEP_PRINTF(6, 7);

/** False, with the flag set to not assessable, when the image is missing. */
bool hep_flag_needs(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                    enum hep_image image);
/** As above, also when the phase lies outside its window or the agent has none. */
bool hep_flag_needs_phase(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                          enum hep_phase phase);
/** False, with the flag set to not assessable, when rim or core holds no voxel that is its own. */
bool hep_flag_needs_shells(struct hep_flag_result *flag, const struct hep_lesion_measures *m,
                           enum hep_image image);

#endif
