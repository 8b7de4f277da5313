/*
 * 01_two_tasks.c -- start here. New: create, begin, fit, end, evaluate.
 *
 * A network learns two tasks, one after the other, and each is an XOR: no
 * straight line separates its classes. The second task contradicts the first
 * in half of the plane. An ordinary network would overwrite what it knew; here
 * the second task is learned by units that the first one left free, so the
 * answers to the first stay as they were, bit for bit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "common/random.h"
#include "common/show.h"

enum { TASKS = 2, ROWS = 2000, TEST_ROWS = 1000, EPOCHS = 10, BATCH = 32 };

/* Task 0: do x and y have the same sign? Task 1: is x farther from 0 than y? */
static int32_t truth(int task, const float *point) {
  float x = point[0], y = point[1];
  return task == 0 ? x * y > 0 : x * x > y * y;
}

static void make_points(int task, uint64_t seed, size_t rows, float points[][2], int32_t *labels) {
  uint64_t random = random_start(seed, (uint64_t)task, 0);
  for (size_t n = 0; n < rows; n++) {
    points[n][0] = random_signed(&random);
    points[n][1] = random_signed(&random);
    labels[n] = truth(task, points[n]);
  }
}

/* Prints what the network answers all over the plane, the tasks side by side. */
static void draw(swiftcl_network *net, const swiftcl_task *tasks) {
  enum { HIGH = 12, WIDE = 24 };
  static float points[HIGH * WIDE][2];
  static int32_t answers[TASKS][HIGH * WIDE];
  for (int n = 0; n < HIGH * WIDE; n++) {
    points[n][0] = (float)(2 * (n % WIDE) + 1) / WIDE - 1;
    points[n][1] = 1 - (float)(2 * (n / WIDE) + 1) / HIGH;
  }
  for (int t = 0; t < TASKS; t++)
    CHECK(swiftcl_predict_labels(net, tasks[t], points, HIGH * WIDE, answers[t], HIGH * WIDE));
  printf("%-*s    %s\n", WIDE, "task 0: same sign", "task 1: x farther from 0");
  for (int y = 0; y < HIGH; y++)
    for (int t = 0; t < TASKS; t++)
      for (int x = 0; x < WIDE; x++)
        printf("%s%c%s", t == 1 && x == 0 ? "    " : "", answers[t][y * WIDE + x] ? '#' : '.',
               t == 1 && x == WIDE - 1 ? "\n" : "");
}

int main(void) {
  static float points[ROWS][2], test_points[TASKS][TEST_ROWS][2];
  static int32_t labels[ROWS], test_labels[TASKS][TEST_ROWS];
  static float logits_then[TEST_ROWS * 2], logits_now[TEST_ROWS * 2];
  struct show_table table = {0};
  swiftcl_task tasks[TASKS];
  swiftcl_network *net = NULL;

  /* Two layers of 64 units, in blocks of 4: in each block one unit wins a task. */
  const swiftcl_layer layers[] = {
      {.kind = SWIFTCL_LAYER_DENSE, .width = 64, .block_size = 4, .activation = SWIFTCL_ACTIVATION_RELU},
      {.kind = SWIFTCL_LAYER_DENSE, .width = 64, .block_size = 4, .activation = SWIFTCL_ACTIVATION_RELU},
      {.kind = SWIFTCL_LAYER_HEAD, .width = 2, .block_size = 1},
  };
  swiftcl_options options;
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = 2;
  options.seed = 1;
  CHECK(swiftcl_network_create(&options, &net));

  show_row(&table, "|task 0|task 1");
  for (int t = 0; t < TASKS; t++) {
    swiftcl_task_options task_options;
    CHECK(swiftcl_task_options_init(&task_options));
    task_options.expected_steps = EPOCHS * ((ROWS + BATCH - 1) / BATCH);
    swiftcl_fit_options fit;
    CHECK(swiftcl_fit_options_init(&fit));
    fit.epochs = EPOCHS;
    fit.batch = BATCH;

    make_points(t, 1, ROWS, points, labels);
    CHECK(swiftcl_task_begin(net, &task_options, &tasks[t]));
    CHECK(swiftcl_fit(net, points, labels, ROWS, &fit, NULL));
    CHECK(swiftcl_task_end(net, NULL)); /* from here on this task never changes */

    double accuracy[TASKS];
    make_points(t, 2, TEST_ROWS, test_points[t], test_labels[t]);
    for (int k = 0; k <= t; k++)
      CHECK(swiftcl_evaluate(net, tasks[k], test_points[k], test_labels[k], TEST_ROWS, &accuracy[k]));
    if (t == 0) show_row(&table, "after task 0|%.0f %%|-", accuracy[0]);
    if (t == 1) show_row(&table, "after task 1|%.0f %%|%.0f %%", accuracy[0], accuracy[1]);
    CHECK(swiftcl_predict(net, tasks[0], test_points[0], TEST_ROWS, t == 0 ? logits_then : logits_now, TEST_ROWS * 2));
  }

  int same = memcmp(logits_then, logits_now, sizeof logits_now) == 0;
  show_print(&table);
  printf("\nThe answers to task 0 are %s.\n\n", same ? "the same as before task 1, bit for bit" : "NO LONGER THE SAME");
  draw(net, tasks);
  swiftcl_network_free(net);
  return same ? 0 : 1;
}
