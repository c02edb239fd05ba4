#include "phantom/tissue.h"

#include "base/rng.h"
#include "base/text.h"
#include "base/yaml.h"

#include <math.h>
#include <stddef.h>

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

struct column {
    const char *key;
    size_t offset;
    double unit, min, max; /* unit: file value to SI */
    bool pair;             /* [1.5 T, 3 T] */
};
#define AT(field) offsetof(struct hep_tissue_values, field)
static const struct column columns[] = {
    { "pd", AT(pd), 1.0, 0.0, 2.0, false },
    { "t1_ms", AT(t1_s), 1e-3, 1.0, 20000.0, true },
    { "t2_ms", AT(t2_s), 1e-3, 0.1, 5000.0, true },
    { "t2star_ms", AT(t2star_s), 1e-3, 0.1, 5000.0, true },
    { "ff", AT(ff), 1.0, 0.0, 1.0, false },
    { "d", AT(d_mm2_per_s), 1.0, 0.0, 0.005, false },
    { "f", AT(f), 1.0, 0.0, 1.0, false },
    { "dstar", AT(dstar_mm2_per_s), 1.0, 0.0, 1.0, false },
    { "k", AT(k), 1.0, 0.0, 3.0, false },
    { "flow", AT(flow_per_min), 1.0, 0.0, 10.0, false },
    { "arterial", AT(arterial), 1.0, 0.0, 1.0, false },
    { "ve", AT(ve), 1.0, 0.0, 1.0, false },
    { "ki", AT(ki_per_min), 1.0, 0.0, 1.0, false },
    { "kb", AT(kb_per_min), 1.0, 0.0, 1.0, false },
    { "texture", AT(texture_sd), 1.0, 0.0, 1.0, false },
};
#define N_COLUMNS (sizeof columns / sizeof columns[0])

static const char *const contrast_words[] = {
    "none", "tissue", "artery", "portal", "vein", "bile"
};
#define N_CONTRAST (sizeof contrast_words / sizeof contrast_words[0])

static double *cell(struct hep_tissue_values *row, const struct column *c)
{
    return (double *)(void *)((char *)row + c->offset);
}

static int read_value(double *out, const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                      const struct column *c, struct hep_error *err)
{
    double v;
    const int rc = hep_yaml_number(&v, doc, node, err);

    if (rc != HEP_OK)
        return rc;
    if (!(v >= c->min && v <= c->max))
        return hep_yaml_fail(doc, node, err, "%s is %g, allowed %g to %g", c->key, v, c->min,
                             c->max);
    *out = v * c->unit;
    return HEP_OK;
}

static int read_cell(struct hep_tissue_values *lo, struct hep_tissue_values *hi,
                     const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                     const struct column *c, struct hep_error *err)
{
    int rc;

    if (!c->pair) {
        rc = read_value(cell(lo, c), doc, node, c, err);
        *cell(hi, c) = *cell(lo, c);
        return rc;
    }
    if (hep_yaml_type(node) != HEP_YAML_SEQUENCE || hep_yaml_size(node) != 2)
        return hep_yaml_fail(doc, node, err, "%s wants two values, [at 1.5 T, at 3 T]", c->key);
    rc = read_value(cell(lo, c), doc, hep_yaml_at(node, 0), c, err);
    if (rc != HEP_OK)
        return rc;
    return read_value(cell(hi, c), doc, hep_yaml_at(node, 1), c, err);
}

static int read_contrast(struct hep_tissue_values *lo, struct hep_tissue_values *hi,
                         const struct hep_yaml_doc *doc, const struct hep_yaml *node,
                         struct hep_error *err)
{
    const char *word = hep_yaml_text(node);

    for (size_t i = 0; word != NULL && i < N_CONTRAST; i++) {
        if (strcmp(word, contrast_words[i]) == 0) {
            lo->contrast = hi->contrast = (enum hep_contrast_kind)i;
            return HEP_OK;
        }
    }
    return hep_yaml_fail(doc, node, err,
                         "contrast wants none, tissue, artery, portal, vein or bile");
}

static bool known_key(const char *key)
{
    for (size_t c = 0; c < N_COLUMNS; c++)
        if (strcmp(key, columns[c].key) == 0)
            return true;
    return strcmp(key, "contrast") == 0 || strcmp(key, "source") == 0;
}

static int read_row(struct hep_tissue_values *lo, struct hep_tissue_values *hi,
                    const struct hep_yaml_doc *doc, const struct hep_yaml *row, const char *name,
                    struct hep_error *err)
{
    int rc;

    if (hep_yaml_type(row) != HEP_YAML_MAPPING)
        return hep_yaml_fail(doc, row, err, "tissue %s wants keys and values", name);
    for (size_t i = 0; i < hep_yaml_size(row); i++)
        if (!known_key(hep_yaml_key_at(row, i)))
            return hep_yaml_fail(doc, hep_yaml_key_node(row, i), err, "tissue %s: unknown key %s",
                                 name, hep_yaml_key_at(row, i));
    for (size_t c = 0; c < N_COLUMNS; c++) {
        const struct hep_yaml *node = hep_yaml_get(row, columns[c].key);

        if (node == NULL)
            return hep_yaml_fail(doc, row, err, "tissue %s lacks %s", name, columns[c].key);
        rc = read_cell(lo, hi, doc, node, &columns[c], err);
        if (rc != HEP_OK)
            return rc;
    }
    if (hep_yaml_get(row, "contrast") == NULL)
        return hep_yaml_fail(doc, row, err, "tissue %s lacks contrast", name);
    rc = read_contrast(lo, hi, doc, hep_yaml_get(row, "contrast"), err);
    if (rc == HEP_OK && lo->flow_per_min > 0.0 && !(lo->ve > 0.0))
        return hep_yaml_fail(doc, row, err, "tissue %s has flow but no extracellular volume", name);
    return rc;
}

static int row_index(const char *name)
{
    for (int t = 0; t < (int)HEP_TISSUE_COUNT; t++)
        if (strcmp(name, tissue_names[t]) == 0)
            return t;
    return -1;
}

static int read_table(struct hep_tissue_table *out, const struct hep_yaml_doc *doc,
                      const char *path, struct hep_error *err)
{
    const struct hep_yaml *root = hep_yaml_root(doc);
    const struct hep_yaml *rows = NULL;
    bool seen[HEP_TISSUE_COUNT] = { false };

    if (root != NULL && hep_yaml_type(root) == HEP_YAML_MAPPING)
        rows = hep_yaml_get(root, "tissues");
    if (rows == NULL || hep_yaml_type(rows) != HEP_YAML_MAPPING)
        return HEP_FAIL(err, HEP_ECONFIG, "%s: no mapping \"tissues\"", path);
    for (size_t i = 0; i < hep_yaml_size(rows); i++) {
        const char *name = hep_yaml_key_at(rows, i);
        const int t = row_index(name);
        int rc;

        if (t < 0) {
            const char *near = hep_did_you_mean(name, tissue_names, HEP_TISSUE_COUNT);

            return hep_yaml_fail(doc, hep_yaml_key_node(rows, i), err, "unknown tissue %s%s%s",
                                 name, near != NULL ? ", did you mean " : "",
                                 near != NULL ? near : "");
        }
        rc = read_row(&out->at_1p5t[t], &out->at_3t[t], doc, hep_yaml_at(rows, i), name, err);
        if (rc != HEP_OK)
            return rc;
        seen[t] = true;
    }
    for (int t = 0; t < (int)HEP_TISSUE_COUNT; t++)
        if (!seen[t])
            return HEP_FAIL(err, HEP_ECONFIG, "%s: tissue %s is missing", path, tissue_names[t]);
    return HEP_OK;
}

int hep_tissue_table_read(struct hep_tissue_table *out, const char *path, struct hep_error *err)
{
    struct hep_yaml_doc *doc = NULL;
    int rc;

    rc = hep_yaml_read(&doc, path, err);
    if (rc == HEP_OK)
        rc = read_table(out, doc, path, err);
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

    for (size_t c = 0; c < N_COLUMNS; c++) {
        const double va = *(const double *)(const void *)((const char *)a + columns[c].offset);
        const double vb = *(const double *)(const void *)((const char *)b + columns[c].offset);

        *cell(&m, &columns[c]) = lerp(va, vb, w);
    }
    if (a->contrast == HEP_CONTRAST_TISSUE || b->contrast == HEP_CONTRAST_TISSUE)
        m.contrast = HEP_CONTRAST_TISSUE;
    return m;
}
