/*
 * sparse_bits.c -- the rounding rule for masked layers: whichever instruction set the sparse
 * kernels are compiled for, they write the same bits, and nothing beside them. Random layers,
 * on rows and on planes, with blocks and with single weights.
 *
 * Reaches into the library for its kernels, as same_bits.c does.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#define SWIFTCL_DISPATCH
#include "../../Sources/CSwiftCL/include/swiftcl_kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TURNS = 300, VARIANTS = 3, PRODUCTS = 8, MOST_ENTRIES = 20000 };

static const char *const names[PRODUCTS] = {
    "rows, forward", "rows, input gradient", "rows, weight gradient", "planes, forward",
    "planes, input gradient", "planes, weight gradient", "planes from rows", "rows from planes"};

static uint64_t state = 7;

static uint32_t word(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33);
}

static int number(int least, int most) { return least + (int)(word() % (uint32_t)(most - least + 1)); }

/* Some are zero, some tiny: where orders of addition differ it must show. */
static void fill(float *to, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float value = (float)word() / 1073741824.0f - 1;
    to[i] = word() % 16 == 0 ? 0 : word() % 8 == 0 ? value * 1e-6f : value;
  }
}

static float *floats(size_t count) {
  float *p = malloc(count * sizeof *p);
  if (!p) exit(1);
  fill(p, count);
  return p;
}

typedef struct array {
  float *start, *kept;
  size_t count;
} array;

static array make(size_t count) {
  array a = {floats(count), malloc(count * sizeof(float)), count};
  if (!a.kept) exit(1);
  memcpy(a.kept, a.start, count * sizeof(float));
  return a;
}

static void restore(array a) { memcpy(a.start, a.kept, a.count * sizeof(float)); }

static void drop(array a) { free(a.start), free(a.kept); }

typedef struct layer {
  swiftcl_sparse sparse;
  int32_t starts[256], active_starts[256];
  int32_t inputs[MOST_ENTRIES], active[MOST_ENTRIES];
  array values;
} layer;

static void make_layer(layer *l, int width, int inputs) {
  int groups = number(1, 20), count = 0, active = 0;
  for (int g = 0; g < groups; g++) {
    l->starts[g] = count, l->active_starts[g] = active;
    uint32_t share = g % 5 == 4 ? 0 : (uint32_t)number(1, 9);
    for (int i = 0; i < inputs; i++)
      if (word() % 10 < share) {
        if (word() % 3) l->active[active++] = count;
        l->inputs[count++] = i;
      }
  }
  l->starts[groups] = count, l->active_starts[groups] = active;
  l->values = make((size_t)count * (size_t)width + 1);
  int listed = number(0, 1);
  l->sparse = (swiftcl_sparse){width, groups, l->starts, l->inputs, l->values.start,
                               listed ? l->active : NULL, listed ? l->active_starts : NULL};
}

/* Runs a product on every variant; returns whether all the arrays agree. */
static int agree(int product, const void *pass, array *arrays, int count) {
  float *base[4];
  int same = 1;
  for (int level = 0; level < VARIANTS; level++) {
    if (swiftcl_kernels_select(level) != level) continue;
    const swiftcl_kernel_table *k = swiftcl_kernels();
    for (int a = 0; a < count; a++) restore(arrays[a]);
    switch (product) {
      case 0: k->sparse_rows_forward(pass); break;
      case 1: k->sparse_rows_input_gradient(pass); break;
      case 2: k->sparse_rows_weight_gradient(pass); break;
      case 3: k->sparse_planes_forward(pass); break;
      case 4: k->sparse_planes_input_gradient(pass); break;
      case 5: k->sparse_planes_weight_gradient(pass); break;
      case 6: k->planes_from_rows(pass); break;
      default: k->rows_from_planes(pass);
    }
    for (int a = 0; a < count; a++) {
      size_t bytes = arrays[a].count * sizeof(float);
      if (level == 0) {
        base[a] = malloc(bytes);
        if (!base[a]) exit(1);
        memcpy(base[a], arrays[a].start, bytes);
      } else if (memcmp(base[a], arrays[a].start, bytes) != 0) {
        same = 0;
      }
    }
  }
  for (int a = 0; a < count; a++) free(base[a]);
  return same;
}

static int failures;

static void check(int turn, int product, const void *pass, array *arrays, int count) {
  if (agree(product, pass, arrays, count)) return;
  printf("%s, turn %d: DIFFERENT from base\n", names[product], turn);
  failures++;
}

static void rows(int turn, layer *l, int width) {
  int inputs = number(1, turn % 4 ? 90 : 700), n = number(1, turn % 3 ? 9 : 70);
  make_layer(l, width, inputs);
  size_t outputs = (size_t)(l->sparse.groups * width);
  size_t x_stride = (size_t)(inputs + number(0, 5)), y_stride = outputs + (size_t)number(0, 5);
  array x = make(x_stride * (size_t)n), dx = make(x_stride * (size_t)n);
  array y = make(y_stride * (size_t)n), bias = make(outputs);
  swiftcl_sparse_rows p = {l->sparse, x.start, dx.start, (ptrdiff_t)x_stride, y.start,
                           (ptrdiff_t)y_stride, n, turn % 3 ? bias.start : NULL, turn % 2, turn % 5 > 2};
  array arrays[] = {x, dx, y, l->values};
  for (int product = 0; product < 3; product++) check(turn, product, &p, arrays, 4);
  drop(x), drop(dx), drop(y), drop(bias), drop(l->values);
}

static void planes(int turn, layer *l, int width) {
  int lines = number(1, 4), pixels = number(1, 21), step = number(1, 2), taps = number(1, 3);
  int channels = number(1, 9), wide = pixels * step + taps;
  int x_line = 16 * wide * step, plane = x_line * lines + 16 * wide * taps;
  int32_t offsets[9 * 9];
  for (int i = 0; i < channels * taps * taps; i++) {
    int tap = i / channels;
    offsets[i] = i % channels * plane + 16 * (tap / taps * wide + tap % taps);
  }
  make_layer(l, width, channels * taps * taps);
  size_t outputs = (size_t)(l->sparse.groups * width);
  int y_plane = 16 * (lines * pixels + number(0, 2));
  array x = make((size_t)(channels * plane)), dx = make((size_t)(channels * plane));
  array y = make((size_t)y_plane * outputs), bias = make(outputs);
  swiftcl_sparse_planes p = {l->sparse, offsets, x.start, dx.start, x_line, 16 * step, y.start,
                             y_plane, lines, pixels, turn % 3 ? bias.start : NULL, turn % 2, turn % 5 > 2};
  array arrays[] = {x, dx, y, l->values};
  for (int product = 3; product < 6; product++) check(turn, product, &p, arrays, 4);
  drop(x), drop(dx), drop(y), drop(bias), drop(l->values);
}

static void copies(int turn) {
  int samples = turn % 3 ? 16 : number(1, 15), channels = number(1, 40), planar = turn % 4 == 0;
  int height = number(1, 6), width = number(1, 40), padding = number(0, 2), pad = (channels + 15) / 16 * 16;
  int first = number(-2, 0), end = height + number(0, 2), line = 16 * (width + 2 * padding);
  int plane = line * (end - first) + 16, sample = height * width * pad + 3;
  array a = make((size_t)(sample * samples)), b = make((size_t)(plane * channels));
  swiftcl_plane_copy c = {a.start, sample, planar ? 1 : pad, planar ? height * width : 1, samples, channels, height,
                          width, b.start, plane, line, padding, first, end, turn % 2};
  array arrays[] = {a, b};
  check(turn, 6, &c, arrays, 2);
  if (!planar) check(turn, 7, &c, arrays, 2);
  drop(a), drop(b);
}

int main(void) {
  static layer l;
  for (int32_t level = 1; level < VARIANTS; level++) {
    if (swiftcl_kernels_select(level) != level) {
      printf("SKIPPED: kernel variant %d, which this processor cannot run\n", (int)level);
    }
  }
  for (int turn = 0; turn < TURNS; turn++) {
    rows(turn, &l, turn % 2 ? 8 : 1);
    planes(turn, &l, turn % 2 ? 8 : 1);
    copies(turn);
  }
  if (!failures) printf("sparse kernels: the same bits as base\n");
  return failures != 0;
}
