/* Writing evidence.yml, detection.yml and flags.yml. */
#include "base/alloc.h"
#include "lesions/detection.h"
#include "lesions/evidence.h"
#include "lesions/flag_table.h"

#include <math.h>
#include <stdlib.h>

int hep_evidence_copy(struct hep_evidence_table **out, const struct hep_evidence_table *table,
                      struct hep_error *err)
{
    struct hep_evidence_table *t = hep_calloc(1, sizeof *t, err);

    if (t == NULL)
        return HEP_ENOMEM;
    *t = *table;
    t->doc = NULL;
    if (HEP_NEW(t->rule, table->n, err) != HEP_OK) {
        free(t);
        return HEP_ENOMEM;
    }
    memcpy(t->rule, table->rule, table->n * sizeof *t->rule);
    *out = t;
    return HEP_OK;
}

/* A text in double quotes. */
static void add_quoted(struct hep_str *out, const char *text)
{
    hep_str_add(out, "\"");
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            hep_str_add(out, "\\");
        hep_str_addn(out, text, 1);
    }
    hep_str_add(out, "\"");
}

static void add_text(struct hep_str *out, const char *key, const char *text)
{
    hep_str_addf(out, "%s: ", key);
    add_quoted(out, text);
    hep_str_add(out, "\n");
}

static void add_number(struct hep_str *out, const char *key, double value)
{
    if (isfinite(value))
        hep_str_addf(out, "%s: %.6g\n", key, value);
}

/* One number per class; classes with 0 are left out. */
static void add_classes(struct hep_str *out, const double value[HEP_CLASS_COUNT])
{
    const char *between = "{";

    for (int c = 0; c < HEP_CLASS_COUNT; c++) {
        if (value[c] <= 0.0)
            continue;
        hep_str_addf(out, "%s%s: %.4g", between, hep_class_name((enum hep_lesion_class)c),
                     value[c]);
        between = ", ";
    }
    hep_str_add(out, "}\n");
}

static void add_rule(struct hep_str *out, const struct hep_evidence_rule *rule)
{
    hep_str_addf(out, "  - name: %s\n    group: %s\n", rule->name, rule->group);
    if (rule->is_flag)
        hep_str_addf(out, "    flag: %s\n", hep_flag_name(rule->flag));
    else
        hep_str_addf(out, "    measure: %s\n", hep_measure_name(rule->measure));
    if (rule->arterial)
        hep_str_add(out, "    arterial: true\n");
    hep_str_add(out, "    outcomes:\n");
    for (size_t i = 0; i < rule->n_outcomes; i++) {
        const struct hep_evidence_outcome *o = &rule->outcome[i];

        add_text(out, "      - name", o->name);
        add_number(out, "        below", o->below);
        hep_str_add(out, "        likelihood: ");
        add_classes(out, o->likelihood);
        add_number(out, "        published_lr", o->published_lr);
        add_text(out, "        source", o->source);
        hep_str_addf(out, "        mark: %s\n", hep_mark_words[o->mark]);
    }
}

void hep_evidence_print(struct hep_str *out, const struct hep_evidence_table *table,
                        const char *comment)
{
    const struct hep_evidence_calibration *c = &table->calibration;

    hep_str_add(out, comment);
    hep_str_add(out, "\nshares: ");
    add_classes(out, table->share);
    hep_str_add(out, "\ncalibration:\n");
    add_number(out, "  slope", c->slope);
    add_number(out, "  intercept", c->intercept);
    add_text(out, "  date", c->date);
    add_text(out, "  trained_on", c->trained_on);
    add_text(out, "  tested_on", c->tested_on);
    add_number(out, "  n_trained", c->n_trained);
    add_number(out, "  n_tested", c->n_tested);
    add_number(out, "  brier", c->brier);
    add_number(out, "  ece", c->ece);
    hep_str_add(out, "\nrules:\n");
    for (size_t i = 0; i < table->n; i++)
        add_rule(out, &table->rule[i]);
}

void hep_detection_print(struct hep_str *out, const struct hep_detection_table *table,
                         const char *comment)
{
    hep_str_add(out, comment);
    hep_str_add(out, "\n");
    add_text(out, "date", table->date);
    add_text(out, "trained_on", table->trained_on);
    add_text(out, "tested_on", table->tested_on);
    add_number(out, "n_lesions", table->n_lesions);
    add_number(out, "n_others", table->n_others);
    add_number(out, "penalty", table->penalty);
    add_number(out, "probability_min", table->probability_min);
    add_number(out, "intercept", table->intercept);
    hep_str_add(out, "features:\n");
    for (int i = 0; i < HEP_FEATURE_COUNT; i++)
        hep_str_addf(out, "  %s: {mean: %.6g, sd: %.6g, coefficient: %.6g}\n",
                     hep_feature_row((enum hep_feature)i)->name, table->of[i].mean, table->of[i].sd,
                     table->of[i].coefficient);
}

static void add_flag_number(struct hep_str *out, const char *key, double value, int digits)
{
    if (isfinite(value))
        hep_str_addf(out, "    %s: %.*g\n", key, digits, value);
}

static void add_flag_model(struct hep_str *out, const char *name, const struct hep_flag_model *m)
{
    hep_str_addf(out, "  %s:\n", name);
    add_flag_number(out, "bias", m->bias, 4);
    add_flag_number(out, "bias_small", m->bias_small, 4);
    add_flag_number(out, "error", m->error, 4);
    add_flag_number(out, "error_small", m->error_small, 4);
    add_flag_number(out, "missed", m->missed, 4);
    add_flag_number(out, "mistaken", m->mistaken, 4);
    add_flag_number(out, "lesions", m->lesions, 9);
    add_flag_number(out, "not_assessable", m->not_assessable, 3);
    add_flag_number(out, "area", m->area, 3);
    add_flag_number(out, "calibration_error", m->calibration_error, 3);
    add_flag_number(out, "sensitivity", m->sensitivity, 3);
    add_flag_number(out, "specificity", m->specificity, 3);
    hep_str_add(out, "    sizes:\n");
    for (size_t i = 0; i < m->n_sizes; i++) {
        hep_str_add(out, "      - {");
        if (isfinite(m->size[i].below))
            hep_str_addf(out, "below: %g, ", m->size[i].below);
        hep_str_addf(out, "lesions: %g", m->size[i].lesions);
        if (isfinite(m->size[i].area))
            hep_str_addf(out, ", area: %.3g", m->size[i].area);
        hep_str_add(out, "}\n");
    }
}

void hep_flag_table_print(struct hep_str *out, const struct hep_flag_table *table,
                          const char *comment)
{
    hep_str_add(out, comment);
    hep_str_add(out, "\n");
    add_text(out, "date", table->date);
    add_text(out, "fitted_on", table->fitted_on);
    add_text(out, "tested_on", table->tested_on);
    hep_str_add(out, "\nflags:\n");
    for (int i = 0; i < HEP_FLAG_COUNT; i++)
        add_flag_model(out, hep_flag_name((enum hep_flag)i), &table->model[i]);
}
