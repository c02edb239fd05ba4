/**
 * @file  terms/role.h
 * @brief What a series is for Hepar: its role, by the words of the protocol files.
 */
#ifndef HEP_TERMS_ROLE_H
#define HEP_TERMS_ROLE_H

#include "base/schema.h"

#include <stdbool.h>

enum hep_role {
    HEP_ROLE_UNKNOWN,     /* recognised as nothing that Hepar uses */
    HEP_ROLE_OPPOSED,     /* gradient echo, water and fat opposed */
    HEP_ROLE_IN_PHASE,    /* gradient echo, water and fat in phase */
    HEP_ROLE_ECHOES,      /* three or more gradient echoes, in order of echo time */
    HEP_ROLE_T2,          /* T2-weighted */
    HEP_ROLE_DWI,         /* diffusion-weighted, several b-values */
    HEP_ROLE_PRECONTRAST, /* T1-weighted before injection */
    HEP_ROLE_ARTERIAL,    /* T1-weighted phases after injection */
    HEP_ROLE_PORTAL_VENOUS,
    HEP_ROLE_DELAYED,      /* extracellular agents and gadobenate */
    HEP_ROLE_TRANSITIONAL, /* the same time with gadoxetate */
    HEP_ROLE_HEPATOBILIARY,
    HEP_ROLE_DYNAMIC,        /* a 4-D series that holds several T1-weighted phases */
    HEP_ROLE_LIVER_MASK,     /* a mask of the liver made elsewhere */
    HEP_ROLE_RESECTION_MASK, /* what an operation would remove */
    HEP_ROLE_LESION_MASK,    /* lesions drawn elsewhere; a study may have several */
    HEP_ROLE_LABELS,         /* a label map of organs made elsewhere */
    HEP_ROLE_T1_MAP,         /* T1 before contrast, as hepar fit t1 makes it */
    HEP_ROLE_T1_MAP_AFTER,   /* T1 after contrast */
    HEP_ROLE_COUNT
};

/** "opposed", "in_phase", "portal_venous", ...: static. "unknown" for values outside the enum. */
const char *hep_role_name(enum hep_role role);
/** The same for people: "portal venous": static. */
const char *hep_role_words(enum hep_role role);
/**
 * @param[out] role untouched on failure
 * @return HEP_EINVAL with the word met, and the nearest role when there is one
 */
int hep_role_from_name(enum hep_role *role, const char *name, struct hep_error *err) HEP_MUST_CHECK;
/** For a row of a table of keys (base/schema.h): the role that a scalar names, into an enum hep_role. */
hep_key_reader hep_read_role;

/** A single T1-weighted volume of the contrast series: precontrast to hepatobiliary. */
bool hep_role_is_t1_phase(enum hep_role role);
/** As above, after injection. */
bool hep_role_is_post_contrast(enum hep_role role);

/** Drawn, not measured: a mask or a label map. */
bool hep_role_is_mask(enum hep_role role);

/** BIDS acq- word of a T1 phase: pre art pv del trans hbp; NULL for the other roles. */
const char *hep_role_acq(enum hep_role role);
/** HEP_ROLE_UNKNOWN when the word is none of these. */
enum hep_role hep_role_from_acq(const char *acq);

#endif
