/*
 * 03_who_won.c -- new: winner masks, overlap, owned share, capacity, reuse.
 *
 * Four tasks: a pump, a fan, the pump again after a repair (it shakes less),
 * and a mill. Every unit may win a task, also one that an earlier task owns
 * (SWIFTCL_ALLOCATE_ANY). A unit that is won again brings its weights with it,
 * and these stay as they are, for its owner's sake. So the competition decides
 * what is reused. Nobody tells it which machines are alike; the picture shows
 * that it finds out.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <inttypes.h>
#include <stdio.h>

#include "common/show.h"
#include "common/vibration.h"

enum { PUMP, FAN, REPAIRED, MILL, TASKS };
enum { LAYERS = 2, J = 4, BLOCKS = 24, UNITS = BLOCKS * J, ROWS = 10000, TEST_ROWS = 2000 };

static const char *const name[TASKS] = {"pump", "fan", "repaired pump", "mill"};

/* Synthetic windows of a task; from VIBRATION_TEST on for testing. */
static void make_windows(int task, size_t first, size_t rows, int16_t *windows, int32_t *labels) {
  const unsigned machine[TASKS] = {1, 7, 1, 5};
  vibration_windows(3, machine[task], first, rows, windows, labels);
  for (size_t k = 0; task == REPAIRED && k < rows * VIBRATION_INPUTS; k++) windows[k] = (int16_t)(windows[k] * 3 / 4);
}

static swiftcl_network *create(void) {
  swiftcl_network *net = NULL;
  const swiftcl_layer layers[] = {
      SWIFTCL_DENSE(UNITS, J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_DENSE(UNITS, J, SWIFTCL_ACTIVATION_RELU),
      SWIFTCL_HEAD(VIBRATION_CLASSES),
  };
  const float scale = VIBRATION_SCALE;
  swiftcl_options options;
  CHECK(swiftcl_options_init(&options));
  options.layers = layers;
  options.layer_count = LAYERS + 1;
  options.inputs = VIBRATION_INPUTS;
  options.input_type = SWIFTCL_INPUT_I16;
  options.input_scale = &scale;
  options.allocation = SWIFTCL_ALLOCATE_ANY;
  CHECK(swiftcl_network_create(&options, &net));
  return net;
}

static void learn(swiftcl_network *net, int t, swiftcl_task_info *info) {
  static int16_t windows[ROWS * VIBRATION_INPUTS];
  static int32_t labels[ROWS];
  swiftcl_fit_options fit;
  make_windows(t, 0, ROWS, windows, labels);
  CHECK(swiftcl_fit_options_init(&fit));
  fit.epochs = 2;
  CHECK(swiftcl_task_begin(net, NULL, &info->task));
  CHECK(swiftcl_fit(net, windows, labels, ROWS, &fit, NULL));
  info->struct_size = sizeof *info;
  CHECK(swiftcl_task_end(net, info));
}

static double accuracy(swiftcl_network *net, int t, swiftcl_task task) {
  static int16_t windows[TEST_ROWS * VIBRATION_INPUTS];
  static int32_t labels[TEST_ROWS];
  double percent = 0;
  make_windows(t, VIBRATION_TEST, TEST_ROWS, windows, labels);
  CHECK(swiftcl_evaluate(net, task, windows, labels, TEST_ROWS, &percent));
  return percent;
}

/* A column is a block, a row is a unit in it. A unit that won shows a letter: its first owner's. */
static void draw(swiftcl_network *net, const swiftcl_task_info *info) {
  uint8_t mask[TASKS][LAYERS][UNITS];
  for (int t = 0; t < TASKS; t++)
    for (uint32_t k = 0; k < LAYERS; k++) CHECK(swiftcl_winner_mask(net, info[t].task, k, mask[t][k], UNITS));
  printf("%-16s%-*s   %s\n", "", BLOCKS, "layer 1", "layer 2");
  for (int t = 0; t < TASKS; t++) {
    for (int j = 0; j < J; j++) {
      printf("%-16s", j == 0 ? name[t] : "");
      for (int n = 0; n < LAYERS * BLOCKS; n++) {
        int layer = n / BLOCKS, unit = n % BLOCKS * J + j, owner = 0;
        while (!mask[owner][layer][unit] && owner < t) owner++;
        printf("%s%c", n == BLOCKS ? "   " : "", mask[t][layer][unit] ? name[owner][0] - 'a' + 'A' : '.');
      }
      putchar('\n');
    }
    putchar('\n');
  }
}

/* In how many blocks two tasks have the same winner. */
static void show_overlap(swiftcl_network *net, const swiftcl_task_info *info) {
  struct show_table table = {0};
  show_row(&table, "the same winner in|layer 1|layer 2");
  for (int b = 1; b < TASKS; b++)
    for (int a = 0; a < b; a++) {
      uint32_t shared[LAYERS], both[LAYERS];
      for (uint32_t k = 0; k < LAYERS; k++)
        CHECK(swiftcl_overlap(net, info[a].task, info[b].task, k, &shared[k], &both[k]));
      show_row(&table, "%s, %s|%" PRIu32 " of %" PRIu32 "|%" PRIu32 " of %" PRIu32, name[b], name[a], shared[0],
               both[0], shared[1], both[1]);
    }
  show_row(&table, "by chance|%d of %d|%d of %d", BLOCKS / J, BLOCKS, BLOCKS / J, BLOCKS);
  show_print(&table);
}

int main(void) {
  swiftcl_task_info info[TASKS];
  double learned[TASKS];
  struct show_table table = {0};
  swiftcl_network *net = create();
  for (int t = 0; t < TASKS; t++) {
    learn(net, t, &info[t]);
    learned[t] = accuracy(net, t, info[t].task);
  }
  puts("Synthetic vibration windows of four machines. A column is a block of four units,\n"
       "a letter the unit that won it: P was first won by the pump, F by the fan,\n"
       "R by the repaired pump, M by the mill.\n");
  draw(net, info);
  show_overlap(net, info);

  putchar('\n');
  show_row(&table, "task|when learned|now|units new|reused|weights reused");
  for (int t = 0; t < TASKS; t++)
    show_row(&table, "%s|%.1f %%|%.1f %%|%" PRIu32 "|%" PRIu32 "|%.0f %%", name[t], learned[t],
             accuracy(net, t, info[t].task), info[t].served_blocks - info[t].owned_winners, info[t].owned_winners,
             100.0 * info[t].owned_edge_share);
  show_print(&table);
  puts("weights reused: what of its weights earlier tasks own; these did not move\n");
  for (uint32_t k = 0; k < LAYERS; k++) {
    swiftcl_capacity left = {.struct_size = sizeof left};
    CHECK(swiftcl_capacity_get(net, k, &left));
    printf("layer %" PRIu32 ": %" PRIu32 " of %d units are free, in %" PRIu32 " of %d blocks\n", k + 1, left.free_units,
           UNITS, left.blocks_with_free, BLOCKS);
  }
  swiftcl_network_free(net);
  return 0;
}
