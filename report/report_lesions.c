/* Lesions: all in one table, their flags in one table, then each by itself. */
#include "report/lesion.h"

#include "report/html_table.h"

#include <math.h>

/* More lesions than this stand in the tables only. */
#define ARTICLES_MAX 40

/* ---- parts of a line ------------------------------------------------------------------------- */

static void place(struct hep_str *out, const struct hep_finding *f)
{
    static const char *const ends[3][2] = { { "L", "R" }, { "P", "A" }, { "I", "S" } };

    for (size_t k = 0; k < 3; k++) {
        const double x = f->centre_mm[k];

        if (isfinite(x))
            hep_str_addf(out, "%s%s&#8239;%.0f", k > 0 ? " " : "", ends[k][x > 0.0], fabs(x));
    }
    hep_str_add(out, "&#160;mm");
}

static void size(struct hep_str *out, const struct hep_finding *f)
{
    hep_html_number(out, hep_finding_get(f, HEP_M_LONG_AXIS), 0);
    hep_str_add(out, "&#8239;\xc3\x97&#8239;");
    hep_html_number(out, hep_finding_get(f, HEP_M_SHORT_AXIS), 0);
    hep_str_add(out, "&#160;mm");
}

static void volume(struct hep_str *out, const struct hep_finding *f)
{
    hep_html_number(out, hep_finding_get(f, HEP_M_VOLUME), 1);
    hep_str_add(out, "&#160;mL");
}

static void class_and_probability(struct hep_str *out, const struct hep_finding *f)
{
    const bool known = f->lesion_class < HEP_CLASS_COUNT;

    hep_html_text(out, known ? hep_class_row(f->lesion_class)->words : NULL);
    hep_str_add(out, " ");
    hep_html_number(out, known ? f->class_probability[f->lesion_class] : (double)NAN, 2);
}

static void probability(struct hep_str *out, const struct hep_finding *f)
{
    const double p = hep_finding_get(f, HEP_M_P_METASTASIS);

    hep_str_add(out, "<span class=\"lr\">");
    if (isfinite(p))
        hep_str_addf(out,
                     "<svg class=\"meter\" viewBox=\"0 0 60 10\" aria-hidden=\"true\">"
                     "<rect width=\"60\" height=\"10\"/><rect class=\"on\" width=\"%.1f\" "
                     "height=\"10\"/></svg>",
                     60.0 * fmin(fmax(p, 0.0), 1.0));
    hep_html_number(out, p, 2);
    hep_str_add(out, "</span>");
}

/* ---- tables ---------------------------------------------------------------------------------- */

#define S struct hep_finding
/* Write a cell that holds more than a value by the function of its row. */
static void part_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    static void (*const parts[])(
        struct hep_str *, const S *) = { class_and_probability, probability, size, volume, place };

    parts[column->offset](out, row);
}

static void link_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    const int id = ((const S *)row)->id;

    (void)column;
    if (id <= ARTICLES_MAX)
        hep_str_addf(out, "<a href=\"#lesion-%d\">%d</a>", id, id);
    else
        hep_str_addf(out, "%d", id);
}

HEP_GETTER(part_of, S, hep_value_of_text(r != NULL ? "there" : NULL));
HEP_GETTER(score_of, S, hep_value_of_number(hep_finding_get(r, HEP_M_DETECTION_SCORE)));
#define PART(words, k)                                                                             \
    {                                                                                              \
        NULL, HEP_CELL(TEXT, k), words, .get = part_of, .html = part_cell                          \
    }
static const struct hep_column overview_columns[] = {
    { NULL, HEP_INTEGER(S, id), "#", .html = link_cell },
    PART("Most like", 0),
    PART("Probability of metastasis", 1),
    PART("Axes", 2),
    PART("Volume", 3),
    PART("Where", 4),
    { NULL, HEP_CELL(NUMBER, 0), "Detection, log odds", .look = { 1.0, NULL, 1 }, .get = score_of },
    { 0 },
};

static struct hep_value state_of(const struct hep_column *column, const void *row)
{
    const struct hep_flag_result *flag = &((const S *)row)->flag[column->offset];

    return hep_value_of_text(flag->given ? hep_flag_state_name(flag->state) : NULL);
}

/* "yes 0.97", "no? 0.34" where it is not certain, "n/a". */
static void state_cell(struct hep_str *out, const struct hep_column *column, const void *row)
{
    static const char *const words[HEP_FLAG_STATES][3] = {
        [HEP_FLAG_NOT_ASSESSABLE] = { "unknown", "not assessable", "n/a" },
        [HEP_FLAG_ABSENT] = { "absent", "absent", "no" },
        [HEP_FLAG_PRESENT] = { "present", "present", "yes" },
    };
    const struct hep_flag_result *flag = &((const S *)row)->flag[column->offset];
    const char *const *w = words[flag->state];
    const bool judged = flag->state != HEP_FLAG_NOT_ASSESSABLE && isfinite(flag->probability);

    hep_str_addf(out, "<span class=\"mark %s\" title=\"%s\"><i aria-hidden=\"true\"></i>%s%s", w[0],
                 w[1], w[2], judged && !flag->certain ? "?" : "");
    if (judged)
        hep_str_addf(out, "&#160;%.2f", flag->probability);
    hep_str_add(out, "</span>");
}
#undef S

static void tables(struct hep_page *p, const struct hep_findings *f)
{
    struct hep_column flags[HEP_FLAG_COUNT + 2] = { overview_columns[0] };
    struct hep_table t = HEP_TABLE("Lesions, largest first", overview_columns, f->list, f->n);

    hep_html_rows(p->out, &t);
    for (size_t i = 0; i < HEP_FLAG_COUNT; i++)
        flags[i + 1] = (struct hep_column){ .cell = HEP_CELL_TEXT,
                                            .offset = i,
                                            .words = hep_flag_name((enum hep_flag)i),
                                            .get = state_of,
                                            .html = state_cell };
    t.caption = "Flags of each lesion with their probability; a question mark where it lies "
                "between 0.1 and 0.9; each flag with its numbers is below, with the lesion";
    t.columns = flags;
    hep_str_add(p->out, "<h3>Flags</h3>");
    hep_html_rows(p->out, &t);
}

/* ---- one lesion ------------------------------------------------------------------------------ */

/* Write the classes with a probability of 0.5 % or more. */
static void add_classes(struct hep_page *p, const struct hep_finding *f)
{
    bool any = false;

    hep_str_add(p->out, "<p class=\"quiet\">Probabilities: ");
    for (int c = 0; c < HEP_CLASS_COUNT; c++) {
        if (!(f->class_probability[c] >= 0.005))
            continue;
        hep_str_add(p->out, any ? " \xc2\xb7 " : "");
        hep_html_text(p->out, hep_class_row((enum hep_lesion_class)c)->words);
        hep_str_add(p->out, "&#160;");
        hep_html_number(p->out, f->class_probability[c], 2);
        any = true;
    }
    hep_str_add(p->out, "</p>\n");
    for (int c = 0; c < HEP_CLASS_COUNT; c++) {
        if (f->class_reason[c][0] == '\0')
            continue;
        hep_str_add(p->out, "<p class=\"quiet\">");
        hep_html_text(p->out, hep_class_row((enum hep_lesion_class)c)->words);
        hep_str_add(p->out, " is not assessable: ");
        hep_html_text(p->out, f->class_reason[c]);
        hep_str_add(p->out, ".</p>\n");
    }
}

/* Say of a lesion that the user gave its name, its file, and what contradicts the images. */
static void add_origin(struct hep_page *p, const struct hep_finding *f)
{
    if (f->origin != HEP_ORIGIN_GIVEN)
        return;
    hep_str_add(p->out, "<p>Given by the user");
    if (f->given_name[0] != '\0') {
        hep_str_add(p->out, " as ");
        hep_html_text(p->out, f->given_name);
    }
    if (f->given_label > 0)
        hep_str_addf(p->out, ", label %d of the file", f->given_label);
    hep_str_add(p->out, f->given_point ? "; outlined by Hepar" : "");
    if (f->given_note[0] != '\0') {
        hep_str_add(p->out, "; ");
        hep_html_text(p->out, f->given_note);
    }
    hep_str_add(p->out, ".</p>\n");
}

static int article(struct hep_page *p, const struct hep_finding *f)
{
    int rc;

    hep_str_addf(p->out, "<article class=\"finding\" id=\"lesion-%d\"><h3>Lesion %d: most like ",
                 f->id, f->id);
    class_and_probability(p->out, f);
    hep_str_add(p->out, "</h3>\n<p>");
    size(p->out, f);
    hep_str_add(p->out, ", ");
    volume(p->out, f);
    hep_str_add(p->out, ", ");
    place(p->out, f);
    hep_str_add(p->out, ". Probability of metastasis <b>");
    hep_html_number(p->out, hep_finding_get(f, HEP_M_P_METASTASIS), 2);
    hep_str_add(p->out, "</b>.</p>\n");
    add_origin(p, f);
    add_classes(p, f);
    rc = hep_lesion_crops(p, f);
    if (rc == HEP_OK)
        rc = hep_lesion_curve(p, f);
    hep_lesion_flags(p, f);
    hep_lesion_evidence(p, f);
    hep_lesion_measurements(p, f);
    hep_str_add(p->out, "</article>\n");
    return rc;
}

int hep_page_lesions(struct hep_page *p)
{
    const struct hep_findings *f = p->found != NULL ? &p->found->findings : NULL;
    size_t left = 0;
    int rc = HEP_OK;

    if (f == NULL || f->n == 0)
        return HEP_OK;
    hep_html_section(p->out, "lesions", "Lesions");
    tables(p, f);
    for (size_t i = 0; rc == HEP_OK && i < f->n; i++) {
        if (f->list[i].id <= ARTICLES_MAX)
            rc = article(p, &f->list[i]);
        else
            left++;
    }
    if (left > 0)
        hep_str_addf(p->out, "<p>%zu more stand in the tables only.</p>\n", left);
    hep_html_section_end(p->out);
    return rc;
}
