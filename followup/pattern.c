#include "followup/pattern.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
    const char *name, *words, *source;
} rows[HEP_PATTERN_N] = {
    { "early_adc_rise", "early rise of ADC before shrinkage",
      "Cui et al., Radiology 2008;248:894; Maino et al., World J Gastroenterol 2023;29:5180" },
    { "oligoprogression", "few lesions grow while the others do not",
      "Cheung, Br J Radiol 2016;89:20160251" },
    { "dissociated_response", "some lesions grow while others shrink",
      "van Kessel et al., Eur J Cancer 2013;49:2486" },
    { "disappearing_lesion", "vanished by detection, still shown by an image",
      "Benoist et al., J Clin Oncol 2006;24:3939: residual tumour in most; Maino et al., 2023: 7 "
      "to 24 % on MRI" },
    { "pseudocirrhosis", "smaller liver with an uneven surface", "Jha et al., AJR 2010;194:993" },
    { "new_fnh_like", "new lesions like FNH",
      "Furlan et al., AJR 2018;210:775 (after oxaliplatin)" },
};

const char *hep_pattern_name(enum hep_pattern_of of)
{
    return rows[of].name;
}

const char *hep_pattern_words(enum hep_pattern_of of)
{
    return rows[of].words;
}

const char *hep_pattern_source(enum hep_pattern_of of)
{
    return rows[of].source;
}

static void say(struct hep_pattern *p, enum hep_flag_state state, double value, double limit,
                const char *unit, const char *fmt, ...) HEP_PRINTF(6, 7);
static void say(struct hep_pattern *p, enum hep_flag_state state, double value, double limit,
                const char *unit, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(p->reason, sizeof p->reason, fmt, args);
    va_end(args);
    p->state = state;
    p->value = value;
    p->limit = limit;
    p->unit = unit;
}

/* Lesions of the baseline that are no benign ones, by what they do at a visit. */
struct counts {
    size_t n, grown, shrunk, stable;
};

static struct counts count(const struct hep_tracks *t, size_t v)
{
    struct counts c = { 0 };

    for (size_t i = 0; i < t->n; i++) {
        const enum hep_event state = t->list[i].visit[v].state;

        if (t->list[i].benign || t->list[i].first > 0)
            continue;
        c.grown += state == HEP_EVENT_GROWN ? 1 : 0;
        c.shrunk += state == HEP_EVENT_SHRUNK || state == HEP_EVENT_VANISHED ? 1 : 0;
        c.stable += state == HEP_EVENT_STABLE ? 1 : 0;
    }
    c.n = c.grown + c.shrunk + c.stable;
    return c;
}

/* How far a rise lies beyond its own repeatability, which is wider in small lesions. */
static double excess(const struct hep_change *c)
{
    return c->share - c->coefficient;
}

static void early_rise(struct hep_pattern *p, const struct hep_tracks *t,
                       const struct hep_visit *visits, const struct hep_changes *changes,
                       const struct hep_followup_settings *s)
{
    const double days = visits[p->visit].days;
    const struct hep_change *best = NULL;

    for (size_t i = 0; i < changes->n; i++) {
        const struct hep_change *c = &changes->list[i];

        if (c->visit == p->visit && c->of == HEP_CHANGE_ADC &&
            (c->verdict == HEP_CHANGE_REAL || c->verdict == HEP_CHANGE_WITHIN) &&
            t->list[c->track].first == 0 && !t->list[c->track].benign &&
            (best == NULL || excess(c) > excess(best)))
            best = c;
    }
    if (!isfinite(days) || days > s->early_days)
        say(p, HEP_FLAG_NOT_ASSESSABLE, (double)NAN, (double)NAN, "",
            isfinite(days) ? "%.0f days after the baseline, early is within %.0f"
                           : "dates are not known",
            days, s->early_days);
    else if (best == NULL)
        say(p, HEP_FLAG_NOT_ASSESSABLE, (double)NAN, (double)NAN, "",
            "no ADC that can be compared");
    else
        say(p,
            best->verdict == HEP_CHANGE_REAL && best->share > 0.0 &&
                    t->list[best->track].visit[p->visit].state == HEP_EVENT_STABLE
                ? HEP_FLAG_PRESENT
                : HEP_FLAG_ABSENT,
            100.0 * best->share, 100.0 * best->coefficient, "%",
            "largest change of ADC %+.0f %% in %s, which is %s", 100.0 * best->share,
            t->list[best->track].identity,
            hep_event_name(t->list[best->track].visit[p->visit].state));
}

static void oligo_and_dissociated(struct hep_pattern *oligo, struct hep_pattern *dissociated,
                                  const struct hep_tracks *t, const struct hep_followup_settings *s)
{
    const struct counts c = count(t, oligo->visit);
    const double share = c.n > 0 ? (double)c.grown / (double)c.n : (double)NAN;

    if (c.n < 2) {
        say(oligo, HEP_FLAG_NOT_ASSESSABLE, (double)NAN, (double)NAN, "",
            "fewer than two lesions of the baseline can be judged");
        say(dissociated, HEP_FLAG_NOT_ASSESSABLE, (double)NAN, (double)NAN, "",
            "fewer than two lesions of the baseline can be judged");
        return;
    }
    say(oligo, c.grown > 0 && share <= s->oligo_max ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT,
        100.0 * share, 100.0 * s->oligo_max, "%", "%zu of %zu lesions grow, %zu shrink or vanish",
        c.grown, c.n, c.shrunk);
    say(dissociated, c.grown > 0 && c.shrunk > 0 ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT,
        (double)(c.grown < c.shrunk ? c.grown : c.shrunk), 1.0, "lesions",
        "%zu of %zu lesions grow, %zu shrink or vanish", c.grown, c.n, c.shrunk);
}

static void disappearing(struct hep_pattern *p, const struct hep_tracks *t,
                         const struct hep_trace *traces, size_t n_traces)
{
    const struct hep_trace *best = NULL;
    size_t vanished = 0, shown = 0;

    for (size_t i = 0; i < t->n; i++)
        vanished += t->list[i].visit[p->visit].state == HEP_EVENT_VANISHED ||
                            t->list[i].visit[p->visit].overlooked
                        ? 1
                        : 0;
    for (size_t i = 0; i < n_traces; i++) {
        if (traces[i].visit != p->visit || p->visit < t->list[traces[i].track].first ||
            !(fabs(traces[i].contrast) >= traces[i].limit))
            continue;
        shown++;
        if (best == NULL || fabs(traces[i].contrast) > fabs(best->contrast))
            best = &traces[i];
    }
    if (vanished == 0)
        say(p, HEP_FLAG_ABSENT, 0.0, (double)NAN, "", "every lesion of before is found");
    else if (best == NULL)
        say(p, HEP_FLAG_ABSENT, (double)NAN, n_traces > 0 ? traces[0].limit : (double)NAN, "SD",
            "%zu no longer found, and no image shows anything at their places", vanished);
    else
        say(p, HEP_FLAG_PRESENT, fabs(best->contrast), best->limit, "SD",
            "look again at %s in the %s images: its place stands out by %.1f SD of the liver "
            "around it; %zu such traces of %zu lesions that are no longer found",
            t->list[best->track].identity, best->image, fabs(best->contrast), shown, vanished);
}

static void pseudocirrhosis(struct hep_pattern *p, const struct hep_visit_liver *a,
                            const struct hep_visit_liver *b, const struct hep_followup_settings *s)
{
    const double loss = 1.0 - b->volume_ml / a->volume_ml, rough = b->roughness / a->roughness;

    if (!isfinite(loss) || !isfinite(rough))
        say(p, HEP_FLAG_NOT_ASSESSABLE, (double)NAN, (double)NAN, "",
            "a liver is not known whole at both visits");
    else
        say(p,
            loss >= s->liver_shrink_share && rough >= s->roughness_ratio ? HEP_FLAG_PRESENT
                                                                         : HEP_FLAG_ABSENT,
            100.0 * loss, 100.0 * s->liver_shrink_share, "%",
            "liver without lesions %.0f mL after %.0f (%+.0f %%), its surface %.2f times as uneven "
            "(limit %.2f)",
            b->volume_ml, a->volume_ml, -100.0 * loss, rough, s->roughness_ratio);
}

static void fnh_like(struct hep_pattern *p, const struct hep_tracks *t,
                     const struct hep_visit *visits)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++) {
        const struct hep_track *track = &t->list[i];

        if (track->first > 0 && track->first <= p->visit && track->certain &&
            visits[track->first]
                    .lesions[track->visit[track->first].lesion[0]]
                    .finding->lesion_class == HEP_CLASS_FNH_LIKE)
            n++;
    }
    say(p, n > 0 ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT, (double)n, 1.0, "lesions",
        "%zu new lesions are most like FNH", n);
}

void hep_patterns_judge(struct hep_pattern *out, const struct hep_tracks *tracks,
                        const struct hep_visit *visits, const struct hep_changes *changes,
                        const struct hep_visit_liver *livers, const struct hep_trace *traces,
                        size_t n_traces, const struct hep_followup_settings *settings)
{
    for (size_t v = 1; v < tracks->n_visits; v++) {
        struct hep_pattern *p = out + (v - 1) * HEP_PATTERN_N;

        for (int k = 0; k < HEP_PATTERN_N; k++) {
            p[k] = (struct hep_pattern){ .visit = v, .of = (enum hep_pattern_of)k };
            if (visits[v].cannot != NULL)
                say(&p[k], HEP_FLAG_NOT_ASSESSABLE, (double)NAN, (double)NAN, "", "%s",
                    visits[v].cannot);
        }
        if (visits[v].cannot != NULL)
            continue;
        early_rise(&p[HEP_PATTERN_EARLY_ADC_RISE], tracks, visits, changes, settings);
        oligo_and_dissociated(&p[HEP_PATTERN_OLIGOPROGRESSION], &p[HEP_PATTERN_DISSOCIATED], tracks,
                              settings);
        disappearing(&p[HEP_PATTERN_DISAPPEARING], tracks, traces, n_traces);
        pseudocirrhosis(&p[HEP_PATTERN_PSEUDOCIRRHOSIS], &livers[0], &livers[v], settings);
        fnh_like(&p[HEP_PATTERN_NEW_FNH_LIKE], tracks, visits);
    }
}
