/**
 * @file  protocols/check_rules.h
 * @brief Tests behind the rules of protocol_check.h. Each appends what is wrong, or nothing.
 */
#ifndef HEP_PROTOCOLS_CHECK_RULES_H
#define HEP_PROTOCOLS_CHECK_RULES_H

#include "pipeline/config/config.h"

#define HEP_CHECK_TEST(name)                                                                       \
    void hep_check_##name(struct hep_str *what, const struct hep_config *cfg,                      \
                          const struct hep_agent *agent)

/* Diffusion, fat and the choice of series: check_series.c. */
HEP_CHECK_TEST(no_b0);
HEP_CHECK_TEST(one_b);
HEP_CHECK_TEST(no_b_values);
HEP_CHECK_TEST(adc_subset);
HEP_CHECK_TEST(adc_perfusion);
HEP_CHECK_TEST(ivim_too_few);
HEP_CHECK_TEST(ivim_no_dstar);
HEP_CHECK_TEST(kurtosis_b);
HEP_CHECK_TEST(low_b_max);
HEP_CHECK_TEST(averages);
HEP_CHECK_TEST(echo_phases);
HEP_CHECK_TEST(echo_order);
HEP_CHECK_TEST(multi_echo_few);
HEP_CHECK_TEST(multi_echo_flip);
HEP_CHECK_TEST(echo_times_rise);
HEP_CHECK_TEST(iron_field);
HEP_CHECK_TEST(thick_slices);
HEP_CHECK_TEST(no_detection);
HEP_CHECK_TEST(no_contrast);
HEP_CHECK_TEST(nothing_required);
HEP_CHECK_TEST(nothing_expected);
HEP_CHECK_TEST(breath_hold);

/* Contrast and time: check_timing.c. */
HEP_CHECK_TEST(no_agent);
HEP_CHECK_TEST(agent_auto);
HEP_CHECK_TEST(no_hepatobiliary);
HEP_CHECK_TEST(phase_name);
HEP_CHECK_TEST(window_outside);
HEP_CHECK_TEST(window_wider);
HEP_CHECK_TEST(nominal_outside);
HEP_CHECK_TEST(overlap);
HEP_CHECK_TEST(too_close);
HEP_CHECK_TEST(washout);
HEP_CHECK_TEST(early_hepatobiliary);
HEP_CHECK_TEST(dynamic_without_pre);
HEP_CHECK_TEST(hepatobiliary_without_pre);
HEP_CHECK_TEST(dynamic_sequence);
HEP_CHECK_TEST(hepatobiliary_sequence);
HEP_CHECK_TEST(injected_before);
HEP_CHECK_TEST(fat_after_contrast);
HEP_CHECK_TEST(dwi_after_contrast);
HEP_CHECK_TEST(waiting_too_long);
HEP_CHECK_TEST(long_wait);
HEP_CHECK_TEST(second_visit);

#endif
