#include "phantom/mimic.h"

#include "base/json_put.h"
#include "base/number.h"
#include "base/rng.h"

#include <math.h>

#define DEGREE (HEP_PI / 180.0)

const char *hep_mimic_name(enum hep_mimic_kind kind)
{
    static const char *const names[] = { "perfusion_wedge", "confluent_fibrosis",
                                         "regenerative_nodule" };

    return names[kind];
}

/* A point at least depth_mm below the capsule; false when none was found. */
static bool point_in_liver(double p[3], const struct hep_shape *shape, double depth_mm,
                           struct hep_rng *rng)
{
    const struct hep_box box = hep_shape_box();

    for (int tries = 0; tries < 2000; tries++) {
        for (int k = 0; k < 3; k++)
            p[k] = hep_rng_next_range(rng, box.lo[k], box.hi[k]);
        if (hep_shape_liver(shape, p) < -depth_mm)
            return true;
    }
    return false;
}

/* A cone away from the hilum, as segments lie. */
static void add_cone(struct hep_mimics *m, enum hep_mimic_kind kind, const struct hep_shape *shape,
                     double half_angle, struct hep_rng *rng)
{
    struct hep_mimic *c = &m->item[m->n];
    double hilum[3], norm = 0.0;

    if (m->n >= HEP_MAX_MIMICS || !point_in_liver(c->tip_mm, shape, 15.0, rng))
        return;
    hep_shape_world(hilum, shape, hep_shape_hilum);
    for (int k = 0; k < 3; k++) {
        c->axis[k] = c->tip_mm[k] - hilum[k];
        norm += c->axis[k] * c->axis[k];
    }
    for (int k = 0; k < 3; k++)
        c->axis[k] /= sqrt(fmax(norm, 1e-6));
    c->kind = kind;
    c->cosine = cos(half_angle);
    c->from_mm = kind == HEP_MIMIC_FIBROSIS ? 8.0 : 0.0;
    m->n++;
}

static void add_nodules(struct hep_mimics *m, const struct hep_shape *shape, struct hep_rng *rng)
{
    const int n = 6 + (int)(20.0 * hep_rng_next(rng));

    for (int i = 0; i < n && m->n < HEP_MAX_MIMICS; i++) {
        struct hep_mimic *b = &m->item[m->n];

        b->kind = HEP_MIMIC_NODULE;
        b->radius_mm = hep_rng_next_range(rng, 2.0, 6.0);
        m->n += point_in_liver(b->tip_mm, shape, b->radius_mm, rng);
    }
}

static void set_tissues(struct hep_mimics *m, const struct hep_study_tissues *t,
                        struct hep_rng *rng)
{
    struct hep_tissue_values *wedge = &m->tissue[HEP_MIMIC_WEDGE],
                             *fibrosis = &m->tissue[HEP_MIMIC_FIBROSIS],
                             *nodule = &m->tissue[HEP_MIMIC_NODULE];

    for (int k = 0; k < (int)HEP_MIMIC_KINDS; k++)
        m->tissue[k] = t->row[HEP_TISSUE_LIVER];
    wedge->arterial = fmin(wedge->arterial + hep_rng_next_range(rng, 0.25, 0.6), 1.0);
    fibrosis->t1_s *= hep_rng_next_range(rng, 1.1, 1.35);
    fibrosis->t2_s *= hep_rng_next_range(rng, 1.2, 1.6);
    fibrosis->t2star_s = fmin(fibrosis->t2star_s * 1.2, fibrosis->t2_s);
    fibrosis->ve = hep_rng_next_range(rng, 0.35, 0.5);
    fibrosis->flow_per_min *= 0.4;
    fibrosis->ki_per_min *= hep_rng_next_range(rng, 0.2, 0.5);
    nodule->t1_s *= hep_rng_next_range(rng, 0.82, 1.0);
    nodule->t2_s *= hep_rng_next_range(rng, 0.8, 0.95);
    nodule->t2star_s *= hep_rng_next_range(rng, 0.5, 0.9);
    nodule->ki_per_min *= hep_rng_next_range(rng, 0.9, 1.25);
}

void hep_mimics_draw(struct hep_mimics *out, const struct hep_sim_settings *s,
                     const struct hep_shape *shape, const struct hep_study_tissues *tissues,
                     uint64_t seed)
{
    struct hep_rng values = { seed, hep_rng_stream("mimic tissue"), 0 };
    struct hep_rng wedges = { seed, hep_rng_stream("perfusion wedges"), 0 };
    struct hep_rng bands = { seed, hep_rng_stream("fibrosis bands"), 0 };
    struct hep_rng nodules = { seed, hep_rng_stream("regenerative nodules"), 0 };
    const double perfusion = s->degrade[HEP_SIM_PERFUSION], mimics = s->degrade[HEP_SIM_MIMICS];
    int n;

    memset(out, 0, sizeof *out);
    set_tissues(out, tissues, &values);
    if (hep_rng_next(&wedges) < 0.5 * perfusion) {
        n = 1 + (int)(2.0 * hep_rng_next(&wedges));
        for (int i = 0; i < n; i++)
            add_cone(out, HEP_MIMIC_WEDGE, shape, hep_rng_next_range(&wedges, 14.0, 28.0) * DEGREE,
                     &wedges);
    }
    if (hep_rng_next(&bands) < 0.2 * mimics) {
        n = 1 + (int)(2.0 * hep_rng_next(&bands));
        for (int i = 0; i < n; i++)
            add_cone(out, HEP_MIMIC_FIBROSIS, shape, hep_rng_next_range(&bands, 7.0, 14.0) * DEGREE,
                     &bands);
    }
    if (hep_rng_next(&nodules) < 0.2 * mimics)
        add_nodules(out, shape, &nodules);
}

enum hep_mimic_kind hep_mimic_at(const struct hep_mimics *m, const double p[3])
{
    for (size_t i = m->n; i-- > 0;) {
        const struct hep_mimic *c = &m->item[i];
        const double d[3] = { p[0] - c->tip_mm[0], p[1] - c->tip_mm[1], p[2] - c->tip_mm[2] };
        const double far = sqrt(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]);
        const double along = d[0] * c->axis[0] + d[1] * c->axis[1] + d[2] * c->axis[2];

        if (c->kind == HEP_MIMIC_NODULE ? far < c->radius_mm
                                        : far > c->from_mm && along > c->cosine * far)
            return c->kind;
    }
    return HEP_MIMIC_KINDS;
}

struct hep_json *hep_mimics_json(struct hep_put *put, const struct hep_mimics *m)
{
    struct hep_json *list = hep_json_new_array();

    for (size_t i = 0; i < m->n; i++) {
        const struct hep_mimic *c = &m->item[i];
        struct hep_json *o = hep_json_new_object();

        hep_put_text(put, o, "kind", hep_mimic_name(c->kind));
        hep_put_numbers(put, o, "tip_mm", c->tip_mm, 3);
        if (c->kind == HEP_MIMIC_NODULE) {
            hep_put_number(put, o, "radius_mm", c->radius_mm);
        } else {
            hep_put_numbers(put, o, "axis", c->axis, 3);
            hep_put_number(put, o, "opening_deg", 2.0 * acos(c->cosine) / DEGREE);
        }
        hep_put_item(put, list, o);
    }
    return list;
}
