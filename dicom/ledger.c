#include "dicom/ledger.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/json_put.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

static const char ledger_name[] = "ledger.json";

static const struct {
    const char *key;
    size_t offset, size;
} members[] = {
    { "participant", offsetof(struct hep_ledger_study, participant), HEP_LABEL_BYTES },
    { "session", offsetof(struct hep_ledger_study, session), HEP_LABEL_BYTES },
    { "patient", offsetof(struct hep_ledger_study, patient), HEP_SHA256_HEX },
    { "study", offsetof(struct hep_ledger_study, study), HEP_SHA256_HEX },
    { "images", offsetof(struct hep_ledger_study, images), HEP_SHA256_HEX },
};
enum { N_MEMBERS = sizeof members / sizeof members[0] };

static int read_study(struct hep_ledger *l, const struct hep_json *node, const char *path,
                      struct hep_error *err)
{
    struct hep_ledger_study *s;
    int rc = hep_ledger_add(&s, l, err);

    for (size_t i = 0; rc == HEP_OK && i < N_MEMBERS; i++) {
        const char *text = hep_json_string(hep_json_get(node, members[i].key));

        if (text == NULL || strlen(text) >= members[i].size)
            return HEP_FAIL(err, HEP_EFORMAT, "%s: study %zu: %s is missing or too long", path,
                            l->n, members[i].key);
        (void)memcpy((char *)s + members[i].offset, text, strlen(text) + 1);
    }
    return rc;
}

static int read_ledger(struct hep_ledger *l, const char *path, struct hep_error *err)
{
    struct hep_json *root = NULL;
    int rc = hep_json_read(&root, path, err);
    const struct hep_json *studies = hep_json_get(root, "studies");
    const char *secret = hep_json_string(hep_json_get(root, "secret"));

    if (rc == HEP_OK && (secret == NULL || strlen(secret) >= sizeof l->secret))
        rc = HEP_FAIL(err, HEP_EFORMAT, "%s: secret is missing or too long", path);
    if (rc == HEP_OK)
        (void)memcpy(l->secret, secret, strlen(secret) + 1);
    for (size_t i = 0; rc == HEP_OK && i < hep_json_size(studies); i++)
        rc = read_study(l, hep_json_at(studies, i), path, err);
    hep_json_free(root);
    return rc;
}

int hep_ledger_open(struct hep_ledger *l, const char *bids_dir, struct hep_error *err)
{
    char *lock = NULL, *path = NULL;
    int rc = hep_mkdir_p(bids_dir, err);

    l->folder = hep_path_join(bids_dir, ".hepar-import", err);
    if (rc == HEP_OK && l->folder == NULL)
        rc = HEP_ENOMEM;
    if (rc == HEP_OK && mkdir(l->folder, 0700) != 0 && errno != EEXIST)
        rc = HEP_FAIL(err, HEP_ECREAT, "%s: cannot be created: %s", l->folder, strerror(errno));
    if (rc == HEP_OK) {
        lock = hep_path_join(l->folder, "lock", err);
        path = hep_path_join(l->folder, ledger_name, err);
        rc = lock != NULL && path != NULL ? hep_lock_take(&l->lock, lock, err) : HEP_ENOMEM;
    }
    if (rc == HEP_OK && hep_is_file(path))
        rc = read_ledger(l, path, err);
    else if (rc == HEP_OK)
        (void)memcpy(l->secret, l->lock.token, sizeof l->secret); /* 128 random bits */
    free(lock);
    free(path);
    return rc;
}

int hep_ledger_save(const struct hep_ledger *l, struct hep_error *err)
{
    struct hep_json *root = hep_json_new_object(), *studies = hep_json_new_array();
    struct hep_put put = { HEP_OK, err };

    for (size_t i = 0; i < l->n; i++) {
        struct hep_json *o = hep_json_new_object();

        for (size_t k = 0; k < N_MEMBERS; k++)
            hep_put_text(&put, o, members[k].key, (const char *)&l->study[i] + members[k].offset);
        hep_put_item(&put, studies, o);
    }
    hep_put(&put, root, "studies", studies);
    hep_put_text(&put, root, "secret", l->secret);
    if (put.rc == HEP_OK)
        put.rc = hep_json_write_in(l->folder, ledger_name, root, err);
    hep_json_free(root);
    return put.rc;
}

void hep_ledger_close(struct hep_ledger *l)
{
    hep_lock_release(&l->lock);
    if (l->folder != NULL)
        (void)rmdir(l->folder); /* only an empty one goes: nothing was imported */
    free(l->folder);
    free(l->study);
    *l = (struct hep_ledger){ 0 };
}

int hep_ledger_hash(char hex[HEP_SHA256_HEX], const struct hep_ledger *l, const char *text,
                    struct hep_error *err)
{
    struct hep_str keyed = { 0 };
    int rc;

    hep_str_addf(&keyed, "%s/%s/%s", l->secret, text, l->secret);
    rc = hep_str_check(&keyed, err);
    if (rc == HEP_OK)
        rc = hep_sha256_memory(hex, keyed.s, keyed.len, err);
    hep_str_release(&keyed);
    return rc;
}

long hep_ledger_shift_days(const char *patient)
{
    enum { DIGITS = 8, LEAST = 40000, SPREAD = 3653 };
    char first[DIGITS + 1];

    (void)snprintf(first, sizeof first, "%.*s", DIGITS, patient);
    return LEAST + (long)(strtoul(first, NULL, 16) % SPREAD);
}

struct hep_ledger_study *hep_ledger_find(const struct hep_ledger *l, const char *study)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->study[i].study, study) == 0)
            return &l->study[i];
    return NULL;
}

const struct hep_ledger_study *hep_ledger_find_patient(const struct hep_ledger *l,
                                                       const char *patient)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->study[i].patient, patient) == 0)
            return &l->study[i];
    return NULL;
}

const struct hep_ledger_study *hep_ledger_find_label(const struct hep_ledger *l,
                                                     const char *participant)
{
    for (size_t i = 0; i < l->n; i++)
        if (strcmp(l->study[i].participant, participant) == 0)
            return &l->study[i];
    return NULL;
}

int hep_ledger_add(struct hep_ledger_study **out, struct hep_ledger *l, struct hep_error *err)
{
    int rc = HEP_GROW(l->study, l->n, err);

    if (rc == HEP_OK)
        *out = &l->study[l->n++];
    return rc;
}

/* Days since 1970-01-01 of a civil date, and back: H. Hinnant, chrono-compatible low-level date
 * algorithms, days_from_civil and civil_from_days. */
static long days_of(long y, long m, long d)
{
    const long year = y - (m <= 2), era = (year >= 0 ? year : year - 399) / 400;
    const long of_era = year - era * 400;
    const long of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;

    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void date_of(long *y, long *m, long *d, long days)
{
    const long z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    const long of_era = z - era * 146097;
    const long years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const long of_year = of_era - (365 * years + years / 4 - years / 100);
    const long shifted = (5 * of_year + 2) / 153;

    *d = of_year - (153 * shifted + 2) / 5 + 1;
    *m = shifted + (shifted < 10 ? 3 : -9);
    *y = years + era * 400 + (*m <= 2);
}

bool hep_dicom_date_time(char out[HEP_DATE_TIME], const char *date, double clock_s, long days_back)
{
    const double s = isfinite(clock_s) ? clock_s : 0.0;
    char part[9];
    long y, m, d;

    if (strlen(date) < 8 || strspn(date, "0123456789") < 8)
        return false;
    (void)snprintf(part, sizeof part, "%.8s", date);
    d = strtol(part + 6, NULL, 10);
    part[6] = '\0';
    m = strtol(part + 4, NULL, 10);
    part[4] = '\0';
    y = strtol(part, NULL, 10);
    if (m < 1 || m > 12 || d < 1 || d > 31)
        return false;
    date_of(&y, &m, &d, days_of(y, m, d) - days_back);
    (void)snprintf(out, HEP_DATE_TIME, "%04ld-%02ld-%02ldT%02d:%02d:%09.6f", y, m, d,
                   (int)(s / 3600.0), (int)(fmod(s, 3600.0) / 60.0), fmod(s, 60.0));
    return true;
}
