#include "pipeline/results/findings.h"

#include "terms/finding_json.h"

#include <stdio.h>

static int write_list(struct hep_json **out, const void *member, bool exact, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };

    (void)exact; /* the numbers are rounded already: hep_findings_settle() */
    return hep_put_done(&put, out, hep_findings_json(&put, member));
}

static int write_rejected(struct hep_json **out, const void *member, bool exact,
                          struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };

    (void)exact;
    return hep_put_done(&put, out, hep_rejected_json(&put, member));
}

static int read_list(void *member, const struct hep_json *node, struct hep_error *err)
{
    return hep_findings_read(member, node, "findings", err);
}

static void release_list(void *member)
{
    hep_findings_release(member);
}

/* ---- liver ----------------------------------------------------------------------------------- */

void hep_liver_measures_put(struct hep_put *put, struct hep_json *o,
                            const struct hep_liver_measures *m)
{
    struct hep_json *flis = hep_json_new_object();

    hep_measures_put(put, o, HEP_SUBJECT_LIVER, HEP_FORM_MEMBER, NULL, &m->measures);
    hep_measures_put(put, flis, HEP_SUBJECT_LIVER, HEP_FORM_MEMBER, "flis_proxy", &m->measures);
    hep_put_text(put, flis, "note", "a proxy from region ratios, not a reader's score");
    hep_put(put, o, "flis_proxy", flis);
    if (m->sir_vessel[0] != '\0')
        hep_put_text(put, o, "sir_vessel", m->sir_vessel);
    if (m->diffuse_reason[0] != '\0')
        hep_put_text(put, o, "diffuse_reason", m->diffuse_reason);
}

static int write_liver(struct hep_json **out, const void *member, bool exact, struct hep_error *err)
{
    struct hep_put put = { HEP_OK, err };
    struct hep_json *o = hep_json_new_object();

    (void)exact;
    hep_liver_measures_put(&put, o, member);
    return hep_put_done(&put, out, o);
}

static void read_text(char *out, size_t room, const struct hep_json *node)
{
    const char *text = hep_json_string(node);

    (void)snprintf(out, room, "%s", text != NULL ? text : "");
}

static int read_liver(void *member, const struct hep_json *node, struct hep_error *err)
{
    struct hep_liver_measures *m = member;

    read_text(m->sir_vessel, sizeof m->sir_vessel, hep_json_get(node, "sir_vessel"));
    read_text(m->diffuse_reason, sizeof m->diffuse_reason, hep_json_get(node, "diffuse_reason"));
    return hep_measures_read(&m->measures, HEP_SUBJECT_LIVER, HEP_FORM_MEMBER, node, "liver", err);
}

void hep_found_put_tables(struct hep_put *put, struct hep_json *o, const struct hep_found *found)
{
    hep_put_text(put, o, "flag_table", found->flag_table);
    hep_put_text(put, o, "flag_table_sha256", found->flag_table_sha256);
    hep_put_text(put, o, "evidence_table", found->evidence_table);
    hep_put_text(put, o, "evidence_table_sha256", found->evidence_table_sha256);
    hep_put_text(put, o, "detection_table", found->detection_table);
    hep_put_text(put, o, "detection_table_sha256", found->detection_table_sha256);
    hep_put_number(put, o, "arterial_weight", found->arterial_weight);
}

#define FOUND struct hep_found
static const struct hep_custom as_list = { write_list, read_list, release_list };
static const struct hep_custom as_rejected = { write_rejected, read_list, release_list };
static const struct hep_custom as_liver = { write_liver, read_liver, NULL };
static const struct hep_member rows[] = {
    { HEP_IS_TEXT(FOUND, flag_table, "flag_table",
                  "file that made margins of flags probabilities") },
    { HEP_IS_TEXT(FOUND, flag_table_sha256, "flag_table_sha256", "SHA-256 of that file") },
    { HEP_IS_TEXT(FOUND, evidence_table, "evidence_table",
                  "file with the likelihoods of flags and measures in every class") },
    { HEP_IS_TEXT(FOUND, evidence_table_sha256, "evidence_table_sha256", "SHA-256 of that file") },
    { HEP_IS_TEXT(FOUND, detection_table, "detection_table", "file that chose the candidates") },
    { HEP_IS_TEXT(FOUND, detection_table_sha256, "detection_table_sha256",
                  "SHA-256 of that file") },
    { HEP_IS_NUMBER(FOUND, arterial_weight, "arterial_weight", "1",
                    "weight of rules of the arterial phase in the evidence") },
    { HEP_IS_CUSTOM(FOUND, struct hep_findings, findings, "lesions", as_list,
                    "each with measurements, flags and evidence, as in lesions.json") },
    { HEP_IS_CUSTOM(FOUND, struct hep_findings, rejected, "rejected_candidates", as_rejected,
                    "what was judged and not kept: place, size, features") },
    { HEP_IS_CUSTOM(FOUND, struct hep_liver_measures, liver, "liver", as_liver,
                    "uptake, remnant and alarm of the whole liver, as in lesions.json") },
    { 0 }
};
const struct hep_struct_type hep_findings_type = HEP_STRUCT_TYPE(FOUND, rows);
