/* Runs a fuzz target over stored inputs, and over the beginnings of each of them: a file that was
 * cut short is the commonest damage. Arguments are folders. */
#include "fuzz/fuzz.h"

#include "base/file.h"

#include <signal.h>

enum { LARGEST_INPUT = 16 << 20, PREFIXES = 64 };

/* A copy of exactly n bytes lets the sanitizer see a read past the end. */
static bool replay_bytes(const char *data, size_t n)
{
    uint8_t *copy = malloc(n ? n : 1);

    if (copy == NULL)
        return false;
    (void)memcpy(copy, data, n);
    (void)LLVMFuzzerTestOneInput(copy, n);
    free(copy);
    return true;
}

static int replay_file(const char *path, struct hep_error *err)
{
    char *data = NULL;
    size_t n = 0;
    bool ok = true;
    int rc;

    rc = hep_file_read(&data, &n, path, LARGEST_INPUT, err);
    if (rc != HEP_OK)
        return rc;
    for (size_t i = 0; ok && i <= PREFIXES; i++)
        ok = replay_bytes(data, n / PREFIXES * i + n % PREFIXES * i / PREFIXES);
    free(data);
    return ok ? HEP_OK : HEP_FAIL(err, HEP_ENOMEM, "out of memory to replay %s", path);
}

static int replay_folder(size_t *count, const char *folder, struct hep_error *err)
{
    struct hep_listing list = { 0 };
    int rc;

    rc = hep_listing_read(&list, folder, err);
    for (size_t i = 0; rc == HEP_OK && i < list.n; i++) {
        char *path = hep_path_join(folder, list.names[i], NULL);

        rc = path ? replay_file(path, err) : HEP_FAIL(err, HEP_ENOMEM, "out of memory");
        free(path);
        (*count)++;
    }
    hep_listing_release(&list);
    return rc;
}

int main(int argc, char **argv)
{
    struct hep_error e = { 0 };
    size_t count = 0;

    (void)signal(SIGXFSZ, SIG_IGN);
    for (int i = 1; i < argc; i++) {
        if (replay_folder(&count, argv[i], &e) != HEP_OK) {
            (void)fprintf(stderr, "%s\n", e.msg);
            return EXIT_FAILURE;
        }
    }
    (void)printf("%zu inputs replayed\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
