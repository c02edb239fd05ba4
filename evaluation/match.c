#include "evaluation/match.h"

#include "base/alloc.h"
#include "base/number.h"
#include "evaluation/assign.h"

#include <math.h>

/* What is known of every pair, shape [lesions][findings], and of each alone. */
struct pairs {
    const struct hep_match_side *lesions, *findings;
    const struct hep_match_box *const *box; /* of each lesion; NULL: none has one */
    double *to_mask_mm;                     /* finding's centre to the lesion's border, 0 inside */
    double *distance_mm, *iou;
    double *cost;
    size_t *common, *voxels_l, *voxels_f;
};

double hep_ball_iou(double diameter_a_mm, double diameter_b_mm, double distance_mm)
{
    const double pi = HEP_PI, d = distance_mm;
    const double a = 0.5 * diameter_a_mm, b = 0.5 * diameter_b_mm;
    const double va = 4.0 / 3.0 * pi * a * a * a, vb = 4.0 / 3.0 * pi * b * b * b;
    double lens;

    if (d >= a + b || !(va + vb > 0.0))
        return 0.0;
    if (d <= fabs(a - b))
        lens = fmin(va, vb);
    else
        lens = pi * (a + b - d) * (a + b - d) *
               (d * d + 2.0 * d * (a + b) - 3.0 * (a - b) * (a - b)) / (12.0 * d);
    return lens / (va + vb - lens);
}

static double between(const double a[3], const double b[3])
{
    const double x = a[0] - b[0], y = a[1] - b[1], z = a[2] - b[2];

    return sqrt(x * x + y * y + z * z);
}

bool hep_match_box_holds(const struct hep_match_box *box, const double world_mm[3])
{
    for (int k = 0; k < 3; k++) {
        double along = 0.0;

        for (int i = 0; i < 3; i++)
            along += box->axis[k][i] * (world_mm[i] - box->centre_mm[i]);
        if (!(fabs(along) <= box->half_mm[k] + box->voxel_mm[k]))
            return false;
    }
    return true;
}

static size_t index_of(const struct hep_match_side *side, int32_t label)
{
    for (size_t i = 0; i < side->n; i++)
        if (side->list[i].label == label)
            return i;
    return HEP_NO_MATCH;
}

/* Distance [mm] of a point, in voxel coordinates, from the box of a voxel; 0 inside. */
static double distance_to_voxel_mm(const double at[3], const size_t voxel[3],
                                   const double spacing[3])
{
    double sum = 0.0;

    for (int k = 0; k < 3; k++) {
        const double off = fmax(fabs(at[k] - (double)voxel[k]) - 0.5, 0.0) * spacing[k];

        sum += off * off;
    }
    return sqrt(sum);
}

static int measure_lesion_masks(struct pairs *p, struct hep_error *err)
{
    const struct hep_labels *mask = p->lesions->mask;
    const size_t *n = mask->grid.n, nf = p->findings->n;
    const size_t voxels = hep_grid_voxels(&mask->grid);
    double *at = hep_calloc(3 * nf + 1, sizeof *at, err), inverse[4][4], spacing[3];
    int rc = at == NULL ? HEP_ENOMEM : hep_grid_inverse(inverse, &mask->grid, err);

    for (size_t f = 0; rc == HEP_OK && f < nf; f++)
        hep_affine_apply(at + 3 * f, HEP_AFFINE(inverse), p->findings->list[f].centre_mm);
    hep_grid_spacing(spacing, &mask->grid);
    for (size_t i = 0; rc == HEP_OK && i < voxels; i++) {
        const size_t voxel[3] = { i % n[0], i / n[0] % n[1], i / (n[0] * n[1]) };
        size_t l;

        if (mask->data[i] == 0 || (l = index_of(p->lesions, mask->data[i])) == HEP_NO_MATCH)
            continue;
        p->voxels_l[l]++;
        for (size_t f = 0; f < nf; f++)
            p->to_mask_mm[l * nf + f] =
                fmin(p->to_mask_mm[l * nf + f], distance_to_voxel_mm(at + 3 * f, voxel, spacing));
    }
    free(at);
    return rc;
}

static void count_finding_masks(struct pairs *p)
{
    const struct hep_labels *mask = p->findings->mask, *truth = p->lesions->mask;
    const size_t voxels = hep_grid_voxels(&mask->grid);

    for (size_t i = 0; i < voxels; i++) {
        size_t f, l;

        if (mask->data[i] == 0 || (f = index_of(p->findings, mask->data[i])) == HEP_NO_MATCH)
            continue;
        p->voxels_f[f]++;
        if (truth == NULL || truth->data[i] == 0)
            continue;
        l = index_of(p->lesions, truth->data[i]);
        if (l != HEP_NO_MATCH)
            p->common[l * p->findings->n + f]++;
    }
}

static void measure_pair(struct pairs *p, size_t l, size_t f)
{
    const struct hep_match_object *a = &p->lesions->list[l], *b = &p->findings->list[f];
    const size_t k = l * p->findings->n + f;

    p->distance_mm[k] = between(a->centre_mm, b->centre_mm);
    if (p->voxels_l[l] == 0)
        p->to_mask_mm[k] = fmax(p->distance_mm[k] - 0.5 * fmax(a->diameter_mm, 0.0), 0.0);
    if (p->voxels_l[l] > 0 && p->voxels_f[f] > 0)
        p->iou[k] = (double)p->common[k] / (double)(p->voxels_l[l] + p->voxels_f[f] - p->common[k]);
    else if (isfinite(a->diameter_mm) && isfinite(b->diameter_mm))
        p->iou[k] = hep_ball_iou(a->diameter_mm, b->diameter_mm, p->distance_mm[k]);
}

static bool may_be(const struct pairs *p, size_t l, size_t f, enum hep_match_rule rule)
{
    const size_t k = l * p->findings->n + f;
    const struct hep_match_box *box = p->box != NULL ? p->box[l] : NULL;
    const double share = HEP_MATCH_MARGIN_SHARE * p->lesions->list[l].diameter_mm;
    const double margin = fmax(HEP_MATCH_MARGIN_MM, share);
    const bool near = p->to_mask_mm[k] <= margin, overlaps = p->iou[k] >= HEP_MATCH_MIN_IOU;

    if (box != NULL)
        return hep_match_box_holds(box, p->findings->list[f].centre_mm);
    return (rule != HEP_MATCH_MASK && near) || (rule != HEP_MATCH_CENTRE && overlaps);
}

static int pairs_init(struct pairs *p, struct hep_error *err)
{
    size_t n = 0;
    int rc = HEP_OK;

    if (!hep_mul_size(&n, p->lesions->n, p->findings->n))
        return HEP_FAIL(err, HEP_ENOMEM, "too many findings to match");
    if (HEP_NEW(p->to_mask_mm, n + 1, err) != HEP_OK ||
        HEP_NEW(p->distance_mm, n + 1, err) != HEP_OK || HEP_NEW(p->iou, n + 1, err) != HEP_OK ||
        HEP_NEW(p->cost, n + 1, err) != HEP_OK || HEP_NEW(p->common, n + 1, err) != HEP_OK ||
        HEP_NEW(p->voxels_l, p->lesions->n + 1, err) != HEP_OK ||
        HEP_NEW(p->voxels_f, p->findings->n + 1, err) != HEP_OK)
        return HEP_ENOMEM;
    for (size_t k = 0; k < n; k++)
        p->to_mask_mm[k] = (double)INFINITY;
    if (p->lesions->mask != NULL)
        rc = measure_lesion_masks(p, err);
    if (rc == HEP_OK && p->findings->mask != NULL)
        count_finding_masks(p);
    for (size_t k = 0; rc == HEP_OK && k < n; k++)
        measure_pair(p, k / p->findings->n, k % p->findings->n);
    return rc;
}

static void pairs_release(struct pairs *p)
{
    free(p->to_mask_mm);
    free(p->distance_mm);
    free(p->iou);
    free(p->cost);
    free(p->common);
    free(p->voxels_l);
    free(p->voxels_f);
}

/* Find the lesion nearest to a finding without partner, and the nearest of those that it could be. */
static void classify_finding(struct hep_match_found *out, const struct pairs *p, size_t f)
{
    double best = (double)INFINITY;

    *out = (struct hep_match_found){ HEP_FATE_FALSE, HEP_NO_MATCH, HEP_NO_MATCH,
                                     (double)NAN,    (double)NAN,  (double)NAN };
    for (size_t l = 0; l < p->lesions->n; l++) {
        const size_t k = l * p->findings->n + f;

        if (!(p->distance_mm[k] >= out->nearest_mm)) {
            out->nearest_mm = p->distance_mm[k];
            out->nearest = l;
        }
        if (p->cost[k] < best) {
            best = p->cost[k];
            out->lesion = l;
            out->fate = HEP_FATE_EXTRA;
        }
    }
}

static void settle(struct hep_matching *m, const struct pairs *p)
{
    const size_t nf = p->findings->n;

    for (size_t f = 0; f < nf; f++)
        classify_finding(&m->found[f], p, f);
    for (size_t l = 0; l < p->lesions->n; l++) {
        if (m->finding_of[l] == HEP_NO_MATCH)
            continue;
        m->found[m->finding_of[l]].fate = HEP_FATE_TRUE;
        m->found[m->finding_of[l]].lesion = l;
    }
    for (size_t f = 0; f < nf; f++) {
        struct hep_match_found *found = &m->found[f];

        if (found->lesion == HEP_NO_MATCH)
            continue;
        found->distance_mm = p->distance_mm[found->lesion * nf + f];
        found->iou = p->iou[found->lesion * nf + f];
    }
}

int hep_match(struct hep_matching *out, const struct hep_match_side *lesions,
              const struct hep_match_side *findings, enum hep_match_rule rule,
              struct hep_error *err)
{
    return hep_match_boxes(out, lesions, NULL, findings, rule, err);
}

int hep_match_boxes(struct hep_matching *out, const struct hep_match_side *lesions,
                    const struct hep_match_box *const *box, const struct hep_match_side *findings,
                    enum hep_match_rule rule, struct hep_error *err)
{
    struct pairs p = { .lesions = lesions, .findings = findings, .box = box };
    struct hep_matching m = { 0 };
    int rc;

    if (lesions->mask != NULL && findings->mask != NULL &&
        !hep_grid_same(&lesions->mask->grid, &findings->mask->grid, HEP_GRID_TOL_MM))
        return HEP_FAIL(err, HEP_EGEOM, "masks of lesions and findings on different grids");
    rc = pairs_init(&p, err);
    m.found = hep_calloc(findings->n + 1, sizeof *m.found, err);
    m.finding_of = hep_calloc(lesions->n + 1, sizeof *m.finding_of, err);
    if (rc == HEP_OK && (m.found == NULL || m.finding_of == NULL))
        rc = HEP_ENOMEM;
    for (size_t l = 0; rc == HEP_OK && l < lesions->n; l++)
        for (size_t f = 0; f < findings->n; f++) {
            const size_t k = l * findings->n + f;

            p.cost[k] = may_be(&p, l, f, rule) ? p.distance_mm[k] : (double)INFINITY;
        }
    if (rc == HEP_OK)
        rc = hep_assign(m.finding_of, p.cost, lesions->n, findings->n, err);
    if (rc == HEP_OK) {
        settle(&m, &p);
        *out = m;
    } else {
        hep_matching_release(&m);
    }
    pairs_release(&p);
    return rc;
}

void hep_matching_release(struct hep_matching *m)
{
    free(m->found);
    free(m->finding_of);
    *m = (struct hep_matching){ 0 };
}
