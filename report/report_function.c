/* How well the liver works, and whether it is ill as a whole. */
#include "pipeline/results/kinetics.h"
#include "pipeline/results/parenchyma.h"
#include "report/html_table.h"
#include "report/page.h"

#include <math.h>

struct number_row {
    const char *what, *unit, *reference;
    double value, se;
};
#define S struct number_row
static const struct hep_column number_columns[] = {
    { NULL, HEP_TEXT(S, what), "Measure" },
    { NULL, HEP_NUMBER(S, value), "Value", HEP_SIGNIFICANT(3) },
    { NULL, HEP_NUMBER(S, se), "Standard error", HEP_SIGNIFICANT(2) },
    { NULL, HEP_TEXT(S, unit), "Unit" },
    { NULL, HEP_TEXT(S, reference), "In healthy livers" },
    { 0 },
};
#undef S

/* Ranges of people without liver disease, for a reader; nothing is decided by them. */
static void uptake(struct hep_page *p, const struct hep_uptake_result *u)
{
    const struct number_row rows[] = {
        { "uptake rate khe", "1/min",
          "0.03 to 0.1 with a population's inlet (Georgiou 2017; Sourbron 2012); higher with "
          "inlets that inflow lowers",
          60.0 * u->khe_per_s, 60.0 * u->khe_se_per_s },
        { "uptake rate by Patlak's line", "1/min", NULL, 60.0 * u->patlak_per_s,
          60.0 * u->patlak_se_per_s },
        { "excretion rate kbh", "1/min", NULL, 60.0 * u->kbh_per_s, 60.0 * u->kbh_se_per_s },
        { "extracellular volume fraction ve", "1", NULL, u->ve, u->ve_se },
        { "plasma flow F", "1/min", NULL, 60.0 * u->flow_per_s, 60.0 * u->flow_se_per_s },
        { "arterial fraction", "1", NULL, u->arterial_frac, u->arterial_frac_se },
        { "relative enhancement at the end", "1", NULL, u->relative_enhancement, (double)NAN },
        { "R2 of the fit", "1", NULL, u->r2, (double)NAN },
    };
    struct number_row shown[sizeof rows / sizeof rows[0]];
    struct hep_table t =
        HEP_TABLE("Uptake of contrast agent by the liver", number_columns, shown, 0);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (isfinite(rows[i].value))
            shown[t.n++] = rows[i];
    }
    hep_html_rows(p->out, &t);
    hep_str_add(p->out, "<p>Model ");
    hep_html_text(p->out, u->model);
    hep_str_add(p->out, ", ");
    hep_html_text(p->out, u->data);
    hep_str_add(p->out, ", inlets: ");
    hep_html_text(p->out, u->inlets);
    hep_str_add(p->out, "; fit ");
    hep_html_text(p->out, u->status);
    hep_str_add(p->out, ". ");
    hep_html_text(p->out, u->caution);
    hep_str_add(p->out, ".</p>\n");
}

static void t1(struct hep_page *p, const struct hep_t1_result *r)
{
    const struct number_row rows[] = {
        { "T1 before contrast", "s",
          "3 T: 0.81 by inversion recovery (de Bazelaire 2004), 0.90 by MOLLI, 0.95 by flip angles "
          "(Ghavamian 2022); 1.5 T: 0.59",
          r->before_s, (double)NAN },
        { "T1 after contrast", "s", NULL, r->after_s, (double)NAN },
        { "reduction of T1", "1",
          "0.7 and more by T1 maps 20 min after gadoxetate at 3 T (Curr Med Imaging, article "
          "128844)",
          r->reduction, (double)NAN },
        { "extracellular volume (ECV)", "1",
          "no range is agreed on in people; 0.18 in healthy rats (Eur Radiol Exp 2019;3:22)",
          r->extracellular_volume, (double)NAN },
    };
    struct number_row shown[sizeof rows / sizeof rows[0]];
    struct hep_table t = HEP_TABLE("T1 of the liver", number_columns, shown, 0);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (isfinite(rows[i].value))
            shown[t.n++] = rows[i];
    }
    hep_html_rows(p->out, &t);
    hep_str_add(p->out, "<p>T1 before: ");
    hep_html_text(p->out, r->before_from);
    hep_str_add(p->out, "; after: ");
    hep_html_text(p->out, r->after_from);
    hep_str_add(p->out, ". ");
    hep_html_mark(p->out, hep_html_mark_of(r->reduction_state), r->reduction_state);
    hep_str_add(p->out, " ");
    hep_html_text(p->out, r->reduction_reason);
    hep_str_add(p->out, ".");
    if (r->extracellular_reason[0] != '\0') {
        hep_str_add(p->out, " Extracellular volume: ");
        hep_html_text(p->out, r->extracellular_reason);
        hep_str_add(p->out, ".");
    }
    hep_str_add(p->out, "</p>\n");
}

static void absent(struct hep_page *p, const char *what, const char *reason)
{
    hep_str_add(p->out, "<p>");
    hep_html_mark(p->out, HEP_MARK_UNKNOWN, what);
    hep_str_add(p->out, " ");
    hep_html_text(p->out, reason);
    hep_str_add(p->out, ".</p>\n");
}

struct sign_row {
    const char *what, *state, *reason, *source;
    double value, limit;
    int grade;
};
#define S struct sign_row
static const struct hep_column sign_columns[] = {
    { NULL, HEP_TEXT(S, what), "Sign" },
    { NULL, HEP_TEXT(S, state), "State", .html = hep_html_cell_mark },
    { NULL, HEP_INTEGER(S, grade), "Grade" },
    { NULL, HEP_NUMBER(S, value), "Value", HEP_SIGNIFICANT(3) },
    { NULL, HEP_NUMBER(S, limit), "Limit", HEP_SIGNIFICANT(3) },
    { NULL, HEP_TEXT(S, reason), "Why" },
    { NULL, HEP_TEXT(S, source), "Source" },
    { 0 },
};
#undef S

int hep_page_diffuse(struct hep_page *p)
{
    const struct hep_parenchyma *all = NULL;
    struct sign_row rows[HEP_DIFFUSE_COUNT];
    struct hep_table t =
        HEP_TABLE("Signs of diffuse disease", sign_columns, rows, HEP_DIFFUSE_COUNT);
    int rc = hep_run_parenchyma(p->run, &all, p->err);

    if (rc != HEP_OK)
        return rc;
    hep_html_section(p->out, "diffuse", "Diffuse disease");
    for (int i = 0; all != NULL && i < HEP_DIFFUSE_COUNT; i++) {
        const struct hep_parenchyma_sign *s = &all->of[i];

        rows[i] = (struct sign_row){ hep_diffuse_words((enum hep_diffuse_sign)i),
                                     hep_flag_state_name((enum hep_flag_state)s->state),
                                     s->reason,
                                     s->source,
                                     s->value,
                                     s->limit,
                                     s->grade < 0 ? HEP_NO_INTEGER : s->grade };
    }
    if (all != NULL)
        hep_html_rows(p->out, &t);
    else
        absent(p, "not measured", hep_run_reason(p->run, "parenchyma"));
    hep_html_section_end(p->out);
    return HEP_OK;
}

int hep_page_function(struct hep_page *p)
{
    const struct hep_kinetics *k = NULL;
    int rc = hep_run_kinetics(p->run, &k, p->err);

    if (rc != HEP_OK)
        return rc;
    hep_html_section(p->out, "function", "Liver function");
    if (k == NULL) {
        absent(p, "not measured", hep_run_reason(p->run, "kinetics"));
    } else {
        if (k->uptake.present)
            uptake(p, &k->uptake);
        else
            absent(p, "uptake not measured", k->uptake_reason);
        if (k->t1.present)
            t1(p, &k->t1);
    }
    hep_html_section_end(p->out);
    return HEP_OK;
}
