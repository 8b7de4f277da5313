/*
 * 02_permuted_tasks.c -- ten tasks in a row, nothing forgotten. New: progress,
 * winners, save and load, scores, and what it costs in multiply-adds and bytes.
 *
 * Permuted MNIST when it is found, otherwise synthetic vibration windows of ten
 * machines. Half way the network goes to a file, and one read from it goes on.
 * An argument is the number of training rows a task.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/answers.h"
#include "common/dataset.h"
#include "common/show.h"

enum { TASKS = 10, HALF = 5, J = 8, SHOWN_BLOCKS = 50 };

/* Called after every step; anything but 0 would stop the training. */
static int32_t on_step(void *context, const swiftcl_progress *p) {
  unsigned task = *(unsigned *)context;
  show_progress(task * p->steps + p->step, TASKS * p->steps, "task %2u of %d  loss %.3f  %4" PRIu32 " units  %s",
                task + 1, TASKS, p->loss, p->alive_units,
                p->phase == SWIFTCL_PHASE_COMPETE ? "competing" : "specialising");
  return 0;
}

static swiftcl_network *create(const struct sequence *data) {
  swiftcl_network *net = NULL;
  const swiftcl_layer layers[] = {
      SWIFTCL_DENSE(data->width, J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_DENSE(data->width, J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(data->classes),
  };
  swiftcl_options options;
  CHECK(swiftcl_options_init(&options));
  sequence_describe(data, &options); /* inputs, input_type, input_scale and input_offset */
  options.layers = layers;
  options.layer_count = 3;
  options.expected_tasks = TASKS; /* units are rationed: blocks of eight serve ten tasks */
  CHECK(swiftcl_network_create(&options, &net));
  printf("%s\n", data->title);
  printf("%d tasks of %zu rows, one after the other, each learned once\n", TASKS, data->train_rows);
  printf("network %" PRIu32 "-%" PRIu32 "-%" PRIu32 "-%" PRIu32 ", units in blocks of %d that compete for each task\n\n",
         data->inputs, data->width, data->width, data->classes, J);
  return net;
}

static void learn(swiftcl_network *net, const struct sequence *data, unsigned task, swiftcl_task_info *info) {
  swiftcl_dataset rows = sequence_rows(data, task, 0);
  swiftcl_fit_options fit;
  CHECK(swiftcl_fit_options_init(&fit));
  fit.progress = on_step;
  fit.progress_context = &task;
  CHECK(swiftcl_task_begin(net, NULL, &rows.task));
  CHECK(swiftcl_fit(net, rows.inputs, rows.labels, rows.rows, &fit, NULL));
  info->struct_size = sizeof *info;
  CHECK(swiftcl_task_end(net, info));
  show_progress_end();
  sequence_rows_free(&rows);
}

/* A character for each block: the unit that won it, '.' where none did. */
static void draw_winners(swiftcl_network *net, swiftcl_task task, size_t blocks) {
  int32_t winners[100];
  CHECK(swiftcl_winners(net, task, 0, winners, blocks));
  for (size_t b = 0; b < SHOWN_BLOCKS; b++) putchar(winners[b] < 0 ? '.' : '0' + winners[b]);
}

/* Saves the network and frees it; returns the one that the file holds. */
static swiftcl_network *save_and_load(swiftcl_network *net) {
  char path[256];
  uint64_t bytes;
  show_temporary(path, sizeof path, "tasks.ckpt");
  CHECK(swiftcl_checkpoint_size(net, &bytes));
  CHECK(swiftcl_network_save(net, path));
  swiftcl_network_free(net);
  net = NULL;
  CHECK(swiftcl_network_load(path, NULL, &net));
  remove(path);
  printf("         saved to a file of %" PRIu64 " bytes, freed, loaded, and on it goes\n", bytes);
  return net;
}

/* The table and what follows it; returns how many tasks answer as they did when learned. */
static int report(swiftcl_network *net, const char *task_word, const swiftcl_task_info *info,
                  const swiftcl_dataset *tests, float **then, const double *matrix) {
  struct show_table table = {0};
  swiftcl_scores scores = {.struct_size = sizeof scores};
  swiftcl_accounting spent = {.struct_size = sizeof spent};
  double density = 0;
  int same = 0;
  show_row(&table, "%s|when learned|now|logits|blocks won|weights used", task_word);
  for (int t = 0; t < TASKS; t++) {
    int equal = answers_same(net, &tests[t], then[t]);
    show_row(&table, "%d|%.2f %%|%.2f %%|%s|%.0f %%|%.1f %%", t + 1, matrix[t * TASKS + t],
             matrix[(TASKS - 1) * TASKS + t], equal ? "same bits" : "CHANGED",
             100.0 * info[t].served_blocks / info[t].blocks, 100.0 * info[t].weight_density);
    same += equal;
    density += info[t].weight_density / TASKS;
  }
  CHECK(swiftcl_score(matrix, TASKS, &scores));
  CHECK(swiftcl_accounting_get(net, &spent));
  putchar('\n');
  show_print(&table);
  printf("\naverage accuracy  %.2f %%\n", scores.average_accuracy);
  printf("forgetting        %.2f points; ", scores.forgetting);
  printf("%d of %d tasks answer bit for bit as when learned\n", same, TASKS);
  printf("density           %.1f %% of the weights work for a task\n", 100 * density);
  printf("multiply-adds     %.1f %% of what training the dense network takes\n", 100 * spent.macs_vs_dense);
  return same;
}

int main(int argc, char **argv) {
  double began = show_seconds(), matrix[TASKS * TASKS] = {0}; /* [k][i]: task i after learning task k */
  struct sequence data;
  swiftcl_task_info info[TASKS];
  swiftcl_dataset tests[TASKS];
  float *then[TASKS]; /* all logits for the tests when the task was learned */
  uint64_t peak, most = 0;
  sequence_open(&data, show_number(argc, argv, "training rows a task"));
  swiftcl_network *net = create(&data);

  printf("         the winner in each of %d blocks, . for no winner    accuracy\n", SHOWN_BLOCKS);
  for (unsigned t = 0; t < TASKS; t++) {
    learn(net, &data, t, &info[t]);
    tests[t] = sequence_rows(&data, t, 1);
    tests[t].task = info[t].task;
    then[t] = answers_of(net, &tests[t]);
    CHECK(swiftcl_evaluate_tasks(net, tests, t + 1, &matrix[t * TASKS]));
    printf("task %2u  ", t + 1);
    draw_winners(net, info[t].task, data.width / J);
    printf("  %.2f %%\n", matrix[t * TASKS + t]);
    CHECK(swiftcl_network_memory(net, NULL, &peak));
    if (peak > most) most = peak;
    if (t + 1 == HALF) net = save_and_load(net);
  }
  int same = report(net, data.task_word, info, tests, then, matrix);
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
