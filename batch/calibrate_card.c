#include "batch/calibrate.h"

#include "base/file.h"

static void add_header(struct hep_str *out, const struct hep_calibrated *c,
                       const struct hep_calibrate_request *q)
{
    hep_str_addf(
        out,
        "# Model card\n\nMade by `hepar calibrate` of Hepar %s, date %s. Research use only.\n\n",
        HEP_VERSION, q->date);
    hep_str_addf(out,
                 "- **What**: likelihoods of flags and measures in seven classes, slope and "
                 "intercept of the "
                 "probability of metastasis%s.\n",
                 c->detection != NULL ? ", and what makes a candidate a lesion" : "");
    hep_str_addf(
        out,
        "- **Fitted on**: %s. Likelihoods are drawn towards the table before, which counts as %g "
        "lesions of each class.\n",
        c->trained_on, q->weight);
    if (c->tests.n_studies > 0)
        hep_str_addf(out,
                     "- **Tested on**: %s: %zu studies of %zu persons, %zu lesions, none of whom "
                     "anything was fitted "
                     "on.\n",
                     q->tested_on, c->tests.n_studies, c->tests.n_patients, c->tests.n_lesions);
    hep_str_addf(out,
                 "- **Cross-validated**: in %zu parts; a person is in one of them, and is judged "
                 "by a table that was "
                 "fitted on the others.\n",
                 q->n_folds);
    hep_str_add(
        out,
        "- **Intended use**: studies like those that it was fitted on: same series, same kinds of "
        "lesions, same kinds of persons.\n"
        "- **Weak**: classes with few cases keep the numbers of the table before; what the truth "
        "does not "
        "name counts as no lesion.\n");
}

int hep_calibrated_card(const struct hep_calibrated *c, const struct hep_calibrate_request *q,
                        const char *path, struct hep_error *err)
{
    struct hep_str out = { 0 }, figures = { 0 };
    int rc;

    add_header(&out, c, q);
    hep_calibrated_text(&figures, c);
    hep_str_addf(&out, "\n## Figures\n\n```\n%s```\n", figures.s != NULL ? figures.s : "");
    rc = hep_str_check(&figures, err);
    if (rc == HEP_OK)
        rc = hep_str_check(&out, err);
    if (rc == HEP_OK)
        rc = hep_file_write(path, out.s, out.len, err);
    hep_str_release(&out);
    hep_str_release(&figures);
    return rc;
}
