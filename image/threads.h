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

/** Images that are worked on side by side where each has parts that only one thread can do. No more
 * than two: each of them needs working memory. */
static inline int hep_threads_aside(int nthreads)
{
    return nthreads < 2 ? 1 : 2;
}

/** Threads that each of them has (OpenMP gives them where it nests parallel regions, else one). */
static inline int hep_threads_within(int nthreads)
{
    return hep_threads(nthreads / hep_threads_aside(nthreads));
}

#endif
