/* Structured report, template 1500 of PS3.16 (Imaging Measurement Report): for each lesion a group by
 * template 1411 that refers to its segment, then one of the liver. */
#include "dicom/export_parts.h"

#include "terms/unit.h"

#include <math.h>

static const char own_scheme[] = "99HEPAR";
enum relation { CONTAINS, CONTEXT, MODIFIER, PROPERTY };

static const char *const relations[] = { "CONTAINS", "HAS OBS CONTEXT", "HAS CONCEPT MOD",
                                         "HAS PROPERTIES" };

struct tree {
    struct hep_dump d;
    const struct hep_export_source *s;
    struct hep_export_uids seg;
    bool is_open[8]; /* a content sequence is open at this depth */
    size_t depth;
    int rc;
    struct hep_error *err;
};

/* ---- content items -------------------------------------------------------------------------- */

/* An item of the content sequence of the item that is open. */
static void begin(struct tree *t, enum relation relation, const char *type, const char *value,
                  const char *scheme, const char *meaning)
{
    if (!t->is_open[t->depth])
        hep_dump_open(&t->d, "0040,a730");
    else
        hep_dump_next(&t->d);
    t->is_open[t->depth] = true;
    hep_dump_put(&t->d, "0040,a010", "CS", relations[relation]);
    hep_dump_put(&t->d, "0040,a040", "CS", type);
    hep_dump_code(&t->d, "0040,a043", value, scheme, meaning);
    t->depth++;
    t->is_open[t->depth] = false;
}

static void end(struct tree *t)
{
    if (t->is_open[t->depth])
        hep_dump_close(&t->d);
    t->depth--;
}

static void container(struct tree *t, const char *value, const char *meaning)
{
    begin(t, CONTAINS, "CONTAINER", value, "DCM", meaning);
    hep_dump_put(&t->d, "0040,a050", "CS", "SEPARATE");
}

static void text(struct tree *t, enum relation relation, const char *value, const char *scheme,
                 const char *meaning, const char *said)
{
    begin(t, relation, "TEXT", value, scheme, meaning);
    hep_dump_put(&t->d, "0040,a160", "UT", said);
    end(t);
}

static void uid(struct tree *t, enum relation relation, const char *value, const char *meaning,
                const char *what)
{
    begin(t, relation, "UIDREF", value, "DCM", meaning);
    hep_dump_put(&t->d, "0040,a124", "UI", what);
    end(t);
}

static void code(struct tree *t, enum relation relation, const struct hep_code *name,
                 const struct hep_code *value, const char *comment)
{
    begin(t, relation, "CODE", name->value, name->scheme, name->meaning);
    hep_dump_code(&t->d, "0040,a168", value->value, value->scheme, value->meaning);
    if (comment != NULL && *comment != '\0')
        text(t, PROPERTY, "121106", "DCM", "Comment", comment);
    end(t);
}

/* A code of ours has at most 16 characters (VR SH) and is unique by its number in the dictionary. */
static void number(struct tree *t, const char *value, const char *scheme, const char *meaning,
                   double what, enum hep_unit unit)
{
    const struct hep_unit_row *row = hep_unit_row(unit);

    begin(t, CONTAINS, "NUM", value, scheme, meaning);
    hep_dump_open(&t->d, "0040,a300");
    hep_dump_code(&t->d, "0040,08ea", row->ucum, "UCUM", row->text);
    hep_dump_putf(&t->d, "0040,a30a", "DS", "%.9g", what);
    hep_dump_close(&t->d);
    end(t);
}

static void measure(struct tree *t, enum hep_measure m, double value)
{
    const struct hep_concept *concept = hep_measure_row(m)->concept;
    char own[17];

    (void)snprintf(own, sizeof own, "measure-%d", (int)m);
    if (!isfinite(value))
        return;
    if (concept->value != NULL)
        number(t, concept->value, concept->scheme, concept->meaning, value, hep_measure_unit(m));
    else
        number(t, own, own_scheme, hep_measure_words(m), value, hep_measure_unit(m));
}

/* ---- a lesion ------------------------------------------------------------------------------- */

static void put_flags(struct tree *t, const struct hep_finding *f)
{
    static const struct hep_code states[HEP_FLAG_STATES] = {
        [HEP_FLAG_NOT_ASSESSABLE] = { "not_assessable", "99HEPAR", "Not assessable" },
        [HEP_FLAG_ABSENT] = { "2667000", "SCT", "Absent" },
        [HEP_FLAG_PRESENT] = { "52101004", "SCT", "Present" },
    };

    for (int i = 0; i < HEP_FLAG_COUNT; i++) {
        const struct hep_flag_result *flag = &f->flag[i];
        char own[17], comment[640];
        const struct hep_code name = { own, own_scheme, hep_flag_row((enum hep_flag)i)->words };

        if (!flag->given)
            continue;
        (void)snprintf(own, sizeof own, "flag-%d", i);
        if (isfinite(flag->value) && isfinite(flag->limit))
            (void)snprintf(comment, sizeof comment, "%s; value %.6g, limit %.6g, probability %.2f",
                           flag->reason, flag->value, flag->limit, flag->probability);
        else
            (void)snprintf(comment, sizeof comment, "%s", flag->reason);
        code(t, CONTAINS, &name, &states[flag->state], comment);
    }
}

static void put_classes(struct tree *t, const struct hep_finding *f)
{
    for (int c = 0; c < HEP_CLASS_COUNT; c++) {
        char own[17], words[80];

        (void)snprintf(own, sizeof own, "class-%d", c);
        (void)snprintf(words, sizeof words, "Probability of %s",
                       hep_class_row((enum hep_lesion_class)c)->words);
        if (isfinite(f->class_probability[c]))
            number(t, own, own_scheme, words, f->class_probability[c], HEP_UNIT_DIMENSIONLESS);
    }
}

static void begin_group(struct tree *t, const char *tracking, const char *tracking_uid,
                        size_t segment)
{
    static const struct hep_code site = { "363698007", "SCT", "Finding Site" };
    const struct hep_code liver = hep_export_organ(HEP_ANATOMY_LIVER);
    const struct hep_dicom_object *first = t->s->original->slice[0].object;

    container(t, "125007", "Measurement Group");
    hep_dump_open(&t->d, "0040,a504");
    hep_dump_put(&t->d, "0008,0105", "CS", "DCMR");
    hep_dump_put(&t->d, "0040,db00", "CS", "1411");
    hep_dump_close(&t->d);
    text(t, CONTEXT, "112039", "DCM", "Tracking Identifier", tracking);
    uid(t, CONTEXT, "112040", "Tracking Unique Identifier", tracking_uid);
    code(t, MODIFIER, &site, &liver, NULL);
    begin(t, CONTAINS, "IMAGE", "121191", "DCM", "Referenced Segment");
    hep_dump_open(&t->d, "0008,1199");
    hep_export_reference(&t->d, hep_seg_class, t->seg.instance);
    hep_dump_putf(&t->d, "0062,000b", "US", "%zu", segment + 1);
    hep_dump_close(&t->d);
    end(t);
    uid(t, CONTAINS, "121232", "Source series for segmentation",
        hep_dicom_text(first, HEP_DICOM_SERIES_UID));
}

static void put_lesion(struct tree *t, size_t segment)
{
    static const struct hep_code finding = { "121071", "DCM", "Finding" };
    const struct hep_code lesion = hep_export_organ(HEP_ANATOMY_NONE);
    const struct hep_finding *f = t->s->segment[segment].lesion;
    char name[32], tracking[HEP_UID_BYTES] = "";

    (void)snprintf(name, sizeof name, "lesion-%d", f->id);
    if (t->rc == HEP_OK)
        t->rc = hep_export_tracking_uid(tracking, t->s, f, t->err);
    begin_group(t, name, tracking, segment);
    code(t, CONTAINS, &finding, &lesion, NULL);
    for (int m = 0; m < (int)HEP_MEASURE_COUNT; m++)
        if (hep_measure_row((enum hep_measure)m)->subject == HEP_SUBJECT_LESION &&
            hep_measure_row((enum hep_measure)m)->is_main && f->measures.has[m])
            measure(t, (enum hep_measure)m, f->measures.value[m]);
    put_classes(t, f);
    put_flags(t, f);
    end(t);
}

static void put_liver(struct tree *t, size_t segment)
{
    char tracking[HEP_UID_BYTES] = "";
    struct hep_finding liver = { .id = 0 };

    if (t->rc == HEP_OK)
        t->rc = hep_export_tracking_uid(tracking, t->s, &liver, t->err);
    begin_group(t, "liver", tracking, segment);
    for (int m = 0; m < (int)HEP_MEASURE_COUNT; m++)
        if (hep_measure_row((enum hep_measure)m)->subject == HEP_SUBJECT_LIVER) {
            const struct hep_liver_value v =
                hep_liver_value_of(t->s->measures, t->s->found, (enum hep_measure)m);

            if (v.withheld == NULL)
                measure(t, (enum hep_measure)m, v.value);
        }
    end(t);
}

/* ---- the document --------------------------------------------------------------------------- */

static void put_context(struct tree *t)
{
    static const struct hep_code language = { "121049", "DCM",
                                              "Language of Content Item and Descendants" },
                                 english = { "en", "RFC5646", "English" },
                                 observer = { "121005", "DCM", "Observer Type" },
                                 device = { "121007", "DCM", "Device" },
                                 procedure = { "121058", "DCM", "Procedure reported" },
                                 imaging = { "363679005", "SCT", "Imaging procedure" };
    char own[HEP_UID_BYTES] = "";

    if (t->rc == HEP_OK)
        t->rc = hep_dicom_uid(own, "hepar/" HEP_VERSION, t->err);
    code(t, MODIFIER, &language, &english, NULL);
    code(t, CONTEXT, &observer, &device, NULL);
    uid(t, CONTEXT, "121012", "Device Observer UID", own);
    text(t, CONTEXT, "121013", "DCM", "Device Observer Name", "Hepar");
    text(t, CONTEXT, "121015", "DCM", "Device Observer Model Name", "Hepar " HEP_VERSION);
    code(t, MODIFIER, &procedure, &imaging, NULL);
}

static void put_object(struct tree *t, const struct hep_dicom_object *o)
{
    hep_export_reference(&t->d, hep_dicom_text(o, HEP_DICOM_SOP_CLASS),
                         hep_dicom_text(o, HEP_DICOM_SOP_INSTANCE));
}

/* The series that were measured, one group for each; several frames of an object are one item. */
static void put_library(struct tree *t)
{
    const struct hep_library *l = t->s->library;

    container(t, "111028", "Image Library");
    for (size_t i = 0; i < l->n; i++) {
        container(t, "126200", "Image Library Group");
        for (size_t k = 0; k < l->series[i]->n; k++) {
            begin(t, CONTAINS, "IMAGE", "260753009", "SCT", "Source");
            hep_dump_open(&t->d, "0008,1199");
            put_object(t, l->series[i]->object[k]);
            hep_dump_close(&t->d);
            end(t);
        }
        end(t);
    }
    end(t);
}

/* All objects that the document names, by study and series (PS3.3 C.17.2.1). */
static void put_evidence(struct tree *t)
{
    const struct hep_library *l = t->s->library;
    const struct hep_dicom_object *first = t->s->original->slice[0].object;

    hep_dump_open(&t->d, "0040,a375");
    hep_dump_put(&t->d, "0020,000d", "UI", hep_dicom_text(first, HEP_DICOM_STUDY_UID));
    hep_dump_open(&t->d, "0008,1115");
    for (size_t i = 0; i < l->n; i++) {
        hep_dump_put(&t->d, "0020,000e", "UI",
                     hep_dicom_text(l->series[i]->object[0], HEP_DICOM_SERIES_UID));
        for (size_t k = 0; k < l->series[i]->n; k++) {
            if (k == 0)
                hep_dump_open(&t->d, "0008,1199");
            else
                hep_dump_next(&t->d);
            put_object(t, l->series[i]->object[k]);
        }
        hep_dump_close(&t->d);
        hep_dump_next(&t->d);
    }
    hep_dump_put(&t->d, "0020,000e", "UI", t->seg.series);
    hep_dump_open(&t->d, "0008,1199");
    hep_export_reference(&t->d, hep_seg_class, t->seg.instance);
    hep_dump_close(&t->d);
    hep_dump_close(&t->d);
    hep_dump_close(&t->d);
}

static void put_root(struct tree *t)
{
    hep_dump_put(&t->d, "0040,a491", "CS", "COMPLETE");
    hep_dump_put(&t->d, "0040,a492", "LO", "Computed; research use only");
    hep_dump_put(&t->d, "0040,a493", "CS", "UNVERIFIED");
    hep_str_add(&t->d.text, "(0008,1111) SQ\n(fffe,e0dd) na\n(0040,a372) SQ\n(fffe,e0dd) na\n");
    hep_dump_put(&t->d, "0040,a040", "CS", "CONTAINER");
    hep_dump_code(&t->d, "0040,a043", "126000", "DCM", "Imaging Measurement Report");
    hep_dump_put(&t->d, "0040,a050", "CS", "SEPARATE");
    hep_dump_open(&t->d, "0040,a504");
    hep_dump_put(&t->d, "0008,0105", "CS", "DCMR");
    hep_dump_put(&t->d, "0040,db00", "CS", "1500");
    hep_dump_close(&t->d);
}

int hep_export_sr(const struct hep_export_source *s, struct hep_error *err)
{
    struct tree t = { .s = s, .rc = HEP_OK, .err = err };
    struct hep_export_uids own;

    t.rc = hep_export_uids(&own, s, "sr", err);
    if (t.rc == HEP_OK)
        t.rc = hep_export_uids(&t.seg, s, "seg", err);
    if (t.rc != HEP_OK)
        return t.rc;
    hep_export_header(&t.d, s, &own, hep_sr_class, "SR", 9002, "Hepar measurements");
    put_evidence(&t);
    put_root(&t);
    put_context(&t);
    put_library(&t);
    container(&t, "126010", "Imaging Measurements");
    for (size_t g = 0; g < s->n_segments; g++)
        if (s->segment[g].lesion != NULL)
            put_lesion(&t, g);
        else if (s->segment[g].organ == HEP_ANATOMY_LIVER)
            put_liver(&t, g);
    end(&t);
    text(
        &t, CONTAINS, "121106", "DCM", "Comment",
        "Research software: a flag is evidence with its number and its reason, never a diagnosis.");
    hep_dump_close(&t.d);
    if (t.rc == HEP_OK)
        return hep_dump_write(&t.d, s->path, s->work, err);
    hep_str_release(&t.d.text);
    return t.rc;
}
