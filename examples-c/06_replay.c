/*
 * 06_replay.c -- new classes, one at a time. New: replay_rows, swiftcl_replay_info_get,
 * swiftcl_replay_counts, swiftcl_replay_forget.
 *
 * A sensor on a machine learns to tell its conditions apart, but it meets them one
 * after the other: weeks of normal running, then an imbalance, then something loose.
 * When it is asked, nobody tells it which of these weeks it looks at. So each task has
 * all the classes so far, and the newest ticket decides. Its rows, however, are of the
 * newest class alone: without some rows of the others it says that everything is that.
 * A memory of a hundred windows is enough to keep them apart.
 *
 * The windows are synthetic (common/vibration.h).
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <stdio.h>

#include "common/show.h"
#include "common/vibration.h"

enum { CLASSES = VIBRATION_CLASSES, ROWS = 8000, TEST_ROWS = 1000, BATCH = 16, KEPT = 100, MACHINE = 3 };

static int16_t windows[ROWS][VIBRATION_INPUTS], test[TEST_ROWS][VIBRATION_INPUTS];
static int32_t labels[ROWS], test_labels[TEST_ROWS];

/* Moves the windows of one condition to the front; returns how many there are. */
static size_t only(int32_t condition) {
  size_t count = 0;
  vibration_windows(1, MACHINE, 0, ROWS, windows[0], labels);
  for (int n = 0; n < ROWS; n++)
    if (labels[n] == condition) {
      for (int e = 0; e < VIBRATION_INPUTS; e++) windows[count][e] = windows[n][e];
      labels[count++] = condition;
    }
  return count;
}

static swiftcl_network *make(int32_t replay) {
  swiftcl_network *net = NULL;
  const swiftcl_layer layers[] = {
      SWIFTCL_DENSE(128, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(128, 4, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(CLASSES)};
  static const float scale[] = {VIBRATION_SCALE};
  swiftcl_options options;
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = VIBRATION_INPUTS;
  options.input_type = SWIFTCL_INPUT_I16;
  options.input_scale = scale;
  options.expected_tasks = CLASSES;
  if (replay != SWIFTCL_REPLAY_NONE) {
    options.replay = replay;
    options.replay_rows = KEPT;
    options.replay_batch = 2 * BATCH;
    options.replay_policy = SWIFTCL_RETAIN_BALANCED; /* as many windows of each class */
    options.replay_store = SWIFTCL_STORE_AT_END;     /* the new ones join when their task ends */
  }
  CHECK(swiftcl_network_create(&options, &net));
  return net;
}

/* Learns the conditions one by one; right[t] is how much of all windows of the classes so
   far the newest ticket names rightly. */
static void learn(swiftcl_network *net, double right[CLASSES]) {
  static const int32_t classes[CLASSES] = {0, 1, 2, 3};
  swiftcl_task_options task_options;
  swiftcl_fit_options fit;
  CHECK(swiftcl_task_options_init(&task_options));
  CHECK(swiftcl_fit_options_init(&fit));
  fit.batch = BATCH;
  fit.epochs = 2;
  for (uint32_t t = 0; t < CLASSES; t++) {
    swiftcl_task task;
    size_t rows = only((int32_t)t);
    task_options.classes = classes;
    task_options.class_count = t + 1; /* all classes so far, not the new one alone */
    task_options.start = t ? SWIFTCL_START_WARM : SWIFTCL_START_FRESH;
    CHECK(swiftcl_task_begin(net, &task_options, &task));
    CHECK(swiftcl_fit(net, windows, labels, rows, &fit, NULL));
    CHECK(swiftcl_task_end(net, NULL));

    static int32_t answers[TEST_ROWS];
    int hits = 0, asked = 0;
    CHECK(swiftcl_predict_labels(net, task, test, TEST_ROWS, answers, TEST_ROWS));
    for (int n = 0; n < TEST_ROWS; n++) {
      if (test_labels[n] > (int32_t)t) continue;
      asked++;
      hits += answers[n] == test_labels[n];
    }
    right[t] = 100.0 * hits / asked;
  }
}

int main(void) {
  double without[CLASSES], with[CLASSES];
  vibration_windows(1, MACHINE, VIBRATION_TEST, TEST_ROWS, test[0], test_labels);
  swiftcl_network *net = make(SWIFTCL_REPLAY_NONE);
  learn(net, without);
  swiftcl_network_free(net);
  net = make(SWIFTCL_REPLAY_ER);
  learn(net, with);

  struct show_table table = {0};
  show_row(&table, "right, of all classes so far|no memory|%d windows", KEPT);
  for (int t = 0; t < CLASSES; t++)
    show_row(&table, "%d: %s|%.0f %%|%.0f %%", t, vibration_condition[t], without[t], with[t]);
  show_print(&table);

  swiftcl_replay_info info = {.struct_size = sizeof info};
  uint32_t counts[CLASSES];
  CHECK(swiftcl_replay_info_get(net, &info));
  CHECK(swiftcl_replay_counts(net, counts, CLASSES));
  printf("\nThe memory saw %llu windows and keeps %llu of %llu bytes each, in %llu bytes:",
         (unsigned long long)info.seen, (unsigned long long)info.rows, (unsigned long long)info.row_bytes,
         (unsigned long long)info.bytes);
  for (int c = 0; c < CLASSES; c++) printf(" %u %s%s", (unsigned)counts[c], vibration_condition[c], c < 3 ? "," : ".\n");

  /* What must not be kept can be forgotten: a window, a class, or all that a task brought. */
  size_t forgotten = 0;
  CHECK(swiftcl_replay_forget(net, SWIFTCL_FORGET_CLASS, 1, &forgotten));
  printf("Forgot the class %s: %zu windows are overwritten.\n", vibration_condition[1], forgotten);
  swiftcl_network_free(net);
  return 0;
}
