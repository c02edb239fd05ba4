#include "terms/flag.h"

const char *hep_flag_state_name(enum hep_flag_state state)
{
    static const char *const names[] = { "not_assessable", "absent", "present" };

    return names[state];
}

const char *hep_flag_name(enum hep_flag flag)
{
    static const char *const names[HEP_FLAG_COUNT] = {
        [HEP_FLAG_RESTRICTED_DIFFUSION] = "restricted_diffusion",
        [HEP_FLAG_T2_SHINE_THROUGH] = "t2_shine_through",
        [HEP_FLAG_RING_ENHANCEMENT] = "ring_enhancement",
        [HEP_FLAG_ARTERIAL_HYPERENHANCEMENT] = "arterial_hyperenhancement",
        [HEP_FLAG_WASHOUT] = "washout",
        [HEP_FLAG_PERIPHERAL_WASHOUT] = "peripheral_washout",
        [HEP_FLAG_HBP_HYPOINTENSITY] = "hbp_hypointensity",
        [HEP_FLAG_TARGETOID_DWI] = "targetoid_dwi",
        [HEP_FLAG_TARGETOID_HBP] = "targetoid_hbp",
        [HEP_FLAG_T2_TARGET] = "t2_target",
        [HEP_FLAG_FAT] = "fat",
        [HEP_FLAG_BLOOD_POOL] = "blood_pool",
        [HEP_FLAG_T1_HYPERINTENSITY] = "t1_hyperintensity",
    };

    return names[flag];
}
