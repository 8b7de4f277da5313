/*
 * tickets.c -- one network in both flavours: its tickets are the same bytes, each
 * flavour opens the other's, and their logits agree to rounding.
 *
 *   tickets BUILTIN.so OPENBLAS.so
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swiftcl.h"

enum { BUILTIN, OPENBLAS, FLAVOURS, INPUTS = 45, CLASSES = 21, BATCH = 16, ROWS = 60, TASKS = 2 };

#define FUNCTIONS(X) \
  X(swiftcl_flavour) X(swiftcl_options_init_sized) X(swiftcl_network_create) X(swiftcl_network_free) \
  X(swiftcl_task_begin) X(swiftcl_train_step) X(swiftcl_task_end) X(swiftcl_checkpoint_size) \
  X(swiftcl_network_save_memory) X(swiftcl_network_load_memory) X(swiftcl_ticket_bytes) \
  X(swiftcl_ticket_export) X(swiftcl_ticket_open) X(swiftcl_ticket_scratch) X(swiftcl_ticket_predict) \
  X(swiftcl_ticket_free) X(swiftcl_predict)

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
      fprintf(stderr, "flavour %d: %s: status %d\n", flavour, #call, (int)status_); \
      exit(1); \
    } \
  } while (0)

static void load(int flavour, const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    fprintf(stderr, "%s\n", dlerror());
    exit(1);
  }
#define FIND(name) \
  *(void **)&api[flavour].name = dlsym(library, #name); \
  if (!api[flavour].name) { fprintf(stderr, "%s lacks %s\n", path, #name); exit(1); }
  FUNCTIONS(FIND)
}

static float rows[ROWS * INPUTS];
static int32_t labels[ROWS];

static void *learn(int residual, size_t *bytes) {
  /* An image of 5 x 3 in 3 channels; the shortcut has fewer pixels and more maps. */
  static const swiftcl_layer image[] = {
    SWIFTCL_IMAGE_CONV(5, 3, 16, 4, 3, 1, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_BATCH_NORM(),
    SWIFTCL_CONV(24, 4, 3, 2, 1, SWIFTCL_ACTIVATION_NONE), SWIFTCL_BATCH_NORM(),
    SWIFTCL_CONV_FROM(1, 24, 4, 1, 2, 0, SWIFTCL_ACTIVATION_NONE), SWIFTCL_BATCH_NORM(),
    SWIFTCL_ADD(3, SWIFTCL_ACTIVATION_RELU), SWIFTCL_GLOBAL_POOL(), SWIFTCL_HEAD(CLASSES)};
  static const swiftcl_layer layers[] = {
    SWIFTCL_DENSE(92, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(60, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  swiftcl_options options;
  CHECK(BUILTIN, swiftcl_options_init(&options));
  options.layers = residual ? image : layers;
  options.layer_count = residual ? sizeof image / sizeof *image : sizeof layers / sizeof *layers;
  options.input_channels = residual ? 3 : 1;
  options.inputs = INPUTS;
  swiftcl_network *net;
  CHECK(BUILTIN, swiftcl_network_create(&options, &net));
  for (int t = 0; t < TASKS; t++) {
    swiftcl_task task;
    CHECK(BUILTIN, swiftcl_task_begin(net, NULL, &task));
    for (int step = 0; step < 20; step++) CHECK(BUILTIN, swiftcl_train_step(net, rows, labels, BATCH, NULL));
    CHECK(BUILTIN, swiftcl_task_end(net, NULL));
  }
  uint64_t size;
  CHECK(BUILTIN, swiftcl_checkpoint_size(net, &size));
  void *checkpoint = malloc((size_t)size);
  CHECK(BUILTIN, swiftcl_network_save_memory(net, checkpoint, (size_t)size, bytes));
  api[BUILTIN].swiftcl_network_free(net);
  return checkpoint;
}

/* Logits of the ticket by a flavour, in chunks of one row and of many: the same to rounding. */
static void predict(int flavour, const void *data, size_t bytes, size_t chunk, float *logits) {
  swiftcl_ticket *ticket;
  size_t needed;
  CHECK(flavour, swiftcl_ticket_open(data, bytes, NULL, &ticket));
  CHECK(flavour, swiftcl_ticket_scratch(ticket, chunk, &needed));
  void *scratch = malloc(needed);
  CHECK(flavour, swiftcl_ticket_predict(ticket, rows, ROWS, logits, ROWS * CLASSES, scratch, needed));
  free(scratch);
  api[flavour].swiftcl_ticket_free(ticket);
}

static void expect(const char *what, const float *a, const float *b, float tolerance) {
  float worst = 0;
  for (int i = 0; i < ROWS * CLASSES; i++) worst = fmaxf(worst, fabsf(a[i] - b[i]) / (1 + fabsf(a[i])));
  printf("%s: largest difference %.1e\n", what, worst);
  if (!(worst <= tolerance)) failures++;
}

static void compare(int residual) {
  size_t bytes = 0;
  void *checkpoint = learn(residual, &bytes);
  static float wanted[ROWS * CLASSES], got[ROWS * CLASSES];
  for (int t = 0; t < TASKS; t++) {
    uint8_t *tickets[FLAVOURS];
    size_t sizes[FLAVOURS];
    for (int f = 0; f < FLAVOURS; f++) {
      swiftcl_network *net;
      CHECK(f, swiftcl_network_load_memory(checkpoint, bytes, NULL, &net));
      CHECK(f, swiftcl_ticket_bytes(net, t, &sizes[f]));
      tickets[f] = malloc(sizes[f]);
      CHECK(f, swiftcl_ticket_export(net, t, tickets[f], sizes[f], NULL));
      if (f == BUILTIN) CHECK(f, swiftcl_predict(net, t, rows, ROWS, wanted, ROWS * CLASSES));
      api[f].swiftcl_network_free(net);
    }
    int same = sizes[0] == sizes[1] && memcmp(tickets[0], tickets[1], sizes[0]) == 0;
    printf("task %d, exported by both flavours: %s\n", t, same ? "the same bytes" : "DIFFERENT");
    if (!same) failures++;
    predict(BUILTIN, tickets[OPENBLAS], sizes[OPENBLAS], ROWS, got);
    expect("built-in kernels on it", wanted, got, 0);
    predict(OPENBLAS, tickets[BUILTIN], sizes[BUILTIN], 1, got);
    expect("OpenBLAS, row by row", wanted, got, 1e-5f);
    predict(OPENBLAS, tickets[BUILTIN], sizes[BUILTIN], ROWS, got);
    expect("OpenBLAS, all rows", wanted, got, 1e-5f);
    free(tickets[0]);
    free(tickets[1]);
  }
  free(checkpoint);
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  load(BUILTIN, argv[1]);
  load(OPENBLAS, argv[2]);
  uint64_t state = 3;
  for (int i = 0; i < ROWS * INPUTS; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    rows[i] = (float)(int32_t)(state >> 32) / 2147483648.0f;
  }
  for (int n = 0; n < ROWS; n++) labels[n] = n % CLASSES;
  for (int residual = 0; residual < 2; residual++) {
    printf(residual ? "residual convolutions\n" : "dense layers\n");
    compare(residual);
  }
  return failures != 0;
}
