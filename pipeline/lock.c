#include "pipeline/lock.h"

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define OWNER_MAX_BYTES 4096
#define HOST_MAX 256
/* A run gives a sign of life at the start of every stage; the longest stage, the deformable
 * alignment, takes minutes. */
#define SILENCE_MAX_S 1800
#define TRIES 8

struct owner {
    char host[HOST_MAX], token[HEP_LOCK_TOKEN];
    long pid;
    unsigned long long birth;
};

static void host_name(char host[HOST_MAX])
{
    (void)memset(host, 0, HOST_MAX);
    if (gethostname(host, HOST_MAX - 1) != 0 || host[0] == '\0')
        (void)snprintf(host, HOST_MAX, "-");
}

/* For clean-up after the outcome is settled: what stays behind is removed by a later run. */
static void remove_if_possible(const char *path)
{
    struct hep_error e = { 0 };

    if (hep_remove_tree(path, &e) != HEP_OK)
        return;
}

/* ---- the owner file ---------------------------------------------------------------------------
 */

static bool parse_owner(struct owner *o, char *text)
{
    char *save = NULL, *word[4] = { NULL }, *end = NULL;
    size_t n = 0;

    *o = (struct owner){ 0 };
    for (char *w = strtok_r(text, " \n", &save); w != NULL && n < 4;
         w = strtok_r(NULL, " \n", &save))
        word[n++] = w;
    if (n < 3 || strlen(word[0]) >= sizeof o->host ||
        hep_parse_long(&o->pid, word[1], NULL) != HEP_OK || o->pid <= 0)
        return false;
    o->birth = strtoull(word[2], &end, 10);
    if (*end != '\0')
        return false;
    (void)snprintf(o->host, sizeof o->host, "%s", word[0]);
    if (n == 4)
        (void)snprintf(o->token, sizeof o->token, "%.*s", HEP_LOCK_TOKEN - 1, word[3]);
    return true;
}

/* False when there is no owner file, or none that says who owns the lock. */
static bool read_owner(struct owner *o, const char *lock)
{
    char *path = hep_path_join(lock, "owner", NULL), *text = NULL;
    struct hep_error e = { 0 };
    size_t n = 0;
    bool known = path != NULL && hep_file_read(&text, &n, path, OWNER_MAX_BYTES, &e) == HEP_OK &&
                 parse_owner(o, text);

    free(text);
    free(path);
    return known;
}

static int write_owner(const char *lock, const char *token, struct hep_error *err)
{
    char host[HOST_MAX], *path = hep_path_join(lock, "owner", err), *text;
    int rc;

    host_name(host);
    text = hep_asprintf(err, "%s %ld %llu %s\n", host, (long)getpid(),
                        hep_process_birth((long)getpid()), token);
    rc = path == NULL || text == NULL ? HEP_ENOMEM : hep_file_write(path, text, strlen(text), err);
    free(path);
    free(text);
    return rc;
}

/* Since the last sign of life [s]; 0 when there is no such lock, or no memory to look: the folder alone is as old as
 * the run. */
static double silence_s(const char *lock)
{
    char *path = hep_path_join(lock, "owner", NULL);
    struct stat st;
    bool there = path != NULL && (stat(path, &st) == 0 || stat(lock, &st) == 0);

    free(path);
    return there ? difftime(time(NULL), st.st_mtime) : 0.0;
}

static bool owner_is_gone(const char *lock)
{
    char host[HOST_MAX];
    struct owner o;

    host_name(host);
    if (!read_owner(&o, lock) || strcmp(o.host, host) != 0)
        return silence_s(lock) > SILENCE_MAX_S;
    return !hep_process_alive(o.pid, o.birth);
}

static bool is_mine(const char *lock, const char *token)
{
    struct owner o;

    return read_owner(&o, lock) && strcmp(o.token, token) == 0;
}

/* ---- taking and giving back -------------------------------------------------------------------
 */

static int make_token(char token[HEP_LOCK_TOKEN], struct hep_error *err)
{
    unsigned char bytes[(HEP_LOCK_TOKEN - 1) / 2];
    ssize_t n;

    do
        n = getrandom(bytes, sizeof bytes, 0);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof bytes)
        return HEP_FAIL(err, HEP_EIO, "the system gives no random numbers: %s", strerror(errno));
    for (size_t i = 0; i < sizeof bytes; i++)
        (void)snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    return HEP_OK;
}

/* A name beside the lock that no other run uses; heap. */
static char *beside(const char *lock, const char *what, const char *token)
{
    char tag[HEP_HOST_TAG];

    hep_host_tag(tag);
    return hep_asprintf(NULL, "%s%s.%s-%ld-%s", lock, what, tag, (long)getpid(), token);
}

/* Move a dead run's lock out of the way. Of several runs that try, rename lets one succeed; one
 * that moved a lock which came alive in between puts it back. */
static void clear_dead(const char *lock, const char *token)
{
    char *aside = beside(lock, ".gone", token);

    if (aside == NULL || rename(lock, aside) != 0)
        goto out;
    if (!owner_is_gone(aside) && rename(aside, lock) == 0)
        goto out;
    remove_if_possible(aside);
out:
    free(aside);
}

/* Rename the prepared folder to the lock: a folder that holds something cannot be replaced. */
static int put_in_place(const char *own, const char *lock, const char *token, struct hep_error *err)
{
    struct stat st;

    for (int i = 0; i < TRIES; i++) {
        int failure;

        if (rename(own, lock) == 0)
            return HEP_OK;
        failure = errno;
        if (failure == ENOENT)
            return HEP_FAIL(err, HEP_ETEMP, "%s: the folder vanished while it was being locked",
                            lock);
        if (failure != EEXIST && failure != ENOTEMPTY)
            return HEP_FAIL(err, HEP_ECREAT, "%s: cannot lock the study: %s", lock,
                            strerror(failure));
        if (owner_is_gone(lock))
            clear_dead(lock, token);
        else if (stat(lock, &st) == 0)
            break;
    }
    return HEP_FAIL(err, HEP_ETEMP, "%s: another run is writing this study", lock);
}

int hep_lock_take(struct hep_lock *lock, const char *path, struct hep_error *err)
{
    char token[HEP_LOCK_TOKEN] = "", *own = NULL, *name = NULL;
    int rc = make_token(token, err);

    if (rc != HEP_OK)
        return rc;
    own = beside(path, "", token);
    name = hep_strdup(path, err);
    if (own == NULL || name == NULL)
        rc = HEP_FAIL(err, HEP_ENOMEM, "no memory for a path");
    else if (mkdir(own, 0777) != 0)
        rc = HEP_FAIL(err, HEP_ECREAT, "%s: cannot lock the study: %s", path, strerror(errno));
    if (rc != HEP_OK)
        goto out;
    rc = write_owner(own, token, err);
    if (rc == HEP_OK)
        rc = put_in_place(own, path, token, err);
    if (rc == HEP_OK) {
        lock->path = name;
        (void)memcpy(lock->token, token, sizeof lock->token);
        name = NULL;
    } else {
        remove_if_possible(own);
    }
out:
    free(own);
    free(name);
    return rc;
}

int hep_lock_check(const struct hep_lock *lock, struct hep_error *err)
{
    struct stat st;

    if (lock->path == NULL || (stat(lock->path, &st) != 0 && errno == ENOENT))
        return HEP_FAIL(err, HEP_ETEMP,
                        "%s: the lock of this run is gone: another run has had "
                        "the study since, or it was removed",
                        lock->path != NULL ? lock->path : "no lock");
    if (!is_mine(lock->path, lock->token))
        return HEP_FAIL(err, HEP_ETEMP, "%s: another run has taken this study over", lock->path);
    return HEP_OK;
}

void hep_lock_touch(const struct hep_lock *lock)
{
    char *path = lock->path != NULL && is_mine(lock->path, lock->token)
                     ? hep_path_join(lock->path, "owner", NULL)
                     : NULL;

    if (path != NULL)
        (void)utimensat(AT_FDCWD, path, NULL, 0);
    free(path);
}

/* The lock leaves its name in one step, so that no run meets half of it. One that another run put
 * there between the look and the step goes back. */
void hep_lock_release(struct hep_lock *lock)
{
    char *aside = NULL;

    if (lock->path == NULL)
        return;
    if (is_mine(lock->path, lock->token))
        aside = beside(lock->path, ".done", lock->token);
    if (aside != NULL && rename(lock->path, aside) == 0 &&
        (is_mine(aside, lock->token) || rename(aside, lock->path) != 0))
        remove_if_possible(aside);
    free(aside);
    free(lock->path);
    *lock = (struct hep_lock){ 0 };
}

bool hep_lock_is_held(const char *path)
{
    return hep_is_dir(path) && !owner_is_gone(path);
}

bool hep_lock_is_remains(const char *name)
{
    char tag[HEP_HOST_TAG], *stop = NULL;
    const char *end = strrchr(name, '.');
    long pid;

    hep_host_tag(tag);
    if (end == NULL || !hep_starts_with(end + 1, tag) || end[HEP_HOST_TAG] != '-')
        return false;
    pid = strtol(end + 1 + HEP_HOST_TAG, &stop, 10);
    return (*stop == '-' || *stop == '\0') && pid > 0 && pid != (long)getpid() &&
           !hep_process_alive(pid, 0);
}
