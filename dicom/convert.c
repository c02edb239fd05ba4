#include "dicom/convert.h"

#include "base/file.h"
#include "base/text.h"
#include "dicom/program.h"
#include "sequences/lines.h"

#include <errno.h>
#include <unistd.h>

enum { MAX_CONSOLE_BYTES = 16 << 20, MOST_MESSAGES = 20 };

void hep_conversion_release(struct hep_conversion *c)
{
    hep_lines_release(&c->stems);
    hep_lines_release(&c->messages);
    free(c->version);
    *c = (struct hep_conversion){ 0 };
}

static int make_empty(const char *folder, struct hep_error *err)
{
    int rc = hep_is_dir(folder) ? hep_remove_tree(folder, err) : HEP_OK;

    return rc == HEP_OK ? hep_mkdir_p(folder, err) : rc;
}

static int make_links(const char *folder, const struct hep_lines *files, struct hep_error *err)
{
    int rc = make_empty(folder, err);

    for (size_t i = 0; rc == HEP_OK && i < files->n; i++) {
        char *target = realpath(files->line[i], NULL);
        char *link = hep_asprintf(err, "%s/%06zu", folder, i + 1);

        if (target == NULL || link == NULL || symlink(target, link) != 0)
            rc = HEP_FAIL(err, HEP_ECREAT, "%s: cannot link to it: %s", files->line[i],
                          strerror(errno));
        free(target);
        free(link);
    }
    return rc;
}

/* The part of a message that names no file of ours. */
static int take_message(struct hep_conversion *out, const char *line, struct hep_error *err)
{
    static const char version[] = "version v";
    const char *v = strstr(line, version);

    if (v != NULL && out->version == NULL) {
        const char *from = v + sizeof version - 2;

        out->version = hep_asprintf(err, "%.*s", (int)strcspn(from, " "), from);
        return out->version != NULL ? HEP_OK : HEP_ENOMEM;
    }
    if (!hep_starts_with(line, "Warning:") && !hep_starts_with(line, "Error:"))
        return HEP_OK;
    if (strchr(line, '/') != NULL || out->messages.n >= MOST_MESSAGES)
        return HEP_OK;
    for (size_t i = 0; i < out->messages.n; i++)
        if (strcmp(out->messages.line[i], line) == 0)
            return HEP_OK;
    return hep_lines_addf(&out->messages, err, "%s", line);
}

static int read_console(struct hep_conversion *out, const char *console, struct hep_error *err)
{
    char *text = NULL;
    size_t n = 0;
    int rc = hep_file_read(&text, &n, console, MAX_CONSOLE_BYTES, err);

    for (char *line = text, *next; rc == HEP_OK && line != NULL; line = next) {
        next = strchr(line, '\n');
        if (next != NULL)
            *next++ = '\0';
        rc = take_message(out, line, err);
    }
    free(text);
    return rc;
}

static int list_images(struct hep_lines *stems, const char *folder, struct hep_error *err)
{
    struct hep_listing list = { 0 };
    int rc = hep_listing_read(&list, folder, err);

    for (size_t i = 0; rc == HEP_OK && i < list.n; i++)
        if (hep_ends_with(list.names[i], ".nii"))
            rc = hep_lines_addf(stems, err, "%s/%.*s", folder, (int)strlen(list.names[i]) - 4,
                                list.names[i]);
    hep_listing_release(&list);
    return rc;
}

int hep_convert_series(struct hep_conversion *out, const struct hep_lines *files, const char *name,
                       const char *work, struct hep_error *err)
{
    char *links = hep_path_join(work, "links", err),
         *folder = hep_path_join(work, "converted", err),
         *console = hep_path_join(work, "dcm2niix.txt", err);
    /* Sidecars with what BIDS asks; no compression, cropping or turning of voxels; the scaling of
     * Philips that keeps quantities; nothing from a file of defaults in the user's home. */
    const char *argv[] = { "dcm2niix", "-b", "y",  "-ba", "y",    "-z",  "n",  "-x", "i",
                           "-p",       "y",  "-l", "o",   "-g",   "i",   "-w", "2",  "-d",
                           "0",        "-f", name, "-o",  folder, links, NULL };
    struct hep_process_end end;
    int rc = links != NULL && folder != NULL && console != NULL ? HEP_OK : HEP_ENOMEM;

    if (rc == HEP_OK)
        rc = make_links(links, files, err);
    if (rc == HEP_OK)
        rc = make_empty(folder, err);
    if (rc == HEP_OK) {
        struct hep_error ended = { 0 };

        rc = hep_program_run(&end, argv, console, "dcm2niix", &ended);
        if (rc == HEP_EDATA)
            rc = hep_lines_addf(&out->messages, err, "Error: %s", ended.msg);
        else if (rc != HEP_OK)
            rc = HEP_FAIL(err, ended.code, "%s", ended.msg);
    }
    if (rc == HEP_OK)
        rc = read_console(out, console, err);
    if (rc == HEP_OK)
        rc = list_images(&out->stems, folder, err);
    free(links);
    free(folder);
    free(console);
    return rc;
}
