#include "pipeline/stages/align_json.h"

#include "base/text.h"

#include <math.h>

/* Median error over the liver on simulated studies (3 T and 1.5 T, all degradations); what the
 * scanner's geometry leaves depends on the breath-holds and is not known. */
static double expected_residual_mm(enum hep_align_method method)
{
    return method == HEP_ALIGN_DEFORMABLE ? 1.0 : method == HEP_ALIGN_RIGID ? 2.0 : (double)NAN;
}

/* As JSON keeps it, so that a transform that is read back is the same number. */
static struct hep_json *kept_number(double x)
{
    char text[32];
    double kept = x;

    (void)snprintf(text, sizeof text, "%.9g", x);
    return hep_json_new_number(hep_parse_double(&kept, text, NULL) == HEP_OK ? kept : x);
}

static void put_metric(struct hep_put *put, struct hep_json *o, const struct hep_align_pair *p)
{
    struct hep_json *metric = hep_json_new_object();

    hep_put_text(put, metric, "name", "mutual information");
    hep_put_text(put, metric, "unit", "nat");
    hep_put_number(put, metric, "before", p->mi_nat[HEP_ALIGN_SCANNER]);
    hep_put_number(put, metric, "rigid", p->mi_nat[HEP_ALIGN_RIGID]);
    hep_put_number(put, metric, "deformable", p->mi_nat[HEP_ALIGN_DEFORMABLE]);
    hep_put_number(put, metric, "after", p->mi_nat[p->method]);
    hep_put_number(put, metric, "overlap", p->overlap[p->method]);
    hep_put(put, o, "metric", metric);
}

static void put_volume_change(struct hep_put *put, struct hep_json *o, const struct hep_jacobian *j)
{
    struct hep_json *change = hep_json_new_object();

    hep_put_number(put, change, "min", j->min);
    hep_put_number(put, change, "q01", j->q01);
    hep_put_number(put, change, "q99", j->q99);
    hep_put_number(put, change, "max", j->max);
    hep_put_number(put, change, "folded_frac", j->folded_frac);
    hep_put(put, o, "jacobian", change);
}

struct hep_json *hep_align_json(struct hep_put *put, const char *name,
                                const struct hep_align_pair *p)
{
    struct hep_json *o = hep_json_new_object(), *rows = hep_json_new_array();

    hep_put_text(put, o, "method", hep_align_method_name(p->method));
    hep_put_bool(put, o, "accepted", p->method != HEP_ALIGN_SCANNER);
    hep_put_bool(put, o, "failed", p->failed);
    hep_put_text(put, o, "reason", p->reason);
    for (int i = 0; i < 4; i++) {
        struct hep_json *row = hep_json_new_array();

        for (int k = 0; k < 4; k++)
            hep_put_item(put, row, kept_number(p->transform.affine[i][k]));
        hep_put_item(put, rows, row);
    }
    hep_put(put, o, "reference_to_series", rows);
    hep_put_numbers(put, o, "translation_mm", p->translation_mm, 3);
    hep_put_number(put, o, "rotation_deg", p->rotation_deg);
    hep_put_number(put, o, "mean_motion_mm", p->motion_mm);
    hep_put_number(put, o, "expected_residual_mm", expected_residual_mm(p->method));
    put_metric(put, o, p);
    if (isfinite(p->volume_change.min))
        put_volume_change(put, o, &p->volume_change);
    if (name != NULL && p->method == HEP_ALIGN_DEFORMABLE) {
        char product[64];

        (void)snprintf(product, sizeof product, "xfm_%s", name);
        hep_put_text(put, o, "displacement", product);
    }
    return o;
}

int hep_align_json_affine(double affine[4][4], const struct hep_json *node, struct hep_error *err)
{
    const struct hep_json *rows = hep_json_get(node, "reference_to_series");

    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 4; k++) {
            affine[i][k] = rows == NULL ? (double)(i == k)
                                        : hep_json_number(hep_json_at(hep_json_at(rows, i), k));
            if (!isfinite(affine[i][k]))
                return HEP_FAIL(err, HEP_EFORMAT, "the alignment holds no complete transform");
        }
    }
    return HEP_OK;
}
