#include "cli/options.h"

#include "base/alloc.h"
#include "base/file.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>

#define OPTIONS_MAX 64
#define CODE_BASE 1000 /* getopt's value of the i-th option */

static const struct hep_option common_rows[] = {
    HEP_OPT_FLAG(struct hep_common_options, help, "help", 'h', "show this help and stop"),
    HEP_OPT_FLAG(struct hep_common_options, quiet, "quiet", 'q', "log errors only"),
    HEP_OPT_FLAG(struct hep_common_options, verbose, "verbose", 'v', "log details as well"),
    HEP_OPT_FLAG(struct hep_common_options, log_json, "log-json", 0,
                 "write the log as one JSON object per line"),
    { 0 },
};

const struct hep_option *hep_common_table(void)
{
    return common_rows;
}

/* ---- commands -------------------------------------------------------------------------------- */

static int unknown_command(const struct hep_command *const *commands, const char *word,
                           struct hep_error *err)
{
    const char *names[OPTIONS_MAX], *near;
    size_t n = 0;

    if (*word == '-') {
        static const char *const general[] = { "--help", "--version" };

        near = hep_did_you_mean(word, general, sizeof general / sizeof general[0]);
        return HEP_FAIL(err, HEP_EUSAGE, "unknown option '%s'%s%s%s (see hepar --help)", word,
                        near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    }
    for (; *commands && n < OPTIONS_MAX; commands++)
        names[n++] = (*commands)->name;
    near = hep_did_you_mean(word, names, n);
    return HEP_FAIL(err, HEP_EUSAGE, "unknown command '%s'%s%s%s (see hepar --help)", word,
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

bool hep_command_in_group(const struct hep_command *c, const char *group)
{
    size_t n = strlen(group);

    return strncmp(c->name, group, n) == 0 && c->name[n] == ' ';
}

/* "fit" alone, or followed by an option: the words that may follow it. */
static int incomplete_command(const struct hep_command *const *commands, const char *group,
                              struct hep_error *err)
{
    struct hep_str second = { 0 };
    int rc;

    for (; *commands; commands++)
        if (hep_command_in_group(*commands, group))
            hep_str_addf(&second, "%s%s", second.len > 0 ? ", " : "",
                         (*commands)->name + strlen(group) + 1);
    rc = hep_str_check(&second, err);
    if (rc == HEP_OK)
        rc = HEP_FAIL(err, HEP_EUSAGE,
                      "unknown command '%s': one of %s follows (see hepar %s --help)", group,
                      second.s, group);
    hep_str_release(&second);
    return rc;
}

int hep_command_find(const struct hep_command **out, int *used,
                     const struct hep_command *const *commands, int argc, char *const *argv,
                     struct hep_error *err)
{
    char two[96];
    const struct hep_command *const *all = commands;
    bool first_known = false;

    if (argc < 2)
        return HEP_FAIL(err, HEP_EUSAGE, "no command given (see hepar --help)");
    (void)snprintf(two, sizeof two, "%s %s", argv[1], argc > 2 ? argv[2] : "");
    for (; *commands; commands++) {
        const struct hep_command *c = *commands;

        if (argc > 2 && strcmp(c->name, two) == 0) {
            *out = c;
            *used = 2;
            return HEP_OK;
        }
        if (strcmp(c->name, argv[1]) == 0) {
            *out = c;
            *used = 1;
            return HEP_OK;
        }
        first_known = first_known || hep_command_in_group(c, argv[1]);
    }
    if (first_known && (argc == 2 || *argv[2] == '-'))
        return incomplete_command(all, argv[1], err);
    return unknown_command(all, first_known ? two : argv[1], err);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void *member(void *options, size_t offset)
{
    return (char *)options + offset;
}

static int add_item(struct hep_args *args, const char *item, struct hep_error *err)
{
    if (HEP_GROW(args->items, args->n, err) != HEP_OK)
        return HEP_ENOMEM;
    args->items[args->n++] = item;
    return HEP_OK;
}

static int check_choice(int *out, const char *label, const char *const *choices, const char *text,
                        struct hep_error *err)
{
    struct hep_str all = { 0 };
    const char *near;
    size_t n = 0;
    int rc;

    for (; choices[n]; n++) {
        if (strcmp(choices[n], text) == 0) {
            *out = (int)n;
            return HEP_OK;
        }
    }
    for (size_t i = 0; i < n; i++)
        hep_str_addf(&all, "%s%s", i ? ", " : "", choices[i]);
    near = hep_did_you_mean(text, choices, n);
    rc = HEP_FAIL(err, HEP_EUSAGE, "%s: met '%s'; wanted is one of %s%s%s%s", label, text,
                  all.s ? all.s : "none", near ? "; did you mean " : "", near ? near : "",
                  near ? "?" : "");
    hep_str_release(&all);
    return rc;
}

static int check_path(enum hep_option_type type, const char *label, const char *text,
                      struct hep_error *err)
{
    bool is_file = hep_is_file(text), is_dir = hep_is_dir(text);

    if (text[0] == '\0')
        return HEP_FAIL(err, HEP_EUSAGE, "%s: the name is empty", label);
    if ((type == HEP_OPTION_FILE_IN || type == HEP_OPTION_PATH_IN) && hep_is_special(text))
        return HEP_FAIL(err, HEP_EFORMAT, "%s: '%s' is not a regular file", label, text);
    if (type == HEP_OPTION_FILE_IN && !is_file)
        return HEP_FAIL(err, HEP_ENOENT, "%s: %s '%s'", label, is_dir ? "not a file" : "no file",
                        text);
    if (type == HEP_OPTION_DIR_IN && !is_dir)
        return HEP_FAIL(err, HEP_ENOENT, "%s: %s '%s'", label,
                        is_file ? "not a folder" : "no folder", text);
    if (type == HEP_OPTION_PATH_IN && !is_dir && !is_file)
        return HEP_FAIL(err, HEP_ENOENT, "%s: no file or folder '%s'", label, text);
    return HEP_OK;
}

static int check_number(double *out, const struct hep_option *o, const char *label,
                        const char *text, struct hep_error *err)
{
    double v;

    if (hep_parse_double(&v, text, NULL) != HEP_OK || v < o->min || v > o->max ||
        (o->type == HEP_OPTION_INTEGER && v != floor(v)))
        return HEP_FAIL(err, HEP_EUSAGE, "%s: met '%s'; wanted is a %snumber from %.10g to %.10g",
                        label, text, o->type == HEP_OPTION_INTEGER ? "whole " : "", o->min, o->max);
    *out = v;
    return HEP_OK;
}

static int store(void *options, const struct hep_option *o, const char *text, struct hep_error *err)
{
    void *at = member(options, o->offset);
    char label[80];
    double v = 0;
    int rc;

    (void)snprintf(label, sizeof label, "--%s", o->name);
    switch (o->type) {
    case HEP_OPTION_FLAG:
        *(bool *)at = true;
        return HEP_OK;
    case HEP_OPTION_INTEGER:
    case HEP_OPTION_NUMBER:
        rc = check_number(&v, o, label, text, err);
        if (rc == HEP_OK && o->type == HEP_OPTION_INTEGER)
            *(long *)at = (long)v;
        else if (rc == HEP_OK)
            *(double *)at = v;
        return rc;
    case HEP_OPTION_CHOICE:
        return check_choice(at, label, o->choices, text, err);
    case HEP_OPTION_LIST:
    case HEP_OPTION_REPEAT:
        return add_item(at, text, err);
    case HEP_OPTION_TEXT:
        *(const char **)at = text;
        return HEP_OK;
    case HEP_OPTION_FILE_IN:
    case HEP_OPTION_DIR_IN:
    case HEP_OPTION_PATH_IN:
    case HEP_OPTION_FILE_OUT:
    case HEP_OPTION_DIR_OUT:
        rc = check_path(o->type, label, text, err);
        if (rc == HEP_OK)
            *(const char **)at = text;
        return rc;
    }
    return HEP_FAIL(err, HEP_EINVAL, "%s: type %d", label, (int)o->type);
}

static int store_presets(void *options, const struct hep_option *o, struct hep_error *err)
{
    for (; o && o->name; o++) {
        int rc = HEP_OK;

        if (o->type == HEP_OPTION_NUMBER)
            *(double *)member(options, o->offset) = (double)NAN;
        if (o->type == HEP_OPTION_CHOICE)
            *(int *)member(options, o->offset) = -1;
        /* A preset path is checked by whoever opens it: it need not exist when another is given. */
        if (o->preset && (o->type == HEP_OPTION_FILE_IN || o->type == HEP_OPTION_DIR_IN ||
                          o->type == HEP_OPTION_PATH_IN))
            *(const char **)member(options, o->offset) = o->preset;
        else if (o->preset)
            rc = store(options, o, o->preset, err);
        if (rc != HEP_OK)
            return rc;
    }
    return HEP_OK;
}

static int store_positional(void *options, const struct hep_positional *p, const char *text,
                            struct hep_error *err)
{
    void *at = member(options, p->offset);
    int rc = HEP_OK;

    if (p->type == HEP_OPTION_CHOICE)
        return check_choice(at, p->name, p->choices, text, err);
    if (p->type != HEP_OPTION_TEXT)
        rc = check_path(p->type, p->name, text, err);
    if (rc != HEP_OK)
        return rc;
    if (p->many)
        return add_item(at, text, err);
    *(const char **)at = text;
    return HEP_OK;
}

/* ---- getopt ---------------------------------------------------------------------------------- */

/* What getopt_long() is given: each long name also with underscores, as BIDS-Apps users type them.
 */
struct table {
    const struct hep_option *rows[OPTIONS_MAX];
    struct option longs[2 * OPTIONS_MAX + 1];
    char aliases[OPTIONS_MAX][48];
    char shorts[2 * OPTIONS_MAX + 4];
    size_t n;
};

static void add_rows(struct table *t, const struct hep_option *o, size_t *n_long, size_t *n_short)
{
    for (; o && o->name && t->n < OPTIONS_MAX; o++) {
        int takes = o->type == HEP_OPTION_FLAG ? no_argument : required_argument;
        int code = CODE_BASE + (int)t->n;
        char *alias = t->aliases[t->n];

        t->rows[t->n] = o;
        t->longs[(*n_long)++] = (struct option){ o->name, takes, NULL, code };
        (void)snprintf(alias, sizeof t->aliases[0], "%s", o->name);
        for (char *c = alias; *c; c++) {
            if (*c == '-')
                *c = '_';
        }
        if (strcmp(alias, o->name) != 0)
            t->longs[(*n_long)++] = (struct option){ alias, takes, NULL, code };
        if (o->letter) {
            t->shorts[(*n_short)++] = o->letter;
            if (takes == required_argument)
                t->shorts[(*n_short)++] = ':';
        }
        t->n++;
    }
}

static const struct hep_option *row_of_code(const struct table *t, int code)
{
    if (code >= CODE_BASE && (size_t)(code - CODE_BASE) < t->n)
        return t->rows[code - CODE_BASE];
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i]->letter && t->rows[i]->letter == code)
            return t->rows[i];
    }
    return NULL;
}

static int unknown_option(const struct table *t, const struct hep_command *command,
                          const char *word, struct hep_error *err)
{
    const char *names[OPTIONS_MAX], *near = NULL;
    char name[64];

    for (size_t i = 0; i < t->n; i++)
        names[i] = t->rows[i]->name;
    if (hep_starts_with(word, "--")) {
        (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
        near = hep_did_you_mean(name, names, t->n);
    }
    return HEP_FAIL(err, HEP_EUSAGE, "unknown option '%s'%s%s%s (see hepar %s --help)", word,
                    near ? "; did you mean --" : "", near ? near : "", near ? "?" : "",
                    command->name);
}

/* Record what getopt found wrong with the current word: unknown, without its value, or with one too many. */
static int complain(const struct table *t, const struct hep_command *command, int code,
                    const char *word, struct hep_error *err)
{
    const struct hep_option *o = row_of_code(t, optopt);
    char letter[3];
    size_t n;

    (void)snprintf(letter, sizeof letter, "-%c", optopt);
    if (code == ':')
        return HEP_FAIL(err, HEP_EUSAGE, "option '%s' needs %s", word,
                        o && o->arg ? o->arg : "a value");
    if (!hep_starts_with(word, "--"))
        return unknown_option(t, command, letter, err);
    n = strcspn(word + 2, "=");
    if (o && word[2 + n] == '=')
        return HEP_FAIL(err, HEP_EUSAGE, "option --%s takes no value", o->name);
    for (size_t i = 0; i < t->n; i++) {
        if (strncmp(t->rows[i]->name, word + 2, n) == 0 && n > 0)
            return HEP_FAIL(err, HEP_EUSAGE, "option '%s' is ambiguous: --%s or another", word,
                            t->rows[i]->name);
    }
    return unknown_option(t, command, word, err);
}

/* A list takes the words up to the next option as well. */
static int store_list(void *options, const struct hep_option *o, int argc, char *const *argv,
                      struct hep_error *err)
{
    int rc = store(options, o, optarg, err);

    while (rc == HEP_OK && o->type == HEP_OPTION_LIST && optind < argc && argv[optind][0] != '-')
        rc = store(options, o, argv[optind++], err);
    return rc;
}

static int read_options(struct table *t, void *options, const struct hep_command *command,
                        struct hep_args *loose, int argc, char *const *argv, struct hep_error *err)
{
    int code, rc = HEP_OK;

    opterr = 0;
    optind = 0; /* glibc: start afresh */
    while (rc == HEP_OK) {
        int before = optind > 0 ? optind : 1;

        code = getopt_long(argc, argv, t->shorts, t->longs, NULL);
        if (code == -1)
            break;
        if (code == 1)
            rc = add_item(loose, optarg, err);
        else if (code == '?' || code == ':')
            rc = complain(t, command, code, argv[before < argc ? before : argc - 1], err);
        else
            rc = store_list(options, row_of_code(t, code), argc, argv, err);
    }
    for (; rc == HEP_OK && optind < argc; optind++)
        rc = add_item(loose, argv[optind], err);
    return rc;
}

static int read_positionals(void *options, const struct hep_command *command,
                            const struct hep_args *loose, struct hep_error *err)
{
    const struct hep_positional *p = command->positionals;
    size_t i = 0;

    for (; p && p->name; p++) {
        size_t end = p->many ? loose->n : i + 1;

        if (i >= loose->n && !p->optional)
            return HEP_FAIL(err, HEP_EUSAGE, "%s is missing (see hepar %s --help)", p->name,
                            command->name);
        for (; i < end && i < loose->n; i++) {
            int rc = store_positional(options, p, loose->items[i], err);

            if (rc != HEP_OK)
                return rc;
        }
    }
    if (i < loose->n)
        return HEP_FAIL(err, HEP_EUSAGE, "unexpected argument '%s' (see hepar %s --help)",
                        loose->items[i], command->name);
    return HEP_OK;
}

int hep_options_parse(void *options, const struct hep_command *command, int argc, char *const *argv,
                      struct hep_error *err)
{
    struct hep_args loose = { 0 };
    size_t n_long = 0, n_short = 0;
    struct table *t = NULL;
    char **words = NULL;
    char program[] = "hepar";
    int rc;

    (void)memset(options, 0, command->options_size);
    t = hep_calloc(1, sizeof *t, err);
    words = hep_calloc((size_t)argc + 2, sizeof *words, err);
    if (t == NULL || words == NULL) {
        rc = HEP_ENOMEM;
        goto out;
    }
    /* getopt reads from the second word on. '-': other words in order; ':': tell a missing value.
     */
    (void)memcpy(&words[1], argv, (size_t)argc * sizeof *words);
    words[0] = program;
    t->shorts[n_short++] = '-';
    t->shorts[n_short++] = ':';
    add_rows(t, hep_common_table(), &n_long, &n_short);
    add_rows(t, command->options, &n_long, &n_short);
    rc = store_presets(options, command->options, err);
    if (rc == HEP_OK)
        rc = read_options(t, options, command, &loose, argc + 1, words, err);
    if (rc == HEP_OK && !((struct hep_common_options *)options)->help)
        rc = read_positionals(options, command, &loose, err);
out:
    free(words);
    free(t);
    free(loose.items);
    return rc;
}

void hep_options_release(void *options, const struct hep_command *command)
{
    for (const struct hep_option *o = command->options; o && o->name; o++) {
        if (o->type == HEP_OPTION_LIST || o->type == HEP_OPTION_REPEAT) {
            struct hep_args *args = member(options, o->offset);

            free(args->items);
            *args = (struct hep_args){ 0 };
        }
    }
    for (const struct hep_positional *p = command->positionals; p && p->name; p++) {
        if (p->many) {
            struct hep_args *args = member(options, p->offset);

            free(args->items);
            *args = (struct hep_args){ 0 };
        }
    }
}
