#include "cli/commands.h"

#include "dicom/export.h"
#include "pipeline/study.h"

struct export_options {
    struct hep_common_options common;
    const char *study_out, *dicom, *folder, *what, *send, *truth_desc;
    long nthreads;
};

#define S struct export_options
static const struct hep_option options[] = {
    HEP_OPT(PATH_IN, S, dicom, "dicom", 0, "DICOM", NULL,
            "the original images: folder, zip or tar that hepar import read"),
    HEP_OPT(DIR_OUT, S, folder, "out", 'o', "DIR", NULL, "where to write the objects"),
    HEP_OPT(TEXT, S, what, "what", 0, "LIST", "seg,sr",
            "seg: segmentation of liver, organs and lesions; sr: structured report TID 1500, which "
            "refers to the segmentation; maps: Parametric Maps of ADC, D, f, D*, K, fat, R2* and "
            "enhancement, as far as the study has them; mr: the same as derived MR images, for "
            "archives that show nothing younger"),
    HEP_OPT_AS_READ(S),
    HEP_OPT(TEXT, S, send, "send", 0, "AET@HOST:PORT", NULL,
            "send the objects to an archive by C-STORE when all are written"),
    HEP_OPT_INTEGER(S, nthreads, "nthreads", 0, "N", 1, 4096, NULL,
                    "threads; without it SLURM_CPUS_PER_TASK, OMP_NUM_THREADS, or all processors"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(DIR_IN, S, study_out, "study_out_dir", "results of one study: OUT/sub-01[/ses-1]"),
    { 0 },
};

static const char *const examples[] = {
    "hepar export out/sub-01/ses-1 --dicom /media/cdrom -o dicom-out",
    "hepar export out/sub-01/ses-1 --dicom cd.zip -o dicom-out --send PACS@10.0.0.5:104", NULL
};

/* "seg,sr,maps,mr" */
static int parse_what(struct hep_export_settings *s, const char *text, struct hep_error *err)
{
    const struct {
        const char *word;
        bool *wanted;
    } words[] = { { "seg", &s->seg }, { "sr", &s->sr }, { "maps", &s->maps }, { "mr", &s->mr } };

    while (*text != '\0') {
        const size_t n = strcspn(text, ",");
        bool is_known = false;

        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            if (strlen(words[i].word) == n && strncmp(text, words[i].word, n) == 0)
                is_known = *words[i].wanted = true;
        if (!is_known)
            return HEP_FAIL(err, HEP_EUSAGE, "--what %.*s: seg, sr, maps and mr are allowed",
                            (int)n, text);
        text += n + (text[n] == ',');
    }
    return s->seg || s->sr || s->maps || s->mr ? HEP_OK
                                               : HEP_FAIL(err, HEP_EUSAGE, "--what names nothing");
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const S *o = given;
    struct hep_export_settings settings = { .study_out = o->study_out,
                                            .dicom = o->dicom,
                                            .folder = o->folder,
                                            .reader = o->truth_desc,
                                            .send = o->send,
                                            .nthreads = o->nthreads > 0 ? (int)o->nthreads
                                                                        : hep_default_nthreads() };
    int rc;

    if (o->dicom == NULL || o->folder == NULL)
        return HEP_FAIL(err, HEP_EUSAGE, "--dicom DICOM and -o DIR are needed");
    rc = parse_what(&settings, o->what, err);
    if (rc == HEP_OK)
        rc = hep_dicom_export(&settings, cli->log, err);
    if (rc == HEP_OK)
        (void)fprintf(cli->out, "%s: %s\n", o->what, o->folder);
    return rc;
}

const struct hep_command hep_cmd_export = {
    "export",
    "results as DICOM, beside the original images",
    "Writes a DICOM segmentation, a structured report and maps that refer to the original images, "
    "with "
    "the "
    "patient and study of these: see docs/dicom.md. The same results give the same objects. "
    "Research "
    "use only: a flag is evidence with its reason, never a diagnosis.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};
