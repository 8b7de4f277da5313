/*
 * handover.c -- Sources/CSwiftCL/threads.c alone, under ThreadSanitizer: every share
 * is done once, by somebody who saw what the caller wrote, and seen by the caller.
 *
 * Sections are short and pauses of every length, so that workers are met awake, asleep,
 * and late, when the caller has taken their share back and is in the next section.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define _GNU_SOURCE
#include "../../Sources/CSwiftCL/include/swiftcl_threads.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { UNITS = 24, SECTIONS = 20000, HOSTS = 2 };

struct job {
  long seed;
  long done[UNITS]; /* plain: a share that overlaps another is a race */
};

static void share(const void *context, ptrdiff_t first, ptrdiff_t count) {
  struct job *job = (struct job *)context;
  for (ptrdiff_t unit = first; unit < first + count; unit++) {
    for (volatile int i = 0; i < job->seed % 400; i++) {}
    job->done[unit] += job->seed + unit;
  }
}

static uint64_t next_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return *state >> 33;
}

static void *host(void *number) {
  static int failed;
  uint64_t state = (uintptr_t)number;
  swiftcl_workers workers = {0};
  long wrong = 0;
  for (int s = 0; s < SECTIONS; s++) {
    if (s % 500 == 0) wrong += swiftcl_workers_set(&workers, (int32_t)(next_random(&state) % 6) + 1) != 0;
    struct job job;
    memset(&job, 0, sizeof job);
    job.seed = (long)(next_random(&state) % 100000) + 1;
    ptrdiff_t shares = 1 + (ptrdiff_t)(next_random(&state) % (uint64_t)(workers.count + 1));
    ptrdiff_t units = shares + (ptrdiff_t)(next_random(&state) % (uint64_t)(UNITS - shares + 1));
    swiftcl_workers_run(&workers, shares, units, share, &job);
    for (long unit = 0; unit < UNITS; unit++) wrong += job.done[unit] != (unit < units ? job.seed + unit : 0);
    uint64_t pause = next_random(&state) % 64;
    if (pause == 0) {
      nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    } else if (pause < 8) {
      for (volatile uint64_t i = 0; i < pause * 4000; i++) {}
    }
  }
  wrong += swiftcl_workers_set(&workers, 0) != 0 || workers.first != NULL;
  return wrong ? &failed : NULL;
}

int main(void) {
  pthread_t threads[HOSTS];
  int failures = 0;
  for (uintptr_t h = 0; h < HOSTS; h++) pthread_create(&threads[h], NULL, host, (void *)(h + 1));
  for (int h = 0; h < HOSTS; h++) {
    void *failed;
    pthread_join(threads[h], &failed);
    failures += failed != NULL;
  }
  printf("handover: %d sections%s\n", HOSTS * SECTIONS, failures ? ", some of them WRONG" : "");
  return failures != 0;
}
