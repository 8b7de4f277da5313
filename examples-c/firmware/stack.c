/*
 * stack.c -- how deep each call goes: the free stack is painted before it, and looked at behind it.
 * The depth depends on the processor and the build, not on the network's size.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "board/board.h"
#include "swiftcl.h"

enum { INPUTS = 32, CLASSES = 4, BATCH = 8, STEPS = 40 };

static uint8_t arena[48 * 1024] __attribute__((aligned(64)));
static uint8_t saved[32 * 1024] __attribute__((aligned(64)));
static uint8_t scratch[4096] __attribute__((aligned(SWIFTCL_TICKET_ALIGNMENT)));
static uint8_t handle[SWIFTCL_TICKET_BYTES] __attribute__((aligned(SWIFTCL_TICKET_ALIGNMENT)));
static size_t length, at;
static float rows[BATCH][INPUTS], logits[BATCH * CLASSES];
static int32_t labels[BATCH], answers[BATCH];
static swiftcl_network *net;

static int32_t put(void *context, const void *data, size_t bytes) {
  (void)context;
  if (bytes > sizeof saved - length) return 1;
  __builtin_memcpy(saved + length, data, bytes);
  length += bytes;
  return 0;
}

static int32_t take(void *context, void *data, size_t bytes) {
  (void)context;
  if (bytes > length - at) return 1;
  __builtin_memcpy(data, saved + at, bytes);
  at += bytes;
  return 0;
}

#define DEPTH(name, call)                                                          \
  do {                                                                             \
    uint32_t before = board_stack_paint();                                         \
    CHECK(net, call);                                                              \
    board_print("stack of swiftcl_%s: %u\n", name, board_stack_used() - before);   \
  } while (0)

int program(void) {
  static const swiftcl_layer layers[] = {SWIFTCL_DENSE(32, 4, SWIFTCL_ACTIVATION_RELU),
                                         SWIFTCL_DENSE(32, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  static swiftcl_options options;
  static swiftcl_plan plan;
  static swiftcl_checkpoint_info info;
  swiftcl_task task;
  swiftcl_ticket *ticket;
  uint32_t state = 1;
  double accuracy;
  plan.struct_size = sizeof plan;
  info.struct_size = sizeof info;
  DEPTH("options_init", swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = INPUTS;
  options.max_batch = BATCH;
  options.max_tasks = 2;
  DEPTH("network_plan", swiftcl_network_plan(&options, &plan));
  DEPTH("network_create_in", swiftcl_network_create_in(&options, arena, sizeof arena, &net));
  DEPTH("task_begin", swiftcl_task_begin(net, NULL, &task));
  for (int step = 0; step < STEPS; step++) {
    for (int n = 0; n < BATCH; n++) {
      labels[n] = n % CLASSES;
      for (int k = 0; k < INPUTS; k++) {
        state = state * 1664525u + 1013904223u;
        rows[n][k] = (float)(int32_t)(state >> 16 & 0xFF) / 256.0f + (k % CLASSES == labels[n]);
      }
    }
    if (step == 0) {
      DEPTH("train_step, while the task competes", swiftcl_train_step(net, rows, labels, BATCH, NULL));
    } else {
      CHECK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL));
    }
  }
  DEPTH("predict, of the open task", swiftcl_predict(net, SWIFTCL_TASK_OPEN, rows, BATCH, logits, BATCH * CLASSES));
  DEPTH("task_commit", swiftcl_task_commit(net));
  DEPTH("train_step, after the commit", swiftcl_train_step(net, rows, labels, BATCH, NULL));
  DEPTH("task_end", swiftcl_task_end(net, NULL));
  DEPTH("predict", swiftcl_predict(net, task, rows, BATCH, logits, BATCH * CLASSES));
  DEPTH("predict_labels", swiftcl_predict_labels(net, task, rows, BATCH, answers, BATCH));
  DEPTH("evaluate", swiftcl_evaluate(net, task, rows, labels, BATCH, &accuracy));
  DEPTH("winners", swiftcl_winners(net, task, 0, answers, 8));
  DEPTH("network_save_to", swiftcl_network_save_to(net, put, NULL));
  DEPTH("checkpoint_inspect", swiftcl_checkpoint_inspect(take, NULL, &info));
  at = 0;
  DEPTH("network_load_in", swiftcl_network_load_in(take, NULL, NULL, arena, sizeof arena, &net));
  DEPTH("ticket_export", swiftcl_ticket_export(net, task, saved, sizeof saved, &length));
  DEPTH("ticket_open_in", swiftcl_ticket_open_in(saved, length, handle, sizeof handle, &ticket));
  DEPTH("ticket_predict",
        swiftcl_ticket_predict(ticket, rows, BATCH, logits, BATCH * CLASSES, scratch, sizeof scratch));
  swiftcl_ticket_free(ticket);
  swiftcl_network_free(net);
  return 0;
}
