/*
 * swiftcl_threads.h -- private: the worker threads of one network. Not installed,
 * and no part of firmware builds or of the OpenBLAS flavour.
 */
#ifndef SWIFTCL_THREADS_H
#define SWIFTCL_THREADS_H

#if !defined(SWIFTCL_FIRMWARE) && !defined(SWIFTCL_CBLAS)

#include <stddef.h>
#include <stdint.h>

/** One parked thread; everything it needs lies on its own stack. */
typedef struct swiftcl_worker swiftcl_worker;

/** The threads of a network. All zero, it has none but the caller's. */
typedef struct swiftcl_workers {
  swiftcl_worker *first;
  int32_t count;   /* of workers: one less than threads */
  int32_t process; /* which started them; a fork does not inherit them */
} swiftcl_workers;

/** Does units `first` to `first + count - 1` of what lies at `context`. */
typedef void (*swiftcl_share_fn)(const void *context, ptrdiff_t first, ptrdiff_t count);

/** Starts or ends workers until there are `count`. Not 0: one could not be started, none changed. */
int32_t swiftcl_workers_set(swiftcl_workers *workers, int32_t count);

/** In a fork of the process whose workers these were: there are none. */
void swiftcl_workers_forget_after_fork(swiftcl_workers *workers);

/**
 * Cuts `units` into `shares` equal parts, at most one a thread, and returns when all
 * are done. The caller does the first, and every other that no worker has begun.
 */
void swiftcl_workers_run(const swiftcl_workers *workers, ptrdiff_t shares, ptrdiff_t units,
                         swiftcl_share_fn share, const void *context);

#endif
#endif
