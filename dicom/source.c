#include "dicom/source.h"

#include "base/file.h"
#include "base/text.h"
#include "dicom/program.h"
#include "sequences/lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Deeper than any archive of a scanner, and an end for folders that contain themselves. */
enum { DEEPEST = 24, PREAMBLE = 128 };
enum kind { OTHER, DICOM, FOLDER };

/* PS3.10 7.1: 128 bytes of preamble, then "DICM". Older objects begin with group 0008 in little
 * endian, implicit or explicit. */
static bool begins_as_dicom(const char *path)
{
    unsigned char bytes[PREAMBLE + 4];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    ssize_t n = fd >= 0 ? read(fd, bytes, sizeof bytes) : -1;

    if (fd >= 0)
        (void)close(fd);
    if (n == (ssize_t)sizeof bytes && memcmp(bytes + PREAMBLE, "DICM", 4) == 0)
        return true;
    return n > 8 && bytes[0] == 8 && bytes[1] == 0 && bytes[3] == 0 && bytes[2] <= 0x18 &&
           bytes[2] % 4 == 0;
}

static enum kind kind_of(const char *path)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return OTHER;
    if (S_ISDIR(st.st_mode))
        return FOLDER;
    return S_ISREG(st.st_mode) && begins_as_dicom(path) ? DICOM : OTHER;
}

static int add_file(struct hep_lines *paths, const char *path, struct hep_error *err)
{
    if (strcmp(hep_path_base(path), "DICOMDIR") == 0)
        return HEP_OK;
    return hep_lines_addf(paths, err, "%s", path);
}

/* A list of folders that grows while it is walked stands for recursion; `depth` counts rounds. */
static int walk(struct hep_lines *paths, const char *root, struct hep_error *err)
{
    struct hep_lines level = { 0 }, below = { 0 };
    int rc = hep_lines_addf(&level, err, "%s", root);

    for (int depth = 0; rc == HEP_OK && level.n > 0 && depth < DEEPEST; depth++) {
        for (size_t f = 0; rc == HEP_OK && f < level.n; f++) {
            struct hep_listing list = { 0 };

            rc = hep_listing_read(&list, level.line[f], err);
            for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
                char *path = hep_path_join(level.line[f], list.names[i], err);
                enum kind kind = path != NULL ? kind_of(path) : OTHER;

                if (path == NULL)
                    rc = HEP_ENOMEM;
                else if (kind == FOLDER)
                    rc = hep_lines_addf(&below, err, "%s", path);
                else if (kind == DICOM)
                    rc = add_file(paths, path, err);
                free(path);
            }
            hep_listing_release(&list);
        }
        hep_lines_release(&level);
        level = below;
        below = (struct hep_lines){ 0 };
    }
    hep_lines_release(&level);
    hep_lines_release(&below);
    return rc;
}

/* bsdtar refuses names that lead out of the folder, and asks for no password. */
static int unpack(const char *archive, const char *folder, const char *console,
                  struct hep_error *err)
{
    const char *argv[] = {
        "bsdtar", "-x", "-f", archive, "-C", folder, "--no-same-owner", "--no-same-permissions",
        NULL
    };
    struct hep_process_end end;
    int rc = hep_mkdir_p(folder, err);

    if (rc == HEP_OK)
        rc = hep_program_run(&end, argv, console, "libarchive-tools", err);
    if (rc == HEP_OK && end.code != 0)
        return HEP_FAIL(err, HEP_EDATA,
                        "%s: is neither a folder nor a zip or tar that can be unpacked whole",
                        archive);
    return rc;
}

int hep_dicom_find_files(struct hep_lines *paths, const char *source, const char *work,
                         struct hep_error *err)
{
    char *folder = NULL, *console = NULL;
    int rc = HEP_OK;

    if (!hep_is_dir(source)) {
        folder = hep_path_join(work, "unpacked", err);
        console = hep_path_join(work, "bsdtar.txt", err);
        rc = folder != NULL && console != NULL ? unpack(source, folder, console, err) : HEP_ENOMEM;
    }
    if (rc == HEP_OK)
        rc = walk(paths, folder != NULL ? folder : source, err);
    if (rc == HEP_OK && paths->n == 0)
        rc = HEP_FAIL(err, HEP_EDATA, "%s: holds no DICOM file", source);
    free(folder);
    free(console);
    return rc;
}
