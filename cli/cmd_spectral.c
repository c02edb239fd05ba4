#include "cli/commands.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/table.h"
#include "image/nifti.h"
#include "sequences/sidecar.h"
#include "spectral/spectral.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct spectral_options {
    struct hep_common_options common;
    struct hep_args ct, energies;
    const char *lesions, *liver, *aorta, *iodine, *out, *phase;
    double low, high, denominator, edge, margin, iodine_scale;
    bool regions;
};

#define S struct spectral_options
static const struct hep_option options[] = {
    HEP_OPT(
        DIR_OUT, S, out, "out", 'o', "DIR", NULL,
        "folder of slope.nii.gz, spectral.tsv and spectrum.tsv, each with its .json (required)"),
    HEP_OPT(FILE_IN, S, lesions, "lesions", 'l', "FILE", NULL,
            "label map, each value one lesion (required)"),
    HEP_OPT_FLAG(S, regions, "regions", 0,
                 "the label map holds regions drawn by hand: 1 centre, 2 edge, 3 normal liver"),
    HEP_OPT(FILE_IN, S, liver, "liver-mask", 0, "FILE", NULL, "for the ratios to normal liver"),
    HEP_OPT(FILE_IN, S, aorta, "aorta", 0, "FILE", NULL,
            "mask within the aorta, for normalised iodine"),
    HEP_OPT(FILE_IN, S, iodine, "iodine", 0, "FILE", NULL, "iodine map"),
    HEP_OPT_NUMBER(S, iodine_scale, "iodine-scale", 0, "X", 1e-6, 1e6, "1",
                   "mg/mL for each unit of the iodine map: 0.1 where it holds 100 ug/mL"),
    HEP_OPT_LIST(
        S, energies, "energies", 0, "KEV",
        "photon energies of the volumes, in their order; without it from the names or the sidecars "
        "(MonoenergeticKeV)"),
    HEP_OPT_NUMBER(S, low, "low-kev", 0, "KEV", 20, 200, "60", "lower energy of the slope"),
    HEP_OPT_NUMBER(S, high, "high-kev", 0, "KEV", 20, 200, "100", "higher energy of the slope"),
    HEP_OPT_NUMBER(S, denominator, "denominator", 0, "KEV", 1e-3, 1000, NULL,
                   "what the difference of CT numbers is divided by; without it the energy "
                   "difference, 40 for 60 and 100 "
                   "keV. The paper that the measure is from prints 60"),
    HEP_OPT_NUMBER(S, edge, "edge", 0, "MM", 0.1, 50, "3", "depth of a lesion's edge"),
    HEP_OPT_NUMBER(S, margin, "margin", 0, "MM", 0, 50, "5",
                   "distance that normal liver keeps from lesions"),
    HEP_OPT(TEXT, S, phase, "phase", 0, "NAME", NULL, "name of the phase, for the table"),
    { 0 },
};
static const struct hep_positional positionals[] = {
    HEP_POS_MANY(FILE_IN, S, ct, "ct", "one virtual monoenergetic volume per energy"),
    { 0 },
};
static const char *const examples[] = { "hepar spectral pv_60keV.nii.gz pv_100keV.nii.gz --lesions "
                                        "lesions.nii.gz --liver-mask liver.nii.gz -o spectral",
                                        NULL };
#undef S

/* Consoles export 40 to 200 keV in steps of 1 at most. */
enum { MAX_ENERGIES = 161 };

/* What is read, for hep_spectral_measure(). */
struct files {
    struct hep_volume *ct[MAX_ENERGIES], *iodine;
    const struct hep_volume *energy[MAX_ENERGIES];
    double kev[MAX_ENERGIES];
    size_t n;
    struct hep_labels *lesions, *liver, *aorta;
};

static void release(struct files *f)
{
    for (size_t i = 0; i < f->n; i++)
        hep_volume_free(f->ct[i]);
    hep_volume_free(f->iodine);
    hep_labels_free(f->lesions);
    hep_labels_free(f->liver);
    hep_labels_free(f->aorta);
}

/* From the list, the name, or the sidecar. */
static int energy_of(double *kev, const struct spectral_options *o, size_t i, struct hep_error *err)
{
    const char *path = o->ct.items[i];
    struct hep_json *sidecar = NULL;
    char *beside = NULL;
    int rc = HEP_OK;

    if (o->energies.n > 0)
        return hep_parse_double(kev, o->energies.items[i], err);
    *kev = hep_spectral_kev_of_name(hep_path_base(path));
    if (isfinite(*kev))
        return HEP_OK;
    rc = hep_sidecar_best(&beside, path, ".json", err);
    if (rc == HEP_OK && beside != NULL)
        rc = hep_json_read(&sidecar, beside, err);
    if (rc == HEP_OK)
        *kev = hep_json_number(hep_json_get(sidecar, "MonoenergeticKeV"));
    if (rc == HEP_OK && !isfinite(*kev))
        rc = HEP_FAIL(err, HEP_EDATA,
                      "%s: no photon energy in its name (60keV) or sidecar (MonoenergeticKeV): "
                      "give --energies",
                      path);
    hep_json_free(sidecar);
    free(beside);
    return rc;
}

static int read_ct(struct files *f, const struct spectral_options *o, struct hep_error *err)
{
    int rc = HEP_OK;

    if (o->energies.n > 0 && o->energies.n != o->ct.n)
        return HEP_FAIL(err, HEP_EUSAGE, "--energies has %zu values for %zu volumes", o->energies.n,
                        o->ct.n);
    if (o->ct.n > MAX_ENERGIES)
        return HEP_FAIL(err, HEP_EUSAGE, "%zu volumes: at most %d energies", o->ct.n,
                        (int)MAX_ENERGIES);
    for (size_t i = 0; rc == HEP_OK && i < o->ct.n; i++) {
        rc = hep_nifti_read(&f->ct[i], o->ct.items[i], err);
        f->n += rc == HEP_OK;
        f->energy[i] = f->ct[i];
        if (rc == HEP_OK)
            rc = energy_of(&f->kev[i], o, i, err);
        for (size_t k = 0; rc == HEP_OK && k < i; k++) {
            if (fabs(f->kev[k] - f->kev[i]) < 1e-6)
                rc = HEP_FAIL(err, HEP_EDATA, "%s and %s are both of %g keV: one volume per energy",
                              o->ct.items[k], o->ct.items[i], f->kev[i]);
        }
    }
    return rc;
}

static int read_mask(struct hep_labels **out, const char *path, struct hep_error *err)
{
    return path != NULL ? hep_nifti_read_labels(out, path, err) : HEP_OK;
}

static int read_all(struct files *f, const struct spectral_options *o, struct hep_error *err)
{
    int rc = HEP_OK;

    if (o->out == NULL || o->lesions == NULL)
        return HEP_FAIL(err, HEP_EUSAGE, "-o DIR and --lesions FILE are needed");
    rc = read_ct(f, o, err);
    if (rc == HEP_OK)
        rc = read_mask(&f->lesions, o->lesions, err);
    if (rc == HEP_OK)
        rc = read_mask(&f->liver, o->liver, err);
    if (rc == HEP_OK)
        rc = read_mask(&f->aorta, o->aorta, err);
    if (rc == HEP_OK && o->iodine != NULL)
        rc = hep_nifti_read(&f->iodine, o->iodine, err);
    for (size_t i = 0; rc == HEP_OK && f->iodine != NULL && i < hep_grid_voxels(&f->iodine->grid);
         i++)
        f->iodine->data[i] = (float)((double)f->iodine->data[i] * o->iodine_scale);
    return rc;
}

/* Place of an energy in the list, within half a keV. */
static int find_energy(size_t *at, const struct files *f, double kev, struct hep_error *err)
{
    char known[256] = "";

    for (size_t i = 0; i < f->n; i++) {
        size_t length = strlen(known);

        if (fabs(f->kev[i] - kev) <= 0.5) {
            *at = i;
            return HEP_OK;
        }
        (void)snprintf(known + length, sizeof known - length, "%s%g", i > 0 ? ", " : "", f->kev[i]);
    }
    return HEP_FAIL(err, HEP_EDATA, "no volume of %g keV: there are %s keV", kev, known);
}

/* Rows of the tables. */
struct row {
    const char *phase, *region, *reason;
    int lesion;
    size_t n;
    double low_kev, high_kev, low, low_sd, high, high_sd, slope, slope_sd, denominator;
    double iodine, iodine_sd, normalised, iodine_ratio, slope_ratio;
};
struct step {
    const char *phase, *region;
    int lesion;
    size_t n;
    double kev, mean, sd;
};
#define S struct row
static const struct hep_column row_columns[] = {
    { "phase", HEP_TEXT(S, phase), "Phase", .meaning = "Phase, as named by the user" },
    { "lesion", HEP_INTEGER(S, lesion), "Lesion",
      .meaning = "Label of the lesion; 0 for liver and aorta" },
    { "region", HEP_TEXT(S, region), "Region", .meaning = "whole, centre, edge, liver or aorta" },
    { "n", HEP_COUNT(S, n), "Voxels", .meaning = "Voxels" },
    { "low_kev", HEP_NUMBER(S, low_kev), NULL, "keV",
      .meaning = "Lower photon energy of the slope" },
    { "high_kev", HEP_NUMBER(S, high_kev), NULL, "keV",
      .meaning = "Higher photon energy of the slope" },
    { "low_hu", HEP_NUMBER(S, low), "Low", "HU", HEP_DECIMALS(1),
      .meaning = "Mean CT number at the lower energy" },
    { "low_hu_sd", HEP_NUMBER(S, low_sd), NULL, "HU",
      .meaning = "Its standard deviation over voxels" },
    { "high_hu", HEP_NUMBER(S, high), "High", "HU", HEP_DECIMALS(1),
      .meaning = "Mean CT number at the higher energy" },
    { "high_hu_sd", HEP_NUMBER(S, high_sd), NULL, "HU",
      .meaning = "Its standard deviation over voxels" },
    { "slope_hu_per_kev", HEP_NUMBER(S, slope), "Slope", "HU/keV", HEP_DECIMALS(3),
      .meaning = "Difference of the CT numbers over the denominator" },
    { "slope_sd", HEP_NUMBER(S, slope_sd), NULL, "HU/keV",
      .meaning = "Its standard deviation over voxels" },
    { "denominator_kev", HEP_NUMBER(S, denominator), NULL, "keV",
      .meaning = "Denominator of the slope" },
    { "iodine_mg_per_ml", HEP_NUMBER(S, iodine), "Iodine", "mg/mL", HEP_DECIMALS(2),
      .meaning = "Mean iodine concentration" },
    { "iodine_sd", HEP_NUMBER(S, iodine_sd), NULL, "mg/mL",
      .meaning = "Its standard deviation over voxels" },
    { "normalised_iodine", HEP_NUMBER(S, normalised), "To aorta", "1", HEP_DECIMALS(2),
      .meaning = "Iodine over that of the aorta" },
    { "iodine_to_liver", HEP_NUMBER(S, iodine_ratio), "To liver", "1", HEP_DECIMALS(2),
      .meaning = "Iodine over that of normal liver" },
    { "slope_to_liver", HEP_NUMBER(S, slope_ratio), NULL, "1",
      .meaning = "Slope over that of normal liver" },
    { "reason", HEP_TEXT(S, reason), "No number because", .meaning = "Why there is no number" },
    { 0 },
};
#undef S
#define S struct step
static const struct hep_column step_columns[] = {
    { "phase", HEP_TEXT(S, phase), "Phase", .meaning = "Phase, as named by the user" },
    { "lesion", HEP_INTEGER(S, lesion), "Lesion",
      .meaning = "Label of the lesion; 0 for liver and aorta" },
    { "region", HEP_TEXT(S, region), "Region", .meaning = "whole, centre, edge, liver or aorta" },
    { "kev", HEP_NUMBER(S, kev), "Energy", "keV", .meaning = "Photon energy" },
    { "hu", HEP_NUMBER(S, mean), "CT number", "HU", .meaning = "Mean CT number" },
    { "hu_sd", HEP_NUMBER(S, sd), "SD", "HU", .meaning = "Its standard deviation over voxels" },
    { "n", HEP_COUNT(S, n), "Voxels", .meaning = "Voxels" },
    { 0 },
};
#undef S

static struct row row_from(const struct hep_spectral_row *r, const struct hep_spectral_input *in,
                           double denominator, const char *phase)
{
    return (struct row){
        .phase = phase,
        .region = hep_spectral_region_word(r->region),
        .reason = r->reason,
        .lesion = (int)r->lesion,
        .n = r->n,
        .low_kev = in->kev[in->low],
        .high_kev = in->kev[in->high],
        .low = r->hu[in->low].mean,
        .low_sd = r->hu[in->low].sd,
        .high = r->hu[in->high].mean,
        .high_sd = r->hu[in->high].sd,
        .slope = r->slope.mean,
        .slope_sd = r->slope.sd,
        .denominator = denominator,
        .iodine = r->iodine.mean,
        .iodine_sd = r->iodine.sd,
        .normalised = r->normalised_iodine,
        .iodine_ratio = r->iodine_to_liver,
        .slope_ratio = r->slope_to_liver,
    };
}

static int write_map(const char *dir, const struct hep_spectral *s,
                     const struct hep_spectral_input *in, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *sidecar = hep_json_new_object();
    struct hep_str path = { 0 };
    int rc = HEP_OK;

    hep_put_text(&put, sidecar, "Description",
                 "spectral slope (HU at the lower energy - HU at the higher) / denominator");
    hep_put_text(&put, sidecar, "Units", "HU/keV");
    hep_put_number(&put, sidecar, "LowEnergyKeV", in->kev[in->low]);
    hep_put_number(&put, sidecar, "HighEnergyKeV", in->kev[in->high]);
    hep_put_number(&put, sidecar, "DenominatorKeV", s->denominator);
    hep_put_number(&put, sidecar, "EnergyDifferenceKeV", in->kev[in->high] - in->kev[in->low]);
    rc = put.rc;
    hep_str_addf(&path, "%s/slope.nii.gz", dir);
    if (rc == HEP_OK && path.failed)
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
    if (rc == HEP_OK)
        rc = hep_nifti_write(path.s, s->slope, NULL, err);
    if (rc == HEP_OK)
        rc = hep_json_write_in(dir, "slope.json", sidecar, err);
    hep_str_release(&path);
    hep_json_free(sidecar);
    return rc;
}

static int write_all(FILE *out, const struct spectral_options *o, const struct hep_spectral *s,
                     const struct hep_spectral_input *in, struct hep_error *err)
{
    struct row *rows = NULL;
    struct step *steps = NULL;
    struct hep_str text = { 0 };
    int rc = HEP_NEW(rows, s->n, err);

    if (rc == HEP_OK)
        rc = HEP_NEW(steps, s->n * in->n_energies, err);
    if (rc != HEP_OK)
        goto out;
    for (size_t i = 0; i < s->n; i++) {
        rows[i] = row_from(&s->rows[i], in, s->denominator, o->phase);
        for (size_t e = 0; e < in->n_energies; e++)
            steps[i * in->n_energies + e] =
                (struct step){ o->phase,   rows[i].region,        rows[i].lesion,     rows[i].n,
                               in->kev[e], s->rows[i].hu[e].mean, s->rows[i].hu[e].sd };
    }
    {
        const struct hep_table measured = HEP_TABLE(NULL, row_columns, rows, s->n);
        const struct hep_table spectrum =
            HEP_TABLE(NULL, step_columns, steps, s->n * in->n_energies);

        rc = hep_mkdir_p(o->out, err);
        if (rc == HEP_OK)
            rc = hep_table_write(o->out, "spectral", &measured, err);
        if (rc == HEP_OK)
            rc = hep_table_write(o->out, "spectrum", &spectrum, err);
        if (rc == HEP_OK)
            rc = write_map(o->out, s, in, err);
        if (rc == HEP_OK) {
            hep_table_text(&text, &measured);
            (void)fprintf(out, "%s\nslope = (HU at %g keV - HU at %g keV) / %g keV\n",
                          text.failed ? "" : text.s, in->kev[in->low], in->kev[in->high],
                          s->denominator);
        }
    }
out:
    hep_str_release(&text);
    free(rows);
    free(steps);
    return rc;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct spectral_options *o = given;
    struct files f = { 0 };
    struct hep_spectral s = { 0 };
    struct hep_spectral_input in = { 0 };
    int rc = read_all(&f, o, err);

    if (rc == HEP_OK)
        rc = find_energy(&in.low, &f, o->low, err);
    if (rc == HEP_OK)
        rc = find_energy(&in.high, &f, o->high, err);
    if (rc == HEP_OK) {
        in.energy = f.energy;
        in.kev = f.kev;
        in.n_energies = f.n;
        in.denominator = o->denominator;
        in.iodine = f.iodine;
        in.lesions = f.lesions;
        in.are_regions = o->regions;
        in.liver = f.liver;
        in.aorta = f.aorta;
        in.edge_mm = o->edge;
        in.margin_mm = o->margin;
        rc = hep_spectral_measure(&s, &in, err);
    }
    if (rc == HEP_OK)
        rc = write_all(cli->out, o, &s, &in, err);
    hep_spectral_release(&s);
    release(&f);
    return rc;
}

const struct hep_command hep_cmd_spectral = {
    "spectral",
    "spectral CT of liver metastases: CT numbers, slope and iodine of centre, edge and normal "
    "liver",
    "Takes virtual monoenergetic CT volumes on one grid. The slope between 60 and 100 keV is "
    "divided by the energy "
    "difference, 40 keV; the paper that the measure is from prints 60 (docs/spectral.md).",
    options,
    positionals,
    sizeof(struct spectral_options),
    run,
    examples
};
