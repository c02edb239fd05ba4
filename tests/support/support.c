#include "support/support.h"

#include "base/file.h"

#include <math.h>
#include <stdlib.h>

void hep_assert_close(double got, double want, double rel, double abs_tol, const char *what,
                      const char *file, int line)
{
    if (isnan(got) && isnan(want))
        return;
    if (!(fabs(got - want) <= abs_tol + rel * fabs(want))) {
        print_error("%s: got %.17g, want %.17g (rel %g, abs %g)\n", what, got, want, rel, abs_tol);
        _fail(file, line);
    }
}

void hep_assert_ok(int rc, const struct hep_error *e, const char *what, const char *file, int line)
{
    if (rc != HEP_OK) {
        print_error("%s: status %d: %s\n", what, rc, e->msg);
        _fail(file, line);
    }
}

void hep_assert_fails(int rc, struct hep_error *e, enum hep_status code, const char *part,
                      const char *what, const char *file, int line)
{
    bool ok = rc == (int)code && e->code == code && e->msg[0] != '\0' &&
              (part == NULL || strstr(e->msg, part) != NULL);

    if (!ok) {
        print_error("%s: got status %d \"%s\", want %d with \"%s\"\n", what, rc, e->msg, (int)code,
                    part ? part : "");
        _fail(file, line);
    }
    *e = (struct hep_error){ 0 };
}

char *hep_test_mkdir(void)
{
    const char *base = getenv("TMPDIR");
    char path[512];
    char *copy;

    (void)snprintf(path, sizeof path, "%s/hepar-test-XXXXXX", base ? base : "/tmp");
    if (mkdtemp(path) == NULL)
        return NULL;
    copy = malloc(strlen(path) + 1);
    if (copy != NULL)
        (void)memcpy(copy, path, strlen(path) + 1);
    return copy;
}

void hep_test_rmdir(char *path)
{
    struct hep_error e = { 0 };

    if (path != NULL && hep_remove_tree(path, &e) != HEP_OK)
        print_error("%s\n", e.msg);
    free(path);
}

struct hep_grid hep_test_grid(size_t nx, size_t ny, size_t nz, double dx, double dy, double dz)
{
    struct hep_grid g = { .n = { nx, ny, nz } };

    g.to_world[0][0] = dx;
    g.to_world[1][1] = dy;
    g.to_world[2][2] = dz;
    g.to_world[3][3] = 1.0;
    g.to_world[0][3] = -0.5 * dx * (double)(nx - 1);
    g.to_world[1][3] = -0.5 * dy * (double)(ny - 1);
    g.to_world[2][3] = -0.5 * dz * (double)(nz - 1);
    return g;
}
