/* Lesions: all in one table, their flags in one table, then each by itself. */
#include "report/lesion.h"

#include <math.h>

/* More lesions than this stand in the tables only. */
#define ARTICLES_MAX 40

static const char *text_of(const struct hep_json *object, const char *key)
{
    return hep_json_string(hep_json_get(object, key));
}

static double number_of(const struct hep_json *object, const char *key)
{
    return hep_json_number(hep_json_get(object, key));
}

static void place(struct hep_str *out, const struct hep_json *l)
{
    static const char *const roman[] = { "I", "II", "III", "IV", "V", "VI", "VII", "VIII" };
    static const char *const ends[3][2] = { { "L", "R" }, { "P", "A" }, { "I", "S" } };
    const double segment = number_of(l, "segment");
    const struct hep_json *centre = hep_json_get(l, "centre_mm");

    if (segment >= 1.0 && segment <= 8.0)
        hep_str_addf(out, "segment %s (approximate), ", roman[(int)segment - 1]);
    for (size_t k = 0; k < 3; k++) {
        const double x = hep_json_number(hep_json_at(centre, k));

        if (isfinite(x))
            hep_str_addf(out, "%s%s&#8239;%.0f", k > 0 ? " " : "", ends[k][x > 0.0], fabs(x));
    }
    hep_str_add(out, "&#160;mm");
}

static void size(struct hep_str *out, const struct hep_json *l)
{
    hep_html_number(out, number_of(l, "long_axis_mm"), 0);
    hep_str_add(out, "&#8239;\xc3\x97&#8239;");
    hep_html_number(out, number_of(l, "short_axis_mm"), 0);
    hep_str_add(out, "&#160;mm");
}

static void class_and_probability(struct hep_str *out, const struct hep_json *l)
{
    const char *c = text_of(l, "class");

    hep_html_text(out, hep_page_class_title(c));
    hep_str_add(out, " ");
    hep_html_number(out, number_of(hep_json_get(l, "class_probabilities"), c != NULL ? c : ""), 2);
}

static void probability(struct hep_str *out, double p)
{
    if (isfinite(p))
        hep_str_addf(out,
                     "<svg class=\"meter\" viewBox=\"0 0 60 10\" aria-hidden=\"true\">"
                     "<rect width=\"60\" height=\"10\"/><rect class=\"on\" width=\"%.1f\" "
                     "height=\"10\"/></svg>",
                     60.0 * fmin(fmax(p, 0.0), 1.0));
    hep_html_number(out, p, 2);
}

static void overview(struct hep_page *p, const struct hep_json *list)
{
    hep_html_table(p->out, "Lesions, largest first",
                   "#|Most like|Probability of metastasis|Axes|Volume|Where|Detection");
    for (size_t i = 0; i < hep_json_size(list); i++) {
        const struct hep_json *l = hep_json_at(list, i);
        const double id = number_of(l, "id");

        hep_str_add(p->out, "<tr><th scope=\"row\">");
        if (i < ARTICLES_MAX)
            hep_str_addf(p->out, "<a href=\"#lesion-%.0f\">%.0f</a></th><td>", id, id);
        else
            hep_str_addf(p->out, "%.0f</th><td>", id);
        class_and_probability(p->out, l);
        hep_str_add(p->out, "</td><td class=\"lr\">");
        probability(p->out, number_of(l, "probability_metastasis"));
        hep_str_add(p->out, "</td><td>");
        size(p->out, l);
        hep_str_add(p->out, "</td><td>");
        hep_html_number(p->out, number_of(l, "volume_ml"), 1);
        hep_str_add(p->out, "&#160;mL</td><td>");
        place(p->out, l);
        hep_str_add(p->out, "</td><td>");
        hep_html_significant(p->out, number_of(l, "detection_score"), 3);
        hep_str_add(p->out, "</td></tr>\n");
    }
    hep_html_table_end(p->out);
}

static void short_mark(struct hep_str *out, const char *state)
{
    static const char *const classes[] = { "present", "absent", "unknown" };
    static const char *const words[] = { "present", "absent", "not assessable" };
    static const char *const letters[] = { "yes", "no", "n/a" };
    const enum hep_html_mark mark = hep_html_mark_of(state);
    const size_t k = mark == HEP_MARK_PRESENT ? 0 : mark == HEP_MARK_ABSENT ? 1 : 2;

    hep_str_addf(out, "<span class=\"mark %s\" title=\"%s\"><i aria-hidden=\"true\"></i>%s</span>",
                 classes[k], words[k], letters[k]);
}

static void flag_table(struct hep_page *p, const struct hep_json *list)
{
    const struct hep_json *first = hep_json_get(hep_json_at(list, 0), "flags");
    const char *name;

    hep_str_add(p->out, "<h3>Flags</h3><div class=\"wide\" tabindex=\"0\" role=\"group\" "
                        "aria-label=\"Flags of each lesion\"><table class=\"matrix\"><caption>"
                        "Each flag with its numbers is below, with the lesion</caption>"
                        "<thead><tr><th scope=\"col\">#</th>");
    for (size_t k = 0; (name = hep_json_key_at(first, k, NULL)) != NULL; k++) {
        hep_str_add(p->out, "<th scope=\"col\">");
        hep_html_words(p->out, name);
        hep_str_add(p->out, "</th>");
    }
    hep_str_add(p->out, "</tr></thead><tbody>\n");
    for (size_t i = 0; i < hep_json_size(list); i++) {
        const struct hep_json *l = hep_json_at(list, i);

        hep_str_addf(p->out, "<tr><th scope=\"row\">%.0f</th>", number_of(l, "id"));
        for (size_t k = 0; (name = hep_json_key_at(first, k, NULL)) != NULL; k++) {
            hep_str_add(p->out, "<td>");
            short_mark(p->out, text_of(hep_json_get(hep_json_get(l, "flags"), name), "state"));
            hep_str_add(p->out, "</td>");
        }
        hep_str_add(p->out, "</tr>\n");
    }
    hep_html_table_end(p->out);
}

/* The classes that are not out of the question. */
static void classes(struct hep_page *p, const struct hep_json *lesion)
{
    const struct hep_json *all = hep_json_get(lesion, "class_probabilities"),
                          *withheld = hep_json_get(lesion, "classes_not_assessable"), *node = NULL;
    const char *name;
    bool any = false;

    hep_str_add(p->out, "<p class=\"quiet\">Probabilities: ");
    for (size_t i = 0; (name = hep_json_key_at(all, i, &node)) != NULL; i++) {
        if (!(hep_json_number(node) >= 0.005))
            continue;
        hep_str_add(p->out, any ? " \xc2\xb7 " : "");
        hep_html_text(p->out, hep_page_class_title(name));
        hep_str_add(p->out, "&#160;");
        hep_html_number(p->out, hep_json_number(node), 2);
        any = true;
    }
    hep_str_add(p->out, "</p>\n");
    for (size_t i = 0; (name = hep_json_key_at(withheld, i, &node)) != NULL; i++) {
        hep_str_add(p->out, "<p class=\"quiet\">");
        hep_html_text(p->out, hep_page_class_title(name));
        hep_str_add(p->out, " is not assessable: ");
        hep_html_text(p->out, hep_json_string(node));
        hep_str_add(p->out, ".</p>\n");
    }
}

static int article(struct hep_page *p, const struct hep_json *l)
{
    const double id = number_of(l, "id");
    int rc;

    hep_str_addf(p->out,
                 "<article class=\"finding\" id=\"lesion-%.0f\"><h3>Lesion %.0f: most like ", id,
                 id);
    class_and_probability(p->out, l);
    hep_str_add(p->out, "</h3>\n<p>");
    size(p->out, l);
    hep_str_add(p->out, ", ");
    hep_html_number(p->out, number_of(l, "volume_ml"), 1);
    hep_str_add(p->out, "&#160;mL, ");
    place(p->out, l);
    hep_str_add(p->out, ". Probability of metastasis <b>");
    hep_html_number(p->out, number_of(l, "probability_metastasis"), 2);
    hep_str_add(p->out, "</b>.</p>\n");
    classes(p, l);
    rc = hep_lesion_crops(p, l);
    if (rc == HEP_OK)
        rc = hep_lesion_curve(p, l);
    hep_lesion_flags(p, l);
    hep_lesion_evidence(p, l);
    if (rc == HEP_OK)
        rc = hep_lesion_measurements(p, l);
    hep_str_add(p->out, "</article>\n");
    return rc;
}

int hep_page_lesions(struct hep_page *p)
{
    const struct hep_json *list = hep_json_get(p->lesions, "lesions");
    int rc = HEP_OK;

    if (hep_json_size(list) == 0)
        return HEP_OK;
    hep_html_section(p->out, "lesions", "Lesions");
    overview(p, list);
    flag_table(p, list);
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(list) && i < ARTICLES_MAX; i++)
        rc = article(p, hep_json_at(list, i));
    if (hep_json_size(list) > ARTICLES_MAX)
        hep_str_addf(p->out, "<p>The %zu smallest lesions stand in the tables only.</p>\n",
                     hep_json_size(list) - ARTICLES_MAX);
    hep_html_section_end(p->out);
    return rc;
}
