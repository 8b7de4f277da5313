/*
 * 04_own_memory.c -- new: plan, create_in, and no allocation ever after.
 *
 * A device gives the library a buffer of its own. The plan says beforehand how
 * many bytes a network needs, exactly, and for what. To show that nothing else
 * is used, this program counts the calls of malloc and its relatives.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/show.h"
#include "common/vibration.h"

/* --------------------------------------- every allocation of this program */

static unsigned long allocations = 0;

#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define COUNTS 1
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *old, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);

void *malloc(size_t bytes) { return allocations++, __libc_malloc(bytes); }
void *calloc(size_t count, size_t bytes) { return allocations++, __libc_calloc(count, bytes); }
void *realloc(void *old, size_t bytes) { return allocations++, __libc_realloc(old, bytes); }
void *memalign(size_t alignment, size_t bytes) { return allocations++, __libc_memalign(alignment, bytes); }
void *aligned_alloc(size_t alignment, size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  *memory = memalign(alignment, bytes);
  return *memory ? 0 : ENOMEM;
}
#else
#define COUNTS 0 /* another C library, or a sanitizer that has its own malloc */
#endif

/* -------------------------------------------------------------- the device */

enum { TASKS = 2, ROWS = 2000, TEST_ROWS = 500, BATCH = 16, BUFFER_BYTES = 512 * 1024 };

static unsigned char buffer[BUFFER_BYTES + SWIFTCL_ALIGNMENT];
static int16_t windows[ROWS * VIBRATION_INPUTS];
static int32_t labels[ROWS];

/* The first byte of the buffer that is aligned as the library needs it. */
static unsigned char *aligned(void) {
  size_t beyond = (size_t)((uintptr_t)buffer % SWIFTCL_ALIGNMENT);
  return buffer + (beyond > 0 ? SWIFTCL_ALIGNMENT - beyond : 0);
}

static void show_plan(const swiftcl_plan *plan) {
  struct show_table table = {0};
  const struct { const char *name; uint64_t bytes; } parts[] = {
      {"network", plan->network_bytes},         {"working set", plan->working_set_bytes},
      {"optimizer", plan->optimizer_bytes},     {"competition", plan->competition_bytes},
      {"activations", plan->activation_bytes},  {"tickets", plan->ticket_bytes},
      {"replay", plan->replay_bytes},           {"total", plan->total_bytes},
  };
  uint64_t sum = 0;
  show_row(&table, "part of the plan|bytes");
  for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++) {
    show_row(&table, "%s|%" PRIu64, parts[k].name, parts[k].bytes);
    if (k < sizeof parts / sizeof parts[0] - 1) sum += parts[k].bytes;
  }
  show_print(&table);
  printf("\nthe parts add up to the total: %s\n", sum == plan->total_bytes ? "yes" : "NO");
  printf("activations, without taking turns: %" PRIu64 " (inputs %" PRIu64 ", forward %" PRIu64
         ", gradients %" PRIu64 ", scratch %" PRIu64 ")\n",
         plan->unshared_bytes, plan->input_bytes, plan->forward_bytes, plan->gradient_bytes, plan->scratch_bytes);
}

int main(void) {
  swiftcl_network *net = NULL;
  const swiftcl_layer layers[] = {
      SWIFTCL_DENSE(64, 4, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_DENSE(64, 4, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(VIBRATION_CLASSES),
  };
  const float scale[VIBRATION_AXES] = {VIBRATION_SCALE, VIBRATION_SCALE, VIBRATION_SCALE};
  swiftcl_options options;
  swiftcl_plan plan = {.struct_size = sizeof plan};
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = VIBRATION_INPUTS;
  options.input_type = SWIFTCL_INPUT_I16;
  options.input_channels = VIBRATION_AXES; /* interleaved: x y z x y z ... */
  options.input_scale = scale;
  options.max_batch = BATCH;
  options.max_tasks = TASKS;
  options.expected_tasks = TASKS;
  CHECK(swiftcl_network_plan(&options, &plan));
  show_plan(&plan);
  if (plan.total_bytes > BUFFER_BYTES) return puts("the buffer is too small"), 1;

  /* A mark on every byte of the buffer: what lies beyond the plan must keep it. */
  unsigned char *memory = aligned();
  memset(buffer, 0xA5, sizeof buffer);
  unsigned long before = allocations;
  CHECK(swiftcl_network_create_in(&options, memory, (size_t)plan.total_bytes, &net));

  double accuracy[TASKS];
  for (unsigned t = 0; t < TASKS; t++) {
    swiftcl_task_options task_options;
    swiftcl_task task;
    CHECK(swiftcl_task_options_init(&task_options));
    task_options.expected_steps = ROWS / BATCH;
    CHECK(swiftcl_task_begin(net, &task_options, &task));
    vibration_windows(1, t, 0, ROWS, windows, labels);
    for (size_t n = 0; n < ROWS; n += BATCH)
      CHECK(swiftcl_train_step(net, windows + n * VIBRATION_INPUTS, labels + n, BATCH, NULL));
    CHECK(swiftcl_task_end(net, NULL));
    vibration_windows(1, t, VIBRATION_TEST, TEST_ROWS, windows, labels);
    CHECK(swiftcl_evaluate(net, task, windows, labels, TEST_ROWS, &accuracy[t]));
  }
  uint64_t held = 0, peak = 0;
  CHECK(swiftcl_network_memory(net, &held, &peak));
  unsigned long counted = allocations - before;

  size_t touched = 0;
  for (unsigned char *p = buffer; p < memory; p++) touched += *p != 0xA5;
  for (unsigned char *p = memory + plan.total_bytes; p < buffer + sizeof buffer; p++) touched += *p != 0xA5;
  void *(*volatile allocate)(size_t) = malloc; /* does the counter count? */
  free(allocate(1));
  int counts = !COUNTS || allocations == before + counted + 1;

  char calls[40] = "not counted here";
  if (COUNTS) snprintf(calls, sizeof calls, counts ? "%lu" : "NOT COUNTED, malloc is replaced", counted);
  printf("it holds what was planned: %s\n", held == plan.total_bytes && peak == plan.total_bytes ? "yes" : "NO");
  printf("bytes touched beyond the plan: %zu\n", touched);
  printf("allocations while it learned and predicted: %s\n", calls);
  for (int t = 0; t < TASKS; t++) printf("machine %d, synthetic vibration windows: %.0f %%\n", t + 1, accuracy[t]);
  swiftcl_network_free(net); /* forgets the network; the memory stays ours */
  return counts && counted == 0 && touched == 0 && held == plan.total_bytes ? 0 : 1;
}
