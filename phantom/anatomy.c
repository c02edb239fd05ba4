#include "phantom/anatomy.h"

#include "base/alloc.h"
#include "base/rng.h"
#include "phantom/disease.h"
#include "phantom/session.h"

#include <math.h>

#define PORTAL_ROOT_MM 6.5
#define HEPATIC_ROOT_MM 5.6
#define END_MM 1.0
/* Arteries and ducts run beside portal branches at least this thick. */
#define COMPANION_FROM_MM 1.7

static size_t voxel_index(const struct hep_anatomy *a, size_t x, size_t y, size_t z)
{
    return (z * a->grid.n[1] + y) * a->grid.n[0] + x;
}

static void voxel_world(double p[3], const struct hep_anatomy *a, size_t x, size_t y, size_t z)
{
    hep_grid_to_world(p, &a->grid, (const double[3]){ (double)x, (double)y, (double)z });
}

static void set_grid(struct hep_anatomy *a, double step)
{
    const struct hep_box box = hep_shape_box();

    a->step_mm = step;
    memset(&a->grid, 0, sizeof a->grid);
    for (int k = 0; k < 3; k++) {
        a->grid.n[k] = (size_t)((box.hi[k] - box.lo[k]) / step) + 1;
        a->grid.to_world[k][k] = step;
        a->grid.to_world[k][3] = box.lo[k];
    }
    a->grid.to_world[3][3] = 1.0;
}

static void label_organs(struct hep_anatomy *a, int nthreads)
{
    const size_t nz = a->grid.n[2];

#pragma omp parallel for schedule(dynamic, 4) num_threads(nthreads)
    for (size_t z = 0; z < nz; z++)
        for (size_t y = 0; y < a->grid.n[1]; y++)
            for (size_t x = 0; x < a->grid.n[0]; x++) {
                double p[3];

                voxel_world(p, a, x, y, z);
                a->label[voxel_index(a, x, y, z)] = (uint8_t)hep_shape_label(a->shape, p);
            }
}

/* First and last voxel along each axis within reach of a box. */
static void clip_range(size_t lo[3], size_t hi[3], const struct hep_anatomy *a,
                       const double from[3], const double to[3], double reach)
{
    for (int k = 0; k < 3; k++) {
        const double origin = a->grid.to_world[k][3];
        const double top = (double)(a->grid.n[k] - 1);
        const double l = (fmin(from[k], to[k]) - reach - origin) / a->step_mm;
        const double h = (fmax(from[k], to[k]) + reach - origin) / a->step_mm;

        lo[k] = (size_t)fmin(fmax(floor(l), 0.0), top);
        hi[k] = (size_t)fmin(fmax(ceil(h), 0.0), top);
    }
}

static bool may_paint(uint8_t there, enum hep_label vessel)
{
    if (there == HEP_LABEL_LIVER)
        return true;
    return there == HEP_LABEL_FAT_VISCERAL && vessel != HEP_LABEL_HEPATIC_ARTERY;
}

static void paint_capsule(struct hep_anatomy *a, const double from[3], const double to[3],
                          double radius, enum hep_label vessel)
{
    /* thin branches keep a chain of voxels on a coarse lattice */
    const double r = fmax(radius, 0.75 * a->step_mm);
    size_t lo[3], hi[3];

    clip_range(lo, hi, a, from, to, r);
    for (size_t z = lo[2]; z <= hi[2]; z++)
        for (size_t y = lo[1]; y <= hi[1]; y++)
            for (size_t x = lo[0]; x <= hi[0]; x++) {
                uint8_t *there = &a->label[voxel_index(a, x, y, z)];
                double p[3];

                voxel_world(p, a, x, y, z);
                if (may_paint(*there, vessel) && hep_capsule(p, from, to, r, r) < 0.0)
                    *there = (uint8_t)vessel;
            }
}

static void paint_tree(struct hep_anatomy *a, const struct hep_tree *t, enum hep_label vessel)
{
    for (size_t i = 0; i < t->n; i++)
        if (!t->branch[i].cut)
            paint_capsule(a, t->branch[i].a, t->branch[i].b, t->branch[i].radius_mm, vessel);
}

/* Ducts above and before the portal branches, arteries behind. */
static void paint_companions(struct hep_anatomy *a)
{
    for (size_t i = 0; i < a->portal.n; i++) {
        const struct hep_branch *b = &a->portal.branch[i];
        const double duct = fmin(fmax(0.30 * b->radius_mm, 0.8), 2.0);
        const double artery = fmin(fmax(0.22 * b->radius_mm, 0.7), 1.5);
        double d0[3], d1[3], a0[3], a1[3];

        if (b->cut || b->radius_mm < COMPANION_FROM_MM)
            continue;
        for (int k = 0; k < 3; k++) {
            static const double beside[3] = { 0.0, 0.75, 0.66 };
            const double off = b->radius_mm + duct + 0.3, far = b->radius_mm + artery + 0.3;

            d0[k] = b->a[k] + off * beside[k];
            d1[k] = b->b[k] + off * beside[k];
            a0[k] = b->a[k] - far * beside[k];
            a1[k] = b->b[k] - far * beside[k];
        }
        paint_capsule(a, d0, d1, duct, HEP_LABEL_BILE_DUCT);
        paint_capsule(a, a0, a1, artery, HEP_LABEL_HEPATIC_ARTERY);
    }
}

/* A node that another lesion had is no longer of that one: a residue lies on its zone's edge. */
static void count_node(struct hep_anatomy *a, uint8_t was, size_t lesion, int layer, double rho)
{
    const int old = was >= HEP_LABEL_LESION && was < HEP_LABEL_PARENCHYMA
                        ? (was - HEP_LABEL_LESION) % HEP_N_LAYERS
                        : (int)HEP_LAYER_HALO;

    if (old != (int)HEP_LAYER_HALO)
        a->count[(size_t)(was - HEP_LABEL_LESION) / HEP_N_LAYERS][old]--;
    a->count[lesion][layer]++;
    if ((1.0 - rho) * 0.5 * a->lesions.item[lesion].diameter_mm < a->step_mm)
        a->surface[lesion][layer]++;
}

/* Nodes inside a band of fibrosis or a regenerative nodule get its label: they look like a lesion and are none. */
static void paint_mimics(struct hep_anatomy *a, int nthreads)
{
    const size_t nz = a->mimics.n > 0 ? a->grid.n[2] : 0;

#pragma omp parallel for schedule(dynamic, 4) num_threads(nthreads)
    for (size_t z = 0; z < nz; z++)
        for (size_t y = 0; y < a->grid.n[1]; y++)
            for (size_t x = 0; x < a->grid.n[0]; x++) {
                uint8_t *there = &a->label[voxel_index(a, x, y, z)];
                enum hep_mimic_kind kind;
                double p[3];

                if (*there != HEP_LABEL_LIVER)
                    continue;
                voxel_world(p, a, x, y, z);
                kind = hep_mimic_at(&a->mimics, p);
                if (kind != HEP_MIMIC_KINDS)
                    *there = (uint8_t)(HEP_LABEL_PARENCHYMA + kind);
            }
}

static bool is_parenchyma(uint8_t label)
{
    return label == HEP_LABEL_LIVER || label >= HEP_LABEL_PARENCHYMA;
}

/* Eight thresholds from -0.5 to 0.5 that every cube of 2 x 2 x 2 nodes holds once: a border that is
 * blurred is one where the share of lesion nodes falls step by step (ordered dither: Bayer 1973). */
static double dither(size_t x, size_t y, size_t z)
{
    const size_t bits = ((x ^ y ^ z) & 1) << 2 | ((y ^ z) & 1) << 1 | (z & 1);

    return ((double)bits + 0.5) / 8.0 - 0.5;
}

/* A mass takes the place of parenchyma and of what was left of vessels; fat and sparing only colour
 * parenchyma. */
static void paint_lesion(struct hep_anatomy *a, size_t i)
{
    const struct hep_lesion *l = &a->lesions.item[i];
    size_t lo[3], hi[3];

    clip_range(lo, hi, a, l->centre_mm, l->centre_mm, hep_lesion_reach_mm(l) + 1.0);
    for (size_t z = lo[2]; z <= hi[2]; z++)
        for (size_t y = lo[1]; y <= hi[1]; y++)
            for (size_t x = lo[0]; x <= hi[0]; x++) {
                uint8_t *there = &a->label[voxel_index(a, x, y, z)];
                double p[3], rho;
                int layer;

                if (!is_parenchyma(*there) && !(l->mass && hep_label_in_liver(*there)))
                    continue;
                voxel_world(p, a, x, y, z);
                layer = hep_lesion_layer_at(&rho, l, p, l->margin_mm * dither(x, y, z));
                if (layer == HEP_LAYER_NONE ||
                    (layer == (int)HEP_LAYER_HALO && !is_parenchyma(*there)))
                    continue;
                if (layer != (int)HEP_LAYER_HALO)
                    count_node(a, *there, i, layer, rho);
                *there = hep_lesion_label(i, layer);
            }
}

static int make_texture(struct hep_anatomy *a, uint64_t seed, int nthreads, struct hep_error *err)
{
    const struct hep_box box = hep_shape_box();
    const size_t nz = a->grid.n[2];
    struct hep_field *coarse = NULL;
    float *tile = NULL;
    int rc;

    rc = hep_field_new(&coarse, &box, 10.0, 1, seed, "texture", err);
    if (rc != HEP_OK)
        goto out;
    rc = hep_tile_new(&tile, 1.1, seed, "fine texture", err);
    if (rc != HEP_OK)
        goto out;
#pragma omp parallel for schedule(dynamic, 4) num_threads(nthreads)
    for (size_t z = 0; z < nz; z++)
        for (size_t y = 0; y < a->grid.n[1]; y++)
            for (size_t x = 0; x < a->grid.n[0]; x++) {
                const size_t i = voxel_index(a, x, y, z), m = HEP_TILE_N - 1;
                const size_t t = ((z & m) * HEP_TILE_N + (y & m)) * HEP_TILE_N + (x & m);
                double p[3], v;

                if (a->label[i] == HEP_LABEL_AIR)
                    continue;
                voxel_world(p, a, x, y, z);
                v = 0.8 * (double)tile[t] + 0.6 * hep_field_value(coarse, p);
                a->texture[i] = (int8_t)lrint(fmin(fmax(v / HEP_TEXTURE_UNIT, -127.0), 127.0));
            }
out:
    free(tile);
    hep_field_free(coarse);
    return rc;
}

static int grow_trees(struct hep_anatomy *a, uint64_t seed, struct hep_error *err)
{
    double hilum[3], outlet[3];
    const struct hep_tree_wish portal = { hilum, PORTAL_ROOT_MM, END_MM, 0.30, 12.0, "portal" };
    const struct hep_tree_wish hepatic = { outlet, HEPATIC_ROOT_MM, END_MM, 0.16, 16.0, "hepatic" };
    int rc;

    hep_shape_world(hilum, a->shape, hep_shape_hilum);
    hep_shape_world(outlet, a->shape, hep_shape_caval_outlet);
    rc = hep_tree_grow(&a->portal, a->shape, &portal, seed, err);
    if (rc != HEP_OK)
        return rc;
    return hep_tree_grow(&a->hepatic, a->shape, &hepatic, seed, err);
}

/* Vessels give way to what is there now and to what was there first: they stay as they are then. */
static void make_room_for_lesions(struct hep_anatomy *a)
{
    for (size_t i = 0; i < a->lesions.n; i++) {
        const struct hep_lesion *l = &a->lesions.item[i];

        if (!l->mass)
            continue;
        hep_tree_cut_near(&a->portal, l->centre_mm, 0.5 * l->diameter_mm);
        hep_tree_cut_near(&a->hepatic, l->centre_mm, 0.5 * l->diameter_mm);
    }
}

/* Lesions as they were first, and from there to this session. */
static int plan_lesions(struct hep_anatomy *a, const struct hep_sim_settings *s, uint64_t seed,
                        struct hep_error *err)
{
    const struct hep_lesion_ground ground = { a->shape, &a->portal, &a->hepatic, &a->lesions };
    int rc =
        hep_lesions_plan(&a->lesions, s, a->shape, &a->portal, &a->hepatic, &a->tissues, seed, err);

    if (rc != HEP_OK)
        return rc;
    hep_mimics_draw(&a->mimics, s, a->shape, &a->tissues, seed);
    make_room_for_lesions(a);
    rc = hep_disease_progress(&ground, &a->gone, s, &a->tissues, seed, err);
    if (rc != HEP_OK)
        return rc;
    make_room_for_lesions(a);
    hep_session_change_liver(&a->tissues, &a->lesions, s, seed);
    hep_session_weigh(a->shape, s, seed);
    return HEP_OK;
}

int hep_anatomy_new(struct hep_anatomy **out, const struct hep_sim_settings *s,
                    const struct hep_study_tissues *tissues, uint64_t seed, struct hep_error *err)
{
    struct hep_anatomy *a = hep_calloc(1, sizeof *a, err);
    size_t n;
    int rc;

    if (a == NULL)
        return HEP_ENOMEM;
    a->tissues = *tissues;
    set_grid(a, s->fast ? 2.0 : 1.0);
    n = hep_grid_voxels(&a->grid);
    a->label = hep_alloc_aligned(n, sizeof *a->label, err);
    a->texture = hep_calloc(n, sizeof *a->texture, err);
    if (a->label == NULL || a->texture == NULL) {
        rc = HEP_ENOMEM;
        goto fail;
    }
    rc = hep_shape_new(&a->shape, seed, err);
    if (rc != HEP_OK)
        goto fail;
    rc = grow_trees(a, seed, err);
    if (rc != HEP_OK)
        goto fail;
    rc = plan_lesions(a, s, seed, err);
    if (rc != HEP_OK)
        goto fail;
    label_organs(a, s->nthreads);
    paint_tree(a, &a->hepatic, HEP_LABEL_HEPATIC_VEIN);
    paint_tree(a, &a->portal, HEP_LABEL_PORTAL_VEIN);
    paint_companions(a);
    paint_mimics(a, s->nthreads);
    rc = make_texture(a, seed, s->nthreads, err);
    if (rc == HEP_OK)
        rc = hep_session_pose(a, &a->gone, s, seed, err);
    if (rc != HEP_OK)
        goto fail;
    for (size_t i = 0; i < a->lesions.n; i++)
        paint_lesion(a, i);
    *out = a;
    return HEP_OK;
fail:
    hep_anatomy_free(a);
    return rc;
}

void hep_anatomy_free(struct hep_anatomy *a)
{
    if (a == NULL)
        return;
    hep_shape_free(a->shape);
    hep_tree_release(&a->portal);
    hep_tree_release(&a->hepatic);
    free(a->label);
    free(a->texture);
    free(a);
}

const struct hep_tissue_values *hep_anatomy_tissue(const struct hep_anatomy *a, uint8_t label)
{
    if (label >= HEP_LABEL_PARENCHYMA) {
        const size_t kind = (size_t)(label - HEP_LABEL_PARENCHYMA);

        return kind < HEP_MIMIC_KINDS ? &a->mimics.tissue[kind] : NULL;
    }
    if (label >= HEP_LABEL_LESION) {
        const size_t i = (size_t)(label - HEP_LABEL_LESION);

        return i / HEP_N_LAYERS < a->lesions.n
                   ? &a->lesions.item[i / HEP_N_LAYERS].layer[i % HEP_N_LAYERS]
                   : NULL;
    }
    if (label == HEP_LABEL_AIR || label >= HEP_LABEL_N_ANATOMY)
        return NULL;
    return &a->tissues.row[hep_tissue_of_label((enum hep_label)label)];
}

double hep_anatomy_lesion_ml(const struct hep_anatomy *a, size_t lesion)
{
    size_t n = 0;

    for (int layer = 0; layer < (int)HEP_N_LAYERS; layer++)
        n += a->count[lesion][layer];
    return (double)n * a->step_mm * a->step_mm * a->step_mm / 1000.0;
}

double hep_anatomy_liver_ml(const struct hep_anatomy *a)
{
    const size_t n = hep_grid_voxels(&a->grid);
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += hep_label_in_liver(a->label[i]);
    return (double)count * a->step_mm * a->step_mm * a->step_mm / 1000.0;
}
