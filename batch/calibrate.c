#include "batch/calibrate.h"

#include "base/alloc.h"
#include "base/file.h"
#include "batch/truth_table.h"

#include <math.h>
#include <stdlib.h>

void hep_calibrated_release(struct hep_calibrated *c)
{
    hep_evaluated_release(&c->cases);
    hep_evaluated_release(&c->tests);
    hep_evidence_free(c->evidence); /* its texts are those of the one before */
    hep_evidence_free(c->evidence_before);
    free(c->flags); /* likewise */
    hep_flag_table_free(c->flags_before);
    hep_detection_free(c->detection);
    hep_detection_free(c->detection_before);
    *c = (struct hep_calibrated){ 0 };
}

/* Of a folder of truth one part of the persons, from 0 to 1. */
static int read_cases(struct hep_evaluated *out, const char *out_dir, const char *truth,
                      const struct hep_calibrate_request *q, const double part[2],
                      struct hep_error *err)
{
    const struct hep_evaluate_opts opts = { HEP_MATCH_BOTH, q->replicates, q->seed,
                                            q->nthreads,    q->log,        true,
                                            q->truth_desc };

    return hep_is_dir(truth) ? hep_evaluate_part(out, out_dir, truth, &opts, part[0], part[1], err)
                             : hep_truth_table_read(out, out_dir, truth, err);
}

static const double everybody[2] = { 0.0, 0.0 };

/* The same findings at the same places: one study under two names of folders. */
static bool same_findings(const struct hep_calibrated *c, size_t i, size_t k)
{
    const struct hep_eval_entry *a = &c->cases.entry[i], *b = &c->tests.entry[k];

    if (a->n_findings != b->n_findings || a->n_findings == 0)
        return false;
    for (size_t j = 0; j < a->n_findings; j++)
        for (int axis = 0; axis < 3; axis++)
            if (fabs(c->cases.full[a->first_finding + j].centre_mm[axis] -
                     c->tests.full[b->first_finding + j].centre_mm[axis]) > 0.0)
                return false;
    return true;
}

/* Nobody who was fitted on is a test. */
static int check_apart(const struct hep_calibrated *c, struct hep_error *err)
{
    for (size_t i = 0; i < c->cases.n_studies; i++)
        for (size_t k = 0; k < c->tests.n_studies; k++)
            if (strcmp(c->cases.entry[i].label, c->tests.entry[k].label) == 0 &&
                same_findings(c, i, k))
                return HEP_FAIL(err, HEP_EDATA,
                                "study %s is among those that are fitted on and "
                                "among the tests",
                                c->cases.entry[i].label);
    return HEP_OK;
}

static int test(struct hep_calibrated *c, const struct hep_calibrate_request *q,
                struct hep_error *err)
{
    const double held_out[2] = { 0.0, q->hold_out };
    int rc = q->hold_out > 0.0
                 ? read_cases(&c->tests, q->out_dir, q->truth, q, held_out, err)
                 : read_cases(&c->tests, q->test_out, q->test_truth, q, everybody, err);

    if (rc == HEP_OK)
        rc = check_apart(c, err);
    if (rc == HEP_OK && c->flags != NULL)
        rc = hep_calibrate_test_flags(c, q, err);
    if (rc == HEP_OK)
        rc = hep_calibrate_test_evidence(c, q, err);
    return rc == HEP_OK && c->detection != NULL ? hep_calibrate_test_detection(c, q, err) : rc;
}

/* How many cases of which kind; refuse what cannot be fitted. */
static int count_cases(struct hep_calibrated *c, const struct hep_calibrate_request *q,
                       struct hep_error *err)
{
    const struct hep_evaluated *e = &c->cases;
    size_t others = 0, found = 0;

    for (size_t i = 0; i < e->n_studies; i++)
        found += e->study[i].has_findings;
    if (found == 0)
        return HEP_FAIL(err, HEP_EDATA, "%s: no study of the truth %s has results", q->out_dir,
                        q->truth);
    if (e->n_patients < HEP_CALIBRATE_PATIENTS_MIN)
        return HEP_FAIL(err, HEP_EDATA, "%zu patients in %s; at least %d are needed", e->n_patients,
                        q->truth, HEP_CALIBRATE_PATIENTS_MIN);
    for (size_t i = 0; i < e->n_findings; i++) {
        const struct hep_eval_finding *f = &e->finding[i];

        if (f->fate == HEP_FATE_FALSE)
            c->n_false++;
        else if (f->fate == HEP_FATE_TRUE && e->lesion[f->lesion].class != HEP_CLASS_COUNT)
            c->n_of_class[e->lesion[f->lesion].class]++;
    }
    for (int k = HEP_CLASS_CYST; k < HEP_CLASS_COUNT; k++)
        others += c->n_of_class[k];
    if (c->n_of_class[HEP_CLASS_METASTASIS] >= HEP_CALIBRATE_CASES_MIN &&
        others >= HEP_CALIBRATE_CASES_MIN)
        return HEP_OK;
    return HEP_FAIL(err, HEP_EDATA,
                    "%zu metastases and %zu other lesions of known class were found in %zu "
                    "patients%s; evidence needs %d of each",
                    c->n_of_class[HEP_CLASS_METASTASIS], others, e->n_patients,
                    q->hold_out > 0.0 ? " who are not held out" : "", HEP_CALIBRATE_CASES_MIN);
}

/* What the tables were fitted on, with the numbers of cases. */
static void say_cases(struct hep_calibrated *c, const char *trained_on)
{
    char *to = c->trained_on;
    size_t room = sizeof c->trained_on;
    int n = snprintf(to, room, "%.500s: %zu patients;", trained_on, c->cases.n_patients);

    for (int k = 0; k < HEP_CLASS_COUNT && n > 0 && (size_t)n < room; k++) {
        to += n;
        room -= (size_t)n;
        n = snprintf(to, room, "%s %zu %s", k > 0 ? "," : "", c->n_of_class[k],
                     hep_class_name((enum hep_lesion_class)k));
    }
}

int hep_calibrate(struct hep_calibrated *out, const struct hep_calibrate_request *q,
                  struct hep_error *err)
{
    const double fitted_on[2] = { q->hold_out, q->hold_out > 0.0 ? 1.0 : 0.0 };
    int rc;

    *out = (struct hep_calibrated){ 0 };
    if (q->hold_out > 0.0 && !hep_is_dir(q->truth))
        return HEP_FAIL(err, HEP_EUSAGE,
                        "%s: a part is held out of a folder of truth, not of a table", q->truth);
    rc = hep_evidence_read(&out->evidence_before, q->evidence, err);
    if (rc == HEP_OK)
        rc = hep_detection_read(&out->detection_before, q->detection, err);
    if (rc == HEP_OK && q->wants_flags)
        rc = hep_flag_table_read(&out->flags_before, q->flags, err);
    if (rc == HEP_OK)
        rc = read_cases(&out->cases, q->out_dir, q->truth, q, fitted_on, err);
    if (rc == HEP_OK)
        rc = count_cases(out, q, err);
    if (rc != HEP_OK)
        return rc;
    say_cases(out, q->trained_on);
    rc = q->wants_flags ? hep_calibrate_flags(out, q, err) : HEP_OK;
    if (rc == HEP_OK)
        rc = hep_calibrate_evidence(out, q, err);
    if (rc == HEP_OK && q->wants_detection)
        rc = hep_calibrate_detection(out, q, err);
    return rc == HEP_OK && (q->test_out != NULL || q->hold_out > 0.0) ? test(out, q, err) : rc;
}
