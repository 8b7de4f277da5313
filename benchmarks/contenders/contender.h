/*
 * contender.h -- what the C contenders of the speed benchmark share: one-line
 * commands in, one line of JSON out, a clock, and the rows to train on.
 *
 * A contender is a process of its own that measures when it is asked to and
 * sleeps otherwise. Every step is timed by itself; the answer holds quantiles.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef CONTENDER_H
#define CONTENDER_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Every contender walks through as many rows, so that inputs come from the same level of cache. */
enum { POOL_ROWS = 1024, PIXELS = 784, CLASSES = 10, WARM_UP = 2, MAX_SAMPLES = 1 << 16 };

static const float LEARNING_RATE = 0.001f, MOMENTUM = 0.9f;

static inline double clock_us(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

static inline double now_us(void) { return clock_us(CLOCK_MONOTONIC); }

/*
 * Time as the wall has it, or the processor's time where that is less: then other
 * programs had the core in between. Without that, long steps would look slower
 * than short ones on a machine that others use.
 */
struct stopwatch {
  double processor, wall;
};

static double passed_on_wall, passed_on_processor; /* since the last answer */

static inline struct stopwatch stopwatch_start(void) {
  struct stopwatch watch = {clock_us(CLOCK_PROCESS_CPUTIME_ID), 0};
  watch.wall = now_us();
  return watch;
}

static inline double stopwatch_stop(struct stopwatch watch) {
  double wall = now_us() - watch.wall, processor = clock_us(CLOCK_PROCESS_CPUTIME_ID) - watch.processor;
  double least = processor < wall ? processor : wall;
  passed_on_wall += wall;
  passed_on_processor += least;
  return least;
}

/* Says what went wrong, as the answer to the command, and ends the process. */
static inline void fail(const char *what) {
  printf("{\"error\": \"");
  for (; *what; what++) putchar(*what == '"' || *what == '\\' ? '\'' : *what);
  printf("\"}\n");
  exit(1);
}

static inline void *reserve(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, bytes ? bytes : 64) != 0) fail("out of memory");
  memset(memory, 0, bytes);
  return memory;
}

static inline int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Sorts the samples; q is 0 to 1. */
static inline double quantile(double *samples, size_t count, double q) {
  qsort(samples, count, sizeof *samples, by_size);
  return samples[(size_t)(q * (double)(count - 1) + 0.5)];
}

static inline void answer_times(double *samples, size_t count) {
  printf("{\"count\": %zu, \"median\": %.3f, ", count, quantile(samples, count, 0.5));
  printf("\"p10\": %.3f, \"best\": %.3f, ", quantile(samples, count, 0.1), samples[0]);
  printf("\"alone\": %.4f}\n", passed_on_processor / passed_on_wall);
  passed_on_wall = passed_on_processor = 0;
}

/* One number of a row of numbers that differ from process to process in nothing. */
static inline float noise(uint64_t *state) {
  double sum = -6.0;
  for (int i = 0; i < 12; i++) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    sum += (double)(*state >> 40) / (double)(1u << 24);
  }
  return (float)sum;
}

struct pool {
  float *inputs; /* rows * PIXELS, about normal */
  int32_t *labels;
  size_t rows, next;
};

static inline struct pool pool_random(void) {
  struct pool pool = {reserve(POOL_ROWS * PIXELS * sizeof(float)), reserve(POOL_ROWS * sizeof(int32_t)), POOL_ROWS, 0};
  uint64_t state = 1;
  for (size_t i = 0; i < POOL_ROWS * PIXELS; i++) pool.inputs[i] = noise(&state);
  for (size_t i = 0; i < POOL_ROWS; i++) pool.labels[i] = (int32_t)(i * 7 % CLASSES);
  return pool;
}

/* The next `rows` rows; starts again where the pool ends. */
static inline size_t pool_next(struct pool *pool, size_t rows) {
  if (rows > pool->rows) fail("more rows a batch than there are");
  size_t first = pool->next + rows > pool->rows ? 0 : pool->next;
  pool->next = first + rows;
  return first;
}

#endif
