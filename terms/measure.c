#include "terms/measure.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- rows ------------------------------------------------------------------------------------ */

/* DICOM PS3.16, context groups 7469 (intensity), 7470 (linear), 7472 (volume). */
enum { C_NONE, C_VOLUME, C_LONG_AXIS, C_SHORT_AXIS, C_DIAMETER, C_ADC, C_T2 };
static const struct hep_concept concepts[] = {
    [C_NONE] = { NULL, NULL, NULL },
    [C_VOLUME] = { "SCT", "118565006", "Volume" },
    [C_LONG_AXIS] = { "SCT", "103339001", "Long Axis" },
    [C_SHORT_AXIS] = { "SCT", "103340004", "Short Axis" },
    [C_DIAMETER] = { "SCT", "81827009", "Diameter" },
    [C_ADC] = { "DCM", "113041", "Apparent Diffusion Coefficient" },
    [C_T2] = { "DCM", "113065", "T2" },
};

#define HIDDEN HEP_DIGITS_HIDDEN
#define MAIN true
#define REST false
#define ROW(first, over, subject, form, name, unit, digits, lo, hi, concept, words, meaning,       \
            source, product, series, ...)                                                          \
    { first,                                                                                       \
      HEP_OVER_##over,                                                                             \
      HEP_OVER_##over##_N,                                                                         \
      HEP_SUBJECT_##subject,                                                                       \
      HEP_FORM_##form,                                                                             \
      name,                                                                                        \
      HEP_UNIT_##unit,                                                                             \
      digits,                                                                                      \
      lo,                                                                                          \
      hi,                                                                                          \
      &concepts[C_##concept],                                                                      \
      words,                                                                                       \
      meaning,                                                                                     \
      source,                                                                                      \
      product,                                                                                     \
      series,                                                                                      \
      __VA_ARGS__ },

static const struct hep_measure_row rows[] = {
#define LESION(id, form, name, table, region, map, statistic, unit, digits, concept, words,        \
               meaning, source)                                                                    \
    ROW(HEP_M_##id, ONE, LESION, form, name, unit, digits, 0, 0, concept, words, meaning, source,  \
        NULL, NULL, table, { region, map, statistic })
#define FAMILY(id, over, name, table, region, map, statistic, unit, digits, words, meaning,        \
               source)                                                                             \
    ROW(HEP_MF_##id, over, LESION, VALUE, name, unit, digits, 0, 0, NONE, words, meaning, source,  \
        NULL, NULL, table, { region, map, statistic })
#define MEASURE(id, subject, form, name, unit, digits, lo, hi, concept, words, meaning, source)    \
    ROW(HEP_M_##id, ONE, subject, form, name, unit, digits, lo, hi, concept, words, meaning,       \
        source, NULL, NULL, REST, { "", "", "" })
#define MAP(id, over, name, unit, digits, lo, hi, concept, words, meaning, source, product,        \
            series)                                                                                \
    ROW(HEP_M_##id, over, LIVER, STATISTICS, name, unit, digits, lo, hi, concept, words, meaning,  \
        source, product, series, REST, { "", "", "" })
#include "terms/measures.def"
};
#define N_ROWS (int)(sizeof rows / sizeof rows[0])

static const enum hep_image targets[HEP_OVER_TARGETS_N] = {
    HEP_IMAGE_T2,       HEP_IMAGE_B_HIGH,  HEP_IMAGE_ADC,
    HEP_IMAGE_ARTERIAL, HEP_IMAGE_DELAYED, HEP_IMAGE_HEPATOBILIARY
};
/* All but fat fraction, R2*, T2 and the error of the ADC. */
static const enum hep_image signals[HEP_OVER_SIGNALS_N] = {
    HEP_IMAGE_OPPOSED,       HEP_IMAGE_IN_PHASE,     HEP_IMAGE_T2,          HEP_IMAGE_B_LOW,
    HEP_IMAGE_B_ZERO,        HEP_IMAGE_B_HIGH,       HEP_IMAGE_ADC,         HEP_IMAGE_IVIM_D,
    HEP_IMAGE_IVIM_F,        HEP_IMAGE_DKI_K,        HEP_IMAGE_PRECONTRAST, HEP_IMAGE_ARTERIAL,
    HEP_IMAGE_PORTAL_VENOUS, HEP_IMAGE_TRANSITIONAL, HEP_IMAGE_DELAYED,     HEP_IMAGE_HEPATOBILIARY
};

/* ---- expansion --------------------------------------------------------------------------------
 */

struct concrete {
    const struct hep_measure_row *row;
    enum hep_unit unit;
    char column[56], words[80], meaning[200], product[16], series[16];
    char region[8], map[16], statistic[32];
    const char *name; /* the end of column */
};
#define N_SLOTS 1024 /* a power of two, at least twice the measures */
static struct {
    struct concrete of[HEP_MEASURE_COUNT];
    uint16_t slot[N_SLOTS]; /* index + 1 of the measure of that hash, 0 empty */
} table;
_Static_assert(2 * HEP_MEASURE_COUNT <= N_SLOTS, "the table of names is too small");

/* What a placeholder stands for in one measure of a family. */
struct part {
    enum hep_image image; /* HEP_IMAGE_COUNT: none */
    enum hep_shell shell; /* HEP_SHELL_COUNT: none */
    enum hep_phase phase; /* HEP_PHASE_COUNT: none */
};

static struct part part_of(const struct hep_measure_row *row, int k)
{
    struct part p = { HEP_IMAGE_COUNT, HEP_SHELL_COUNT, HEP_PHASE_COUNT };

    if (row->over == HEP_OVER_PHASES)
        p.phase = (enum hep_phase)k;
    else if (row->over == HEP_OVER_ENHANCED)
        p.phase = (enum hep_phase)(HEP_PHASE_ARTERIAL + k);
    else if (row->over == HEP_OVER_SIGNALS)
        p.image = signals[k];
    else if (row->over == HEP_OVER_TARGETS)
        p.image = targets[k];
    else if (row->over == HEP_OVER_SHELLS) {
        p.image = (enum hep_image)(k / HEP_SHELL_COUNT);
        p.shell = (enum hep_shell)(k % HEP_SHELL_COUNT);
    }
    return p;
}

static const char *filling(const char *placeholder, struct part p, bool for_people)
{
    if (strncmp(placeholder, "{image}", 7) == 0)
        return for_people ? hep_image_words(p.image) : hep_image_name(p.image);
    if (strncmp(placeholder, "{shell}", 7) == 0)
        return for_people ? hep_shell_words(p.shell) : hep_shell_name(p.shell);
    if (strncmp(placeholder, "{phase}", 7) == 0)
        return for_people ? hep_phase_words(p.phase) : hep_phase_name(p.phase);
    return hep_role_acq(hep_role_of_phase(p.phase)); /* {acq} */
}

static void fill(char *out, size_t room, const char *template, struct part p, bool for_people)
{
    size_t n = 0;

    while (template != NULL && *template != '\0') {
        const char *open = strchr(template, '{');
        const size_t plain = open != NULL ? (size_t)(open - template) : strlen(template);

        n += (size_t)snprintf(out + n, room - n, "%.*s%s", (int)plain, template,
                              open != NULL ? filling(open, p, for_people) : "");
        template = open != NULL ? strchr(open, '}') + 1 : template + plain;
    }
}

/* FNV-1a: Fowler, Noll and Vo, RFC 9923. */
static size_t hash(enum hep_subject subject, const char *name)
{
    uint32_t h = 2166136261U + (uint32_t)subject;

    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * 16777619U;
    return h ^ h >> 15;
}

static void expand_one(const struct hep_measure_row *row, int k)
{
    const enum hep_measure m = (enum hep_measure)((int)row->first + k);
    const struct part p = part_of(row, k);
    const size_t prefix = row->subject == HEP_SUBJECT_LIVER ? sizeof "liver_" - 1 : 0;
    struct concrete *c = &table.of[m];
    size_t slot;

    c->row = row;
    c->unit = row->unit == HEP_UNIT_OF_IMAGE ? hep_image_unit(p.image) : (enum hep_unit)row->unit;
    memcpy(c->column, "liver_", prefix);
    c->name = c->column + prefix;
    fill(c->column + prefix, sizeof c->column - prefix, row->name, p, false);
    fill(c->words, sizeof c->words, row->words, p, true);
    fill(c->meaning, sizeof c->meaning, row->meaning, p, true);
    fill(c->product, sizeof c->product, row->product, p, false);
    fill(c->series, sizeof c->series, row->series, p, false);
    fill(c->region, sizeof c->region, row->place.region, p, false);
    fill(c->map, sizeof c->map, row->place.map, p, false);
    fill(c->statistic, sizeof c->statistic, row->place.statistic, p, false);
    for (slot = hash(row->subject, c->name) % N_SLOTS; table.slot[slot] != 0;)
        slot = (slot + 1) % N_SLOTS;
    table.slot[slot] = (uint16_t)(m + 1);
}

static void expand(void)
{
    for (int r = 0; r < N_ROWS; r++)
        for (int k = 0; k < rows[r].n; k++)
            expand_one(&rows[r], k);
}

static const struct concrete *concrete(enum hep_measure m)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, expand);
    return &table.of[m];
}

/* ---- asking -----------------------------------------------------------------------------------
 */

const char *hep_subject_name(enum hep_subject subject)
{
    static const char *const names[] = { "lesion", "liver", "study" };

    return names[subject];
}

const struct hep_measure_row *hep_measure_rows(int *n)
{
    *n = N_ROWS;
    return rows;
}

const struct hep_measure_row *hep_measure_row(enum hep_measure m)
{
    return concrete(m)->row;
}

const char *hep_measure_name(enum hep_measure m)
{
    return concrete(m)->name;
}

const char *hep_measure_column(enum hep_measure m)
{
    /* Its JSON member holds the unit beside the value; a column has only its name. */
    return m == HEP_M_IRON ? "liver_iron_mg_per_g" : concrete(m)->column;
}

const char *hep_measure_words(enum hep_measure m)
{
    return concrete(m)->words;
}

const char *hep_measure_meaning(enum hep_measure m)
{
    return concrete(m)->meaning;
}

enum hep_unit hep_measure_unit(enum hep_measure m)
{
    return concrete(m)->unit;
}

struct hep_measure_place hep_measure_place(enum hep_measure m)
{
    const struct concrete *c = concrete(m);

    return (struct hep_measure_place){ c->region, c->map, c->statistic };
}

enum hep_measure hep_measure_at(const char *region, const char *map, const char *statistic)
{
    for (int i = 0; i < HEP_MEASURE_COUNT; i++) {
        const struct concrete *c = concrete((enum hep_measure)i);

        if (strcmp(c->statistic, statistic) == 0 && strcmp(c->map, map) == 0 &&
            strcmp(c->region, region) == 0)
            return (enum hep_measure)i;
    }
    return HEP_MEASURE_COUNT;
}

const char *hep_measure_product(enum hep_measure m)
{
    return concrete(m)->row->product != NULL ? concrete(m)->product : NULL;
}

const char *hep_measure_series(enum hep_measure m)
{
    return concrete(m)->row->series != NULL ? concrete(m)->series : NULL;
}

enum hep_measure hep_measure_map(int k)
{
    int m = 0;

    while (m < HEP_MEASURE_COUNT &&
           (concrete((enum hep_measure)m)->row->product == NULL || k-- > 0))
        m++;
    return (enum hep_measure)m;
}

enum hep_measure hep_measure_find(enum hep_subject subject, const char *name)
{
    (void)concrete(HEP_M_VOLUME);
    for (size_t slot = hash(subject, name) % N_SLOTS; table.slot[slot] != 0;
         slot = (slot + 1) % N_SLOTS) {
        const struct concrete *c = &table.of[table.slot[slot] - 1];

        if (c->row->subject == subject && strcmp(c->name, name) == 0)
            return (enum hep_measure)(table.slot[slot] - 1);
    }
    return HEP_MEASURE_COUNT;
}

enum hep_measure hep_measure_of_phase(enum hep_measure family, enum hep_phase phase)
{
    const int skipped = concrete(family)->row->over == HEP_OVER_ENHANCED ? HEP_PHASE_ARTERIAL : 0;

    return (int)phase < skipped ? HEP_MEASURE_COUNT
                                : (enum hep_measure)((int)family + (int)phase - skipped);
}

enum hep_measure hep_measure_of_image(enum hep_measure family, enum hep_image image)
{
    const struct hep_measure_row *row = concrete(family)->row;
    const enum hep_image *images = row->over == HEP_OVER_SIGNALS ? signals : targets;
    int k = 0;

    while (k < row->n && images[k] != image)
        k++;
    return k < row->n ? (enum hep_measure)((int)family + k) : HEP_MEASURE_COUNT;
}

enum hep_measure hep_measure_of_shell(enum hep_measure family, enum hep_image image,
                                      enum hep_shell shell)
{
    return (enum hep_measure)(family + image * HEP_SHELL_COUNT + shell);
}

/* ---- values -----------------------------------------------------------------------------------
 */

void hep_measures_set(struct hep_measures *of, enum hep_measure m, double value)
{
    if (m == HEP_MEASURE_COUNT)
        return;
    of->value[m] = value;
    of->has[m] = true;
}

double hep_measures_get(const struct hep_measures *of, enum hep_measure m)
{
    return m < HEP_MEASURE_COUNT && of->has[m] ? of->value[m] : (double)NAN;
}
