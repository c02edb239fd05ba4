/* What every file of the room asks of a track. */
#include "followup/tracks.h"

#include <stdlib.h>

const char *hep_event_name(enum hep_event event)
{
    static const char *const names[HEP_EVENT_STATES] = {
        "stable", "grown",       "shrunk",         "vanished", "new",   "merged",
        "split",  "not_covered", "not_assessable", "baseline", "absent"
    };

    return names[event];
}

void hep_tracks_release(struct hep_tracks *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->list[i].visit);
    free(t->list);
    *t = (struct hep_tracks){ 0 };
}

size_t hep_track_last_seen(const struct hep_track *track, size_t before)
{
    for (size_t v = before; v-- > 0;) {
        if (track->visit[v].n > 0)
            return v;
    }
    return SIZE_MAX;
}

bool hep_class_is_benign(enum hep_lesion_class lesion_class)
{
    return lesion_class == HEP_CLASS_CYST || lesion_class == HEP_CLASS_HAEMANGIOMA ||
           lesion_class == HEP_CLASS_FNH_LIKE || lesion_class == HEP_CLASS_FOCAL_FAT ||
           lesion_class == HEP_CLASS_FAT_SPARING;
}
