#include "batch/group_table.h"

#include "base/alloc.h"
#include "report/html.h"
#include "report/html_table.h"
#include "report/measure.h"

struct lesion_row {
    const struct hep_study_status *study;
    const struct hep_finding *f;
    const char *label;
    char flags[400]; /* that are present, by their words */
};
#define S struct lesion_row

HEP_GETTER(id_of, S, hep_value_of_whole(r->f->id, false));
HEP_GETTER(class_of, S, hep_value_of_text(hep_class_name(r->f->lesion_class)));
HEP_GETTER(measure_of, S,
           hep_value_of_number(hep_finding_get(r->f, (enum hep_measure)column->offset)));

static void study_link(struct hep_str *out, const struct hep_column *column, const void *row)
{
    char fragment[32];
    const S *r = row;

    (void)column;
    (void)snprintf(fragment, sizeof fragment, "#lesion-%d", (int)r->f->id);
    hep_group_link(out, r->study, fragment);
}

static const struct hep_column first_columns[] = {
    { NULL, HEP_TEXT(S, label), "Study", .html = study_link },
    { NULL, HEP_CELL(INTEGER, 0), "Lesion", .get = id_of },
    { NULL, HEP_CELL(TEXT, 0), "Most like", .get = class_of, .html = hep_html_cell_words },
};
static const struct hep_column flags_column = { NULL, HEP_CHARS(S, flags),
                                                "Flags that are present" };
static const enum hep_measure measures[] = { HEP_M_P_METASTASIS,    HEP_M_LONG_AXIS,
                                             HEP_M_DETECTION_SCORE, HEP_M_ADC,
                                             HEP_M_T2_LIVER_RATIO,  HEP_MF_RE + 0,
                                             HEP_MF_RATIO_LAST };
#define N_FIRST (sizeof first_columns / sizeof first_columns[0])
#define N_MEASURES (sizeof measures / sizeof measures[0])

static void name_flags(S *row)
{
    size_t used = 0;

    for (int i = 0; i < HEP_FLAG_COUNT && used < sizeof row->flags; i++) {
        if (row->f->flag[i].given && row->f->flag[i].state == HEP_FLAG_PRESENT)
            used += (size_t)snprintf(row->flags + used, sizeof row->flags - used, "%s%s",
                                     used > 0 ? ", " : "", hep_flag_row((enum hep_flag)i)->words);
    }
}

int hep_group_lesions(struct hep_table *out, const struct hep_group_table *t, struct hep_error *err)
{
    struct {
        struct hep_column columns[N_FIRST + N_MEASURES + 2];
        S rows[];
    } * block;
    size_t n = 0;

    for (size_t i = 0; i < t->status->n; i++)
        n += t->files[i].findings.n;
    block = hep_calloc(1, sizeof *block + n * sizeof(S), err);
    if (block == NULL)
        return HEP_ENOMEM;
    memcpy(block->columns, first_columns, sizeof first_columns);
    for (size_t k = 0; k < N_MEASURES; k++) {
        struct hep_column *c = &block->columns[N_FIRST + k];

        *c = hep_measure_as_column(measures[k]);
        c->offset = (size_t)measures[k];
        c->get = measure_of;
    }
    block->columns[N_FIRST + N_MEASURES] = flags_column;
    n = 0;
    for (size_t i = 0; i < t->status->n; i++)
        for (size_t k = 0; k < t->files[i].findings.n; k++, n++) {
            block->rows[n] = (S){ .study = &t->status->list[i],
                                  .f = &t->files[i].findings.list[k],
                                  .label = t->status->list[i].label };
            name_flags(&block->rows[n]);
        }
    *out = (struct hep_table)HEP_TABLE("Lesions of all studies. More of each stands in lesions.tsv",
                                       block->columns, block->rows, n);
    out->owned = block;
    return HEP_OK;
}
