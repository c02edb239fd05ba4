#include "fitting/diffusion_screen.h"

#include "base/alloc.h"
#include "base/number.h"
#include "fitting/diffusion_sample.h"
#include "sequences/gradients.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* MADs of images without noise; a copy differs by rounding alone. */
static const double no_noise = 1e-4;
/* Expert value: difference of the body's median ADC between gradient directions [mm2/s], half of the
 * spleen's ADC and more. Fibres of muscle, the most directed tissue of the abdomen, lie every way. */
static const double directions_mm2_per_s = 0.5e-3;
/* Half of 0.85e-3 mm2/s, the spleen's, the lowest of the organs' median ADCs (liver 1.28e-3, kidney
 * 1.94e-3; Jafar et al., World J Radiol 2016;8:21, 115 studies). A tenth of a body's bright half loses more
 * than that between its lowest and its highest b-value; fat alone loses next to nothing. */
static const double decay_least_mm2_per_s = 0.4e-3;
/* A volume with fewer of the region's voxels above 0 is empty; expert value. */
static const double empty_share = 0.05;
/* Below this many volumes each may be the derived one; of more, only the last ones. */
enum { MOST_CANDIDATES = 128, LAST_CANDIDATES = 8, LEAST_SAMPLE = 50 };

void hep_diffusion_screen_release(struct hep_diffusion_screen *s)
{
    free(s->lost);
    *s = (struct hep_diffusion_screen){ 0 };
}

/* ---- volumes computed from others ---- */

static double mad(const struct hep_diffusion_sample *s)
{
    return hep_sample_mad(s, s->work);
}

/* MAD of ln of volume c less the mean ln of the other volumes of a list, j left out as well. */
static double apart_from_mean(struct hep_diffusion_sample *s, size_t c, const size_t *list,
                              size_t n, size_t j)
{
    for (size_t i = 0; i < s->n; i++) {
        double sum = 0.0;
        size_t count = 0;

        for (size_t k = 0; k < n; k++) {
            if (list[k] == c || list[k] == j)
                continue;
            sum += (double)hep_sample_at(s, list[k])[i];
            count++;
        }
        s->work[i] =
            count > 0 ? (float)((double)hep_sample_at(s, c)[i] - sum / (double)count) : NAN;
    }
    return mad(s);
}

/* What is usual among the volumes of a list, c left out. */
static double usual_spread(struct hep_diffusion_sample *s, size_t c, const size_t *list, size_t n)
{
    float spread[HEP_SAMPLE_COMPARED];
    size_t m = 0;

    for (size_t k = 0; k < n && m < HEP_SAMPLE_COMPARED; k++)
        if (list[k] != c)
            spread[m++] = (float)apart_from_mean(s, list[k], list, n, c);
    return hep_quantile(spread, m, 0.5);
}

static bool is_mean_of(struct hep_screen_volume *v, struct hep_diffusion_sample *s, size_t c,
                       const size_t *list, size_t n, double b)
{
    size_t others = n;
    double own, usual;

    for (size_t k = 0; k < n; k++)
        others -= list[k] == c;
    if (others == 0)
        return false;
    own = apart_from_mean(s, c, list, n, c);
    if (others == 1 && (!(own < no_noise) || list[0] > c || !(s->roughness > 10.0 * no_noise)))
        return false;
    /* A b-value whose volumes belong to different ones has a large spread, neighbours have not. */
    usual = others > 1 ? fmin(usual_spread(s, c, list, n), s->roughness / sqrt(2.0)) : 1.0;
    if (!(own < HEP_SCREEN_DERIVED * usual) || !(usual > no_noise))
        return false;
    *v = (struct hep_screen_volume){ c,       others == 1 ? HEP_SCREEN_COPY : HEP_SCREEN_MEAN,
                                     s->b[c], b,
                                     0,       -1 };
    return true;
}

/* The mean signal of all other volumes, or of those above the lowest b-value. */
static bool is_mean_of_all(struct hep_screen_volume *v, struct hep_diffusion_sample *s, size_t c,
                           double above)
{
    size_t others = 0;

    for (size_t k = 0; k < s->n_kept; k++)
        others += s->kept[k] != c && s->b[s->kept[k]] > above;
    for (size_t i = 0; i < s->n; i++) {
        double sum = 0.0;

        for (size_t k = 0; k < s->n_kept; k++)
            if (s->kept[k] != c && s->b[s->kept[k]] > above)
                sum += exp((double)hep_sample_at(s, s->kept[k])[i]);
        s->work[i] = (float)((double)hep_sample_at(s, c)[i] - log(sum / (double)others));
    }
    if (others < 2 || !(s->roughness > 10.0 * no_noise) ||
        !(mad(s) < HEP_SCREEN_DERIVED * s->roughness / sqrt(2.0)))
        return false;
    *v = (struct hep_screen_volume){ c, HEP_SCREEN_MEAN, s->b[c], (double)NAN, 0, -1 };
    return true;
}

/* The line through all volumes but c: what it expects of volume c, or the ln of its slope. */
static void fit_line(struct hep_diffusion_sample *s, size_t c, bool of_slope)
{
    for (size_t i = 0; i < s->n; i++) {
        double n = 0.0, b = 0.0, bb = 0.0, l = 0.0, bl = 0.0, det, slope;

        for (size_t k = 0; k < s->n_kept; k++) {
            const size_t v = s->kept[k];
            const double x = s->b[v], y = (double)hep_sample_at(s, v)[i];

            if (v == c || !isfinite(y))
                continue;
            n += 1.0;
            b += x;
            bb += x * x;
            l += y;
            bl += x * y;
        }
        det = n * bb - b * b;
        slope = (b * l - n * bl) / det;
        s->line[i] = !(det > 0.0) || !(slope > 0.0) ? NAN
                     : of_slope                     ? (float)log(slope)
                                : (float)((l + slope * b) / n - s->b[c] * slope);
    }
}

static void subtract_line(struct hep_diffusion_sample *s, size_t v)
{
    for (size_t i = 0; i < s->n; i++)
        s->work[i] = hep_sample_at(s, v)[i] - s->line[i];
}

static double allowed(double b, double rise_max)
{
    return log(rise_max) + directions_mm2_per_s * b;
}

/* How far a volume lies from the others of its b-value, by their medians; 0 without others. */
static double off_its_b(struct hep_diffusion_sample *s, size_t c)
{
    double least = HUGE_VAL;

    for (size_t k = 0; k < s->n_kept; k++)
        if (s->kept[k] != c && fabs(s->b[s->kept[k]] - s->b[c]) <= HEP_SHELL_TOL_S_PER_MM2)
            least = fmin(least, fabs(hep_sample_over(s, c, s->kept[k])));
    return isfinite(least) ? least : 0.0;
}

static bool is_adc_map(struct hep_screen_volume *v, struct hep_diffusion_sample *s, size_t c,
                       double rise_max)
{
    double off, decades, unexplained, contrast;

    if (s->n_kept < 3)
        return false;
    fit_line(s, c, false);
    subtract_line(s, c);
    off = fabs(hep_sample_median(s, s->work));
    unexplained = mad(s);
    off = fmax(off, off_its_b(s, c));
    if (!(off > log(rise_max)) && !(unexplained > 3.0 * s->noise))
        return false;
    fit_line(s, c, true);
    contrast = hep_sample_mad(s, s->line);
    subtract_line(s, c);
    decades = hep_sample_median(s, s->work) / log(10.0);
    if (!(fabs(decades - round(decades)) < HEP_SCREEN_UNIT) || decades < -0.5)
        return false;
    if (!(mad(s) < 0.5 * contrast && mad(s) < 0.5 * unexplained) &&
        !(hep_sample_roughness(s, c) < 0.5 * s->roughness))
        return false;
    *v = (struct hep_screen_volume){ c, HEP_SCREEN_ADC_MAP, s->b[c], (double)NAN, 0, -1 };
    return true;
}

static bool find_derived(struct hep_screen_volume *v, struct hep_diffusion_sample *s,
                         const struct hep_b_shells *shells, double rise_max)
{
    const size_t first = s->n_kept > MOST_CANDIDATES ? s->n_kept - LAST_CANDIDATES : 0;

    for (size_t k = s->n_kept; k-- > first;) {
        const size_t c = s->kept[k];

        for (size_t i = 0; i < shells->n; i++)
            if (is_mean_of(v, s, c, s->members + shells->first[i], shells->count[i],
                           shells->b_s_per_mm2[i]))
                return true;
        if (is_mean_of_all(v, s, c, -1.0) ||
            is_mean_of_all(v, s, c, shells->b_s_per_mm2[0] + HEP_SHELL_TOL_S_PER_MM2) ||
            is_adc_map(v, s, c, rise_max))
            return true;
    }
    return false;
}

static int group_kept(struct hep_b_shells *shells, struct hep_diffusion_sample *s,
                      struct hep_error *err)
{
    double *b = NULL;
    int rc = HEP_NEW(b, s->n_kept > 0 ? s->n_kept : 1, err);

    for (size_t k = 0; rc == HEP_OK && k < s->n_kept; k++)
        b[k] = s->b[s->kept[k]];
    if (rc == HEP_OK)
        rc = hep_b_shells_group(shells, b, s->n_kept, err);
    for (size_t k = 0; rc == HEP_OK && k < s->n_kept; k++)
        s->members[k] = s->kept[shells->order[k]];
    free(b);
    return rc;
}

/* Volumes without signal in the region, as converters pad a series that was stopped. */
static void leave_out_empty(struct hep_diffusion_screen *out, struct hep_diffusion_sample *s)
{
    for (size_t v = 0; v < s->nb && out->n_left_out < HEP_SCREEN_MAX_LEFT_OUT; v++) {
        const float *ln = hep_sample_at(s, v);
        size_t positive = 0;

        for (size_t i = 0; i < s->n; i++)
            positive += isfinite(ln[i]) ? 1 : 0;
        if ((double)positive >= empty_share * (double)s->n)
            continue;
        out->left_out[out->n_left_out++] =
            (struct hep_screen_volume){ v, HEP_SCREEN_EMPTY, s->b[v], (double)NAN, 0, -1 };
        hep_sample_drop(s, v);
    }
}

static int leave_out_derived(struct hep_diffusion_screen *out, struct hep_diffusion_sample *s,
                             double rise_max, struct hep_error *err)
{
    bool more = true;
    int rc = HEP_OK;

    while (rc == HEP_OK && more && out->n_left_out < HEP_SCREEN_MAX_LEFT_OUT && s->n_kept > 2) {
        struct hep_screen_volume *v = &out->left_out[out->n_left_out];
        struct hep_b_shells shells = { 0 };

        rc = group_kept(&shells, s, err);
        if (rc != HEP_OK)
            break;
        hep_sample_noise(s, shells.first, shells.count, shells.n);
        more = find_derived(v, s, &shells, rise_max);
        if (more) {
            hep_sample_drop(s, v->volume);
            out->n_left_out++;
        }
        hep_b_shells_release(&shells);
    }
    return rc;
}

/* ---- volumes of one b-value ---- */

struct level {
    double over; /* median of ln over the first of the b-value; first, for hep_compare_doubles() */
    size_t volume;
};

/* Motion takes signal from single volumes and adds none: the lowest of every five does not count.
 * In four volunteers with six volumes of each b-value the rest lie at most 0.21 apart in ln, with the
 * lowest 0.41.
 * level: room for n */
static void compare_shell(struct hep_diffusion_screen *out, struct hep_diffusion_sample *s,
                          struct level *level, const size_t *list, size_t n, double b,
                          double rise_max)
{
    const struct level *least = level + n / 5, *most = level + n - 1;
    double apart;

    for (size_t k = 0; k < n; k++)
        level[k] = (struct level){ hep_sample_over(s, list[k], list[0]), list[k] };
    qsort(level, n, sizeof *level, hep_compare_doubles);
    apart = (most->over - least->over) / allowed(b, rise_max);
    if (!(apart > out->apart))
        return;
    out->apart = apart;
    out->apart_ratio = exp(most->over - least->over);
    out->apart_b_s_per_mm2 = b;
    out->apart_from = least->volume;
    out->apart_to = most->volume;
}

/* Standard error of the mean of the first shell. */
static void compare_lowest(struct hep_diffusion_screen *out, struct hep_diffusion_sample *s,
                           const size_t *list, size_t n)
{
    double sum = 0.0, squares = 0.0;

    out->n_lowest = n;
    out->lowest_error = (double)NAN;
    for (size_t k = 0; k < n; k++)
        sum += hep_sample_over(s, list[k], list[0]);
    for (size_t k = 0; k < n; k++)
        squares += pow(hep_sample_over(s, list[k], list[0]) - sum / (double)n, 2.0);
    if (n > 1)
        out->lowest_error = sqrt(squares / (double)(n - 1) / (double)n);
}

/* What a tenth of the voxels lose at least, as an ADC between the lowest and the highest b-value. */
static void find_decay(struct hep_diffusion_screen *out, struct hep_diffusion_sample *s,
                       const struct hep_b_shells *shells)
{
    const size_t last = shells->n - 1;
    const float *low = hep_sample_at(s, s->members[shells->first[0]]);
    const float *high = hep_sample_at(s, s->members[shells->first[last]]);
    const double range = shells->b_s_per_mm2[last] - shells->b_s_per_mm2[0];
    size_t kept = 0;

    out->decay_mm2_per_s = (double)NAN;
    if (shells->n < 2)
        return;
    for (size_t i = 0; i < s->n; i++)
        if (isfinite(low[i]) && isfinite(high[i]))
            s->sorted[kept++] = low[i] - high[i];
    out->decay_mm2_per_s = hep_quantile(s->sorted, kept, 0.9) / range;
    out->decay_b_s_per_mm2 = shells->b_s_per_mm2[last];
    out->decay_range_s_per_mm2 = range;
}

static int compare_volumes(struct hep_diffusion_screen *out, struct hep_diffusion_sample *s,
                           double rise_max, struct hep_error *err)
{
    struct hep_b_shells shells = { 0 };
    struct level *level = NULL;
    int rc = group_kept(&shells, s, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(level, s->n_kept, err);
    for (size_t i = 0; rc == HEP_OK && i < shells.n; i++)
        compare_shell(out, s, level, s->members + shells.first[i], shells.count[i],
                      shells.b_s_per_mm2[i], rise_max);
    if (rc == HEP_OK)
        compare_lowest(out, s, s->members, shells.count[0]);
    if (rc == HEP_OK)
        find_decay(out, s, &shells);
    free(level);
    hep_b_shells_release(&shells);
    return rc;
}

/* Whether volume c is the same image as volume k: they differ by rounding alone. */
static bool is_copy(struct hep_diffusion_sample *s, size_t c, size_t k)
{
    return fabs(hep_sample_over(s, c, k)) < no_noise && mad(s) < no_noise;
}

/* Volumes that repeat the first image of another b-value. They contradict the b-values when no two
 * b-values have images of their own, or when there are more than can be left out. */
static int find_copies(struct hep_diffusion_screen *out, struct hep_diffusion_sample *s,
                       struct hep_error *err)
{
    struct hep_b_shells shells = { 0 };
    size_t own = 1, n = 0;
    int rc = group_kept(&shells, s, err);

    for (size_t i = 1; rc == HEP_OK && i < shells.n; i++) {
        const size_t before = n;

        for (size_t k = 0; k < shells.count[i]; k++)
            n += is_copy(s, s->members[shells.first[i] + k], s->members[shells.first[0]]);
        own += n - before < shells.count[i];
    }
    if (rc == HEP_OK && n > 0 && (own < 2 || n > HEP_SCREEN_MAX_LEFT_OUT)) {
        out->n_copies = n;
        out->copies_of = s->members[shells.first[0]];
        out->copies_b_s_per_mm2 = shells.b_s_per_mm2[0];
    }
    hep_b_shells_release(&shells);
    return rc;
}

/* The rise of the kept volumes, volumes counted as in the series. */
static int find_rise(struct hep_diffusion_screen *out, const struct hep_diffusion_sample *s,
                     const struct hep_diffusion_input *in, struct hep_error *err)
{
    struct hep_screened kept = { 0 };
    int rc = hep_screen_apply(&kept, out, in, err);

    if (rc == HEP_OK)
        rc = hep_diffusion_rise_of(&out->rise, &kept.in, err);
    if (rc == HEP_OK && s->n_kept > 0) {
        out->rise.from_volume = s->kept[out->rise.from_volume];
        out->rise.to_volume = s->kept[out->rise.to_volume];
    }
    hep_screened_release(&kept);
    return rc;
}

int hep_diffusion_screen(struct hep_diffusion_screen *out, const struct hep_diffusion_input *in,
                         const size_t n[3], double rise_max, struct hep_error *err)
{
    struct hep_diffusion_sample s = { 0 };
    int rc;

    *out = (struct hep_diffusion_screen){ .nb = in->nb,
                                          .nz = n[2],
                                          .lowest_error = (double)NAN,
                                          .decay_mm2_per_s = (double)NAN,
                                          .n_slices = in->nb * n[2] };
    if (in->nvox == 0 || in->nvox != n[0] * n[1] * n[2])
        return HEP_FAIL(err, HEP_EINVAL, "%zu voxels of a volume of %zu x %zu x %zu", in->nvox,
                        n[0], n[1], n[2]);
    rc = hep_sample_take(&s, in, n, err);
    if (rc == HEP_OK && s.n == 0)
        rc = HEP_FAIL(err, HEP_EDATA,
                      "no voxel has a signal above 0: no magnitudes, or scl_slope has the wrong "
                      "sign");
    if (rc == HEP_OK)
        leave_out_empty(out, &s);
    if (rc == HEP_OK && s.n >= LEAST_SAMPLE && s.n_kept > 1)
        hep_sample_leave_out_moved(out, &s, in, n);
    if (rc == HEP_OK && s.n >= LEAST_SAMPLE && s.n_kept > 0)
        rc = find_copies(out, &s, err);
    if (rc == HEP_OK && s.n >= LEAST_SAMPLE && out->n_copies == 0)
        rc = leave_out_derived(out, &s, rise_max, err);
    if (rc == HEP_OK)
        rc = find_rise(out, &s, in, err);
    if (rc == HEP_OK && s.n >= LEAST_SAMPLE)
        rc = compare_volumes(out, &s, rise_max, err);
    if (rc == HEP_OK && s.n >= LEAST_SAMPLE)
        rc = hep_sample_lost(&out->lost, &out->n_lost, &s, in, n, err);
    hep_sample_release(&s);
    return rc;
}

/* ---- what was found, in words and in the data ---- */

void hep_screen_volume_text(char text[HEP_SCREEN_TEXT], const struct hep_screen_volume *v)
{
    int n = snprintf(text, HEP_SCREEN_TEXT, "volume %zu (b = %g s/mm2) is left out: ", v->volume,
                     v->b_s_per_mm2);

    if (v->cause == HEP_SCREEN_EMPTY)
        (void)snprintf(text + n, (size_t)(HEP_SCREEN_TEXT - n), "it has no signal in the body");
    else if (v->cause == HEP_SCREEN_MOVED && v->reversed >= 0)
        (void)snprintf(
            text + n, (size_t)(HEP_SCREEN_TEXT - n),
            "it fits the other volumes when its %s axis is reversed: it is stored mirrored",
            v->reversed == 0   ? "first"
            : v->reversed == 1 ? "second"
                               : "third");
    else if (v->cause == HEP_SCREEN_MOVED)
        (void)snprintf(text + n, (size_t)(HEP_SCREEN_TEXT - n),
                       "it lies %d slices away from the other volumes", abs(v->slices));
    else if (v->cause == HEP_SCREEN_ADC_MAP)
        (void)snprintf(text + n, (size_t)(HEP_SCREEN_TEXT - n),
                       "an ADC map, no diffusion-weighted image");
    else if (isnan(v->of_s_per_mm2))
        (void)snprintf(text + n, (size_t)(HEP_SCREEN_TEXT - n),
                       "made of the other volumes (their mean, or a map), no image of its own");
    else
        (void)snprintf(text + n, (size_t)(HEP_SCREEN_TEXT - n),
                       "%s of b = %g s/mm2, no image of its own",
                       v->cause == HEP_SCREEN_COPY ? "a copy of the volume"
                                                   : "the mean (trace) of the volumes",
                       v->of_s_per_mm2);
}

void hep_screen_left_out_text(char *text, size_t size, const struct hep_diffusion_screen *s)
{
    char one[HEP_SCREEN_TEXT];
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < s->n_left_out && used < size; i++) {
        hep_screen_volume_text(one, &s->left_out[i]);
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? "; " : "", one);
    }
}

/* Noise and motion may hide as much of the loss as they may make of a rise. */
static double decay_limit(const struct hep_diffusion_screen *s, double rise_max)
{
    return decay_least_mm2_per_s - log(rise_max) / s->decay_range_s_per_mm2;
}

bool hep_screen_contradicts(char text[HEP_SCREEN_TEXT], const struct hep_diffusion_screen *s,
                            double rise_max)
{
    text[0] = '\0';
    if (s->n_copies > 0) {
        (void)snprintf(
            text, HEP_SCREEN_TEXT,
            "%zu of %zu volumes are copies of volume %zu (b = %g s/mm2): nothing in them "
            "is weighted by diffusion",
            s->n_copies, s->nb, s->copies_of, s->copies_b_s_per_mm2);
        return true;
    }
    if (s->rise.ratio > rise_max ||
        (!(s->apart > 1.0) && hep_diffusion_rise_contradicts(&s->rise, rise_max))) {
        hep_diffusion_rise_text(text, HEP_SCREEN_TEXT, &s->rise, rise_max);
        return true;
    }
    if (s->apart > 1.0) {
        (void)snprintf(
            text, HEP_SCREEN_TEXT,
            "volumes %zu and %zu have one b-value, %g s/mm2, and signals %.2f-fold apart, "
            "limit %.2f",
            s->apart_from, s->apart_to, s->apart_b_s_per_mm2, s->apart_ratio,
            exp(allowed(s->apart_b_s_per_mm2, rise_max)));
        return true;
    }
    if (s->decay_mm2_per_s < decay_limit(s, rise_max)) {
        (void)snprintf(
            text, HEP_SCREEN_TEXT,
            "nine tenths of the body lose less than an ADC of %.2fe-3 mm2/s up to b = %g "
            "s/mm2, limit %.2fe-3: fat alone does so, or the b-values are too large",
            1e3 * s->decay_mm2_per_s, s->decay_b_s_per_mm2, 1e3 * decay_limit(s, rise_max));
        return true;
    }
    return false;
}

static bool is_left_out(const struct hep_diffusion_screen *s, size_t volume)
{
    for (size_t i = 0; i < s->n_left_out; i++)
        if (s->left_out[i].volume == volume)
            return true;
    return false;
}

int hep_screen_apply(struct hep_screened *out, const struct hep_diffusion_screen *s,
                     const struct hep_diffusion_input *in, struct hep_error *err)
{
    const size_t slice = s->nz > 0 ? in->nvox / s->nz : in->nvox;
    size_t kept = 0;

    *out = (struct hep_screened){ .in = *in };
    if (s->n_left_out == 0 && s->lost == NULL)
        return HEP_OK;
    if (HEP_NEW(out->signal, in->nvox * (in->nb - s->n_left_out), err) != HEP_OK ||
        HEP_NEW(out->b_s_per_mm2, in->nb, err) != HEP_OK) {
        hep_screened_release(out);
        return HEP_ENOMEM;
    }
    for (size_t v = 0; v < in->nb; v++) {
        float *to = out->signal + kept * in->nvox;

        if (is_left_out(s, v))
            continue;
        (void)memcpy(to, in->signal + v * in->nvox, in->nvox * sizeof *to);
        for (size_t z = 0; s->lost != NULL && z < s->nz; z++)
            for (size_t i = 0; s->lost[v * s->nz + z] != 0 && i < slice; i++)
                to[z * slice + i] = NAN;
        out->b_s_per_mm2[kept++] = in->b_s_per_mm2[v];
    }
    out->in.signal = out->signal;
    out->in.b_s_per_mm2 = out->b_s_per_mm2;
    out->in.nb = kept;
    return HEP_OK;
}

void hep_screened_release(struct hep_screened *s)
{
    free(s->signal);
    free(s->b_s_per_mm2);
    *s = (struct hep_screened){ 0 };
}
