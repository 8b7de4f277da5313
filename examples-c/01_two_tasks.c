/*
 * 01_two_tasks.c -- start here. New: create, begin, fit, end, evaluate, predict.
 *
 * A network learns two tasks, one after the other. In each, no straight line
 * separates the classes: they are XORs. And the second contradicts the first
 * in half of the plane. An ordinary network would overwrite what it knew. Here
 * the second task is learned by units that the first one left free, so the
 * answers to the first stay what they were, bit for bit.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>
#include <string.h>

#include "common/random.h"
#include "common/show.h"

enum { TASKS = 2, ROWS = 2000, TEST_ROWS = 1000, EPOCHS = 10, HIGH = 12, WIDE = 24 };

/* Points of the plane, -1 to 1 each way, and the class of each: 0 or 1. */
struct points {
  float at[ROWS][2];
  int32_t label[ROWS];
};

/* Task 0: do x and y have the same sign? Task 1: is x farther from 0 than y? */
static void make_points(struct points *points, int task, uint64_t seed) {
  uint64_t random = random_start(seed, (uint64_t)task, 0);
  for (int n = 0; n < ROWS; n++) {
    float x = points->at[n][0] = random_signed(&random);
    float y = points->at[n][1] = random_signed(&random);
    points->label[n] = task == 0 ? x * y > 0 : x * x > y * y;
  }
}

/* What a task answers all over the plane, as a picture. CHECK ends the program
   with the library's own message when a call fails. */
static void draw(swiftcl_network *net, swiftcl_task task, int32_t picture[HIGH][WIDE]) {
  float grid[HIGH * WIDE][2];
  for (int n = 0; n < HIGH * WIDE; n++) {
    grid[n][0] = (float)(2 * (n % WIDE) + 1) / WIDE - 1;
    grid[n][1] = 1 - (float)(2 * (n / WIDE) + 1) / HIGH;
  }
  CHECK(swiftcl_predict_labels(net, task, grid, HIGH * WIDE, picture[0], HIGH * WIDE));
}

int main(void) {
  static struct points train, test[TASKS];
  static float then[TEST_ROWS][2], now[TEST_ROWS][2]; /* logits: a number for each class */
  int32_t picture[3][HIGH][WIDE];
  double accuracy[TASKS][TASKS];
  swiftcl_task tasks[TASKS];
  swiftcl_network *net = NULL;

  /* Two layers of 64 units, in blocks of 4. In every block the units compete,
     and one of them wins the task. The head has two classes. */
  const swiftcl_layer layers[] = {
      SWIFTCL_DENSE(64, 4, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_DENSE(64, 4, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(2),
  };
  swiftcl_options options;
  swiftcl_fit_options fit;
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = 2;
  CHECK(swiftcl_network_create(&options, &net));
  CHECK(swiftcl_fit_options_init(&fit));
  fit.epochs = EPOCHS;

  for (int t = 0; t < TASKS; t++) {
    make_points(&train, t, 1);
    make_points(&test[t], t, 2);
    CHECK(swiftcl_task_begin(net, NULL, &tasks[t]));
    CHECK(swiftcl_fit(net, train.at, train.label, ROWS, &fit, NULL));
    CHECK(swiftcl_task_end(net, NULL)); /* from here on this task never changes */

    for (int k = 0; k <= t; k++)
      CHECK(swiftcl_evaluate(net, tasks[k], test[k].at, test[k].label, TEST_ROWS, &accuracy[t][k]));
    CHECK(swiftcl_predict(net, tasks[0], test[0].at, TEST_ROWS, t == 0 ? then[0] : now[0], TEST_ROWS * 2));
    if (t == 0) draw(net, tasks[0], picture[0]);
  }
  draw(net, tasks[0], picture[1]);
  draw(net, tasks[1], picture[2]);

  int same = memcmp(then, now, sizeof now) == 0;
  struct show_table table = {0};
  show_row(&table, "right on new points|task 0|task 1");
  show_row(&table, "after learning task 0|%.1f %%|-", accuracy[0][0]);
  show_row(&table, "after learning task 1|%.1f %%|%.1f %%", accuracy[1][0], accuracy[1][1]);
  show_print(&table);
  printf("\nAll %d logits of task 0 are %s.\n\n", TEST_ROWS * 2,
         same ? "the same as before task 1, bit for bit" : "NO LONGER THE SAME");

  printf("%-*s  %-*s  %s\n", WIDE, "task 0 when learned", WIDE, "task 0 after task 1", "task 1");
  for (int y = 0; y < HIGH; y++)
    for (int p = 0; p < 3; p++)
      for (int x = 0; x <= WIDE; x++)
        fputs(x < WIDE ? picture[p][y][x] ? "#" : "." : p < 2 ? "  " : "\n", stdout);
  swiftcl_network_free(net);
  return same ? 0 : 1;
}
