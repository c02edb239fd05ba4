#include "contrast/phase_order.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define PHASES_AGAINST_PRECONTRAST 2

enum tissue { LIVER, AORTA };
static const char *const tissue_words[] = { "liver", "aorta" };

static double signal_of(const struct hep_order_signals *s, enum tissue t)
{
    return t == LIVER ? s->liver : s->aorta;
}

/* A tissue in one phase over another; over muscle where both have it. NaN when not measured. */
static double over(const struct hep_order_signals *a, const struct hep_order_signals *b,
                   enum tissue t)
{
    const double muscle = b->muscle / a->muscle;

    return signal_of(a, t) / signal_of(b, t) * (isfinite(muscle) ? muscle : 1.0);
}

/* Darker than before contrast both as it is and over muscle: neither a gain nor the muscle's own enhancement
 * makes both. */
static bool is_dark(double *ratio, enum tissue *which, const struct hep_order_signals *after,
                    const struct hep_order_signals *before, double margin)
{
    for (int t = LIVER; t <= AORTA; t++) {
        *ratio = signal_of(after, (enum tissue)t) / signal_of(before, (enum tissue)t);
        *which = (enum tissue)t;
        if (*ratio < 1.0 - margin && over(after, before, *which) < 1.0 - margin)
            return true;
    }
    return false;
}

static void look_for_dark(char reason[HEP_PHASE_COUNT][HEP_ORDER_REASON],
                          const struct hep_order_signals *s, double margin)
{
    size_t n_dark = 0;
    double ratio;
    enum tissue which;

    for (int p = HEP_PHASE_ARTERIAL; p < HEP_PHASE_COUNT; p++) {
        if (!is_dark(&ratio, &which, &s[p], &s[HEP_PHASE_PRECONTRAST], margin))
            continue;
        n_dark++;
        (void)snprintf(reason[p], HEP_ORDER_REASON,
                       "the %s has %.2f times its signal before contrast, and no agent darkens it: "
                       "another phase than it is called",
                       tissue_words[which], ratio);
    }
    for (int p = HEP_PHASE_ARTERIAL; n_dark >= PHASES_AGAINST_PRECONTRAST && p < HEP_PHASE_COUNT;
         p++)
        (void)snprintf(reason[p], HEP_ORDER_REASON,
                       "liver or aorta are darker than before contrast in %zu phases, and no agent "
                       "darkens them: phases are exchanged with the series before contrast",
                       n_dark);
}

static void exchanged(char reason[HEP_PHASE_COUNT][HEP_ORDER_REASON], enum hep_phase a,
                      enum hep_phase b, enum tissue t, double ratio, const char *why)
{
    char text[HEP_ORDER_REASON];

    (void)snprintf(
        text, sizeof text,
        "the %s is %.2f times as bright in the %s as in the %s phase, but %s: the two are "
        "exchanged",
        tissue_words[t], ratio, hep_phase_words(a), hep_phase_words(b), why);
    if (reason[a][0] == '\0')
        (void)snprintf(reason[a], HEP_ORDER_REASON, "%s", text);
    if (reason[b][0] == '\0')
        (void)snprintf(reason[b], HEP_ORDER_REASON, "%s", text);
}

void hep_phase_order_judge(char reason[HEP_PHASE_COUNT][HEP_ORDER_REASON],
                           const struct hep_order_signals signals[HEP_PHASE_COUNT], double margin,
                           double aorta_margin)
{
    const double liver =
        over(&signals[HEP_PHASE_ARTERIAL], &signals[HEP_PHASE_PORTAL_VENOUS], LIVER);

    for (int p = 0; p < HEP_PHASE_COUNT; p++)
        reason[p][0] = '\0';
    look_for_dark(reason, signals, margin);
    if (liver > 1.0 + margin)
        exchanged(reason, HEP_PHASE_ARTERIAL, HEP_PHASE_PORTAL_VENOUS, LIVER, liver,
                  "the portal vein brings most of its blood");
    for (int a = HEP_PHASE_PORTAL_VENOUS; a < HEP_PHASE_COUNT; a++) {
        for (int b = a + 1; b < HEP_PHASE_COUNT; b++) {
            const double aorta = over(&signals[b], &signals[a], AORTA);

            if (aorta > 1.0 + aorta_margin)
                exchanged(reason, (enum hep_phase)b, (enum hep_phase)a, AORTA, aorta,
                          "blood only loses agent");
        }
    }
}
