#include "phantom/tissue.h"

#include "base/rng.h"
#include "base/schema.h"

#include <math.h>

static const char *const tissue_names[HEP_TISSUE_COUNT] = {
    [HEP_TISSUE_LIVER] = "liver",
    [HEP_TISSUE_SPLEEN] = "spleen",
    [HEP_TISSUE_MUSCLE] = "muscle",
    [HEP_TISSUE_FAT] = "fat",
    [HEP_TISSUE_ARTERIAL_BLOOD] = "arterial_blood",
    [HEP_TISSUE_PORTAL_BLOOD] = "portal_blood",
    [HEP_TISSUE_VENOUS_BLOOD] = "venous_blood",
    [HEP_TISSUE_BILE] = "bile",
    [HEP_TISSUE_KIDNEY_CORTEX] = "kidney_cortex",
    [HEP_TISSUE_KIDNEY_MEDULLA] = "kidney_medulla",
    [HEP_TISSUE_PANCREAS] = "pancreas",
    [HEP_TISSUE_GUT_WALL] = "gut_wall",
    [HEP_TISSUE_GUT_CONTENT] = "gut_content",
    [HEP_TISSUE_GAS] = "gas",
    [HEP_TISSUE_LUNG] = "lung",
    [HEP_TISSUE_HEART] = "heart",
    [HEP_TISSUE_MARROW] = "marrow",
    [HEP_TISSUE_BONE] = "bone",
    [HEP_TISSUE_DISC] = "disc",
    [HEP_TISSUE_CSF] = "csf",
    [HEP_TISSUE_CORD] = "cord",
    [HEP_TISSUE_MET_RIM] = "met_rim",
    [HEP_TISSUE_MET_FIBROUS] = "met_fibrous",
    [HEP_TISSUE_MET_NECROTIC] = "met_necrotic",
    [HEP_TISSUE_NET] = "net",
    [HEP_TISSUE_MUCINOUS] = "mucinous",
    [HEP_TISSUE_MELANOMA] = "melanoma",
    [HEP_TISSUE_HAEMANGIOMA_EDGE] = "haemangioma_edge",
    [HEP_TISSUE_HAEMANGIOMA_CENTRE] = "haemangioma_centre",
    [HEP_TISSUE_CYST] = "cyst",
    [HEP_TISSUE_FNH_LIKE] = "fnh_like",
    [HEP_TISSUE_FNH_SCAR] = "fnh_scar",
    [HEP_TISSUE_ABSCESS_RIM] = "abscess_rim",
    [HEP_TISSUE_ABSCESS_PUS] = "abscess_pus",
    [HEP_TISSUE_NET_CORE] = "net_core",
    [HEP_TISSUE_COAGULATION] = "coagulation",
    [HEP_TISSUE_ABLATION_RIM] = "ablation_rim",
};

static const enum hep_tissue row_of_label[HEP_LABEL_N_ANATOMY] = {
    [HEP_LABEL_AIR] = HEP_TISSUE_GAS,
    [HEP_LABEL_SKIN] = HEP_TISSUE_MUSCLE,
    [HEP_LABEL_FAT_SUBCUTANEOUS] = HEP_TISSUE_FAT,
    [HEP_LABEL_FAT_VISCERAL] = HEP_TISSUE_FAT,
    [HEP_LABEL_MUSCLE] = HEP_TISSUE_MUSCLE,
    [HEP_LABEL_LIVER] = HEP_TISSUE_LIVER,
    [HEP_LABEL_SPLEEN] = HEP_TISSUE_SPLEEN,
    [HEP_LABEL_KIDNEY_CORTEX] = HEP_TISSUE_KIDNEY_CORTEX,
    [HEP_LABEL_KIDNEY_MEDULLA] = HEP_TISSUE_KIDNEY_MEDULLA,
    [HEP_LABEL_PANCREAS] = HEP_TISSUE_PANCREAS,
    [HEP_LABEL_AORTA] = HEP_TISSUE_ARTERIAL_BLOOD,
    [HEP_LABEL_ARTERY] = HEP_TISSUE_ARTERIAL_BLOOD,
    [HEP_LABEL_HEPATIC_ARTERY] = HEP_TISSUE_ARTERIAL_BLOOD,
    [HEP_LABEL_IVC] = HEP_TISSUE_VENOUS_BLOOD,
    [HEP_LABEL_HEPATIC_VEIN] = HEP_TISSUE_VENOUS_BLOOD,
    [HEP_LABEL_PORTAL_TRUNK] = HEP_TISSUE_PORTAL_BLOOD,
    [HEP_LABEL_PORTAL_VEIN] = HEP_TISSUE_PORTAL_BLOOD,
    [HEP_LABEL_COMMON_DUCT] = HEP_TISSUE_BILE,
    [HEP_LABEL_BILE_DUCT] = HEP_TISSUE_BILE,
    [HEP_LABEL_GALLBLADDER] = HEP_TISSUE_BILE,
    [HEP_LABEL_GUT_WALL] = HEP_TISSUE_GUT_WALL,
    [HEP_LABEL_GUT_CONTENT] = HEP_TISSUE_GUT_CONTENT,
    [HEP_LABEL_GAS] = HEP_TISSUE_GAS,
    [HEP_LABEL_LUNG] = HEP_TISSUE_LUNG,
    [HEP_LABEL_HEART] = HEP_TISSUE_HEART,
    [HEP_LABEL_MARROW] = HEP_TISSUE_MARROW,
    [HEP_LABEL_BONE] = HEP_TISSUE_BONE,
    [HEP_LABEL_DISC] = HEP_TISSUE_DISC,
    [HEP_LABEL_CSF] = HEP_TISSUE_CSF,
    [HEP_LABEL_CORD] = HEP_TISSUE_CORD,
};

bool hep_label_in_liver(uint8_t label)
{
    return label == HEP_LABEL_LIVER || label == HEP_LABEL_HEPATIC_ARTERY ||
           label == HEP_LABEL_HEPATIC_VEIN || label == HEP_LABEL_PORTAL_VEIN ||
           label == HEP_LABEL_BILE_DUCT || label >= HEP_LABEL_LESION;
}

const char *hep_tissue_name(enum hep_tissue t)
{
    return (unsigned)t < HEP_TISSUE_COUNT ? tissue_names[t] : "?";
}

enum hep_tissue hep_tissue_of_label(enum hep_label label)
{
    return (unsigned)label < HEP_LABEL_N_ANATOMY ? row_of_label[label] : HEP_TISSUE_GAS;
}

double hep_tissue_r2star(const struct hep_tissue_values *t)
{
    return 1.0 / t->t2star_s;
}

/* ---- the table ------------------------------------------------------------------------------- */

/* A row of the file at 1.5 T and at 3 T. */
struct both {
    struct hep_tissue_values lo, hi;
    const char *source; /* for the reader of the file; nothing is computed from it */
};

/* One number that holds at 1.5 and 3 T. */
static int read_single(const struct hep_reader *r, const struct hep_yaml *node,
                       const struct hep_key *key, void *to)
{
    double *lo = to, *hi = lo + sizeof(struct hep_tissue_values) / sizeof *lo;
    const int rc = hep_read_number(r, node, key, lo);

    *hi = *lo;
    return rc;
}

/* [1.5 T, 3 T] */
static int read_at_fields(const struct hep_reader *r, const struct hep_yaml *node,
                          const struct hep_key *key, void *to)
{
    double *lo = to, *hi = lo + sizeof(struct hep_tissue_values) / sizeof *lo;
    int rc;

    if (hep_yaml_type(node) != HEP_YAML_SEQUENCE || hep_yaml_size(node) != 2)
        return hep_yaml_fail(r->doc, node, r->err, "%s wants two values, [at 1.5 T, at 3 T]",
                             key->name);
    rc = hep_read_number(r, hep_yaml_at(node, 0), key, lo);
    return rc == HEP_OK ? hep_read_number(r, hep_yaml_at(node, 1), key, hi) : rc;
}

static const char *const contrast_words[] = { "none", "tissue", "artery", "portal",
                                              "vein", "bile",   NULL };

#define SINGLE(member, key, limit)                                                                 \
    HEP_KEY(struct both, lo.member, key, read_single, .required = true, .max = (limit))
#define AT_FIELDS(member, key, low, high)                                                          \
    HEP_KEY(struct both, lo.member, key, read_at_fields, .required = true, .min = (low),           \
            .max = (high), .scale = 1e-3)
static const struct hep_key columns[] = {
    SINGLE(pd, "pd", 2.0),
    AT_FIELDS(t1_s, "t1_ms", 1.0, 20000.0),
    AT_FIELDS(t2_s, "t2_ms", 0.1, 5000.0),
    AT_FIELDS(t2star_s, "t2star_ms", 0.1, 5000.0),
    SINGLE(ff, "ff", 1.0),
    SINGLE(d_mm2_per_s, "d", 0.005),
    SINGLE(f, "f", 1.0),
    SINGLE(dstar_mm2_per_s, "dstar", 1.0),
    SINGLE(k, "k", 3.0),
    SINGLE(flow_per_min, "flow", 10.0),
    SINGLE(arterial, "arterial", 1.0),
    SINGLE(ve, "ve", 1.0),
    SINGLE(ki_per_min, "ki", 1.0),
    SINGLE(kb_per_min, "kb", 1.0),
    SINGLE(texture_sd, "texture", 1.0),
    HEP_KEY(struct both, lo.contrast, "contrast", hep_read_choice, .required = true,
            .words = contrast_words),
    HEP_KEY(struct both, source, "source", hep_read_text, .required = false),
    { 0 },
};
#define N_NUMBERS 15 /* columns before "contrast" */

static int read_row(struct hep_tissue_values *lo, struct hep_tissue_values *hi,
                    const struct hep_reader *r, const struct hep_yaml *row, const char *name)
{
    struct both both = { 0 };
    char what[80];
    int rc;

    (void)snprintf(what, sizeof what, "tissue %s", name);
    rc = hep_read_mapping(r, row, what, columns, &both);
    if (rc == HEP_OK && both.lo.flow_per_min > 0.0 && !(both.lo.ve > 0.0))
        rc = hep_yaml_fail(r->doc, row, r->err, "tissue %s has flow but no extracellular volume",
                           name);
    both.hi.contrast = both.lo.contrast;
    *lo = both.lo;
    *hi = both.hi;
    return rc;
}

static int read_rows(const struct hep_reader *r, const struct hep_yaml *rows,
                     const struct hep_key *key, void *to)
{
    struct hep_tissue_table *out = to;
    int rc = hep_want_type(r, rows, HEP_YAML_MAPPING, key->name);

    for (size_t i = 0; rc == HEP_OK && i < hep_yaml_size(rows); i++) {
        size_t t = 0;

        rc = hep_find_word(&t, r, hep_yaml_key_node(rows, i), "tissue", tissue_names,
                           HEP_TISSUE_COUNT);
        if (rc == HEP_OK)
            rc = read_row(&out->at_1p5t[t], &out->at_3t[t], r, hep_yaml_at(rows, i),
                          tissue_names[t]);
    }
    for (int t = 0; rc == HEP_OK && t < (int)HEP_TISSUE_COUNT; t++)
        if (hep_yaml_get(rows, tissue_names[t]) == NULL)
            rc = hep_yaml_fail(r->doc, rows, r->err, "tissue %s is missing", tissue_names[t]);
    return rc;
}

int hep_tissue_table_read(struct hep_tissue_table *out, const char *path, struct hep_error *err)
{
    static const struct hep_key keys[] = {
        { .name = "tissues", .read = read_rows, .required = true },
        { 0 },
    };
    struct hep_yaml_doc *doc = NULL;
    int rc = hep_yaml_read(&doc, path, err);

    if (rc == HEP_OK)
        rc = hep_read_mapping(&(struct hep_reader){ doc, err }, hep_yaml_root(doc), "the file",
                              keys, out);
    hep_yaml_free(doc);
    return rc;
}

/* ---- one study ------------------------------------------------------------------------------- */

static struct hep_tissue_values at_field(const struct hep_tissue_values *lo,
                                         const struct hep_tissue_values *hi, double field_t)
{
    const double w = (field_t - 1.5) / 1.5;
    struct hep_tissue_values v = *lo;

    v.t1_s = lo->t1_s + w * (hi->t1_s - lo->t1_s);
    v.t2_s = lo->t2_s + w * (hi->t2_s - lo->t2_s);
    /* the rate, not the time, is linear in the field */
    v.t2star_s = 1.0 / (1.0 / lo->t2star_s + w * (1.0 / hi->t2star_s - 1.0 / lo->t2star_s));
    return v;
}

static void vary(double *x, struct hep_rng *rng, double amplitude)
{
    *x *= 1.0 + amplitude * hep_rng_next_range(rng, -1.0, 1.0);
}

void hep_tissue_vary(struct hep_tissue_values *t, struct hep_rng *rng, double amplitude)
{
    double *const values[] = { &t->t1_s, &t->t2_s, &t->t2star_s,        &t->d_mm2_per_s, &t->f,
                               &t->k,    &t->ve,   &t->dstar_mm2_per_s, &t->flow_per_min };
    const bool blood = t->f >= 1.0;

    vary(&t->pd, rng, 0.3 * amplitude);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        vary(values[i], rng, amplitude);
    if (blood)
        t->f = 1.0;
}

static void draw_liver(struct hep_study_tissues *out, double variation, uint64_t seed)
{
    struct hep_rng rng = { seed, hep_rng_stream("liver function"), 0 };
    struct hep_tissue_values *liver = &out->row[HEP_TISSUE_LIVER];
    const double u_fat = hep_rng_next(&rng), fat = hep_rng_next(&rng);
    const double ki = 0.04 * exp(0.3 * hep_rng_next_normal(&rng));
    const double u_impaired = hep_rng_next(&rng);

    out->impaired = false;
    if (!(variation > 0.0))
        return;
    liver->ff = u_fat < 0.7 ? 0.02 + 0.03 * fat : 0.06 + 0.29 * fat;
    out->impaired = u_impaired < 0.07;
    out->row[HEP_TISSUE_FNH_LIKE].ki_per_min *= (out->impaired ? 0.01 : ki) / liver->ki_per_min;
    liver->ki_per_min = out->impaired ? 0.01 : ki;
}

void hep_study_tissues_draw(struct hep_study_tissues *out, const struct hep_tissue_table *table,
                            double field_t, double variation, double iron_factor,
                            double min_liver_ff, uint64_t seed)
{
    struct hep_rng rng = { seed, hep_rng_stream("tissues"), 0 };
    struct hep_tissue_values *liver = &out->row[HEP_TISSUE_LIVER];

    for (int t = 0; t < (int)HEP_TISSUE_COUNT; t++)
        out->row[t] = at_field(&table->at_1p5t[t], &table->at_3t[t], field_t);
    out->fat_t1_s = out->row[HEP_TISSUE_FAT].t1_s;
    out->fat_t2_s = out->row[HEP_TISSUE_FAT].t2_s;
    for (int t = 0; t < (int)HEP_TISSUE_COUNT; t++)
        hep_tissue_vary(&out->row[t], &rng, 0.10 * variation);
    draw_liver(out, variation, seed);
    liver->ff = fmax(liver->ff, min_liver_ff);
    out->iron_factor = iron_factor;
    if (iron_factor > 1.0) {
        liver->t2star_s /= iron_factor;
        /* iron shortens T2 too, by about half the added R2* */
        liver->t2_s = 1.0 / (1.0 / liver->t2_s + 0.25 * (iron_factor - 1.0) / liver->t2_s);
    }
}

static double lerp(double a, double b, double w)
{
    return a + w * (b - a);
}

struct hep_tissue_values hep_tissue_mix(const struct hep_tissue_values *a,
                                        const struct hep_tissue_values *b, double w)
{
    struct hep_tissue_values m = w < 0.5 ? *a : *b;

    for (size_t c = 0; c < N_NUMBERS; c++) {
        const double va = *(const double *)(const void *)((const char *)a + columns[c].offset);
        const double vb = *(const double *)(const void *)((const char *)b + columns[c].offset);

        *(double *)(void *)((char *)&m + columns[c].offset) = lerp(va, vb, w);
    }
    if (a->contrast == HEP_CONTRAST_TISSUE || b->contrast == HEP_CONTRAST_TISSUE)
        m.contrast = HEP_CONTRAST_TISSUE;
    return m;
}
