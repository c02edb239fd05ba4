/**
 * @file  terms/response.h
 * @brief How treatment has worked, in the words of RECIST 1.1.
 * Source: Eisenhauer et al., Eur J Cancer 2009;45:228-247
 */
#ifndef HEP_TERMS_RESPONSE_H
#define HEP_TERMS_RESPONSE_H

/** Complete response, partial response, stable disease, progression, not evaluable. */
enum hep_response {
    HEP_RESPONSE_CR,
    HEP_RESPONSE_PR,
    HEP_RESPONSE_SD,
    HEP_RESPONSE_PD,
    HEP_RESPONSE_NE,
    HEP_RESPONSE_COUNT /* none: the baseline */
};

/** "CR", "PR", "SD", "PD", "NE"; NULL for HEP_RESPONSE_COUNT. */
const char *hep_response_name(enum hep_response response);
/** HEP_RESPONSE_COUNT for a word that is none of them, and for NULL. */
enum hep_response hep_response_parse(const char *name);

#endif
