/**
 * @file  lesions/flag_table.h
 * @brief From the margin of a flag to the probability that the flag is present, by a table that is
 *        data: configs/flags.yml.
 *
 * Model:   a margin m is the natural logarithm of a value over its limit, or a difference of
 *          fractions, positive on the side of present; s its standard error; d the lesion's diameter
 *          in voxels of the series as acquired (cube root of their volume).
 *          P(present) = missed + (1 - missed - mistaken) q,
 *          q = Phi((m + bias + bias_small / d) / sqrt(s^2 + (error + error_small / d)^2)),
 *          Phi the normal distribution function. `missed` is the share of lesions that have the sign although the measurement
 *          plainly shows none, as where rim and core were not told apart, `mistaken` that of lesions without it that plainly
 *          show it; both are 0 for a sign that is as good as its measurement. The bias is what partial volume and selection of
 *          the most extreme part do to m at that size, the error what they scatter beyond s.
 * Source:  probit regression with known error of the regressor: Carroll, Ruppert, Stefanski and
 *          Crainiceanu, Measurement Error in Nonlinear Models, 2006, sec. 4.8.2; rates that no margin overcomes: lapse rates of
 *          Wichmann and Hill, Percept Psychophys 2001;63:1293
 * Valid:   P rises with m; a larger s moves it towards one half; both for every table, as the
 *          errors are above 0. A table is fitted by lesions/flag_fit.h.
 */
#ifndef HEP_LESIONS_FLAG_TABLE_H
#define HEP_LESIONS_FLAG_TABLE_H

#include "base/error.h"
#include "base/text.h"
#include "terms/finding.h"

#define HEP_FLAG_MAX_SIZES 8
/** A flag that ranks lesions of a size no better than this area under the curve says nothing. */
#define HEP_FLAG_AREA_MIN 0.7
/** A sign that is missed or mistaken in half of the lesions says nothing: a table may not come near it. */
#define HEP_FLAG_RATE_MAX 0.45
/** Least `error`: no margin is known to better than 0.1 %. */
#define HEP_FLAG_ERROR_MIN 1e-3

/** How well the flag ranked the simulated lesions of a size that the fit had not seen. */
struct hep_flag_ranking {
    double below;   /* diameter [voxels]; from that of the size before it; infinite for the last */
    double lesions; /* of them */
    double area;    /* under the curve of P against the truth; NaN: too few lesions to tell */
};

struct hep_flag_model {
    double bias, bias_small, error, error_small; /* of the margin; the small ones times 1 / d */
    double missed, mistaken;                     /* shares, each below one half */
    struct hep_flag_ranking size[HEP_FLAG_MAX_SIZES];
    size_t n_sizes;
    /* On seeds that the fit had not seen; NaN unknown. */
    double lesions, area, sensitivity, specificity, not_assessable, calibration_error;
};

struct hep_flag_table {
    struct hep_yaml_doc *doc;
    const char *date, *fitted_on, *tested_on; /* borrowed from the document */
    struct hep_flag_model model[HEP_FLAG_COUNT];
};

/**
 * Read flags.yml.
 * @param[out] out untouched on failure; release with hep_flag_table_free()
 * @return HEP_ENOENT, HEP_EIO, HEP_ENOMEM; HEP_ECONFIG "file:line:column: ..." for a flag that is
 * missing, unknown flags and keys, numbers outside their range, sizes that do not rise
 */
int hep_flag_table_read(struct hep_flag_table **out, const char *path,
                        struct hep_error *err) HEP_MUST_CHECK;
/** The same from memory; `name` stands in messages. */
int hep_flag_table_parse(struct hep_flag_table **out, const char *text, size_t n, const char *name,
                         struct hep_error *err) HEP_MUST_CHECK;
/** The text of a file: the comment, then the table. */
void hep_flag_table_print(struct hep_str *out, const struct hep_flag_table *table,
                          const char *comment);
/** NULL is allowed. */
void hep_flag_table_free(struct hep_flag_table *table);

/** The argument of Phi; NaN for a NaN among the arguments. */
double hep_flag_z(const struct hep_flag_model *model, double margin, double se, double size_voxels);
/** P(present). */
double hep_flag_probability(const struct hep_flag_model *model, double margin, double se,
                            double size_voxels);
/** The row of that size; NULL when the table has none. */
const struct hep_flag_ranking *hep_flag_size_of(const struct hep_flag_model *model,
                                                double size_voxels);
/** Did the flag rank lesions of that size no better than HEP_FLAG_AREA_MIN? Then it says nothing of them. */
bool hep_flag_says_nothing(const struct hep_flag_model *model, double size_voxels);

#endif
