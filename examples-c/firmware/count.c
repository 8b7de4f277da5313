/*
 * count.c -- instructions of a training step and of a prediction: a ticket of 192-64-64-6, J = 8,
 * against the dense network of the same width.
 *
 * A processor of this kind takes about as long as it has instructions, and QEMU counts them (-icount).
 * The multiply-adds of both are what the library itself counts.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "board/board.h"
#include "swiftcl.h"

enum { INPUTS = 192, WIDTH = 64, CLASSES = 6, BATCH = 8, STEPS = 4 };

static uint8_t arena[233168] __attribute__((aligned(64)));
static float rows[BATCH][INPUTS];
static int32_t labels[BATCH];

struct cost {
  uint32_t step, predict, predict_all, step_macs, predict_macs;
};

static struct cost measure(uint32_t J) {
  swiftcl_layer layers[] = {
      SWIFTCL_DENSE(WIDTH, J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_DENSE(WIDTH, J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(CLASSES),
  };
  swiftcl_network *net = NULL;
  swiftcl_options options;
  swiftcl_task task;
  swiftcl_step step;
  swiftcl_task_info info;
  float logits[BATCH * CLASSES];
  struct cost cost;
  CHECK(NULL, swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = INPUTS;
  options.max_batch = BATCH;
  options.max_tasks = 1;
  options.expected_tasks = 1; /* every block is served */
  options.sampler = SWIFTCL_SAMPLER_RANDOM; /* a ticket from the first step on */
  CHECK(NULL, swiftcl_network_create_in(&options, arena, sizeof arena, &net));
  CHECK(net, swiftcl_task_begin(net, NULL, &task));
  step.struct_size = sizeof step;
  info.struct_size = sizeof info;
  CHECK(net, swiftcl_train_step(net, rows, labels, BATCH, &step));
  uint32_t before = board_count();
  for (int n = 0; n < STEPS; n++) CHECK(net, swiftcl_train_step(net, rows, labels, BATCH, &step));
  cost.step = (board_count() - before) / STEPS;
  cost.step_macs = (uint32_t)step.macs;
  CHECK(net, swiftcl_task_end(net, &info));
  before = board_count();
  for (int n = 0; n < BATCH; n++) CHECK(net, swiftcl_predict(net, task, rows[n], 1, logits, CLASSES));
  cost.predict = (board_count() - before) / BATCH;
  before = board_count();
  CHECK(net, swiftcl_predict(net, task, rows, BATCH, logits, BATCH * CLASSES));
  cost.predict_all = (board_count() - before) / BATCH;
  cost.predict_macs = (uint32_t)info.predict_macs;
  swiftcl_network_free(net);
  return cost;
}

/* Hundredths of a / b. */
static uint32_t ratio(uint32_t a, uint32_t b) { return b ? (uint32_t)((uint64_t)a * 100 / b) : 0; }

int program(void) {
  uint32_t state = 1;
  for (int n = 0; n < BATCH; n++) {
    labels[n] = n % CLASSES;
    for (int k = 0; k < INPUTS; k++) {
      state = state * 1664525u + 1013904223u;
      rows[n][k] = (float)((int32_t)((state >> 16) % 1024) - 512) / 512;
    }
  }
  struct cost dense = measure(1), ticket = measure(8);
  board_print("training step of %d rows: dense %u, J = 8 %u instructions: %h times fewer, multiply-adds %h\n", BATCH,
              dense.step, ticket.step, ratio(dense.step, ticket.step), ratio(dense.step_macs, ticket.step_macs));
  board_print("prediction: dense %u, J = 8 %u instructions: %h times fewer, multiply-adds %h\n", dense.predict,
              ticket.predict, ratio(dense.predict, ticket.predict), ratio(dense.predict_macs, ticket.predict_macs));
  board_print("prediction of %d rows, each: dense %u, J = 8 %u instructions: %h times fewer, multiply-adds %h\n", BATCH,
              dense.predict_all, ticket.predict_all, ratio(dense.predict_all, ticket.predict_all),
              ratio(dense.predict_macs, ticket.predict_macs));
  return 0;
}
