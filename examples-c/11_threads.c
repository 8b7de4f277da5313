/*
 * 11_threads.c -- new: large products on two threads, and the same bits.
 *
 * A wide network learns a machine twice, from the same seed: alone, and with one
 * worker thread beside the caller's. Every output is summed in the same order by
 * whoever computes it, so both networks answer the same, bit for bit. Threads pay
 * where products are large and cores are idle; small products stay with the caller.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/answers.h"
#include "common/show.h"
#include "common/vibration.h"

enum { ROWS = 1280, TEST_ROWS = 200, EPOCHS = 6, BATCH = 64, WIDTH = 1024, J = 2 };

static int16_t windows[ROWS * VIBRATION_INPUTS], test_windows[TEST_ROWS * VIBRATION_INPUTS];
static int32_t labels[ROWS], test_labels[TEST_ROWS];

/* Learns the machine with so many threads; returns the seconds that fit took. */
static double learn(swiftcl_network **learned, uint32_t threads) {
  swiftcl_network *net = NULL;
  const swiftcl_layer layers[] = {
      SWIFTCL_DENSE(WIDTH, J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_DENSE(WIDTH, J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(VIBRATION_CLASSES),
  };
  const float scale = VIBRATION_SCALE;
  swiftcl_options options;
  swiftcl_fit_options fit;
  swiftcl_task task;
  CHECK(swiftcl_options_init(&options));
  CHECK(swiftcl_fit_options_init(&fit));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = VIBRATION_INPUTS;
  options.input_type = SWIFTCL_INPUT_I16;
  options.input_scale = &scale;
  options.max_batch = BATCH;
  options.expected_tasks = J;
  fit.epochs = EPOCHS;
  CHECK(swiftcl_network_create(&options, &net));

  /* Off unless asked for; free, or a 1 here, ends the workers. */
  CHECK(swiftcl_set_threads(net, threads));
  CHECK(swiftcl_task_begin(net, NULL, &task));
  double start = show_seconds();
  CHECK(swiftcl_fit(net, windows, labels, ROWS, &fit, NULL));
  double seconds = show_seconds() - start;
  CHECK(swiftcl_task_end(net, NULL));
  *learned = net;
  return seconds;
}

int main(void) {
  swiftcl_network *net = NULL, *alone = NULL, *together = NULL;
  uint32_t threads;
  double accuracy;
  vibration_windows(1, 0, 0, ROWS, windows, labels);
  vibration_windows(1, 0, VIBRATION_TEST, TEST_ROWS, test_windows, test_labels);

  double one = learn(&alone, 1), two = learn(&together, 2);
  printf("one thread:  %.2f s\n", one);
  printf("two threads: %.2f s\n", two);

  swiftcl_dataset set = {0};
  set.inputs = test_windows;
  set.labels = test_labels;
  set.rows = TEST_ROWS;
  net = together;
  CHECK(swiftcl_threads_get(net, &threads));
  CHECK(swiftcl_evaluate(net, 0, test_windows, test_labels, TEST_ROWS, &accuracy));
  printf("%" PRIu32 " threads learned it to %.1f %%\n", threads, accuracy);

  float *logits = answers_of(alone, &set);
  int same = answers_same(together, &set, logits);
  printf("both networks answer the same, bit for bit: %s\n", same ? "yes" : "NO");
  free(logits);
  swiftcl_network_free(alone);
  swiftcl_network_free(together);
  return same ? 0 : 1;
}
