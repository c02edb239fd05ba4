#include "radiomics/region.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>

const struct hep_texture_feature hep_texture_features[] = {
#define FEATURE(family, code, tag, words) { HEP_TEXTURE_##family, #code, tag, words },
#include "radiomics/features.def"
#undef FEATURE
};

size_t hep_texture_n_features(void)
{
    return sizeof hep_texture_features / sizeof hep_texture_features[0];
}

const char *hep_texture_family_words(enum hep_texture_family family)
{
    static const char *const words[HEP_TEXTURE_FAMILIES] = {
        "morphology",
        "local intensity",
        "intensity statistics",
        "intensity histogram",
        "intensity-volume",
        "co-occurrence",
        "run length",
        "size zone",
        "distance zone",
        "grey tone difference",
        "grey level dependence",
    };

    return words[family];
}

static bool has_directions(enum hep_texture_family family)
{
    return family == HEP_TEXTURE_COOCCURRENCE || family == HEP_TEXTURE_RUN_LENGTH;
}

size_t hep_texture_n_aggregations(enum hep_texture_family family)
{
    if (has_directions(family))
        return HEP_AGG_N;
    return family >= HEP_TEXTURE_SIZE_ZONE ? 3 : 1;
}

const char *hep_texture_suffix(enum hep_texture_family family, size_t aggregation)
{
    static const char *const six[HEP_AGG_N] = { "_2D_avg",    "_2D_comb", "_2_5D_avg",
                                                "_2_5D_comb", "_3D_avg",  "_3D_comb" };
    static const char *const three[3] = { "_2D", "_2_5D", "_3D" };

    if (has_directions(family))
        return six[aggregation];
    return family >= HEP_TEXTURE_SIZE_ZONE ? three[aggregation] : "";
}

void hep_texture_settings_default(struct hep_texture_settings *s)
{
    *s = (struct hep_texture_settings){ .n_bins = 32, .bin_width = NAN, .range = { NAN, NAN } };
    for (int f = 0; f < HEP_TEXTURE_FAMILIES; f++)
        s->family[f] = true;
}

void hep_texture_release(struct hep_texture *t)
{
    free(t->value);
    *t = (struct hep_texture){ 0 };
}

static int check(const struct hep_texture_settings *s, struct hep_error *err)
{
    if (s->levels == HEP_LEVELS_WIDTH && !(s->bin_width > 0.0))
        return HEP_FAIL(err, HEP_EINVAL, "bin width %g: allowed above 0", s->bin_width);
    if (s->n_bins < 2 || s->n_bins > HEP_TEXTURE_MAX_LEVELS)
        return HEP_FAIL(err, HEP_EINVAL, "%d bins: allowed 2 to %d", s->n_bins,
                        HEP_TEXTURE_MAX_LEVELS);
    if (s->range[0] > s->range[1])
        return HEP_FAIL(err, HEP_EINVAL, "range from %g to %g is empty", s->range[0], s->range[1]);
    return HEP_OK;
}

static int compute_families(double (*const first[HEP_TEXTURE_FAMILIES])[HEP_AGG_N],
                            const struct hep_region *r, struct hep_error *err)
{
    static int (*const alone[HEP_TEXTURE_FAMILIES])(double(*)[HEP_AGG_N], const struct hep_region *,
                                                    struct hep_error *) = {
        [HEP_TEXTURE_MORPHOLOGY] = hep_morphology,
        [HEP_TEXTURE_LOCAL] = hep_local,
        [HEP_TEXTURE_STATISTICS] = hep_statistics,
        [HEP_TEXTURE_HISTOGRAM] = hep_level_histogram,
        [HEP_TEXTURE_VOLUME_HISTOGRAM] = hep_volume_histogram,
        [HEP_TEXTURE_COOCCURRENCE] = hep_cooccurrence,
        [HEP_TEXTURE_RUN_LENGTH] = hep_run_length,
        [HEP_TEXTURE_NEIGHBOURHOOD] = hep_neighbourhood,
        [HEP_TEXTURE_DEPENDENCE] = hep_dependence,
    };
    int rc = HEP_OK;

    for (int f = 0; rc == HEP_OK && f < HEP_TEXTURE_FAMILIES; f++) {
        if (first[f] != NULL && alone[f] != NULL)
            rc = alone[f](first[f], r, err);
    }
    if (rc == HEP_OK &&
        (first[HEP_TEXTURE_SIZE_ZONE] != NULL || first[HEP_TEXTURE_DISTANCE_ZONE] != NULL))
        rc = hep_zones(first[HEP_TEXTURE_SIZE_ZONE], first[HEP_TEXTURE_DISTANCE_ZONE], r, err);
    return rc;
}

int hep_texture_compute(struct hep_texture *out, const struct hep_volume *image,
                        const struct hep_labels *mask, int32_t label,
                        const struct hep_texture_settings *settings, struct hep_error *err)
{
    double(*first[HEP_TEXTURE_FAMILIES])[HEP_AGG_N] = { NULL }; /* row of each family */
    struct hep_region r = { 0 };
    size_t n = hep_texture_n_features();
    int rc = check(settings, err);

    *out = (struct hep_texture){ 0 };
    if (rc == HEP_OK)
        rc = HEP_NEW(out->value, n, err);
    if (rc == HEP_OK)
        rc = hep_region_make(&r, out, image, mask, label, settings, err);
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        for (int a = 0; a < HEP_AGG_N; a++)
            out->value[i][a] = NAN;
    }
    for (size_t i = 0; rc == HEP_OK && i < n; i++) {
        const enum hep_texture_family family = hep_texture_features[i].family;

        if (settings->family[family] && first[family] == NULL)
            first[family] = &out->value[i];
    }
    if (rc == HEP_OK)
        rc = compute_families((double(*const *)[HEP_AGG_N])first, &r, err);
    hep_region_release(&r);
    if (rc != HEP_OK)
        hep_texture_release(out);
    return rc;
}
