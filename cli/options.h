/**
 * @file  cli/options.h
 * @brief Command line as constant tables: one row per option, one per positional argument, one per
 *        command. The tables parse, print --help, and write the manual
 * (docs/reference-commands.md).
 *
 * A command's options are one struct; its rows name the members through the macros below, which
 * check the member's type when compiling. Texts and lists borrow from argv. To add a command: write
 * its struct, tables and run function in cli/cmd_NAME.c, and name it in the table of
 * commands.
 */
#ifndef HEP_CLI_OPTIONS_H
#define HEP_CLI_OPTIONS_H

#include "base/error.h"
#include "base/log.h"
#include "base/text.h"
#include "base/field.h"

#include <stdbool.h>
#include <stddef.h>

/** Texts in the order given; the array is heap, released by hep_options_release(). */
struct hep_args {
    const char **items;
    size_t n;
};

enum hep_option_type {
    HEP_OPTION_FLAG,     /* bool */
    HEP_OPTION_TEXT,     /* const char *, NULL when not given */
    HEP_OPTION_INTEGER,  /* long, 0 when neither given nor preset */
    HEP_OPTION_NUMBER,   /* double, NAN when neither given nor preset */
    HEP_OPTION_FILE_IN,  /* const char *: existing file; its absence is HEP_ENOENT */
    HEP_OPTION_DIR_IN,   /* const char *: existing folder; its absence is HEP_ENOENT */
    HEP_OPTION_PATH_IN,  /* const char *: existing file or folder */
    HEP_OPTION_FILE_OUT, /* const char * */
    HEP_OPTION_DIR_OUT,  /* const char * */
    HEP_OPTION_CHOICE,   /* int: index into choices, -1 when neither given nor preset */
    HEP_OPTION_LIST,  /* struct hep_args: takes every argument up to the next option; repeatable */
    HEP_OPTION_REPEAT /* struct hep_args: one value each time it is given */
};

struct hep_option {
    const char *name; /* long name without dashes; NULL ends a table */
    char letter;      /* 0 for none */
    const char *arg;  /* name of its argument in the help; NULL for flags */
    enum hep_option_type type;
    double min, max;            /* inclusive, numbers only */
    const char *preset;         /* default as typed; NULL for none */
    const char *const *choices; /* NULL-terminated */
    const char *doc;
    size_t offset;
};

/** Positional arguments in order; only the last may repeat. Types FILE_IN, DIR_IN, PATH_IN,
 * DIR_OUT, FILE_OUT, TEXT, CHOICE; `many` stores to struct hep_args. */
struct hep_positional {
    const char *name; /* shown in capitals; NULL ends a table */
    enum hep_option_type type;
    bool optional, many;
    const char *const *choices;
    const char *doc;
    size_t offset;
};

#define HEP_OPT_FLAG(strct, member, name, letter, doc)                                             \
    {                                                                                              \
        name, letter, NULL, HEP_OPTION_FLAG, 0, 0, NULL, NULL, doc,                                \
            HEP_MEMBER(bool, strct, member)                                                        \
    }
#define HEP_OPT_INTEGER(strct, member, name, letter, arg, min, max, preset, doc)                   \
    {                                                                                              \
        name, letter, arg, HEP_OPTION_INTEGER, min, max, preset, NULL, doc,                        \
            HEP_MEMBER(long, strct, member)                                                        \
    }
/** Threads of one program. */
#define HEP_OPT_NTHREADS(strct)                                                                    \
    HEP_OPT_INTEGER(strct, nthreads, "nthreads", 0, "N", 1, 4096, NULL,                            \
                    "threads; without it SLURM_CPUS_PER_TASK, OMP_NUM_THREADS, or all processors")
/** The reader whose answers are the truth; member truth_desc. */
#define HEP_OPT_TRUTH_DESC(strct)                                                                  \
    HEP_OPT(TEXT, strct, truth_desc, "truth-desc", 0, "READER", NULL,                              \
            "the truth is what this reader said (hepar review --apply) of the studies in the "     \
            "folder of the truth; those without an answer are left out")
/** The reader whose lesions stand in the place of Hepar's; member truth_desc. */
#define HEP_OPT_AS_READ(strct)                                                                     \
    HEP_OPT(TEXT, strct, truth_desc, "truth-desc", 0, "READER", NULL,                              \
            "the lesions as this reader left them (hepar review --apply) instead of Hepar's")
#define HEP_OPT_NUMBER(strct, member, name, letter, arg, min, max, preset, doc)                    \
    {                                                                                              \
        name, letter, arg, HEP_OPTION_NUMBER, min, max, preset, NULL, doc,                         \
            HEP_MEMBER(double, strct, member)                                                      \
    }
#define HEP_OPT_CHOICE(strct, member, name, letter, arg, choices, preset, doc)                     \
    {                                                                                              \
        name, letter, arg, HEP_OPTION_CHOICE, 0, 0, preset, choices, doc,                          \
            HEP_MEMBER(int, strct, member)                                                         \
    }
#define HEP_OPT_LIST(strct, member, name, letter, arg, doc)                                        \
    {                                                                                              \
        name, letter, arg, HEP_OPTION_LIST, 0, 0, NULL, NULL, doc,                                 \
            HEP_MEMBER(struct hep_args, strct, member)                                             \
    }
#define HEP_OPT_REPEAT(strct, member, name, letter, arg, doc)                                      \
    {                                                                                              \
        name, letter, arg, HEP_OPTION_REPEAT, 0, 0, NULL, NULL, doc,                               \
            HEP_MEMBER(struct hep_args, strct, member)                                             \
    }
/* kind: TEXT, FILE_IN, DIR_IN, PATH_IN, FILE_OUT, DIR_OUT */
#define HEP_OPT(kind, strct, member, name, letter, arg, preset, doc)                               \
    {                                                                                              \
        name, letter, arg, HEP_OPTION_##kind, 0, 0, preset, NULL, doc,                             \
            HEP_MEMBER(const char *, strct, member)                                                \
    }

#define HEP_POS(kind, strct, member, name, doc)                                                    \
    {                                                                                              \
        name, HEP_OPTION_##kind, false, false, NULL, doc, HEP_MEMBER(const char *, strct, member)  \
    }
#define HEP_POS_OPTIONAL(kind, strct, member, name, doc)                                           \
    {                                                                                              \
        name, HEP_OPTION_##kind, true, false, NULL, doc, HEP_MEMBER(const char *, strct, member)   \
    }
#define HEP_POS_CHOICE(strct, member, name, choices, doc)                                          \
    {                                                                                              \
        name, HEP_OPTION_CHOICE, false, false, choices, doc, HEP_MEMBER(int, strct, member)        \
    }
/* One or more. */
#define HEP_POS_MANY(kind, strct, member, name, doc)                                               \
    {                                                                                              \
        name, HEP_OPTION_##kind, false, true, NULL, doc,                                           \
            HEP_MEMBER(struct hep_args, strct, member)                                             \
    }

/** Options that every command has; must be the first member, named `common`, of each command's
 * struct. */
struct hep_common_options {
    bool help, quiet, verbose, log_json;
};
const struct hep_option *hep_common_table(void);

struct hep_command;

/** What a command's run function is given. */
struct hep_cli {
    FILE *out; /* results; main checks that it closes */
    struct hep_log *log;
    int argc; /* the whole command line, for run.json */
    char **argv;
    const struct hep_command *const *commands; /* NULL at the end */
};

struct hep_command {
    const char *name;                         /* "run", "protocol check"; NULL ends a table */
    const char *summary;                      /* one line */
    const char *detail;                       /* paragraphs for the help, or NULL */
    const struct hep_option *options;         /* ends with { 0 }; may be NULL */
    const struct hep_positional *positionals; /* ends with { 0 }; may be NULL */
    size_t options_size;                      /* sizeof the command's struct */
    /** @param[in] options the command's struct, filled. @return a status; main maps it to an exit
     * code. */
    int (*run)(const void *options, struct hep_cli *cli, struct hep_error *err);
    const char *const *examples; /* NULL-terminated lines "hepar run STUDY"; may be NULL */
};

/**
 * The command that argv[1] (and argv[2] for two-word names) names.
 * @param[out] used number of words after argv[0] that belong to the name
 * @return HEP_OK; HEP_EUSAGE (none given, unknown with "did you mean")
 */
int hep_command_find(const struct hep_command **out, int *used,
                     const struct hep_command *const *commands, int argc, char *const *argv,
                     struct hep_error *err) HEP_MUST_CHECK;

/** "fit adc" is in the group "fit". */
bool hep_command_in_group(const struct hep_command *c, const char *group);

/**
 * Fill a command's struct.
 * @param[out] options command->options_size bytes, zeroed and filled here; release also after
 * failure
 * @param[in]  argc, argv words after the command's name
 * @return HEP_OK (also when --help is given, which is not checked further: see common.help);
 *         HEP_EUSAGE, HEP_ENOENT, HEP_ENOMEM
 * Not thread-safe (getopt_long).
 */
int hep_options_parse(void *options, const struct hep_command *command, int argc, char *const *argv,
                      struct hep_error *err) HEP_MUST_CHECK;
void hep_options_release(void *options, const struct hep_command *command);

/** `hepar COMMAND --help`, as text of at most 80 columns. */
void hep_command_help(struct hep_str *out, const struct hep_command *command);
/** `hepar fit --help`: the commands of a group. @return false, and no text, when there are none */
bool hep_group_help(struct hep_str *out, const struct hep_command *const *commands,
                    const char *group);
/** `hepar --help`: the list of commands and the exit codes. */
void hep_commands_help(struct hep_str *out, const struct hep_command *const *commands);

#endif
