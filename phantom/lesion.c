#include "phantom/lesion.h"

#include "base/number.h"
#include "base/rng.h"

#include <math.h>

static const char *const type_names[HEP_SIM_N_LESION_TYPES] = {
    [HEP_SIM_MET_FIBROUS] = "met",   [HEP_SIM_MET_NECROTIC] = "necrotic",
    [HEP_SIM_NET] = "net",           [HEP_SIM_MUCINOUS] = "mucinous",
    [HEP_SIM_MELANOMA] = "melanoma", [HEP_SIM_HAEMANGIOMA] = "haemangioma",
    [HEP_SIM_CYST] = "cyst",         [HEP_SIM_FNH_LIKE] = "fnh",
    [HEP_SIM_ABSCESS] = "abscess",   [HEP_SIM_FOCAL_FAT] = "fat",
    [HEP_SIM_SPARING] = "sparing",   [HEP_SIM_ABLATION] = "ablation",
};

const char *hep_sim_lesion_type_name(enum hep_sim_lesion_type type)
{
    return (unsigned)type < HEP_SIM_N_LESION_TYPES ? type_names[type] : "?";
}

enum hep_lesion_class hep_sim_lesion_class(enum hep_sim_lesion_type type)
{
    static const enum hep_lesion_class classes[HEP_SIM_N_LESION_TYPES] = {
        [HEP_SIM_MET_FIBROUS] = HEP_CLASS_METASTASIS,
        [HEP_SIM_MET_NECROTIC] = HEP_CLASS_METASTASIS,
        [HEP_SIM_NET] = HEP_CLASS_METASTASIS,
        [HEP_SIM_MUCINOUS] = HEP_CLASS_METASTASIS,
        [HEP_SIM_MELANOMA] = HEP_CLASS_METASTASIS,
        [HEP_SIM_HAEMANGIOMA] = HEP_CLASS_HAEMANGIOMA,
        [HEP_SIM_CYST] = HEP_CLASS_CYST,
        [HEP_SIM_FNH_LIKE] = HEP_CLASS_FNH_LIKE,
        [HEP_SIM_ABSCESS] = HEP_CLASS_OTHER,
        [HEP_SIM_FOCAL_FAT] = HEP_CLASS_FOCAL_FAT,
        [HEP_SIM_SPARING] = HEP_CLASS_FAT_SPARING,
        [HEP_SIM_ABLATION] = HEP_CLASS_OTHER,
    };

    return classes[type];
}

int32_t hep_sim_lesion_id(const struct hep_lesion_list *list, size_t i)
{
    return list->item[i].identity > 0 ? (int32_t)list->item[i].identity : (int32_t)i + 1;
}

/* ---- geometry -------------------------------------------------------------------------------- */

/* Distance, in radii, at which a ray from the middle leaves the union of the lobes. */
static double radius_of_lobes(const struct hep_lesion *l, const double dir[3])
{
    double far = 0.0;

    for (int k = 0; k < l->n_lobes; k++) {
        const double *c = l->lobe[k];
        const double along = dir[0] * c[0] + dir[1] * c[1] + dir[2] * c[2];
        const double inside = c[3] * c[3] - c[0] * c[0] - c[1] * c[1] - c[2] * c[2];

        far = fmax(far, along + sqrt(along * along + inside));
    }
    return l->n_lobes > 0 ? far : 1.0;
}

static double border(const struct hep_lesion *l, const double dir[3])
{
    double sum = 0.0;

    for (int w = 0; w < HEP_LESION_WAVES; w++)
        sum += cos(l->wave[w][0] * dir[0] + l->wave[w][1] * dir[1] + l->wave[w][2] * dir[2] +
                   l->wave[w][3]);
    return radius_of_lobes(l, dir) *
           fmax(0.4, 1.0 + l->jitter * sum * sqrt(2.0 / HEP_LESION_WAVES));
}

/* Local coordinates in units of the radius, and their direction. */
static double local_radius(double dir[3], const struct hep_lesion *l, const double p[3])
{
    double u[3], norm, power = 0.0;

    for (int r = 0; r < 3; r++) {
        u[r] = 0.0;
        for (int k = 0; k < 3; k++)
            u[r] += l->rotation[r][k] * (p[k] - l->centre_mm[k]);
        u[r] /= l->axes[r] * 0.5 * l->diameter_mm;
    }
    norm = sqrt(u[0] * u[0] + u[1] * u[1] + u[2] * u[2]);
    for (int r = 0; r < 3; r++) {
        dir[r] = norm > 0.0 ? u[r] / norm : 0.0;
        power += pow(fabs(dir[r]), l->exponent);
    }
    return norm * pow(power, 1.0 / l->exponent);
}

double hep_lesion_rho(const struct hep_lesion *l, const double p[3])
{
    double dir[3];
    const double r = local_radius(dir, l, p);

    return r / (l->scale * border(l, dir));
}

/* Patches of nodular enhancement: about half of the surface. */
static bool in_nodule(const struct hep_lesion *l, const double dir[3])
{
    double sum = 0.0;

    for (int w = 0; w < HEP_LESION_WAVES; w++)
        sum +=
            cos(0.8 * (l->wave[w][1] * dir[0] + l->wave[w][2] * dir[1] + l->wave[w][0] * dir[2]) +
                2.0 * l->wave[w][3]);
    return sum > 0.0;
}

/* Layer by an uneven rim and capsules of core. */
static int formed_layer(const struct hep_lesion *l, const double dir[3], double r)
{
    const double radius = 0.5 * l->diameter_mm;
    double sum = 0.0, rim, depth, u[3], nearest = (double)INFINITY;

    for (int w = 0; w < HEP_LESION_WAVES; w++)
        sum +=
            cos(0.6 * (l->wave[w][2] * dir[0] + l->wave[w][0] * dir[1] + l->wave[w][1] * dir[2]) +
                1.7 * l->wave[w][3]);
    rim = l->rim_mm * exp(l->rim_unevenness * sum * sqrt(2.0 / HEP_LESION_WAVES));
    rim = fmin(fmax(rim, 0.5), 0.85 * radius) / radius;
    depth = r / (1.0 - rim);
    if (depth >= 1.0)
        return HEP_LAYER_RIM;
    for (int k = 0; k < 3; k++)
        u[k] = depth * dir[k];
    for (int k = 0; k < l->n_cores; k++)
        nearest = fmin(nearest, hep_capsule(u, l->core[k].a, l->core[k].b, l->core[k].radius,
                                            l->core[k].radius));
    if (l->n_cores == 0 || nearest < 0.0)
        return HEP_LAYER_CORE;
    return nearest < 0.08 ? HEP_LAYER_MID : HEP_LAYER_RIM;
}

int hep_lesion_layer_at(double *rho, const struct hep_lesion *l, const double p[3], double out_mm)
{
    double dir[3];
    double r = local_radius(dir, l, p) / (l->scale * border(l, dir));

    if (out_mm != 0.0)
        r = fmax(r + out_mm / (0.5 * l->diameter_mm), 0.0);
    *rho = r;
    if (r >= 1.0) {
        const bool near = (r - 1.0) * 0.5 * l->diameter_mm < l->halo_mm;

        return near ? (int)HEP_LAYER_HALO : HEP_LAYER_NONE;
    }
    if (l->rim_mm > 0.0)
        return formed_layer(l, dir, r);
    if (l->nodular && r >= l->core_rho && !in_nodule(l, dir))
        return HEP_LAYER_CORE;
    if (r < l->core_rho)
        return HEP_LAYER_CORE;
    return r < l->mid_rho ? HEP_LAYER_MID : HEP_LAYER_RIM;
}

double hep_lesion_reach_mm(const struct hep_lesion *l)
{
    const double widest = fmax(l->axes[0], fmax(l->axes[1], l->axes[2]));
    /* a superquadric of exponent up to 3 reaches at most 1.22 in its corners */
    const double border_top = 1.0 + l->jitter * sqrt(2.0 * HEP_LESION_WAVES);

    double lobe_top = 1.0;

    for (int k = 0; k < l->n_lobes; k++) {
        const double *c = l->lobe[k];

        lobe_top = fmax(lobe_top, c[3] + sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2]));
    }
    return 0.5 * l->diameter_mm * widest * 1.25 * fmax(l->scale * lobe_top, 1.0) * border_top +
           (l->halo_mm + 0.5 * l->margin_mm) * widest;
}

void hep_lesion_axes_mm(double *long_mm, double *short_mm, const struct hep_lesion *l)
{
    enum { N = 180 };
    double xy[N][2], best = -1.0, across_lo = (double)INFINITY, across_hi = -(double)INFINITY,
                     ux = 1.0, uy = 0.0;

    for (int i = 0; i < N; i++) {
        const double a = 2.0 * HEP_PI * i / N;
        const double p[3] = { l->centre_mm[0] + cos(a), l->centre_mm[1] + sin(a), l->centre_mm[2] };
        const double r = 1.0 / hep_lesion_rho(l, p);

        xy[i][0] = r * cos(a);
        xy[i][1] = r * sin(a);
    }
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < i; j++) {
            const double d = hypot(xy[i][0] - xy[j][0], xy[i][1] - xy[j][1]);

            if (d > best) {
                best = d;
                ux = (xy[i][0] - xy[j][0]) / d;
                uy = (xy[i][1] - xy[j][1]) / d;
            }
        }
    }
    for (int i = 0; i < N; i++) {
        const double across = -uy * xy[i][0] + ux * xy[i][1];

        across_lo = fmin(across_lo, across);
        across_hi = fmax(across_hi, across);
    }
    *long_mm = best;
    *short_mm = across_hi - across_lo;
}

static void random_rotation(double m[3][3], struct hep_rng *rng)
{
    double q[4], n = 0.0;

    for (int k = 0; k < 4; k++) {
        q[k] = hep_rng_next_normal(rng);
        n += q[k] * q[k];
    }
    n = sqrt(n);
    for (int k = 0; k < 4; k++)
        q[k] /= n;
    m[0][0] = 1.0 - 2.0 * (q[2] * q[2] + q[3] * q[3]);
    m[0][1] = 2.0 * (q[1] * q[2] - q[0] * q[3]);
    m[0][2] = 2.0 * (q[1] * q[3] + q[0] * q[2]);
    m[1][0] = 2.0 * (q[1] * q[2] + q[0] * q[3]);
    m[1][1] = 1.0 - 2.0 * (q[1] * q[1] + q[3] * q[3]);
    m[1][2] = 2.0 * (q[2] * q[3] - q[0] * q[1]);
    m[2][0] = 2.0 * (q[1] * q[3] - q[0] * q[2]);
    m[2][1] = 2.0 * (q[2] * q[3] + q[0] * q[1]);
    m[2][2] = 1.0 - 2.0 * (q[1] * q[1] + q[2] * q[2]);
}

/* Mean cube of the border's radius over directions is the volume in spheres. */
void hep_lesion_fit_volume(struct hep_lesion *l)
{
    enum { N = 800 };
    double sum = 0.0;

    l->scale = 1.0;
    for (int i = 0; i < N; i++) {
        const double z = 1.0 - 2.0 * (i + 0.5) / N, phi = HEP_PI * (1.0 + sqrt(5.0)) * i;
        const double s = sqrt(1.0 - z * z);
        const double dir[3] = { s * cos(phi), s * sin(phi), z };
        double power = 0.0, r;

        for (int k = 0; k < 3; k++)
            power += pow(fabs(dir[k]), l->exponent);
        r = border(l, dir) / pow(power, 1.0 / l->exponent);
        sum += r * r * r / N;
    }
    l->scale = 1.0 / cbrt(sum);
}

static void make_shape(struct hep_lesion *l, double elongation, double jitter_mm,
                       struct hep_rng *rng)
{
    double product = 1.0;

    for (int k = 0; k < 3; k++) {
        l->axes[k] = exp(elongation * hep_rng_next_range(rng, -1.0, 1.0));
        product *= l->axes[k];
    }
    for (int k = 0; k < 3; k++)
        l->axes[k] /= cbrt(product);
    random_rotation(l->rotation, rng);
    l->exponent = hep_rng_next_range(rng, 2.0, 2.5);
    l->jitter = fmin(jitter_mm / (0.5 * l->diameter_mm), 0.14);
    for (int w = 0; w < HEP_LESION_WAVES; w++) {
        for (int k = 0; k < 3; k++)
            l->wave[w][k] = 3.2 * hep_rng_next_normal(rng);
        l->wave[w][3] = hep_rng_next_range(rng, 0.0, 2.0 * HEP_PI);
    }
    hep_lesion_fit_volume(l);
}

/* ---- types ----------------------------------------------------------------------------------- */

struct plan {
    enum hep_tissue rim, core;
    double solid_below_mm; /* one tissue, that of the rim, below this diameter */
    double rim_share, rim_min_mm, rim_max_mm, mid_share;
    double jitter_mm, elongation, halo_chance;
};

static const struct plan plans[HEP_SIM_N_LESION_TYPES] = {
    [HEP_SIM_MET_FIBROUS] = { HEP_TISSUE_MET_RIM, HEP_TISSUE_MET_FIBROUS, 8.0, 0.24, 1.8, 5.0, 0.12,
                              0.8, 0.15, 0.5 },
    [HEP_SIM_MET_NECROTIC] = { HEP_TISSUE_MET_RIM, HEP_TISSUE_MET_NECROTIC, 8.0, 0.24, 1.8, 5.0,
                               0.08, 0.8, 0.15, 0.4 },
    [HEP_SIM_NET] = { HEP_TISSUE_NET, HEP_TISSUE_NET_CORE, 14.0, 0.3, 1.0, 5.0, 0.1, 0.5, 0.10,
                      0.0 },
    [HEP_SIM_MUCINOUS] = { HEP_TISSUE_MUCINOUS, HEP_TISSUE_MUCINOUS, 100.0, 0.2, 1.0, 3.0, 0.0, 0.7,
                           0.15, 0.0 },
    [HEP_SIM_MELANOMA] = { HEP_TISSUE_MELANOMA, HEP_TISSUE_MELANOMA, 100.0, 0.3, 1.0, 5.0, 0.0, 0.5,
                           0.10, 0.0 },
    [HEP_SIM_HAEMANGIOMA] = { HEP_TISSUE_HAEMANGIOMA_EDGE, HEP_TISSUE_HAEMANGIOMA_CENTRE, 9.0, 0.45,
                              2.0, 9.0, 0.0, 0.8, 0.20, 0.0 },
    [HEP_SIM_CYST] = { HEP_TISSUE_CYST, HEP_TISSUE_CYST, 100.0, 0.3, 1.0, 5.0, 0.0, 0.15, 0.08,
                       0.0 },
    [HEP_SIM_FNH_LIKE] = { HEP_TISSUE_FNH_LIKE, HEP_TISSUE_FNH_SCAR, 20.0, 0.7, 1.0, 30.0, 0.08,
                           0.5, 0.10, 0.0 },
    [HEP_SIM_ABSCESS] = { HEP_TISSUE_ABSCESS_RIM, HEP_TISSUE_ABSCESS_PUS, 6.0, 0.25, 1.5, 5.0, 0.06,
                          0.7, 0.12, 1.0 },
    [HEP_SIM_FOCAL_FAT] = { HEP_TISSUE_LIVER, HEP_TISSUE_LIVER, 100.0, 0.3, 1.0, 5.0, 0.0, 2.0,
                            0.45, 0.0 },
    [HEP_SIM_SPARING] = { HEP_TISSUE_LIVER, HEP_TISSUE_LIVER, 100.0, 0.3, 1.0, 5.0, 0.0, 2.0, 0.45,
                          0.0 },
    [HEP_SIM_ABLATION] = { HEP_TISSUE_ABLATION_RIM, HEP_TISSUE_COAGULATION, 0.0, 0.1, 1.0, 2.0, 0.0,
                           0.3, 0.10, 0.0 },
};

static void make_layers(struct hep_lesion *l, const struct plan *plan)
{
    const double radius = 0.5 * l->diameter_mm;
    const double rim = fmin(fmax(plan->rim_share * radius, plan->rim_min_mm), plan->rim_max_mm);

    if (l->diameter_mm < plan->solid_below_mm) {
        l->core_rho = l->mid_rho = 0.0;
        return;
    }
    l->mid_rho = fmax(1.0 - rim / radius, 0.2);
    l->core_rho = fmax(l->mid_rho - plan->mid_share, 0.1);
    l->nodular = l->type == HEP_SIM_HAEMANGIOMA;
}

/* Compressed, hyperaemic parenchyma around a lesion. */
static struct hep_tissue_values halo_tissue(const struct hep_study_tissues *t)
{
    struct hep_tissue_values halo =
        hep_tissue_mix(&t->row[HEP_TISSUE_LIVER], &t->row[HEP_TISSUE_MET_RIM], 0.3);

    halo.flow_per_min *= 1.1;
    return halo;
}

void hep_lesion_make(struct hep_lesion *l, enum hep_sim_lesion_type type, double diameter_mm,
                     const struct hep_study_tissues *tissues, double variation, struct hep_rng *rng)
{
    const struct plan *plan = &plans[type];
    const double halo_draw = hep_rng_next(rng), uptake_draw = hep_rng_next(rng);
    const double uptake = hep_rng_next_range(rng, 0.0, 0.006);

    memset(l, 0, sizeof *l);
    l->type = type;
    l->diameter_mm = diameter_mm;
    l->mass = type != HEP_SIM_FOCAL_FAT && type != HEP_SIM_SPARING;
    make_shape(l, plan->elongation, plan->jitter_mm, rng);
    make_layers(l, plan);
    if (diameter_mm >= 8.0 && halo_draw < plan->halo_chance)
        l->halo_mm = fmin(0.12 * diameter_mm, 3.0);
    l->layer[HEP_LAYER_RIM] = tissues->row[plan->rim];
    l->layer[HEP_LAYER_CORE] = tissues->row[plan->core];
    if (l->mass) {
        hep_tissue_vary(&l->layer[HEP_LAYER_RIM], rng, 0.05 * variation);
        hep_tissue_vary(&l->layer[HEP_LAYER_CORE], rng, 0.05 * variation);
    }
    if (type == HEP_SIM_FOCAL_FAT)
        l->layer[HEP_LAYER_RIM].ff = fmin(l->layer[HEP_LAYER_RIM].ff + 0.15, 0.5);
    if (type == HEP_SIM_SPARING)
        l->layer[HEP_LAYER_RIM].ff = fmax(l->layer[HEP_LAYER_RIM].ff - 0.15, 0.01);
    /* some metastases keep a little transporter activity */
    if (type == HEP_SIM_MET_FIBROUS && variation > 0.0 && uptake_draw < 0.4)
        l->layer[HEP_LAYER_RIM].ki_per_min = l->layer[HEP_LAYER_CORE].ki_per_min = uptake;
    if (!l->mass)
        l->layer[HEP_LAYER_CORE] = l->layer[HEP_LAYER_RIM];
    l->layer[HEP_LAYER_MID] =
        hep_tissue_mix(&l->layer[HEP_LAYER_RIM], &l->layer[HEP_LAYER_CORE], 0.5);
    l->layer[HEP_LAYER_HALO] = halo_tissue(tissues);
}
