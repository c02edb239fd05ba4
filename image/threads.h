/**
 * @file  image/threads.h
 * @brief Number of threads as OpenMP wants it.
 */
#ifndef HEP_IMAGE_THREADS_H
#define HEP_IMAGE_THREADS_H

/** nthreads, at least 1. */
static inline int hep_threads(int nthreads)
{
    return nthreads < 1 ? 1 : nthreads;
}

#endif
