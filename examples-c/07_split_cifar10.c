/*
 * 07_split_cifar10.c -- pictures, two classes at a time. New: convolutions, a ready
 * description, input channels, copy-on-write.
 *
 * CIFAR-10 when it is found, otherwise drawn shapes. Five tasks of two classes each. From
 * the second task on units of earlier tasks compete, too (SWIFTCL_START_COPY_ON_WRITE): one
 * that wins is copied into a free unit of its block and goes on learning there, while its
 * owner keeps what it has. Nothing is forgotten, to the bit.
 *
 * An argument is the number of training pictures of each class.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/answers.h"
#include "common/pictures.h"
#include "common/show.h"

enum { TASKS = 5, EACH = 2, J = 4, TRAIN_ROWS = 400, TEST_ROWS = 200, MOST_LAYERS = 16 };

static swiftcl_network *create(const struct pictures *set) {
  /* LeNet with maps and units of our own number: convolution, pooling, twice; two dense layers. */
  static const uint32_t widths[] = {16, 32, 128, 64};
  swiftcl_network *net = NULL;
  swiftcl_layer layers[MOST_LAYERS];
  swiftcl_options options;
  uint32_t count;
  CHECK(swiftcl_describe_lenet(layers, MOST_LAYERS, &count, PICTURE_SIDE, PICTURE_SIDE, widths, 4, J, PICTURE_CLASSES));
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = count;
  options.inputs = PICTURE_INPUTS;
  options.input_type = SWIFTCL_INPUT_U8;
  options.input_channels = PICTURE_CHANNELS;
  options.input_layout = SWIFTCL_LAYOUT_PLANAR; /* all red, then all green, then all blue */
  options.input_scale = set->scale;             /* one number a channel */
  options.input_offset = set->offset;
  options.expected_tasks = TASKS;
  options.unserved = SWIFTCL_UNSERVED_REUSE;
  options.max_batch = 32;
  CHECK(swiftcl_network_create(&options, &net));
  return net;
}

static int32_t on_step(void *context, const swiftcl_progress *p) {
  int task = *(int *)context;
  show_progress((unsigned)task * p->steps + p->step, TASKS * p->steps, "task %d of %d  loss %.3f", task + 1, TASKS, p->loss);
  return 0;
}

static swiftcl_task learn(swiftcl_network *net, const struct pictures *set, int number, swiftcl_task_info *info) {
  const int32_t classes[EACH] = {EACH * number, EACH * number + 1};
  swiftcl_dataset rows = pictures_rows(set, EACH * number, EACH, 0);
  swiftcl_task_options options;
  swiftcl_fit_options fit;
  CHECK(swiftcl_task_options_init(&options));
  options.classes = classes; /* its head has these two alone */
  options.class_count = EACH;
  options.start = number ? SWIFTCL_START_COPY_ON_WRITE : SWIFTCL_START_FRESH;
  CHECK(swiftcl_fit_options_init(&fit));
  fit.epochs = 3;
  fit.batch = 32;
  fit.progress = on_step;
  fit.progress_context = &number;
  CHECK(swiftcl_task_begin(net, &options, &rows.task));
  CHECK(swiftcl_fit(net, rows.inputs, rows.labels, rows.rows, &fit, NULL));
  info->struct_size = sizeof *info;
  CHECK(swiftcl_task_end(net, info));
  show_progress_end();
  return rows.task;
}

int main(int argc, char **argv) {
  double matrix[TASKS * TASKS] = {0}; /* [k][i]: task i after learning task k */
  size_t asked = show_number(argc, argv, "training pictures of each class");
  struct pictures set;
  swiftcl_task_info info[TASKS];
  swiftcl_dataset tests[TASKS];
  swiftcl_scores scores = {.struct_size = sizeof scores};
  swiftcl_accounting spent = {.struct_size = sizeof spent};
  struct show_table table = {0};
  float *then[TASKS];
  int same = 0;
  pictures_open(&set, asked ? asked : TRAIN_ROWS, TEST_ROWS);
  swiftcl_network *net = create(&set);
  printf("%s\n%d tasks of two classes, %zu pictures each; units and maps in blocks of %d\n\n", set.title, TASKS,
         set.rows[0], J);

  for (int t = 0; t < TASKS; t++) {
    tests[t] = pictures_rows(&set, EACH * t, EACH, 1);
    tests[t].task = learn(net, &set, t, &info[t]);
    then[t] = answers_of(net, &tests[t]);
    CHECK(swiftcl_evaluate_tasks(net, tests, (uint32_t)t + 1, &matrix[t * TASKS]));
  }

  show_row(&table, "right in %%, after task|1|2|3|4|5|winners copied|logits");
  for (int t = 0; t < TASKS; t++) {
    char cells[TASKS][16], copied[32];
    for (int k = 0; k < TASKS; k++) {
      cells[k][0] = 0;
      if (k >= t) snprintf(cells[k], sizeof cells[k], "%.1f", matrix[k * TASKS + t]);
    }
    snprintf(copied, sizeof copied, "%" PRIu32 " of %" PRIu32, info[t].copied_winners, info[t].served_blocks);
    int equal = answers_same(net, &tests[t], then[t]);
    show_row(&table, "%d: %s, %s|%s|%s|%s|%s|%s|%s|%s", t + 1, set.names[EACH * t], set.names[EACH * t + 1], cells[0],
             cells[1], cells[2], cells[3], cells[4], copied, equal ? "same bits" : "CHANGED");
    same += equal;
  }
  show_print(&table);
  CHECK(swiftcl_score(matrix, TASKS, &scores));
  CHECK(swiftcl_accounting_get(net, &spent));
  printf("\naverage accuracy  %.1f %%\nforgetting        %.1f points\n", scores.average_accuracy, scores.forgetting);
  printf("multiply-adds     %.1f %% of what training the dense network takes\n", 100 * spent.macs_vs_dense);
  printf("%d of %d tasks answer bit for bit as when learned\n", same, TASKS);

  for (int t = 0; t < TASKS; t++) free(then[t]);
  swiftcl_network_free(net);
  pictures_close(&set);
  return same == TASKS ? 0 : 1;
}
