/**
 * @file  sequences/acquisition.h
 * @brief How a series was acquired, from its JSON sidecar, in SI units.
 *
 * Every quantity may be unknown: numbers are then NaN, texts NULL, lists empty. Keys are those of
 * BIDS and dcm2niix. Only the fields below are taken from a sidecar: nothing about the person, the
 * date or the place is kept.
 *
 * Vendors (dcm2niix 1.0.20220720): Siemens 4-D dynamics hold FrameTimesStart [s], and their
 * RepetitionTime is the mean gap between frames while RepetitionTimeExcitation is the true one:
 * tr_s is the true one. Philips writes TriggerDelayTime in ms. GE writes no times. OPP_PHASE and
 * IN_PHASE arrive in ImageType split on '_' and are joined again.
 *
 * ContrastBolusStartTime is the DICOM attribute of that name, which `hepar import` adds.
 *
 * What is not written as BIDS asks is understood where it can mean one thing only, with a line in
 * `notes`: numbers as text; EchoTime and RepetitionTime in ms, by a value that no sequence has in
 * seconds, or a repetition time that no gradient echo of this echo time and flip angle has;
 * ContentTime, SeriesTime and TriggerTime for a missing AcquisitionTime; date and time together.
 */
#ifndef HEP_SEQUENCES_ACQUISITION_H
#define HEP_SEQUENCES_ACQUISITION_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

struct hep_json;

/** A list of owned lines of text. */
struct hep_lines {
    char **line;
    size_t n;
};

struct hep_acquisition {
    double te_s, tr_s, flip_rad;
    double repetition_time_s; /* RepetitionTime as written */
    double repetition_time_excitation_s;
    double field_t;            /* decimals kept: 2.89 is not 3 */
    double acquisition_time_s; /* time of day at which the acquisition began [s after midnight] */
    double trigger_delay_s;    /* start of this phase after the series began */
    double injection_clock_s;  /* ContrastBolusStartTime: time of day [s after midnight] */
    double time_since_injection_s; /* start of injection to centre of k-space */
    double b_s_per_mm2;            /* single-b series: from the sidecar or its texts */
    double *frame_times_s; /* start of each frame after acquisition_time_s, shape t; owned */
    size_t n_frame_times;
    double *te_list_s; /* EchoTime given as a list, shape e; owned */
    size_t n_te_list;
    double *b_list_s_per_mm2; /* "bValues"/"DiffusionBValue" list, shape t; owned */
    size_t n_b_list;
    char *series_description, *protocol_name, *sequence_name, *scanning_sequence; /* owned */
    char *manufacturer, *agent_text, *acquisition_type;                           /* owned */
    char **image_type; /* upper case, OPP_PHASE and IN_PHASE whole; owned */
    size_t n_image_type;
    double slice_thickness_mm, echo_train; /* thickness without the gap; echoes per excitation */
    bool fat_saturated;                    /* ScanOptions has FS */
    bool te_in_ms, has_inversion;          /* as written; InversionTime is there */
    struct hep_lines notes; /* what was understood in another way; owned, not copied */
};

/** All unknown. */
void hep_acquisition_init(struct hep_acquisition *a);
void hep_acquisition_release(struct hep_acquisition *a);
/** Deep copy into an uninitialised `out`. HEP_ENOMEM leaves it all unknown. */
int hep_acquisition_copy(struct hep_acquisition *out, const struct hep_acquisition *in,
                         struct hep_error *err) HEP_MUST_CHECK;

/**
 * Read the fields from a parsed sidecar into `a`, which is initialised or holds those of a less
 * specific sidecar; absent keys stay as they are.
 * @param[in] name for messages: "NAME: KEY: ..."
 * @return HEP_EFORMAT for a wrong type, a value outside its range (TE in (0, 1] s, TR in (0, 60] s,
 * flip in (0, 180] degrees, field in (0, 25] T, times in [0, 86400) s). A clock time that is none
 * stays unknown, with a note.
 */
int hep_acquisition_from_json(struct hep_acquisition *a, const struct hep_json *sidecar,
                              const char *name, struct hep_error *err) HEP_MUST_CHECK;
/** Parse n bytes of JSON, then as above. HEP_EFORMAT also for malformed JSON and repeated keys. */
int hep_acquisition_parse(struct hep_acquisition *a, const char *text, size_t n, const char *name,
                          struct hep_error *err) HEP_MUST_CHECK;
/** As hep_acquisition_parse() from a file. HEP_ENOENT, HEP_EIO. */
int hep_acquisition_read(struct hep_acquisition *a, const char *path,
                         struct hep_error *err) HEP_MUST_CHECK;

/** True when ImageType holds the token, upper case. */
bool hep_acquisition_has_type(const struct hep_acquisition *a, const char *token);

/**
 * A clock time "H:M[:S[.fraction]]", parts of one or two digits, or the DICOM form
 * "HHMMSS[.fraction]"; either behind a date, "2024-05-03T" or "20240503", and before a zone, "Z" or
 * "+hhmm", which are not looked at.
 * @param[out] s seconds after midnight; untouched on failure
 */
int hep_parse_clock(double *s, const char *text, struct hep_error *err) HEP_MUST_CHECK;

#endif
