/*
 * 06_class_incremental.c -- digits two at a time, told apart with 500 exemplars. New:
 * replay_rows, class_head, swiftcl_class_head_fit, swiftcl_evaluate_all,
 * swiftcl_predict_classes, swiftcl_replay_info_get, swiftcl_replay_forget.
 *
 * Five tasks bring two digits each. When the network is asked, nobody says which of the
 * tasks it looks at: it must choose among all ten. The newest ticket was trained on
 * its own digits and on what the replay memory holds of the others; a linear head, fitted on that
 * memory over the winners of all tickets, does better.
 *
 * MNIST when it is found, otherwise synthetic vibration windows: five machines, each
 * normal or with a damaged bearing. An argument is the number of exemplars.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dataset.h"
#include "common/show.h"
#include "common/vibration.h"

enum { TASKS = 5, CLASSES = 10, BATCH = 32, WINDOWS = 8000, TEST_WINDOWS = 1000 };

/* All rows of a part, each of one of ten classes. */
struct part {
  uint8_t *rows;
  int32_t *labels;
  size_t count;
};

/* Ten classes, two of which make a task. */
struct digits {
  const char *name;
  uint32_t inputs;
  int32_t input_type;
  size_t row_bytes;
  float scale, offset;
  struct part train, test;
  struct mnist read[2];
};

static struct part machines(uint32_t first, size_t windows) {
  static int16_t all[WINDOWS][VIBRATION_INPUTS];
  static int32_t conditions[WINDOWS];
  struct part part = {show_malloc(TASKS * windows * sizeof *all), show_malloc(TASKS * windows * sizeof(int32_t)), 0};
  for (uint32_t machine = 0; machine < TASKS; machine++) {
    vibration_windows(1, machine, first, windows, all[0], conditions);
    for (size_t n = 0; n < windows; n++) {
      if (conditions[n] != 0 && conditions[n] != 3) continue;
      memcpy(part.rows + part.count * sizeof *all, all[n], sizeof *all);
      part.labels[part.count++] = (int32_t)(2 * machine) + (conditions[n] == 3);
    }
  }
  return part;
}

static void open_digits(struct digits *d) {
  static const float scale[] = {VIBRATION_SCALE};
  char problem[200];
  memset(d, 0, sizeof *d);
  if (mnist_load(&d->read[0], "train", problem, sizeof problem)
      && mnist_load(&d->read[1], "t10k", problem, sizeof problem)) {
    struct part train = {d->read[0].images, d->read[0].labels, d->read[0].rows};
    struct part test = {d->read[1].images, d->read[1].labels, d->read[1].rows};
    d->name = "digits";
    d->inputs = MNIST_INPUTS;
    d->input_type = SWIFTCL_INPUT_U8;
    d->row_bytes = MNIST_INPUTS;
    d->scale = 1 / (255 * 0.3081f);
    d->offset = -0.1307f / 0.3081f;
    d->train = train;
    d->test = test;
    return;
  }
  printf("No MNIST: %s.\nOn synthetic windows of five machines instead, normal or with a damaged bearing.\n\n", problem);
  d->name = "machine";
  d->inputs = VIBRATION_INPUTS;
  d->input_type = SWIFTCL_INPUT_I16;
  d->row_bytes = VIBRATION_INPUTS * sizeof(int16_t);
  d->scale = scale[0];
  d->train = machines(0, WINDOWS);
  d->test = machines(VIBRATION_TEST, TEST_WINDOWS);
}

static void close_digits(struct digits *d) {
  if (d->read[0].images) {
    mnist_free(&d->read[0]);
    mnist_free(&d->read[1]);
    return;
  }
  free(d->train.rows);
  free(d->train.labels);
  free(d->test.rows);
  free(d->test.labels);
}

/* A copy of the rows of one task. */
static swiftcl_dataset of_task(const struct digits *d, const struct part *part, int32_t task) {
  uint8_t *rows = show_malloc(part->count * d->row_bytes);
  int32_t *labels = show_malloc(part->count * sizeof *labels);
  swiftcl_dataset set = {rows, labels, 0, 0};
  for (size_t n = 0; n < part->count; n++) {
    if (part->labels[n] / 2 != task) continue;
    memcpy(rows + set.rows * d->row_bytes, part->rows + n * d->row_bytes, d->row_bytes);
    labels[set.rows++] = part->labels[n];
  }
  return set;
}

static void free_set(const swiftcl_dataset *set) {
  free((void *)set->inputs);
  free((void *)set->labels);
}

static swiftcl_network *create(const struct digits *d, uint32_t exemplars) {
  swiftcl_network *net = NULL;
  const swiftcl_layer layers[] = {
      SWIFTCL_DENSE(400, 4, SWIFTCL_ACTIVATION_RELU), SWIFTCL_DENSE(400, 4, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(2)}; /* two classes to begin with: others appear */
  swiftcl_options options;
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = d->inputs;
  options.input_type = d->input_type;
  options.input_scale = &d->scale;
  options.input_offset = &d->offset;
  options.expected_tasks = TASKS;
  options.replay = SWIFTCL_REPLAY_ER;
  options.replay_rows = exemplars;
  options.replay_batch = BATCH;
  options.replay_policy = SWIFTCL_RETAIN_BALANCED; /* as many of each class */
  options.replay_store = SWIFTCL_STORE_AT_END;     /* the new ones join when their task ends */
  options.class_head = 1;
  CHECK(swiftcl_network_create(&options, &net));
  return net;
}

static void learn(swiftcl_network *net, const struct digits *d, int32_t t, swiftcl_task *task) {
  static const int32_t classes[CLASSES] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  swiftcl_dataset rows = of_task(d, &d->train, t);
  swiftcl_task_options options;
  swiftcl_fit_options fit;
  CHECK(swiftcl_task_options_init(&options));
  CHECK(swiftcl_fit_options_init(&fit));
  options.classes = classes;
  options.class_count = 2 * (uint32_t)t + 2; /* all classes so far, not the two new ones alone */
  fit.batch = BATCH;
  CHECK(swiftcl_task_begin(net, &options, task));
  CHECK(swiftcl_fit(net, rows.inputs, rows.labels, rows.rows, &fit, NULL));
  CHECK(swiftcl_task_end(net, NULL));
  free_set(&rows);
}

/* The largest number beside the diagonal. */
static void tell_mistakes(const uint64_t confusion[CLASSES][CLASSES]) {
  int label = 0, named = 1;
  for (int a = 0; a < CLASSES; a++)
    for (int b = 0; b < CLASSES; b++)
      if (a != b && confusion[a][b] > confusion[label][named]) label = a, named = b;
  printf("The class head's most frequent mistake: %" PRIu64 " rows of class %d are taken for %d.\n",
         confusion[label][named], label, named);
}

int main(int argc, char **argv) {
  size_t asked = show_number(argc, argv, "exemplars");
  struct digits d;
  swiftcl_dataset tests[TASKS];
  double newest[TASKS * TASKS], head[TASKS * TASKS], known[TASKS * TASKS]; /* row k: after k + 1 tasks */
  uint64_t confusion[CLASSES][CLASSES];
  swiftcl_evaluation last = {.struct_size = sizeof last}, best = last;
  swiftcl_evaluate_options options;
  open_digits(&d);
  swiftcl_network *net = create(&d, asked ? (uint32_t)asked : 500);

  for (int32_t t = 0; t < TASKS; t++) {
    swiftcl_task task;
    learn(net, &d, t, &task);
    CHECK(swiftcl_class_head_fit(net, NULL, NULL));
    tests[t] = of_task(&d, &d.test, t);
    tests[t].task = task;
    CHECK(swiftcl_evaluate_options_init(&options));
    options.matrix_tasks = TASKS;
    options.class_il = newest;
    CHECK(swiftcl_evaluate_all(net, tests, (size_t)t + 1, &options, &last));
    options.rule = SWIFTCL_RULE_CLASS_HEAD;
    options.class_il = head;
    options.task_il = known;
    options.confusion = &confusion[0][0];
    options.confusion_classes = CLASSES;
    CHECK(swiftcl_evaluate_all(net, tests, (size_t)t + 1, &options, &best));
  }

  struct show_table table = {0};
  show_row(&table, "%s|task known|newest ticket|class head", d.name);
  for (int t = 0; t < TASKS; t++) {
    int i = (TASKS - 1) * TASKS + t;
    if (d.read[0].images) show_row(&table, "%d and %d|%.1f %%|%.1f %%|%.1f %%", 2 * t, 2 * t + 1, known[i], newest[i], head[i]);
    else show_row(&table, "%d|%.1f %%|%.1f %%|%.1f %%", t + 1, known[i], newest[i], head[i]);
  }
  show_row(&table, "average|%.1f %%|%.1f %%|%.1f %%", best.task_accuracy, last.class_accuracy, best.class_accuracy);
  show_row(&table, "forgetting|%.1f|%.1f|%.1f", best.task_forgetting, last.class_forgetting, best.class_forgetting);
  show_print(&table);
  putchar('\n');
  tell_mistakes(confusion);
  printf("It names the task of %.1f %% of the rows, too.\n", best.inferred_accuracy);

  swiftcl_replay_info memory = {.struct_size = sizeof memory};
  swiftcl_class_head_info about = {.struct_size = sizeof about};
  CHECK(swiftcl_replay_info_get(net, &memory));
  CHECK(swiftcl_class_head_info_get(net, &about));
  printf("The memory saw %" PRIu64 " rows and keeps %" PRIu64 " of %" PRIu64 " bytes each; the head reads %" PRIu64
         " winners.\n", memory.seen, memory.rows, memory.row_bytes, about.features);

  /* What must not be kept can be forgotten: a row, a class, or all that a task brought. The head
     knows the class until it is fitted again. */
  size_t forgotten = 0;
  int32_t named = -1;
  CHECK(swiftcl_replay_forget(net, SWIFTCL_FORGET_CLASS, 1, &forgotten));
  CHECK(swiftcl_class_head_fit(net, NULL, &about));
  CHECK(swiftcl_predict_classes(net, SWIFTCL_RULE_CLASS_HEAD, tests[0].inputs, 1, &named, 1));
  printf("Forgot class 1: %zu exemplars are overwritten, and a new head tells %" PRIu32 " classes apart.\n", forgotten,
         about.classes);

  for (int t = 0; t < TASKS; t++) free_set(&tests[t]);
  swiftcl_network_free(net);
  close_digits(&d);
  return 0;
}
