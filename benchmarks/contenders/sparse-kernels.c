/*
 * sparse-kernels.c -- the kernels of masked layers beside the dense ones, shape by shape.
 *
 *   sparse-kernels ROUNDS [LEVEL [ROWS [BAND [LAYOUT]]]]
 *
 * Dense layers of 32 (or ROWS) rows and convolutions of 3 x 3 taps on 32 samples, some of whose weights
 * are kept, in blocks of eight outputs or single. What counts is the time of the three products, for
 * masked layers with the copies between rows and planes, by that of the dense kernels on the same
 * shape. Dense layers end with the optimiser's step, too. Dense convolutions gather their patches
 * outside of the clock; masked ones go band by band, and both gradients of a band share the planes of dy.
 * LEVEL chooses the instruction set, 0 to 2, BAND the lines of one pass (a divisor of all), LAYOUT
 * which products of dense layers take rows as they are (bits: 1 forward, 2 input gradient,
 * 4 weight gradient).
 *
 * The contenders take turns, and the fastest round counts: other programs only slow them. One
 * thread. Prints one JSON object a line; benchmarks/sparse-kernels.py makes the table.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "floats.h"
#include "swiftcl_kernels.h"

enum { FORWARD, INPUT_GRADIENT, WEIGHT_GRADIENT, PRODUCTS };

typedef struct shape {
  const char *name;
  int channels, outputs, side; /* side 0: a dense layer */
  int band;                    /* output lines of a pass; 0 is all */
} shape;

static const shape shapes[] = {
    {"784 to 800", 784, 800, 0, 0}, {"800 to 800", 800, 800, 0, 0},
    {"64 maps, 32 x 32", 64, 64, 32, 2}, {"128 maps, 16 x 16", 128, 128, 16, 2},
    {"256 maps, 8 x 8", 256, 256, 8, 2}, {"512 maps, 4 x 4", 512, 512, 4, 4},
};

static float *x, *y, *dy, *dx, *weights, *velocity, *gradient, *bias, *patches, *patch_gradient, *planes, *dplanes, *yplanes;
static swiftcl_sparse kept;
static int32_t *offsets, *starts, *inputs;
static float *values, *sparse_velocity, *sparse_gradient;
static swiftcl_update update;
static int batch = 32; /* rows of a dense layer; of a convolution 32 samples */
static int band_lines, layout = -1;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static int taps(shape s) { return s.side ? 9 : 1; }
static int in_of(shape s) { return s.channels * taps(s); }
static int pixels(shape s) { return s.side ? s.side * s.side : 1; }

/* ------------------------------------------------------------------- dense */

/* As the library does it: sample by sample where there are pixels, all rows at once where not. */
static void dense(int product, shape s) {
  const swiftcl_kernel_table *k = swiftcl_kernels();
  int in = in_of(s), out = s.outputs, rows = s.side ? pixels(s) : batch, times = s.side ? 32 : 1;
  for (int n = 0; n < times; n++) {
    const float *source = s.side ? patches : x;
    float *to = y + (size_t)n * rows * out;
    const float *back = dy + (size_t)n * rows * out;
    if (product == FORWARD) k->forward_product(source, in, rows, in, weights, bias, out, to, out, 1);
    if (product == INPUT_GRADIENT)
      k->input_gradient(back, out, rows, out, weights, 16 * in, in, s.side ? patch_gradient : dx, in, NULL, rows >= 16);
    if (product == WEIGHT_GRADIENT) {
      if (s.side) k->weight_gradient(source, in, back, out, rows, in, out, gradient, n > 0);
      else k->weight_update(source, in, back, out, rows, in, out, weights, velocity, NULL, NULL, NULL, &update);
    }
  }
  if (product == WEIGHT_GRADIENT && s.side)
    k->apply_update(gradient, weights, velocity, NULL, NULL, NULL, (ptrdiff_t)in * out, &update);
}

/* ------------------------------------------------------------------ sparse */

static uint64_t state = 5;
static uint32_t random_word(void) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33);
}

static void mask(shape s, int width, double share) {
  int in = in_of(s), groups = s.outputs / width, count = 0;
  for (int g = 0; g < groups; g++) {
    starts[g] = count;
    for (int i = 0; i < in; i++)
      if (random_word() < share * 2147483648.0) inputs[count++] = i;
  }
  starts[groups] = count;
  kept = (swiftcl_sparse){.width = width, .groups = groups, .starts = starts, .inputs = inputs, .values = values};
}

static swiftcl_plane_copy copy(shape s, float *rows, int channels, float *to, int lines, int first, int padding) {
  int wide = s.side + 2 * padding;
  swiftcl_plane_copy c = {.rows = rows, .channels = channels, .sample_stride = (ptrdiff_t)pixels(s) * channels,
                          .pixel_stride = channels, .channel_stride = 1, .samples = 16, .height = s.side,
                          .width = s.side, .planes = to, .line_stride = 16 * wide, .padding = padding,
                          .plane_stride = (ptrdiff_t)16 * (wide * lines | 1), .first_line = first, .end_line = first + lines};
  return c;
}

/* Forward, or both gradients band by band, which share the planes of dy. Adds to `spent` by product. */
static void sparse_conv(int forward, shape s, double *spent) {
  const swiftcl_kernel_table *k = swiftcl_kernels();
  int band = band_lines ? band_lines : s.band, wide = s.side + 2, passes = 0;
  if (band > s.side) band = s.side;
  for (int i = 0; i < in_of(s); i++)
    offsets[i] = 16 * (i % s.channels * ((band + 2) * wide | 1) + i / s.channels / 3 * wide + i / s.channels % 3);
  for (int group = 0; group < 2; group++) {
    size_t first_x = (size_t)16 * group * pixels(s) * s.channels, first_y = (size_t)16 * group * pixels(s) * s.outputs;
    for (int line = 0; line < s.side; line += band, passes++) {
      swiftcl_plane_copy cx = copy(s, x + first_x, s.channels, planes, band + 2, line - 1, 1);
      swiftcl_plane_copy cy = copy(s, (forward ? y : dy) + first_y, s.outputs, yplanes, band, line, 0);
      swiftcl_sparse_planes p = {.weights = kept, .offsets = offsets, .x = planes, .dx = planes,
                                 .x_line = 16 * wide, .x_step = 16, .y = yplanes, .y_plane = cy.plane_stride,
                                 .lines = band, .pixels = s.side, .bias = bias, .relu = 1, .continues = passes > 0};
      double start = now();
      if (forward) {
        k->planes_from_rows(&cx), k->sparse_planes_forward(&p), k->rows_from_planes(&cy);
        spent[FORWARD] += now() - start;
        continue;
      }
      swiftcl_plane_copy shared = copy(s, dx + first_x, s.channels, planes, band + 2, line - 1, 1), fresh = shared;
      k->planes_from_rows(&cy);
      memset(planes, 0, sizeof(float) * cx.plane_stride * s.channels);
      k->sparse_planes_input_gradient(&p);
      /* Lines that the band before has reached, too, grow; the others are new. */
      shared.end_line = line ? line + 1 : 0, shared.adds = 1;
      if (line) k->rows_from_planes(&shared);
      fresh.planes += (shared.end_line - fresh.first_line) * fresh.line_stride, fresh.first_line = shared.end_line;
      k->rows_from_planes(&fresh);
      double middle = now();
      spent[INPUT_GRADIENT] += middle - start;
      p.weights.values = sparse_gradient;
      k->planes_from_rows(&cx), k->sparse_planes_weight_gradient(&p);
      spent[WEIGHT_GRADIENT] += now() - middle;
    }
  }
}

/* Rows of a dense layer to planes, whose pixels are sixteen rows, or back. */
static void split(float *rows, int channels, float *to, int back) {
  int groups = (batch + 15) / 16;
  for (int group = 0; group < groups; group++) {
    int samples = batch - 16 * group < 16 ? batch - 16 * group : 16;
    swiftcl_plane_copy c = {.rows = rows + (size_t)16 * group * channels, .sample_stride = channels,
                            .pixel_stride = channels, .channel_stride = 1, .samples = samples, .channels = channels,
                            .height = 1, .width = 1, .planes = to + 16 * group, .plane_stride = 16 * groups,
                            .line_stride = 16, .end_line = 1};
    if (back) swiftcl_kernels()->rows_from_planes(&c);
    else swiftcl_kernels()->planes_from_rows(&c);
  }
}

/* As Sources/SwiftCL/Kernels/SparseKernels.swift decides, or as the command line says. */
static int as_rows(int product) {
  if (layout >= 0) return layout >> product & 1;
  int block = kept.width == 8;
  return batch < (product == FORWARD ? (block ? 12 : 3) : product == INPUT_GRADIENT ? 3 : block ? 96 : 6);
}

static void sparse_dense(int product, shape s) {
  const swiftcl_kernel_table *k = swiftcl_kernels();
  int groups = (batch + 15) / 16;
  if (as_rows(product)) {
    swiftcl_sparse_rows r = {.weights = kept, .x = x, .dx = dx, .x_stride = s.channels, .y = product ? dy : y,
                             .y_stride = s.outputs, .rows = batch, .bias = bias, .relu = 1};
    if (product == FORWARD) k->sparse_rows_forward(&r);
    if (product == INPUT_GRADIENT)
      memset(dx, 0, sizeof(float) * batch * s.channels), k->sparse_rows_input_gradient(&r);
    if (product == WEIGHT_GRADIENT) r.weights.values = sparse_gradient, k->sparse_rows_weight_gradient(&r);
    return;
  }
  for (int i = 0; i < s.channels; i++) offsets[i] = 16 * groups * i;
  swiftcl_sparse_planes p = {.weights = kept, .offsets = offsets, .x = planes, .dx = dplanes, .x_step = 16,
                             .y = yplanes, .y_plane = 16 * groups, .lines = 1, .pixels = groups, .bias = bias, .relu = 1};
  if (product == WEIGHT_GRADIENT) p.weights.values = sparse_gradient;
  if (product == FORWARD) split(x, s.channels, planes, 0), k->sparse_planes_forward(&p), split(y, s.outputs, yplanes, 1);
  if (product == INPUT_GRADIENT) {
    split(dy, s.outputs, yplanes, 0);
    memset(dplanes, 0, sizeof(float) * 16 * groups * s.channels);
    k->sparse_planes_input_gradient(&p), split(dx, s.channels, dplanes, 1);
  }
  if (product == WEIGHT_GRADIENT) split(x, s.channels, planes, 0), split(dy, s.outputs, yplanes, 0), k->sparse_planes_weight_gradient(&p);
}

static void sparse_update(void) {
  swiftcl_kernels()->apply_update(sparse_gradient, values, sparse_velocity, NULL, NULL, NULL,
                                  (ptrdiff_t)starts[kept.groups] * kept.width / 16 * 16, &update);
}

/* The three products, each with its time. */
static void step(int masked, shape s, double *spent) {
  for (int product = 0; product < PRODUCTS; product++) spent[product] = 0;
  if (masked && s.side) sparse_conv(1, s, spent), sparse_conv(0, s, spent);
  for (int product = 0; product < PRODUCTS; product++) {
    double start = now();
    if (!masked) dense(product, s);
    else if (!s.side) sparse_dense(product, s);
    if (masked && product == WEIGHT_GRADIENT) sparse_update();
    spent[product] += now() - start;
  }
}

int main(int argc, char **argv) {
  static const struct { int width; double sparsity; } masks[] = {{8, 0.75}, {8, 0.9}, {8, 0.95}, {1, 0.9}};
  int rounds = argc > 1 ? atoi(argv[1]) : 9;
  swiftcl_kernels_select(argc > 2 ? atoi(argv[2]) : -1);
  if (argc > 3) batch = atoi(argv[3]);
  if (argc > 4) band_lines = atoi(argv[4]);
  if (argc > 5) layout = atoi(argv[5]);
  if (batch < 1 || batch > 1024) return 1;
  size_t most = (size_t)32 * 1024 * 64, dense_most = (size_t)4608 * 512;
  x = floats(most), y = floats(most), dy = floats(most), dx = floats(most), bias = floats(4096);
  weights = floats(dense_most), velocity = floats(dense_most), gradient = floats(dense_most);
  patches = floats(1024 * 576), patch_gradient = floats(1024 * 576);
  planes = aligned_alloc(4096, 4 * most), dplanes = aligned_alloc(4096, 4 * most), yplanes = aligned_alloc(4096, 4 * most);
  offsets = malloc(4 * 4608), starts = malloc(4 * 4096), inputs = malloc(4 * dense_most);
  values = floats(dense_most), sparse_velocity = floats(dense_most), sparse_gradient = floats(dense_most);
  if (!planes || !dplanes || !yplanes || !offsets || !starts || !inputs) return 1;
  update = (swiftcl_update){.rate = 1e-9f, .momentum = 0.9f, .scale = 1};
  for (int i = 0; i < (int)(sizeof shapes / sizeof *shapes); i++) {
    shape s = shapes[i];
    for (int m = 0; m < 4; m++) {
      mask(s, masks[m].width, 1 - masks[m].sparsity);
      double best[2][PRODUCTS], spent[PRODUCTS];
      for (int round = 0; round < 2 * rounds; round++) {
        int c = round % 2;
        /* Weights of a dense layer stay in a cache from step to step. */
        if (!s.side) step(c, s, spent);
        step(c, s, spent);
        for (int product = 0; product < PRODUCTS; product++)
          if (round < 2 || spent[product] < best[c][product]) best[c][product] = spent[product];
      }
      printf("{\"kernels\": \"%s\", \"shape\": \"%s\", \"width\": %d, \"sparsity\": %.2f", swiftcl_kernels()->name,
             s.name, masks[m].width, masks[m].sparsity);
      for (int c = 0; c < 2; c++)
        printf(", \"%s\": [%.4f, %.4f, %.4f]", c ? "sparse" : "dense", 1e3 * best[c][0], 1e3 * best[c][1], 1e3 * best[c][2]);
      printf("}\n");
      fflush(stdout);
    }
  }
  return 0;
}
