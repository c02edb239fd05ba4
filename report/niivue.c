#include "report/niivue.h"

#include "base/file.h"
#include "base/text.h"
#include "report/review_page.h"

#include <stdlib.h>
#include <string.h>

#define PROGRAM_MAX_BYTES ((size_t)16 << 20)

static char *path_of(const char *name, struct hep_error *err)
{
    const char *folder = getenv("HEPAR_VIEWER"), *data = getenv("XDG_DATA_HOME"),
               *home = getenv("HOME");

    if (folder != NULL && *folder != '\0')
        return hep_path_join(folder, name, err);
    if (data != NULL && *data != '\0')
        return hep_asprintf(err, "%s/hepar/viewer/%s", data, name);
    return hep_asprintf(err, "%s/.local/share/hepar/viewer/%s", home != NULL ? home : "", name);
}

int hep_review_page_check(struct hep_error *err)
{
    static const char *const names[] = { "niivue.umd.js", "LICENSE" };
    int rc = HEP_OK;

    for (size_t i = 0; rc == HEP_OK && i < 2; i++) {
        char *path = path_of(names[i], err);

        if (path == NULL)
            rc = HEP_ENOMEM;
        else if (!hep_is_file(path))
            rc = HEP_FAIL(err, HEP_ENOENT,
                          "the viewer is not installed (%s): run scripts/viewer/install.sh once",
                          path);
        free(path);
    }
    return rc;
}

static int read_file(char **text, size_t *n, const char *name, struct hep_error *err)
{
    char *path = path_of(name, err);
    int rc = path == NULL ? HEP_ENOMEM : hep_file_read(text, n, path, PROGRAM_MAX_BYTES, err);

    free(path);
    return rc;
}

int hep_niivue_read(char **program, char **notice, struct hep_error *err)
{
    size_t n = 0, n_notice = 0;
    int rc = read_file(program, &n, "niivue.umd.js", err);

    if (rc == HEP_OK)
        rc = read_file(notice, &n_notice, "LICENSE", err);
    if (rc == HEP_OK && (strlen(*program) != n || hep_contains_nocase(*program, "</script") ||
                         strstr(*program, "<!--") != NULL))
        rc = HEP_FAIL(err, HEP_EFORMAT, "niivue.umd.js cannot stand inside a page");
    return rc;
}
