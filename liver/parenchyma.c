/* Signs of diffuse disease: what decides. How surface and texture are measured: texture.c. */
#include "liver/parenchyma.h"

#include "terms/flag.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *words, *source;
} rows[HEP_DIFFUSE_COUNT] = {
    [HEP_DIFFUSE_STEATOSIS] = { "steatosis", "steatosis", "Tang et al., Radiology 2013;267:422" },
    [HEP_DIFFUSE_IRON] = { "iron", "iron overload",
                           "Wood et al., Blood 2005;106:1460; Olivieri and Brittenham, Blood "
                           "1997;89:739" },
    [HEP_DIFFUSE_FUNCTION] = { "reduced_function", "reduced hepatobiliary function",
                               "Bastati et al., Radiology 2020;294:98; a proxy from region "
                               "ratios" },
    [HEP_DIFFUSE_HETEROGENEITY] = { "hbp_heterogeneity", "heterogeneous hepatobiliary phase",
                                    "reticular hypointensity of sinusoidal obstruction: Shin et "
                                    "al., Eur Radiol 2009;19:2015; limit of our own" },
    [HEP_DIFFUSE_NODULARITY] = { "nodular_contour", "nodular contour",
                                 "after Smith et al., Radiology 2016;280:771; limit of our own" },
    [HEP_DIFFUSE_CAUDATE] = { "caudate_right_lobe", "large caudate beside the right lobe",
                              "Harbin et al., Radiology 1980;135:273" },
    [HEP_DIFFUSE_SPLEEN] = { "large_spleen", "enlarged spleen",
                             "Prassopoulos et al., Eur Radiol 1997;7:246" },
    [HEP_DIFFUSE_INFILTRATION] = { "infiltration", "infiltration without a nodule",
                                   "lesions/diffuse.h" },
};

const char *hep_diffuse_name(enum hep_diffuse_sign sign)
{
    return rows[sign].name;
}

const char *hep_diffuse_words(enum hep_diffuse_sign sign)
{
    return rows[sign].words;
}

const char *hep_diffuse_source(enum hep_diffuse_sign sign)
{
    return rows[sign].source;
}

#define SAY(out, ...) (void)snprintf((out)->reason, sizeof(out)->reason, __VA_ARGS__)

void hep_diffuse_unknown(struct hep_diffuse_judgement *out, const char *reason)
{
    *out = (struct hep_diffuse_judgement){
        HEP_FLAG_NOT_ASSESSABLE, -1, (double)NAN, (double)NAN, (double)NAN, ""
    };
    SAY(out, "%s", reason);
}

/* Held against a limit from which the sign is present. */
static void judge(struct hep_diffuse_judgement *out, double value, double limit)
{
    hep_diffuse_unknown(out, "");
    out->value = value;
    out->limit = limit;
    out->state = value >= limit ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT;
}

static int grade_of(double value, double one, double two, double three)
{
    return (value >= one) + (value >= two) + (value >= three);
}

void hep_diffuse_steatosis(struct hep_diffuse_judgement *out, double pdff, double two_points,
                           const char *why_not, const struct hep_liver_settings *s)
{
    const bool by_fit = isfinite(pdff);
    const double value = by_fit ? pdff : two_points;
    const double limit = s->steatosis_1_frac;

    if (!isfinite(value)) {
        hep_diffuse_unknown(out, why_not);
        return;
    }
    judge(out, value, limit);
    out->grade = grade_of(value, limit, s->steatosis_2_frac, s->steatosis_3_frac);
    out->se = by_fit ? (double)NAN : s->steatosis_dual_error_frac;
    if (!by_fit && fabs(value - limit) < s->steatosis_dual_error_frac) {
        out->state = HEP_FLAG_NOT_ASSESSABLE;
        out->grade = -1;
        SAY(out,
            "fat fraction %.1f %% by two echoes is within %.0f points, their error, of the limit "
            "of %.1f %%",
            100.0 * value, 100.0 * s->steatosis_dual_error_frac, 100.0 * limit);
    } else {
        SAY(out, "fat fraction %.1f %% %s, grade %d; limits %.1f, %.1f and %.1f %%%s",
            100.0 * value, by_fit ? "(PDFF)" : "by two echoes", out->grade, 100.0 * limit,
            100.0 * s->steatosis_2_frac, 100.0 * s->steatosis_3_frac,
            by_fit ? "" : ", which are of PDFF: the grade is approximate");
    }
}

void hep_diffuse_iron(struct hep_diffuse_judgement *out, double mg_per_g, double se,
                      const char *method, const struct hep_liver_settings *s)
{
    const double limit = s->iron_1_mg_per_g;

    if (!isfinite(mg_per_g)) {
        hep_diffuse_unknown(out, method);
        return;
    }
    judge(out, mg_per_g, limit);
    out->se = se;
    out->grade = grade_of(mg_per_g, limit, s->iron_2_mg_per_g, s->iron_3_mg_per_g);
    if (fabs(mg_per_g - limit) < 2.0 * se) {
        out->state = HEP_FLAG_NOT_ASSESSABLE;
        out->grade = -1;
        SAY(out, "iron %.1f +- %.1f mg/g %s is within two standard errors of the limit of %.1f",
            mg_per_g, se, method, limit);
    } else {
        SAY(out, "iron %.1f mg/g of dry liver %s, grade %d; limits %.1f, %.1f and %.1f", mg_per_g,
            method, out->grade, limit, s->iron_2_mg_per_g, s->iron_3_mg_per_g);
    }
}

void hep_diffuse_function(struct hep_diffuse_judgement *out, int enhancement, int excretion,
                          int portal_sign, const struct hep_liver_settings *s)
{
    static const char *const parts[3] = { "enhancement (liver against kidney)",
                                          "excretion (bile ducts)", "portal vein sign" };
    const int grades[3] = { enhancement, excretion, portal_sign };
    int least = 0;
    int most = 0;
    const char *missing = NULL;

    for (int i = 0; i < 3; i++) {
        least += grades[i] < 0 ? 0 : grades[i];
        most += grades[i] < 0 ? 2 : grades[i];
        if (grades[i] < 0 && missing == NULL)
            missing = parts[i];
    }
    hep_diffuse_unknown(out, "");
    out->limit = s->flis_low;
    if (missing == NULL) {
        out->value = least;
        out->state = least < s->flis_low ? HEP_FLAG_PRESENT : HEP_FLAG_ABSENT;
        SAY(out,
            "FLIS proxy %d of 6: enhancement %d, excretion %d, portal vein sign %d; reduced below "
            "%g",
            least, enhancement, excretion, portal_sign, s->flis_low);
    } else if (most < s->flis_low) {
        out->state = HEP_FLAG_PRESENT;
        SAY(out, "FLIS proxy at most %d of 6 without %s; reduced below %g", most, missing,
            s->flis_low);
    } else if (least >= s->flis_low) {
        out->state = HEP_FLAG_ABSENT;
        SAY(out, "FLIS proxy at least %d of 6 without %s; reduced below %g", least, missing,
            s->flis_low);
    } else {
        SAY(out, "FLIS proxy between %d and %d of 6: %s is not known", least, most, missing);
    }
}

void hep_diffuse_heterogeneity(struct hep_diffuse_judgement *out, double after, double before,
                               const struct hep_liver_settings *s)
{
    const double excess = after * after - before * before;

    if (!isfinite(excess)) {
        hep_diffuse_unknown(out, isfinite(after)
                                     ? "no image before contrast to tell noise and "
                                       "vessels by"
                                     : "no hepatobiliary phase, or too little parenchyma");
        return;
    }
    judge(out, excess > 0.0 ? sqrt(excess) : 0.0, s->heterogeneity);
    SAY(out,
        "signal spreads by %.1f %% at 2.5 to 12 mm, %.1f %% before contrast: %.1f %% of its own, "
        "limit %.0f %%",
        100.0 * after, 100.0 * before, 100.0 * out->value, 100.0 * s->heterogeneity);
}

/* Thicker slices than 5 mm average over a nodule of the surface; expert value. */
#define THICKEST_MM 5.0

void hep_diffuse_nodularity(struct hep_diffuse_judgement *out, double mm, double slice_mm,
                            bool is_cut, const struct hep_liver_settings *s)
{
    char text[96];

    if (!isfinite(mm)) {
        hep_diffuse_unknown(out, "there is no surface");
    } else if (slice_mm > THICKEST_MM) {
        (void)snprintf(text, sizeof text, "slices of %.1f mm are steps themselves, at most %.0f mm",
                       slice_mm, THICKEST_MM);
        hep_diffuse_unknown(out, text);
    } else if (is_cut) {
        hep_diffuse_unknown(out, "the liver is cut by the end of the images");
    } else {
        judge(out, mm, s->nodularity_mm);
        SAY(out, "the surface lies %.2f mm from itself smoothed over 8 mm, limit %.1f mm", mm,
            s->nodularity_mm);
    }
}

void hep_diffuse_spleen(struct hep_diffuse_judgement *out, double ml, bool is_whole,
                        const struct hep_liver_settings *s)
{
    if (!(ml > 0.0)) {
        hep_diffuse_unknown(out, "the spleen was not found");
        return;
    }
    judge(out, ml, s->spleen_ml);
    if (is_whole) {
        SAY(out, "%.0f mL, limit %.0f mL", ml, s->spleen_ml);
        return;
    }
    if (out->state == HEP_FLAG_ABSENT)
        out->state = HEP_FLAG_NOT_ASSESSABLE;
    SAY(out,
        "at least %.0f mL: only its sure inside was found, limit %.0f mL; give organ labels for "
        "its volume",
        ml, s->spleen_ml);
}
