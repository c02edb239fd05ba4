#include "contrast/same_sequence.h"

#include "sequences/signal.h"

#include <math.h>

#define ROUNDING 1e-9 /* 10 % exactly is allowed */
#define DEG_PER_RAD 57.29577951308232

const char *hep_comparable_name(enum hep_comparable c)
{
    switch (c) {
    case HEP_COMPARABLE:
        return "comparable";
    case HEP_COMPARABLE_UNCHECKED:
        return "unchecked";
    case HEP_NOT_COMPARABLE:
        return "not_comparable";
    }
    return "?";
}

static const char *fat_name(enum hep_fat_signal fat)
{
    switch (fat) {
    case HEP_FAT_PLAIN:
        return "plain";
    case HEP_FAT_SUPPRESSED:
        return "fat-suppressed";
    case HEP_FAT_DIXON_WATER:
        return "Dixon water";
    case HEP_FAT_UNKNOWN:
        break;
    }
    return "unknown";
}

struct compared {
    const char *name, *unit;
    double pre, post; /* in `unit` */
};

/** NaN when one of the two is unknown. */
static double relative_difference(const struct compared *c)
{
    if (!(c->pre > 0) || !isfinite(c->post))
        return (double)NAN;
    return fabs(c->post - c->pre) / c->pre;
}

void hep_same_sequence(struct hep_same_sequence *out, const struct hep_t1w_protocol *pre,
                       const struct hep_t1w_protocol *post)
{
    const struct compared all[] = {
        { "flip angle", "degrees", pre->flip_rad * DEG_PER_RAD, post->flip_rad * DEG_PER_RAD },
        { "TR", "ms", pre->tr_s * 1e3, post->tr_s * 1e3 },
        { "TE", "ms", pre->te_s * 1e3, post->te_s * 1e3 },
    };
    const struct compared *worst = NULL;
    const char *missing = NULL;

    *out = (struct hep_same_sequence){ .state = HEP_COMPARABLE,
                                       .value = (double)NAN,
                                       .limit = HEP_SAME_SEQUENCE_LIMIT };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        double d = relative_difference(&all[i]);
        if (!isfinite(d))
            missing = all[i].name;
        else if (!worst || d > out->value) {
            worst = &all[i];
            out->value = d;
        }
    }
    if (worst && out->value > HEP_SAME_SEQUENCE_LIMIT + ROUNDING) {
        out->state = HEP_NOT_COMPARABLE;
        (void)snprintf(out->reason, sizeof out->reason,
                       "%s differs by %.3g %% (%.4g and %.4g %s), allowed are %.3g %%", worst->name,
                       out->value * 100, worst->pre, worst->post, worst->unit,
                       HEP_SAME_SEQUENCE_LIMIT * 100);
    } else if (pre->fat != post->fat && pre->fat != HEP_FAT_UNKNOWN &&
               post->fat != HEP_FAT_UNKNOWN) {
        out->state = HEP_NOT_COMPARABLE;
        (void)snprintf(out->reason, sizeof out->reason, "fat is %s in one and %s in the other",
                       fat_name(pre->fat), fat_name(post->fat));
    } else if (missing) {
        out->state = HEP_COMPARABLE_UNCHECKED;
        (void)snprintf(out->reason, sizeof out->reason,
                       "%s is not known in both series, the same sequence is assumed", missing);
    } else
        (void)snprintf(out->reason, sizeof out->reason,
                       "flip angle, TR and TE agree within %.3g %%", out->value * 100);
}
