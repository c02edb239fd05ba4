#include "report/quantity.h"

#include "report/html.h"

#include <math.h>

#define MM2S_HTML                                                                                  \
    "10<sup>\xe2\x88\x92"                                                                          \
    "3</sup>&#8239;mm<sup>2</sup>/s"
#define MM2S_TEXT                                                                                  \
    "10\xe2\x81\xbb\xc2\xb3 mm\xc2\xb2/s" /* 10 to the minus 3, in superscript characters */

const struct hep_quantity *hep_quantities(void)
{
    static const struct hep_quantity rows[] = {
        { "volume_ml", NULL, "Volume", "mL", "mL", 1.0, 0, 0, 3000, HEP_CMAP_GREY },
        { "remnant_ml", NULL, "Future remnant", "mL", "mL", 1.0, 0, 0, 3000, HEP_CMAP_GREY },
        { "flr_percent", NULL, "Remnant of the liver without lesions", "%", "%", 1.0, 1, 0, 100,
          HEP_CMAP_GREY },
        { "fat_fraction", "ff", "Fat fraction, two echoes", "%", "%", 100.0, 1, -10, 40,
          HEP_CMAP_VIRIDIS },
        { "pdff", "pdff", "Proton density fat fraction", "%", "%", 100.0, 1, 0, 40,
          HEP_CMAP_VIRIDIS },
        { "r2star_per_s", "r2star", "R2*", "1/s", "1/s", 1.0, 0, 0, 200, HEP_CMAP_CIVIDIS },
        { "iron", NULL, "Liver iron", "mg/g dry", "mg/g dry", 1.0, 2, 0, 20, HEP_CMAP_GREY },
        { "adc_mm2_per_s", "adc", "ADC", MM2S_HTML, MM2S_TEXT, 1000.0, 2, 0, 3, HEP_CMAP_VIRIDIS },
        { "adc_all_mm2_per_s", "adc_all", "ADC, all b-values", MM2S_HTML, MM2S_TEXT, 1000.0, 2, 0,
          3, HEP_CMAP_VIRIDIS },
        { "ivim_d_mm2_per_s", "ivim_d", "IVIM D", MM2S_HTML, MM2S_TEXT, 1000.0, 2, 0, 3,
          HEP_CMAP_VIRIDIS },
        { "ivim_f", "ivim_f", "IVIM f", "%", "%", 100.0, 1, 0, 50, HEP_CMAP_VIRIDIS },
        { "ivim_dstar_mm2_per_s", "ivim_dstar", "IVIM D*", MM2S_HTML, MM2S_TEXT, 1000.0, 0, 0, 150,
          HEP_CMAP_VIRIDIS },
        { "dki_d_mm2_per_s", "dki_d", "Kurtosis D", MM2S_HTML, MM2S_TEXT, 1000.0, 2, 0, 3,
          HEP_CMAP_VIRIDIS },
        { "dki_k", "dki_k", "Kurtosis K", "", "", 1.0, 2, 0, 2, HEP_CMAP_VIRIDIS },
        { "re_arterial", "re_art", "Enhancement, arterial", "%", "%", 100.0, 0, 0, 200,
          HEP_CMAP_CIVIDIS },
        { "re_portal_venous", "re_pv", "Enhancement, portal venous", "%", "%", 100.0, 0, 0, 200,
          HEP_CMAP_CIVIDIS },
        { "re_delayed", "re_del", "Enhancement, delayed", "%", "%", 100.0, 0, 0, 200,
          HEP_CMAP_CIVIDIS },
        { "re_transitional", "re_trans", "Enhancement, transitional", "%", "%", 100.0, 0, 0, 200,
          HEP_CMAP_CIVIDIS },
        { "re_hepatobiliary", "re_hbp", "Enhancement, hepatobiliary", "%", "%", 100.0, 0, 0, 200,
          HEP_CMAP_CIVIDIS },
        { NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, HEP_CMAP_GREY },
    };

    return rows;
}

const struct hep_quantity *hep_quantity_find(const char *key)
{
    for (const struct hep_quantity *q = hep_quantities(); key != NULL && q->key != NULL; q++) {
        if (strcmp(q->key, key) == 0)
            return q;
    }
    return NULL;
}

struct hep_quantity hep_quantity_of(const char *name, const char *stored_unit)
{
    const struct hep_quantity *known = hep_quantity_find(name);
    struct hep_quantity q = {
        .key = name, .words = name, .unit = "", .plain = "", .scale = 1.0, .digits = 2
    };

    if (known != NULL)
        return *known;
    if (hep_ends_with(name, "_mm2_per_s") ||
        (stored_unit != NULL && strcmp(stored_unit, "mm2/s") == 0)) {
        q.unit = MM2S_HTML;
        q.plain = MM2S_TEXT;
        q.scale = 1000.0;
    } else if (stored_unit != NULL && strcmp(stored_unit, "1") != 0) {
        q.unit = NULL;
        q.plain = stored_unit;
    }
    return q;
}

void hep_quantity_add_unit(struct hep_str *out, const struct hep_quantity *q)
{
    if (q->unit != NULL)
        hep_str_add(out, q->unit);
    else
        hep_str_add_html(out, q->plain);
}

void hep_quantity_add(struct hep_str *out, const struct hep_quantity *q, double stored)
{
    hep_html_number(out, stored * q->scale, q->digits);
    if (!isfinite(stored) || q->plain[0] == '\0')
        return;
    hep_str_add(out, "\xc2\xa0"); /* no-break space */
    hep_quantity_add_unit(out, q);
}
