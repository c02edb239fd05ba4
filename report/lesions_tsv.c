#include "report/lesions_tsv.h"

#include "base/alloc.h"
#include "report/measure.h"

#include <stdlib.h>

struct lesion_row {
    const char *study;
    const struct hep_finding *f;
};
#define S struct lesion_row

HEP_GETTER(id_of, S, hep_value_of_whole(r->f->id, false));
HEP_GETTER(place_of, S, hep_value_of_number(r->f->centre_mm[column->offset]));
HEP_GETTER(class_of, S, hep_value_of_text(hep_class_name(r->f->lesion_class)));
HEP_GETTER(measure_of, S,
           hep_value_of_number(hep_finding_get(r->f, (enum hep_measure)column->offset)));
HEP_GETTER(state_of, S,
           hep_value_of_text(r->f->flag[column->offset].given
                                 ? hep_flag_state_name(r->f->flag[column->offset].state)
                                 : NULL));

#define PLACE(name, k)                                                                             \
    {                                                                                              \
        name "_mm", HEP_CELL(NUMBER, k),                                                           \
            .unit = "mm",                                                                          \
            .meaning = "Centre in world space (RAS+) of the reference series: " name,              \
            .get = place_of                                                                        \
    }
static const struct hep_column first_columns[] = {
    { "study", HEP_TEXT(S, study), .meaning = "Label of the study" },
    { "id", HEP_CELL(INTEGER, 0), .meaning = "Number of the lesion: its value in the label map",
      .get = id_of },
    PLACE("x", 0),
    PLACE("y", 1),
    PLACE("z", 2),
    { "class", HEP_CELL(TEXT, 0), .meaning = "Class that the evidence favours", .get = class_of },
};
#define N_FIRST (sizeof first_columns / sizeof first_columns[0])

static const struct hep_level states[] = {
    { "present", "Its numbers say so" },
    { "absent", "Its numbers say the contrary" },
    { "not_assessable", "It cannot be judged; the reason stands in lesions.json" },
    { NULL, NULL },
};

static struct hep_column *add_measures(struct hep_column *c, enum hep_measure_form form)
{
    for (int i = 0; i < HEP_MEASURE_COUNT; i++) {
        const enum hep_measure m = (enum hep_measure)i;

        if (hep_measure_row(m)->subject != HEP_SUBJECT_LESION || hep_measure_row(m)->form != form)
            continue;
        *c = hep_measure_as_column(m);
        c->offset = (size_t)m;
        c++->get = measure_of;
    }
    return c;
}

/* Columns and rows in one block, which the table owns. */
int hep_lesions_table(struct hep_table *out, const struct hep_study_findings *studies, size_t n,
                      bool with_study, struct hep_error *err)
{
    struct {
        struct hep_column columns[N_FIRST + HEP_FLAG_COUNT + HEP_MEASURE_COUNT + 1];
        S rows[];
    } * block;
    struct hep_column *c;
    size_t lesions = 0, rows = 0;

    for (size_t i = 0; i < n; i++)
        lesions += studies[i].findings != NULL ? studies[i].findings->n : 0;
    block = hep_calloc(1, sizeof *block + lesions * sizeof(S), err);
    if (block == NULL)
        return HEP_ENOMEM;
    c = block->columns;
    for (size_t k = with_study ? 0 : 1; k < N_FIRST; k++)
        *c++ = first_columns[k];
    c = add_measures(c, HEP_FORM_MEMBER);
    for (size_t f = 0; f < HEP_FLAG_COUNT; f++)
        *c++ = (struct hep_column){ .id = hep_flag_name((enum hep_flag)f),
                                    .cell = HEP_CELL_TEXT,
                                    .offset = f,
                                    .meaning = "State of the flag of this name",
                                    .levels = states,
                                    .get = state_of };
    (void)add_measures(c, HEP_FORM_VALUE);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; studies[i].findings != NULL && k < studies[i].findings->n; k++)
            block->rows[rows++] = (S){ studies[i].study, &studies[i].findings->list[k] };
    *out = (struct hep_table)HEP_TABLE_OF(NULL, block->columns, block->rows, rows, .owned = block);
    return HEP_OK;
}
