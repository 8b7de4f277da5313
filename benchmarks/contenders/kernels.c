/*
 * kernels.c -- GFLOP/s of the built-in kernels, of OpenBLAS and of plain loops, shape
 * by shape, beside what chains of multiply-adds in registers reach.
 *
 *   kernels ROUNDS SECONDS      reads lines of "rows outputs inputs"
 *
 * The contenders of a row take turns, so that whatever else the machine does hits
 * all alike; each value is the median over the rounds. Prints one JSON object a line;
 * benchmarks/kernels.py makes the table. Reaches into the library for its kernels, so it
 * is linked with the object files rather than with the library. x86-64 only.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <cblas.h>
#include <immintrin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "floats.h"
#include "swiftcl_kernels.h"

char *openblas_get_corename(void);
int32_t swiftcl_kernels_select(int32_t level);

enum { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT, WEIGHT_UPDATE, OPERATIONS };
static const char *const operation_names[OPERATIONS] = {
    "forward", "input gradient", "weight gradient", "weight update"};

enum { BASE, AVX2, AVX512, OPENBLAS, PLAIN, CONTENDERS };
static const char *const contender_names[CONTENDERS] = {"base", "avx2", "avx512", "openblas", "plain"};

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values, int count) {
  qsort(values, count, sizeof *values, by_value);
  return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* ------------------------------------------------------------ the FMA peak */

/* Sixteen independent chains in registers: nothing to load, nothing to wait for. */
#define PEAK(name, target_name, vector, fma, set) \
  __attribute__((target(target_name), noinline)) static double name(long turns) { \
    vector c[12], a = set(1.0000001f), b = set(1e-9f); \
    for (int i = 0; i < 12; i++) c[i] = set((float)i); \
    for (long t = 0; t < turns; t++) { \
      _Pragma("GCC unroll 12") for (int i = 0; i < 12; i++) c[i] = fma(c[i], a, b); \
      __asm__ volatile("" : "+v"(a)); \
    } \
    for (int i = 1; i < 12; i++) c[0] += c[i]; \
    return c[0][0]; \
  }
PEAK(chains_avx2, "avx2,fma", __m256, _mm256_fmadd_ps, _mm256_set1_ps)
PEAK(chains_avx512, "avx512f", __m512, _mm512_fmadd_ps, _mm512_set1_ps)

static volatile double sink;

/* Over about so many seconds, as clocks depend on how long it has been. */
static double peak(int avx512, double seconds) {
  long turns = 0;
  double start = now(), spent;
  do {
    sink = avx512 ? chains_avx512(10000) : chains_avx2(10000);
    turns += 10000;
    spent = now() - start;
  } while (spent < seconds);
  return 2.0 * 12 * (avx512 ? 16 : 8) * turns / spent * 1e-9;
}

/* ---------------------------------------------------------------- products */

typedef struct shape {
  int rows, outputs, inputs;
} shape;

static float *x, *y, *dy, *dx, *weights, *velocity, *gradient, *bias, *plain;

static int padded(int n) { return (n + 15) / 16 * 16; }

/* As Sources/SwiftCL/Kernels/Kernels.swift decides. */
static int chained(shape s) {
  int wide = padded(s.outputs);
  return s.rows >= 48 || (s.rows >= 16 && (wide <= 64 || wide > 512)) || (s.rows >= 4 && wide == 16);
}

static void ours(int operation, shape s) {
  const swiftcl_kernel_table *k = swiftcl_kernels();
  int out = padded(s.outputs), in = s.inputs, wide = padded(s.inputs);
  swiftcl_update update = {0};
  update.kind = 0;
  update.rate = 1e-9f;
  update.momentum = 0.9f;
  update.scale = 1;
  switch (operation) {
    case FORWARD:
      k->forward_product(x, in, s.rows, in, weights, bias, out, y, out, 0);
      break;
    case INPUT_GRADIENT:
      k->input_gradient(dy, out, s.rows, out, weights, 16 * in, in, dx, wide, NULL,
                        chained(s));
      break;
    case WEIGHT_GRADIENT:
      k->weight_gradient(x, in, dy, out, s.rows, in, out, gradient, 0);
      break;
    default:
      k->weight_update(x, in, dy, out, s.rows, in, out, weights, velocity, NULL, NULL, NULL,
                       &update);
  }
}

static void plain_update(size_t count) {
  for (size_t i = 0; i < count; i++) {
    velocity[i] = 0.9f * velocity[i] + gradient[i];
    plain[i] -= 1e-9f * velocity[i];
  }
}

/* The same on plain matrices, as a BLAS user stores them: weights inputs x outputs. */
static void blas(int operation, shape s) {
  int n = s.rows, out = s.outputs, in = s.inputs;
  switch (operation) {
    case FORWARD:
      if (n == 1) cblas_sgemv(CblasRowMajor, CblasTrans, in, out, 1, plain, out, x, 1, 0, y, 1);
      else cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, out, in, 1, x, in, plain, out,
                       0, y, out);
      break;
    case INPUT_GRADIENT:
      if (n == 1)
        cblas_sgemv(CblasRowMajor, CblasNoTrans, in, out, 1, plain, out, dy, 1, 0, dx, 1);
      else cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, in, out, 1, dy, out, plain, out,
                       0, dx, in);
      break;
    default:
      if (n == 1) {
        memset(gradient, 0, sizeof(float) * in * out);
        cblas_sger(CblasRowMajor, in, out, 1, x, 1, dy, 1, gradient, out);
      } else {
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, in, out, n, 1, x, in, dy, out, 0,
                    gradient, out);
      }
      if (operation == WEIGHT_UPDATE) plain_update((size_t)in * out);
  }
}

/* Three loops, as the compiler makes them for this processor. */
static void loops(int operation, shape s) {
  size_t out = (size_t)s.outputs, in = (size_t)s.inputs;
  if (operation >= WEIGHT_GRADIENT) memset(gradient, 0, sizeof(float) * in * out);
  for (size_t n = 0; n < (size_t)s.rows; n++) {
    if (operation == FORWARD) memset(y + n * out, 0, sizeof(float) * out);
    for (size_t k = 0; k < in; k++) {
      float sum = 0, factor = x[n * in + k];
      float *restrict to = operation == FORWARD ? y + n * out : gradient + k * out;
      const float *restrict w = plain + k * out, *restrict d = dy + n * out;
      if (operation == FORWARD)
        for (size_t o = 0; o < out; o++) to[o] += factor * w[o];
      else if (operation == INPUT_GRADIENT)
        for (size_t o = 0; o < out; o++) sum += d[o] * w[o];
      else
        for (size_t o = 0; o < out; o++) to[o] += factor * d[o];
      if (operation == INPUT_GRADIENT) dx[n * in + k] = sum;
    }
  }
  if (operation == WEIGHT_UPDATE) plain_update(in * out);
}

static void run(int contender, int operation, shape s) {
  if (contender < OPENBLAS) {
    swiftcl_kernels_select(contender);
    ours(operation, s);
  } else if (contender == OPENBLAS) {
    blas(operation, s);
  } else {
    loops(operation, s);
  }
}

/* The slow ones need no more than a look. */
static int rounds_of(int contender, int rounds) {
  return contender == BASE || contender == PLAIN ? (rounds + 4) / 5 : rounds;
}

static void measure(int operation, shape s, int best, int rounds, double round_seconds) {
  double flops = 2.0 * s.rows * s.outputs * s.inputs;
  double *values[CONTENDERS], *peaks[2];
  int turns[CONTENDERS];
  double window[CONTENDERS];
  for (int c = 0; c < CONTENDERS; c++) {
    values[c] = calloc(rounds, sizeof(double));
    if (c < OPENBLAS && c > best) continue;
    run(c, operation, s);
    double start = now();
    run(c, operation, s);
    double once = now() - start;
    turns[c] = once > 0 ? (int)(round_seconds / once) : 1000;
    if (turns[c] < 1) turns[c] = 1;
    if (turns[c] > 100000) turns[c] = 100000;
    window[c] = turns[c] * once;
  }
  for (int p = 0; p < 2; p++) peaks[p] = calloc(rounds, sizeof(double));
  for (int r = 0; r < rounds; r++) {
    for (int c = 0; c < CONTENDERS; c++) {
      if (c < OPENBLAS && c > best) continue;
      if (r >= rounds_of(c, rounds)) continue;
      /* A processor takes a while to settle when wide instructions come or go. */
      for (int t = 0; t < turns[c] * 2; t++) run(c, operation, s);
      double start = now();
      for (int t = 0; t < turns[c]; t++) run(c, operation, s);
      values[c][r] = flops * turns[c] / (now() - start) * 1e-9;
    }
    for (int p = 0; p < 2 && p < best; p++) {
      peak(p, 2 * window[AVX2 + p]);
      peaks[p][r] = peak(p, window[AVX2 + p]);
    }
  }
  printf("{\"operation\": \"%s\", \"rows\": %d, \"outputs\": %d, \"inputs\": %d",
         operation_names[operation], s.rows, s.outputs, s.inputs);
  for (int c = 0; c < CONTENDERS; c++)
    if (c >= OPENBLAS || c <= best)
      printf(", \"%s\": %.2f", contender_names[c], median(values[c], rounds_of(c, rounds)));
  for (int p = 0; p < 2; p++)
    if (p < best) printf(", \"fma_%s\": %.1f", contender_names[AVX2 + p], median(peaks[p], rounds));
  printf("}\n");
  fflush(stdout);
  for (int c = 0; c < CONTENDERS; c++) free(values[c]);
  for (int p = 0; p < 2; p++) free(peaks[p]);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 15;
  double seconds = argc > 2 ? atof(argv[2]) : 0.004;
  size_t most = (size_t)4096 * 4096;
  x = floats((size_t)512 * 4096), dy = floats((size_t)512 * 4096);
  y = floats((size_t)512 * 4096), dx = floats((size_t)512 * 4096);
  bias = floats(4096);
  weights = floats(most), velocity = floats(most), gradient = floats(most), plain = floats(most);
  int best = swiftcl_kernels_select(-1);
  printf("{\"openblas_core\": \"%s\", \"kernels\": \"%s\"}\n", openblas_get_corename(),
         swiftcl_kernels()->name);
  shape s;
  while (scanf("%d %d %d", &s.rows, &s.outputs, &s.inputs) == 3) {
    if (s.rows < 1 || s.rows > 512 || s.outputs < 1 || s.outputs > 4096 || s.inputs < 1 ||
        s.inputs > 4096)
      continue;
    for (int operation = 0; operation < OPERATIONS; operation++)
      measure(operation, s, best, rounds, seconds);
  }
  return 0;
}
