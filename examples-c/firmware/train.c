/*
 * train.c -- the smallest program that learns: an ordinary dense network, 64-32-4, on patterns that
 * it makes itself. Its size is what training costs in flash.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include "board/board.h"
#include "swiftcl.h"

enum { INPUTS = 64, WIDTH = 32, CLASSES = 4, BATCH = 8, STEPS = 200 };

static uint8_t arena[64 * 1024] __attribute__((aligned(64)));
static float rows[BATCH][INPUTS];
static int32_t labels[BATCH];
static uint32_t state = 1;

static float noise(void) {
  state = state * 1664525u + 1013904223u;
  return (float)(int32_t)(state >> 8 & 0xFFFF) / 32768.0f - 1;
}

/* A class is a place among the inputs. */
static void make_rows(void) {
  for (int n = 0; n < BATCH; n++) {
    labels[n] = (int32_t)(state >> 16) % CLASSES;
    for (int k = 0; k < INPUTS; k++) rows[n][k] = 0.5f * noise() + (k / 4 % CLASSES == labels[n]);
  }
}

int program(void) {
  static const swiftcl_layer layers[] = {SWIFTCL_DENSE(WIDTH, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  swiftcl_network *net = NULL;
  swiftcl_options options;
  swiftcl_task task;
  uint32_t right = 0;
  CHECK(NULL, swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 2;
  options.inputs = INPUTS;
  options.max_batch = BATCH;
  options.max_tasks = 1;
  CHECK(NULL, swiftcl_network_create_in(&options, arena, sizeof arena, &net));
  CHECK(net, swiftcl_task_begin(net, NULL, &task));
  for (int step = 0; step < STEPS; step++) {
    make_rows();
    CHECK(net, swiftcl_train_step(net, rows, labels, BATCH, NULL));
  }
  CHECK(net, swiftcl_task_end(net, NULL));
  for (int step = 0; step < 25; step++) {
    int32_t answers[BATCH];
    make_rows();
    CHECK(net, swiftcl_predict_labels(net, task, rows, BATCH, answers, BATCH));
    for (int n = 0; n < BATCH; n++) right += answers[n] == labels[n];
  }
  swiftcl_network_free(net);
  board_print("%h %% right\nstack %u of %u, data %u, RAM %u\n", right * 10000 / (25 * BATCH), board_stack_used(),
              board_stack_bytes(), board_data_bytes(), board_stack_used() + board_data_bytes());
  return right < 25 * BATCH * 9 / 10;
}
