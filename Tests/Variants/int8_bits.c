/*
 * int8_bits.c -- the kernels of int8 tickets: every variant that this processor can run gives the
 * integers that plain loops give, on random weights, inputs and sizes, extreme values among them.
 *
 * The kernels are no part of the interface; this program is linked with the objects of the library
 * before their names are hidden.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swiftcl.h"

#define SWIFTCL_DISPATCH
#include "../../Sources/CSwiftCL/include/swiftcl_kernels.h"

enum { ROWS = 9, UNITS = 40, PADDED = 48, QUADS = 20, VARIANTS = 3, TRIALS = 400, ELEMENTS = 60 };

static uint64_t state = 7;

static uint32_t draw(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 32);
}

static int32_t between(int32_t low, int32_t high) { return low + (int32_t)(draw() % (uint32_t)(high - low + 1)); }

static int64_t clipped(int64_t y, int64_t low, int64_t high) { return y < low ? low : y > high ? high : y; }

static int failures;

static void expect(int same, const char *what) {
  if (same) return;
  printf("%s: %s is DIFFERENT from plain loops\n", swiftcl_kernel_name(), what);
  failures++;
}

static void rows_of_a_layer(void) {
  static int16_t x[ROWS * (4 * QUADS + 16)] __attribute__((aligned(16))), added[ROWS * PADDED], y[ROWS * PADDED];
  static uint32_t weights[QUADS * PADDED];
  static int32_t bias[PADDED], factor[PADDED], wide[ROWS * PADDED];
  int rows = between(1, ROWS), units = between(1, UNITS), padded = (units + 15) / 16 * 16, quads = between(1, QUADS);
  int stride = 4 * between(quads, QUADS), is_head = between(0, 1), adds = between(0, 1);
  int32_t top = draw() % 4 == 0 ? 32767 : between(1, 4000);
  for (int i = 0; i < ROWS * (4 * QUADS + 16); i++) x[i] = (int16_t)between(-top, top);
  for (int i = 0; i < ROWS * PADDED; i++) added[i] = (int16_t)between(-32767, 32767);
  for (int i = 0; i < padded * quads; i++) weights[i] = draw();
  for (int o = 0; o < padded; o++) {
    bias[o] = between(-(1 << 29), 1 << 29);
    factor[o] = (int32_t)draw();
  }
  swiftcl_int8_rows pass = {
      .x = x, .x_stride = stride, .rows = rows, .quads = quads, .units = units, .weights = weights, .bias = bias,
      .factor = factor, .shift = between(1, 62), .low = between(0, 1) ? 0 : -top, .high = top,
      .added_factor = (int32_t)draw(), .added_shift = between(1, 62), .added = adds ? added : NULL,
      .y = is_head ? NULL : y, .wide = is_head ? wide : NULL};
  swiftcl_kernels()->int8_rows(&pass);
  int same = 1;
  for (int row = 0; row < rows; row++)
    for (int o = 0; o < units; o++) {
      int64_t sum = bias[o];
      for (int k = 0; k < 4 * quads; k++) {
        static const int place[4] = {0, 2, 1, 3};
        uint32_t word = weights[(o / 16 * quads + k / 4) * 16 + o % 16];
        sum += (int64_t)(int8_t)(word >> 8 * place[k % 4]) * x[row * stride + k];
      }
      int64_t z = (sum * factor[o] + ((int64_t)1 << (pass.shift - 1))) >> pass.shift;
      if (adds) {
        int64_t half = (int64_t)1 << (pass.added_shift - 1);
        z += ((int64_t)added[row * padded + o] * pass.added_factor + half) >> pass.added_shift;
      }
      z = clipped(z, pass.low, pass.high);
      same = same && z == (is_head ? wide[row * padded + o] : y[row * padded + o]);
    }
  expect(same, "a layer");
}

static void elements_of_an_input(void) {
  static uint8_t source[2 * ELEMENTS * 3];
  static int16_t target[ELEMENTS * 3], wanted[ELEMENTS * 3];
  for (size_t i = 0; i < sizeof source; i++) source[i] = (uint8_t)draw();
  memset(target, 0x55, sizeof target);
  memset(wanted, 0x55, sizeof wanted);
  static const int32_t types[3] = {SWIFTCL_INPUT_U8, SWIFTCL_INPUT_I8, SWIFTCL_INPUT_I16};
  int64_t summand = (int64_t)((uint64_t)draw() << 29) * (between(0, 1) ? 1 : -1);
  swiftcl_int8_input pass = {
      .source = source, .target = target, .type = types[between(0, 2)], .factor = (int32_t)draw(),
      .summand = between(0, 1) ? summand : between(-100000, 100000), .shift = between(1, between(0, 1) ? 62 : 12),
      .largest = between(1, 32767), .count = between(1, ELEMENTS), .step = between(1, 3)};
  swiftcl_kernels()->int8_input(&pass);
  for (ptrdiff_t e = 0; e < pass.count; e++) {
    int64_t value = pass.type == SWIFTCL_INPUT_U8 ? source[e * pass.step] : (int8_t)source[e * pass.step];
    if (pass.type == SWIFTCL_INPUT_I16)
      value = (int16_t)(source[2 * e * pass.step] | source[2 * e * pass.step + 1] << 8);
    wanted[e * pass.step] = (int16_t)clipped((value * pass.factor + pass.summand) >> pass.shift, -pass.largest, pass.largest);
  }
  expect(memcmp(target, wanted, sizeof target) == 0, "an input");
}

int main(void) {
  for (int32_t level = 0; level < VARIANTS; level++) {
    if (swiftcl_kernels_select(level) != level) {
      printf("SKIPPED: kernel variant %d, which this processor cannot run\n", (int)level);
      continue;
    }
    int before = failures;
    for (int trial = 0; trial < TRIALS && failures - before < 3; trial++) {
      rows_of_a_layer();
      elements_of_an_input();
    }
    if (failures == before) printf("%s: the integers of plain loops\n", swiftcl_kernel_name());
  }
  return failures != 0;
}
