/**
 * @file  support/support.h
 * @brief What every test program shares: close comparison, temporary folders, and a table of cases
 * as one cmocka test per row.
 */
#ifndef HEP_TESTS_SUPPORT_H
#define HEP_TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "image/volume.h"

/** |got - want| <= abs + rel * |want|; fails on NaN unless both are NaN; prints 17 digits. */
#define assert_close(got, want, rel, abs)                                                          \
    hep_assert_close((double)(got), (double)(want), (rel), (abs), #got, __FILE__, __LINE__)
void hep_assert_close(double got, double want, double rel, double abs_tol, const char *what,
                      const char *file, int line);

/** HEP_OK, or print the message of `e` and fail. */
#define assert_ok(rc, e) hep_assert_ok((rc), &(e), #rc, __FILE__, __LINE__)
void hep_assert_ok(int rc, const struct hep_error *e, const char *what, const char *file, int line);

/** Status is `code`, and the message holds `part` (NULL: any non-empty message). Clears the error.
 */
#define assert_fails(rc, e, code, part)                                                            \
    hep_assert_fails((rc), &(e), (code), (part), #rc, __FILE__, __LINE__)
void hep_assert_fails(int rc, struct hep_error *e, enum hep_status code, const char *part,
                      const char *what, const char *file, int line);

/** A new empty folder; the heap path is the caller's. Removed with all content by hep_test_rmdir().
 */
char *hep_test_mkdir(void);
void hep_test_rmdir(char *path);

/** Axis-aligned grid with this spacing, origin such that the centre of the grid is at world 0. */
struct hep_grid hep_test_grid(size_t nx, size_t ny, size_t nz, double dx, double dy, double dz);

#endif
