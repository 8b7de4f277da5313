/*
 * limit.c -- what one core of this machine can do at most.
 *
 *   fma              GFLOP/s of independent chains of multiply-adds that stay in
 *                    registers, for every instruction set that the CPU has
 *   stream N TAIL K  K times, over N weights and N velocities: one pass that
 *                    reads the weights, one that reads the last TAIL of them
 *                    again, one that updates weights and velocities in place;
 *                    microseconds of each
 *   level BYTES      the cache in which that many bytes fit
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <unistd.h>

#include "contender.h"

enum { CHAINS = 12, BURST = 200000, BURSTS = 5, BLOCK = 128 /* floats: a whole number of every variant's steps */ };

/* Read through volatile, so that nothing is known about them when this is compiled. */
static volatile float factor = 0.999f, summand = 1e-3f, rate = 1e-9f, sink;

struct variant {
  const char *name;
  int lanes;
  float (*chains)(int rounds);
  float (*read)(const float *values, size_t count);
  void (*update)(float *weights, float *velocity, size_t count);
};

#define EACH_CHAIN(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define CHAIN_BEGIN(i) vector a##i = m + (float)i;
#define CHAIN_STEP(i) a##i = a##i * m + c;
#define CHAIN_END(i) sum += a##i;

/* The three loops for vectors of BYTES, compiled for TARGET. */
#define VARIANT(NAME, TARGET, BYTES)                                                        \
  TARGET static float NAME##_chains(int rounds) {                                           \
    typedef float vector __attribute__((vector_size(BYTES)));                               \
    const vector m = (vector){0} + factor, c = (vector){0} + summand;                       \
    vector sum = {0};                                                                       \
    EACH_CHAIN(CHAIN_BEGIN)                                                                 \
    for (int r = 0; r < rounds; r++) { EACH_CHAIN(CHAIN_STEP) }                             \
    EACH_CHAIN(CHAIN_END)                                                                   \
    return sum[0] + sum[BYTES / 4 - 1];                                                     \
  }                                                                                         \
  TARGET static float NAME##_read(const float *values, size_t count) {                      \
    typedef float vector __attribute__((vector_size(BYTES), may_alias));                    \
    const vector *p = (const vector *)values, *end = (const vector *)(values + count);      \
    vector a = {0}, b = {0}, c = {0}, d = {0}, e = {0}, f = {0}, g = {0}, h = {0};          \
    for (; p < end; p += 8) {                                                               \
      a += p[0], b += p[1], c += p[2], d += p[3], e += p[4], f += p[5], g += p[6], h += p[7]; \
    }                                                                                       \
    a += b + c + d + e + f + g + h;                                                         \
    return a[0] + a[BYTES / 4 - 1];                                                         \
  }                                                                                         \
  TARGET static void NAME##_update(float *weights, float *velocity, size_t count) {         \
    typedef float vector __attribute__((vector_size(BYTES), may_alias));                    \
    vector *restrict w = (vector *)weights, *restrict v = (vector *)velocity;               \
    const vector m = (vector){0} + factor, g = (vector){0} + summand, r = (vector){0} + rate; \
    for (size_t i = 0; i < count / (BYTES / 4); i += 4) {                                   \
      vector v0 = v[i] * m + g, v1 = v[i + 1] * m + g, v2 = v[i + 2] * m + g, v3 = v[i + 3] * m + g; \
      v[i] = v0, v[i + 1] = v1, v[i + 2] = v2, v[i + 3] = v3;                               \
      w[i] -= v0 * r, w[i + 1] -= v1 * r, w[i + 2] -= v2 * r, w[i + 3] -= v3 * r;           \
    }                                                                                       \
  }

VARIANT(base, , 16)
#ifdef __x86_64__
VARIANT(avx2, __attribute__((target("avx2,fma"))), 32)
VARIANT(avx512, __attribute__((target("avx512f"))), 64)
#endif

static struct variant variants[3];
static int variant_count;

static void add(const char *name, int lanes, float (*chains)(int), float (*read)(const float *, size_t),
                void (*update)(float *, float *, size_t)) {
  variants[variant_count++] = (struct variant){name, lanes, chains, read, update};
}

static void find_variants(void) {
  add("base", 4, base_chains, base_read, base_update);
#ifdef __x86_64__
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) add("avx2", 8, avx2_chains, avx2_read, avx2_update);
  if (__builtin_cpu_supports("avx512f")) add("avx512", 16, avx512_chains, avx512_read, avx512_update);
#endif
}

/* The median of some short bursts; a multiply-add is two operations. */
static double gflops(const struct variant *variant) {
  double rates[BURSTS];
  for (int b = -1; b < BURSTS; b++) {
    struct stopwatch watch = stopwatch_start();
    sink = variant->chains(BURST);
    double passed = stopwatch_stop(watch);
    if (b >= 0) rates[b] = 2e-3 * CHAINS * variant->lanes * (double)BURST / passed;
  }
  return quantile(rates, BURSTS, 0.5);
}

static void answer_fma(void) {
  const char *best = "";
  double most = 0;
  printf("{\"variants\": {");
  for (int i = 0; i < variant_count; i++) {
    double rate_now = gflops(&variants[i]);
    printf("%s\"%s\": %.2f", i ? ", " : "", variants[i].name, rate_now);
    if (rate_now > most) most = rate_now, best = variants[i].name;
  }
  printf("}, \"best\": \"%s\", \"gflops\": %.2f}\n", best, most);
}

/* Passes follow one another as in a training step, so that the caches are as it leaves them. */
static void answer_stream(size_t count, size_t tail, int repeats) {
  static float *weights, *velocity;
  static size_t held;
  count = (count + BLOCK - 1) / BLOCK * BLOCK;
  tail = (tail + BLOCK - 1) / BLOCK * BLOCK;
  if (count != held) {
    free(weights), free(velocity);
    weights = reserve(count * sizeof(float)), velocity = reserve(count * sizeof(float)), held = count;
    for (size_t i = 0; i < count; i++) weights[i] = 1, velocity[i] = 1;
  }
  double *times[3], best[3] = {0}, least = 0;
  const char *name = "";
  for (int pass = 0; pass < 3; pass++) times[pass] = reserve((size_t)repeats * sizeof(double));
  for (int i = 0; i < variant_count; i++) {
    for (int r = -WARM_UP; r < repeats; r++) {
      double t0 = now_us();
      sink = variants[i].read(weights, count);
      double t1 = now_us();
      sink = variants[i].read(weights + count - tail, tail);
      double t2 = now_us();
      variants[i].update(weights, velocity, count);
      double t3 = now_us();
      if (r >= 0) times[0][r] = t1 - t0, times[1][r] = t2 - t1, times[2][r] = t3 - t2;
    }
    double total = 0, medians[3];
    for (int pass = 0; pass < 3; pass++) total += medians[pass] = quantile(times[pass], (size_t)repeats, 0.5);
    if (least == 0 || total < least) least = total, name = variants[i].name, memcpy(best, medians, sizeof best);
  }
  for (int pass = 0; pass < 3; pass++) free(times[pass]);
  printf("{\"variant\": \"%s\", \"count\": %zu, \"tail\": %zu, \"read_us\": %.3f, ", name, count, tail, best[0]);
  printf("\"tail_us\": %.3f, \"update_us\": %.3f}\n", best[1], best[2]);
}

static void answer_level(double bytes) {
  static const int names[] = {_SC_LEVEL1_DCACHE_SIZE, _SC_LEVEL2_CACHE_SIZE, _SC_LEVEL3_CACHE_SIZE};
  for (int level = 0; level < 3; level++) {
    long size = sysconf(names[level]);
    if (size > 0 && bytes <= (double)size) {
      printf("{\"level\": \"L%d cache\", \"kbytes\": %ld}\n", level + 1, size / 1024);
      return;
    }
  }
  printf("{\"level\": \"memory\", \"kbytes\": 0}\n");
}

int main(void) {
  char line[256];
  find_variants();
  while (fgets(line, sizeof line, stdin)) {
    size_t count = 0, tail = 0;
    int repeats = 0;
    double bytes = 0;
    if (strncmp(line, "fma", 3) == 0)
      answer_fma();
    else if (sscanf(line, "stream %zu %zu %d", &count, &tail, &repeats) == 3 && count && tail <= count && repeats > 0)
      answer_stream(count, tail, repeats);
    else if (sscanf(line, "level %lf", &bytes) == 1)
      answer_level(bytes);
    else
      fail("no such command");
    fflush(stdout);
  }
  return 0;
}
