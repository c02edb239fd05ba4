/**
 * @file  base/file.h
 * @brief Reading whole files with a bound, and writing them so that a name never holds half a file.
 *
 * A written file goes to a hidden temporary name in the same folder (.NAME.PID-K.tmp), is flushed
 * with fsync, and is renamed; then the folder is flushed. A failure at any point removes the
 * temporary file and leaves an earlier file of that name untouched.
 */
#ifndef HEP_BASE_FILE_H
#define HEP_BASE_FILE_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Read a regular file.
 * @param[out] data heap, n bytes plus one terminating zero byte that is not counted; the caller's
 * @param[in]  max  largest size allowed [bytes]
 * @return HEP_OK; HEP_ENOENT, HEP_EIO, HEP_EFORMAT (too large, not a regular file), HEP_ENOMEM.
 *         The message names the path.
 */
int hep_file_read(char **data, size_t *n, const char *path, size_t max,
                  struct hep_error *err) HEP_MUST_CHECK;

/**
 * Open a regular file for reading.
 * @param[out] fd   the caller's to close()
 * @param[out] size as the file system tells it [bytes]; 0 where it does not know
 * @return HEP_OK; HEP_ENOENT, HEP_EIO, HEP_EFORMAT (not a regular file)
 */
int hep_file_open(int *fd, size_t *size, const char *path, struct hep_error *err) HEP_MUST_CHECK;

/**
 * Open a new file that grows under its own name, such as a log: for all else hep_outfile.
 * What had the name before is removed and never written through, so that the target of a link
 * stays as it is.
 * @param[out] fd the caller's to close(), write only
 * @return HEP_ECREAT when it cannot be created, also when the name is a folder's
 */
int hep_file_create(int *fd, const char *path, struct hep_error *err) HEP_MUST_CHECK;

/** A file being written. Start with `{ 0 }`. */
struct hep_outfile {
    FILE *stream; /* borrowed: write here, buffered */
    char *path, *tmp;
};
/** @return HEP_ECREAT when the folder is missing or not writable. */
int hep_outfile_open(struct hep_outfile *f, const char *path, struct hep_error *err) HEP_MUST_CHECK;
/** Flush, fsync, rename. On failure the temporary file is gone. HEP_EIO names the path (disk
 * full...). */
int hep_outfile_commit(struct hep_outfile *f, struct hep_error *err) HEP_MUST_CHECK;
/** Remove the temporary file; harmless after commit or on { 0 }. */
void hep_outfile_abort(struct hep_outfile *f);

/** DIR/NAME in one call, with a text that is emptied and released in any case. HEP_ENOMEM when an
 * append to it had failed. */
struct hep_str;
int hep_str_write(struct hep_str *text, const char *dir, const char *name,
                  struct hep_error *err) HEP_MUST_CHECK;

/** All of the above in one call. */
int hep_file_write(const char *path, const void *data, size_t n,
                   struct hep_error *err) HEP_MUST_CHECK;

/** Remove the temporary files that killed processes of this host left in a folder; those of living
 * ones stay. */
void hep_file_sweep(const char *dir);

/** Create a folder and its parents, mode 0777 & ~umask. HEP_ECREAT with the path on failure. */
int hep_mkdir_p(const char *path, struct hep_error *err) HEP_MUST_CHECK;

bool hep_is_file(const char *path);
bool hep_is_dir(const char *path);
/** True when there is something of this name that is neither file nor folder: a pipe, a socket, a
 * device, or a link to one. hep_file_open() refuses it without waiting for a writer. */
bool hep_is_special(const char *path);
/** True for a symbolic link, wherever it leads. */
bool hep_is_link(const char *path);
/** True for a link to nothing. */
bool hep_is_dangling(const char *path);

/** Heap "a/b" (one slash); NULL when out of memory. */
char *hep_path_join(const char *a, const char *b, struct hep_error *err);
/** Borrowed tail after the last slash. */
const char *hep_path_base(const char *path);

/** Names in a folder, sorted by hep_natural_cmp, without "." and "..". */
struct hep_listing {
    char **names;
    bool *is_dir, *is_special; /* as hep_is_dir(), hep_is_special() */
    size_t n;
};
/** Start with `{ 0 }`. HEP_ENOENT when the folder is missing, HEP_EIO when unreadable. */
int hep_listing_read(struct hep_listing *out, const char *dir,
                     struct hep_error *err) HEP_MUST_CHECK;
void hep_listing_release(struct hep_listing *l);

/** Remove a folder with all that is in it; never follows symbolic links. */
int hep_remove_tree(const char *path, struct hep_error *err) HEP_MUST_CHECK;

#endif
