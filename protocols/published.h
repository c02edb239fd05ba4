/**
 * @file  protocols/published.h
 * @brief What has been published of abbreviated protocols, from published.yml: each study as it
 *        stands, and whether they agree. Never one expected value.
 */
#ifndef HEP_PROTOCOLS_PUBLISHED_H
#define HEP_PROTOCOLS_PUBLISHED_H

#include "base/error.h"
#include "base/text.h"
#include "base/field.h"

#define HEP_PUBLISHED_PROTOCOLS 16

struct hep_published_study {
    const char *variant, *reference, *source, *mark; /* borrowed from the document */
    const char *finding;                             /* "no loss" or "loss" */
    double patients, lesions;                        /* NaN unknown */
    /* Fractions: one value, or lowest and highest of readers; NaN not given. */
    struct hep_span variant_sensitivity, reference_sensitivity;
    struct hep_span variant_small, reference_small; /* below 10 mm */
    const char *protocols[HEP_PUBLISHED_PROTOCOLS];
    size_t n_protocols;
};

struct hep_yaml_doc;
struct hep_published {
    struct hep_yaml_doc *doc; /* owned */
    struct hep_published_study *list;
    size_t n;
};

/** @return HEP_ENOENT, HEP_EIO, HEP_ECONFIG with line and column. Release in any case. */
int hep_published_read(struct hep_published *out, const char *path,
                       struct hep_error *err) HEP_MUST_CHECK;
void hep_published_release(struct hep_published *p);

bool hep_published_is_about(const struct hep_published_study *s, const char *protocol);

/** "Published results conflict: 2 studies report no loss, 1 a loss." or that they agree, or that
 * nothing is known. */
void hep_published_verdict(struct hep_str *out, const struct hep_published *p,
                           const char *protocol);

#endif
