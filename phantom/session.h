/**
 * @file  phantom/session.h
 * @brief The same person at another session: how the body lies, what it weighs, how fat the liver
 *        is and how well it takes up, and on which day.
 * Model:   the whole anatomy is displaced by the difference of two breath-holds (SD 6 mm up and
 *          down, 2 mm front to back, 1 mm sideways, and a smooth bend of SD 1.5 mm; the levels of
 *          "shift" and "deform" multiply these), labels and texture by the nearest node; lesions
 *          move with their centre and keep their shape, for they are stiffer than the liver around
 *          them. From one day on, fat under the skin changes by up to 10 % and the muscle beneath
 *          makes room for it or takes its place; the liver's fat fraction changes by up to 3 points
 *          and its uptake by up to 10 %, both times the level of variation. The first session is as
 *          a study without sessions
 * Source:  breath-holds as in phantom/event.h; the changes of weight, fat and uptake are an expert's
 *          estimate
 */
#ifndef HEP_PHANTOM_SESSION_H
#define HEP_PHANTOM_SESSION_H

#include "phantom/anatomy.h"

/** Fat under the skin of this session; give it before the organs are labelled. */
void hep_session_weigh(struct hep_shape *shape, const struct hep_sim_settings *s, uint64_t person);
/** Fat and uptake of the liver, and of focal fat and sparing, which are liver. */
void hep_session_change_liver(struct hep_study_tissues *tissues, struct hep_lesion_list *lesions,
                              const struct hep_sim_settings *s, uint64_t person);
/** Displace labels, texture and the centres of lesions; lesions are painted afterwards. HEP_ENOMEM
 */
int hep_session_pose(struct hep_anatomy *a, struct hep_lesion_list *gone,
                     const struct hep_sim_settings *s, uint64_t person,
                     struct hep_error *err) HEP_MUST_CHECK;

#define HEP_SESSION_DATE 80
/** "1912-03-05", of a year that is known to be none of a scan; with intervals below a day also the
 * time. */
void hep_session_date(char out[HEP_SESSION_DATE], const struct hep_sim_settings *s,
                      unsigned session, uint64_t person);
/** BIDS_DIR/sub-NN/sub-NN_sessions.tsv and its dictionary. HEP_ECREAT, HEP_EIO, HEP_ENOMEM */
int hep_session_write_table(const char *bids_dir, const struct hep_sim_settings *s, uint64_t person,
                            struct hep_error *err) HEP_MUST_CHECK;

#endif
