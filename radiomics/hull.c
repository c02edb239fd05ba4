#include "radiomics/mesh.h"

#include <libqhull_r/qhull_ra.h>

#include <math.h>
#include <stdio.h>

/* Largest distance of two corners of the hull. */
static double widest(qhT *qh)
{
    double best = 0.0;

    for (const vertexT *a = qh->vertex_list; a != NULL && a->next != NULL; a = a->next) {
        for (const vertexT *b = a->next; b != NULL && b->next != NULL; b = b->next)
            best = fmax(best, hep_distance2(a->point, b->point));
    }
    return sqrt(best);
}

int hep_hull_of(struct hep_hull *h, double (*points)[3], size_t n, struct hep_error *err)
{
    /* Options as Qhull documents them: no output; merged facets are split for exact area and volume. */
    char options[] = "qhull Qt";
    qhT state;
    int kept = 0;
    int pending = 0;
    int code = 0;
    FILE *nowhere = fopen("/dev/null", "w");

    if (nowhere == NULL)
        return HEP_FAIL(err, HEP_EIO, "/dev/null cannot be opened");
    qh_zero(&state, nowhere);
    code = qh_new_qhull(&state, 3, (int)n, &points[0][0], False, options, nowhere, nowhere);
    if (code == 0) {
        qh_getarea(&state, state.facet_list);
        h->volume_mm3 = state.totvol;
        h->area_mm2 = state.totarea;
        h->diameter_mm = widest(&state);
    }
    qh_freeqhull(&state, !qh_ALL);
    qh_memfreeshort(&state, &kept, &pending);
    (void)fclose(nowhere);
    return code == 0
               ? HEP_OK
               : HEP_FAIL(err, HEP_EDATA, "no convex hull of %zu points (Qhull code %d)", n, code);
}
