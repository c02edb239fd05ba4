#include "sequences/candidate.h"

#include "base/file.h"
#include "base/text.h"
#include "sequences/echo.h"
#include "sequences/fat_spectrum.h"
#include "sequences/lines.h"
#include "sequences/words.h"

#include <math.h>
#include <stdarg.h>

/* Points: 100 a BIDS name, 80 a file named after its role, 60 what the scanner wrote in ImageType,
 * 45 words of a description, 30 the least that gives a role. Contradictions subtract. */
enum {
    POINTS_BIDS = 100,
    POINTS_NAMED = 80,
    POINTS_TYPE = 60,
    POINTS_WORDS = 45,
    POINTS_ECHO = 50
};

/** Words in SeriesDescription, ProtocolName, the acq- label, or a file name that is not BIDS. */
static const struct word_rule {
    enum hep_role role;
    double points;
    const char *patterns, *reason;
} word_rules[] = {
    { HEP_ROLE_T2, 40,
      "t2|t2w|haste|ssfse|ss fse|sshtse|ssh|tse|fse|frfse|blade|propeller|multivane",
      "named T2-weighted" },
    { HEP_ROLE_T2, -60, "t2 star|r2 star|t2star|r2star", "T2* is no T2-weighting" },
    { HEP_ROLE_T2, -30, "t1|t1w|vibe|lava|thrive|ethrive", "named T1-weighted" },
    { HEP_ROLE_DWI, 50, "dwi|diff*|dw|resolve|ivim|trace|tracew", "named diffusion-weighted" },
    { HEP_ROLE_PRECONTRAST, POINTS_WORDS,
      "pre|precontrast|precon|native|nativ|unenhanced|non contrast|noncontrast|without contrast|"
      "wo contrast|before contrast|plain|ohne km",
      "named pre-contrast" },
    { HEP_ROLE_ARTERIAL, POINTS_WORDS, "art|arterial*|arteriell*|aortic", "named arterial" },
    { HEP_ROLE_PORTAL_VENOUS, POINTS_WORDS, "pv|pvp|portal*|portven*|porto*|venous|venoes*|ven",
      "named portal venous" },
    { HEP_ROLE_DELAYED, POINTS_WORDS,
      "delay|delayed|equilib*|equi|interstitial|3 min|5 min|180 s|300 s", "named delayed" },
    { HEP_ROLE_DELAYED, -30, "hbp|hepatobil*|hepatocyte|10 min|15 min|20 min|30 min|90 min|120 min",
      "delayed as far as the hepatobiliary phase" },
    { HEP_ROLE_TRANSITIONAL, POINTS_WORDS, "transitional|transition|transit",
      "named transitional" },
    { HEP_ROLE_HEPATOBILIARY, POINTS_WORDS,
      "hbp|hepatobil*|hepatocyte|hepatospez*|10 min|15 min|20 min|30 min|90 min|120 min",
      "named hepatobiliary" },
};

/** Names of images that are computed, or made for planning. */
static const char derived_words[] =
    "adc|eadc|apparent diff*|exponential*|subtr*|mip|loc|localizer|localiser|scout|survey|calib*|"
    "mask|ffmap|fat fraction|fatfrac|pdff|synthetic";
/* These may also name the images that such a map is computed of. */
static const char map_words[] = "t1 map*|t2 map*|t2 star map*|r2 map*|r2 star map*";
static const char subtraction_words[] = "sub|subs";
static const char mrcp_words[] = "mrcp|cholangio*";
/* At this echo time the liver (T2 34 to 46 ms at 3 and 1.5 T, de Bazelaire 2004) keeps less than
 * 0.5 % of its signal: only fluid is seen. */
static const double mrcp_te_s = 0.25;
static const char t1_words[] = "t1|t1w|vibe|lava|thrive|ethrive|fspgr|spgr|flash|fame|tfe";
static const char dynamic_words[] = "dyn|dynamic|dce|multiphase|multi phase|perfusion|twist|disco";
static const char opposed_words[] = "opp|opposed|op|oop|outphase|out phase|out of phase|*outphase";
static const char in_words[] = "inphase|in phase|ip|*inphase";
static const char both_words[] = "in opp|in opposed|in out|in and out|in and opp|in and opposed|"
                                 "ip op|op ip|ipop|inopp|inout|opp in";
static const char dixon_words[] = "dixon|mdixon|qdixon|ideal|flex|dual echo|dualecho|megre|mgre|"
                                  "multi echo|multiecho";

/** Descriptions that people wrote; the file name only when it is not BIDS. */
static bool any_text(const struct hep_study_file *c, const char *patterns)
{
    bool bids = c->bids.suffix[0] != '\0';

    return hep_words_match(c->acquisition.series_description, patterns) ||
           hep_words_match(c->acquisition.protocol_name, patterns) ||
           hep_words_match(bids ? c->bids.acq : c->stem, patterns);
}

/** A file name may begin with the label of its subject, "sub-01_", which is no subtraction. */
static bool is_subtraction(const struct hep_study_file *c)
{
    const char *name = c->bids.suffix[0] != '\0' ? c->bids.acq : c->stem;

    if (hep_starts_with(name, "sub-"))
        name += strcspn(name, "_");
    return hep_words_match(name, subtraction_words) ||
           hep_words_match(c->acquisition.series_description, subtraction_words);
}

static bool any_text_ends_with(const struct hep_study_file *c, const char *word)
{
    return hep_words_end_with(c->acquisition.series_description, word) ||
           hep_words_end_with(c->stem, word);
}

static bool has_type(const struct hep_study_file *c, const char *token)
{
    return hep_acquisition_has_type(&c->acquisition, token);
}

static bool has_sequence(const struct hep_study_file *c, const char *code)
{
    const char *text = c->acquisition.scanning_sequence;

    return text != NULL && strstr(text, code) != NULL;
}

static bool typed_opposed(const struct hep_study_file *c)
{
    return has_type(c, "OPP_PHASE") || has_type(c, "OUT_PHASE") || has_type(c, "OP");
}

static bool typed_in(const struct hep_study_file *c)
{
    return has_type(c, "IN_PHASE") || has_type(c, "IP");
}

static bool is_suffix(const struct hep_study_file *c, const char *suffix)
{
    return strcmp(c->bids.suffix, suffix) == 0;
}

bool hep_study_file_is_dixon(const struct hep_study_file *c)
{
    if (has_sequence(c, "SE") || has_sequence(c, "EP") || c->bval != NULL)
        return false;
    return is_suffix(c, "MEGRE") || c->echo_pair || typed_opposed(c) || typed_in(c) ||
           has_type(c, "WATER") || has_type(c, "FAT") || any_text(c, dixon_words) ||
           any_text(c, both_words) || any_text(c, opposed_words) || any_text(c, in_words);
}

bool hep_study_file_is_t1(const struct hep_study_file *c)
{
    const struct hep_acquisition *a = &c->acquisition;

    if ((c->kind != HEP_KIND_PLAIN && c->kind != HEP_KIND_WATER) || c->bval != NULL)
        return false;
    if (is_suffix(c, "T1w"))
        return true;
    if (c->bids.suffix[0] != '\0' || has_sequence(c, "SE") || has_sequence(c, "EP"))
        return false;
    return any_text(c, t1_words) || any_text(c, dynamic_words) ||
           (a->tr_s < 0.015 && a->te_s < 0.006 && a->flip_rad > 0.08);
}

int hep_study_file_add(struct hep_study_file *c, enum hep_role role, double points,
                       struct hep_error *err, const char *fmt, ...)
{
    char text[400];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    c->score[role] += points;
    return hep_lines_addf(&c->reasons[role], err, "%+.0f %s", points, text);
}

enum hep_role hep_study_file_best(const struct hep_study_file *c)
{
    enum hep_role best = HEP_ROLE_UNKNOWN;

    for (int r = HEP_ROLE_UNKNOWN + 1; r < HEP_ROLE_COUNT; r++)
        if (c->score[r] >= HEP_SCORE_MIN &&
            (best == HEP_ROLE_UNKNOWN || c->score[r] > c->score[best]))
            best = (enum hep_role)r;
    return best;
}

/* ---- kind ---- */

static bool is_bids_used(const struct hep_study_file *c)
{
    static const char *const used[] = { "T1w", "T2w", "dwi", "MEGRE", "mask", "dseg" };

    for (size_t i = 0; i < sizeof used / sizeof used[0]; i++)
        if (is_suffix(c, used[i]))
            return true;
    return c->bids.suffix[0] == '\0';
}

static bool is_phase_part(const struct hep_study_file *c)
{
    bool bids_part = c->bids.part[0] != '\0' && strcmp(c->bids.part, "mag") != 0;
    bool says_dixon =
        typed_opposed(c) || typed_in(c) || any_text(c, opposed_words) || any_text(c, in_words);

    if (bids_part || c->hidden_part || hep_ends_with(c->stem, "_real") ||
        hep_ends_with(c->stem, "_imaginary"))
        return true;
    if (says_dixon)
        return false;
    if (has_type(c, "P") || has_type(c, "PHASE MAP"))
        return true;
    return !hep_study_file_is_dixon(c) && (has_type(c, "PHASE") || hep_ends_with(c->stem, "_ph"));
}

/* A map has one echo time: files of one acquisition with several are what maps are computed of. */
static bool is_derived(const struct hep_study_file *c)
{
    return !is_bids_used(c) || any_text(c, derived_words) ||
           (any_text(c, map_words) && !c->echo_train) || has_type(c, "ADC") ||
           has_type(c, "SUBTRACT") || has_type(c, "LOCALIZER") || has_type(c, "PROJECTION IMAGE") ||
           is_subtraction(c);
}

static enum hep_contrast_kind kind_of(const struct hep_study_file *c)
{
    bool pair_word = typed_opposed(c) || typed_in(c);
    bool suppressed = any_text(c, "fat sat|fat sup*|fatsat|fat suppressed|fatsup");
    bool dixon = hep_study_file_is_dixon(c);
    bool label_map = is_suffix(c, "mask") || is_suffix(c, "dseg");

    if (!label_map && is_derived(c))
        return HEP_KIND_DERIVED;
    if (!label_map && (any_text(c, mrcp_words) || c->acquisition.te_s >= mrcp_te_s))
        return HEP_KIND_MRCP;
    if (is_phase_part(c))
        return HEP_KIND_PHASE;
    if (has_type(c, "WATER") || (has_type(c, "W") && !pair_word))
        return HEP_KIND_WATER;
    if (has_type(c, "FAT") || (has_type(c, "F") && !pair_word))
        return HEP_KIND_FAT;
    if (pair_word || !dixon)
        return HEP_KIND_PLAIN;
    if (any_text(c, "water") || any_text_ends_with(c, "w"))
        return HEP_KIND_WATER;
    if ((any_text(c, "fat") && !suppressed) || any_text_ends_with(c, "f"))
        return HEP_KIND_FAT;
    return HEP_KIND_PLAIN;
}

/* ---- evidence ---- */

static int score_words(struct hep_study_file *c, struct hep_error *err)
{
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < sizeof word_rules / sizeof word_rules[0]; i++) {
        const struct word_rule *r = &word_rules[i];

        if (any_text(c, r->patterns))
            rc = hep_study_file_add(c, r->role, r->points, err, "%s", r->reason);
    }
    return rc;
}

/** A plain file called after a role or its short form: arterial.nii.gz, art.nii. */
static int score_file_name(struct hep_study_file *c, struct hep_error *err)
{
    if (c->bids.suffix[0] != '\0')
        return HEP_OK;
    for (int r = HEP_ROLE_OPPOSED; r < HEP_ROLE_COUNT; r++) {
        const char *acq = hep_role_acq((enum hep_role)r);
        char words[32];

        (void)snprintf(words, sizeof words, "%s", hep_role_name((enum hep_role)r));
        for (char *s = words; *s != '\0'; s++)
            if (*s == '_')
                *s = ' ';
        if (hep_words_equal(c->stem, words) || (acq != NULL && hep_words_equal(c->stem, acq)))
            return hep_study_file_add(c, (enum hep_role)r, POINTS_NAMED, err,
                                      "the file is named after the role");
    }
    return HEP_OK;
}

static int score_bids(struct hep_study_file *c, struct hep_error *err)
{
    enum hep_role acq_role = hep_role_from_acq(c->bids.acq);
    int rc = HEP_OK;

    if (is_suffix(c, "T1w") && acq_role != HEP_ROLE_UNKNOWN)
        return hep_study_file_add(c, acq_role, POINTS_BIDS, err, "BIDS name acq-%s T1w",
                                  c->bids.acq);
    if (is_suffix(c, "T2w")) {
        rc = hep_study_file_add(c, HEP_ROLE_T2, POINTS_BIDS, err, "BIDS name T2w");
        if (rc == HEP_OK && hep_words_match(c->bids.acq, "fatsat|fs|spair|stir|fatsup*"))
            rc = hep_study_file_add(c, HEP_ROLE_T2, 5, err, "fat-saturated");
        return rc;
    }
    if (is_suffix(c, "T1map"))
        return hep_study_file_add(c,
                                  hep_role_is_post_contrast(acq_role) ||
                                          strcmp(c->bids.acq, "post") == 0
                                      ? HEP_ROLE_T1_MAP_AFTER
                                      : HEP_ROLE_T1_MAP,
                                  POINTS_BIDS, err, "BIDS name T1map");
    if (is_suffix(c, "dwi"))
        return hep_study_file_add(c, HEP_ROLE_DWI, POINTS_BIDS, err, "BIDS name dwi");
    if (is_suffix(c, "mask") && strcmp(c->bids.label, "liver") == 0)
        return hep_study_file_add(c, HEP_ROLE_LIVER_MASK, POINTS_BIDS, err,
                                  "BIDS name label-liver mask");
    if (is_suffix(c, "mask") && strcmp(c->bids.label, "resection") == 0)
        return hep_study_file_add(c, HEP_ROLE_RESECTION_MASK, POINTS_BIDS, err,
                                  "BIDS name label-resection mask");
    if ((is_suffix(c, "mask") || is_suffix(c, "dseg") || is_suffix(c, "probseg")) &&
        (strcmp(c->bids.label, "lesion") == 0 || strcmp(c->bids.label, "lesions") == 0))
        return hep_study_file_add(c, HEP_ROLE_LESION_MASK, POINTS_BIDS, err,
                                  "BIDS name label-%s %s", c->bids.label, c->bids.suffix);
    if (is_suffix(c, "dseg"))
        return hep_study_file_add(c, HEP_ROLE_LABELS, POINTS_BIDS, err, "BIDS name dseg");
    return HEP_OK;
}

static int score_echo_time(struct hep_study_file *c, struct hep_error *err)
{
    const struct hep_acquisition *a = &c->acquisition;
    double off, points;
    enum hep_role role = hep_role_of_echo(&off, a->te_s, a->field_t);
    int rc = HEP_OK;

    if (role == HEP_ROLE_UNKNOWN) {
        if (is_suffix(c, "MEGRE") && (isnan(a->te_s) || isnan(a->field_t)))
            rc = hep_lines_addf(&c->warnings, err,
                                "%s is missing: opposed and in phase cannot be told apart",
                                isnan(a->te_s) ? "EchoTime" : "MagneticFieldStrength");
        return rc;
    }
    if (off > 0.7)
        return hep_lines_addf(&c->warnings, err,
                              "TE %.4g ms lies between opposed and in phase at %.4g T",
                              1e3 * a->te_s, a->field_t);
    points = POINTS_ECHO * (1.0 - 0.5 * off);
    rc =
        hep_study_file_add(c, role, points, err, "TE %.4g ms is %.2f turns of fat at %.4g T",
                           1e3 * a->te_s, a->te_s / hep_fat_water_period_s(a->field_t), a->field_t);
    if (rc == HEP_OK && is_suffix(c, "MEGRE"))
        rc = hep_study_file_add(c, role, POINTS_ECHO, err, "BIDS name MEGRE");
    return rc;
}

static int score_dixon(struct hep_study_file *c, struct hep_error *err)
{
    bool both = any_text(c, both_words);
    bool opposed = !both && any_text(c, opposed_words);
    bool in = !both && (any_text(c, in_words) || any_text_ends_with(c, "in"));
    int rc = HEP_OK;

    if (!hep_study_file_is_dixon(c))
        return HEP_OK;
    if (c->kind == HEP_KIND_WATER || c->kind == HEP_KIND_FAT)
        return hep_lines_addf(&c->warnings, err, "%s image of a Dixon series: not an echo",
                              c->kind == HEP_KIND_WATER ? "water" : "fat");
    if (c->info.nt > 1)
        return hep_lines_addf(
            &c->warnings, err,
            "suspect: Dixon file with %zu volumes, whose order the converter does "
            "not tell (water and fat may be stacked); name them in study.yml",
            c->info.nt);
    if (c->acquisition.te_s > HEP_ECHO_POSITION_TE_MAX_S)
        return HEP_OK; /* whatever it is named */
    if (typed_opposed(c))
        rc = hep_study_file_add(c, HEP_ROLE_OPPOSED, POINTS_TYPE, err, "ImageType opposed phase");
    if (rc == HEP_OK && typed_in(c))
        rc = hep_study_file_add(c, HEP_ROLE_IN_PHASE, POINTS_TYPE, err, "ImageType in phase");
    if (rc == HEP_OK && opposed && !in)
        rc = hep_study_file_add(c, HEP_ROLE_OPPOSED, POINTS_WORDS, err, "named opposed phase");
    if (rc == HEP_OK && in && !opposed)
        rc = hep_study_file_add(c, HEP_ROLE_IN_PHASE, POINTS_WORDS, err, "named in phase");
    return rc == HEP_OK ? score_echo_time(c, err) : rc;
}

static int score_t2(struct hep_study_file *c, struct hep_error *err)
{
    const struct hep_acquisition *a = &c->acquisition;
    int rc = HEP_OK;

    if (c->bval != NULL || has_sequence(c, "EP") || has_sequence(c, "GR") || !(a->te_s >= 0.04))
        return HEP_OK;
    if (has_sequence(c, "SE"))
        rc =
            hep_study_file_add(c, HEP_ROLE_T2, 35, err, "spin echo with TE %.4g ms", 1e3 * a->te_s);
    if (rc == HEP_OK && c->score[HEP_ROLE_T2] > 0.0 && a->te_s >= 0.06 && a->te_s <= 0.12)
        rc = hep_study_file_add(c, HEP_ROLE_T2, 3, err, "TE in the range used for the liver");
    return rc;
}

/** The file's name is the last place to look for the b-value of a diffusion image. */
static void read_b_from_name(struct hep_study_file *c)
{
    struct hep_acquisition *a = &c->acquisition;

    if (c->bval == NULL && c->info.nt == 1 && isnan(a->b_s_per_mm2) && a->n_b_list == 0 &&
        c->score[HEP_ROLE_DWI] > 0.0)
        (void)hep_b_from_text(&a->b_s_per_mm2, hep_path_base(c->rel));
}

static int score_dwi(struct hep_study_file *c, struct hep_error *err)
{
    const struct hep_acquisition *a = &c->acquisition;
    bool named_b;
    bool planar = has_sequence(c, "EP") ||
                  (a->sequence_name != NULL && hep_words_match(a->sequence_name, "ep|re|ep *"));
    int rc = HEP_OK;

    read_b_from_name(c);
    named_b = !isnan(a->b_s_per_mm2) || a->n_b_list > 0;
    if (c->bval != NULL)
        rc = hep_study_file_add(c, HEP_ROLE_DWI, 70, err, "has a .bval file");
    if (rc == HEP_OK && has_type(c, "DIFFUSION"))
        rc = hep_study_file_add(c, HEP_ROLE_DWI, 40, err, "ImageType DIFFUSION");
    if (rc == HEP_OK && named_b && c->bval == NULL && (planar || c->score[HEP_ROLE_DWI] > 0.0))
        rc = hep_study_file_add(c, HEP_ROLE_DWI, 35, err, "a b-value is named");
    return rc;
}

static int score_dynamic(struct hep_study_file *c, struct hep_error *err)
{
    int rc;

    if (c->info.nt < 2 || c->acquisition.n_te_list > 0 || hep_study_file_is_dixon(c))
        return HEP_OK;
    if (!hep_study_file_is_t1(c) && c->acquisition.n_frame_times == 0)
        return HEP_OK;
    rc = hep_study_file_add(c, HEP_ROLE_DYNAMIC, 40, err, "T1-weighted with %zu volumes",
                            c->info.nt);
    if (rc == HEP_OK && any_text(c, dynamic_words))
        rc = hep_study_file_add(c, HEP_ROLE_DYNAMIC, 30, err, "named dynamic");
    if (rc == HEP_OK && c->acquisition.n_frame_times == c->info.nt)
        rc = hep_study_file_add(c, HEP_ROLE_DYNAMIC, 30, err, "has frame times");
    return rc;
}

static int score_masks(struct hep_study_file *c, struct hep_error *err)
{
    bool whole_numbers = c->info.datatype == 2 || c->info.datatype == 4 || c->info.datatype == 8 ||
                         (c->info.datatype >= 256 && c->info.datatype <= 768);
    bool liver = hep_words_match(c->stem, "liver mask|mask liver|livermask|liver seg*") ||
                 hep_words_equal(c->stem, "liver");

    if (c->bids.suffix[0] != '\0' || !whole_numbers || c->has_sidecar || c->info.nt > 1)
        return HEP_OK;
    if (liver)
        return hep_study_file_add(c, HEP_ROLE_LIVER_MASK, POINTS_TYPE, err, "named a liver mask");
    if (hep_words_match(c->stem, "dseg|label|labels|labelmap|seg|segmentation*|roi|rois|totalseg*|"
                                 "total mr"))
        return hep_study_file_add(c, HEP_ROLE_LABELS, POINTS_TYPE, err, "named a label map");
    return HEP_OK;
}

/** Phases and echoes are not what a diffusion or T2 file is, and computed images are nothing. */
static int score_contradictions(struct hep_study_file *c, struct hep_error *err)
{
    bool other =
        c->bval != NULL || c->score[HEP_ROLE_DWI] >= POINTS_WORDS || c->score[HEP_ROLE_T2] >= 35;
    int rc = HEP_OK;

    for (int r = HEP_ROLE_PRECONTRAST; rc == HEP_OK && r <= HEP_ROLE_HEPATOBILIARY; r++) {
        bool bids = is_suffix(c, "T1w");

        if (c->score[r] > 0.0 && other && !bids)
            rc = hep_study_file_add(c, (enum hep_role)r, -40, err, "but it is no T1-weighting");
        if (rc == HEP_OK && c->score[r] > 0.0 && c->info.nt > 1)
            rc = hep_study_file_add(c, (enum hep_role)r, -40, err, "but it has %zu volumes",
                                    c->info.nt);
        if (rc == HEP_OK && c->score[r] > 0.0 && c->kind == HEP_KIND_PLAIN &&
            (c->score[HEP_ROLE_OPPOSED] >= POINTS_ECHO ||
             c->score[HEP_ROLE_IN_PHASE] >= POINTS_ECHO))
            rc = hep_study_file_add(c, (enum hep_role)r, -30, err, "but it is an echo");
    }
    for (int r = HEP_ROLE_OPPOSED; rc == HEP_OK && r <= HEP_ROLE_IN_PHASE; r++) {
        bool after = c->score[HEP_ROLE_ARTERIAL] > 0.0 || c->score[HEP_ROLE_PORTAL_VENOUS] > 0.0 ||
                     c->score[HEP_ROLE_HEPATOBILIARY] > 0.0 ||
                     c->acquisition.time_since_injection_s > 0.0;

        if (c->score[r] > 0.0 && after)
            rc = hep_study_file_add(c, (enum hep_role)r, -15, err,
                                    "but it was made after injection");
    }
    return rc;
}

static int refuse_kind(struct hep_study_file *c, struct hep_error *err)
{
    bool mask = false;
    const char *what = c->kind == HEP_KIND_PHASE ? "phase or complex part: only magnitudes are used"
                       : c->kind == HEP_KIND_FAT ? "fat image: not used"
                       : c->kind == HEP_KIND_MRCP
                           ? "MRCP: only fluid is seen, nothing of the liver: not used"
                           : "computed or planning image: not used";

    for (int r = 0; r < HEP_ROLE_COUNT; r++)
        mask = mask || (hep_role_is_mask((enum hep_role)r) && c->score[r] > 0.0);
    if (mask || c->kind == HEP_KIND_PLAIN || c->kind == HEP_KIND_WATER)
        return HEP_OK;
    for (int r = 0; r < HEP_ROLE_COUNT; r++) {
        c->score[r] = 0.0;
        hep_lines_release(&c->reasons[r]);
    }
    return hep_lines_addf(&c->reasons[HEP_ROLE_UNKNOWN], err, "%s", what);
}

int hep_study_file_score(struct hep_study_file *c, struct hep_error *err)
{
    static int (*const steps[])(struct hep_study_file *, struct hep_error *) = {
        score_bids, score_file_name, score_words, score_dixon,          score_t2,
        score_dwi,  score_dynamic,   score_masks, score_contradictions, refuse_kind,
    };
    int rc = HEP_OK;

    c->kind = kind_of(c);
    for (size_t i = 0; rc == HEP_OK && i < sizeof steps / sizeof steps[0]; i++)
        rc = steps[i](c, err);
    return rc;
}
