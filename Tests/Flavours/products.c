/*
 * products.c -- the built-in kernels against OpenBLAS: one program loads both
 * libraries, gives them the same networks and rows, and compares.
 *
 *  - A head alone is one product: |a - b| <= 4 K 2^-24 (|x||w| + |bias|) per logit.
 *  - One training step through a hidden layer reaches the products of the
 *    gradients: both must move the parameters by the same amount, to 1e-4.
 *
 *   products BUILTIN.so OPENBLAS.so
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swiftcl.h"

enum { BUILTIN, OPENBLAS, FLAVOURS };

#define FUNCTIONS(X) \
  X(swiftcl_flavour) X(swiftcl_options_init_sized) X(swiftcl_network_create) X(swiftcl_network_free) \
  X(swiftcl_task_begin) X(swiftcl_train_step) X(swiftcl_predict) X(swiftcl_parameter_shape) \
  X(swiftcl_parameters_get) X(swiftcl_last_error)

struct api {
#define MEMBER(name) __typeof__(name) *name;
  FUNCTIONS(MEMBER)
};

static struct api api[FLAVOURS];
static int failures;

#define CHECK(flavour, call) \
  do { \
    swiftcl_status status_ = api[flavour].call; \
    if (status_ != SWIFTCL_OK) { \
      fprintf(stderr, "%s: %s: status %d\n", #flavour, #call, (int)status_); \
      exit(1); \
    } \
  } while (0)

static void load(int flavour, const char *path, const char *expected) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
#define FIND(name) \
  *(void **)&api[flavour].name = dlsym(library, #name); \
  if (!api[flavour].name) { fprintf(stderr, "%s lacks %s\n", path, #name); exit(1); }
  FUNCTIONS(FIND)
  if (strcmp(api[flavour].swiftcl_flavour(), expected) != 0) {
    fprintf(stderr, "%s is the flavour %s\n", path, api[flavour].swiftcl_flavour());
    exit(1);
  }
}

/* Numbers in [-1, 1) that do not depend on the C library. */
static float next_random(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (float)(int32_t)(*state >> 32) / 2147483648.0f;
}

static float *random_rows(size_t count, uint64_t seed) {
  float *rows = malloc(count * sizeof *rows);
  for (size_t i = 0; i < count; i++) rows[i] = next_random(&seed);
  return rows;
}

static swiftcl_network *create(int flavour, const swiftcl_layer *layers, uint32_t count, uint32_t inputs, uint32_t rows) {
  swiftcl_options options;
  swiftcl_network *net = NULL;
  swiftcl_task task;
  CHECK(flavour, swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = count;
  options.inputs = inputs;
  options.max_batch = rows;
  options.seed = 7;
  options.momentum = 0;
  options.schedule = SWIFTCL_SCHEDULE_CONSTANT;
  CHECK(flavour, swiftcl_network_create(&options, &net));
  CHECK(flavour, swiftcl_task_begin(net, NULL, &task));
  return net;
}

static void get(int flavour, swiftcl_network *net, uint32_t layer, float **weights, float **biases, size_t *outputs, size_t *inputs) {
  CHECK(flavour, swiftcl_parameter_shape(net, SWIFTCL_TASK_OPEN, layer, outputs, inputs));
  *weights = malloc(*outputs * *inputs * sizeof(float));
  *biases = malloc(*outputs * sizeof(float));
  CHECK(flavour, swiftcl_parameters_get(net, SWIFTCL_TASK_OPEN, layer, *weights, *outputs * *inputs, *biases, *outputs));
}

/* One product, compared logit by logit; returns the largest share of its bound. */
static double check_product(uint32_t rows, uint32_t inputs, uint32_t outputs) {
  const swiftcl_layer head = {.kind = SWIFTCL_LAYER_HEAD, .width = outputs, .block_size = 1};
  float *x = random_rows((size_t)rows * inputs, rows * 31u + inputs), *logits[FLAVOURS], *weights, *biases;
  size_t n, k;
  for (int f = 0; f < FLAVOURS; f++) {
    swiftcl_network *net = create(f, &head, 1, inputs, rows);
    logits[f] = malloc((size_t)rows * outputs * sizeof(float));
    CHECK(f, swiftcl_predict(net, SWIFTCL_TASK_OPEN, x, rows, logits[f], (size_t)rows * outputs));
    if (f == BUILTIN) get(f, net, 0, &weights, &biases, &n, &k);
    api[f].swiftcl_network_free(net);
  }
  double worst = 0;
  for (size_t r = 0; r < rows; r++) {
    for (size_t o = 0; o < n; o++) {
      double size = fabs(biases[o]);
      for (size_t i = 0; i < k; i++) size += fabs((double)x[r * k + i] * weights[o * k + i]);
      double bound = 4 * (double)(k + 1) * ldexp(size, -24);
      double apart = fabs((double)logits[BUILTIN][r * n + o] - logits[OPENBLAS][r * n + o]);
      if (!(apart <= bound)) {
        printf("%u x %u x %u: logit %zu of row %zu differs by %g, bound %g\n", rows, outputs, inputs, o, r, apart, bound);
        failures++;
      }
      if (bound > 0 && apart / bound > worst) worst = apart / bound;
    }
  }
  for (int f = 0; f < FLAVOURS; f++) free(logits[f]);
  free(x), free(weights), free(biases);
  return worst;
}

/* How far apart two flavours' parameters are after a step, against how far they moved. */
static void check_step(uint32_t rows, uint32_t inputs, uint32_t hidden, uint32_t classes) {
  const swiftcl_layer layers[] = {
      {.kind = SWIFTCL_LAYER_DENSE, .width = hidden, .block_size = 1, .activation = SWIFTCL_ACTIVATION_RELU},
      {.kind = SWIFTCL_LAYER_HEAD, .width = classes, .block_size = 1},
  };
  float *x = random_rows((size_t)rows * inputs, hidden);
  int32_t *labels = malloc(rows * sizeof *labels);
  for (uint32_t r = 0; r < rows; r++) labels[r] = (int32_t)(r % classes);
  float *before[2][2], *after[FLAVOURS][2][2];
  size_t n[2], k[2];
  for (int f = 0; f < FLAVOURS; f++) {
    swiftcl_network *net = create(f, layers, 2, inputs, rows);
    for (uint32_t l = 0; f == BUILTIN && l < 2; l++) get(f, net, l, &before[l][0], &before[l][1], &n[l], &k[l]);
    CHECK(f, swiftcl_train_step(net, x, labels, rows, NULL));
    for (uint32_t l = 0; l < 2; l++) get(f, net, l, &after[f][l][0], &after[f][l][1], &n[l], &k[l]);
    api[f].swiftcl_network_free(net);
  }
  for (int l = 0; l < 2; l++) {
    for (int part = 0; part < 2; part++) {
      size_t count = part == 0 ? n[l] * k[l] : n[l];
      double moved = 0, apart = 0;
      for (size_t i = 0; i < count; i++) {
        moved += pow((double)after[BUILTIN][l][part][i] - before[l][part][i], 2);
        apart += pow((double)after[BUILTIN][l][part][i] - after[OPENBLAS][l][part][i], 2);
      }
      if (moved == 0 || sqrt(apart / moved) > 1e-4) {
        printf("step %u x %u-%u-%u: %s of layer %d moved %g, flavours %g apart\n", rows, inputs, hidden, classes,
               part == 0 ? "weights" : "biases", l, sqrt(moved), sqrt(apart));
        failures++;
      }
      free(before[l][part]), free(after[BUILTIN][l][part]), free(after[OPENBLAS][l][part]);
    }
  }
  free(x), free(labels);
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  load(BUILTIN, arguments[1], "builtin");
  load(OPENBLAS, arguments[2], "openblas");
  static const uint32_t rows[] = {1, 2, 7, 8, 32, 33, 128}, inputs[] = {1, 3, 16, 100, 784}, outputs[] = {2, 10, 16, 17, 200};
  double worst = 0;
  int products = 0, steps = 0;
  for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
      for (size_t o = 0; o < sizeof outputs / sizeof *outputs; o++) {
        double share = check_product(rows[r], inputs[i], outputs[o]);
        worst = share > worst ? share : worst;
        products++;
      }
    }
    check_step(rows[r], 100, 48, 10), check_step(rows[r], 17, 33, 3), steps += 2;
  }
  printf("%d products (largest difference %.3f of its bound), %d training steps: %d differences\n", products, worst, steps, failures);
  return failures != 0;
}
