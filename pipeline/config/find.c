#include "base/file.h"
#include "pipeline/config/config.h"

#include <stdlib.h>

#ifndef HEP_CONFIG_DIR
#error "HEP_CONFIG_DIR (source) and HEP_CONFIG_INSTALL_DIR must be defined by the build"
#endif

/* Folders that may hold shipped files, in order of preference. */
static size_t config_dirs(const char *dirs[3])
{
    const char *own = getenv("HEPAR_CONFIGS");
    size_t n = 0;

    if (own && own[0])
        dirs[n++] = own;
    dirs[n++] = HEP_CONFIG_DIR;
    dirs[n++] = HEP_CONFIG_INSTALL_DIR;
    return n;
}

int hep_config_find(char **path, const char *file_name, struct hep_error *err)
{
    const char *dirs[3];
    struct hep_str searched = { 0 };
    size_t n = config_dirs(dirs);
    int rc;

    for (size_t i = 0; i < n; i++) {
        char *candidate = hep_path_join(dirs[i], file_name);

        if (candidate == NULL) {
            rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
            goto out;
        }
        if (hep_is_file(candidate)) {
            *path = candidate;
            rc = HEP_OK;
            goto out;
        }
        free(candidate);
        hep_str_addf(&searched, "%s%s", i ? ", " : "", dirs[i]);
    }
    rc = HEP_FAIL(err, HEP_ENOENT, "no %s in %s (set HEPAR_CONFIGS to its folder)", file_name,
                  searched.s ? searched.s : "?");
out:
    hep_str_release(&searched);
    return rc;
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
    static const char *const data[] = { "agents.yml", "tissues.yml", "evidence.yml",
                                        "published.yml" };

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
    char *file = hep_asprintf("%s.yml", name);
    int rc;

    if (file == NULL)
        return HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
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
