#include "cli/commands.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/table.h"
#include "cli/print.h"
#include "image/nifti.h"
#include "radiomics/feature_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct radiomics_options {
    struct hep_common_options common;
    const char *image, *mask, *out, *normalise_mask;
    struct hep_args families;
    double bin_width, low, high, outliers, resample;
    long bins, label;
    int levels, normalise;
    bool json;
};

#define S struct radiomics_options
static const char *const normalise_words[] = { "none", "zscore", NULL };

static const struct hep_option options[] = {
    HEP_OPT(FILE_OUT, S, out, "out", 'o', "FILE", NULL,
            "write it instead of printing TSV: a name that ends in .tsv, with its data dictionary "
            "beside it, or in .json"),
    HEP_OPT_FLAG(S, json, "json", 0, "print JSON"),
    HEP_OPT_INTEGER(S, label, "label", 'l', "N", 1, 2147483647, NULL,
                    "only the region with this label; without it each label of the mask is one"),
    HEP_OPT_CHOICE(S, levels, "levels", 0, "HOW", hep_level_words, "auto",
                   "grey levels: the intensities as they are (whole numbers from 1), a count of "
                   "bins, or a width; auto "
                   "takes whole numbers up to 256 as they are, else a count"),
    HEP_OPT_INTEGER(S, bins, "bins", 0, "N", 2, HEP_TEXTURE_MAX_LEVELS, "32", "fixed bin number"),
    HEP_OPT_NUMBER(S, bin_width, "bin-width", 0, "X", 1e-9, 1e12, NULL,
                   "fixed bin size; means --levels width"),
    HEP_OPT_NUMBER(S, low, "low", 0, "X", -1e12, 1e12, NULL,
                   "re-segmentation: lowest intensity; bins start here"),
    HEP_OPT_NUMBER(S, high, "high", 0, "X", -1e12, 1e12, NULL,
                   "re-segmentation: highest intensity"),
    HEP_OPT_NUMBER(
        S, outliers, "outliers", 0, "SD", 0.1, 100, NULL,
        "re-segmentation: leave out intensities further than this from the mean (the standard: 3)"),
    HEP_OPT_NUMBER(S, resample, "resample", 0, "MM", 0.1, 50, NULL,
                   "isotropic voxels of this size, linearly"),
    HEP_OPT_CHOICE(S, normalise, "normalise", 0, "HOW", normalise_words, "none",
                   "zscore: mean 0 and SD 1 over the body, or over --normalise-mask"),
    HEP_OPT(FILE_IN, S, normalise_mask, "normalise-mask", 0, "FILE", NULL,
            "where it is not 0; on the image's grid"),
    HEP_OPT_LIST(
        S, families, "families", 0, "NAME",
        "only these: morphology, local, statistics, histogram, ivh, cm, rlm, szm, dzm, ngt, ngl"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(FILE_IN, S, image, "image", "any volume or map; of several volumes the first"),
    HEP_POS(FILE_IN, S, mask, "mask", "label map on the same grid"),
    { 0 },
};
static const char *const examples[] = {
    "hepar radiomics sub-01_T1w.nii.gz sub-01_label-lesions_dseg.nii.gz",
    "hepar radiomics adc.nii.gz lesions.nii.gz --bin-width 50e-6 -o adc.tsv", NULL
};

static int choose_families(struct hep_texture_settings *s, const struct hep_args *names,
                           struct hep_error *err)
{
    static const char *const known[HEP_TEXTURE_FAMILIES] = { "morphology", "local", "statistics",
                                                             "histogram",  "ivh",   "cm",
                                                             "rlm",        "szm",   "dzm",
                                                             "ngt",        "ngl" };

    for (int f = 0; names->n > 0 && f < HEP_TEXTURE_FAMILIES; f++)
        s->family[f] = false;
    for (size_t i = 0; i < names->n; i++) {
        int f = 0;

        while (f < HEP_TEXTURE_FAMILIES && strcmp(known[f], names->items[i]) != 0)
            f++;
        if (f == HEP_TEXTURE_FAMILIES)
            return HEP_FAIL(
                err, HEP_EUSAGE,
                "--families %s: known are morphology, local, statistics, histogram, ivh, "
                "cm, rlm, szm, dzm, ngt, ngl",
                names->items[i]);
        s->family[f] = true;
    }
    return HEP_OK;
}

static int settle(struct hep_texture_settings *s, const struct radiomics_options *o,
                  struct hep_error *err)
{
    hep_texture_settings_default(s);
    s->levels = isfinite(o->bin_width) ? HEP_LEVELS_WIDTH : (enum hep_discretisation)o->levels;
    if (s->levels == HEP_LEVELS_WIDTH && !isfinite(o->bin_width))
        return HEP_FAIL(err, HEP_EUSAGE, "--levels width needs --bin-width");
    if (o->out != NULL && o->json)
        return HEP_FAIL(err, HEP_EUSAGE,
                        "-o FILE.json writes JSON, --json prints it: give one of them");
    if (o->normalise_mask != NULL && o->normalise == 0)
        return HEP_FAIL(err, HEP_EUSAGE, "--normalise-mask needs --normalise zscore");
    s->n_bins = (int)o->bins;
    s->bin_width = o->bin_width;
    s->range[0] = o->low;
    s->range[1] = o->high;
    s->outlier_sd = isfinite(o->outliers) ? o->outliers : 0.0;
    s->resample_mm = isfinite(o->resample) ? o->resample : 0.0;
    return choose_families(s, &o->families, err);
}

static int normalise(struct hep_volume *image, const struct radiomics_options *o,
                     struct hep_error *err)
{
    struct hep_labels *over = NULL;
    int rc = HEP_OK;

    if (o->normalise == 0)
        return HEP_OK;
    if (o->normalise_mask != NULL)
        rc = hep_nifti_read_labels(&over, o->normalise_mask, err);
    if (rc == HEP_OK && hep_texture_normalise(image, over, err) != HEP_OK)
        rc = hep_error_prefix(err, "%s", o->normalise_mask != NULL ? o->normalise_mask : o->image);
    hep_labels_free(over);
    return rc;
}

static int add_region(struct hep_feature_rows *rows, const struct hep_volume *image,
                      const struct hep_labels *mask, int32_t label,
                      const struct radiomics_options *o, const struct hep_texture_settings *s,
                      struct hep_error *err)
{
    struct hep_texture t = { 0 };
    int rc = hep_texture_compute(&t, image, mask, label, s, err);

    if (rc != HEP_OK)
        return hep_error_prefix(err, "%s", o->mask);
    rc = hep_feature_rows_add(rows, &t, NULL, label, normalise_words[o->normalise], s, err);
    hep_texture_release(&t);
    return rc;
}

/* The next label above this one that the mask holds; 0 when there is none. */
static int32_t next_label(const struct hep_labels *mask, int32_t after)
{
    int32_t next = 0;

    for (size_t i = 0; i < hep_grid_voxels(&mask->grid); i++) {
        if (mask->data[i] > after && (next == 0 || mask->data[i] < next))
            next = mask->data[i];
    }
    return next;
}

static int compute(struct hep_feature_rows *rows, const struct radiomics_options *o,
                   struct hep_error *err)
{
    struct hep_texture_settings s;
    struct hep_volume *image = NULL;
    struct hep_labels *mask = NULL;
    int32_t label = 0;
    int rc = settle(&s, o, err);

    if (rc == HEP_OK)
        rc = hep_nifti_read(&image, o->image, err);
    if (rc == HEP_OK)
        rc = hep_nifti_read_labels(&mask, o->mask, err);
    if (rc == HEP_OK && !hep_grid_same(&image->grid, &mask->grid, HEP_GRID_TOL_MM))
        rc = HEP_FAIL(err, HEP_EGEOM, "%s: its grid is not that of %s", o->mask, o->image);
    if (rc == HEP_OK)
        rc = normalise(image, o, err);
    label = o->label > 0 ? (int32_t)o->label : rc == HEP_OK ? next_label(mask, 0) : 0;
    if (rc == HEP_OK && label == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: the mask is empty", o->mask);
    while (rc == HEP_OK && label != 0) {
        rc = add_region(rows, image, mask, label, o, &s, err);
        label = o->label > 0 ? 0 : next_label(mask, label);
    }
    hep_volume_free(image);
    hep_labels_free(mask);
    return rc;
}

static int write_file(const char *path, const struct hep_table *table, struct hep_error *err)
{
    size_t length = strlen(path);
    struct hep_put put = { HEP_OK, err };
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    char beside[4096];
    int rc = HEP_OK;

    if (length > 5 && strcmp(path + length - 5, ".json") == 0) {
        rc = hep_put_done(&put, &json, hep_table_json(&put, table));
        if (rc == HEP_OK)
            rc = hep_json_write(path, json, err);
        hep_json_free(json);
        return rc;
    }
    if (length < 5 || length > sizeof beside - 2 || strcmp(path + length - 4, ".tsv") != 0)
        return HEP_FAIL(err, HEP_EUSAGE, "-o %s: the name ends in .tsv or .json", path);
    hep_table_tsv(&text, table);
    rc = text.failed ? HEP_FAIL(err, HEP_ENOMEM, "no memory for the table") : HEP_OK;
    if (rc == HEP_OK)
        rc = hep_file_write(path, text.s, text.len, err);
    if (rc == HEP_OK)
        rc = hep_put_done(&put, &json, hep_table_dictionary(&put, table));
    (void)snprintf(beside, sizeof beside, "%.*s.json", (int)(length - 4), path);
    if (rc == HEP_OK)
        rc = hep_json_write(beside, json, err);
    hep_json_free(json);
    hep_str_release(&text);
    return rc;
}

static int print(FILE *out, bool as_json, const struct hep_table *table, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *json = NULL;
    struct hep_str text = { 0 };
    int rc = HEP_OK;

    if (as_json) {
        rc = hep_put_done(&put, &json, hep_table_json(&put, table));
        return rc == HEP_OK ? hep_print_json(out, json, err) : rc;
    }
    hep_table_tsv(&text, table);
    return hep_print_text(out, &text, err);
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct radiomics_options *o = given;
    struct hep_feature_rows rows = { 0 };
    int rc = compute(&rows, o, err);

    if (rc == HEP_OK) {
        const struct hep_table table = HEP_TABLE(NULL, hep_feature_columns, rows.list, rows.n);

        rc = o->out != NULL ? write_file(o->out, &table, err)
                            : print(cli->out, o->json, &table, err);
    }
    free(rows.list);
    return rc;
}

const struct hep_command hep_cmd_radiomics = {
    "radiomics",
    "shape and texture of regions by the Image Biomarker Standardisation Initiative",
    "482 values of 169 features for each label of a mask, with the parameters that they depend on "
    "beside each. "
    "Names and identifiers are those of the IBSI reference manual (arXiv:1612.07003).",
    options,
    positionals,
    sizeof(struct radiomics_options),
    run,
    examples
};
