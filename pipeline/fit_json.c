#include "pipeline/fit_json.h"

struct hep_json *hep_counts_json(struct hep_put *put, const struct hep_fit_counts *counts)
{
    struct hep_json *o = hep_json_new_object();

    for (int i = 0; i < HEP_FIT_STATUS_COUNT; i++)
        hep_put_count(put, o, hep_fit_status_name((enum hep_fit_status)i), counts->n[i]);
    return o;
}

struct hep_json *hep_diffusion_json(struct hep_put *put, const struct hep_diffusion_report *r,
                                    const struct hep_diffusion_settings *s)
{
    struct hep_json *o = hep_json_new_object(), *averages = hep_json_new_array();
    const struct hep_diffusion_bounds *b = &s->bounds;

    hep_put_text(put, o, "Model", hep_diffusion_model_name(r->model));
    hep_put_text(put, o, "Method", hep_diffusion_method_name(r->method));
    hep_put_text(put, o, "Solver", hep_fit_solver_name(s->fit.solver));
    hep_put_numbers(put, o, "BValues", r->b_s_per_mm2, r->n_b);
    for (size_t i = 0; i < r->n_b; i++)
        hep_put_item(put, averages, hep_json_new_integer((long long)r->n_averages[i]));
    hep_put(put, o, "Averages", averages);
    hep_put_text(put, o, "BValueUnits", "s/mm2");
    hep_put_text(put, o, "Rician", hep_diffusion_rician_name(s->rician));
    hep_put_bool(put, o, "Robust", s->robust);
    hep_put_number(put, o, "NoiseSD", r->sigma);
    if (r->method == HEP_METHOD_BAYES) {
        hep_put_number(put, o, "PriorDstarMedian", r->prior_dstar_mm2_per_s);
        hep_put_number(put, o, "PriorLnDstarSD", r->prior_log_sd);
    }
    if (r->model != HEP_DIFFUSION_ADC) {
        hep_put_numbers(put, o, "BoundsD", (const double[]){ b->d_min, b->d_max }, 2);
        if (r->model == HEP_DIFFUSION_IVIM) {
            hep_put_numbers(put, o, "BoundsF", (const double[]){ b->f_min, b->f_max }, 2);
            hep_put_numbers(put, o, "BoundsDstar", (const double[]){ b->dstar_min, b->dstar_max },
                            2);
        } else if (r->model == HEP_DIFFUSION_KURTOSIS) {
            hep_put_numbers(put, o, "BoundsK", (const double[]){ b->k_min, b->k_max }, 2);
        }
    }
    hep_put(put, o, "Voxels", hep_counts_json(put, &r->counts));
    if (r->note[0] != '\0')
        hep_put_text(put, o, "Note", r->note);
    if (s->fit.verify) {
        hep_put_count(put, o, "Verified", r->n_verified);
        hep_put_count(put, o, "VerifiedAgree", r->n_agree);
        hep_put_number(put, o, "WorstDisagreementSE", r->worst_disagreement_se);
    }
    return o;
}
