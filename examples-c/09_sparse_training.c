/*
 * 09_sparse_training.c -- a dense network and sparse ones, side by side. New: sparsity, mask_interval,
 * gradient_sparsity, swiftcl_weight_mask, swiftcl_mask_info_get, swiftcl_data_begin,
 * swiftcl_train_step_ids, swiftcl_data_remove, swiftcl_data_kept, and what an accounting says of it.
 *
 * One network of J = 1 learns five tasks of two classes with the same weights (SWIFTCL_TICKETS_SHARED) and a
 * replay memory: once dense, then with three weights of four masked, nine of ten, nineteen of twenty. Masked
 * weights are neither stored nor computed. Every few steps each layer drops its least useful weights and takes as
 * many others back, more of them as a task begins. Between epochs the easiest rows are dropped from the task.
 *
 * MNIST when it is found, otherwise synthetic vibration windows: five machines, each normal or with a damaged
 * bearing. An argument is the number of epochs a task.
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

enum { TASKS = 5, CLASSES = 10, BATCH = 32, WINDOWS = 4000, TEST_WINDOWS = 1000, DIGITS = 4000, WIDTH = 400, RUNS = 4 };

/* Rows of all tasks, those of a task one after the other. */
struct part {
  uint8_t *rows;
  int32_t *labels;
  size_t first[TASKS + 1];
};

struct data {
  const char *name;
  uint32_t inputs;
  int32_t input_type;
  size_t row_bytes;
  float scale, offset;
  struct part train, test;
};

/* What one way to train came to. */
struct result {
  swiftcl_task task; /* the last one */
  double accuracy, forgetting;
  swiftcl_accounting spent;
  size_t followed, left; /* rows of the last task */
  size_t kept, weights;  /* of the second layer's mask */
  double moving;         /* share of its weights that have a gradient */
};

static struct part machines(uint32_t first, size_t windows) {
  static int16_t all[WINDOWS][VIBRATION_INPUTS];
  static int32_t conditions[WINDOWS];
  struct part part = {show_malloc(TASKS * windows * sizeof *all), show_malloc(TASKS * windows * sizeof(int32_t)), {0}};
  size_t count = 0;
  for (uint32_t machine = 0; machine < TASKS; machine++) {
    vibration_windows(1, machine, first, windows, all[0], conditions);
    for (size_t n = 0; n < windows; n++) {
      if (conditions[n] != 0 && conditions[n] != 3) continue;
      memcpy(part.rows + count * sizeof *all, all[n], sizeof *all);
      part.labels[count++] = (int32_t)(2 * machine) + (conditions[n] == 3);
    }
    part.first[machine + 1] = count;
  }
  return part;
}

/* At most so many rows of each pair of digits. */
static struct part pairs(const struct mnist *set, size_t most) {
  struct part part = {show_malloc(TASKS * most * MNIST_INPUTS), show_malloc(TASKS * most * sizeof(int32_t)), {0}};
  size_t count = 0;
  for (int32_t task = 0; task < TASKS; task++) {
    for (size_t n = 0; n < set->rows && count - part.first[task] < most; n++) {
      if (set->labels[n] / 2 != task) continue;
      memcpy(part.rows + count * MNIST_INPUTS, set->images + n * MNIST_INPUTS, MNIST_INPUTS);
      part.labels[count++] = set->labels[n];
    }
    part.first[task + 1] = count;
  }
  return part;
}

static void open_data(struct data *d) {
  struct mnist train, test;
  char problem[200];
  memset(d, 0, sizeof *d);
  if (mnist_load(&train, "train", problem, sizeof problem)) {
    if (mnist_load(&test, "t10k", problem, sizeof problem)) {
      d->name = "digits";
      d->inputs = MNIST_INPUTS;
      d->input_type = SWIFTCL_INPUT_U8;
      d->row_bytes = MNIST_INPUTS;
      d->scale = 1 / (255 * 0.3081f);
      d->offset = -0.1307f / 0.3081f;
      d->train = pairs(&train, DIGITS);
      d->test = pairs(&test, DIGITS);
      mnist_free(&test);
    }
    mnist_free(&train);
    if (d->name) return;
  }
  printf("No MNIST: %s.\nOn synthetic windows of five machines instead, normal or with a damaged bearing.\n\n", problem);
  d->name = "machines";
  d->inputs = VIBRATION_INPUTS;
  d->input_type = SWIFTCL_INPUT_I16;
  d->row_bytes = VIBRATION_INPUTS * sizeof(int16_t);
  d->scale = VIBRATION_SCALE;
  d->train = machines(0, WINDOWS);
  d->test = machines(VIBRATION_TEST, TEST_WINDOWS);
}

static void close_data(struct data *d) {
  free(d->train.rows);
  free(d->train.labels);
  free(d->test.rows);
  free(d->test.labels);
}

/* Of the largest task. */
static size_t most_rows(const struct data *d) {
  size_t most = 0;
  for (int task = 0; task < TASKS; task++) {
    size_t rows = d->train.first[task + 1] - d->train.first[task];
    if (rows > most) most = rows;
  }
  return most;
}

static swiftcl_network *create(const struct data *d, float sparsity, uint32_t epochs) {
  swiftcl_network *net = NULL;
  const swiftcl_layer layers[] = {SWIFTCL_DENSE(WIDTH, 1, SWIFTCL_ACTIVATION_RELU),
                                  SWIFTCL_DENSE(WIDTH, 1, SWIFTCL_ACTIVATION_RELU), SWIFTCL_HEAD(CLASSES)};
  size_t rows = d->train.first[1];
  uint32_t steps = epochs * (uint32_t)((rows + BATCH - 1) / BATCH);
  swiftcl_options options;
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = d->inputs;
  options.input_type = d->input_type;
  options.input_scale = &d->scale;
  options.input_offset = &d->offset;
  options.max_batch = BATCH;
  options.sharing = SWIFTCL_TICKETS_SHARED; /* one ticket, which every task trains on */
  options.protection = SWIFTCL_PROTECT_NONE;
  options.sampler = SWIFTCL_SAMPLER_RANDOM; /* J = 1: nothing competes */
  options.clip_norm = 1;
  options.replay = SWIFTCL_REPLAY_DERPP;
  options.replay_rows = 500;
  options.replay_batch = BATCH;
  options.replay_alpha = 0.5f;
  options.data_samples = (uint32_t)most_rows(d); /* of a task that are followed */
  if (sparsity > 0) {
    options.sparsity = sparsity;
    options.sparsity_kind = SWIFTCL_SPARSITY_BLOCK; /* eight outputs of one input, kept or dropped as one: fast */
    options.mask_interval = steps / 10;             /* new masks ten times a task, */
    options.mask_final_step = 9 * (steps / 10);     /* final ones for its last tenth */
    /* Four fifths of the weights that are left have a gradient; which ones is chosen every 30 steps. */
    options.gradient_sparsity = 1 - 0.8f * (1 - sparsity);
  }
  CHECK(swiftcl_network_create(&options, &net));
  return net;
}

/* The numbers 0 to count - 1 in an order of their own, the same in every run. */
static void shuffle(uint32_t *ids, size_t count, uint32_t *state) {
  for (size_t n = count; n > 1; n--) {
    *state = *state * 1664525u + 1013904223u;
    size_t other = (size_t)(((uint64_t)*state * n) >> 32);
    uint32_t id = ids[n - 1];
    ids[n - 1] = ids[other];
    ids[other] = id;
  }
}

/* One epoch of the rows in `ids`, batch by batch, each row with its number. */
static void epoch(swiftcl_network *net, const struct data *d, int32_t task, const uint32_t *ids, size_t count) {
  const uint8_t *rows = d->train.rows + d->train.first[task] * d->row_bytes;
  const int32_t *labels = d->train.labels + d->train.first[task];
  static uint8_t batch[BATCH * MNIST_INPUTS];
  int32_t batch_labels[BATCH];
  for (size_t first = 0; first < count; first += BATCH) {
    size_t size = count - first < BATCH ? count - first : BATCH;
    for (size_t n = 0; n < size; n++) {
      memcpy(batch + n * d->row_bytes, rows + ids[first + n] * d->row_bytes, d->row_bytes);
      batch_labels[n] = labels[ids[first + n]];
    }
    CHECK(swiftcl_train_step_ids(net, batch, batch_labels, ids + first, size, NULL));
  }
}

/* Trains a task: a quarter of its epochs on all rows, the others without the easiest three of ten. */
static void learn(swiftcl_network *net, const struct data *d, int32_t task, uint32_t epochs, struct result *result) {
  size_t count = d->train.first[task + 1] - d->train.first[task], removed = 0;
  uint32_t *ids = show_malloc(count * sizeof *ids), order = 1 + (uint32_t)task;
  swiftcl_task_options options;
  CHECK(swiftcl_task_options_init(&options));
  options.expected_steps = epochs * ((count + BATCH - 1) / BATCH);
  CHECK(swiftcl_task_begin(net, &options, &result->task));
  CHECK(swiftcl_data_begin(net, count));
  result->followed = count;
  for (uint32_t n = 0; n < epochs; n++) {
    if (n == (epochs + 3) / 4) CHECK(swiftcl_data_remove(net, 3 * result->followed / 10, &removed));
    CHECK(swiftcl_data_kept(net, ids, result->followed, &count));
    shuffle(ids, count, &order);
    epoch(net, d, task, ids, count);
  }
  result->left = count;
  free(ids);
}

static double accuracy(swiftcl_network *net, const struct data *d, int32_t task) {
  size_t first = d->test.first[task];
  double percent;
  CHECK(swiftcl_evaluate(net, SWIFTCL_TASK_OPEN, d->test.rows + first * d->row_bytes, d->test.labels + first,
                         d->test.first[task + 1] - first, &percent));
  return percent;
}

/* What the mask of the second layer keeps: a byte for each weight, 1 where it is kept. */
static void ask_mask(swiftcl_network *net, struct result *result) {
  swiftcl_mask_info info = {.struct_size = sizeof info};
  CHECK(swiftcl_mask_info_get(net, SWIFTCL_TASK_OPEN, 1, &info));
  result->weights = (size_t)info.weights;
  uint8_t *mask = show_malloc(result->weights);
  CHECK(swiftcl_weight_mask(net, SWIFTCL_TASK_OPEN, 1, mask, result->weights));
  result->kept = 0;
  for (size_t n = 0; n < result->weights; n++) result->kept += mask[n];
  result->moving = (double)info.computed / (double)info.weights;
  free(mask);
}

static struct result run(const struct data *d, float sparsity, uint32_t epochs, unsigned number) {
  struct result result = {.spent = {.struct_size = sizeof result.spent}};
  double after[TASKS * TASKS];
  swiftcl_scores scores = {.struct_size = sizeof scores};
  swiftcl_network *net = create(d, sparsity, epochs);
  for (int32_t task = 0; task < TASKS; task++) {
    show_progress(number * TASKS + (unsigned)task, RUNS * TASKS, "%.0f %% masked, task %d", 100 * sparsity, task + 1);
    learn(net, d, task, epochs, &result);
    for (int32_t t = 0; t <= task; t++) after[task * TASKS + t] = accuracy(net, d, t);
    if (task == TASKS - 1) {
      if (sparsity > 0) ask_mask(net, &result);
      CHECK(swiftcl_accounting_get(net, &result.spent)); /* its bytes are those of the open task */
    }
    CHECK(swiftcl_task_end(net, NULL));
  }
  CHECK(swiftcl_score(after, TASKS, &scores));
  result.accuracy = scores.average_accuracy;
  result.forgetting = scores.forgetting;
  swiftcl_network_free(net);
  return result;
}

static double kilobytes(const swiftcl_accounting *spent) {
  return (double)(spent->parameter_bytes + spent->optimizer_bytes + spent->gradient_bytes) / 1000;
}

int main(int argc, char **argv) {
  static const float sparsity[RUNS] = {0, 0.75f, 0.90f, 0.95f};
  size_t asked = show_number(argc, argv, "epochs a task");
  uint32_t epochs = asked ? (uint32_t)asked : 4;
  struct result results[RUNS];
  struct data d;
  open_data(&d);
  for (unsigned n = 0; n < RUNS; n++) results[n] = run(&d, sparsity[n], epochs, n);
  show_progress_end();

  struct show_table table = {0};
  printf("%s: five tasks of two classes, told apart without knowing the task; 500 exemplars\n\n", d.name);
  show_row(&table, "weights masked|accuracy|forgetting|multiply-adds|fewer|kilobytes|seconds");
  for (unsigned n = 0; n < RUNS; n++) {
    const swiftcl_accounting *spent = &results[n].spent;
    show_row(&table, "%.0f %%|%.1f %%|%.1f|%.1fe9|%.1fx|%.0f|%.1f", 100 * sparsity[n], results[n].accuracy,
             results[n].forgetting, 1e-9 * (double)spent->paper_macs,
             (double)results[0].spent.paper_macs / (double)spent->paper_macs, kilobytes(spent), spent->seconds);
  }
  show_print(&table);
  printf("\nMultiply-adds as the paper counts them; kilobytes of parameters, optimiser and gradients.\n");
  for (unsigned n = 1; n < RUNS; n++)
    printf("At %.0f %% the second layer keeps %zu of %zu weights; %.1f %% of all have a gradient.\n", 100 * sparsity[n],
           results[n].kept, results[n].weights, 100 * results[n].moving);
  printf("Of the %zu rows of the last task %zu were left at its end.\n", results[1].followed, results[1].left);
  close_data(&d);
  return 0;
}
