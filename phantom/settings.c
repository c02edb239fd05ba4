#include "phantom/phantom.h"

#include "base/number.h"
#include "base/text.h"
#include "sequences/fat_spectrum.h"

#include <math.h>

#define DEGREE (HEP_PI / 180.0)

static const char *const degradation_names[HEP_SIM_N_DEGRADATIONS] = {
    [HEP_SIM_NOISE] = "noise",         [HEP_SIM_BIAS] = "bias",
    [HEP_SIM_SHIFT] = "shift",         [HEP_SIM_DEFORM] = "deform",
    [HEP_SIM_TRANSIENT] = "transient", [HEP_SIM_EPI] = "epi",
    [HEP_SIM_CARDIAC] = "cardiac",     [HEP_SIM_IRON] = "iron",
    [HEP_SIM_GAIN] = "gain",           [HEP_SIM_GAP] = "gap",
    [HEP_SIM_CROP] = "crop",           [HEP_SIM_SWAP] = "swap",
    [HEP_SIM_MISSING] = "missing",     [HEP_SIM_OUTLINE] = "outline",
    [HEP_SIM_CORES] = "cores",         [HEP_SIM_RIMS] = "rims",
    [HEP_SIM_MARGINS] = "margins",     [HEP_SIM_PERFUSION] = "perfusion",
    [HEP_SIM_MIMICS] = "mimics",       [HEP_SIM_BSETS] = "bsets",
    [HEP_SIM_PARTIAL] = "partial",     [HEP_SIM_PSF] = "psf",
    [HEP_SIM_FATSAT] = "fatsat",       [HEP_SIM_FLOW] = "flow",
    [HEP_SIM_HEART] = "heart",         [HEP_SIM_DRIFT] = "drift",
};

const char *hep_sim_degradation_name(enum hep_sim_degradation d)
{
    return (unsigned)d < HEP_SIM_N_DEGRADATIONS ? degradation_names[d] : "?";
}

/* Set the usual degradations, or all of them, to one level; those that change which files there are keep theirs. */
static void degrade_many(struct hep_sim_settings *s, bool all, double level)
{
    for (int d = 0; d < (int)HEP_SIM_N_DEGRADATIONS; d++)
        if (d < (int)HEP_SIM_SWAP || (all && d > (int)HEP_SIM_MISSING))
            s->degrade[d] = level;
}

void hep_sim_defaults(struct hep_sim_settings *s)
{
    memset(s, 0, sizeof *s);
    s->seed = 1;
    s->subject = 1;
    s->field_t = 3.0;
    s->mean_lesions = 5.0;
    s->min_diameter_mm = 3.0;
    s->max_diameter_mm = 40.0;
    degrade_many(s, false, 1.0);
    s->variation = 1.0;
    s->texture = 1.0;
    s->nthreads = 1;
    s->interval_days = 56.0;
    s->new_per_56_days = s->vanishing_per_56_days = (double)NAN;
}

/* ---- series ---------------------------------------------------------------------------------- */

struct matrix {
    size_t n[3];
    double spacing_mm[3];
};
static const struct matrix t1_matrix[2] = { { { 256, 208, 72 }, { 1.3, 1.3, 3.0 } },
                                            { { 96, 80, 36 }, { 3.5, 3.3, 6.0 } } };
static const struct matrix t2_matrix[2] = { { { 256, 256, 36 }, { 1.35, 1.35, 6.0 } },
                                            { { 96, 96, 27 }, { 3.6, 3.6, 8.0 } } };
static const struct matrix dwi_matrix[2] = { { { 160, 132, 36 }, { 2.2, 2.2, 6.0 } },
                                             { { 72, 60, 27 }, { 4.8, 4.6, 8.0 } } };

static double round_to_10us(double t_s)
{
    return round(t_s * 1e5) * 1e-5;
}

static void set_echoes(struct hep_sim_series *r, const struct hep_sim_settings *s)
{
    const double period = hep_fat_water_period_s(s->field_t);
    const double first = s->field_t < 2.2 ? 0.0013 : 0.00115;
    const double gap = s->field_t < 2.2 ? 0.0022 : 0.0011;

    r->tr_s = 0.0065;
    r->flip_rad = 12.0 * DEGREE;
    r->n_te = 1;
    if (r->role == HEP_ROLE_OPPOSED)
        r->te_s[0] = round_to_10us(0.5 * period);
    if (r->role == HEP_ROLE_IN_PHASE)
        r->te_s[0] = round_to_10us(period);
    if (r->role != HEP_ROLE_ECHOES)
        return;
    r->n_te = 6;
    for (size_t e = 0; e < r->n_te; e++)
        r->te_s[e] = first + (double)e * gap;
    r->tr_s = r->te_s[r->n_te - 1] + 0.003;
    r->flip_rad = 4.0 * DEGREE;
}

static void set_usual(struct hep_sim_series *r, const struct hep_sim_settings *s)
{
    static const double b[4] = { 0.0, 50.0, 400.0, 800.0 };
    const struct matrix *m = &t1_matrix[s->fast];

    r->tr_s = 0.004;
    r->flip_rad = 12.0 * DEGREE;
    r->te_s[0] = s->field_t < 2.2 ? 0.0018 : 0.0013;
    r->n_te = 1;
    r->fat_saturated = true;
    if (r->role == HEP_ROLE_T2) {
        m = &t2_matrix[s->fast];
        r->tr_s = 4.0;
        r->te_s[0] = 0.085;
        r->flip_rad = 0.0;
    } else if (r->role == HEP_ROLE_DWI) {
        m = &dwi_matrix[s->fast];
        r->tr_s = 5.0;
        r->te_s[0] = 0.062;
        r->flip_rad = 0.0;
        memcpy(r->b_s_per_mm2, b, sizeof b);
        r->n_b = 4;
    } else if (!hep_role_is_t1_phase(r->role)) {
        r->fat_saturated = false;
        set_echoes(r, s);
    }
    memcpy(r->n, m->n, sizeof r->n);
    memcpy(r->spacing_mm, m->spacing_mm, sizeof r->spacing_mm);
}

static double usual_jitter_s(enum hep_role role)
{
    if (role == HEP_ROLE_ARTERIAL)
        return 2.0;
    if (role == HEP_ROLE_PORTAL_VENOUS)
        return 4.0;
    if (role == HEP_ROLE_DELAYED || role == HEP_ROLE_TRANSITIONAL)
        return 12.0;
    return role == HEP_ROLE_HEPATOBILIARY ? 60.0 : 0.0;
}

bool hep_sim_has_role(const struct hep_sim_settings *s, enum hep_role role)
{
    for (size_t i = 0; i < s->n_series; i++)
        if (s->series[i].role == role)
            return true;
    return false;
}

static bool is_acquisition(enum hep_role role)
{
    return role == HEP_ROLE_OPPOSED || role == HEP_ROLE_IN_PHASE || role == HEP_ROLE_ECHOES ||
           role == HEP_ROLE_T2 || role == HEP_ROLE_DWI || hep_role_is_t1_phase(role);
}

static int add_one(struct hep_sim_settings *s, enum hep_role role, double time_s,
                   struct hep_error *err)
{
    struct hep_sim_series *r;

    if (hep_sim_has_role(s, role))
        return HEP_FAIL(err, HEP_EINVAL, "series %s is there already", hep_role_name(role));
    if (s->n_series >= HEP_SIM_MAX_SERIES)
        return HEP_FAIL(err, HEP_EINVAL, "more than %d series", HEP_SIM_MAX_SERIES);
    r = &s->series[s->n_series++];
    memset(r, 0, sizeof *r);
    r->role = role;
    r->time_s = time_s;
    r->time_jitter_s = usual_jitter_s(role);
    set_usual(r, s);
    return HEP_OK;
}

int hep_sim_add_role(struct hep_sim_settings *s, enum hep_role role, double time_s,
                     struct hep_error *err)
{
    int rc;

    if (!is_acquisition(role))
        return HEP_FAIL(err, HEP_EINVAL, "role %s cannot be simulated", hep_role_name(role));
    if (hep_role_is_post_contrast(role) != isfinite(time_s))
        return HEP_FAIL(err, HEP_EINVAL, "series %s: time after injection is %g s",
                        hep_role_name(role), time_s);
    if (role != HEP_ROLE_OPPOSED && role != HEP_ROLE_IN_PHASE)
        return add_one(s, role, time_s, err);
    if (hep_sim_has_role(s, HEP_ROLE_OPPOSED))
        return HEP_OK;
    rc = add_one(s, HEP_ROLE_OPPOSED, time_s, err);
    return rc == HEP_OK ? add_one(s, HEP_ROLE_IN_PHASE, time_s, err) : rc;
}

int hep_sim_set_b_values(struct hep_sim_settings *s, const double *b_s_per_mm2, size_t n,
                         struct hep_error *err)
{
    if (n < 1 || n > HEP_SIM_MAX_VOLUMES)
        return HEP_FAIL(err, HEP_EINVAL, "%zu b-values, want 1 to %d", n, HEP_SIM_MAX_VOLUMES);
    for (size_t i = 0; i < n; i++)
        if (!(b_s_per_mm2[i] >= 0.0 && b_s_per_mm2[i] <= 10000.0))
            return HEP_FAIL(err, HEP_EINVAL, "b-value %g s/mm2, want 0 to 10000", b_s_per_mm2[i]);
    for (size_t i = 0; i < s->n_series; i++) {
        if (s->series[i].role != HEP_ROLE_DWI)
            continue;
        memcpy(s->series[i].b_s_per_mm2, b_s_per_mm2, n * sizeof *b_s_per_mm2);
        s->series[i].n_b = n;
        return HEP_OK;
    }
    return HEP_FAIL(err, HEP_EINVAL, "b-values without a dwi series");
}

/* ---- specifications in words ----------------------------------------------------------------- */

/* Next item of a comma list into `item`; false at the end or when it is too long (then empty). */
static bool next_item(char *item, size_t size, const char **rest)
{
    const size_t n = strcspn(*rest, ",");

    if (**rest == '\0')
        return false;
    item[0] = '\0';
    if (n < size) {
        memcpy(item, *rest, n);
        item[n] = '\0';
    }
    *rest += n;
    if (**rest == ',')
        (*rest)++;
    return true;
}

static int parse_level(double *level, const char *text, struct hep_error *err)
{
    struct hep_error quiet = { 0 };

    if (hep_parse_double(level, text, &quiet) != HEP_OK || !(*level >= 0.0 && *level <= 100.0))
        return HEP_FAIL(err, HEP_EUSAGE, "degradation level \"%s\", want 0 to 100", text);
    return HEP_OK;
}

static int parse_degradation(struct hep_sim_settings *s, char *item, struct hep_error *err)
{
    char *equals = strchr(item, '=');
    double level = 1.0;
    size_t found = 0;
    int rc;

    if (equals != NULL) {
        *equals = '\0';
        rc = parse_level(&level, equals + 1, err);
        if (rc != HEP_OK)
            return rc;
    }
    if (strcmp(item, "usual") == 0 || strcmp(item, "all") == 0) {
        degrade_many(s, strcmp(item, "all") == 0, level);
        return HEP_OK;
    }
    rc = hep_find_name(&found, item, degradation_names, HEP_SIM_N_DEGRADATIONS, "degradation",
                       HEP_EUSAGE, err);
    if (rc == HEP_OK)
        s->degrade[found] = level;
    return rc;
}

int hep_sim_parse_degradations(struct hep_sim_settings *s, const char *spec, struct hep_error *err)
{
    char item[64];
    double level;
    int rc;

    memset(s->degrade, 0, sizeof s->degrade);
    if (strcmp(spec, "none") == 0)
        return HEP_OK;
    if (!(spec[0] >= 'a' && spec[0] <= 'z')) {
        rc = parse_level(&level, spec, err);
        if (rc == HEP_OK)
            degrade_many(s, false, level);
        return rc;
    }
    while (next_item(item, sizeof item, &spec)) {
        rc = parse_degradation(s, item, err);
        if (rc != HEP_OK)
            return rc;
    }
    return HEP_OK;
}

/* "12mm" or "12". */
static int parse_mm(double *mm, const char *text, struct hep_error *err)
{
    struct hep_error quiet = { 0 };
    char number[32];
    size_t n = strlen(text);

    if (n > 2 && strcmp(text + n - 2, "mm") == 0)
        n -= 2;
    if (n == 0 || n >= sizeof number)
        return HEP_FAIL(err, HEP_EUSAGE, "lesion diameter \"%s\", want millimetres", text);
    memcpy(number, text, n);
    number[n] = '\0';
    if (hep_parse_double(mm, number, &quiet) != HEP_OK || !(*mm >= 2.0 && *mm <= 80.0))
        return HEP_FAIL(err, HEP_EUSAGE, "lesion diameter \"%s\", want 2 to 80 mm", text);
    return HEP_OK;
}

/* "5" or "5:3-40mm" after "poisson:" or "even:". */
static int parse_drawn(struct hep_sim_settings *s, const char *text, struct hep_error *err)
{
    struct hep_error quiet = { 0 };
    char part[64];
    char *range, *dash;
    int rc;

    if (strlen(text) >= sizeof part)
        return HEP_FAIL(err, HEP_EUSAGE, "lesion list \"%.40s...\" is too long", text);
    memcpy(part, text, strlen(text) + 1);
    range = strchr(part, ':');
    if (range != NULL) {
        *range++ = '\0';
        dash = strchr(range, '-');
        if (dash == NULL)
            return HEP_FAIL(err, HEP_EUSAGE, "diameters \"%s\", want for example 3-40mm", range);
        *dash = '\0';
        rc = parse_mm(&s->min_diameter_mm, range, err);
        if (rc == HEP_OK)
            rc = parse_mm(&s->max_diameter_mm, dash + 1, err);
        if (rc != HEP_OK)
            return rc;
        if (s->max_diameter_mm < s->min_diameter_mm)
            return HEP_FAIL(err, HEP_EUSAGE, "diameters %g-%g mm run backwards", s->min_diameter_mm,
                            s->max_diameter_mm);
    }
    if (hep_parse_double(&s->mean_lesions, part, &quiet) != HEP_OK ||
        !(s->mean_lesions >= 0.0 && s->mean_lesions <= 15.0))
        return HEP_FAIL(err, HEP_EUSAGE, "number of lesions \"%s\", want 0 to 15", part);
    return HEP_OK;
}

static int parse_wish(struct hep_sim_wish *wish, char *item, struct hep_error *err)
{
    const char *names[HEP_SIM_N_LESION_TYPES];
    char *colon = strchr(item, ':');
    size_t found = 0;
    int rc;

    if (colon == NULL)
        return HEP_FAIL(err, HEP_EUSAGE, "lesion \"%s\", want TYPE:DIAMETER as in met:12mm", item);
    *colon = '\0';
    for (int t = 0; t < (int)HEP_SIM_N_LESION_TYPES; t++)
        names[t] = hep_sim_lesion_type_name((enum hep_sim_lesion_type)t);
    rc = hep_find_name(&found, item, names, HEP_SIM_N_LESION_TYPES, "lesion type", HEP_EUSAGE, err);
    if (rc != HEP_OK)
        return rc;
    wish->type = (enum hep_sim_lesion_type)found;
    return parse_mm(&wish->diameter_mm, colon + 1, err);
}

int hep_sim_parse_lesions(struct hep_sim_settings *s, const char *spec, struct hep_error *err)
{
    char item[64];
    int rc;

    s->n_wishes = 0;
    s->no_lesions = strcmp(spec, "none") == 0;
    s->even_kinds = hep_starts_with(spec, "even:");
    if (s->no_lesions)
        return HEP_OK;
    if (s->even_kinds)
        return parse_drawn(s, spec + strlen("even:"), err);
    if (hep_starts_with(spec, "poisson:"))
        return parse_drawn(s, spec + strlen("poisson:"), err);
    while (next_item(item, sizeof item, &spec)) {
        if (s->n_wishes >= HEP_SIM_MAX_LESIONS)
            return HEP_FAIL(err, HEP_EUSAGE, "more than %d lesions", HEP_SIM_MAX_LESIONS);
        rc = parse_wish(&s->wishes[s->n_wishes], item, err);
        if (rc != HEP_OK)
            return rc;
        s->n_wishes++;
    }
    if (s->n_wishes == 0)
        return HEP_FAIL(err, HEP_EUSAGE,
                        "empty lesion list, want none, poisson:N, even:N or a list");
    return HEP_OK;
}

/* ---- check ----------------------------------------------------------------------------------- */

static int check_series(const struct hep_sim_series *r, struct hep_error *err)
{
    const char *name = hep_role_name(r->role);

    if (!is_acquisition(r->role))
        return HEP_FAIL(err, HEP_EINVAL, "role %s cannot be simulated", name);
    for (int k = 0; k < 3; k++) {
        if (r->n[k] < 8 || r->n[k] > 1024)
            return HEP_FAIL(err, HEP_EINVAL, "%s: %zu voxels along an axis, want 8 to 1024", name,
                            r->n[k]);
        if (!(r->spacing_mm[k] >= 0.4 && r->spacing_mm[k] <= 20.0))
            return HEP_FAIL(err, HEP_EINVAL, "%s: spacing %g mm, want 0.4 to 20", name,
                            r->spacing_mm[k]);
    }
    if (!(r->tr_s > 0.0) || r->n_te < 1 || r->n_te > HEP_SIM_MAX_VOLUMES)
        return HEP_FAIL(err, HEP_EINVAL, "%s: TR %g s with %zu echoes", name, r->tr_s, r->n_te);
    for (size_t e = 0; e < r->n_te; e++)
        if (!(r->te_s[e] > 0.0))
            return HEP_FAIL(err, HEP_EINVAL, "%s: echo time %g s, want > 0", name, r->te_s[e]);
    if (r->role == HEP_ROLE_DWI && (r->n_b < 1 || r->n_b > HEP_SIM_MAX_VOLUMES))
        return HEP_FAIL(err, HEP_EINVAL, "dwi: %zu b-values, want 1 to %d", r->n_b,
                        HEP_SIM_MAX_VOLUMES);
    if (hep_role_is_post_contrast(r->role) && !(r->time_s >= 0.0 && r->time_s <= 14400.0))
        return HEP_FAIL(err, HEP_EINVAL, "%s: time %g s after injection, want 0 to 14400", name,
                        r->time_s);
    return HEP_OK;
}

int hep_sim_check(const struct hep_sim_settings *s, struct hep_error *err)
{
    bool contrast = false;

    if (!(s->field_t >= 1.0 && s->field_t <= 3.5))
        return HEP_FAIL(err, HEP_EINVAL, "field %g T, want 1 to 3.5", s->field_t);
    if (s->subject < 1 || s->subject > 99999)
        return HEP_FAIL(err, HEP_EINVAL, "subject %u, want 1 to 99999", s->subject);
    if (s->n_series < 1 || s->n_series > HEP_SIM_MAX_SERIES)
        return HEP_FAIL(err, HEP_EINVAL, "%zu series, want 1 to %d", s->n_series,
                        HEP_SIM_MAX_SERIES);
    if (s->nthreads < 1 || s->nthreads > 1024)
        return HEP_FAIL(err, HEP_EINVAL, "%d threads, want 1 to 1024", s->nthreads);
    if (!(s->variation >= 0.0 && s->variation <= 3.0) || !(s->texture >= 0.0 && s->texture <= 5.0))
        return HEP_FAIL(err, HEP_EINVAL, "variation %g (0 to 3), texture %g (0 to 5)", s->variation,
                        s->texture);
    if (!(s->mean_lesions >= 0.0 && s->mean_lesions <= 15.0) || !(s->min_diameter_mm >= 2.0) ||
        !(s->max_diameter_mm >= s->min_diameter_mm && s->max_diameter_mm <= 80.0))
        return HEP_FAIL(err, HEP_EINVAL, "%g lesions of %g to %g mm, want 0 to 15 of 2 to 80",
                        s->mean_lesions, s->min_diameter_mm, s->max_diameter_mm);
    for (int d = 0; d < (int)HEP_SIM_N_DEGRADATIONS; d++)
        if (!(s->degrade[d] >= 0.0 && s->degrade[d] <= 100.0))
            return HEP_FAIL(err, HEP_EINVAL, "degradation %s %g, want 0 to 100",
                            degradation_names[d], s->degrade[d]);
    if (s->sessions > HEP_SIM_MAX_SESSIONS || s->session > s->sessions)
        return HEP_FAIL(err, HEP_EINVAL, "session %u of %u, want at most %d", s->session,
                        s->sessions, HEP_SIM_MAX_SESSIONS);
    if (!(s->interval_days > 0.0 && s->interval_days <= 3650.0))
        return HEP_FAIL(err, HEP_EINVAL, "%g days between sessions, want above 0 to 3650",
                        s->interval_days);
    for (size_t i = 0; i < s->n_series; i++) {
        const int rc = check_series(&s->series[i], err);

        if (rc != HEP_OK)
            return rc;
        contrast = contrast || hep_role_is_post_contrast(s->series[i].role);
    }
    if (contrast && s->agent == NULL)
        return HEP_FAIL(err, HEP_EINVAL, "series after injection need a contrast agent");
    return HEP_OK;
}
