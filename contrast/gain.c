#include "contrast/gain.h"

#include "contrast/enhancement.h"

#include <math.h>

#define SIGMAS 2.0    /* standard errors beyond equal before anything is corrected */
#define NOISE_SE 0.05 /* two medians of 500 samples and more, and parallel imaging */
#define PARTS_MIN 2   /* one sample alone cannot be contradicted */
/* Least spread between people of what muscle enhances by: five simulated studies show 0.046 to
 * 0.065 in gadoxetate's hepatobiliary phase. */
#define EXPECTED_SD_MIN 0.01

const char *hep_gain_name(enum hep_gain_state state)
{
    switch (state) {
    case HEP_GAIN_PLAUSIBLE:
        return "plausible";
    case HEP_GAIN_SUSPECT:
        return "gain_suspect";
    case HEP_GAIN_CORRECTED:
        return "gain_corrected";
    case HEP_GAIN_ASSUMED:
        return "gain_assumed";
    case HEP_GAIN_NOT_ASSESSABLE:
        return "not_assessable";
    }
    return "?";
}

const char *hep_gain_basis_name(enum hep_gain_basis basis)
{
    switch (basis) {
    case HEP_GAIN_FROM_NOTHING:
        return "nothing";
    case HEP_GAIN_FROM_MUSCLE:
        return "muscle";
    case HEP_GAIN_FROM_ONE_SERIES:
        return "one series";
    case HEP_GAIN_FROM_BODY:
        return "body outside the liver";
    case HEP_GAIN_FROM_NOISE:
        return "noise";
    }
    return "?";
}

bool hep_gain_known(const struct hep_gain *gain)
{
    return gain->state != HEP_GAIN_NOT_ASSESSABLE;
}

void hep_gain_apply(const struct hep_gain *gain, float *signal, size_t n)
{
    if (gain->state != HEP_GAIN_CORRECTED)
        return;
    for (size_t i = 0; i < n; i++)
        signal[i] = (float)(gain->factor * (double)signal[i]);
}

/** The agent's range for muscle in a phase; both NaN without one. */
static void expected_range(double out[2], const struct hep_agent *agent, enum hep_phase phase)
{
    for (int k = 0; k < 2; k++)
        out[k] = agent == NULL ? (double)NAN : agent->muscle_re[phase][k].value;
}

double hep_gain_muscle_expected(const struct hep_agent *agent, enum hep_phase phase)
{
    double range[2];

    expected_range(range, agent, phase);
    return 0.5 * (range[0] + range[1]);
}

/** Relative enhancement of positive signals, else NaN. */
static double enhancement(double before, double after)
{
    return after > 0.0 ? hep_relative_enhancement(before, after) : (double)NAN;
}

double hep_gain_by_muscle(const struct hep_agent *agent, enum hep_phase phase, double muscle_before,
                          double muscle_after)
{
    return (1.0 + hep_gain_muscle_expected(agent, phase)) /
           (1.0 + enhancement(muscle_before, muscle_after));
}

/** Spread of ln k over the parts that have a signal in both series. */
static void spread_of(struct hep_gain *g, const struct hep_gain_tissue *before,
                      const struct hep_gain_tissue *after)
{
    double sum = 0.0, squares = 0.0;

    g->n_parts = 0;
    for (int k = 0; k < HEP_GAIN_PARTS; k++) {
        const double x = log(1.0 + enhancement(before->part[k], after->part[k]));

        if (!isfinite(x))
            continue;
        g->n_parts++;
        sum += x;
        squares += x * x;
    }
    if (g->n_parts >= PARTS_MIN) {
        const double n = (double)g->n_parts;

        g->spread = sqrt(fmax(0.0, squares - sum * sum / n) / (n - 1.0));
    }
}

static void set_ratio(struct hep_gain *g)
{
    g->ratio = (1.0 + g->re) / (1.0 + 0.5 * (g->expected[0] + g->expected[1]));
}

static void measure_muscle(struct hep_gain *g, const struct hep_gain_evidence *e)
{
    const double want = 0.5 * (g->expected[0] + g->expected[1]),
                 want_sd = fmax(EXPECTED_SD_MIN, 0.5 * (g->expected[1] - g->expected[0]));
    const size_t before = e->muscle_before.n, after = e->muscle_after.n;

    g->basis = HEP_GAIN_FROM_MUSCLE;
    g->re = enhancement(e->muscle_before.median, e->muscle_after.median);
    g->n_voxels = before < after ? before : after;
    set_ratio(g);
    spread_of(g, &e->muscle_before, &e->muscle_after);
    g->ratio_se = hypot(g->spread / sqrt((double)g->n_parts), want_sd / (1.0 + want));
}

static void measure_body(struct hep_gain *g, const struct hep_gain_evidence *e)
{
    g->basis = HEP_GAIN_FROM_BODY;
    g->re = e->body_ratio - 1.0;
    g->n_voxels = e->body_voxels;
    if (g->expected[0] > 0.0)
        g->expected[0] = 0.0; /* fat does not enhance */
    set_ratio(g);
}

/** Further from equal than two standard errors; where the error is not known, than nothing. Muscle knows the gain to a
 * few percent; noise and body leave a range that counts as equal. */
static bool is_far_from_equal(const struct hep_gain *g, const struct hep_gain_limits *limits)
{
    const double room = SIGMAS * (isfinite(g->ratio_se) ? g->ratio_se : 0.0), k = log(g->ratio);

    if (g->basis == HEP_GAIN_FROM_MUSCLE)
        return fabs(k) > room;
    return k < log(limits->equal[0]) - room || k > log(limits->equal[1]) + room;
}

/** "muscle enhances by 204 %, expected 11 to 16 %". */
static void say_tissue(char *out, size_t n, const struct hep_gain *g)
{
    char upper[32] = "", expected[96] = "; what is expected of this agent and phase is not known";

    if (g->expected[1] > g->expected[0])
        (void)snprintf(upper, sizeof upper, " to %.3g", g->expected[1] * 100.0);
    if (isfinite(g->ratio))
        (void)snprintf(expected, sizeof expected, ", expected %.3g%s %%", g->expected[0] * 100.0,
                       upper);
    (void)snprintf(out, n, "%s enhances by %.3g %%%s",
                   g->basis == HEP_GAIN_FROM_MUSCLE
                       ? "muscle"
                       : "no muscle was found; the body outside the liver",
                   g->re * 100.0, expected);
}

/** The sentence: what enhances, by how much, what follows. */
static void say(struct hep_gain *g, const struct hep_gain_limits *limits, const char *verdict)
{
    char tissue[192], times[96] = "", se[32] = "";

    say_tissue(tissue, sizeof tissue, g);
    if (g->state == HEP_GAIN_CORRECTED)
        (void)snprintf(se, sizeof se, " (standard error %.2g)", g->ratio * g->ratio_se);
    if (isfinite(g->ratio))
        (void)snprintf(times, sizeof times, ": receive gain %s%.2f%s times that before contrast",
                       g->basis == HEP_GAIN_FROM_MUSCLE ? "" : "about ", g->ratio, se);
    if (g->basis == HEP_GAIN_FROM_MUSCLE && isfinite(g->ratio))
        (void)snprintf(g->reason, sizeof g->reason,
                       "%s%s%s (corrected beyond %g points and two standard errors)", tissue, times,
                       verdict, limits->margin * 100.0);
    else
        (void)snprintf(g->reason, sizeof g->reason, "%s%s%s (equal within %g to %g %%)", tissue,
                       times, verdict, limits->re[0] * 100.0, limits->re[1] * 100.0);
}

static void cannot(struct hep_gain *g, const struct hep_gain_limits *limits)
{
    const size_t used = strlen(g->reason);

    g->state = limits->correct ? HEP_GAIN_NOT_ASSESSABLE : HEP_GAIN_ASSUMED;
    if (!limits->correct)
        (void)snprintf(g->reason + used, sizeof g->reason - used,
                       "; taken as equal, as enhancement.gain_correction = false says");
}

/** What to do about an enhancement outside the limits. */
static void judge_outside(struct hep_gain *g, const struct hep_gain_limits *limits)
{
    const bool muscle = g->basis == HEP_GAIN_FROM_MUSCLE, known = isfinite(g->ratio);

    if (known && (!is_far_from_equal(g, limits) || (muscle && !limits->correct))) {
        g->state = HEP_GAIN_SUSPECT;
        say(g, limits, ", left as it is");
    } else if (muscle && known && g->n_parts >= PARTS_MIN && limits->correct) {
        g->state = HEP_GAIN_CORRECTED;
        g->factor = 1.0 / g->ratio;
        say(g, limits, ", corrected");
    } else {
        say(g, limits,
            !muscle ? ", and only muscle would tell it well enough to correct it"
            : known ? ", from too few voxels to be checked and corrected"
                    : "");
        cannot(g, limits);
    }
}

static void judge_tissue(struct hep_gain *g, const struct hep_gain_limits *limits)
{
    const bool likely =
        g->re >= g->expected[0] - limits->margin && g->re <= g->expected[1] + limits->margin;
    const bool told =
        g->basis == HEP_GAIN_FROM_MUSCLE && g->n_parts >= PARTS_MIN && isfinite(g->ratio);

    if (g->spread > limits->spread_max) {
        (void)snprintf(g->reason, sizeof g->reason,
                       "%zu samples of muscle disagree about the receive gain: standard deviation "
                       "%.3g %%, at most %.3g %%",
                       g->n_parts, g->spread * 100.0, limits->spread_max * 100.0);
        cannot(g, limits);
    } else if (g->re < limits->re[0] || g->re > limits->re[1] || (told && !likely)) {
        judge_outside(g, limits);
    } else if (likely) {
        g->state = HEP_GAIN_PLAUSIBLE;
        say(g, limits, ", as good as equal");
    } else if (isfinite(g->ratio)) {
        g->state = HEP_GAIN_SUSPECT;
        say(g, limits, ", left as it is");
    } else {
        g->state = HEP_GAIN_PLAUSIBLE;
        say(g, limits, "");
    }
}

/* Noise of the air, which the body must bear out. */
static void judge_noise(struct hep_gain *g, const struct hep_gain_evidence *e,
                        const struct hep_gain_limits *limits)
{
    const double body = e->body_ratio / e->noise_ratio - 1.0;
    const bool agree = isfinite(g->expected[1])
                           ? body > -limits->margin && body < g->expected[1] + limits->margin
                           : body > limits->re[0] && body < limits->re[1];
    const char *verdict;

    g->basis = HEP_GAIN_FROM_NOISE;
    g->n_voxels = e->body_voxels;
    g->re = e->body_ratio - 1.0;
    g->ratio = e->noise_ratio;
    g->ratio_se = NOISE_SE;
    if (agree && !is_far_from_equal(g, limits)) {
        g->state = HEP_GAIN_PLAUSIBLE;
        verdict = "as good as equal";
    } else if (agree && limits->correct) {
        g->state = HEP_GAIN_CORRECTED;
        g->factor = 1.0 / g->ratio;
        verdict = "corrected";
    } else {
        verdict = agree ? "left as it is" : "which the body contradicts";
    }
    (void)snprintf(
        g->reason, sizeof g->reason,
        "no muscle was found; the noise of the air is %.2f times that before contrast, and "
        "the body outside the liver then enhances by %.3g %%: receive gain %s",
        g->ratio, 100.0 * body, verdict);
    if (!agree)
        cannot(g, limits);
    else if (g->state == HEP_GAIN_NOT_ASSESSABLE)
        g->state = HEP_GAIN_SUSPECT;
}

void hep_gain_judge(struct hep_gain *out, const struct hep_agent *agent, enum hep_phase phase,
                    const struct hep_gain_evidence *e, const struct hep_gain_limits *limits)
{
    const double none = (double)NAN;

    *out = (struct hep_gain){
        .factor = 1.0, .ratio = none, .ratio_se = none, .re = none, .spread = none
    };
    expected_range(out->expected, agent, phase);
    if (isfinite(enhancement(e->muscle_before.median, e->muscle_after.median))) {
        measure_muscle(out, e);
        judge_tissue(out, limits);
    } else if (e->one_series) {
        out->basis = HEP_GAIN_FROM_ONE_SERIES;
        out->state = HEP_GAIN_PLAUSIBLE;
        (void)snprintf(out->reason, sizeof out->reason,
                       "no muscle was found; the phase and the series before contrast are volumes "
                       "of one file with one scaling");
    } else if (e->body_ml >= limits->body_min_ml && e->body_ratio > 0.0 && e->noise_ratio > 0.0) {
        judge_noise(out, e, limits);
    } else if (e->body_ml >= limits->body_min_ml && e->body_ratio > 0.0) {
        measure_body(out, e);
        judge_tissue(out, limits);
    } else {
        (void)snprintf(out->reason, sizeof out->reason,
                       "no muscle was found, and %.3g mL of other tissue outside the liver (%g mL "
                       "needed): the receive gain cannot be judged",
                       e->body_ml, limits->body_min_ml);
        cannot(out, limits);
    }
}
