/**
 * @file  base/error.h
 * @brief Status codes and the caller-owned error record that every fallible function fills.
 *
 * A function returns HEP_OK or one negative status, and describes the failure in a
 * struct hep_error that its caller owns. The first description is kept: callers pass codes up
 * unchanged, only the stage runner adds study and stage. Library code never prints, exits, jumps or
 * aborts on input; broken invariants of our own are assert()ed.
 */
#ifndef HEP_BASE_ERROR_H
#define HEP_BASE_ERROR_H

#include "base/banned.h"

#define HEP_MUST_CHECK __attribute__((warn_unused_result))
#define HEP_PRINTF(fmt_index, first_arg) __attribute__((format(printf, fmt_index, first_arg)))

enum hep_status {
    HEP_OK = 0,
    HEP_EINVAL = -1,    /* argument outside its documented range */
    HEP_ENOMEM = -2,    /* memory could not be had */
    HEP_EIO = -3,       /* the operating system refused a read or a write */
    HEP_EFORMAT = -4,   /* the bytes are not what the format says */
    HEP_EGEOM = -5,     /* shapes, affines or units of two images disagree */
    HEP_EGRAPH = -6,    /* stage table: missing producer, cycle, duplicate */
    HEP_ENOENT = -7,    /* an input that was named is not there */
    HEP_ECREAT = -8,    /* an output cannot be created */
    HEP_EUSAGE = -9,    /* command line */
    HEP_ECONFIG = -10,  /* a protocol or setting is wrong */
    HEP_EDATA = -11,    /* well formed input that cannot be used, such as a single b-value */
    HEP_ETEMP = -12,    /* interrupted or busy: the same command is expected to succeed later */
    HEP_EDATASET = -13, /* the folder is not a valid dataset */
    HEP_ELEVEL = -14,   /* unknown BIDS-App analysis level */
    HEP_EFILTER = -15,  /* the filters selected nothing */
    HEP_EPARTIAL = -16  /* finished, but some studies failed */
};

/** Caller-owned; start with `struct hep_error e = { 0 };`. One line of text, no newline. */
struct hep_error {
    enum hep_status code;
    const char *where; /* function name, static storage */
    char msg[512];
};

/**
 * Record a failure and return its code.
 * @param[in,out] err   may be NULL; left alone when it already holds a failure
 * @param[in]     code  not HEP_OK
 * @param[in]     where static string
 * @param[in]     fmt   value met, value allowed, unit; no newline. Control characters that come
 * from file content are replaced by '?'.
 * @return code
 */
int hep_fail(struct hep_error *err, enum hep_status code, const char *where, const char *fmt, ...)
    HEP_PRINTF(4, 5);

/** `code` is read twice. It is also the value, so that compilers and analysers know it is not
 * HEP_OK. */
#define HEP_FAIL(err, code, ...)                                                                   \
    hep_fail_code(hep_fail((err), (code), __func__, __VA_ARGS__), (code))
static inline int hep_fail_code(int recorded, enum hep_status code)
{
    (void)recorded;
    return code;
}

/**
 * Put "prefix: " before a recorded message, truncating at the end of the buffer.
 * For the few places that know the file or the stage a lower floor cannot know.
 * @return err->code, or HEP_OK when err is NULL or empty
 */
int hep_error_prefix(struct hep_error *err, const char *fmt, ...) HEP_PRINTF(2, 3);

#endif
