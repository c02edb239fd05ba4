#include "fuzz/fuzz.h"

#include "sequences/gradients.h"

#include <math.h>

/* Accepted b-values are finite, in range and can be grouped into shells that hold each volume once.
 */
static void check_shells(const double *b, size_t n)
{
    struct hep_b_shells shells = { 0 };
    size_t members = 0;

    for (size_t i = 0; i < n; i++)
        if (!isfinite(b[i]) || b[i] < 0.0)
            abort();
    if (hep_b_shells_group(&shells, b, n, NULL) != HEP_OK)
        abort();
    for (size_t i = 0; i < shells.n; i++) {
        if (i > 0 && shells.b_s_per_mm2[i] <= shells.b_s_per_mm2[i - 1])
            abort();
        members += shells.count[i];
    }
    if (members != n)
        abort();
    hep_b_shells_release(&shells);
}

static void check_text(const uint8_t *data, size_t n)
{
    char *text = malloc(n + 1);
    double b = -1.0;

    if (text == NULL)
        return;
    if (n > 0)
        (void)memcpy(text, data, n);
    text[n] = '\0';
    if (hep_b_from_text(&b, text) != (b >= 0.0))
        abort();
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct hep_error e = { 0 };
    double(*direction)[3] = NULL;
    double *b = NULL;
    size_t count = 0;

    if (hep_bval_parse(&b, &count, (const char *)data, n, "input", &e) == HEP_OK)
        check_shells(b, count);
    else if (e.code == HEP_OK || e.msg[0] == '\0')
        abort();
    if (hep_bvec_parse(&direction, (const char *)data, n, n % 7 + 1, "input", NULL) == HEP_OK)
        free(direction);
    free(b);
    check_text(data, n);
    return 0;
}
