/**
 * @file  terms/flag.h
 * @brief The flags of a lesion and the states that they may have.
 */
#ifndef HEP_TERMS_FLAG_H
#define HEP_TERMS_FLAG_H

enum hep_flag_state { HEP_FLAG_NOT_ASSESSABLE, HEP_FLAG_ABSENT, HEP_FLAG_PRESENT };
/** "not_assessable", "absent", "present". */
const char *hep_flag_state_name(enum hep_flag_state state);

enum hep_flag {
    HEP_FLAG_RESTRICTED_DIFFUSION,
    HEP_FLAG_T2_SHINE_THROUGH,
    HEP_FLAG_RING_ENHANCEMENT,
    HEP_FLAG_ARTERIAL_HYPERENHANCEMENT,
    HEP_FLAG_WASHOUT,
    HEP_FLAG_PERIPHERAL_WASHOUT,
    HEP_FLAG_HBP_HYPOINTENSITY,
    HEP_FLAG_TARGETOID_DWI,
    HEP_FLAG_TARGETOID_HBP,
    HEP_FLAG_T2_TARGET,
    HEP_FLAG_FAT,
    HEP_FLAG_BLOOD_POOL,
    HEP_FLAG_T1_HYPERINTENSITY,
    HEP_FLAG_COUNT
};
/** "restricted_diffusion", ... as in lesions.json. */
const char *hep_flag_name(enum hep_flag flag);

#endif
