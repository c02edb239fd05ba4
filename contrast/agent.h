/**
 * @file  contrast/agent.h
 * @brief Contrast agents as data: dose, relaxivities, hepatic share, phase windows, and the phases
 * in which washout may be judged.
 *
 * Everything is read from agents.yml, where each number stands with its source and a mark:
 * "verified" (read in that source) or "general" (general knowledge, to be checked before it is
 * quoted). Texts are borrowed from the set's document. A struct hep_agent may be copied by value
 * while its set lives: that is how a protocol overrides a window or a dose. Errors in the file:
 * HEP_ECONFIG "file:line:column: ...", with "did you mean" for mistyped keys.
 */
#ifndef HEP_CONTRAST_AGENT_H
#define HEP_CONTRAST_AGENT_H

#include "terms/phase.h"

#include <stdbool.h>
#include <stddef.h>

enum hep_mark { HEP_MARK_GENERAL, HEP_MARK_VERIFIED, HEP_MARK_FITTED };
extern const char *const hep_mark_words[]; /* "general", "verified", "fitted", NULL */

/** One number of the file with its provenance; value is NaN when the agent has none. */
struct hep_sourced {
    double value;
    const char *source; /* NULL when absent */
    enum hep_mark mark;
};

/** Times after the start of the injection at which a phase is valid. nominal lies inside window. */
struct hep_window {
    bool defined; /* false: the agent has no such phase */
    double window_s[2], nominal_s[2];
    const char *source;
    enum hep_mark mark;
};

/** Relaxivities at one field [1/s per mmol/L]. */
struct hep_relaxivity {
    double field_t;
    double r1_blood, r1_hepatocyte, r2_blood;
    const char *source;
    enum hep_mark mark;
    bool interpolated; /* between two tabulated fields */
    bool extrapolated; /* beyond the table: the end value is used */
};

#define HEP_AGENT_MAX_FIELDS 8
#define HEP_AGENT_MAX_ALIASES 64

struct hep_agent {
    const char *name, *short_name, *title; /* "gadoxetate", "EOB", ... */
    const char *aliases[HEP_AGENT_MAX_ALIASES];
    size_t n_aliases;
    struct hep_sourced dose_mmol_per_kg;
    struct hep_sourced hepatic_frac;       /* share of the dose that leaves through the liver */
    struct hep_sourced plasma_decay_per_s; /* extra loss from plasma by uptake; 0 for none */
    struct hep_sourced uptake_relative;    /* liver uptake rate Ki as a multiple of gadoxetate's */
    struct hep_sourced uptake_start_s;     /* NaN when the liver takes up nothing */
    struct hep_relaxivity fields[HEP_AGENT_MAX_FIELDS]; /* rising field */
    size_t n_fields;
    double field_range_t[2]; /* outside: refused */
    struct hep_window windows[HEP_PHASE_COUNT];
    bool washout[HEP_PHASE_COUNT]; /* phases in which washout may be judged */
    const char *washout_source;
    enum hep_mark washout_mark;
    struct hep_sourced hbp_adequate_above;   /* liver/vessel signal ratio; NaN: no such phase */
    struct hep_sourced hbp_inadequate_up_to; /* at and below */
    /* Expected RE of muscle at this dose, fraction, by phase; NaN when there is no such phase. */
    struct hep_sourced muscle_re[HEP_PHASE_COUNT][2];
};

struct hep_agents; /* the set; owns the document and every text */

/** Read agents.yml. HEP_ENOENT, HEP_EIO, HEP_ECONFIG, HEP_ENOMEM. */
int hep_agents_read(struct hep_agents **out, const char *path,
                    struct hep_error *err) HEP_MUST_CHECK;
/** The same from memory; `name` stands in messages. */
int hep_agents_parse(struct hep_agents **out, const char *text, size_t n, const char *name,
                     struct hep_error *err) HEP_MUST_CHECK;
void hep_agents_free(struct hep_agents *set);

/**
 * The agent of a protocol: its name or short name, ASCII case ignored, or a trade name as
 * hep_agents_resolve() recognises it.
 * @return HEP_ECONFIG with the names allowed and "did you mean"
 */
int hep_agents_find(const struct hep_agent **out, const struct hep_agents *set, const char *name,
                    struct hep_error *err) HEP_MUST_CHECK;

/** What a free text such as DICOM's ContrastBolusAgent says. */
struct hep_agent_match {
    const struct hep_agent *agent; /* NULL: not recognised or ambiguous; never a guess */
    const char *alias; /* the alias found, or the nearest one for a message; may be NULL */
    char warning[256]; /* empty when recognised */
};
/**
 * Recognise "Primovist 0.25 mmol/mL", "GD-EOB-DTPA (10 ml)", ...: an alias must occur as whole
 * words, case and punctuation ignored. Two agents in one text is ambiguous. NULL or blank text is a
 * warning.
 */
void hep_agents_resolve(struct hep_agent_match *out, const struct hep_agents *set,
                        const char *text);

/** Does a text say that the agent is not known ("unknown", in any case)? */
bool hep_agent_is_unknown(const char *text);
/** Of an agent that is only supposed: washout may be judged in the phases in which it may be with every agent of the set, and
 * its name is "unknown". */
void hep_agents_suppose(struct hep_agent *agent, const struct hep_agents *set);

/**
 * Relaxivities at any field: linear between the tabulated fields, end values beyond them.
 * @param[in] b0_t [T], decimals matter (2.89)
 * @return HEP_EINVAL outside agent->field_range_t or when not finite
 */
int hep_agent_relaxivity(struct hep_relaxivity *out, const struct hep_agent *agent, double b0_t,
                         struct hep_error *err) HEP_MUST_CHECK;

/** May washout be judged in this phase? `reason` gets one sentence; size n, may be NULL. */
bool hep_agent_washout_allowed(const struct hep_agent *agent, enum hep_phase phase, char *reason,
                               size_t n);

/** "delayed" read with a hepatobiliary agent that has a transitional phase instead, and the
 * reverse; other phases unchanged. */
enum hep_phase hep_agent_phase(const struct hep_agent *agent, enum hep_phase phase);

#endif
