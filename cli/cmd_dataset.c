#include "cli/commands.h"

#include "datasets/public_set.h"

struct dataset_options {
    struct hep_common_options common;
    const char *name, *source, *bids_dir;
    int links, spacing;
};

#define S struct dataset_options
static const char *const ways[] = { "auto", "hard", "symbolic", "copy", NULL };
static const char *const trusted[] = { "check", "header", "annotation", NULL };

static const struct hep_option options[] = {
    HEP_OPT_CHOICE(S, links, "links", 0, "HOW", ways, "auto",
                   "how images come into the dataset: hard links, symbolic ones (a run then needs "
                   "--follow-links; hepar validate gives it), copies; auto: hard, symbolic across "
                   "file systems, else copies"),
    HEP_OPT_CHOICE(S, spacing, "spacing", 0, "WHICH", trusted, "check",
                   "where the file of boxes states other sizes of voxels than an image's header: "
                   "refuse the set, or say which counts"),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(TEXT, S, name, "name",
            "the set: lld-mmri, chaos, amos22-mr, liverhccseg, atlas, cirrmri600, duke-liver, "
            "totalsegmentator-mri, or a description of your own (.yml)"),
    HEP_POS(DIR_IN, S, source, "source", "folder of the set as it was downloaded and unpacked"),
    HEP_POS(DIR_OUT, S, bids_dir, "bids_dir", "folder of the dataset; made, or made again"),
    { 0 },
};

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const S *o = given;
    struct hep_set set = { 0 };
    struct hep_public_made made = { 0 };
    int rc = hep_set_find(&set, o->name, err);
    const struct hep_public_request q = { .set = &set,
                                          .source = o->source,
                                          .bids_dir = o->bids_dir,
                                          .way = (enum hep_carry)o->links,
                                          .spacing = (enum hep_spacing_trust)o->spacing,
                                          .log = cli->log };

    if (rc == HEP_OK)
        rc = hep_public_set_make(&made, &q, err);
    if (rc == HEP_OK) {
        (void)fprintf(
            cli->out,
            "%s: %zu studies of %zu cases, %zu left out; %zu images (%s), %zu series missing, %zu "
            "lesions with boxes\n",
            set.name, made.n_studies, made.n_cases, made.n_excluded, made.n_series,
            made.way == HEP_CARRY_COPY       ? "some are copies"
            : made.way == HEP_CARRY_SYMBOLIC ? "symbolic links"
                                             : "hard links",
            made.n_missing, made.n_lesions);
        (void)fprintf(cli->out, "%s\nterms: %s\n", set.citation, set.terms);
    }
    hep_set_release(&set);
    return rc;
}

static const char *const examples[] = { "hepar dataset lld-mmri /data/LLD-MMRI bids",
                                        "hepar dataset ./ours.yml /data/ours bids", NULL };

const struct hep_command hep_cmd_dataset = {
    "dataset",
    "a public set of patients as BIDS with its truth",
    "Images are linked, not copied. Each study has a study.yml with its roles, the truth stands in "
    "derivatives/truth as hepar evaluate reads it, and participants.tsv says what is missing. A "
    "set "
    "that is not laid out as described is refused with what differs. Which sets, what is known of "
    "them and where to ask: docs/validation.md.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};
