#include "pipeline/writer.h"

#include "base/alloc.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

struct hep_writer {
    bool threaded;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct hep_write_job *jobs; /* grows under the lock */
    struct hep_write_result *results;
    size_t n, done, told; /* given, written, handed out */
    bool closing;
    struct hep_error failure;
};

static int write_one(struct hep_write_result *out, const struct hep_write_job *job,
                     struct hep_error *err)
{
    struct stat st;
    int rc = job->volume != NULL ? hep_nifti_write(job->path, job->volume, &job->opts, err)
                                 : hep_nifti_write_labels(job->path, job->labels, &job->opts, err);

    out->index = job->index;
    if (rc == HEP_OK)
        rc = hep_sha256_file(out->sha256, job->path, err);
    if (rc == HEP_OK && stat(job->path, &st) != 0)
        rc = HEP_FAIL(err, HEP_EIO, "%s: vanished while it was being written", job->path);
    if (rc == HEP_OK)
        out->bytes = (size_t)st.st_size;
    return rc;
}

/* After a failure the jobs left are dropped. */
static void *work(void *p)
{
    struct hep_writer *w = p;

    pthread_mutex_lock(&w->lock);
    while (!w->closing || w->done < w->n) {
        struct hep_write_result result = { 0 };
        struct hep_error err = { 0 };
        struct hep_write_job job;

        if (w->done == w->n) {
            pthread_cond_wait(&w->changed, &w->lock);
            continue;
        }
        job = w->jobs[w->done];
        if (w->failure.code == HEP_OK) {
            pthread_mutex_unlock(&w->lock);
            (void)write_one(&result, &job, &err);
            pthread_mutex_lock(&w->lock);
            if (err.code != HEP_OK)
                w->failure = err;
        }
        w->results[w->done++] = result;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

int hep_writer_new(struct hep_writer **out, int nthreads, struct hep_error *err)
{
    struct hep_writer *w = hep_calloc(1, sizeof *w, err);

    if (w == NULL)
        return HEP_ENOMEM;
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->changed, NULL);
    if (nthreads > 1 && pthread_create(&w->thread, NULL, work, w) == 0)
        w->threaded = true;
    *out = w;
    return HEP_OK;
}

void hep_writer_free(struct hep_writer *w)
{
    if (w == NULL)
        return;
    if (w->threaded) {
        pthread_mutex_lock(&w->lock);
        w->closing = true;
        pthread_cond_broadcast(&w->changed);
        pthread_mutex_unlock(&w->lock);
        (void)pthread_join(w->thread, NULL);
    }
    (void)pthread_cond_destroy(&w->changed);
    (void)pthread_mutex_destroy(&w->lock);
    free(w->jobs);
    free(w->results);
    free(w);
}

static int failure(const struct hep_writer *w, struct hep_error *err)
{
    if (w->failure.code != HEP_OK)
        (void)hep_fail(err, w->failure.code, w->failure.where, "%s", w->failure.msg);
    return (int)w->failure.code;
}

/* With the lock held. */
static int make_room(struct hep_writer *w, struct hep_error *err)
{
    int rc = HEP_GROW(w->jobs, w->n, err);

    return rc == HEP_OK ? HEP_GROW(w->results, w->n, err) : rc;
}

int hep_writer_put(struct hep_writer *w, const struct hep_write_job *job, struct hep_error *err)
{
    int rc;

    pthread_mutex_lock(&w->lock);
    rc = failure(w, err);
    if (rc == HEP_OK)
        rc = make_room(w, err);
    if (rc == HEP_OK) {
        w->jobs[w->n] = *job;
        if (!w->threaded) {
            rc = write_one(&w->results[w->n], job, err);
            w->done += rc == HEP_OK;
        }
        w->n += rc == HEP_OK;
        pthread_cond_broadcast(&w->changed);
    }
    pthread_mutex_unlock(&w->lock);
    return rc;
}

int hep_writer_wait(struct hep_writer *w, const struct hep_write_result **results, size_t *n,
                    struct hep_error *err)
{
    int rc;

    pthread_mutex_lock(&w->lock);
    while (w->done < w->n)
        pthread_cond_wait(&w->changed, &w->lock);
    *results = w->results != NULL ? w->results + w->told : NULL;
    *n = w->done - w->told;
    w->told = w->done;
    rc = failure(w, err);
    pthread_mutex_unlock(&w->lock);
    return rc;
}
