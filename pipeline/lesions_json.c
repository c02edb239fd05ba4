#include "pipeline/lesions_json.h"

#include "terms/finding_json.h"

struct hep_json *hep_liver_json(struct hep_put *put, const struct hep_liver_measures *m)
{
    struct hep_json *o = hep_json_new_object(), *flis = hep_json_new_object();

    hep_measures_put(put, o, HEP_SUBJECT_LIVER, HEP_FORM_MEMBER, NULL, &m->measures);
    hep_measures_put(put, flis, HEP_SUBJECT_LIVER, HEP_FORM_MEMBER, "flis_proxy", &m->measures);
    hep_put_text(put, flis, "note", "a proxy from region ratios, not a reader's score");
    hep_put(put, o, "flis_proxy", flis);
    if (m->sir_vessel != NULL)
        hep_put_text(put, o, "sir_vessel", m->sir_vessel);
    if (m->diffuse_reason[0] != '\0')
        hep_put_text(put, o, "diffuse_reason", m->diffuse_reason);
    return o;
}
