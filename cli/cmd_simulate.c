#include "cli/commands.h"

#include "base/alloc.h"
#include "base/file.h"
#include "phantom/phantom.h"
#include "pipeline/config/config.h"
#include "pipeline/study.h"

#include <math.h>

struct simulate_options {
    struct hep_common_options common;
    const char *protocol, *bids_dir, *lesions, *degrade;
    struct hep_args set;
    double field, texture, variation, interval, fresh, vanishing;
    long subjects, first, seed, nthreads, sessions;
    int course;
    bool fast;
};

/* In the order of enum hep_sim_course. */
static const char *const courses[] = { "stable",           "response", "growth", "mixed",
                                       "oligoprogression", "ablation", NULL };

#define S struct simulate_options
static const struct hep_option options[] = {
    HEP_OPT_INTEGER(S, subjects, "subjects", 'n', "N", 1, 100000, "1", "how many studies"),
    HEP_OPT_INTEGER(S, first, "first", 0, "K", 1, 100000, "1", "number of the first subject"),
    HEP_OPT_INTEGER(S, seed, "seed", 's', "SEED", 0, 2147483647, "1",
                    "the same seed gives the same bytes, for any number of threads"),
    HEP_OPT_NUMBER(S, field, "field", 0, "T", 0.5, 7, NULL,
                   "field strength; without it that of the protocol"),
    HEP_OPT(TEXT, S, lesions, "lesions", 0, "SPEC", NULL,
            "none; poisson:MEAN or poisson:MEAN:MIN-MAXmm, kinds as common as in patients with "
            "metastases; even:N or even:N:MIN-MAXmm, every kind in turn; or a list such as "
            "met:12mm,cyst:8mm of met, necrotic, net, mucinous, melanoma, haemangioma, cyst, fnh, "
            "abscess, fat, sparing"),
    HEP_OPT(
        TEXT, S, degrade, "degrade", 0, "LEVEL|LIST", NULL,
        "usual (without it), none, a level for the usual ones such as 0.5, or a list such as "
        "noise,bias=0.5. usual is noise, bias, shift, deform, transient, epi, cardiac, iron, "
        "gain, gap, crop; all is these and what makes lesions and images less regular: outline, "
        "cores, rims, margins, perfusion, mimics, bsets, partial, psf, fatsat, flow, heart, "
        "drift; swap and missing are in neither"),
    HEP_OPT_NUMBER(S, texture, "texture", 0, "LEVEL", 0, 5, NULL,
                   "texture of tissues; 1 without it, 0 is off"),
    HEP_OPT_NUMBER(S, variation, "variation", 0, "LEVEL", 0, 5, NULL,
                   "spread of tissue values between studies; 1 without it, 0 takes the table"),
    HEP_OPT_INTEGER(S, sessions, "sessions", 0, "N", 0, HEP_SIM_MAX_SESSIONS, "0",
                    "the same person N times, as sub-01/ses-1 and on; 0: one study without a "
                    "session"),
    HEP_OPT_CHOICE(S, course, "course", 0, "COURSE", courses, "stable",
                   "what becomes of the metastases from session to session: response, growth, "
                   "mixed (every other one), oligoprogression (one grows and the others respond), "
                   "ablation (one is coagulated), or stable"),
    HEP_OPT_NUMBER(
        S, interval, "interval", 0, "DAYS", 0.001, 3650, "56",
        "days between sessions; below 1 nothing changes but the position and the images"),
    HEP_OPT_NUMBER(S, fresh, "new", 0, "MEAN", 0, 15, NULL,
                   "mean number of new metastases in 56 days; without it 0.1 (response), 0.7 "
                   "(growth), 0.5 (mixed), 0.2 (oligoprogression, ablation), 0 (stable)"),
    HEP_OPT_NUMBER(
        S, vanishing, "vanish", 0, "SHARE", 0, 1, NULL,
        "share of responding metastases of at most 15 mm that vanish in 56 days; without "
        "it 0.3 (response), 0.2 (mixed, oligoprogression)"),
    HEP_OPT_FLAG(S, fast, "fast", 0, "coarse anatomy and voxels, for tests"),
    HEP_OPT_REPEAT(S, set, "set", 0, "KEY=VALUE", "change a setting of the protocol"),
    HEP_OPT_NTHREADS(S),
    { 0 },
};

static const struct hep_positional positionals[] = {
    HEP_POS(TEXT, S, protocol, "protocol",
            "path or name of a shipped protocol: the series to make"),
    HEP_POS(DIR_OUT, S, bids_dir, "bids_dir",
            "folder of the dataset; truth goes to derivatives/truth"),
    { 0 },
};

/* The middle of the nominal times, else of the window; NaN for what is not tied to the injection.
 */
static double time_of(const struct hep_config_bundle *b, enum hep_planned planned)
{
    const struct hep_plan *plan = &b->config.series[planned];
    enum hep_phase phase = hep_planned_phase(planned);
    const struct hep_window *w = phase < HEP_PHASE_COUNT ? &b->agent.windows[phase] : NULL;

    if (isfinite(plan->nominal_s.lo))
        return 0.5 * (plan->nominal_s.lo + plan->nominal_s.hi);
    if (w != NULL && w->defined && phase != HEP_PHASE_PRECONTRAST)
        return 0.5 * (w->nominal_s[0] + w->nominal_s[1]);
    if (isfinite(plan->window_s.lo))
        return 0.5 * (plan->window_s.lo + plan->window_s.hi);
    return (double)NAN;
}

static int add_series(struct hep_sim_settings *s, const struct hep_config_bundle *b,
                      struct hep_error *err)
{
    int rc = HEP_OK;

    for (int i = 0; rc == HEP_OK && i < HEP_SERIES_COUNT; i++) {
        const struct hep_plan *plan = &b->config.series[i];
        enum hep_role role = HEP_ROLE_OPPOSED;

        if (!plan->expected)
            continue;
        if (i != HEP_SERIES_IN_OPPOSED)
            rc = hep_role_from_name(&role, hep_planned_name((enum hep_planned)i), err);
        if (rc == HEP_OK)
            rc = hep_sim_add_role(s, role, time_of(b, (enum hep_planned)i), err);
        if (rc == HEP_OK && role == HEP_ROLE_DWI && plan->b_values_s_per_mm2.n > 0)
            rc = hep_sim_set_b_values(s, plan->b_values_s_per_mm2.v, plan->b_values_s_per_mm2.n,
                                      err);
    }
    return rc;
}

static int settings_from(struct hep_sim_settings *s, const struct simulate_options *o,
                         const struct hep_config_bundle *b, struct hep_error *err)
{
    char *tissues = NULL;
    int rc = hep_config_find(&tissues, "tissues.yml", err);

    if (rc != HEP_OK)
        return rc;
    hep_sim_defaults(s);
    (void)snprintf(s->tissues_path, sizeof s->tissues_path, "%s", tissues);
    free(tissues);
    (void)snprintf(s->protocol, sizeof s->protocol, "%.63s", b->config.name.s);
    s->seed = (uint64_t)o->seed;
    s->subject = (unsigned)o->first;
    s->field_t = isfinite(o->field) ? o->field : b->config.acquisition.field_t;
    s->agent = strcmp(b->agent.name, "none") == 0 ? NULL : &b->agent;
    s->fast = o->fast;
    s->sessions = (unsigned)o->sessions;
    s->course = (enum hep_sim_course)o->course;
    s->interval_days = o->interval;
    s->new_per_56_days = o->fresh;
    s->vanishing_per_56_days = o->vanishing;
    s->nthreads = o->nthreads > 0 ? (int)o->nthreads : hep_default_nthreads();
    if (isfinite(o->texture))
        s->texture = o->texture;
    if (isfinite(o->variation))
        s->variation = o->variation;
    if (o->lesions != NULL)
        rc = hep_sim_parse_lesions(s, o->lesions, err);
    if (rc == HEP_OK && o->degrade != NULL)
        rc = hep_sim_parse_degradations(s, o->degrade, err);
    if (rc == HEP_OK)
        rc = add_series(s, b, err);
    return rc;
}

static int run(const void *given, struct hep_cli *cli, struct hep_error *err)
{
    const struct simulate_options *o = given;
    struct hep_config_bundle b = { 0 };
    struct hep_sim_settings *s = hep_calloc(1, sizeof *s, err);
    struct hep_str caret = { 0 };
    int rc = s == NULL ? HEP_ENOMEM
                       : hep_config_open(&b, o->protocol, o->set.items, o->set.n, &caret, err);

    if (caret.len > 0)
        (void)fprintf(stderr, "%s", caret.s);
    if (rc == HEP_OK)
        rc = settings_from(s, o, &b, err);
    if (rc == HEP_OK)
        rc = hep_mkdir_p(o->bids_dir, err);
    if (rc == HEP_OK)
        rc = hep_simulate_dataset(o->bids_dir, s, (unsigned)o->subjects, cli->log, err);
    if (rc == HEP_OK)
        (void)fprintf(cli->out, "%ld simulated studies: %s\ntruth: %s/derivatives/truth\n",
                      o->subjects, o->bids_dir, o->bids_dir);
    hep_str_release(&caret);
    hep_config_close(&b);
    free(s);
    return rc;
}

static const char *const examples[] = {
    "hepar simulate eob-full bids --subjects 3 --seed 7",
    "hepar simulate eob-full bids --lesions met:12mm,cyst:8mm --degrade none --fast",
    "hepar simulate eob-full bids --sessions 2 --course response --interval 56", NULL
};

const struct hep_command hep_cmd_simulate = {
    "simulate",
    "studies with known truth",
    "Writes a BIDS dataset of simulated liver MRI studies with the series of a protocol, and "
    "beside it what "
    "was put in: lesions, masks, true maps, true motion.",
    options,
    positionals,
    sizeof(S),
    run,
    examples
};
