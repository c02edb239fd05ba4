/**
 * @file  pipeline/stages/plausible.h
 * @brief Maps that the liver's medians contradict are withheld: no result rests on them any more.
 *
 * The liver stage asks, which is the first to know the liver. It declares HEP_JUDGED_INPUTS. What
 * is withheld stays in its file with the reason in the sidecar (hep_run_withhold()).
 */
#ifndef HEP_PIPELINE_STAGES_PLAUSIBLE_H
#define HEP_PIPELINE_STAGES_PLAUSIBLE_H

#include "fitting/echo_pair.h"
#include "fitting/iron_signal.h"
#include "fitting/multiecho.h"
#include "liver/plausible.h"
#include "pipeline/results/plausibility.h"

#define HEP_JUDGED_INPUTS                                                                          \
    HEP_READS_MAP("adc", HEP_UNIT_MM2_PER_S), HEP_READS_MAP("ff", HEP_UNIT_FRACTION),              \
        HEP_READS_MAP("pdff", HEP_UNIT_FRACTION), HEP_READS_STRUCT("dwi_order"),                   \
        HEP_READS_STRUCT("fat")

/** The maps as they are before anything is withheld, and what is known of them. */
struct hep_judging {
    const struct hep_volume *map[HEP_JUDGED_COUNT]; /* borrowed; NULL when the study has none */
    /* That the signals contradict what the images are called; NULL: none. That of diffusion is
     * borrowed. */
    const char *evidence[HEP_JUDGED_COUNT];
    char pair[HEP_ECHO_PAIR_REASON], iron_text[HEP_IRON_REASON], echoes[HEP_ECHO_MISFIT_REASON];
    char elsewhere[HEP_JUDGED_COUNT][HEP_FAT_ELSEWHERE_REASON];
    const struct hep_dualecho_facts *dual; /* borrowed; NULL without two echoes */
    struct hep_iron_estimate iron;         /* of the liver; the liver stage fills it */
    struct hep_plausibility verdicts;
};

/** Take up the maps before anything is withheld. */
int hep_judging_open(struct hep_judging *out, struct hep_run *run,
                     struct hep_error *err) HEP_MUST_CHECK;
/**
 * Judge every map, and withhold what is contradicted; what was withheld before and is not any more
 * is a result again.
 * @param[in] liver, anatomy on the reference grid; NULL: by the evidence alone
 */
int hep_judging_run(struct hep_judging *j, struct hep_run *run, const struct hep_labels *liver,
                    const struct hep_labels *anatomy, struct hep_error *err) HEP_MUST_CHECK;
/** Warn of what is withheld, and give the product "plausibility". */
int hep_judging_put(const struct hep_judging *j, struct hep_run *run,
                    struct hep_error *err) HEP_MUST_CHECK;

#endif
