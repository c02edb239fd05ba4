/**
 * @file  phantom/disease.h
 * @brief How the lesions of one person change from session to session.
 * Model:   with t days since a lesion was first seen, its diameter is the first one times
 *          - responding: 1 - s (1 - exp(-(t / 30)^2)), s from 0.1 to 0.6 for each lesion, D times
 *            1 + a (1 - exp(-t / 5)), a from 0.2 to 0.6 and D at most 2.6e-3 mm2/s, so that
 *            diffusion rises before the lesion shrinks; blood flow falls by up to a half and the rim
 *            becomes thinner by up to 0.4 as it shrinks, for the core is what is left
 *          - growing: 2^(t / T), T the doubling time of the diameter, 100 to 400 days (of the
 *            volume a third); the rim keeps its thickness in mm
 *          Metastases follow the course: all respond (response) or grow (growth), every other one
 *          (mixed), one grows and the others respond (oligoprogression), none changes (stable), or
 *          one is coagulated with 5 to 10 mm around it before the second session, in 4 of 10 with
 *          a nodule left at the zone's edge, and the others stay as they are (ablation). Everything
 *          that is no metastasis stays as it is. New metastases of 5 to 15 mm come as a Poisson
 *          number and grow; a responding one of at most 15 mm at first vanishes with a probability
 *          in each session, or when it falls below 3 mm. Both rates are for 56 days
 * Source:  RECIST's follow-up of 6 to 8 weeks (Eisenhauer et al., Eur J Cancer 2009;45:228-247);
 *          the early rise of the ADC at 3 and 7 days: Cui et al., Radiology 2008;248:894-900;
 *          margins of ablation of 5 to 10 mm and the T1-bright zone with a thin even rim: reviews of
 *          liver metastases (Maino et al., World J Gastroenterol 2023;29:5180). The other amplitudes
 *          are an expert's estimate
 * Differs: lesions do not merge or split; a lesion grows only as far as there is room in the liver
 */
#ifndef HEP_PHANTOM_DISEASE_H
#define HEP_PHANTOM_DISEASE_H

#include "phantom/lesion.h"

/** Days from the first to this session. */
double hep_sim_session_day(const struct hep_sim_settings *s, unsigned session);

/**
 * Give every lesion of `ground->list`, which is as at the first session, its identity, and change
 * them to what they are in s->session.
 * @param[out]    gone    those that have vanished, as they last were
 * @param[in]     tissues as at the first session
 * @param[in]     seed    of the person
 * @return HEP_ENOMEM
 */
int hep_disease_progress(const struct hep_lesion_ground *ground, struct hep_lesion_list *gone,
                         const struct hep_sim_settings *s, const struct hep_study_tissues *tissues,
                         uint64_t seed, struct hep_error *err) HEP_MUST_CHECK;

/** "L03" of an identity. */
#define HEP_IDENTITY_LABEL 16
void hep_sim_identity(char out[HEP_IDENTITY_LABEL], unsigned identity);

#endif
