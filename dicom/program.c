#include "dicom/program.h"

#include "pipeline/stop.h"

#include <stdlib.h>

/* A series of 10,000 images converts within a minute: what takes longer hangs. */
static const double longest_s = 1800.0;

int hep_program_run(struct hep_process_end *end, const char *const *argv, const char *output,
                    const char *package, struct hep_error *err)
{
    static const char *const env[] = { "LC_ALL=C", NULL };
    struct hep_process_opts opts = { .output = output, .set_env = env, .own_group = true };
    struct hep_process process = { 0 };
    char *program = hep_process_find(argv[0]);
    int rc;

    if (program == NULL)
        return HEP_FAIL(err, HEP_ENOENT, "%s: no such program: install the Debian package %s",
                        argv[0], package);
    free(program);
    rc = hep_process_start(&process, argv, &opts, err);
    if (rc != HEP_OK)
        return rc;
    hep_process_wait(&process, end, longest_s, hep_stop_flag());
    if (*hep_stop_flag())
        return HEP_FAIL(err, HEP_ETEMP, "interrupted while %s was running", argv[0]);
    if (end->timed_out)
        return HEP_FAIL(err, HEP_EDATA, "%s was stopped after %g s", argv[0], longest_s);
    if (!end->exited)
        return HEP_FAIL(err, HEP_EDATA, "%s was ended by signal %d", argv[0], end->signal);
    return HEP_OK;
}
