#include "base/file.h"
#include "pipeline/config/config.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef HEP_CONFIG_DIR
#error "HEP_CONFIG_DIR (source) and HEP_CONFIG_INSTALL_DIR must be defined by the build"
#endif

enum { MAX_DIRS = 4 };

struct config_dirs {
    const char *dir[MAX_DIRS]; /* in order of preference */
    size_t n;
    char installed[PATH_MAX + 32];
};

/* Below the prefix that the program was installed to: bin/hepar, share/hepar/configs. An installed
 * program does not read a source folder that has moved on. */
static bool beside_program(char *out, size_t n)
{
    char self[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;

    if (length <= 0)
        return false;
    self[length] = '\0';
    slash = strrchr(self, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return snprintf(out, n, "%s/../share/hepar/configs", self) < (int)n && hep_is_dir(out);
}

static void config_dirs(struct config_dirs *d)
{
    const char *own = getenv("HEPAR_CONFIGS");

    d->n = 0;
    if (own && own[0])
        d->dir[d->n++] = own;
    if (beside_program(d->installed, sizeof d->installed))
        d->dir[d->n++] = d->installed;
    d->dir[d->n++] = HEP_CONFIG_DIR;
    d->dir[d->n++] = HEP_CONFIG_INSTALL_DIR;
}

int hep_config_find(char **path, const char *file_name, struct hep_error *err)
{
    struct config_dirs dirs;
    struct hep_str searched = { 0 };
    int rc;

    config_dirs(&dirs);
    for (size_t i = 0; i < dirs.n; i++) {
        char *candidate = hep_path_join(dirs.dir[i], file_name, err);

        if (candidate == NULL) {
            rc = HEP_ENOMEM;
            goto out;
        }
        if (hep_is_file(candidate)) {
            *path = candidate;
            rc = HEP_OK;
            goto out;
        }
        free(candidate);
        hep_str_addf(&searched, "%s%s", i ? ", " : "", dirs.dir[i]);
    }
    rc = HEP_FAIL(err, HEP_ENOENT, "no %s in %s (set HEPAR_CONFIGS to its folder)", file_name,
                  searched.s ? searched.s : "?");
out:
    hep_str_release(&searched);
    return rc;
}

int hep_config_find_file(char **path, const char *name, struct hep_error *err)
{
    if (strchr(name, '/') == NULL)
        return hep_config_find(path, name, err);
    *path = hep_strdup(name, err);
    return *path != NULL ? HEP_OK : HEP_ENOMEM;
}

/* Names of the protocols in the first folder that has agents.yml: every .yml file that is a
 * protocol. */
static int shipped_names(struct hep_listing *list, struct hep_error *err)
{
    char *path = NULL, *slash;
    int rc = hep_config_find(&path, "agents.yml", err);

    if (rc == HEP_OK) {
        slash = strrchr(path, '/');
        *slash = '\0';
        rc = hep_listing_read(list, path, err);
    }
    free(path);
    return rc;
}

bool hep_config_is_protocol_file(const char *name)
{
    static const char *const data[] = { "agents.yml",    "tissues.yml", "evidence.yml",
                                        "published.yml", "flags.yml",   "detection.yml",
                                        "markers.yml" };

    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++) {
        if (strcmp(name, data[i]) == 0)
            return false;
    }
    return hep_ends_with(name, ".yml");
}

int hep_config_find_protocol(char **path, const char *name, struct hep_error *err)
{
    struct hep_listing list = { 0 };
    struct hep_error missing = { 0 };
    struct hep_str known = { 0 };
    const char *names[64], *near;
    size_t n = 0;
    char *file = hep_asprintf(err, "%s.yml", name);
    int rc;

    if (file == NULL)
        return HEP_ENOMEM;
    rc = hep_config_is_protocol_file(file) ? hep_config_find(path, file, &missing) : HEP_ENOENT;
    if (rc != HEP_ENOENT || shipped_names(&list, NULL) != HEP_OK) {
        if (rc != HEP_OK)
            rc = HEP_FAIL(err, (enum hep_status)rc, "%s", missing.msg);
        goto out;
    }
    for (size_t i = 0; i < list.n && n < 64; i++) {
        if (list.is_dir[i] || !hep_config_is_protocol_file(list.names[i]))
            continue;
        list.names[i][strlen(list.names[i]) - strlen(".yml")] = '\0';
        names[n++] = list.names[i];
        hep_str_addf(&known, "%s%s", n > 1 ? ", " : "", list.names[i]);
    }
    near = hep_did_you_mean(name, names, n);
    rc = HEP_FAIL(err, HEP_ENOENT, "no protocol '%s'%s%s%s; shipped: %s", name,
                  near ? "; did you mean " : "", near ? near : "", near ? "?" : "",
                  known.s ? known.s : "none");
out:
    hep_str_release(&known);
    hep_listing_release(&list);
    free(file);
    return rc;
}
