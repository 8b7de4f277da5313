/*
 * 02_permuted_tasks.c -- ten tasks in a row, nothing forgotten. New: steps with
 * progress, winners, save and load, scores, multiply-adds and bytes spent.
 *
 * Permuted MNIST when it is found, synthetic vibration windows of ten machines
 * when not. Half way the network goes to a file, and a new one is read from it.
 *
 *   02_permuted_tasks [training rows a task]
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/dataset.h"
#include "common/show.h"

enum { TASKS = 10, HALF = 5, BATCH = 32, SHOWN_BLOCKS = 50 };

/* Called after every step; anything but 0 would stop the training. */
static int32_t on_step(void *context, const swiftcl_progress *p) {
  int task = *(int *)context;
  show_progress((uint64_t)task * p->steps + p->step, TASKS * p->steps,
                "task %d of %d, step %" PRIu64 ", loss %.3f, %" PRIu32 " units alive, %s", task + 1, TASKS, p->step,
                p->loss, p->alive_units, p->phase == SWIFTCL_PHASE_COMPETE ? "competing" : "specialising");
  return 0;
}

static swiftcl_network *create(const struct sequence *data) {
  swiftcl_network *net = NULL;
  uint32_t width = data->train.rows > 0 ? 800 : 400;
  const swiftcl_layer layers[] = {
      {.kind = SWIFTCL_LAYER_DENSE, .width = width, .block_size = 8, .activation = SWIFTCL_ACTIVATION_RELU},
      {.kind = SWIFTCL_LAYER_DENSE, .width = width, .block_size = 8, .activation = SWIFTCL_ACTIVATION_RELU},
      {.kind = SWIFTCL_LAYER_HEAD, .width = data->classes, .block_size = 1},
  };
  swiftcl_options options;
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = 3;
  options.inputs = data->inputs;
  options.input_type = data->input_type;
  options.input_scale = &data->scale;
  options.input_offset = &data->offset;
  options.expected_tasks = TASKS; /* units are rationed: ten tasks share blocks of eight */
  CHECK(swiftcl_network_create(&options, &net));
  printf("%s: %d tasks of %zu rows, network %" PRIu32 "-%" PRIu32 "-%" PRIu32 "-%" PRIu32 " in blocks of 8\n\n",
         data->title, TASKS, data->train_rows, data->inputs, width, width, data->classes);
  return net;
}

static void learn(swiftcl_network *net, const struct sequence *data, int task, swiftcl_task_info *info) {
  swiftcl_dataset rows = sequence_rows(data, (unsigned)task, 0);
  swiftcl_task_options task_options;
  swiftcl_fit_options fit;
  CHECK(swiftcl_task_options_init(&task_options));
  task_options.expected_steps = (rows.rows + BATCH - 1) / BATCH;
  CHECK(swiftcl_fit_options_init(&fit));
  fit.batch = BATCH;
  fit.progress = on_step;
  fit.progress_context = &task;
  CHECK(swiftcl_task_begin(net, &task_options, &rows.task));
  CHECK(swiftcl_fit(net, rows.inputs, rows.labels, rows.rows, &fit, NULL));
  info->struct_size = sizeof *info;
  CHECK(swiftcl_task_end(net, info));
  show_progress_end();
  sequence_rows_free(&rows);
}

/* All logits of a task for its test rows, newly allocated. */
static float *logits_of(swiftcl_network *net, const swiftcl_dataset *set, size_t count) {
  float *logits = show_malloc(count * sizeof *logits);
  CHECK(swiftcl_predict(net, set->task, set->inputs, set->rows, logits, count));
  return logits;
}

/* One line a task: which unit of a block won, '.' where the task has none. */
static void draw_winners(swiftcl_network *net, swiftcl_task task) {
  int32_t winners[800];
  swiftcl_layer_info layer = {.struct_size = sizeof layer};
  CHECK(swiftcl_layer_info_get(net, 0, &layer));
  CHECK(swiftcl_winners(net, task, 0, winners, layer.blocks));
  for (uint32_t b = 0; b < layer.blocks && b < SHOWN_BLOCKS; b++)
    putchar(winners[b] < 0 ? '.' : (char)('0' + winners[b]));
}

/* Puts the network into a file and a new one, read from it, in its place. */
static void save_and_load(swiftcl_network **network) {
  swiftcl_network *net = *network;
  char path[256];
  show_temporary(path, sizeof path, "tasks.ckpt");
  CHECK(swiftcl_network_save(net, path));
  swiftcl_network_free(net);
  net = NULL;
  CHECK(swiftcl_network_load(path, NULL, &net));
  remove(path);
  puts("-- saved to a file, freed, loaded from the file --");
  *network = net;
}

/* The table and what follows it; returns how many tasks answer as they did when learned. */
static int report(swiftcl_network *net, const struct sequence *data, const swiftcl_task_info *info,
                  const swiftcl_dataset *tests, float **then, const double *matrix) {
  struct show_table table = {0};
  size_t logits = data->test_rows * data->classes;
  int same = 0;
  double density = 0;
  show_row(&table, "%s|when learned|now|logits|share of blocks|density", data->task_word);
  for (int t = 0; t < TASKS; t++) {
    float *now = logits_of(net, &tests[t], logits);
    int equal = memcmp(then[t], now, logits * sizeof *now) == 0;
    show_row(&table, "%d|%.2f %%|%.2f %%|%s|%.0f %%|%.1f %%", t + 1, matrix[t * TASKS + t],
             matrix[(TASKS - 1) * TASKS + t], equal ? "same bits" : "CHANGED",
             100.0 * info[t].served_blocks / info[t].blocks, 100.0 * info[t].weight_density);
    same += equal;
    density += info[t].weight_density / TASKS;
    free(now);
  }
  swiftcl_scores scores = {.struct_size = sizeof scores};
  swiftcl_accounting spent = {.struct_size = sizeof spent};
  CHECK(swiftcl_score(matrix, TASKS, &scores));
  CHECK(swiftcl_accounting_get(net, &spent));
  putchar('\n');
  show_print(&table);
  printf("\naverage accuracy  %.2f %%\n", scores.average_accuracy);
  printf("forgetting        %.2f points; %d of %d tasks answer bit for bit as when learned\n", scores.forgetting, same,
         TASKS);
  printf("density           %.1f %% of the weights work for a task\n", 100 * density);
  printf("multiply-adds     %.1f %% of what training the dense network takes\n", 100 * spent.macs_vs_dense);
  return same;
}

int main(int argc, char **argv) {
  double began = show_seconds(), matrix[TASKS * TASKS] = {0};
  struct sequence data;
  sequence_open(&data, show_number(argc, argv, "training rows a task"));
  swiftcl_network *net = create(&data);
  swiftcl_task_info info[TASKS];
  swiftcl_dataset tests[TASKS];
  float *then[TASKS]; /* logits when the task was learned */
  uint64_t held, peak, most = 0;

  printf("who won blocks 1 to %d of the first layer: a digit is the unit, a dot is none\n", SHOWN_BLOCKS);
  for (int t = 0; t < TASKS; t++) {
    learn(net, &data, t, &info[t]);
    tests[t] = sequence_rows(&data, (unsigned)t, 1);
    tests[t].task = info[t].task;
    then[t] = logits_of(net, &tests[t], data.test_rows * data.classes);
    CHECK(swiftcl_evaluate_tasks(net, tests, (size_t)t + 1, &matrix[t * TASKS]));
    printf("task %2d  ", t + 1);
    draw_winners(net, info[t].task);
    printf("  %.0f %%\n", matrix[t * TASKS + t]);
    CHECK(swiftcl_network_memory(net, &held, &peak));
    if (peak > most) most = peak;
    if (t + 1 == HALF) save_and_load(&net);
  }
  int same = report(net, &data, info, tests, then, matrix);
  printf("peak memory       %" PRIu64 " bytes\n", most);
  printf("time              %.1f seconds\n", show_seconds() - began);

  for (int t = 0; t < TASKS; t++) {
    sequence_rows_free(&tests[t]);
    free(then[t]);
  }
  swiftcl_network_free(net);
  sequence_close(&data);
  return same == TASKS ? 0 : 1;
}
