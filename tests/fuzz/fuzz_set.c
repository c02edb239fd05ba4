#include "fuzz/by_path.h"
#include "fuzz/fuzz.h"

#include "datasets/cases.h"

/* Paths of a description that lead out of the folder of this process, where a walk would have no end. */
static bool leads_out(const char *path)
{
    return path != NULL && (path[0] == '/' || strstr(path, "..") != NULL);
}

static bool stays_inside(const struct hep_set *s)
{
    bool stays = !leads_out(s->boxes) && !leads_out(s->image) && !leads_out(s->types.file) &&
                 !leads_out(s->types.names);

    for (size_t i = 0; i < s->n_roots; i++)
        stays = stays && !leads_out(s->root[i]);
    for (size_t i = 0; i < s->n_needs; i++)
        stays = stays && !leads_out(s->need[i]);
    for (size_t i = 0; i < s->n_series; i++)
        stays = stays && !leads_out(s->series[i].path);
    return stays;
}

static void make_images(void)
{
    static bool made;
    static const char *const folders[] = { "set", "set/images", "set/images/1", "set/images/1/a" };
    static const char *const files[] = { "set/images/1/a/b.nii.gz", "set/images/2_0000.nii.gz",
                                         "set/images/2_0001.nii.gz" };

    for (size_t i = 0; !made && i < 4; i++)
        fuzz_mkdir(folders[i]);
    for (size_t i = 0; !made && i < 3; i++)
        if (!fuzz_put(files[i], (const uint8_t *)"x", 1))
            abort();
    made = true;
}

/* Bytes up to the first zero byte are the description of a data set, those behind it its file of boxes and its table of
 * types; the images are a few empty ones. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    const uint8_t *zero = n > 0 ? memchr(data, 0, n) : NULL;
    const size_t first = zero != NULL ? (size_t)(zero - data) : n;
    char source[256];
    struct hep_set set = { 0 };
    struct hep_cases cases = { 0 };
    struct hep_error e = { 0 };
    int rc;

    make_images();
    if (!fuzz_put("set.yml", data, first))
        return 0;
    (void)fuzz_put("set/boxes.json", data + first + (zero != NULL), n - first - (zero != NULL));
    (void)fuzz_put("set/types.csv", data + first + (zero != NULL), n - first - (zero != NULL));
    (void)snprintf(source, sizeof source, "%s", fuzz_path("set"));
    rc = hep_set_read(&set, fuzz_path("set.yml"), &e);
    fuzz_check(rc, &e);
    if (rc == HEP_OK && stays_inside(&set)) {
        fuzz_check(hep_cases_find(&cases, &set, source, &e), &e);
        hep_cases_release(&cases);
    }
    hep_set_release(&set);
    return 0;
}
